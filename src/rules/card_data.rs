//! Card data: while a caller says or keys what must not be kept, his recording is filled with silence. Whoever began that may forget to end it:
//! after so long it ends by itself.

use crate::base::{Duration, Instant, Machine};
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum CardData {
    #[default]
    Recording,
    Paused {
        until: Instant,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event {
    /// It is wanted, for no longer than this.
    Wanted { max: Duration },
    /// It is needed no more: somebody says so, or nobody is left who could.
    Over,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    Pause,
    /// `forgotten`: it has taken the longest that it may.
    Resume {
        forgotten: bool,
    },
}

impl CardData {
    #[must_use]
    pub fn is_paused(&self) -> bool {
        matches!(self, Self::Paused { .. })
    }
}

impl Machine for CardData {
    type Event = Event;
    type Action = Action;

    fn handle(&mut self, event: Event, now: Instant, out: &mut Vec<Action>) {
        *self = match (*self, event) {
            (Self::Recording, Event::Wanted { max }) => {
                out.push(Action::Pause);
                Self::Paused { until: now + max }
            }
            (Self::Paused { .. }, Event::Over) => {
                out.push(Action::Resume { forgotten: false });
                Self::Recording
            }
            // One that runs is not made longer by being wanted again.
            (Self::Paused { .. }, Event::Wanted { .. }) | (Self::Recording, Event::Over) => return,
        };
    }

    fn handle_timeout(&mut self, now: Instant, out: &mut Vec<Action>) {
        if self.deadline().is_some_and(|at| at <= now) {
            out.push(Action::Resume { forgotten: true });
            *self = Self::Recording;
        }
    }

    fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Paused { until } => Some(*until),
            Self::Recording => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::machine::drive::Drive;
    use crate::base::time::secs;

    #[test]
    fn it_ends_when_it_is_over_and_by_itself_when_that_is_forgotten() {
        let wanted = Event::Wanted { max: secs(120) };
        let mut drive = Drive::new(CardData::default());
        drive.event(Event::Over).event(wanted).until(secs(60)).event(wanted).event(Event::Over).until(secs(500));
        assert_eq!(drive.log, [(secs(0), Action::Pause), (secs(60), Action::Resume { forgotten: false })]);
        let mut drive = Drive::new(CardData::default());
        drive.until(secs(5)).event(wanted).until(secs(60)).event(wanted).until(secs(500)).event(Event::Over);
        assert_eq!(drive.log, [(secs(5), Action::Pause), (secs(125), Action::Resume { forgotten: true })]);
    }
}
