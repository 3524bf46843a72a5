//! The messages that the load sends, written into one buffer: what is the same in all stands in the text, what differs is put between.

use super::scan::Scan;
use crate::base::Rng;
use crate::sip::msg::digest::{Algorithm, Challenge, Credentials, ha1};
use std::fmt::Arguments;
use std::io::Write;
use std::net::{IpAddr, SocketAddr};

/// Who registers, or calls with a password.
#[derive(Clone, Debug)]
pub struct Account {
    pub user: String,
    pub secret: Secret,
}

#[derive(Clone, Debug)]
pub enum Secret {
    Password(String),
    /// H(user:realm:password) by SHA-256, as configurations have it.
    Sha256(String),
}

impl Account {
    /// The header's value that answers `challenge`; `None` for one that cannot be answered.
    pub fn answer(&self, challenge: &str, method: &str, uri: &str, rng: &mut Rng) -> Option<String> {
        let challenge = Challenge::from_header(challenge)?;
        let hash = match &self.secret {
            Secret::Password(password) => ha1(challenge.algorithm, &self.user, &challenge.realm, password),
            Secret::Sha256(hash) if challenge.algorithm == Algorithm::Sha256 => hash.clone(),
            Secret::Sha256(_) => return None,
        };
        Some(Credentials::answer(&challenge, &self.user, &hash, method, uri, &rng.hex(4), 1).to_header())
    }
}

/// A request's lines that differ.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    pub method: &'a str,
    pub uri: &'a str,
    pub branch: Arguments<'a>,
    pub from: Arguments<'a>,
    pub to: &'a str,
    pub call_id: Arguments<'a>,
    pub cseq: u32,
}

/// Where the messages come from, and the buffer that they are written into.
#[derive(Debug)]
pub struct Words {
    pub bytes: Vec<u8>,
}

impl Words {
    #[must_use]
    pub fn new() -> Self {
        Self { bytes: Vec::with_capacity(2_048) }
    }

    fn put(&mut self, text: Arguments<'_>) {
        // A vector takes everything.
        let _ = self.bytes.write_fmt(text);
    }

    /// A request without its last lines; `local` is ours.
    pub fn request(&mut self, request: &Request<'_>, local: SocketAddr) {
        let Request { method, uri, branch, from, to, call_id, cseq } = request;
        self.bytes.clear();
        self.put(format_args!(
            "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {local};rport;branch=z9hG4bK{branch}\r\nMax-Forwards: 70\r\nFrom: {from}\r\n\
             To: {to}\r\nCall-ID: {call_id}\r\nCSeq: {cseq} {method}\r\n"
        ));
    }

    /// A response to `request` without its last lines; `tag` goes to a To that has none.
    pub fn response(&mut self, request: &Scan<'_>, status: &str, tag: Arguments<'_>) {
        self.bytes.clear();
        self.put(format_args!("SIP/2.0 {status}\r\n"));
        for via in request.vias.iter().take_while(|via| !via.is_empty()) {
            self.put(format_args!("Via: {via}\r\n"));
        }
        self.put(format_args!("From: {}\r\nTo: {}", request.from, request.to));
        if !request.to.contains(";tag=") {
            self.put(format_args!(";tag={tag}"));
        }
        self.put(format_args!("\r\nCall-ID: {}\r\nCSeq: {} {}\r\n", request.call_id, request.cseq, request.method));
    }

    pub fn header(&mut self, line: Arguments<'_>) {
        self.put(line);
        self.bytes.extend_from_slice(b"\r\n");
    }

    pub fn end(&mut self) {
        self.bytes.extend_from_slice(b"Content-Length: 0\r\n\r\n");
    }

    /// Ends with a description: PCMA both ways, at `port`.
    pub fn end_with_audio(&mut self, local: IpAddr, port: u16) {
        let kind = if local.is_ipv4() { "IP4" } else { "IP6" };
        let body = format!(
            "v=0\r\no=- {port} 1 IN {kind} {local}\r\ns=-\r\nc=IN {kind} {local}\r\nt=0 0\r\nm=audio {port} RTP/AVP 8 101\r\n\
             a=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=ptime:20\r\na=sendrecv\r\n"
        );
        self.put(format_args!("Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}", body.len()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::load::scan::scan;
    use crate::sip::msg::{self, Message};

    #[test]
    fn what_is_written_is_a_message_and_its_answer_fits() {
        let mut words = Words::new();
        let local = "127.0.0.1:5070".parse().expect("an address");
        let request = Request {
            method: "INVITE",
            uri: "sip:95000@127.0.0.1",
            branch: format_args!("1"),
            from: format_args!("<sip:139@127.0.0.1>;tag=a"),
            to: "<sip:95000@127.0.0.1>",
            call_id: format_args!("0-1-2"),
            cseq: 1,
        };
        words.request(&request, local);
        words.header(format_args!("Contact: <sip:139@{local}>"));
        words.end_with_audio(local.ip(), 4_000);
        let bytes = words.bytes.clone();
        let Ok(Message::Request(invite)) = msg::parse(&bytes) else { panic!("no request") };
        assert_eq!(invite.call_id(), "0-1-2");
        let seen = scan(&bytes).expect("our own message");
        words.response(&seen, "180 Ringing", format_args!("b"));
        words.end();
        let Ok(Message::Response(ringing)) = msg::parse(&words.bytes) else { panic!("no response") };
        assert_eq!((ringing.code, ringing.to_tag()), (180, Some("b")));
    }

    #[test]
    fn an_account_answers_with_a_password_or_with_its_hash() {
        let challenge = Challenge { realm: "r".into(), nonce: "n".into(), algorithm: Algorithm::Sha256, stale: false }.to_header();
        let hash = ha1(Algorithm::Sha256, "1001", "r", "p");
        for secret in [Secret::Password("p".to_owned()), Secret::Sha256(hash.clone())] {
            let account = Account { user: "1001".to_owned(), secret };
            let answer = account.answer(&challenge, "REGISTER", "sip:r", &mut Rng::new(1)).expect("an answer");
            assert!(Credentials::from_header(&answer).is_some_and(|credentials| credentials.proves(&hash, "REGISTER")));
        }
    }
}
