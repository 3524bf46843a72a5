//! Who is to be woken when: a heap whose entries are not taken out. Whoever waits knows his own deadline; an entry that does not match it
//! is of the past and is passed over.

use crate::base::Instant;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Whose deadline it is, by place.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Who {
    Caller(usize),
    Agent(usize),
    Binding(usize),
}

#[derive(Debug, Default)]
pub struct Timers(BinaryHeap<Reverse<(Instant, Who)>>);

impl Timers {
    pub fn set(&mut self, at: Instant, who: Who) {
        self.0.push(Reverse((at, who)));
    }

    #[must_use]
    pub fn next(&self) -> Option<Instant> {
        self.0.peek().map(|Reverse((at, _))| *at)
    }

    pub fn pop_due(&mut self, now: Instant) -> Option<(Instant, Who)> {
        let Reverse((at, _)) = self.0.peek()?;
        if *at > now {
            return None;
        }
        self.0.pop().map(|Reverse(entry)| entry)
    }
}
