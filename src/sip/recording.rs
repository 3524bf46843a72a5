//! Recording sessions (RFC 7866): what tells one from a call, and what travels beside its descriptions. Who is recorded, and what the
//! metadata say, is not known here.

use super::compose;
use super::msg::{Headers, Request, multipart};
use crate::base::bytes;
use serde::{Deserialize, Serialize};

/// The option tag (RFC 7866 §8.1).
pub(super) const OPTION: &str = "siprec";
/// As it is registered, and as the RFC's own examples have it.
const METADATA: [&str; 2] = ["application/rs-metadata+xml", "application/rs-metadata"];
/// A server asks for all of it anew (RFC 7866 §9.2).
const REQUEST: &str = "application/rs-metadata-request";
/// What both ends take.
const CLIENT_ACCEPTS: &str = "application/sdp, application/rs-metadata-request";
const SERVER_ACCEPTS: &str = "application/sdp, application/rs-metadata+xml, application/rs-metadata";

/// Which end of a recording session we are.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) enum Role {
    /// We send (SRC).
    Client,
    /// We record (SRS).
    Server,
}

impl Role {
    /// Behind our Contact (RFC 7866 §6.1.1, §6.2).
    const fn feature(self) -> &'static str {
        match self {
            Self::Client => ";+sip.src",
            Self::Server => ";+sip.srs",
        }
    }
}

/// What a leg that is a recording session has besides.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct Recording {
    pub role: Role,
    /// Metadata that go with our next offer, until it is answered.
    #[serde(with = "bytes::option", default)]
    pub metadata: Option<Vec<u8>>,
    /// The client may be asked for all of its metadata.
    #[serde(default)]
    pub may_be_asked: bool,
    /// It is to be asked, and why.
    #[serde(default)]
    pub asks: Option<String>,
}

impl Recording {
    pub fn of(role: Role) -> Self {
        Self { role, metadata: None, may_be_asked: false, asks: None }
    }

    /// Of a client that has sent that.
    pub fn of_client(request: &Request) -> Self {
        Self { may_be_asked: request.headers.has_token("Accept", REQUEST), ..Self::of(Role::Server) }
    }
}

/// Our Contact says what we are, and what bodies we take.
pub(super) fn put_feature(recording: Option<&Recording>, headers: &mut Headers) {
    let Some(recording) = recording else { return };
    if let Some(contact) = headers.get("Contact") {
        let contact = format!("{contact}{}", recording.role.feature());
        headers.set("Contact", contact);
    }
    headers.set("Accept", if recording.role == Role::Client { CLIENT_ACCEPTS } else { SERVER_ACCEPTS });
}

/// Whether a BYE says that its sender cannot go on (503), rather than that it wants no more: then another may have the session.
pub(super) fn stops(recording: Option<&Recording>, headers: &Headers) -> bool {
    let is_client = recording.is_some_and(|recording| recording.role == Role::Client);
    let is_503 = |value: &str| value.split(';').any(|parameter| parameter.replace(' ', "").eq_ignore_ascii_case("cause=503"));
    is_client && headers.list("Reason").any(is_503)
}

/// Asks the client for all of its metadata: the element of RFC 7865 on one line, which is a reason as well for who reads the body as text.
pub(super) fn put_request(why: &str, headers: &mut Headers, body: &mut Vec<u8>) {
    let why: String = why.chars().filter(|letter| !letter.is_control() && !"<>&".contains(*letter)).collect();
    headers.set("Content-Type", REQUEST);
    headers.set("Content-Disposition", "recording-session");
    *body =
        format!("<requestsnapshot xmlns=\"urn:ietf:params:xml:ns:recording:1\"><requestreason>{why}</requestreason></requestsnapshot>\r\n")
            .into_bytes();
}

/// Whether a message asks for all metadata: by its type, or as a document that does.
pub(super) fn asks_snapshot(headers: &Headers, body: &[u8]) -> bool {
    let Some(content_type) = headers.get("Content-Type") else { return false };
    let asks = |content_type: &str, body: &[u8]| match multipart::media_type(content_type).as_str() {
        REQUEST => true,
        other => METADATA.contains(&other) && body.windows(16).any(|window| window == b"<requestsnapshot"),
    };
    asks(content_type, body)
        || multipart::read(content_type, body).is_some_and(|parts| parts.iter().any(|part| asks(part.content_type, part.body)))
}

/// The description, with metadata beside it where there are some (RFC 7866 §9.1).
pub(super) fn put_bodies(sdp: &[u8], metadata: Option<&[u8]>, headers: &mut Headers, body: &mut Vec<u8>) {
    let Some(metadata) = metadata else { return compose::put_sdp(headers, body, sdp) };
    let (content_type, both) = multipart::write(&[
        (&["Content-Type: application/sdp"], sdp),
        (&["Content-Type: application/rs-metadata+xml", "Content-Disposition: recording-session"], metadata),
    ]);
    headers.set("Content-Type", content_type);
    headers.set("MIME-Version", "1.0");
    *body = both;
}

