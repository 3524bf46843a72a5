//! The bearer token: where it comes from, and the gate of everything under `/api/v1`.

use super::problem::Problem;
use super::{Context, Peer};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
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
        Self { name: "admin", hash: Sha256::digest(text.as_bytes()).into() }
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

/// Who asks, for the audit log.
#[derive(Clone, Debug)]
pub struct Asker {
    pub who: &'static str,
    pub remote: String,
}

/// Lets through who has the token, and notes who he is.
pub(super) async fn gate(State(context): State<Arc<Context>>, mut request: Request, next: Next) -> Response {
    let given = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    let token = &context.api.token;
    let refusal = match given {
        Some(given) if token.admits(given) => None,
        // RFC 6750 §3: no error code when no credentials were given.
        None => Some(("give the token as Authorization: Bearer TOKEN", "Bearer realm=\"sanling\"")),
        Some(_) => Some(("this token is not the switch's", "Bearer realm=\"sanling\", error=\"invalid_token\"")),
    };
    if let Some((detail, challenge)) = refusal {
        return Problem::new(StatusCode::UNAUTHORIZED, detail)
            .with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge))
            .into_response();
    }
    let remote = request.extensions().get::<ConnectInfo<Peer>>().map_or_else(String::new, |ConnectInfo(peer)| peer.0.to_string());
    request.extensions_mut().insert(Asker { who: token.name, remote });
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use super::*;

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
