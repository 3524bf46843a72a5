//! Telephone numbers for those who need not see them, wherever they go out.

use crate::events::Listener;
use crate::world::{NOW, World, call_record, configuration};
use sanling::base::{BoxId, Instant, Timestamp, TrunkId};
use sanling::call::record::{CallBackWhy, CallDirection, KeyRecord};
use sanling::switch::output::{Detail, Event};
use sanling::switch::view::{CallBack, CallBackState, CallBackView, CallView, Message, MessageView};
use std::sync::Arc;

const NUMBER: &str = "13812345678";
const MASKED: &str = "138****5678";

#[test]
fn calls_show_the_ends_of_numbers_to_who_need_not_see_them() {
    let mut world = World::new();
    let inbound = world.kept_call(0, |_| ()).id;
    let outbound = world.kept_call(60, |call| {
        (call.direction, call.caller, call.called) = (CallDirection::Outbound, "1001".into(), "+8613812345678".into());
        call.release_cause = Some("486 from 13812345678".into());
    });
    let qa = world.cookie("li-qa");
    let call = |id, cookie: &str| world.as_page(cookie, "GET", &format!("/api/v1/calls/{id}"), None).json();
    let seen = call(inbound, &qa);
    assert!(seen["caller"] == MASKED && seen["called"] == "95000", "{seen}");
    let seen = call(outbound.id, &qa);
    assert!(seen["caller"] == "1001" && seen["called"] == "+861****5678" && seen["release_cause"] == "486 from 138****5678", "{seen}");
    let listed = world.as_page(&qa, "GET", "/api/v1/calls", None);
    assert!(!String::from_utf8_lossy(&listed.body).contains(NUMBER));
    for user in ["wang-supervisor", "admin"] {
        assert_eq!(call(inbound, &world.cookie(user))["caller"], NUMBER, "{user}");
    }
    assert_eq!(world.get(&format!("/api/v1/calls/{inbound}")).json()["caller"], NUMBER, "programs see all");
    // As the configuration says, at once.
    world.config.set(Arc::new(configuration(&[("[\"supervisor\", \"admin\"]", "[\"qa\"]")])), Vec::new());
    assert_eq!(call(inbound, &qa)["caller"], NUMBER);
    assert_eq!(call(inbound, &world.cookie("admin"))["caller"], MASKED);
    assert_eq!(world.get(&format!("/api/v1/calls/{inbound}")).json()["caller"], NUMBER);
}

#[test]
fn who_sees_numbers_masked_cannot_confirm_one_by_looking_for_it() {
    let mut world = World::new();
    world.kept_call(0, |_| ());
    let seven = world.kept_call(60, |call| call.caller = "1234567".into()).id.to_string();
    let mut running = call_record(NOW + 120_000, &mut world.rng);
    running.released_at = None;
    let view = CallView { record: running, state: "connected", state_since: Timestamp(NOW) };
    world.switch.lock().expect("fine").snapshot.calls.push(view);
    let (qa, agent, boss) = (world.cookie("li-qa"), world.cookie("1001"), world.cookie("wang-supervisor"));
    let get = |cookie: &str, asked: &str| world.as_page(cookie, "GET", &format!("/api/v1/calls?{asked}"), None);
    let found = |cookie: &str, asked: &str| get(cookie, asked).json()["items"].as_array().expect("a list").len();
    for cookie in [&qa, &agent] {
        for wanted in [NUMBER, "138*", "1*", "*45678", "*3812345678", "1234567", "*13812345678", "%2B13812345678"] {
            for name in ["number", "caller", "called"] {
                for running in ["", "&running=true"] {
                    let problem = get(cookie, &format!("{name}={wanted}{running}")).problem(400);
                    assert!(
                        problem["parameter"] == name && problem["detail"].as_str().is_some_and(|text| text.contains("*5678")),
                        "{problem}"
                    );
                }
            }
        }
        assert_eq!(found(cookie, "number=*5678"), 1);
        assert_eq!(found(cookie, "caller=*678&running=true"), 1);
        assert_eq!(found(cookie, "called=95000"), 2, "the house's own number");
        // Of seven digits the last three are shown: the fourth is not to be guessed.
        assert_eq!(found(cookie, "caller=*4567") + found(cookie, "number=*4567"), 0);
        assert_eq!(get(cookie, "caller=*567").json()["items"][0]["id"], seven.as_str());
        assert_eq!(found(cookie, "called=*5000"), 2);
    }
    get(&boss, &format!("number={NUMBER}&format=csv"));
    for (asked, expected) in [(NUMBER, 1), ("138*", 1), ("*4567", 1), ("1234567", 1)] {
        assert_eq!(found(&boss, &format!("number={asked}")), expected, "{asked}");
    }
}

