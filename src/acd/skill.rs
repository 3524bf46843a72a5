//! A skill, and the two lines that meet over it: the agents who stand ready, and the calls that wait.

use super::agent::StateName;
use super::queue::Place;
use crate::base::{AgentId, Instant};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::{Index, IndexMut};
use std::sync::Arc;

/// What a queue asks for and an agent has.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
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

/// The pools of all skills, numbered, so that no decision compares names of skills.
#[derive(Debug, Default)]
pub(super) struct Pools {
    ids: BTreeMap<Skill, PoolId>,
    pools: Vec<Pool>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct PoolId(usize);

impl Pools {
    /// The pool of the skill, which is made if nobody asked for it before.
    pub(super) fn of(&mut self, skill: &Skill) -> PoolId {
        if let Some(id) = self.ids.get(skill) {
            return *id;
        }
        let id = PoolId(self.pools.len());
        self.ids.insert(skill.clone(), id);
        self.pools.push(Pool::default());
        id
    }

    pub(super) fn of_all(&mut self, skills: &[Skill]) -> Box<[PoolId]> {
        skills.iter().map(|skill| self.of(skill)).collect()
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = PoolId> + use<> {
        (0..self.pools.len()).map(PoolId)
    }
}

impl Index<PoolId> for Pools {
    type Output = Pool;

    fn index(&self, id: PoolId) -> &Pool {
        &self.pools[id.0]
    }
}

impl IndexMut<PoolId> for Pools {
    fn index_mut(&mut self, id: PoolId) -> &mut Pool {
        &mut self.pools[id.0]
    }
}

/// The agents with one skill, and the calls of all queues that ask for it.
#[derive(Clone, Debug, Default)]
pub(super) struct Pool {
    /// Agents who can be offered a call now, longest idle first, then by id.
    free: BTreeSet<(Instant, AgentId)>,
    /// How many agents with the skill are in each state.
    states: [usize; StateName::ALL.len()],
    /// Calls that wait for an agent to be offered to, whose turn it is first.
    pub(super) waiting: BTreeSet<Place>,
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

    /// The call whose turn it is, if there is an agent to take it.
    pub(super) fn next_call(&self) -> Option<Place> {
        if self.free.is_empty() { None } else { self.waiting.first().copied() }
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
