//! One queue: who is in it, and what the ACD knows of each call. A call keeps its first arrival through every offer that fails.
//! The line itself is its pool's, for queues that ask for the same are served as one: see [`Pool`](super::pool::Pool).

use super::fairness::FlowId;
use super::figures::Figures;
use super::forecast::Pace;
use super::line::Place;
use super::pool::{PoolId, Pools};
use super::roster::Seat;
use super::{Levels, QueueSettings};
use crate::base::limits::REFUSALS_REMEMBERED_MAX;
use crate::base::{AgentId, CallId, Duration, Instant, QueueId};
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
    /// What the number that he dialled asks for besides the queue.
    pub asks: Levels,
    /// Of all that is asked for.
    pub pool: PoolId,
    /// The agents whose phones ring for it, as they were called; nobody while it waits for one.
    pub offered_to: Vec<AgentId>,
    /// When the first of them was called; without any it means nothing.
    pub rings_since: Instant,
    /// One of those who were called with them let it ring out.
    pub rang_out: bool,
    /// Nobody is on the line: he is called when an agent is there for him.
    pub call_back: bool,
    /// Agents who let it down, oldest first: others are tried before them.
    pub let_down_by: Vec<AgentId>,
    /// Where it stands while it waits for a phone to ring, or for another beside those that ring.
    pub stand: Option<Stand>,
}

/// Where a call that waits for an agent stands, and is to be taken away from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stand {
    pub place: Place,
    pub flow: FlowId,
    /// A phone rings for it already.
    pub rings: bool,
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
    /// Whether a phone rings for it.
    pub(super) fn is_offered(&self) -> bool {
        !self.offered_to.is_empty()
    }

    /// How many more phones are to ring for it now, and when that will be one more. One whom it waited for rings alone.
    pub(super) fn wants(&self, settings: &QueueSettings, now: Instant) -> (usize, Option<Instant>) {
        if !self.is_offered() {
            return (settings.phones_after(Duration::ZERO).0, None);
        }
        if self.awaits {
            return (0, None);
        }
        let (phones, next) = settings.phones_after(now - self.rings_since);
        (phones.saturating_sub(self.offered_to.len()), next.map(|step| self.rings_since + step))
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
    /// Of what it asks for.
    pub pool: PoolId,
    /// Of what its calls ask for whose numbers ask for more: as many as there are such numbers.
    classes: Vec<(Levels, PoolId)>,
    pub flow: FlowId,
    /// Gone from the configuration; it serves those who wait and takes nobody new.
    pub retired: bool,
    pub figures: Figures,
    pub pace: Pace,
    /// All callers in the books, offered or not, by first arrival.
    arrivals: BTreeSet<(Instant, CallId)>,
    /// Those who are to be called back.
    call_backs: BTreeSet<CallId>,
}

impl Queue {
    pub(super) fn new(settings: QueueSettings, pool: PoolId, flow: FlowId) -> Self {
        let (figures, pace) = (Figures::default(), Pace::default());
        let (arrivals, call_backs) = (BTreeSet::new(), BTreeSet::new());
        Self { settings, pool, classes: Vec::new(), flow, retired: false, figures, pace, arrivals, call_backs }
    }

    /// All pools are made anew, this one first.
    pub(super) fn begin_anew(&mut self, pools: &mut Pools) {
        self.pool = pools.of(&self.settings, &Levels::new()).0;
        self.classes.clear();
    }

    /// The pool of its calls whose number asks for this besides, and whether it was made for it, with nobody in it.
    pub(super) fn pool_for(&mut self, asks: &Levels, pools: &mut Pools) -> (PoolId, bool) {
        if asks.is_empty() {
            return (self.pool, false);
        }
        if let Some((_, pool)) = self.classes.iter().find(|(known, _)| known == asks) {
            return (*pool, false);
        }
        let (pool, is_new) = pools.of(&self.settings, asks);
        self.classes.push((asks.clone(), pool));
        (pool, is_new)
    }

    /// Where its calls stand, each once.
    pub(super) fn pools(&self) -> BTreeSet<PoolId> {
        self.classes.iter().map(|(_, pool)| *pool).chain([self.pool]).collect()
    }

    pub(super) fn is_full(&self) -> bool {
        self.arrivals.len() >= self.settings.capacity
    }

    /// Callers not answered yet, those being offered included.
    pub(super) fn waiting(&self) -> usize {
        self.arrivals.len()
    }

    /// Those who are to be called back, and have no agent yet.
    pub(super) fn call_backs(&self) -> usize {
        self.call_backs.len()
    }

    pub(super) fn first_arrival(&self) -> Option<Instant> {
        self.arrivals.first().map(|(since, _)| *since)
    }

    /// Gone from the configuration, and it has served those who waited.
    pub(super) fn is_done(&self) -> bool {
        self.retired && self.arrivals.is_empty() && self.call_backs.is_empty()
    }

    pub(super) fn enter(&mut self, call: CallId, since: Instant) {
        self.arrivals.insert((since, call));
    }

    pub(super) fn enter_call_back(&mut self, call: CallId) {
        self.call_backs.insert(call);
    }

    pub(super) fn leave(&mut self, call: CallId, since: Instant) {
        self.arrivals.remove(&(since, call));
        self.call_backs.remove(&call);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_remembers_its_last_refusals_and_no_more() {
        let (since, stand) = (Instant::START, None);
        let mut queued = QueuedCall {
            queue: "service".into(),
            priority: 5,
            since,
            entered: since,
            preferred: None,
            awaits: false,
            asks: Levels::new(),
            pool: Pools::default().of(&QueueSettings::default(), &Levels::new()).0,
            offered_to: Vec::new(),
            rings_since: since,
            rang_out: false,
            call_back: false,
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
