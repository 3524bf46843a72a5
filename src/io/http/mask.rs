//! Telephone numbers for those who need not see them: `138****5678`. The one place where shapes with numbers in them leave through.
//!
//! Never masked: agents' extensions, and the house's own numbers, by which it is called.

use super::Context;
use super::auth::{Asker, has_part};
use super::call_backs::CallBack;
use super::dto::Message;
use crate::base::AgentId;
use crate::call::record::KEY_HIDDEN;
use crate::config::Config;
use crate::io::shapes::{AuditEntry, Call, EventShape, Key};
use crate::io::store::NumberPattern;
use std::sync::Arc;

/// Digits from which on something is a telephone number: extensions, codes and short service numbers have fewer.
const DIGITS_MIN: usize = 7;

/// Digits of its end that are shown of a number; of one of [`DIGITS_MIN`] digits one less.
pub const TAIL_MAX: usize = 4;

/// Hides the telephone numbers of a text; what has none comes back as it is.
#[must_use]
pub fn number(text: &str) -> String {
    // As people write them: `+86 138-1234-5678`.
    let is_spaced = text.chars().all(|c| c.is_ascii_digit() || "+-. ()".contains(c));
    if is_spaced {
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        if digits.len() < DIGITS_MIN {
            return text.to_owned();
        }
        return format!("{}{}", if text.starts_with('+') { "+" } else { "" }, ends(&digits));
    }
    each_run(text, |_, _| true)
}

/// The same for a text in which other things than numbers may stand, such as ids: only runs of digits that stand for themselves.
#[must_use]
pub fn in_text(text: &str) -> String {
    each_run(text, |before, after| ![before, after].into_iter().flatten().any(|c| c.is_alphanumeric() || c == '_' || c == '-'))
}

fn each_run(text: &str, is_number: impl Fn(Option<char>, Option<char>) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut rest, mut before) = (text, None);
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (run, after) = rest.split_at(digits);
        if digits >= DIGITS_MIN && is_number(before, after.chars().next()) {
            out.push_str(&ends(run));
        } else {
            out.push_str(run);
        }
        let others = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let (others, next) = after.split_at(others);
        out.push_str(others);
        (before, rest) = (others.chars().last(), next);
    }
    out
}

/// The first three and the last four, fewer where less than four would be hidden.
fn ends(digits: &str) -> String {
    let tail = if digits.len() > DIGITS_MIN { TAIL_MAX } else { TAIL_MAX - 1 };
    let head = digits.len().saturating_sub(8).min(3);
    format!("{}****{}", &digits[..head], &digits[digits.len() - tail..])
}

/// Digits that were keyed one after the other, so many that they may be a telephone number.
fn hide_keyed(keys: &mut [Key]) {
    let is_digit = |key: &Key| key.key.bytes().all(|b| b.is_ascii_digit());
    for run in keys.chunk_by_mut(|one, next| one.agent == next.agent && is_digit(one) && is_digit(next)) {
        if run.len() >= DIGITS_MIN {
            run.iter_mut().for_each(|key| key.key = KEY_HIDDEN.to_string());
        }
    }
}

/// How shapes are shown to somebody.
#[derive(Clone, Debug)]
pub struct Shown {
    whole: bool,
    agent: Option<AgentId>,
    config: Arc<Config>,
}

impl Context {
    /// How shapes are shown to the asker, by the configuration as it stands.
    pub(super) fn shown(&self, asker: &Asker) -> Shown {
        let config = self.api.config.get();
        let whole = asker.is_program() || config.access.numbers.contains(&asker.role);
        Shown { whole, agent: asker.own().cloned(), config }
    }
}

impl Shown {
    /// A call, whole for the agent who is in it now.
    #[must_use]
    pub fn call(&self, mut call: Call) -> Call {
        let is_in_it = |agent| call.released_at.is_none() && has_part(&call, agent);
        if !self.whole && !self.agent.as_ref().is_some_and(is_in_it) {
            self.hide(&mut call.caller);
            call.diverted.iter_mut().for_each(|one| self.hide(&mut one.from));
            self.hide(&mut call.called);
            if let Some(cause) = &mut call.release_cause {
                *cause = in_text(cause);
            }
            hide_keyed(&mut call.keys);
        }
        call
    }

    /// A text of somebody else's making.
    #[must_use]
    pub fn text(&self, text: String) -> String {
        if self.whole { text } else { in_text(&text) }
    }

    #[must_use]
    pub fn event(&self, mut event: EventShape) -> EventShape {
        for value in event.detail.values_mut() {
            if let serde_json::Value::String(text) = value
                && !self.whole
                && !self.is_ours(text)
            {
                *text = in_text(text);
            }
        }
        event
    }

    #[must_use]
    pub fn message(&self, mut message: Message) -> Message {
        self.hide(&mut message.caller);
        message.parts.iter_mut().filter_map(|part| part.number.as_mut()).for_each(|number| self.hide(number));
        message
    }

