//! What a restart must know of agents, queued calls and today's figures: their images, which of them changed, and their restoration.
//!
//! Restoring goes in any order: [`Acd::new`] with the configuration of today, each image by `restore_…`, and then, once,
//! [`Acd::restored`], which mends what the images do not agree about. An image may be lost or older than its neighbour, for they are
//! written one after the other: no agent may stick for that, and no caller be forgotten. Whose word counts: the calls that go on are
//! those that the parent names; whom a call is offered to is the call's own word.

use super::agent::{self, Agent, Counters, State};
use super::fairness::{COMMON, FlowsImage};
use super::forecast::Pace;
use super::matcher::Course;
use super::queue::{Queue, QueuedCall};
use super::roster::{Member, Seat};
use super::strategy::Tally;
use super::{Acd, Action, AgentSettings, Figures, Leaving, Levels, QueueSettings};
use crate::base::{AgentId, CallId, Instant, QueueId};
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What changed since last asked: agents and calls that have a new image, or are gone and have none.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Changed {
    pub agents: BTreeSet<AgentId>,
    pub calls: BTreeSet<CallId>,
    pub figures: bool,
}

/// An agent's state with its deadline, and what was asked for after his calls.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AgentImage {
    state: State,
    since: Instant,
    /// Counted by them should the configuration not have him any more.
    #[serde(default)]
    settings: Arc<AgentSettings>,
    #[serde(default)]
    tally: Tally,
    #[serde(default)]
    counters: Counters,
}

/// The place of a call that has no agent yet.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct QueuedImage {
    queue: QueueId,
    /// By them it is served should the configuration not have the queue any more.
    settings: QueueSettings,
    priority: u8,
    since: Instant,
    /// With its first arrival, where nothing is said of it.
    #[serde(default)]
    entered: Option<Instant>,
    #[serde(default)]
    preferred: Option<AgentId>,
    #[serde(default)]
    awaits: bool,
    #[serde(default)]
    asks: Levels,
    #[serde(deserialize_with = "one_or_several")]
    offered_to: Vec<AgentId>,
    /// With its entry, where nothing is said of it.
    #[serde(default)]
    rings_since: Option<Instant>,
    #[serde(default)]
    rang_out: bool,
    #[serde(default)]
    call_back: bool,
    #[serde(default)]
    let_down_by: Vec<AgentId>,
}

/// When a call was offered to one agent at a time, an image had one or nobody.
fn one_or_several<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<AgentId>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Offered {
        Several(Vec<AgentId>),
        One(Option<AgentId>),
    }
    Ok(match Offered::deserialize(deserializer)? {
        Offered::Several(agents) => agents,
        Offered::One(agent) => agent.into_iter().collect(),
    })
}

/// Today's figures of all queues, and how far the matcher has come.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct FiguresImage {
    queues: BTreeMap<QueueId, QueueImage>,
    #[serde(default)]
    course: Course,
    #[serde(default)]
    flows: FlowsImage,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct QueueImage {
    settings: QueueSettings,
    figures: Figures,
    /// Of a queue with a weight: when its next call is due.
    #[serde(default)]
    tag: u64,
    #[serde(default)]
    pace: Pace,
}

impl Changed {
    /// A queue's figures change with every call of its own.
    pub(super) fn note_call(&mut self, call: CallId) {
        self.calls.insert(call);
        self.figures = true;
    }
}

impl Acd {
    /// What changed since this was last asked. Bounded by the agents and calls that are, and those that went since.
    pub fn take_changed(&mut self) -> Changed {
        std::mem::take(&mut self.changed)
    }

    /// `None` for an agent who is not known (any more).
    #[must_use]
    pub fn agent_image(&self, id: &AgentId) -> Option<AgentImage> {
        let Member { agent, settings, tally, .. } = self.roster.find(id.as_str())?;
        Some(AgentImage {
            state: agent.state().clone(),
            since: agent.since(),
            settings: settings.clone(),
            tally: *tally,
            counters: agent.counters(),
        })
    }

    /// `None` for a call that stands in no queue (any more).
    #[must_use]
    pub fn call_image(&self, call: CallId) -> Option<QueuedImage> {
        // Where it stands, and in which pool, follows from the rest.
        let QueuedCall { stand: _, pool: _, rings_since, entered, priority, since, awaits, rang_out, call_back, .. } =
            self.calls.get(&call)?;
        let QueuedCall { queue, preferred, asks, offered_to, let_down_by, .. } = self.calls.get(&call)?;
        let settings = self.queues.get(queue).expect("a queue outlives its calls").settings.clone();
        Some(QueuedImage {
            queue: queue.clone(),
            settings,
            priority: *priority,
            since: *since,
            entered: Some(*entered),
            preferred: preferred.clone(),
            awaits: *awaits,
            asks: asks.clone(),
            offered_to: offered_to.clone(),
            rings_since: Some(*rings_since),
            rang_out: *rang_out,
            call_back: *call_back,
            let_down_by: let_down_by.clone(),
        })
    }

    #[must_use]
    pub fn figures_image(&self) -> FiguresImage {
        let tag = |queue: &Queue| if queue.flow == COMMON { 0 } else { self.flows.tag(queue.flow) };
        let image =
            |queue: &Queue| QueueImage { settings: queue.settings.clone(), figures: queue.figures, tag: tag(queue), pace: queue.pace };
        let queues = self.queues.iter().map(|(id, queue)| (id.clone(), image(queue))).collect();
        FiguresImage { queues, course: self.course, flows: self.flows.image() }
    }

