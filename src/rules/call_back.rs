//! A caller who waits has pressed the key to be called back: he is asked to confirm the number that he calls from, or for another one; then he
//! is promised the call, and can hang up. Who says nothing, or changes his mind, waits on, and has lost nothing meanwhile. What a number
//! leads to, and who may be called, is the parent's.

use crate::base::limits::{CLIP_PLAYED_WITHIN, NUMBER_DIGITS_MAX};
use crate::base::{Duration, Instant, Machine};
use serde::{Deserialize, Serialize};

/// One caller who is asked where he is to be called.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CallBack {
    /// What he presses for it, and again to confirm.
    key: char,
    /// From the end of what he was asked, and from one digit to the next.
    answer_within: Duration,
    /// The number that he calls from can be called.
    is_known: bool,
    /// He may give another.
    may_enter: bool,
    pressed: String,
    /// Numbers that could not be called.
    refused: u32,
    state: State,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
enum State {
    Before,
    /// He is asked; should the prompt's end never be told, it counts as played at `give_up_at`.
    Asking {
        give_up_at: Instant,
    },
    Waiting {
        until: Instant,
    },
    Over,
}

/// After so many numbers that cannot be called he waits on.
const NUMBERS_REFUSED_MAX: u32 = 3;

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// He pressed the key.
    Begun,
    /// What he was asked has been played to its end.
    Asked,
    Pressed(char),
    /// The number that he gave cannot be called.
    NumberRefused,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Action {
    /// "Press the key again to be called on the number that you call from", and whether he is told that he may give another.
    AskToConfirm { may_enter: bool },
    /// "Give the number, and the hash"; after one that cannot be called with a word about that.
    AskForNumber { wrong: bool },
    /// Nothing more of what he is asked: he has begun to press.
    Hush,
    /// He wants to be called: on that number, or where he calls from.
    Promise { number: Option<String> },
    /// He waits on.
    WaitOn,
}

impl CallBack {
    /// `answer_within` is longer than zero. One whose number cannot be called, and who may give no other, is not asked.
    #[must_use]
    pub fn new(key: char, answer_within: Duration, is_known: bool, may_enter: bool) -> Self {
        Self { key, answer_within, is_known, may_enter, pressed: String::new(), refused: 0, state: State::Before }
    }

    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    fn ask(&mut self, now: Instant, out: &mut Vec<Action>) {
        out.push(match (self.is_known, self.may_enter) {
            (true, may_enter) => Action::AskToConfirm { may_enter },
            (false, true) => Action::AskForNumber { wrong: self.refused > 0 },
            (false, false) => return self.wait_on(out),
        });
        self.state = State::Asking { give_up_at: now + CLIP_PLAYED_WITHIN };
    }

    fn wait_on(&mut self, out: &mut Vec<Action>) {
        out.push(Action::WaitOn);
        self.state = State::Over;
    }

    fn press(&mut self, digit: char, now: Instant, out: &mut Vec<Action>) {
        if matches!(self.state, State::Asking { .. }) {
            out.push(Action::Hush);
        }
        self.state = State::Waiting { until: now + self.answer_within };
        match digit {
            '*' => self.wait_on(out),
            '#' => self.hash(out),
            // The key alone confirms; as the first digit of a number it only begins one.
            _ if digit == self.key && self.pressed.is_empty() && self.is_known && !self.may_enter => self.promise(None, out),
            _ if !self.may_enter => self.wait_on(out),
            _ if self.pressed.len() >= NUMBER_DIGITS_MAX => {}
            _ => self.pressed.push(digit),
        }
    }

    fn hash(&mut self, out: &mut Vec<Action>) {
        match std::mem::take(&mut self.pressed) {
            pressed if pressed.is_empty() || self.is_key(&pressed) => {
                if self.is_known {
                    self.promise(None, out);
                } else {
                    self.wait_on(out);
                }
            }
            number => self.promise(Some(number), out),
        }
    }

    fn is_key(&self, pressed: &str) -> bool {
        pressed.len() == 1 && pressed.starts_with(self.key)
    }

    fn promise(&mut self, number: Option<String>, out: &mut Vec<Action>) {
        out.push(Action::Promise { number });
        self.state = State::Over;
    }
}

impl Machine for CallBack {
    type Event = Event;
    type Action = Action;

    fn handle(&mut self, event: Event, now: Instant, out: &mut Vec<Action>) {
        match (&self.state, event) {
            (State::Before, Event::Begun) => self.ask(now, out),
            (State::Asking { .. }, Event::Asked) => self.state = State::Waiting { until: now + self.answer_within },
            (State::Asking { .. } | State::Waiting { .. }, Event::Pressed(digit)) => self.press(digit, now, out),
            (State::Over, Event::NumberRefused) => {
                self.refused += 1;
                if self.refused >= NUMBERS_REFUSED_MAX {
                    return self.wait_on(out);
                }
                out.push(Action::AskForNumber { wrong: true });
                self.state = State::Asking { give_up_at: now + CLIP_PLAYED_WITHIN };
            }
            (_, Event::Begun | Event::Asked | Event::Pressed(_) | Event::NumberRefused) => {}
        }
    }

