//! The order in which free agents are taken: by what an agent has done, or is, or by chance.

use super::Strategy;
use crate::base::{Duration, Instant};
use serde::{Deserialize, Serialize};

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

impl Standing {
    /// The lowest is taken first. `fitness` is the sum of the agent's levels in the skills that are asked for.
    pub(super) fn order(self, strategy: Strategy, rank: u16, fitness: u16) -> u64 {
        match strategy {
            Strategy::LongestIdle | Strategy::Random | Strategy::WeightedRandom | Strategy::RingAll | Strategy::RingProgressively => 0,
            Strategy::RoundRobin => self.turn,
            Strategy::FewestCalls => u64::from(self.calls),
            Strategy::LeastTalkTime => u64::try_from(self.talked.as_nanos()).unwrap_or(u64::MAX),
            Strategy::TopDown => u64::from(rank),
            Strategy::BestSkill => u64::from(u16::MAX - fitness),
        }
    }
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
