//! How one party sounds, over a call: what is wrong with it is told once it is certain. That a party is faint is certain only when a voice was
//! heard as well, for a rustle is quiet too; listening for one costs, and is asked for only then. Knows nothing of levels; those are measured
//! and judged elsewhere.

use crate::base::time::secs;
use crate::base::{Clarity, Duration, Flaw, Instant, Loudness, Machine};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Whoever is thought to be faint is listened to for so long. Later: he may be, and it is not told until he is measured again.
const VOICE_WITHIN: Duration = secs(6);

/// Of one party, from its first moment to its last.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SoundWatch {
    /// A flaw is told once, however long it goes on.
    once: bool,
    told: BTreeSet<Flaw>,
    loudness: Loudness,
    clarity: Clarity,
    state: State,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
enum State {
    /// Nobody could do anything about it now: on hold, in a script, alone.
    Shut,
    Open,
    /// It is quiet; should a voice be heard by then, it is a faint one.
    Listening {
        until: Instant,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event {
    /// Something can be done about it from now on.
    Opened,
    Shut,
    Measured {
        loudness: Loudness,
        clarity: Clarity,
    },
    /// A voice is heard.
    Spoke,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    /// Tell when a voice is heard, or do not any more.
    Listen(bool),
    Tell(Flaw),
    /// Nothing is wrong with it any more.
    Settle,
}

impl SoundWatch {
    /// `once`: a flaw that goes on is told the first time alone, else each time that it is measured anew.
    #[must_use]
    pub fn new(once: bool) -> Self {
        Self { once, told: BTreeSet::new(), loudness: Loudness::Fair, clarity: Clarity::Clean, state: State::Shut }
    }

    #[must_use]
    pub fn is_listening(&self) -> bool {
        matches!(self.state, State::Listening { .. })
    }

    /// What was told of it, ever.
    #[must_use]
    pub fn told(&self) -> &BTreeSet<Flaw> {
        &self.told
    }

    fn tell(&mut self, flaw: Flaw, out: &mut Vec<Action>) {
        if self.told.insert(flaw) || !self.once {
            out.push(Action::Tell(flaw));
        }
    }

    fn look(&mut self, now: Instant, out: &mut Vec<Action>) {
        if self.clarity == Clarity::Noisy {
            self.tell(Flaw::Noisy, out);
        }
        if self.loudness == Loudness::Loud {
            self.tell(Flaw::Loud, out);
        }
        let doubted = self.loudness == Loudness::Quiet && !(self.once && self.told.contains(&Flaw::Faint));
        if doubted && !self.is_listening() {
            out.push(Action::Listen(true));
            self.state = State::Listening { until: now + VOICE_WITHIN };
        } else if !doubted {
            self.listen_no_more(State::Open, out);
        }
    }

    fn listen_no_more(&mut self, state: State, out: &mut Vec<Action>) {
        if self.is_listening() {
            out.push(Action::Listen(false));
        }
        self.state = state;
    }
}

impl Machine for SoundWatch {
    type Event = Event;
    type Action = Action;

    fn handle(&mut self, event: Event, now: Instant, out: &mut Vec<Action>) {
        match (&self.state, event) {
            (State::Shut, Event::Opened) => {
                self.state = State::Open;
                self.look(now, out);
            }
            (State::Open | State::Listening { .. }, Event::Shut) => self.listen_no_more(State::Shut, out),
            (state, Event::Measured { loudness, clarity }) => {
                let is_open = !matches!(state, State::Shut);
                let was_well = self.loudness == Loudness::Fair && self.clarity == Clarity::Clean;
                (self.loudness, self.clarity) = (loudness, clarity);
                if loudness == Loudness::Fair && clarity == Clarity::Clean && !was_well {
                    out.push(Action::Settle);
                }
                if is_open {
                    self.look(now, out);
                }
            }
            (State::Listening { .. }, Event::Spoke) => {
                self.listen_no_more(State::Open, out);
                self.tell(Flaw::Faint, out);
            }
            (State::Shut, Event::Shut | Event::Spoke)
            | (State::Open | State::Listening { .. }, Event::Opened)
            | (State::Open, Event::Spoke) => {}
        }
    }

    fn handle_timeout(&mut self, now: Instant, out: &mut Vec<Action>) {
        if matches!(self.state, State::Listening { until } if until <= now) {
            self.listen_no_more(State::Open, out);
        }
    }

    fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Listening { until } => Some(until),
            State::Shut | State::Open => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::machine::drive::Drive;
    use crate::base::time::millis;

    const FAIR: Event = Event::Measured { loudness: Loudness::Fair, clarity: Clarity::Clean };
    const QUIET: Event = Event::Measured { loudness: Loudness::Quiet, clarity: Clarity::Clean };
    const LOUD: Event = Event::Measured { loudness: Loudness::Loud, clarity: Clarity::Clean };
    const NOISY: Event = Event::Measured { loudness: Loudness::Fair, clarity: Clarity::Noisy };

    fn told(events: &[(u64, Event)], once: bool) -> Vec<(u128, Action)> {
        let mut drive = Drive::new(SoundWatch::new(once));
        for (at, event) in events {
            drive.until(millis(*at)).event(*event);
        }
        drive.until(secs(600));
        drive.log.iter().map(|(at, action)| (at.as_millis(), *action)).collect()
    }

    #[test]
    fn a_faint_voice_is_told_when_it_is_heard_to_be_one() {
        use Action::{Listen, Tell};
        use Event::{Opened, Shut, Spoke};
        let (on, off) = (Listen(true), Listen(false));
        for (story, events, expected) in [
            ("a voice", vec![(0, Opened), (4_000, QUIET), (5_000, Spoke)], vec![(4_000, on), (5_000, off), (5_000, Tell(Flaw::Faint))]),
            ("a rustle", vec![(0, Opened), (4_000, QUIET)], vec![(4_000, on), (10_000, off)]),
            (
                "a voice too late, measured again",
                vec![(0, Opened), (4_000, QUIET), (11_000, Spoke), (12_000, QUIET), (13_000, Spoke)],
                vec![(4_000, on), (10_000, off), (12_000, on), (13_000, off), (13_000, Tell(Flaw::Faint))],
            ),
            ("on hold", vec![(4_000, QUIET), (5_000, Spoke)], vec![]),
            (
                "told after the hold",
                vec![(4_000, QUIET), (9_000, Opened), (9_500, Spoke)],
                vec![(9_000, on), (9_500, off), (9_500, Tell(Flaw::Faint))],
            ),
            ("held while in doubt", vec![(0, Opened), (4_000, QUIET), (5_000, Shut), (6_000, Spoke)], vec![(4_000, on), (5_000, off)]),
            (
                "speaks up in time",
                vec![(0, Opened), (4_000, QUIET), (5_000, FAIR), (6_000, Spoke)],
                vec![(4_000, on), (5_000, Action::Settle), (5_000, off)],
            ),
        ] {
            assert_eq!(told(&events, true), expected, "{story}");
        }
    }

    #[test]
    fn noise_and_loudness_need_no_voice() {
        let events =
            [(0, Event::Opened), (1_000, NOISY), (2_000, NOISY), (3_000, LOUD), (4_000, FAIR), (5_000, NOISY), (5_000, Event::Spoke)];
        let (noisy, loud) = (Action::Tell(Flaw::Noisy), Action::Tell(Flaw::Loud));
        assert_eq!(told(&events, true), [(1_000, noisy), (3_000, loud), (4_000, Action::Settle)]);
        let again = [(1_000, noisy), (2_000, noisy), (3_000, loud), (4_000, Action::Settle), (5_000, noisy)];
        assert_eq!(told(&events, false), again, "each time that it is measured");
    }

    #[test]
    fn a_fair_party_is_never_listened_to() {
        let events =
            [(0, Event::Opened), (3_000, FAIR), (3_500, Event::Spoke), (4_000, Event::Shut), (5_000, Event::Opened), (6_000, FAIR)];
        assert_eq!(told(&events, false), []);
    }
}
