//! A menu: its prompt is played, the caller presses a key or dials an extension, and is heard while it still plays. Who presses nothing, or
//! what stands for nothing, hears it again, so many times; then the menu gives him up. What the keys lead to is the parent's, who tells with
//! each digit what is pressed so far may mean.

use crate::base::limits::CLIP_PLAYED_WITHIN;
use crate::base::{Duration, Instant, Machine};
use serde::{Deserialize, Serialize};

/// How patient a menu is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Patience {
    /// From the end of the prompt to the first digit.
    pub timeout: Duration,
    /// From one digit to the next, where more may follow.
    pub between: Duration,
    /// How often the prompt is played in all, at least once.
    pub tries: u32,
}

/// One caller in one menu.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Menu {
    patience: Patience,
    /// Prompts begun.
    played: u32,
    state: State,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
enum State {
    Before,
    /// The prompt plays; should its end never be told, it counts as played at `give_up_at`.
    Prompting {
        give_up_at: Instant,
    },
    /// It was played to its end.
    Waiting {
        until: Instant,
    },
    /// Digits were pressed that may become more.
    Entering {
        pressed: String,
        /// They stand for something as they are.
        whole: bool,
        until: Instant,
    },
    Over,
}

/// What the digits pressed so far mean, the newest included.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Meaning {
    /// They lead somewhere as they are.
    pub whole: bool,
    /// More digits may follow and lead somewhere.
    pub begins: bool,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// The caller is there.
    Begun,
    /// The prompt was played to its end.
    Prompted,
    /// A digit, and what all that is pressed means with it.
    Pressed(char, Meaning),
    /// The choice led back here: the prompt is played again, and no try is counted.
    Returned,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Action {
    /// Play the prompt, in place of what plays; after a wrong key with a word about that before it.
    Prompt { wrong: bool },
    /// Nothing more of the prompt: he has begun to press.
    Hush,
    /// These digits lead somewhere.
    Choose(String),
    /// He has chosen nothing.
    GiveUp,
}

impl Menu {
    /// `timeout` and `between` are longer than zero.
    #[must_use]
    pub fn new(patience: Patience) -> Self {
        Self { patience, played: 0, state: State::Before }
    }

    /// What is pressed and may become more.
    #[must_use]
    pub fn pressed(&self) -> &str {
        match &self.state {
            State::Entering { pressed, .. } => pressed,
            State::Before | State::Prompting { .. } | State::Waiting { .. } | State::Over => "",
        }
    }

    fn prompt(&mut self, wrong: bool, now: Instant, out: &mut Vec<Action>) {
        self.played += 1;
        out.push(Action::Prompt { wrong });
        self.state = State::Prompting { give_up_at: now + CLIP_PLAYED_WITHIN };
    }

    fn prompt_again(&mut self, wrong: bool, now: Instant, out: &mut Vec<Action>) {
        if self.played < self.patience.tries {
            return self.prompt(wrong, now, out);
        }
        out.push(Action::GiveUp);
        self.state = State::Over;
    }

    fn choose(&mut self, pressed: String, out: &mut Vec<Action>) {
        out.push(Action::Choose(pressed));
        self.state = State::Over;
    }

    fn press(&mut self, digit: char, meaning: Meaning, now: Instant, out: &mut Vec<Action>) {
        let pressed = format!("{}{digit}", self.pressed());
        if matches!(self.state, State::Prompting { .. }) {
            out.push(Action::Hush);
        }
        match meaning {
            Meaning { whole: true, begins: false } => self.choose(pressed, out),
            Meaning { whole, begins: true } => self.state = State::Entering { pressed, whole, until: now + self.patience.between },
            Meaning { whole: false, begins: false } => self.prompt_again(true, now, out),
        }
    }
}

impl Machine for Menu {
    type Event = Event;
    type Action = Action;

    fn handle(&mut self, event: Event, now: Instant, out: &mut Vec<Action>) {
        match (&self.state, event) {
            (State::Before, Event::Begun) => self.prompt(false, now, out),
            (State::Prompting { .. }, Event::Prompted) => self.state = State::Waiting { until: now + self.patience.timeout },
            // Nothing may follow: the hash says that all is pressed.
            (State::Entering { pressed, whole: true, .. }, Event::Pressed('#', Meaning { whole: false, begins: false })) => {
                let pressed = pressed.clone();
                self.choose(pressed, out);
            }
            (State::Prompting { .. } | State::Waiting { .. } | State::Entering { .. }, Event::Pressed(digit, meaning)) => {
                self.press(digit, meaning, now, out);
            }
            (State::Over, Event::Returned) => {
                self.played = 0;
                self.prompt(false, now, out);
            }
            (_, Event::Begun | Event::Prompted | Event::Pressed(..) | Event::Returned) => {}
        }
    }

