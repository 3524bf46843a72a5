//! Request and response, whole: their types, their typed views, and how they are written. Reading is `parse`.

use super::name_addr::{is_name_addr, tag_of};
use super::{Headers, NameAddr, Uri, ViaRef, syntax, text};
use rsip::Header;
use rsip::headers::UntypedHeader;
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
        match self {
            Self::Invite => "INVITE",
            Self::Ack => "ACK",
            Self::Bye => "BYE",
            Self::Cancel => "CANCEL",
            Self::Register => "REGISTER",
            Self::Options => "OPTIONS",
            Self::Info => "INFO",
            Self::Update => "UPDATE",
            Self::Prack => "PRACK",
            Self::Refer => "REFER",
            Self::Notify => "NOTIFY",
            Self::Subscribe => "SUBSCRIBE",
            Self::Message => "MESSAGE",
            Self::Publish => "PUBLISH",
            Self::Other(token) => token,
        }
    }
}

impl From<&str> for Method {
    fn from(token: &str) -> Self {
        match token {
            "INVITE" => Self::Invite,
            "ACK" => Self::Ack,
            "BYE" => Self::Bye,
            "CANCEL" => Self::Cancel,
            "REGISTER" => Self::Register,
            "OPTIONS" => Self::Options,
            "INFO" => Self::Info,
            "UPDATE" => Self::Update,
            "PRACK" => Self::Prack,
            "REFER" => Self::Refer,
            "NOTIFY" => Self::Notify,
            "SUBSCRIBE" => Self::Subscribe,
            "MESSAGE" => Self::Message,
            "PUBLISH" => Self::Publish,
            other => Self::Other(other.to_owned()),
        }
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
    /// Not SIP at all, a keep-alive, or a response or ACK that is broken: drop and count. A request without a Via that can be read, too:
    /// there is nowhere to answer.
    Drop { why: &'static str },
    /// A broken request that can be answered: the ready response (400, 414, 505, 513 with Via, From, To, Call-ID and CSeq
    /// copied as they stood, and a tag in To; reason phrase says what is wrong). Of its typed views only `top_via` is proven.
    Answer { response: Box<Response>, why: &'static str },
}

impl Message {
    /// Writes the wire form; Content-Length is set from the body, whatever the headers said.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Request(request) => request.write(out),
            Self::Response(response) => response.write(out),
        }
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
    /// Of the URI, which may be a Contact's or a route's, what §19.1.1 forbids in a request line is left out.
    #[must_use]
    pub fn new(method: Method, uri: Uri) -> Self {
        Self { method, uri: uri.into_request_uri(), headers: Headers::default(), body: Vec::new() }
    }

    /// A response to this request by RFC 3261 §8.2.6: Via, From, To, Call-ID and CSeq copied, `to_tag` added to To when it has none
    /// (not for 100), Timestamp copied into 100. `reason` of RFC 3261 §21 when `None`.
    #[must_use]
    pub fn response(&self, code: u16, reason: Option<&str>, to_tag: Option<&str>) -> Response {
        let headers = answering(&self.headers, to_tag.filter(|_| code > 100), code == 100);
        Response { code, reason: reason.unwrap_or(reason_phrase(code)).to_owned(), headers, body: Vec::new() }
    }

    /// Forgets the body and all headers but those of these (long) names, and the room they took.
    pub fn shrink_to(&mut self, names: &[&str]) {
        self.body = Vec::new();
        self.headers.shrink_to(names);
    }

    /// Writes the wire form, like [`Message::write`].
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.method.as_str().as_bytes());
        out.push(b' ');
        text::write(&self.uri.to_string(), out);
        out.extend_from_slice(b" SIP/2.0\r\n");
        write_rest(&self.headers, &self.body, out);
    }
}

impl Response {
    /// Puts a tag into a To that can be read and has none.
    pub fn tag_to(&mut self, tag: &str) {
        let to = self.headers.get("To").unwrap_or_default();
        if wants_tag(to) {
            let tagged = format!("{to};tag={tag}");
            self.headers.set("To", tagged);
        }
    }

    /// Writes the wire form, like [`Message::write`].
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"SIP/2.0 ");
        out.extend_from_slice(self.code.to_string().as_bytes());
        out.push(b' ');
        if self.reason.contains(['\r', '\n']) {
            text::write(&self.reason.replace(['\r', '\n'], " "), out);
        } else {
            text::write(&self.reason, out);
        }
        out.extend_from_slice(b"\r\n");
        write_rest(&self.headers, &self.body, out);
    }
}

fn write_rest(headers: &Headers, body: &[u8], out: &mut Vec<u8>) {
    for (name, value) in headers.iter().filter(|(name, _)| *name != "Content-Length") {
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b": ");
        text::write(value, out);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"Content-Length: ");
    out.extend_from_slice(body.len().to_string().as_bytes());
    out.extend_from_slice(b"\r\n\r\n");
    out.extend_from_slice(body);
}

/// What a response copies from its request (RFC 3261 §8.2.6.2), as it stood. `to_tag` goes to a To that can be read and has none.
pub(super) fn answering(request: &Headers, to_tag: Option<&str>, timestamp: bool) -> Headers {
    let mut headers = Headers::roomy();
    for field in request.typed() {
        match field {
            Header::To(to) if to_tag.is_some() && wants_tag(to.value()) => {
                headers.take("To", format!("{};tag={}", to.value(), to_tag.unwrap_or_default()));
            }
            Header::Via(_) | Header::From(_) | Header::To(_) | Header::CallId(_) | Header::CSeq(_) => headers.copy(field),
            Header::Timestamp(_) if timestamp => headers.copy(field),
            _ => {}
        }
    }
    headers
}

