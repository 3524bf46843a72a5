//! One queue: who waits in it, in which order. A call keeps its place, by first arrival, through every offer that fails.

use super::figures::Figures;
use super::{QueueSettings, Skill};
use crate::base::limits::{QUEUE_WAITING_MAX, REFUSALS_REMEMBERED_MAX};
use crate::base::{AgentId, CallId, Instant, QueueId};
use std::cmp::Reverse;
use std::collections::BTreeSet;

/// A call's place among those that wait: higher priority first, then first arrival, then the call's id.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Place {
    priority: Reverse<u8>,
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
    /// Gone from the configuration; it serves those who wait and takes nobody new.
    pub retired: bool,
    pub figures: Figures,
    /// Waiting for an agent to be offered to.
    next: BTreeSet<Place>,
    /// All in the books, offered or not, by first arrival.
    arrivals: BTreeSet<(Instant, CallId)>,
}

impl Queue {
    pub(super) fn new(settings: QueueSettings) -> Self {
        Self { settings, retired: false, figures: Figures::default(), next: BTreeSet::new(), arrivals: BTreeSet::new() }
    }

    pub(super) fn skill(&self) -> &Skill {
        &self.settings.skill
    }

    pub(super) fn is_full(&self) -> bool {
        self.arrivals.len() >= QUEUE_WAITING_MAX
    }

    pub(super) fn is_empty(&self) -> bool {
        self.arrivals.is_empty()
    }

    /// Calls not answered yet, those being offered included.
    pub(super) fn waiting(&self) -> usize {
        self.arrivals.len()
    }

    pub(super) fn first_arrival(&self) -> Option<Instant> {
        self.arrivals.first().map(|(since, _)| *since)
    }

    /// The call whose turn it is.
    pub(super) fn head(&self) -> Option<Place> {
        self.next.first().copied()
    }

    pub(super) fn enter(&mut self, place: Place) {
        self.arrivals.insert((place.since, place.call));
        self.next.insert(place);
    }

    /// The call is offered: it keeps its place, but it is nobody else's turn to take it.
    pub(super) fn offer(&mut self, place: Place) {
        let was_waiting = self.next.remove(&place);
        assert!(was_waiting, "a call is offered to one agent at a time");
    }

    /// The offer failed: back to the place it never lost.
    pub(super) fn put_back(&mut self, place: Place) {
        self.next.insert(place);
    }

    pub(super) fn leave(&mut self, place: Place) {
        self.next.remove(&place);
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
