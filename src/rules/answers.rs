//! The questions of a message: each is asked, with a beep behind it, and has its answer, in words or in keys. Who says nothing is asked once
//! more, and then the next thing.

use super::message::Event;
use crate::base::limits::CLIP_PLAYED_WITHIN;
use crate::base::time::secs;
use crate::base::{Duration, Instant};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Who has said something and is quiet for so long has answered.
const ANSWERED_AFTER: Duration = secs(2);
/// And who has pressed keys and presses no more.
const KEYED_AFTER: Duration = secs(4);
/// An answer is no speech.
const ANSWER_MAX: Duration = secs(30);
/// Digits of a number that is to be called back: E.164 and a prefix, with some to spare.
const NUMBER_DIGITS_MAX: usize = 20;

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Question {
    Who,
    What,
    /// By when he needs to hear from us.
    When,
    /// Where he is called back: in keys, or the hash for the number that he calls from.
    Number,
}

impl Question {
    pub const ALL: [Self; 4] = [Self::Who, Self::What, Self::When, Self::Number];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Who => "who",
            Self::What => "what",
            Self::When => "when",
            Self::Number => "number",
        }
    }
}

/// One question's part of a message.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Part {
    pub question: Question,
    /// From the beep to the end of the answer.
    pub began: Instant,
    pub long: Duration,
    pub answer: Answer,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Answer {
    Spoken,
    Keyed(String),
    /// The number that he calls from.
    HisNumber,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Step {
    Ask {
        question: Question,
        again: bool,
    },
    /// The question is cut short: he knows it.
    Hush,
    Over,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Answers {
    /// Who says nothing for so long has nothing to say to it.
    silence: Duration,
    /// After the present one.
    left: VecDeque<Question>,
    question: Question,
    again: bool,
    state: State,
    parts: Vec<Part>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
enum State {
    /// The question plays.
    Asking {
        give_up_at: Instant,
    },
    Answering {
        began: Instant,
        spoke: bool,
        /// Since when he has been quiet; `None` while he speaks.
        quiet_since: Option<Instant>,
        keys: String,
        last_key: Instant,
    },
    Over,
}

impl Answers {
    pub fn begin(questions: Vec<Question>, silence: Duration, now: Instant, out: &mut Vec<Step>) -> Self {
        let mut left = VecDeque::from(questions);
        let question = left.pop_front().unwrap_or(Question::What);
        out.push(Step::Ask { question, again: false });
        let state = State::Asking { give_up_at: now + CLIP_PLAYED_WITHIN };
        Self { silence, left, question, again: false, state, parts: Vec::new() }
    }

    pub fn handle(&mut self, event: Event, voice: bool, now: Instant, out: &mut Vec<Step>) {
        let is_number = self.question == Question::Number;
        match (&mut self.state, event) {
            (State::Asking { .. }, Event::Asked) => self.listen(voice, now),
            (State::Asking { .. }, Event::Digit('#')) => out.push(Step::Hush),
            (State::Answering { spoke, quiet_since, .. }, Event::Spoke) => (*spoke, *quiet_since) = (true, None),
            (State::Answering { quiet_since, .. }, Event::FellSilent) => {
                quiet_since.get_or_insert(now);
            }
            (State::Answering { .. }, Event::Digit('#')) => {
                self.note(now, true);
                self.next(now, out);
            }
            (State::Answering { keys, last_key, .. }, Event::Digit(key)) if is_number && key.is_ascii_digit() => {
                keys.push(key);
                *last_key = now;
                if keys.len() >= NUMBER_DIGITS_MAX {
                    self.note(now, false);
                    self.next(now, out);
                }
            }
            _ => {}
        }
    }

    pub fn handle_timeout(&mut self, voice: bool, now: Instant, out: &mut Vec<Step>) {
        if self.deadline().is_none_or(|at| at > now) {
            return;
        }
        match self.state {
            State::Asking { .. } => self.listen(voice, now),
            State::Answering { .. } => {
                if self.note(now, false) || self.again {
                    return self.next(now, out);
                }
                self.again = true;
                out.push(Step::Ask { question: self.question, again: true });
                self.state = State::Asking { give_up_at: now + CLIP_PLAYED_WITHIN };
            }
            State::Over => {}
        }
    }

    pub fn deadline(&self) -> Option<Instant> {
        match &self.state {
            State::Asking { give_up_at } => Some(*give_up_at),
            State::Answering { began, spoke, quiet_since, keys, last_key } => {
                let quiet = match (keys.is_empty(), spoke, quiet_since) {
                    (false, ..) => Some(*last_key + KEYED_AFTER),
                    (true, true, Some(since)) => Some(*since + ANSWERED_AFTER),
                    (true, false, Some(since)) => Some(*since + self.silence),
                    (true, _, None) => None,
                };
                Some(quiet.map_or(*began + ANSWER_MAX, |at| at.min(*began + ANSWER_MAX)))
            }
            State::Over => None,
        }
    }

    /// He is gone, or all is asked: what he said.
    pub fn close(&mut self, now: Instant) -> Vec<Part> {
        self.note(now, false);
        self.state = State::Over;
        std::mem::take(&mut self.parts)
    }

    fn listen(&mut self, voice: bool, now: Instant) {
        let quiet_since = (!voice).then_some(now);
        self.state = State::Answering { began: now, spoke: voice, quiet_since, keys: String::new(), last_key: now };
    }

    /// Writes down what he has said to the present question; false when that is nothing. `hash`: he says that this is all.
    fn note(&mut self, now: Instant, hash: bool) -> bool {
        let State::Answering { began, spoke, quiet_since, keys, last_key } = &self.state else { return false };
        let (until, answer) = if !keys.is_empty() {
            (*last_key, Answer::Keyed(keys.clone()))
        } else if *spoke {
            // The silence at its end is none of it.
            (if hash { now } else { quiet_since.unwrap_or(now) }, Answer::Spoken)
        } else if hash && self.question == Question::Number {
            (now, Answer::HisNumber)
        } else {
            return false;
        };
        self.parts.push(Part { question: self.question, began: *began, long: until - *began, answer });
        true
    }

    fn next(&mut self, now: Instant, out: &mut Vec<Step>) {
        match self.left.pop_front() {
            Some(question) => {
                (self.question, self.again) = (question, false);
                out.push(Step::Ask { question, again: false });
                self.state = State::Asking { give_up_at: now + CLIP_PLAYED_WITHIN };
            }
            None => {
                self.state = State::Over;
                out.push(Step::Over);
            }
        }
    }
}
