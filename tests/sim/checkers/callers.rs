//! Every caller's view of his call has its record: who was taken was answered, once; who was refused was not; and nobody is on record as
//! spoken to long after he has hung up. Callers are told apart by their numbers, so each calls once.

use super::super::phones::{End, Past};
use super::Complaints;
use sanling::base::Duration;
use sanling::base::time::{millis, secs};
use sanling::call::record::{CallRecord, Outcome, ReleasedBy};
use std::collections::BTreeMap;

/// A BYE goes again for so long (RFC 3261 §17.1.2: 64 × T1), and a switch may be away meanwhile.
const HEARD_WITHIN: Duration = secs(40);

/// `certain`: no crash has taken calls in the moment of their arrival, nor let them arrive twice.
pub fn compare<'a>(
    past: impl Iterator<Item = &'a Past>,
    records: impl Iterator<Item = &'a CallRecord>,
    certain: bool,
    complaints: &mut Complaints,
) {
    let mut of_caller: BTreeMap<&str, Vec<&CallRecord>> = BTreeMap::new();
    for record in records {
        of_caller.entry(&record.caller).or_default().push(record);
    }
    for past in past {
        let records = of_caller.get(past.caller.as_str()).map_or(&[][..], Vec::as_slice);
        if let Err(what) = agree(past, records, certain) {
            complaints.push(format!("{what}: he saw {past:?}, on record is {records:?}"));
        }
    }
}

fn agree(past: &Past, records: &[&CallRecord], certain: bool) -> Result<(), &'static str> {
    let mut answered = records.iter().filter(|record| record.answered_at.is_some());
    let (first, second) = (answered.next(), answered.next());
    if second.is_some() || (certain && records.len() > 1) {
        return Err("one call, two records");
    }
    let Some(lasted) = past.lasted else {
        return match past.end {
            // For want of room, or of credentials: no call.
            End::Refused(401 | 403 | 407 | 503) if first.is_none() => Ok(()),
            End::Refused(code) if first.is_some() && code != 487 => Err("refused, and answered on record"),
            End::Refused(_) if certain && records.is_empty() => Err("refused without a record"),
            _ => Ok(()),
        };
    };
    let Some(record) = first else { return Err("a call without a record of its answer") };
    let on_record = record.released_at.zip(record.answered_at).map(|(to, from)| millis((to.0 - from.0).unsigned_abs()));
    let Some(on_record) = on_record else { return Err("a call without an end") };
    let on_time = on_record <= lasted + HEARD_WITHIN;
    match past.end {
        _ if record.outcome.is_none() => Err("taken, and nothing on record of what came of it"),
        // Who was taken by a menu or a queue and turned away later was told so by the switch, which hung up, or a queue's caller before it.
        _ if record.outcome == Some(Outcome::Refused)
            && (record.connected_at.is_some() || (record.released_by != Some(ReleasedBy::Switch) && record.queue.is_none())) =>
        {
            Err("taken, and refused on record")
        }
        End::HungUp if !on_time => Err("spoken to when he had hung up"),
        End::Bye if record.released_by == Some(ReleasedBy::Caller) => Err("the switch hung up in his name"),
        End::Bye if lasted > on_record + HEARD_WITHIN => Err("left with nobody"),
        End::Refused(_) => Err("taken and refused"),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sanling::base::{CallId, Rng, Timestamp};
    use sanling::call::record::CallDirection;

    fn record(answered: Option<i64>, released: i64, by: ReleasedBy, outcome: Outcome) -> CallRecord {
        CallRecord {
            answered_at: answered.map(Timestamp),
            released_at: Some(Timestamp(released)),
            released_by: Some(by),
            outcome: Some(outcome),
            ..CallRecord::new(
                CallId::new(Timestamp(1), &mut Rng::new(1)),
                CallDirection::Inbound,
                "138".to_owned(),
                String::new(),
                Timestamp(0),
            )
        }
    }

    #[test]
    fn a_caller_whose_record_tells_another_story_is_seen() {
        let taken = |by| record(Some(1_000), 21_000, by, Outcome::Answered);
        let abandoned = || record(None, 5_000, ReleasedBy::Caller, Outcome::Abandoned);
        let lasted = |s| Some(secs(s));
        for (lasted, end, records, expected) in [
            (lasted(20), End::HungUp, vec![taken(ReleasedBy::Caller)], 0),
            (lasted(20), End::Bye, vec![taken(ReleasedBy::Agent)], 0),
            (None, End::Refused(487), vec![abandoned()], 0),
            (None, End::Refused(503), vec![], 0),
            (None, End::Lost, vec![], 0),
            (lasted(20), End::HungUp, vec![], 1),
            (lasted(20), End::HungUp, vec![abandoned()], 1),
            (lasted(20), End::HungUp, vec![taken(ReleasedBy::Caller), taken(ReleasedBy::Caller)], 1),
            (lasted(20), End::Bye, vec![taken(ReleasedBy::Caller)], 1),
            (lasted(100), End::Bye, vec![taken(ReleasedBy::Agent)], 1),
            (lasted(20), End::HungUp, vec![record(Some(0), 61_000, ReleasedBy::Switch, Outcome::Failed)], 1),
            (None, End::Refused(404), vec![], 1),
            (None, End::Refused(486), vec![taken(ReleasedBy::Agent)], 1),
            (lasted(20), End::HungUp, vec![record(Some(0), 20_000, ReleasedBy::Caller, Outcome::Refused)], 1),
        ] {
            let past = Past { caller: "138".to_owned(), lasted, end };
            let mut complaints = Vec::new();
            compare([&past].into_iter(), records.iter(), true, &mut complaints);
            assert_eq!(complaints.len(), expected, "{past:?} {records:?}");
        }
    }
}
