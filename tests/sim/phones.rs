//! A SIP phone, written apart from the switch's own SIP: only messages and digest arithmetic are shared. It registers, calls, rings, answers,
//! refuses, holds, hangs up and retransmits. What it does by itself is its `Habit`; its sound is its `Stream`.

use super::cipher::{Cipher, Setting};
use super::people::{Alert, Deed, Habit, OnRing, Way};
use super::sound::Sound;
use super::stream::{Stream, formats};
use sanling::base::time::{millis, secs};
use sanling::base::{Duration, Instant, Rng};
use sanling::sip::Protocol;
use sanling::sip::msg::digest::{Algorithm, Challenge, Credentials, ha1};
use sanling::sip::msg::{Message, Method, Request, Response, parse};
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

const T1: Duration = millis(500);
const T2: Duration = secs(4);
const GIVE_UP: Duration = secs(32);

/// What leaves a phone.
pub enum Emission {
    Sip(Vec<u8>),
    Rtp { from: SocketAddr, to: SocketAddr, bytes: Vec<u8> },
}

/// A coarse phone's sound, in place of its packets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Voice {
    Began(Sound),
    Ended,
}

/// What a phone lived through, for stories.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Saw {
    Registered,
    RegisterRefused(u16),
    /// A call comes in.
    Invited,
    /// A provisional response to a call out.
    Progress(u16),
    /// A final refusal of a call out.
    Refused {
        code: u16,
        retry_after: Option<u32>,
    },
    Up,
    Held,
    Retrieved,
    /// The switch gave the ringing up.
    Cancelled {
        reason: Option<String>,
    },
    /// The switch hung up.
    Bye {
        reason: Option<String>,
    },
    /// How a referral of ours goes: the status that a NOTIFY tells.
    Notified(u16),
    /// A message that is none.
    Garbage(String),
    /// A request of ours was never answered.
    NoResponse(Method),
}

/// A call out as its caller saw it, for the books.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Past {
    pub caller: String,
    /// How long he had somebody, or music, on the line; none if nobody took the call.
    pub lasted: Option<Duration>,
    pub end: End,
}

/// How a call ended for a phone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// By its own BYE.
    HungUp,
    /// By the switch's.
    Bye,
    Refused(u16),
    /// It died, or nobody answered what it asked.
    Lost,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// INVITE sent.
    Dialling,
    /// INVITE taken, not answered yet.
    Incoming,
    Up,
    Ended,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Alert,
    Answer,
    Refuse(u16),
    /// Acknowledges the reliable ringing of this RSeq.
    Prack(u32),
    Leave,
    Deed(Deed),
}

pub struct Leg {
    pub state: State,
    call_id: String,
    local: String,
    local_tag: String,
    pub remote: String,
    remote_tag: Option<String>,
    target: String,
    cseq: u32,
    /// Of a call in: the INVITE to answer. Of a call out: what a CANCEL repeats.
    pub invite: Option<Request>,
    invite_branch: String,
    invite_cseq: u32,
    challenged: bool,
    /// Ordered before anything came back: a CANCEL must wait for a provisional response (RFC 3261 §9.1).
    cancel_wanted: bool,
    provisional: bool,
    /// RSeq of the last reliable ringing.
    rang: Option<u32>,
    ack: Option<(u32, Vec<u8>)>,
    plan: Vec<(Instant, Step)>,
    pub stream: Stream,
    /// Its sound began before the answer.
    is_early: bool,
    /// Tag of the other who answered.
    twin: Option<String>,
    version: u32,
    /// Whether it would be recorded: a line of its descriptions.
    prefers: String,
    pub holding: Option<Way>,
    pub began_at: Instant,
    pub alerted_at: Option<Instant>,
    pub up_at: Option<Instant>,
    pub ended_at: Option<Instant>,
}

/// What a number behind which several phones ring does besides (RFC 3261 §13.2.2.4).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fork {
    /// Another answers than the one whose early sound was heard.
    Moves,
    /// Two answer.
    Both,
}

#[derive(Clone, Debug)]
enum Purpose {
    Register,
    Invite,
    Reinvite(Option<Way>),
    /// A new INVITE in its dialog, without a description.
    Refresh,
    /// Outside of calls: for whom, with these lines and this body; proven by now.
    Aside(String, String, String, bool),
    Other,
}

struct Sent {
    branch: String,
    method: Method,
    call_id: String,
    purpose: Purpose,
    bytes: Vec<u8>,
    resend: Resend,
    proceeding: bool,
}

/// Retransmission by T1, doubling to T2, for 64 × T1.
struct Resend {
    at: Instant,
    interval: Duration,
    give_up_at: Instant,
}

impl Resend {
    fn from(now: Instant) -> Self {
        Self { at: now + T1, interval: T1, give_up_at: now + GIVE_UP }
    }

    fn again(&mut self, now: Instant) {
        self.interval = (self.interval * 2).min(T2);
        self.at = now + self.interval;
    }
}

struct Final {
    call_id: String,
    cseq: u32,
    bytes: Vec<u8>,
    resend: Resend,
}

