//! Records and recordings: a call's file covers it to one frame, and what the record says of its offers keeps the rule of the rings.

use super::Complaints;
use sanling::base::time::millis;
use sanling::base::{CallId, Duration, Timestamp};
use sanling::call::record::{CallRecord, OfferOutcome, RecordingState};
use std::collections::BTreeMap;

const FRAME: Duration = millis(20);
/// A packet stands where its timestamp says, which may be this far ahead of its arrival when the first of its stream was late
/// (`media::tap`): the file may end so much after the call, never before.
const AHEAD: Duration = millis(60);

pub struct Files {
    /// The limits that were in force, each with its rings; the last is now.
    limits: Vec<(Duration, u32)>,
    /// Which limit was in force when the call arrived.
    arrived_under: BTreeMap<CallId, usize>,
    /// How long the switch was away while the call was alive.
    away: BTreeMap<CallId, Duration>,
    /// The last that was stored of each call.
    stored: BTreeMap<CallId, CallRecord>,
}

impl Files {
    pub fn new(limit: Duration, max_rings: u32) -> Self {
        Self { limits: vec![(limit, max_rings)], arrived_under: BTreeMap::new(), away: BTreeMap::new(), stored: BTreeMap::new() }
    }

    pub fn reloaded(&mut self, limit: Duration, max_rings: u32) {
        if self.limits.last() != Some(&(limit, max_rings)) {
            self.limits.push((limit, max_rings));
        }
    }

    pub fn arrived(&mut self, call: CallId) {
        self.arrived_under.insert(call, self.limits.len() - 1);
    }

    /// A limit that fell due meanwhile is kept when the switch is back.
    pub fn was_away(&mut self, call: CallId, long: Duration) {
        *self.away.entry(call).or_default() += long;
    }

    pub fn stored(&mut self, record: &CallRecord, complaints: &mut Complaints) {
        let id = record.id;
        if let (Some(answered), Some(released), Some(recording)) = (record.answered_at, record.released_at, &record.recording)
            && recording.state == RecordingState::Complete
        {
            let call = between(answered, released);
            if recording.duration + FRAME < call || recording.duration > call + FRAME + AHEAD {
                complaints.push(format!("{id}: {:?} of recording for a call of {call:?}", recording.duration));
            }
        }
        let away = self.away.get(&id).copied().unwrap_or_default();
        for offer in &record.offers {
            let Some(ended) = offer.ended_at else { continue };
            let rang = between(offer.alerted_at, ended);
            let kept = |(limit, max_rings): &(Duration, u32)| match offer.result {
                OfferOutcome::Answered => rang < *limit && offer.rings <= *max_rings,
                OfferOutcome::Missed => rang >= *limit && rang <= *limit + super::LATE + away && offer.rings == *max_rings,
                OfferOutcome::Pending => false,
                _ => rang <= *limit + away && offer.rings <= *max_rings,
            };
            let since = self.arrived_under.get(&id).copied().unwrap_or_default();
            if ended < offer.alerted_at || !self.limits[since..].iter().any(kept) {
                complaints.push(format!("{id}: an offer that rang for {rang:?}, {} rings, {:?}", offer.rings, offer.result));
            }
        }
        self.stored.insert(id, record.clone());
    }

    /// Every record is complete.
    pub fn at_rest(&self, complaints: &mut Complaints) {
        for record in self.stored.values() {
            let open = record.recording.as_ref().is_some_and(|recording| recording.state == RecordingState::Open);
            let backwards = record.answered_at.is_some_and(|at| at < record.arrived_at) || record.released_at < record.answered_at;
            let offered_before = record.offers.iter().any(|offer| offer.alerted_at < record.arrived_at);
            let lacks = backwards
                || offered_before
                || record.released_at.is_none()
                || record.outcome.is_none()
                || record.released_by.is_none()
                || open;
            // The way into another call has no sound of its own.
            let led_on = record.merged_into.is_some() && record.released_at == record.answered_at;
            // What is heard by phone was recorded once already.
            let replays = record.called.strip_prefix("*9").is_some_and(|number| !number.starts_with('8'));
            let unrecorded = record.answered_at.is_some() && record.recording.is_none() && !led_on && !replays;
            let pending = record.offers.iter().any(|offer| offer.ended_at.is_none());
            if lacks || unrecorded || pending {
                complaints.push(format!("a record is not complete: {record:?}"));
            }
        }
    }
}

fn between(from: Timestamp, to: Timestamp) -> Duration {
    millis(u64::try_from(to.0 - from.0).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use sanling::base::time::secs;
    use sanling::base::{AgentId, Rng};
    use sanling::call::record::{CallDirection, OfferRecord, Outcome, RecordingRecord, ReleasedBy};

    fn record(duration_ms: u64) -> CallRecord {
        CallRecord {
            answered_at: Some(Timestamp(1_000)),
            released_at: Some(Timestamp(11_000)),
            released_by: Some(ReleasedBy::Caller),
            outcome: Some(Outcome::Answered),
            recording: Some(RecordingRecord {
                file: String::new(),
                duration: millis(duration_ms),
                sha256: None,
                state: RecordingState::Complete,
                reason: None,
            }),
            ..CallRecord::new(
                CallId::new(Timestamp(1), &mut Rng::new(1)),
                CallDirection::Inbound,
                String::new(),
                String::new(),
                Timestamp(0),
            )
        }
    }

    fn complaints_of(record: &CallRecord) -> usize {
        let (mut files, mut complaints) = (Files::new(secs(15), 3), Vec::new());
        files.stored(record, &mut complaints);
        files.at_rest(&mut complaints);
        complaints.len()
    }

    #[test]
    fn a_file_that_is_too_short_or_too_long_is_seen() {
        for (duration_ms, expected) in [(10_000, 0), (9_980, 0), (10_080, 0), (9_979, 1), (10_081, 1), (0, 1)] {
            assert_eq!(complaints_of(&record(duration_ms)), expected, "{duration_ms}");
        }
        let mut open = record(10_000);
        open.recording.as_mut().expect("a recording").state = RecordingState::Open;
        assert_eq!(complaints_of(&open), 1);
        assert_eq!(complaints_of(&CallRecord { recording: None, ..record(0) }), 1);
        assert_eq!(complaints_of(&CallRecord { released_at: None, ..record(0) }), 1);
    }

    #[test]
    fn an_offer_that_breaks_the_rule_of_the_rings_is_seen() {
        for (rang_ms, rings, result, expected) in [
            (14_999, 3, OfferOutcome::Answered, 0),
            (15_000, 3, OfferOutcome::Answered, 1),
            (15_000, 3, OfferOutcome::Missed, 0),
            (14_999, 3, OfferOutcome::Missed, 1),
            (15_021, 3, OfferOutcome::Missed, 1),
            (15_000, 4, OfferOutcome::Missed, 1),
            (2_000, 1, OfferOutcome::Busy, 0),
            (16_000, 4, OfferOutcome::Withdrawn, 1),
        ] {
            let offer = OfferRecord {
                agent: AgentId::new("1001"),
                alerted_at: Timestamp(500),
                ended_at: Some(Timestamp(500 + rang_ms)),
                rings,
                result,
                beside: false,
            };
            assert_eq!(complaints_of(&CallRecord { offers: vec![offer], ..record(10_000) }), expected, "{rang_ms} {rings} {result:?}");
        }
    }
}
