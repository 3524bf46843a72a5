//! What a restart must know of agents, queued calls and today's figures: their images, which of them changed, and their restoration.
//!
//! Restoring goes in any order: [`Acd::new`] with the configuration of today, each image by `restore_…`, and then, once,
//! [`Acd::restored`], which mends what the images do not agree about. An image may be lost or older than its neighbour, for they are
//! written one after the other: no agent may stick for that, and no caller be forgotten. Whose word counts: the calls that go on are
//! those that the parent names; whom a call is offered to is the call's own word.

use super::agent::{self, Agent, State};
use super::queue::{Queue, QueuedCall};
use super::{Acd, Action, Figures, Indexed, Leaving, Member, QueueSettings, Skill, StateName};
use crate::base::{AgentId, CallId, Instant, QueueId};
use serde::{Deserialize, Serialize};
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
    skills: Arc<[Skill]>,
}

/// The place of a call that has no agent yet.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct QueuedImage {
    queue: QueueId,
    /// By them it is served should the configuration not have the queue any more.
    settings: QueueSettings,
    priority: u8,
    since: Instant,
    offered_to: Option<AgentId>,
    #[serde(default)]
    let_down_by: Vec<AgentId>,
}

/// Today's figures of all queues.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct FiguresImage {
    queues: BTreeMap<QueueId, QueueImage>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct QueueImage {
    settings: QueueSettings,
    figures: Figures,
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
        let Member { agent, skills, .. } = self.agents.get(id)?;
        Some(AgentImage { state: agent.state().clone(), since: agent.since(), skills: skills.clone() })
    }

    /// `None` for a call that stands in no queue (any more).
    #[must_use]
    pub fn call_image(&self, call: CallId) -> Option<QueuedImage> {
        let QueuedCall { queue, place, offered_to, let_down_by } = self.calls.get(&call)?;
        let settings = self.queues.get(queue).expect("a queue outlives its calls").settings.clone();
        Some(QueuedImage {
            queue: queue.clone(),
            settings,
            priority: place.priority.0,
            since: place.since,
            offered_to: offered_to.clone(),
            let_down_by: let_down_by.clone(),
        })
    }

    #[must_use]
    pub fn figures_image(&self) -> FiguresImage {
        let image = |queue: &Queue| QueueImage { settings: queue.settings.clone(), figures: queue.figures };
        FiguresImage { queues: self.queues.iter().map(|(id, queue)| (id.clone(), image(queue))).collect() }
    }

    /// An agent who is no longer configured is kept, as over a reload, until he is off his calls.
    pub fn restore_agent(&mut self, id: &AgentId, image: AgentImage) {
        if self.agents.contains_key(id) {
            self.changed.agents.remove(id);
        } else {
            let agent = Agent::restored(self.policy, State::Offline, image.since);
            let pools = self.pools.of_all(&image.skills);
            for pool in &pools {
                self.pools[*pool].enter(id, StateName::Offline, None);
            }
            let member = Member { agent, skills: image.skills, pools, retired: true, indexed: Indexed::default() };
            self.agents.insert(id.clone(), member);
            self.changed.agents.insert(id.clone());
        }
        let member = self.agents.get_mut(id).expect("he was there or has been entered");
        member.agent = Agent::restored(self.policy, image.state, image.since);
        self.index(id);
    }

    /// The call stands where it stood. A queue that is no longer configured is kept, as over a reload, until it has served it.
    pub fn restore_call(&mut self, call: CallId, image: QueuedImage) {
        if self.calls.contains_key(&call) {
            return;
        }
        let mut queued = QueuedCall::new(call, image.queue, image.priority, image.since);
        queued.offered_to = image.offered_to;
        queued.let_down_by = image.let_down_by;
        let queue = self.queue_or_retired(&queued.queue, image.settings);
        queue.enter(queued.place);
        if queued.offered_to.is_none() {
            let pool = queue.pool;
            self.pools[pool].waiting.insert(queued.place);
        }
        self.calls.insert(call, queued);
    }

    pub fn restore_figures(&mut self, image: FiguresImage) {
        for (id, QueueImage { settings, figures }) in image.queues {
            self.queue_or_retired(&id, settings).figures = figures;
        }
    }

    fn queue_or_retired(&mut self, id: &QueueId, settings: QueueSettings) -> &mut Queue {
        let pools = &mut self.pools;
        self.queues.entry(id.clone()).or_insert_with(|| {
            let pool = pools.of(&settings.skill);
            Queue::retired(settings, pool)
        })
    }

    /// All images are restored: what they do not agree about is mended, and who is free is offered a call. `alive` are the calls that go
    /// on. The caller of another has left; an agent's part in another has ended. An agent whose image does not know of a call that he
    /// is on is told so as ever, by [`Event::Engaged`](super::Event::Engaged).
    pub fn restored(&mut self, alive: &BTreeSet<CallId>, now: Instant, out: &mut Vec<Action>) {
        let lost: Vec<CallId> = self.calls.keys().filter(|call| !alive.contains(call)).copied().collect();
        for call in lost {
            self.leave(call, Leaving::Abandoned, now, out);
        }
        for id in self.agents.keys().cloned().collect::<Vec<_>>() {
            self.mend_agent(&id, alive, now, out);
        }
        self.mend_offers(out);
        self.queues.retain(|_, queue| !queue.is_done());
        for queue in self.queues.values_mut() {
            self.changed.figures |= queue.figures.mend(queue.waiting());
        }
        self.touched.extend(self.pools.ids());
        self.settle(now, out);
    }

    fn mend_agent(&mut self, id: &AgentId, alive: &BTreeSet<CallId>, now: Instant, out: &mut Vec<Action>) {
        let member = self.agents.get(id).expect("he was listed a moment ago");
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
    fn mend_offers(&mut self, out: &mut Vec<Action>) {
        let offers = self.calls.iter().filter_map(|(call, queued)| Some((*call, queued.offered_to.clone()?)));
        let stands = |call: CallId, id: &AgentId| self.agents.get(id).is_some_and(|member| member.agent.offered() == Some(call));
        let broken: Vec<(CallId, AgentId)> = offers.filter(|(call, id)| !stands(*call, id)).collect();
        for (call, agent) in broken {
            out.push(Action::Withdraw { call, agent: agent.clone() });
            self.put_back(call, &agent, false);
        }
    }
}
