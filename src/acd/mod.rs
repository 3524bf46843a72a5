//! Automatic call distribution: which caller goes to which agent, and what every agent is doing.
//!
//! What lives here: agents, skills, queues, the matching of the two, today's figures. What must not: SIP, phones, ringing times, music.
//! Calls are known by their [`CallId`], and every fact comes from the parent.
//!
//! The rules of the house. The longest idle agent with the skill is offered the call of highest priority that arrived first. A call
//! keeps its place through every offer that fails, and is offered to agents who have not let it down before those who have. An agent
//! with an offer or a call is offered no other. After an offer: missed → not-ready `missed` (or ready, by `after_missed`), rejected →
//! not-ready `rejected`, unreachable → not-ready `unreachable` until his phone registers anew, busy or withdrawn → ready after a rest
//! of [`OFFER_REST`](crate::base::limits::OFFER_REST), so that no offer can loop. Not-ready or log-off asked for during a call comes
//! after it (and instead of wrap-up); asked for while his phone rings it stops the ringing.
//!
//! Offers end in one of two ways: told from outside by [`Event::OfferEnded`] or [`Event::Answered`], or from inside by
//! [`Action::Withdraw`]; after the latter the ACD has settled its books, and the offer's end need not be told. What is told of an offer
//! that no longer stands is ignored.

mod agent;
mod configure;
mod figures;
mod image;
mod matcher;
mod queue;
mod skill;
mod snapshot;
mod vocabulary;

#[cfg(test)]
mod model;
#[cfg(test)]
mod restarts;
#[cfg(test)]
mod stories;

pub use agent::StateName;
pub use configure::{AcdSettings, AfterMissed, AgentSettings, QueueSettings};
pub use figures::{Figures, SERVICE_LEVEL_WITHIN, SHORT_ABANDON_WITHIN, Share};
pub use image::{AgentImage, Changed, FiguresImage, QueuedImage};
pub use skill::Skill;
pub use snapshot::{AgentSnapshot, QueueSnapshot};
pub use vocabulary::{Action, Event, Leaving, OfferResult, Reason, Refusal};

use crate::base::{AgentId, CallId, Deadlines, Instant, Machine, QueueId};
use agent::{Agent, Work};
use queue::{Queue, QueuedCall};
use skill::{PoolId, Pools};
use std::collections::BTreeMap;
use std::sync::Arc;

/// All agents and queues of the switch.
#[derive(Debug)]
pub struct Acd {
    policy: agent::Policy,
    agents: BTreeMap<AgentId, Member>,
    queues: BTreeMap<QueueId, Queue>,
    /// Every call that waits or is offered.
    calls: BTreeMap<CallId, QueuedCall>,
    pools: Pools,
    deadlines: Deadlines<AgentId>,
    /// What a restart must know anew.
    changed: Changed,
    /// Within one turn: skills with a new call or a newly free agent, and calls that came to wait. Empty between turns.
    touched: Vec<PoolId>,
    came_to_wait: Vec<CallId>,
}

#[derive(Clone, Debug)]
struct Member {
    agent: Agent,
    skills: Arc<[Skill]>,
    /// Of his skills.
    pools: Box<[PoolId]>,
    /// Gone from the configuration; forgotten as soon as he is off his calls.
    retired: bool,
    indexed: Indexed,
}

/// How the pools and deadlines know an agent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Indexed {
    state: StateName,
    free_since: Option<Instant>,
    deadline: Option<Instant>,
}

impl Default for Indexed {
    fn default() -> Self {
        Self { state: StateName::Offline, free_since: None, deadline: None }
    }
}

impl Machine for Acd {
    type Event = Event;
    type Action = Action;

