//! Somebody hears a recording by phone. He keys its number, unless he dialled it; while it sounds his keys are: 1 from its beginning, 2 pause
//! and on, 4 back and 6 forward by ten seconds, 5 both sides, the caller's alone, the other's alone; 0 or the star another number, the hash
//! ends. What there is of a number is looked up elsewhere, and waited for no longer than a moment.

use crate::base::limits::CLIP_PLAYED_WITHIN;
use crate::base::time::secs;
use crate::base::{Duration, Instant, Machine, ReplayNumber};
use serde::{Deserialize, Serialize};

/// For a key, while nothing is said.
const KEY_WITHIN: Duration = secs(10);
/// For the store to say what there is of a number.
const FOUND_WITHIN: Duration = secs(5);
/// A pause is no longer.
const PAUSED_MAX: Duration = secs(300);
/// By a key.
const SKIP: Duration = secs(10);
/// So much may lack of what sounded to its end.
const LACKS_MAX: Duration = secs(2);
/// Numbers that were not keyed, or led to nothing, one after the other.
const TRIES_MAX: u32 = 3;
/// Digits that are taken.
const KEYED_MAX: usize = 16;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Replaying {
    state: State,
    /// Behind the code.
    dialled: Option<String>,
    /// Of the recording that was found.
    long: Duration,
    ear: Ear,
    tries: u32,
}

/// Which sides of the recording he hears.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Ear {
    Both,
    /// The caller's.
    Left,
    /// The others', and the switch's.
    Right,
}

impl Ear {
    const fn next(self) -> Self {
        match self {
            Self::Both => Self::Left,
            Self::Left => Self::Right,
            Self::Right => Self::Both,
        }
    }
}

/// Why a number leads to no recording that can be heard.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum NotThere {
    Unknown,
    /// Its call goes on, or its file is being finished.
    Open,
    Removed,
    /// It was not made, or cannot be read.
    Missing,
    /// Nobody could say in time.
    Unavailable,
}

impl NotThere {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Open => "open",
            Self::Removed => "removed",
            Self::Missing => "missing",
            Self::Unavailable => "unavailable",
        }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
enum State {
    Before,
    /// He is asked for a number, or keys it.
    Asking {
        keyed: String,
        until: Instant,
    },
    Finding {
        number: u64,
        give_up_at: Instant,
    },
    /// He is told that there is nothing to hear.
    Telling {
        give_up_at: Instant,
    },
    /// From there on, since then. Counts as at its end at `give_up_at`, should that never be told.
    Playing {
        from: Duration,
        since: Instant,
        give_up_at: Instant,
    },
    Paused {
        at: Duration,
        until: Instant,
    },
    /// It was heard to its end; what the keys do is said.
    Ended {
        until: Instant,
    },
    Parting {
        give_up_at: Instant,
    },
    Over,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event {
    Begun,
    /// What was ordered to be said or played has been.
    Said,
    Pressed(char),
    /// There is a recording of that number, so long.
    Found {
        number: ReplayNumber,
        long: Duration,
    },
    NotFound {
        number: ReplayNumber,
        why: NotThere,
    },
    Left,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    /// Which number it is to be, in place of whatever else is said; so with each that says something.
    Ask,
    /// Nothing is said any more.
    Hush,
    Find(ReplayNumber),
    Tell(NotThere),
    /// The recording that was found last.
    Play {
        from: Duration,
        to: Duration,
        ear: Ear,
    },
    /// It is at its end, and what the keys do.
    Explain,
    Part,
    /// The call is over, unless he is gone.
    Release,
}

impl Replaying {
    /// With the number that was dialled behind the code.
    #[must_use]
    pub fn new(dialled: Option<String>) -> Self {
        Self { state: State::Before, dialled, long: Duration::ZERO, ear: Ear::Both, tries: 0 }
    }

    /// Asks for a number, unless that was in vain too often.
    fn ask(&mut self, now: Instant, out: &mut Vec<Action>) {
        if self.tries == TRIES_MAX {
            return self.part(now, out);
        }
        self.tries += 1;
        out.push(Action::Ask);
        self.state = State::Asking { keyed: String::new(), until: now + CLIP_PLAYED_WITHIN };
    }

