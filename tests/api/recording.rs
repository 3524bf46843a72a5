//! The sound of a call over HTTP.

use crate::world::{Answer, NOW, TOKEN, World, call_record};
use sanling::base::Timestamp;
use sanling::base::time::millis;
use sanling::call::record::{CallRecord, RecordingRecord, RecordingState, SegmentEnding, SegmentRecord, SegmentRole};
use sanling::config::{FreeSpace, Retention};
use sanling::io::retention::{Cleaner, Free};
use sanling::switch::view::CallView;
use std::fs;

const HASH: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

/// Stereo, 8 kHz, sample n is n: 44 bytes of header, then `frames` × 4 bytes.
fn wav(frames: u32) -> Vec<u8> {
    let mut file = std::io::Cursor::new(Vec::new());
    let spec = hound::WavSpec { channels: 2, sample_rate: 8_000, bits_per_sample: 16, sample_format: hound::SampleFormat::Int };
    let mut writer = hound::WavWriter::new(&mut file, spec).expect("writes");
    (0..frames * 2).for_each(|n| writer.write_sample((n % 30_000) as i16).expect("writes"));
    writer.finalize().expect("writes");
    file.into_inner()
}

fn recorded(world: &mut World, state: RecordingState, suffix: &str, bytes: &[u8]) -> CallRecord {
    let folder = world.recordings().join("2026/11/21");
    fs::create_dir_all(&folder).expect("makes");
    let record = world.kept_call(0, |call| {
        call.recording = Some(RecordingRecord {
            file: format!("2026/11/21/{}.wav", call.id),
            duration: millis(1_000),
            sha256: (state == RecordingState::Complete).then(|| HASH.to_owned()),
            state,
            reason: (state == RecordingState::Missing).then(|| "disk full".to_owned()),
        });
    });
    if !bytes.is_empty() {
        fs::write(folder.join(format!("{}.wav{suffix}", record.id)), bytes).expect("writes");
    }
    record
}

fn fetch(world: &World, call: &CallRecord, headers: &[(&str, &str)]) -> Answer {
    world.get_with(&format!("/api/v1/calls/{}/recording", call.id), headers)
}

#[test]
fn a_recording_is_drawn_as_far_as_it_has_come() {
    let mut world = World::new();
    // The customer speaks in the first second of five, the agent in the last.
    let mut file = std::io::Cursor::new(Vec::new());
    let spec = hound::WavSpec { channels: 2, sample_rate: 8_000, bits_per_sample: 16, sample_format: hound::SampleFormat::Int };
    let mut writer = hound::WavWriter::new(&mut file, spec).expect("writes");
    for n in 0..40_000i32 {
        let wave = |second: i32, level: i16| match (n / 8_000 == second, n % 16 < 8) {
            (false, _) => 0,
            (true, true) => level,
            (true, false) => -level,
        };
        writer.write_sample(wave(0, 16_000)).expect("writes");
        writer.write_sample(wave(4, 8_000)).expect("writes");
    }
    writer.finalize().expect("writes");
    for (state, suffix) in [(RecordingState::Complete, ""), (RecordingState::Open, ".part")] {
        let call = recorded(&mut world, state, suffix, file.get_ref());
        let drawn = world.get(&format!("/api/v1/calls/{}/recording/peaks?points=5", call.id)).json();
        assert_eq!(drawn["duration_ms"], 5_000);
        assert!(
            drawn["channels"][0]["who"] == "customer" && drawn["channels"][0]["peaks"] == serde_json::json!([62, 0, 0, 0, 0]),
            "{drawn}"
        );
        assert!(drawn["channels"][1]["who"] == "agent" && drawn["channels"][1]["peaks"] == serde_json::json!([0, 0, 0, 0, 31]), "{drawn}");
        assert!(drawn["silences"].as_array().is_some_and(|all| all.len() == 1) && drawn["over_talk"] == serde_json::json!([]), "{drawn}");
        assert_eq!(drawn["began_at"], serde_json::json!("2026-11-21T09:30:08.000Z"));
        world.get(&format!("/api/v1/calls/{}/recording/peaks?points=0", call.id)).problem(400);
    }
    let none = recorded(&mut world, RecordingState::Complete, "", b"no sound");
    world.get(&format!("/api/v1/calls/{}/recording/peaks", none.id)).problem(404);
}

