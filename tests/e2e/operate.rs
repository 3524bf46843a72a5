//! What operators do, and what happens to them: a crash, a reload under calls, a drain, a full house, a folder that cannot be written.

use crate::ear::{Ear, Mouth};
use crate::harness::{Site, moment, pass, text, until};
use crate::sipp::Sipp;
use crate::sound::{cut, parse_wav, read_wav, seconds, tone_level};
use sha2::{Digest, Sha256};
use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

/// A caller with 600 Hz and agent 1001 with 1,000 Hz, both SIPp, talking.
struct Talk {
    caller_ear: Ear,
    agent_ear: Ear,
    caller: Sipp,
    _agent: Sipp,
}

impl Talk {
    fn begin(site: &Site, scenario: &str, milliseconds: &str) -> Self {
        let (agent_ear, caller_ear) = (Ear::open(site.port(40), Mouth::Tone(1_000.0)), Ear::open(site.port(42), Mouth::Tone(600.0)));
        Sipp::register(site, "1001", 10, &[]);
        let agent = Sipp::agent(site, "agent", 10, &agent_ear, 200, &[]);
        let caller = Sipp::caller(site, scenario, 12, "13800138000", &caller_ear, &["-d", milliseconds]);
        site.until("they talk", 5.0, |site| site.newest_call().is_some_and(|call| !call["connected_at"].is_null()));
        Self { caller_ear, agent_ear, caller, _agent: agent }
    }
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs_f64()
}

#[test]
fn a_crash_costs_a_running_recording_one_second_at_most() {
    let mut site = Site::start(&[]);
    let talk = Talk::begin(&site, "caller-stays", "0");
    pass(6.3);
    let call = site.newest_call().expect("a call");
    let (killed_at, answered_at) = (now(), moment(&call["answered_at"]));
    site.kill();
    let part = fs::read_dir(site.recordings()).into_iter().flatten().count();
    assert_eq!(part, 1, "the day's year is there");
    drop(talk);
    site.launch();

    // The call goes on; but its phones are gone, which the switch finds out by asking them.
    let id = text(&call["id"]).to_owned();
    site.until("the record is closed", 45.0, |site| !site.get(&format!("/api/v1/calls/{id}"))["recording"]["sha256"].is_null());
    let call = site.get(&format!("/api/v1/calls/{id}"));
    let recording = &call["recording"];
    assert_eq!(text(&recording["state"]), "complete", "{call:#}");
    assert!(!call["released_at"].is_null() && !text(&call["outcome"]).is_empty(), "{call:#}");
    let file = site.recordings().join(text(&recording["file"]));
    let bytes = fs::read(&file).expect("the recovered file under its final name");
    let hash: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(text(&recording["sha256"]), hash);
    let channels = parse_wav(&bytes);
    let (lasted, length) = (killed_at - answered_at, seconds(&channels[0]));
    assert!(length > lasted, "the file goes on to the release: {length:.2} s");
    for (channel, frequency) in [(&channels[0], 600.0), (&channels[1], 1_000.0)] {
        let heard = |end: f64| (tone_level(cut(channel, end - 0.1, end), frequency) + 23.0).abs() < 1.5;
        let steps = (0..=120).map(|step| lasted + 0.2 - f64::from(step) * 0.02);
        let kept = steps.into_iter().find(|end| heard(*end)).expect("the tone is on file");
        println!("killed {lasted:.2} s into the call: {kept:.2} s of {frequency} Hz on file, {:.2} s lost", lasted - kept);
        assert!(lasted - kept <= 1.0, "{kept:.2} s of {lasted:.2} s");
        let found = tone_level(cut(channel, kept - 1.5, kept - 0.1), frequency);
        assert!((found + 23.0).abs() < 1.5, "sound to the end: {found:.1} dBov");
        let gone = tone_level(cut(channel, length - 0.5, length), frequency);
        assert!(gone < -60.0, "silence since: {gone:.1} dBov");
    }
    assert!(!file.with_extension("wav.part").exists());
}

#[test]
fn a_reload_changes_rules_under_a_call_or_nothing_at_all() {
    let site = Site::start(&[]);
    let mut talk = Talk::begin(&site, "caller", "12000");
    let before = site.newest_call().expect("a call");
    let rules = site.path("config/rules.toml");
    let shipped = fs::read_to_string(&rules).expect("the rules");

    fs::write(&rules, shipped.replace("patience = \"7s\"", "patience = \"9s\"")).expect("written");
    let (status, answer) = site.post("/api/v1/config/reload", "");
    assert!(status == 200 && answer["changes"] == serde_json::json!(["rules.hold.patience: 7s → 9s"]), "{status} {answer}");

    fs::write(&rules, shipped.replace("patience = \"7s\"", "patence = \"7 sec\"")).expect("written");
    let (status, answer) = site.post("/api/v1/config/reload", "");
    let told = answer.to_string();
    assert!(status == 422 && told.contains("rules.toml") && told.contains("patience") && told.contains("\"line\":"), "{status} {told}");

    fs::write(&rules, shipped.replace("patience = \"7s\"", "patience = \"9s\"")).expect("written");
    let (status, answer) = site.post("/api/v1/config/reload", "");
    assert!(status == 200 && answer["changes"].as_array().is_some_and(Vec::is_empty), "the broken one changed nothing: {status} {answer}");

    fs::write(&rules, &shipped).expect("written");
    site.signal("HUP");
    site.until("SIGHUP reloads", 5.0, |site| {
        site.log().lines().any(|line| line.contains("sanling::io::run: reloaded") && line.contains("rules"))
    });
    let (status, answer) = site.post("/api/v1/config/reload", "");
    assert!(status == 200 && answer["changes"].as_array().is_some_and(Vec::is_empty), "{status} {answer}");

    assert_eq!(site.agent("1001").0, "talking", "states are kept");
    talk.caller.done(20.0);
    let call = site.ended_call(5.0);
    assert_eq!((&call["id"], text(&call["outcome"]), text(&call["released_by"])), (&before["id"], "answered", "caller"));
    let heard = talk.caller_ear.heard();
    assert!((heard.lost, heard.sources) == (0, 1) && heard.worst_jitter < 0.1, "{} lost, {:.3} s late", heard.lost, heard.worst_jitter);
    let agents = site.get("/api/v1/agents").to_string();
    assert!(agents.contains("\"contacts\":1"), "registrations are kept: {agents}");
}

