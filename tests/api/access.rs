//! Who may what: every operation of the description with every role, against a table that is written here by hand.

use crate::world::{NOW, TOKEN, World};
use sanling::base::Timestamp;
use sanling::call::record::SegmentRole;
use serde_json::Value;
use std::io::{Read, Write};

/// What each role may, in order of the names.
const ROLES: [(&str, &str, &[&str]); 5] = [
    ("agent", "1001", &["see", "hear", "results", "appeal", "pause"]),
    ("supervisor", "wang-supervisor", &["see", "hear", "export", "note", "results", "score", "coach", "pause", "supervise", "hold"]),
    ("qa", "li-qa", &["see", "hear", "download", "note", "results", "score", "plan", "coach", "hold"]),
    ("operator", "ops", &["see", "configure", "health", "audit"]),
    (
        "admin",
        "admin",
        &[
            "see",
            "hear",
            "download",
            "export",
            "note",
            "results",
            "score",
            "plan",
            "coach",
            "appeal",
            "pause",
            "supervise",
            "configure",
            "health",
            "audit",
            "hold",
        ],
    ),
];

/// What each operation needs. One that is not here fails the test.
const NEEDS: &[(&str, &str, &str)] = &[
    ("get", "/api/v1/openapi.json", "see"),
    ("get", "/api/v1/calls", "see"),
    ("get", "/api/v1/calls/{id}", "see"),
    ("get", "/api/v1/calls/{id}/events", "see"),
    ("get", "/api/v1/calls/{id}/decisions", "see"),
    ("get", "/api/v1/calls/{id}/recording", "hear"),
    ("put", "/api/v1/calls/{id}/recording/hold", "hold"),
    ("delete", "/api/v1/calls/{id}/recording/hold", "hold"),
    ("post", "/api/v1/calls/{id}/recording/pause", "pause"),
    ("post", "/api/v1/calls/{id}/recording/resume", "pause"),
    ("post", "/api/v1/calls/{id}/script", "supervise"),
    ("delete", "/api/v1/calls/{id}/script", "supervise"),
    ("post", "/api/v1/calls/{id}/copies", "supervise"),
    ("delete", "/api/v1/calls/{id}/copies", "supervise"),
    ("post", "/api/v1/calls/{id}/parties", "supervise"),
    ("get", "/api/v1/agents", "see"),
    ("post", "/api/v1/agents/{id}/state", "supervise"),
    ("get", "/api/v1/queues", "see"),
    ("get", "/api/v1/reports/queues", "see"),
    ("get", "/api/v1/reports/agents", "see"),
    ("get", "/api/v1/reports/teams", "see"),
    ("get", "/api/v1/reports/scripts", "see"),
    ("get", "/api/v1/reports/intervals", "see"),
    ("get", "/api/v1/reports/timeline", "see"),
    ("get", "/api/v1/events", "see"),
    ("get", "/api/v1/config", "configure"),
    ("post", "/api/v1/config/check", "configure"),
    ("post", "/api/v1/config/reload", "configure"),
    ("get", "/api/v1/audit", "audit"),
    ("get", "/api/v1/call-backs", "supervise"),
    ("post", "/api/v1/call-backs/{id}/call", "supervise"),
    ("delete", "/api/v1/call-backs/{id}", "supervise"),
    ("get", "/api/v1/messages", "see"),
    ("get", "/api/v1/messages/{id}/audio", "hear"),
    ("post", "/api/v1/messages/{id}/heard", "hear"),
    ("get", "/api/v1/house", "see"),
    ("get", "/api/v1/status", "health"),
    ("get", "/api/v1/trunks", "health"),
    ("get", "/api/v1/calls/{id}/sip", "see"),
    ("get", "/api/v1/calls/{id}/recording/peaks", "hear"),
    ("get", "/api/v1/calls/{id}/notes", "see"),
    ("post", "/api/v1/calls/{id}/notes", "note"),
    ("put", "/api/v1/calls/{id}/notes/{note}", "note"),
    ("delete", "/api/v1/calls/{id}/notes/{note}", "note"),
    ("get", "/api/v1/calls/{id}/form", "score"),
    ("get", "/api/v1/calls/{id}/scores", "results"),
    ("get", "/api/v1/qa/scorecards", "results"),
    ("get", "/api/v1/qa/work", "score"),
    ("get", "/api/v1/qa/plans", "score"),
    ("get", "/api/v1/qa/scorers", "score"),
    ("get", "/api/v1/qa/scores", "results"),
    ("post", "/api/v1/qa/scores", "score"),
    ("get", "/api/v1/qa/scores/{id}", "results"),
    ("put", "/api/v1/qa/scores/{id}", "score"),
    ("post", "/api/v1/qa/scores/{id}/appeal", "appeal"),
    ("post", "/api/v1/qa/scores/{id}/answer", "score"),
    ("get", "/api/v1/qa/appeals", "results"),
    ("get", "/api/v1/qa/calibrations", "score"),
    ("post", "/api/v1/qa/calibrations", "plan"),
    ("get", "/api/v1/qa/calibrations/{id}", "score"),
    ("get", "/api/v1/qa/results", "results"),
    ("get", "/api/v1/qa/coaching", "results"),
    ("post", "/api/v1/qa/coaching", "coach"),
    ("get", "/api/v1/searches", "see"),
    ("post", "/api/v1/searches", "note"),
    ("delete", "/api/v1/searches/{id}", "note"),
    ("get", "/api/v1/blocked", "health"),
    ("delete", "/api/v1/blocked", "configure"),
];

