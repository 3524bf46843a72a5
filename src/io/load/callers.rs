//! Those who call: each place has one call at a time, INVITE to released. All share one socket; the Call-ID says whose an answer is.

use super::ground::{Ground, Repeat};
use super::scan::{Scan, audio_of, uri_of};
use super::timers::Who;
use super::words::{Account, Request};
use crate::base::{Duration, Instant};

/// In front of the place's number, in the numbers of callers from outside.
pub const CALLING_NUMBER: &str = "139";

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Idle,
    /// `heeded`: a provisional answer came, and nothing is repeated any more (§17.1.1.2).
    Calling {
        heeded: bool,
    },
    Talking,
    Ending,
    Cancelling,
}

#[derive(Debug)]
struct Caller {
    state: State,
    since: Instant,
    serial: u32,
    cseq: u32,
    rang: bool,
    /// Its agent's INVITE was seen.
    offered: bool,
    /// To with the tag, and the other side's Contact.
    to: String,
    contact: String,
    /// An Authorization line, once it was asked for.
    proof: Option<String>,
    repeat: Option<Repeat>,
    due: Option<Instant>,
}

/// How calls go.
#[derive(Clone, Debug)]
pub struct Habit {
    /// Who is called: the Request-URI.
    pub uri: String,
    /// From answer to release; `None`: until told to.
    pub hold: Option<Duration>,
    /// A call that nobody answers is cancelled then.
    pub patience: Duration,
    /// With passwords; without, calls come from the trunk.
    pub accounts: Vec<Account>,
}

pub struct Callers {
    habit: Habit,
    places: Vec<Caller>,
    idle: Vec<usize>,
    talking: usize,
}

/// The leg of sound of a caller's place.
fn leg(place: usize) -> usize {
    2 * place
}

impl Callers {
    #[must_use]
    pub fn new(habit: Habit, places: usize) -> Self {
        let caller = |_| Caller {
            state: State::Idle,
            since: Instant::START,
            serial: 0,
            cseq: 0,
            rang: false,
            offered: false,
            to: String::new(),
            contact: String::new(),
            proof: None,
            repeat: None,
            due: None,
        };
        Self { habit, places: (0..places).map(caller).collect(), idle: (0..places).rev().collect(), talking: 0 }
    }

    /// Calls that are not over.
    #[must_use]
    pub fn active(&self) -> usize {
        self.places.len() - self.idle.len()
    }

    /// Calls that are answered and not being ended.
    #[must_use]
    pub fn talking(&self) -> usize {
        self.talking
    }

    /// Another call; false when every place has one.
    pub fn place(&mut self, ground: &mut Ground) -> bool {
        let Some(place) = self.idle.pop() else { return false };
        let caller = &mut self.places[place];
        caller.serial += 1;
        (caller.state, caller.since, caller.cseq) = (State::Calling { heeded: false }, ground.now, 1);
        (caller.rang, caller.offered, caller.proof) = (false, false, None);
        caller.to.clear();
        caller.repeat = Some(Repeat::from(ground.now));
        ground.tally.attempts += 1;
        self.send(place, "INVITE", ground);
        self.wait(place, Some(ground.now + super::ground::T1), ground);
        true
    }

    /// Every call is ended, now.
    pub fn hang_up_all(&mut self, ground: &mut Ground) {
        for place in 0..self.places.len() {
            match self.places[place].state {
                State::Talking => self.hang_up(place, ground),
                State::Calling { .. } => self.cancel(place, ground),
                State::Idle | State::Ending | State::Cancelling => {}
            }
        }
    }

    /// The INVITE of this caller's call reached an agent.
    pub fn offered(&mut self, number: &str, ground: &mut Ground) {
        let place = number.strip_prefix(CALLING_NUMBER).and_then(|digits| digits.parse::<usize>().ok());
        if let Some(caller) = place.and_then(|place| self.places.get_mut(place))
            && matches!(caller.state, State::Calling { .. })
            && !std::mem::replace(&mut caller.offered, true)
        {
            ground.tally.to_agent.add(ground.now - caller.since);
        }
    }

    pub fn wake(&mut self, at: Instant, place: usize, ground: &mut Ground) {
        let caller = &mut self.places[place];
        if caller.due != Some(at) {
            return;
        }
        caller.due = None;
        let method = match caller.state {
            State::Idle => return,
            State::Talking => return self.hang_up(place, ground),
            State::Calling { heeded: true } => return self.cancel(place, ground),
            State::Calling { heeded: false } => "INVITE",
            State::Ending => "BYE",
            State::Cancelling => "CANCEL",
        };
        caller.repeat = caller.repeat.and_then(|repeat| repeat.next(ground.now));
        match caller.repeat {
            Some(Repeat { at, .. }) => {
                ground.tally.repeats += 1;
                self.send(place, method, ground);
                self.wait(place, Some(at), ground);
            }
            None => self.fail(place, &format!("{method} unanswered"), ground),
        }
    }

