//! Agents and queues as configured, and their exchange while calls run: what happens at run time is kept by key.

use super::agent::{self, Agent, Policy};
use super::queue::Queue;
use super::skill::Pools;
use super::{Acd, Action, Changed, Indexed, Member, Skill};
use crate::base::{AgentId, Deadlines, Duration, Instant, QueueId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AcdSettings {
    pub agents: BTreeMap<AgentId, AgentSettings>,
    pub queues: BTreeMap<QueueId, QueueSettings>,
    pub after_missed: AfterMissed,
    /// How long a phone may ring, `max_rings` × period: the offers' owner keeps it, the ACD's own safety lies a grace beyond.
    pub ring_limit: Duration,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AgentSettings {
    /// Longest-idle asks who has a skill, not how much of it.
    pub skills: BTreeSet<Skill>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct QueueSettings {
    pub skill: Skill,
    /// Working-after-call time; zero for none.
    pub wrap_up: Duration,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AfterMissed {
    /// Not-ready with the reason `missed`, until he says otherwise.
    NotReady,
    /// Ready again after a short rest, at the end of the line.
    Ready,
}

impl Acd {
    /// Everybody is offline and nobody waits.
    #[must_use]
    pub fn new(settings: AcdSettings, now: Instant) -> Self {
        let mut acd = Self {
            policy: Policy { after_missed: settings.after_missed, ring_limit: settings.ring_limit },
            agents: BTreeMap::new(),
            queues: BTreeMap::new(),
            calls: BTreeMap::new(),
            pools: Pools::default(),
            deadlines: Deadlines::new(),
            changed: Changed::default(),
            touched: Vec::new(),
            came_to_wait: Vec::new(),
        };
        acd.configure(settings, now, &mut Vec::new());
        acd
    }

    /// A reload. States, calls and figures are kept by key. An agent who is gone is logged off, once his calls have ended; a queue that
    /// is gone serves those who wait in it, and takes nobody new. New skills count from the next offer on.
    pub fn configure(&mut self, settings: AcdSettings, now: Instant, out: &mut Vec<Action>) {
        self.policy = Policy { after_missed: settings.after_missed, ring_limit: settings.ring_limit };
        self.configure_queues(settings.queues);
        self.changed.figures = true;
        let gone: Vec<AgentId> = self.agents.keys().filter(|id| !settings.agents.contains_key(*id)).cloned().collect();
        for (id, AgentSettings { skills }) in settings.agents {
            let policy = self.policy;
            let member = self.agents.entry(id).or_insert_with_key(|id| {
                self.changed.agents.insert(id.clone());
                let (skills, pools, indexed) = (Arc::from([]), Box::from([]), Indexed::default());
                Member { agent: Agent::new(policy, now), skills, pools, retired: false, indexed }
            });
            member.agent.policy = policy;
            member.skills = skills.into_iter().collect();
            member.retired = false;
        }
        self.rebuild_pools();
        for id in gone {
            self.agents.get_mut(&id).expect("it was listed a moment ago").retired = true;
            self.tell(&id, agent::Event::LoggedOff, now, out);
        }
        self.touched.extend(self.pools.ids());
        self.settle(now, out);
    }

    fn configure_queues(&mut self, mut settings: BTreeMap<QueueId, QueueSettings>) {
        self.queues.retain(|id, queue| {
            let kept = settings.remove(id);
            queue.retired = kept.is_none();
            if let Some(kept) = kept {
                queue.settings = kept;
            }
            !queue.is_done()
        });
        for (id, settings) in settings {
            let pool = self.pools.of(&settings.skill);
            self.queues.insert(id, Queue::new(settings, pool));
        }
    }

    fn rebuild_pools(&mut self) {
        self.pools = Pools::default();
        for queue in self.queues.values_mut() {
            queue.pool = self.pools.of(&queue.settings.skill);
        }
        for queued in self.calls.values().filter(|queued| queued.offered_to.is_none()) {
            let queue = self.queues.get(&queued.queue).expect("a queue outlives its calls");
            self.pools[queue.pool].waiting.insert(queued.place);
        }
        for (id, member) in &mut self.agents {
            let Indexed { state, free_since, .. } = member.indexed;
            member.pools = self.pools.of_all(&member.skills);
            for pool in &member.pools {
                self.pools[*pool].enter(id, state, free_since);
            }
        }
    }
}
