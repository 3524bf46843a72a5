//! Who may ask, what errors look like, agents, queues, reload, health, metrics, the page and the description.

use crate::world::{TOKEN, World};
use sanling::io::http::dto::ConfigError;
use std::io::{Read, Write};

#[test]
fn the_api_wants_its_token() {
    let world = World::new();
    let refused = |headers: &[(&str, &str)]| world.send("GET", "/api/v1/agents", headers, None);
    let answer = refused(&[]);
    answer.problem(401);
    assert_eq!(answer.header("www-authenticate"), Some("Bearer realm=\"sanling\""));
    for wrong in [&format!("Bearer {TOKEN}x"), "Bearer ", "Bearer", &format!("Basic {TOKEN}"), TOKEN] {
        refused(&[("authorization", wrong)]).problem(401);
    }
    assert!(refused(&[("authorization", "Bearer wrong")]).header("www-authenticate").is_some_and(|text| text.contains("invalid_token")));
    assert_eq!(refused(&[("authorization", &format!("bearer {TOKEN}"))]).status, 200);
    // Nothing tells a stranger which paths there are.
    for path in ["/api/v1/openapi.json", "/api/v1/calls", "/api/v1/nothing", "/api/v1/events", "/api/v1/audit"] {
        world.send("GET", path, &[], None).problem(401);
    }
    for path in ["/", "/healthz", "/metrics"] {
        assert_eq!(world.send("GET", path, &[], None).status, 200, "{path}");
    }
}

/// What the server says at once to a head that is followed by nothing.
fn raw(world: &World, head: &str) -> String {
    let mut stream = std::net::TcpStream::connect(world.url.trim_start_matches("http://")).expect("connects");
    stream.write_all(head.as_bytes()).expect("writes");
    let mut answer = [0; 1_024];
    let length = stream.read(&mut answer).expect("an answer");
    String::from_utf8_lossy(&answer[..length]).into_owned()
}