pub struct Phone {
    /// User part.
    pub name: String,
    pub sip: SocketAddr,
    /// Where it hears, when that is not where it signals.
    pub hears_at: Option<IpAddr>,
    pub password: Option<String>,
    pub algorithm: Algorithm,
    pub domain: String,
    pub habit: Habit,
    pub legs: Vec<Leg>,
    pub alive: bool,
    /// Its signalling is cut off, both ways; its sound is not.
    pub hears_no_sip: bool,
    /// Requires that its ringing comes reliably (RFC 3262), and acknowledges each so long after.
    pub pracks_after: Option<Duration>,
    /// Further lines of its REGISTERs: Path, Supported, …
    pub register_lines: String,
    /// Parameters of its Contact, there.
    pub contact_params: String,
    /// Its second way to the switch; the first is `sip`.
    pub spare: Option<SocketAddr>,
    /// By what its way is, and its second one.
    pub over: Protocol,
    pub spare_over: Protocol,
    /// Where it takes connections, and the name that its certificate proves over TLS.
    pub listens_at: Option<SocketAddr>,
    pub certificate: Option<String>,
    /// Ways of which the proxy before it says that they are broken (430, RFC 5626 §11.5).
    pub lost_ways: Vec<SocketAddr>,
    /// Its Contact, where that is not its address.
    pub contact: Option<String>,
    /// Its calls have no offer: the switch makes one.
    pub offers_late: bool,
    /// Rings reliably, and so often was acknowledged (RFC 3262).
    pub rings_reliably: bool,
    pub pracks_heard: u32,
    pub forks: Option<Fork>,
    /// Whom of two who answered the switch released.
    pub released_twins: u32,
    /// The user of its From, where that is not who it is.
    pub shown_as: Option<String>,
    /// Further lines of its INVITEs, and of its BYEs and CANCELs.
    pub invite_lines: String,
    /// It understands whether it is recorded (RFC 7866 §6.3); what it was told, and the version of that description; and what it would have.
    pub is_record_aware: bool,
    pub told_of_recording: Vec<(Instant, String, u64)>,
    pub prefers: String,
    pub bye_lines: String,
    /// How it answers a MESSAGE.
    pub takes_text: u16,
    /// What refuses a call says besides.
    pub refusal_lines: Vec<(&'static str, String)>,
    /// What it was sent outside of calls: NOTIFY and MESSAGE, each with when.
    pub told: Vec<(Instant, Request)>,
    /// How what it asked outside of calls was answered.
    pub answers: Vec<(Method, Response)>,
    /// Its offers are this, whatever it can.
    pub offers: Option<String>,
    /// The body of the last 200 to an INVITE of its own.
    pub answered_with: Vec<u8>,
    /// Keeps the sound it hears, not the count of its packets alone.
    pub listens: bool,
    /// Sends no RTP, but tells when it would begin and end (`voices`); and forgets calls that are long over.
    pub coarse: bool,
    pub voices: Vec<(SocketAddr, Voice)>,
    /// Draws the habit of each call anew.
    pub temper: Option<fn(&mut Rng) -> Habit>,
    /// The payload types that it speaks from its next call on, in order: 8 is PCMA, 0 PCMU.
    pub speaks: Vec<u8>,
    /// The payload types of the last offer that it was sent, in order.
    pub was_offered: Vec<u8>,
    /// Its sound is encrypted, from its next call on.
    pub secure: Option<Setting>,
    /// Of refusals of its calls.
    pub warnings: Vec<String>,
    /// Its next call asks for another's place.
    replaces: Option<String>,
    pub log: Vec<(Instant, Saw)>,
    /// Its calls out that are over.
    pub past: Vec<Past>,
    rng: Rng,
    sent: Vec<Sent>,
    finals: Vec<Final>,
    /// By branch and method: what a request that comes again is answered. And those of the minute before, with when that ended.
    answered: BTreeMap<(String, String), Vec<u8>>,
    answered_before: BTreeMap<(String, String), Vec<u8>>,
    turned_at: Instant,
    register_id: String,
    register_cseq: u32,
    /// Expiry asked for last.
    expires: u32,
    refresh_at: Option<Instant>,
    pub registered: bool,
    next_port: u16,
    nonce_count: u32,
}

impl Phone {
    pub fn new(name: &str, sip: SocketAddr, domain: &str, mut rng: Rng) -> Self {
        Self {
            name: name.to_owned(),
            sip,
            password: None,
            algorithm: Algorithm::Sha256,
            domain: domain.to_owned(),
            habit: Habit::default(),
            legs: Vec::new(),
            alive: true,
            hears_no_sip: false,
            pracks_after: None,
            register_lines: String::new(),
            contact_params: String::new(),
            spare: None,
            over: Protocol::Udp,
            spare_over: Protocol::Udp,
            listens_at: None,
            certificate: None,
            lost_ways: Vec::new(),
            contact: None,
            offers_late: false,
            rings_reliably: false,
            pracks_heard: 0,
            forks: None,
            released_twins: 0,
            shown_as: None,
            invite_lines: String::new(),
            is_record_aware: false,
            told_of_recording: Vec::new(),
            prefers: String::new(),
            bye_lines: String::new(),
            takes_text: 200,
            refusal_lines: Vec::new(),
            told: Vec::new(),
            answers: Vec::new(),
            offers: None,
            answered_with: Vec::new(),
            listens: true,
            coarse: false,
            voices: Vec::new(),
            temper: None,
            hears_at: None,
            speaks: vec![8],
            was_offered: Vec::new(),
            secure: None,
            warnings: Vec::new(),
            replaces: None,
            log: Vec::new(),
            past: Vec::new(),
            register_id: rng.hex(8),
            rng,
            sent: Vec::new(),
            finals: Vec::new(),
            answered: BTreeMap::new(),
            answered_before: BTreeMap::new(),
            turned_at: Instant::START,
            register_cseq: 0,
            expires: 0,
            refresh_at: None,
            registered: false,
            next_port: 40_000,
            nonce_count: 0,
        }
    }

    /// The latest call.
    pub fn leg(&self) -> Option<&Leg> {
        self.legs.last()
    }

    pub fn state(&self) -> Option<State> {
        self.leg().map(|leg| leg.state)
    }

    pub fn is_idle(&self) -> bool {
        self.legs.iter().all(|leg| leg.state == State::Ended)
    }

    pub fn saw(&self, wanted: &Saw) -> Option<Instant> {
        self.log.iter().rev().find(|(_, saw)| saw == wanted).map(|(at, _)| *at)
    }

    // ---- orders ----

    pub fn register(&mut self, expires: u32, now: Instant, out: &mut Vec<Emission>) {
        self.expires = expires;
        self.send_register(None, now, out);
    }

    pub fn unregister(&mut self, now: Instant, out: &mut Vec<Emission>) {
        self.register(0, now, out);
    }

    fn send_register(&mut self, authorization: Option<String>, now: Instant, out: &mut Vec<Emission>) {
        self.register_cseq += 1;
        let expires = self.expires;
        let branch = self.branch();
        let (name, domain, sip) = (&self.name, &self.domain, self.sip);
        let authorization = authorization.map(|value| format!("Authorization: {value}\r\n")).unwrap_or_default();
        let bytes = format!(
            "REGISTER sip:{domain} SIP/2.0\r\nVia: SIP/2.0/UDP {sip};branch={branch};rport\r\nMax-Forwards: 70\r\n\
             From: <sip:{name}@{domain}>;tag=reg{name}\r\nTo: <sip:{name}@{domain}>\r\nCall-ID: {id}\r\nCSeq: {cseq} REGISTER\r\n\
             Contact: <{contact}>{params}\r\nExpires: {expires}\r\n{more}{authorization}Content-Length: 0\r\n\r\n",
            contact = self.contact(),
            params = self.contact_params,
            more = self.register_lines,
            id = self.register_id,
            cseq = self.register_cseq,
        );
        let id = self.register_id.clone();
        self.request(branch, Method::Register, id, Purpose::Register, bytes.into_bytes(), now, out);
    }

    fn contact(&self) -> String {
        self.contact.clone().unwrap_or_else(|| format!("sip:{}@{}", self.name, self.sip))
    }

    /// Asks something outside of calls (SUBSCRIBE, MESSAGE), proving itself when it is challenged.
    pub fn ask_aside(&mut self, method: &Method, user: &str, lines: &str, body: &str, now: Instant, out: &mut Vec<Emission>) {
        let asked = (user.to_owned(), lines.to_owned(), body.to_owned());
        self.send_aside(method, asked, None, now, out);
    }

