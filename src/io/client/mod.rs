//! The commands' way to a running switch: its HTTP API.

pub mod table;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::Value;
use std::fmt;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use ureq::tls::{Certificate, RootCerts, TlsConfig, TlsProvider};

/// Where a switch listens when nothing else is said.
pub const DEFAULT_URL: &str = "http://127.0.0.1:8080";
/// Largest recording that `play` takes: 37 hours, the most that a WAV's sizes can say.
const RECORDING_MAX: u64 = 1 << 32;

/// A switch and the token for it.
pub struct Remote {
    url: String,
    token: Option<String>,
    agent: ureq::Agent,
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Remote({})", self.url)
    }
}

/// Why a command has no answer; its text says what to do.
#[derive(Debug)]
pub enum ClientError {
    /// Nobody listens there.
    Unreachable { url: String, cause: String },
    /// The switch refused, in its own words.
    Refused { status: u16, detail: String },
    /// 401.
    Token,
    /// An answer that is none of the switch's.
    Nonsense(String),
    /// Output, a file, the player.
    System(std::io::Error),
    /// The command found something wrong and has told it already.
    Found(String),
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable { url, cause } => {
                write!(
                    f,
                    "no switch answers at {url} ({cause}); start it with `sanling run`, or name its address with --url or SANLING_URL"
                )
            }
            Self::Refused { status, detail } => write!(f, "{detail} ({status})"),
            Self::Token => f.write_str(
                "the switch wants its admin token: set SANLING_TOKEN, or run this where data/admin.token can be read (--data DIR)",
            ),
            Self::Nonsense(what) => write!(f, "the answer is not a switch's: {what}"),
            Self::System(error) => error.fmt(f),
            Self::Found(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for ClientError {}

impl From<std::io::Error> for ClientError {
    fn from(error: std::io::Error) -> Self {
        Self::System(error)
    }
}

/// HTTP as all commands speak it; over https a certificate of one of these authorities is asked for.
fn agent(authorities: impl FnOnce() -> Vec<CertificateDer<'static>>) -> ureq::Agent {
    let roots: Vec<Certificate<'static>> = authorities().iter().map(|one| Certificate::from_der(one).to_owned()).collect();
    let tls = TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .root_certs(RootCerts::Specific(Arc::new(roots)))
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()));
    let config = ureq::Agent::config_builder().http_status_as_error(false).timeout_connect(Some(Duration::from_secs(5)));
    config.tls_config(tls.build()).build().into()
}

/// What came back, whatever its status.
type Response = ureq::http::Response<ureq::Body>;

impl Remote {
    /// The token is the one given, else that of the data folder when it can be read.
    #[must_use]
    pub fn new(url: &str, token: Option<String>, data: &Path) -> Self {
        let from_file = || std::fs::read_to_string(data.join(crate::io::http::auth::TOKEN_FILE)).ok();
        let token = token.or_else(from_file).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let trusted = || if url.starts_with("https:") { rustls_native_certs::load_native_certs().certs } else { Vec::new() };
        Self { url: url.trim_end_matches('/').to_owned(), token, agent: agent(trusted) }
    }

    /// Over https the switch's certificate is judged by this authority, or is this one itself, instead of those that this machine trusts.
    ///
    /// # Errors
    /// The file cannot be read, or has no certificate.
    pub fn with_authority(mut self, file: &Path) -> Result<Self, ClientError> {
        let unusable = |why: String| ClientError::System(std::io::Error::other(format!("{}: {why}", file.display())));
        let pem = std::fs::read(file).map_err(|error| unusable(error.to_string()))?;
        let found = CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>().map_err(|error| unusable(error.to_string()))?;
        if found.is_empty() {
            return Err(unusable("there is no certificate in it".to_owned()));
        }
        self.agent = agent(|| found);
        Ok(self)
    }

    /// A JSON answer of the API.
    ///
    /// # Errors
    /// When there is no answer, or a refusal.
    pub fn get(&self, path: &str) -> Result<Value, ClientError> {
        self.json(self.send("GET", path)?)
    }

