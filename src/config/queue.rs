//! A queue as configured: what its calls ask for, how an agent is chosen, who may wait in it and for how long.

use super::{AgentConfig, CallBackRule, Destination};
use crate::base::{ClipId, Duration, Join, QueueId, Strategy, WrapUpKind};
use std::collections::BTreeMap;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct QueueConfig {
    pub id: QueueId,
    /// All of it is needed, at least of these levels; at least one.
    pub skills: BTreeMap<String, u8>,
    pub strategy: Strategy,
    /// With `ring-all` and `ring-progressively`: phones that ring for a call at once, at most.
    pub ring_at_once: usize,
    /// With `ring-progressively`: after each of these one more phone rings.
    pub ring_step: Duration,
    /// Working-after-call time; zero for none.
    pub wrap_up: Duration,
    pub wrap_up_kind: WrapUpKind,
    /// In order of their moments.
    pub widen: Vec<Widening>,
    /// Time waited that lifts a caller's priority by one.
    pub ageing: Option<Duration>,
    /// 1 to 100.
    pub weight: Option<u32>,
    /// Calls that it holds.
    pub capacity: usize,
    pub join: Join,
    pub max_wait: Option<Duration>,
    pub preferred: Option<PreferredRule>,
    /// The number that its agents show in calls out, who have none of their own.
    pub caller: Option<String>,
    /// Where callers go whom it does not take, or not any longer.
    pub overflow: OverflowConfig,
    /// What its callers are told of their place.
    pub announce: Option<AnnounceRule>,
    /// Whether they may be called back instead of waiting.
    pub call_back: Option<CallBackRule>,
    /// What they hear while they wait; `None`: the music on hold.
    pub music: Option<ClipId>,
    /// The company in whose name its agents greet; `None`: that of the house.
    pub company: Option<ClipId>,
}

/// Chains of destinations: a caller goes to the first that takes him.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct OverflowConfig {
    /// Where nothing is said for the reason.
    pub otherwise: Vec<Destination>,
    pub full: Option<Vec<Destination>>,
    pub nobody: Option<Vec<Destination>>,
    pub expired: Option<Vec<Destination>>,
}

/// Why a queue does not take a caller, or not any longer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OverflowCause {
    Full,
    /// Nobody who serves it is logged on, or ready.
    Nobody,
    /// His longest wait is over.
    Expired,
}

impl OverflowConfig {
    #[must_use]
    pub fn chain(&self, cause: OverflowCause) -> &[Destination] {
        let own = match cause {
            OverflowCause::Full => &self.full,
            OverflowCause::Nobody => &self.nobody,
            OverflowCause::Expired => &self.expired,
        };
        own.as_ref().unwrap_or(&self.otherwise)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AnnounceRule {
    /// How many are ahead.
    pub position: bool,
    /// How long it will take.
    pub wait: bool,
    /// At most so often, in place of a word of comfort.
    pub every: Duration,
}

/// A step of widening. At least one of the two stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Widening {
    pub after: Duration,
    /// What is needed from then on; nothing that was not needed before, and nothing of a higher level.
    pub skills: Option<BTreeMap<String, u8>>,
    pub add: Option<WhoElse>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum WhoElse {
    Team(String),
    /// Of any level.
    Skill(String),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PreferredRule {
    /// Who spoke with the caller within this time is preferred.
    pub within: Duration,
    /// How long the caller waits for him.
    pub wait: Duration,
}

impl QueueConfig {
    /// Whether the agent may take its calls, before any widening.
    #[must_use]
    pub fn is_served_by(&self, agent: &AgentConfig) -> bool {
        self.skills.iter().all(|(skill, level)| agent.skills.get(skill).is_some_and(|has| has >= level))
    }
}
