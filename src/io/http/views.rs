//! What of views and plays is in the audit log already: a page that is loaded again, and the ranges in which a player fetches a recording, are
//! one view.

use crate::base::limits::VIEWS_REMEMBERED_MAX;
use crate::base::{Duration, Timestamp, time::secs};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// From the first look; a later one is another view.
const ONE_VIEW: Duration = secs(600);

/// Who did what with which call, and why.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct View {
    pub who: String,
    pub action: &'static str,
    pub subject: String,
    pub why: String,
}

/// A lock, because requests run side by side; held for a look-up.
#[derive(Default, Debug)]
pub struct Views(Mutex<Noted>);

#[derive(Default, Debug)]
struct Noted {
    at: BTreeMap<View, Timestamp>,
    /// In order of time.
    order: VecDeque<(Timestamp, View)>,
}

impl Views {
    /// Whether it was noted within the last ten minutes.
    pub fn is_noted(&self, view: &View, now: Timestamp) -> bool {
        self.noted().at.get(view).is_some_and(|at| (at.0..at.0 + ONE_VIEW.as_millis() as i64).contains(&now.0))
    }

    /// It is in the audit log now.
    pub fn note(&self, view: View, now: Timestamp) {
        let mut noted = self.noted();
        noted.at.insert(view.clone(), now);
        noted.order.push_back((now, view));
        while noted
            .order
            .front()
            .is_some_and(|(at, _)| noted.order.len() > VIEWS_REMEMBERED_MAX || at.0 + (ONE_VIEW.as_millis() as i64) < now.0)
        {
            let Some((at, view)) = noted.order.pop_front() else { break };
            if noted.at.get(&view) == Some(&at) {
                noted.at.remove(&view);
            }
        }
    }

    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(who: &str, why: &str) -> View {
        View { who: who.into(), action: "recording.played", subject: "call".into(), why: why.into() }
    }

    #[test]
    fn ten_minutes_of_one_person_are_one_view() {
        let views = Views::default();
        let now = Timestamp(1_000);
        assert!(!views.is_noted(&view("li-qa", ""), now));
        views.note(view("li-qa", ""), now);
        for (who, why, at, expected) in [
            ("li-qa", "", 1_000, true),
            ("li-qa", "", 600_999, true),
            ("li-qa", "", 601_000, false),
            ("li-qa", "a complaint", 1_000, false),
            ("ops", "", 1_000, false),
        ] {
            assert_eq!(views.is_noted(&view(who, why), Timestamp(at)), expected, "{who} {why} {at}");
        }
    }

    #[test]
    fn no_more_is_remembered_than_may_be_and_nothing_for_longer() {
        let views = Views::default();
        (0..=VIEWS_REMEMBERED_MAX).for_each(|n| views.note(view(&n.to_string(), ""), Timestamp(0)));
        assert!(!views.is_noted(&view("0", ""), Timestamp(0)) && views.is_noted(&view("1", ""), Timestamp(0)));
        views.note(view("later", ""), Timestamp(600_001));
        let noted = views.noted();
        assert_eq!((noted.at.len(), noted.order.len()), (1, 1));
    }
}
