//! The other end of recording sessions, written apart from the switch's own: it takes them as a server does, and keeps what it is told and what
//! it hears on each stream; and it sends them as a client does. Only messages are shared with the switch.

use super::cipher::{Cipher, Setting};
use super::sound::{FRAME, Heard, Sound, loop_of, tell};
use sanling::audio::g711::Law;
use sanling::audio::level::dbov;
use sanling::base::{Instant, Rng};
use sanling::sip::msg::{Message, Method, Request, parse};
use std::net::SocketAddr;

/// What it does about an INVITE.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Taking {
    Answer,
    Refuse(u16),
    Ignore,
    /// Asks who it is, and takes whoever proves anything.
    Challenge,
}

/// One packet as it came.
#[derive(Clone, Debug)]
pub struct Packet {
    pub at: Instant,
    pub ssrc: u32,
    pub payload_type: u8,
    pub payload: Vec<u8>,
}

/// A recording session as its server sees it.
pub struct Session {
    pub call_id: String,
    /// The INVITE, whole.
    pub invite: String,
    /// Documents in order.
    pub metadata: Vec<String>,
    pub began_at: Instant,
    pub ended: Option<(Instant, String)>,
    /// By label: the first line's, the second's.
    pub streams: [Vec<Packet>; 2],
    /// Of each stream, where they are encrypted.
    pub ciphers: Vec<Cipher>,
    ports: [u16; 2],
    dialog: Option<(String, String, String)>,
    forgotten: bool,
}

pub struct Vault {
    pub sip: SocketAddr,
    pub taking: Taking,
    pub sessions: Vec<Session>,
    /// It says and hears nothing any more.
    pub is_dead: bool,
    /// What is new in a session is answered with that.
    pub news: u16,
    /// Its streams are encrypted so; and each, when it is a client.
    pub secure: Option<Setting>,
    pub ciphers: Vec<Cipher>,
    /// Requests of the switch in the session that it began last.
    pub asked_of_client: Vec<String>,
    rng: Rng,
    next_port: u16,
    cseq: u32,
    /// What it heard of requests of its own: method and status.
    pub answers: Vec<(String, u16, String)>,
    /// Where its streams go, when it is a client.
    pub remotes: Vec<SocketAddr>,
    sent: u32,
    /// Of the recording session that it began last: Call-ID, and To with the switch's tag.
    pub last_call_id: String,
    pub last_to: String,
}

impl Vault {
    pub fn new(sip: &str) -> Self {
        let sip = sip.parse().expect("an address");
        let (sessions, answers, remotes) = (Vec::new(), Vec::new(), Vec::new());
        Self {
            sip,
            taking: Taking::Answer,
            sessions,
            is_dead: false,
            news: 200,
            secure: None,
            ciphers: Vec::new(),
            asked_of_client: Vec::new(),
            rng: Rng::new(77),
            next_port: 40_000,
            cseq: 0,
            answers,
            remotes,
            sent: 0,
            last_call_id: String::new(),
            last_to: String::new(),
        }
    }

    /// A message came; what it says to it.
    pub fn receive(&mut self, bytes: &[u8], now: Instant) -> Vec<Vec<u8>> {
        if self.is_dead {
            return Vec::new();
        }
        match parse(bytes).expect("the switch speaks SIP") {
            Message::Request(request) => self.asked(&request, bytes, now),
            Message::Response(response) => self.answered(&response),
        }
    }

