//! Time as a value. The core never reads a clock: `io` measures, everything else is told.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::{Add, AddAssign, Sub};
pub use std::time::Duration;

/// A moment on the monotonic axis, in nanoseconds since the switch first started. A restart goes on with the axis: what was to happen at
/// a moment is still to happen at it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Instant(u64);

impl Instant {
    /// The moment the switch started.
    pub const START: Self = Self(0);

    /// After every other.
    pub const NEVER: Self = Self(u64::MAX);

    /// The moment `since_start` after the start; saturates after 584 years.
    #[must_use]
    pub fn after_start(since_start: Duration) -> Self {
        Self(u64::try_from(since_start.as_nanos()).unwrap_or(u64::MAX))
    }

    #[must_use]
    pub fn since_start(self) -> Duration {
        Duration::from_nanos(self.0)
    }

    /// Time from `earlier` to `self`; zero when `earlier` is later.
    #[must_use]
    pub fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Instant {
    type Output = Self;
    fn add(self, rhs: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(rhs.as_nanos()).unwrap_or(u64::MAX)))
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, rhs: Duration) {
        *self = *self + rhs;
    }
}

impl Sub for Instant {
    type Output = Duration;
    fn sub(self, rhs: Self) -> Duration {
        self.saturating_since(rhs)
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}s", self.since_start().as_secs_f64())
    }
}

/// Wall time: milliseconds since 1970-01-01T00:00:00Z. Formatted (RFC 3339) at the edges only.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Time from here to a later moment; zero to an earlier one.
    #[must_use]
    pub fn until(self, later: Self) -> Duration {
        Duration::from_millis(u64::try_from(later.0.saturating_sub(self.0)).unwrap_or(0))
    }
}

/// What the wall clock said at a moment of the monotonic one; the core derives wall times from it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct WallClock {
    at: Instant,
    reads: Timestamp,
}

impl WallClock {
    #[must_use]
    pub fn new(at: Instant, reads: Timestamp) -> Self {
        Self { at, reads }
    }

    /// The moment at which the wall reads, or read, `wall`; not before the start.
    #[must_use]
    pub fn moment(&self, wall: Timestamp) -> Instant {
        let passed = Duration::from_millis(wall.0.abs_diff(self.reads.0));
        if wall >= self.reads { self.at + passed } else { Instant::after_start(self.at.since_start().saturating_sub(passed)) }
    }

    /// Wall time at the moment `now`.
    #[must_use]
    pub fn read(&self, now: Instant) -> Timestamp {
        let to_millis = |instant: Instant| i64::try_from(instant.since_start().as_millis()).unwrap_or(i64::MAX);
        Timestamp(self.reads.0 + to_millis(now) - to_millis(self.at))
    }
}

#[must_use]
pub const fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

#[must_use]
pub const fn millis(n: u64) -> Duration {
    Duration::from_millis(n)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wall_time_follows_the_monotonic_clock_from_its_last_reading() {
        let wall = WallClock::new(Instant::START + secs(10), Timestamp(1_000_000));
        assert_eq!(wall.read(Instant::START + secs(10)), Timestamp(1_000_000));
        assert_eq!(wall.read(Instant::START + millis(11_500)), Timestamp(1_001_500));
        assert_eq!(wall.read(Instant::START + secs(9)), Timestamp(999_000));
        for moment in [Instant::START, Instant::START + millis(11_500)] {
            assert_eq!(wall.moment(wall.read(moment)), moment);
        }
        assert_eq!(wall.moment(Timestamp(0)), Instant::START);
    }

    #[test]
    fn an_earlier_moment_is_never_a_negative_time_away() {
        assert_eq!(Instant::START - (Instant::START + secs(1)), Duration::ZERO);
    }
}
