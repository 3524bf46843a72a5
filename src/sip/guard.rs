//! Who is listened to: limits by source for whoever has not proven himself. Pure, on virtual time. Knows neither transactions nor
//! passwords: it is told what was asked, and what came of it.
//!
//! Who is judged as what, so that nobody is punished for his neighbour's deeds:
//!
//! - A *stranger's* address, from which no right answer came within a day, is judged as one source.
//! - An address that is *shared* (a right answer came from it, or the configuration names its network) is never refused as a whole:
//!   each of its ports, and each account that is tried from it, is judged by itself. A port that gave a right answer is not refused
//!   either, and an account never where its own phone is registered.
//! - On loopback and at a trunk's addresses it is the same, and floods are not limited: a carrier is meant to be loud.
//!
//! A wrong answer is a wrong digest to a nonce of ours. A request without credentials is none, nor is a right digest to a stale nonce.

mod aged;
#[cfg(test)]
mod tests;

use super::Settings;
pub use crate::base::GuardSettings;
use crate::base::limits::{GUARD_BLOCKED_MAX, GUARD_PROVEN_MAX, GUARD_SOURCES_MAX, GUARD_USER_LETTERS_MAX};
use crate::base::time::secs;
use crate::base::{Deadlines, Duration, Instant};
use aged::Aged;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// How long a right answer makes its address a shared one.
const PROVEN_FOR: Duration = secs(86_400);
/// A bucket holds this many seconds of what it lets through.
const BURST: u32 = 2;

/// Who is judged, and blocked.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Source {
    /// A stranger's address; of IPv6 its /64, which is what one customer is given.
    Address(IpAddr),
    /// One port of an address that others share.
    Port(SocketAddr),
    /// An account, as tried from an address that others share.
    Account(String, IpAddr),
}

/// As operators read and write it: `192.0.2.7`, `192.0.2.7:5060`, `1001@192.0.2.7`.
impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(IpAddr::V6(ip)) => write!(f, "{ip}/64"),
            Self::Address(ip) => write!(f, "{ip}"),
            Self::Port(address) => write!(f, "{address}"),
            Self::Account(user, ip) => write!(f, "{user}@{ip}"),
        }
    }
}

/// A source that is refused.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Blocked {
    pub source: Source,
    pub since: Instant,
    pub until: Instant,
    /// How many times in a row.
    pub times: u32,
}

/// What became of a source.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Change {
    Blocked(Blocked),
    /// Its time is over, or an operator said so.
    Released(Source),
}

/// What a source asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Call,
    Request,
    /// What is no SIP.
    Rubbish,
}

/// Why something was not looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Refusal {
    Blocked,
    Flood,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Standing {
    Stranger,
    Shared,
    /// Loopback, and addresses of trunks.
    Trusted,
}

#[derive(Debug, Default)]
pub(super) struct Guard {
    /// What is remembered of sources that are not blocked.
    sources: Aged<Source, Record>,
    blocked: BTreeMap<Source, Blocked>,
    releases: Deadlines<Source>,
    /// Where right answers came from.
    proven_addresses: Aged<IpAddr, ()>,
    proven_ports: Aged<SocketAddr, ()>,
}

/// What is remembered of a source.
#[derive(Debug, Default)]
struct Record {
    /// When its last wrong answers came; as many as would block it at most.
    failures: VecDeque<Instant>,
    calls: Bucket,
    requests: Bucket,
    /// How often it was blocked in a row, and when that last ended.
    times: u32,
    released_at: Instant,
}

/// Full at first; what was taken comes back at a rate.
#[derive(Debug, Default)]
struct Bucket {
    /// In thousandths.
    taken: u64,
    at: Instant,
}

impl Bucket {
    fn take(&mut self, rate: u32, now: Instant) -> bool {
        let back = u64::try_from((now - self.at).as_millis()).unwrap_or(u64::MAX).saturating_mul(u64::from(rate));
        (self.taken, self.at) = (self.taken.saturating_sub(back), now);
        let fits = self.taken + 1_000 <= u64::from(rate) * u64::from(BURST) * 1_000;
        self.taken += if fits { 1_000 } else { 0 };
        fits
    }

