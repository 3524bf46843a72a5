//! What is remembered of callers by their numbers: whom the survey was put to, and who spoke with them last.

use crate::base::limits::CALLERS_REMEMBERED_MAX;
use crate::base::{Duration, Instant};
use std::collections::{BTreeMap, VecDeque};

/// The last of each caller's, with its moment; the oldest are forgotten, and all by a restart.
#[derive(Debug)]
pub(super) struct Remembered<T> {
    last: BTreeMap<String, (Instant, T)>,
    /// In order of time; a caller who came again stands in it twice.
    order: VecDeque<(Instant, String)>,
}

impl<T> Default for Remembered<T> {
    fn default() -> Self {
        Self { last: BTreeMap::new(), order: VecDeque::new() }
    }
}

impl<T> Remembered<T> {
    pub fn note(&mut self, caller: &str, what: T, now: Instant) {
        self.last.insert(caller.to_owned(), (now, what));
        self.order.push_back((now, caller.to_owned()));
        while self.order.len() > CALLERS_REMEMBERED_MAX {
            let Some((at, caller)) = self.order.pop_front() else { return };
            if self.last.get(&caller).is_some_and(|(last, _)| *last == at) {
                self.last.remove(&caller);
            }
        }
    }

    pub fn within(&self, caller: &str, within: Duration, now: Instant) -> Option<&T> {
        self.last.get(caller).filter(|(at, _)| now.saturating_since(*at) < within).map(|(_, what)| what)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::secs;

    #[test]
    fn the_last_of_each_caller_is_known_for_so_long_and_a_flood_of_numbers_is_forgotten() {
        let mut asked = Remembered::default();
        let later = |seconds| Instant::START + secs(seconds);
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
        assert_eq!((asked.last.len(), asked.order.len()), (CALLERS_REMEMBERED_MAX, CALLERS_REMEMBERED_MAX));
    }
}
