//! Signing in and out: a password is looked at, dearly and seldom, and becomes a session in a cookie.

use super::auth;
use super::problem::Problem;
use super::session::{Ended, Open};
use super::{Context, Peer, wall_time};
use crate::base::limits::{PASSWORD_BYTES_MAX, SIGN_IN_PATIENCE};
use crate::config::{Config, Password, UserConfig};
use crate::io::shapes::Time;
use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordVerifier};
use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use subtle::ConstantTimeEq;
use utoipa::ToSchema;

/// Letters of a name in the audit log; nobody's is longer.
const NAME_MAX: usize = 64;

/// Who somebody says he is, and what only he knows.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    #[schema(examples("li-qa"))]
    pub user: String,
    pub password: String,
}

/// Who is signed in.
#[derive(Debug, Serialize, ToSchema)]
pub struct Session {
    #[schema(examples("li-qa"))]
    pub user: String,
    pub name: String,
    /// agent, supervisor, qa, operator, admin.
    #[schema(examples("qa"))]
    pub role: String,
    /// see, hear, download, export, note, score, plan, coach, appeal, supervise, configure, health, audit, hold.
    pub rights: Vec<&'static str>,
    /// Which agent he is when he is on the phone; of the role agent, whose calls he sees.
    pub agent: Option<String>,
    /// zh, en; null: the browser's.
    pub language: Option<String>,
    /// When he is signed out unless he asks for something before.
    pub expires_at: Time,
    /// Whether telephone numbers are shown to him whole.
    pub sees_numbers: bool,
}

impl Session {
    fn new(user: &UserConfig, open: &Open, config: &Config) -> Self {
        Self {
            user: user.id.to_string(),
            name: user.name.clone(),
            role: user.role.name().to_owned(),
            rights: super::access::rights(user.role).iter().map(|right| right.name()).collect(),
            agent: user.agent.as_ref().map(ToString::to_string),
            language: user.language.clone(),
            expires_at: open.expires_at.into(),
            sees_numbers: config.access.numbers.contains(&user.role),
        }
    }
}

/// Signs in: the session is in the cookie that comes with the answer. Another one that the browser had ends.
#[utoipa::path(post, path = "/api/v1/session", tag = "session", request_body = SignIn, security(()),
    responses(
        (status = 200, body = Session, headers(("Set-Cookie" = String, description = "sanling_session=…; HttpOnly; SameSite=Strict; Path=/"))),
        (status = 401, body = Problem, content_type = "application/problem+json", description = "no such user, or not his password"),
        (status = 429, body = Problem, content_type = "application/problem+json", description = "too many were wrong; Retry-After says when to come again")))]
pub async fn open(
    State(context): State<Arc<Context>>,
    ConnectInfo(Peer(peer)): ConnectInfo<Peer>,
    headers: HeaderMap,
    body: Result<Json<SignIn>, JsonRejection>,
) -> Result<Response, Problem> {
    let Json(SignIn { user: name, password }) = body?;
    context.throttle.begin(&name, peer.ip(), wall_time()).map_err(|wait| {
        let seconds = wait.as_millis().div_ceil(1_000).max(1);
        let detail = format!("too many sign-ins were wrong; try again in {seconds} s");
        let after = HeaderValue::from_str(&seconds.to_string()).expect("digits make a header");
        Problem::new(StatusCode::TOO_MANY_REQUESTS, detail).with_header(header::RETRY_AFTER, after)
    })?;
    let config = context.api.config.get();
    let user = config.users.get(name.as_str());
    let remote = peer.to_string();
    if !is_right(&context, user.map(|user| user.password.clone()), password).await? {
        let name: String = name.chars().filter(|c| !c.is_control()).take(NAME_MAX).collect();
        context.audit_as(&name, &remote, "session.refused", None, "wrong user or password".to_owned())?;
        return Err(auth::challenged("there is no such user, or this is not his password"));
    }
    let user = user.expect("only a user's password is right");
    context.throttle.succeeded(&name, peer.ip());
    if let Some(Ok(before)) = auth::cookie(&headers).map(|token| context.sessions.find(token, &config, wall_time())) {
        context.sessions.close(&before.key);
        context.audit_as(before.user.as_str(), &remote, "session.closed", None, "signed in anew".to_owned())?;
    }
    // First the entry, then the session: nobody is in of whom it is not known.
    context.audit_as(user.id.as_str(), &remote, "session.opened", None, format!("role {}", user.role))?;
    let opened = context.sessions.open(user, &config, wall_time());
    let (token, open, ended) = opened.map_err(|_| Problem::overloaded("the system gives no randomness for a session"))?;
    context.ended(&remote, ended);
    let secure = if context.api.tls.is_some() { "; Secure" } else { "" };
    let cookie = [(header::SET_COOKIE, format!("{}={token}; HttpOnly; SameSite=Strict; Path=/{secure}", auth::COOKIE))];
    Ok((cookie, Json(Session::new(user, &open, &config))).into_response())
}

