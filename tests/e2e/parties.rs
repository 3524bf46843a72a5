//! More than two in a call, with phones that nobody here wrote: transfers as softphones do them, a consultation and a conference by keys, a
//! supervisor. Each party has a tone of his own; asserted is who heard which tones when, and what the recording has of them.

use crate::baresip::{Baresip, Phone};
use crate::harness::{Site, pass, text};
use crate::linphone::Linphone;
use crate::sound::{Samples, cut, parse_wav, seconds, tone, tone_level};
use serde_json::Value;

const CALLER: f64 = 600.0;
const FIRST: f64 = 1_000.0;
const SECOND: f64 = 1_400.0;
const ALL: [f64; 3] = [CALLER, FIRST, SECOND];

fn phone(site: &Site, agent: &str, port: u16, hz: f64, answers: bool) -> Baresip {
    Baresip::start(site, &Phone { agent, port, says: &tone(hz, 90.0), codec: "pcma", answers, transport: "udp" })
}

/// Each tone's level in a second of sound is high where it should be heard, and not where it should not.
#[track_caller]
fn expect_tones(what: &str, sound: &[i16], from: f64, to: f64, heard: &[f64]) {
    let sound = cut(sound, from, to);
    let levels = ALL.map(|hz| tone_level(sound, hz));
    println!("{what:<44} {from:5.1} to {to:5.1} s: {:6.1} {:6.1} {:6.1} dBov at 600, 1000, 1400 Hz", levels[0], levels[1], levels[2]);
    for (hz, level) in ALL.into_iter().zip(levels) {
        if heard.contains(&hz) {
            assert!(level > -30.0, "{what}: {hz} Hz is not there, {level:.1} dBov");
        } else {
            assert!(level < -50.0, "{what}: {hz} Hz is there, {level:.1} dBov");
        }
    }
}

fn recording(site: &Site, call: &Value) -> Vec<Samples> {
    parse_wav(&site.get_bytes(&format!("/api/v1/calls/{}/recording", text(&call["id"]))).1)
}

/// The call to that number, of several that there were.
fn call_to(site: &Site, number: &str) -> Value {
    let calls = site.get("/api/v1/calls");
    let found = calls["items"].as_array().into_iter().flatten().find(|call| text(&call["called"]) == number);
    found.unwrap_or_else(|| panic!("a call to {number}: {calls}")).clone()
}

fn segments(call: &Value) -> Vec<(String, String, String)> {
    let of = |segment: &Value, name: &str| text(&segment[name]).to_owned();
    let all = call["segments"].as_array().cloned().unwrap_or_default();
    all.iter().map(|segment| (of(segment, "agent"), of(segment, "role"), of(segment, "ending"))).collect()
}

fn expected(parts: &[(&str, &str, &str)]) -> Vec<(String, String, String)> {
    parts.iter().map(|(agent, role, ending)| ((*agent).to_owned(), (*role).to_owned(), (*ending).to_owned())).collect()
}

#[test]
fn a_softphone_refers_its_caller_to_a_colleague_and_one_recording_has_both() {
    let site = Site::start(&[]);
    let mut first = phone(&site, "1001", 10, FIRST, true);
    let second = phone(&site, "1003", 20, SECOND, true);
    let mut caller = phone(&site, "1002", 30, CALLER, false);
    caller.dial("95000");
    caller.tells("CALL_ESTABLISHED", 5.0);
    pass(8.0);
    first.transfer("1003");
    first.tells("CALL_CLOSED", 5.0);
    pass(5.0);
    site.agent_becomes("1001", "ready", 2.0);
    assert_eq!(site.agent("1003").0, "talking");
    caller.hang_up();
    let call = site.ended_call(5.0);
    // The phones write their files to the end.
    pass(1.0);
    assert_eq!(text(&call["agent"]), "1003");
    assert_eq!(segments(&call), expected(&[("1001", "serving", "transferred"), ("1003", "serving", "left")]));
    let channels = recording(&site, &call);
    let (left, right, lasted) = (&channels[0], &channels[1], seconds(&channels[0]));
    expect_tones("recording, left, before", left, 6.0, 7.5, &[CALLER]);
    expect_tones("recording, right, before", right, 6.0, 7.5, &[FIRST]);
    expect_tones("recording, left, after", left, lasted - 2.0, lasted - 0.5, &[CALLER]);
    expect_tones("recording, right, after", right, lasted - 2.0, lasted - 0.5, &[SECOND]);
    let heard = caller.heard();
    let end = seconds(&heard);
    expect_tones("the caller, at the end", &heard, end - 2.0, end - 0.5, &[SECOND]);
    let heard = second.heard();
    let end = seconds(&heard);
    expect_tones("the colleague, at the end", &heard, end - 2.0, end - 0.5, &[CALLER]);
}

#[test]
fn linphone_joins_its_two_calls_and_leaves() {
    let site = Site::start(&[]);
    let mut first = Linphone::start(&site, "1001", 40, &tone(FIRST, 60.0));
    let second = phone(&site, "1003", 20, SECOND, true);
    let mut caller = phone(&site, "1002", 30, CALLER, false);
    caller.dial("95000");
    site.agent_becomes("1001", "ringing", 5.0);
    first.order("answer");
    caller.tells("CALL_ESTABLISHED", 5.0);
    pass(5.0);
    first.order("pause 1");
    pass(1.0);
    first.order("call sip:1003@sanling.local");
    site.agent_becomes("1003", "talking", 5.0);
    pass(3.0);
    first.order("transfer 1 --to-call 2");
    pass(5.0);
    site.agent_becomes("1001", "ready", 5.0);
    caller.hang_up();
    pass(1.0);
    let (customers, asked) = (call_to(&site, "95000"), call_to(&site, "1003"));
    assert_eq!(asked["merged_into"], customers["id"], "{}", first.told());
    assert_eq!(segments(&customers), expected(&[("1001", "serving", "transferred"), ("1003", "serving", "left")]));
    let channels = recording(&site, &customers);
    let lasted = seconds(&channels[0]);
    expect_tones("recording, left, after", &channels[0], lasted - 2.0, lasted - 0.5, &[CALLER]);
    expect_tones("recording, right, after", &channels[1], lasted - 2.0, lasted - 0.5, &[SECOND]);
    let heard = second.heard();
    let end = seconds(&heard);
    expect_tones("the colleague, at the end", &heard, end - 2.0, end - 0.5, &[CALLER]);
    let heard = caller.heard();
    let end = seconds(&heard);
    expect_tones("the caller, at the end", &heard, end - 2.0, end - 0.5, &[SECOND]);
}

