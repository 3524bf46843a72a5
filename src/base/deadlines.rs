//! Whose deadline is next: an ordered index over the deadlines of many machines, each named by its key.

use super::{Instant, Lookup};
use std::collections::BTreeSet;
use std::hash::Hash;

/// Each key has at most one deadline; ties are broken by the key's order, so that runs repeat.
#[derive(Debug)]
pub struct Deadlines<K> {
    by_time: BTreeSet<(Instant, K)>,
    by_key: Lookup<K, Instant>,
}

impl<K: Ord + Hash + Clone> Deadlines<K> {
    #[must_use]
    pub fn new() -> Self {
        Self::seeded(0)
    }

    /// For keys that strangers choose; `seed` as in [`Lookup::new`].
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self { by_time: BTreeSet::new(), by_key: Lookup::new(seed) }
    }

    /// Sets, moves or (with `None`) clears the deadline of `key`.
    pub fn set(&mut self, key: K, deadline: Option<Instant>) {
        if self.by_key.get(&key).copied() == deadline {
            return;
        }
        let old = match deadline {
            Some(new) => self.by_key.insert(key.clone(), new),
            None => self.by_key.remove(&key),
        };
        let key = match old {
            Some(old) => self.by_time.take(&(old, key)).map(|(_, key)| key),
            None => Some(key),
        };
        if let (Some(new), Some(key)) = (deadline, key) {
            self.by_time.insert((new, key));
        }
    }

    #[must_use]
    pub fn next(&self) -> Option<Instant> {
        self.by_time.first().map(|(at, _)| *at)
    }

    /// Takes the earliest key whose deadline has passed.
    pub fn pop_due(&mut self, now: Instant) -> Option<K> {
        if self.next()? > now {
            return None;
        }
        let (_, key) = self.by_time.pop_first()?;
        self.by_key.remove(&key);
        Some(key)
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.by_key.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }
}

impl<K: Ord + Hash + Clone> Default for Deadlines<K> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::secs;

    #[test]
    fn keys_fall_due_in_order_of_time_then_of_key() {
        let mut deadlines = Deadlines::new();
        let at = |n| Some(Instant::START + secs(n));
        deadlines.set("c", at(2));
        deadlines.set("b", at(1));
        deadlines.set("a", at(1));
        deadlines.set("d", at(9));
        deadlines.set("d", None);
        assert_eq!(deadlines.next(), at(1));
        let now = Instant::START + secs(5);
        let due: Vec<_> = std::iter::from_fn(|| deadlines.pop_due(now)).collect();
        assert_eq!(due, ["a", "b", "c"]);
        assert!(deadlines.is_empty());
    }
}
