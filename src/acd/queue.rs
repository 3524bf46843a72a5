//! One queue: who is in it, and what the ACD knows of each call. A call keeps its first arrival through every offer that fails.
//! The line itself is its pool's, for queues that ask for the same are served as one: see [`Pool`](super::pool::Pool).

use super::QueueSettings;
use super::fairness::FlowId;
use super::figures::Figures;
use super::forecast::Pace;
use super::line::Place;
use super::pool::PoolId;
use super::roster::Seat;
use crate::base::limits::REFUSALS_REMEMBERED_MAX;
use crate::base::{AgentId, CallId, Instant, QueueId};
use std::collections::BTreeSet;

/// A call in a queue's books, from its enqueueing to its answer or leaving.
#[derive(Clone, Debug)]
pub(super) struct QueuedCall {
    pub queue: QueueId,
    /// As it came, without ageing.
    pub priority: u8,
    /// First arrival, here or elsewhere: his place.
    pub since: Instant,
    /// Into this queue: widening and the longest wait count from here.
    pub entered: Instant,
    pub preferred: Option<AgentId>,
    /// Whether it waits for him, and others may not take it yet. Once that is over it does not begin again.
    pub awaits: bool,
    /// The agent whose phone it is offered to; `None` while it waits for one.
    pub offered_to: Option<AgentId>,
    /// Agents who let it down, oldest first: others are tried before them.
    pub let_down_by: Vec<AgentId>,
    /// Where it stands while it waits.
    pub stand: Option<Stand>,
}

/// Where a call that waits for an agent stands, and is to be taken away from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stand {
    pub place: Place,
    pub flow: FlowId,
    pub at: At,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum At {
    Line {
        pool: PoolId,
        step: u8,
    },
    /// Before the door of its preferred agent.
    Door(Seat),
}

impl QueuedCall {
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
    /// Of what it asks for.
    pub pool: PoolId,
    pub flow: FlowId,
    /// Gone from the configuration; it serves those who wait and takes nobody new.
    pub retired: bool,
    pub figures: Figures,
    pub pace: Pace,
    /// All in the books, offered or not, by first arrival.
    arrivals: BTreeSet<(Instant, CallId)>,
}

impl Queue {
    pub(super) fn new(settings: QueueSettings, pool: PoolId, flow: FlowId) -> Self {
        Self { settings, pool, flow, retired: false, figures: Figures::default(), pace: Pace::default(), arrivals: BTreeSet::new() }
    }

    pub(super) fn is_full(&self) -> bool {
        self.arrivals.len() >= self.settings.capacity
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

    pub(super) fn enter(&mut self, call: CallId, since: Instant) {
        self.arrivals.insert((since, call));
    }

    pub(super) fn leave(&mut self, call: CallId, since: Instant) {
        self.arrivals.remove(&(since, call));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_remembers_its_last_refusals_and_no_more() {
        let (since, offered_to, stand) = (Instant::START, None, None);
        let mut queued = QueuedCall {
            queue: "service".into(),
            priority: 5,
            since,
            entered: since,
            preferred: None,
            awaits: false,
            offered_to,
            let_down_by: Vec::new(),
            stand,
        };
        let agents: Vec<AgentId> = (1_000..1_020).map(|n| AgentId::new(&n.to_string())).collect();
        for agent in &agents {
            queued.note_let_down(agent);
            queued.note_let_down(agent);
        }
        assert_eq!(queued.let_down_by, agents[agents.len() - REFUSALS_REMEMBERED_MAX..]);
    }
}
