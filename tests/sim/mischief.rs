//! A mischief-maker on the network: it reads along, and sends the switch what no phone would. Each of its deeds is a row of a table with the
//! answer that the RFC gives; it knows from the wire how far each dialog is, and complains when the switch answers otherwise, twice, or not
//! at all. What it asked is answered to it alone: the phones never hear of it. The table of requests is in `bent`, that of responses in
//! `answers`; what is here reads along and keeps the books.

use super::world::World;
use sanling::base::{Instant, Rng};
use sanling::sip::msg::{Message, Method, Request, Response, parse};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

/// In each branch of its own.
const BRANCH: &str = "z9hG4bKmischief";
/// From where it speaks as a stranger; no trunk's address, and nobody is registered there.
pub const STRANGER: &str = "203.0.113.66:5060";

/// How far a dialog is, as the switch sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stage {
    /// A call in that is not answered, or a call out.
    EarlyIn,
    EarlyOut,
    /// The switch's 200 waits for its ACK.
    Unacked,
    Up,
    /// Somebody said BYE, or the INVITE was refused.
    Over,
}

/// What is known of a dialog.
pub struct Dialog {
    pub phone: SocketAddr,
    pub call_id: String,
    pub stage: Stage,
    /// The INVITE that began it, either way.
    pub invite: Request,
    pub switch_tag: Option<String>,
    pub phone_tag: Option<String>,
    /// Number of the phone's last request that the switch took; and the last that was sent in its name.
    pub taken: Option<u32>,
    pub used: u32,
    pub over_at: Option<Instant>,
    /// The first 2xx: how long repeats of it are answered (RFC 6026 §7.2), and its bytes.
    pub accepted: Option<(Instant, Response)>,
    /// The phone's own requests, for repeats; and its description.
    pub requests: Vec<(Instant, Vec<u8>)>,
    pub sdp: Vec<u8>,
    /// RSeq of the last reliable provisional response made up for it.
    pub rseq: Option<u32>,
    /// RSeq of the switch's last reliable ringing, and whether that waits for its PRACK.
    pub rang: Option<u32>,
    pub is_unpracked: bool,
    /// Numbers of the PRACKs that were taken.
    pracks: BTreeSet<u32>,
    /// The last PRACK that was made up for it, with what it was answered.
    pub prack: Option<(Instant, Vec<u8>, u16)>,
    /// Its phone has said something to the INVITE of the switch.
    pub is_tried: bool,
    /// To tag of a phone that was made up, and answered before the phone did.
    pub usurper: Option<String>,
    /// A CANCEL was made up in the phone's name: another under the same branch is the same, or none of ours when that is forgotten.
    pub is_crossed: bool,
}

/// What the switch must do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Expect {
    /// One final response, one of these.
    Final(Vec<u16>),
    /// Nothing goes out because of it.
    Silence,
    /// These requests go out within the dialog of this To tag.
    Requests(String, Vec<Method>),
    /// Whatever repeats what was said.
    Repeats,
}

/// Who is to hear what the switch sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Hearer {
    Phone,
    Maker,
    /// A phone that the maker made up, with which the call is up: the checkers are to know.
    Usurper,
    /// The phone before which another answered: it has no part in the call, so that the checkers are not told.
    Bystander,
}

/// A phone that answered a call which another had taken: each of its 2xx is due an ACK, and the first a BYE (RFC 3261 §13.2.2.4).
#[derive(Default)]
struct Late {
    answered: u64,
    acknowledged: u64,
    /// Branches.
    byes: BTreeSet<String>,
}

pub struct Deed {
    pub what: &'static str,
    pub bytes: Vec<u8>,
    pub expect: Expect,
    /// It ends or changes the call, so that the checkers are to know of it.
    pub is_told: bool,
}

