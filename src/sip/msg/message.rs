//! Request and response, whole.

use super::{Headers, NameAddr, Uri, Via};
use std::fmt;

/// A request method; any token is one (RFC 3261 §7.1), compared by case.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Method {
    Invite,
    Ack,
    Bye,
    Cancel,
    Register,
    Options,
    Info,
    Update,
    Prack,
    Refer,
    Notify,
    Subscribe,
    Message,
    Publish,
    Other(String),
}

impl Method {
    #[must_use]
    pub fn as_str(&self) -> &str {
        todo!()
    }
}

impl From<&str> for Method {
    fn from(_token: &str) -> Self {
        todo!()
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[derive(Clone, PartialEq, Debug)]
pub enum Message {
    Request(Request),
    Response(Response),
}

#[derive(Clone, PartialEq, Debug)]
pub struct Request {
    pub method: Method,
    pub uri: Uri,
    pub headers: Headers,
    /// Byte-exact.
    pub body: Vec<u8>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Response {
    /// 100 to 699.
    pub code: u16,
    /// Byte-faithful reason phrase.
    pub reason: String,
    pub headers: Headers,
    pub body: Vec<u8>,
}

/// A message that cannot be taken. Whose fault it is, and what an answer needs.
#[derive(Clone, PartialEq, Debug)]
pub enum Fault {
    /// Not SIP at all, a keep-alive, or a response or ACK that is broken: drop and count.
    Drop { why: &'static str },
    /// A broken request that can be answered: the ready response (400, 413, 414, 416, 501, 505, 513, … with Via, From, To, Call-ID and CSeq
    /// copied as they stood; reason phrase says what is wrong).
    Answer { response: Box<Response>, why: &'static str },
}

/// Reads one datagram, or one framed message of a stream: lexing, required headers, and the typed ones that every message must have
/// right (top Via, From, To, Call-ID, CSeq, Max-Forwards, Content-Length). What RFC 4475 §3.1.2 and §3.3 call invalid comes back as a
/// `Fault`; URI schemes and methods that are merely unknown do not (416, 405 and 501 are the endpoint's answers).
///
/// # Errors
/// [`Fault`], with the response to send where one is due.
pub fn parse(_bytes: &[u8]) -> Result<Message, Fault> {
    todo!()
}

impl Message {
    /// Writes the wire form; Content-Length is set from the body, whatever the headers said.
    pub fn write(&self, _out: &mut Vec<u8>) {
        todo!()
    }

    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(1024);
        self.write(&mut out);
        out
    }

    #[must_use]
    pub fn headers(&self) -> &Headers {
        match self {
            Self::Request(request) => &request.headers,
            Self::Response(response) => &response.headers,
        }
    }
}

impl Request {
    #[must_use]
    pub fn new(method: Method, uri: Uri) -> Self {
        Self { method, uri, headers: Headers::default(), body: Vec::new() }
    }

    /// A response to this request by RFC 3261 §8.2.6: Via, From, To, Call-ID and CSeq copied, `to_tag` added to To when it has none
    /// (not for 100), Timestamp copied into 100. `reason` of RFC 3261 §21 when `None`.
    #[must_use]
    pub fn response(&self, _code: u16, _reason: Option<&str>, _to_tag: Option<&str>) -> Response {
        todo!()
    }
}

// Typed views that `parse` has already proven right; on a message made by ourselves a missing one is our mistake, and panics.
macro_rules! typed_views {
    ($name:ident) => {
        impl $name {
            #[must_use]
            pub fn top_via(&self) -> Via {
                todo!()
            }
            #[must_use]
            pub fn from(&self) -> NameAddr {
                todo!()
            }
            #[must_use]
            pub fn to(&self) -> NameAddr {
                todo!()
            }
            #[must_use]
            pub fn call_id(&self) -> &str {
                todo!()
            }
            /// Number and method of CSeq.
            #[must_use]
            pub fn cseq(&self) -> (u32, Method) {
                todo!()
            }
        }
    };
}
typed_views!(Request);
typed_views!(Response);

/// The reason phrase of RFC 3261 §21 and its kin, by rsip's status codes.
#[must_use]
pub fn reason_phrase(_code: u16) -> &'static str {
    todo!()
}
