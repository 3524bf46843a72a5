//! Times in queues: who came, what became of them, and how often phones were rung for them.

use super::tally::{Terms, between, ms, tally};
use crate::base::Timestamp;
use crate::call::record::{CallRecord, OfferOutcome, OfferRecord, QueueVisit, VisitEnding, as_one};

tally! {
    /// Counts of visits and of the offers made in them, by [`Terms`]. O = A + B + C + F + W.
    VisitTally {
        /// O: callers who entered the queue.
        offered,
        /// A
        answered,
        /// A_T: after a wait of at most T.
        answered_in_time,
        /// B
        abandoned,
        /// B_T: after a wait of at most T.
        abandoned_in_time,
        /// B_s: after a wait of less than s.
        short_abandoned,
        /// F: taken to another queue or destination.
        flowed_out,
        /// F after T: those whose service level was decided before they went.
        flowed_out_late,
        /// C: left to be called back.
        called_back,
        /// W: still there.
        waiting,
        /// W for longer than T.
        waiting_late,
        /// Not taken, and not among the offered.
        refused,
        /// Sum of the waits of the answered.
        answered_wait_ms,
        /// Offers that have ended: of a caller, be it to several agents at once; of an agent, his own.
        offers,
        offers_answered,
        /// Answered within N rings.
        offers_in_rings,
        /// Rang to the limit.
        offers_missed,
        /// M_T: rang to the limit before the caller had waited T.
        offers_missed_in_time,
        /// The caller left, or another agent took him.
        offers_withdrawn,
        offers_rejected,
        offers_busy,
        offers_unreachable,
    } greatest {
        /// Of the waits that have ended.
        longest_wait_ms,
    }
}

impl VisitTally {
    /// Counts a visit of the call. `now` is up to when who waits has waited.
    pub fn visit(&mut self, record: &CallRecord, index: usize, now: Timestamp, terms: &Terms) {
        let Some(visit) = record.visits.get(index) else { return };
        if visit.ending == VisitEnding::Refused {
            self.refused += 1;
            return;
        }
        let wait = between(visit.entered_at, visit.left_at.unwrap_or(now));
        let in_time = wait <= ms(terms.service_level);
        self.offered += 1;
        match visit.ending {
            VisitEnding::Answered => {
                self.answered += 1;
                self.answered_in_time += u64::from(in_time);
                self.answered_wait_ms += wait;
            }
            VisitEnding::Abandoned => {
                self.abandoned += 1;
                self.abandoned_in_time += u64::from(in_time);
                self.short_abandoned += u64::from(wait < ms(terms.short_abandon));
            }
            VisitEnding::FlowedOut => {
                self.flowed_out += 1;
                self.flowed_out_late += u64::from(!in_time);
            }
            VisitEnding::CalledBack => self.called_back += 1,
            VisitEnding::Waiting | VisitEnding::Refused => {
                self.waiting += 1;
                self.waiting_late += u64::from(!in_time);
            }
        }
        if visit.left_at.is_some() {
            self.longest_wait_ms = self.longest_wait_ms.max(wait);
        }
        let offers: Vec<&OfferRecord> = record.offers.iter().filter(|offer| visit_of(offer, &record.visits) == Some(index)).collect();
        for phones in offers.chunk_by(|_, next| next.beside) {
            let Some(offer) = as_one(phones, visit.left_at.is_some()) else { continue };
            self.offer(offer, terms);
            let missed_in_time = offer.result == OfferOutcome::Missed
                && offer.ended_at.is_some_and(|at| between(visit.entered_at, at) <= ms(terms.service_level));
            self.offers_missed_in_time += u64::from(missed_in_time);
            // Whose caller is gone is withdrawn with him, and where nobody who was asked answered, another took him.
            if matches!(offer.result, OfferOutcome::Pending | OfferOutcome::Elsewhere) {
                self.offers += 1;
                self.offers_withdrawn += 1;
            }
        }
    }

    /// Counts an offer that has ended. One that another agent answered counts for nobody.
    pub fn offer(&mut self, offer: &OfferRecord, terms: &Terms) {
        let count = match offer.result {
            OfferOutcome::Pending | OfferOutcome::Elsewhere => return,
            OfferOutcome::Answered => &mut self.offers_answered,
            OfferOutcome::Missed => &mut self.offers_missed,
            OfferOutcome::Rejected => &mut self.offers_rejected,
            OfferOutcome::Busy => &mut self.offers_busy,
            OfferOutcome::Unreachable => &mut self.offers_unreachable,
            OfferOutcome::Withdrawn => &mut self.offers_withdrawn,
        };
        *count += 1;
        self.offers += 1;
        self.offers_in_rings += u64::from(offer.is_answered_within(terms.rings));
    }
}

/// The visit during which the phone was rung: of two that meet at that moment, the later.
fn visit_of(offer: &OfferRecord, visits: &[QueueVisit]) -> Option<usize> {
    visits.iter().rposition(|visit| {
        visit.ending != VisitEnding::Refused
            && visit.entered_at <= offer.alerted_at
            && visit.left_at.is_none_or(|left| offer.alerted_at <= left)
    })
}
