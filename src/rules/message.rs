//! A message: the greeting, the beep, and the caller's word until he hangs up, presses the hash, falls silent for long, or has spoken for as
//! long as may be. Or, in place of one word, an answer to each of some questions (`answers`). Knows nothing of files: the call is recorded
//! anyway, and a message is a part of that.

use super::answers::{Answers, Part, Question, Step};
use crate::base::limits::CLIP_PLAYED_WITHIN;
use crate::base::{Duration, Instant, Machine};
use serde::{Deserialize, Serialize};

/// How long a message may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Bounds {
    pub max: Duration,
    /// Who has said nothing for so long has said all.
    pub silence: Duration,
}

/// One caller at one box.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Message {
    bounds: Bounds,
    /// His voice is heard at present: who speaks across the beep goes on speaking.
    voice: bool,
    /// What he is asked in place of one word.
    #[serde(default)]
    questions: Vec<Question>,
    state: State,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
enum State {
    Before,
    /// The greeting plays; should its end never be told, it counts as played at `give_up_at`.
    Greeting {
        give_up_at: Instant,
    },
    Beeping {
        give_up_at: Instant,
    },
    Speaking {
        began: Instant,
        /// Whether a word was heard.
        spoke: bool,
        /// Since when he has been quiet; `None` while he speaks.
        quiet_since: Option<Instant>,
    },
    /// One question after the other.
    Asked(Answers),
    Over,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event {
    Begun,
    /// The greeting was played to its end.
    Greeted,
    /// The beep was.
    Beeped,
    /// A question was.
    Asked,
    Digit(char),
    Spoke,
    FellSilent,
    /// He hung up, or goes elsewhere.
    Left,
}

/// How a message came to its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Ended {
    Hash,
    HungUp,
    Silence,
    TooLong,
    /// The last question was answered, or left.
    Answered,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Action {
    Greet,
    /// In place of the greeting, should that still play.
    Beep,
    /// The question and a beep. `again`: he has said nothing to it before.
    Ask {
        question: Question,
        again: bool,
    },
    /// What plays is cut short.
    Hush,
    /// He has spoken, from `began` for so long; `parts`, to which questions.
    Keep {
        began: Instant,
        long: Duration,
        ended: Ended,
        parts: Vec<Part>,
    },
    /// Nothing was said.
    Drop,
    /// He is thanked and released, unless he is gone.
    Part {
        kept: bool,
    },
}

impl Message {
    #[must_use]
    pub fn new(bounds: Bounds) -> Self {
        Self::asking(bounds, Vec::new())
    }

    /// One who is asked all of these.
    #[must_use]
    pub fn asking(bounds: Bounds, questions: Vec<Question>) -> Self {
        Self { bounds, voice: false, questions, state: State::Before }
    }

    /// He was greeted.
    fn greeted(&self, now: Instant, out: &mut Vec<Action>) -> State {
        if self.questions.is_empty() {
            return Self::beep(now, out);
        }
        // The greeting may still play.
        out.push(Action::Hush);
        let mut steps = Vec::new();
        let answers = Answers::begin(self.questions.clone(), self.bounds.silence, now, &mut steps);
        out.extend(steps.into_iter().filter_map(asked));
        State::Asked(answers)
    }

    /// What comes next of the questions: another, or the end.
    fn go_on(&mut self, steps: Vec<Step>, now: Instant, out: &mut Vec<Action>) {
        for step in steps {
            match step {
                Step::Over => self.end(Ended::Answered, now, out),
                step => out.extend(asked(step)),
            }
        }
    }

    fn beep(now: Instant, out: &mut Vec<Action>) -> State {
        out.push(Action::Beep);
        State::Beeping { give_up_at: now + CLIP_PLAYED_WITHIN }
    }

    fn speaking(&self, now: Instant) -> State {
        State::Speaking { began: now, spoke: self.voice, quiet_since: (!self.voice).then_some(now) }
    }