pub struct Mischief {
    pub rng: Rng,
    made: u64,
    pub dialogs: BTreeMap<String, Dialog>,
    /// Final responses to what it asked, by branch.
    answers: BTreeMap<String, Vec<u16>>,
    /// What the switch sent since the deed, by kind: all of it, and requests to made-up tags.
    sent: Vec<Message>,
    /// Codes of answers that repeat what was wrong with a request, and so cannot be read either.
    unreadable: Vec<u16>,
    /// To tags that it made up.
    pub forks: BTreeSet<String>,
    outbox: Vec<(SocketAddr, Vec<u8>)>,
    /// What a proxy on the way sends to phones.
    pub to_phones: Vec<(SocketAddr, Vec<u8>)>,
    /// By Call-ID and tag.
    late: BTreeMap<(String, String), Late>,
    pub tally: BTreeMap<String, u64>,
}

impl Mischief {
    pub fn new(rng: Rng) -> Self {
        Self {
            rng,
            made: 0,
            dialogs: BTreeMap::new(),
            answers: BTreeMap::new(),
            sent: Vec::new(),
            unreadable: Vec::new(),
            forks: BTreeSet::new(),
            outbox: Vec::new(),
            to_phones: Vec::new(),
            late: BTreeMap::new(),
            tally: BTreeMap::new(),
        }
    }

    pub fn branch(&mut self) -> String {
        self.made += 1;
        format!("{BRANCH}{}", self.made)
    }

    pub fn tag(&mut self) -> String {
        format!("mischief{}", self.rng.hex(4))
    }

    /// A phone's message reaches the switch; false when that phone has no part in the call.
    pub fn heard(&mut self, from: SocketAddr, bytes: &[u8], now: Instant) -> bool {
        match parse(bytes) {
            Ok(Message::Request(request)) if self.is_late(request.call_id(), request.from().tag()) => return false,
            Ok(Message::Response(response)) if self.is_late(response.call_id(), response.to().tag()) => {
                self.heard_late(&response, now);
                return false;
            }
            Ok(Message::Request(request)) => self.heard_request(from, request, bytes, now),
            Ok(Message::Response(response)) => self.heard_response(&response, now),
            Err(_) => {}
        }
        true
    }

    /// Whether a phone of another tag has taken the call.
    fn is_late(&self, call: &str, tag: Option<&str>) -> bool {
        let usurper = self.dialogs.get(call).and_then(|dialog| dialog.usurper.as_deref());
        usurper.is_some_and(|usurper| tag != Some(usurper))
    }

    fn heard_late(&mut self, response: &Response, now: Instant) {
        let Some((since, _)) = self.dialogs.get(response.call_id()).and_then(|dialog| dialog.accepted.as_ref()) else { return };
        let is_answer = response.cseq().1 == Method::Invite && (200..300).contains(&response.code);
        if is_answer && now.saturating_since(*since).as_secs() < super::answers::TIMER_M_S {
            let tag = response.to().tag().unwrap_or_default().to_owned();
            self.late.entry((response.call_id().to_owned(), tag)).or_default().answered += 1;
            *self.tally.entry("a 2xx of the phone behind another's".to_owned()).or_default() += 1;
        }
    }

    fn heard_request(&mut self, from: SocketAddr, request: Request, bytes: &[u8], now: Instant) {
        let (number, _) = request.cseq();
        if request.method == Method::Register {
            return;
        }
        if request.method == Method::Invite && request.to().tag().is_none() {
            let known = self.dialogs.get(request.call_id()).is_some_and(|dialog| dialog.invite.cseq() == request.cseq());
            if !known {
                self.begins(from, request, Stage::EarlyIn, number);
            }
            return;
        }
        let Some(dialog) = self.dialogs.get_mut(request.call_id()) else { return };
        if request.method == Method::Ack {
            if dialog.stage == Stage::Unacked && request.to().tag() == dialog.switch_tag.as_deref() && number == dialog.invite.cseq().0 {
                dialog.stage = Stage::Up;
            }
            return;
        }
        if request.to().tag().is_some() {
            dialog.taken = dialog.taken.max(Some(number));
            dialog.used = dialog.used.max(number);
            dialog.requests.push((now, bytes.to_vec()));
        }
    }

