//! Whether one host of a carrier is there: OPTIONS again and again (RFC 3261 §11), and what its answers, or their absence, come to.

use super::super::msg::{Method, NameAddr, Request, Response, Uri};
use super::super::order::{Room, Silence, User};
use super::super::{Event, Flow, Trunk, TrunkWay, compose};
use super::{TrunkCause, some_of};
use crate::base::limits::PING_ANSWERED_WITHIN;
use crate::base::time::{millis, secs};
use crate::base::{Instant, Rng};

#[derive(Debug)]
pub struct Ping {
    way: TrunkWay,
    call_id: String,
    number: u32,
    state: State,
    /// In a row.
    failures: u32,
    stands: Stands,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Waiting { at: Instant },
    Asking { asked_at: Instant, give_up_at: Instant },
}

/// What was told of it. A host of which nothing is known is as good as one that is up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stands {
    Unknown,
    Up,
    Down,
}

impl Ping {
    /// Asks with the next time-out.
    pub fn new(way: TrunkWay, rng: &mut Rng) -> Self {
        let state = State::Waiting { at: Instant::START };
        Self { way, call_id: rng.hex(16), number: rng.next_u32() >> 12, state, failures: 0, stands: Stands::Unknown }
    }

    pub fn is_to(&self, way: &TrunkWay) -> bool {
        self.way == *way
    }

    pub fn flow(&self) -> Flow {
        self.way.flow
    }

    pub fn handle_timeout(&mut self, trunk: &Trunk, room: &mut Room) {
        match self.state {
            State::Waiting { at } if at <= room.now => self.ask(trunk, room),
            // The transaction goes on for 32 s; what it brings then is too late.
            State::Asking { give_up_at, .. } if give_up_at <= room.now => self.missed(TrunkCause::Silent, trunk, room),
            State::Waiting { .. } | State::Asking { .. } => {}
        }
    }

    fn ask(&mut self, trunk: &Trunk, room: &mut Room) {
        self.number += 1;
        let target = TrunkWay::uri(None, &self.way.host);
        let mut from = NameAddr::new(None, Uri::sip(None, &room.settings.domain, None));
        from.set_param("tag", Some(&room.tag()));
        let to = NameAddr::new(None, target.clone());
        let mut request = Request::new(Method::Options, target);
        let headers = &mut request.headers;
        headers.push("Max-Forwards", "70");
        headers.push("From", from.to_string());
        headers.push("To", to.to_string());
        headers.push("Call-ID", self.call_id.as_str());
        headers.push("CSeq", format!("{} OPTIONS", self.number));
        headers.push("Contact", compose::contact_to(&request.uri, self.way.flow));
        headers.push("Accept", compose::ACCEPT);
        room.request(request, self.way.flow, User::Ping(trunk.id.clone(), self.way.flow));
        self.state = State::Asking { asked_at: room.now, give_up_at: room.now + PING_ANSWERED_WITHIN };
    }

    pub fn answered(&mut self, number: u32, answer: Result<Response, Silence>, trunk: &Trunk, room: &mut Room) {
        if number != self.number || !matches!(self.state, State::Asking { .. }) {
            return;
        }
        match answer {
            Ok(response) if response.code < 200 => {}
            // Whatever else it says, it is there; these say that it cannot serve, or that what is behind it is not there.
            Ok(response) if matches!(response.code, 408 | 500 | 502..=504) => {
                self.missed(TrunkCause::Status { code: response.code }, trunk, room);
            }
            Ok(_) => {
                self.failures = 0;
                self.rest(trunk, room);
                if self.stands != Stands::Up {
                    self.stands = Stands::Up;
                    room.event(Event::TrunkUp { trunk: trunk.id.clone(), flow: self.way.flow });
                }
            }
            Err(silence) => self.missed(silence.into(), trunk, room),
        }
    }

    fn missed(&mut self, cause: TrunkCause, trunk: &Trunk, room: &mut Room) {
        self.failures = self.failures.saturating_add(1);
        self.rest(trunk, room);
        let most = trunk.ping.as_ref().map_or(1, |ping| ping.failures.max(1));
        if self.failures >= most && self.stands != Stands::Down {
            self.stands = Stands::Down;
            room.event(Event::TrunkDown { trunk: trunk.id.clone(), flow: self.way.flow, cause });
        }
    }

    /// Until the next time, counted from when it was asked.
    fn rest(&mut self, trunk: &Trunk, room: &mut Room) {
        let every = trunk.ping.as_ref().map_or(PING_ANSWERED_WITHIN, |ping| ping.every).max(secs(1));
        let asked_at = match self.state {
            State::Asking { asked_at, .. } => asked_at,
            State::Waiting { .. } => room.now,
        };
        let at = asked_at + some_of(every, 90..100, room);
        self.state = State::Waiting { at: at.max(room.now + millis(100)) };
    }

    pub fn deadline(&self) -> Instant {
        match self.state {
            State::Waiting { at } => at,
            State::Asking { give_up_at, .. } => give_up_at,
        }
    }
}
