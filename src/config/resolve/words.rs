//! Values out of their texts: durations, choices, numbers, names. Each helper notes the fault and gives the default.

use super::{Place, Resolver, Spot};
use crate::base::Duration;
use crate::config::raw::example_of;
use crate::config::suggest::nearest;
use std::collections::BTreeSet;
use std::ops::RangeInclusive;

impl Resolver<'_> {
    /// `key` of `table` must be there; a wrong one has been noted already.
    pub(super) fn required<'v, T>(
        &mut self,
        value: Option<&'v T>,
        table: &str,
        key: &str,
        table_place: Place,
        given: &BTreeSet<&'static str>,
    ) -> Option<&'v T> {
        if value.is_none() && !given.contains(key) {
            self.faults.error(table_place, format!("`{table}.{key}` is missing"), format!("for example: {}", example_of(table, key)));
        }
        value
    }

    /// A duration such as `"7s"` within `bounds`.
    pub(super) fn duration(&mut self, spot: Option<&Spot<String>>, default: Duration, bounds: RangeInclusive<Duration>) -> Duration {
        let Some(spot) = spot else { return default };
        let Some(duration) = parse_duration(&spot.value) else {
            let message = format!("\"{}\" is no duration", spot.value);
            self.faults.error(spot.place, message, "a whole number and ms, s, m or h: \"500ms\", \"7s\", \"2m\", \"1h\"");
            return default;
        };
        if !bounds.contains(&duration) {
            let (least, most) = (show_duration(*bounds.start()), show_duration(*bounds.end()));
            self.faults.error(spot.place, format!("\"{}\" is out of bounds", spot.value), format!("from \"{least}\" to \"{most}\""));
            return default;
        }
        duration
    }

    /// One of a few words.
    pub(super) fn choice<T: Copy>(&mut self, spot: Option<&Spot<String>>, what: &str, choices: &[(&str, T)], default: T) -> T {
        let Some(spot) = spot else { return default };
        if let Some((_, chosen)) = choices.iter().find(|(word, _)| *word == spot.value) {
            return *chosen;
        }
        let words = choices.iter().map(|(word, _)| *word);
        self.unknown_word(spot.place, &spot.value, what, words);
        default
    }

    pub(super) fn unknown_word<'w>(&mut self, place: Place, word: &str, what: &str, known: impl IntoIterator<Item = &'w str>) {
        let known: Vec<&str> = known.into_iter().collect();
        let remedy = match (nearest(word, known.iter().copied()), known.is_empty()) {
            (Some(meant), _) => format!("did you mean \"{meant}\"?"),
            (None, false) if known.len() > KNOWN_SHOWN => {
                format!("known: {} and {} more", known[..KNOWN_SHOWN].join(", "), known.len() - KNOWN_SHOWN)
            }
            (None, false) => format!("known: {}", known.join(", ")),
            (None, true) => "none is configured".to_owned(),
        };
        self.faults.error(place, format!("there is no {what} \"{word}\""), remedy);
    }

    pub(super) fn number(&mut self, spot: Option<&Spot<i64>>, bounds: RangeInclusive<u32>) -> Option<u32> {
        let spot = spot?;
        let number = u32::try_from(spot.value).ok().filter(|number| bounds.contains(number));
        if number.is_none() {
            let (least, most) = (bounds.start(), bounds.end());
            self.faults.error(spot.place, format!("{} is out of bounds", spot.value), format!("a whole number from {least} to {most}"));
        }
        number
    }

    /// A text for people: not empty, on one line.
    pub(super) fn label(&mut self, spot: Option<&Spot<String>>, default: &str) -> String {
        let Some(spot) = spot else { return default.to_owned() };
        let length = spot.value.chars().count();
        if spot.value.trim().is_empty() || length > LABEL_MAX || spot.value.chars().any(char::is_control) {
            self.faults.error(spot.place, "this is no name", format!("1 to {LABEL_MAX} characters on one line"));
        }
        spot.value.clone()
    }

    /// A short name that others refer to: letters, digits, `-`, `_`.
    pub(super) fn identifier(&mut self, value: &str, place: Place) {
        let fits = (1..=LABEL_MAX).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if !fits {
            self.faults.error(place, format!("\"{value}\" is no name to refer to"), "letters a to z, digits, - and _, such as \"service\"");
        }
    }
}

/// Known words shown when none is near; all cadences of the table are.
const KNOWN_SHOWN: usize = 32;
const LABEL_MAX: usize = 64;

/// A whole number and its unit: `ms`, `s`, `m`, `h`.
pub(super) fn parse_duration(text: &str) -> Option<Duration> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().ok()?;
    let millis = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    Some(Duration::from_millis(number.checked_mul(millis)?))
}

/// As it would be written, in the largest unit that takes it whole.
pub(super) fn show_duration(duration: Duration) -> String {
    let millis = duration.as_millis();
    let units = [("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];
    match units.iter().find(|(_, unit)| millis != 0 && millis.is_multiple_of(*unit)) {
        Some((name, unit)) => format!("{}{name}", millis / unit),
        None => "0s".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::{millis, secs};

    #[test]
    fn durations_are_whole_numbers_with_a_unit() {
        for (text, expected) in [
            ("7s", Some(secs(7))),
            ("500ms", Some(millis(500))),
            ("2m", Some(secs(120))),
            ("1h", Some(secs(3_600))),
            ("0s", Some(secs(0))),
            ("", None),
            ("7", None),
            ("s", None),
            ("1.5s", None),
            ("-1s", None),
            ("7 s", None),
            ("99999999999999999999s", None),
            ("18446744073709551615h", None),
            ("７s", None),
        ] {
            assert_eq!(parse_duration(text), expected, "{text}");
        }
    }

    #[test]
    fn a_duration_is_shown_as_it_would_be_written() {
        for text in ["0s", "500ms", "90s", "2m", "1h"] {
            assert_eq!(show_duration(parse_duration(text).expect("a duration")), text);
        }
    }
}