    fn end(&mut self, ended: Ended, now: Instant, out: &mut Vec<Action>) {
        let kept = match self.state {
            State::Speaking { began, spoke: true, quiet_since } => {
                // The silence at its end is none of it.
                let until = if ended == Ended::Silence { quiet_since.unwrap_or(now) } else { now };
                out.push(Action::Keep { began, long: until - began, ended, parts: Vec::new() });
                true
            }
            State::Asked(ref mut answers) => {
                let parts = answers.close(now);
                let kept = parts.first().zip(parts.last()).map(|(first, last)| (first.began, last.began + last.long));
                out.push(match kept {
                    Some((began, end)) => Action::Keep { began, long: end - began, ended, parts },
                    None => Action::Drop,
                });
                kept.is_some()
            }
            State::Before | State::Over => return,
            State::Greeting { .. } | State::Beeping { .. } | State::Speaking { .. } => {
                out.push(Action::Drop);
                false
            }
        };
        if ended != Ended::HungUp {
            out.push(Action::Part { kept });
        }
        self.state = State::Over;
    }
}

impl Machine for Message {
    type Event = Event;
    type Action = Action;

    fn handle(&mut self, event: Event, now: Instant, out: &mut Vec<Action>) {
        match event {
            Event::Spoke => self.voice = true,
            Event::FellSilent => self.voice = false,
            Event::Begun | Event::Greeted | Event::Beeped | Event::Asked | Event::Digit(_) | Event::Left => {}
        }
        if let (State::Asked(answers), false) = (&mut self.state, event == Event::Left) {
            let mut steps = Vec::new();
            answers.handle(event, self.voice, now, &mut steps);
            return self.go_on(steps, now, out);
        }
        match (&mut self.state, event) {
            (State::Before, Event::Begun) => {
                out.push(Action::Greet);
                self.state = State::Greeting { give_up_at: now + CLIP_PLAYED_WITHIN };
            }
            // Who knows the greeting need not hear it out.
            (State::Greeting { .. }, Event::Greeted | Event::Digit('#')) => self.state = self.greeted(now, out),
            (State::Beeping { .. }, Event::Beeped) => self.state = self.speaking(now),
            (State::Speaking { spoke, quiet_since, .. }, Event::Spoke) => (*spoke, *quiet_since) = (true, None),
            (State::Speaking { quiet_since, .. }, Event::FellSilent) => {
                quiet_since.get_or_insert(now);
            }
            (State::Speaking { .. }, Event::Digit('#')) => self.end(Ended::Hash, now, out),
            (_, Event::Left) => self.end(Ended::HungUp, now, out),
            (_, Event::Begun | Event::Greeted | Event::Beeped | Event::Asked | Event::Digit(_) | Event::Spoke | Event::FellSilent) => {}
        }
    }

    fn handle_timeout(&mut self, now: Instant, out: &mut Vec<Action>) {
        if let State::Asked(answers) = &mut self.state {
            let mut steps = Vec::new();
            answers.handle_timeout(self.voice, now, &mut steps);
            return self.go_on(steps, now, out);
        }
        match self.state {
            State::Greeting { give_up_at } if give_up_at <= now => self.state = self.greeted(now, out),
            State::Beeping { give_up_at } if give_up_at <= now => self.state = self.speaking(now),
            State::Speaking { began, .. } if began + self.bounds.max <= now => self.end(Ended::TooLong, now, out),
            State::Speaking { quiet_since: Some(since), .. } if since + self.bounds.silence <= now => self.end(Ended::Silence, now, out),
            _ => {}
        }
    }

