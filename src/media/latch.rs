//! Symmetric RTP (RFC 4961, RFC 7362): from where a leg's packets are taken, and so where ours go.
//!
//! A phone behind NAT does not know where its packets will seem to come from, and whoever sprays RTP over our ports wants to be taken for
//! it. So sources are not alike:
//!
//! - The **known** ones, the addresses of the leg's description and of its signalling, on whatever port: the first is locked at once.
//! - Any **other**, where the description has a private address and its signalling comes from outside our networks (a NAT that maps RTP to
//!   another of its addresses): only after the known ones were silent for [`WAITS`], and only who sends steadily. It gives way to a known
//!   one at once. A proxy on our own network has to write where the phone's sound comes from; behind it nobody else is taken.
//! - Who has the leg's keys has proven himself, and is not made to wait.
//!
//! A leg that moved is heard where it is now: for [`LEFT_FOR`] what is on its way from where it was locks nothing.
//!
//! A locked source keeps its place against equals, but for the very one that the description names, until it is silent though sound is expected of it (a NAT that forgot its mapping), or
//! until the leg is described again while it is silent.

use super::control::StreamParameters;
use crate::base::{Duration, Instant, time::secs};
use std::net::{IpAddr, SocketAddr};

/// For how long only the known sources are taken: a phone that was answered sends within a second.
const WAITS: Duration = secs(2);
/// By how many packets one of the others must be ahead of the rest: half a second of sound, of which a spray has one packet a port.
const STEADY: u8 = 25;
/// For how long packets of a source that was left are still on their way.
const LEFT_FOR: Duration = secs(1);
/// Silence of RTP after which a source gives way.
const RTP_SILENT: Duration = secs(2);
/// The same of RTCP: three of its intervals (RFC 3550 §6.2).
const RTCP_SILENT: Duration = secs(15);

/// One component's lock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Latch {
    silent_after: Duration,
    locked: Option<Locked>,
    trial: Option<Trial>,
    /// Where the leg was before, and until when that counts.
    left: Option<(SocketAddr, Instant)>,
    /// Since when the leg is expected to send, and others than the known sources may wait for their turn.
    waits_since: Option<Instant>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Locked {
    source: SocketAddr,
    is_known: bool,
    heard_at: Instant,
    /// It was silent when the leg was described again: who comes first from now on is the leg.
    yields: bool,
}

/// One of the others, and by how many packets it is ahead of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Trial {
    source: SocketAddr,
    ahead: u8,
}

/// What a packet's source is to the leg.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// Its own.
    Own,
    /// It may become that, if its packets are valid and what else is asked of it.
    OnTrial,
    Stranger,
}

impl Latch {
    #[must_use]
    pub fn for_rtp() -> Self {
        Self { silent_after: RTP_SILENT, locked: None, trial: None, left: None, waits_since: None }
    }

    #[must_use]
    pub fn for_rtcp() -> Self {
        Self { silent_after: RTCP_SILENT, ..Self::for_rtp() }
    }

    /// The leg is somewhere else now: nobody is locked.
    pub fn open(&mut self, now: Instant) {
        if let Some(locked) = self.locked {
            self.left = Some((locked.source, now + LEFT_FOR));
        }
        (self.locked, self.trial, self.waits_since) = (None, None, None);
    }

    /// The leg was described, and is expected to send or not.
    pub fn described(&mut self, receives: bool, now: Instant) {
        if let Some(locked) = &mut self.locked
            && now.saturating_since(locked.heard_at) >= self.silent_after
        {
            (locked.yields, self.trial, self.waits_since) = (true, None, None);
        }
        self.waits_since = if receives { self.waits_since.or(Some(now)) } else { None };
    }

    #[must_use]
    pub fn standing(&self, source: SocketAddr, parameters: &StreamParameters, now: Instant) -> Standing {
        let is_described = same(parameters.remote, source) || same(parameters.remote_rtcp, source);
        let was_left = self.left.is_some_and(|(left, until)| now < until && same(left, source));
        match &self.locked {
            Some(locked) if same(locked.source, source) => Standing::Own,
            _ if was_left && !is_described => Standing::Stranger,
            Some(_) if is_described && !may_come_from_elsewhere(parameters) => Standing::Own,
            None if is_known(source.ip(), parameters) => Standing::Own,
            None if may_come_from_elsewhere(parameters) => Standing::OnTrial,
            Some(locked) if self.gives_way(locked, parameters, now) && is_known(source.ip(), parameters) => Standing::Own,
            Some(locked) if locked.yields && may_come_from_elsewhere(parameters) => Standing::OnTrial,
            _ => Standing::Stranger,
        }
    }

