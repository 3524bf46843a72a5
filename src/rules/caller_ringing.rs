//! A caller does not listen to ringing for ever: when he has heard his rings without an agent's answer, the switch answers him
//! itself. He counts for himself: an offer may pass from agent to agent, each in time, while one caller hears it all.

use crate::base::{Cadence, Duration, Instant, Machine};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CallerRinging {
    cadence: Cadence,
    max_rings: u32,
    state: State,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
enum State {
    /// The caller has heard nothing yet.
    Silent,
    Ringing {
        from: Instant,
        limit_at: Instant,
    },
    /// Answered by whomever, or gone. `rang_for` is zero for a caller who heard no ring.
    Over {
        rang_for: Option<Duration>,
    },
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// The caller was sent his 180. The first counts.
    Rang,
    /// The caller's leg was answered, by an agent or by the switch.
    Answered,
    /// The caller left.
    Ended,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Action {
    /// Answer the caller: welcome, then music.
    AnswerCaller,
}

impl CallerRinging {
    /// `max_rings` is at least 1.
    #[must_use]
    pub fn new(cadence: Cadence, max_rings: u32) -> Self {
        Self { cadence, max_rings: max_rings.max(1), state: State::Silent }
    }

    /// Rings that the caller has heard begin by `now`; 0 before the first.
    #[must_use]
    pub fn rings(&self, now: Instant) -> u32 {
        match self.state {
            State::Silent | State::Over { rang_for: None } => 0,
            State::Ringing { from, .. } => self.cadence.rings_begun(now - from),
            State::Over { rang_for: Some(rang_for) } => self.cadence.rings_begun(rang_for),
        }
    }
}

impl Machine for CallerRinging {
    type Event = Event;
    type Action = Action;

    fn handle(&mut self, event: Event, now: Instant, _: &mut Vec<Action>) {
        self.state = match (&self.state, event) {
            (State::Silent, Event::Rang) => State::Ringing { from: now, limit_at: now + self.cadence.period() * self.max_rings },
            (State::Silent, Event::Answered | Event::Ended) => State::Over { rang_for: None },
            (State::Ringing { from, .. }, Event::Answered | Event::Ended) => State::Over { rang_for: Some(now - *from) },
            (State::Ringing { .. }, Event::Rang) | (State::Over { .. }, _) => return,
        };
    }

    fn handle_timeout(&mut self, now: Instant, out: &mut Vec<Action>) {
        if let State::Ringing { from, limit_at } = self.state
            && limit_at <= now
        {
            out.push(Action::AnswerCaller);
            self.state = State::Over { rang_for: Some(now - from) };
        }
    }

    fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Ringing { limit_at, .. } => Some(limit_at),
            State::Silent | State::Over { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::machine::drive::Drive;
    use crate::base::time::{millis, secs};

    fn caller() -> Drive<CallerRinging> {
        Drive::new(CallerRinging::new(Cadence::of_zone("cn").expect("a known zone"), 3))
    }

    #[test]
    fn after_three_rings_the_switch_answers_itself() {
        let mut drive = caller();
        drive.until(secs(2)).event(Event::Rang).until(millis(16_999));
        assert_eq!((drive.log.len(), drive.machine.rings(drive.now)), (0, 3));
        drive.until(secs(90));
        assert_eq!(drive.log, [(secs(17), Action::AnswerCaller)]);
    }

    #[test]
    fn a_second_180_gives_no_more_rings() {
        let mut drive = caller();
        drive.event(Event::Rang).until(secs(14)).event(Event::Rang).until(secs(90));
        assert_eq!(drive.log, [(secs(15), Action::AnswerCaller)]);
    }

    #[test]
    fn an_agent_in_time_or_a_caller_who_left_ends_it() {
        for end in [Event::Answered, Event::Ended] {
            let mut drive = caller();
            drive.event(Event::Rang).until(millis(14_999)).event(end).event(Event::Rang).until(secs(90));
            assert_eq!((drive.log.len(), drive.machine.rings(drive.now), drive.machine.deadline()), (0, 3, None));
        }
    }

    #[test]
    fn a_caller_answered_without_ringing_heard_none() {
        for end in [Event::Answered, Event::Ended] {
            let mut drive = caller();
            drive.event(end).event(Event::Rang).until(secs(90));
            assert_eq!((drive.log.len(), drive.machine.rings(drive.now)), (0, 0));
        }
    }
}
