//! The rules of service that a call broke.

use crate::base::breach::{Breach, Breaches};
use crate::call::record::{CallRecord, HoldRecord, OfferRecord, SoundRecord, as_one};
use crate::report::Terms;

/// The rules that a call broke by those terms, as far as it has come; none of a call without a customer. Of a call that runs, only what can
/// no more be mended.
#[must_use]
pub fn breaches(record: &CallRecord, terms: &Terms) -> Breaches {
    if !record.direction.has_customer() {
        return Breaches::NONE;
    }
    let breaks = |breach: &Breach| match breach {
        Breach::ThreeRings => offers_to_him(record).any(|offer| offer.rang_past(terms.rings)),
        Breach::Patience => holds_of_him(record).any(|hold| hold.is_in_patience(terms.patience) == Some(false)),
        Breach::Promise => holds_of_him(record).any(|hold| hold.promise_kept() == Some(false)),
        Breach::HoldWithoutReason => holds_of_him(record).any(|hold| hold.ended_at.is_some() && hold.reason.is_none()),
        Breach::GreetingLate => record.greeting.is_some_and(|greeting| greeting.is_late(terms.greeted_within)),
        Breach::GreetingMissing => record.is_conversation_over() && record.greeting.is_some_and(|greeting| greeting.delay.is_none()),
        Breach::HungUpFirst => record.customer_left_first() == Some(false) && !record.is_script_release(),
        Breach::Abandoned => record.is_abandoned(),
        Breach::SilentRelease => record.is_silent_release(),
        Breach::OpenMicrophone => record.sounds.iter().any(SoundRecord::is_agents_open_microphone),
    };
    Breach::ALL.into_iter().filter(breaks).collect()
}

/// Holds in which it is the customer who waits.
fn holds_of_him(record: &CallRecord) -> impl Iterator<Item = &HoldRecord> {
    let by = record.held_by_agent();
    record.holds.iter().filter(move |hold| hold.by == by)
}

