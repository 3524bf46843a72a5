//! Whom the survey was put to lately, so that nobody is asked twice a day.

use crate::base::limits::SURVEYS_REMEMBERED_MAX;
use crate::base::{Duration, Instant};
use std::collections::{BTreeMap, VecDeque};

/// Callers' numbers, and when each was asked last; not kept over a restart.
#[derive(Debug, Default)]
pub(super) struct Asked {
    last: BTreeMap<String, Instant>,
    /// In order of time; a number that was asked again stands in it twice.
    order: VecDeque<(Instant, String)>,
}

impl Asked {
    pub fn note(&mut self, caller: &str, now: Instant) {
        self.last.insert(caller.to_owned(), now);
        self.order.push_back((now, caller.to_owned()));
        while self.order.len() > SURVEYS_REMEMBERED_MAX {
            let Some((at, caller)) = self.order.pop_front() else { return };
            if self.last.get(&caller) == Some(&at) {
                self.last.remove(&caller);
            }
        }
    }

    pub fn lately(&self, caller: &str, within: Duration, now: Instant) -> bool {
        self.last.get(caller).is_some_and(|at| now.saturating_since(*at) < within)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::secs;

    #[test]
    fn who_was_asked_is_left_in_peace_for_so_long_and_a_flood_of_numbers_is_forgotten() {
        let mut asked = Asked::default();
        asked.note("13800138000", Instant::START);
        let later = |seconds| Instant::START + secs(seconds);
        assert!(asked.lately("13800138000", secs(60), later(59)));
        assert!(!asked.lately("13800138000", secs(60), later(60)));
        assert!(!asked.lately("13900139000", secs(60), later(1)));
        asked.note("13800138000", later(70));
        for number in 0..SURVEYS_REMEMBERED_MAX - 1 {
            asked.note(&number.to_string(), later(80));
        }
        assert!(asked.lately("13800138000", secs(60), later(81)), "its first asking is forgotten, its second is not");
        asked.note("one more", later(82));
        assert!(!asked.lately("13800138000", secs(60), later(83)));
        assert_eq!((asked.last.len(), asked.order.len()), (SURVEYS_REMEMBERED_MAX, SURVEYS_REMEMBERED_MAX));
    }
}