    fn send_aside(
        &mut self,
        method: &Method,
        (user, lines, body): (String, String, String),
        authorization: Option<String>,
        now: Instant,
        out: &mut Vec<Emission>,
    ) {
        let (branch, id) = (self.branch(), self.rng.hex(8));
        let (name, domain, sip, proven) = (self.name.clone(), self.domain.clone(), self.sip, authorization.is_some());
        let authorization = authorization.map(|value| format!("Authorization: {value}\r\n")).unwrap_or_default();
        let bytes = format!(
            "{method} sip:{user}@{domain} SIP/2.0\r\nVia: SIP/2.0/UDP {sip};branch={branch};rport\r\nMax-Forwards: 70\r\n\
             From: <sip:{name}@{domain}>;tag=aside{name}\r\nTo: <sip:{user}@{domain}>\r\nCall-ID: {id}\r\nCSeq: 1 {method}\r\n\
             Contact: <sip:{name}@{sip}>\r\n{authorization}{lines}Content-Length: {length}\r\n\r\n{body}",
            length = body.len(),
        );
        self.request(branch, method.clone(), id, Purpose::Aside(user, lines, body, proven), bytes.into_bytes(), now, out);
    }

    /// Calls `number`. Agents call as themselves, others from the trunk's side.
    pub fn dial(&mut self, number: &str, now: Instant, out: &mut Vec<Emission>) {
        self.forget_what_is_long_over(now);
        if let Some(temper) = self.temper {
            self.habit = temper(&mut self.rng);
        }
        let local = match self.password {
            Some(_) => format!("<sip:{}@{}>", self.name, self.domain),
            None => format!("\"{0}\" <sip:{0}@carrier.test>", self.shown_as.as_ref().unwrap_or(&self.name)),
        };
        let target = format!("sip:{number}@{}", self.domain);
        let remote = format!("<{target}>");
        let mut leg = self.new_leg(true, local, remote, target, now);
        leg.call_id = self.rng.hex(8);
        if let Some(after) = self.habit.leaves_after {
            leg.plan.push((now + after, Step::Leave));
        }
        self.legs.push(leg);
        self.send_invite(self.legs.len() - 1, None, now, out);
    }

    fn new_leg(&mut self, outgoing: bool, local: String, remote: String, target: String, now: Instant) -> Leg {
        self.next_port += 2;
        let ip = self.hears_at.unwrap_or(self.sip.ip());
        let mut stream = Stream::new(SocketAddr::new(ip, self.next_port), self.habit.sound, &mut self.rng);
        stream.speaks.clone_from(&self.speaks);
        stream.kind = self.speaks[0];
        stream.cipher = self.secure.map(|setting| Cipher::new(setting, &mut self.rng));
        let prefers = self.prefers.clone();
        Leg {
            prefers,
            state: if outgoing { State::Dialling } else { State::Incoming },
            call_id: String::new(),
            local,
            local_tag: self.rng.hex(4),
            remote,
            remote_tag: None,
            target,
            cseq: 0,
            invite: None,
            invite_branch: String::new(),
            invite_cseq: 0,
            challenged: false,
            cancel_wanted: false,
            provisional: false,
            rang: None,
            ack: None,
            plan: Vec::new(),
            stream,
            is_early: false,
            twin: None,
            version: 1,
            holding: None,
            began_at: now,
            alerted_at: None,
            up_at: None,
            ended_at: None,
        }
    }

    fn send_invite(&mut self, index: usize, authorization: Option<String>, now: Instant, out: &mut Vec<Emission>) {
        let branch = self.branch();
        let body = self.offers.clone().unwrap_or_else(|| self.legs[index].sdp());
        let leg = &mut self.legs[index];
        leg.cseq += 1;
        leg.invite_cseq = leg.cseq;
        leg.invite_branch.clone_from(&branch);
        let mut extra = authorization.map(|value| format!("Authorization: {value}\r\n")).unwrap_or_default();
        if let Some(replaces) = &self.replaces {
            extra.push_str(&format!("Replaces: {replaces}\r\nRequire: replaces\r\n"));
        }
        if self.pracks_after.is_some() {
            extra.push_str("Require: 100rel\r\n");
        }
        extra.push_str(&self.invite_lines);
        if self.is_record_aware {
            extra.push_str("Supported: record-aware\r\n");
        }
        let body = Some(body.as_str()).filter(|_| !self.offers_late);
        let bytes = in_dialog(&self.legs[index], &self.name, self.sip, "INVITE", &branch, &extra, body);
        let id = self.legs[index].call_id.clone();
        self.request(branch, Method::Invite, id, Purpose::Invite, bytes, now, out);
    }

    /// Answers the call that rings.
    pub fn answer(&mut self, now: Instant, out: &mut Vec<Emission>) {
        if let Some(index) = self.legs.iter().rposition(|leg| leg.state == State::Incoming) {
            if self.forks == Some(Fork::Moves) {
                self.another_answers(index);
            }
            self.up(index, now);
            self.legs[index].version += 1;
            let body = self.legs[index].sdp();
            self.respond_to_invite(index, 200, Some(&body), now, out);
            if self.forks == Some(Fork::Both) {
                self.twin_answers(index, &body, out);
            }
        }
    }

    /// Behind its number it is another who answers, elsewhere; the one who was heard is gone.
    fn another_answers(&mut self, index: usize) {
        self.next_port += 2;
        let mut stream = Stream::new(SocketAddr::new(self.sip.ip(), self.next_port), self.habit.sound, &mut self.rng);
        let tag = self.rng.hex(4);
        let leg = &mut self.legs[index];
        stream.remote = leg.stream.remote;
        leg.stream = stream;
        leg.local_tag = tag;
    }

    /// And so does another, in the same moment, under a tag of its own.
    fn twin_answers(&mut self, index: usize, body: &str, out: &mut Vec<Emission>) {
        let Some(request) = self.legs[index].invite.clone() else { return };
        let tag = self.rng.hex(4);
        self.respond(&request, 200, Some(&tag), Some(body), out);
        self.legs[index].twin = Some(tag);
    }

    /// Refuses the call that rings.
    pub fn refuse(&mut self, code: u16, now: Instant, out: &mut Vec<Emission>) {
        if let Some(index) = self.legs.iter().rposition(|leg| leg.state == State::Incoming) {
            self.respond_to_invite(index, code, None, now, out);
            self.end(index, now);
        }
    }

    /// Ends the latest call by whatever its state asks for.
    pub fn hang_up(&mut self, now: Instant, out: &mut Vec<Emission>) {
        let Some(index) = self.legs.iter().rposition(|leg| leg.state != State::Ended) else { return };
        match self.legs[index].state {
            State::Dialling if self.legs[index].provisional => self.send_cancel(index, now, out),
            State::Dialling => self.legs[index].cancel_wanted = true,
            State::Incoming => self.refuse(603, now, out),
            State::Up => {
                let lines = self.bye_lines.clone();
                self.dialog_request(index, Method::Bye, &lines, None, Purpose::Other, now, out);
                self.end_by(End::HungUp, index, now);
            }
            State::Ended => {}
        }
    }

