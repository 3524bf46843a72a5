//! Headers and bodies that every machine here writes or reads alike. Text only: no state, no decisions.

use super::msg::{Headers, NameAddr, Request, Response, Scheme, Uri, multipart};
use super::{Flow, Protocol, Reason, recording};
use crate::base::Duration;

/// Methods we serve (RFC 3261 §20.5).
pub const ALLOW: &str = "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, UPDATE, PRACK, REGISTER, REFER, SUBSCRIBE, MESSAGE";
/// Bodies we take (§20.1).
pub const ACCEPT: &str = "application/sdp, application/dtmf-relay, application/dtmf";
/// Extensions we know (§20.37).
pub const SUPPORTED: &str = "100rel, timer, replaces, norefersub";
/// Event packages we serve (RFC 6665 §8.2.2).
pub const ALLOW_EVENTS: &str = "message-summary, dialog, presence, refer";
pub const SDP: &str = "application/sdp";

pub fn via(flow: Flow, branch: &str) -> String {
    let transport = match flow.protocol {
        Protocol::Udp => "UDP",
        Protocol::Tcp => "TCP",
        Protocol::Tls => "TLS",
    };
    format!("SIP/2.0/{transport} {};rport;branch={branch}", flow.local)
}

/// Our Contact towards a peer whom `target` names: to who is called by SIPS it is one (RFC 3261 §12.1.1).
pub fn contact_to(target: &Uri, flow: Flow) -> String {
    if target.scheme == Scheme::Sips { secure_contact(flow) } else { contact(flow) }
}

/// In answer to a request: where it was for a SIPS URI, or leads back by one, ours is one too (RFC 3261 §12.1.1).
fn contact_in_answer(request: &Request, flow: Flow) -> String {
    let is_secure = |header: &str| request.headers.list(header).next().is_some_and(|value| value.contains("<sips:"));
    if request.uri.scheme == Scheme::Sips || is_secure("Record-Route") || is_secure("Contact") {
        secure_contact(flow)
    } else {
        contact(flow)
    }
}

fn secure_contact(flow: Flow) -> String {
    if flow.protocol == Protocol::Tls { format!("<sips:{}>", flow.local) } else { contact(flow) }
}

/// Our Contact on a flow: an address of ours, and nothing of the other leg.
pub fn contact(flow: Flow) -> String {
    match flow.protocol {
        Protocol::Udp => format!("<sip:{}>", flow.local),
        Protocol::Tcp | Protocol::Tls => format!("<sip:{};transport={}>", flow.local, flow.protocol.name()),
    }
}

