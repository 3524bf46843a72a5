//! The promise of a hold: the caller was told how long it takes. When that has passed the agent is reminded, again each patience, and after a
//! grace his superior is called. Knows nothing of SIP or prompts.

use crate::base::{Duration, Instant, Machine};
use serde::{Deserialize, Serialize};

/// Watches one hold, from its beginning or from when the promise was made.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Promise {
    patience: Duration,
    state: State,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
enum State {
    Open {
        due_at: Instant,
        escalate_at: Instant,
    },
    Overdue {
        due_at: Instant,
        remind_at: Instant,
        /// `None`: the superior was called.
        escalate_at: Option<Instant>,
        reminded: u32,
    },
    Over,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// The hold is over.
    Retrieved,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Action {
    /// Tell the agent that the caller waits longer than he was told; `count` is 1 the first time.
    Remind {
        count: u32,
    },
    /// The agent does not come: call his superior.
    Escalate,
    Kept,
    Broken {
        late_by: Duration,
    },
}

impl Promise {
    /// `within`, `patience` and `grace` are longer than zero.
    #[must_use]
    pub fn new(within: Duration, patience: Duration, grace: Duration, now: Instant) -> Self {
        Self { patience, state: State::Open { due_at: now + within, escalate_at: now + within + grace } }
    }

    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }
}

impl Machine for Promise {
    type Event = Event;
    type Action = Action;

    fn handle(&mut self, Event::Retrieved: Event, now: Instant, out: &mut Vec<Action>) {
        match self.state {
            State::Open { .. } => out.push(Action::Kept),
            State::Overdue { due_at, .. } => out.push(Action::Broken { late_by: now - due_at }),
            State::Over => return,
        }
        self.state = State::Over;
    }

    fn handle_timeout(&mut self, now: Instant, out: &mut Vec<Action>) {
        if let State::Open { due_at, escalate_at } = self.state
            && due_at <= now
        {
            self.state = State::Overdue { due_at, remind_at: due_at, escalate_at: Some(escalate_at), reminded: 0 };
        }
        let State::Overdue { remind_at, escalate_at, reminded, .. } = &mut self.state else { return };
        if *remind_at <= now {
            *reminded += 1;
            out.push(Action::Remind { count: *reminded });
            // A wake-up so late that a whole patience was slept through reminds once, not in a volley.
            while *remind_at <= now {
                *remind_at += self.patience;
            }
        }
        if escalate_at.is_some_and(|at| at <= now) {
            *escalate_at = None;
            out.push(Action::Escalate);
        }
    }

    fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Open { due_at, .. } => Some(due_at),
            State::Overdue { remind_at, escalate_at, .. } => escalate_at.into_iter().chain([remind_at]).min(),
            State::Over => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::machine::drive::Drive;
    use crate::base::time::{millis, secs};

    fn promised() -> Drive<Promise> {
        Drive::new(Promise::new(secs(60), secs(7), secs(20), Instant::START))
    }

    #[test]
    fn who_is_back_in_time_has_kept_it() {
        let mut drive = promised();
        drive.until(millis(59_999)).event(Event::Retrieved).until(secs(300));
        assert_eq!(drive.log, [(millis(59_999), Action::Kept)]);
    }

    #[test]
    fn from_the_promise_on_the_agent_is_reminded_each_patience_and_his_superior_called_once() {
        let mut drive = promised();
        drive.until(secs(82)).event(Event::Retrieved).until(secs(300));
        let expected = [
            (secs(60), Action::Remind { count: 1 }),
            (secs(67), Action::Remind { count: 2 }),
            (secs(74), Action::Remind { count: 3 }),
            (secs(80), Action::Escalate),
            (secs(81), Action::Remind { count: 4 }),
            (secs(82), Action::Broken { late_by: secs(22) }),
        ];
        assert_eq!(drive.log, expected);
    }

    #[test]
    fn slept_through_it_is_one_reminder_and_one_call() {
        let mut promise = Promise::new(secs(60), secs(7), secs(20), Instant::START);
        let mut out = Vec::new();
        promise.handle_timeout(Instant::START + secs(200), &mut out);
        assert_eq!(out, [Action::Remind { count: 1 }, Action::Escalate]);
        assert_eq!(promise.deadline(), Some(Instant::START + secs(207)));
    }
}