    fn send_cancel(&mut self, index: usize, now: Instant, out: &mut Vec<Emission>) {
        let leg = &self.legs[index];
        let bytes = format!(
            "CANCEL {target} SIP/2.0\r\nVia: SIP/2.0/UDP {sip};branch={branch};rport\r\nMax-Forwards: 70\r\nFrom: {local};tag={tag}\r\n\
             To: {remote}\r\nCall-ID: {id}\r\nCSeq: {cseq} CANCEL\r\n{more}Content-Length: 0\r\n\r\n",
            more = self.bye_lines,
            target = leg.target,
            sip = self.sip,
            branch = leg.invite_branch,
            local = leg.local,
            tag = leg.local_tag,
            remote = leg.remote,
            id = leg.call_id,
            cseq = leg.invite_cseq,
        );
        let (branch, id) = (leg.invite_branch.clone(), leg.call_id.clone());
        self.request(branch, Method::Cancel, id, Purpose::Other, bytes.into_bytes(), now, out);
    }

    /// Asks that whom it speaks with on its latest line be connected to `number` (RFC 3515).
    pub fn refer(&mut self, number: &str, now: Instant, out: &mut Vec<Emission>) {
        let Some(index) = self.legs.iter().rposition(|leg| leg.state == State::Up) else { return };
        let target = format!("<sip:{number}@{}>", self.domain);
        self.send_refer(index, &target, now, out);
    }

    /// Asks that whom it speaks with on its first line be connected to whom it speaks with, or calls, on its last (RFC 5589 §7).
    pub fn refer_to_other_line(&mut self, now: Instant, out: &mut Vec<Emission>) {
        let alive = |leg: &Leg| matches!(leg.state, State::Up | State::Dialling);
        let (Some(first), Some(last)) = (self.legs.iter().position(alive), self.legs.iter().rposition(alive)) else { return };
        let replaces = self.legs[last].as_replaces().replace('@', "%40").replace(';', "%3B").replace('=', "%3D");
        let target = format!("<{}?Replaces={replaces}>", self.legs[last].target);
        self.send_refer(first, &target, now, out);
    }

    fn send_refer(&mut self, index: usize, target: &str, now: Instant, out: &mut Vec<Emission>) {
        let extra = format!("Refer-To: {target}\r\nReferred-By: <sip:{}@{}>\r\n", self.name, self.domain);
        self.dialog_request(index, Method::Refer, &extra, None, Purpose::Other, now, out);
    }

    /// The Replaces header that names its latest dialog to the switch (RFC 3891 §6.1).
    pub fn replaces_of_latest(&self) -> String {
        self.legs.last().map(Leg::as_replaces).unwrap_or_default()
    }

    /// Calls to take the place of the dialog that `replaces` names.
    pub fn dial_in_place(&mut self, replaces: &str, now: Instant, out: &mut Vec<Emission>) {
        self.replaces = Some(replaces.to_owned());
        self.dial("pickup", now, out);
    }

    pub fn hold(&mut self, way: Way, now: Instant, out: &mut Vec<Emission>) {
        self.reoffer(Some(way), now, out);
    }

    pub fn retrieve(&mut self, now: Instant, out: &mut Vec<Emission>) {
        self.reoffer(None, now, out);
    }

    fn reoffer(&mut self, holding: Option<Way>, now: Instant, out: &mut Vec<Emission>) {
        let Some(index) = self.legs.iter().rposition(|leg| leg.state == State::Up) else { return };
        if self.legs[index].holding == holding {
            return;
        }
        let id = self.legs[index].call_id.clone();
        let unacknowledged = self.finals.iter().any(|sent| sent.call_id == id);
        if unacknowledged || self.sent.iter().any(|sent| sent.call_id == id && matches!(sent.purpose, Purpose::Reinvite(_))) {
            // RFC 3261 §14.1: one at a time.
            let deed = holding.map_or(Deed::Retrieve, Deed::Hold);
            self.legs[index].plan.push((now + millis(500), Step::Deed(deed)));
            return;
        }
        let leg = &mut self.legs[index];
        leg.version += 1;
        let before = std::mem::replace(&mut leg.holding, holding);
        let body = leg.sdp();
        self.dialog_request(index, Method::Invite, "", Some(&body), Purpose::Reinvite(before), now, out);
    }

    /// Asks for an offer within its call, and answers it (RFC 3261 §14.1).
    pub fn asks_for_an_offer(&mut self, now: Instant, out: &mut Vec<Emission>) {
        if let Some(index) = self.legs.iter().rposition(|leg| leg.state == State::Up) {
            self.legs[index].version += 1;
            self.dialog_request(index, Method::Invite, "", None, Purpose::Refresh, now, out);
        }
    }

    /// The same, and no longer holds: the answer in its ACK says so.
    pub fn retrieves_by_asking(&mut self, now: Instant, out: &mut Vec<Emission>) {
        if let Some(leg) = self.legs.iter_mut().rfind(|leg| leg.state == State::Up) {
            leg.holding = None;
        }
        self.asks_for_an_offer(now, out);
    }

    /// Goes on by its other way to the switch.
    pub fn changes_way(&mut self) {
        if let Some(spare) = self.spare.replace(self.sip) {
            self.sip = spare;
            std::mem::swap(&mut self.over, &mut self.spare_over);
        }
    }

    pub fn press(&mut self, keys: &str) {
        if let Some(leg) = self.legs.iter_mut().rev().find(|leg| leg.state == State::Up) {
            leg.stream.press(keys);
        }
    }

    pub fn say(&mut self, sound: Sound) {
        if let Some(leg) = self.legs.iter_mut().rev().find(|leg| leg.state != State::Ended) {
            leg.stream.sound = sound;
        }
    }

    pub fn do_deed(&mut self, deed: Deed, now: Instant, out: &mut Vec<Emission>) {
        match deed {
            Deed::HangUp => self.hang_up(now, out),
            Deed::Hold(way) => self.hold(way, now, out),
            Deed::Retrieve => self.retrieve(now, out),
            Deed::Die => self.die(),
        }
    }

    /// The battery is empty, or the cable is out: nothing is sent or answered.
    pub fn die(&mut self) {
        self.alive = false;
        self.voices.extend(self.legs.iter().filter(|leg| leg.state == State::Up).map(|leg| (leg.stream.local, Voice::Ended)));
    }

    /// Comes back with nothing in its memory but the number of its next requests.
    pub fn revive(&mut self, now: Instant) {
        self.alive = true;
        self.sent.clear();
        self.finals.clear();
        self.refresh_at = None;
        for index in 0..self.legs.len() {
            self.end(index, now);
        }
    }

    /// A coarse phone lives a whole day: what nobody will ask of it any more goes.
    fn forget_what_is_long_over(&mut self, now: Instant) {
        const LONG: Duration = secs(70);
        if self.coarse && now - self.turned_at > LONG {
            self.turned_at = now;
            self.answered_before = std::mem::take(&mut self.answered);
            self.legs.retain(|leg| leg.ended_at.is_none_or(|at| now - at < LONG));
            self.log.clear();
        }
    }