/// Each time that he was offered to agents: of phones that rang together, the one that says what became of it.
fn offers_to_him(record: &CallRecord) -> impl Iterator<Item = &OfferRecord> {
    let offers: Vec<&OfferRecord> = record.offers.iter().collect();
    let is_over = record.released_at.is_some();
    let one_each: Vec<&OfferRecord> = offers.chunk_by(|_, next| next.beside).filter_map(|phones| as_one(phones, is_over)).collect();
    one_each.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::{Duration, millis};
    use crate::call::record::{CallDirection, GreetedBy, GreetingRecord, HeldBy, OfferOutcome, Outcome, ReleasedBy, VisitEnding};
    use crate::qa::tests::{at, good, hold, offer};
    use crate::report::{Kind, Question, Report, Slice, Slices};
    use std::collections::BTreeMap;

    /// What a call is changed by, and the rules that it broke then.
    type Case = (&'static str, fn(&mut CallRecord), &'static [Breach]);

    const CASES: &[Case] = &[
        ("all as it should be", |_| {}, &[]),
        ("on the fourth ring", |call| call.offers[0].rings = 4, &[Breach::ThreeRings]),
        (
            "the first let it ring",
            |call| call.offers = vec![offer(OfferOutcome::Missed, 3), offer(OfferOutcome::Answered, 1)],
            &[Breach::ThreeRings],
        ),
        ("the first said no", |call| call.offers = vec![offer(OfferOutcome::Rejected, 1), offer(OfferOutcome::Answered, 1)], &[]),
        (
            "of two that rang together one answered",
            |call| call.offers = vec![offer(OfferOutcome::Missed, 3), OfferRecord { beside: true, ..offer(OfferOutcome::Answered, 3) }],
            &[],
        ),
        // 7 s, 7 s, and 6 s to the retrieve; then 7.1 s, which is a timer's tolerance, and a millisecond more.
        ("reassured once in 14.1 s", |call| call.holds = vec![hold(14_100, 1)], &[]),
        ("a silence of 7.101 s", |call| call.holds = vec![hold(14_101, 1)], &[Breach::Patience]),
        ("a hold that still runs is not judged by its silence", |call| call.holds[0].ended_at = None, &[]),
        ("longer than promised", |call| call.holds[0].kept = Some(false), &[Breach::Promise]),
        ("no reason", |call| call.holds[0].reason = None, &[Breach::HoldWithoutReason]),
        ("it was the customer who held", |call| call.holds = vec![HoldRecord { by: HeldBy::Caller, reason: None, ..hold(60_000, 0) }], &[]),
        (
            "in a call out the agent is the caller",
            |call| {
                (call.direction, call.hung_up_first) = (CallDirection::Outbound, Some(ReleasedBy::Callee));
                call.holds = vec![HoldRecord { by: HeldBy::Caller, reason: None, ..hold(5_000, 0) }];
            },
            &[Breach::HoldWithoutReason],
        ),
        ("greeted a millisecond too late", |call| greeted(call, Some(millis(3_001))), &[Breach::GreetingLate]),
        ("not greeted", |call| greeted(call, None), &[Breach::GreetingMissing]),
        ("the agent went first", |call| call.hung_up_first = Some(ReleasedBy::Agent), &[Breach::HungUpFirst]),
        (
            "the agent went first, by an older version",
            |call| (call.hung_up_first, call.released_by) = (None, Some(ReleasedBy::Agent)),
            &[Breach::HungUpFirst],
        ),
        ("the line broke", |call| call.hung_up_first = Some(ReleasedBy::Switch), &[Breach::HungUpFirst]),
        ("silent", |call| (call.hung_up_first, call.outcome) = (Some(ReleasedBy::Switch), Some(Outcome::Silent)), &[Breach::SilentRelease]),
        ("a script's end", |call| (call.hung_up_first, call.outcome) = (Some(ReleasedBy::Switch), Some(Outcome::Scripted)), &[]),
        ("he left the queue", |call| left_waiting(call), &[Breach::Abandoned]),
        (
            "he left while an agent's phone rang",
            |call| {
                left_waiting(call);
                (call.queue, call.visits) = (None, Vec::new());
            },
            &[Breach::Abandoned],
        ),
        (
            "he left a menu",
            |call| {
                left_waiting(call);
                (call.queue, call.visits, call.offers) = (None, Vec::new(), Vec::new());
            },
            &[],
        ),
        ("his microphone was open", |call| call.sounds[0].open_microphone = true, &[Breach::OpenMicrophone]),
        ("the customer's was", |call| (call.sounds[0].agent, call.sounds[0].open_microphone) = (None, true), &[]),
        (
            "it runs: what may yet come is not missing",
            |call| {
                greeted(call, None);
                (call.released_at, call.released_by, call.hung_up_first, call.outcome) = (None, None, None, None);
                call.offers.push(offer(OfferOutcome::Pending, 2));
            },
            &[],
        ),
        (
            "agents among themselves",
            |call| {
                call.direction = CallDirection::Internal;
                call.offers = vec![offer(OfferOutcome::Missed, 3)];
            },
            &[],
        ),
    ];

    fn greeted(call: &mut CallRecord, delay: Option<Duration>) {
        call.greeting = Some(GreetingRecord { by: GreetedBy::Agent, delay });
    }

    fn left_waiting(call: &mut CallRecord) {
        call.visits[0].ending = VisitEnding::Abandoned;
        call.offers = vec![offer(OfferOutcome::Withdrawn, 2)];
        (call.connected_at, call.agent, call.greeting, call.outcome) = (None, None, None, Some(Outcome::Abandoned));
        (call.holds, call.sounds) = (Vec::new(), Vec::new());
    }

    #[test]
    fn a_call_broke_what_is_told_of_it_and_nothing_else() {
        for (what, change, expected) in CASES {
            let mut call = good();
            change(&mut call);
            assert_eq!(breaches(&call, &Terms::default()), expected.iter().copied().collect(), "{what}");
        }
        let seen: Breaches = CASES.iter().flat_map(|(_, _, expected)| expected.iter().copied()).collect();
        assert_eq!(seen.iter().count(), Breach::ALL.len(), "each rule is broken once");
    }

    /// The same calls, in a report of their queue: what the rates count against is what is found broken.
    #[test]
    fn what_is_broken_is_what_the_figures_count_against() {
        for (what, change, _) in CASES {
            let mut call = good();
            change(&mut call);
            if call.direction != CallDirection::Inbound || call.visits.is_empty() || call.holds.iter().any(|hold| hold.by == HeldBy::Caller)
            {
                continue;
            }
            let slices = Slices { zone: jiff::tz::TimeZone::UTC, by: Slice::Whole, since: at(0), until: at(86_400_000) };
            let mut report = Report::new(Question {
                kind: Kind::Queues,
                slices,
                terms: Terms::default(),
                queue: None,
                agent: None,
                teams: BTreeMap::new(),
                plans: BTreeMap::new(),
                now: at(86_400_000),
                rows_max: 10,
            });
            report.call(&call).expect("one row");
            let tally = report.rows()[0].tally;
            let (service, visits) = (tally.service, tally.visits);
            let against = [
                (Breach::ThreeRings, visits.offers_missed + visits.offers_answered - visits.offers_in_rings),
                (Breach::Patience, service.holds - service.holds_in_patience),
                (Breach::Promise, service.holds_promised - service.promises_kept),
                (Breach::HoldWithoutReason, service.holds - service.holds_with_reason),
                (Breach::GreetingLate, service.greeted - service.greeted_in_time),
                (Breach::Abandoned, visits.abandoned),
                (Breach::SilentRelease, service.silent),
                (Breach::OpenMicrophone, service.open_microphones),
            ];
            let broken = breaches(&call, &Terms::default());
            for (breach, count) in against {
                let runs = call.released_at.is_none() || call.holds.iter().any(|hold| hold.ended_at.is_none());
                assert!(runs || broken.contains(breach) == (count > 0), "{what}: {breach:?} {count}");
            }
        }
    }
}
