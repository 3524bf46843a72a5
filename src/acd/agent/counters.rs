//! How many offers an agent has let go, by cause, since he last answered one.

use crate::acd::Cause;
use serde::{Deserialize, Serialize};

/// Counted since the last call of a queue that he answered. One that had its consequence begins anew when he comes back from it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Counters {
    pub missed: u32,
    pub rejected: u32,
    pub busy: u32,
    pub unreachable: u32,
}

impl Counters {
    #[must_use]
    pub const fn of(self, cause: Cause) -> u32 {
        match cause {
            Cause::Missed => self.missed,
            Cause::Rejected => self.rejected,
            Cause::Busy => self.busy,
            Cause::Unreachable => self.unreachable,
        }
    }

    fn entry(&mut self, cause: Cause) -> &mut u32 {
        match cause {
            Cause::Missed => &mut self.missed,
            Cause::Rejected => &mut self.rejected,
            Cause::Busy => &mut self.busy,
            Cause::Unreachable => &mut self.unreachable,
        }
    }

    /// One more, and how many it makes.
    pub(super) fn count(&mut self, cause: Cause) -> u32 {
        let count = self.entry(cause);
        *count = count.saturating_add(1);
        *count
    }

    pub(super) fn forgive(&mut self, cause: Cause) {
        *self.entry(cause) = 0;
    }
}