    // ---- what comes in ----

    pub fn receive(&mut self, bytes: &[u8], now: Instant, out: &mut Vec<Emission>) {
        if !self.alive || self.hears_no_sip {
            return;
        }
        let text = String::from_utf8_lossy(bytes);
        let after = |what: &str| text.split_once(what).and_then(|(_, rest)| rest.split(['\r', '\n']).next());
        if let (Some(told), Some(origin)) = (after("\na=record:"), after("\no=")) {
            let version = origin.split(' ').nth(2).and_then(|version| version.parse().ok()).expect("a version");
            self.told_of_recording.push((now, told.to_owned(), version));
        }
        match parse(bytes) {
            Ok(Message::Request(request)) => self.on_request(request, now, out),
            Ok(Message::Response(response)) => self.on_response(response, now, out),
            Err(fault) => self.log.push((now, Saw::Garbage(format!("{fault:?}: {}", String::from_utf8_lossy(bytes))))),
        }
    }

    fn on_request(&mut self, request: Request, now: Instant, out: &mut Vec<Emission>) {
        let branch = request.top_via().branch().unwrap_or_default().to_owned();
        let key = (branch.clone(), request.method.as_str().to_owned());
        if let Some(answer) = self.answered.get(&key).or_else(|| self.answered_before.get(&key)) {
            out.push(Emission::Sip(answer.clone()));
            return;
        }
        let index = self.legs.iter().position(|leg| leg.call_id == request.call_id());
        let reason = request.headers.get("Reason").map(str::to_owned);
        match (&request.method, index) {
            (Method::Invite, None) if request.to().tag().is_none() => self.on_invite(request, branch, now, out),
            // Called again after a refusal, or by another way while it rings, with the next number of the same call: as after a challenge.
            (Method::Invite, Some(index))
                if request.to().tag().is_none()
                    && matches!(self.legs[index].state, State::Ended | State::Incoming)
                    && request.cseq().0 > self.legs[index].invite_cseq =>
            {
                self.end(index, now);
                self.legs[index].call_id.push_str(" before");
                self.on_invite(request, branch, now, out);
            }
            (Method::Invite, Some(_)) if request.to().tag().is_none() => {}
            (Method::Ack, _) => {
                let (cseq, _) = request.cseq();
                self.finals.retain(|sent| sent.call_id != request.call_id() || sent.cseq != cseq);
            }
            (Method::Cancel, Some(index)) => {
                self.respond(&request, 200, None, None, out);
                if self.legs[index].state == State::Incoming {
                    self.respond_to_invite(index, 487, None, now, out);
                    self.log.push((now, Saw::Cancelled { reason }));
                    self.end(index, now);
                }
            }
            (Method::Bye, Some(index)) if request.to().tag().is_some() && request.to().tag() == self.legs[index].twin.as_deref() => {
                self.released_twins += 1;
                self.respond(&request, 200, None, None, out);
            }
            (Method::Prack, Some(_)) => {
                self.pracks_heard += 1;
                self.respond(&request, 200, None, None, out);
            }
            (Method::Bye, Some(index)) => {
                self.respond(&request, 200, None, None, out);
                if self.legs[index].state != State::Ended {
                    self.log.push((now, Saw::Bye { reason }));
                    self.end_by(End::Bye, index, now);
                }
            }
            (Method::Invite | Method::Update, Some(index)) if self.legs[index].state == State::Up => {
                self.legs[index].stream.take(&request.body);
                let body = (request.method == Method::Invite || !request.body.is_empty()).then(|| self.legs[index].sdp());
                let tag = self.legs[index].local_tag.clone();
                let bytes = self.respond(&request, 200, Some(&tag), body.as_deref(), out);
                if request.method == Method::Invite {
                    let (cseq, _) = request.cseq();
                    self.finals.push(Final { call_id: request.call_id().to_owned(), cseq, bytes, resend: Resend::from(now) });
                }
            }
            (Method::Notify | Method::Message, None) => {
                let code = if request.method == Method::Message { self.takes_text } else { 200 };
                self.respond(&request, code, None, None, out);
                self.told.push((now, request));
            }
            (Method::Notify, Some(_)) => {
                self.respond(&request, 200, None, None, out);
                let status = String::from_utf8_lossy(&request.body);
                if let Some(code) = status.split_whitespace().nth(1).and_then(|code| code.parse().ok()) {
                    self.log.push((now, Saw::Notified(code)));
                }
            }
            (Method::Options | Method::Info | Method::Register, _) => {
                self.respond(&request, 200, None, None, out);
            }
            _ => {
                self.respond(&request, 481, None, None, out);
            }
        }
    }

    fn on_invite(&mut self, request: Request, branch: String, now: Instant, out: &mut Vec<Emission>) {
        self.forget_what_is_long_over(now);
        if let Some(temper) = self.temper {
            self.habit = temper(&mut self.rng);
        }
        self.log.push((now, Saw::Invited));
        let mut from = request.from();
        let remote_tag = from.tag().map(str::to_owned);
        from.params.clear();
        let local = format!("<{}>", request.to().uri);
        let target = request.headers.name_addrs("Contact").ok().and_then(|all| all.first().map(|contact| contact.uri.to_string()));
        let busy = !self.is_idle();
        let mut leg = self.new_leg(false, local, from.to_string(), target.unwrap_or_default(), now);
        leg.call_id = request.call_id().to_owned();
        leg.remote_tag = remote_tag;
        leg.invite_branch = branch;
        leg.invite_cseq = request.cseq().0;
        leg.stream.take(&request.body);
        self.was_offered = formats(&request.body);
        let refuses = leg.stream.cipher.as_ref().is_some_and(|cipher| cipher.refuses(&request.body));
        leg.invite = Some(request);
        let habit = &self.habit;
        if self.lost_ways.contains(&self.sip) {
            leg.plan.push((now, Step::Refuse(430)));
        } else if refuses {
            leg.plan.push((now, Step::Refuse(488)));
        } else if busy {
            leg.plan.push((now, Step::Refuse(486)));
        } else if habit.alert != Alert::Deaf {
            leg.plan.push((now + habit.alerts_after, Step::Alert));
            match habit.on_ring {
                OnRing::Ignore => {}
                OnRing::Answer(after) => leg.plan.push((now + habit.alerts_after + after, Step::Answer)),
                OnRing::Refuse(code, after) => leg.plan.push((now + habit.alerts_after + after, Step::Refuse(code))),
            }
        }
        let deaf = habit.alert == Alert::Deaf && !busy;
        self.legs.push(leg);
        if !deaf {
            self.respond_to_invite(self.legs.len() - 1, 100, None, now, out);
        }
        self.carry_out(now, out);
    }

