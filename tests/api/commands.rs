//! The commands against a running switch, as a person or a script sees them.

use crate::world::{TOKEN, World};
use sanling::base::time::millis;
use sanling::call::record::{RecordingRecord, RecordingState};
use sanling::io::client::{ClientError, Remote};
use sanling::io::commands::{recordings, remote};
use sanling::io::http::dto::ConfigError;
use std::fs;
use std::path::Path;

fn remote_of(world: &World, token: Option<&str>) -> Remote {
    Remote::new(&world.url, token.map(str::to_owned), world.folder.path())
}

fn said(task: impl FnOnce(&mut Vec<u8>) -> Result<(), ClientError>) -> (String, Option<String>) {
    let mut out = Vec::new();
    let error = task(&mut out).err().map(|error| error.to_string());
    (String::from_utf8(out).expect("text"), error)
}

#[test]
fn tables_are_for_people_and_json_for_programs() {
    let mut world = World::new();
    let call = world.kept_call(0, |call| call.caller = "\x1b[2J138".into());
    let switch = remote_of(&world, Some(TOKEN));
    let (text, error) = said(|out| remote::status(&switch, false, out));
    assert!(
        error.is_none() && text.contains("ok\n") && text.contains("2 ready, 1 talking") && text.contains("queue service: 1 waiting"),
        "{text}"
    );
    let (text, _) = said(|out| remote::agents(&switch, false, out));
    assert!(text.lines().nth(2).is_some_and(|line| line.starts_with("1001  1001 号坐席  ready")), "{text}");
    let (text, _) = said(|out| remote::queues(&switch, false, out));
    assert!(text.lines().nth(1).is_some_and(|line| line.starts_with("service") && line.contains("0:08")), "{text}");
    let query = remote::CallQuery { limit: 5, ..remote::CallQuery::default() };
    let (text, _) = said(|out| remote::calls(&switch, &query, false, out));
    assert!(text.contains(&call.id.to_string()) && text.contains("?[2J138") && text.contains("1:08") && !text.contains('\x1b'), "{text}");
    let (text, _) = said(|out| remote::calls(&switch, &query, true, out));
    let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(json[0]["id"], call.id.to_string());
}

#[test]
fn lists_go_on_over_pages() {
    let mut world = World::new();
    (0..620).for_each(|n| drop(world.kept_call(n, |_| ())));
    let switch = remote_of(&world, Some(TOKEN));
    for (limit, count) in [(3, 3), (600, 600), (1_000, 620)] {
        let query = remote::CallQuery { limit, agent: Some("1001".into()), ..remote::CallQuery::default() };
        assert_eq!(query.fetch(&switch).expect("a list").len(), count);
    }
}

#[test]
fn trouble_says_what_to_do() {
    let world = World::new();
    let reload = |remote: &Remote| said(|out| remote::reload(remote, false, out));
    let (text, error) = reload(&remote_of(&world, Some(TOKEN)));
    assert!(error.is_none() && text.contains("7s → 9s"));
    for token in [None, Some("wrong")] {
        assert!(reload(&remote_of(&world, token)).1.is_some_and(|error| error.contains("SANLING_TOKEN")));
    }
    fs::write(world.folder.path().join("admin.token"), format!("{TOKEN}\n")).expect("writes");
    assert!(reload(&remote_of(&world, None)).1.is_none(), "the token of the data folder is taken");
    let wrong = ConfigError {
        file: "rules.toml".into(),
        line: Some(7),
        column: Some(3),
        message: "unknown key".into(),
        remedy: Some("patience".into()),
    };
    *world.reload.lock().expect("fine") = Err(vec![wrong]);
    let error = reload(&remote_of(&world, Some(TOKEN))).1.expect("an error");
    assert!(error.starts_with("rules.toml:7:3: unknown key\n    patience\n"), "{error}");
    let nobody = Remote::new("http://127.0.0.1:9", None, Path::new("."));
    assert!(reload(&nobody).1.is_some_and(|error| error.contains("sanling run")));
    world.switch.lock().expect("fine").snapshot.recording_alarm = Some("disk full".into());
    let (text, error) = said(|out| remote::status(&remote_of(&world, Some(TOKEN)), false, out));
    assert!(text.contains("cannot record: disk full") && error.is_some());
}

#[test]
fn recordings_are_listed_fetched_and_verified() {
    let mut world = World::new();
    let call = world.kept_call(0, |call| {
        let (file, duration) = (format!("2026/11/21/{}.wav", call.id), millis(61_000));
        // Not the hash of what lies there.
        let sha256 = Some("a2a3b9a6a6b7b7f4".to_owned());
        call.recording = Some(RecordingRecord { file, duration, sha256, state: RecordingState::Complete, reason: None });
    });
    let path = world.recordings().join(format!("2026/11/21/{}.wav", call.id));
    fs::create_dir_all(path.parent().expect("has one")).expect("makes");
    fs::write(&path, "sound").expect("writes");
    let switch = remote_of(&world, Some(TOKEN));
    let (text, _) = said(|out| recordings::list(&switch, 5, false, out));
    assert!(text.contains("1:01") && text.contains("complete"), "{text}");
    let output = world.folder.path().join("out.wav");
    recordings::play(&switch, &call.id.to_string(), Some(&output)).expect("fetches");
    assert_eq!(fs::read(&output).expect("is there"), b"sound");
    assert!(recordings::play(&switch, "17", Some(&output)).is_err_and(|error| error.to_string().contains("404")));

    let data = world.folder.path().join("data");
    let verify = |world: &World| said(|out| recordings::verify(&world.recordings(), &data, false, out));
    let (text, error) = verify(&world);
    assert!(text.contains("changed: it was") && text.ends_with("0 intact, 1 not\n") && error.is_some(), "{text}");
    let sha256 = text.lines().next().and_then(|line| line.rsplit(' ').next()).map(str::to_owned);
    let mut mended = call.clone();
    mended.recording.as_mut().expect("has one").sha256 = sha256;
    world.ledger.give(vec![world.ledger.call(Box::new(mended))]);
    world.get("/api/v1/calls");
    assert_eq!(verify(&world), ("1 intact, 0 not\n".to_owned(), None));
    fs::remove_file(&path).expect("removes");
    assert!(verify(&world).0.contains("the file is not there"));
    let (_, error) = said(|out| recordings::repair(&switch, &world.recordings(), &data, out));
    assert!(error.is_some_and(|error| error.contains("a switch is running")));
    let nobody = Remote::new("http://127.0.0.1:9", None, Path::new("."));
    // The world has its folder open, as a switch would that does not answer.
    let (_, error) = said(|out| recordings::repair(&nobody, &world.recordings(), &data, out));
    assert!(error.as_ref().is_some_and(|error| error.contains("in use by another process")), "{error:?}");
    // An empty file is a database without tables yet.
    let another = world.folder.path().join("another");
    fs::create_dir_all(&another).expect("makes");
    fs::write(another.join("sanling.db"), b"").expect("writes");
    let (text, error) = said(|out| recordings::repair(&nobody, &world.recordings(), &another, out));
    assert!(error.is_none() && text.contains("0 recovered"), "{text} {error:?}");
}
