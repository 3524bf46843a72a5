//! The SIP of a simulated phone (RFC 3261): one call at a time, its requests with their repeats, its answers, its dialog. A value that is
//! given datagrams and time, and gives back datagrams and what its user notices; no socket. It shares the message type with the switch and
//! nothing else, so that the demo is a conversation of two programs.

use super::session::{self, Direction, Remote};
use crate::base::time::{millis, secs};
use crate::base::{Instant, Rng};
use crate::sip::msg::digest::{Algorithm, Challenge, Credentials};
use crate::sip::msg::{self, Message, Method, NameAddr, Request, Response, Uri};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

const T1: Duration = millis(500);
const T2: Duration = secs(4);
/// Timers B, F, H: 64 × T1.
const GIVE_UP: Duration = secs(32);
/// An INVITE that rings on and on is left to the caller's own patience; this is for one that the switch has forgotten.
const RINGING_MAX: Duration = secs(300);
/// Last answers and ACKs kept for repeats: more than two dialogs' worth. The oldest goes.
const REPEATS_KEPT: usize = 16;
/// Asked of the registrar.
pub const REGISTERED_FOR: Duration = secs(300);

/// Who the phone is.
#[derive(Clone, Debug)]
pub struct Identity {
    pub user: String,
    /// Domain of the From, and of the registrar.
    pub domain: String,
    /// H(user:realm:password) by SHA-256; none for a caller from outside, who is never challenged.
    pub ha1: Option<String>,
}

/// What the phone's user notices.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Heard {
    Registered,
    /// The phone has a call for its user.
    Called {
        caller: String,
    },
    /// It was called, and is not any more.
    Withdrawn,
    /// The called phone rings.
    Rings,
    /// Both can speak.
    Established,
    /// Hold or retrieval is agreed.
    Reoffered,
    /// The other side ended the call.
    HungUp,
    /// Our own ending is done.
    Over,
    /// Our request was refused.
    Refused(u16),
    /// Our request was never answered.
    Unanswered,
    /// The demo ends: finish and go.
    ClosingTime,
}

/// A request of ours that waits for its final answer.
#[derive(Debug)]
struct Asking {
    request: Request,
    branch: String,
    repeat_at: Instant,
    interval: Duration,
    give_up_at: Instant,
    /// A provisional answer came.
    heeded: bool,
    /// Credentials have been sent: a second challenge is a refusal.
    proven: bool,
}

/// A final answer to an INVITE that is repeated until its ACK (RFC 3261 §13.3.1.4, §17.2.1).
#[derive(Debug)]
struct Confirming {
    bytes: Vec<u8>,
    repeat_at: Instant,
    interval: Duration,
    give_up_at: Instant,
}

#[derive(Debug, PartialEq)]
enum Phase {
    Calling,
    /// Cancelled as soon as a provisional answer allows it (RFC 3261 §9.1).
    Cancelling {
        sent: bool,
    },
    Called(Box<Request>),
    /// Our 200 is out, the ACK not in; before it there is no BYE (RFC 3261 §15).
    Answering {
        and_end: bool,
    },
    Talking,
    Ending,
}

#[derive(Debug)]
struct Call {
    phase: Phase,
    id: String,
    /// From and To as we write them.
    local: String,
    remote: String,
    /// Contact of the other side.
    target: Uri,
    remote_media: Option<Remote>,
    /// What we want the stream to be.
    direction: Direction,
    version: u32,
}

#[derive(Debug)]
pub struct UserAgent {
    identity: Identity,
    sip: SocketAddr,
    rtp: SocketAddr,
    switch: SocketAddr,
    rng: Rng,
    cseq: u32,
    register_id: String,
    asking: Vec<Asking>,
    confirming: Option<Confirming>,
    call: Option<Call>,
    /// By branch and method: answers given, ACKs sent.
    repeats: VecDeque<(String, Vec<u8>)>,
    out: Vec<Vec<u8>>,
    heard: VecDeque<Heard>,
}

impl UserAgent {
    /// A phone at `sip` and `rtp`, whose only correspondent is `switch`.
    #[must_use]
    pub fn new(identity: Identity, sip: SocketAddr, rtp: SocketAddr, switch: SocketAddr, mut rng: Rng) -> Self {
        let register_id = rng.hex(8);
        Self {
            identity,
            sip,
            rtp,
            switch,
            rng,
            cseq: 0,
            register_id,
            asking: Vec::new(),
            confirming: None,
            call: None,
            repeats: VecDeque::new(),
            out: Vec::new(),
            heard: VecDeque::new(),
        }
    }

