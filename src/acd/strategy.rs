//! The order in which free agents are taken: by what an agent has done, or is, or by chance.

use crate::base::{Duration, Instant};
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
    /// The lowest [`rank`](super::AgentSettings::rank).
    TopDown,
    /// The highest sum of the levels that the queue asks for.
    BestSkill,
    Random,
    /// By chance, an agent of [`weight`](super::AgentSettings::weight) 2 twice as often as one of weight 1.
    WeightedRandom,
}

impl Strategy {
    /// `longest-idle`, `round-robin`, `fewest-calls`, `least-talk-time`, `top-down`, `best-skill`, `random`, `weighted-random`.
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
        }
    }

    pub(super) const fn is_chance(self) -> bool {
        matches!(self, Self::Random | Self::WeightedRandom)
    }

    /// The lowest is taken first. `fitness` is the sum of the agent's levels in the skills that are asked for.
    pub(super) fn order(self, standing: Standing, rank: u16, fitness: u16) -> u64 {
        match self {
            Self::LongestIdle | Self::Random | Self::WeightedRandom => 0,
            Self::RoundRobin => standing.turn,
            Self::FewestCalls => u64::from(standing.calls),
            Self::LeastTalkTime => u64::try_from(standing.talked.as_nanos()).unwrap_or(u64::MAX),
            Self::TopDown => u64::from(rank),
            Self::BestSkill => u64::from(u16::MAX - fitness),
        }
    }
}

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What the strategies look at in an agent who is free.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Standing {
    pub idle_since: Instant,
    /// Today's.
    pub calls: u32,
    pub talked: Duration,
    /// The number of his last offer among all that were ever made; 0 before the first.
    pub turn: u64,
}

/// What an agent has done, as the strategies count it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Tally {
    /// The day that `calls` and `talked` are of: those of another one do not count, and nobody has to be told of midnight.
    day: u64,
    calls: u32,
    talked: Duration,
    pub turn: u64,
}

impl Tally {
    /// The same, of today.
    fn of(self, day: u64) -> Self {
        if self.day == day { self } else { Self { day, turn: self.turn, ..Self::default() } }
    }

    pub(super) fn answered(&mut self, day: u64) {
        *self = self.of(day);
        self.calls += 1;
    }

    pub(super) fn talked(&mut self, day: u64, time: Duration) {
        *self = self.of(day);
        self.talked += time;
    }

    pub(super) fn standing(self, day: u64, idle_since: Instant) -> Standing {
        let Self { calls, talked, turn, .. } = self.of(day);
        Standing { idle_since, calls, talked, turn }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::secs;

    #[test]
    fn what_was_done_yesterday_does_not_count_but_whose_turn_it_was_does() {
        let mut tally = Tally::default();
        tally.answered(0);
        tally.talked(0, secs(60));
        tally.turn = 7;
        let shown = |tally: Tally, day| {
            let Standing { calls, talked, turn, .. } = tally.standing(day, Instant::START);
            (calls, talked, turn)
        };
        assert_eq!(shown(tally, 0), (1, secs(60), 7));
        assert_eq!(shown(tally, 1), (0, secs(0), 7));
        tally.answered(1);
        assert_eq!(shown(tally, 1), (1, secs(0), 7));
    }
}
