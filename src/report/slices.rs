//! Slices of time: half-hours and days as the clock on the wall of a zone has them.

use crate::base::Timestamp;
use jiff::tz::TimeZone;

const HALF_HOUR_MS: i64 = 1_800_000;

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Slice {
    /// All of it in one.
    #[default]
    Whole,
    HalfHour,
    Day,
}

/// How the time from `since` to `until` (exclusive) is cut. The first and the last slice may be short.
#[derive(Clone, PartialEq, Debug)]
pub struct Slices {
    pub zone: TimeZone,
    pub by: Slice,
    pub since: Timestamp,
    pub until: Timestamp,
}

impl Slices {
    /// When the slice begins in which the moment lies; `None` outside.
    #[must_use]
    pub fn of(&self, at: Timestamp) -> Option<Timestamp> {
        (self.since <= at && at < self.until).then(|| self.begin(at).max(self.since))
    }

    /// The end of the slice that begins there.
    #[must_use]
    pub fn end(&self, begin: Timestamp) -> Timestamp {
        let end = match self.by {
            Slice::Whole => self.until,
            Slice::Day => midnight_after(&self.zone, begin),
            Slice::HalfHour => Timestamp(self.begin(begin).0 + HALF_HOUR_MS),
        };
        end.min(self.until)
    }

    fn begin(&self, at: Timestamp) -> Timestamp {
        match self.by {
            Slice::Whole => self.since,
            Slice::Day => midnight_before(&self.zone, at),
            // Zones change their offset at a half-hour of their own clock.
            Slice::HalfHour => Timestamp(at.0 - (at.0 + offset_ms(&self.zone, at)).rem_euclid(HALF_HOUR_MS)),
        }
    }

    /// What of the time from `from` to `to` lies in which slice.
    pub fn cut(&self, from: Timestamp, to: Timestamp, mut part: impl FnMut(Timestamp, u64)) {
        let (mut from, to) = (from.max(self.since), to.min(self.until));
        while from < to {
            let begin = self.begin(from).max(self.since);
            let end = self.end(begin).min(to);
            // A slice of no length would cut for ever.
            let end = if end <= from { to } else { end };
            part(begin, super::tally::between(from, end));
            from = end;
        }
    }
}

fn instant(at: Timestamp) -> jiff::Timestamp {
    // A clock outside jiff's years −9999 to 9999 is in no zone.
    jiff::Timestamp::from_millisecond(at.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
}

/// What the zone's clock is ahead of UTC at that moment.
#[must_use]
pub fn offset_ms(zone: &TimeZone, at: Timestamp) -> i64 {
    i64::from(zone.to_offset(instant(at)).seconds()) * 1_000
}

/// The day of the zone, in days since 1970-01-01.
#[must_use]
pub fn day_number(zone: &TimeZone, at: Timestamp) -> i64 {
    (at.0 + offset_ms(zone, at)).div_euclid(86_400_000)
}

/// When the day of the moment began.
#[must_use]
pub fn midnight_before(zone: &TimeZone, at: Timestamp) -> Timestamp {
    let begin = instant(at).to_zoned(zone.clone()).start_of_day();
    begin.map_or(at, |begin| Timestamp(begin.timestamp().as_millisecond()))
}

/// When the next day begins.
#[must_use]
pub fn midnight_after(zone: &TimeZone, at: Timestamp) -> Timestamp {
    let begin = instant(at).to_zoned(zone.clone()).tomorrow().and_then(|tomorrow| tomorrow.start_of_day());
    begin.map_or(Timestamp(at.0 + 86_400_000), |begin| Timestamp(begin.timestamp().as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(name: &str) -> TimeZone {
        jiff::tz::TimeZoneDatabase::bundled().get(name).expect("a known zone")
    }

    fn at(text: &str) -> Timestamp {
        Timestamp(text.parse::<jiff::Timestamp>().expect("a time").as_millisecond())
    }

    #[test]
    fn slices_begin_by_the_clock_of_the_zone() {
        for (name, by, moment, begin, end) in [
            ("Asia/Shanghai", Slice::Day, "2026-11-21T17:30:00Z", "2026-11-21T16:00:00Z", "2026-11-22T16:00:00Z"),
            ("UTC", Slice::Day, "2026-11-21T17:30:00Z", "2026-11-21T00:00:00Z", "2026-11-22T00:00:00Z"),
            ("Asia/Shanghai", Slice::HalfHour, "2026-11-21T17:29:59.999Z", "2026-11-21T17:00:00Z", "2026-11-21T17:30:00Z"),
            ("Asia/Shanghai", Slice::HalfHour, "2026-11-21T17:30:00Z", "2026-11-21T17:30:00Z", "2026-11-21T18:00:00Z"),
            // Kathmandu is 5:45 ahead.
            ("Asia/Kathmandu", Slice::HalfHour, "2026-11-21T17:30:00Z", "2026-11-21T17:15:00Z", "2026-11-21T17:45:00Z"),
            // A day of 23 hours, and one of 25.
            ("Europe/Berlin", Slice::Day, "2026-03-29T12:00:00Z", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"),
            ("Europe/Berlin", Slice::Day, "2026-10-25T12:00:00Z", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"),
        ] {
            let slices = Slices { zone: zone(name), by, since: Timestamp(0), until: at("2030-01-01T00:00:00Z") };
            let found = slices.of(at(moment)).expect("inside");
            assert_eq!((found, slices.end(found)), (at(begin), at(end)), "{name} {moment}");
        }
    }

    #[test]
    fn a_time_is_cut_at_the_edges_and_nothing_of_it_is_lost() {
        let (since, until) = (at("2026-10-24T10:10:00Z"), at("2026-10-26T10:10:00Z"));
        for by in [Slice::Whole, Slice::HalfHour, Slice::Day] {
            let slices = Slices { zone: zone("Europe/Berlin"), by, since, until };
            let (mut sum, mut begins) = (0, Vec::new());
            slices.cut(Timestamp(since.0 - 5_000), Timestamp(until.0 + 5_000), |begin, ms| {
                sum += ms;
                begins.push(begin);
            });
            assert_eq!(sum, 48 * 3_600_000, "{by:?}");
            assert!(begins.windows(2).all(|pair| slices.end(pair[0]) == pair[1]), "{by:?}: {begins:?}");
            assert_eq!(
                begins.len(),
                match by {
                    Slice::Whole => 1,
                    Slice::HalfHour => 97,
                    Slice::Day => 3,
                }
            );
        }
    }
}
