//! Bytes → message: start line, fields, body, and the proof that a message has what every message must have. What is wrong becomes a
//! [`Fault`]. What must not live here: the answers that need to know who we are (405, 416, 420, …); they are the endpoint's.

use super::headers::number;
use super::lexer::{self, Fields};
use super::message::{answering, cseq};
use super::name_addr::is_name_addr;
use super::syntax::{List, is_token};
use super::{Fault, Headers, Message, Method, Request, Response, Uri, text, via};
use crate::base::limits::{SIP_HEADERS_MAX, SIP_MESSAGE_MAX, SIP_URI_MAX};
use rsip::Header;
use rsip::headers::UntypedHeader;

/// What is wrong with a message, and the code that says so.
#[derive(Clone, Copy)]
struct Broken {
    code: u16,
    why: &'static str,
}

const fn bad(why: &'static str) -> Broken {
    Broken { code: 400, why }
}

/// Reads one datagram, or one framed message of a stream: lexing, required headers, and the typed ones that every message must have
/// right (Via, From, To, Call-ID, CSeq, Max-Forwards, Content-Length; of a request also Contact, Route and Record-Route where present).
/// What RFC 4475 §3.1.2 and §3.3 call invalid comes back as a `Fault`; URI schemes and methods that are merely unknown do not (416, 405
/// and 501 are the endpoint's answers). Content-Length is not among the headers of what was read: the body has its length.
///
/// # Errors
/// [`Fault`], with the response to send where one is due.
pub fn parse(bytes: &[u8]) -> Result<Message, Fault> {
    // RFC 3261 §7.5: empty lines before the start line are passed over.
    let start = bytes.iter().position(|byte| !matches!(byte, b'\r' | b'\n')).ok_or(Fault::Drop { why: "a keep-alive" })?;
    let bytes = &bytes[start..];
    let head_end = lexer::head_end(bytes, 0);
    let (head, body) = bytes.split_at(head_end.unwrap_or(bytes.len()).min(SIP_MESSAGE_MAX));
    let head = text::read(head);
    let (start_line, fields) = lexer::line(&head);
    let start_line = StartLine::read(start_line)?;
    let content = Content::read(fields, body);

    let whole = if bytes.len() > SIP_MESSAGE_MAX {
        Err(Broken { code: 513, why: "longer than 65535 bytes" })
    } else if head_end.is_none() {
        Err(bad("no empty line after the headers"))
    } else {
        Ok(())
    };
    match start_line {
        StartLine::Request { method, uri } => {
            let proof = whole.and(uri).and_then(|uri| {
                content.broken.map_or(Ok(()), Err)?;
                prove_request(&content.headers, method)?;
                Ok(uri)
            });
            match proof {
                Ok(uri) => {
                    Ok(Message::Request(Request { method: method.into(), uri, headers: content.headers, body: content.body.to_vec() }))
                }
                Err(broken) => Err(refuse(method, &content.headers, broken)),
            }
        }
        StartLine::Response { code, reason } => {
            let proof = whole.and(content.broken.map_or(Ok(()), Err)).and_then(|()| prove(&content.headers).map(drop));
            proof.map_err(|Broken { why, .. }| Fault::Drop { why })?;
            Ok(Message::Response(Response { code, reason: reason.to_owned(), headers: content.headers, body: content.body.to_vec() }))
        }
    }
}

enum StartLine<'a> {
    /// A request line, or what was meant to be one.
    Request {
        method: &'a str,
        uri: Result<Uri, Broken>,
    },
    Response {
        code: u16,
        reason: &'a str,
    },
}