/// Reached without being anybody: to sign in, and what has nothing personal in it.
const OPEN: [(&str, &str); 3] = [("post", "/api/v1/session"), ("get", "/healthz"), ("get", "/metrics")];
/// Reached by whoever is signed in.
const OWN: [(&str, &str); 2] = [("get", "/api/v1/session"), ("delete", "/api/v1/session")];

/// Every operation of the description.
fn operations(world: &World) -> Vec<(String, String)> {
    let description = world.get("/api/v1/openapi.json").json();
    let paths = description["paths"].as_object().expect("paths");
    let methods = |item: &Value| item.as_object().expect("methods").keys().cloned().collect::<Vec<_>>();
    paths.iter().flat_map(|(path, item)| methods(item).into_iter().map(|method| (method, path.clone()))).collect()
}

/// Status, and the right that the answer says is lacking; the answer itself may go on for ever.
fn asked(world: &World, method: &str, path: &str, who: &str) -> (u16, Option<String>) {
    let mut stream = std::net::TcpStream::connect(world.url.trim_start_matches("http://")).expect("connects");
    let (method, path) = (method.to_uppercase(), path.replace("{id}", "01JD3KQ5ZV8N2M4X6Y7T9W0ABC"));
    write!(stream, "{method} {path} HTTP/1.1\r\nHost: x\r\n{who}X-Sanling: page\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        .expect("writes");
    let mut answer = Vec::new();
    let mut part = [0; 4_096];
    loop {
        let text = String::from_utf8_lossy(&answer).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let status: u16 = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
            match serde_json::from_str::<Value>(body) {
                _ if status != 403 => return (status, None),
                Ok(problem) => return (status, problem["right"].as_str().map(str::to_owned)),
                Err(_) => {}
            }
        }
        let length = stream.read(&mut part).expect("an answer");
        assert!(length > 0, "{method} {path}: {text}");
        answer.extend_from_slice(&part[..length]);
    }
}