#[test]
fn a_recording_is_served_whole_and_in_parts() {
    let mut world = World::new();
    let bytes = wav(100_000);
    let call = recorded(&mut world, RecordingState::Complete, "", &bytes);
    let whole = fetch(&world, &call, &[]);
    assert!(whole.status == 200 && whole.body == bytes);
    let etag = format!("\"{HASH}\"");
    for (name, value) in [("content-type", "audio/wav"), ("accept-ranges", "bytes"), ("content-length", "400044"), ("etag", etag.as_str())]
    {
        assert_eq!(whole.header(name), Some(value));
    }
    for (range, first, last) in
        [("bytes=0-43", 0, 43), ("bytes=100-", 100, 400_043), ("bytes=-4", 400_040, 400_043), ("bytes=70000-270000", 70_000, 270_000)]
    {
        let part = fetch(&world, &call, &[("range", range)]);
        assert!(part.status == 206 && part.body == bytes[first..=last], "{range}");
        assert_eq!(part.header("content-range"), Some(format!("bytes {first}-{last}/400044").as_str()));
    }
    let beyond = fetch(&world, &call, &[("range", "bytes=400044-")]);
    beyond.problem(416);
    assert_eq!(beyond.header("content-range"), Some("bytes */400044"));
}

#[test]
fn conditions_compare_the_hash() {
    let mut world = World::new();
    let bytes = wav(10);
    let call = recorded(&mut world, RecordingState::Complete, "", &bytes);
    let (same, other) = (format!("\"{HASH}\""), "\"abc\"");
    for (headers, status) in [
        ([("range", "bytes=0-3"), ("if-range", same.as_str())], 206),
        ([("range", "bytes=0-3"), ("if-range", other)], 200),
        // RFC 9110 §13.1.5: a weak tag never matches, and a date is no tag of ours.
        ([("range", "bytes=0-3"), ("if-range", &format!("W/{same}"))], 200),
        ([("range", "bytes=0-3"), ("if-range", "Sat, 21 Nov 2026 09:30:00 GMT")], 200),
        ([("range", ""), ("if-none-match", same.as_str())], 304),
        ([("range", ""), ("if-none-match", other)], 200),
    ] {
        assert_eq!(fetch(&world, &call, &headers).status, status, "{headers:?}");
    }
}

#[test]
fn head_tells_the_length_and_is_no_fetch() {
    let mut world = World::new();
    let call = recorded(&mut world, RecordingState::Complete, "", &wav(10));
    let path = format!("/api/v1/calls/{}/recording", call.id);
    let head = world.send("HEAD", &path, &[("authorization", &format!("Bearer {TOKEN}"))], None);
    assert!(head.status == 200 && head.body.is_empty() && head.header("content-length") == Some("84"));
    assert!(world.get("/api/v1/audit").json()["items"].as_array().is_some_and(Vec::is_empty));
}

