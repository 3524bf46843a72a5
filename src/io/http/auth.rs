//! Who asks: the bearer token and where it comes from, the session's cookie, and the gate of everything under `/api/v1`. What he then may is
//! `access`'s to say.

use super::access::{self, Right, Scope};
use super::problem::Problem;
use super::session::{self, Open};
use super::{Context, Peer, wall_time};
use crate::base::AgentId;
use crate::config::{Config, UserConfig, UserRole};
use crate::io::shapes::Call;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};
use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use subtle::ConstantTimeEq;

/// Below the data folder.
pub const TOKEN_FILE: &str = "admin.token";

/// The administrator's token. Only its hash is kept in memory for comparison, so that neither content nor length is told by time.
#[derive(Clone)]
pub struct Token {
    name: &'static str,
    hash: [u8; 32],
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({})", self.name)
    }
}

/// Where the token in force can be found, for the line that the switch prints at its start.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TokenSource {
    Environment,
    File(PathBuf),
}

impl Token {
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self { name: "token", hash: Sha256::digest(text.as_bytes()).into() }
    }

    /// The token of `SANLING_ADMIN_TOKEN` (given as `environment`), else that of the data folder, else a new random one, kept there with
    /// mode 0600.
    ///
    /// # Errors
    /// When the file can be neither read nor made, or the operating system gives no randomness.
    pub fn load(data: &Path, environment: Option<&str>) -> std::io::Result<(Self, TokenSource)> {
        if let Some(text) = environment.map(str::trim).filter(|text| !text.is_empty()) {
            return Ok((Self::new(text), TokenSource::Environment));
        }
        let path = data.join(TOKEN_FILE);
        match std::fs::read_to_string(&path) {
            Ok(text) if !text.trim().is_empty() => return Ok((Self::new(text.trim()), TokenSource::File(path))),
            Ok(_) => std::fs::remove_file(&path)?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let text: String = random::<32>()?.iter().map(|byte| format!("{byte:02x}")).collect();
        std::fs::create_dir_all(data)?;
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        writeln!(options.open(&path)?, "{text}")?;
        Ok((Self::new(&text), TokenSource::File(path)))
    }

    fn admits(&self, text: &str) -> bool {
        let hash: [u8; 32] = Sha256::digest(text.as_bytes()).into();
        self.hash.ct_eq(&hash).into()
    }
}

/// Bytes nobody can guess.
pub(in crate::io) fn random<const N: usize>() -> std::io::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| std::io::Error::other(error.to_string()))?;
    Ok(bytes)
}

/// The cookie that a session's token is in.
pub(super) const COOKIE: &str = "sanling_session";
/// What our pages send with each request that changes something. A foreign site's page cannot: a browser asks us first (CORS), and we say no.
const OUR_PAGE: (&str, &str) = ("x-sanling", "page");

/// Who asks: for what he may, and for the audit log.
#[derive(Clone, Debug)]
pub struct Asker {
    /// A user's id; `token` for the bearer of the administrator's.
    pub who: String,
    pub role: UserRole,
    /// Which agent he is when he is on the phone.
    pub agent: Option<AgentId>,
    /// Whose calls and results he sees.
    pub scope: Scope,
    /// Address and port that the request came from.
    pub remote: String,
    /// `None`: he has the token.
    session: Option<session::Key>,
}

impl Asker {
    fn bearer(token: &Token, remote: String) -> Self {
        Self { who: token.name.to_owned(), role: UserRole::Admin, agent: None, scope: Scope::Everybody, remote, session: None }
    }

    fn user(user: &UserConfig, open: &Open, remote: String) -> Self {
        let scope = match (user.role, &user.agent) {
            (UserRole::Agent, Some(agent)) => Scope::Own(agent.clone()),
            // The configuration refuses it; who is nobody's agent sees nobody's calls.
            (UserRole::Agent, None) => Scope::Own(AgentId::new("")),
            _ => Scope::Everybody,
        };
        Self { who: user.id.to_string(), role: user.role, agent: user.agent.clone(), scope, remote, session: Some(open.key) }
    }

    /// Whether he has the token, as programs do.
    #[must_use]
    pub fn is_program(&self) -> bool {
        self.session.is_none()
    }

    #[must_use]
    pub fn rights(&self) -> &'static [Right] {
        access::rights(self.role)
    }

    /// # Errors
    /// 403, naming the right, when he has it not.
    pub fn require(&self, right: Right) -> Result<(), Problem> {
        if self.rights().contains(&right) {
            return Ok(());
        }
        let detail = format!("this needs the right {} ({}), which the role {} has not", right.name(), right.meaning().0, self.role);
        Err(Problem::lacking(right, detail))
    }

    /// The agent whose calls and results alone he sees; `None`: everybody's.
    #[must_use]
    pub fn own(&self) -> Option<&AgentId> {
        match &self.scope {
            Scope::Everybody => None,
            Scope::Own(agent) => Some(agent),
        }
    }

    /// Whether he may see what this agent did.
    #[must_use]
    pub fn may_see_of(&self, agent: &str) -> bool {
        self.own().is_none_or(|own| own.as_str() == agent)
    }

    /// Whether he had a part in the call, if he sees only his own.
    #[must_use]
    pub fn may_see(&self, call: &Call) -> bool {
        self.own().is_none_or(|own| has_part(call, own))
    }

    /// Whether he is who he was when he asked: an event stream outlives the request.
    pub(super) fn goes_on(&self, context: &Context) -> bool {
        let goes_on = |key| context.sessions.goes_on(key, &context.api.config.get(), wall_time());
        self.session.as_ref().is_none_or(goes_on)
    }
}

