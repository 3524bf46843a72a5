//! What the room's tests share: a card and a call.

use super::scoring::Given;
use crate::base::scorecard::{Auto, Item, ItemKind, Scorecard, Section, Title};
use crate::base::time::secs;
use crate::base::{CallId, Rng, Timestamp};
use crate::call::record::{
    CallDirection, CallRecord, GreetedBy, GreetingRecord, HeldBy, HoldRecord, OfferOutcome, OfferRecord, Outcome, QueueVisit, ReleasedBy,
    SegmentEnding, SegmentRecord, SegmentRole, SoundRecord, VisitEnding,
};

/// 2026-11-21T00:00:00Z, a Saturday.
pub const MIDNIGHT: i64 = 1_795_219_200_000;

pub fn at(ms: i64) -> Timestamp {
    Timestamp(MIDNIGHT + ms)
}

/// A call of a queue, answered after 5 s and over after 60, in which all was as it should be.
pub fn good() -> CallRecord {
    let id = CallId::new(at(0), &mut Rng::new(1));
    CallRecord {
        queue: Some("service".into()),
        agent: Some("1001".into()),
        answered_at: Some(at(5_000)),
        connected_at: Some(at(5_000)),
        released_at: Some(at(60_000)),
        released_by: Some(ReleasedBy::Caller),
        hung_up_first: Some(ReleasedBy::Caller),
        outcome: Some(Outcome::Answered),
        offers: vec![offer(OfferOutcome::Answered, 3)],
        visits: vec![QueueVisit { queue: "service".into(), entered_at: at(0), left_at: Some(at(5_000)), ending: VisitEnding::Answered }],
        segments: vec![segment("1001", SegmentRole::Serving, 5_000, 60_000)],
        greeting: Some(GreetingRecord { by: GreetedBy::Switch, delay: Some(secs(3)) }),
        holds: vec![hold(20_000, 2)],
        sounds: vec![SoundRecord {
            agent: Some("1001".into()),
            speech: secs(20),
            level_dbov: -26,
            noise_dbov: -60,
            ..SoundRecord::default()
        }],
        ..CallRecord::new(id, CallDirection::Inbound, "13800138000".into(), "95000".into(), at(0))
    }
}

pub fn segment(agent: &str, role: SegmentRole, from: i64, to: i64) -> SegmentRecord {
    SegmentRecord { agent: agent.into(), role, started_at: at(from), ended_at: Some(at(to)), ending: SegmentEnding::Left }
}

pub fn offer(result: OfferOutcome, rings: u32) -> OfferRecord {
    OfferRecord { agent: "1001".into(), alerted_at: at(0), ended_at: Some(at(5_000)), rings, result, beside: false }
}

/// A hold by the agent, with a reason and a promise that was kept.
pub fn hold(length: i64, reassured: u32) -> HoldRecord {
    HoldRecord {
        by: HeldBy::Agent,
        started_at: at(20_000),
        ended_at: Some(at(20_000 + length)),
        reassured,
        reason: Some("asks".into()),
        promised: Some(secs(30)),
        kept: Some(true),
    }
}

/// rings 10 (known of itself), right 30 of 3 points, polite 20, hold 40 (may be left out), respect 0 and fatal; passed from 85 on.
pub fn card() -> Scorecard {
    let item = |id: &str, weight| Item {
        id: id.into(),
        title: Title::default(),
        guide: None,
        weight,
        kind: ItemKind::YesNo,
        fatal: false,
        auto: None,
        not_applicable: false,
    };
    let service = vec![
        Item { auto: Some(Auto::ThreeRings), ..item("rings", 10) },
        Item { kind: ItemKind::Points(3), ..item("right", 30) },
        item("polite", 20),
    ];
    let rest = vec![Item { not_applicable: true, ..item("hold", 40) }, Item { fatal: true, not_applicable: true, ..item("respect", 0) }];
    let section = |id: &str, items| Section { id: id.into(), title: Title::default(), items };
    Scorecard {
        id: "service".into(),
        version: 1,
        title: Title::default(),
        pass: 85,
        sections: vec![section("service", service), section("rest", rest)],
    }
}

/// An answer to each of its items.
pub fn answers(given: &[Given; 5]) -> Vec<(String, Given)> {
    let items = ["rings", "right", "polite", "hold", "respect"];
    items.into_iter().map(str::to_owned).zip(given.iter().copied()).collect()
}
