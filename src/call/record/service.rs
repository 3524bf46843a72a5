//! What a record says of the craft of service, one predicate a rule: reports count by them, and the rules that a call broke are found by them.
//! Knows no limit of its own; each is given.

use super::{
    CallDirection, CallRecord, GreetingRecord, HeldBy, HoldRecord, OfferOutcome, OfferRecord, Outcome, ReleasedBy, SoundRecord, VisitEnding,
};
use crate::base::Duration;
use crate::base::time::millis;

/// Timers fire within this of their time: what is later by less was in time.
pub const LATE: Duration = millis(100);

impl OfferRecord {
    #[must_use]
    pub fn is_answered_within(&self, rings: u32) -> bool {
        self.result == OfferOutcome::Answered && self.rings <= rings
    }

    /// It rang for longer: nobody answered it before the limit, or somebody did on a later ring.
    #[must_use]
    pub fn rang_past(&self, rings: u32) -> bool {
        self.result == OfferOutcome::Missed || self.result == OfferOutcome::Answered && self.rings > rings
    }
}

/// Of the phones that rang for a caller together, the one that says what became of it: who answered; else none while one rings still; else
/// one that rang out, was withdrawn, said no.
#[must_use]
pub fn as_one<'a>(phones: &[&'a OfferRecord], is_over: bool) -> Option<&'a OfferRecord> {
    use OfferOutcome::{Answered, Busy, Elsewhere, Missed, Pending, Rejected, Unreachable, Withdrawn};
    let of = |result: OfferOutcome| phones.iter().rfind(|offer| offer.result == result).copied();
    if !is_over && of(Answered).is_none() && of(Pending).is_some() {
        return None;
    }
    [Answered, Missed, Pending, Withdrawn, Elsewhere, Rejected, Busy, Unreachable].into_iter().find_map(of)
}

impl HoldRecord {
    /// The longest time that the held party heard no word for him; `None` while it runs. Reassurances came the patience after the last word,
    /// by the patience in force then, and what is left is the last gap.
    #[must_use]
    pub fn longest_silence(&self, patience: Duration) -> Option<Duration> {
        let length = self.started_at.until(self.ended_at?);
        Some(if self.reassured == 0 { length } else { patience.max(length.saturating_sub(patience.saturating_mul(self.reassured))) })
    }

    /// Whether nobody was left without a word for longer than the patience; `None` while it runs.
    #[must_use]
    pub fn is_in_patience(&self, patience: Duration) -> Option<bool> {
        self.longest_silence(patience).map(|silence| silence <= patience + LATE)
    }

    /// Whether it took no longer than promised; `None` of one without a promise, and while that is not known.
    #[must_use]
    pub fn promise_kept(&self) -> Option<bool> {
        self.promised.and(self.kept)
    }
}

impl GreetingRecord {
    #[must_use]
    pub fn is_in_time(&self, within: Duration) -> bool {
        self.delay.is_some_and(|delay| delay <= within)
    }

    /// It came, but too late.
    #[must_use]
    pub fn is_late(&self, within: Duration) -> bool {
        self.delay.is_some_and(|delay| delay > within)
    }
}

impl SoundRecord {
    /// An agent's microphone was open while his customer was on hold.
    #[must_use]
    pub fn is_agents_open_microphone(&self) -> bool {
        self.agent.is_some() && self.open_microphone
    }
}

impl CallRecord {
    /// Two people spoke, and it is over.
    #[must_use]
    pub fn is_conversation_over(&self) -> bool {
        self.connected_at.is_some() && self.released_at.is_some()
    }

    /// Whose part ended first, when any has.
    #[must_use]
    pub fn left_first(&self) -> Option<ReleasedBy> {
        self.hung_up_first.or(self.released_by)
    }

    /// An agent called out, and sits where else the customer sits. Who calls somebody back is put in his usual place.
    #[must_use]
    pub fn is_called_out(&self) -> bool {
        self.direction == CallDirection::Outbound && self.call_back.is_none()
    }

    /// The name under which its holds by the agent stand.
    #[must_use]
    pub fn held_by_agent(&self) -> HeldBy {
        if self.is_called_out() { HeldBy::Caller } else { HeldBy::Agent }
    }

    /// Of a conversation that is over, whether the customer went first. `None`: there was none, or no customer in it.
    #[must_use]
    pub fn customer_left_first(&self) -> Option<bool> {
        let customer = if self.is_called_out() { ReleasedBy::Callee } else { ReleasedBy::Caller };
        (self.is_conversation_over() && self.direction.has_customer()).then(|| self.left_first() == Some(customer))
    }

    /// The silent-call script released it.
    #[must_use]
    pub fn is_silent_release(&self) -> bool {
        self.outcome == Some(Outcome::Silent)
    }

    /// A script of service released it: that is no hanging up on a customer.
    #[must_use]
    pub fn is_script_release(&self) -> bool {
        matches!(self.outcome, Some(Outcome::Silent | Outcome::Scripted))
    }

    /// The customer left while he waited: in a queue, or while an agent's phone rang for him. Older versions wrote no visits.
    #[must_use]
    pub fn is_abandoned(&self) -> bool {
        let waited_elsewhere = self.visits.is_empty() && (self.queue.is_some() || !self.offers.is_empty());
        self.visits.iter().any(|visit| visit.ending == VisitEnding::Abandoned)
            || waited_elsewhere && self.outcome == Some(Outcome::Abandoned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Timestamp;
    use OfferOutcome::{Answered, Busy, Elsewhere, Missed, Pending, Rejected, Unreachable, Withdrawn};

    #[test]
    fn of_phones_that_rang_together_one_says_what_became_of_the_offer() {
        let phone =
            |result| OfferRecord { agent: "1001".into(), alerted_at: Timestamp(0), ended_at: None, rings: 1, result, beside: false };
        for (results, is_over, expected) in [
            (&[Elsewhere, Answered, Elsewhere][..], true, Some(Answered)),
            (&[Missed, Rejected, Answered], true, Some(Answered)),
            (&[Missed, Pending], false, None),
            (&[Missed, Pending], true, Some(Missed)),
            (&[Busy, Missed, Rejected], true, Some(Missed)),
            (&[Missed, Withdrawn], true, Some(Missed)),
            (&[Rejected, Withdrawn, Withdrawn], true, Some(Withdrawn)),
            (&[Unreachable, Busy, Rejected], true, Some(Rejected)),
            (&[Elsewhere], true, Some(Elsewhere)),
            (&[Pending], true, Some(Pending)),
        ] {
            let phones: Vec<OfferRecord> = results.iter().map(|result| phone(*result)).collect();
            let phones: Vec<&OfferRecord> = phones.iter().collect();
            assert_eq!(as_one(&phones, is_over).map(|offer| offer.result), expected, "{results:?}");
        }
    }
}
