//! What the API and the pages ask: copies of what stands, taken at one moment.

use super::roster::Member;
use super::{Acd, Counters, Figures, Levels, Queue, Reason, StateName, WrapUpKind};
use crate::base::{AgentId, CallId, Duration, Instant, QueueId};

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AgentSnapshot {
    pub agent: AgentId,
    pub state: StateName,
    /// When the state, or with not-ready the reason, was entered.
    pub since: Instant,
    /// Why he is not ready.
    pub reason: Option<Reason>,
    /// The call he is offered, or the first of those he is on.
    pub call: Option<CallId>,
    /// While talking: what follows, before any wrap-up. In a wrap-up that may not be cut short: what was asked for after it.
    pub next: Option<StateName>,
    pub skills: Levels,
    /// Of the time after a call: who ends it, and when it ends.
    pub wrap_up: Option<(WrapUpKind, Instant)>,
    /// Offers that he let go since he last answered one.
    pub counters: Counters,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct QueueSnapshot {
    pub queue: QueueId,
    /// What its calls ask for, before any widening.
    pub skills: Levels,
    /// Callers without an agent, those whose agent's phone rings included.
    pub waiting: usize,
    /// Who is to be called back and has no agent yet: with the callers in one line, and not counted among them.
    pub call_backs: usize,
    /// Of the callers who wait now; zero for nobody.
    pub longest_wait: Duration,
    /// How many agents who have all of it are in each state, in the order of [`StateName::ALL`].
    pub agents: [(StateName, usize); 7],
    pub today: Figures,
}

impl Acd {
    /// `None` for an agent who is not configured.
    #[must_use]
    pub fn agent(&self, id: &str) -> Option<AgentSnapshot> {
        self.roster.find(id).map(Member::snapshot)
    }

    /// All agents, in order of their ids.
    pub fn agents(&self) -> impl Iterator<Item = AgentSnapshot> + '_ {
        self.roster.iter().map(|(_, member)| member.snapshot())
    }

    /// `None` for a queue that is not configured.
    #[must_use]
    pub fn queue(&self, id: &str, now: Instant) -> Option<QueueSnapshot> {
        self.queues.get_key_value(id).map(|(id, queue)| self.queue_snapshot(id, queue, now))
    }

    /// All queues, in order of their ids.
    pub fn queues(&self, now: Instant) -> impl Iterator<Item = QueueSnapshot> + '_ {
        self.queues.iter().map(move |(id, queue)| self.queue_snapshot(id, queue, now))
    }

    /// The queue in which the call waits or is offered; `None` once it is answered or gone.
    #[must_use]
    pub fn queue_of(&self, call: CallId) -> Option<&QueueId> {
        self.calls.get(&call).map(|queued| &queued.queue)
    }

    /// The agents whom the call is offered to now, as they were called.
    #[must_use]
    pub fn offered_to(&self, call: CallId) -> &[AgentId] {
        self.calls.get(&call).map_or(&[], |queued| &queued.offered_to)
    }

    fn queue_snapshot(&self, id: &QueueId, queue: &Queue, now: Instant) -> QueueSnapshot {
        let pool = &self.pools[queue.pool];
        QueueSnapshot {
            queue: id.clone(),
            skills: queue.settings.skills.clone(),
            waiting: queue.waiting(),
            call_backs: queue.call_backs(),
            longest_wait: queue.first_arrival().map_or(Duration::ZERO, |since| now - since),
            agents: StateName::ALL.map(|state| (state, pool.count(0, state))),
            today: queue.figures,
        }
    }
}

impl Member {
    fn snapshot(&self) -> AgentSnapshot {
        AgentSnapshot {
            agent: self.id.clone(),
            state: self.agent.name(),
            since: self.agent.since(),
            reason: self.agent.reason().cloned(),
            call: self.agent.call(),
            next: self.agent.next_state(),
            skills: self.settings.skills.clone(),
            wrap_up: self.agent.wrap_up(),
            counters: self.agent.counters(),
        }
    }
}
