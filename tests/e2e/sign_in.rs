//! People sign in to the switch as it is run: with a password that its own command hashed, until a reload takes them out.

use crate::harness::Site;
use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

fn hashed(password: &str) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sanling"));
    let mut child = command.arg("hash-password").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it runs");
    writeln!(child.stdin.take().expect("piped"), "{password}").expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    String::from_utf8(output.stdout).expect("text").trim().to_owned()
}

#[test]
fn a_user_signs_in_with_a_hashed_password_and_a_reload_signs_him_out() {
    let site = Site::start_with(&[], |config| {
        let file = config.join("users.toml");
        let users = fs::read_to_string(&file).expect("the users");
        fs::write(file, users.replace("demo-li-qa", &hashed("三铃 rings thrice"))).expect("written");
    });
    let sign_in = |user: &str, password: &str| {
        site.page("POST", "/api/v1/session", None, &serde_json::json!({ "user": user, "password": password }).to_string())
    };
    assert_eq!(sign_in("li-qa", "demo-li-qa").0, 401);
    let (status, cookie, session) = sign_in("li-qa", "三铃 rings thrice");
    assert!(status == 200 && session["role"] == "qa", "{status} {session}");
    let cookie = cookie.expect("a cookie");
    let (_, other, _) = sign_in("ops", "demo-ops");
    let get = |cookie: &Option<String>, path: &str| site.page("GET", path, cookie.as_deref(), "").0;
    let his = Some(cookie);
    assert_eq!((get(&his, "/api/v1/calls"), get(&his, "/api/v1/audit"), get(&other, "/api/v1/audit")), (200, 403, 200));

    let file = site.path("config/users.toml");
    let users = fs::read_to_string(&file).expect("the users");
    fs::write(&file, users.replace("role = \"qa\"", "role = \"supervisor\"")).expect("written");
    let (status, _, answer) = site.page("POST", "/api/v1/config/reload", other.as_deref(), "");
    assert!(status == 200 && answer["changes"] == serde_json::json!(["user li-qa changed"]), "{status} {answer}");
    assert_eq!((get(&his, "/api/v1/session"), get(&other, "/api/v1/session")), (401, 200));
    let audit = site.get("/api/v1/audit").to_string();
    for told in ["session.refused", "session.opened", "config.reloaded", "the user's password or role was changed"] {
        assert!(audit.contains(told), "{told}: {audit}");
    }
}
