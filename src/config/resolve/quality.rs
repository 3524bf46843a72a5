//! `[quality]`: from where on a call is told to sound poor.

use super::Resolver;
use crate::base::Mos;
use crate::config::QualityConfig;
use crate::config::raw::RawQuality;

/// What some users are dissatisfied with begins here: R = 70 (G.109).
const POOR: f64 = 3.6;

/// What is poor must be able to get well: 0.2 above this is what a good way with a little delay still reaches.
const POOR_MAX: f64 = 4.1;

impl Resolver<'_> {
    pub(super) fn quality(&mut self, raw: &RawQuality) -> QualityConfig {
        let poor = raw.poor.as_ref().map_or(POOR, |spot| {
            if !(1.0..=POOR_MAX).contains(&spot.value) {
                let message = format!("{} is no score to be told below", spot.value);
                self.faults.error(spot.place, message, "from 1.0 (never) to 4.1; 3.6 is where some users are dissatisfied");
            }
            spot.value
        });
        QualityConfig { poor: Mos::new(poor) }
    }
}