    fn asked(&mut self, request: &Request, bytes: &[u8], now: Instant) -> Vec<Vec<u8>> {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let known = self.sessions.iter().position(|session| session.call_id == request.call_id() && !session.forgotten);
        if request.call_id() == self.last_call_id {
            self.asked_of_client.push(text);
            return vec![answer(request, 200, None, self.sip)];
        }
        match (&request.method, known) {
            (Method::Invite, None) => match self.taking {
                Taking::Ignore => Vec::new(),
                Taking::Refuse(code) => vec![answer(request, code, None, self.sip)],
                Taking::Challenge if request.headers.get("Authorization").is_none() => vec![answer(request, 401, None, self.sip)],
                Taking::Answer | Taking::Challenge => {
                    let mut ciphers: Vec<Cipher> =
                        self.secure.iter().flat_map(|setting| [*setting; 2]).map(|setting| Cipher::new(setting, &mut self.rng)).collect();
                    ciphers.iter_mut().zip(lines_of(&text)).for_each(|(cipher, line)| cipher.take(line.as_bytes()));
                    let ports = [self.next_port, self.next_port + 2];
                    self.next_port += 4;
                    let dialog = Some((
                        format!("{};tag=vault", request.headers.get("To").unwrap_or_default()),
                        request.headers.get("From").unwrap_or_default().to_owned(),
                        request.headers.get("Contact").unwrap_or_default().to_owned(),
                    ));
                    self.sessions.push(Session {
                        call_id: request.call_id().to_owned(),
                        metadata: document(&text).into_iter().collect(),
                        invite: text,
                        began_at: now,
                        ended: None,
                        streams: [Vec::new(), Vec::new()],
                        ports,
                        dialog,
                        forgotten: false,
                        ciphers,
                    });
                    let sdp = self.sessions.last().map(|session| session.described(self.sip)).expect("the one that begins");
                    vec![answer(request, 200, Some(&sdp), self.sip)]
                }
            },
            (Method::Invite | Method::Update, Some(place)) => {
                let session = &mut self.sessions[place];
                session.metadata.extend(document(&text));
                let sdp = session.described(self.sip);
                let sdp = (self.news == 200 && text.contains("m=audio")).then_some(sdp);
                vec![answer(request, if text.contains("m=audio") { self.news } else { 200 }, sdp.as_deref(), self.sip)]
            }
            (Method::Bye, Some(place)) => {
                let reason = request.headers.get("Reason").unwrap_or_default().to_owned();
                self.sessions[place].ended.get_or_insert((now, reason));
                vec![answer(request, 200, None, self.sip)]
            }
            (Method::Cancel | Method::Options, _) => vec![answer(request, 200, None, self.sip)],
            (Method::Update | Method::Bye, None) => vec![answer(request, 481, None, self.sip)],
            _ => Vec::new(),
        }
    }

    /// A packet came to one of its ports.
    pub fn hear(&mut self, to: SocketAddr, bytes: &[u8], now: Instant) {
        for session in &mut self.sessions {
            if let Some(side) = session.ports.iter().position(|port| *port == to.port()) {
                let bytes = match session.ciphers.get_mut(side) {
                    Some(cipher) => cipher.open(bytes).unwrap_or_default(),
                    None => bytes.to_vec(),
                };
                if bytes.is_empty() {
                    continue;
                }
                let ssrc = u32::from_be_bytes(bytes[8..12].try_into().expect("four bytes"));
                session.streams[side].push(Packet { at: now, ssrc, payload_type: bytes[1] & 0x7F, payload: bytes[12..].to_vec() });
            }
        }
    }

    /// A request of its own in the last session.
    pub fn says(&mut self, method: &str, headers: &str, body: &str) -> Vec<u8> {
        self.cseq += 1;
        let session = self.sessions.last().expect("a session");
        let (own, theirs, contact) = session.dialog.as_ref().expect("a dialog");
        let target = contact.split(['<', '>']).nth(1).expect("a contact");
        request(method, target, own, theirs, &session.call_id, self.cseq, self.sip, headers, body).into_bytes()
    }

    /// It was started again, and knows of no session that it had.
    pub fn forgets(&mut self) {
        self.sessions.iter_mut().for_each(|session| session.forgotten = true);
    }

    // ---- as a client ----

    /// An INVITE with a body of these parts, or none but the description; `headers` besides the usual.
    pub fn invites(&mut self, switch: SocketAddr, headers: &str, content_type: &str, body: &str) -> Vec<u8> {
        self.cseq += 1;
        let (to, from) = (format!("<sip:record@{switch}>"), format!("<sip:branch@{}>;tag=src", self.sip));
        let headers = format!("Content-Type: {content_type}\r\n{headers}");
        let call_id = format!("src-{}-{}", self.sip.ip(), self.cseq);
        request("INVITE", &format!("sip:record@{switch}"), &from, &to, &call_id, self.cseq, self.sip, &headers, body).into_bytes()
    }

