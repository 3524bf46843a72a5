//! Call records out of the database, as the core has them: what reports are made of.

use super::shapes::{Call, Time};
use crate::base::time::millis;
use crate::base::{AgentId, QueueId, Timestamp, TrunkId};
use crate::call::record::{
    BegunBy, CallBackRecord, CallBackWhy, CallDirection, CallRecord, GreetedBy, GreetingRecord, HeldBy, HoldRecord, OfferOutcome,
    OfferRecord, Outcome, QueueVisit, ReleasedBy, ScriptEnding, ScriptRecord, SegmentEnding, SegmentRecord, SegmentRole, SoundRecord,
    SurveyRecord, VisitEnding,
};
use crate::qa::{Breach, Breaches};
use crate::sip::Diverted;

/// The value of that name. A list that lacks one does not compile.
macro_rules! word {
    ($text:expr, $type:ident: $($variant:ident),*) => {{
        const fn all_are_here(value: $type) -> $type {
            match value {
                $($type::$variant)|* => value,
            }
        }
        [$(all_are_here($type::$variant)),*].into_iter().find(|value| value.name() == $text)
    }};
}

/// The record; `None` of one whose words this version does not know. What is of no use to reports (the recording, its pauses, keys, how it
/// travelled) is left out.
#[must_use]
pub fn record(call: &Call) -> Option<CallRecord> {
    Some(CallRecord {
        id: call.id.parse().ok()?,
        direction: word!(call.direction, CallDirection: Inbound, Outbound, Internal, External)?,
        caller: call.caller.clone(),
        called: call.called.clone(),
        trunk: call.trunk.as_deref().map(TrunkId::new),
        queue: call.queue.as_deref().map(QueueId::new),
        agent: call.agent.as_deref().map(AgentId::new),
        arrived_at: at(call.arrived_at),
        answered_at: call.answered_at.map(at),
        connected_at: call.connected_at.map(at),
        released_at: call.released_at.map(at),
        released_by: call.released_by.as_deref().and_then(released_by),
        hung_up_first: call.hung_up_first.as_deref().and_then(released_by),
        caller_left_at: call.caller_left_at.map(at),
        release_cause: None,
        outcome: call.outcome.as_deref().and_then(outcome),
        offers: call.offers.iter().filter_map(offer).collect(),
        holds: call.holds.iter().filter_map(hold).collect(),
        scripts: call.scripts.iter().filter_map(script).collect(),
        segments: call.segments.iter().filter_map(segment).collect(),
        diverted: call.diverted.iter().map(|one| Diverted { from: one.from.clone(), reason: one.reason.clone() }).collect(),
        visits: call.visits.iter().filter_map(visit).collect(),
        survey: call.survey.as_ref().map(|survey| SurveyRecord { asked_at: at(survey.asked_at), score: survey.score }),
        greeting: call.greeting.as_ref().and_then(greeting),
        sounds: call.sounds.iter().map(sound).collect(),
        pauses: Vec::new(),
        keys: Vec::new(),
        quality: Vec::new(),
        sound: None,
        merged_into: call.merged_into.as_deref().and_then(|id| id.parse().ok()),
        external: None,
        call_back: call.call_back.as_ref().and_then(call_back),
        broken: broken(call).bits(),
        recording: None,
    })
}

/// The rules of service that a call broke; those of a later version are left out.
#[must_use]
pub fn broken(call: &Call) -> Breaches {
    call.broken.iter().filter_map(|name| Breach::named(name)).collect()
}

fn call_back(made: &super::shapes::CallBackMade) -> Option<CallBackRecord> {
    Some(CallBackRecord {
        asked_in: made.asked_in.parse().ok()?,
        asked_at: at(made.asked_at),
        why: word!(made.why, CallBackWhy: Asked, Promised, Abandoned)?,
        attempt: made.attempt,
    })
}

fn at(time: Time) -> Timestamp {
    Timestamp(time.0)
}

fn released_by(text: &str) -> Option<ReleasedBy> {
    word!(text, ReleasedBy: Caller, Agent, Callee, Switch)
}

fn outcome(text: &str) -> Option<Outcome> {
    word!(text, Outcome: Answered, Abandoned, Silent, Scripted, Refused, NoAnswer, Busy, Unreachable, Played, Message, CallBack, Failed)
}

fn offer(offer: &super::shapes::Offer) -> Option<OfferRecord> {
    Some(OfferRecord {
        agent: AgentId::new(&offer.agent),
        alerted_at: at(offer.alerted_at),
        ended_at: offer.ended_at.map(at),
        rings: offer.rings,
        result: word!(offer.result, OfferOutcome: Pending, Answered, Missed, Rejected, Busy, Unreachable, Withdrawn, Elsewhere)?,
        beside: offer.beside,
    })
}

fn hold(hold: &super::shapes::Hold) -> Option<HoldRecord> {
    Some(HoldRecord {
        by: word!(hold.by, HeldBy: Caller, Agent)?,
        started_at: at(hold.started_at),
        ended_at: hold.ended_at.map(at),
        reassured: hold.reassured,
        reason: hold.reason.clone(),
        promised: hold.promised_s.map(crate::base::time::secs),
        kept: hold.kept,
    })
}

