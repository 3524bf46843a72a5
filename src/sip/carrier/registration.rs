//! Our registration with one carrier (RFC 3261 §10.2), from the client's side: asked for, proven by digest, renewed before it runs out,
//! and asked for again after a failure, later each time.

use super::super::msg::demand::Demand;
use super::super::msg::{Method, NameAddr, Request, Response, Uri};
use super::super::order::{Room, Silence, User};
use super::super::transaction::PATIENCE;
use super::super::{Event, Flow, Trunk, compose};
use super::{TrunkCause, some_of};
use crate::base::limits::{PATH_HOPS_MAX, REGISTER_BACKOFF_MAX, REGISTER_TRIES_MAX};
use crate::base::time::{millis, secs};
use crate::base::{Duration, Instant, Rng};

/// RFC 5626 §4.5: the base of the waits when no way leads anywhere.
const BACKOFF: Duration = secs(30);

#[derive(Debug)]
pub struct Registration {
    call_id: String,
    tag: String,
    /// Number of the last REGISTER.
    number: u32,
    state: State,
    /// We are registered until then.
    until: Option<Instant>,
    /// What was told last; nothing at first.
    told: Option<Told>,
    /// Place of the way that is tried.
    way: usize,
    /// Ways in a row that led nowhere.
    failures: u32,
    /// The carrier's last challenge, to be answered before it asks again.
    demand: Option<Demand>,
    /// By which requests are to reach the carrier (RFC 3608), while it has us.
    routes: Vec<NameAddr>,
    /// What it asked for, when that is more than we did (423).
    least: Duration,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Waiting {
        at: Instant,
    },
    /// A REGISTER is out. Its transaction tells its end; `give_up_at` is beyond that.
    Asking {
        tries: u8,
        /// It answers a challenge that came in this round.
        proves: bool,
        give_up_at: Instant,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Told {
    Registered(Flow),
    Not(TrunkCause),
}

impl Registration {
    /// Asks with the next time-out.
    pub fn new(rng: &mut Rng) -> Self {
        Self {
            call_id: rng.hex(16),
            tag: rng.hex(8),
            // So that an answer to who asked before is not taken for one to us.
            number: rng.next_u32() >> 12,
            state: State::Waiting { at: Instant::START },
            until: None,
            told: None,
            way: 0,
            failures: 0,
            demand: None,
            routes: Vec::new(),
            least: Duration::ZERO,
        }
    }

    /// The ways may be others. A way that is gone is left for the first, at once.
    pub fn follow(&mut self, old: &Trunk, new: &Trunk) {
        if old.ways == new.ways {
            return;
        }
        let way = old.ways.get(self.way).and_then(|known| new.ways.iter().position(|way| way == known));
        if way.is_none() {
            (self.state, self.failures) = (State::Waiting { at: Instant::START }, 0);
        }
        self.way = way.unwrap_or(0);
    }

    pub fn handle_timeout(&mut self, trunk: &Trunk, room: &mut Room) {
        if self.until.is_some_and(|until| until <= room.now) {
            self.until = None;
            self.tell_not(TrunkCause::Expired, trunk, room);
        }
        match self.state {
            State::Waiting { at } if at <= room.now => self.ask(1, false, trunk, room),
            State::Asking { give_up_at, .. } if give_up_at <= room.now => self.failed(TrunkCause::Silent, None, trunk, room),
            State::Waiting { .. } | State::Asking { .. } => {}
        }
    }

    fn ask(&mut self, tries: u8, proves: bool, trunk: &Trunk, room: &mut Room) {
        let Some(register) = &trunk.register else { return };
        let Some(flow) = trunk.ways.get(self.way).map(|way| way.flow) else {
            return self.failed(TrunkCause::Unreachable, None, trunk, room);
        };
        self.send(register.expires.max(self.least), flow, trunk, User::Registration(trunk.id.clone()), room);
        self.state = State::Asking { tries, proves, give_up_at: room.now + PATIENCE + secs(1) };
    }

    fn send(&mut self, expires: Duration, flow: Flow, trunk: &Trunk, user: User, room: &mut Room) {
        let Some(register) = &trunk.register else { return };
        self.number += 1;
        let mut request = Request::new(Method::Register, Uri::sip(None, &register.domain, None));
        let mut from = NameAddr::new(None, Uri::sip(Some(&register.user), &register.domain, None));
        let to = from.to_string();
        from.set_param("tag", Some(&self.tag));
        let headers = &mut request.headers;
        headers.push("Max-Forwards", "70");
        headers.push("From", from.to_string());
        headers.push("To", to);
        headers.push("Call-ID", self.call_id.as_str());
        headers.push("CSeq", format!("{} REGISTER", self.number));
        headers.push("Contact", NameAddr::new(None, contact(&register.user, flow)).to_string());
        headers.push("Expires", expires.as_secs().to_string());
        headers.push("Supported", compose::SUPPORTED);
        if let (Some(demand), Some(account)) = (&mut self.demand, &trunk.account) {
            let cnonce = room.rng.hex(8);
            let uri = request.uri.to_string();
            let (name, value) = demand.answer(&account.user, account.password.reveal(), "REGISTER", &uri, &cnonce);
            request.headers.push(name, value);
        }
        room.request(request, flow, user);
    }

    /// The preloaded route of requests to the carrier by `flow` (RFC 3608 §5): of the host alone that has us.
    pub fn routes(&self, flow: Flow, now: Instant) -> &[NameAddr] {
        let has_us = self.told == Some(Told::Registered(flow)) && self.until.is_some_and(|until| until > now);
        if has_us { &self.routes } else { &[] }
    }

    pub fn answered(&mut self, number: u32, answer: Result<Response, Silence>, trunk: &Trunk, room: &mut Room) {
        let State::Asking { tries, proves, .. } = self.state else { return };
        if number != self.number {
            return;
        }
        let response = match answer {
            Ok(response) if response.code < 200 => return,
            Ok(response) => response,
            Err(silence) => return self.failed(silence.into(), None, trunk, room),
        };
        let again = tries < REGISTER_TRIES_MAX;
        match response.code {
            200..300 => self.granted(&response, trunk, room),
            401 | 407 => match Demand::of(&response).filter(|demand| again && trunk.account.is_some() && (!proves || demand.is_stale())) {
                Some(demand) => {
                    self.demand = Some(demand);
                    self.ask(tries + 1, true, trunk, room);
                }
                None => {
                    self.demand = None;
                    self.failed(TrunkCause::Status { code: response.code }, None, trunk, room);
                }
            },
            // §10.2.8: as long as it wants.
            423 if again && self.asks_for_more(&response, trunk) => self.ask(tries + 1, proves, trunk, room),
            code => {
                let after = response.headers.number("Retry-After").ok().flatten().map(|seconds| secs(u64::from(seconds)));
                self.failed(TrunkCause::Status { code }, after, trunk, room);
            }
        }
    }

    fn asks_for_more(&mut self, response: &Response, trunk: &Trunk) -> bool {
        let asked = trunk.register.as_ref().map_or(Duration::ZERO, |register| register.expires).max(self.least);
        let least = response.headers.number("Min-Expires").ok().flatten().map_or(Duration::ZERO, |seconds| secs(u64::from(seconds)));
        if least > asked && least <= secs(86_400) {
            self.least = least;
        }
        self.least > asked
    }

    fn granted(&mut self, response: &Response, trunk: &Trunk, room: &mut Room) {
        let (Some(register), Some(way)) = (&trunk.register, trunk.ways.get(self.way)) else { return };
        let life = life(response, &contact(&register.user, way.flow)).unwrap_or(register.expires.max(self.least));
        if life.is_zero() {
            return self.failed(TrunkCause::Expired, None, trunk, room);
        }
        self.failures = 0;
        self.routes = response.headers.name_addrs("Service-Route").unwrap_or_default();
        self.routes.truncate(PATH_HOPS_MAX);
        self.until = Some(room.now + life);
        // RFC 5626 §4.4.1's fraction: with time left for a second try.
        self.state = State::Waiting { at: room.now + some_of(life, 80..90, room) };
        if self.told.replace(Told::Registered(way.flow)) != Some(Told::Registered(way.flow)) {
            room.event(Event::TrunkRegistered { trunk: trunk.id.clone(), flow: way.flow, life });
        }
    }

    /// One way led nowhere: the next is tried at once; after the last the first, later each time (RFC 5626 §4.5).
    fn failed(&mut self, cause: TrunkCause, after: Option<Duration>, trunk: &Trunk, room: &mut Room) {
        // A carrier that says no has us no more; one that says nothing may have us still.
        if matches!(cause, TrunkCause::Status { code } if !(500..600).contains(&code)) {
            self.until = None;
        }
        if self.until.is_none() {
            self.tell_not(cause, trunk, room);
        }
        self.failures = self.failures.saturating_add(1);
        self.way += 1;
        let wait = if self.way < trunk.ways.len() {
            millis(100)
        } else {
            self.way = 0;
            let rounds = self.failures / u32::try_from(trunk.ways.len().max(1)).unwrap_or(u32::MAX);
            let most = BACKOFF.saturating_mul(1 << rounds.clamp(1, 16)).min(REGISTER_BACKOFF_MAX);
            some_of(most, 50..100, room).max(after.unwrap_or_default().min(REGISTER_BACKOFF_MAX))
        };
        self.state = State::Waiting { at: room.now + wait };
    }

    fn tell_not(&mut self, cause: TrunkCause, trunk: &Trunk, room: &mut Room) {
        if self.told.replace(Told::Not(cause)) != Some(Told::Not(cause)) {
            room.event(Event::TrunkUnregistered { trunk: trunk.id.clone(), cause });
        }
    }

    /// It is wanted no more: taken back where we have it, which nobody waits for.
    pub fn end(&mut self, trunk: &Trunk, room: &mut Room) {
        if self.until.is_some_and(|until| until > room.now)
            && let Some(flow) = trunk.ways.get(self.way).map(|way| way.flow)
        {
            self.send(Duration::ZERO, flow, trunk, User::Nobody, room);
        }
        self.tell_not(TrunkCause::Removed, trunk, room);
    }

    pub fn deadline(&self) -> Instant {
        let next = match self.state {
            State::Waiting { at } => at,
            State::Asking { give_up_at, .. } => give_up_at,
        };
        self.until.map_or(next, |until| next.min(until))
    }
}

fn contact(user: &str, flow: Flow) -> Uri {
    let mut uri = Uri::sip(Some(user), &flow.local.ip().to_string(), Some(flow.local.port()));
    if flow.protocol.is_stream() {
        uri.params.push(("transport".to_owned(), Some(flow.protocol.name().to_owned())));
    }
    uri
}

/// For how long the carrier has us (§10.2.4): what it says of our Contact, or of all. A carrier that sees us behind a NAT may write
/// another address there: with one Contact it is ours.
fn life(response: &Response, contact: &Uri) -> Option<Duration> {
    let contacts: Vec<NameAddr> = response.headers.list("Contact").filter_map(|value| value.parse().ok()).collect();
    let ours = contacts.iter().find(|one| one.uri.same_as(contact)).or(contacts.first().filter(|_| contacts.len() == 1));
    let said = ours.and_then(|one| one.param("expires")).and_then(|seconds| seconds.parse::<u32>().ok());
    let seconds = said.or_else(|| response.headers.number("Expires").ok().flatten())?;
    // A day is enough to be believed.
    Some(secs(u64::from(seconds).min(86_400)))
}