    fn begins(&mut self, phone: SocketAddr, invite: Request, stage: Stage, number: u32) {
        let (switch_tag, phone_tag) = match stage {
            Stage::EarlyOut => (invite.from().tag().map(str::to_owned), None),
            _ => (None, invite.from().tag().map(str::to_owned)),
        };
        let is_in = stage == Stage::EarlyIn;
        let dialog = Dialog {
            phone,
            call_id: invite.call_id().to_owned(),
            stage,
            switch_tag,
            phone_tag,
            taken: is_in.then_some(number),
            used: if is_in { number } else { 0 },
            over_at: None,
            accepted: None,
            requests: Vec::new(),
            sdp: if is_in { invite.body.clone() } else { Vec::new() },
            rseq: None,
            rang: None,
            is_unpracked: false,
            pracks: BTreeSet::new(),
            prack: None,
            is_tried: false,
            usurper: None,
            is_crossed: false,
            invite,
        };
        self.dialogs.insert(dialog.call_id.clone(), dialog);
    }

    fn heard_response(&mut self, response: &Response, now: Instant) {
        let (number, method) = response.cseq();
        let Some(dialog) = self.dialogs.get_mut(response.call_id()) else { return };
        let of_invite = method == Method::Invite && dialog.stage == Stage::EarlyOut && number == dialog.invite.cseq().0;
        dialog.is_tried |= of_invite && response.code < 200;
        match response.code {
            101..300 if of_invite => {
                dialog.phone_tag = response.to().tag().map(str::to_owned);
                if response.code >= 200 {
                    dialog.stage = Stage::Up;
                    dialog.accepted = Some((now, response.clone()));
                    dialog.sdp.clone_from(&response.body);
                }
            }
            300.. if of_invite => dialog.end(now),
            _ => {}
        }
    }

    /// The switch sends a message.
    pub fn said(&mut self, to: SocketAddr, bytes: &[u8], now: Instant) -> Hearer {
        let Ok(message) = parse(bytes) else {
            let text = String::from_utf8_lossy(bytes);
            let own = text.contains(BRANCH);
            self.unreadable.extend(text.split(' ').nth(1).and_then(|code| code.parse::<u16>().ok()).filter(|_| own));
            return if own { Hearer::Maker } else { Hearer::Phone };
        };
        self.sent.push(message.clone());
        match message {
            // To what it repeated as a stranger.
            _ if to == STRANGER.parse().expect("an address") && !own_branch(&message) => Hearer::Maker,
            Message::Response(response) => self.said_response(to, &response, now),
            Message::Request(request) => self.said_request(to, request, now),
        }
    }

    fn said_response(&mut self, to: SocketAddr, response: &Response, now: Instant) -> Hearer {
        let branch = response.top_via().branch().unwrap_or_default().to_owned();
        let (number, method) = response.cseq();
        if !branch.starts_with(BRANCH) && self.is_late(response.call_id(), response.from().tag()) {
            return Hearer::Bystander;
        }
        let mut dialog = self.dialogs.get_mut(response.call_id());
        if let Some(dialog) = &mut dialog {
            dialog.rings_or_acknowledges(response);
        }
        if branch.starts_with(BRANCH) {
            if response.code >= 200 {
                self.answers.entry(branch.clone()).or_default().push(response.code);
            }
            if method == Method::Invite && response.code >= 200 {
                let ack = acknowledge(response, &branch, to);
                self.outbox.push((to, ack));
            }
            if let Some(dialog) = dialog {
                // A call out that rings keeps no order yet.
                if dialog.stage != Stage::EarlyOut && matches!(response.code, 200 | 415 | 422 | 488 | 491 | 500) {
                    dialog.taken = dialog.taken.max(Some(number).filter(|number| *number <= dialog.used));
                }
                if method == Method::Bye && response.code == 200 {
                    dialog.end(now);
                }
            }
            return Hearer::Maker;
        }
        let Some(dialog) = dialog else { return Hearer::Phone };
        match (method, response.code) {
            (Method::Bye, 200) => dialog.end(now),
            (Method::Invite, code) if dialog.stage == Stage::EarlyIn && number == dialog.invite.cseq().0 => {
                if code > 100 {
                    dialog.switch_tag = response.to().tag().map(str::to_owned);
                }
                match code {
                    200..300 => dialog.stage = Stage::Unacked,
                    300.. => dialog.end(now),
                    _ => {}
                }
            }
            _ => {}
        }
        Hearer::Phone
    }