    fn answered(&mut self, response: &sanling::sip::msg::Response) -> Vec<Vec<u8>> {
        let (number, method) = response.headers.get("CSeq").unwrap_or_default().split_once(' ').expect("a CSeq");
        let text = String::from_utf8_lossy(&response.body).into_owned();
        let warning = response.headers.get("Warning").unwrap_or_default();
        self.answers.push((method.to_owned(), response.code, format!("{warning}{text}")));
        if method != "INVITE" || response.code < 200 {
            return Vec::new();
        }
        if response.code < 300 {
            let lines = text.lines().filter_map(|line| line.strip_prefix("m=audio "));
            let ports = lines.filter_map(|line| line.split(' ').next()?.parse::<u16>().ok());
            self.remotes = ports.map(|port| SocketAddr::new("127.0.0.1".parse().expect("an address"), port)).collect();
            self.ciphers.iter_mut().zip(lines_of(&text)).for_each(|(cipher, line)| cipher.take(line.as_bytes()));
        }
        let get = |name: &str| response.headers.get(name).unwrap_or_default().to_owned();
        if response.code < 300 {
            (self.last_call_id, self.last_to) = (get("Call-ID"), get("To"));
        }
        let target = get("Contact").split(['<', '>']).nth(1).unwrap_or("sip:127.0.0.1:5060").to_owned();
        let number = number.parse().expect("a number");
        let ack = request("ACK", &target, &get("From"), &get("To"), &get("Call-ID"), number, self.sip, "", "");
        // RFC 3261 §17.1.1.3: that of a refusal is its INVITE's.
        let ack = if response.code < 300 { ack } else { ack.replace(&format!("z9hG4bKv{number}ACK"), &format!("z9hG4bKv{number}INVITE")) };
        vec![ack.into_bytes()]
    }

    /// A request within the dialog of that last response's To and Call-ID.
    pub fn asks(&mut self, method: &str, call_id: &str, to: &str, headers: &str, body: &str) -> Vec<u8> {
        self.cseq += 1;
        let from = format!("<sip:branch@{}>;tag=src", self.sip);
        request(method, "sip:127.0.0.1:5060", &from, to, call_id, self.cseq, self.sip, headers, body).into_bytes()
    }

    /// It encrypts both streams of the session that it begins next: the lines that its description has to have.
    pub fn is_encrypted(&mut self, setting: Setting, description: &str) -> String {
        self.ciphers = (0..2).map(|_| Cipher::new(setting, &mut self.rng)).collect();
        put_keys(description, &self.ciphers)
    }

    /// The next 20 ms of each stream: from where, to where, and the packet.
    pub fn speaks(&mut self, sounds: &[Sound]) -> Vec<(SocketAddr, SocketAddr, Vec<u8>)> {
        self.sent += 1;
        let n = self.sent;
        let (ip, remotes) = (self.sip.ip(), self.remotes.clone());
        let packet = |(side, (sound, to)): (usize, (&Sound, &SocketAddr))| {
            let from = SocketAddr::new(ip, 50_000 + 2 * side as u16);
            let loops = loop_of(*sound);
            let start = n as usize * FRAME % (loops.len() - FRAME).max(1);
            let mut bytes = vec![0x80, 8];
            bytes.extend((n as u16).to_be_bytes());
            bytes.extend((n * FRAME as u32).to_be_bytes());
            bytes.extend((7 + side as u32).to_be_bytes());
            bytes.extend(&loops[start..start + FRAME]);
            if let Some(cipher) = self.ciphers.get_mut(side) {
                cipher.seal(&mut bytes);
            }
            (from, *to, bytes)
        };
        sounds.iter().zip(&remotes).enumerate().filter(|(_, (sound, _))| **sound != Sound::Nothing).map(packet).collect()
    }
}