#[test]
fn an_agent_sees_the_number_of_the_call_that_he_is_in() {
    let mut world = World::new();
    let over = world.kept_call(0, |_| ());
    let mut running = call_record(NOW + 60_000, &mut world.rng);
    running.released_at = None;
    let view = CallView { record: running.clone(), state: "connected", state_since: Timestamp(NOW) };
    world.switch.lock().expect("fine").snapshot.calls.push(view);
    let agent = world.cookie("1001");
    let caller = |id| world.as_page(&agent, "GET", &format!("/api/v1/calls/{id}"), None).json()["caller"].clone();
    assert_eq!((caller(running.id), caller(over.id)), (NUMBER.into(), MASKED.into()));
    let ops = world.cookie("ops");
    assert_eq!(world.as_page(&ops, "GET", &format!("/api/v1/calls/{}", running.id), None).json()["caller"], MASKED);
}

fn happens(
    world: &World,
    name: &'static str,
    call: Option<sanling::base::CallId>,
    agent: Option<&str>,
    detail: Vec<(&'static str, Detail)>,
) {
    let event = Event { at: Timestamp(NOW), name, call, agent: agent.map(Into::into), queue: None, detail };
    world.ledger.give(vec![world.ledger.event(event)]);
}

#[test]
fn events_are_masked_in_the_stream_in_the_database_and_in_a_calls_timeline() {
    let mut world = World::with_ring(4);
    let call = world.kept_call(0, |_| ()).id;
    let text = |text: &str| Detail::Text(text.to_owned());
    let told = |world: &World| {
        happens(world, "errand.began", Some(call), None, vec![("number", text(NUMBER)), ("by", text("1001"))]);
        happens(world, "call.transferred", Some(call), None, vec![("to", text("queue:service"))]);
    };
    // Eight in all, of which the ring keeps four: the first come from the database.
    (0..4).for_each(|_| told(&world));
    let qa = world.cookie("li-qa");
    let boss = world.cookie("wang-supervisor");
    for (cookie, expected) in [(&qa, MASKED), (&boss, NUMBER)] {
        let mut events = Listener::connect_with(&world, &format!("Cookie: {cookie}"), Some(0));
        for n in 0..8 {
            let heard = events.next().expect("an event");
            let data: serde_json::Value = serde_json::from_str(&heard.data).expect("JSON");
            if n % 2 == 0 {
                assert!(
                    data["detail"]["number"] == expected && data["detail"]["by"] == "1001" && data["call"] == call.to_string(),
                    "{data}"
                );
            } else {
                assert_eq!(data["detail"]["to"], "queue:service");
            }
        }
        let timeline = world.as_page(cookie, "GET", &format!("/api/v1/calls/{call}/events"), None).json();
        assert_eq!(timeline["items"][0]["detail"]["number"], expected);
    }
}

#[test]
fn an_agent_is_told_what_concerns_him() {
    let mut world = World::new();
    let (his, others) = (world.kept_call(0, |_| ()).id, world.kept_call(1, |_| ()).id);
    let agent = world.cookie("1001");
    let mut events = Listener::connect_with(&world, &format!("Cookie: {agent}"), None);
    happens(&world, "agent.ready", None, Some("1002"), vec![]);
    happens(&world, "agent.ready", None, Some("1001"), vec![]);
    happens(&world, "figures.queue", None, None, vec![]);
    happens(&world, "source.blocked", None, None, vec![("source", Detail::Text("192.0.2.7".into()))]);
    happens(&world, "call.queued", Some(his), None, vec![]);
    happens(&world, "call.delivered", Some(his), None, vec![("agent", Detail::Text("1001".into()))]);
    happens(&world, "call.established", Some(others), Some("1002"), vec![]);
    happens(&world, "call.held", Some(his), None, vec![]);
    let heard: Vec<String> = (0..4).map(|_| events.next().expect("an event").name).collect();
    assert_eq!(heard, ["agent.ready", "figures.queue", "call.delivered", "call.held"]);
}

#[test]
fn messages_and_call_backs_are_masked_too() {
    let mut world = World::new();
    let id = world.kept_call(0, |_| ()).id;
    let message = Message {
        call: id,
        caller: NUMBER.to_owned(),
        left_at: Timestamp(NOW),
        offset: std::time::Duration::ZERO,
        duration: std::time::Duration::from_secs(1),
        delivered_at: None,
        escalated_at: None,
        heard_at: None,
        heard_by: None,
        parts: Vec::new(),
        taken_by: None,
    };
    let call_back = CallBack {
        queue: "service".into(),
        number: NUMBER.to_owned(),
        trunk: Some(TrunkId::new("carrier")),
        why: CallBackWhy::Asked,
        since: Instant::START,
        asked_at: Timestamp(NOW),
        language: None,
        asks: sanling::acd::Levels::new(),
        preferred: None,
        tries: 0,
        state: CallBackState::Listed,
    };
    {
        let mut switch = world.switch.lock().expect("fine");
        switch.messages = vec![MessageView { in_box: BoxId::new("desk"), message }];
        switch.call_backs = vec![CallBackView { id, call_back, arrived_at: Timestamp(NOW), next_at: None }];
    }
    world.config.set(Arc::new(configuration(&[("[\"supervisor\", \"admin\"]", "[\"admin\"]")])), Vec::new());
    let (boss, admin, agent) = (world.cookie("wang-supervisor"), world.cookie("admin"), world.cookie("1001"));
    for (cookie, expected) in [(&boss, MASKED), (&admin, NUMBER)] {
        let first = |path: &str| world.as_page(cookie, "GET", path, None).json()["items"][0].clone();
        assert_eq!(first("/api/v1/messages")["caller"], expected);
        assert_eq!(first("/api/v1/call-backs")["number"], expected);
        let heard = world.as_page(cookie, "POST", &format!("/api/v1/messages/{id}/heard"), Some(r#"{"by": "x"}"#));
        assert_eq!(heard.json()["caller"], expected);
        let taken = world.as_page(cookie, "POST", &format!("/api/v1/call-backs/{id}/call"), Some(r#"{"agent": "1001"}"#));
        assert_eq!(taken.json()["number"], expected);
    }
    // The box is nobody's of the configuration, so no agent's.
    assert_eq!(world.as_page(&agent, "GET", "/api/v1/messages", None).json()["items"].as_array().map(Vec::len), Some(0));
    world.as_page(&agent, "GET", &format!("/api/v1/messages/{id}/audio"), None).problem(404);
    world.as_page(&agent, "POST", &format!("/api/v1/messages/{id}/heard"), Some(r#"{"by": "x"}"#)).problem(404);
}

#[test]
fn orders_in_the_audit_log_are_masked_and_views_are_in_it() {
    let mut world = World::new();
    let id = world.kept_call(0, |_| ()).id;
    let boss = world.cookie("wang-supervisor");
    let order = format!(r#"{{"order": "transfer", "to": "{NUMBER}"}}"#);
    assert_eq!(world.as_page(&boss, "POST", &format!("/api/v1/calls/{id}/parties"), Some(&order)).status, 200);
    for path in ["", "", "/events", "/decisions"] {
        world.as_page(&boss, "GET", &format!("/api/v1/calls/{id}{path}"), None);
    }
    for (user, expected) in [("ops", MASKED), ("admin", NUMBER)] {
        let entries = world.as_page(&world.cookie(user), "GET", &format!("/api/v1/audit?subject={id}"), None).json()["items"].clone();
        let told: Vec<(&str, &str)> = entries
            .as_array()
            .expect("a list")
            .iter()
            .map(|entry| (entry["action"].as_str().expect("text"), entry["detail"].as_str().expect("text")))
            .collect();
        assert_eq!(told, [("call.viewed", ""), ("parties.ordered", format!("transfer {expected}").as_str())]);
        assert!(entries[0]["who"] == "wang-supervisor" && entries[0]["remote"].as_str().is_some_and(|remote| remote.contains(':')));
    }
}

#[test]
fn a_number_that_was_keyed_is_hidden_and_a_choice_is_not() {
    let mut world = World::new();
    let keyed = world.kept_call(0, |call| {
        let key = |at: i64, agent: Option<&str>, key| KeyRecord { at: Timestamp(NOW + at), agent: agent.map(Into::into), key };
        call.keys.push(key(0, None, '2'));
        call.keys.push(key(10, None, '*'));
        call.keys.extend(NUMBER.chars().map(|digit| key(100, None, digit)));
        call.keys.extend("#•".chars().map(|digit| key(200, None, digit)));
        call.keys.extend("123".chars().map(|digit| key(300, Some("1001"), digit)));
    });
    let keys = |cookie: &str| -> String {
        let call = world.as_page(cookie, "GET", &format!("/api/v1/calls/{}", keyed.id), None).json();
        call["keys"].as_array().expect("keys").iter().map(|key| key["key"].as_str().expect("a key").to_owned()).collect()
    };
    assert_eq!(keys(&world.cookie("li-qa")), format!("2*{}#•123", "•".repeat(NUMBER.len())));
    assert_eq!(keys(&world.cookie("admin")), format!("2*{NUMBER}#•123"), "what the switch did not keep nobody is told");
}
