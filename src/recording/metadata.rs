//! What a recording is called. Days are UTC days; the calendar is our own arithmetic, since the core has no
//! time zone and no calendar crate.

use crate::base::{CallId, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A recording's place below the recordings folder: `2026/11/21/CALL-ID.wav`, with `.part` behind it while the call runs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct RecordingFile {
    call: CallId,
    date: Date,
}

/// A day of the proleptic Gregorian calendar.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
struct Date {
    year: i64,
    month: u8,
    day: u8,
}

impl RecordingFile {
    /// The recording of `call` that began at `began`.
    #[must_use]
    pub fn new(call: CallId, began: Timestamp) -> Self {
        Self { call, date: Date::of(began) }
    }

    /// Reads `2026/11/21/CALL-ID.wav`, with or without `.part`; `None` for anything else.
    #[must_use]
    pub fn parse(path: &str) -> Option<Self> {
        let mut parts = path.strip_suffix(".part").unwrap_or(path).strip_suffix(".wav")?.split('/');
        let mut number = |digits: usize| {
            let part = parts.next()?;
            (part.len() == digits && part.bytes().all(|b| b.is_ascii_digit())).then(|| part.parse::<u16>().ok())?
        };
        let (year, month, day) = (number(4)?, number(2)?, number(2)?);
        let date = Date { year: i64::from(year), month: u8::try_from(month).ok()?, day: u8::try_from(day).ok()? };
        let call = parts.next()?.parse().ok()?;
        (parts.next().is_none() && Date::of_days(date.days()) == date).then_some(Self { call, date })
    }

    #[must_use]
    pub fn call(&self) -> CallId {
        self.call
    }

    /// The folder of the day: `2026/11/21`.
    #[must_use]
    pub fn folder(&self) -> String {
        self.date.to_string()
    }

    /// While the call runs, and until it is hashed: `2026/11/21/CALL-ID.wav.part`.
    #[must_use]
    pub fn part(&self) -> String {
        format!("{self}.part")
    }
}

impl fmt::Display for RecordingFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}.wav", self.folder(), self.call)
    }
}

/// The folder of the day in which `at` lies: `2026/11/21`.
#[must_use]
pub fn day_folder(at: Timestamp) -> String {
    Date::of(at).to_string()
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}/{:02}/{:02}", self.year, self.month, self.day)
    }
}

impl Date {
    fn of(at: Timestamp) -> Self {
        Self::of_days(at.0.div_euclid(86_400_000))
    }

    /// The date `days` after 1970-01-01: Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`. Years are counted
    /// from March, so that the leap day is a year's last; 400 years are 146,097 days.
    fn of_days(days: i64) -> Self {
        let shifted = days + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        Self {
            year: year_of_era + era * 400 + i64::from(month <= 2),
            month: u8::try_from(month).expect("a month is 1 to 12"),
            day: u8::try_from(day).expect("a day is 1 to 31"),
        }
    }

    /// Days since 1970-01-01: `days_from_civil` of the same paper.
    fn days(self) -> i64 {
        let year = self.year - i64::from(self.month <= 2);
        let month = i64::from(self.month);
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let month_from_march = if month > 2 { month - 3 } else { month + 9 };
        let day_of_year = (153 * month_from_march + 2) / 5 + i64::from(self.day) - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        era * 146_097 + day_of_era - 719_468
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Rng;

    fn call() -> CallId {
        CallId::new(Timestamp(1_795_219_200_000), &mut Rng::new(1))
    }

    #[test]
    fn the_folder_is_the_utc_day() {
        let day = 86_400_000;
        // Checked against `date -u -d @SECONDS`.
        let table = [
            (0, "1970/01/01"),
            (-1, "1969/12/31"),
            (951_782_399_999, "2000/02/28"),
            (951_782_400_000, "2000/02/29"),
            (951_868_800_000, "2000/03/01"),
            (1_709_164_800_000, "2024/02/29"),
            (1_709_251_200_000, "2024/03/01"),
            (1_795_219_200_000, "2026/11/21"),
            (1_795_219_200_000 + day - 1, "2026/11/21"),
            (1_795_219_200_000 + day, "2026/11/22"),
            (4_107_542_400_000, "2100/03/01"),
            (4_107_542_400_000 - day, "2100/02/28"),
        ];
        for (at, folder) in table {
            assert_eq!(RecordingFile::new(call(), Timestamp(at)).folder(), folder, "{at}");
        }
    }

    #[test]
    fn days_follow_each_other_for_eight_hundred_years() {
        let mut before = Date::of_days(-146_098);
        for days in -146_097..146_097 {
            let date = Date::of_days(days);
            assert_eq!(date.days(), days);
            let next_day = date.day == before.day + 1 && (date.month, date.year) == (before.month, before.year);
            let next_month = date.day == 1 && before.day >= 28 && date.month == before.month % 12 + 1;
            assert!(next_day || next_month, "{before:?} {date:?}");
            before = date;
        }
    }

    #[test]
    fn a_name_reads_back() {
        let file = RecordingFile::new(call(), Timestamp(1_795_219_200_000));
        assert_eq!(file.to_string(), format!("2026/11/21/{}.wav", call()));
        assert_eq!(file.part(), format!("2026/11/21/{}.wav.part", call()));
        assert_eq!(RecordingFile::parse(&file.to_string()), Some(file));
        assert_eq!(RecordingFile::parse(&file.part()).map(|file| file.call()), Some(call()));
    }

    #[test]
    fn other_names_are_not_recordings() {
        let id = call();
        for path in [
            String::new(),
            format!("{id}.wav"),
            format!("2026/11/21/{id}.mp3"),
            format!("2026/11/21/{id}"),
            format!("2026/11/21/x/{id}.wav"),
            format!("2026/11/21/{id}.wav/{id}.wav"),
            format!("2026/13/21/{id}.wav"),
            format!("2026/02/29/{id}.wav"),
            format!("2026/1/21/{id}.wav"),
            format!("+026/11/21/{id}.wav"),
            format!("/2026/11/21/{id}.wav"),
            "2026/11/21/../../../etc/passwd.wav".to_owned(),
        ] {
            assert_eq!(RecordingFile::parse(&path), None, "{path}");
        }
    }
}
