//! National ringing cadences, so that "three rings" is exact: one ring is one full period, a double burst is one ring.
//! Values: ITU-T E.180 Supplement 2; China GB/T 3380-1982.

use super::time::{Duration, millis};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// How a country rings: the bursts and pauses of one period, and the tone that the caller hears.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cadence {
    pub zone: &'static str,
    /// Milliseconds on, off, on, off, …; an even count whose sum is one period.
    pub on_off: &'static [u16],
    /// Frequencies of the ringback tone in Hz, sounded together.
    pub tone: &'static [u16],
}

/// By its zone.
impl Serialize for Cadence {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.zone)
    }
}

impl<'de> Deserialize<'de> for Cadence {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let zone = String::deserialize(deserializer)?;
        let known = CADENCES.iter().copied().find(|cadence| cadence.zone == zone);
        known.ok_or_else(|| serde::de::Error::custom(format_args!("no cadence is known for {zone}")))
    }
}

macro_rules! cadences {
    ($($zone:literal $on_off:expr, $tone:expr;)*) => {
        /// Every cadence known, by zone.
        pub const CADENCES: &[Cadence] = &[$(Cadence { zone: $zone, on_off: &$on_off, tone: &$tone }),*];
    };
}

cadences! {
    "cn" [1000, 4000], [450];
    "us" [2000, 4000], [440, 480];
    "uk" [400, 200, 400, 2000], [400, 450];
    "de" [1000, 4000], [425];
    "it" [1000, 4000], [425];
    "nl" [1000, 4000], [425];
    "ru" [1000, 4000], [425];
    "br" [1000, 4000], [425];
    "ch" [1000, 4000], [425];
    "dk" [1000, 4000], [425];
    "fi" [1000, 4000], [425];
    "no" [1000, 4000], [425];
    "pl" [1000, 4000], [425];
    "fr" [1500, 3500], [440];
    "es" [1500, 3000], [425];
    "at" [1000, 5000], [420];
    "se" [1000, 5000], [425];
    "pt" [1000, 5000], [425];
    "be" [1000, 3000], [425];
    "jp" [1000, 2000], [400];
    "au" [400, 200, 400, 2000], [400, 425];
    "nz" [400, 200, 400, 2000], [400, 450];
    "in" [400, 200, 400, 2000], [400];
    "sg" [400, 200, 400, 2000], [425];
    "za" [400, 200, 400, 2000], [400];
    // Taiwan rings the bell 1 s on, 4 s off while the caller's tone is 1 s on, 2 s off; rings are counted by the bell.
    "tw" [1000, 4000], [440, 480];
}

impl Cadence {
    #[must_use]
    pub fn of_zone(zone: &str) -> Option<Self> {
        CADENCES.iter().find(|cadence| cadence.zone == zone).copied()
    }

    /// One full ring.
    #[must_use]
    pub fn period(&self) -> Duration {
        millis(self.on_off.iter().map(|part| u64::from(*part)).sum())
    }

    /// How many rings have begun when a phone has rung for `elapsed`: floor(elapsed / period) + 1.
    #[must_use]
    pub fn rings_begun(&self, elapsed: Duration) -> u32 {
        u32::try_from(elapsed.as_nanos() / self.period().as_nanos()).unwrap_or(u32::MAX - 1) + 1
    }

    /// Whether the bell or tone sounds at `elapsed` since ringing began.
    #[must_use]
    pub fn sounds_at(&self, elapsed: Duration) -> bool {
        let mut rest = elapsed.as_millis() % self.period().as_millis();
        for (index, part) in self.on_off.iter().enumerate() {
            if rest < u128::from(*part) {
                return index % 2 == 0;
            }
            rest -= u128::from(*part);
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fourth_ring_begins_after_three_periods() {
        for (zone, limit) in [("cn", 15_000), ("us", 18_000), ("uk", 9_000), ("es", 13_500), ("be", 12_000), ("jp", 9_000)] {
            let cadence = Cadence::of_zone(zone).expect("a known zone");
            assert_eq!(cadence.rings_begun(millis(limit - 1)), 3, "{zone}");
            assert_eq!(cadence.rings_begun(millis(limit)), 4, "{zone}");
        }
    }

    #[test]
    fn the_bell_sounds_in_bursts() {
        let uk = Cadence::of_zone("uk").expect("a known zone");
        let heard: Vec<bool> = [0, 399, 400, 599, 600, 999, 1000, 2999, 3000].map(|at| uk.sounds_at(millis(at))).to_vec();
        assert_eq!(heard, [true, true, false, false, true, true, false, false, true]);
    }

    #[test]
    fn every_zone_has_whole_periods() {
        for cadence in CADENCES {
            assert!(cadence.on_off.len() % 2 == 0 && cadence.period() >= millis(3_000), "{}", cadence.zone);
        }
    }
}
