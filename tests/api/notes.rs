//! Notes on calls, and searches that are kept.

use crate::world::World;
use serde_json::json;

const BODY: &str = r#"{"text": "Promised a refund,\nby Friday", "at_ms": 61500}"#;

#[test]
fn a_note_is_written_found_changed_and_taken_away_by_who_wrote_it() {
    let mut world = World::new();
    let call = world.kept_call(0, |_| ()).id;
    let other = world.kept_call(1, |_| ()).id;
    let path = format!("/api/v1/calls/{call}/notes");
    let (qa, boss, operator) = (world.cookie("li-qa"), world.cookie("wang-supervisor"), world.cookie("ops"));

    let written = world.as_page(&qa, "POST", &path, Some(BODY));
    assert_eq!(written.status, 201);
    let note = written.json();
    assert!(note["who"] == "li-qa" && note["text"] == "Promised a refund,\nby Friday" && note["at_ms"] == 61_500, "{note}");
    assert_eq!(world.get(&path).json()["items"], json!([note]));
    assert_eq!(world.get(&format!("/api/v1/calls/{other}/notes")).json()["items"], json!([]));
    for (words, count) in [("refund", 1), ("REFUND%20friday", 1), ("refund%20monday", 0), ("%25", 0), ("re_und", 0)] {
        let found = world.get(&format!("/api/v1/calls?words={words}")).json();
        assert_eq!(found["items"].as_array().map(Vec::len), Some(count), "{words}");
    }

    let one = format!("{path}/{}", note["id"].as_str().expect("an id"));
    world.as_page(&boss, "PUT", &one, Some(r#"{"text": "mine now"}"#)).problem(403);
    world.as_page(&operator, "POST", &path, Some(BODY)).problem(403);
    let changed = world.as_page(&qa, "PUT", &one, Some(r#"{"text": "no refund"}"#)).json();
    assert!(changed["text"] == "no refund" && changed["at_ms"].is_null() && changed["id"] == note["id"] && changed["at"] == note["at"]);
    world.as_page(&qa, "PUT", &format!("/api/v1/calls/{other}/notes/{}", note["id"].as_str().expect("an id")), Some(BODY)).problem(404);
    for wrong in [r#"{"text": "  "}"#, r#"{"text": "a\u0007"}"#, r#"{"texts": "a"}"#, "{}"] {
        let status = world.as_page(&qa, "POST", &path, Some(wrong)).status;
        assert!(status == 422 || status == 400, "{wrong}: {status}");
    }
    // An administrator's hand reaches all.
    let admin = world.cookie("admin");
    assert_eq!(world.as_page(&admin, "DELETE", &one, None).status, 204);
    assert_eq!(world.get(&path).json()["items"], json!([]));
    world.as_page(&qa, "DELETE", &one, None).problem(404);
    let actions: Vec<String> = world.get(&format!("/api/v1/audit?subject={call}")).json()["items"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|entry| format!("{} {}", entry["who"].as_str().unwrap_or(""), entry["action"].as_str().unwrap_or("")))
        .collect();
    assert_eq!(actions, ["admin note.removed", "li-qa note.changed", "li-qa note.written"]);
}

#[test]
fn a_search_is_kept_for_oneself_or_for_all() {
    let world = World::new();
    let (qa, boss) = (world.cookie("li-qa"), world.cookie("wang-supervisor"));
    let keep = |cookie: &str, name: &str, shared: bool| {
        let body = json!({"name": name, "query": "broken=patience", "shared": shared}).to_string();
        let kept = world.as_page(cookie, "POST", "/api/v1/searches", Some(&body));
        assert_eq!(kept.status, 201);
        kept.json()["id"].as_str().expect("an id").to_owned()
    };
    let (own, shared) = (keep(&qa, "mine", false), keep(&qa, "ours", true));
    keep(&boss, "his", false);
    let names = |cookie: &str| -> Vec<String> {
        let all = world.as_page(cookie, "GET", "/api/v1/searches", None).json()["items"].clone();
        all.as_array().expect("a list").iter().map(|one| one["name"].as_str().expect("a name").to_owned()).collect()
    };
    assert_eq!((names(&qa), names(&boss)), (vec!["ours".to_owned(), "mine".to_owned()], vec!["his".to_owned(), "ours".to_owned()]));
    world.as_page(&boss, "DELETE", &format!("/api/v1/searches/{shared}"), None).problem(403);
    assert_eq!(world.as_page(&qa, "DELETE", &format!("/api/v1/searches/{own}"), None).status, 204);
    world.as_page(&qa, "DELETE", &format!("/api/v1/searches/{own}"), None).problem(404);
    assert_eq!(names(&qa), ["ours"]);
}
