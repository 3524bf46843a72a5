//! The matching of waiting calls and free agents: after every turn, no free agent is left with a call he could take.

use super::{Acd, Action, agent};
use crate::base::{CallId, Instant};

impl Acd {
    /// Offers as long as a touched skill has a waiting call and a free agent. Only what a turn touched can have changed: before it, each
    /// skill had no waiting call or no free agent. Each offer costs O(log n) in agents and in calls, times the skills that were touched: one
    /// for a call, his own for an agent.
    pub(super) fn settle(&mut self, now: Instant, out: &mut Vec<Action>) {
        self.touched.sort_unstable();
        self.touched.dedup();
        while let Some(call) = self.next_call() {
            self.offer(call, now, out);
        }
        self.touched.clear();
        for call in std::mem::take(&mut self.came_to_wait) {
            if let Some(queued) = self.calls.get(&call).filter(|queued| queued.offered_to.is_none()) {
                out.push(Action::KeepWaiting { call, queue: queued.queue.clone() });
            }
        }
    }

    /// The call whose turn it is among the touched skills that have a free agent.
    fn next_call(&self) -> Option<CallId> {
        self.touched.iter().filter_map(|pool| self.pools[*pool].next_call()).min().map(|place| place.call)
    }

    fn offer(&mut self, call: CallId, now: Instant, out: &mut Vec<Action>) {
        let queued = self.calls.get_mut(&call).expect("a waiting call is in the books");
        let queue = self.queues.get_mut(&queued.queue).expect("a queue outlives its calls");
        let pool = &mut self.pools[queue.pool];
        let id = pool.longest_idle(&queued.let_down_by).expect("its pool has a free agent");
        let waited = pool.waiting.remove(&queued.place);
        assert!(waited, "a call is offered to one agent at a time");
        self.changed.note_call(call);
        queue.figures.offers += 1;
        queued.offered_to = Some(id.clone());
        let order = Action::Offer { call, agent: id.clone(), queue: queued.queue.clone() };
        self.tell(&id, agent::Event::Offered { call }, now, out);
        out.push(order);
    }
}
