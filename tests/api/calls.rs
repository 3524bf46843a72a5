//! Lists, records, timelines, the audit log.

use crate::world::{NOW, World, call_record};
use sanling::base::Timestamp;
use sanling::call::record::{CallDirection, Outcome};
use sanling::switch::output::DecisionRecord;
use sanling::switch::view::CallView;

#[test]
fn calls_come_newest_first_in_pages() {
    let mut world = World::new();
    let ids: Vec<String> = (0..23).map(|n| world.kept_call(n, |_| ()).id.to_string()).collect();
    let (mut seen, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let page = world.get(&format!("/api/v1/calls?limit=10&cursor={cursor}")).json();
        seen.extend(page["items"].as_array().expect("a list").iter().map(|call| call["id"].as_str().expect("an id").to_owned()));
        pages += 1;
        match page["next"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => break,
        }
    }
    assert!(seen.iter().eq(ids.iter().rev()) && pages == 3, "{pages} pages, {} calls", seen.len());
}

#[test]
fn a_page_that_ends_exactly_has_no_next() {
    let mut world = World::new();
    (0..10).for_each(|n| drop(world.kept_call(n, |_| ())));
    assert!(world.get("/api/v1/calls?limit=10").json()["next"].is_null());
    assert!(world.get("/api/v1/calls?limit=9").json()["next"].is_string());
}

#[test]
fn calls_are_filtered_by_what_is_given() {
    let mut world = World::new();
    world.kept_call(0, |call| call.agent = Some("1002".into()));
    world.kept_call(60, |call| call.queue = None);
    world.kept_call(120, |call| call.caller = "+8613800000000".into());
    world.kept_call(180, |call| call.outcome = Some(Outcome::NoAnswer));
    for outcome in Outcome::ALL {
        assert_eq!(world.get(&format!("/api/v1/calls?outcome={}", outcome.name())).status, 200, "{}", outcome.name());
    }
    for (query, count) in [
        ("", 4),
        ("agent=1001", 3),
        ("queue=service", 3),
        ("caller=%2B8613800000000", 1),
        ("outcome=no-answer", 1),
        ("outcome=answered&agent=1001&queue=service", 1),
        ("since=2026-11-21T09:31:00Z&until=2026-11-21T09:33:00Z", 2),
        ("since=2026-11-21T17:31:00%2B08:00", 3),
        ("agent=", 4),
    ] {
        let answer = world.get(&format!("/api/v1/calls?{query}"));
        assert_eq!(answer.json()["items"].as_array().map(Vec::len), Some(count), "{query}");
    }
}

#[test]
fn a_wrong_parameter_is_refused_by_its_name() {
    let world = World::new();
    for (query, name) in [
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("limit=ten", "limit"),
        ("cursor=yesterday", "cursor"),
        ("outcome=good", "outcome"),
        ("since=yesterday", "since"),
        ("until=2026-11-21", "until"),
        ("agnet=1001", "agnet"),
        ("agent=1&agent=2", "agent"),
    ] {
        let problem = world.get(&format!("/api/v1/calls?{query}")).problem(400);
        assert!(problem["parameter"] == name && problem["detail"].as_str().is_some_and(|text| text.contains(name)), "{query}: {problem}");
    }
}

#[test]
fn a_record_says_all_that_the_contract_names() {
    let mut world = World::new();
    let record = world.kept_call(0, |_| ());
    let call = world.get(&format!("/api/v1/calls/{}", record.id)).json();
    for (name, value) in [
        ("direction", "inbound"),
        ("caller", "13812345678"),
        ("called", "95000"),
        ("queue", "service"),
        ("agent", "1001"),
        ("arrived_at", "2026-11-21T09:30:00.000Z"),
        ("answered_at", "2026-11-21T09:30:08.000Z"),
        ("connected_at", "2026-11-21T09:30:08.000Z"),
        ("released_at", "2026-11-21T09:31:08.000Z"),
        ("released_by", "caller"),
        ("outcome", "answered"),
    ] {
        assert_eq!(call[name], value, "{name}");
    }
    let offer = &call["offers"][0];
    assert!(offer["agent"] == "1001" && offer["rings"] == 2 && offer["result"] == "answered", "{offer}");
    assert!(call["holds"].as_array().is_some_and(Vec::is_empty) && call["recording"].is_null());
    // Lower case is the same ULID.
    assert_eq!(world.get(&format!("/api/v1/calls/{}", record.id.to_string().to_lowercase())).status, 200);
}

