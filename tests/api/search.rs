//! Calls are found by what is known of them, and taken away as a table.

use crate::world::World;
use sanling::base::time::secs;
use sanling::base::{CallSound, Codec, Flow, LegId, Mos, QualityPart, SideFigures};
use sanling::call::record::{CallDirection, Outcome, QualityRecord, ReleasedBy, SegmentEnding, SegmentRecord, SegmentRole};
use sanling::qa::{Breach, Breaches};

/// Four calls: a long one, a short one, one that was abandoned, one that was handed on.
fn world() -> World {
    let mut world = World::new();
    world.kept_call(0, |call| {
        call.released_at = call.connected_at.map(|at| sanling::base::Timestamp(at.0 + 600_000));
        call.broken = Breaches::from_iter([Breach::Patience, Breach::HoldWithoutReason]).bits();
        call.hung_up_first = Some(ReleasedBy::Caller);
        call.quality = vec![minutes_of(&[4.41, 3.2], call.arrived_at)];
        let loud = SideFigures { level_dbov: -20, noise_dbov: -60, clipped_ppm: 1_500, speech: secs(300), talked_over: secs(6) };
        call.sound = Some(CallSound { duration: secs(600), sides: [loud, SideFigures::default()], silence: secs(100), over_talk: secs(6) });
    });
    world.kept_call(60, |call| {
        call.released_at = call.connected_at.map(|at| sanling::base::Timestamp(at.0 + 5_000));
        call.caller = "13900005678".into();
        call.hung_up_first = Some(ReleasedBy::Agent);
        call.broken = Breaches::from_iter([Breach::HungUpFirst]).bits();
    });
    world.kept_call(120, |call| {
        (call.connected_at, call.agent, call.outcome) = (None, None, Some(Outcome::Abandoned));
        call.called = "95001".into();
    });
    world.kept_call(180, |call| {
        let part = |agent: &str| SegmentRecord {
            agent: agent.into(),
            role: SegmentRole::Serving,
            started_at: call.arrived_at,
            ended_at: call.released_at,
            ending: SegmentEnding::Left,
        };
        call.segments = vec![part("1002"), part("1003")];
        call.agent = Some("1003".into());
        call.direction = CallDirection::Outbound;
    });
    world
}

/// A customer's leg that sounded so, a minute each.
fn minutes_of(scores: &[f64], began: sanling::base::Timestamp) -> QualityRecord {
    let mut line = QualityRecord::new(LegId(3), None, Codec::Pcma, began);
    for (minute, score) in scores.iter().enumerate() {
        let mos = Some(Mos::new(*score));
        let received = Flow { packets: 2_990, lost: Some(10), jitter_mean_us: Some(1_234), mos, ..Flow::default() };
        let (from, to) = (secs(minute as u64 * 60), secs(minute as u64 * 60 + 60));
        line.add(QualityPart { from, to, received, worst: mos, round_trip_mean_us: Some(40_000), ..QualityPart::default() });
    }
    line
}

fn found(world: &World, query: &str) -> usize {
    let answer = world.get(&format!("/api/v1/calls?{query}"));
    assert_eq!(answer.status, 200, "{query}: {}", String::from_utf8_lossy(&answer.body));
    answer.json()["items"].as_array().map_or(0, Vec::len)
}

#[test]
fn calls_are_found_by_each_thing_that_is_known_of_them() {
    let world = world();
    for (query, count) in [
        ("longer=10m", 1),
        ("longer=601s", 0),
        ("shorter=10s", 1),
        ("waited=8s", 4),
        ("waited=60s", 1),
        ("first=agent", 1),
        ("direction=outbound", 1),
        ("agent=1002", 1),
        ("agent=1003", 1),
        ("agent=1001", 2),
        ("broken=patience", 1),
        ("broken=hold-without-reason&longer=1m", 1),
        ("broken=hung-up-first&first=caller", 0),
        ("number=139*", 1),
        ("number=*5678", 4),
        ("caller=*05678", 1),
        ("called=9500*", 4),
        ("called=95001", 1),
        ("number=95001", 1),
        ("number=9500", 0),
        ("outcome=abandoned&waited=1m", 1),
        ("mos_below=3.21", 1),
        ("mos_below=3.2", 0),
        ("mos_below=4.5&first=agent", 0),
    ] {
        assert_eq!(found(&world, query), count, "{query}");
    }
    for (wrong, name) in [
        ("number=%25", "number"),
        ("number=*", "number"),
        ("broken=all", "broken"),
        ("longer=long", "longer"),
        ("score_below=101", "score_below"),
        ("mos_below=0.5", "mos_below"),
    ] {
        assert_eq!(world.get(&format!("/api/v1/calls?{wrong}")).problem(400)["parameter"], name, "{wrong}");
    }
}