/// Whether it is an address without a tag.
fn wants_tag(address: &str) -> bool {
    is_name_addr(address) && tag_of(address).is_none()
}

/// Number and method of a CSeq value.
pub(super) fn cseq(value: &str) -> Option<(u32, &str)> {
    let (number, method) = value.split_once([' ', '\t'])?;
    let digits = number.bytes().all(|byte| byte.is_ascii_digit());
    let method = syntax::trim_start(method);
    // RFC 3261 §8.1.1.5: less than 2³¹.
    let number: u32 = number.parse().ok().filter(|number| digits && *number < 1 << 31)?;
    Some((number, method)).filter(|_| syntax::is_token(method))
}

// Typed views that `parse` has already proven right; on a message made by ourselves a missing one is our mistake, and panics.
macro_rules! typed_views {
    ($name:ident) => {
        impl $name {
            #[must_use]
            pub fn top_via(&self) -> ViaRef<'_> {
                self.headers.list("Via").next().and_then(ViaRef::read).expect("a message has a Via that is one")
            }
            /// The tag of From, without making the address.
            #[must_use]
            pub fn from_tag(&self) -> Option<&str> {
                self.headers.get("From").and_then(tag_of)
            }
            /// The tag of To, without making the address.
            #[must_use]
            pub fn to_tag(&self) -> Option<&str> {
                self.headers.get("To").and_then(tag_of)
            }
            #[must_use]
            pub fn from(&self) -> NameAddr {
                self.headers.get("From").and_then(|from| from.parse().ok()).expect("a message has a From that is an address")
            }
            #[must_use]
            pub fn to(&self) -> NameAddr {
                self.headers.get("To").and_then(|to| to.parse().ok()).expect("a message has a To that is an address")
            }
            #[must_use]
            pub fn call_id(&self) -> &str {
                self.headers.get("Call-ID").expect("a message has a Call-ID")
            }
            /// Number and method of CSeq.
            #[must_use]
            pub fn cseq(&self) -> (u32, Method) {
                let (number, method) = self.headers.get("CSeq").and_then(cseq).expect("a message has a CSeq of number and method");
                (number, method.into())
            }
        }
    };
}
typed_views!(Request);
typed_views!(Response);

/// The reason phrase of RFC 3261 §21 and its kin, by rsip's status codes. A code that nobody defined has that of its class.
#[must_use]
pub fn reason_phrase(code: u16) -> &'static str {
    super::reasons::phrase(code)
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    const INVITE: &str = "INVITE sip:95000@h SIP/2.0\r\nVia: SIP/2.0/UDP b;branch=z9hG4bK2, SIP/2.0/UDP a;branch=z9hG4bK1\r\nVia: SIP/2.0/TCP c\r\n\
        From: <sip:1001@h>;tag=f\r\nTo: sip:95000@h\r\nCall-ID: c1\r\nCSeq: 7 INVITE\r\nTimestamp: 54\r\nMax-Forwards: 70\r\nContent-Length: 3\r\n\r\nv=0";

    fn request(text: &str) -> Request {
        match parse(text.as_bytes()) {
            Ok(Message::Request(request)) => request,
            other => panic!("no request: {other:?}"),
        }
    }

    #[test]
    fn a_message_is_written_as_it_was_read() {
        let message = Message::Request(request(INVITE));
        assert_eq!(String::from_utf8(message.to_bytes()).as_deref(), Ok(INVITE));
        assert_eq!(parse(&message.to_bytes()), Ok(message));
    }

    #[test]
    fn typed_views_read_what_was_proven() {
        let request = request(INVITE);
        assert_eq!(request.top_via().branch(), Some("z9hG4bK2"));
        assert_eq!((request.from_tag(), request.to_tag()), (Some("f"), None));
        assert_eq!((request.call_id(), request.cseq()), ("c1", (7, Method::Invite)));
    }

    /// RFC 3261 §8.2.6.
    #[test]
    fn a_response_copies_what_it_must_and_tags_to() {
        let request = request(INVITE);
        let fields = |response: &Response| response.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>();
        let vias = ["Via: SIP/2.0/UDP b;branch=z9hG4bK2, SIP/2.0/UDP a;branch=z9hG4bK1", "Via: SIP/2.0/TCP c"];
        let rest = ["Call-ID: c1", "CSeq: 7 INVITE"];
        let ringing = request.response(180, None, Some("t"));
        assert_eq!(fields(&ringing), [&vias[..], &["From: <sip:1001@h>;tag=f", "To: sip:95000@h;tag=t"], &rest].concat());
        assert_eq!(ringing.reason, "Ringing");
        let trying = request.response(100, Some("Just a moment"), Some("t"));
        assert_eq!(fields(&trying), [&vias[..], &["From: <sip:1001@h>;tag=f", "To: sip:95000@h"], &rest, &["Timestamp: 54"]].concat());
        assert_eq!(trying.reason, "Just a moment");
        let mut tagged = request;
        tagged.headers.set("To", "<sip:95000@h>;tag=old");
        assert_eq!(tagged.response(486, None, Some("t")).to_tag(), Some("old"));
    }

    #[test]
    fn a_reason_cannot_smuggle_in_a_field() {
        let response = request(INVITE).response(400, Some("a\r\nVia: b"), None);
        assert!(String::from_utf8_lossy(&Message::Response(response).to_bytes()).starts_with("SIP/2.0 400 a  Via: b\r\n"));
    }
}