    fn on_response(&mut self, response: Response, now: Instant, out: &mut Vec<Emission>) {
        let (cseq, method) = response.cseq();
        let branch = response.top_via().branch().unwrap_or_default().to_owned();
        let leg = self.legs.iter().position(|leg| leg.call_id == response.call_id());
        if method == Method::Invite
            && (200..300).contains(&response.code)
            && let Some(index) = leg
        {
            return self.on_invite_ok(index, cseq, &branch, &response, now, out);
        }
        let Some(place) = self.sent.iter().position(|sent| sent.branch == branch && sent.method == method) else {
            // A final response again: its ACK was lost.
            if method == Method::Invite
                && response.code >= 300
                && let Some(index) = leg
            {
                self.ack_refusal(index, &branch, cseq, &response, out);
            }
            return;
        };
        if response.code < 200 {
            self.sent[place].proceeding = true;
            if let (Purpose::Invite, Some(index)) = (&self.sent[place].purpose, leg) {
                let leg = &mut self.legs[index];
                if !leg.provisional && std::mem::take(&mut leg.cancel_wanted) {
                    leg.provisional = true;
                    self.send_cancel(index, now, out);
                }
                let after = self.pracks_after;
                let leg = &mut self.legs[index];
                leg.provisional = true;
                if let (Some(after), Ok(Some(rseq))) = (after, response.headers.number("RSeq")) {
                    // RFC 3262 §4: in order, and each once.
                    if leg.rang.is_some_and(|last| last + 1 != rseq) {
                        return;
                    }
                    leg.rang = Some(rseq);
                    leg.remote_tag = response.to().tag().map(str::to_owned);
                    leg.plan.push((now + after, Step::Prack(rseq)));
                }
                if response.code > 100 {
                    if response.code == 183 && !response.body.is_empty() {
                        leg.stream.take(&response.body);
                        leg.is_early = true;
                    }
                    if leg.remote_tag.is_none() {
                        leg.remote_tag = response.to().tag().map(str::to_owned);
                    }
                    leg.alerted_at.get_or_insert(now);
                    self.log.push((now, Saw::Progress(response.code)));
                }
            }
            return;
        }
        let sent = self.sent.remove(place);
        if method == Method::Invite
            && let Some(index) = leg
        {
            self.ack_refusal(index, &branch, cseq, &response, out);
        }
        let code = response.code;
        match (sent.purpose, leg) {
            (Purpose::Aside(user, lines, body, false), _) if code == 401 => {
                let uri = format!("sip:{user}@{}", self.domain);
                if let Some(value) = self.credentials(&response, sent.method.as_str(), &uri) {
                    self.send_aside(&sent.method, (user, lines, body), Some(value), now, out);
                }
            }
            (Purpose::Aside(..), _) => self.answers.push((sent.method, response)),
            (Purpose::Register, _) => self.on_registered(&response, now, out),
            (Purpose::Invite, Some(index)) if matches!(code, 401 | 407) && !self.legs[index].challenged => {
                self.legs[index].challenged = true;
                let uri = self.legs[index].target.clone();
                match self.credentials(&response, "INVITE", &uri) {
                    Some(value) => self.send_invite(index, Some(value), now, out),
                    None => self.refused(index, &response, now),
                }
            }
            (Purpose::Invite, Some(index)) => self.refused(index, &response, now),
            (Purpose::Reinvite(before), Some(index)) => {
                let wanted = std::mem::replace(&mut self.legs[index].holding, before);
                if code == 491 && self.legs[index].state == State::Up {
                    // RFC 3261 §14.1.
                    let again = now + millis(self.rng.below(2_000));
                    self.legs[index].plan.push((again, Step::Deed(wanted.map_or(Deed::Retrieve, Deed::Hold))));
                } else if matches!(code, 408 | 481) {
                    self.end(index, now);
                }
            }
            _ => {}
        }
    }

    fn refused(&mut self, index: usize, response: &Response, now: Instant) {
        self.warnings.extend(response.headers.get("Warning").map(str::to_owned));
        let retry_after = response.headers.number("Retry-After").ok().flatten();
        if self.legs[index].state != State::Ended {
            self.log.push((now, Saw::Refused { code: response.code, retry_after }));
        }
        self.end_by(End::Refused(response.code), index, now);
    }

    fn on_invite_ok(&mut self, index: usize, cseq: u32, branch: &str, response: &Response, now: Instant, out: &mut Vec<Emission>) {
        if let Some((acknowledged, ack)) = &self.legs[index].ack
            && *acknowledged == cseq
        {
            // RFC 3261 §13.2.2.4: the ACK goes with each 2xx that comes.
            out.push(Emission::Sip(ack.clone()));
            return;
        }
        self.answered_with.clone_from(&response.body);
        let sent = self.sent.iter().position(|sent| sent.branch == branch && sent.method == Method::Invite);
        let purpose = sent.map(|place| self.sent.remove(place).purpose);
        let leg = &mut self.legs[index];
        leg.remote_tag = response.to().tag().map(str::to_owned);
        if let Some(contact) = response.headers.name_addrs("Contact").ok().and_then(|all| all.into_iter().next()) {
            leg.target = contact.uri.to_string();
        }
        leg.stream.take(&response.body);
        let branch = self.branch();
        let leg = &mut self.legs[index];
        let later = std::mem::replace(&mut leg.cseq, cseq);
        // RFC 3261 §13.2.1: an offer in the 200 is answered in the ACK.
        let is_offered = matches!(purpose, Some(Purpose::Refresh)) || self.offers_late && matches!(purpose, Some(Purpose::Invite));
        let answer = is_offered.then(|| leg.sdp());
        let bytes = in_dialog(leg, &self.name, self.sip, "ACK", &branch, "", answer.as_deref());
        let leg = &mut self.legs[index];
        leg.cseq = later;
        leg.ack = Some((cseq, bytes.clone()));
        out.push(Emission::Sip(bytes));
        match purpose {
            Some(Purpose::Invite) if self.legs[index].state == State::Dialling => self.up(index, now),
            Some(Purpose::Reinvite(_)) => {
                let saw = if self.legs[index].holding.is_some() { Saw::Held } else { Saw::Retrieved };
                self.log.push((now, saw));
            }
            // The 200 crossed our CANCEL, and we had gone.
            Some(Purpose::Invite) => self.dialog_request(index, Method::Bye, "", None, Purpose::Other, now, out),
            _ => {}
        }
    }

    fn ack_refusal(&self, index: usize, branch: &str, cseq: u32, response: &Response, out: &mut Vec<Emission>) {
        let leg = &self.legs[index];
        let to = response.headers.get("To").unwrap_or_default();
        let bytes = format!(
            "ACK {target} SIP/2.0\r\nVia: SIP/2.0/UDP {sip};branch={branch};rport\r\nMax-Forwards: 70\r\nFrom: {local};tag={tag}\r\nTo: {to}\r\n\
             Call-ID: {id}\r\nCSeq: {cseq} ACK\r\nContent-Length: 0\r\n\r\n",
            target = leg.target,
            sip = self.sip,
            local = leg.local,
            tag = leg.local_tag,
            id = leg.call_id,
        );
        out.push(Emission::Sip(bytes.into_bytes()));
    }

