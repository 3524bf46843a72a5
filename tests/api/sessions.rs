//! Signing in and out: cookies, wrong passwords, foreign sites, and what ends a session.

use crate::events::Listener;
use crate::world::{TOKEN, World, configuration};
use serde_json::Value;
use std::sync::Arc;

/// Actions of the audit log with who and detail, oldest first.
fn audit(world: &World) -> Vec<(String, String, String)> {
    let items = world.get("/api/v1/audit").json()["items"].clone();
    let text = |entry: &Value, name: &str| entry[name].as_str().expect("text").to_owned();
    let mut entries: Vec<_> =
        items.as_array().expect("a list").iter().map(|entry| (text(entry, "who"), text(entry, "action"), text(entry, "detail"))).collect();
    entries.reverse();
    entries
}

fn entry(who: &str, action: &str, detail: &str) -> (String, String, String) {
    (who.to_owned(), action.to_owned(), detail.to_owned())
}

#[test]
fn signing_in_gives_a_session_in_a_cookie_that_no_script_reads() {
    let world = World::new();
    let answer = world.sign_in("li-qa", "demo-li-qa");
    assert_eq!(answer.status, 200);
    let session = answer.json();
    assert!(
        session["user"] == "li-qa" && session["name"] == "李质检" && session["role"] == "qa" && session["agent"].is_null(),
        "{session}"
    );
    assert!(session["language"].is_null() && session["sees_numbers"] == false && session["expires_at"].is_string(), "{session}");
    let set = answer.header("set-cookie").expect("a cookie");
    let (pair, flags) = set.split_once("; ").expect("flags");
    assert_eq!(flags, "HttpOnly; SameSite=Strict; Path=/");
    let (name, token) = pair.split_once('=').expect("a pair");
    assert!(name == "sanling_session" && token.len() == 64 && token.bytes().all(|b| b.is_ascii_hexdigit()), "{pair}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));

    let mut shown = world.as_page(pair, "GET", "/api/v1/session", None).json();
    shown["expires_at"] = session["expires_at"].clone();
    assert_eq!(shown, session);
    let boss = world.sign_in("wang-supervisor", "demo-wang-supervisor").json();
    assert!(boss["sees_numbers"] == true && boss["agent"] == "1000", "{boss}");

    let out = world.as_page(pair, "DELETE", "/api/v1/session", None);
    assert!(out.status == 204 && out.header("set-cookie").is_some_and(|cookie| cookie.starts_with("sanling_session=; Max-Age=0;")));
    for (method, path) in [("GET", "/api/v1/session"), ("DELETE", "/api/v1/session"), ("GET", "/api/v1/calls")] {
        let answer = world.as_page(pair, method, path, None);
        answer.problem(401);
        assert_eq!(answer.header("www-authenticate"), Some("Bearer realm=\"sanling\""));
    }
    let expected = [
        entry("li-qa", "session.opened", "role qa"),
        entry("wang-supervisor", "session.opened", "role supervisor"),
        entry("li-qa", "session.closed", "signed out"),
    ];
    assert_eq!(audit(&world), expected);
    // The token is no session.
    world.get("/api/v1/session").problem(401);
}

#[test]
fn a_wrong_password_and_an_unknown_user_are_told_alike_and_further_tries_wait() {
    let world = World::new();
    let wrong = world.sign_in("li-qa", "demo-li-qb");
    let unknown = world.sign_in("nobody", "demo-nobody");
    assert_eq!(wrong.problem(401), unknown.problem(401));
    assert!(wrong.header("set-cookie").is_none() && wrong.header("www-authenticate").is_some());
    for password in ["", "DEMO-LI-QA", "demo-ops"] {
        world.sign_in("li-qa", password).problem(401);
    }
    world.sign_in("li-qa", "x").problem(401);
    // The sixth waits, although it is right; nobody else does.
    let waits = world.sign_in("li-qa", "demo-li-qa");
    waits.problem(429);
    assert_eq!(waits.header("retry-after"), Some("1"));
    assert_eq!(world.sign_in("ops", "demo-ops").status, 200);
    let refused = entry("li-qa", "session.refused", "wrong user or password");
    assert_eq!(audit(&world).iter().filter(|entry| **entry == refused).count(), 5);
    assert!(audit(&world).contains(&entry("nobody", "session.refused", "wrong user or password")));
}

#[test]
fn what_is_no_sign_in_is_refused_as_such() {
    let world = World::new();
    let post = |kind: &str, body: &str| world.send("POST", "/api/v1/session", &[("content-type", kind)], Some(body));
    post("application/json", "{").problem(400);
    post("application/json", r#"{"user": "li-qa"}"#).problem(422);
    post("application/json", r#"{"user": "li-qa", "password": "demo-li-qa", "role": "admin"}"#).problem(422);
    // A form of a foreign site can only be one of these.
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"] {
        post(kind, r#"{"user": "li-qa", "password": "demo-li-qa"}"#).problem(415);
    }
    world.sign_in("li-qa", &"x".repeat(10_000)).problem(401);
    world.sign_in(&"三铃\u{7}\n".repeat(1_000), "x").problem(401);
    let (who, ..) = audit(&world).pop().expect("an entry");
    assert!(who.chars().count() == 64 && !who.chars().any(char::is_control), "{who}");
}

#[test]
fn no_foreign_site_changes_anything_with_somebodys_cookie() {
    let world = World::new();
    let cookie = world.cookie("wang-supervisor");
    let state = "/api/v1/agents/1001/state";
    let body = Some(r#"{"state": "not-ready"}"#);
    let send = |headers: &[(&str, &str)]| {
        let all: Vec<(&str, &str)> =
            [("cookie", cookie.as_str()), ("content-type", "application/json")].into_iter().chain(headers.iter().copied()).collect();
        world.send("POST", state, &all, body)
    };
    for headers in [&[][..], &[("x-sanling", "")], &[("x-sanling", "other")], &[("x-requested-with", "page")]] {
        let problem = send(headers).problem(403);
        assert!(problem["right"].is_null() && problem["detail"].as_str().is_some_and(|text| text.contains("X-Sanling")), "{problem}");
    }
    assert_eq!(send(&[("x-sanling", "page")]).status, 200);
    // What changes nothing needs none; nor does who has the token.
    assert_eq!(world.send("GET", "/api/v1/agents", &[("cookie", &cookie)], None).status, 200);
    assert_eq!(world.post(state, r#"{"state": "ready"}"#).status, 200);
    world.send("DELETE", "/api/v1/session", &[("cookie", &cookie)], None).problem(403);
    assert_eq!(world.send("GET", "/api/v1/session", &[("cookie", &cookie)], None).status, 200);
    // Nor may a foreign site ask whether it may.
    let preflight =
        world.send("OPTIONS", state, &[("origin", "https://evil.example"), ("access-control-request-headers", "x-sanling")], None);
    assert!(preflight.header("access-control-allow-origin").is_none());
}

#[test]
fn who_signs_in_anew_has_one_session_less() {
    let world = World::new();
    let cookie = world.cookie("li-qa");
    let body = r#"{"user": "ops", "password": "demo-ops"}"#;
    let answer = world.send("POST", "/api/v1/session", &[("content-type", "application/json"), ("cookie", &cookie)], Some(body));
    assert_eq!((answer.status, &answer.json()["user"]), (200, &"ops".into()));
    world.as_page(&cookie, "GET", "/api/v1/session", None).problem(401);
    assert!(audit(&world).contains(&entry("li-qa", "session.closed", "signed in anew")));
}

#[test]
fn a_reload_ends_the_sessions_of_whom_it_changes() {
    type Texts<'a> = &'a [(&'a str, &'a str)];
    let changes: [(&str, Texts<'_>, &str, bool); 4] = [
        ("removed", &[("id = \"li-qa\"", "id = \"li-qb\""), ("demo-li-qa", "demo-li-qb")], "the user was removed", false),
        ("role", &[("role = \"qa\"", "role = \"supervisor\"")], "the user's password or role was changed", false),
        (
            "password",
            &[("demo-li-qa", "$argon2id$v=19$m=19456,t=2,p=1$c2l4dGVlbiBieXRlcyAuLg$mIuCnqLPjVJpnnSKPM1KbQF5P9O3ZvXrz2Qp5pDb7jE")],
            "the user's password or role was changed",
            false,
        ),
        ("name", &[("李质检", "李娜")], "", true),
    ];
    for (what, replace, why, stays) in changes {
        let world = World::new();
        let (cookie, other) = (world.cookie("li-qa"), world.cookie("ops"));
        let mut events = Listener::connect_with(&world, &format!("Cookie: {cookie}"), None);
        assert_eq!(events.status, 200);
        world.config.set(Arc::new(configuration(replace)), Vec::new());
        world.publish("agent.ready", None, 1);
        assert_eq!(events.next().is_some(), stays, "{what}: its event stream");
        let answer = world.as_page(&cookie, "GET", "/api/v1/session", None);
        assert_eq!(answer.status, if stays { 200 } else { 401 }, "{what}");
        if stays {
            assert_eq!(answer.json()["name"], "李娜");
        } else {
            assert!(audit(&world).contains(&entry("li-qa", "session.closed", why)), "{what}: {:?}", audit(&world));
        }
        assert_eq!(world.as_page(&other, "GET", "/api/v1/session", None).status, 200, "nobody else's");
    }
}

#[test]
fn a_restart_signs_nobody_out_but_whom_it_finds_changed() {
    let mut world = World::new();
    let (stays, out, changed, ends) = (world.cookie("ops"), world.cookie("ops"), world.cookie("li-qa"), world.cookie("admin"));
    let session = world.as_page(&stays, "GET", "/api/v1/session", None).json();
    assert_eq!(world.as_page(&out, "DELETE", "/api/v1/session", None).status, 204);
    // A reload has ended his before the restart.
    world.config.set(Arc::new(configuration(&[("role = \"admin\"", "role = \"supervisor\"")])), Vec::new());
    world.as_page(&ends, "GET", "/api/v1/session", None).problem(401);

    let hash = "$argon2id$v=19$m=19456,t=2,p=1$c2l4dGVlbiBieXRlcyAuLg$mIuCnqLPjVJpnnSKPM1KbQF5P9O3ZvXrz2Qp5pDb7jE";
    world.restart(configuration(&[("demo-li-qa", hash)]));
    let status = |cookie: &str| world.as_page(cookie, "GET", "/api/v1/session", None).status;
    assert_eq!([&stays, &out, &changed, &ends].map(|cookie| status(cookie)), [200, 401, 401, 401]);
    let mut shown = world.as_page(&stays, "GET", "/api/v1/session", None).json();
    shown["expires_at"] = session["expires_at"].clone();
    assert_eq!(shown, session);
    let why = "the user's password or role was changed";
    assert_eq!(audit(&world).iter().filter(|is| **is == entry("li-qa", "session.closed", why)).count(), 1);

    // Nor does the one after it, and who signs out of it is out for good.
    world.restart(configuration(&[]));
    let status = |cookie: &str| world.as_page(cookie, "GET", "/api/v1/session", None).status;
    assert_eq!([&stays, &out, &changed, &ends].map(|cookie| status(cookie)), [200, 401, 401, 401]);
    assert_eq!(world.as_page(&stays, "DELETE", "/api/v1/session", None).status, 204);
    world.restart(configuration(&[]));
    world.as_page(&stays, "GET", "/api/v1/session", None).problem(401);
}

#[test]
fn rights_and_whose_calls_he_sees_follow_the_configuration_at_once() {
    let mut world = World::new();
    world.kept_call(0, |call| call.agent = Some("1002".into()));
    let cookie = world.cookie("1001");
    let seen = |world: &World| world.as_page(&cookie, "GET", "/api/v1/calls", None).json()["items"].as_array().map(Vec::len);
    assert_eq!(seen(&world), Some(0));
    world.config.set(Arc::new(configuration(&[("agent = \"1001\"", "agent = \"1002\"")])), Vec::new());
    assert_eq!(seen(&world), Some(1));
}

#[test]
fn a_token_in_the_header_counts_before_a_cookie() {
    let world = World::new();
    let cookie = world.cookie("1001");
    let bearer = format!("Bearer {TOKEN}");
    assert_eq!(world.send("GET", "/api/v1/audit", &[("cookie", &cookie), ("authorization", &bearer)], None).status, 200);
    world.send("GET", "/api/v1/audit", &[("cookie", &cookie), ("authorization", "Bearer wrong")], None).problem(401);
    world.send("GET", "/api/v1/calls", &[("cookie", "sanling_session=00")], None).problem(401);
}