    pub fn receive(&mut self, scan: &Scan<'_>, ground: &mut Ground) {
        let Some(place) = self.place_of(scan.call_id, ground.run) else {
            if scan.status == 0 && scan.method != "ACK" {
                respond(scan, "481 Call/Transaction Does Not Exist", ground);
            }
            ground.tally.strange += 1;
            return;
        };
        match (scan.status, scan.method) {
            (0, _) => self.requested(place, scan, ground),
            (_, "INVITE") => self.answered(place, scan, ground),
            (200.., "BYE") if self.places[place].state == State::Ending => {
                ground.tally.release.add(ground.now - self.places[place].since);
                ground.tally.completed += 1;
                self.free(place, ground);
            }
            _ => {}
        }
    }

    /// Of a call that is not over.
    fn place_of(&self, call_id: &str, run: u32) -> Option<usize> {
        let mut parts = call_id.split('-').map(|part| u32::from_str_radix(part, 16).ok());
        let (place, serial) = (parts.next()?? as usize, parts.next()??);
        let caller = self.places.get(place)?;
        (parts.next()? == Some(run) && caller.serial == serial && caller.state != State::Idle).then_some(place)
    }

    fn requested(&mut self, place: usize, scan: &Scan<'_>, ground: &mut Ground) {
        match scan.method {
            "ACK" => {}
            "BYE" => {
                respond(scan, "200 OK", ground);
                match self.places[place].state {
                    State::Talking => {
                        let reason = if scan.reason.is_empty() { "no reason" } else { scan.reason };
                        self.fail(place, &format!("released early: {reason}"), ground);
                    }
                    State::Ending => {
                        ground.tally.completed += 1;
                        self.free(place, ground);
                    }
                    State::Idle | State::Calling { .. } | State::Cancelling => {}
                }
            }
            "INVITE" | "UPDATE" => reoffered(scan, leg(place), false, ground),
            _ => respond(scan, "200 OK", ground),
        }
    }

    fn answered(&mut self, place: usize, scan: &Scan<'_>, ground: &mut Ground) {
        let caller = &mut self.places[place];
        match (scan.status, caller.state) {
            (..200, State::Calling { .. }) => {
                caller.state = State::Calling { heeded: true };
                if scan.status > 100 && !std::mem::replace(&mut caller.rang, true) {
                    ground.tally.to_ringing.add(ground.now - caller.since);
                }
                let due = caller.since + self.habit.patience;
                if caller.due != Some(due) {
                    self.wait(place, Some(due), ground);
                }
            }
            (..200, _) => {}
            (..300, State::Calling { .. } | State::Cancelling) => {
                scan.to.clone_into(&mut caller.to);
                uri_of(scan.contact).clone_into(&mut caller.contact);
                ground.tally.to_answer.add(ground.now - caller.since);
                ground.tally.answered += 1;
                caller.state = State::Talking;
                self.talking += 1;
                caller.since = ground.now;
                self.send(place, "ACK", ground);
                if let Some(peer) = audio_of(scan.body).filter(|_| ground.sound) {
                    ground.media.begin(leg(place), peer);
                }
                match self.habit.hold {
                    Some(hold) if hold.is_zero() => self.hang_up(place, ground),
                    hold => self.wait(place, hold.map(|hold| ground.now + hold), ground),
                }
            }
            // The ACK was lost.
            (..300, _) => self.acknowledge_again(place, ground),
            (401 | 407, State::Calling { .. }) if caller.proof.is_none() && !self.habit.accounts.is_empty() => {
                let account = &self.habit.accounts[place % self.habit.accounts.len()];
                let name = if scan.status == 401 { "Authorization" } else { "Proxy-Authorization" };
                let proof = account.answer(scan.challenge, "INVITE", &self.habit.uri, &mut ground.rng);
                acknowledge_refusal(&self.habit, place, caller, scan, ground);
                match proof {
                    Some(proof) => {
                        caller.proof = Some(format!("{name}: {proof}"));
                        caller.cseq += 1;
                        caller.state = State::Calling { heeded: false };
                        self.send(place, "INVITE", ground);
                    }
                    None => self.fail(place, "a challenge without answer", ground),
                }
            }
            (status, state) => {
                acknowledge_refusal(&self.habit, place, caller, scan, ground);
                match state {
                    State::Calling { .. } => self.fail(place, &status.to_string(), ground),
                    State::Cancelling => self.fail(place, "nobody answered", ground),
                    State::Idle | State::Talking | State::Ending => {}
                }
            }
        }
    }

    fn acknowledge_again(&mut self, place: usize, ground: &mut Ground) {
        ground.tally.repeats += 1;
        self.send(place, "ACK", ground);
    }

    fn hang_up(&mut self, place: usize, ground: &mut Ground) {
        let caller = &mut self.places[place];
        self.talking -= usize::from(caller.state == State::Talking);
        (caller.state, caller.since) = (State::Ending, ground.now);
        caller.repeat = Some(Repeat::from(ground.now));
        self.send(place, "BYE", ground);
        ground.media.end(leg(place), ground.now);
        self.wait(place, Some(ground.now + super::ground::T1), ground);
    }

    fn cancel(&mut self, place: usize, ground: &mut Ground) {
        let caller = &mut self.places[place];
        caller.state = State::Cancelling;
        caller.repeat = Some(Repeat::from(ground.now));
        self.send(place, "CANCEL", ground);
        self.wait(place, Some(ground.now + super::ground::T1), ground);
    }

