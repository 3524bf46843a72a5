//! What callers, agents and registrations stand on: sockets, time, the buffer for messages, the legs of sound, the timers, and the tally.

use super::histogram::Histogram;
use super::media::Media;
use super::timers::Timers;
use super::words::Words;
use crate::base::time::{millis, secs};
use crate::base::{Duration, Instant, Rng};
use std::collections::BTreeMap;
use std::io;
use std::net::{SocketAddr, UdpSocket};

/// RFC 3261 §17: timer T1 and T2, and 64 × T1.
pub const T1: Duration = millis(500);
pub const T2: Duration = secs(4);
pub const GIVE_UP: Duration = secs(32);

pub struct Ground {
    /// When the load is at; read once a turn.
    pub now: Instant,
    /// All callers' signalling, and that of all agents.
    pub callers: UdpSocket,
    pub agents: UdpSocket,
    pub callers_at: SocketAddr,
    pub agents_at: SocketAddr,
    pub domain: String,
    pub words: Words,
    pub rng: Rng,
    /// In the ids of this run, so that two runs never mean the same call.
    pub run: u32,
    pub media: Media,
    /// Calls have sound; else they name the port of one socket that nobody reads.
    pub sound: bool,
    pub sink: UdpSocket,
    pub timers: Timers,
    pub tally: Tally,
}

/// What happened since the window began.
#[derive(Debug, Default)]
pub struct Tally {
    pub attempts: u64,
    pub answered: u64,
    /// Answered and ended as meant.
    pub completed: u64,
    pub failures: BTreeMap<String, u64>,
    pub to_agent: Histogram,
    pub to_ringing: Histogram,
    pub to_answer: Histogram,
    pub release: Histogram,
    pub registrations: u64,
    pub registration: Histogram,
    pub repeats: u64,
    /// What could not be read, or belongs to nothing.
    pub strange: u64,
}

impl Tally {
    /// One more of this cause.
    pub fn failed(&mut self, cause: &str) {
        match self.failures.get_mut(cause) {
            Some(count) => *count += 1,
            None => drop(self.failures.insert(cause.to_owned(), 1)),
        }
    }
}

impl Ground {
    /// The port that the description of a leg's stream names.
    ///
    /// # Errors
    /// No socket is left.
    pub fn audio_port(&mut self, leg: usize) -> io::Result<u16> {
        if self.sound { self.media.port(leg) } else { Ok(self.sink.local_addr()?.port()) }
    }

    /// Sends what stands in the buffer. Lost is lost: timers repeat it.
    pub fn send(&self, from: &UdpSocket) {
        let _ = from.send(&self.words.bytes);
    }

    pub fn send_as_caller(&self) {
        self.send(&self.callers);
    }

    pub fn send_as_agent(&self) {
        self.send(&self.agents);
    }
}

/// A request that is repeated until it is answered (RFC 3261 §17.1).
#[derive(Clone, Copy, Debug)]
pub struct Repeat {
    pub at: Instant,
    interval: Duration,
    give_up_at: Instant,
}

impl Repeat {
    #[must_use]
    pub fn from(now: Instant) -> Self {
        Self { at: now + T1, interval: T1, give_up_at: now + GIVE_UP }
    }

    /// The next repeat after `now`; `None` when it is to be given up.
    #[must_use]
    pub fn next(self, now: Instant) -> Option<Self> {
        let interval = (self.interval * 2).min(T2);
        (now < self.give_up_at).then_some(Self { at: (now + interval).min(self.give_up_at), interval, ..self })
    }
}