#[test]
fn a_caller_of_whom_nothing_is_heard_any_more_is_released() {
    let site = Site::start(&["media.rtp_timeout=\"3s\"", "rules.silent_call.enabled=false"]);
    let mut talk = Talk::begin(&site, "caller-stays", "0");
    pass(2.0);
    let fell_mute = now();
    talk.caller_ear.say(Mouth::Mute);
    talk.caller.done(10.0);
    let bye = talk.caller.saw("BYE", 0.0);
    println!("released {:.3} s after the last packet", bye.at - fell_mute);
    assert!((bye.at - fell_mute - 3.0).abs() < 0.15, "{:.3} s after the last packet", bye.at - fell_mute);
    assert!(bye.header("Reason").is_some(), "{}", bye.text);
    let call = site.ended_call(5.0);
    assert!(text(&call["released_by"]) == "switch" && text(&call["release_cause"]).to_lowercase().contains("rtp"), "{call:#}");
    assert!(talk.agent_ear.heard().samples.len() > 8_000);
}

#[test]
fn no_port_left_is_said_so_and_nothing_leaks() {
    // Room for one call: two legs, two ports each.
    let site = Site::start(&["media.ports=\"{50}-{53}\"", "media.workers=1"]);
    for round in 0..2 {
        let mut talk = Talk::begin(&site, "caller", "3000");
        let ear = Ear::open(site.port(44), Mouth::Mute);
        let mut second = Sipp::caller(&site, "caller-refused", 14, "13900139000", &ear, &[]);
        second.done(5.0);
        let refusal = second.saw("SIP/2.0 503", 0.0);
        assert!(refusal.header("Retry-After").is_some_and(|value| value.parse::<u32>().is_ok()), "round {round}: {}", refusal.text);
        talk.caller.done(15.0);
        site.agent_becomes("1001", "ready", 3.0);
    }
}

#[test]
fn a_recordings_folder_that_cannot_be_written_stops_no_call() {
    let site = Site::start(&[]);
    let (folder, aside) = (site.recordings(), site.path("aside"));
    fs::rename(&folder, &aside).expect("moved");
    fs::write(&folder, "no folder").expect("written");
    let mut talk = Talk::begin(&site, "caller", "5000");
    site.until("it says that it cannot record", 5.0, |site| {
        let health = site.get("/healthz").to_string();
        health.contains("failing") && health.contains("record")
    });
    talk.caller.done(15.0);
    let call = site.ended_call(5.0);
    assert_eq!((text(&call["outcome"]), text(&call["recording"]["state"])), ("answered", "missing"), "{call:#}");
    assert!(!text(&call["recording"]["reason"]).is_empty(), "{call:#}");
    let heard = talk.caller_ear.heard();
    assert!((tone_level(cut(&heard.samples, 3.5, 4.5), 1_000.0) + 23.0).abs() < 1.5 && heard.lost == 0, "the call goes on");
    let metrics = String::from_utf8_lossy(&site.get_bytes("/metrics").1).into_owned();
    assert!(metrics.lines().any(|line| line.contains("recording") && line.contains("missing")), "{metrics}");
    drop(talk);

    fs::remove_file(&folder).expect("removed");
    fs::rename(&aside, &folder).expect("moved back");
    let mut talk = Talk::begin(&site, "caller", "3000");
    talk.caller.done(15.0);
    let call = until(5.0, || Some(site.ended_call(5.0)).filter(|call| call["recording"]["state"] == "complete")).expect("recorded again");
    let channels = read_wav(&site.recordings().join(text(&call["recording"]["file"])));
    assert!((tone_level(cut(&channels[0], 1.0, 2.5), 600.0) + 23.0).abs() < 1.5);
    // The recorder tries its folder now and then.
    site.until("it is well again", 15.0, |site| text(&site.get("/healthz")["status"]) == "ok");
}

#[test]
fn a_drained_switch_lets_calls_end_and_then_itself() {
    let mut site = Site::start(&["switch.drain=\"4s\""]);
    let mut talk = Talk::begin(&site, "caller-stays", "0");
    pass(1.0);
    let told = now();
    site.signal("TERM");
    pass(0.5);
    let ear = Ear::open(site.port(44), Mouth::Mute);
    Sipp::caller(&site, "caller-refused", 14, "13900139000", &ear, &[]).done(5.0);
    talk.caller.done(10.0);
    let bye = talk.caller.saw("BYE", 0.0);
    assert!((bye.at - told - 4.0).abs() < 0.3 && bye.header("Reason").is_some(), "{:.3} s: {}", bye.at - told, bye.text);
    assert!(site.ended(5.0), "the switch ends");
    let files = walk(&site.recordings());
    assert!(files.len() == 1 && files[0].to_string_lossy().ends_with(".wav"), "closed, not left open: {files:?}");
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() { found.extend(walk(&entry.path())) } else { found.push(entry.path()) }
    }
    found
}
