//! What the test knows, from the orders and its own facts alone.

use super::super::*;
use super::World;
use super::reference::{self, Done, Turns, Waiting};
use std::collections::BTreeSet;

/// What the test knows, from the orders and its own facts alone.
#[derive(Default)]
pub(super) struct Books {
    /// Calls without an answer.
    pub waiting: BTreeMap<CallId, Waiting>,
    /// Agent → the call offered to him, and since when.
    pub offers: BTreeMap<AgentId, (CallId, Instant)>,
    /// Those of them whose phones ring.
    pub alerted: BTreeSet<AgentId>,
    /// Agent → the calls he is on.
    pub talking: BTreeMap<AgentId, BTreeSet<CallId>>,
    /// The queues' calls among these, and since when.
    pub work: BTreeMap<(AgentId, CallId), Instant>,
    pub done: BTreeMap<AgentId, Done>,
    pub turns: Turns,
    pub offered: u64,
    /// Times that a caller was offered, to one agent or several, and how often nobody answered and one of them let it ring out.
    pub offers_made: u64,
    pub offers_missed: u64,
    pub answered: u64,
    pub abandoned: u64,
    pub overflowed: u64,
    pub called_back: u64,
}

impl Books {
    /// How many phones ring for the call.
    pub(super) fn phones(&self, call: &CallId) -> usize {
        self.offers.values().filter(|(offered, _)| offered == call).count()
    }

    /// Those who wait on the line.
    pub(super) fn callers(&self) -> usize {
        self.waiting.values().filter(|waiting| !waiting.call_back).count()
    }

    pub(super) fn is_offered(&self, call: &CallId) -> bool {
        self.phones(call) > 0
    }

    /// No phone of his rings.
    pub(super) fn over(&mut self, agent: &AgentId) -> Option<(CallId, Instant)> {
        self.alerted.remove(agent);
        self.offers.remove(agent)
    }
}

impl World {
    /// What the facts mean for the test's own books.
    pub(super) fn note(&mut self, event: &Event) {
        match event {
            Event::Enqueued { call, queue, priority, since, preferred, asks } => {
                let came = (*since, self.now);
                self.note_arrival(*call, Waiting::fresh(queue, *priority, came, preferred.as_ref(), asks));
            }
            Event::CallBackEnqueued { call, queue, since, preferred, asks } => {
                let came = (*since, self.now);
                let waiting = Waiting { call_back: true, ..Waiting::fresh(queue, 0, came, preferred.as_ref(), asks) };
                self.note_arrival(*call, waiting);
            }
            Event::Alerting { agent, call } if self.books.offers.get(agent).is_some_and(|(offered, _)| offered == call) => {
                self.books.alerted.insert(agent.clone());
            }
            Event::Left { call, why } => {
                if let Some(waiting) = self.books.waiting.remove(call) {
                    match why {
                        _ if waiting.call_back => {}
                        Leaving::Abandoned => self.books.abandoned += 1,
                        Leaving::Overflowed => self.books.overflowed += 1,
                        Leaving::CalledBack => self.books.called_back += 1,
                    }
                    if self.books.is_offered(call) {
                        self.books.turns.refund(&self.house, &waiting.queue);
                        self.books.offers_missed += u64::from(waiting.rang_out);
                    }
                }
            }
            Event::Answered { agent, call } => self.note_answer(agent, *call),
            Event::Engaged { agent, call } => {
                self.books.talking.entry(agent.clone()).or_default().insert(*call);
            }
            Event::Disengaged { agent, call } => self.note_end(agent, *call),
            Event::OfferEnded { agent, call, result } if self.books.offers.get(agent).is_some_and(|(offered, _)| offered == call) => {
                self.books.over(agent);
                self.let_go.insert(agent.clone(), self.now);
                self.shown.offers_failed += 1;
                self.put_back(*call, agent, *result == OfferResult::Missed);
            }
            Event::DayBegan => {
                let books = &mut self.books;
                let waiting = books.callers() as u64;
                (books.offered, books.answered, books.abandoned, books.overflowed, books.called_back) = (waiting, 0, 0, 0, 0);
                (books.offers_made, books.offers_missed) = (0, 0);
                for done in books.done.values_mut() {
                    *done = Done { turn: done.turn, ..Done::default() };
                }
            }
            _ => {}
        }
        // What makes an agent ready other than the end of his rest.
        match event {
            Event::MadeReady { agent } | Event::Reachable { agent }
                if self.acd.agent(agent.as_str()).is_some_and(|agent| agent.state != StateName::Ready) =>
            {
                self.let_go.remove(agent);
            }
            Event::Engaged { agent, .. } | Event::Answered { agent, .. } => {
                self.let_go.remove(agent);
            }
            _ => {}
        }
    }

    fn note_arrival(&mut self, call: CallId, waiting: Waiting) {
        let in_it = self.books.waiting.values().filter(|other| other.queue == waiting.queue && !other.call_back).count();
        // No queue is too full, too empty or too late for who is called back.
        self.refusal = reference::refusal(&self.acd, &self.house, &waiting, in_it).filter(|_| !waiting.call_back);
        if self.refusal.is_some() {
            return;
        }
        self.books.offered += u64::from(!waiting.call_back);
        self.shown.call_backs += u64::from(waiting.call_back);
        self.wait(call, waiting);
    }

    fn wait(&mut self, call: CallId, mut waiting: Waiting) {
        let has_room = |agent: &AgentId| reference::has_room(&self.books.waiting, |call| self.books.is_offered(call), agent);
        waiting.awaits = reference::awaits(&self.acd, &self.house, &waiting, self.now) && waiting.preferred.as_ref().is_some_and(has_room);
        self.shown.at_doors += u64::from(waiting.awaits);
        self.books.waiting.insert(call, waiting);
    }

    fn note_answer(&mut self, agent: &AgentId, call: CallId) {
        let books = &mut self.books;
        if let Some(waiting) = books.waiting.remove(&call) {
            books.answered += u64::from(!waiting.call_back);
            self.shown.answers += 1;
            books.done.entry(agent.clone()).or_default().calls += 1;
            books.work.insert((agent.clone(), call), self.now);
        }
        if books.offers.get(agent).is_some_and(|(offered, _)| *offered == call) {
            books.over(agent);
        }
        books.talking.entry(agent.clone()).or_default().insert(call);
    }

    fn note_end(&mut self, agent: &AgentId, call: CallId) {
        let books = &mut self.books;
        if let Some(calls) = books.talking.get_mut(agent) {
            calls.remove(&call);
            if calls.is_empty() {
                books.talking.remove(agent);
            }
        }
        if let Some(since) = books.work.remove(&(agent.clone(), call)) {
            books.done.entry(agent.clone()).or_default().talked += self.now - since;
        }
    }

    /// His phone rings no longer, and nobody answered it.
    pub(super) fn put_back(&mut self, call: CallId, agent: &AgentId, missed: bool) {
        let rings_on = self.books.is_offered(&call);
        let Some(waiting) = self.books.waiting.get_mut(&call) else { return };
        waiting.let_down(agent);
        waiting.awaits = false;
        waiting.rang_out |= missed;
        if !rings_on {
            self.books.offers_missed += u64::from(std::mem::take(&mut waiting.rang_out));
            self.books.turns.refund(&self.house, &waiting.queue);
        }
    }
}
