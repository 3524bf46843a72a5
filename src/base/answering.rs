//! What follows for an agent from offers that he lets go, and what he has to do after a call: shared by the configuration, which reads it,
//! and the ACD that carries it out.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Why an offer failed, as far as it counts against the agent.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Cause {
    /// His phone rang to the limit.
    Missed,
    Rejected,
    Busy,
    /// His phone was not there, or did not answer.
    Unreachable,
}

impl Cause {
    pub const ALL: [Self; 4] = [Self::Missed, Self::Rejected, Self::Busy, Self::Unreachable];

    /// `missed`, `rejected`, `busy`, `unreachable`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Missed => "missed",
            Self::Rejected => "rejected",
            Self::Busy => "busy",
            Self::Unreachable => "unreachable",
        }
    }
}

/// What becomes of an agent who has let go as many offers as he may.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Consequence {
    /// Not-ready, with the cause as the reason.
    NotReady,
    /// Ready again after a short rest, at the end of the line.
    Ready,
    LogOff,
}

/// How many offers may fail for one cause, and what follows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Limit {
    /// With the so-manyth since the last call that he answered; 0: never.
    pub after: u32,
    pub then: Consequence,
}

/// A limit for each cause. Before it is reached he rests a moment and is ready again.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Limits {
    pub missed: Limit,
    pub rejected: Limit,
    pub busy: Limit,
    pub unreachable: Limit,
}

impl Limits {
    #[must_use]
    pub const fn of(self, cause: Cause) -> Limit {
        match cause {
            Cause::Missed => self.missed,
            Cause::Rejected => self.rejected,
            Cause::Busy => self.busy,
            Cause::Unreachable => self.unreachable,
        }
    }
}

impl Default for Limits {
    /// The first offer that is missed, rejected or cannot be made makes him not ready; a busy phone is no fault.
    fn default() -> Self {
        let first = Limit { after: 1, then: Consequence::NotReady };
        Self { missed: first, rejected: first, busy: Limit { after: 0, ..first }, unreachable: first }
    }
}

/// Who ends the time after a call. Of several calls that end together the later of these counts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
pub enum WrapUpKind {
    /// The agent, or its end.
    #[default]
    Optional,
    /// The agent says that he is done. Who has not said so by its end is not ready until he does.
    UntilDone,
    /// Its end alone.
    Mandatory,
}

impl WrapUpKind {
    pub const ALL: [Self; 3] = [Self::Optional, Self::UntilDone, Self::Mandatory];

    /// `optional`, `until-done`, `mandatory`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Optional => "optional",
            Self::UntilDone => "until-done",
            Self::Mandatory => "mandatory",
        }
    }
}

impl fmt::Display for WrapUpKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
