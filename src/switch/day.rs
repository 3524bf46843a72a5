//! The day whose figures are counted: it begins at midnight of the wall clock in the zone of the reports, however midnight came; and a clock
//! that is put back takes nothing from it.

use crate::base::{Instant, Timestamp, WallClock};
use crate::report::slices::{day_number, midnight_after};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// Days since 1970-01-01 by the zone's calendar.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub(super) struct Day(i64);

impl Day {
    pub fn of(zone: &TimeZone, at: Timestamp) -> Self {
        Self(day_number(zone, at))
    }

    /// When the day after that of the moment begins, by this clock.
    pub fn ends_after(zone: &TimeZone, at: Timestamp, wall: WallClock) -> Instant {
        wall.moment(midnight_after(zone, at))
    }

    /// The wall clock reads a moment of `today`. True when a new day has begun with it. Put back over midnight, the day that has begun goes
    /// on, so that its midnight is no second one; put back farther, the clock had been wrong, and the next midnight is one again.
    pub fn turns_to(&mut self, today: Self) -> bool {
        let begins = today > *self;
        if begins || today.0 < self.0 - 1 {
            *self = today;
        }
        begins
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::secs;

    #[test]
    fn a_day_begins_once_whichever_way_the_clock_is_set() {
        let mut day = Day(100);
        for (today, begins) in [(100, false), (101, true), (100, false), (101, false), (102, true), (90, false), (91, true), (400, true)] {
            assert_eq!(day.turns_to(Day(today)), begins, "{today}");
        }
    }

    #[test]
    fn a_day_ends_at_the_next_midnight_of_its_clock_in_its_zone() {
        const DAY_MS: i64 = 86_400_000;
        let shanghai = jiff::tz::TimeZoneDatabase::bundled().get("Asia/Shanghai").expect("a zone");
        for (zone, ahead) in [(TimeZone::UTC, 0), (shanghai, 8 * 3_600_000)] {
            let wall = WallClock::new(Instant::after_start(secs(5)), Timestamp(3 * DAY_MS - 1_500 - ahead));
            let reads = wall.read(Instant::after_start(secs(5)));
            let ends = Day::ends_after(&zone, reads, wall);
            assert_eq!((Day::of(&zone, reads), ends), (Day(2), Instant::after_start(crate::base::time::millis(6_500))));
            assert_eq!(Day::of(&zone, wall.read(ends)), Day(3));
        }
        assert_eq!(Day::of(&TimeZone::UTC, Timestamp(-1)), Day(-1));
    }
}
