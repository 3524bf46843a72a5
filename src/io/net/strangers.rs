//! TCP connections over which nobody has proven himself yet: so many an address, so many in all. Where one is too many the oldest makes
//! room, not the newest: a phone behind an address where somebody holds connections for sport gets its turn to prove itself.

use crate::base::limits::TCP_STRANGERS_MAX;
use crate::sip::Flow;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

#[derive(Debug)]
pub(super) struct Strangers {
    /// Of one address; loopback has only the limit of all.
    most: usize,
    /// By serial number, the oldest first.
    all: BTreeMap<u64, Flow>,
    by_address: BTreeMap<IpAddr, BTreeSet<u64>>,
}

impl Strangers {
    pub fn new(most: usize) -> Self {
        Self { most, all: BTreeMap::new(), by_address: BTreeMap::new() }
    }

    /// A connection came; gives the one that must go for it.
    pub fn enter(&mut self, flow: Flow, serial: u64) -> Option<Flow> {
        let address = flow.peer.ip().to_canonical();
        let of_address = self.by_address.entry(address).or_default();
        let oldest = if of_address.len() >= self.most && !address.is_loopback() {
            of_address.first().copied()
        } else if self.all.len() >= TCP_STRANGERS_MAX {
            self.all.keys().next().copied()
        } else {
            None
        };
        of_address.insert(serial);
        self.all.insert(serial, flow);
        let displaced = oldest.and_then(|oldest| Some((oldest, *self.all.get(&oldest)?)));
        displaced.map(|(oldest, displaced)| {
            self.remove(displaced, oldest);
            displaced
        })
    }

    /// It is gone, or no stranger any more.
    pub fn remove(&mut self, flow: Flow, serial: u64) {
        if self.all.remove(&serial).is_none() {
            return;
        }
        let address = flow.peer.ip().to_canonical();
        if let Some(of_address) = self.by_address.get_mut(&address) {
            of_address.remove(&serial);
            if of_address.is_empty() {
                self.by_address.remove(&address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::Protocol;

    fn flow(address: &str, port: usize) -> Flow {
        let peer = format!("{address}:{port}").parse().expect("an address");
        Flow { protocol: Protocol::Tcp, local: "10.0.0.1:5060".parse().expect("an address"), peer }
    }

    #[test]
    fn the_oldest_stranger_of_an_address_makes_room_and_the_proven_ones_stay() {
        let mut strangers = Strangers::new(3);
        for serial in 1..=3 {
            assert_eq!(strangers.enter(flow("192.0.2.7", 1_000 + serial), serial as u64), None);
        }
        assert_eq!(strangers.enter(flow("192.0.2.8", 1_001), 4), None, "another address has its own places");
        strangers.remove(flow("192.0.2.7", 1_001), 1);
        assert_eq!(strangers.enter(flow("192.0.2.7", 1_005), 5), None, "one of three has proven himself");
        assert_eq!(strangers.enter(flow("192.0.2.7", 1_006), 6), Some(flow("192.0.2.7", 1_002)));
        assert_eq!(strangers.enter(flow("192.0.2.7", 1_007), 7), Some(flow("192.0.2.7", 1_003)));
    }

    #[test]
    fn loopback_has_the_limit_of_all_and_nothing_is_left_when_all_have_gone() {
        let mut strangers = Strangers::new(3);
        for serial in 0..TCP_STRANGERS_MAX {
            assert_eq!(strangers.enter(flow("127.0.0.1", 1_000 + serial), serial as u64), None);
        }
        assert_eq!(strangers.enter(flow("192.0.2.7", 1), 90_000), Some(flow("127.0.0.1", 1_000)));
        for serial in 1..TCP_STRANGERS_MAX {
            strangers.remove(flow("127.0.0.1", 1_000 + serial), serial as u64);
        }
        strangers.remove(flow("192.0.2.7", 1), 90_000);
        assert!(strangers.all.is_empty() && strangers.by_address.is_empty());
    }
}
