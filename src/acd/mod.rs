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
mod matcher;
mod queue;
mod skill;
mod snapshot;

#[cfg(test)]
mod model;
#[cfg(test)]
mod stories;

pub use agent::StateName;
pub use configure::{AcdSettings, AfterMissed, AgentSettings, QueueSettings};
pub use figures::{Figures, SERVICE_LEVEL_WITHIN, SHORT_ABANDON_WITHIN, Share};
pub use skill::Skill;
pub use snapshot::{AgentSnapshot, QueueSnapshot};

use crate::base::limits::REASON_LETTERS_MAX;
use crate::base::{AgentId, CallId, Deadlines, Instant, Machine, QueueId};
use agent::{Agent, Work};
use queue::{Queue, QueuedCall};
use skill::Pool;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// All agents and queues of the switch.
#[derive(Debug)]
pub struct Acd {
    policy: agent::Policy,
    agents: BTreeMap<AgentId, Member>,
    queues: BTreeMap<QueueId, Queue>,
    /// Every call that waits or is offered.
    calls: BTreeMap<CallId, QueuedCall>,
    pools: BTreeMap<Skill, Pool>,
    deadlines: Deadlines<AgentId>,
    /// Within one turn: skills with a new call or a newly free agent, and calls that came to wait. Empty between turns.
    touched: Vec<Skill>,
    came_to_wait: Vec<CallId>,
}

#[derive(Clone, Debug)]
struct Member {
    agent: Agent,
    skills: Arc<[Skill]>,
    /// Gone from the configuration; forgotten as soon as he is off his calls.
    retired: bool,
    /// How the pools know him.
    indexed: (StateName, Option<Instant>),
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// Offline → not-ready `logged-on`; [`Event::MadeReady`] follows where logging in makes ready.
    LoggedOn {
        agent: AgentId,
    },
    LoggedOff {
        agent: AgentId,
    },
    /// Ends not-ready and wrap-up; during a call it takes back what was asked for after it. Nothing to an agent who is offline.
    MadeReady {
        agent: AgentId,
    },
    MadeNotReady {
        agent: AgentId,
        reason: Reason,
    },
    /// His phone registered (anew): ends not-ready `unreachable`, nothing else.
    Reachable {
        agent: AgentId,
    },

    /// A caller entered a queue. A higher `priority` goes first; `since` is his first arrival.
    Enqueued {
        call: CallId,
        queue: QueueId,
        priority: u8,
        since: Instant,
    },
    /// A caller who had no agent yet left the queue. A phone that rang for him is silenced.
    Left {
        call: CallId,
        why: Leaving,
    },

    /// The phone of the agent who was offered the call rings.
    Alerting {
        agent: AgentId,
        call: CallId,
    },
    /// An agent has the caller. Of a call offered to another, or to nobody yet: he picked it up.
    Answered {
        agent: AgentId,
        call: CallId,
    },
    /// The offer ended without an answer, and the caller still waits.
    OfferEnded {
        agent: AgentId,
        call: CallId,
        result: OfferResult,
    },

    /// The agent is on a call that no queue gave him: internal, outgoing, direct.
    Engaged {
        agent: AgentId,
        call: CallId,
    },
    /// The agent's part in a call ended, queue's or not.
    Disengaged {
        agent: AgentId,
        call: CallId,
    },

    /// Midnight: the figures begin anew.
    DayBegan,
}

/// How an offer ended without an answer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum OfferResult {
    /// Rang to the limit.
    Missed,
    /// 603, or any final answer that says no.
    Rejected,
    /// 486.
    Busy,
    /// No contact, no answer to the INVITE, 408, 480, 5xx.
    Unreachable,
    /// Taken back by the switch for reasons of its own.
    Withdrawn,
}

/// How a caller left a queue before an agent answered.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Leaving {
    /// He hung up, or the call broke.
    Abandoned,
    /// He was taken elsewhere: another queue or destination.
    Overflowed,
}

/// Why an agent is not ready.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Reason {
    LoggedOn,
    Missed,
    Rejected,
    Unreachable,
    /// As asked for by phone or API: `meeting`, `break`, …
    Asked(Arc<str>),
}

impl Reason {
    /// A reason in the agent's own words, cut at [`REASON_LETTERS_MAX`] letters.
    #[must_use]
    pub fn asked(text: &str) -> Self {
        Self::Asked(text.chars().take(REASON_LETTERS_MAX).collect::<String>().into())
    }