    fn said_request(&mut self, to: SocketAddr, request: Request, now: Instant) -> Hearer {
        let tag = request.to().tag().unwrap_or_default().to_owned();
        if !tag.is_empty() && !self.forks.contains(&tag) && self.is_late(request.call_id(), Some(&tag)) {
            let late = self.late.entry((request.call_id().to_owned(), tag)).or_default();
            match request.method {
                Method::Ack => late.acknowledged += 1,
                Method::Bye => {
                    late.byes.insert(request.top_via().branch().unwrap_or_default().to_owned());
                }
                _ => {}
            }
            return Hearer::Bystander;
        }
        if self.forks.contains(&tag) {
            // A phone that was made up answers, or is gone.
            if request.method != Method::Ack && !self.rng.one_in(4) {
                let code = if self.rng.one_in(3) { 481 } else { 200 };
                self.outbox.push((to, Message::Response(request.response(code, None, None)).to_bytes()));
            }
            let Some(dialog) = self.dialogs.get_mut(request.call_id()).filter(|dialog| dialog.usurper.as_ref() == Some(&tag)) else {
                return Hearer::Maker;
            };
            if request.method == Method::Bye {
                dialog.end(now);
            }
            return Hearer::Usurper;
        }
        match request.method {
            Method::Invite if request.to().tag().is_none() => {
                if !self.dialogs.contains_key(request.call_id()) {
                    self.begins(to, request, Stage::EarlyOut, 0);
                }
            }
            Method::Bye | Method::Cancel => {
                if let Some(dialog) = self.dialogs.get_mut(request.call_id()) {
                    dialog.end(now);
                }
            }
            _ => {}
        }
        Hearer::Phone
    }
}

impl Dialog {
    /// The switch's reliable ringing of a call in, and its answer to a PRACK of it: the first of each number counts, others are repeats.
    fn rings_or_acknowledges(&mut self, response: &Response) {
        let (number, method) = response.cseq();
        let rseq = response.headers.number("RSeq").ok().flatten();
        let is_its_invite = response.top_via().branch() == self.invite.top_via().branch();
        match method {
            Method::Invite if rseq.is_some() && rseq != self.rang => (self.rang, self.is_unpracked) = (rseq, true),
            Method::Invite if response.code >= 300 && is_its_invite => self.is_unpracked = false,
            Method::Prack if matches!(response.code, 200 | 488) && self.pracks.insert(number) => self.is_unpracked = false,
            _ => {}
        }
    }

    fn end(&mut self, now: Instant) {
        self.stage = Stage::Over;
        self.over_at.get_or_insert(now);
    }
}

/// What whoever gets a final response to an INVITE sends: under its own branch after a failure (RFC 3261 §17.1.1.3).
fn acknowledge(response: &Response, branch: &str, at: SocketAddr) -> Vec<u8> {
    let header = |name: &str| response.headers.get(name).unwrap_or_default().to_owned();
    let branch = if response.code < 300 { format!("{branch}ack") } else { branch.to_owned() };
    format!(
        "ACK sip:127.0.0.1:5060 SIP/2.0\r\nVia: SIP/2.0/UDP {at};branch={branch};rport\r\nMax-Forwards: 70\r\nFrom: {}\r\nTo: {}\r\n\
         Call-ID: {}\r\nCSeq: {} ACK\r\nContent-Length: 0\r\n\r\n",
        header("From"),
        header("To"),
        header("Call-ID"),
        response.cseq().0,
    )
    .into_bytes()
}