/// Whether the agent spoke or listened in the call.
#[must_use]
pub fn has_part(call: &Call, agent: &AgentId) -> bool {
    call.agent.as_deref() == Some(agent.as_str()) || call.segments.iter().any(|segment| segment.agent == agent.as_str())
}

/// 401, with what would be taken in place of what was given (RFC 9110 §15.5.2).
pub(super) fn challenged(detail: &str) -> Problem {
    let challenge = HeaderValue::from_static("Bearer realm=\"sanling\"");
    Problem::new(StatusCode::UNAUTHORIZED, detail).with_header(header::WWW_AUTHENTICATE, challenge)
}

/// The token of the session's cookie (RFC 6265 §4.2).
pub(super) fn cookie(headers: &HeaderMap) -> Option<&str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, value)| *name == COOKIE && !value.is_empty()).map(|(_, value)| value)
}

/// The session of the request's cookie, and the configuration by which it goes on.
///
/// # Errors
/// 401: there is none, or it is over.
pub(super) fn signed_in(context: &Context, headers: &HeaderMap, remote: &str) -> Result<(Arc<Config>, Open), Problem> {
    let token = cookie(headers).ok_or_else(|| challenged("nobody is signed in"))?;
    let config = context.api.config.get();
    match context.sessions.find(token, &config, wall_time()) {
        Ok(open) => Ok((config, open)),
        Err(ended) => {
            context.ended(remote, ended);
            Err(challenged("the session is over: sign in again"))
        }
    }
}

/// Whether a request with a cookie is of one of our own pages, which alone may change something.
///
/// # Errors
/// 403.
pub(super) fn is_our_page(method: &Method, headers: &HeaderMap) -> Result<(), Problem> {
    let (name, value) = OUR_PAGE;
    if method.is_safe() || headers.get(name).is_some_and(|given| given == value) {
        return Ok(());
    }
    Err(Problem::new(StatusCode::FORBIDDEN, "a request with a cookie that changes something needs the header X-Sanling: page"))
}

/// Who asks, by his token or his session.
fn identify(context: &Context, request: &Request) -> Result<Asker, Problem> {
    let headers = request.headers();
    let remote = request.extensions().get::<ConnectInfo<Peer>>().map_or_else(String::new, |ConnectInfo(peer)| peer.0.to_string());
    let token = &context.api.token;
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    match bearer {
        Some(given) if token.admits(given) => Ok(Asker::bearer(token, remote)),
        Some(_) => {
            let challenge = HeaderValue::from_static("Bearer realm=\"sanling\", error=\"invalid_token\"");
            let problem = Problem::new(StatusCode::UNAUTHORIZED, "this token is not the switch's");
            Err(problem.with_header(header::WWW_AUTHENTICATE, challenge))
        }
        None if cookie(headers).is_some() => {
            let (config, open) = signed_in(context, headers, &remote)?;
            is_our_page(request.method(), headers)?;
            let user = config.users.get(&open.user).ok_or_else(|| challenged("the session is over: sign in again"))?;
            Ok(Asker::user(user, &open, remote))
        }
        // RFC 6750 §3: no error code when no credentials were given.
        None => Err(challenged("sign in, or give the token as Authorization: Bearer TOKEN")),
    }
}

/// Lets through who has the token or a session, and notes who he is.
pub(super) async fn gate(State(context): State<Arc<Context>>, mut request: Request, next: Next) -> Response {
    match identify(&context, &request) {
        Ok(asker) => {
            request.extensions_mut().insert(asker);
            next.run(request).await
        }
        Err(problem) => problem.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_is_found_among_others() {
        for (lines, expected) in [
            (&["sanling_session=abc"][..], Some("abc")),
            (&["a=b; sanling_session=abc;c=d"], Some("abc")),
            (&["a=b", "sanling_session=abc"], Some("abc")),
            (&["sanling_session="], None),
            (&["xsanling_session=abc; sanling_session2=abc"], None),
            (&[], None),
        ] {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(header::COOKIE, HeaderValue::from_static(line));
            }
            assert_eq!(cookie(&headers), expected, "{lines:?}");
        }
    }

    #[test]
    fn a_token_is_made_once_and_for_its_owner_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("data");
        let (made, source) = Token::load(&data, None).expect("makes one");
        let path = data.join(TOKEN_FILE);
        assert_eq!(source, TokenSource::File(path.clone()));
        let text = std::fs::read_to_string(&path).expect("is there");
        assert!(text.trim().len() == 64 && made.admits(text.trim()) && !made.admits("") && !made.admits(&text.trim()[1..]));
        #[cfg(unix)]
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&path.metadata().expect("is there").permissions()) & 0o777, 0o600);
        assert_eq!(Token::load(&data, None).expect("reads it").0.hash, made.hash);
        let (given, source) = Token::load(&data, Some("secret")).expect("takes it");
        assert!(source == TokenSource::Environment && given.admits("secret") && !given.admits(text.trim()));
    }
}
