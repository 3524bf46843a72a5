//! How a queue chooses and whom it lets in: shared by the configuration, which reads it, and the ACD that carries it out.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Whom a queue takes of its free agents. Among those who are equal by it, the longest idle; among these, the lowest id.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
pub enum Strategy {
    #[default]
    LongestIdle,
    /// Whose last offer, of whatever queue, is longest ago.
    RoundRobin,
    /// Who has answered the fewest calls of queues today.
    FewestCalls,
    /// Who has talked least in calls of queues today.
    LeastTalkTime,
    /// The lowest rank.
    TopDown,
    /// The highest sum of the levels that the queue asks for.
    BestSkill,
    Random,
    /// By chance, an agent of weight 2 twice as often as one of weight 1.
    WeightedRandom,
    /// All at once, the longest idle first where only so many may ring.
    RingAll,
    /// The longest idle, and one more each time a step has passed, while those before ring on.
    RingProgressively,
}

impl Strategy {
    pub const ALL: [Self; 10] = [
        Self::LongestIdle,
        Self::RoundRobin,
        Self::FewestCalls,
        Self::LeastTalkTime,
        Self::TopDown,
        Self::BestSkill,
        Self::Random,
        Self::WeightedRandom,
        Self::RingAll,
        Self::RingProgressively,
    ];

    /// `longest-idle`, `round-robin`, `fewest-calls`, `least-talk-time`, `top-down`, `best-skill`, `random`, `weighted-random`, `ring-all`,
    /// `ring-progressively`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LongestIdle => "longest-idle",
            Self::RoundRobin => "round-robin",
            Self::FewestCalls => "fewest-calls",
            Self::LeastTalkTime => "least-talk-time",
            Self::TopDown => "top-down",
            Self::BestSkill => "best-skill",
            Self::Random => "random",
            Self::WeightedRandom => "weighted-random",
            Self::RingAll => "ring-all",
            Self::RingProgressively => "ring-progressively",
        }
    }

    #[must_use]
    pub const fn is_chance(self) -> bool {
        matches!(self, Self::Random | Self::WeightedRandom)
    }

    /// Whether more phones than one may ring for a call.
    #[must_use]
    pub const fn rings_several(self) -> bool {
        matches!(self, Self::RingAll | Self::RingProgressively)
    }

    /// In whose order agents are taken: those that ring several differ in how many phones ring, not in whose.
    #[must_use]
    pub const fn order(self) -> Self {
        if self.rings_several() { Self::LongestIdle } else { self }
    }
}

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Whether a caller may enter a queue that nobody serves just now.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum Join {
    #[default]
    Always,
    /// Somebody who may take the queue's calls, at once or after widening, must be logged on.
    LoggedOn,
    /// Somebody must be at work: ready, or busy with a call or after one.
    Ready,
}
