//! Somebody listens to messages: he is told how many there are, hears each, and says by key what becomes of it: 1 again, 2 the next, 3 delete,
//! the hash ends. Who has heard one to its end has listened to it; who goes on before has not. A message is a number here, in the order in
//! which they are heard.

use crate::base::limits::CLIP_PLAYED_WITHIN;
use crate::base::time::secs;
use crate::base::{Duration, Instant, Machine};
use serde::{Deserialize, Serialize};

/// From the end of a message to the next, for a key.
const CHOICE_WITHIN: Duration = secs(5);

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Listening {
    /// How long each is.
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
    /// What was ordered to be said has been.
    Said,
    Pressed(char),
    Left,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    /// How many there are, in place of whatever else is said; so with each that says something.
    Count,
    /// Who left it, when, and the message.
    Play(usize),
    /// It was heard to its end.
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
                State::Playing { index, give_up_at: now + CLIP_PLAYED_WITHIN + *long + CLIP_PLAYED_WITHIN }
            }
            None => {
                out.push(Action::Part);
                State::Parting { give_up_at: now + CLIP_PLAYED_WITHIN }
            }
        }
    }

    fn said(&mut self, now: Instant, out: &mut Vec<Action>) {
        self.state = match self.state {
            State::Counting { .. } => self.play(0, now, out),
            State::Playing { index, .. } => {
                out.extend([Action::Heard(index), Action::Explain(index)]);
                State::Explaining { index, give_up_at: now + CLIP_PLAYED_WITHIN }
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

    fn pressed(&mut self, key: char, now: Instant, out: &mut Vec<Action>) {
        let at = match self.state {
            State::Playing { index, .. } | State::Explaining { index, .. } | State::Choosing { index, .. } => Some(index),
            State::Counting { .. } => None,
            State::Before | State::Parting { .. } | State::Over => return,
        };
        self.state = match (key, at) {
            ('#', _) => {
                out.push(Action::Part);
                State::Parting { give_up_at: now + CLIP_PLAYED_WITHIN }
            }
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
        match (self.state, event) {
            (State::Before, Event::Begun) => {
                out.push(Action::Count);
                self.state = State::Counting { give_up_at: now + CLIP_PLAYED_WITHIN };
            }
            // Nothing is said while he may choose: this is the end of something earlier.
            (State::Choosing { .. }, Event::Said) => {}
            (_, Event::Said) => self.said(now, out),
            (_, Event::Pressed(key)) => self.pressed(key, now, out),
            (_, Event::Left) => self.state = State::Over,
            (_, Event::Begun) => {}
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
        drive.until(secs(12)).event(Event::Said).until(secs(15)).event(Event::Said).until(secs(20));
        assert_eq!(drive.log, [(secs(12), Action::Heard(0)), (secs(12), Action::Explain(0)), (secs(20), Action::Play(1))]);
        drive.log.clear();
        drive.until(secs(40)).event(Event::Said).until(secs(42)).event(Event::Said).until(secs(48)).event(Event::Said).until(secs(99));
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
        assert_eq!(all, [Action::Count, Action::Play(0), Action::Heard(0), Action::Explain(0), Action::Part, Action::Release]);
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
