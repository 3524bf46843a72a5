//! The matching of waiting calls and free agents: after every turn, no free agent is left with a call he could take. Each call wants as many
//! phones to ring as its queue's strategy has ring at once, and stands in its line while it wants another.

use super::decision::Rule;
use super::line::Turn;
use super::queue::{At, QueuedCall, Stand};
use super::roster::Seat;
use super::{Acd, Action, agent};
use crate::base::{CallId, Instant, Rng};

impl Acd {
    /// Offers as long as there is a call and a free agent for it. Only what a turn touched can have changed: before it, no pool had a call
    /// and a free agent for it. Each offer costs O(log n) in agents and in calls, times the pools that were touched and the lines of each:
    /// one pool for a call, his own for an agent.
    pub(super) fn settle(&mut self, now: Instant, out: &mut Vec<Action>) {
        self.open_doors(now, out);
        self.touched.sort_unstable();
        self.touched.dedup();
        while let Some(call) = self.next_call() {
            self.offer(call, now, out);
        }
        self.touched.clear();
        self.looked_for.clear();
        for call in std::mem::take(&mut self.came_to_wait) {
            if let Some(queued) = self.calls.get(&call).filter(|queued| !queued.is_offered()) {
                let queue = queued.queue.clone();
                out.push(Action::Decided(Box::new(self.explain(call, queued, None, now))));
                out.push(Action::KeepWaiting { call, queue });
            }
        }
    }

    /// Who waits for an agent who will take no calls waits for him no longer.
    fn open_doors(&mut self, now: Instant, out: &mut Vec<Action>) {
        self.looked_for.sort_unstable();
        self.looked_for.dedup();
        let gone = |seat: &Seat| self.roster.get(*seat).is_none_or(|member| !member.agent.returns());
        let gone: Vec<Seat> = self.looked_for.iter().copied().filter(gone).collect();
        for seat in gone {
            for call in self.doors.get(&seat).cloned().unwrap_or_default() {
                self.move_on(call, now, out);
            }
        }
    }

    /// The call whose turn it is among those touched that a free agent may take.
    fn next_call(&self) -> Option<CallId> {
        let in_line = self.touched.iter().filter_map(|pool| self.pools[*pool].next_call(&self.flows));
        let is_free = |seat: &Seat| self.roster.get(*seat).is_some_and(|member| member.indexed.free.is_some());
        let doors = self.looked_for.iter().filter(|seat| is_free(seat)).filter_map(|seat| self.doors.get(seat));
        let at_doors = doors.flatten().filter_map(|call| self.turn_of(*call));
        in_line.chain(at_doors).min().map(|turn| turn.call)
    }

    fn turn_of(&self, call: CallId) -> Option<Turn> {
        let Stand { place, flow, .. } = self.calls.get(&call)?.stand?;
        Some(place.turn(flow, &self.flows))
    }

    /// Who is to be offered the call, and why he.
    fn choose(&mut self, call: CallId) -> Option<(Seat, Rule)> {
        let queued = self.calls.get(&call)?;
        let (pool, step) = match queued.stand?.at {
            At::Door(seat) => return Some((seat, Rule::Preferred)),
            At::Line { pool, step } => (pool, step),
        };
        if let Some(seat) = self.free_and_preferred(queued, step) {
            return Some((seat, Rule::Preferred));
        }
        let let_down_by: Vec<Seat> = queued.let_down_by.iter().filter_map(|id| self.roster.seat(id.as_str())).collect();
        let strategy = self.queues.get(&queued.queue)?.settings.strategy;
        let seat = self.pools[pool].choose(step, &let_down_by, || self.course.draw())?;
        Some((seat, if let_down_by.contains(&seat) { Rule::NobodyElse(strategy) } else { Rule::Strategy(strategy) }))
    }

    /// The preferred agent, when he is free for the call without having been waited for.
    fn free_and_preferred(&self, queued: &QueuedCall, step: u8) -> Option<Seat> {
        let queue = self.queues.get(&queued.queue)?;
        queue.settings.preferred_wait?;
        let id = queued.preferred.as_ref().filter(|id| !queued.let_down_by.contains(id))?;
        let seat = self.roster.seat(id.as_str())?;
        let member = &self.roster[seat];
        let may = member.pools.iter().any(|part| part.pool == queued.pool && part.tier <= step);
        (may && member.indexed.free.is_some()).then_some(seat)
    }

    fn offer(&mut self, call: CallId, now: Instant, out: &mut Vec<Action>) {
        let chosen = self.choose(call).expect("its pool has a free agent");
        let decision = self.explain(call, &self.calls[&call], Some(chosen), now);
        let (seat, _) = chosen;
        let agent = self.roster[seat].id.clone();
        let queued = self.calls.get_mut(&call).expect("a waiting call is in the books");
        assert!(!queued.offered_to.contains(&agent), "nobody is offered a call twice at a time");
        let is_first = !queued.is_offered();
        if is_first {
            queued.rings_since = now;
        }
        queued.offered_to.push(agent.clone());
        let queue = self.queues.get_mut(&queued.queue).expect("a queue outlives its calls");
        // However many phones ring, the caller is offered once.
        if is_first {
            queue.figures.offers += 1;
            self.flows.charge(queue.flow);
        }
        let order = Action::Offer { call, agent, queue: queued.queue.clone() };
        // Once a phone rings it stands among those for whom one does, for as long as another is to.
        let (wants, wants_more_at) = queued.wants(&queue.settings, now);
        if is_first || wants == 0 {
            let stand = queued.stand.take();
            self.unstand(call, stand);
            if wants > 0 || wants_more_at.is_some() {
                self.stand(call, now, out);
            }
        }
        self.changed.note_call(call);
        self.course.offers += 1;
        self.roster[seat].tally.turn = self.course.offers;
        self.tell_seat(seat, agent::Event::Offered { call }, now, out);
        // The order first: the call to somebody who is called back is made by it, and then has something to write down.
        out.push(order);
        out.push(Action::Decided(Box::new(decision)));
    }
}

/// What the matcher remembers beside agents and calls.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub(super) struct Course {
    seed: u64,
    /// Draws made: each has a generator of its own, made of the seed and its number, so that a restart goes on with the next.
    drawn: u64,
    /// Days begun.
    pub day: u64,
    /// Offers made.
    pub offers: u64,
}

impl Course {
    pub(super) fn new(seed: u64) -> Self {
        Self { seed, ..Self::default() }
    }

    fn draw(&mut self) -> Rng {
        self.drawn += 1;
        Rng::new(self.seed ^ Rng::new(self.drawn).next_u64())
    }
}
