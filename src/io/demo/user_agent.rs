//! The SIP of a simulated phone (RFC 3261): one call at a time, its requests with their repeats, its answers, its dialog. A value that is
//! given datagrams and time, and gives back datagrams and what its user notices; no socket. It shares the message type with the switch and
//! nothing else, so that the demo is a conversation of two programs.

mod answering;
mod asking;
#[cfg(test)]
mod tests;

use super::session::{self, Direction, Remote};
use crate::base::time::{millis, secs};
use crate::base::{Instant, Rng};
use crate::sip::msg::{self, Message, Method, Request, Uri};
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
}