    fn handle(&mut self, event: Event, now: Instant, out: &mut Vec<Action>) {
        match event {
            Event::LoggedOn { agent } => self.tell(&agent, agent::Event::LoggedOn, now, out),
            Event::LoggedOff { agent } => self.tell(&agent, agent::Event::LoggedOff, now, out),
            Event::MadeReady { agent } => self.tell(&agent, agent::Event::MadeReady, now, out),
            Event::MadeNotReady { agent, reason } => self.tell(&agent, agent::Event::MadeNotReady { reason }, now, out),
            // Phones register often, and mostly nobody has missed them.
            Event::Reachable { agent } if !self.agents.get(&agent).is_some_and(|member| member.agent.misses_phone()) => {}
            Event::Reachable { agent } => self.tell(&agent, agent::Event::Reachable, now, out),
            Event::Enqueued { call, queue, priority, since } => {
                self.leave(call, Leaving::Overflowed, now, out);
                self.enqueue(call, queue, priority, since, out);
            }
            Event::Left { call, why } => self.leave(call, why, now, out),
            Event::Alerting { agent, call } => self.tell(&agent, agent::Event::Alerted { call }, now, out),
            // Being on a call that stands in the books is its answer, by whichever name it is told.
            Event::Answered { agent, call } | Event::Engaged { agent, call } => self.engage(&agent, call, now, out),
            Event::OfferEnded { agent, call, result } => {
                if self.is_offered(call, &agent) {
                    self.put_back(call, &agent, result == OfferResult::Missed);
                    self.tell(&agent, agent::Event::OfferEnded { call, result }, now, out);
                }
            }
            Event::Disengaged { agent, call } => self.tell(&agent, agent::Event::Disengaged { call }, now, out),
            Event::DayBegan => {
                for queue in self.queues.values_mut() {
                    queue.figures = Figures::of_a_new_day(queue.waiting());
                }
                self.changed.figures = true;
            }
        }
        self.settle(now, out);
    }

    fn handle_timeout(&mut self, now: Instant, out: &mut Vec<Action>) {
        while let Some(id) = self.deadlines.pop_due(now) {
            let Some(member) = self.agents.get_mut(&id) else { continue };
            member.indexed.deadline = None;
            let mut orders = Vec::new();
            member.agent.handle_timeout(now, &mut orders);
            self.note(&id, orders, out);
        }
        self.settle(now, out);
    }

    fn deadline(&self) -> Option<Instant> {
        self.deadlines.next()
    }
}

impl Acd {
    /// Tells an agent a fact and carries out what he orders. Facts about unknown agents are ignored: a reload may have taken them.
    fn tell(&mut self, id: &AgentId, event: agent::Event, now: Instant, out: &mut Vec<Action>) {
        let Some(member) = self.agents.get_mut(id) else { return };
        let mut orders = Vec::new();
        member.agent.handle(event, now, &mut orders);
        self.note(id, orders, out);
    }

    /// What becomes of an agent who was told something: his orders, his place in the indexes, his image.
    fn note(&mut self, id: &AgentId, orders: Vec<agent::Action>, out: &mut Vec<Action>) {
        for order in orders {
            match order {
                agent::Action::DropOffer { call, missed } => {
                    out.push(Action::Withdraw { call, agent: id.clone() });
                    self.put_back(call, id, missed);
                }
                agent::Action::Handled { queue, talked } => {
                    if let Some(queue) = self.queues.get_mut(&queue) {
                        queue.figures.note_handled(talked);
                        self.changed.figures = true;
                    }
                }
                agent::Action::Changed { from, to, reason } => {
                    out.push(Action::StateChanged { agent: id.clone(), from, to, reason });
                }
            }
        }
        self.changed.agents.insert(id.clone());
        self.index(id);
    }

    /// Brings the pools and deadlines up to date with an agent.
    fn index(&mut self, id: &AgentId) {
        let Some(member) = self.agents.get_mut(id) else { return };
        let agent = &member.agent;
        let is = Indexed { state: agent.name(), free_since: agent.free_since(), deadline: agent.deadline() };
        let was = std::mem::replace(&mut member.indexed, is);
        if was.deadline != is.deadline {
            self.deadlines.set(id.clone(), is.deadline);
        }
        let gone = member.retired && is.state == StateName::Offline;
        if (was.state, was.free_since) != (is.state, is.free_since) || gone {
            for pool in &member.pools {
                let pool = &mut self.pools[*pool];
                pool.leave(id, was.state, was.free_since);
                if !gone {
                    pool.enter(id, is.state, is.free_since);
                }
            }
            if is.free_since.is_some() {
                self.touched.extend(&member.pools);
            }
        }
        if gone {
            self.agents.remove(id);
        }
    }

