//! Agents and queues as the configuration has them, in the ACD's own words.

use super::{Join, Levels, Limits, Skill, Strategy, WrapUpKind};
use crate::base::limits::QUEUE_WAITING_MAX;
use crate::base::time::secs;
use crate::base::{AgentId, Duration, QueueId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Of a call, 0 and up: a higher one goes first. Ageing lifts to this and no further.
pub const PRIORITY_MAX: u8 = 9;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AcdSettings {
    pub agents: BTreeMap<AgentId, AgentSettings>,
    pub queues: BTreeMap<QueueId, QueueSettings>,
    /// When offers that an agent lets go have a consequence for him.
    pub limits: Limits,
    /// How long a phone may ring, `max_rings` × period: the offers' owner keeps it, the ACD's own safety lies a grace beyond.
    pub ring_limit: Duration,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct AgentSettings {
    pub skills: Levels,
    pub team: Option<Arc<str>>,
    /// For [`Strategy::TopDown`]: the lowest is taken first.
    pub rank: u16,
    /// For [`Strategy::WeightedRandom`]; at least 1.
    pub weight: u32,
}

impl Default for AgentSettings {
    /// No skill, no team, after all who have a rank.
    fn default() -> Self {
        Self { skills: Levels::new(), team: None, rank: u16::MAX, weight: 1 }
    }
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct QueueSettings {
    /// What its calls ask for: an agent needs all of it.
    pub skills: Levels,
    pub strategy: Strategy,
    /// With [`Strategy::RingAll`] and [`Strategy::RingProgressively`]: so many phones ring for a call at once, at most.
    pub ring_at_once: usize,
    /// With [`Strategy::RingProgressively`]: each time it has passed since the first phone was called, one more is.
    pub ring_step: Duration,
    /// Working-after-call time; zero for none.
    pub wrap_up: Duration,
    pub wrap_up_kind: WrapUpKind,
    /// Who else may take a call that has waited in this queue for long; in order of their moments.
    pub widen: Vec<Widening>,
    /// Each of these that a caller has waited since his first arrival lifts his priority by one, up to [`PRIORITY_MAX`].
    pub ageing: Option<Duration>,
    /// Its share beside the other queues of an agent, among calls of equal priority. Queues without one are served by first arrival,
    /// together as one queue of weight 1.
    pub weight: Option<u32>,
    /// Calls that it holds, those being offered included.
    pub capacity: usize,
    pub join: Join,
    /// Who has waited in this queue for so long, and is not being offered to anybody, leaves it.
    pub max_wait: Option<Duration>,
    /// How long a call waits for its preferred agent, while he can be expected, before others may take it.
    pub preferred_wait: Option<Duration>,
}

impl Default for QueueSettings {
    fn default() -> Self {
        Self {
            skills: Levels::new(),
            strategy: Strategy::LongestIdle,
            ring_at_once: 10,
            ring_step: secs(5),
            wrap_up: Duration::ZERO,
            wrap_up_kind: WrapUpKind::Optional,
            widen: Vec::new(),
            ageing: None,
            weight: None,
            capacity: QUEUE_WAITING_MAX,
            join: Join::Always,
            max_wait: None,
            preferred_wait: None,
        }
    }
}

impl QueueSettings {
    /// One that asks for a skill, of whatever level, and for nothing else.
    #[must_use]
    pub fn of(skill: &str) -> Self {
        Self { skills: Levels::from([(skill.into(), 1)]), ..Self::default() }
    }

    /// The steps of widening that have been taken after this time in the queue, and when the next is due.
    pub(super) fn step_after(&self, waited: Duration) -> (u8, Option<Duration>) {
        let taken = self.widen.iter().take_while(|step| step.after <= waited).count();
        let next = self.widen.get(taken).map(|step| step.after);
        (u8::try_from(taken).unwrap_or(u8::MAX), next)
    }

    /// How many phones ring for a call whose first was called so long ago, and when one more does.
    pub(super) fn phones_after(&self, ringing: Duration) -> (usize, Option<Duration>) {
        let most = self.ring_at_once.max(1);
        match self.strategy {
            Strategy::RingAll => (most, None),
            Strategy::RingProgressively if !self.ring_step.is_zero() => {
                let steps = usize::try_from(ringing.as_nanos() / self.ring_step.as_nanos()).unwrap_or(usize::MAX);
                let phones = steps.saturating_add(1).min(most);
                let next = u32::try_from(phones).ok().filter(|_| phones < most);
                (phones, next.map(|phones| self.ring_step * phones))
            }
            _ => (1, None),
        }
    }

    /// The priority of a caller who has waited for so long since his first arrival, and when it rises next.
    pub(super) fn aged(&self, priority: u8, waited: Duration) -> (u8, Option<Duration>) {
        let Some(ageing) = self.ageing.filter(|ageing| !ageing.is_zero() && priority < PRIORITY_MAX) else { return (priority, None) };
        let steps = waited.as_nanos() / ageing.as_nanos();
        match u8::try_from(steps).ok().and_then(|steps| priority.checked_add(steps)).filter(|aged| *aged < PRIORITY_MAX) {
            Some(aged) => (aged, Some(ageing * (u32::from(aged - priority) + 1))),
            None => (PRIORITY_MAX, None),
        }
    }
}

/// A step of widening: from its moment on, more agents may take the call. Who might before still may.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Widening {
    /// Since the call entered the queue.
    pub after: Duration,
    /// What is asked for from now on, in place of what was.
    pub skills: Option<Levels>,
    /// These may take the call as well, whatever else they can.
    pub add: Option<Group>,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum Group {
    Team(Arc<str>),
    /// Of any level.
    Skill(Skill),
}

impl Group {
    pub(super) fn has(&self, agent: &AgentSettings) -> bool {
        match self {
            Self::Team(team) => agent.team.as_ref() == Some(team),
            Self::Skill(skill) => agent.skills.contains_key(skill),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::millis;

    #[test]
    fn priority_rises_at_each_step_to_nine_and_no_further() {
        let queue = QueueSettings { ageing: Some(secs(60)), ..QueueSettings::default() };
        for (priority, waited, expected) in [
            (0, millis(59_999), (0, Some(secs(60)))),
            (0, secs(60), (1, Some(secs(120)))),
            (7, secs(119), (8, Some(secs(120)))),
            (7, secs(120), (9, None)),
            (7, secs(1_000_000), (9, None)),
            (9, secs(60), (9, None)),
            (200, secs(60), (200, None)),
        ] {
            assert_eq!(queue.aged(priority, waited), expected, "{priority} after {waited:?}");
        }
        assert_eq!(QueueSettings::default().aged(3, secs(1_000)), (3, None));
    }

    #[test]
    fn phones_are_added_at_their_moments_up_to_the_most() {
        let queue = |strategy| QueueSettings { strategy, ring_at_once: 3, ..QueueSettings::default() };
        for (strategy, ringing, expected) in [
            (Strategy::LongestIdle, secs(60), (1, None)),
            (Strategy::RingAll, secs(0), (3, None)),
            (Strategy::RingProgressively, secs(0), (1, Some(secs(5)))),
            (Strategy::RingProgressively, millis(4_999), (1, Some(secs(5)))),
            (Strategy::RingProgressively, secs(5), (2, Some(secs(10)))),
            (Strategy::RingProgressively, secs(10), (3, None)),
            (Strategy::RingProgressively, secs(1_000_000), (3, None)),
        ] {
            assert_eq!(queue(strategy).phones_after(ringing), expected, "{strategy} after {ringing:?}");
        }
    }

    #[test]
    fn a_step_is_taken_at_its_moment() {
        let step = |after| Widening { after: secs(after), skills: None, add: None };
        let queue = QueueSettings { widen: vec![step(30), step(60)], ..QueueSettings::default() };
        for (waited, expected) in
            [(secs(0), (0, Some(secs(30)))), (millis(29_999), (0, Some(secs(30)))), (secs(30), (1, Some(secs(60)))), (secs(60), (2, None))]
        {
            assert_eq!(queue.step_after(waited), expected);
        }
    }
}
