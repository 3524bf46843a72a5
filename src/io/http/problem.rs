//! Errors as RFC 9457 problem documents, every one of them.

use super::access::Right;
use super::dto::ConfigError;
use crate::base::limits;
use crate::io::desk::DeskError;
use crate::io::store::StoreError;
use axum::extract::Request;
use axum::extract::rejection::JsonRejection;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// What went wrong, and what to do about it (RFC 9457 §3).
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Problem {
    /// `about:blank`: the title says what the status means (RFC 9457 §4.2.1).
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub title: &'static str,
    pub status: u16,
    /// For the reader.
    pub detail: String,
    /// The query parameter or member of the body that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameter: Option<String>,
    /// The right that is lacking, of 403.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, examples("supervise"))]
    pub right: Option<Right>,
    /// Of a configuration that was refused: each error at its place.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ConfigError>,
    #[serde(skip)]
    header: Option<Box<(HeaderName, HeaderValue)>>,
}

impl Problem {
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail: detail.into(),
            parameter: None,
            right: None,
            errors: Vec::new(),
            header: None,
        }
    }

    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    /// 403 for want of a right.
    pub fn lacking(right: Right, detail: impl Into<String>) -> Self {
        Self { right: Some(right), ..Self::new(StatusCode::FORBIDDEN, detail) }
    }

    /// A query parameter that cannot be taken.
    pub fn parameter(name: &str, detail: impl Into<String>) -> Self {
        Self { parameter: Some(name.to_owned()), ..Self::new(StatusCode::BAD_REQUEST, detail) }
    }

    /// A member of the body that is well-formed and means nothing.
    pub fn member(name: &str, detail: impl Into<String>) -> Self {
        Self { parameter: Some(name.to_owned()), ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail) }
    }

    pub fn configuration(errors: Vec<ConfigError>) -> Self {
        let detail = "the configuration was refused and nothing has changed";
        Self { errors, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail) }
    }

    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.header = Some(Box::new((name, value)));
        self
    }

    /// 503 that says when to come again.
    pub fn overloaded(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, detail).with_header(header::RETRY_AFTER, HeaderValue::from_static("5"))
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self).expect("a problem of plain values becomes JSON");
        let mut response = (status, [(header::CONTENT_TYPE, "application/problem+json")], body).into_response();
        if let Some((name, value)) = self.header.map(|header| *header) {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

impl From<DeskError> for Problem {
    fn from(error: DeskError) -> Self {
        match error {
            DeskError::Silent => Self::new(StatusCode::GATEWAY_TIMEOUT, error.to_string()),
            DeskError::Busy | DeskError::Gone => Self::overloaded(error.to_string()),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "a request could not be answered from the store");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "the database could not be read; the switch's log says why")
    }
}

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Self {
        Self::new(rejection.status(), rejection.body_text())
    }
}

/// Turns what the framework itself refuses (unknown path, wrong method, too large a body) into problems.
pub async fn everywhere(request: Request, next: Next) -> Response {
    let place = format!("{} {}", request.method(), request.uri().path());
    let announced = request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    // A body that announces itself as too large is refused unread; one that does not is cut by the extractor's limit.
    let response = match announced {
        Some(length) if length > limits::API_BODY_MAX => StatusCode::PAYLOAD_TOO_LARGE.into_response(),
        _ => next.run(request).await,
    };
    let status = response.status();
    // Handlers answer in JSON (a problem, or health's own); what the framework refuses is plain text or empty.
    let is_ours =
        response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).is_some_and(|kind| kind.ends_with("json"));
    if is_ours || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let detail = match status {
        StatusCode::NOT_FOUND => format!("{place}: there is nothing here; GET /api/v1/openapi.json lists what there is"),
        StatusCode::METHOD_NOT_ALLOWED => format!("{place}: this path does not take this method; the Allow header lists those it takes"),
        StatusCode::PAYLOAD_TOO_LARGE => format!("{place}: the body is too large"),
        _ => format!("{place} cannot be answered"),
    };
    let mut problem = Problem::new(status, detail).into_response();
    for (name, value) in response.headers() {
        if name != header::CONTENT_TYPE && name != header::CONTENT_LENGTH {
            problem.headers_mut().append(name.clone(), value.clone());
        }
    }
    problem
}