    fn is_offered(&self, call: CallId, agent: &AgentId) -> bool {
        self.calls.get(&call).is_some_and(|queued| queued.offered_to.as_ref() == Some(agent))
    }

    fn enqueue(&mut self, call: CallId, id: QueueId, priority: u8, since: Instant, out: &mut Vec<Action>) {
        let why = match self.queues.get_mut(&id) {
            None | Some(Queue { retired: true, .. }) => Refusal::Unknown,
            Some(queue) if queue.is_full() => {
                queue.figures.refused += 1;
                self.changed.figures = true;
                Refusal::Full
            }
            Some(queue) => {
                let queued = QueuedCall::new(call, id, priority, since);
                queue.enter(queued.place);
                queue.figures.offered += 1;
                self.calls.insert(call, queued);
                self.wait(call);
                return;
            }
        };
        out.push(Action::Refuse { call, queue: id, why });
    }

    /// An offer failed: the call is back in its place, and its agent is the last to be tried again.
    fn put_back(&mut self, call: CallId, agent: &AgentId, missed: bool) {
        let Some(queued) = self.calls.get_mut(&call) else { return };
        queued.offered_to = None;
        queued.note_let_down(agent);
        let queue = self.queues.get_mut(&queued.queue).expect("a queue outlives its calls");
        queue.figures.offers_missed += u64::from(missed);
        self.wait(call);
    }

    /// The call waits for an agent, at its place in the line of its skill.
    fn wait(&mut self, call: CallId) {
        let queued = self.calls.get(&call).expect("who waits is in the books");
        let pool = self.queues.get(&queued.queue).expect("a queue outlives its calls").pool;
        self.pools[pool].waiting.insert(queued.place);
        self.touched.push(pool);
        self.came_to_wait.push(call);
        self.changed.note_call(call);
    }

    /// Takes a call out of the books; a phone that rings for it, other than `but_not`'s, is silenced.
    fn take(&mut self, call: CallId, but_not: Option<&AgentId>, now: Instant, out: &mut Vec<Action>) -> Option<QueuedCall> {
        let queued = self.calls.remove(&call)?;
        self.changed.note_call(call);
        let queue = self.queues.get_mut(&queued.queue).expect("a queue outlives its calls");
        queue.leave(queued.place);
        self.pools[queue.pool].waiting.remove(&queued.place);
        if let Some(agent) = queued.offered_to.as_ref().filter(|agent| Some(*agent) != but_not) {
            out.push(Action::Withdraw { call, agent: agent.clone() });
            self.tell(agent, agent::Event::Spared { call }, now, out);
        }
        Some(queued)
    }

    fn leave(&mut self, call: CallId, why: Leaving, now: Instant, out: &mut Vec<Action>) {
        let Some(queued) = self.take(call, None, now, out) else { return };
        let wait = now - queued.place.since;
        let queue = self.queues.get_mut(&queued.queue).expect("a queue outlives its calls");
        match why {
            Leaving::Abandoned => queue.figures.note_abandoned(wait),
            Leaving::Overflowed => queue.figures.note_overflowed(wait),
        }
        self.forget_if_done(&queued.queue);
    }

    /// The agent is on the call. When the call stood in the books, it is answered.
    fn engage(&mut self, id: &AgentId, call: CallId, now: Instant, out: &mut Vec<Action>) {
        let work = self.take(call, Some(id), now, out).map(|queued| {
            let queue = self.queues.get_mut(&queued.queue).expect("a queue outlives its calls");
            queue.figures.note_answered(now - queued.place.since);
            let wrap_up = queue.settings.wrap_up;
            self.forget_if_done(&queued.queue);
            Work { queue: queued.queue, wrap_up }
        });
        self.tell(id, agent::Event::Engaged { call, work }, now, out);
    }

    fn forget_if_done(&mut self, id: &QueueId) {
        if self.queues.get(id).is_some_and(Queue::is_done) {
            self.queues.remove(id);
        }
    }
}