impl World {
    /// Some mischief, now, as `stranger` or from the phone's own address.
    pub fn mischief_strikes(&mut self, stranger: bool) {
        let Some(mut maker) = self.mischief.take() else { return };
        let now = self.now;
        maker.dialogs.retain(|_, dialog| dialog.over_at.is_none_or(|at| now.saturating_since(at).as_secs() < 40));
        let calls: Vec<String> = maker.dialogs.keys().cloned().collect();
        if calls.is_empty() {
            self.mischief = Some(maker);
            return;
        }
        let call = &calls[maker.rng.below(calls.len() as u64) as usize];
        let phone = maker.dialogs[call].phone;
        let from = if stranger { STRANGER.parse().expect("an address") } else { phone };
        let deed = match maker.rng.below(8) {
            0 | 1 => super::answers::answer(&mut maker, call, stranger, now),
            2 => super::pracks::prack(&mut maker, call, from, stranger, now),
            _ => super::bent::request(&mut maker, call, from, stranger, now),
        };
        maker.sent.clear();
        maker.unreadable.clear();
        let used = maker.dialogs[call].used;
        self.mischief = Some(maker);
        let Some(deed) = deed else { return };
        if !stranger && let Some(index) = self.phones.iter().position(|known| known.sip == phone) {
            self.phones[index].skip_numbers(call, used);
        }
        if std::env::var_os("SANLING_SIM_TRACE").is_some() {
            eprintln!("{:?} ☠ {from} {}: {:?}", self.now, deed.what, deed.expect);
        }
        self.inject(from, &deed.bytes, deed.is_told);
        let told = self.mischief.as_mut().map_or_else(String::new, |maker| maker.verdict(&deed));
        let text = String::from_utf8_lossy(&deed.bytes);
        assert!(
            told.is_empty(),
            "seed {}, {:?}, {} from {from}: {told}, expected {:?}\n{text}",
            self.seed,
            self.now,
            deed.what,
            deed.expect
        );
        self.mischief_goes_on();
    }

    /// Sends what the mischief-maker owes: ACKs to finals, answers to BYEs of phones that it made up.
    pub fn mischief_goes_on(&mut self) {
        while let Some((from, bytes)) = self.mischief.as_mut().and_then(|maker| maker.outbox.pop()) {
            self.inject(from, &bytes, false);
        }
        let to_phones = self.mischief.as_mut().map(|maker| std::mem::take(&mut maker.to_phones));
        to_phones.into_iter().flatten().for_each(|(phone, bytes)| self.reaches_phone(phone, bytes));
    }

    /// Nothing that was asked was answered with two different finals.
    pub fn mischief_ends(&mut self) -> BTreeMap<String, u64> {
        self.mischief_goes_on();
        let maker = self.mischief.take().expect("a mischief-maker");
        for (branch, codes) in &maker.answers {
            assert!(codes.iter().all(|code| *code == codes[0]), "seed {}: {branch} was answered {codes:?}", self.seed);
        }
        for ((call, tag), late) in &maker.late {
            let Late { answered, acknowledged, byes } = late;
            let due = (*answered, usize::from(*answered > 0));
            assert_eq!((*acknowledged, byes.len()), due, "seed {}: ACKs and BYEs to {tag} of {call}, whom another was before", self.seed);
        }
        maker.tally
    }
}

impl Mischief {
    /// What is wrong with what the switch did, in words.
    fn verdict(&mut self, deed: &Deed) -> String {
        *self.tally.entry(deed.what.to_owned()).or_default() += 1;
        let sent: Vec<String> = self.sent.iter().map(in_words).collect();
        let right = match &deed.expect {
            Expect::Final(codes) => {
                let finals: Vec<u16> = self.sent.iter().filter_map(own_final).chain(self.unreadable.iter().copied()).collect();
                matches!(finals[..], [code] if codes.contains(&code))
            }
            Expect::Silence => self.sent.is_empty(),
            Expect::Repeats => self.sent.iter().all(|message| own_final(message).is_none()),
            Expect::Requests(tag, methods) => {
                let asked: Vec<Method> = self
                    .sent
                    .iter()
                    .filter_map(|message| match message {
                        Message::Request(request) if request.to().tag() == Some(tag) => Some(request.method.clone()),
                        _ => None,
                    })
                    .collect();
                asked == *methods
            }
        };
        if right { String::new() } else { format!("the switch sent {sent:?}") }
    }
}

fn own_branch(message: &Message) -> bool {
    message.headers().list("Via").next().is_some_and(|via| via.contains(BRANCH))
}

fn own_final(message: &Message) -> Option<u16> {
    match message {
        Message::Response(response) if response.code >= 200 => own_branch(message).then_some(response.code),
        _ => None,
    }
}

fn in_words(message: &Message) -> String {
    match message {
        Message::Request(request) => request.method.to_string(),
        Message::Response(response) => format!("{} {}", response.code, response.cseq().1),
    }
}
