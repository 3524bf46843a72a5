//! What becomes of each call of the demo, drawn from a seed: caller and agent read it off the caller's number, and need not speak to each
//! other about it. The first calls are not drawn but written down, so that each rule of the house is seen within the first minute.

use crate::base::Rng;
use crate::base::time::{millis, secs};
use std::time::Duration;

/// The first caller; the next ones count on.
const FIRST_NUMBER: u64 = 13_800_001_234;
/// Numbers of the demo: more than it has calls. Callers beyond are people with phones of their own.
const NUMBERS: u64 = 1_000_000;
/// Drawn calls begin here, when the written ones have their agents.
const DRAWN_FROM: Duration = secs(20);

/// How a caller is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Caller {
    Speaks,
    /// Says nothing on an open line.
    Silent,
    /// His phone sends nothing at all.
    Mute,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EndedBy {
    Caller,
    Agent,
    Switch,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Plan {
    /// Since the start of the demo.
    pub arrives: Duration,
    pub caller: Caller,
    /// The first agent who is offered the call lets it ring.
    pub missed: bool,
    /// On which ring it is answered, from 1; and how long into that ring.
    pub ring: u32,
    pub into_ring: Duration,
    /// The agent holds this long after the answer, for so long.
    pub hold: Option<(Duration, Duration)>,
    /// From the answer to the end, hold included.
    pub talk: Duration,
    pub ended_by: EndedBy,
    /// A caller without an agent leaves then.
    pub patience: Duration,
}

/// All calls of one demo.
#[derive(Clone, Debug)]
pub struct Script {
    seed: u64,
    between: Duration,
}

impl Script {
    /// `calls_per_minute` after the written ones; at least 1.
    #[must_use]
    pub fn new(seed: u64, calls_per_minute: u32) -> Self {
        Self { seed, between: secs(60) / calls_per_minute.max(1) }
    }

    #[must_use]
    pub fn number(index: u64) -> String {
        (FIRST_NUMBER + index % NUMBERS).to_string()
    }

    /// Which call a caller's number is of; none for a phone that is not the demo's.
    #[must_use]
    pub fn index_of(number: &str) -> Option<u64> {
        number.parse::<u64>().ok()?.checked_sub(FIRST_NUMBER).filter(|index| *index < NUMBERS)
    }

    #[must_use]
    pub fn call(&self, index: u64) -> Plan {
        let plain = Plan {
            arrives: secs(2 * index),
            caller: Caller::Speaks,
            missed: false,
            ring: 1,
            into_ring: secs(2),
            hold: None,
            talk: secs(14),
            ended_by: EndedBy::Caller,
            patience: secs(90),
        };
        match index {
            // Answered on the first ring; its agent is free when the second call needs one.
            0 => plain,
            // Three rings unheard: 15 s later the next agent has it.
            1 => Plan { missed: true, talk: secs(12), ended_by: EndedBy::Agent, ..plain },
            // Answered on the second ring; on hold for 12 s: reassured after 7.
            2 => Plan { ring: 2, hold: Some((secs(6), secs(12))), talk: secs(23), ended_by: EndedBy::Agent, ..plain },
            // Greeting, 5 s, a question, 5 s, farewell, 5 s: half a minute.
            3 => Plan { caller: Caller::Silent, talk: secs(90), ended_by: EndedBy::Switch, ..plain },
            _ => self.drawn(index),
        }
    }

    fn drawn(&self, index: u64) -> Plan {
        let mut rng = Rng::new(self.seed ^ index.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let mut between = |least: u64, most: u64| millis(least + rng.below(most - least));
        let arrives = DRAWN_FROM + self.between * u32::try_from(index - 4).unwrap_or(u32::MAX) + between(0, 2_000);
        let (into_ring, talk) = (between(1_000, 4_500), between(10_000, 40_000));
        let hold = (between(5_000, 8_000), between(9_000, 16_000));
        let (patient, impatient) = (between(40_000, 120_000), between(4_000, 12_000));
        let ring = 1 + u32::try_from(rng.below(3)).unwrap_or(0);
        let caller = match rng.below(20) {
            0 | 1 => Caller::Silent,
            2 => Caller::Mute,
            _ => Caller::Speaks,
        };
        let held = caller == Caller::Speaks && rng.one_in(4);
        Plan {
            arrives,
            caller,
            missed: rng.one_in(8),
            ring,
            into_ring,
            hold: held.then_some(hold),
            talk: match caller {
                Caller::Speaks if held => talk + hold.1,
                Caller::Speaks => talk,
                Caller::Silent | Caller::Mute => secs(90),
            },
            ended_by: match caller {
                Caller::Speaks if held || rng.one_in(2) => EndedBy::Agent,
                Caller::Speaks => EndedBy::Caller,
                Caller::Silent | Caller::Mute => EndedBy::Switch,
            },
            patience: if rng.one_in(12) { impatient } else { patient },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_minute_shows_every_rule() {
        let script = Script::new(1, 6);
        let first: Vec<Plan> = (0..4).map(|index| script.call(index)).collect();
        assert!(first.iter().any(|plan| plan.missed));
        assert!(first.iter().any(|plan| plan.hold.is_some_and(|(_, held)| held > secs(7))));
        assert!(first.iter().any(|plan| plan.caller == Caller::Silent));
        assert!(first.iter().all(|plan| plan.arrives <= secs(8)));
    }

    #[test]
    fn drawn_calls_are_of_every_kind_and_keep_the_rate() {
        let script = Script::new(7, 6);
        assert_eq!(script.call(40), script.call(40));
        assert_ne!(script.call(40), Script::new(8, 6).call(40));
        let plans: Vec<Plan> = (4..304).map(|index| script.call(index)).collect();
        assert!(plans.is_sorted_by_key(|plan| plan.arrives));
        let minutes = (plans[299].arrives - plans[0].arrives).as_secs_f64() / 60.0;
        assert!((5.8..6.2).contains(&(299.0 / minutes)), "{minutes}");
        for kind in [Caller::Speaks, Caller::Silent, Caller::Mute] {
            assert!(plans.iter().any(|plan| plan.caller == kind), "{kind:?}");
        }
        assert!((1..=3).all(|ring| plans.iter().any(|plan| plan.ring == ring)));
        assert!(plans.iter().any(|plan| plan.missed) && plans.iter().any(|plan| plan.patience < secs(12)));
        for plan in plans {
            assert!(plan.into_ring < secs(5) && plan.hold.is_none_or(|(at, held)| at + held < plan.talk), "{plan:?}");
        }
    }

    #[test]
    fn a_number_tells_its_call() {
        assert_eq!(Script::number(0), "13800001234");
        assert_eq!(Script::index_of(&Script::number(77)), Some(77));
        for stranger in ["1000", "13700000000", "anonymous", ""] {
            assert_eq!(Script::index_of(stranger), None, "{stranger}");
        }
    }
}
