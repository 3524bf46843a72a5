//! kill −9, and a supervisor that starts the switch again: who was talking goes on talking, and the recording is one.

use crate::baresip::{Baresip, Phone};
use crate::harness::{Site, moment, pass, text};
use crate::sound::{cut, level, parse_wav, seconds, tone, tone_level};
use std::time::Instant;

const CALLER: f64 = 600.0;
const AGENT: f64 = 1_000.0;

#[test]
fn a_call_survives_the_switch_that_carries_it() {
    let mut site = Site::start(&[]);
    let phone = |agent, port, says, answers| Phone { agent, port, says, codec: "pcma", answers, transport: "udp" };
    let (caller_says, agent_says) = (tone(CALLER, 60.0), tone(AGENT, 60.0));
    let agent = Baresip::start(&site, &phone("1001", 10, &agent_says, true));
    let mut caller = Baresip::start(&site, &phone("1002", 20, &caller_says, false));
    caller.dial("95000");
    caller.tells("CALL_ESTABLISHED", 5.0);
    pass(7.0);
    let before = site.newest_call().expect("a running call");

    let killed = Instant::now();
    site.kill();
    site.launch();
    println!("the switch is back {:.2} s after the kill", killed.elapsed().as_secs_f64());
    let after = site.newest_call().expect("the same call");
    assert_eq!((text(&after["id"]), after["released_at"].is_null()), (text(&before["id"]), true), "the call goes on");
    assert_eq!(site.agent("1001").0, "talking");
    pass(7.0);
    assert!(site.newest_call().expect("a call")["released_at"].is_null(), "both phones were asked whether they are there, and are");
    caller.hang_up();

    let call = site.ended_call(10.0);
    assert_eq!((text(&call["id"]), text(&call["outcome"]), text(&call["released_by"])), (text(&before["id"]), "answered", "caller"));
    assert_eq!(text(&call["recording"]["state"]), "complete");
    let channels = parse_wav(&site.get_bytes(&format!("/api/v1/calls/{}/recording", text(&call["id"]))).1);
    let lasted = moment(&call["released_at"]) - moment(&call["answered_at"]);
    assert!((seconds(&channels[0]) - lasted).abs() < 0.1, "one file for the whole call: {} s of {lasted} s", seconds(&channels[0]));
    for (channel, frequency, who) in [(&channels[0], CALLER, "the caller"), (&channels[1], AGENT, "the agent")] {
        for (what, from, to) in [("before", 4.5, 5.5), ("after", lasted - 3.0, lasted - 1.0)] {
            let heard = tone_level(cut(channel, from, to), frequency);
            assert!(heard > -26.0, "{who} is on file {what} the kill: {heard:.1} dBov");
        }
        let quiet = channel.chunks(160).skip(300).filter(|frame| level(frame) < -60.0).count();
        println!("{who}: {:.2} s of silence on file", quiet as f64 * 0.02);
        assert!((1..200).contains(&quiet), "{who}: the gap is silent, and no longer than it was: {quiet} frames");
    }
    for (phone, frequency, who) in [(&caller, AGENT, "the caller"), (&agent, CALLER, "the agent")] {
        let heard = phone.heard();
        let end = tone_level(cut(&heard, seconds(&heard) - 3.0, seconds(&heard) - 1.0), frequency);
        assert!(end > -26.0, "{who} hears the other again: {end:.1} dBov");
    }

    // Nobody had to register anew: the agent is called as ever.
    site.agent_becomes("1001", "ready", 5.0);
    caller.dial("95000");
    site.until("a second call is connected", 10.0, |site| {
        site.newest_call().is_some_and(|second| second["id"] != call["id"] && !second["connected_at"].is_null())
    });
    caller.hang_up();
    assert_eq!(text(&site.ended_call(10.0)["outcome"]), "answered");
}

#[test]
fn a_second_switch_on_the_same_data_is_refused() {
    let site = Site::start(&[]);
    let second = std::process::Command::new(env!("CARGO_BIN_EXE_sanling"))
        .arg("run")
        .args([std::path::Path::new("--config"), &site.path("config"), std::path::Path::new("--data"), &site.path("data")])
        .args(["--set", "sip.listen=[\"udp:127.0.0.1:0\"]", "--set", "http.listen=\"127.0.0.1:0\""])
        .output()
        .expect("it starts");
    let said = String::from_utf8_lossy(&second.stderr) + String::from_utf8_lossy(&second.stdout);
    assert!(!second.status.success() && said.contains("in use"), "{said}");
}

#[test]
fn a_stop_in_peace_leaves_agents_as_they_were() {
    let mut site = Site::start(&[]);
    let silence = tone(AGENT, 1.0);
    let _phone = Baresip::start(&site, &Phone { agent: "1001", port: 10, says: &silence, codec: "pcma", answers: true, transport: "udp" });
    let (status, _) = site.post("/api/v1/agents/1001/state", r#"{"state": "not-ready", "reason": "meal"}"#);
    assert_eq!(status, 200);
    site.signal("TERM");
    assert!(site.ended(10.0), "nothing holds it up");
    site.launch();
    assert_eq!(site.agent("1001"), ("not-ready".to_owned(), "meal".to_owned()));
}
