//! The farewell: nobody hangs up on a customer. When the agent's part is over, the caller is asked how he was served, or told good-bye, and
//! hangs up himself; who does not within `wait` is released by the switch. Knows nothing of prompts' sounds or of SIP.

use crate::base::limits::CLIP_PLAYED_WITHIN;
use crate::base::{ClipId, Duration, Instant, Machine};
use serde::{Deserialize, Serialize};

/// What a caller hears when his agent is gone.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Words {
    /// The last word, where nothing is asked.
    pub goodbye: ClipId,
    /// How long he then has to hang up himself.
    pub wait: Duration,
    pub survey: Option<Survey>,
}

/// The question, answered by a digit from 1 to `highest`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Survey {
    pub ask: ClipId,
    /// After an answer.
    pub thanks: ClipId,
    /// From the end of the question on.
    pub answer_within: Duration,
    pub highest: u8,
}

/// One caller's farewell; begins with it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Farewell {
    words: Words,
    state: State,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
enum State {
    Before,
    /// The question plays; should its end never be told, it counts as played at `give_up_at`.
    Asking {
        give_up_at: Instant,
    },
    /// It was asked.
    Asked {
        until: Instant,
    },
    /// The last word plays.
    Parting {
        give_up_at: Instant,
    },
    /// All is said.
    Waiting {
        until: Instant,
    },
    Over,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event {
    /// The agent's part is over. He is only asked where that is fitting.
    Begun {
        asks: bool,
    },
    /// The question has been played to its end.
    Asked,
    /// The last word has.
    Parted,
    Digit(char),
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Action {
    /// Play the question.
    Ask(ClipId),
    /// Play the last word, in the place of the question should that still play.
    Part(ClipId),
    Scored(u8),
    /// He did not hang up: the switch does.
    Release,
}

impl Farewell {
    #[must_use]
    pub fn new(words: Words) -> Self {
        Self { words, state: State::Before }
    }

    /// Whether the caller is being seen off.
    #[must_use]
    pub fn is_running(&self) -> bool {
        !matches!(self.state, State::Before | State::Over)
    }

    fn part(clip: &ClipId, now: Instant, out: &mut Vec<Action>) -> State {
        out.push(Action::Part(clip.clone()));
        State::Parting { give_up_at: now + CLIP_PLAYED_WITHIN }
    }

    fn wait(&self, now: Instant) -> State {
        State::Waiting { until: now + self.words.wait }
    }
}

impl Machine for Farewell {
    type Event = Event;
    type Action = Action;

    fn handle(&mut self, event: Event, now: Instant, out: &mut Vec<Action>) {
        self.state = match (&self.state, &self.words.survey, event) {
            (State::Before, Some(survey), Event::Begun { asks: true }) => {
                out.push(Action::Ask(survey.ask.clone()));
                State::Asking { give_up_at: now + CLIP_PLAYED_WITHIN }
            }
            (State::Before, _, Event::Begun { .. }) => Self::part(&self.words.goodbye, now, out),
            (State::Asking { .. }, Some(survey), Event::Asked) => State::Asked { until: now + survey.answer_within },
            // Who knows the question need not hear it out.
            (State::Asking { .. } | State::Asked { .. }, Some(survey), Event::Digit(digit)) => match digit.to_digit(10) {
                Some(score) if (1..=u32::from(survey.highest)).contains(&score) => {
                    out.push(Action::Scored(u8::try_from(score).unwrap_or(survey.highest)));
                    Self::part(&survey.thanks, now, out)
                }
                // Another key is no answer, and no fault: he has his time to press the right one.
                _ => return,
            },
            (State::Parting { .. }, _, Event::Parted) => self.wait(now),
            (_, _, Event::Begun { .. } | Event::Asked | Event::Parted | Event::Digit(_)) => return,
        };
    }

    fn handle_timeout(&mut self, now: Instant, out: &mut Vec<Action>) {
        self.state = match (&self.state, &self.words.survey) {
            (State::Asking { give_up_at }, Some(survey)) if *give_up_at <= now => State::Asked { until: now + survey.answer_within },
            (State::Asked { until }, _) if *until <= now => Self::part(&self.words.goodbye, now, out),
            (State::Parting { give_up_at }, _) if *give_up_at <= now => self.wait(now),
            (State::Waiting { until }, _) if *until <= now => {
                out.push(Action::Release);
                State::Over
            }
            _ => return,
        };
    }

    fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Asking { give_up_at } | State::Parting { give_up_at } => Some(give_up_at),
            State::Asked { until } | State::Waiting { until } => Some(until),
            State::Before | State::Over => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::machine::drive::Drive;
    use crate::base::time::{millis, secs};

    fn ask() -> Action {
        Action::Ask("survey_ask".into())
    }

    fn part(clip: &str) -> Action {
        Action::Part(clip.into())
    }

    fn farewell() -> Drive<Farewell> {
        let survey = Survey { ask: "survey_ask".into(), thanks: "thanks".into(), answer_within: secs(8), highest: 5 };
        Drive::new(Farewell::new(Words { goodbye: "goodbye".into(), wait: secs(10), survey: Some(survey) }))
    }

    #[test]
    fn who_is_not_asked_hears_goodbye_and_has_his_time_to_hang_up() {
        let mut drive = farewell();
        assert!(!drive.machine.is_running());
        drive
            .event(Event::Begun { asks: false })
            .until(secs(2))
            .event(Event::Digit('5'))
            .event(Event::Asked)
            .event(Event::Parted)
            .until(millis(11_999));
        assert_eq!(drive.log, [(secs(0), part("goodbye"))]);
        assert!(drive.machine.is_running());
        drive.until(secs(12));
        assert_eq!(drive.log[1..], [(secs(12), Action::Release)]);
        assert!(!drive.machine.is_running());
        assert_eq!(drive.machine.deadline(), None);
    }

    #[test]
    fn an_answer_is_taken_during_the_question_and_after_it_and_is_thanked_for() {
        for (at, key) in [(1_000, '1'), (3_000, '5'), (10_999, '3')] {
            let mut drive = farewell();
            drive.event(Event::Begun { asks: true });
            if at > 3_000 {
                drive.until(secs(3)).event(Event::Asked);
            }
            drive.until(millis(at)).event(Event::Digit('9')).event(Event::Digit('0')).event(Event::Digit('#')).event(Event::Digit(key));
            let score = key.to_digit(10).and_then(|digit| u8::try_from(digit).ok()).expect("a digit");
            assert_eq!(drive.log[1..], [(millis(at), Action::Scored(score)), (millis(at), part("thanks"))]);
            // One answer counts: the first.
            drive.event(Event::Digit('2')).event(Event::Asked).until(millis(at + 500)).event(Event::Parted).until(secs(300));
            assert_eq!(drive.log[3..], [(millis(at + 10_500), Action::Release)]);
        }
    }

    #[test]
    fn who_does_not_answer_is_told_goodbye() {
        let mut drive = farewell();
        drive
            .event(Event::Begun { asks: true })
            .until(secs(3))
            .event(Event::Parted)
            .event(Event::Asked)
            .until(secs(13))
            .event(Event::Digit('5'));
        assert_eq!(drive.log, [(secs(0), ask()), (secs(11), part("goodbye"))]);
        drive.event(Event::Parted).until(secs(60));
        assert_eq!(drive.log[2..], [(secs(23), Action::Release)]);
    }

    #[test]
    fn lost_reports_of_playing_do_not_keep_a_caller_for_ever() {
        let mut drive = farewell();
        drive.event(Event::Begun { asks: true }).event(Event::Begun { asks: false }).until(secs(300));
        // 30 s for each clip that never ends, 8 s for the answer, 10 s for him to hang up.
        assert_eq!(drive.log, [(secs(0), ask()), (secs(38), part("goodbye")), (secs(78), Action::Release)]);
    }

    #[test]
    fn where_no_question_is_configured_none_is_asked() {
        let mut drive = Drive::new(Farewell::new(Words { goodbye: "goodbye".into(), wait: secs(10), survey: None }));
        drive.event(Event::Begun { asks: true });
        assert_eq!(drive.log, [(secs(0), part("goodbye"))]);
    }
}