impl Session {
    fn described(&self, sip: SocketAddr) -> String {
        put_keys(&described(sip, self.ports), &self.ciphers)
    }

    /// What is heard on a stream in that time, most of it.
    pub fn heard(&self, side: usize, from: Instant, to: Instant) -> Heard {
        let frames = self.between(side, from, to);
        let mut counts: Vec<(Heard, usize)> = Vec::new();
        for frame in frames.iter().flat_map(|packet| packet.payload.chunks(FRAME)) {
            let heard = tell(frame);
            match counts.iter_mut().find(|(known, _)| *known == heard) {
                Some((_, count)) => *count += 1,
                None => counts.push((heard, 1)),
            }
        }
        counts.into_iter().max_by_key(|(_, count)| *count).map_or(Heard::Nothing, |(heard, _)| heard)
    }

    /// Its level, dBov.
    pub fn level(&self, side: usize, from: Instant, to: Instant) -> f32 {
        let mut samples = Vec::new();
        for packet in self.between(side, from, to) {
            Law::A.decode(&packet.payload, &mut samples);
        }
        dbov(&samples)
    }

    pub fn between(&self, side: usize, from: Instant, to: Instant) -> Vec<&Packet> {
        self.streams[side].iter().filter(|packet| packet.at >= from && packet.at < to).collect()
    }
}

/// A description's media lines, each with its attributes.
fn lines_of(text: &str) -> Vec<String> {
    text.split("m=audio ").skip(1).map(|line| format!("m=audio {line}")).collect()
}

/// Each media line with its key.
fn put_keys(description: &str, ciphers: &[Cipher]) -> String {
    if ciphers.is_empty() {
        return description.to_owned();
    }
    let head = description.split("m=audio ").next().unwrap_or_default().to_owned();
    let lines = lines_of(description).into_iter().zip(ciphers).map(|(line, cipher)| cipher.describe(&line));
    head + &lines.collect::<String>()
}

/// The metadata in a message, if there are some.
fn document(text: &str) -> Option<String> {
    let from = text.find("<?xml")?;
    let to = text.find("</recording>")?;
    assert!(text.contains("Content-Type: application/rs-metadata+xml\r\nContent-Disposition: recording-session\r\n"), "{text}");
    Some(text[from..to + "</recording>".len()].to_owned())
}

fn described(sip: SocketAddr, ports: [u16; 2]) -> String {
    let ip = sip.ip();
    let line = |port: u16| format!("m=audio {port} RTP/AVP 8\r\na=recvonly\r\n");
    format!("v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\n{}{}", line(ports[0]), line(ports[1]))
}

fn answer(request: &Request, code: u16, sdp: Option<&str>, sip: SocketAddr) -> Vec<u8> {
    let mut response = request.response(code, None, Some("vault"));
    response.headers.push("Contact", format!("<sip:{sip}>;+sip.srs"));
    response.headers.push("Allow", "INVITE, ACK, BYE, CANCEL, UPDATE");
    if code == 401 {
        response.headers.push("WWW-Authenticate", "Digest realm=\"vault\", nonce=\"n1\", algorithm=SHA-256, qop=\"auth\"");
    }
    if let Some(sdp) = sdp {
        response.headers.push("Content-Type", "application/sdp");
        response.body = sdp.as_bytes().to_vec();
    }
    Message::Response(response).to_bytes()
}

#[allow(clippy::too_many_arguments)] // A message.
fn request(method: &str, uri: &str, from: &str, to: &str, call_id: &str, cseq: u32, sip: SocketAddr, headers: &str, body: &str) -> String {
    let number = format!("{cseq}{method}{}", call_id.len());
    format!(
        "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {sip};branch=z9hG4bKv{number}{call_id}\r\nMax-Forwards: 70\r\nFrom: {from}\r\nTo: {to}\r\n\
         Call-ID: {call_id}\r\nCSeq: {cseq} {method}\r\nContact: <sip:{sip}>;+sip.src\r\n{headers}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}
