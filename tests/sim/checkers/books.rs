//! The queue's books: whoever came in was answered, left, or waits; and first come is first served, but for an agent who let him down before.

use super::Complaints;
use sanling::base::{CallId, Instant};
use sanling::switch::view::{CallView, QueueFigures, QueueView, Snapshot};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Default)]
pub struct Books {
    enqueued: u64,
    answered: u64,
    left: u64,
    /// Who waits, by call.
    waiting: BTreeMap<CallId, Waiting>,
}

struct Waiting {
    /// In order of arrival.
    place: u64,
    offered_to: Option<String>,
    /// Agents who did not take him.
    refused: BTreeSet<String>,
}

impl Books {
    pub fn enqueued(&mut self, call: CallId) {
        self.enqueued += 1;
        self.waiting.insert(call, Waiting { place: self.enqueued, offered_to: None, refused: BTreeSet::new() });
    }

    pub fn answered(&mut self, call: CallId) {
        self.answered += u64::from(self.waiting.remove(&call).is_some());
    }

    pub fn left(&mut self, call: CallId) {
        self.left += u64::from(self.waiting.remove(&call).is_some());
    }

    pub fn offered(&mut self, call: CallId, agent: &str, complaints: &mut Complaints) {
        let Some(place) = self.waiting.get(&call).map(|waiting| waiting.place) else {
            return complaints.push(format!("{call} is offered to {agent} and does not wait"));
        };
        let passed = |waiting: &&Waiting| waiting.place < place && waiting.offered_to.is_none() && !waiting.refused.contains(agent);
        if let Some((other, _)) = self.waiting.iter().find(|(_, waiting)| passed(waiting)) {
            complaints.push(format!("{call} is offered to {agent} before {other}, who came first"));
        }
        if let Some(waiting) = self.waiting.get_mut(&call)
            && let Some(other) = waiting.offered_to.replace(agent.to_owned())
        {
            complaints.push(format!("{call} is offered to {agent} and to {other}"));
        }
    }

    /// The offer came to nothing.
    pub fn offer_ended(&mut self, call: CallId, agent: &str) {
        if let Some(waiting) = self.waiting.get_mut(&call) {
            waiting.offered_to = None;
            waiting.refused.insert(agent.to_owned());
        }
    }

    /// The switch's own figures.
    pub fn counted(&self, queue: &QueueView, now: Instant, complaints: &mut Complaints) {
        let today = &queue.today;
        let theirs = (today.offered, today.answered, today.abandoned + today.flowed_out, queue.waiting as u64);
        let ours = (self.enqueued, self.answered, self.left, self.waiting.len() as u64);
        if theirs != ours {
            complaints.push(format!("{now:?}: (enqueued, answered, left, waiting): the switch says {theirs:?}, we saw {ours:?}"));
        }
        if theirs.0 != theirs.1 + theirs.2 + theirs.3 {
            complaints.push(format!("{now:?}: the figures do not add up: {theirs:?}"));
        }
    }

    /// The switch is back with these calls. What it counted in its last moment may be uncounted: from here on the figures are followed.
    pub fn restarted(&mut self, calls: &BTreeSet<CallId>, snapshot: &Snapshot) {
        self.waiting.retain(|call, _| calls.contains(call));
        let sum = |figure: fn(&QueueFigures) -> u64| snapshot.queues.iter().map(|queue| figure(&queue.today)).sum();
        self.enqueued = sum(|today| today.offered);
        self.answered = sum(|today| today.answered);
        self.left = sum(|today| today.abandoned + today.flowed_out);
        let waits = |call: &CallView| call.record.queue.is_some() && call.record.connected_at.is_none();
        for call in snapshot.calls.iter().filter(|call| waits(call)) {
            let offered_to = call.record.offers.iter().rev().find(|offer| offer.ended_at.is_none()).map(|offer| offer.agent.to_string());
            let place = self.enqueued;
            let waiting = self.waiting.entry(call.record.id).or_insert(Waiting { place, offered_to: None, refused: BTreeSet::new() });
            waiting.offered_to = offered_to;
        }
    }

    pub fn at_rest(&self, complaints: &mut Complaints) {
        if !self.waiting.is_empty() {
            complaints.push(format!("{} callers still wait", self.waiting.len()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sanling::base::{QueueId, Rng, Timestamp};
    use sanling::switch::view::QueueFigures;

    fn call(n: u64) -> CallId {
        CallId::new(Timestamp(1), &mut Rng::new(n))
    }

    fn view(offered: u64, answered: u64, abandoned: u64, waiting: usize) -> QueueView {
        let today = QueueFigures { offered, answered, abandoned, ..QueueFigures::default() };
        QueueView { id: QueueId::new("service"), waiting, longest_waiting_since: None, agents: Vec::new(), today }
    }

    #[test]
    fn one_who_is_passed_over_is_seen() {
        let (mut books, mut complaints) = (Books::default(), Vec::new());
        for n in 1..=3 {
            books.enqueued(call(n));
        }
        books.offered(call(1), "1001", &mut complaints);
        books.offered(call(2), "1002", &mut complaints);
        books.offer_ended(call(1), "1001");
        books.offered(call(3), "1001", &mut complaints);
        assert_eq!(complaints.len(), 0, "the first let 1001 down: {complaints:?}");
        books.offer_ended(call(3), "1001");
        books.offered(call(3), "1003", &mut complaints);
        assert_eq!(complaints.len(), 1, "the first waits, and 1003 is given to the third");
        books.offered(call(3), "1004", &mut complaints);
        books.offered(call(9), "1004", &mut complaints);
        assert_eq!(complaints.len(), 4, "{complaints:?}");
    }

    #[test]
    fn figures_that_do_not_add_up_are_seen() {
        let mut books = Books::default();
        for n in 1..=3 {
            books.enqueued(call(n));
        }
        books.answered(call(1));
        books.left(call(2));
        for (theirs, expected) in [(view(3, 1, 1, 1), 0), (view(3, 1, 1, 0), 2), (view(3, 2, 0, 1), 1), (view(4, 1, 1, 1), 2)] {
            let mut complaints = Vec::new();
            books.counted(&theirs, Instant::START, &mut complaints);
            assert_eq!(complaints.len(), expected, "{complaints:?}");
        }
        let mut complaints = Vec::new();
        books.at_rest(&mut complaints);
        assert_eq!(complaints.len(), 1);
    }
}
