//! Who is to be called back, over HTTP: listed, called by an agent, dropped.

use crate::world::{NOW, TOKEN, World};
use sanling::base::{CallId, Instant, Rng, Timestamp, TrunkId};
use sanling::call::record::CallBackWhy;
use sanling::switch::view::{CallBack, CallBackState, CallBackView};

fn call(n: u64) -> CallId {
    CallId::new(Timestamp(NOW - 60_000), &mut Rng::new(n))
}

fn view(n: u64, queue: &str, state: CallBackState) -> CallBackView {
    let call_back = CallBack {
        queue: queue.into(),
        number: "13800138000".to_owned(),
        trunk: Some(TrunkId::new("carrier")),
        why: CallBackWhy::Asked,
        since: Instant::START,
        asked_at: Timestamp(NOW - 30_000),
        language: None,
        asks: sanling::acd::Levels::new(),
        preferred: None,
        tries: 1,
        state,
    };
    CallBackView { id: call(n), call_back, arrived_at: Timestamp(NOW - 60_000), next_at: None }
}

fn world() -> World {
    let world = World::new();
    let resting =
        CallBackView { next_at: Some(Timestamp(NOW + 60_000)), ..view(2, "sales", CallBackState::Resting { until: Instant::START }) };
    world.switch.lock().expect("fine").call_backs = vec![view(1, "service", CallBackState::Listed), resting];
    world
}

#[test]
fn they_are_listed_by_queue_and_state() {
    let world = world();
    for (query, ids) in [
        ("", vec![1, 2]),
        ("?queue=sales", vec![2]),
        ("?state=listed", vec![1]),
        ("?queue=sales&state=listed", vec![]),
        ("?state=waiting", vec![]),
    ] {
        let answer = world.get(&format!("/api/v1/call-backs{query}"));
        assert_eq!(answer.status, 200);
        let listed = answer.json();
        let listed: Vec<&str> = listed["items"].as_array().expect("a list").iter().filter_map(|one| one["id"].as_str()).collect();
        assert_eq!(listed, ids.iter().map(|n| call(*n).to_string()).collect::<Vec<_>>(), "{query}");
    }
    let one = world.get("/api/v1/call-backs?queue=sales").json()["items"][0].clone();
    assert_eq!((one["number"].as_str(), one["why"].as_str(), one["state"].as_str()), (Some("13800138000"), Some("asked"), Some("resting")));
    assert_eq!((one["tries"].as_u64(), one["next_at"].as_str()), (Some(1), Some("2026-11-21T09:31:00.000Z")));
    assert!(one["call"].is_null());
    for wrong in ["colour=red", "state=lsited"] {
        world.get(&format!("/api/v1/call-backs?{wrong}")).problem(400);
    }
}

#[test]
fn an_agent_is_had_call_and_both_are_audited() {
    let world = world();
    let path = |n: u64| format!("/api/v1/call-backs/{}", call(n));
    world.post(&format!("{}/call", path(1)), r#"{"agent": "4711"}"#).problem(404);
    world.post(&format!("{}/call", path(9)), r#"{"agent": "1001"}"#).problem(404);
    world.post("/api/v1/call-backs/nobody/call", r#"{"agent": "1001"}"#).problem(404);
    world.post(&format!("{}/call", path(1)), "{}").problem(422);
    let taken = world.post(&format!("{}/call", path(1)), r#"{"agent": "1001"}"#);
    assert_eq!((taken.status, taken.json()["state"].as_str()), (200, Some("calling")));
    world.switch.lock().expect("fine").refuses = Some("he is being called already".to_owned());
    world.post(&format!("{}/call", path(1)), r#"{"agent": "1001"}"#).problem(409);
    let bearer = format!("Bearer {TOKEN}");
    let drop = || world.send("DELETE", &path(2), &[("authorization", bearer.as_str())], None);
    assert_eq!(drop().status, 204);
    drop().problem(404);
    let audit = world.get("/api/v1/audit").json();
    let actions: Vec<&str> = audit["items"].as_array().expect("a list").iter().filter_map(|entry| entry["action"].as_str()).collect();
    assert_eq!(actions, ["call_back.dropped", "call_back.taken"]);
}
