//! A call's way through the books: it enters, stands in a line or before its preferred agent's door, moves up and on as it waits, and is
//! taken out.

use super::agent;
use super::forecast::Labour;
use super::line::Place;
use super::pool::PoolId;
use super::queue::{At, Queue, QueuedCall, Stand};
use super::roster::Seat;
use super::{Acd, Action, Join, Leaving, Levels, Refusal, StateName};
use crate::base::limits::PREFERRED_WAITING_MAX;
use crate::base::{AgentId, CallId, Instant, QueueId};
use std::cmp::Reverse;

/// Who came, to which queue.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Arrival {
    pub call: CallId,
    pub queue: QueueId,
    pub priority: u8,
    pub since: Instant,
    pub preferred: Option<AgentId>,
    pub asks: Levels,
}

impl Acd {
    pub(super) fn enqueue(&mut self, arrival: Arrival, now: Instant, out: &mut Vec<Action>) {
        let Arrival { call, queue: id, priority, since, preferred, asks } = arrival;
        match self.admit(&id, &asks) {
            Ok(pool) => {
                let queue = self.queues.get_mut(&id).expect("it refuses nobody, so it is there");
                queue.enter(call, since);
                queue.figures.offered += 1;
                self.take_up(Arrival { call, queue: id, priority, since, preferred, asks }, pool, false, now, out);
            }
            Err(why) => {
                if let Some(queue) = self.queues.get_mut(&id).filter(|_| why != Refusal::Unknown) {
                    queue.figures.refused += 1;
                    self.changed.figures = true;
                }
                out.push(Action::Refuse { call, queue: id, why });
            }
        }
    }

    /// Somebody who is to be called back has his place. Without a queue of that name there is none for him.
    pub(super) fn enqueue_call_back(&mut self, arrival: Arrival, now: Instant, out: &mut Vec<Action>) {
        if !self.queues.contains_key(&arrival.queue) {
            return out.push(Action::Refuse { call: arrival.call, queue: arrival.queue, why: Refusal::Unknown });
        }
        let pool = self.pool_for(&arrival.queue, &arrival.asks);
        self.queues.get_mut(&arrival.queue).expect("it was there a moment ago").enter_call_back(arrival.call);
        self.take_up(arrival, pool, true, now, out);
    }

    fn take_up(&mut self, arrival: Arrival, pool: PoolId, call_back: bool, now: Instant, out: &mut Vec<Action>) {
        let Arrival { call, queue, priority, since, preferred, asks } = arrival;
        let queued = QueuedCall {
            queue,
            priority,
            since,
            entered: now,
            awaits: preferred.is_some(),
            preferred,
            asks,
            pool,
            offered_to: Vec::new(),
            rings_since: now,
            rang_out: false,
            call_back,
            let_down_by: Vec::new(),
            stand: None,
        };
        self.calls.insert(call, queued);
        self.wait(call, now, out);
    }

    /// Whether somebody is at work who may take the queue's calls.
    #[must_use]
    pub fn is_staffed(&self, id: &QueueId) -> bool {
        let Some(queue) = self.queues.get(id) else { return false };
        let at_work = StateName::ALL.into_iter().filter(|state| !matches!(state, StateName::Offline | StateName::NotReady));
        at_work.map(|state| self.pools[queue.pool].count(u8::MAX, state)).sum::<usize>() > 0
    }

    /// Why the queue would not take another caller now whose number asks for this besides; `None`: it would.
    pub fn refusal(&mut self, id: &QueueId, asks: &Levels) -> Option<Refusal> {
        self.admit(id, asks).err()
    }

    /// The pool in which a caller would stand whose number asks for this besides; or why the queue would not take him now.
    fn admit(&mut self, id: &QueueId, asks: &Levels) -> Result<PoolId, Refusal> {
        let queue = self.queues.get_mut(id).filter(|queue| !queue.retired).ok_or(Refusal::Unknown)?;
        if queue.is_full() {
            return Err(Refusal::Full);
        }
        let join = queue.settings.join;
        let (id, is_new) = queue.pool_for(asks, &mut self.pools);
        if is_new {
            self.people(id);
        }
        let pool = &self.pools[id];
        let is_staffed = |at_work: fn(StateName) -> bool| {
            StateName::ALL.into_iter().filter(|state| at_work(*state)).any(|state| pool.count(u8::MAX, state) > 0)
        };
        let nobody_logged_on = || !is_staffed(|state| state != StateName::Offline);
        match join {
            Join::Always => Ok(id),
            Join::LoggedOn | Join::Ready if nobody_logged_on() => Err(Refusal::NobodyLoggedOn),
            Join::Ready if !is_staffed(|state| !matches!(state, StateName::Offline | StateName::NotReady)) => Err(Refusal::NobodyReady),
            Join::LoggedOn | Join::Ready => Ok(id),
        }
    }

