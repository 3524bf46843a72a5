//! Seven-second hold patience: a held caller is reassured before he thinks himself forgotten. Knows nothing of SIP or prompts.

use crate::base::{Duration, Instant, Machine};
use serde::{Deserialize, Serialize};

/// Watches one party of one call; he may be held many times.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HoldPatience {
    patience: Duration,
    state: State,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
enum State {
    Talking,
    /// The deadline lives in the state that waits for it: leaving the state cancels it.
    Held {
        since: Instant,
        reassure_at: Instant,
        reassured: u32,
    },
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    Held,
    Retrieved,
    /// The call ended.
    Released,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Action {
    /// Say the `patience` prompt; `count` is 1 the first time in this hold.
    Reassure { count: u32 },
    /// The hold is over: for the call's record.
    Report { held_for: Duration, reassured: u32 },
}

impl HoldPatience {
    /// `patience` is longer than zero.
    #[must_use]
    pub fn new(patience: Duration) -> Self {
        assert!(!patience.is_zero(), "a patience of zero would reassure without end");
        Self { patience, state: State::Talking }
    }

    #[must_use]
    pub fn is_held(&self) -> bool {
        matches!(self.state, State::Held { .. })
    }
}

impl Machine for HoldPatience {
    type Event = Event;
    type Action = Action;

    fn handle(&mut self, event: Event, now: Instant, out: &mut Vec<Action>) {
        self.state = match (&self.state, event) {
            (State::Talking, Event::Held) => State::Held { since: now, reassure_at: now + self.patience, reassured: 0 },
            (State::Held { since, reassured, .. }, Event::Retrieved | Event::Released) => {
                out.push(Action::Report { held_for: now - *since, reassured: *reassured });
                State::Talking
            }
            (State::Held { .. }, Event::Held) | (State::Talking, Event::Retrieved | Event::Released) => return,
        };
    }

    fn handle_timeout(&mut self, now: Instant, out: &mut Vec<Action>) {
        if let State::Held { reassure_at, reassured, .. } = &mut self.state
            && *reassure_at <= now
        {
            *reassured += 1;
            out.push(Action::Reassure { count: *reassured });
            // A wake-up so late that a whole patience was slept through reassures once, not in a volley.
            while *reassure_at <= now {
                *reassure_at += self.patience;
            }
        }
    }

    fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Held { reassure_at, .. } => Some(reassure_at),
            State::Talking => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::machine::drive::Drive;
    use crate::base::time::{millis, secs};

    fn call() -> Drive<HoldPatience> {
        Drive::new(HoldPatience::new(secs(7)))
    }

    #[test]
    fn retrieving_in_time_leaves_no_timer_behind() {
        let mut drive = call();
        drive.event(Event::Held).until(millis(6_999)).event(Event::Retrieved).until(secs(60));
        assert_eq!(drive.log, [(millis(6_999), Action::Report { held_for: millis(6_999), reassured: 0 })]);
    }

    #[test]
    fn a_held_caller_is_reassured_each_seven_seconds_until_retrieved() {
        let mut drive = call();
        drive.until(secs(3)).event(Event::Held).until(millis(24_500)).event(Event::Retrieved).until(secs(90));
        assert_eq!(
            drive.log,
            [
                (secs(10), Action::Reassure { count: 1 }),
                (secs(17), Action::Reassure { count: 2 }),
                (secs(24), Action::Reassure { count: 3 }),
                (millis(24_500), Action::Report { held_for: millis(21_500), reassured: 3 }),
            ]
        );
    }

    #[test]
    fn hold_in_hold_does_not_start_the_patience_again() {
        let mut drive = call();
        drive.event(Event::Held).until(secs(5)).event(Event::Held).until(secs(7));
        assert_eq!(drive.log, [(secs(7), Action::Reassure { count: 1 })]);
    }

    #[test]
    fn each_hold_counts_for_itself() {
        let mut drive = call();
        drive.event(Event::Held).until(secs(8)).event(Event::Retrieved).until(secs(10)).event(Event::Held).until(millis(16_999));
        assert!(drive.machine.is_held());
        drive.event(Event::Released).until(secs(60));
        assert_eq!(drive.log.last(), Some(&(millis(16_999), Action::Report { held_for: millis(6_999), reassured: 0 })));
        assert!(!drive.machine.is_held());
    }

    #[test]
    fn what_is_not_held_is_not_reported() {
        let mut drive = call();
        drive.event(Event::Retrieved).event(Event::Released).until(secs(60));
        assert_eq!(drive.log, []);
    }

    #[test]
    fn a_late_wake_up_reassures_once() {
        let mut hold = HoldPatience::new(secs(7));
        let mut out = Vec::new();
        hold.handle(Event::Held, Instant::START, &mut out);
        hold.handle_timeout(Instant::START + secs(22), &mut out);
        assert_eq!(out, [Action::Reassure { count: 1 }]);
        assert_eq!(hold.deadline(), Some(Instant::START + secs(28)));
    }
}