impl<'a> StartLine<'a> {
    fn read(line: &'a str) -> Result<Self, Fault> {
        if line.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("SIP/")) {
            return Self::status_line(line).ok_or(Fault::Drop { why: "a bad status line" });
        }
        // Whatever ends with a version is meant for us, and can be answered.
        let version = line.split_ascii_whitespace().next_back().unwrap_or_default();
        let is_sip = version.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("SIP/"));
        let method = line.split_ascii_whitespace().next().filter(|_| is_sip).ok_or(Fault::Drop { why: "not SIP" })?;
        Ok(Self::Request { method, uri: request_uri(line, version) })
    }

    /// `SIP/2.0 CODE Reason`; the reason may be empty (RFC 4475 §3.1.1.13), or missing with its space.
    fn status_line(line: &'a str) -> Option<Self> {
        let (version, rest) = line.split_once(' ')?;
        let (code, reason) = rest.split_once(' ').unwrap_or((rest, ""));
        let digits = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_digit());
        // RFC 4475 §3.1.2.19: a code of ten digits is no code.
        let code = code.parse().ok().filter(|code| digits && (100..700).contains(code))?;
        (version.eq_ignore_ascii_case("SIP/2.0") && !reason.contains('\r')).then_some(Self::Response { code, reason })
    }
}

/// The URI of `METHOD URI SIP/2.0`, single spaces between (RFC 3261 §7.1).
fn request_uri(line: &str, version: &str) -> Result<Uri, Broken> {
    // RFC 4475 §3.1.2.16: another version first, as what else differs there is not for us to say.
    if !version.eq_ignore_ascii_case("SIP/2.0") {
        return Err(Broken { code: 505, why: "not SIP/2.0" });
    }
    let mut parts = line.split(' ');
    let (Some(method), Some(uri), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return Err(bad("whitespace in the request line"));
    };
    if !is_token(method) {
        return Err(bad("the method is no token"));
    }
    if uri.len() > SIP_URI_MAX {
        return Err(Broken { code: 414, why: "longer than 8192 bytes" });
    }
    let uri: Uri = uri.parse().map_err(|_| bad("the request URI"))?;
    // RFC 3261 §19.1.1: no headers in a request URI (RFC 4475 §3.1.2.11).
    if uri.headers.is_some() { Err(bad("headers in the request URI")) } else { Ok(uri) }
}

/// Fields and body, with the first thing that is wrong with them. Lexing goes on after it, so that an answer has all there was.
struct Content<'a> {
    headers: Headers,
    body: &'a [u8],
    broken: Option<Broken>,
}

impl<'a> Content<'a> {
    fn read(fields: &str, rest: &'a [u8]) -> Self {
        let mut content = Self { headers: Headers::roomy(), body: rest, broken: None };
        let mut length = None;
        for (count, field) in Fields(fields).enumerate() {
            if count == SIP_HEADERS_MAX {
                content.broken.get_or_insert(bad("more than 256 headers"));
                break;
            }
            let taken = field.and_then(|(name, value)| {
                if lexer::is_content_length(name) {
                    length = Some(lexer::one_length(length, &value)?);
                } else {
                    content.headers.take(name, value.into_owned());
                }
                Ok(())
            });
            if let Err(why) = taken {
                content.broken.get_or_insert(bad(why));
            }
        }
        // RFC 3261 §18.3: what a datagram has beyond its Content-Length is no part of the message; too little is an error.
        match length.map(|length| rest.get(..length)) {
            None => {}
            Some(Some(body)) => content.body = body,
            Some(None) => drop(content.broken.get_or_insert(bad("the body is shorter than Content-Length"))),
        }
        content
    }
}