/// Who is signed in.
#[utoipa::path(get, path = "/api/v1/session", tag = "session", security(("session" = [])),
    responses((status = 200, body = Session), (status = 401, body = Problem, content_type = "application/problem+json", description = "nobody")))]
pub async fn show(
    State(context): State<Arc<Context>>,
    ConnectInfo(Peer(peer)): ConnectInfo<Peer>,
    headers: HeaderMap,
) -> Result<Json<Session>, Problem> {
    let (config, open) = auth::signed_in(&context, &headers, &peer.to_string())?;
    let user = config.users.get(&open.user).ok_or_else(|| auth::challenged("signed out"))?;
    Ok(Json(Session::new(user, &open, &config)))
}

/// Signs out.
#[utoipa::path(delete, path = "/api/v1/session", tag = "session", security(("session" = [])),
    params(("X-Sanling" = String, Header, description = "page: no foreign site can send it")),
    responses(
        (status = 204),
        (status = 401, body = Problem, content_type = "application/problem+json", description = "nobody was signed in"),
        (status = 403, body = Problem, content_type = "application/problem+json", description = "X-Sanling is missing")))]
pub async fn close(
    State(context): State<Arc<Context>>,
    ConnectInfo(Peer(peer)): ConnectInfo<Peer>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (_, open) = auth::signed_in(&context, &headers, &peer.to_string())?;
    auth::is_our_page(&Method::DELETE, &headers)?;
    context.sessions.close(&open.key);
    context.audit_as(open.user.as_str(), &peer.to_string(), "session.closed", None, "signed out".to_owned())?;
    let gone = format!("{}=; Max-Age=0; HttpOnly; SameSite=Strict; Path=/", auth::COOKIE);
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, gone)]).into_response())
}

impl Context {
    /// Tells the audit log of sessions that are over.
    pub(super) fn ended(&self, remote: &str, ended: impl IntoIterator<Item = Ended>) {
        for Ended { user, why } in ended {
            // They are over: that the note cannot be kept is told by the store's own alarm.
            let _ = self.audit_as(user.as_str(), remote, "session.closed", None, why.to_owned());
        }
    }
}

/// Whether the password is the user's; of no user none is, after the same work.
async fn is_right(context: &Context, known: Option<Password>, given: String) -> Result<bool, Problem> {
    let busy = || Problem::overloaded("too many sign in at once");
    let turn = tokio::time::timeout(SIGN_IN_PATIENCE, context.passwords.acquire()).await.map_err(|_| busy())?;
    let _turn = turn.map_err(|_| busy())?;
    tokio::task::spawn_blocking(move || verify(known.as_ref(), &given)).await.map_err(|_| busy())
}

fn verify(known: Option<&Password>, given: &str) -> bool {
    if given.len() > PASSWORD_BYTES_MAX {
        return false;
    }
    match known {
        Some(Password::Argon2id(phc)) => {
            PasswordHash::new(phc).is_ok_and(|hash| Argon2::default().verify_password(given.as_bytes(), &hash).is_ok())
        }
        Some(Password::Demo(text)) => {
            work(given);
            text.as_bytes().ct_eq(given.as_bytes()).into()
        }
        None => {
            work(given);
            false
        }
    }
}

/// As much as a look at a hash of our making takes.
fn work(given: &str) {
    let mut out = [0; 32];
    // Its errors are those of lengths, which are right.
    let _ = Argon2::default().hash_password_into(given.as_bytes(), b"nobody's salt...", &mut out);
    std::hint::black_box(out);
}

#[cfg(test)]
mod tests {
    use super::*;
    use argon2::password_hash::{PasswordHasher, SaltString};

    #[test]
    fn a_hash_of_any_tool_is_understood_and_nobody_has_a_password() {
        // python: argon2.PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1), and ours.
        let salt = SaltString::encode_b64(b"sixteen bytes ..").expect("a salt");
        let ours = Argon2::default().hash_password("三铃 rings".as_bytes(), &salt).expect("a hash").to_string();
        assert!(ours.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{ours}");
        let known = Password::Argon2id(ours);
        for (known, given, expected) in [
            (Some(&known), "三铃 rings", true),
            (Some(&known), "三铃 ring", false),
            (Some(&known), "", false),
            (Some(&Password::Demo("demo-x".into())), "demo-x", true),
            (Some(&Password::Demo("demo-x".into())), "demo-", false),
            (None, "", false),
        ] {
            assert_eq!(verify(known, given), expected, "{given}");
        }
        assert!(!verify(Some(&known), &"x".repeat(PASSWORD_BYTES_MAX + 1)));
    }
}