#[test]
fn a_running_call_is_heard_as_far_as_it_goes() {
    let mut world = World::new();
    let mut bytes = wav(1_000);
    // As a crash or the second between two flushes leaves it: sizes of the last flush, and half a moment at the end.
    bytes[4..8].copy_from_slice(&36u32.to_le_bytes());
    bytes[40..44].copy_from_slice(&0u32.to_le_bytes());
    bytes.extend([7, 7]);
    let call = recorded(&mut world, RecordingState::Open, ".part", &bytes);
    let answer = fetch(&world, &call, &[]);
    assert!(answer.status == 200 && answer.header("etag").is_none() && answer.header("content-length") == Some("4044"));
    let samples: Vec<i16> =
        hound::WavReader::new(&answer.body[..]).expect("a WAV").into_samples().map(|sample| sample.expect("whole")).collect();
    assert!(samples.len() == 2_000 && samples.iter().enumerate().all(|(n, sample)| *sample as usize == n));
    // A range crosses from the mended header into the file.
    let part = fetch(&world, &call, &[("range", "bytes=40-51")]);
    assert!(part.status == 206 && part.body == answer.body[40..52]);
    // Once finished, the same record (the store lags) leads to the finished file.
    let folder = world.recordings().join("2026/11/21");
    fs::rename(folder.join(format!("{}.wav.part", call.id)), folder.join(format!("{}.wav", call.id))).expect("renames");
    assert_eq!(fetch(&world, &call, &[]).status, 200);
}

#[test]
fn a_recording_that_is_not_there_says_why() {
    let mut world = World::new();
    let never = world.kept_call(1, |_| ());
    assert!(fetch(&world, &never, &[]).problem(404)["detail"].as_str().is_some_and(|text| text.contains("not recorded")));
    let missing = recorded(&mut world, RecordingState::Missing, "", b"");
    assert!(fetch(&world, &missing, &[]).problem(404)["detail"].as_str().is_some_and(|text| text.contains("disk full")));
    let gone = recorded(&mut world, RecordingState::Complete, "", b"");
    fetch(&world, &gone, &[]).problem(404);
    let young = recorded(&mut world, RecordingState::Open, ".part", b"RIFF");
    fetch(&world, &young, &[]).problem(503);
}

#[test]
fn no_record_leads_out_of_the_folder() {
    let mut world = World::new();
    fs::write(world.folder.path().join("secret.wav"), wav(1)).expect("writes");
    fs::create_dir_all(world.recordings()).expect("makes");
    for file in ["../secret.wav", "/etc/hostname", "2026/../../secret.wav"] {
        let call = world.kept_call(0, |call| {
            let (duration, state) = (millis(0), RecordingState::Complete);
            call.recording = Some(RecordingRecord { file: file.into(), duration, sha256: None, state, reason: None });
        });
        fetch(&world, &call, &[]).problem(404);
    }
}

#[test]
fn plays_and_downloads_are_in_the_audit_log() {
    let mut world = World::new();
    let call = recorded(&mut world, RecordingState::Complete, "", &wav(10));
    let path = format!("/api/v1/calls/{}/recording", call.id);
    // A player that seeks about plays once; why somebody listens makes it another time, and a download is one each time.
    fetch(&world, &call, &[]);
    fetch(&world, &call, &[("range", "bytes=44-47")]);
    fetch(&world, &call, &[("range", "bytes=1000-")]);
    assert!(world.get(&path).header("content-disposition").is_some_and(|how| how.starts_with("inline")));
    world.get(&format!("{path}?why=complaint%2017"));
    for _ in 0..2 {
        let answer = world.get(&format!("{path}?download=1&why=for%20the%20court"));
        assert!(answer.status == 200 && answer.header("content-disposition").is_some_and(|how| how.starts_with("attachment")));
    }
    world.get(&format!("{path}?why={}", "x".repeat(201))).problem(400);
    world.get(&format!("{path}?download=yes")).problem(400);
    world.send("GET", &path, &[], None).problem(401);
    let audit = world.get(&format!("/api/v1/audit?subject={}", call.id)).json();
    let entries = audit["items"].as_array().expect("a list");
    let text = |entry: &serde_json::Value, name: &str| entry[name].as_str().expect("text").to_owned();
    let told: Vec<_> = entries.iter().map(|entry| (text(entry, "action"), text(entry, "detail"))).collect();
    let told: Vec<_> = told.iter().map(|(action, detail)| (action.as_str(), detail.as_str())).collect();
    let downloaded = ("recording.downloaded", "for the court");
    assert_eq!(told, [downloaded, downloaded, ("recording.played", "complaint 17"), ("recording.played", "")]);
    for entry in entries {
        assert!(entry["who"] == "token" && entry["subject"] == call.id.to_string());
        assert!(
            entry["at"].as_str().is_some_and(|at| at.ends_with('Z')) && entry["remote"].as_str().is_some_and(|remote| remote.contains(':'))
        );
    }
    let first = world.get("/api/v1/audit?limit=1").json();
    let second = world.get(&format!("/api/v1/audit?limit=1&cursor={}", first["next"].as_str().expect("more"))).json();
    assert_eq!(second["items"][0]["detail"], "for the court");
}

