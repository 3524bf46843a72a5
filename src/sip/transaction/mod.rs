//! The transaction layer (RFC 3261 §17, RFC 6026): four pure machines, one a file, and the keys by which messages find them.
//!
//! What lives here: retransmission, absorption of repeats, time-outs. What must not: dialogs, legs, sockets.

pub mod client;
pub mod client_invite;
pub mod server;
pub mod server_invite;

use crate::base::Duration;
use crate::base::time::{millis, secs};
use crate::sip::msg::{Request, Response};
use serde::{Deserialize, Serialize};
use std::fmt::Write;
use std::sync::Arc;

/// Round-trip estimate (RFC 3261 §17.1.1.1).
pub const T1: Duration = millis(500);
/// Longest interval between retransmissions of non-INVITE requests and INVITE responses (§17.1.2.2).
pub const T2: Duration = secs(4);
/// Longest time a message stays in the network (§17.1.2.2).
pub const T4: Duration = secs(5);
/// 64 × T1: Timers B, D (at least 32 s), F, H, J, L and M.
pub const PATIENCE: Duration = secs(32);

/// What a client transaction orders.
#[derive(Debug, PartialEq)]
pub enum ClientAction {
    Send {
        wire: Vec<u8>,
        again: bool,
    },
    Deliver(Box<Response>),
    /// No answer in time (Timers B and F).
    TimedOut,
    /// The transport failed (§17.1.4).
    Unreachable,
}

/// What a client transaction is told.
#[derive(Debug)]
pub enum ClientEvent {
    Answered(Box<Response>),
    /// The transport failed (§17.1.4).
    SendFailed,
    /// Nobody waits for a final response any longer (§9.1 for a cancelled one).
    Abandoned,
}

/// What a server transaction orders.
#[derive(Debug, PartialEq)]
pub enum ServerAction {
    Send { wire: Vec<u8>, again: bool },
}

/// What a server transaction is told.
#[derive(Debug)]
pub enum ServerEvent {
    /// The request came again.
    Repeated,
    /// The ACK to a failure came; for an INVITE only.
    Acked,
    /// A response was made. To a request other than INVITE a 408 is never sent: it comes too late for the client, who has timed out
    /// himself (RFC 4320 §4.2).
    Responded { code: u16, wire: Vec<u8> },
}

/// By what a request finds its server transaction (RFC 3261 §17.2.3): branch, sent-by and method, an ACK under its INVITE's.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct ServerKey(Arc<str>);

impl ServerKey {
    #[must_use]
    pub fn of(request: &Request) -> Self {
        let method = if request.method.as_str() == "ACK" { "INVITE" } else { request.method.as_str() };
        Self::build(request, method)
    }

    /// The INVITE that a CANCEL means (§9.2).
    #[must_use]
    pub fn of_invite(cancel: &Request) -> Self {
        Self::build(cancel, "INVITE")
    }

    fn build(request: &Request, method: &str) -> Self {
        let via = request.top_via();
        let mut key = String::with_capacity(128);
        let written = match via.branch() {
            Some(branch) if has_magic_cookie(branch) => write!(key, "{branch}|{}:{}", via.host, via.port.unwrap_or(5060)).map(|()| {
                key.make_ascii_lowercase();
                key.extend(["|", method]);
            }),
            // A peer of RFC 2543: its branch is not unique, the rest of the request is (§17.2.3). The ACK's To tag is ours, so To is left out.
            branch => write!(
                key,
                "2543|{}|{}|{}|{}|{}:{}|{method}|{}",
                request.call_id(),
                request.from_tag().unwrap_or(""),
                request.cseq().0,
                branch.unwrap_or(""),
                via.host.to_ascii_lowercase(),
                via.port.unwrap_or(5060),
                request.uri,
            ),
        };
        written.expect("a String takes all");
        Self(Arc::from(key))
    }
}

/// Whether a branch was made by RFC 3261, and so is unique (§8.1.1.7).
#[must_use]
pub fn has_magic_cookie(branch: &str) -> bool {
    branch.get(..7).is_some_and(|cookie| cookie.eq_ignore_ascii_case("z9hG4bK"))
}

/// By what a response finds its client transaction (RFC 3261 §17.1.3): our branch and the method of CSeq.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct ClientKey(Arc<str>);

impl ClientKey {
    #[must_use]
    pub fn of_request(request: &Request) -> Self {
        Self::build(request.top_via().branch().unwrap_or(""), request.method.as_str())
    }

    #[must_use]
    pub fn of_response(response: &Response) -> Self {
        Self::build(response.top_via().branch().unwrap_or(""), response.cseq().1.as_str())
    }

    fn build(branch: &str, method: &str) -> Self {
        Self(Arc::from(format!("{}|{method}", branch.to_ascii_lowercase())))
    }
}
