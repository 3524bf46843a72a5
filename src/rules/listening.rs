//! Somebody listens to messages: he is told how many there are, hears each, and says by key what becomes of it: 1 again, 2 the next, 3 delete,
//! the hash ends. Who has heard one to its end has listened to it; who goes on before has not. A message is a number here, in the order in
//! which they are heard.

use crate::base::limits::CLIP_PLAYED_WITHIN;
use crate::base::time::secs;
use crate::base::{Duration, Instant, Machine};
use serde::{Deserialize, Serialize};

/// From the end of a message to the next, for a key.
const CHOICE_WITHIN: Duration = secs(5);
/// So much may lack of what was heard to its end: a recording loses its last second when the switch dies.
const LACKS_MAX: Duration = secs(1);

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Listening {
    /// How long each sounds.
    messages: Vec<Duration>,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
enum State {
    Before,
    /// He is told how many there are. Whatever is said counts as said at `give_up_at`, should its end never be told.
    Counting {
        give_up_at: Instant,
    },
    Playing {
        index: usize,
        give_up_at: Instant,
        /// Since the words before it are over.
        #[serde(default)]
        sounds_since: Option<Instant>,
    },
    /// What the keys do is said.
    Explaining {
        index: usize,
        give_up_at: Instant,
    },
    Choosing {
        index: usize,
        until: Instant,
    },
    /// There is no more.
    Parting {
        give_up_at: Instant,
    },
    Over,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event {
    Begun,
    /// The words before a message were said: it sounds now.
    Introduced,
    /// What was ordered to be said has been.
    Said,
    /// What was being said was cut short, and is to be said again.
    Resumed,
    Pressed(char),
    Left,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    /// How many there are, in place of whatever else is said; so with each that says something.
    Count,
    /// Who left it, when, and the message.
    Play(usize),
    /// It was heard to its end. Not of one that made no sound, or broke off.
    Heard(usize),
    /// What the keys do, and what else is to be told behind this message.
    Explain(usize),
    Delete(usize),
    /// There are no more.
    Part,
    /// The call is over, unless he is gone.
    Release,
}

impl Listening {
    #[must_use]
    pub fn new(messages: Vec<Duration>) -> Self {
        Self { messages, state: State::Before }
    }

    fn play(&self, index: usize, now: Instant, out: &mut Vec<Action>) -> State {
        match self.messages.get(index) {
            Some(long) => {
                out.push(Action::Play(index));
                // The words before it, and itself.
                State::Playing { index, give_up_at: now + CLIP_PLAYED_WITHIN + *long + CLIP_PLAYED_WITHIN, sounds_since: None }
            }
            None => Self::part(now, out),
        }
    }

    fn count(now: Instant, out: &mut Vec<Action>) -> State {
        out.push(Action::Count);
        State::Counting { give_up_at: now + CLIP_PLAYED_WITHIN }
    }

    fn explain(index: usize, now: Instant, out: &mut Vec<Action>) -> State {
        out.push(Action::Explain(index));
        State::Explaining { index, give_up_at: now + CLIP_PLAYED_WITHIN }
    }

    fn part(now: Instant, out: &mut Vec<Action>) -> State {
        out.push(Action::Part);
        State::Parting { give_up_at: now + CLIP_PLAYED_WITHIN }
    }

    /// Whether the message has sounded for as long as it is.
    fn was_heard(&self, index: usize, sounds_since: Option<Instant>, now: Instant) -> bool {
        let long = self.messages.get(index).copied().unwrap_or_default();
        long.is_zero() || sounds_since.is_some_and(|since| now + LACKS_MAX.min(long / 2) >= since + long)
    }

    fn said(&mut self, now: Instant, out: &mut Vec<Action>) {
        self.state = match self.state {
            State::Counting { .. } => self.play(0, now, out),
            State::Playing { index, sounds_since, .. } => {
                out.extend(self.was_heard(index, sounds_since, now).then_some(Action::Heard(index)));
                Self::explain(index, now, out)
            }
            State::Explaining { index, .. } => State::Choosing { index, until: now + CHOICE_WITHIN },
            State::Choosing { index, .. } => self.play(index + 1, now, out),
            State::Parting { .. } => {
                out.push(Action::Release);
                State::Over
            }
            State::Before | State::Over => self.state,
        };
    }

    fn resumed(&mut self, now: Instant, out: &mut Vec<Action>) {
        self.state = match self.state {
            State::Counting { .. } => Self::count(now, out),
            State::Playing { index, .. } => self.play(index, now, out),
            State::Explaining { index, .. } => Self::explain(index, now, out),
            State::Parting { .. } => Self::part(now, out),
            State::Before | State::Choosing { .. } | State::Over => self.state,
        };
    }

    fn pressed(&mut self, key: char, now: Instant, out: &mut Vec<Action>) {
        let at = match self.state {
            State::Playing { index, .. } | State::Explaining { index, .. } | State::Choosing { index, .. } => Some(index),
            State::Counting { .. } => None,
            State::Before | State::Parting { .. } | State::Over => return,
        };
        self.state = match (key, at) {
            ('#', _) => Self::part(now, out),
            ('1', Some(index)) => self.play(index, now, out),
            ('2', Some(index)) => self.play(index + 1, now, out),
            ('2', None) => self.play(0, now, out),
            ('3', Some(index)) => {
                out.push(Action::Delete(index));
                self.play(index + 1, now, out)
            }
            _ => return,
        };
    }
}

impl Machine for Listening {
    type Event = Event;
    type Action = Action;

    fn handle(&mut self, event: Event, now: Instant, out: &mut Vec<Action>) {
        match (&mut self.state, event) {
            (State::Before, Event::Begun) => self.state = Self::count(now, out),
            (State::Playing { sounds_since, .. }, Event::Introduced) => *sounds_since = Some(now),
            // Nothing is said while he may choose: this is the end of something earlier.
            (State::Choosing { .. }, Event::Said) => {}
            (_, Event::Said) => self.said(now, out),
            (_, Event::Pressed(key)) => self.pressed(key, now, out),
            (_, Event::Left) => self.state = State::Over,
            (_, Event::Resumed) => self.resumed(now, out),
            (_, Event::Begun | Event::Introduced) => {}
        }
    }

    fn handle_timeout(&mut self, now: Instant, out: &mut Vec<Action>) {
        if self.deadline().is_some_and(|at| at <= now) {
            self.said(now, out);
        }
    }

    fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Counting { give_up_at }
            | State::Playing { give_up_at, .. }
            | State::Explaining { give_up_at, .. }
            | State::Parting { give_up_at } => Some(give_up_at),
            State::Choosing { until, .. } => Some(until),
            State::Before | State::Over => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::machine::drive::Drive;
    use crate::base::time::millis;

    /// Two messages, counted.
    fn counted() -> Drive<Listening> {
        let mut drive = Drive::new(Listening::new(vec![secs(10), secs(20)]));
        drive.event(Event::Begun).until(secs(2)).event(Event::Said);
        assert_eq!(drive.log, [(secs(0), Action::Count), (secs(2), Action::Play(0))]);
        drive.log.clear();
        drive
    }

    #[test]
    fn who_presses_nothing_hears_all_of_them_and_is_let_go() {
        let mut drive = counted();
        drive.event(Event::Introduced).until(secs(12)).event(Event::Said).until(secs(15)).event(Event::Said).until(secs(20));
        assert_eq!(drive.log, [(secs(12), Action::Heard(0)), (secs(12), Action::Explain(0)), (secs(20), Action::Play(1))]);
        drive.log.clear();
        drive
            .event(Event::Introduced)
            .until(secs(40))
            .event(Event::Said)
            .until(secs(42))
            .event(Event::Said)
            .until(secs(48))
            .event(Event::Said)
            .until(secs(99));
        let ends = [Action::Heard(1), Action::Explain(1), Action::Part, Action::Release];
        assert_eq!(drive.log.iter().map(|(_, action)| *action).collect::<Vec<_>>(), ends);
    }

    #[test]
    fn keys_repeat_skip_delete_and_end() {
        for (keys, done) in [
            ("1", vec![Action::Play(0)]),
            ("2", vec![Action::Play(1)]),
            ("3", vec![Action::Delete(0), Action::Play(1)]),
            ("23", vec![Action::Play(1), Action::Delete(1), Action::Part]),
            ("22", vec![Action::Play(1), Action::Part]),
            ("#1", vec![Action::Part]),
            ("90*", vec![]),
        ] {
            let mut drive = counted();
            for key in keys.chars() {
                drive.event(Event::Pressed(key));
            }
            assert_eq!(drive.log.iter().map(|(_, action)| *action).collect::<Vec<_>>(), done, "{keys}");
        }
    }

    #[test]
    fn a_key_before_the_first_message_skips_the_count_and_lost_reports_hold_nobody_up() {
        let mut drive = Drive::new(Listening::new(vec![secs(10)]));
        drive.event(Event::Begun).event(Event::Pressed('3')).event(Event::Pressed('2')).until(secs(600));
        let all: Vec<Action> = drive.log.iter().map(|(_, action)| *action).collect();
        assert_eq!(all, [Action::Count, Action::Play(0), Action::Explain(0), Action::Part, Action::Release]);
    }

    #[test]
    fn only_what_sounded_to_its_end_was_heard() {
        for (introduced_at, said_at, heard) in
            [(Some(6), 16, true), (Some(6), 15, true), (Some(6), 14, false), (Some(6), 6, false), (None, 16, false)]
        {
            let mut drive = counted();
            if let Some(at) = introduced_at {
                drive.until(secs(at)).event(Event::Introduced);
            }
            drive.until(secs(said_at)).event(Event::Said);
            assert_eq!(drive.log[0].1 == Action::Heard(0), heard, "{introduced_at:?} {said_at}");
            assert_eq!(drive.log.last(), Some(&(secs(said_at), Action::Explain(0))));
        }
        // Where nothing was spoken, there is nothing to be heard but who it was; one word shorter than what may lack is a word.
        for (long, heard) in [(Duration::ZERO, true), (millis(800), false)] {
            let mut drive = Drive::new(Listening::new(vec![long]));
            drive.event(Event::Begun).event(Event::Said).event(Event::Introduced).event(Event::Said);
            assert_eq!(drive.log[2].1 == Action::Heard(0), heard, "{long:?}");
        }
    }

    #[test]
    fn what_was_cut_short_is_said_again_and_nothing_else_is() {
        let begun = || {
            let mut drive = Drive::new(Listening::new(vec![secs(10)]));
            drive.event(Event::Begun);
            drive
        };
        let playing = [Event::Said, Event::Introduced];
        for (before, again) in [
            (&[][..], Some(Action::Count)),
            (&playing[..], Some(Action::Play(0))),
            (&[Event::Said, Event::Said][..], Some(Action::Explain(0))),
            (&[Event::Said, Event::Said, Event::Said][..], None),
            (&[Event::Pressed('#')][..], Some(Action::Part)),
            (&[Event::Pressed('#'), Event::Said][..], None),
        ] {
            let mut drive = begun();
            for event in before {
                drive.event(*event);
            }
            drive.log.clear();
            drive.until(secs(3)).event(Event::Resumed);
            assert_eq!(drive.log, again.map(|action| (secs(3), action)).into_iter().collect::<Vec<_>>(), "{before:?}");
        }
        // It has to sound anew.
        let mut drive = begun();
        drive.event(Event::Said).event(Event::Introduced).until(secs(9)).event(Event::Resumed).event(Event::Introduced);
        drive.until(secs(12)).event(Event::Said);
        assert_eq!(drive.log.last().map(|(_, action)| *action), Some(Action::Explain(0)));
        assert!(!drive.log.iter().any(|(_, action)| *action == Action::Heard(0)), "{:?}", drive.log);
    }

    #[test]
    fn nobody_is_kept_who_has_no_messages_or_is_gone() {
        let mut drive = Drive::new(Listening::new(Vec::new()));
        drive.event(Event::Begun).until(secs(1)).event(Event::Said).until(secs(2)).event(Event::Said).until(secs(99));
        assert_eq!(drive.log, [(secs(0), Action::Count), (secs(1), Action::Part), (secs(2), Action::Release)]);
        let mut gone = counted();
        gone.event(Event::Left).event(Event::Said).until(secs(99));
        assert_eq!(gone.log, []);
    }
}