    /// Registers, or with `expires` zero takes the registration back.
    pub fn register(&mut self, expires: Duration, now: Instant) {
        let address = format!("<sip:{}@{}>", self.identity.user, self.identity.domain);
        let from = format!("{address};tag={}", self.rng.hex(4));
        let uri = Uri::sip(None, &self.identity.domain, None);
        let id = self.register_id.clone();
        let mut request = self.request(Method::Register, uri, &from, &address, &id);
        request.headers.push("Contact", self.contact());
        request.headers.push("Expires", expires.as_secs().to_string());
        self.ask(request, now);
    }

    /// Calls a number.
    pub fn invite(&mut self, number: &str, now: Instant) {
        let uri = Uri::sip(Some(number), &self.switch.ip().to_string(), Some(self.switch.port()));
        let local = format!("<sip:{}@{}>;tag={}", self.identity.user, self.identity.domain, self.rng.hex(4));
        let (remote, id) = (format!("<{uri}>"), self.rng.hex(12));
        let mut request = self.request(Method::Invite, uri.clone(), &local, &remote, &id);
        request.headers.push("Contact", self.contact());
        self.describe(&mut request, session::offer(self.rtp, 1, Direction::SendRecv));
        let (remote_media, direction) = (None, Direction::SendRecv);
        self.call = Some(Call { phase: Phase::Calling, id, local, remote, target: uri, remote_media, direction, version: 1 });
        self.ask(request, now);
    }

    /// 180 to the call that came.
    pub fn ring(&mut self) {
        self.respond_to_invite(180, None);
    }

    /// 200 to the call that came.
    pub fn answer(&mut self, now: Instant) {
        let Some(Call { phase: Phase::Called(_), remote_media: Some(remote), version, .. }) = &self.call else { return };
        let body = remote.answer(self.rtp, *version);
        let Some(bytes) = self.respond_to_invite(200, Some(body)) else { return };
        self.confirm(bytes, now);
        if let Some(call) = &mut self.call {
            call.phase = Phase::Answering { and_end: false };
        }
    }

    /// Puts the other side on hold, or takes it back.
    pub fn hold(&mut self, held: bool, now: Instant) {
        let direction = if held { Direction::SendOnly } else { Direction::SendRecv };
        let Some(call) = self.call.as_mut().filter(|call| call.phase == Phase::Talking) else { return };
        call.direction = direction;
        call.version += 1;
        let body = session::offer(self.rtp, call.version, direction);
        let Some(mut request) = self.request_in_call(Method::Invite) else { return };
        request.headers.push("Contact", self.contact());
        self.describe(&mut request, body);
        self.ask(request, now);
    }

    /// Ends whatever is: BYE, CANCEL, or a refusal of the call that came.
    pub fn hang_up(&mut self, now: Instant) {
        let Some(call) = &mut self.call else { return };
        match &call.phase {
            Phase::Calling => {
                call.phase = Phase::Cancelling { sent: false };
                self.cancel_if_possible(now);
            }
            Phase::Called(_) => {
                if let Some(bytes) = self.respond_to_invite(480, None) {
                    self.confirm(bytes, now);
                }
                self.call = None;
            }
            Phase::Answering { .. } => call.phase = Phase::Answering { and_end: true },
            Phase::Talking => {
                call.phase = Phase::Ending;
                if let Some(request) = self.request_in_call(Method::Bye) {
                    self.ask(request, now);
                }
            }
            Phase::Cancelling { .. } | Phase::Ending => {}
        }
    }

