//! Percentiles of many measured times, in a fixed room: 64 steps in each power of two, so that what is told is at most 1.6 % off.

use std::time::Duration;

/// Steps in a power of two, as a power of two.
const STEPS: u32 = 6;
/// Times up to 2^36 µs, about 19 hours; longer ones count as that.
const POWERS: u32 = 36;

/// Counts of times in microseconds.
#[derive(Clone, Debug)]
pub struct Histogram {
    counts: Vec<u64>,
    total: u64,
    max: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { counts: vec![0; place(1 << POWERS) + 1], total: 0, max: 0 }
    }
}

/// Below 64 µs each has its own place.
fn place(us: u64) -> usize {
    let us = us.min(1 << POWERS);
    let shift = (us | 1).ilog2().saturating_sub(STEPS);
    ((u64::from(shift) << STEPS) + (us >> shift)) as usize
}

/// The shortest time at a place.
fn shortest(place: usize) -> u64 {
    let place = place as u64;
    let shift = (place >> STEPS).saturating_sub(1);
    (place - (shift << STEPS)) << shift
}

impl Histogram {
    pub fn add(&mut self, time: Duration) {
        let us = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.counts[place(us)] += 1;
        self.total += 1;
        self.max = self.max.max(us);
    }

    #[must_use]
    pub fn count(&self) -> u64 {
        self.total
    }

    /// The longest, in milliseconds.
    #[must_use]
    pub fn max_ms(&self) -> f64 {
        self.max as f64 / 1_000.0
    }

    /// The time that `percent` of all do not exceed, in milliseconds; 0 when there is none.
    #[must_use]
    pub fn percentile_ms(&self, percent: f64) -> f64 {
        let rank = (self.total as f64 * percent / 100.0).ceil().max(1.0) as u64;
        let mut passed = 0;
        for (place, count) in self.counts.iter().enumerate() {
            passed += count;
            if passed >= rank {
                return shortest(place) as f64 / 1_000.0;
            }
        }
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_true_to_two_in_a_hundred() {
        let mut times = Histogram::default();
        assert_eq!(times.percentile_ms(50.0), 0.0);
        for us in 1..=100_000 {
            times.add(Duration::from_micros(us));
        }
        for (percent, ms) in [(1.0, 1.0), (50.0, 50.0), (99.0, 99.0), (100.0, 100.0)] {
            let told = times.percentile_ms(percent);
            assert!((told - ms).abs() <= ms * 0.016, "{percent} %: {told} ms for {ms}");
        }
        assert_eq!((times.count(), times.max_ms()), (100_000, 100.0));
    }

    #[test]
    fn every_time_has_its_place_and_places_are_in_order() {
        for us in (0..200_000).chain([1 << 30, (1 << 36) - 1, u64::MAX]) {
            let at = place(us);
            assert!(shortest(at) <= us && (us >= 1 << POWERS || us < shortest(at + 1)), "{us} at {at}");
        }
    }
}
