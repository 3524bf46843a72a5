//! Which port pairs are free. RTP takes the even port, RTCP the odd one after it (RFC 3550 §11).

use std::collections::VecDeque;
use std::ops::RangeInclusive;

/// The free pairs, longest free first: a packet still on its way to the call that had a pair before does not reach the next one.
#[derive(Debug)]
pub(super) struct PortPairs {
    free: VecDeque<u16>,
    total: usize,
}

impl PortPairs {
    /// Every whole pair of the range.
    pub fn new(range: &RangeInclusive<u16>) -> Self {
        let free: VecDeque<u16> = range.clone().filter(|port| port % 2 == 0 && *port < *range.end()).collect();
        Self { total: free.len(), free }
    }

    /// The RTP port of a pair.
    pub fn take(&mut self) -> Option<u16> {
        self.free.pop_front()
    }

    pub fn give_back(&mut self, port: u16) {
        debug_assert!(self.free.len() < self.total && !self.free.contains(&port), "a pair is given back once");
        self.free.push_back(port);
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
    fn the_last_port_of_all_makes_a_pair() {
        let mut pairs = PortPairs::new(&(65_534..=65_535));
        assert_eq!([pairs.take(), pairs.take()], [Some(65_534), None]);
    }
}