    fn handle_timeout(&mut self, now: Instant, out: &mut Vec<Action>) {
        match &self.state {
            State::Prompting { give_up_at } if *give_up_at <= now => self.state = State::Waiting { until: now + self.patience.timeout },
            State::Waiting { until } if *until <= now => self.prompt_again(false, now, out),
            State::Entering { pressed, whole: true, until } if *until <= now => {
                let pressed = pressed.clone();
                self.choose(pressed, out);
            }
            State::Entering { until, .. } if *until <= now => self.prompt_again(true, now, out),
            _ => {}
        }
    }

    fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Prompting { give_up_at: at } | State::Waiting { until: at } | State::Entering { until: at, .. } => Some(at),
            State::Before | State::Over => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::machine::drive::Drive;
    use crate::base::time::{millis, secs};

    const KEY: Meaning = Meaning { whole: true, begins: false };
    const BEGINS: Meaning = Meaning { whole: false, begins: true };
    const BOTH: Meaning = Meaning { whole: true, begins: true };
    const NOTHING: Meaning = Meaning { whole: false, begins: false };

    fn menu() -> Drive<Menu> {
        let mut drive = Drive::new(Menu::new(Patience { timeout: secs(5), between: secs(3), tries: 3 }));
        drive.event(Event::Begun);
        drive
    }

    fn chosen(pressed: &str) -> Action {
        Action::Choose(pressed.to_owned())
    }

    #[test]
    fn a_key_is_heard_while_the_prompt_plays_and_after_it() {
        let mut drive = menu();
        drive.until(secs(1)).event(Event::Pressed('1', KEY)).until(secs(60));
        assert_eq!(
            drive.log,
            [(secs(0), Action::Prompt { wrong: false }), (secs(1), Action::Hush), (secs(1), chosen("1"))],
            "and no timer is left"
        );
        let mut drive = menu();
        drive.until(secs(2)).event(Event::Prompted).until(millis(6_999)).event(Event::Pressed('2', KEY)).until(secs(60));
        assert_eq!(drive.log, [(secs(0), Action::Prompt { wrong: false }), (millis(6_999), chosen("2"))]);
    }

    #[test]
    fn who_presses_nothing_hears_it_again_and_is_given_up_after_the_last_try() {
        let mut drive = menu();
        for at in [2, 9, 16] {
            drive.until(secs(at)).event(Event::Prompted);
        }
        drive.until(secs(60)).event(Event::Pressed('1', KEY)).until(secs(99));
        let again = Action::Prompt { wrong: false };
        assert_eq!(drive.log, [(secs(0), again.clone()), (secs(7), again.clone()), (secs(14), again), (secs(21), Action::GiveUp)]);
    }

    #[test]
    fn a_prompt_whose_end_is_never_told_is_waited_for_no_longer_than_any_clip() {
        let mut drive = menu();
        drive.until(CLIP_PLAYED_WITHIN + secs(5));
        assert_eq!(drive.log[1..], [(CLIP_PLAYED_WITHIN + secs(5), Action::Prompt { wrong: false })]);
    }

    #[test]
    fn a_wrong_key_costs_a_try_and_says_so() {
        let mut drive = menu();
        for at in 1..=3 {
            drive.until(secs(at)).event(Event::Pressed('7', NOTHING));
        }
        let log: Vec<_> = drive.log.iter().map(|(_, action)| action.clone()).collect();
        let wrong = Action::Prompt { wrong: true };
        assert_eq!(log, [Action::Prompt { wrong: false }, Action::Hush, wrong.clone(), Action::Hush, wrong, Action::Hush, Action::GiveUp]);
    }

    #[test]
    fn an_extension_is_dialled_digit_by_digit_and_a_key_that_may_become_one_waits() {
        let mut drive = menu();
        for (at, digit, meaning) in [(1, '1', BOTH), (2, '0', BEGINS), (3, '0', BEGINS), (4, '1', KEY)] {
            drive.until(secs(at)).event(Event::Pressed(digit, meaning));
        }
        assert_eq!(drive.log[1..], [(secs(1), Action::Hush), (secs(4), chosen("1001"))]);
        for (next, at) in [(None, secs(4)), (Some('#'), secs(2))] {
            let mut drive = menu();
            drive.until(secs(1)).event(Event::Pressed('1', BOTH)).until(secs(2));
            if let Some(next) = next {
                drive.event(Event::Pressed(next, NOTHING));
            }
            drive.until(secs(60));
            assert_eq!(drive.log[2..], [(at, chosen("1"))], "the key, when nothing follows");
        }
        let mut drive = menu();
        drive.until(secs(1)).event(Event::Pressed('1', BEGINS)).until(millis(4_000));
        assert_eq!(drive.log[2..], [(secs(4), Action::Prompt { wrong: true })], "half an extension is none");
    }

    #[test]
    fn a_choice_that_leads_back_begins_anew() {
        let mut drive = menu();
        drive.until(secs(1)).event(Event::Pressed('9', KEY)).event(Event::Returned).until(secs(2)).event(Event::Prompted);
        assert_eq!(drive.log[3..], [(secs(1), Action::Prompt { wrong: false })]);
    }
}