    fn give_back(&mut self) {
        self.taken = self.taken.saturating_sub(1_000);
    }
}

impl Guard {
    /// How the address of `peer` is judged.
    pub fn standing(&self, peer: SocketAddr, settings: &Settings) -> Standing {
        let ip = plain(peer.ip());
        if ip.is_loopback() || settings.trunks.iter().any(|trunk| trunk.accepts(ip)) {
            Standing::Trusted
        } else if self.proven_addresses.contains(&customer(ip)) || settings.guard.shared.iter().any(|net| net.contains(&ip)) {
            Standing::Shared
        } else {
            Standing::Stranger
        }
    }

    /// Whether a request (or rubbish) outside of any dialog is looked at. `needs_proof`: it will have to be proven, which a blocked port
    /// is no longer asked for.
    pub fn admit(&mut self, peer: SocketAddr, kind: Kind, needs_proof: bool, settings: &Settings, now: Instant) -> Result<(), Refusal> {
        if !settings.guard.enabled {
            return Ok(());
        }
        let standing = self.standing(peer, settings);
        let port = Source::Port(peer);
        let source = if standing == Standing::Stranger { Source::Address(customer(plain(peer.ip()))) } else { port };
        if !self.blocked.is_empty() && self.blocked.contains_key(&source) && (needs_proof || standing == Standing::Stranger) {
            return Err(Refusal::Blocked);
        }
        if standing == Standing::Trusted {
            return Ok(());
        }
        self.sources.forget(now, settings.guard.block_max);
        let record = self.sources.touch(source, now, GUARD_SOURCES_MAX);
        let fits = match kind {
            Kind::Call => record.calls.take(settings.guard.invites, now),
            Kind::Request | Kind::Rubbish => record.requests.take(settings.guard.requests, now),
        };
        if fits { Ok(()) } else { Err(Refusal::Flood) }
    }

    /// Whether answers for `user` from this address are still looked at; `at_home`: a phone of his is registered right there.
    pub fn hears(&self, user: &str, peer: SocketAddr, at_home: impl FnOnce() -> bool) -> bool {
        self.blocked.is_empty() || !self.blocked.contains_key(&account(user, peer)) || at_home()
    }

    /// A right answer came: its address is a shared one from now on, and what the request took from its bucket comes back.
    pub fn proved(&mut self, user: &str, peer: SocketAddr, kind: Kind, now: Instant) {
        let ip = customer(plain(peer.ip()));
        self.proven_addresses.forget(now, PROVEN_FOR);
        self.proven_ports.forget(now, PROVEN_FOR);
        self.proven_addresses.touch(ip, now, GUARD_PROVEN_MAX);
        self.proven_ports.touch(peer, now, GUARD_PROVEN_MAX);
        if self.sources.is_empty() {
            return;
        }
        self.sources.remove(&Source::Address(ip));
        self.sources.remove(&account(user, peer));
        if let Some(record) = self.sources.get_mut(&Source::Port(peer)) {
            record.failures.clear();
            match kind {
                Kind::Call => record.calls.give_back(),
                Kind::Request | Kind::Rubbish => record.requests.give_back(),
            }
        }
    }

    /// A wrong answer for `user` came. `registered_here` tells whether any phone is registered from this address, or this very port: it
    /// is asked only when somebody is about to be blocked.
    pub fn failed(
        &mut self,
        user: &str,
        peer: SocketAddr,
        registered_here: impl Fn(Option<u16>) -> bool,
        settings: &Settings,
        now: Instant,
        out: &mut Vec<Change>,
    ) {
        if !settings.guard.enabled {
            return;
        }
        self.sources.forget(now, settings.guard.block_max);
        if self.standing(peer, settings) == Standing::Stranger {
            let ip = customer(plain(peer.ip()));
            let is_last = self.count(Source::Address(ip), settings, now);
            if is_last && registered_here(None) {
                // Registered in a life before this one.
                self.proven_addresses.touch(ip, now, GUARD_PROVEN_MAX);
            } else if is_last {
                self.block(Source::Address(ip), settings, now, out);
            }
            return;
        }
        if self.count(account(user, peer), settings, now) {
            self.block(account(user, peer), settings, now, out);
        }
        if !self.proven_ports.contains(&peer) && self.count(Source::Port(peer), settings, now) && !registered_here(Some(peer.port())) {
            self.block(Source::Port(peer), settings, now, out);
        }
    }