    /// Whether a known source may take its place.
    fn gives_way(&self, locked: &Locked, parameters: &StreamParameters, now: Instant) -> bool {
        let is_expected = parameters.direction.receive && !parameters.silence_suppression;
        !locked.is_known || locked.yields || (is_expected && now.saturating_since(locked.heard_at) >= self.silent_after)
    }

    /// A valid packet came from one of the leg's own: it is locked.
    pub fn lock(&mut self, source: SocketAddr, parameters: &StreamParameters, now: Instant) {
        match &mut self.locked {
            Some(locked) if same(locked.source, source) => (locked.heard_at, locked.yields) = (now, false),
            _ => {
                self.locked = Some(Locked { source, is_known: is_known(source.ip(), parameters), heard_at: now, yields: false });
                self.trial = None;
            }
        }
    }

    /// A valid packet came from one on trial. Whether it is the leg's own from now on.
    pub fn try_out(&mut self, source: SocketAddr, now: Instant) -> bool {
        let ahead = match &mut self.trial {
            Some(trial) if same(trial.source, source) => {
                trial.ahead = trial.ahead.saturating_add(1).min(STEADY);
                trial.ahead
            }
            Some(trial) if trial.ahead > 1 => {
                trial.ahead -= 1;
                0
            }
            slot => slot.insert(Trial { source, ahead: 1 }).ahead,
        };
        ahead >= STEADY && self.waits_since.is_some_and(|since| now.saturating_since(since) >= WAITS)
    }

    /// Something that need not be valid came from the locked source: it is there.
    pub fn note(&mut self, source: SocketAddr, now: Instant) {
        if let Some(locked) = self.locked.as_mut().filter(|locked| same(locked.source, source)) {
            locked.heard_at = now;
        }
    }

    /// Where the leg was found to be.
    #[must_use]
    pub fn source(&self) -> Option<SocketAddr> {
        self.locked.map(|locked| locked.source)
    }

    /// Where to send: the locked source, else where the leg said.
    #[must_use]
    pub fn destination(&self, signalled: SocketAddr) -> SocketAddr {
        self.source().unwrap_or(signalled)
    }
}

fn same(a: SocketAddr, b: SocketAddr) -> bool {
    a.port() == b.port() && a.ip().to_canonical() == b.ip().to_canonical()
}

fn is_known(source: IpAddr, parameters: &StreamParameters) -> bool {
    let source = source.to_canonical();
    let remote = parameters.remote.ip().to_canonical();
    let signalled = parameters.signalled_from.to_canonical();
    // A phone beside the switch signals from the address of its network and, as the system chooses for it, sends media to loopback from
    // loopback. Nobody outside this machine can.
    let beside_us = source.is_loopback() && !signalled.is_loopback();
    source == remote || source == signalled || beside_us
}

/// A NAT may stand between: who signals is not on our own networks, and the description has an address of his.
fn may_come_from_elsewhere(parameters: &StreamParameters) -> bool {
    let signalled = parameters.signalled_from.to_canonical();
    is_private(parameters.remote.ip().to_canonical()) && !is_private(signalled) && !signalled.is_loopback()
}