    #[must_use]
    pub fn call_back(&self, mut call_back: CallBack) -> CallBack {
        self.hide(&mut call_back.number);
        call_back
    }

    /// Orders that were given have the numbers that they were given with.
    #[must_use]
    pub fn audit(&self, mut entry: AuditEntry) -> AuditEntry {
        if !self.whole && entry.action == "parties.ordered" {
            entry.detail = in_text(&entry.detail);
        }
        entry
    }

    /// Whether events go out as they are.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.whole
    }

    /// What he may look for by it; `None`: it would tell him more of a number than he sees. Whoever sees `138****5678` and could look for
    /// the whole, or for a digit more and another, would soon know it.
    #[must_use]
    pub fn sought(&self, pattern: NumberPattern) -> Option<NumberPattern> {
        if self.whole { Some(pattern) } else { sought(pattern, |text| self.is_ours(text)) }
    }

    fn hide(&self, text: &mut String) {
        if !self.whole && !self.is_ours(text) {
            *text = number(text);
        }
    }

    /// An agent's extension, or a number of the house.
    fn is_ours(&self, text: &str) -> bool {
        self.config.agents.contains_key(text) || self.config.routes.iter().any(|route| route.number.is_one() && route.number.matches(text))
    }
}

/// Of a pattern what somebody may look for who sees the ends of numbers.
fn sought(pattern: NumberPattern, is_ours: impl Fn(&str) -> bool) -> Option<NumberPattern> {
    match pattern {
        NumberPattern::Whole(text) if is_ours(&text) || number(&text) == text => Some(NumberPattern::Whole(text)),
        NumberPattern::Ends(digits) | NumberPattern::Tail(digits)
            if digits.len() <= TAIL_MAX && digits.bytes().all(|b| b.is_ascii_digit()) =>
        {
            Some(NumberPattern::Tail(digits))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_keeps_its_ends_and_at_least_four_digits_are_hidden() {
        for (text, expected) in [
            ("13812345678", "138****5678"),
            ("+8613812345678", "+861****5678"),
            ("+86 138-1234-5678", "+861****5678"),
            ("(020) 1234-5678", "020****5678"),
            ("02012345678", "020****5678"),
            ("1234567890", "12****7890"),
            ("123456789", "1****6789"),
            ("12345678", "****5678"),
            ("1234567", "****567"),
            ("123456", "123456"),
            ("1001", "1001"),
            ("95000", "95000"),
            ("*98", "*98"),
            ("", ""),
            ("anonymous", "anonymous"),
            ("sip:13812345678@carrier.example", "sip:138****5678@carrier.example"),
            ("a13812345678b", "a138****5678b"),
            ("三铃13812345678", "三铃138****5678"),
        ] {
            assert_eq!(number(text), expected, "{text}");
        }
    }

    #[test]
    fn who_sees_the_ends_of_numbers_looks_for_no_more() {
        use NumberPattern::{Begins, Ends, Tail, Whole};
        let text = str::to_owned;
        for (pattern, expected) in [
            (Ends(text("5678")), Some(Tail(text("5678")))),
            (Ends(text("8")), Some(Tail(text("8")))),
            (Ends(text("45678")), None),
            (Ends(text("+678")), None),
            (Begins(text("1")), None),
            (Begins(text("1381234567")), None),
            (Whole(text("13812345678")), None),
            (Whole(text("+13812345678")), None),
            (Whole(text("1234567")), None),
            (Whole(text("95000")), Some(Whole(text("95000")))),
            (Whole(text("anonymous")), Some(Whole(text("anonymous")))),
            (Whole(text("4008001234")), Some(Whole(text("4008001234")))),
        ] {
            assert_eq!(sought(pattern.clone(), |text| text == "4008001234"), expected, "{pattern:?}");
        }
        // Of seven digits three are shown: a fourth is not to be guessed.
        assert!(Tail(text("567")).matches("1234567") && !Tail(text("4567")).matches("1234567") && !Tail(text("4567")).matches("+1234567"));
        assert!(
            Tail(text("5678")).matches("13812345678") && Tail(text("1001")).matches("1001") && !Tail(text("5679")).matches("13812345678")
        );
    }

    #[test]
    fn in_a_text_only_what_stands_for_itself_is_a_number() {
        for (text, expected) in [
            ("transfer 13812345678", "transfer 138****5678"),
            ("13812345678", "138****5678"),
            ("trunk:carrier:+8613812345678, then 1001", "trunk:carrier:+861****5678, then 1001"),
            ("01JD3KQ5ZV8N2M4X6Y71234567", "01JD3KQ5ZV8N2M4X6Y71234567"),
            ("file-20261121", "file-20261121"),
            ("queue:service", "queue:service"),
            ("2026-11-21T09:30:00.000Z", "2026-11-21T09:30:00.000Z"),
        ] {
            assert_eq!(in_text(text), expected, "{text}");
        }
    }
}
