//! What is remembered of callers by their numbers: whom the survey was put to, and who spoke with them last.
//!
//! It lives through restarts in shards, each an image of its own, so that what one call changes is written and not a day of callers.

use crate::base::limits::CALLERS_REMEMBERED_MAX;
use crate::base::{Duration, Instant};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// With the most callers there may be, a shard has 64 and its image some kilobytes.
pub(super) const SHARDS: u16 = 1_024;

/// FNV-1a: the same in every run, and nobody gains by guessing it, for a shard that is full is only larger.
fn shard_of(caller: &str) -> u16 {
    let hash = caller.bytes().fold(0x811C_9DC5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    u16::try_from(hash % u32::from(SHARDS)).expect("below a small number")
}

/// What is kept of some callers: each with his moment.
pub(super) type Shard<T> = BTreeMap<String, (Instant, T)>;

/// The last of each caller's, with its moment; the oldest are forgotten.
#[derive(Debug)]
pub(super) struct Remembered<T> {
    shards: Vec<Shard<T>>,
    /// In order of time; a caller who came again stands in it twice.
    order: VecDeque<(Instant, String)>,
    /// Shards that have a new image.
    changed: BTreeSet<u16>,
}

impl<T> Default for Remembered<T> {
    fn default() -> Self {
        Self { shards: (0..SHARDS).map(|_| BTreeMap::new()).collect(), order: VecDeque::new(), changed: BTreeSet::new() }
    }
}

impl<T: Clone> Remembered<T> {
    pub fn note(&mut self, caller: &str, what: T, now: Instant) {
        let shard = shard_of(caller);
        self.shards[usize::from(shard)].insert(caller.to_owned(), (now, what));
        self.changed.insert(shard);
        self.order.push_back((now, caller.to_owned()));
        while self.order.len() > CALLERS_REMEMBERED_MAX {
            let Some((at, caller)) = self.order.pop_front() else { return };
            let shard = shard_of(&caller);
            let known = &mut self.shards[usize::from(shard)];
            if known.get(&caller).is_some_and(|(last, _)| *last == at) {
                known.remove(&caller);
                self.changed.insert(shard);
            }
        }
    }

    pub fn within(&self, caller: &str, within: Duration, now: Instant) -> Option<&T> {
        let known = self.shards[usize::from(shard_of(caller))].get(caller);
        known.filter(|(at, _)| now.saturating_since(*at) < within).map(|(_, what)| what)
    }

    pub fn shard(&self, shard: u16) -> &Shard<T> {
        &self.shards[usize::from(shard % SHARDS)]
    }

    /// Shards that changed since last asked.
    pub fn take_changed(&mut self) -> BTreeSet<u16> {
        std::mem::take(&mut self.changed)
    }

    /// After a restart: all that was kept, of whatever shards.
    pub fn restore(&mut self, kept: impl IntoIterator<Item = Shard<T>>) {
        let mut all: Vec<(Instant, String, T)> = kept.into_iter().flatten().map(|(caller, (at, what))| (at, caller, what)).collect();
        all.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        for (at, caller, what) in all {
            self.note(&caller, what, at);
        }
        self.changed.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::secs;

    fn later(seconds: u64) -> Instant {
        Instant::START + secs(seconds)
    }

    fn known<T>(remembered: &Remembered<T>) -> usize {
        remembered.shards.iter().map(BTreeMap::len).sum()
    }

    #[test]
    fn the_last_of_each_caller_is_known_for_so_long_and_a_flood_of_numbers_is_forgotten() {
        let mut asked = Remembered::default();
        asked.note("13800138000", 'a', later(0));
        assert_eq!(asked.within("13800138000", secs(60), later(59)), Some(&'a'));
        assert_eq!(asked.within("13800138000", secs(60), later(60)), None);
        assert_eq!(asked.within("13900139000", secs(60), later(1)), None);
        asked.note("13800138000", 'b', later(70));
        for number in 0..CALLERS_REMEMBERED_MAX - 1 {
            asked.note(&number.to_string(), 'c', later(80));
        }
        assert_eq!(asked.within("13800138000", secs(60), later(81)), Some(&'b'), "its first is forgotten, its second is not");
        asked.note("one more", 'd', later(82));
        assert_eq!(asked.within("13800138000", secs(60), later(83)), None);
        assert_eq!((known(&asked), asked.order.len()), (CALLERS_REMEMBERED_MAX, CALLERS_REMEMBERED_MAX));
    }

    #[test]
    fn one_call_changes_one_shard_and_all_of_them_make_the_whole_again() {
        let mut spoke = Remembered::default();
        for number in 0..500_u64 {
            spoke.note(&format!("138{number:08}"), number, later(number));
        }
        assert!(spoke.take_changed().len() > 300, "callers are spread");
        spoke.note("13800000007", 1_007, later(600));
        assert_eq!(spoke.take_changed(), BTreeSet::from([shard_of("13800000007")]));
        let mut again = Remembered::default();
        again.restore((0..SHARDS).rev().map(|shard| spoke.shard(shard).clone()));
        assert_eq!(again.shards, spoke.shards);
        assert_eq!(again.order.front(), Some(&(later(0), "13800000000".to_owned())), "the oldest goes first, as before");
        assert!(again.take_changed().is_empty());
    }
}
