//! What was planned for a person, to be compared with what came.

use super::Timestamp;

/// A time of work, or a break between two times of work on one day.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Planned {
    pub from: Timestamp,
    /// The first moment that is outside.
    pub to: Timestamp,
    pub at_work: bool,
}
