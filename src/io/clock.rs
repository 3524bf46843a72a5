//! The one place where clocks are read: monotonic time since the first start, and what the wall says at such a moment.

use crate::base::{Instant, Timestamp, WallClock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Counts from its making; copies count from the same moment. Made once, in `main`.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: std::time::Instant,
    /// The moment of the start on the axis that a restart goes on with.
    began: Instant,
}

impl Clock {
    #[must_use]
    pub fn started_now() -> Self {
        Self { start: std::time::Instant::now(), began: Instant::START }
    }

    /// Goes on with an axis that began before: `resumes_at` tells the moment on it at which the wall reads what it reads now.
    #[must_use]
    pub fn resumed(resumes_at: impl FnOnce(Timestamp) -> Instant) -> Self {
        let start = std::time::Instant::now();
        Self { start, began: resumes_at(wall_now()) }
    }

    #[must_use]
    pub fn now(&self) -> Instant {
        self.began + self.start.elapsed()
    }

    /// What the wall clock reads now. To be read again now and then: NTP moves it.
    #[must_use]
    pub fn read_wall(&self) -> WallClock {
        WallClock::new(self.now(), wall_now())
    }

    /// The same moment on the operating system's axis, to sleep until; at most a century ahead.
    #[must_use]
    pub fn to_system(&self, moment: Instant) -> std::time::Instant {
        const CENTURY: Duration = Duration::from_secs(100 * 365 * 86_400);
        self.start + moment.saturating_since(self.began).min(CENTURY)
    }
}

fn wall_now() -> Timestamp {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    Timestamp(i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_resumed_goes_on_from_the_moment_that_it_is_told() {
        let at = Instant::after_start(Duration::from_secs(1_000_000));
        let clock = Clock::resumed(|wall| if wall.0 > 0 { at } else { Instant::START });
        assert!(clock.now() >= at && clock.now() < at + Duration::from_secs(600));
        assert_eq!(clock.to_system(at + Duration::from_secs(5)) - clock.to_system(at), Duration::from_secs(5));
        assert_eq!(clock.to_system(Instant::START), clock.to_system(at), "what is past is due now");
    }

    #[test]
    fn the_clock_runs_on_and_the_wall_is_read_beside_it() {
        let clock = Clock::started_now();
        let first = clock.now();
        let wall = clock.read_wall();
        let second = clock.now();
        assert!(first <= second);
        assert!(wall.read(second).0 > 1_700_000_000_000, "a year after 2023");
        assert_eq!(clock.to_system(second) - clock.to_system(first), second - first);
    }
}