    /// Where our packets go, while they may.
    #[must_use]
    pub fn sends_to(&self) -> Option<Remote> {
        let call = self.call.as_ref()?;
        let up = matches!(call.phase, Phase::Answering { .. } | Phase::Talking);
        call.remote_media.filter(|remote| up && call.direction == Direction::SendRecv && remote.direction == Direction::SendRecv)
    }

    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.call.is_none()
    }

    /// A datagram came.
    pub fn receive(&mut self, bytes: &[u8], now: Instant) {
        match msg::parse(bytes) {
            Ok(Message::Request(request)) => self.requested(request, now),
            Ok(Message::Response(response)) => self.answered(&response, now),
            Err(_) => {}
        }
    }

    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        let asking = self.asking.iter().map(|asking| asking.repeat_at.min(asking.give_up_at));
        asking.chain(self.confirming.iter().map(|confirming| confirming.repeat_at.min(confirming.give_up_at))).min()
    }

    pub fn handle_timeout(&mut self, now: Instant) {
        for asking in &mut self.asking {
            if asking.repeat_at <= now && asking.give_up_at > now {
                self.out.push(Message::Request(asking.request.clone()).to_bytes());
                asking.interval = if asking.request.method == Method::Invite { asking.interval * 2 } else { (asking.interval * 2).min(T2) };
                asking.repeat_at = now + asking.interval;
            }
        }
        while let Some(at) = self.asking.iter().position(|asking| asking.give_up_at <= now) {
            if self.asking.remove(at).request.method != Method::Register {
                self.call = None;
            }
            self.heard.push_back(Heard::Unanswered);
        }
        match &mut self.confirming {
            Some(confirming) if confirming.give_up_at <= now => {
                self.confirming = None;
                if let Some(call) = self.call.as_mut().filter(|call| matches!(call.phase, Phase::Answering { .. })) {
                    call.phase = Phase::Talking;
                    self.hang_up(now);
                }
            }
            Some(confirming) if confirming.repeat_at <= now => {
                self.out.push(confirming.bytes.clone());
                confirming.interval = (confirming.interval * 2).min(T2);
                confirming.repeat_at = now + confirming.interval;
            }
            _ => {}
        }
    }

    /// Datagrams for the switch, in order.
    pub fn take_datagrams(&mut self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.out)
    }

    pub fn take_heard(&mut self) -> Option<Heard> {
        self.heard.pop_front()
    }

    // Requests of ours.

    fn contact(&self) -> String {
        format!("<sip:{}@{}>", self.identity.user, self.sip)
    }

    fn describe(&self, request: &mut Request, body: Vec<u8>) {
        request.headers.push("Content-Type", "application/sdp");
        request.body = body;
    }

    fn request(&mut self, method: Method, uri: Uri, from: &str, to: &str, call_id: &str) -> Request {
        self.cseq += 1;
        let cseq = format!("{} {method}", self.cseq);
        let mut request = Request::new(method, uri);
        request.headers.push("Via", self.via());
        for (name, value) in [("Max-Forwards", "70"), ("From", from), ("To", to), ("Call-ID", call_id), ("CSeq", &cseq)] {
            request.headers.push(name, value);
        }
        request.headers.push("User-Agent", "Sanling simulated phone");
        request
    }

    fn via(&mut self) -> String {
        format!("SIP/2.0/UDP {};branch=z9hG4bK{};rport", self.sip, self.rng.hex(8))
    }

    fn request_in_call(&mut self, method: Method) -> Option<Request> {
        let call = self.call.as_ref()?;
        let (uri, local, remote, id) = (call.target.clone(), call.local.clone(), call.remote.clone(), call.id.clone());
        Some(self.request(method, uri, &local, &remote, &id))
    }

    fn ask(&mut self, request: Request, now: Instant) {
        self.ask_as(request, false, now);
    }

    fn ask_as(&mut self, request: Request, proven: bool, now: Instant) {
        self.out.push(Message::Request(request.clone()).to_bytes());
        let branch = request.top_via().branch().unwrap_or_default().to_owned();
        self.asking.push(Asking { request, branch, repeat_at: now + T1, interval: T1, give_up_at: now + GIVE_UP, heeded: false, proven });
    }

    /// RFC 3261 §9.1: no CANCEL before a provisional answer; it has the INVITE's own branch and number.
    fn cancel_if_possible(&mut self, now: Instant) {
        let Some(invite) = self.asking.iter().find(|asking| asking.request.method == Method::Invite) else { return };
        let Some(Call { phase: Phase::Cancelling { sent }, .. }) = &mut self.call else { return };
        if *sent || !invite.heeded {
            return;
        }
        *sent = true;
        let of = &invite.request;
        let mut cancel = Request::new(Method::Cancel, of.uri.clone());
        for name in ["Via", "Max-Forwards", "From", "To", "Call-ID"] {
            cancel.headers.push(name, of.headers.get(name).unwrap_or_default());
        }
        cancel.headers.push("CSeq", format!("{} CANCEL", of.cseq().0));
        self.ask(cancel, now);
    }

    // Answers to ours.

    fn answered(&mut self, response: &Response, now: Instant) {
        let (_, method) = response.cseq();
        let branch = response.top_via().branch().unwrap_or_default().to_owned();
        let Some(at) = self.asking.iter().position(|asking| asking.branch == branch && asking.request.method == method) else {
            return self.repeat(&branch, &Method::Ack);
        };
        if response.code < 200 {
            if method == Method::Invite {
                // Timer A stops; what is left is how long one may ring (RFC 3261 §17.1.1.2).
                let asking = &mut self.asking[at];
                (asking.heeded, asking.repeat_at, asking.give_up_at) = (true, now + RINGING_MAX, now + RINGING_MAX);
                if response.code >= 180 {
                    self.heard.push_back(Heard::Rings);
                }
                self.cancel_if_possible(now);
            }
            return;
        }
        let asking = self.asking.remove(at);
        if method == Method::Invite {
            self.acknowledge(&asking, response);
        }
        if matches!(response.code, 401 | 407) && !asking.proven && self.prove(&asking, response, now) {
            return;
        }
        let ours = self.call.as_mut().filter(|call| call.id == response.call_id());
        match (method, response.code, ours) {
            (Method::Register, 200..=299, _) => self.heard.push_back(Heard::Registered),
            (Method::Invite, 200..=299, Some(call)) => {
                let first = call.phase != Phase::Talking;
                let cancelled = matches!(call.phase, Phase::Cancelling { .. } | Phase::Ending);
                call.remote = response.headers.get("To").unwrap_or_default().to_owned();
                call.remote_media = Remote::read(&response.body).or(call.remote_media);
                call.phase = Phase::Talking;
                if cancelled {
                    // The CANCEL crossed the 200: the call is up, and is ended (RFC 3261 §9.1).
                    return self.hang_up(now);
                }
                self.heard.push_back(if first { Heard::Established } else { Heard::Reoffered });
            }
            // A hold that is refused (491, 488) leaves the call as it was.
            (Method::Invite, _, Some(call)) if call.phase == Phase::Talking => {
                call.direction = Direction::SendRecv;
                self.heard.push_back(Heard::Reoffered);
            }
            (Method::Invite, _, Some(call)) => {
                let cancelled = matches!(call.phase, Phase::Cancelling { .. });
                self.call = None;
                self.heard.push_back(if cancelled { Heard::Over } else { Heard::Refused(response.code) });
            }
            (Method::Bye, _, Some(_)) => {
                self.call = None;
                self.heard.push_back(Heard::Over);
            }
            (Method::Register, code, _) => self.heard.push_back(Heard::Refused(code)),
            _ => {}
        }
    }

    /// ACK: to a refusal under the INVITE's branch (RFC 3261 §17.1.1.3), to a 2xx under one of its own, to the Contact (§13.2.2.4). Kept, for
    /// the answer's repeats.
    fn acknowledge(&mut self, asking: &Asking, response: &Response) {
        let invite = &asking.request;
        let mut uri = invite.uri.clone();
        let mut via = invite.headers.get("Via").unwrap_or_default().to_owned();
        if response.code < 300 {
            if let Ok([contact, ..]) = response.headers.name_addrs("Contact").as_deref() {
                uri = contact.uri.clone();
            }
            via = self.via();
            if let Some(call) = self.call.as_mut().filter(|call| call.id == response.call_id()) {
                call.target = uri.clone();
            }
        }
        let mut ack = Request::new(Method::Ack, uri);
        ack.headers.push("Via", via);
        ack.headers.push("Max-Forwards", "70");
        ack.headers.push("From", invite.headers.get("From").unwrap_or_default());
        ack.headers.push("To", response.headers.get("To").unwrap_or_default());
        ack.headers.push("Call-ID", response.call_id());
        ack.headers.push("CSeq", format!("{} ACK", invite.cseq().0));
        let bytes = Message::Request(ack).to_bytes();
        self.keep(&asking.branch, &Method::Ack, bytes.clone());
        self.out.push(bytes);
    }

    /// Asks again with credentials; false when it cannot.
    fn prove(&mut self, asking: &Asking, response: &Response, now: Instant) -> bool {
        let (header, field) =
            if response.code == 401 { ("WWW-Authenticate", "Authorization") } else { ("Proxy-Authenticate", "Proxy-Authorization") };
        let challenge =
            response.headers.all(header).filter_map(Challenge::from_header).find(|challenge| challenge.algorithm == Algorithm::Sha256);
        let (Some(challenge), Some(ha1)) = (challenge, self.identity.ha1.clone()) else { return false };
        let mut request = asking.request.clone();
        let method = request.method.clone();
        self.cseq += 1;
        request.headers.set("CSeq", format!("{} {method}", self.cseq));
        let via = self.via();
        request.headers.set("Via", via);
        let cnonce = self.rng.hex(8);
        let credentials = Credentials::answer(&challenge, &self.identity.user, &ha1, method.as_str(), &request.uri.to_string(), &cnonce, 1);
        request.headers.set(field, credentials.to_header());
        self.ask_as(request, true, now);
        true
    }

    // Requests of the switch.

    fn requested(&mut self, request: Request, now: Instant) {
        let method = request.method.clone();
        let branch = request.top_via().branch().unwrap_or_default().to_owned();
        if method == Method::Ack {
            return self.confirmed(&request, now);
        }
        if self.repeats.iter().any(|(key, _)| *key == key_of(&branch, &method)) {
            return self.repeat(&branch, &method);
        }
        let in_call = self.call.as_ref().is_some_and(|call| call.id == request.call_id());
        match method {
            Method::Invite if in_call => self.reoffered(&request, now),
            Method::Invite if self.call.is_some() => self.respond(&request, 486, None),
            Method::Invite => self.called(request),
            Method::Cancel => {
                self.respond(&request, 200, None);
                if in_call && matches!(&self.call, Some(Call { phase: Phase::Called(_), .. })) {
                    if let Some(bytes) = self.respond_to_invite(487, None) {
                        self.confirm(bytes, now);
                    }
                    self.call = None;
                    self.heard.push_back(Heard::Withdrawn);
                }
            }
            Method::Bye if in_call => {
                self.respond(&request, 200, None);
                let ours = self.call.take().is_some_and(|call| call.phase == Phase::Ending);
                self.asking.retain(|asking| asking.request.method == Method::Register);
                self.heard.push_back(if ours { Heard::Over } else { Heard::HungUp });
            }
            Method::Update if in_call => self.reoffered(&request, now),
            Method::Options => self.respond(&request, 200, None),
            Method::Info | Method::Notify if in_call => self.respond(&request, 200, None),
            Method::Bye | Method::Update | Method::Info | Method::Notify => self.respond(&request, 481, None),
            _ => self.respond(&request, 405, None),
        }
    }

    fn called(&mut self, request: Request) {
        let Some(remote) = Remote::read(&request.body) else { return self.respond(&request, 488, None) };
        let contacts: Vec<NameAddr> = request.headers.name_addrs("Contact").unwrap_or_default();
        let Some(contact) = contacts.first() else { return self.respond(&request, 400, None) };
        // Repeats of the INVITE find an answer from now on.
        self.respond(&request, 100, None);
        let caller = request.from().uri.user_unescaped().unwrap_or_default();
        let tag = self.rng.hex(4);
        self.call = Some(Call {
            id: request.call_id().to_owned(),
            local: format!("{};tag={tag}", request.headers.get("To").unwrap_or_default()),
            remote: request.headers.get("From").unwrap_or_default().to_owned(),
            target: contact.uri.clone(),
            remote_media: Some(remote),
            direction: Direction::SendRecv,
            version: 1,
            phase: Phase::Called(Box::new(request)),
        });
        self.heard.push_back(Heard::Called { caller });
    }

    /// A re-INVITE or UPDATE: taken as it comes.
    fn reoffered(&mut self, request: &Request, now: Instant) {
        let Some(call) = &mut self.call else { return };
        let mut body = None;
        if let Some(remote) = Remote::read(&request.body) {
            call.remote_media = Some(remote);
            call.version += 1;
            body = Some(remote.answer(self.rtp, call.version));
        } else if request.method == Method::Invite {
            call.version += 1;
            body = Some(session::offer(self.rtp, call.version, call.direction));
        }
        self.respond(request, 200, body);
        if request.method == Method::Invite
            && let Some(bytes) = self.out.last().cloned()
        {
            self.confirm(bytes, now);
        }
    }

    fn confirmed(&mut self, ack: &Request, now: Instant) {
        self.confirming = None;
        let Some(call) = self.call.as_mut().filter(|call| call.id == ack.call_id()) else { return };
        let Phase::Answering { and_end } = call.phase else { return };
        call.phase = Phase::Talking;
        if and_end {
            self.hang_up(now);
        } else {
            self.heard.push_back(Heard::Established);
        }
    }

    fn confirm(&mut self, bytes: Vec<u8>, now: Instant) {
        self.confirming = Some(Confirming { bytes, repeat_at: now + T1, interval: T1, give_up_at: now + GIVE_UP });
    }

    /// Answers the INVITE of the call that came; gives the bytes.
    fn respond_to_invite(&mut self, code: u16, body: Option<Vec<u8>>) -> Option<Vec<u8>> {
        let Some(Call { phase: Phase::Called(request), .. }) = &self.call else { return None };
        let request = request.clone();
        self.respond(&request, code, body);
        self.out.last().cloned()
    }

    fn respond(&mut self, request: &Request, code: u16, body: Option<Vec<u8>>) {
        let ours = self.call.as_ref().filter(|call| call.id == request.call_id());
        let tag = ours.and_then(|call| call.local.rsplit_once(";tag=")).map_or("stateless", |(_, tag)| tag).to_owned();
        let mut response = request.response(code, None, Some(&tag));
        if code == 405 {
            response.headers.push("Allow", "INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, INFO, NOTIFY");
        }
        if matches!(request.method, Method::Invite | Method::Update) {
            response.headers.push("Contact", self.contact());
        }
        if let Some(body) = body {
            response.headers.push("Content-Type", "application/sdp");
            response.body = body;
        }
        let bytes = Message::Response(response).to_bytes();
        let branch = request.top_via().branch().unwrap_or_default().to_owned();
        self.keep(&branch, &request.method, bytes.clone());
        self.out.push(bytes);
    }

    fn keep(&mut self, branch: &str, method: &Method, bytes: Vec<u8>) {
        let key = key_of(branch, method);
        self.repeats.retain(|(known, _)| *known != key);
        if self.repeats.len() == REPEATS_KEPT {
            self.repeats.pop_front();
        }
        self.repeats.push_back((key, bytes));
    }

    fn repeat(&mut self, branch: &str, method: &Method) {
        let key = key_of(branch, method);
        self.out.extend(self.repeats.iter().find(|(known, _)| *known == key).map(|(_, bytes)| bytes.clone()));
    }
}