    /// An agent who is no longer configured is kept, as over a reload, until he is off his calls.
    pub fn restore_agent(&mut self, id: &AgentId, image: AgentImage) {
        let seat = match self.roster.seat(id.as_str()) {
            Some(seat) => {
                self.changed.agents.remove(id);
                seat
            }
            None => self.seat_retired(id, &image),
        };
        let member = &mut self.roster[seat];
        member.agent = Agent::restored(self.policy, image.state, image.since, image.counters);
        member.tally = image.tally;
        self.index(seat);
    }

    fn seat_retired(&mut self, id: &AgentId, image: &AgentImage) -> Seat {
        let mut member = Member::new(id.clone(), image.settings.clone(), self.policy, image.since);
        member.pools = self.pools.memberships(&member.settings);
        member.retired = true;
        self.changed.agents.insert(id.clone());
        let seat = self.roster.push(member);
        let member = &self.roster[seat];
        for part in &member.pools {
            self.pools[part.pool].enter(seat, member, *part);
        }
        seat
    }

    /// The call is in the books as it was; it stands in its line when all is restored. A queue that is no longer configured is kept, as over
    /// a reload, until it has served it.
    pub fn restore_call(&mut self, call: CallId, image: QueuedImage) {
        let QueuedImage { queue: id, settings, priority, since, entered, preferred, awaits, asks, .. } = image;
        if self.calls.contains_key(&call) {
            return;
        }
        let queue = self.queue_or_retired(&id, settings);
        if image.call_back {
            queue.enter_call_back(call);
        } else {
            queue.enter(call, since);
        }
        let entered = entered.unwrap_or(since);
        let queued = QueuedCall {
            queue: id,
            priority,
            since,
            entered,
            preferred,
            awaits,
            asks,
            pool: queue.pool,
            offered_to: image.offered_to,
            rings_since: image.rings_since.unwrap_or(entered),
            rang_out: image.rang_out,
            call_back: image.call_back,
            let_down_by: image.let_down_by,
            stand: None,
        };
        self.calls.insert(call, queued);
    }

    pub fn restore_figures(&mut self, image: FiguresImage) {
        for (id, QueueImage { settings, figures, tag, pace }) in image.queues {
            let queue = self.queue_or_retired(&id, settings);
            queue.figures = figures;
            queue.pace = pace;
            if queue.flow != COMMON {
                let flow = queue.flow;
                self.flows.set_tag(flow, tag);
            }
        }
        self.course = image.course;
        self.flows.restore(image.flows);
    }

    fn queue_or_retired(&mut self, id: &QueueId, settings: QueueSettings) -> &mut Queue {
        if !self.queues.contains_key(id) {
            self.add_queue(id.clone(), settings).retired = true;
        }
        self.queues.get_mut(id).expect("it was there or has been added")
    }

    /// All images are restored: what they do not agree about is mended, and who is free is offered a call. `alive` are the calls that go
    /// on. The caller of another has left; an agent's part in another has ended. An agent whose image does not know of a call that he
    /// is on is told so as ever, by [`Event::Engaged`](super::Event::Engaged).
    pub fn restored(&mut self, alive: &BTreeSet<CallId>, now: Instant, out: &mut Vec<Action>) {
        let lost: Vec<CallId> = self.calls.keys().filter(|call| !alive.contains(call)).copied().collect();
        for call in lost {
            self.leave(call, Leaving::Abandoned, now, out);
        }
        let known: Vec<AgentId> = self.roster.iter().map(|(_, member)| member.id.clone()).collect();
        for id in known {
            self.mend_agent(&id, alive, now, out);
        }
        self.mend_offers(now, out);
        self.queues.retain(|_, queue| !queue.is_done());
        for queue in self.queues.values_mut() {
            self.changed.figures |= queue.figures.mend(queue.waiting());
        }
        self.rebuild(now, out);
        self.settle(now, out);
    }

    fn mend_agent(&mut self, id: &AgentId, alive: &BTreeSet<CallId>, now: Instant, out: &mut Vec<Action>) {
        let Some(member) = self.roster.find(id.as_str()) else { return };
        let retired = member.retired;
        // An answer that the call's image does not know yet is none.
        let ended = member.agent.calls().into_iter().filter(|call| !alive.contains(call) || self.is_offered(*call, id));
        let spared = member.agent.offered().filter(|call| !self.is_offered(*call, id));
        let ended = ended.map(|call| agent::Event::Disengaged { call });
        let facts: Vec<_> = ended.chain(spared.map(|call| agent::Event::Spared { call })).collect();
        for fact in facts {
            self.tell(id, fact, now, out);
        }
        if retired {
            self.tell(id, agent::Event::LoggedOff, now, out);
        }
    }

    /// A call whose agent knows nothing of the offer is back in its place.
    fn mend_offers(&mut self, now: Instant, out: &mut Vec<Action>) {
        let offers = self.calls.iter().flat_map(|(call, queued)| queued.offered_to.iter().map(|agent| (*call, agent.clone())));
        let stands = |call: CallId, id: &AgentId| self.roster.find(id.as_str()).is_some_and(|member| member.agent.offered() == Some(call));
        let broken: Vec<(CallId, AgentId)> = offers.filter(|(call, id)| !stands(*call, id)).collect();
        for (call, agent) in broken {
            out.push(Action::Withdraw { call, agent: agent.clone() });
            self.put_back(call, &agent, false, now, out);
        }
    }
}