/// The metadata of a message, alone or among other parts.
pub(super) fn metadata_of(headers: &Headers, body: &[u8]) -> Option<Vec<u8>> {
    let content_type = headers.get("Content-Type")?;
    let is_metadata = |content_type: &str| METADATA.contains(&multipart::media_type(content_type).as_str());
    if is_metadata(content_type) {
        return Some(body.to_vec());
    }
    multipart::read(content_type, body)?.iter().find(|part| is_metadata(part.content_type)).map(|part| part.body.to_vec())
}

/// Whether a new call is a recording session: it requires the extension, or its Contact has the client's feature tag.
pub(super) fn is_recording(request: &Request) -> bool {
    let is_client = |contact: &str| {
        contact
            .rsplit_once('>')
            .map_or(contact, |(_, parameters)| parameters)
            .split(';')
            .skip(1)
            .any(|parameter| parameter.split('=').next().is_some_and(|name| name.trim().eq_ignore_ascii_case("+sip.src")))
    };
    request.headers.has_token("Require", OPTION) || request.headers.list("Contact").any(is_client)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&str, &str)]) -> Headers {
        let mut headers = Headers::default();
        lines.iter().for_each(|(name, value)| headers.push(name, *value));
        headers
    }

    #[test]
    fn both_bodies_are_written_and_found() {
        let (mut written, mut body) = (headers(&[("Contact", "<sip:1.2.3.4>")]), Vec::new());
        put_bodies(b"v=0\r\n", Some(b"<recording/>"), &mut written, &mut body);
        put_feature(Some(&Recording::of(Role::Client)), &mut written);
        assert_eq!(written.get("Contact"), Some("<sip:1.2.3.4>;+sip.src"));
        assert_eq!(compose::sdp_of(&written, &body), Ok(Some(b"v=0\r\n".to_vec())));
        assert_eq!(metadata_of(&written, &body), Some(b"<recording/>".to_vec()));
        assert_eq!(written.get("Accept"), Some(CLIENT_ACCEPTS));
        let (mut asking, mut body_of_request) = (headers(&[]), Vec::new());
        put_request("lost <&> found\r\n", &mut asking, &mut body_of_request);
        assert!(asks_snapshot(&asking, &body_of_request) && compose::sdp_of(&asking, &body_of_request) == Ok(None));
        assert!(body_of_request.ends_with(b"<requestreason>lost  found</requestreason></requestsnapshot>\r\n"));
        assert!(asks_snapshot(&headers(&[("Content-Type", "application/rs-metadata")]), b"<?xml?><requestsnapshot/>"));
        assert!(!asks_snapshot(&headers(&[("Content-Type", "application/rs-metadata")]), b"<recording/>"));
        let alone = headers(&[("Content-Type", "application/rs-metadata+xml")]);
        assert_eq!((compose::sdp_of(&alone, b"<r/>"), metadata_of(&alone, b"<r/>")), (Ok(None), Some(b"<r/>".to_vec())));
        put_bodies(b"v=0\r\n", None, &mut written, &mut body);
        assert_eq!((metadata_of(&written, &body), body), (None, b"v=0\r\n".to_vec()));
    }

    #[test]
    fn a_server_that_stops_is_told_from_one_that_wants_no_more() {
        for (reason, role, expected) in [
            ("SIP;cause=503;text=\"the switch stops\"", Role::Client, true),
            ("Q.850;cause=16, SIP ;cause = 503", Role::Client, true),
            ("SIP;cause=200;text=\"cause=503\"", Role::Client, false),
            ("SIP;cause=503", Role::Server, false),
        ] {
            assert_eq!(stops(Some(&Recording::of(role)), &headers(&[("Reason", reason)])), expected, "{reason}");
        }
        assert!(!stops(None, &headers(&[("Reason", "SIP;cause=503")])) && !stops(Some(&Recording::of(Role::Client)), &headers(&[])));
    }

    #[test]
    fn a_recording_session_is_known_by_either_sign() {
        for (lines, expected) in [
            (&[("Require", "timer, siprec")][..], true),
            (&[("Contact", "<sip:a@h;+sip.src>")], false),
            (&[("Contact", "<sip:a@h>;+sip.src")], true),
            (&[("Contact", "\"x\" <sip:a@h>; +SIP.SRC ;expires=9")], true),
            (&[("Contact", "<sip:a@h>;+sip.srs"), ("Supported", "siprec")], false),
        ] {
            let request = Request {
                method: super::super::msg::Method::Invite,
                uri: "sip:a@h".parse().expect("a URI"),
                headers: headers(lines),
                body: Vec::new(),
            };
            assert_eq!(is_recording(&request), expected, "{lines:?}");
        }
    }
}