/// Proves what every message must have (RFC 3261 §8.1.1), once each (RFC 4475 §3.3.9); gives the method of CSeq. A tag, a branch and
/// Max-Forwards may be missing: RFC 2543 did not know them (§3.3.16).
fn prove(headers: &Headers) -> Result<&str, Broken> {
    let (mut from, mut to, mut call_id, mut cseq_value, mut max_forwards, mut via) = (None, None, None, None, None, None);
    for header in headers.typed() {
        let (slot, value, twice) = match header {
            Header::From(field) => (&mut from, field.value(), "two From headers"),
            Header::To(field) => (&mut to, field.value(), "two To headers"),
            Header::CallId(field) => (&mut call_id, field.value(), "two Call-IDs"),
            Header::CSeq(field) => (&mut cseq_value, field.value(), "two CSeqs"),
            Header::MaxForwards(field) => (&mut max_forwards, field.value(), "two Max-Forwards"),
            Header::Via(field) => {
                if !List(field.value()).all(via::is_via) {
                    return Err(bad("a bad Via"));
                }
                via = via.or(List(field.value()).next());
                continue;
            }
            _ => continue,
        };
        if slot.replace(value).is_some() {
            return Err(bad(twice));
        }
    }
    let top = via.ok_or(bad("no Via"))?;
    if !is_name_addr(from.ok_or(bad("no From"))?) {
        return Err(bad("a bad From"));
    }
    if !is_name_addr(to.ok_or(bad("no To"))?) {
        return Err(bad("a bad To"));
    }
    let call_id = call_id.ok_or(bad("no Call-ID"))?;
    if call_id.is_empty() || call_id.contains([' ', '\t']) {
        return Err(bad("a bad Call-ID"));
    }
    if max_forwards.is_some_and(|hops| number(hops).is_none_or(|hops| hops > 255)) {
        return Err(bad("a bad Max-Forwards"));
    }
    // RFC 4475 §3.2.1: the cookie alone tells no transaction from another.
    if via::branch_of(top).is_some_and(|branch| branch.eq_ignore_ascii_case("z9hG4bK")) {
        return Err(bad("a branch without a name"));
    }
    let (_, method) = cseq(cseq_value.ok_or(bad("no CSeq"))?).ok_or(bad("a bad CSeq"))?;
    Ok(method)
}

fn prove_request(headers: &Headers, method: &str) -> Result<(), Broken> {
    // RFC 4475 §3.1.2.17, §3.1.2.18.
    if prove(headers)? != method {
        return Err(bad("CSeq has another method"));
    }
    for header in headers.typed() {
        let (value, why) = match header {
            Header::Contact(field) if field.value() == "*" => continue,
            Header::Contact(field) => (field.value(), "a bad Contact"),
            Header::Route(field) => (field.value(), "a bad Route"),
            Header::RecordRoute(field) => (field.value(), "a bad Record-Route"),
            _ => continue,
        };
        if !List(value).all(is_name_addr) {
            return Err(bad(why));
        }
    }
    Ok(())
}

/// The fault of a request: an answer, where there is a Via to send it by and a method that is answered.
fn refuse(method: &str, headers: &Headers, Broken { code, why }: Broken) -> Fault {
    let top_via = headers.list("Via").next().filter(|via| via::is_via(via));
    if method == Method::Ack.as_str() || top_via.is_none() {
        return Fault::Drop { why };
    }
    // RFC 3261 §8.2.7: without state, the same request gets the same tag.
    let tag = format!("{:016x}", fingerprint(top_via.into_iter().chain(headers.get("Call-ID")).chain(headers.get("CSeq"))));
    let reason = format!("{}: {why}", super::message::reason_phrase(code));
    Fault::Answer { response: Box::new(Response { code, reason, headers: answering(headers, Some(&tag), false), body: Vec::new() }), why }
}

/// FNV-1a over all the parts.
fn fingerprint<'a>(parts: impl Iterator<Item = &'a str>) -> u64 {
    parts.flat_map(str::bytes).fold(0xCBF2_9CE4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3))
}

/// An answer to the head of a message that a stream could not frame: `code` and `why` said with the request's own Via, From, To, Call-ID
/// and CSeq. `None` where none is due: a response, an ACK, no Via, not SIP.
#[must_use]
pub fn refusal(head: &[u8], code: u16, why: &'static str) -> Option<Response> {
    let head = text::read(&head[..head.len().min(SIP_MESSAGE_MAX)]);
    let (start_line, fields) = lexer::line(head.trim_start_matches(['\r', '\n']));
    let StartLine::Request { method, .. } = StartLine::read(start_line).ok()? else { return None };
    match refuse(method, &Content::read(fields, &[]).headers, Broken { code, why }) {
        Fault::Answer { response, .. } => Some(*response),
        Fault::Drop { .. } => None,
    }
}
