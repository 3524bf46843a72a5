//! The configuration's texts over the API: no password in them, and a wish is checked as `sanling check` does it.

use crate::world::World;
use serde_json::{Value, json};

fn check(world: &World, files: Value) -> Value {
    let answer = world.post("/api/v1/config/check", &json!({ "files": files }).to_string());
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    answer.json()
}

fn text(world: &World, name: &str) -> String {
    let list = world.get("/api/v1/config").json();
    let file = list["items"].as_array().expect("files").iter().find(|file| file["name"] == name).expect("is there").clone();
    assert_eq!(file["in_force"], file["on_disk"], "nobody has changed it");
    file["on_disk"].as_str().expect("a text").to_owned()
}

#[test]
fn the_texts_are_shown_without_a_password() {
    let world = World::new();
    let all = world.get("/api/v1/config").body;
    let all = String::from_utf8(all).expect("text");
    assert!(all.contains("agents.toml") && all.contains("users.toml") && all.contains("•••••• 1"), "{all}");
    let passwords = ["demo-1001", "demo-admin", "demo-li-qa"];
    for line in all.split("\\n").filter(|line| line.contains("password =")) {
        assert!(!passwords.iter().any(|password| line.contains(password)), "{line}");
    }
}

#[test]
fn what_is_sent_back_as_it_came_changes_nothing_and_is_right() {
    let world = World::new();
    let files = json!([{ "name": "agents.toml", "text": text(&world, "agents.toml") }, { "name": "users.toml", "text": text(&world, "users.toml") }]);
    assert_eq!(check(&world, files), json!({ "errors": [], "warnings": [], "changes": [] }));
}

#[test]
fn a_changed_text_tells_what_a_reload_would_change_and_a_wrong_one_where_it_is_wrong() {
    let world = World::new();
    let agents = text(&world, "agents.toml");
    let verdict = check(&world, json!([{ "name": "agents.toml", "text": agents.replacen("team = \"service\"", "team = \"first\"", 1) }]));
    assert_eq!(verdict["errors"], json!([]));
    assert_eq!(verdict["changes"].as_array().map(Vec::len), Some(1), "{verdict}");

    let verdict = check(&world, json!([{ "name": "agents.toml", "text": format!("{agents}\nnonsense = 1\n") }]));
    let error = &verdict["errors"][0];
    assert!(error["file"].as_str().is_some_and(|file| file.ends_with("agents.toml")) && error["line"].is_u64(), "{verdict}");
    assert!(error["message"].as_str().is_some_and(|message| message.contains("nonsense")) && error["remedy"].is_string(), "{verdict}");
    assert_eq!(verdict["changes"], json!([]));
}

#[test]
fn a_new_file_is_read_with_the_others_and_only_names_of_files_are_taken() {
    let world = World::new();
    let verdict = check(&world, json!([{ "name": "more.toml", "text": "[nonsense]\n" }]));
    assert!(verdict["errors"][0]["file"].as_str().is_some_and(|file| file.ends_with("more.toml")), "{verdict}");
    for name in ["../users.toml", "a/b.toml", "passwd", ""] {
        world.post("/api/v1/config/check", &json!({ "files": [{ "name": name, "text": "" }] }).to_string()).problem(400);
    }
}