fn hold(world: &World, method: &str, call: &CallRecord, rest: &str, body: Option<&str>) -> Answer {
    let bearer = format!("Bearer {TOKEN}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    world.send(method, &format!("/api/v1/calls/{}/recording/hold{rest}", call.id), &headers, body)
}

/// A round of retention on a disk that is full.
fn disk_is_full(world: &World) -> usize {
    let mut cleaner = Cleaner::new(world.store.clone(), world.recordings(), 1);
    let rules = Retention { recordings: None, records: None, signalling: None, free_space: FreeSpace::Percent(10) };
    let round = cleaner.round(&rules, Some(Free { bytes: 0, of: 1_000_000 }), Timestamp(1_795_300_000_000));
    world.runtime.block_on(round).expect("looks").recordings
}

#[test]
fn a_held_recording_stays_and_one_that_was_removed_says_when_and_why() {
    let mut world = World::new();
    let call = recorded(&mut world, RecordingState::Complete, "", &wav(10));
    let path = format!("/api/v1/calls/{}", call.id);
    for (body, status) in [(r#"{"reason": " "}"#, 422), (r#"{"reason": "a\nb"}"#, 422), ("{}", 422), ("x", 400)] {
        hold(&world, "PUT", &call, "", Some(body)).problem(status);
    }
    let held = hold(&world, "PUT", &call, "", Some(r#"{"reason": "complaint 17"}"#));
    assert_eq!(held.status, 200);
    assert_eq!(held.json()["recording"]["hold"]["reason"], "complaint 17");
    let shown = world.get(&path).json();
    assert!(shown["recording"]["hold"]["by"] == "token" && shown["recording"]["hold"]["at"].is_string(), "{shown}");
    assert_eq!(world.get("/api/v1/calls").json()["items"][0]["recording"]["hold"]["reason"], "complaint 17");
    assert_eq!(disk_is_full(&world), 0);
    assert_eq!(fetch(&world, &call, &[]).status, 200);

    hold(&world, "DELETE", &call, "", None).problem(422);
    let freed = hold(&world, "DELETE", &call, "?reason=closed", None);
    assert!(freed.status == 200 && freed.json()["recording"]["hold"].is_null());
    hold(&world, "DELETE", &call, "?reason=again", None).problem(404);
    assert_eq!(disk_is_full(&world), 1);
    let gone = fetch(&world, &call, &[]).problem(410);
    let detail = gone["detail"].as_str().expect("text");
    assert!(detail.contains("removed at 2026-11-21") && detail.contains("short of room"), "{detail}");
    let record = world.get(&path).json();
    assert_eq!((&record["recording"]["state"], &record["recording"]["sha256"]), (&"removed".into(), &HASH.into()));
    assert_eq!(world.get("/api/v1/calls?recording=removed").json()["items"].as_array().map(Vec::len), Some(1));
    hold(&world, "PUT", &call, "", Some(r#"{"reason": "too late"}"#)).problem(410);

    let never = world.kept_call(1, |_| ());
    hold(&world, "PUT", &never, "", Some(r#"{"reason": "why not"}"#)).problem(404);
    let audit = world.get(&format!("/api/v1/audit?subject={}", call.id)).json();
    let action = |entry: &serde_json::Value| entry["action"].as_str().expect("text").to_owned();
    let mut actions: Vec<_> = audit["items"].as_array().expect("a list").iter().map(action).collect();
    actions.sort_unstable();
    assert_eq!(actions, ["call.viewed", "recording.held", "recording.hold_released", "recording.played", "recording.removed"]);
}

#[test]
fn each_recording_has_a_short_number_on_its_record_in_the_list_and_in_the_table() {
    let mut world = World::new();
    let first = recorded(&mut world, RecordingState::Complete, "", &wav(100));
    assert_eq!(world.get(&format!("/api/v1/calls/{}", first.id)).status, 200, "it is written before the next");
    let unrecorded = world.kept_call(1, |_| ());
    let second = recorded(&mut world, RecordingState::Missing, "", &[]);
    for (call, number) in [(&first, 1_000), (&second, 1_001)] {
        assert_eq!(world.get(&format!("/api/v1/calls/{}", call.id)).json()["recording"]["replay_number"], number);
    }
    assert!(world.get(&format!("/api/v1/calls/{}", unrecorded.id)).json()["recording"].is_null());
    let list = world.get("/api/v1/calls").json();
    let numbers: Vec<_> =
        list["items"].as_array().expect("a list").iter().map(|call| call["recording"]["replay_number"].as_u64()).collect();
    assert_eq!(numbers.iter().flatten().count(), 2, "{list:#}");
    let table = world.get("/api/v1/calls?format=csv");
    let text = String::from_utf8_lossy(&table.body).into_owned();
    assert!(text.lines().next().is_some_and(|head| head.ends_with(",recording,replay_number,mos_min")), "{text}");
    assert!(
        text.lines().any(|line| line.ends_with(",complete,1000,")) && text.lines().any(|line| line.ends_with(",missing,1001,")),
        "{text}"
    );
}

#[test]
fn a_recording_is_paused_by_who_is_in_the_call_and_by_who_supervises() {
    let mut world = World::new();
    let mut running = call_record(NOW + 60_000, &mut world.rng);
    running.released_at = None;
    let part = |agent: &str, over: bool| SegmentRecord {
        agent: agent.into(),
        role: SegmentRole::Serving,
        started_at: Timestamp(NOW + 60_000),
        ended_at: over.then_some(Timestamp(NOW + 61_000)),
        ending: SegmentEnding::Running,
    };
    running.segments = vec![part("1001", false)];
    let id = running.id;
    let view = CallView { record: running, state: "connected", state_since: Timestamp(NOW) };
    world.switch.lock().expect("fine").snapshot.calls.push(view);
    let (agent, supervisor, qa) = (world.cookie("1001"), world.cookie("wang-supervisor"), world.cookie("li-qa"));
    let (pause, resume) = (format!("/api/v1/calls/{id}/recording/pause"), format!("/api/v1/calls/{id}/recording/resume"));
    let why = Some(r#"{"reason": "card"}"#);
    assert_eq!(world.as_page(&qa, "POST", &pause, why).problem(403)["right"], "pause");
    for (body, member) in [(r#"{"reason": " "}"#, "reason"), (r#"{"reason": "a\u0000b"}"#, "reason")] {
        assert!(
            world.as_page(&agent, "POST", &pause, Some(body)).problem(422)["detail"].as_str().is_some_and(|told| told.contains("why")),
            "{member}"
        );
    }
    let paused = world.as_page(&agent, "POST", &pause, why).json();
    let shown = &paused["pauses"][0];
    assert!(shown["by"] == "1001" && shown["why"] == "card" && shown["ending"] == "running" && shown["ended_at"].is_null(), "{paused:#}");
    let resumed = world.as_page(&supervisor, "POST", &resume, None).json();
    let shown = &resumed["pauses"][0];
    assert!(shown["ending"] == "resumed" && shown["ended_by"] == "wang-supervisor", "{resumed:#}");
    let audit = world.get(&format!("/api/v1/audit?subject={id}")).json();
    let done: Vec<_> =
        audit["items"].as_array().expect("entries").iter().map(|entry| (entry["who"].clone(), entry["action"].clone())).collect();
    assert!(done.contains(&("1001".into(), "recording.paused".into())), "{audit:#}");
    assert!(done.contains(&("wang-supervisor".into(), "recording.resumed".into())), "{audit:#}");
    // Who was in it and is no more has nothing to say, and who never was learns nothing.
    world.switch.lock().expect("fine").snapshot.calls[0].record.segments = vec![part("1001", true), part("1002", false)];
    world.as_page(&agent, "POST", &pause, why).problem(403);
    world.switch.lock().expect("fine").snapshot.calls[0].record.segments = vec![part("1002", false)];
    world.switch.lock().expect("fine").snapshot.calls[0].record.agent = Some("1002".into());
    world.as_page(&agent, "POST", &pause, why).problem(404);
    // The switch's own no.
    world.switch.lock().expect("fine").refuses = Some("nobody speaks in that call".into());
    assert_eq!(world.as_page(&supervisor, "POST", &pause, why).problem(409)["detail"], "nobody speaks in that call");
    world.as_page(&supervisor, "POST", "/api/v1/calls/01JD3KQ5ZV8N2M4X6Y7T9W0ABC/recording/pause", why).problem(404);
}

#[test]
fn a_copy_is_ordered_and_ended_by_who_supervises_and_both_are_in_the_audit_log() {
    let mut world = World::new();
    let mut running = call_record(NOW + 60_000, &mut world.rng);
    running.released_at = None;
    let id = running.id;
    let view = CallView { record: running, state: "connected", state_since: Timestamp(NOW) };
    world.switch.lock().expect("fine").snapshot.calls.push(view);
    let (agent, supervisor) = (world.cookie("1001"), world.cookie("wang-supervisor"));
    let copies = format!("/api/v1/calls/{id}/copies");
    let to_vault = Some(r#"{"server": "vault"}"#);
    assert_eq!(world.as_page(&agent, "POST", &copies, to_vault).problem(403)["right"], "supervise");
    assert_eq!(world.as_page(&agent, "DELETE", &copies, None).problem(403)["right"], "supervise");
    world.as_page(&supervisor, "POST", &copies, Some(r#"{"servers": ["vault"]}"#)).problem(422);
    assert_eq!(world.as_page(&supervisor, "POST", &copies, to_vault).json()["id"], id.to_string());
    assert_eq!(world.as_page(&supervisor, "POST", &copies, Some("{}")).json()["id"], id.to_string());
    assert_eq!(world.as_page(&supervisor, "DELETE", &copies, None).json()["id"], id.to_string());
    let audit = world.get(&format!("/api/v1/audit?subject={id}")).json();
    let entries = audit["items"].as_array().expect("entries").iter();
    let done: Vec<_> = entries.map(|entry| ["who", "action", "detail"].map(|key| entry[key].as_str().unwrap_or("").to_owned())).collect();
    let who = "wang-supervisor";
    assert_eq!(done, [[who, "copy.ended", ""], [who, "copy.ordered", ""], [who, "copy.ordered", "vault"]], "{audit:#}");
    // The switch's own no.
    world.switch.lock().expect("fine").refuses = Some("no recording server takes copies on demand".into());
    assert_eq!(
        world.as_page(&supervisor, "POST", &copies, Some("{}")).problem(409)["detail"],
        "no recording server takes copies on demand"
    );
    world.as_page(&supervisor, "POST", "/api/v1/calls/01JD3KQ5ZV8N2M4X6Y7T9W0ABC/copies", Some("{}")).problem(404);
}