    /// `logged-on`, `missed`, `rejected`, `unreachable`, or the agent's own words.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::LoggedOn => "logged-on",
            Self::Missed => "missed",
            Self::Rejected => "rejected",
            Self::Unreachable => "unreachable",
            Self::Asked(text) => text,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Action {
    /// Ring the agent's phone for the caller.
    Offer { call: CallId, agent: AgentId, queue: QueueId },
    /// Stop the agent's phone: the caller left, another has him, or the agent is no longer free. The offer is over in these books.
    Withdraw { call: CallId, agent: AgentId },
    /// No agent is free for a caller who came, or whose offer failed: the switch entertains him itself.
    KeepWaiting { call: CallId, queue: QueueId },
    /// The queue does not take the caller.
    Refuse { call: CallId, queue: QueueId, why: Refusal },
    /// For events and API. `reason` stands with not-ready alone.
    StateChanged { agent: AgentId, from: StateName, to: StateName, reason: Option<Reason> },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// [`QUEUE_WAITING_MAX`](crate::base::limits::QUEUE_WAITING_MAX) calls wait in it.
    Full,
    /// The configuration has no such queue (any more).
    Unknown,
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
            }
        }
        self.settle(now, out);
    }

    fn handle_timeout(&mut self, now: Instant, out: &mut Vec<Action>) {
        while let Some(id) = self.deadlines.pop_due(now) {
            let Some(member) = self.agents.get_mut(&id) else { continue };
            let mut orders = Vec::new();
            member.agent.handle_timeout(now, &mut orders);
            self.route(&id, orders, out);
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
        self.route(id, orders, out);
    }

    fn route(&mut self, id: &AgentId, orders: Vec<agent::Action>, out: &mut Vec<Action>) {
        for order in orders {
            match order {
                agent::Action::DropOffer { call, missed } => {
                    out.push(Action::Withdraw { call, agent: id.clone() });
                    self.put_back(call, id, missed);
                }
                agent::Action::Handled { queue, talked } => {
                    if let Some(queue) = self.queues.get_mut(&queue) {
                        queue.figures.note_handled(talked);
                    }
                }
                agent::Action::Changed { from, to, reason } => {
                    out.push(Action::StateChanged { agent: id.clone(), from, to, reason });
                }
            }
        }
        self.index(id);
    }

    /// Brings the pools and deadlines up to date with an agent.
    fn index(&mut self, id: &AgentId) {
        let Some(member) = self.agents.get_mut(id) else { return };
        self.deadlines.set(id.clone(), member.agent.deadline());
        let (was, is) = (member.indexed, (member.agent.name(), member.agent.free_since()));
        let gone = member.retired && is.0 == StateName::Offline;
        if was != is || gone {
            member.indexed = is;
            for skill in member.skills.iter() {
                let pool = self.pools.entry(skill.clone()).or_default();
                pool.leave(id, was.0, was.1);
                if !gone {
                    pool.enter(id, is.0, is.1);
                }
            }
            if is.1.is_some() {
                self.touched.extend(member.skills.iter().cloned());
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
                Refusal::Full
            }
            Some(queue) => {
                let queued = QueuedCall::new(call, id, priority, since);
                queue.enter(queued.place);
                queue.figures.offered += 1;
                self.touched.push(queue.skill().clone());
                self.came_to_wait.push(call);
                self.calls.insert(call, queued);
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
        queue.put_back(queued.place);
        queue.figures.offers_missed += u64::from(missed);
        self.touched.push(queue.skill().clone());
        self.came_to_wait.push(call);
    }

    /// Takes a call out of the books; a phone that rings for it, other than `but_not`'s, is silenced.
    fn take(&mut self, call: CallId, but_not: Option<&AgentId>, now: Instant, out: &mut Vec<Action>) -> Option<QueuedCall> {
        let queued = self.calls.remove(&call)?;
        self.queues.get_mut(&queued.queue).expect("a queue outlives its calls").leave(queued.place);
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
        if let Some(queue) = self.queues.get(id).filter(|queue| queue.retired && queue.is_empty()) {
            if let Some(pool) = self.pools.get_mut(queue.skill()) {
                pool.queues.remove(id);
            }
            self.queues.remove(id);
        }
    }
}