/// An address that says nothing outside its own network: RFC 1918, RFC 6598, RFC 3927, RFC 4193, link-local.
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [first, second, ..] = v4.octets();
            v4.is_private() || v4.is_link_local() || (first == 100 && (64..128).contains(&second))
        }
        IpAddr::V6(v6) => v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::parameters;
    use super::*;
    use Standing::{OnTrial, Own, Stranger};

    #[test]
    fn who_may_be_the_leg() {
        for (remote, signalled, source, standing) in [
            ("198.51.100.1:4000", "198.51.100.1", "198.51.100.1:4000", Own),
            ("198.51.100.1:4000", "198.51.100.1", "198.51.100.1:9999", Own), // symmetric from another port
            ("198.51.100.1:4000", "203.0.113.5", "203.0.113.5:4000", Own),   // media from where the signalling is
            ("198.51.100.1:4000", "203.0.113.5", "192.0.2.66:4000", Stranger),
            ("192.168.1.7:4000", "203.0.113.5", "203.0.113.5:777", Own), // behind NAT
            ("192.168.1.7:4000", "203.0.113.5", "203.0.113.9:777", OnTrial), // behind a NAT of several addresses
            ("100.64.3.3:4000", "203.0.113.5", "203.0.113.9:777", OnTrial), // behind a carrier's NAT
            ("192.168.1.7:4000", "192.168.1.7", "192.168.1.9:777", Stranger), // same network, no NAT between
            ("192.168.1.7:4000", "192.168.1.7", "192.168.1.7:777", Own),
            ("192.168.1.7:4000", "10.0.0.5", "203.0.113.9:777", Stranger), // by a proxy of ours
            ("192.168.1.7:4000", "10.0.0.5", "192.168.1.7:777", Own),
            ("127.0.0.1:4000", "127.0.0.1", "127.0.0.2:4000", Stranger),
            ("192.168.1.7:4000", "192.168.1.7", "127.0.0.1:4000", Own), // a phone on the switch's own machine
            ("[fd00::1]:4000", "2001:db8::5", "[2001:db8::77]:5", OnTrial),
            ("198.51.100.1:4000", "198.51.100.1", "[::ffff:198.51.100.1]:4000", Own),
        ] {
            let mut parameters = parameters(crate::base::Codec::Pcma, remote);
            parameters.signalled_from = signalled.parse().expect("an address");
            let of = Latch::for_rtp().standing(source.parse().expect("an address"), &parameters, Instant::START);
            assert_eq!(of, standing, "{remote} {signalled} {source}");
        }
    }

    #[test]
    fn a_locked_source_is_the_only_one() {
        let mut parameters = parameters(crate::base::Codec::Pcma, "192.168.1.7:4000");
        parameters.signalled_from = "203.0.113.9".parse().expect("an address");
        let mut latch = Latch::for_rtp();
        latch.lock("203.0.113.9:777".parse().expect("an address"), &parameters, Instant::START);
        for (source, standing) in [("203.0.113.9:777", Own), ("203.0.113.9:778", Stranger), ("192.168.1.7:4000", Stranger)] {
            assert_eq!(latch.standing(source.parse().expect("an address"), &parameters, Instant::START), standing);
        }
    }

    #[test]
    fn a_leg_that_moved_is_not_locked_to_where_it_was_by_what_is_still_on_its_way() {
        let address = |text: &str| text.parse().expect("an address");
        let at = |ms: u64| Instant::after_start(crate::base::time::millis(ms));
        let mut parameters = parameters(crate::base::Codec::Pcma, "198.51.100.1:4000");
        parameters.signalled_from = "198.51.100.1".parse().expect("an address");
        let mut latch = Latch::for_rtp();
        latch.lock(address("198.51.100.1:4000"), &parameters, at(0));
        parameters.remote = address("198.51.100.1:5000");
        latch.open(at(100));
        let stands = |latch: &Latch, source: &str, ms: u64| latch.standing(address(source), &parameters, at(ms));
        assert_eq!(stands(&latch, "198.51.100.1:4000", 120), Stranger);
        assert_eq!((stands(&latch, "198.51.100.1:5000", 120), stands(&latch, "198.51.100.1:6000", 120)), (Own, Own));
        // One that goes on from where it was, whatever it says, is heard again; and gives way to where it said it would be.
        assert_eq!(stands(&latch, "198.51.100.1:4000", 1_200), Own);
        latch.lock(address("198.51.100.1:4000"), &parameters, at(1_200));
        assert_eq!((stands(&latch, "198.51.100.1:5000", 1_220), stands(&latch, "198.51.100.1:6000", 1_220)), (Own, Stranger));
    }

    #[test]
    fn a_flood_of_many_sources_does_not_get_ahead_of_a_steady_one() {
        let phone: SocketAddr = "203.0.113.9:777".parse().expect("an address");
        let mut latch = Latch::for_rtp();
        latch.described(true, Instant::START);
        for packet in 0..200_u16 {
            let now = Instant::after_start(crate::base::time::millis(20) * u32::from(packet));
            let is_in = latch.try_out(phone, now);
            assert_eq!(is_in, packet >= 100, "at {now:?}");
            if packet % 3 == 0 {
                assert!(!latch.try_out(SocketAddr::new(phone.ip(), 1_000 + packet), now));
            }
        }
    }
}
