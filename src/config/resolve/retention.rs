//! `[storage.retention]`: what may be removed, and when.

use super::{Resolver, Spot};
use crate::base::Duration;
use crate::config::raw::RawRetention;
use crate::config::retention::parse_keeping;
use crate::config::{FreeSpace, Retention};

impl Resolver<'_> {
    pub(super) fn retention(&mut self, raw: &RawRetention) -> Retention {
        let default = Retention::default();
        let recordings = self.keeping(raw.recordings.as_ref(), default.recordings);
        let records = self.keeping(raw.records.as_ref(), default.records);
        let signalling = self.keeping(raw.signalling.as_ref(), default.signalling);
        let free_space = raw.free_space.as_ref().map_or(default.free_space, |spot| {
            FreeSpace::parse(&spot.value).unwrap_or_else(|| {
                let message = format!("\"{}\" is no room on a disk", spot.value);
                self.faults.error(spot.place, message, "a share of 1% to 90%, a size in MB, GB or TB, or off: \"5%\", \"20GB\"");
                default.free_space
            })
        });
        Retention { recordings, records, signalling, free_space }
    }

    /// Days, or for ever.
    fn keeping(&mut self, spot: Option<&Spot<String>>, default: Option<Duration>) -> Option<Duration> {
        let Some(spot) = spot else { return default };
        parse_keeping(&spot.value).unwrap_or_else(|| {
            let message = format!("\"{}\" is no time to keep something", spot.value);
            self.faults.error(spot.place, message, "a whole number of days from 1d to 36500d, or ever: \"90d\"");
            default
        })
    }
}