    fn on_registered(&mut self, response: &Response, now: Instant, out: &mut Vec<Emission>) {
        match response.code {
            200 => {
                let contact = response.headers.get("Contact").unwrap_or_default();
                let expires =
                    contact.split("expires=").nth(1).and_then(|rest| rest.split([';', ',', '>']).next()?.trim().parse::<u64>().ok());
                self.registered = expires.is_some();
                self.refresh_at = expires.map(|granted| now + secs(granted) / 2);
                self.nonce_count = 0;
                self.log.push((now, Saw::Registered));
            }
            401 | 407 if self.nonce_count < 2 => {
                self.nonce_count += 1;
                let uri = format!("sip:{}", self.domain);
                match self.credentials(response, "REGISTER", &uri) {
                    Some(value) => self.send_register(Some(value), now, out),
                    None => self.log.push((now, Saw::RegisterRefused(response.code))),
                }
            }
            code => {
                self.nonce_count = 0;
                self.log.push((now, Saw::RegisterRefused(code)));
            }
        }
    }

    fn credentials(&mut self, response: &Response, method: &str, uri: &str) -> Option<String> {
        let password = self.password.clone()?;
        let name = if response.code == 401 { "WWW-Authenticate" } else { "Proxy-Authenticate" };
        let challenge = response.headers.all(name).filter_map(Challenge::from_header).find(|one| one.algorithm == self.algorithm)?;
        let secret = ha1(self.algorithm, &self.name, &challenge.realm, &password);
        let cnonce = self.rng.hex(4);
        Some(Credentials::answer(&challenge, &self.name, &secret, method, uri, &cnonce, 1).to_header())
    }

    /// Its requests in a dialog are numbered beyond this from now on: somebody used its numbers.
    pub fn skip_numbers(&mut self, call_id: &str, used: u32) {
        for leg in self.legs.iter_mut().filter(|leg| leg.call_id == call_id) {
            leg.cseq = leg.cseq.max(used);
        }
    }

    // ---- time ----

    pub fn deadline(&self) -> Option<Instant> {
        if !self.alive {
            return None;
        }
        let sent =
            self.sent.iter().map(|sent| if sent.proceeding { sent.resend.give_up_at } else { sent.resend.at.min(sent.resend.give_up_at) });
        let finals = self.finals.iter().map(|sent| sent.resend.at);
        let plans = self.legs.iter().flat_map(|leg| leg.plan.iter().map(|(at, _)| *at));
        let rtp = self.legs.iter().filter_map(|leg| leg.stream.next_at());
        sent.chain(finals).chain(plans).chain(rtp).chain(self.refresh_at).min()
    }

    pub fn handle_timeout(&mut self, now: Instant, out: &mut Vec<Emission>) {
        if !self.alive {
            return;
        }
        for sent in &mut self.sent {
            if !sent.proceeding && sent.resend.at <= now && now < sent.resend.give_up_at {
                sent.resend.again(now);
                out.push(Emission::Sip(sent.bytes.clone()));
            }
        }
        let is_lost = |sent: &Sent| sent.resend.give_up_at <= now && !(sent.proceeding && sent.method == Method::Invite);
        let lost: Vec<Sent> = self.sent.extract_if(.., |sent| is_lost(sent)).collect();
        for sent in lost {
            self.log.push((now, Saw::NoResponse(sent.method)));
            if let Some(index) = self.legs.iter().position(|leg| leg.call_id == sent.call_id) {
                self.end(index, now);
            }
        }
        for sent in &mut self.sent {
            if sent.proceeding {
                // An INVITE that is being worked on waits as long as it takes.
                sent.resend.give_up_at = sent.resend.give_up_at.max(now + secs(1));
            }
        }
        for sent in &mut self.finals {
            if sent.resend.at <= now {
                sent.resend.again(now);
                out.push(Emission::Sip(sent.bytes.clone()));
            }
        }
        self.finals.retain(|sent| sent.resend.give_up_at > now);
        if self.refresh_at.is_some_and(|at| at <= now) {
            self.refresh_at = None;
            self.send_register(None, now, out);
        }
        self.carry_out(now, out);
        for leg in &mut self.legs {
            let sends = self.habit.sends_on_hold || leg.holding.is_none();
            leg.stream.speak_until(now, sends, out);
        }
    }

    /// Does what is planned for now.
    fn carry_out(&mut self, now: Instant, out: &mut Vec<Emission>) {
        while let Some((index, place)) = self.legs.iter().enumerate().find_map(|(index, leg)| {
            // In order of time: of two that are due, the earlier.
            let due = leg.plan.iter().enumerate().filter(|(_, (at, _))| *at <= now).min_by_key(|(_, (at, _))| *at);
            due.map(|(place, _)| (index, place))
        }) {
            let (_, step) = self.legs[index].plan.remove(place);
            match (step, self.legs[index].state) {
                (Step::Alert, State::Incoming) => {
                    let code = match self.habit.alert {
                        Alert::Ringing => 180,
                        Alert::Progress | Alert::Early => 183,
                        Alert::Trying | Alert::Deaf => continue,
                    };
                    self.legs[index].alerted_at.get_or_insert(now);
                    let early = (self.habit.alert == Alert::Early).then(|| self.legs[index].sdp());
                    if early.is_some() {
                        self.legs[index].is_early = true;
                        self.legs[index].stream.start(now + millis(20));
                    }
                    self.respond_to_invite(index, code, early.as_deref(), now, out);
                }
                (Step::Answer, State::Incoming) => self.answer(now, out),
                (Step::Refuse(code), State::Incoming) => {
                    self.respond_to_invite(index, code, None, now, out);
                    self.end(index, now);
                }
                (Step::Prack(rseq), State::Dialling) => {
                    let rack = format!("RAck: {rseq} {} INVITE\r\n", self.legs[index].invite_cseq);
                    self.dialog_request(index, Method::Prack, &rack, None, Purpose::Other, now, out);
                }
                (Step::Leave, State::Dialling) => self.hang_up(now, out),
                (Step::Deed(deed), State::Up) => self.do_deed(deed, now, out),
                _ => {}
            }
        }
    }

    pub fn hear(&mut self, to: SocketAddr, bytes: &[u8], now: Instant) {
        if let Some(leg) = self.legs.iter_mut().find(|leg| leg.stream.local == to && (leg.state == State::Up || leg.is_early)) {
            leg.stream.hear(bytes, self.listens, now);
        }
    }

    // ---- details ----

    fn up(&mut self, index: usize, now: Instant) {
        let leg = &mut self.legs[index];
        leg.state = State::Up;
        leg.up_at = Some(now);
        if self.coarse {
            self.voices.push((leg.stream.local, Voice::Began(leg.stream.sound)));
        } else {
            leg.stream.start(now + millis(1 + self.rng.below(19)));
        }
        leg.plan.retain(|(_, step)| matches!(step, Step::Deed(_)));
        leg.plan.extend(self.habit.deeds.iter().map(|(after, deed)| (now + *after, Step::Deed(*deed))));
        self.log.push((now, Saw::Up));
    }

