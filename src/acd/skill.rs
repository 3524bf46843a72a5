//! A skill, and the index of who with it stands ready and which queues want it.

use super::agent::StateName;
use crate::base::{AgentId, Instant, QueueId};
use std::borrow::Borrow;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

/// What a queue asks for and an agent has.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Skill(Arc<str>);

impl Skill {
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self(Arc::from(name))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Skill {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

impl Borrow<str> for Skill {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Skill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Skill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.0)
    }
}

/// The agents and queues of one skill.
#[derive(Clone, Debug, Default)]
pub(super) struct Pool {
    /// Agents who can be offered a call now, longest idle first, then by id.
    free: BTreeSet<(Instant, AgentId)>,
    /// How many agents with the skill are in each state.
    states: [usize; StateName::ALL.len()],
    /// Queues that ask for the skill, in order of their ids.
    pub(super) queues: BTreeSet<QueueId>,
}

impl Pool {
    pub(super) fn enter(&mut self, agent: &AgentId, state: StateName, free_since: Option<Instant>) {
        self.states[state as usize] += 1;
        if let Some(since) = free_since {
            self.free.insert((since, agent.clone()));
        }
    }

    pub(super) fn leave(&mut self, agent: &AgentId, state: StateName, free_since: Option<Instant>) {
        self.states[state as usize] -= 1;
        if let Some(since) = free_since {
            self.free.remove(&(since, agent.clone()));
        }
    }

    pub(super) fn has_free(&self) -> bool {
        !self.free.is_empty()
    }

    /// The longest idle agent who has not let this call down yet; when all have, the longest idle of those.
    pub(super) fn longest_idle(&self, let_down_by: &[AgentId]) -> Option<AgentId> {
        let fresh = self.free.iter().find(|(_, agent)| !let_down_by.contains(agent));
        fresh.or_else(|| self.free.first()).map(|(_, agent)| agent.clone())
    }

    pub(super) fn count(&self, state: StateName) -> usize {
        self.states[state as usize]
    }
}
