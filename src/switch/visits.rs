//! Times in queues, on each call's record and in the figures of the day. Here the switch looks on at what it tells the ACD and what the ACD
//! tells it; nobody else need think of it.

use super::{Key, Switch};
use crate::acd::{Action, Event, Leaving};
use crate::base::limits::VISITS_PER_CALL_MAX;
use crate::base::{CallId, Instant, QueueId};
use crate::call::record::{QueueVisit, VisitEnding};

/// What an event may mean for a call's time in a queue.
pub(super) enum Told {
    Entered(CallId, QueueId),
    /// An agent has the call; before, it stood in the books or not.
    Taken(CallId, bool),
    Left(CallId, VisitEnding),
    Nothing,
}

impl Switch {
    /// Before the ACD is told.
    pub(super) fn may_visit(&self, event: &Event) -> Told {
        match event {
            Event::Enqueued { call, queue, .. } => Told::Entered(*call, queue.clone()),
            Event::Answered { call, .. } | Event::Engaged { call, .. } => Told::Taken(*call, self.acd.queue_of(*call).is_some()),
            Event::Left { call, why: Leaving::Abandoned } => Told::Left(*call, VisitEnding::Abandoned),
            Event::Left { call, why: Leaving::Overflowed } => Told::Left(*call, VisitEnding::FlowedOut),
            Event::Left { call, why: Leaving::CalledBack } => Told::Left(*call, VisitEnding::CalledBack),
            _ => Told::Nothing,
        }
    }

    /// After it was told.
    pub(super) fn note_visit(&mut self, told: Told, now: Instant) {
        match told {
            Told::Entered(call, queue) => {
                self.end_visit(call, VisitEnding::FlowedOut, now);
                let stands = self.acd.queue_of(call) == Some(&queue);
                self.begin_visit(call, queue, now);
                if !stands {
                    self.end_visit(call, VisitEnding::Refused, now);
                }
            }
            Told::Taken(call, stood) if stood && self.acd.queue_of(call).is_none() => self.end_visit(call, VisitEnding::Answered, now),
            Told::Taken(..) | Told::Nothing => {}
            Told::Left(call, ending) => self.end_visit(call, ending, now),
        }
    }

    /// What the ACD says of itself: the queue has the caller wait no longer.
    pub(super) fn look_at_acd(&mut self, action: &Action, now: Instant) {
        if let Action::Expired { call, .. } = action {
            self.end_visit(*call, VisitEnding::FlowedOut, now);
        }
    }

    fn begin_visit(&mut self, call: CallId, queue: QueueId, now: Instant) {
        let at = self.at_of(call, now);
        let Some(slot) = self.slots.get_mut(&call) else { return };
        let visits = &mut slot.call.record_mut().visits;
        if visits.len() < VISITS_PER_CALL_MAX {
            visits.push(QueueVisit { queue: queue.clone(), entered_at: at, left_at: None, ending: VisitEnding::Waiting });
            slot.visit_since = Some(now);
            self.figures.entered(&queue, call, now);
            self.touched.extend([Key::Slot(call), Key::Figures]);
        }
    }

    fn end_visit(&mut self, call: CallId, ending: VisitEnding, now: Instant) {
        let (at, terms) = (self.at_of(call, now), self.basis().terms);
        let Some(slot) = self.slots.get_mut(&call) else { return };
        let Some(visit) = slot.call.record_mut().visits.last_mut().filter(|visit| visit.left_at.is_none()) else { return };
        visit.left_at = Some(at);
        visit.ending = ending;
        let queue = visit.queue.clone();
        slot.visit_since = None;
        let record = slot.call.record();
        self.figures.left(&queue, record, record.visits.len() - 1, at, &terms);
        self.dirty.counted(call, queue);
        self.touched.extend([Key::Slot(call), Key::Figures]);
    }
}
