//! Maps that are looked into and never walked through. Their order would be nobody's, so they have none to show: a run repeats whatever
//! the hash. Keys that a stranger chooses (branches, Call-IDs, tags) are hashed under a seed he does not know.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher, DefaultHasher, Hash, Hasher};

/// What is kept under a key; found in one step, where an ordered map of a hundred thousand long texts takes seventeen comparisons.
#[derive(Clone)]
pub struct Lookup<K, V>(HashMap<K, V, Seeded>);

/// SipHash, begun with a seed: the hash itself has a fixed key.
#[derive(Clone, Copy)]
struct Seeded(u64);

impl BuildHasher for Seeded {
    type Hasher = DefaultHasher;

    fn build_hasher(&self) -> DefaultHasher {
        let mut hasher = DefaultHasher::new();
        hasher.write_u64(self.0);
        hasher
    }
}

impl<K: Hash + Eq, V> Lookup<K, V> {
    /// `seed` is secret where strangers choose keys; any number does elsewhere.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(HashMap::with_hasher(Seeded(seed)))
    }

    #[must_use]
    pub fn get<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.0.get(key)
    }

    #[must_use]
    pub fn get_key_value<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<(&K, &V)>
    where
        K: Borrow<Q>,
    {
        self.0.get_key_value(key)
    }

    pub fn get_mut<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        self.0.get_mut(key)
    }

    #[must_use]
    pub fn contains_key<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.0.contains_key(key)
    }

    /// Gives back what was there before.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        self.0.insert(key, value)
    }

    pub fn remove<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let value = self.0.remove(key);
        // What a flood left behind is given back; half full and more stays, so that a steady load moves nothing.
        if self.0.capacity() > 1_024 && self.0.len() < self.0.capacity() / 8 {
            self.0.shrink_to(self.0.capacity() / 4);
        }
        value
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<K, V> fmt::Debug for Lookup<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lookup of {}", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_flood_left_behind_is_given_back() {
        let mut lookup = Lookup::new(7);
        for number in 0..100_000_u32 {
            assert_eq!(lookup.insert(number, number), None);
        }
        let full = lookup.0.capacity();
        for number in 0..99_990 {
            assert_eq!(lookup.remove(&number), Some(number));
        }
        assert!(lookup.0.capacity() < full / 50, "{} of {full}", lookup.0.capacity());
        assert_eq!((lookup.len(), lookup.get(&99_995), lookup.get(&5)), (10, Some(&99_995), None));
    }
}