    fn fail(&mut self, place: usize, cause: &str, ground: &mut Ground) {
        ground.tally.failed(cause);
        self.free(place, ground);
    }

    fn free(&mut self, place: usize, ground: &mut Ground) {
        ground.media.end(leg(place), ground.now);
        let caller = &mut self.places[place];
        self.talking -= usize::from(caller.state == State::Talking);
        (caller.state, caller.due) = (State::Idle, None);
        self.idle.push(place);
    }

    fn wait(&mut self, place: usize, until: Option<Instant>, ground: &mut Ground) {
        self.places[place].due = until;
        if let Some(until) = until {
            ground.timers.set(until, Who::Caller(place));
        }
    }

    fn send(&mut self, place: usize, method: &str, ground: &mut Ground) {
        let caller = &self.places[place];
        let in_dialog = matches!(method, "ACK" | "BYE");
        let cseq = caller.cseq + u32::from(method == "BYE");
        write_request(&self.habit, place, caller, method, in_dialog, cseq, ground);
        match method {
            "INVITE" => {
                let local = ground.callers_at;
                let user = Callee { habit: &self.habit, place };
                ground.words.header(format_args!("Contact: <sip:{user}@{local}>"));
                ground.words.header(format_args!("Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, INFO, NOTIFY"));
                if let Some(proof) = &caller.proof {
                    ground.words.header(format_args!("{proof}"));
                }
                match ground.audio_port(leg(place)) {
                    Ok(port) => ground.words.end_with_audio(local.ip(), port),
                    Err(_) => ground.words.end(),
                }
            }
            _ => ground.words.end(),
        }
        ground.send_as_caller();
    }
}

/// The user part of a caller's own address.
struct Callee<'a> {
    habit: &'a Habit,
    place: usize,
}

impl std::fmt::Display for Callee<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.habit.accounts.get(self.place % self.habit.accounts.len().max(1)) {
            Some(account) => f.write_str(&account.user),
            None => write!(f, "{CALLING_NUMBER}{:08}", self.place),
        }
    }
}

fn write_request(habit: &Habit, place: usize, caller: &Caller, method: &str, in_dialog: bool, cseq: u32, ground: &mut Ground) {
    let (run, serial) = (ground.run, caller.serial);
    let (local, user) = (ground.callers_at, Callee { habit, place });
    let to = format!("<{}>", habit.uri);
    // CANCEL and the ACK of a refusal belong to the INVITE's transaction (§9.1, §17.1.1.3).
    let kind = if in_dialog { method } else { "" };
    let request = Request {
        method,
        uri: if in_dialog && !caller.contact.is_empty() { &caller.contact } else { &habit.uri },
        branch: format_args!("{run:x}.{place:x}.{serial:x}.{cseq}{kind}"),
        from: if habit.accounts.is_empty() {
            format_args!("<sip:{user}@{}>;tag={serial:x}-{place:x}", local.ip())
        } else {
            format_args!("<sip:{user}@{}>;tag={serial:x}-{place:x}", ground.domain)
        },
        to: if caller.to.is_empty() { &to } else { &caller.to },
        call_id: format_args!("{place:x}-{serial:x}-{run:x}"),
        cseq,
    };
    ground.words.request(&request, local);
}

/// RFC 3261 §17.1.1.3: in the INVITE's own transaction, with the To of the answer.
fn acknowledge_refusal(habit: &Habit, place: usize, caller: &mut Caller, scan: &Scan<'_>, ground: &mut Ground) {
    scan.to.clone_into(&mut caller.to);
    write_request(habit, place, caller, "ACK", false, scan.cseq, ground);
    caller.to.clear();
    ground.words.end();
    ground.send_as_caller();
}

/// A re-INVITE or UPDATE: taken as it comes.
pub fn reoffered(scan: &Scan<'_>, leg: usize, is_agent: bool, ground: &mut Ground) {
    let local = if is_agent { ground.agents_at } else { ground.callers_at };
    ground.words.response(scan, "200 OK", format_args!("load"));
    ground.words.header(format_args!("Contact: <{}>", scan.uri));
    match audio_of(scan.body) {
        Some(peer) => {
            if ground.sound {
                ground.media.redirect(leg, peer);
            }
            end_with_port(leg, local, ground);
        }
        // RFC 3261 §14.2: without an offer ours goes into the answer.
        None if scan.method == "INVITE" => end_with_port(leg, local, ground),
        None => ground.words.end(),
    }
    if is_agent { ground.send_as_agent() } else { ground.send_as_caller() }
}

fn end_with_port(leg: usize, local: std::net::SocketAddr, ground: &mut Ground) {
    match ground.audio_port(leg) {
        Ok(port) => ground.words.end_with_audio(local.ip(), port),
        Err(_) => ground.words.end(),
    }
}

fn respond(scan: &Scan<'_>, status: &str, ground: &mut Ground) {
    ground.words.response(scan, status, format_args!("load"));
    ground.words.end();
    ground.send_as_caller();
}