#[test]
fn every_error_is_a_problem_document() {
    let world = World::new();
    world.get("/api/v1/nothing").problem(404);
    world.get("/nothing").problem(404);
    let answer = world.send("DELETE", "/api/v1/agents", &[("authorization", &format!("Bearer {TOKEN}"))], None);
    answer.problem(405);
    assert!(answer.header("allow").is_some_and(|methods| methods.contains("GET")), "{:?}", answer.headers);
    world.post("/api/v1/agents", "{}").problem(405);
    let state = "/api/v1/agents/1001/state";
    world.post(state, "{").problem(400);
    world.post(state, "{}").problem(422);
    world.post(state, r#"{"state": "ready", "colour": "red"}"#).problem(422);
    // Refused by what it announces, before a byte of it is sent.
    let length = (sanling::base::limits::API_BODY_MAX + 1).to_string();
    assert!(
        raw(
            &world,
            &format!(
                "POST {state} HTTP/1.1
Host: x
Authorization: Bearer {TOKEN}
Content-Length: {length}

"
            )
        )
        .starts_with("HTTP/1.1 413 ")
    );
    world.send("POST", state, &[("authorization", &format!("Bearer {TOKEN}"))], Some("state=ready")).problem(415);
    world.switch.lock().expect("fine").silent = true;
    world.get("/api/v1/agents").problem(504);
}

#[test]
fn answers_keep_browsers_from_mischief() {
    let world = World::new();
    for path in ["/", "/api/v1/agents", "/nothing"] {
        let answer = world.get(path);
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        let policy = answer.header("content-security-policy").expect("a policy");
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe-inline"), "{policy}");
        assert!(answer.header("access-control-allow-origin").is_none());
    }
    assert_eq!(world.get("/api/v1/agents").header("cache-control"), Some("no-store"));
}

#[test]
fn the_pages_obey_their_own_policy() {
    let world = World::new();
    let page = String::from_utf8(world.get("/").body).expect("text");
    for forbidden in ["<style", "style=", "onclick=", "javascript:", "http://", "https://", "CSP-NONCE"] {
        assert!(!page.contains(forbidden), "the page has {forbidden}");
    }
    let loaded: Vec<&str> = page.split('"').filter(|text| text.starts_with("/assets/")).collect();
    for (ending, kind) in [(".js", "text/javascript"), (".css", "text/css"), (".svg", "image/svg+xml")] {
        let file = loaded.iter().find(|file| file.ends_with(ending)).unwrap_or_else(|| panic!("no {ending} in {page}"));
        let answer = world.get(file);
        assert!(answer.status == 200 && answer.header("content-type").is_some_and(|given| given.starts_with(kind)), "{file}");
        assert!(answer.header("cache-control").is_some_and(|cache| cache.contains("immutable")), "{file}");
    }
    world.get("/assets/none.js").problem(404);
}

#[test]
fn each_answer_of_the_page_has_its_own_nonce_in_policy_and_page() {
    let world = World::new();
    let nonce = || {
        let answer = world.get("/");
        let policy = answer.header("content-security-policy").expect("a policy").to_owned();
        let (_, nonce) = policy.split_once("'nonce-").expect("a nonce");
        let nonce = nonce.split('\'').next().expect("a text").to_owned();
        assert!(nonce.len() == 32 && String::from_utf8(answer.body).expect("text").contains(&nonce), "{policy}");
        nonce
    };
    assert_ne!(nonce(), nonce());
}

#[test]
fn a_page_is_the_index_for_a_browser_and_nothing_for_a_program() {
    let world = World::new();
    let browser = [("accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8")];
    for path in ["/calls", "/calls/01JD3KQ5ZV8N2M4X6Y7T9W0ABC", "/no-such-page"] {
        let answer = world.send("GET", path, &browser, None);
        assert!(answer.status == 200 && answer.header("content-type").is_some_and(|kind| kind.starts_with("text/html")), "{path}");
        world.get(path).problem(404);
    }
    world.send("GET", "/api/v1/none", &browser, None).problem(401);
    world.send("DELETE", "/calls", &browser, None).problem(404);
}

#[test]
fn agents_are_listed_and_their_state_is_set() {
    let world = World::new();
    let agents = world.get("/api/v1/agents").json();
    let second = &agents["items"][1];
    assert!(second["id"] == "1001" && second["name"] == "1001 号坐席" && second["state"] == "ready" && second["skills"]["service"] == 5);
    assert_eq!(second["since"], "2026-11-21T09:30:00.000Z");
    assert!(second["let_go"]["missed"] == 0 && second.get("wrap_up").is_none(), "{second}");

    let answer = world.post("/api/v1/agents/1001/state", r#"{"state": "not-ready", "reason": "午饭"}"#);
    assert!(answer.status == 200 && answer.json()["state"] == "not-ready" && answer.json()["reason"] == "午饭");
    let entry = &world.get("/api/v1/audit?subject=1001").json()["items"][0];
    assert!(entry["who"] == "token" && entry["action"] == "agent.state_set" && entry["detail"] == "not-ready (午饭)", "{entry}");
    assert!(entry["remote"].as_str().is_some_and(|remote| remote.starts_with("127.0.0.1:")));

    world.post("/api/v1/agents/9999/state", r#"{"state": "ready"}"#).problem(404);
    for state in ["talking", "READY", ""] {
        let problem = world.post("/api/v1/agents/1001/state", &format!(r#"{{"state": "{state}"}}"#)).problem(422);
        assert_eq!(problem["parameter"], "state");
    }
    assert_eq!(world.post("/api/v1/agents/1001/state", r#"{"state": "not-ready", "reason": "a\nb"}"#).problem(422)["parameter"], "reason");
    world.switch.lock().expect("fine").known_reasons = Some(vec!["break".into(), "meeting".into()]);
    let problem = world.post("/api/v1/agents/1001/state", r#"{"state": "not-ready", "reason": "lunch"}"#).problem(400);
    assert!(problem["parameter"] == "reason" && problem["detail"] == "reason is one of break, meeting", "{problem}");
    world.switch.lock().expect("fine").refuses = Some("1001 is on a call".into());
    let problem = world.post("/api/v1/agents/1001/state", r#"{"state": "offline"}"#).problem(409);
    assert_eq!(problem["detail"], "1001 is on a call");
}

#[test]
fn queues_show_who_waits_and_todays_figures() {
    let world = World::new();
    let queue = &world.get("/api/v1/queues").json()["items"][0];
    assert!(queue["id"] == "service" && queue["waiting"] == 1 && queue["longest_waiting_since"] == "2026-11-21T09:29:48.000Z", "{queue}");
    assert!(queue["agents"]["talking"] == 1 && queue["today"]["offered"] == 10 && queue["today"]["wait_mean_ms"] == 8_000, "{queue}");
}

#[test]
fn a_reload_says_what_changed_or_what_is_wrong() {
    let world = World::new();
    let answer = world.post("/api/v1/config/reload", "");
    assert!(answer.status == 200 && answer.json()["changes"][0] == "rules.hold.patience: 7s → 9s");
    *world.reload.lock().expect("fine") = Err(vec![ConfigError {
        file: "config/rules.toml".into(),
        line: Some(7),
        column: Some(1),
        message: "unknown key patiense".into(),
        remedy: Some("patience".into()),
    }]);
    let problem = world.post("/api/v1/config/reload", "").problem(422);
    let error = &problem["errors"][0];
    assert!(
        error["file"] == "config/rules.toml" && error["line"] == 7 && error["column"] == 1 && error["remedy"] == "patience",
        "{problem}"
    );
    let audit = world.get("/api/v1/audit").json();
    let details: Vec<_> = audit["items"].as_array().expect("a list").iter().map(|entry| entry["detail"].as_str().expect("text")).collect();
    assert_eq!(details, ["refused with 1 errors", "1 changes"]);
}

#[test]
fn health_tells_why_not() {
    let world = World::new();
    let answer = world.get("/healthz");
    assert!(answer.status == 200 && answer.json()["status"] == "ok");
    world.switch.lock().expect("fine").snapshot.recording_alarm = Some("disk full".into());
    let answer = world.get("/healthz");
    assert!(answer.status == 503 && answer.json()["reasons"][0] == "cannot record: disk full", "{}", answer.json());
    world.switch.lock().expect("fine").silent = true;
    let answer = world.get("/healthz");
    assert!(answer.status == 503 && answer.json()["reasons"][0] == "the switch did not answer in time");
}

#[test]
fn metrics_count_each_call_once() {
    let mut world = World::new();
    let record = world.kept_call(0, |_| ());
    world.ledger.give(vec![world.ledger.call(Box::new(record))]);
    world.kept_call(1, |call| call.released_at = None);
    world.publish("call.released", None, 1);
    let metrics = |world: &World| String::from_utf8(world.get("/metrics").body).expect("text");
    let text = metrics(&world);
    for line in [
        "sanling_up 1",
        "sanling_calls_total{outcome=\"answered\",direction=\"inbound\"} 1",
        "sanling_offers_total{result=\"answered\"} 1",
        "sanling_calls_active 0",
        "sanling_queue_waiting{queue=\"service\"} 1",
        "sanling_agents{state=\"ready\"} 2",
        "sanling_agents{state=\"offline\"} 0",
        "sanling_recordings_missing_total 4",
        "sanling_events_total{name=\"call.released\"} 1",
        "sanling_sip_messages_received_total 0",
        "sanling_call_duration_seconds_sum 60.0",
        "sanling_build_info{version=\"0.1.0\"} 1",
    ] {
        assert!(text.lines().any(|other| other == line), "{line} is not in\n{text}");
    }
    assert!(text.ends_with("# EOF\n"));
    world.switch.lock().expect("fine").silent = true;
    assert!(metrics(&world).contains("sanling_up 0"));
}

#[test]
fn the_house_tells_its_zone_and_its_reasons() {
    let world = World::new();
    let agent = world.cookie("1001");
    let house = world.as_page(&agent, "GET", "/api/v1/house", None).json();
    assert!(house["name"] == "sanling" && house["zone"] == "Asia/Shanghai", "{house}");
    let told = |house: &serde_json::Value| -> Vec<(String, String, String)> {
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        let reasons = house["reasons"].as_array().expect("a list");
        reasons.iter().map(|one| (text(&one["id"]), text(&one["name"]), text(&one["code"]))).collect()
    };
    let usual = ["break *16", "meal *17", "training *18", "meeting "];
    assert_eq!(told(&house).iter().map(|(id, _, code)| format!("{id} {code}")).collect::<Vec<_>>(), usual);
    // As the configuration has them after a reload.
    let mut config = (*world.config.get()).clone();
    config.reasons = vec![sanling::config::ReasonConfig { id: "paperwork".into(), name: "案头工作".into(), code: Some("*19".into()) }];
    world.config.set(std::sync::Arc::new(config), Vec::new());
    assert_eq!(told(&world.get("/api/v1/house").json()), [("paperwork".into(), "案头工作".into(), "*19".into())]);
}

#[test]
fn the_status_tells_disks_ports_versions_and_since_when_it_runs() {
    let world = World::new();
    let ops = world.cookie("ops");
    let get = || world.as_page(&ops, "GET", "/api/v1/status", None).json();
    let status = get();
    let started = status["started_at"].as_str().and_then(|text| text.parse::<jiff::Timestamp>().ok()).expect("a time");
    assert!(jiff::Timestamp::now().duration_since(started).as_secs() < 60, "{status}");
    std::thread::sleep(std::time::Duration::from_millis(20));
    let later = get();
    assert!(later["started_at"] == status["started_at"] && later["uptime_ms"].as_u64() > status["uptime_ms"].as_u64(), "{later}");
    assert_eq!(status["versions"]["switch"], env!("CARGO_PKG_VERSION"));
    for name in ["rustc", "sqlite", "opus"] {
        let version = status["versions"][name].as_str().unwrap_or_else(|| panic!("{name}: {status}"));
        assert!(version.contains('.') && version.starts_with(|c: char| c.is_ascii_digit()), "{name}: {version}");
    }
    let disks = status["disks"].as_array().expect("a list");
    let of: Vec<&serde_json::Value> = disks.iter().map(|disk| &disk["of"]).collect();
    assert_eq!(of, ["data", "recordings"]);
    for disk in disks {
        let number = |name: &str| disk[name].as_f64().unwrap_or_else(|| panic!("{name}: {disk}"));
        assert!(
            number("free") <= number("total") && (number("free_percent") - number("free") * 100.0 / number("total")).abs() < 0.1,
            "{disk}"
        );
        assert_eq!(disk["wanted"], 1_000_000_000);
    }
    assert!(status["media_ports"].is_null(), "this one has no media: {status}");
    // As much is to be free as the configuration says; a disk that has less is short.
    let mut config = (*world.config.get()).clone();
    config.storage.retention.free_space = sanling::config::FreeSpace::Bytes(u64::MAX);
    world.config.set(std::sync::Arc::new(config), Vec::new());
    let status = get();
    assert!(status["disks"][1]["state"] == "short" && status["disks"][0]["wanted"] == 1_000_000_000, "{status}");
}

#[test]
fn each_operation_has_a_name_of_its_own() {
    let description = World::new().get("/api/v1/openapi.json").json();
    let mut names = std::collections::BTreeMap::new();
    for (path, methods) in description["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            let name = operation["operationId"].as_str().unwrap_or_else(|| panic!("{method} {path} has no name")).to_owned();
            assert!(
                name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'),
                "{name}: a program makes a function of it"
            );
            if let Some(other) = names.insert(name.clone(), format!("{method} {path}")) {
                panic!("{method} {path} and {other} are both {name}");
            }
        }
    }
    assert!(names.len() > 60 && names.contains_key("post_agents_by_id_state"), "{names:?}");
}

#[test]
fn the_description_is_the_one_on_file() {
    let world = World::new();
    let served = String::from_utf8(world.get("/api/v1/openapi.json").body).expect("text") + "\n";
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/api/openapi.json");
    if std::env::var_os("SANLING_WRITE_FIXTURES").is_some() {
        std::fs::write(path, &served).expect("writes");
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        served == kept,
        "the API has changed; when that is meant: SANLING_WRITE_FIXTURES=1 cargo test --test api description, and commit the diff"
    );
}

#[test]
fn the_server_ends_although_consumers_listen() {
    let mut world = World::new();
    let mut events = crate::events::Listener::connect(&world, None);
    let server = world.server.take().expect("runs");
    let begun = std::time::Instant::now();
    world.runtime.block_on(server.close());
    assert!(begun.elapsed() < std::time::Duration::from_secs(2));
    assert!(events.next().is_none());
}