#[test]
fn by_keys_an_agent_asks_a_colleague_and_all_three_speak() {
    let site = Site::start(&[]);
    let mut first = phone(&site, "1001", 10, FIRST, true);
    let mut second = phone(&site, "1003", 20, SECOND, true);
    let mut caller = phone(&site, "1002", 30, CALLER, false);
    caller.dial("95000");
    caller.tells("CALL_ESTABLISHED", 5.0);
    pass(5.0);
    let from = std::time::Instant::now();
    let since_answer = || from.elapsed().as_secs_f64() + 5.0;
    first.press(&site, 10, "*21003#");
    site.agent_becomes("1003", "talking", 5.0);
    pass(1.0);
    let asked = since_answer();
    pass(3.0);
    first.press(&site, 10, "*5#");
    pass(2.0);
    let together = since_answer();
    pass(3.0);
    caller.hang_up();
    // The two whom he leaves go on.
    pass(3.0);
    first.hang_up();
    second.hang_up();
    let call = site.ended_call(5.0);
    // The phones write their files to the end.
    pass(1.0);
    let roles: Vec<String> = segments(&call).into_iter().map(|(.., role, _)| role).collect();
    // At the end, with the caller gone, the colleague sits in his seat.
    assert_eq!(roles, ["serving", "consulted", "conferee", "calling"]);
    // Each ear begins with its own answer: the agent's and the caller's with the call's.
    let (caller_heard, agent_heard, asked_heard) = (caller.heard(), first.heard(), second.heard());
    expect_tones("the caller, while his agent asks", &caller_heard, asked + 0.5, asked + 2.0, &[]);
    expect_tones("the agent, while he asks", &agent_heard, asked + 0.5, asked + 2.0, &[SECOND]);
    expect_tones("the caller, in conference", &caller_heard, together + 0.5, together + 2.0, &[FIRST, SECOND]);
    expect_tones("the agent, in conference", &agent_heard, together + 0.5, together + 2.0, &[CALLER, SECOND]);
    // The colleague's begins with his own answer, a second before he was asked for.
    let with_all = together - asked + 1.0;
    expect_tones("the colleague, in conference", &asked_heard, with_all + 0.5, with_all + 2.0, &[CALLER, FIRST]);
    let end = seconds(&asked_heard);
    expect_tones("the colleague, after the caller", &asked_heard, end - 1.8, end - 0.5, &[FIRST]);
    let channels = recording(&site, &call);
    expect_tones("recording, left", &channels[0], together + 0.5, together + 2.0, &[CALLER]);
    expect_tones("recording, right", &channels[1], together + 0.5, together + 2.0, &[FIRST, SECOND]);
}

#[test]
fn a_supervisor_listens_whispers_and_barges_in() {
    let site = Site::start(&[]);
    let first = phone(&site, "1001", 10, FIRST, true);
    let mut supervisor = phone(&site, "1000", 20, SECOND, false);
    let mut caller = phone(&site, "1002", 30, CALLER, false);
    caller.dial("95000");
    caller.tells("CALL_ESTABLISHED", 5.0);
    pass(5.0);
    let from = std::time::Instant::now();
    let since_answer = || from.elapsed().as_secs_f64() + 5.0;
    supervisor.dial("*811001");
    supervisor.tells("CALL_ESTABLISHED", 5.0);
    pass(1.0);
    let mut times = vec![since_answer()];
    pass(2.5);
    for key in ["5", "6"] {
        supervisor.press(&site, 20, key);
        pass(1.0);
        times.push(since_answer());
        pass(2.5);
    }
    supervisor.hang_up();
    pass(1.0);
    caller.hang_up();
    // The phones write their files to the end.
    pass(1.0);
    let call = call_to(&site, "95000");
    let (caller_heard, agent_heard, his) = (caller.heard(), first.heard(), supervisor.heard());
    let modes: [(&str, &[f64], &[f64]); 3] =
        [("listens", &[FIRST], &[CALLER]), ("whispers", &[FIRST], &[CALLER, SECOND]), ("barges in", &[FIRST, SECOND], &[CALLER, SECOND])];
    for ((mode, caller, agent), at) in modes.into_iter().zip(times) {
        expect_tones(&format!("the caller, he {mode}"), &caller_heard, at + 0.5, at + 2.0, caller);
        expect_tones(&format!("the agent, he {mode}"), &agent_heard, at + 0.5, at + 2.0, agent);
    }
    expect_tones("the supervisor", &his, 1.5, seconds(&his) - 0.5, &[CALLER, FIRST]);
    let channels = recording(&site, &call);
    expect_tones("recording, left", &channels[0], 6.0, 10.0, &[CALLER]);
    let roles: Vec<String> = segments(&call).into_iter().map(|(.., role, _)| role).collect();
    assert_eq!(roles, ["serving", "listening", "whispering", "barging-in"]);
}