fn script(script: &super::shapes::Script) -> Option<ScriptRecord> {
    Some(ScriptRecord {
        script: script.script.clone(),
        begun_by: word!(script.begun_by, BegunBy: Agent, Desk, Measurement)?,
        started_at: at(script.started_at),
        ended_at: script.ended_at.map(at),
        said: script.said,
        ending: word!(script.ending, ScriptEnding: Running, Helped, Done, Queued, Released, CutShort)?,
    })
}

fn greeting(greeting: &super::shapes::Greeting) -> Option<GreetingRecord> {
    Some(GreetingRecord { by: word!(greeting.by, GreetedBy: Switch, Agent)?, delay: greeting.delay_ms.map(millis) })
}

fn sound(sound: &super::shapes::SideSound) -> SoundRecord {
    SoundRecord {
        agent: sound.agent.as_deref().map(AgentId::new),
        level_dbov: sound.level_dbov,
        noise_dbov: sound.noise_dbov,
        clipped: sound.clipped,
        speech: millis(sound.speech_ms),
        faint: sound.faint,
        loud: sound.loud,
        noisy: sound.noisy,
        open_microphone: sound.open_microphone,
    }
}

fn segment(part: &super::shapes::Segment) -> Option<SegmentRecord> {
    Some(SegmentRecord {
        agent: AgentId::new(&part.agent),
        role: word!(part.role, SegmentRole: Calling, Serving, Consulted, Conferee, Listening, Whispering, BargingIn)?,
        started_at: at(part.started_at),
        ended_at: part.ended_at.map(at),
        ending: word!(part.ending, SegmentEnding: Running, Left, Transferred, Changed)?,
    })
}

fn visit(visit: &super::shapes::Visit) -> Option<QueueVisit> {
    Some(QueueVisit {
        queue: QueueId::new(&visit.queue),
        entered_at: at(visit.entered_at),
        left_at: visit.left_at.map(at),
        ending: word!(visit.ending, VisitEnding: Waiting, Answered, Abandoned, FlowedOut, CalledBack, Refused)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{CallId, Rng};

    #[test]
    fn a_record_comes_back_as_it_was_written() {
        let at = |ms: i64| Timestamp(1_795_253_400_000 + ms);
        for outcome in Outcome::ALL {
            let record = CallRecord {
                id: CallId::new(at(0), &mut Rng::new(1)),
                direction: CallDirection::Inbound,
                caller: "13800000001".into(),
                called: "95000".into(),
                trunk: Some("carrier".into()),
                queue: Some("service".into()),
                agent: Some("1001".into()),
                arrived_at: at(0),
                answered_at: Some(at(1)),
                connected_at: Some(at(2)),
                released_at: Some(at(3)),
                released_by: Some(ReleasedBy::Switch),
                hung_up_first: Some(ReleasedBy::Agent),
                broken: Breaches::from_iter([Breach::Patience, Breach::HungUpFirst]).bits(),
                caller_left_at: Some(at(2)),
                release_cause: None,
                pauses: Vec::new(),
                keys: Vec::new(),
                outcome: Some(outcome),
                offers: vec![OfferRecord {
                    agent: "1001".into(),
                    alerted_at: at(1),
                    ended_at: None,
                    rings: 2,
                    result: OfferOutcome::Elsewhere,
                    beside: true,
                }],
                holds: vec![HoldRecord {
                    by: HeldBy::Caller,
                    started_at: at(4),
                    ended_at: Some(at(5)),
                    reassured: 1,
                    reason: Some("asks".into()),
                    promised: Some(crate::base::time::secs(60)),
                    kept: Some(true),
                }],
                scripts: vec![ScriptRecord {
                    script: "faint".into(),
                    begun_by: BegunBy::Desk,
                    started_at: at(6),
                    ended_at: None,
                    said: 3,
                    ending: ScriptEnding::CutShort,
                }],
                segments: vec![SegmentRecord {
                    agent: "1001".into(),
                    role: SegmentRole::BargingIn,
                    started_at: at(7),
                    ended_at: Some(at(8)),
                    ending: SegmentEnding::Changed,
                }],
                visits: vec![QueueVisit {
                    queue: "service".into(),
                    entered_at: at(0),
                    left_at: Some(at(2)),
                    ending: VisitEnding::FlowedOut,
                }],
                survey: Some(SurveyRecord { asked_at: at(9), score: Some(2) }),
                greeting: Some(GreetingRecord { by: GreetedBy::Agent, delay: Some(millis(1_240)) }),
                sounds: vec![SoundRecord {
                    agent: Some("1001".into()),
                    level_dbov: -27,
                    noise_dbov: -61,
                    clipped: true,
                    speech: millis(4_200),
                    faint: true,
                    loud: true,
                    noisy: false,
                    open_microphone: true,
                }],
                quality: Vec::new(),
                diverted: Vec::new(),
                sound: None,
                merged_into: None,
                external: None,
                call_back: Some(CallBackRecord {
                    asked_in: CallId::new(at(0), &mut Rng::new(5)),
                    asked_at: at(1),
                    why: CallBackWhy::Promised,
                    attempt: 2,
                }),
                recording: None,
            };
            assert_eq!(super::record(&Call::from(&record)), Some(record));
        }
    }
}
