//! The pages: `web/dist` inside the release binary; a debug build reads the files where they lie, so that they can be worked on without
//! compiling. They hold no data; their script signs in and uses the API.
//!
//! What lives here: the index with its policy, the files that it loads. What must not: anything that depends on who asks.

use super::auth;
use super::problem::Problem;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// What `make web` built. Names of the files under `assets` have a hash of their content in them.
#[derive(rust_embed::Embed)]
#[folder = "web/dist"]
struct Dist;

/// Stands in the built index where each answer has its own nonce.
const NONCE_PLACE: &str = "CSP-NONCE";

/// The one document of all pages. The waveform brings a style sheet of its own into its shadow tree: it is let in by a nonce that nobody
/// can know before the answer (CSP Level 3 §7.1).
pub async fn index() -> Result<Response, Problem> {
    let file = Dist::get("index.html").expect("web/dist has an index: the build embeds it");
    let html = std::str::from_utf8(&file.data).expect("the index is text");
    let random = auth::random::<16>().map_err(|error| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    let nonce: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; connect-src 'self'; media-src 'self' blob:; \
         img-src 'self' data:; font-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    );
    let policy = HeaderValue::try_from(policy).expect("letters and digits");
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((headers, html.replace(NONCE_PLACE, &nonce)).into_response())
}

/// A file that the index loads. Another content has another name, so that a browser never need ask again.
pub async fn asset(Path(file): Path<String>) -> Response {
    let kind = match file.rsplit_once('.').map(|(_, kind)| kind) {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    };
    match Dist::get(&format!("assets/{file}")) {
        Some(found) => {
            let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "public, max-age=31536000, immutable")];
            (headers, found.data).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Whatever else a browser opens is a page, whose script knows whether it exists; programs, which do not ask for HTML, get their 404.
pub async fn anywhere(method: Method, headers: HeaderMap) -> Result<Response, Problem> {
    let wants_html = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).is_some_and(|accept| accept.contains("text/html"));
    if method == Method::GET && wants_html { index().await } else { Ok(StatusCode::NOT_FOUND.into_response()) }
}
