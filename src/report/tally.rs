//! What one row of a report adds up, and the terms by which it counts.

use super::{ScriptTally, ServiceTally, VisitTally, WorkTally};
use crate::base::time::secs;
use crate::base::{Duration, Timestamp};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// The limits by which facts are counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Terms {
    /// T: an answer within this wait is in time.
    pub service_level: Duration,
    /// s: who leaves sooner than this has misdialled.
    pub short_abandon: Duration,
    /// N of the three-ring rate.
    pub rings: u32,
    /// Of the seven-second rate: nobody on hold is left without a word for longer.
    pub patience: Duration,
    /// D: whoever does not call again within it has had his matter settled.
    pub resolved_after: Duration,
    /// G: a greeting that began no later after the connection was in time.
    #[serde(default = "greeted_within")]
    pub greeted_within: Duration,
}

/// Of those who did not say.
fn greeted_within() -> Duration {
    secs(3)
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            service_level: secs(20),
            short_abandon: secs(5),
            rings: 3,
            patience: secs(7),
            resolved_after: secs(7 * 24 * 3_600),
            greeted_within: greeted_within(),
        }
    }
}

/// What figures of the house go by.
#[derive(Clone, PartialEq, Debug)]
pub struct Basis {
    pub terms: Terms,
    /// By whose clock days begin.
    pub zone: TimeZone,
}

impl Default for Basis {
    fn default() -> Self {
        Self { terms: Terms::default(), zone: TimeZone::UTC }
    }
}

/// All that a row counts. Which of it means something depends on what the row stands for: see [`Definition::kinds`](super::Definition).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Tally {
    pub visits: VisitTally,
    pub service: ServiceTally,
    pub scripts: ScriptTally,
    pub work: WorkTally,
}

impl Tally {
    pub fn add(&mut self, other: &Self) {
        self.visits.add(&other.visits);
        self.service.add(&other.service);
        self.scripts.add(&other.scripts);
        self.work.add(&other.work);
    }
}

/// Milliseconds from one moment to a later one; none to an earlier.
pub(super) fn between(from: Timestamp, to: Timestamp) -> u64 {
    u64::try_from(to.0.saturating_sub(from.0)).unwrap_or(0)
}

pub(super) fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// A struct of counts that add up field by field, but for those that take the greatest.
macro_rules! tally {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $field:ident,)* } greatest { $($(#[$most_doc:meta])* $most:ident,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Serialize, serde::Deserialize)]
        #[serde(default)]
        pub struct $name {
            $($(#[$doc])* pub $field: u64,)*
            $($(#[$most_doc])* pub $most: u64,)*
        }

        impl $name {
            pub fn add(&mut self, other: &Self) {
                $(self.$field += other.$field;)*
                $(self.$most = self.$most.max(other.$most);)*
            }
        }
    };
}
pub(super) use tally;