    /// A phone that was to ring does no longer, and nobody answered it: its agent is the last to be tried again. When no other rings, the
    /// call is back in its place.
    pub(super) fn put_back(&mut self, call: CallId, agent: &AgentId, missed: bool, now: Instant, out: &mut Vec<Action>) {
        let Some(queued) = self.calls.get_mut(&call) else { return };
        queued.offered_to.retain(|other| other != agent);
        queued.note_let_down(agent);
        queued.rang_out |= missed;
        let stand = queued.stand.take();
        if queued.is_offered() {
            self.unstand(call, stand);
            self.changed.note_call(call);
            return self.stand(call, now, out);
        }
        let queue = self.queues.get_mut(&queued.queue).expect("a queue outlives its calls");
        queue.figures.offers_missed += u64::from(std::mem::take(&mut queued.rang_out));
        self.flows.refund(queue.flow);
        self.unstand(call, stand);
        self.wait(call, now, out);
    }

    fn wait(&mut self, call: CallId, now: Instant, out: &mut Vec<Action>) {
        self.came_to_wait.push(call);
        self.changed.note_call(call);
        self.stand(call, now, out);
    }

    /// The call takes its place as of now, until the moment when the next thing about it changes; one for which as many phones ring as are to
    /// stands nowhere. Who has waited too long leaves.
    pub(super) fn stand(&mut self, call: CallId, now: Instant, out: &mut Vec<Action>) {
        let queued = self.calls.get(&call).expect("who waits is in the books");
        let queue = self.queues.get(&queued.queue).expect("a queue outlives its calls");
        let settings = &queue.settings;
        let rings = queued.is_offered();
        let max_wait = settings.max_wait.filter(|_| !rings && !queued.call_back);
        if max_wait.is_some_and(|most| now - queued.entered >= most) {
            return self.expire(call, now, out);
        }
        let (wants, wants_more_at) = queued.wants(settings, now);
        if wants == 0 {
            return self.call_deadlines.set(call, wants_more_at);
        }
        let (step, next_step) = settings.step_after(now - queued.entered);
        let (priority, next_priority) = settings.aged(queued.priority, now - queued.since);
        let door = self.door(queued, queue, now);
        let at = door.map_or(At::Line { pool: queued.pool, step }, At::Door);
        let since_entry = [next_step, max_wait, settings.preferred_wait.filter(|_| door.is_some())];
        let until = since_entry.into_iter().flatten().map(|wait| queued.entered + wait);
        let until = until.chain(next_priority.map(|wait| queued.since + wait)).min();
        let stand = Stand { place: Place { priority: Reverse(priority), since: queued.since, call }, flow: queue.flow, rings, at };
        match at {
            At::Line { pool, step } => {
                self.pools[pool].lines.insert(step, stand.flow, rings, stand.place);
                if !self.touched.contains(&pool) {
                    self.touched.push(pool);
                }
            }
            At::Door(seat) => {
                self.doors.entry(seat).or_default().push(call);
                self.looked_for.push(seat);
            }
        }
        self.call_deadlines.set(call, until);
        let queued = self.calls.get_mut(&call).expect("it was there a moment ago");
        queued.stand = Some(stand);
        if queued.awaits && door.is_none() {
            queued.awaits = false;
            self.changed.note_call(call);
        }
    }

    /// The preferred agent, while the call is to wait for him: he is at work and may take such calls, has not let this one down, and the time
    /// for it is not over.
    fn door(&self, queued: &QueuedCall, queue: &Queue, now: Instant) -> Option<Seat> {
        queue.settings.preferred_wait.filter(|wait| queued.awaits && now - queued.entered < *wait)?;
        let id = queued.preferred.as_ref().filter(|id| !queued.let_down_by.contains(id))?;
        let seat = self.roster.seat(id.as_str())?;
        let member = &self.roster[seat];
        let fits = member.agent.returns() && member.pools.iter().any(|part| part.pool == queued.pool);
        let has_room = self.doors.get(&seat).is_none_or(|calls| calls.len() < PREFERRED_WAITING_MAX);
        (fits && has_room).then_some(seat)
    }

