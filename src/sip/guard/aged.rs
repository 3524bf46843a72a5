//! A bounded table that forgets: when it is full, the entry that was not touched for longest goes.

use crate::base::time::secs;
use crate::base::{Duration, Instant};
use std::collections::{BTreeMap, BTreeSet};

/// Ages are kept to the second, so that a busy entry is seldom moved.
const GRAIN: Duration = secs(1);

#[derive(Debug)]
pub struct Aged<K, V> {
    entries: BTreeMap<K, (Instant, V)>,
    by_age: BTreeSet<(Instant, K)>,
}

impl<K, V> Default for Aged<K, V> {
    fn default() -> Self {
        Self { entries: BTreeMap::new(), by_age: BTreeSet::new() }
    }
}

impl<K: Ord + Clone, V: Default> Aged<K, V> {
    /// The entry of `key`, made when there is none; `most` entries are kept.
    pub fn touch(&mut self, key: K, now: Instant, most: usize) -> &mut V {
        if !self.entries.contains_key(&key) {
            while self.entries.len() >= most {
                let Some((_, oldest)) = self.by_age.pop_first() else { break };
                self.entries.remove(&oldest);
            }
            self.by_age.insert((now, key.clone()));
        }
        let (touched, value) = self.entries.entry(key.clone()).or_insert_with(|| (now, V::default()));
        if now - *touched > GRAIN {
            self.by_age.remove(&(*touched, key.clone()));
            self.by_age.insert((now, key));
            *touched = now;
        }
        value
    }

    /// Drops what was not touched for longer than `age`.
    pub fn forget(&mut self, now: Instant, age: Duration) {
        while self.by_age.first().is_some_and(|(touched, _)| now - *touched > age) {
            if let Some((_, key)) = self.by_age.pop_first() {
                self.entries.remove(&key);
            }
        }
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub fn contains(&self, key: &K) -> bool {
        self.entries.contains_key(key)
    }

    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.entries.get_mut(key).map(|(_, value)| value)
    }

    pub fn remove(&mut self, key: &K) -> Option<V> {
        let (touched, value) = self.entries.remove(key)?;
        self.by_age.remove(&(touched, key.clone()));
        Some(value)
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        assert_eq!(self.entries.len(), self.by_age.len());
        self.entries.len()
    }
}