#[test]
fn a_call_has_its_minutes_and_a_list_of_calls_has_none() {
    let world = world();
    let listed = world.get("/api/v1/calls?mos_below=4").json()["items"][0].clone();
    assert_eq!((&listed["quality"][0]["mos_min"], &listed["quality"][0]["minutes"]), (&3.2.into(), &serde_json::Value::Null));
    let call = world.get(&format!("/api/v1/calls/{}", listed["id"].as_str().expect("an id"))).json();
    let leg = &call["quality"][0];
    assert_eq!((&leg["codec"], &leg["interval_s"], &leg["mos_mean"]), (&"pcma".into(), &60.into(), &3.81.into()), "{leg}");
    let minute = &leg["minutes"][1];
    assert_eq!((&minute["from_ms"], &minute["to_ms"], &minute["round_trip_ms"]), (&60_000.into(), &120_000.into(), &40.0.into()));
    assert_eq!(minute["received"], serde_json::json!({ "packets": 2_990, "lost": 10, "jitter_ms": 1.23, "mos": 3.2 }), "{minute}");
    let left = serde_json::json!({
        "level_dbov": -20, "noise_dbov": -60, "clipped_percent": 0.15, "speech_ms": 300_000, "talked_over_ms": 6_000
    });
    assert_eq!(
        (&call["sound"]["left"], &call["sound"]["silence_ms"], &call["sound"]["over_talk_ms"]),
        (&left, &100_000.into(), &6_000.into())
    );
}

#[test]
fn what_is_found_is_taken_away_as_a_table_by_who_may() {
    let world = world();
    let table = world.get("/api/v1/calls?format=csv&number=*5678");
    assert_eq!((table.status, table.header("content-type")), (200, Some("text/csv; charset=utf-8")));
    let text = String::from_utf8(table.body).expect("text");
    let lines: Vec<&str> = text.trim_end().split("\r\n").collect();
    assert_eq!(lines.len(), 5);
    assert!(lines[0].starts_with("id,direction,caller,") && lines.iter().all(|line| line.split(',').count() == 19), "{text}");
    assert!(lines[4].contains(",13812345678,95000,carrier,service,1001,") && lines[4].contains(",600000,answered,"), "{text}");
    assert!(lines[4].contains(",patience hold-without-reason,") && lines[4].ends_with(",3.2") && lines[3].ends_with(','), "{text}");
    let deed = world.newest_deed();
    assert_eq!((&deed["action"], &deed["detail"]), (&"calls.exported".into(), &"number=*5678".into()));

    let boss = world.cookie("wang-supervisor");
    assert_eq!(world.as_page(&boss, "GET", "/api/v1/calls?format=csv", None).status, 200);
    let qa = world.cookie("li-qa");
    assert_eq!(world.as_page(&qa, "GET", "/api/v1/calls?format=csv", None).problem(403)["right"], "export");
}

#[test]
fn a_table_of_many_pages_has_every_call_once() {
    let mut world = World::new();
    let ids: Vec<String> = (0..1_203).map(|n| world.kept_call(n, |_| ()).id.to_string()).collect();
    let text = String::from_utf8(world.get("/api/v1/calls?format=csv").body).expect("text");
    let told: Vec<&str> = text.trim_end().split("\r\n").skip(1).filter_map(|line| line.split(',').next()).collect();
    assert!(told.iter().eq(ids.iter().rev()), "{} rows", told.len());
}
