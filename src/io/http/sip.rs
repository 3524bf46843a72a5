//! The SIP of a call: who said what to whom, for its ladder diagram.

use super::auth::Asker;
use super::mask::Shown;
use super::params::Params;
use super::problem::Problem;
use super::{Context, calls};
use crate::base::CallId;
use crate::io::shapes::Time;
use crate::io::trace::{self, Direction, Entry};
use crate::sip::msg::{Message, parse};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// A dialog of the call: one of its phones.
#[derive(Debug, Serialize, ToSchema)]
pub struct SipLeg {
    pub call_id: String,
    /// User part of whom the leg leads to: a caller's number, an agent's extension.
    pub party: Option<String>,
    /// ADDRESS:PORT.
    pub peer: String,
}

/// A message, as it was on the wire but for proofs of passwords.
#[derive(Debug, Serialize, ToSchema)]
pub struct SipMessage {
    pub at: Time,
    /// Which of `legs`, from 0.
    pub leg: usize,
    /// in: to the switch; out: from it.
    pub direction: &'static str,
    /// udp, tcp, tls.
    pub protocol: &'static str,
    /// Its first line.
    pub line: String,
    /// The request's, or the one that is answered.
    pub method: String,
    /// Of a response.
    pub code: Option<u16>,
    /// All of it; bytes that are no UTF-8 are shown as �.
    pub text: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct SipTrace {
    /// In the order in which they began.
    pub legs: Vec<SipLeg>,
    /// In the order in which they came and went.
    pub items: Vec<SipMessage>,
    /// Always null: all come at once.
    pub next: Option<String>,
}

impl SipTrace {
    fn of(entries: &[Entry], shown: &Shown) -> Self {
        let mut trace = Self { legs: Vec::new(), items: Vec::new(), next: None };
        for entry in entries {
            // What came and could not be read was dropped, and is of no call.
            let Ok(message) = parse(&entry.bytes) else { continue };
            let leg = trace.leg_of(&message, entry, shown);
            let (method, code) = match &message {
                Message::Request(request) => (request.method.as_str().to_owned(), None),
                Message::Response(response) => (response.cseq().1.as_str().to_owned(), Some(response.code)),
            };
            let text = shown.text(String::from_utf8_lossy(&entry.bytes).into_owned());
            trace.items.push(SipMessage {
                at: Time::from(entry.at),
                leg,
                direction: if entry.direction == Direction::In { "in" } else { "out" },
                protocol: entry.flow.protocol.name(),
                line: text.lines().next().unwrap_or_default().to_owned(),
                method,
                code,
                text,
            });
        }
        trace
    }

    /// The leg of a Call-ID; the first message of each tells whom it leads to.
    fn leg_of(&mut self, message: &Message, entry: &Entry, shown: &Shown) -> usize {
        let (call_id, from, to) = match message {
            Message::Request(request) => (request.call_id(), request.from(), request.to()),
            Message::Response(response) => (response.call_id(), response.from(), response.to()),
        };
        if let Some(known) = self.legs.iter().position(|leg| leg.call_id == call_id) {
            return known;
        }
        let is_request = matches!(message, Message::Request(_));
        let theirs = if is_request == (entry.direction == Direction::In) { from } else { to };
        self.legs.push(SipLeg {
            call_id: call_id.to_owned(),
            party: theirs.uri.user_unescaped().map(|user| shown.text(user)),
            peer: entry.flow.peer.to_string(),
        });
        self.legs.len() - 1
    }
}

/// The SIP of a call: a leg for each of its phones, and every message. Written once a second, and kept for as long as `signalling` of
/// `[storage.retention]` says; of a call that is older, none. Telephone numbers in it are masked for who need not see them.
#[utoipa::path(get, path = "/api/v1/calls/{id}/sip", tag = "calls", params(("id" = String, Path, description = "ULID")),
    responses((status = 200, body = SipTrace), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn list(
    State(context): State<Arc<Context>>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
    params: Params,
) -> Result<Json<SipTrace>, Problem> {
    params.end()?;
    let call = calls::view(&context, &asker, &id).await?;
    let shown = context.shown(&asker);
    let id: CallId = call.id.parse().map_err(|_| Problem::not_found(format!("no call has the id {:?}", call.id)))?;
    let folder = context.api.data.join(trace::FOLDER);
    let read = tokio::task::spawn_blocking(move || trace::read(&folder, id).map(|entries| SipTrace::of(&entries, &shown)));
    let trouble = |error: String| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, format!("the SIP of the call cannot be read: {error}"));
    let read = read.await.map_err(|error| trouble(error.to_string()))?;
    read.map(Json).map_err(|error| trouble(error.to_string()))
}
