//! One queue: who is in it, and where each stands in line. A call keeps its place, by first arrival, through every offer that fails.
//! The line itself is its skill's, for the queues of one skill are served as one: see [`Pool`](super::skill::Pool).

use super::figures::Figures;
use super::skill::PoolId;
use super::{QueueSettings, Skill};
use crate::base::limits::{QUEUE_WAITING_MAX, REFUSALS_REMEMBERED_MAX};
use crate::base::{AgentId, CallId, Instant, QueueId};
use std::cmp::Reverse;
use std::collections::BTreeSet;

/// A call's place among those that wait: higher priority first, then first arrival, then the call's id.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Place {
    pub priority: Reverse<u8>,
    pub since: Instant,
    pub call: CallId,
}

/// A call in a queue's books, from its enqueueing to its answer or leaving.
#[derive(Clone, Debug)]
pub(super) struct QueuedCall {
    pub queue: QueueId,
    pub place: Place,
    /// The agent whose phone it is offered to; `None` while it waits for one.
    pub offered_to: Option<AgentId>,
    /// Agents who let it down, oldest first: others are tried before them.
    pub let_down_by: Vec<AgentId>,
}

impl QueuedCall {
    pub(super) fn new(call: CallId, queue: QueueId, priority: u8, since: Instant) -> Self {
        let place = Place { priority: Reverse(priority), since, call };
        Self { queue, place, offered_to: None, let_down_by: Vec::new() }
    }

    pub(super) fn note_let_down(&mut self, agent: &AgentId) {
        self.let_down_by.retain(|known| known != agent);
        if self.let_down_by.len() == REFUSALS_REMEMBERED_MAX {
            self.let_down_by.remove(0);
        }
        self.let_down_by.push(agent.clone());
    }
}

#[derive(Clone, Debug)]
pub(super) struct Queue {
    pub settings: QueueSettings,
    /// Of the skill it asks for.
    pub pool: PoolId,
    /// Gone from the configuration; it serves those who wait and takes nobody new.
    pub retired: bool,
    pub figures: Figures,
    /// All in the books, offered or not, by first arrival.
    arrivals: BTreeSet<(Instant, CallId)>,
}

impl Queue {
    pub(super) fn new(settings: QueueSettings, pool: PoolId) -> Self {
        Self { settings, pool, retired: false, figures: Figures::default(), arrivals: BTreeSet::new() }
    }

    /// One that the configuration does not have any more.
    pub(super) fn retired(settings: QueueSettings, pool: PoolId) -> Self {
        Self { retired: true, ..Self::new(settings, pool) }
    }

    pub(super) fn skill(&self) -> &Skill {
        &self.settings.skill
    }

    pub(super) fn is_full(&self) -> bool {
        self.arrivals.len() >= QUEUE_WAITING_MAX
    }

    /// Calls not answered yet, those being offered included.
    pub(super) fn waiting(&self) -> usize {
        self.arrivals.len()
    }

    pub(super) fn first_arrival(&self) -> Option<Instant> {
        self.arrivals.first().map(|(since, _)| *since)
    }

    /// Gone from the configuration, and it has served those who waited.
    pub(super) fn is_done(&self) -> bool {
        self.retired && self.arrivals.is_empty()
    }

    pub(super) fn enter(&mut self, place: Place) {
        self.arrivals.insert((place.since, place.call));
    }

    pub(super) fn leave(&mut self, place: Place) {
        self.arrivals.remove(&(place.since, place.call));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Rng, Timestamp};

    #[test]
    fn a_call_remembers_its_last_refusals_and_no_more() {
        let call = CallId::new(Timestamp(1), &mut Rng::new(1));
        let mut queued = QueuedCall::new(call, "service".into(), 5, Instant::START);
        let agents: Vec<AgentId> = (1_000..1_020).map(|n| AgentId::new(&n.to_string())).collect();
        for agent in &agents {
            queued.note_let_down(agent);
            queued.note_let_down(agent);
        }
        assert_eq!(queued.let_down_by, agents[agents.len() - REFUSALS_REMEMBERED_MAX..]);
    }
}