    /// Takes the call away from where it stands, if it stands anywhere.
    pub(super) fn unstand(&mut self, call: CallId, stand: Option<Stand>) {
        self.call_deadlines.set(call, None);
        let Some(Stand { place, flow, rings, at }) = stand else { return };
        match at {
            At::Line { pool, step } => self.pools[pool].lines.remove(step, flow, rings, place),
            At::Door(seat) => {
                if let Some(calls) = self.doors.get_mut(&seat) {
                    calls.retain(|other| *other != call);
                    if calls.is_empty() {
                        self.doors.remove(&seat);
                    }
                }
            }
        }
    }

    /// Something about a call is due: it stands elsewhere now, wants another phone, or leaves.
    pub(super) fn move_on(&mut self, call: CallId, now: Instant, out: &mut Vec<Action>) {
        let Some(queued) = self.calls.get_mut(&call) else { return };
        let stand = queued.stand.take();
        self.unstand(call, stand);
        self.stand(call, now, out);
    }

    fn expire(&mut self, call: CallId, now: Instant, out: &mut Vec<Action>) {
        let Some(queue) = self.calls.get(&call).map(|queued| queued.queue.clone()) else { return };
        self.leave(call, Leaving::Overflowed, now, out);
        out.push(Action::Expired { call, queue });
    }

    /// Takes a call out of the books; the phones that ring for it, other than `but_not`'s, are silenced.
    fn take(&mut self, call: CallId, but_not: Option<&AgentId>, now: Instant, out: &mut Vec<Action>) -> Option<QueuedCall> {
        let mut queued = self.calls.remove(&call)?;
        self.changed.note_call(call);
        self.unstand(call, queued.stand.take());
        let queue = self.queues.get_mut(&queued.queue).expect("a queue outlives its calls");
        queue.leave(call, queued.since);
        for agent in queued.offered_to.iter().filter(|agent| Some(*agent) != but_not) {
            out.push(Action::Withdraw { call, agent: agent.clone() });
            self.tell(agent, agent::Event::Spared { call }, now, out);
        }
        Some(queued)
    }

    pub(super) fn leave(&mut self, call: CallId, why: Leaving, now: Instant, out: &mut Vec<Action>) {
        let Some(queued) = self.take(call, None, now, out) else { return };
        let wait = now - queued.entered;
        let queue = self.queues.get_mut(&queued.queue).expect("a queue outlives its calls");
        match why {
            // He is counted with the caller who asked for it.
            _ if queued.call_back => {}
            Leaving::Abandoned => queue.figures.note_abandoned(wait),
            Leaving::Overflowed => queue.figures.note_overflowed(wait),
            Leaving::CalledBack => queue.figures.note_called_back(wait),
        }
        if queued.is_offered() {
            queue.figures.offers_missed += u64::from(queued.rang_out);
            self.flows.refund(queue.flow);
        }
        self.forget_if_done(&queued.queue);
    }

    /// The agent is on the call. When the call stood in the books, it is answered.
    pub(super) fn engage(&mut self, id: &AgentId, call: CallId, now: Instant, out: &mut Vec<Action>) {
        let rang =
            self.roster.find(id.as_str()).filter(|member| member.agent.offered() == Some(call)).map(|member| now - member.agent.since());
        let work = self.take(call, Some(id), now, out).map(|queued| {
            let queue = self.queues.get_mut(&queued.queue).expect("a queue outlives its calls");
            if !queued.call_back {
                queue.figures.note_answered(now - queued.entered);
            }
            let (wrap_up, kind) = (queue.settings.wrap_up, queue.settings.wrap_up_kind);
            self.forget_if_done(&queued.queue);
            agent::Work { queue: queued.queue, wrap_up, kind }
        });
        if work.is_some()
            && let Some(seat) = self.roster.seat(id.as_str())
        {
            self.roster[seat].tally.answered(self.course.day);
            if let (Some(work), Some(rang)) = (&work, rang) {
                self.note_labour(seat, &work.queue, Labour::Rang, rang);
            }
        }
        self.tell(id, agent::Event::Engaged { call, work }, now, out);
    }

    fn forget_if_done(&mut self, id: &QueueId) {
        if self.queues.get(id).is_some_and(Queue::is_done) {
            self.queues.remove(id);
        }
    }
}