    /// Notes a wrong answer; true when it was one too many.
    fn count(&mut self, source: Source, settings: &Settings, now: Instant) -> bool {
        let (most, window) = (usize::try_from(settings.guard.failures).unwrap_or(usize::MAX), settings.guard.window);
        if self.blocked.contains_key(&source) {
            return false;
        }
        let failures = &mut self.sources.touch(source, now, GUARD_SOURCES_MAX).failures;
        failures.push_back(now);
        while failures.len() > most || failures.front().is_some_and(|first| now - *first > window) {
            failures.pop_front();
        }
        failures.len() >= most
    }

    fn block(&mut self, source: Source, settings: &Settings, now: Instant, out: &mut Vec<Change>) {
        let guard = &settings.guard;
        let before = self.sources.remove(&source).filter(|record| record.times > 0 && now - record.released_at <= guard.block_max);
        let times = before.map_or(0, |record| record.times).saturating_add(1);
        let length = guard.block.saturating_mul(1 << (times - 1).min(16)).min(guard.block_max);
        if self.blocked.len() >= GUARD_BLOCKED_MAX
            && let Some(soonest) = self.releases.pop_due(Instant::after_start(Duration::MAX))
        {
            self.end(soonest, now, out);
        }
        let blocked = Blocked { source: source.clone(), since: now, until: now + length, times };
        self.releases.set(source.clone(), Some(blocked.until));
        self.blocked.insert(source, blocked.clone());
        out.push(Change::Blocked(blocked));
    }

    fn end(&mut self, source: Source, now: Instant, out: &mut Vec<Change>) {
        let Some(blocked) = self.blocked.remove(&source) else { return };
        let record = self.sources.touch(source.clone(), now, GUARD_SOURCES_MAX);
        (record.times, record.released_at) = (blocked.times, now);
        out.push(Change::Released(source));
    }

    /// An operator releases a source, named as it is shown, or all of them; how often it was blocked is forgotten. Gives how many.
    pub fn release(&mut self, named: Option<&str>, out: &mut Vec<Change>) -> usize {
        let chosen = self.blocked.keys().filter(|source| named.is_none_or(|named| source.to_string() == named));
        let chosen: Vec<Source> = chosen.cloned().collect();
        for source in &chosen {
            self.blocked.remove(source);
            self.releases.set(source.clone(), None);
            out.push(Change::Released(source.clone()));
        }
        chosen.len()
    }

    pub fn handle_timeout(&mut self, now: Instant, out: &mut Vec<Change>) {
        while let Some(source) = self.releases.pop_due(now) {
            self.end(source, now, out);
        }
    }

    pub fn deadline(&self) -> Option<Instant> {
        self.releases.next()
    }

    /// Takes over who was refused before a restart, until the moment that was told them; what ended meanwhile falls due at once. Neither
    /// counts nor proofs are: whoever has not been blocked begins anew.
    pub fn restore(&mut self, blocked: Vec<Blocked>) {
        for blocked in blocked.into_iter().take(GUARD_BLOCKED_MAX) {
            self.releases.set(blocked.source.clone(), Some(blocked.until));
            self.blocked.insert(blocked.source.clone(), blocked);
        }
    }

    /// Who is refused, in order of the sources.
    pub fn blocked(&self) -> impl Iterator<Item = &Blocked> {
        self.blocked.values()
    }
}

fn account(user: &str, peer: SocketAddr) -> Source {
    Source::Account(user.chars().take(GUARD_USER_LETTERS_MAX).collect(), customer(plain(peer.ip())))
}

/// An IPv4 address that came as a mapped one is itself.
fn plain(ip: IpAddr) -> IpAddr {
    ip.to_canonical()
}

/// What one customer holds: an IPv4 address, a /64 of IPv6.
fn customer(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(v6) if v6.is_loopback() => ip,
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
    }
}