/// `SIP;cause=408;text="RONA"` (RFC 3326).
pub fn reason(reason: &Reason) -> String {
    let text: String = reason.text.chars().filter(|c| !c.is_control()).collect();
    format!("SIP;cause={};text=\"{}\"", reason.cause, text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// `305 sanling.local "SRTP is required"` (RFC 3261 §20.43): what cannot be taken.
pub fn warning(code: u16, host: &str, text: &str) -> String {
    let text: String = text.chars().filter(|c| !c.is_control()).collect();
    format!("{code} {host} \"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Why somebody left who called (RFC 3326).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Parting {
    pub reason: Option<String>,
    /// Another has answered him (§2: `SIP;cause=200`).
    pub elsewhere: bool,
}

pub fn parting(headers: &Headers) -> Parting {
    let of_sip = headers
        .list("Reason")
        .filter_map(|value| value.split_once(';'))
        .filter(|(protocol, _)| protocol.trim().eq_ignore_ascii_case("SIP"));
    let mut causes = of_sip.flat_map(|(_, params)| params.split(';')).filter_map(|param| param.split_once('='));
    let elsewhere = causes.any(|(name, value)| name.trim().eq_ignore_ascii_case("cause") && value.trim() == "200");
    Parting { reason: reason_text(headers), elsewhere }
}

/// What a Reason header says: its text, or else the whole value.
pub fn reason_text(headers: &Headers) -> Option<String> {
    let value = headers.get("Reason")?;
    let text = value.split_once("text=").map_or(value, |(_, text)| text);
    let text = match text.strip_prefix('"') {
        Some(quoted) => quoted.rsplit_once('"').map_or(quoted, |(inner, _)| inner).replace("\\\"", "\"").replace("\\\\", "\\"),
        None => text.split(';').next().unwrap_or(text).to_owned(),
    };
    Some(text)
}

pub fn put_sdp(headers: &mut Headers, body: &mut Vec<u8>, sdp: &[u8]) {
    headers.set("Content-Type", SDP);
    *body = sdp.to_vec();
}

/// A body that we do not take: 415.
#[derive(Debug, PartialEq, Eq)]
pub struct Unsupported;

/// The SDP of a message; `None` when it has no body, or one that may be ignored (`handling=optional`, RFC 3261 §20.11).
///
/// # Errors
/// [`Unsupported`] when there is a body that is no SDP, or an encoded one.
pub fn sdp_of(headers: &Headers, body: &[u8]) -> Result<Option<Vec<u8>>, Unsupported> {
    if body.is_empty() {
        return Ok(None);
    }
    let optional = headers.get("Content-Disposition").is_some_and(|value| value.to_ascii_lowercase().contains("handling=optional"));
    let encoded = headers.get("Content-Encoding").is_some_and(|value| !value.eq_ignore_ascii_case("identity"));
    let content_type = headers.get("Content-Type").unwrap_or_default();
    // RFC 5621 §3.1: of several parts the one that is an SDP.
    let parts = multipart::read(content_type, body).filter(|_| !encoded);
    let among = parts.iter().flatten().find(|part| multipart::media_type(part.content_type) == SDP);
    if let Some(part) = among {
        Ok(Some(part.body.to_vec()))
    } else if !encoded && media_type(headers) == Some(SDP.to_owned()) {
        Ok(Some(body.to_vec()))
    } else if optional || recording::metadata_of(headers, body).is_some() || recording::asks_snapshot(headers, body) {
        Ok(None)
    } else {
        Err(Unsupported)
    }
}

/// The media type of the body, lower case, without parameters.
pub fn media_type(headers: &Headers) -> Option<String> {
    headers.get("Content-Type").map(multipart::media_type)
}

/// Whether an Accept header takes SDP (RFC 3261 §20.1).
pub fn accepts_sdp(headers: &Headers) -> bool {
    headers.list("Accept").any(|range| {
        let range: String = range.split(';').next().unwrap_or(range).split_whitespace().collect();
        ["application/sdp", "application/*", "*/*"].iter().any(|known| range.eq_ignore_ascii_case(known))
    })
}

/// An Event header: its package, and the `id` that tells subscriptions to the same package apart (RFC 6665 §8.2.1).
pub struct PackageEvent<'a> {
    pub package: &'a str,
    pub id: Option<&'a str>,
}

pub fn event(headers: &Headers) -> Option<PackageEvent<'_>> {
    let mut parts = headers.get("Event")?.split(';').map(str::trim);
    let package = parts.next().filter(|package| !package.is_empty())?;
    let named = |part: &'_ str| part.split_once('=').is_some_and(|(name, _)| name.trim().eq_ignore_ascii_case("id"));
    let id = parts.find(|part| named(part)).and_then(|part| part.split_once('=')).map(|(_, id)| id.trim());
    Some(PackageEvent { package, id })
}

/// A number that may have parameters behind it: Session-Expires, Min-SE.
pub fn seconds(headers: &Headers, name: &str) -> Option<Duration> {
    let value = headers.get(name)?;
    value.split(';').next()?.trim().parse().ok().map(|seconds: u32| Duration::from_secs(u64::from(seconds)))
}

/// First Contact of a message, when it is one that can be used as a remote target.
pub fn contact_of(headers: &Headers) -> Option<Uri> {
    headers.list("Contact").next().and_then(|value| value.parse::<NameAddr>().ok()).map(|contact| contact.uri.into_request_uri())
}

/// What every response that makes or keeps a dialog carries besides the copied headers (RFC 3261 §12.1.1): route record, Contact and
/// what we can do.
pub fn dialog_response(request: &Request, code: u16, to_tag: &str, flow: Flow) -> Response {
    let mut response = request.response(code, None, Some(to_tag));
    for route in request.headers.all("Record-Route") {
        response.headers.push("Record-Route", route);
    }
    response.headers.push("Contact", contact_in_answer(request, flow));
    response.headers.push("Allow", ALLOW);
    response.headers.push("Supported", SUPPORTED);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_reads_back_whatever_is_in_its_text() {
        for text in ["RONA", "he said \"no\"", "back\\slash", ""] {
            let mut headers = Headers::default();
            headers.push("Reason", reason(&Reason { cause: 408, text: text.to_owned() }));
            assert_eq!(reason_text(&headers).as_deref(), Some(text));
        }
    }

    #[test]
    fn who_leaves_since_another_answered_him_says_so_by_sip() {
        for (value, elsewhere) in [
            ("SIP;cause=200;text=\"Call completed elsewhere\"", true),
            ("sip ; text=\"x\" ; cause = 200", true),
            ("Q.850;cause=16, SIP;cause=200", true),
            ("SIP;cause=487;text=\"ORIGINATOR_CANCEL\"", false),
            ("Q.850;cause=200", false),
            ("SIP", false),
            ("", false),
        ] {
            let mut headers = Headers::default();
            headers.push("Reason", value);
            assert_eq!(parting(&headers).elsewhere, elsewhere, "{value}");
        }
    }

    #[test]
    fn a_body_is_an_sdp_or_refused_or_optional() {
        let of = |content_type: &str, disposition: Option<&str>| {
            let mut headers = Headers::default();
            headers.push("Content-Type", content_type);
            if let Some(disposition) = disposition {
                headers.push("Content-Disposition", disposition);
            }
            sdp_of(&headers, b"v=0")
        };
        assert_eq!(of("application/sdp", None), Ok(Some(b"v=0".to_vec())));
        assert_eq!(of("Application / SDP ;x=y", None), Ok(Some(b"v=0".to_vec())));
        assert_eq!(of("text/plain", None), Err(Unsupported));
        assert_eq!(of("text/plain", Some("render; handling=optional")), Ok(None));
        assert_eq!(sdp_of(&Headers::default(), b""), Ok(None));
    }
}
