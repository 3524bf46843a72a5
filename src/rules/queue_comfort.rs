//! A caller who waits in music hears a word of comfort every patience, until an agent answers or he leaves.

use crate::base::{Duration, Instant, Machine};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct QueueComfort {
    patience: Duration,
    state: State,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
enum State {
    /// Not in music: still ringing, in the welcome, or with an agent.
    Elsewhere,
    InMusic {
        comfort_at: Instant,
        comforted: u32,
    },
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// The welcome is over and the music began.
    MusicBegan,
    /// An agent answered, or the caller left.
    Ended,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Action {
    /// Say the `queue_comfort` prompt; `count` is 1 the first time.
    Comfort { count: u32 },
}

impl QueueComfort {
    /// `patience` is longer than zero.
    #[must_use]
    pub fn new(patience: Duration) -> Self {
        assert!(!patience.is_zero(), "a patience of zero would comfort without end");
        Self { patience, state: State::Elsewhere }
    }
}

impl Machine for QueueComfort {
    type Event = Event;
    type Action = Action;

    fn handle(&mut self, event: Event, now: Instant, _: &mut Vec<Action>) {
        self.state = match (&self.state, event) {
            (State::Elsewhere, Event::MusicBegan) => State::InMusic { comfort_at: now + self.patience, comforted: 0 },
            (State::InMusic { .. }, Event::Ended) => State::Elsewhere,
            (State::InMusic { .. }, Event::MusicBegan) | (State::Elsewhere, Event::Ended) => return,
        };
    }

    fn handle_timeout(&mut self, now: Instant, out: &mut Vec<Action>) {
        if let State::InMusic { comfort_at, comforted } = &mut self.state
            && *comfort_at <= now
        {
            *comforted += 1;
            out.push(Action::Comfort { count: *comforted });
            while *comfort_at <= now {
                *comfort_at += self.patience;
            }
        }
    }

    fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::InMusic { comfort_at, .. } => Some(comfort_at),
            State::Elsewhere => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::machine::drive::Drive;
    use crate::base::time::{millis, secs};

    #[test]
    fn comfort_comes_every_patience_from_the_first_note_of_music() {
        let mut drive = Drive::new(QueueComfort::new(secs(7)));
        drive.until(secs(4)).event(Event::MusicBegan).until(millis(10_999));
        assert_eq!(drive.log, []);
        drive.until(secs(20)).event(Event::Ended).until(secs(90));
        assert_eq!(drive.log, [(secs(11), Action::Comfort { count: 1 }), (secs(18), Action::Comfort { count: 2 })]);
    }

    #[test]
    fn music_that_is_told_twice_began_once() {
        let mut drive = Drive::new(QueueComfort::new(secs(7)));
        drive.event(Event::MusicBegan).until(secs(6)).event(Event::MusicBegan).until(secs(8));
        assert_eq!(drive.log, [(secs(7), Action::Comfort { count: 1 })]);
    }

    #[test]
    fn an_agent_just_in_time_leaves_no_comfort_behind() {
        let mut drive = Drive::new(QueueComfort::new(secs(7)));
        drive.event(Event::Ended).event(Event::MusicBegan).until(millis(6_999)).event(Event::Ended).event(Event::Ended).until(secs(90));
        assert_eq!((drive.log.len(), drive.machine.deadline()), (0, None));
    }

    #[test]
    fn a_late_wake_up_comforts_once() {
        let mut comfort = QueueComfort::new(secs(7));
        let mut out = Vec::new();
        comfort.handle(Event::MusicBegan, Instant::START, &mut out);
        comfort.handle_timeout(Instant::START + secs(15), &mut out);
        assert_eq!(out, [Action::Comfort { count: 1 }]);
        assert_eq!(comfort.deadline(), Some(Instant::START + secs(21)));
    }
}
