//! How long recordings and records are kept, and how much room on the disk is kept free for new ones.

use crate::base::Duration;
use std::fmt;

/// The SIP of calls is looked at within days, and is the largest of what is kept beside the sound.
const SIGNALLING: Duration = Duration::from_secs(30 * 86_400);

/// What may be removed, and when. A legal hold keeps a recording and its record in any case.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Retention {
    /// How long after a call's end its recording is kept; `None`: for ever.
    pub recordings: Option<Duration>,
    /// The same for its record and events, which stay at least as long as the recording.
    pub records: Option<Duration>,
    /// How long after a call's day its SIP is kept.
    pub signalling: Option<Duration>,
    pub free_space: FreeSpace,
}

/// Room that is made for new recordings by removing the oldest.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FreeSpace {
    /// None is made: a full disk ends recording.
    Off,
    /// Of the disk's size, 1 to 90.
    Percent(u8),
    Bytes(u64),
}

impl Default for Retention {
    fn default() -> Self {
        Self { recordings: None, records: None, signalling: Some(SIGNALLING), free_space: FreeSpace::Bytes(1_000_000_000) }
    }
}

impl FreeSpace {
    /// How many bytes must go on a disk of `of` bytes with `free` of them free; `None` when there is room enough.
    #[must_use]
    pub fn missing(self, free: u64, of: u64) -> Option<u64> {
        let wanted = match self {
            Self::Off => 0,
            Self::Percent(percent) => of / 100 * u64::from(percent),
            Self::Bytes(bytes) => bytes,
        };
        wanted.checked_sub(free).filter(|missing| *missing > 0)
    }

    /// `off`, `5%`, `20GB`, `500MB`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text == "off" {
            return Some(Self::Off);
        }
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let number: u64 = number.parse().ok().filter(|number| *number > 0)?;
        match unit {
            "%" => u8::try_from(number).ok().filter(|percent| *percent <= 90).map(Self::Percent),
            "MB" => number.checked_mul(1_000_000).map(Self::Bytes),
            "GB" => number.checked_mul(1_000_000_000).map(Self::Bytes),
            "TB" => number.checked_mul(1_000_000_000_000).map(Self::Bytes),
            _ => None,
        }
    }
}

/// As the files have it; of sizes the largest unit that divides them.
impl fmt::Display for FreeSpace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("off"),
            Self::Percent(percent) => write!(f, "{percent}%"),
            Self::Bytes(bytes) => match bytes / 1_000_000 {
                mega if mega % 1_000_000 == 0 => write!(f, "{}TB", mega / 1_000_000),
                mega if mega % 1_000 == 0 => write!(f, "{}GB", mega / 1_000),
                mega => write!(f, "{mega}MB"),
            },
        }
    }
}

/// `ever` (`Some(None)`) or a number of days: `90d`.
#[allow(clippy::option_option)] // Whether it is a time to keep, and which.
pub(super) fn parse_keeping(text: &str) -> Option<Option<Duration>> {
    if text == "ever" {
        return Some(None);
    }
    let days: u64 = text.strip_suffix('d').filter(|days| days.bytes().all(|b| b.is_ascii_digit()))?.parse().ok()?;
    (1..=36_500).contains(&days).then(|| Some(Duration::from_secs(days * 86_400)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_rooms_are_read() {
        let days = |n: u64| Some(Some(Duration::from_secs(n * 86_400)));
        for (text, keeping) in [("ever", Some(None)), ("1d", days(1)), ("90d", days(90)), ("36500d", days(36_500))] {
            assert_eq!(parse_keeping(text), keeping, "{text}");
        }
        for wrong in ["", "d", "0d", "90", "+1d", "-1d", "1.5d", "90 d", "12h", "36501d", "99999999999999999999d", "never"] {
            assert_eq!(parse_keeping(wrong), None, "{wrong}");
        }
        use FreeSpace::*;
        for (text, room) in
            [("off", Off), ("5%", Percent(5)), ("90%", Percent(90)), ("500MB", Bytes(500_000_000)), ("2TB", Bytes(2_000_000_000_000))]
        {
            assert_eq!(FreeSpace::parse(text), Some(room), "{text}");
            assert_eq!(FreeSpace::parse(&room.to_string()), Some(room), "{room}");
        }
        for wrong in ["", "5", "%", "0%", "91%", "-5%", "5 GB", "5gb", "0GB", "99999999999999TB", "on"] {
            assert_eq!(FreeSpace::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_is_missing_is_what_must_go() {
        for (room, free, missing) in [
            (FreeSpace::Off, 0, None),
            (FreeSpace::Bytes(100), 99, Some(1)),
            (FreeSpace::Bytes(100), 100, None),
            (FreeSpace::Percent(5), 40, Some(10)),
            (FreeSpace::Percent(5), 51, None),
        ] {
            assert_eq!(room.missing(free, 1_000), missing, "{room:?} {free}");
        }
    }
}
