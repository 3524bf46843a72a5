//! The one place where clocks are read: monotonic time since the start, and what the wall says at such a moment.

use crate::base::{Instant, Timestamp, WallClock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Counts from its making; copies count from the same moment. Made once, in `main`.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: std::time::Instant,
}

impl Clock {
    #[must_use]
    pub fn started_now() -> Self {
        Self { start: std::time::Instant::now() }
    }

    #[must_use]
    pub fn now(&self) -> Instant {
        Instant::after_start(self.start.elapsed())
    }

    /// What the wall clock reads now. To be read again now and then: NTP moves it.
    #[must_use]
    pub fn read_wall(&self) -> WallClock {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        WallClock::new(self.now(), Timestamp(i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX)))
    }

    /// The same moment on the operating system's axis, to sleep until; at most a century ahead.
    #[must_use]
    pub fn to_system(&self, moment: Instant) -> std::time::Instant {
        const CENTURY: Duration = Duration::from_secs(100 * 365 * 86_400);
        self.start + moment.since_start().min(CENTURY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