    fn handle_timeout(&mut self, now: Instant, out: &mut Vec<Action>) {
        match self.state {
            State::Asking { give_up_at } if give_up_at <= now => self.state = State::Waiting { until: now + self.answer_within },
            // The key, and nothing after it, confirms; a number that was begun and not ended is none.
            State::Waiting { until } if until <= now && self.is_known && self.is_key(&self.pressed) => self.promise(None, out),
            State::Waiting { until } if until <= now => self.wait_on(out),
            _ => {}
        }
    }

    fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Asking { give_up_at: at } | State::Waiting { until: at } => Some(at),
            State::Before | State::Over => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::machine::drive::Drive;
    use crate::base::time::secs;

    fn asked(is_known: bool, may_enter: bool) -> Drive<CallBack> {
        let mut drive = Drive::new(CallBack::new('1', secs(5), is_known, may_enter));
        drive.event(Event::Begun);
        drive
    }

    fn press(drive: &mut Drive<CallBack>, digits: &str) {
        for digit in digits.chars() {
            drive.event(Event::Pressed(digit));
        }
    }

    fn said(drive: &Drive<CallBack>) -> Vec<Action> {
        drive.log.iter().map(|(_, action)| action.clone()).filter(|action| *action != Action::Hush).collect()
    }

    #[test]
    fn what_he_presses_is_what_becomes_of_it() {
        const CONFIRM: Action = Action::AskToConfirm { may_enter: false };
        const EITHER: Action = Action::AskToConfirm { may_enter: true };
        const NUMBER: Action = Action::AskForNumber { wrong: false };
        let here = || Action::Promise { number: None };
        let there = |number: &str| Action::Promise { number: Some(number.to_owned()) };
        for (is_known, may_enter, pressed, becomes) in [
            (true, false, "1", vec![CONFIRM, here()]),
            (true, false, "#", vec![CONFIRM, here()]),
            (true, false, "2", vec![CONFIRM, Action::WaitOn]),
            (true, false, "*", vec![CONFIRM, Action::WaitOn]),
            (true, false, "", vec![CONFIRM, Action::WaitOn]),
            (true, true, "1", vec![EITHER, here()]),
            (true, true, "1#", vec![EITHER, here()]),
            (true, true, "13800138000#", vec![EITHER, there("13800138000")]),
            (true, true, "1380013", vec![EITHER, Action::WaitOn]),
            (true, true, "138*", vec![EITHER, Action::WaitOn]),
            (false, true, "13800138000#", vec![NUMBER, there("13800138000")]),
            (false, true, "#", vec![NUMBER, Action::WaitOn]),
            (false, true, "1", vec![NUMBER, Action::WaitOn]),
            (false, false, "1", vec![Action::WaitOn]),
        ] {
            let mut drive = asked(is_known, may_enter);
            drive.event(Event::Asked);
            press(&mut drive, pressed);
            drive.until(secs(200));
            assert_eq!(said(&drive), becomes, "{is_known} {may_enter} {pressed}");
            assert!(drive.machine.is_over() && drive.machine.deadline().is_none());
        }
    }

    #[test]
    fn he_has_so_long_from_the_end_of_the_question_and_from_each_digit() {
        let mut drive = asked(true, true);
        drive.until(secs(8)).event(Event::Asked).until(secs(12));
        press(&mut drive, "4");
        drive.until(secs(16));
        press(&mut drive, "2");
        drive.until(secs(60));
        assert_eq!(drive.log.last(), Some(&(secs(21), Action::WaitOn)));
    }

    #[test]
    fn a_key_during_the_question_silences_it_once() {
        let mut drive = asked(true, true);
        press(&mut drive, "12#");
        assert_eq!(drive.log.iter().filter(|(_, action)| *action == Action::Hush).count(), 1);
    }

    #[test]
    fn three_numbers_that_cannot_be_called_are_enough() {
        let mut drive = asked(false, true);
        for _ in 0..NUMBERS_REFUSED_MAX {
            press(&mut drive, "900#");
            drive.event(Event::NumberRefused);
        }
        let promised = Action::Promise { number: Some("900".to_owned()) };
        let again = Action::AskForNumber { wrong: true };
        assert_eq!(
            said(&drive)[1..],
            [promised.clone(), again.clone(), promised.clone(), again, promised, Action::WaitOn],
            "asked again twice"
        );
    }

    #[test]
    fn a_number_has_an_end() {
        let mut drive = asked(false, true);
        press(&mut drive, &"7".repeat(NUMBER_DIGITS_MAX + 9));
        press(&mut drive, "#");
        assert_eq!(said(&drive).last(), Some(&Action::Promise { number: Some("7".repeat(NUMBER_DIGITS_MAX)) }));
    }
}
