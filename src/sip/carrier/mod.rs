//! Carriers from our side: the account that we hold with each is registered (`registration`), its hosts are asked whether they are there
//! (`ping`), and callers are named to it as it wants (`identity`). What calls come in from it, and which host is called, is not decided
//! here.

mod identity;
mod ping;
mod registration;

use super::msg::{NameAddr, Response};
use super::order::{Room, Silence};
use super::{Flow, Trunk};
use crate::base::{Duration, Instant, Rng};
pub(super) use identity::{Shown, shown};
use ping::Ping;
use registration::Registration;
use serde::{Deserialize, Serialize};

/// Why a carrier does not have us, or does not answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum TrunkCause {
    /// Its answer; 401 and 407 for a password that it does not take.
    Status { code: u16 },
    /// None in time.
    Silent,
    /// Nothing could be sent: no address, or no connection.
    Unreachable,
    /// The registration ran out before it could be renewed.
    Expired,
    /// The configuration wants it no more.
    Removed,
}

impl From<Silence> for TrunkCause {
    fn from(silence: Silence) -> Self {
        match silence {
            Silence::TimedOut => Self::Silent,
            Silence::Unreachable => Self::Unreachable,
        }
    }
}

/// What is done about one carrier.
pub(super) struct Carrier {
    trunk: Trunk,
    registration: Option<Registration>,
    /// One a place.
    pings: Vec<Ping>,
    /// The configuration has it no more, or another account.
    retired: Option<(Trunk, Registration)>,
}

impl Carrier {
    /// Begins at once.
    pub fn new(trunk: Trunk, rng: &mut Rng) -> Self {
        let mut carrier = Self { trunk: trunk.clone(), registration: None, pings: Vec::new(), retired: None };
        carrier.follow(trunk, rng);
        carrier
    }

    /// Whether there is anything to do about a carrier.
    pub fn is_wanted(trunk: &Trunk) -> bool {
        trunk.register.is_some() || trunk.ping.is_some()
    }

    /// Takes a new configuration; what is the same goes on.
    pub fn follow(&mut self, trunk: Trunk, rng: &mut Rng) {
        let same = trunk.register == self.trunk.register && trunk.account == self.trunk.account;
        match &mut self.registration {
            Some(registration) if same => registration.follow(&self.trunk, &trunk),
            _ => self.retire_registration(),
        }
        if self.registration.is_none() && trunk.register.is_some() {
            self.registration = Some(Registration::new(rng));
        }
        let mut before = std::mem::take(&mut self.pings);
        if trunk.ping.is_some() {
            for way in &trunk.ways {
                // Two names or records that lead to one place: an answer from there is for either.
                if self.pings.iter().any(|ping| ping.flow() == way.flow) {
                    continue;
                }
                let known = before.iter().position(|ping| ping.is_to(way)).map(|place| before.swap_remove(place));
                self.pings.push(known.unwrap_or_else(|| Ping::new(way.clone(), rng)));
            }
        }
        self.trunk = trunk;
    }

    /// Nothing is wanted of it any more; its registration is taken back with the next time-out.
    pub fn retire(&mut self) {
        self.pings.clear();
        self.retire_registration();
    }

    fn retire_registration(&mut self) {
        self.retired = self.registration.take().map(|registration| (self.trunk.clone(), registration)).or(self.retired.take());
    }

    pub fn handle_timeout(&mut self, room: &mut Room) {
        if let Some((trunk, mut registration)) = self.retired.take() {
            registration.end(&trunk, room);
        }
        if let Some(registration) = &mut self.registration {
            registration.handle_timeout(&self.trunk, room);
        }
        for ping in &mut self.pings {
            ping.handle_timeout(&self.trunk, room);
        }
    }

    /// A REGISTER was answered, or not.
    pub fn registered(&mut self, number: u32, answer: Result<Response, Silence>, room: &mut Room) {
        if let Some(registration) = &mut self.registration {
            registration.answered(number, answer, &self.trunk, room);
        }
    }

    /// The route of requests to it by `flow`.
    pub fn routes(&self, flow: Flow, now: Instant) -> &[NameAddr] {
        self.registration.as_ref().map_or(&[], |registration| registration.routes(flow, now))
    }

    /// An OPTIONS was answered, or not.
    pub fn ponged(&mut self, flow: Flow, number: u32, answer: Result<Response, Silence>, room: &mut Room) {
        if let Some(ping) = self.pings.iter_mut().find(|ping| ping.flow() == flow) {
            ping.answered(number, answer, &self.trunk, room);
        }
    }

    pub fn deadline(&self) -> Option<Instant> {
        if self.retired.is_some() {
            return Some(Instant::START);
        }
        self.registration.iter().map(Registration::deadline).chain(self.pings.iter().map(Ping::deadline)).min()
    }
}

/// Somewhere between these percents of a time, so that many do not come at once.
fn some_of(time: Duration, percents: std::ops::Range<u64>, room: &mut Room) -> Duration {
    let percent = percents.start + room.rng.below(percents.end - percents.start + 1);
    time.mul_f64(f64::from(u32::try_from(percent).unwrap_or(100)) / 100.0)
}