    fn find(&mut self, keyed: &str, now: Instant, out: &mut Vec<Action>) {
        let Some(number) = ReplayNumber::parse(keyed) else { return self.tell(NotThere::Unknown, now, out) };
        out.push(Action::Find(number));
        self.state = State::Finding { number: number.count(), give_up_at: now + FOUND_WITHIN };
    }

    fn tell(&mut self, why: NotThere, now: Instant, out: &mut Vec<Action>) {
        out.push(Action::Tell(why));
        self.state = State::Telling { give_up_at: now + CLIP_PLAYED_WITHIN };
    }

    fn play(&mut self, from: Duration, now: Instant, out: &mut Vec<Action>) {
        if from >= self.long {
            return self.explain(now, out);
        }
        out.push(Action::Play { from, to: self.long, ear: self.ear });
        self.state = State::Playing { from, since: now, give_up_at: now + (self.long - from) + CLIP_PLAYED_WITHIN };
    }

    fn explain(&mut self, now: Instant, out: &mut Vec<Action>) {
        out.push(Action::Explain);
        self.state = State::Ended { until: now + CLIP_PLAYED_WITHIN };
    }

    fn part(&mut self, now: Instant, out: &mut Vec<Action>) {
        out.push(Action::Part);
        self.state = State::Parting { give_up_at: now + CLIP_PLAYED_WITHIN };
    }

    /// Where he is in the recording, if one was found.
    fn place(&self, now: Instant) -> Option<Duration> {
        match self.state {
            State::Playing { from, since, .. } => Some(self.long.min(from + now.saturating_since(since))),
            State::Paused { at, .. } => Some(at),
            State::Ended { .. } => Some(self.long),
            _ => None,
        }
    }

    fn said(&mut self, now: Instant, out: &mut Vec<Action>) {
        match &mut self.state {
            // He has time for his keys from now on.
            State::Asking { keyed, until } if keyed.is_empty() => *until = now + KEY_WITHIN,
            State::Ended { until } => *until = now + KEY_WITHIN,
            State::Telling { .. } => self.ask(now, out),
            State::Playing { from, since, .. } => {
                let reached = *from + now.saturating_since(*since);
                if reached + LACKS_MAX < self.long { self.tell(NotThere::Missing, now, out) } else { self.explain(now, out) }
            }
            State::Parting { .. } => {
                out.push(Action::Release);
                self.state = State::Over;
            }
            State::Before | State::Asking { .. } | State::Finding { .. } | State::Paused { .. } | State::Over => {}
        }
    }

    fn pressed(&mut self, key: char, now: Instant, out: &mut Vec<Action>) {
        let place = self.place(now);
        match (&mut self.state, key) {
            (State::Before | State::Parting { .. } | State::Over, _) => {}
            (State::Asking { keyed, .. }, '#') if !keyed.is_empty() => {
                let keyed = std::mem::take(keyed);
                self.find(&keyed, now, out);
            }
            (_, '#') => self.part(now, out),
            (State::Asking { keyed, until }, '0'..='9') => {
                if keyed.is_empty() {
                    out.push(Action::Hush);
                }
                if keyed.len() < KEYED_MAX {
                    keyed.push(key);
                }
                *until = now + KEY_WITHIN;
            }
            // He mistook himself.
            (State::Asking { keyed, .. }, '*') if !keyed.is_empty() => {
                self.tries = self.tries.saturating_sub(1);
                self.ask(now, out);
            }
            // He seeks another before this one is found.
            (State::Finding { .. }, '0' | '*') => self.ask(now, out),
            (State::Telling { .. }, '0'..='9') => {
                self.tries += 1;
                out.push(Action::Hush);
                self.state = State::Asking { keyed: key.to_string(), until: now + KEY_WITHIN };
            }
            (State::Playing { .. }, '2') => {
                out.push(Action::Hush);
                self.state = State::Paused { at: place.unwrap_or_default(), until: now + PAUSED_MAX };
            }
            _ => {
                let Some(place) = place else { return };
                match key {
                    '0' | '*' => self.ask(now, out),
                    '1' => self.play(Duration::ZERO, now, out),
                    // On from a pause; at the end there is nothing to go on with.
                    '2' if place < self.long => self.play(place, now, out),
                    '4' => self.play(place.saturating_sub(SKIP), now, out),
                    '6' => self.play(self.long.min(place + SKIP), now, out),
                    '5' => {
                        self.ear = self.ear.next();
                        // At the end: all of it once more, with that ear.
                        self.play(if place < self.long { place } else { Duration::ZERO }, now, out);
                    }
                    _ => {}
                }
            }
        }
    }
}

impl Machine for Replaying {
    type Event = Event;
    type Action = Action;