    fn deadline(&self) -> Option<Instant> {
        match &self.state {
            State::Asked(answers) => answers.deadline(),
            State::Greeting { give_up_at } | State::Beeping { give_up_at } => Some(*give_up_at),
            State::Speaking { began, quiet_since, .. } => {
                let silent = quiet_since.map(|since| since + self.bounds.silence);
                Some(silent.map_or(*began + self.bounds.max, |silent| silent.min(*began + self.bounds.max)))
            }
            State::Before | State::Over => None,
        }
    }
}

fn asked(step: Step) -> Option<Action> {
    match step {
        Step::Ask { question, again } => Some(Action::Ask { question, again }),
        Step::Hush => Some(Action::Hush),
        Step::Over => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::machine::drive::Drive;
    use crate::base::time::{millis, secs};
    use crate::rules::answers::Answer;

    /// Greeted for two seconds, a beep of half of one.
    fn spoken_to() -> Drive<Message> {
        let mut drive = Drive::new(Message::new(Bounds { max: secs(60), silence: secs(5) }));
        drive.event(Event::Begun).until(secs(2)).event(Event::Greeted).until(millis(2_500)).event(Event::Beeped);
        assert_eq!(drive.log, [(secs(0), Action::Greet), (secs(2), Action::Beep)]);
        drive.log.clear();
        drive
    }

    fn kept(from: u64, long: u64, ended: Ended) -> Action {
        Action::Keep { began: Instant::after_start(millis(from)), long: millis(long), ended, parts: Vec::new() }
    }

    #[test]
    fn a_message_ends_with_the_hash_the_receiver_silence_or_its_length() {
        let parted = Action::Part { kept: true };
        let mut hash = spoken_to();
        hash.until(secs(3)).event(Event::Spoke).until(secs(10)).event(Event::Digit('5')).event(Event::Digit('#')).until(secs(99));
        assert_eq!(hash.log, [(secs(10), kept(2_500, 7_500, Ended::Hash)), (secs(10), parted.clone())]);
        let mut gone = spoken_to();
        gone.until(secs(3)).event(Event::Spoke).until(secs(10)).event(Event::Left).until(secs(99));
        assert_eq!(gone.log, [(secs(10), kept(2_500, 7_500, Ended::HungUp))]);
        let mut quiet = spoken_to();
        quiet.until(secs(3)).event(Event::Spoke).until(secs(6)).event(Event::FellSilent).until(secs(99));
        assert_eq!(quiet.log, [(secs(11), kept(2_500, 3_500, Ended::Silence)), (secs(11), parted.clone())]);
        let mut long = spoken_to();
        long.until(secs(3)).event(Event::Spoke).until(secs(99));
        assert_eq!(long.log, [(millis(62_500), kept(2_500, 60_000, Ended::TooLong)), (millis(62_500), parted)]);
    }

    #[test]
    fn a_pause_shorter_than_the_silence_ends_nothing() {
        let mut drive = spoken_to();
        drive.until(secs(3)).event(Event::Spoke).until(secs(6)).event(Event::FellSilent).until(millis(10_999)).event(Event::Spoke);
        drive.until(secs(12)).event(Event::FellSilent).until(millis(16_999));
        assert_eq!(drive.log, []);
    }

    #[test]
    fn who_says_nothing_leaves_nothing() {
        let dropped = |at| [(at, Action::Drop), (at, Action::Part { kept: false })];
        let mut silent = spoken_to();
        silent.until(secs(99));
        assert_eq!(silent.log, dropped(millis(7_500)));
        for before in [1, 2] {
            let mut gone = Drive::new(Message::new(Bounds { max: secs(60), silence: secs(5) }));
            gone.event(Event::Begun).until(secs(1));
            if before == 2 {
                gone.event(Event::Greeted);
            }
            gone.event(Event::Spoke).event(Event::Left).until(secs(99));
            assert_eq!(gone.log.last(), Some(&(secs(1), Action::Drop)), "he hung up before the beep was over");
        }
    }

    #[test]
    fn a_word_across_the_beep_counts_from_its_end() {
        let mut drive = Drive::new(Message::new(Bounds { max: secs(60), silence: secs(5) }));
        drive.event(Event::Begun).until(secs(2)).event(Event::Greeted).event(Event::Spoke).until(secs(3)).event(Event::Beeped);
        drive.until(secs(20)).event(Event::Left);
        assert_eq!(drive.log[2..], [(secs(20), kept(3_000, 17_000, Ended::HungUp))]);
    }

    #[test]
    fn the_hash_cuts_the_greeting_short_and_lost_reports_hold_nobody_up() {
        let mut drive = Drive::new(Message::new(Bounds { max: secs(60), silence: secs(5) }));
        drive.event(Event::Begun).until(secs(1)).event(Event::Digit('#')).until(CLIP_PLAYED_WITHIN + secs(1)).event(Event::Spoke);
        drive.until(CLIP_PLAYED_WITHIN + secs(3)).event(Event::Left);
        assert_eq!(drive.log[1], (secs(1), Action::Beep));
        assert!(matches!(drive.log[2].1, Action::Keep { long, .. } if long == secs(2)), "{:?}", drive.log);
    }

    /// Asked the four; the first question plays.
    fn asked_the_four() -> Drive<Message> {
        let mut drive = Drive::new(Message::asking(Bounds { max: secs(60), silence: secs(5) }, Question::ALL.to_vec()));
        drive.event(Event::Begun).until(secs(2)).event(Event::Greeted);
        let ask = Action::Ask { question: Question::Who, again: false };
        assert_eq!(drive.log, [(secs(0), Action::Greet), (secs(2), Action::Hush), (secs(2), ask)]);
        drive.log.clear();
        drive
    }

    fn part(question: Question, from: u64, long: u64, answer: Answer) -> Part {
        Part { question, began: Instant::after_start(secs(from)), long: secs(long), answer }
    }

    #[test]
    fn each_question_has_its_part() {
        let mut drive = asked_the_four();
        // Who: with the hash. What: two seconds of silence. When: hash. The number: keys and the hash.
        drive.until(secs(3)).event(Event::Asked).until(secs(4)).event(Event::Spoke).until(secs(6)).event(Event::Digit('#'));
        drive.event(Event::FellSilent).until(secs(10)).event(Event::Asked).event(Event::Spoke).until(secs(12)).event(Event::FellSilent);
        drive.until(secs(20)).event(Event::Asked).event(Event::Spoke).until(secs(25)).event(Event::Digit('#')).event(Event::FellSilent);
        drive.until(secs(30)).event(Event::Asked);
        for key in "5551234#".chars() {
            drive.event(Event::Digit(key));
        }
        let ask = |question| Action::Ask { question, again: false };
        let parts = vec![
            part(Question::Who, 3, 3, Answer::Spoken),
            part(Question::What, 10, 2, Answer::Spoken),
            part(Question::When, 20, 5, Answer::Spoken),
            part(Question::Number, 30, 0, Answer::Keyed("5551234".to_owned())),
        ];
        let kept = Action::Keep { began: Instant::after_start(secs(3)), long: secs(27), ended: Ended::Answered, parts };
        assert_eq!(
            drive.log,
            [
                (secs(6), ask(Question::What)),
                (secs(14), ask(Question::When)),
                (secs(25), ask(Question::Number)),
                (secs(30), kept),
                (secs(30), Action::Part { kept: true })
            ]
        );
    }

    #[test]
    fn who_is_silent_is_asked_once_more_and_then_the_next_thing() {
        let mut drive = asked_the_four();
        drive.until(secs(3)).event(Event::Asked).until(secs(10)).event(Event::Asked).until(secs(20));
        let ask = |question, again| Action::Ask { question, again };
        assert_eq!(drive.log, [(secs(8), ask(Question::Who, true)), (secs(15), ask(Question::What, false))]);
        // He hangs up in the middle of his second answer: what he said is kept.
        drive.log.clear();
        drive.event(Event::Asked).event(Event::Spoke).until(secs(24)).event(Event::Left);
        let parts = vec![part(Question::What, 20, 4, Answer::Spoken)];
        let kept = Action::Keep { began: Instant::after_start(secs(20)), long: secs(4), ended: Ended::HungUp, parts };
        assert_eq!(drive.log, [(secs(24), kept)]);
    }

    #[test]
    fn who_answers_nothing_leaves_nothing() {
        let mut drive = asked_the_four();
        for second in (3..300).step_by(2) {
            drive.until(secs(second)).event(Event::Asked);
        }
        let ends: Vec<&Action> =
            drive.log.iter().map(|(_, action)| action).filter(|action| !matches!(action, Action::Ask { .. })).collect();
        assert_eq!(ends, [&Action::Drop, &Action::Part { kept: false }]);
        assert_eq!(drive.log.len(), 9, "seven more questions: {:?}", drive.log);
    }

    #[test]
    fn the_hash_alone_is_his_own_number_and_leaves_any_other_question() {
        let mut drive = asked_the_four();
        for second in 3..=6 {
            drive.until(secs(second)).event(Event::Asked).event(Event::Digit('#'));
        }
        let Some((_, Action::Keep { parts, .. })) = drive.log.iter().find(|(_, action)| matches!(action, Action::Keep { .. })) else {
            panic!("{:?}", drive.log)
        };
        assert_eq!(parts[..], [part(Question::Number, 6, 0, Answer::HisNumber)]);
    }
}
