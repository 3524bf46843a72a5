//! Recording sessions (RFC 7866): what tells one from a call, and what travels beside its descriptions. Who is recorded, and what the
//! metadata say, is not known here.

use super::compose;
use super::msg::{Headers, Request, multipart};
use crate::base::bytes;
use serde::{Deserialize, Serialize};

/// The option tag (RFC 7866 §8.1).
pub(super) const OPTION: &str = "siprec";
const METADATA: &str = "application/rs-metadata+xml";

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
}

impl Recording {
    pub fn of(role: Role) -> Self {
        Self { role, metadata: None }
    }
}

/// Our Contact says what we are.
pub(super) fn put_feature(recording: Option<&Recording>, headers: &mut Headers) {
    if let (Some(recording), Some(contact)) = (recording, headers.get("Contact")) {
        let contact = format!("{contact}{}", recording.role.feature());
        headers.set("Contact", contact);
    }
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
    let is_metadata = |content_type: &str| multipart::media_type(content_type) == METADATA;
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
        let alone = headers(&[("Content-Type", "application/rs-metadata+xml")]);
        assert_eq!((compose::sdp_of(&alone, b"<r/>"), metadata_of(&alone, b"<r/>")), (Ok(None), Some(b"<r/>".to_vec())));
        put_bodies(b"v=0\r\n", None, &mut written, &mut body);
        assert_eq!((metadata_of(&written, &body), body), (None, b"v=0\r\n".to_vec()));
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