#[test]
fn each_operation_asks_for_its_right_and_each_role_has_its_rights() {
    let world = World::new();
    let operations = operations(&world);
    let roles = ROLES.map(|(role, user, rights)| {
        let answer = world.sign_in(user, &format!("demo-{user}"));
        let session = answer.json();
        assert!(session["role"] == role && session["rights"] == serde_json::json!(rights), "{session}");
        (
            role,
            format!("Cookie: {}\r\n", answer.header("set-cookie").and_then(|cookie| cookie.split(';').next()).expect("a cookie")),
            rights,
        )
    });
    let bearer = format!("Authorization: Bearer {TOKEN}\r\n");
    for (method, path) in &operations {
        let is = |(a, b): &(&str, &str)| a == method && b == path;
        if OPEN.iter().any(is) {
            assert_ne!(asked(&world, method, path, "").0, 401, "{method} {path}");
            continue;
        }
        assert_eq!(asked(&world, method, path, "").0, 401, "{method} {path} is reached by nobody");
        if OWN.iter().any(is) {
            continue;
        }
        let needed = NEEDS.iter().find(|(a, b, _)| a == method && b == path).map(|(.., right)| *right);
        let needed = needed.unwrap_or_else(|| panic!("{method} {path} is to be added to the table"));
        for (role, cookie, rights) in &roles {
            let (status, lacking) = asked(&world, method, path, cookie);
            let expected = if rights.contains(&needed) { None } else { Some(needed.to_owned()) };
            assert!(
                status != 401 && lacking == expected && (status == 403) == expected.is_some(),
                "{role}: {method} {path}: {status} {lacking:?}"
            );
        }
        let (status, _) = asked(&world, method, path, &bearer);
        assert!(status != 401 && status != 403, "the token: {method} {path}: {status}");
    }
    for (method, path, _) in NEEDS {
        assert!(operations.iter().any(|(a, b)| a == method && b == path), "{method} {path} is to be taken out of the table");
    }
}

#[test]
fn an_agent_sees_his_own_calls_alone() {
    let mut world = World::new();
    let his = world.kept_call(0, |_| ());
    let others = world.kept_call(60, |call| call.agent = Some("1002".into()));
    let listened = world.kept_call(120, |call| {
        call.agent = Some("1002".into());
        call.segments.push(sanling::call::record::SegmentRecord {
            agent: "1001".into(),
            role: SegmentRole::Consulted,
            started_at: Timestamp(NOW),
            ended_at: None,
            ending: sanling::call::record::SegmentEnding::Running,
        });
    });
    let cookie = world.cookie("1001");
    let get = |path: &str| world.as_page(&cookie, "GET", path, None);
    let ids: Vec<String> =
        get("/api/v1/calls").json()["items"].as_array().expect("a list").iter().map(|call| call["id"].to_string()).collect();
    assert!(ids.contains(&format!("\"{}\"", his.id)) && !ids.contains(&format!("\"{}\"", others.id)), "{ids:?}");
    for rest in ["", "/events", "/decisions", "/recording"] {
        let of_another = get(&format!("/api/v1/calls/{}{rest}", others.id)).problem(404);
        assert_eq!(of_another["detail"], format!("no call has the id {}", others.id), "as if it were not there");
    }
    assert_eq!(get(&format!("/api/v1/calls/{}", his.id)).status, 200);
    assert_eq!(get(&format!("/api/v1/calls/{}", listened.id)).status, 200);
    assert_eq!(get("/api/v1/calls?agent=1002").json()["items"].as_array().map(Vec::len), Some(0));

    let agents = get("/api/v1/agents").json();
    assert!(agents["items"].as_array().is_some_and(|items| items.len() == 1 && items[0]["id"] == "1001"), "{agents}");
    let report = get("/api/v1/reports/agents?since=2026-11-21T00:00:00Z&until=2026-11-22T00:00:00Z").json();
    let keys: Vec<&str> = report["rows"].as_array().expect("rows").iter().filter_map(|row| row["key"].as_str()).collect();
    assert!(!keys.is_empty() && keys.iter().all(|key| *key == "1001"), "{keys:?}");
    assert_eq!(get("/api/v1/reports/agents?agent=1002").problem(400)["parameter"], "agent");
}

#[test]
fn export_and_download_are_rights_of_their_own() {
    let mut world = World::new();
    let call = world.kept_call(0, |_| ());
    let (supervisor, qa) = (world.cookie("wang-supervisor"), world.cookie("li-qa"));
    let csv = "/api/v1/reports/queues?format=csv";
    assert_eq!(world.as_page(&qa, "GET", csv, None).problem(403)["right"], "export");
    assert_eq!(world.as_page(&supervisor, "GET", csv, None).status, 200);
    let download = format!("/api/v1/calls/{}/recording?download=1", call.id);
    assert_eq!(world.as_page(&supervisor, "GET", &download, None).problem(403)["right"], "download");
    world.as_page(&qa, "GET", &download, None).problem(404);
    let deed = world.newest_deed();
    assert!(deed["action"] == "report.exported" && deed["who"] == "wang-supervisor", "{deed}");
}
