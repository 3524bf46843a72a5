//! The short number of a recording, for the keys of a telephone. Recordings are counted in the order in which they were begun; the number is
//! the count with at least four digits, and never begins with 0 or 8: `*9` and a number is neither the code of a reason, which has four
//! digits at most, nor `*98` with a message box behind it.

use std::fmt;

/// Digits of a number, at least and at most: more than anybody's recordings.
const DIGITS: std::ops::RangeInclusive<usize> = 4..=15;
/// What a number may begin with.
const FIRST: [u8; 8] = *b"12345679";

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ReplayNumber {
    /// From 0.
    count: u64,
}

impl ReplayNumber {
    #[must_use]
    pub const fn of_count(count: u64) -> Self {
        Self { count }
    }

    /// Which of all recordings it is, from 0.
    #[must_use]
    pub const fn count(self) -> u64 {
        self.count
    }

    /// Reads it as it was keyed; `None` for what is no number of a recording.
    #[must_use]
    pub fn parse(keyed: &str) -> Option<Self> {
        if !DIGITS.contains(&keyed.len()) || !keyed.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let (first, rest) = keyed.split_at_checked(1)?;
        let lead = FIRST.iter().position(|digit| [*digit] == *first.as_bytes())?;
        let rest_digits = u32::try_from(rest.len()).ok()?;
        let shorter: u64 = (3..rest_digits).map(|digits| 8 * 10_u64.pow(digits)).sum();
        Some(Self { count: shorter + lead as u64 * 10_u64.pow(rest_digits) + rest.parse::<u64>().ok()? })
    }

    /// As it is keyed.
    #[must_use]
    pub fn keyed(self) -> u64 {
        let (mut rest, mut unit) = (self.count, 1_000_u64);
        while rest / 8 >= unit {
            rest -= 8 * unit;
            unit = unit.saturating_mul(10);
        }
        let lead = rest / unit;
        let digit = FIRST.get(usize::try_from(lead).unwrap_or(usize::MAX)).map_or(9, |digit| u64::from(digit - b'0'));
        digit.saturating_mul(unit).saturating_add(rest % unit)
    }
}

impl fmt::Display for ReplayNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.keyed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_count_has_one_number_that_reads_back_and_none_begins_with_eight() {
        for (count, keyed) in [
            (0, "1000"),
            (6_999, "7999"),
            (7_000, "9000"),
            (7_999, "9999"),
            (8_000, "10000"),
            (77_999, "79999"),
            (78_000, "90000"),
            (88_000, "100000"),
            (1_000_000, "1112000"),
        ] {
            assert_eq!(ReplayNumber::of_count(count).to_string(), keyed);
        }
        let mut before = 0;
        for count in (0..20_000).chain((20_000..90_000_000).step_by(7_919)) {
            let number = ReplayNumber::of_count(count);
            let keyed = number.to_string();
            assert!(number.keyed() > before && !keyed.starts_with(['0', '8']), "{count}: {keyed}");
            assert_eq!(ReplayNumber::parse(&keyed), Some(number), "{count}");
            before = number.keyed();
        }
        assert!(ReplayNumber::of_count(u64::MAX).keyed() > 0, "no count is too much");
    }

    #[test]
    fn other_digits_are_no_number() {
        for keyed in ["", "1", "999", "0999", "8000", "12 4", "1000#", "+1000", "1000000000000000"] {
            assert_eq!(ReplayNumber::parse(keyed), None, "{keyed}");
        }
    }
}