    fn handle(&mut self, event: Event, now: Instant, out: &mut Vec<Action>) {
        match (&self.state, event) {
            (State::Before, Event::Begun) => match self.dialled.take() {
                Some(dialled) => self.find(&dialled, now, out),
                None => self.ask(now, out),
            },
            (State::Finding { number: sought, .. }, Event::Found { number, long }) if *sought == number.count() => {
                (self.long, self.ear, self.tries) = (long, Ear::Both, 0);
                self.play(Duration::ZERO, now, out);
            }
            (State::Finding { number: sought, .. }, Event::NotFound { number, why }) if *sought == number.count() => {
                self.tell(why, now, out);
            }
            (_, Event::Said) => self.said(now, out),
            (_, Event::Pressed(key)) => self.pressed(key, now, out),
            (_, Event::Left) => self.state = State::Over,
            // The answer to a question that he does not wait for any more.
            (_, Event::Begun | Event::Found { .. } | Event::NotFound { .. }) => {}
        }
    }

    fn handle_timeout(&mut self, now: Instant, out: &mut Vec<Action>) {
        if self.deadline().is_none_or(|at| at > now) {
            return;
        }
        match &mut self.state {
            State::Asking { keyed, .. } if keyed.is_empty() => self.ask(now, out),
            // As if the hash had ended it.
            State::Asking { keyed, .. } => {
                let keyed = std::mem::take(keyed);
                self.find(&keyed, now, out);
            }
            State::Finding { .. } => self.tell(NotThere::Unavailable, now, out),
            State::Paused { .. } | State::Ended { .. } => self.part(now, out),
            _ => self.said(now, out),
        }
    }

    fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Asking { until, .. } | State::Paused { until, .. } | State::Ended { until } => Some(until),
            State::Finding { give_up_at, .. }
            | State::Telling { give_up_at }
            | State::Playing { give_up_at, .. }
            | State::Parting { give_up_at } => Some(give_up_at),
            State::Before | State::Over => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::machine::drive::Drive;

    const NUMBER: &str = "1234";

    fn number() -> ReplayNumber {
        ReplayNumber::parse(NUMBER).expect("a number")
    }

    /// A minute of recording, that sounds since the beginning.
    fn playing() -> Drive<Replaying> {
        let mut drive = Drive::new(Replaying::new(Some(NUMBER.to_owned())));
        drive.event(Event::Begun).event(Event::Found { number: number(), long: secs(60) });
        assert_eq!(drive.log, [(secs(0), Action::Find(number())), (secs(0), play(0, Ear::Both))]);
        drive.log.clear();
        drive
    }

    fn play(from: u64, ear: Ear) -> Action {
        Action::Play { from: secs(from), to: secs(60), ear }
    }

    fn actions(drive: &Drive<Replaying>) -> Vec<Action> {
        drive.log.iter().map(|(_, action)| *action).collect()
    }

    #[test]
    fn who_dials_no_number_is_asked_for_it_and_keys_it() {
        let mut drive = Drive::new(Replaying::new(None));
        drive.event(Event::Begun).until(secs(3)).event(Event::Said);
        for key in "99*1234#".chars() {
            drive.event(Event::Pressed(key));
        }
        assert_eq!(actions(&drive), [Action::Ask, Action::Hush, Action::Ask, Action::Hush, Action::Find(number())]);
        // Without the hash it is taken after a while.
        let mut drive = Drive::new(Replaying::new(None));
        drive.event(Event::Begun);
        for key in NUMBER.chars() {
            drive.event(Event::Pressed(key));
        }
        drive.until(secs(12));
        assert_eq!(drive.log.last(), Some(&(secs(10), Action::Find(number()))));
    }