    fn end(&mut self, index: usize, now: Instant) {
        self.end_by(End::Lost, index, now);
    }

    fn end_by(&mut self, end: End, index: usize, now: Instant) {
        let leg = &mut self.legs[index];
        if leg.state != State::Ended {
            leg.state = State::Ended;
            leg.ended_at = Some(now);
            if leg.invite.is_none() {
                self.past.push(Past { caller: self.name.clone(), lasted: leg.up_at.map(|at| now - at), end });
            }
            if self.coarse {
                self.voices.push((leg.stream.local, Voice::Ended));
            }
        }
        leg.stream.stop();
        leg.plan.clear();
    }

    fn branch(&mut self) -> String {
        format!("z9hG4bK{}", self.rng.hex(6))
    }

    #[allow(clippy::too_many_arguments)]
    fn request(
        &mut self,
        branch: String,
        method: Method,
        call_id: String,
        purpose: Purpose,
        bytes: Vec<u8>,
        now: Instant,
        out: &mut Vec<Emission>,
    ) {
        out.push(Emission::Sip(bytes.clone()));
        self.sent.push(Sent { branch, method, call_id, purpose, bytes, resend: Resend::from(now), proceeding: false });
    }

    #[allow(clippy::too_many_arguments)]
    fn dialog_request(
        &mut self,
        index: usize,
        method: Method,
        extra: &str,
        body: Option<&str>,
        purpose: Purpose,
        now: Instant,
        out: &mut Vec<Emission>,
    ) {
        let branch = self.branch();
        self.legs[index].cseq += 1;
        let bytes = in_dialog(&self.legs[index], &self.name, self.sip, method.as_str(), &branch, extra, body);
        let id = self.legs[index].call_id.clone();
        self.request(branch, method, id, purpose, bytes, now, out);
    }

    fn respond_to_invite(&mut self, index: usize, code: u16, body: Option<&str>, now: Instant, out: &mut Vec<Emission>) {
        let Some(request) = self.legs[index].invite.clone() else { return };
        let tag = self.legs[index].local_tag.clone();
        let bytes = self.respond(&request, code, Some(&tag), body, out);
        if code >= 200 {
            let (cseq, _) = request.cseq();
            self.finals.push(Final { call_id: request.call_id().to_owned(), cseq, bytes, resend: Resend::from(now) });
        }
    }

    fn respond(&mut self, request: &Request, code: u16, tag: Option<&str>, body: Option<&str>, out: &mut Vec<Emission>) -> Vec<u8> {
        let mut response = request.response(code, None, tag.or(Some("t")));
        if code >= 300 && request.method == Method::Invite {
            self.refusal_lines.iter().for_each(|(name, value)| response.headers.push(name, value.as_str()));
        }
        if (180..200).contains(&code) && self.rings_reliably {
            response.headers.push("Require", "100rel");
            response.headers.push("RSeq", "1");
        }
        if self.is_record_aware {
            response.headers.push("Supported", "record-aware");
        }
        if (180..300).contains(&code) {
            response.headers.push("Contact", format!("<{}>", self.contact()));
        }
        if let Some(body) = body {
            response.headers.push("Content-Type", "application/sdp");
            response.body = body.as_bytes().to_vec();
        }
        let bytes = Message::Response(response).to_bytes();
        let branch = request.top_via().branch().unwrap_or_default().to_owned();
        self.answered.insert((branch, request.method.as_str().to_owned()), bytes.clone());
        out.push(Emission::Sip(bytes.clone()));
        bytes
    }
}

impl Leg {
    /// Names this dialog to its far side, whose tag is the to-tag (RFC 3891 §3).
    fn as_replaces(&self) -> String {
        let remote = self.remote_tag.as_deref().unwrap_or("0");
        format!("{};to-tag={remote};from-tag={}", self.call_id, self.local_tag)
    }

    fn sdp(&self) -> String {
        let plain = self.plain_sdp();
        self.stream.cipher.as_ref().map_or(plain.clone(), |cipher| cipher.describe(&plain))
    }

    fn plain_sdp(&self) -> String {
        let (ip, port) = (self.stream.local.ip(), self.stream.local.port());
        let family = if ip.is_ipv4() { "IP4" } else { "IP6" };
        let (address, direction) = match self.holding {
            None => (ip.to_string(), "sendrecv"),
            Some(Way::SendOnly) => (ip.to_string(), "sendonly"),
            Some(Way::Inactive) => (ip.to_string(), "inactive"),
            Some(Way::Old) => (if ip.is_ipv4() { "0.0.0.0" } else { "::" }.to_owned(), "sendrecv"),
            Some(Way::Off) => (ip.to_string(), "inactive"),
        };
        let port = if self.holding == Some(Way::Off) { 0 } else { port };
        // What was settled goes first: an answer takes what was chosen, a new offer goes on with it.
        let mut kinds = self.stream.speaks.clone();
        kinds.sort_by_key(|kind| self.stream.remote.is_some() && *kind != self.stream.kind);
        let list: String = kinds.iter().map(|kind| format!("{kind} ")).collect();
        let maps: String =
            kinds.iter().map(|kind| format!("a=rtpmap:{kind} {}/8000\r\n", if *kind == 0 { "PCMU" } else { "PCMA" })).collect();
        format!(
            "v=0\r\no=- 1 {version} IN {family} {ip}\r\ns=-\r\nc=IN {family} {address}\r\nt=0 0\r\nm=audio {port} RTP/AVP {list}101\r\n\
             {maps}a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na={direction}\r\n{prefers}",
            version = self.version,
            prefers = self.prefers,
        )
    }
}

fn in_dialog(leg: &Leg, name: &str, sip: SocketAddr, method: &str, branch: &str, extra: &str, body: Option<&str>) -> Vec<u8> {
    let to_tag = leg.remote_tag.as_ref().map(|tag| format!(";tag={tag}")).unwrap_or_default();
    let kind = if body.is_some() { "Content-Type: application/sdp\r\n" } else { "" };
    let body = body.unwrap_or_default();
    let text = format!(
        "{method} {target} SIP/2.0\r\nVia: SIP/2.0/UDP {sip};branch={branch};rport\r\nMax-Forwards: 70\r\nFrom: {local};tag={tag}\r\n\
         To: {remote}{to_tag}\r\nCall-ID: {id}\r\nCSeq: {cseq} {method}\r\nContact: <sip:{name}@{sip}>\r\n\
         Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, INFO\r\n{extra}{kind}Content-Length: {length}\r\n\r\n{body}",
        target = leg.target,
        local = leg.local,
        tag = leg.local_tag,
        remote = leg.remote,
        id = leg.call_id,
        cseq = leg.cseq,
        length = body.len(),
    );
    text.into_bytes()
}
