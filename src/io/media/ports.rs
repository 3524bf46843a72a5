//! Which port pairs are free. RTP takes the even port, RTCP the odd one after it (RFC 3550 §11).

use std::collections::{BTreeSet, VecDeque};
use std::ops::RangeInclusive;

/// The free pairs, longest free first: a packet still on its way to the call that had a pair before does not reach the next one.
#[derive(Debug)]
pub(super) struct PortPairs {
    free: VecDeque<u16>,
    range: RangeInclusive<u16>,
    total: usize,
    /// Taken for legs that a restart goes on with, and not yet bound.
    reserved: BTreeSet<u16>,
}

impl PortPairs {
    /// Every whole pair of the range.
    pub fn new(range: &RangeInclusive<u16>) -> Self {
        let free: VecDeque<u16> = range.clone().filter(|port| port % 2 == 0 && *port < *range.end()).collect();
        Self { total: free.len(), free, range: range.clone(), reserved: BTreeSet::new() }
    }

    /// The RTP port of a pair.
    pub fn take(&mut self) -> Option<u16> {
        self.free.pop_front()
    }

    /// Keeps a pair for the leg that had it before a restart, so that no other leg is given it meanwhile. A pair that is taken stays taken.
    pub fn reserve(&mut self, port: u16) {
        if self.remove(port) {
            self.reserved.insert(port);
        }
    }

    /// Takes exactly this pair; false when another leg has it. One outside the range (it was another before the restart) is the leg's.
    pub fn take_exactly(&mut self, port: u16) -> bool {
        self.reserved.remove(&port) || self.remove(port) || !self.is_ours(port)
    }

    fn remove(&mut self, port: u16) -> bool {
        let index = self.free.iter().position(|free| *free == port);
        index.and_then(|index| self.free.remove(index)).is_some()
    }

    fn is_ours(&self, port: u16) -> bool {
        port.is_multiple_of(2) && self.range.contains(&port) && port < *self.range.end()
    }

    pub fn give_back(&mut self, port: u16) {
        if self.is_ours(port) {
            debug_assert!(self.free.len() < self.total && !self.free.contains(&port), "a pair is given back once");
            self.free.push_back(port);
        }
    }

    pub fn free(&self) -> usize {
        self.free.len()
    }

    pub fn total(&self) -> usize {
        self.total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_even_whole_and_reused_last() {
        let mut pairs = PortPairs::new(&(20_001..=20_008));
        assert_eq!((pairs.total(), pairs.free()), (3, 3), "20002, 20004, 20006; 20008 has no odd one after it");
        assert_eq!([pairs.take(), pairs.take()], [Some(20_002), Some(20_004)]);
        pairs.give_back(20_002);
        assert_eq!([pairs.take(), pairs.take(), pairs.take()], [Some(20_006), Some(20_002), None]);
    }

    #[test]
    fn a_pair_of_before_a_restart_is_kept_for_its_leg() {
        let mut pairs = PortPairs::new(&(20_000..=20_005));
        pairs.reserve(20_000);
        assert_eq!((pairs.take(), pairs.free()), (Some(20_002), 1), "not the reserved one");
        pairs.reserve(20_002);
        assert!(pairs.take_exactly(20_000) && pairs.take_exactly(20_004) && pairs.take_exactly(30_000));
        assert!(!pairs.take_exactly(20_000) && !pairs.take_exactly(20_002), "another leg has it");
        pairs.give_back(30_000);
        assert_eq!(pairs.take(), None, "one of another range does not come into this one");
        pairs.give_back(20_000);
        assert_eq!(pairs.take(), Some(20_000));
    }

    #[test]
    fn the_last_port_of_all_makes_a_pair() {
        let mut pairs = PortPairs::new(&(65_534..=65_535));
        assert_eq!([pairs.take(), pairs.take()], [Some(65_534), None]);
    }
}
