//! Restarts in the middle of a run: on what was kept, whole or in ruins.

use super::super::roster::Member;
use super::super::*;
use super::{SEED, World};
use crate::base::Rng;
use crate::base::time::secs;
use std::collections::BTreeSet;

impl World {
    /// The process ends, and another goes on from what was kept.
    pub(super) fn restart(&mut self, chance: &mut Rng) {
        self.kept.keep(&mut self.acd);
        // Another seed, for that of the run is kept.
        let was = std::mem::replace(&mut self.acd, Acd::new(self.house.settings(), SEED + 1, self.now));
        self.kept.restore(&mut self.acd, chance);
        let mut out = Vec::new();
        self.acd.restored(&self.alive(), self.now, &mut out);
        assert_eq!(out, [], "nothing is to be mended");
        self.check();
        assert!(self.acd.agents().eq(was.agents()) && self.acd.queues(self.now).eq(was.queues(self.now)));
        assert_eq!(self.acd.deadline(), was.deadline());
    }

    /// The same, but what was kept is old and has holes. What follows is for the books of nobody, but nothing may stick.
    pub(super) fn restart_on_ruins(&mut self, chance: &mut Rng) {
        self.kept.lose_some(chance);
        self.acd = Acd::new(self.house.settings(), SEED, self.now);
        self.kept.restore(&mut self.acd, chance);
        let mut out = Vec::new();
        let alive: BTreeSet<CallId> = self.kept.calls.keys().copied().filter(|_| !chance.one_in(4)).collect();
        self.acd.restored(&alive, self.now, &mut out);
        self.acd.handle_timeout(self.now, &mut out);
        let offers: Vec<(CallId, AgentId)> =
            self.acd.calls.iter().flat_map(|(call, queued)| queued.offered_to.iter().map(|agent| (*call, agent.clone()))).collect();
        for (_, Member { id, agent, .. }) in self.acd.roster.iter() {
            let offered = offers.iter().find(|(_, to)| to == id).map(|(call, _)| *call);
            assert_eq!(agent.offered(), offered, "{id}");
            assert!(agent.calls().iter().all(|call| alive.contains(call)), "{id}");
        }
        for pool in self.acd.pools.ids() {
            assert_eq!(self.acd.pools[pool].next_call(&self.acd.flows), None, "a free agent is left with a call he could take");
        }
        for queue in self.acd.queues(self.now) {
            let Figures { offered, answered, abandoned, overflowed, called_back, .. } = queue.today;
            assert_eq!(offered, answered + abandoned + overflowed + called_back + queue.waiting as u64, "{}", queue.queue);
        }
        for call in alive {
            assert_eq!(self.acd.queue_of(call).is_some(), self.acd.calls.contains_key(&call));
            self.acd.handle(Event::Left { call, why: Leaving::Abandoned }, self.now, &mut out);
            let on_it = self.acd.roster.iter().filter(|(_, member)| member.agent.calls().contains(&call));
            let on_it: Vec<AgentId> = on_it.map(|(_, member)| member.id.clone()).collect();
            for agent in on_it {
                self.acd.handle(Event::Disengaged { agent, call }, self.now, &mut out);
            }
        }
        let end = self.now + secs(600);
        while let Some(at) = self.acd.deadline().filter(|at| *at <= end) {
            self.acd.handle_timeout(self.now.max(at), &mut out);
        }
        assert!(self.acd.calls.is_empty() && self.acd.deadline().is_none());
        assert!(self.acd.agents().all(|agent| matches!(agent.state, StateName::Offline | StateName::NotReady | StateName::Ready)));
    }
}