    #[test]
    fn keys_move_pause_and_choose_the_side() {
        for (keys, done) in [
            ("1", vec![play(0, Ear::Both)]),
            ("4", vec![play(10, Ear::Both)]),
            ("444", vec![play(10, Ear::Both), play(0, Ear::Both), play(0, Ear::Both)]),
            ("66", vec![play(30, Ear::Both), play(40, Ear::Both)]),
            ("66666", vec![play(30, Ear::Both), play(40, Ear::Both), play(50, Ear::Both), Action::Explain, Action::Explain]),
            ("22", vec![Action::Hush, play(20, Ear::Both)]),
            ("24", vec![Action::Hush, play(10, Ear::Both)]),
            ("555", vec![play(20, Ear::Left), play(20, Ear::Right), play(20, Ear::Both)]),
            ("5#", vec![play(20, Ear::Left), Action::Part]),
            ("0", vec![Action::Ask]),
            ("*#", vec![Action::Ask, Action::Part]),
            ("379", vec![]),
        ] {
            let mut drive = playing();
            drive.until(secs(20));
            for key in keys.chars() {
                drive.event(Event::Pressed(key));
            }
            assert_eq!(actions(&drive), done, "{keys}");
        }
    }

    #[test]
    fn at_its_end_the_keys_are_said_and_nobody_is_kept() {
        let mut drive = playing();
        drive.until(secs(60)).event(Event::Said).until(secs(64)).event(Event::Said).until(secs(80)).event(Event::Said).until(secs(600));
        assert_eq!(drive.log, [(secs(60), Action::Explain), (secs(74), Action::Part), (secs(80), Action::Release)]);
        // Reports that are lost hold nobody up, and neither does a pause.
        let mut drive = playing();
        drive.until(secs(5)).event(Event::Pressed('2')).until(secs(900));
        assert_eq!(drive.log, [(secs(5), Action::Hush), (secs(305), Action::Part), (secs(335), Action::Release)]);
        let mut drive = playing();
        drive.until(secs(900));
        assert_eq!(actions(&drive), [Action::Explain, Action::Part, Action::Release]);
    }

    #[test]
    fn what_breaks_off_was_not_heard_to_its_end() {
        let mut drive = playing();
        drive.until(secs(3)).event(Event::Said);
        assert_eq!(actions(&drive), [Action::Tell(NotThere::Missing)]);
    }

    #[test]
    fn each_answer_is_told_and_another_number_asked_for_three_times() {
        for why in [NotThere::Unknown, NotThere::Open, NotThere::Removed, NotThere::Missing] {
            let mut drive = Drive::new(Replaying::new(Some(NUMBER.to_owned())));
            drive.event(Event::Begun).event(Event::NotFound { number: number(), why }).until(secs(2)).event(Event::Said);
            assert_eq!(actions(&drive), [Action::Find(number()), Action::Tell(why), Action::Ask]);
            drive.until(secs(3)).event(Event::Said).until(secs(600));
            let asked = actions(&drive).iter().filter(|action| **action == Action::Ask).count();
            assert!(asked == 3 && actions(&drive).ends_with(&[Action::Part, Action::Release]), "{:?}", drive.log);
        }
        let mut drive = Drive::new(Replaying::new(Some("12".to_owned())));
        drive.event(Event::Begun);
        assert_eq!(actions(&drive), [Action::Tell(NotThere::Unknown)], "what is no number is not looked up");
        for key in "7#".chars() {
            drive.event(Event::Pressed(key));
        }
        assert_eq!(actions(&drive)[1..], [Action::Hush, Action::Tell(NotThere::Unknown)], "a key is taken while it is told");
    }

    #[test]
    fn a_store_that_does_not_answer_is_not_waited_for_and_a_late_answer_changes_nothing() {
        let mut drive = Drive::new(Replaying::new(Some(NUMBER.to_owned())));
        drive.event(Event::Begun).until(secs(6)).event(Event::Found { number: number(), long: secs(60) });
        assert_eq!(drive.log[1..], [(secs(5), Action::Tell(NotThere::Unavailable))]);
        // Of another number than is sought now.
        let mut drive = Drive::new(Replaying::new(Some(NUMBER.to_owned())));
        let other = ReplayNumber::of_count(7);
        drive.event(Event::Begun).event(Event::Found { number: other, long: secs(9) });
        drive.event(Event::NotFound { number: other, why: NotThere::Removed });
        assert_eq!(drive.log.len(), 1);
        drive.event(Event::Left).event(Event::Found { number: number(), long: secs(60) }).event(Event::Pressed('1')).until(secs(600));
        assert_eq!(drive.log.len(), 1, "who is gone hears nothing more");
    }
}