fn key_of(branch: &str, method: &Method) -> String {
    format!("{branch} {method}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::msg::digest::ha1;

    const SWITCH: &str = "127.0.0.1:5060";

    fn phone(user: &str, password: Option<&str>) -> UserAgent {
        let ha1 = password.map(|password| ha1(Algorithm::Sha256, user, "sanling.local", password));
        let identity = Identity { user: user.to_owned(), domain: "sanling.local".to_owned(), ha1 };
        let at = |text: &str| text.parse().expect("an address");
        UserAgent::new(identity, at("127.0.0.1:40001"), at("127.0.0.1:40002"), at(SWITCH), Rng::new(1))
    }

    fn at(ms: u64) -> Instant {
        Instant::after_start(millis(ms))
    }

    fn sent(phone: &mut UserAgent) -> Vec<Message> {
        phone.take_datagrams().iter().map(|bytes| msg::parse(bytes).expect("a message")).collect()
    }

    #[track_caller]
    fn request(phone: &mut UserAgent) -> Request {
        match sent(phone).pop() {
            Some(Message::Request(request)) => request,
            other => panic!("no request: {other:?}"),
        }
    }

    #[track_caller]
    fn response(phone: &mut UserAgent) -> Response {
        match sent(phone).pop() {
            Some(Message::Response(response)) => response,
            other => panic!("no response: {other:?}"),
        }
    }

    fn tell(phone: &mut UserAgent, message: impl Into<Message>, ms: u64) {
        phone.receive(&message.into().to_bytes(), at(ms));
    }

    impl From<Response> for Message {
        fn from(response: Response) -> Self {
            Self::Response(response)
        }
    }

    impl From<Request> for Message {
        fn from(request: Request) -> Self {
            Self::Request(request)
        }
    }

    /// A 200 with a stream.
    fn accepted(invite: &Request) -> Response {
        let mut ok = invite.response(200, None, Some("switch"));
        ok.headers.push("Contact", "<sip:leg@127.0.0.1:5060>");
        ok.headers.push("Content-Type", "application/sdp");
        ok.body = session::offer("127.0.0.1:20000".parse().expect("an address"), 1, Direction::SendRecv);
        ok
    }

    /// INVITE of the switch.
    fn invitation() -> Request {
        let mut invite = Request::new(Method::Invite, "sip:1001@127.0.0.1:40001".parse().expect("a URI"));
        for (name, value) in [
            ("Via", "SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKa"),
            ("From", "<sip:13800001234@sanling.local>;tag=s"),
            ("To", "<sip:1001@sanling.local>"),
            ("Call-ID", "b-leg"),
            ("CSeq", "1 INVITE"),
            ("Contact", "<sip:leg@127.0.0.1:5060>"),
            ("Content-Type", "application/sdp"),
        ] {
            invite.headers.push(name, value);
        }
        invite.body = accepted(&invite).body;
        invite
    }

    fn in_dialog(method: Method, branch: &str, phone_to: &str) -> Request {
        let mut request = invitation();
        request.headers.set("Via", format!("SIP/2.0/UDP 127.0.0.1:5060;branch={branch}"));
        request.headers.set("CSeq", format!("2 {method}"));
        request.headers.set("To", phone_to);
        request.method = method;
        request.body.clear();
        request
    }

    #[test]
    fn registering_answers_the_challenge_of_sha_256_once() {
        let mut phone = phone("1001", Some("demo-1001"));
        phone.register(REGISTERED_FOR, at(0));
        let first = request(&mut phone);
        let challenge = Challenge { realm: "sanling.local".into(), nonce: "n".into(), algorithm: Algorithm::Sha256, stale: false };
        let challenged = |request: &Request| {
            let mut response = request.response(401, None, Some("t"));
            response.headers.push("WWW-Authenticate", challenge.to_header());
            response
        };
        tell(&mut phone, challenged(&first), 1);
        let second = request(&mut phone);
        assert_eq!(second.cseq().0, first.cseq().0 + 1);
        let credentials = second.headers.get("Authorization").and_then(Credentials::from_header).expect("credentials");
        assert!(credentials.proves(&ha1(Algorithm::Sha256, "1001", "sanling.local", "demo-1001"), "REGISTER"));
        tell(&mut phone, challenged(&second), 2);
        assert_eq!(phone.take_heard(), Some(Heard::Refused(401)));
        phone.register(REGISTERED_FOR, at(3));
        let third = request(&mut phone);
        tell(&mut phone, third.response(200, None, Some("t")), 4);
        assert_eq!(phone.take_heard(), Some(Heard::Registered));
    }

    /// RFC 3261 §17.1.1.2: timers A and B.
    #[test]
    fn an_invite_is_repeated_until_it_is_heeded_and_given_up_if_never() {
        let mut phone = phone("13800001234", None);
        phone.invite("95000", at(0));
        let mut times = vec![];
        phone.take_datagrams();
        while let Some(deadline) = phone.deadline() {
            phone.handle_timeout(deadline);
            times.extend(phone.take_datagrams().iter().map(|_| deadline.since_start().as_millis()));
        }
        assert_eq!(times, [500, 1_500, 3_500, 7_500, 15_500, 31_500]);
        assert_eq!((phone.take_heard(), phone.is_idle()), (Some(Heard::Unanswered), true));
    }

    #[test]
    fn a_call_out_rings_is_answered_held_retrieved_and_ended() {
        let mut phone = phone("13800001234", None);
        phone.invite("95000", at(0));
        let invite = request(&mut phone);
        tell(&mut phone, invite.response(180, None, Some("switch")), 10);
        assert_eq!(phone.take_heard(), Some(Heard::Rings));
        assert!(phone.sends_to().is_none());
        tell(&mut phone, accepted(&invite), 2_000);
        let ack = request(&mut phone);
        assert_eq!((ack.method.clone(), ack.uri.to_string().as_str()), (Method::Ack, "sip:leg@127.0.0.1:5060"));
        assert_eq!(phone.take_heard(), Some(Heard::Established));
        assert_eq!(phone.sends_to().map(|remote| remote.address.port()), Some(20_000));
        tell(&mut phone, accepted(&invite), 2_500);
        assert_eq!(request(&mut phone), ack, "the 200 again: the ACK again");
        assert_eq!(phone.take_heard(), None);

        phone.hold(true, at(3_000));
        let hold = request(&mut phone);
        assert_eq!(Remote::read(&hold.body).map(|remote| remote.direction), Some(Direction::SendOnly));
        assert_eq!(hold.to().tag(), Some("switch"));
        assert!(phone.sends_to().is_none(), "a phone that holds says nothing");
        tell(&mut phone, accepted(&hold), 3_010);
        assert_eq!((phone.take_heard(), request(&mut phone).method), (Some(Heard::Reoffered), Method::Ack));
        phone.hold(false, at(4_000));
        let back = request(&mut phone);
        tell(&mut phone, accepted(&back), 4_010);
        assert!(phone.sends_to().is_some());
        phone.take_heard();
        phone.take_datagrams();

        phone.hang_up(at(5_000));
        let bye = request(&mut phone);
        assert_eq!(bye.method, Method::Bye);
        tell(&mut phone, bye.response(200, None, None), 5_010);
        assert_eq!((phone.take_heard(), phone.is_idle(), phone.deadline()), (Some(Heard::Over), true, None));
    }

    /// RFC 3261 §9.1.
    #[test]
    fn a_caller_who_leaves_cancels_once_he_was_heeded() {
        let mut phone = phone("13800001234", None);
        phone.invite("95000", at(0));
        let invite = request(&mut phone);
        phone.hang_up(at(10));
        assert!(phone.take_datagrams().is_empty());
        tell(&mut phone, invite.response(100, None, None), 20);
        let cancel = request(&mut phone);
        assert_eq!((cancel.method.clone(), cancel.top_via(), cancel.cseq().0), (Method::Cancel, invite.top_via(), invite.cseq().0));
        tell(&mut phone, cancel.response(200, None, None), 30);
        tell(&mut phone, invite.response(487, None, Some("switch")), 31);
        assert_eq!(request(&mut phone).method, Method::Ack);
        assert_eq!((phone.take_heard(), phone.is_idle(), phone.deadline()), (Some(Heard::Over), true, None));
    }

    #[test]
    fn a_200_that_crosses_the_cancel_is_acknowledged_and_ended() {
        let mut phone = phone("13800001234", None);
        phone.invite("95000", at(0));
        let invite = request(&mut phone);
        tell(&mut phone, invite.response(180, None, Some("switch")), 10);
        phone.take_heard();
        phone.hang_up(at(20));
        phone.take_datagrams();
        tell(&mut phone, accepted(&invite), 21);
        let methods: Vec<_> = sent(&mut phone)
            .into_iter()
            .map(|message| match message {
                Message::Request(request) => request.method,
                Message::Response(_) => panic!("an answer"),
            })
            .collect();
        assert_eq!(methods, [Method::Ack, Method::Bye]);
        assert_eq!(phone.take_heard(), None);
    }

    #[test]
    fn a_call_that_comes_rings_is_answered_and_its_200_repeated_until_the_ack() {
        let mut phone = phone("1001", None);
        tell(&mut phone, invitation(), 0);
        assert_eq!(phone.take_heard(), Some(Heard::Called { caller: "13800001234".to_owned() }));
        assert_eq!(response(&mut phone).code, 100);
        phone.ring();
        let ringing = response(&mut phone);
        assert_eq!(ringing.code, 180);
        tell(&mut phone, invitation(), 500);
        assert_eq!(response(&mut phone), ringing, "a repeat");
        phone.answer(at(2_000));
        let ok = response(&mut phone);
        assert_eq!((ok.code, ok.to().tag()), (200, ringing.to().tag()));
        phone.handle_timeout(at(2_500));
        assert_eq!(response(&mut phone), ok);
        tell(&mut phone, in_dialog(Method::Ack, "z9hG4bKb", ok.headers.get("To").expect("To")), 2_600);
        assert_eq!((phone.take_heard(), phone.deadline()), (Some(Heard::Established), None));
        tell(&mut phone, in_dialog(Method::Bye, "z9hG4bKc", ok.headers.get("To").expect("To")), 9_000);
        assert_eq!((response(&mut phone).code, phone.take_heard(), phone.is_idle()), (200, Some(Heard::HungUp), true));
    }

    #[test]
    fn a_call_that_is_withdrawn_gets_487_until_its_ack() {
        let mut phone = phone("1001", None);
        tell(&mut phone, invitation(), 0);
        phone.take_heard();
        phone.ring();
        phone.take_datagrams();
        let mut cancel = in_dialog(Method::Cancel, "z9hG4bKa", "<sip:1001@sanling.local>");
        cancel.headers.set("CSeq", "1 CANCEL");
        tell(&mut phone, cancel, 15_000);
        let codes: Vec<_> = sent(&mut phone)
            .into_iter()
            .map(|message| match message {
                Message::Response(response) => response.code,
                Message::Request(_) => panic!("a request"),
            })
            .collect();
        assert_eq!(codes, [200, 487]);
        assert_eq!(phone.take_heard(), Some(Heard::Withdrawn));
        phone.handle_timeout(at(15_500));
        assert_eq!(response(&mut phone).code, 487);
        tell(&mut phone, in_dialog(Method::Ack, "z9hG4bKa", "<sip:1001@sanling.local>"), 15_600);
        assert_eq!(phone.deadline(), None);
    }
}
