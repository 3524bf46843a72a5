//! Symmetric RTP (RFC 4961, RFC 7362): from where a leg's packets are taken, and so where ours go. The first valid source that may be
//! the leg's is locked; nobody takes it over after.

use super::control::StreamParameters;
use std::net::{IpAddr, SocketAddr};

/// One component's lock.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Latch {
    #[default]
    Open,
    Locked(SocketAddr),
}

impl Latch {
    /// Whether a packet from `source` is the leg's own.
    #[must_use]
    pub fn permits(self, source: SocketAddr, parameters: &StreamParameters) -> bool {
        match self {
            Self::Locked(locked) => same(locked, source),
            Self::Open => may_be_the_leg(source.ip(), parameters),
        }
    }

    /// Locks to `source` if nothing is locked.
    pub fn lock(&mut self, source: SocketAddr) {
        if *self == Self::Open {
            *self = Self::Locked(source);
        }
    }

    /// Where to send: the locked source, else where the leg said.
    #[must_use]
    pub fn destination(self, signalled: SocketAddr) -> SocketAddr {
        match self {
            Self::Locked(locked) => locked,
            Self::Open => signalled,
        }
    }
}

fn same(a: SocketAddr, b: SocketAddr) -> bool {
    a.port() == b.port() && a.ip().to_canonical() == b.ip().to_canonical()
}

fn may_be_the_leg(source: IpAddr, parameters: &StreamParameters) -> bool {
    let source = source.to_canonical();
    let remote = parameters.remote.ip().to_canonical();
    let signalled = parameters.signalled_from.to_canonical();
    // A phone beside the switch signals from the address of its network and, as the system chooses for it, sends media to loopback from
    // loopback. Nobody outside this machine can.
    let beside_us = source.is_loopback() && !signalled.is_loopback();
    source == remote || source == signalled || beside_us || (is_private(remote) && remote != signalled)
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

    #[test]
    fn who_may_be_the_leg() {
        for (remote, signalled, source, permitted) in [
            ("198.51.100.1:4000", "198.51.100.1", "198.51.100.1:4000", true),
            ("198.51.100.1:4000", "198.51.100.1", "198.51.100.1:9999", true), // symmetric from another port
            ("198.51.100.1:4000", "203.0.113.5", "203.0.113.5:4000", true),   // media from where the signalling is
            ("198.51.100.1:4000", "203.0.113.5", "192.0.2.66:4000", false),   // a stranger
            ("192.168.1.7:4000", "203.0.113.5", "203.0.113.9:777", true),     // behind NAT: the first at all
            ("100.64.3.3:4000", "203.0.113.5", "203.0.113.9:777", true),      // behind a carrier's NAT
            ("192.168.1.7:4000", "192.168.1.7", "192.168.1.9:777", false),    // same network, no NAT between
            ("192.168.1.7:4000", "192.168.1.7", "192.168.1.7:777", true),
            ("127.0.0.1:4000", "127.0.0.1", "127.0.0.2:4000", false),
            ("192.168.1.7:4000", "192.168.1.7", "127.0.0.1:4000", true), // a phone on the switch's own machine
            ("[fd00::1]:4000", "2001:db8::5", "[2001:db8::77]:5", true),
            ("198.51.100.1:4000", "198.51.100.1", "[::ffff:198.51.100.1]:4000", true),
        ] {
            let mut parameters = parameters(crate::base::Codec::Pcma, remote);
            parameters.signalled_from = signalled.parse().expect("an address");
            assert_eq!(Latch::Open.permits(source.parse().expect("an address"), &parameters), permitted, "{remote} {signalled} {source}");
        }
    }

    #[test]
    fn a_locked_source_is_the_only_one() {
        let parameters = parameters(crate::base::Codec::Pcma, "192.168.1.7:4000");
        let mut latch = Latch::Open;
        latch.lock("203.0.113.9:777".parse().expect("an address"));
        latch.lock("203.0.113.9:778".parse().expect("an address"));
        assert!(latch.permits("203.0.113.9:777".parse().expect("an address"), &parameters));
        assert!(!latch.permits("203.0.113.9:778".parse().expect("an address"), &parameters));
        assert!(!latch.permits("192.168.1.7:4000".parse().expect("an address"), &parameters));
    }
}
