//! A message: the greeting, the beep, and the caller's word until he hangs up, presses the hash, falls silent for long, or has spoken for as
//! long as may be. Knows nothing of files: the call is recorded anyway, and a message is a part of that.

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
    Over,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event {
    Begun,
    /// The greeting was played to its end.
    Greeted,
    /// The beep was.
    Beeped,
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
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Action {
    Greet,
    /// In place of the greeting, should that still play.
    Beep,
    /// He has spoken, from `began` for so long.
    Keep {
        began: Instant,
        long: Duration,
        ended: Ended,
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
        Self { bounds, voice: false, state: State::Before }
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
                out.push(Action::Keep { began, long: until - began, ended });
                true
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
            Event::Begun | Event::Greeted | Event::Beeped | Event::Digit(_) | Event::Left => {}
        }
        match (&mut self.state, event) {
            (State::Before, Event::Begun) => {
                out.push(Action::Greet);
                self.state = State::Greeting { give_up_at: now + CLIP_PLAYED_WITHIN };
            }
            // Who knows the greeting need not hear it out.
            (State::Greeting { .. }, Event::Greeted | Event::Digit('#')) => self.state = Self::beep(now, out),
            (State::Beeping { .. }, Event::Beeped) => self.state = self.speaking(now),
            (State::Speaking { spoke, quiet_since, .. }, Event::Spoke) => (*spoke, *quiet_since) = (true, None),
            (State::Speaking { quiet_since, .. }, Event::FellSilent) => {
                quiet_since.get_or_insert(now);
            }
            (State::Speaking { .. }, Event::Digit('#')) => self.end(Ended::Hash, now, out),
            (_, Event::Left) => self.end(Ended::HungUp, now, out),
            (_, Event::Begun | Event::Greeted | Event::Beeped | Event::Digit(_) | Event::Spoke | Event::FellSilent) => {}
        }
    }

    fn handle_timeout(&mut self, now: Instant, out: &mut Vec<Action>) {
        match self.state {
            State::Greeting { give_up_at } if give_up_at <= now => self.state = Self::beep(now, out),
            State::Beeping { give_up_at } if give_up_at <= now => self.state = self.speaking(now),
            State::Speaking { began, .. } if began + self.bounds.max <= now => self.end(Ended::TooLong, now, out),
            State::Speaking { quiet_since: Some(since), .. } if since + self.bounds.silence <= now => self.end(Ended::Silence, now, out),
            _ => {}
        }
    }

    fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Greeting { give_up_at } | State::Beeping { give_up_at } => Some(give_up_at),
            State::Speaking { began, quiet_since, .. } => {
                let silent = quiet_since.map(|since| since + self.bounds.silence);
                Some(silent.map_or(began + self.bounds.max, |silent| silent.min(began + self.bounds.max)))
            }
            State::Before | State::Over => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::machine::drive::Drive;
    use crate::base::time::{millis, secs};

    /// Greeted for two seconds, a beep of half of one.
    fn spoken_to() -> Drive<Message> {
        let mut drive = Drive::new(Message::new(Bounds { max: secs(60), silence: secs(5) }));
        drive.event(Event::Begun).until(secs(2)).event(Event::Greeted).until(millis(2_500)).event(Event::Beeped);
        assert_eq!(drive.log, [(secs(0), Action::Greet), (secs(2), Action::Beep)]);
        drive.log.clear();
        drive
    }

    fn kept(from: u64, long: u64, ended: Ended) -> Action {
        Action::Keep { began: Instant::after_start(millis(from)), long: millis(long), ended }
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
}