    /// # Errors
    /// As [`get`](Self::get).
    pub fn post(&self, path: &str) -> Result<Value, ClientError> {
        self.json(self.send("POST", path)?)
    }

    /// Health is an answer whether it is good or bad.
    ///
    /// # Errors
    /// When there is no answer.
    pub fn health(&self) -> Result<Value, ClientError> {
        read_json(self.send("GET", "/healthz")?)
    }

    /// All rows of a list, at most `limit`, page by page.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn list(&self, path: &str, query: &str, limit: usize) -> Result<Vec<Value>, ClientError> {
        let (mut rows, mut cursor) = (Vec::new(), String::new());
        while rows.len() < limit {
            let page = (limit - rows.len()).min(crate::base::limits::API_PAGE_MAX);
            let mut answer = self.get(&format!("{path}?limit={page}{query}{cursor}"))?;
            rows.extend(answer["items"].as_array_mut().map(std::mem::take).unwrap_or_default());
            match answer["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        Ok(rows)
    }

    /// A recording's bytes, copied to `to`; `for_good` when they are kept there, which the audit log tells from a play. Returns how many.
    ///
    /// # Errors
    /// As [`get`](Self::get), or when `to` cannot be written.
    pub fn recording(&self, call: &str, for_good: bool, to: &mut impl std::io::Write) -> Result<u64, ClientError> {
        let response =
            self.send("GET", &format!("/api/v1/calls/{}/recording{}", escaped(call), if for_good { "?download=1" } else { "" }))?;
        if response.status().as_u16() != 200 {
            return Err(refusal(response));
        }
        Ok(std::io::copy(&mut response.into_body().into_reader().take(RECORDING_MAX), to)?)
    }

    fn send(&self, method: &str, path: &str) -> Result<Response, ClientError> {
        let mut request = ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.url));
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let unreachable = |cause: String| ClientError::Unreachable { url: self.url.clone(), cause };
        let request = request.body(()).map_err(|error| unreachable(error.to_string()))?;
        self.agent.run(request).map_err(|error| unreachable(error.to_string()))
    }

    fn json(&self, response: Response) -> Result<Value, ClientError> {
        if response.status().is_success() { read_json(response) } else { Err(refusal(response)) }
    }
}

fn read_json(mut response: Response) -> Result<Value, ClientError> {
    let text = response.body_mut().read_to_string().map_err(|error| ClientError::Nonsense(error.to_string()))?;
    serde_json::from_str(&text).map_err(|error| ClientError::Nonsense(error.to_string()))
}

/// A problem document in one text; the errors of a configuration each on a line of its own, as `check` begins them.
fn refusal(response: Response) -> ClientError {
    let status = response.status().as_u16();
    if status == 401 {
        return ClientError::Token;
    }
    let problem = match read_json(response) {
        Ok(problem) => problem,
        Err(error) => return error,
    };
    let mut detail = String::new();
    for error in problem["errors"].as_array().into_iter().flatten() {
        let place: Vec<String> = [error["file"].as_str().map(str::to_owned), number(&error["line"]), number(&error["column"])]
            .into_iter()
            .flatten()
            .filter(|part| !part.is_empty())
            .collect();
        detail.push_str(&format!("{}: {}\n", place.join(":"), error["message"].as_str().unwrap_or_default()));
        if let Some(remedy) = error["remedy"].as_str() {
            detail.push_str(&format!("    {remedy}\n"));
        }
    }
    detail.push_str(problem["detail"].as_str().unwrap_or("refused"));
    ClientError::Refused { status, detail }
}

fn number(value: &Value) -> Option<String> {
    value.as_u64().map(|number| number.to_string())
}

/// A value for a query or path: everything but letters, digits and `-._~` escaped (RFC 3986 §2.3).
#[must_use]
pub fn escaped(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'-' | b'.' | b'_' | b'~' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect()
}
