//! The open microphone: an agent has put his caller on hold and talks, and nobody is there to hear him but the recording. Whoever talks for
//! longer than a word to himself is told that his microphone is open.

use crate::base::{Duration, Instant, Machine};
use serde::{Deserialize, Serialize};

/// One agent's, in one call.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OpenMicrophone {
    /// Speech, in one such time, that is too much.
    patience: Duration,
    state: State,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
enum State {
    /// Somebody hears him.
    Heard,
    /// Nobody does, and he is silent; he spoke for so long before.
    Silent {
        spoke: Duration,
    },
    Speaking {
        spoke: Duration,
        since: Instant,
        until: Instant,
    },
    /// Told; once is enough until somebody hears him again.
    Told,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event {
    /// Nobody hears him from now on.
    TurnedAway,
    TurnedBack,
    Spoke,
    FellSilent,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    Listen(bool),
    Tell,
}

impl OpenMicrophone {
    #[must_use]
    pub fn new(patience: Duration) -> Self {
        Self { patience, state: State::Heard }
    }

    #[must_use]
    pub fn is_listening(&self) -> bool {
        matches!(self.state, State::Silent { .. } | State::Speaking { .. })
    }

    #[must_use]
    pub fn is_turned_away(&self) -> bool {
        !matches!(self.state, State::Heard)
    }
}

impl Machine for OpenMicrophone {
    type Event = Event;
    type Action = Action;

    fn handle(&mut self, event: Event, now: Instant, out: &mut Vec<Action>) {
        self.state = match (&self.state, event) {
            (State::Heard, Event::TurnedAway) => {
                out.push(Action::Listen(true));
                State::Silent { spoke: Duration::ZERO }
            }
            (State::Silent { .. } | State::Speaking { .. }, Event::TurnedBack) => {
                out.push(Action::Listen(false));
                State::Heard
            }
            (State::Told, Event::TurnedBack) => State::Heard,
            (State::Silent { spoke }, Event::Spoke) => {
                State::Speaking { spoke: *spoke, since: now, until: now + self.patience.saturating_sub(*spoke) }
            }
            (State::Speaking { spoke, since, .. }, Event::FellSilent) => State::Silent { spoke: *spoke + (now - *since) },
            (_, Event::TurnedAway | Event::TurnedBack | Event::Spoke | Event::FellSilent) => return,
        };
    }

    fn handle_timeout(&mut self, now: Instant, out: &mut Vec<Action>) {
        if matches!(self.state, State::Speaking { until, .. } if until <= now) {
            self.state = State::Told;
            out.extend([Action::Tell, Action::Listen(false)]);
        }
    }

    fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Speaking { until, .. } => Some(until),
            State::Heard | State::Silent { .. } | State::Told => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::machine::drive::Drive;
    use crate::base::time::{millis, secs};

    #[test]
    fn five_seconds_of_talk_that_nobody_hears_are_told_once() {
        use Event::{FellSilent, Spoke, TurnedAway, TurnedBack};
        for (story, events, told_at) in [
            ("at a stretch", vec![(1, TurnedAway), (2, Spoke), (20, FellSilent), (21, Spoke)], vec![7]),
            ("in pieces", vec![(1, TurnedAway), (2, Spoke), (5, FellSilent), (10, Spoke), (30, FellSilent)], vec![12]),
            ("a word to himself", vec![(1, TurnedAway), (2, Spoke), (6, FellSilent), (30, TurnedBack)], vec![]),
            ("to the caller", vec![(2, Spoke), (20, FellSilent)], vec![]),
            ("back just before", vec![(1, TurnedAway), (2, Spoke), (6, TurnedBack), (9, FellSilent)], vec![]),
            (
                "each hold counts for itself",
                vec![(1, TurnedAway), (2, Spoke), (6, FellSilent), (7, TurnedBack), (8, TurnedAway), (9, Spoke), (12, FellSilent)],
                vec![],
            ),
            (
                "and is told for itself",
                vec![(1, TurnedAway), (2, Spoke), (8, TurnedBack), (9, TurnedAway), (10, Spoke), (20, FellSilent)],
                vec![7, 15],
            ),
        ] {
            let mut drive = Drive::new(OpenMicrophone::new(secs(5)));
            for (at, event) in events {
                drive.until(secs(at)).event(event);
            }
            drive.until(secs(60));
            let told: Vec<u64> = drive.log.iter().filter(|(_, action)| *action == Action::Tell).map(|(at, _)| at.as_secs()).collect();
            assert_eq!(told, told_at, "{story}");
        }
    }

    #[test]
    fn he_is_listened_to_only_while_nobody_hears_him() {
        let mut drive = Drive::new(OpenMicrophone::new(secs(5)));
        drive.event(Event::Spoke).until(secs(1)).event(Event::TurnedAway).event(Event::TurnedAway);
        drive.until(secs(2)).event(Event::TurnedBack).event(Event::TurnedBack).until(secs(9));
        assert_eq!(drive.log, [(secs(1), Action::Listen(true)), (secs(2), Action::Listen(false))]);
        drive.event(Event::TurnedAway).event(Event::Spoke).until(millis(13_999));
        assert!(drive.machine.is_listening() && drive.log.len() == 3);
        drive.until(secs(14));
        assert!(!drive.machine.is_listening() && drive.machine.is_turned_away());
        assert_eq!(drive.log[3..], [(secs(14), Action::Tell), (secs(14), Action::Listen(false))]);
    }
}