#[test]
fn a_running_call_is_shown_as_the_switch_has_it() {
    let mut world = World::new();
    let kept = world.kept_call(0, |call| (call.released_at, call.outcome, call.agent) = (None, None, None));
    let mut live = kept.clone();
    live.agent = Some("1002".into());
    let view = CallView { record: live, state: "connected", state_since: Timestamp(NOW + 8_000) };
    world.switch.lock().expect("fine").snapshot.calls.push(view);
    let path = format!("/api/v1/calls/{}", kept.id);
    let call = world.get(&path).json();
    assert!(call["agent"] == "1002" && call["state"] == "connected" && call["outcome"].is_null(), "{call}");
    let listed = |world: &World, query: &str| world.get(&format!("/api/v1/calls?{query}")).json()["items"].clone();
    assert!(listed(&world, "")[0]["agent"] == "1002" && listed(&world, "running=true&agent=1002")[0]["state"] == "connected");
    assert!(listed(&world, "running=true&agent=1001").as_array().is_some_and(Vec::is_empty));
    world.kept_call(1, |_| ());
    assert_eq!((listed(&world, "").as_array().map(Vec::len), listed(&world, "running=true").as_array().map(Vec::len)), (Some(2), Some(1)));
    // A switch that does not answer hides no stored call.
    world.switch.lock().expect("fine").silent = true;
    let call = world.get(&path).json();
    assert!(call["agent"].is_null() && call.get("state").is_none(), "{call}");
}

#[test]
fn what_is_no_call_is_not_found() {
    let mut world = World::new();
    let stranger = call_record(NOW, &mut world.rng).id;
    for id in [stranger.to_string(), "17".into(), "..%2F..%2Fetc%2Fpasswd".into()] {
        for path in ["", "/events", "/decisions", "/recording"] {
            world.get(&format!("/api/v1/calls/{id}{path}")).problem(404);
        }
    }
}

#[test]
fn a_call_has_its_timeline() {
    let mut world = World::new();
    let call = world.kept_call(0, |call| call.direction = CallDirection::Internal).id;
    world.publish("call.delivered", Some(call), 1);
    world.publish("agent.ready", None, 2);
    world.publish("call.established", Some(call), 3);
    world.publish("call.released", Some(call), 4);
    let timeline = world.get(&format!("/api/v1/calls/{call}/events")).json();
    let names: Vec<_> = timeline["items"].as_array().expect("a list").iter().map(|event| event["name"].as_str().expect("a name")).collect();
    assert_eq!(names, ["call.delivered", "call.established", "call.released"]);
    let first = &timeline["items"][0];
    assert!(first["at"] == "2026-11-21T09:30:00.001Z" && first["agent"] == "1001" && first["detail"]["n"] == 1, "{first}");
    let page = world.get(&format!("/api/v1/calls/{call}/events?limit=2")).json();
    let rest = world.get(&format!("/api/v1/calls/{call}/events?limit=2&cursor={}", page["next"].as_str().expect("more"))).json();
    assert!(rest["items"][0]["name"] == "call.released" && rest["next"].is_null(), "{rest}");
}

#[test]
fn a_call_says_who_was_considered_for_it_and_why() {
    let mut world = World::new();
    let call = world.kept_call(0, |_| ()).id;
    let other = world.kept_call(1, |_| ()).id;
    let none = world.get(&format!("/api/v1/calls/{call}/decisions")).json();
    assert!(none["items"].as_array().is_some_and(Vec::is_empty) && none["next"].is_null(), "{none}");
    let decision = |number: u32| DecisionRecord {
        call,
        number,
        at: Timestamp(NOW + i64::from(number)),
        queue: "service".into(),
        step: 1,
        rule: (number != 0).then(|| "longest-idle".to_owned()),
        chosen: (number != 0).then(|| "1002".into()),
        considered: vec![("1002".into(), "chosen".to_owned()), ("1001".into(), "billing 3 < 5".to_owned())],
        others: vec![("talking".to_owned(), 7)],
    };
    // More than are kept: the newest stand.
    world.ledger.give((0..40).map(|number| world.ledger.decision(Box::new(decision(number)))).collect());
    let items = world.get(&format!("/api/v1/calls/{call}/decisions")).json()["items"].clone();
    let numbers: Vec<u64> = items.as_array().expect("a list").iter().map(|item| item["number"].as_u64().expect("a number")).collect();
    assert!(numbers.iter().copied().eq((8..40).rev()), "{numbers:?}");
    let newest = &items[0];
    assert!(newest["at"] == "2026-11-21T09:30:00.039Z" && newest["queue"] == "service" && newest["step"] == 1, "{newest}");
    assert!(newest["rule"] == "longest-idle" && newest["chosen"] == "1002", "{newest}");
    assert_eq!(newest["considered"][1], serde_json::json!({ "agent": "1001", "verdict": "billing 3 < 5" }));
    assert_eq!(newest["others"], serde_json::json!([{ "verdict": "talking", "count": 7 }]));
    let others = world.get(&format!("/api/v1/calls/{other}/decisions")).json();
    assert!(others["items"].as_array().is_some_and(Vec::is_empty), "each call has its own");
}
