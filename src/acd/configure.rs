//! The exchange of the configuration while calls run: what happens at run time is kept by key.

use super::agent::{self, Policy};
use super::fairness::{COMMON, Flows};
use super::matcher::Course;
use super::pool::{PoolId, Pools};
use super::queue::Queue;
use super::roster::{Member, Roster};
use super::{Acd, AcdSettings, Action, Changed, Levels, QueueSettings};
use crate::base::{AgentId, CallId, Deadlines, Instant, QueueId};
use std::collections::BTreeMap;
use std::sync::Arc;

impl Acd {
    /// Everybody is offline and nobody waits. `seed` is for the strategies of chance.
    #[must_use]
    pub fn new(settings: AcdSettings, seed: u64, now: Instant) -> Self {
        let mut acd = Self {
            policy: Policy { limits: settings.limits, ring_limit: settings.ring_limit },
            roster: Roster::default(),
            queues: BTreeMap::new(),
            calls: BTreeMap::new(),
            pools: Pools::default(),
            flows: Flows::default(),
            doors: BTreeMap::new(),
            deadlines: Deadlines::new(),
            call_deadlines: Deadlines::new(),
            course: Course::new(seed),
            changed: Changed::default(),
            touched: Vec::new(),
            looked_for: Vec::new(),
            came_to_wait: Vec::new(),
        };
        acd.configure(settings, now, &mut Vec::new());
        acd
    }

    /// A reload. States, calls and figures are kept by key. An agent who is gone is logged off, once his calls have ended; a queue that
    /// is gone serves those who wait in it, and takes nobody new. What queues ask for and how they choose counts from the next offer on.
    pub fn configure(&mut self, settings: AcdSettings, now: Instant, out: &mut Vec<Action>) {
        self.policy = Policy { limits: settings.limits, ring_limit: settings.ring_limit };
        self.configure_queues(settings.queues);
        self.changed.figures = true;
        let is_gone = |member: &Member| !settings.agents.contains_key(&member.id);
        let gone: Vec<AgentId> = self.roster.iter().filter(|(_, member)| is_gone(member)).map(|(_, member)| member.id.clone()).collect();
        for (id, settings) in settings.agents {
            let seat = self.roster.seat(id.as_str()).unwrap_or_else(|| {
                self.changed.agents.insert(id.clone());
                self.roster.push(Member::new(id, Arc::default(), self.policy, now))
            });
            let member = &mut self.roster[seat];
            member.agent.policy = self.policy;
            member.settings = Arc::new(settings);
            member.retired = false;
        }
        self.rebuild(now, out);
        for id in gone {
            let seat = self.roster.seat(id.as_str()).expect("it was listed a moment ago");
            self.roster[seat].retired = true;
            self.tell_seat(seat, agent::Event::LoggedOff, now, out);
        }
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
            self.add_queue(id, settings);
        }
    }

    pub(super) fn add_queue(&mut self, id: QueueId, settings: QueueSettings) -> &mut Queue {
        let ((pool, is_new), flow) = (self.pools.of(&settings, &Levels::new()), self.flows.add(settings.weight, 0));
        if is_new {
            self.people(pool);
        }
        self.queues.entry(id).or_insert_with(|| Queue::new(settings, pool, flow))
    }

    /// The pool of a queue's calls whose number asks for this besides, with its agents in it.
    pub(super) fn pool_for(&mut self, queue: &QueueId, asks: &Levels) -> PoolId {
        let queue = self.queues.get_mut(queue).expect("the queue is there");
        let (pool, is_new) = queue.pool_for(asks, &mut self.pools);
        if is_new {
            self.people(pool);
        }
        pool
    }

    pub(super) fn people(&mut self, pool: PoolId) {
        for seat in self.roster.seats() {
            let member = &mut self.roster[seat];
            if let Some(part) = self.pools.membership(pool, &member.settings) {
                member.pools = member.pools.iter().copied().chain([part]).collect();
                self.pools[pool].enter(seat, member, part);
            }
        }
    }

    /// Makes everything anew that follows from agents, queues and calls: seats, pools, flows, lines, deadlines. All of it counts as touched.
    pub(super) fn rebuild(&mut self, now: Instant, out: &mut Vec<Action>) {
        self.touched.clear();
        self.looked_for.clear();
        self.roster.number_anew();
        self.pools = Pools::default();
        self.doors.clear();
        self.deadlines = Deadlines::new();
        self.call_deadlines = Deadlines::new();
        let flows = self.flows.renewed();
        let flows = std::mem::replace(&mut self.flows, flows);
        for queue in self.queues.values_mut() {
            let tag = if queue.settings.weight.is_some() && queue.flow != COMMON { flows.tag(queue.flow) } else { 0 };
            queue.flow = self.flows.add(queue.settings.weight, tag);
            queue.begin_anew(&mut self.pools);
        }
        for queued in self.calls.values_mut() {
            let queue = self.queues.get_mut(&queued.queue).expect("a queue outlives its calls");
            queued.pool = queue.pool_for(&queued.asks, &mut self.pools).0;
            queued.stand = None;
        }
        for seat in self.roster.seats() {
            let member = &mut self.roster[seat];
            member.pools = self.pools.memberships(&member.settings);
            member.indexed = member.to_index(self.course.day);
            self.deadlines.set(seat, member.indexed.deadline);
            for part in &member.pools {
                self.pools[part.pool].enter(seat, member, *part);
            }
        }
        for call in self.calls.keys().copied().collect::<Vec<CallId>>() {
            self.stand(call, now, out);
        }
        self.touched.extend(self.pools.ids());
        self.looked_for.extend(self.doors.keys());
    }
}
