//! `[reports]`: by what figures are counted, and by whose clock a day begins.

use super::Resolver;
use crate::base::time::secs;
use crate::config::ReportsConfig;
use crate::config::raw::RawReports;
use jiff::tz::TimeZone;

const HOUR: u64 = 3_600;

impl Resolver<'_> {
    pub(super) fn reports(&mut self, raw: &RawReports) -> ReportsConfig {
        ReportsConfig {
            zone: raw.zone.as_ref().and_then(|spot| self.zone(spot)).unwrap_or(TimeZone::UTC),
            service_level: self.duration(raw.service_level.as_ref(), secs(20), secs(1)..=secs(HOUR)),
            short_abandon: self.duration(raw.short_abandon.as_ref(), secs(5), secs(0)..=secs(HOUR)),
            settled_days: self.number(raw.settled_days.as_ref(), 1..=90).unwrap_or(7),
        }
    }
}
