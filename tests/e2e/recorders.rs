//! Recording by others, and for others (SIPREC), between processes: a switch copies its calls to a second one, of which nothing is known here
//! but its configuration; SIPp has a call recorded by us, and records one of ours. What is asserted is sound, on its side, at its level.

use crate::baresip::{Baresip, Phone};
use crate::ear::{Ear, Mouth};
use crate::harness::{Site, moment, pass, text};
use crate::sipp::Sipp;
use crate::sound::{Samples, cut, parse_wav, seconds, tone, tone_level, tone_levels_at_own_rate};
use serde_json::Value;
use std::io::Write;
use std::path::Path;

const CALLER: f64 = 600.0;
const AGENT: f64 = 1_000.0;
/// Of SIPp, and of its two streams.
const SIPP: u16 = 30;
const LEFT: u16 = 40;
const RIGHT: u16 = 42;

fn add(config: &Path, tables: &str) {
    let mut file = std::fs::OpenOptions::new().append(true).open(config.join("routing.toml")).expect("the routing");
    file.write_all(tables.as_bytes()).expect("written");
}

/// A switch that records what comes from this machine.
fn vault() -> Site {
    vault_that(&[])
}

fn vault_that(overrides: &[&str]) -> Site {
    Site::start_with(overrides, |config| {
        add(
            config,
            "\n[[trunk]]\nid = \"desk\"\naccept_from = [\"127.0.0.1\"]\n[[recording_source]]\nid = \"desk\"\ntrunk = \"desk\"\nsessions = 4\n",
        );
    })
}

/// Copies of all calls go to that port; the server is asked each second whether it has them still.
fn copying_to(port: u16) -> String {
    format!(
        "\n[[trunk]]\nid = \"vault\"\nhosts = [\"sip:127.0.0.1:{port}\"]\nping = \"1s\"\n\
         [[recording_server]]\nid = \"vault\"\ntrunk = \"vault\"\ncalls = [\"all\"]\non_failure = \"retry\"\nretry_after = \"5s\"\n"
    )
}

fn phone(site: &Site, agent: &str, port: u16, frequency: f64, answers: bool) -> Baresip {
    Baresip::start(site, &Phone { agent, port, says: &tone(frequency, 60.0), codec: "pcma", answers, transport: "udp" })
}

fn recording(site: &Site, call: &Value) -> Vec<Samples> {
    assert_eq!(text(&call["recording"]["state"]), "complete", "{call:#}");
    parse_wav(&site.get_bytes(&format!("/api/v1/calls/{}/recording", text(&call["id"]))).1)
}

/// His tone is there at its level, and the other's is not.
#[track_caller]
fn expect(what: &str, sound: &[i16], there: f64) {
    let other = if there == CALLER { AGENT } else { CALLER };
    let (heard, stray) = (tone_level(sound, there), tone_level(sound, other));
    println!("{what:<42} {there} Hz {heard:6.1} dBov   {other} Hz {stray:6.1} dBov");
    assert!((heard + 23.0).abs() < 1.0 && stray < -60.0, "{what}: {heard:.1} and {stray:.1} dBov");
}

/// The caller alone on the left, the agent alone on the right, in the middle of a recording.
#[track_caller]
fn expect_sides(what: &str, channels: &[Samples], from: f64, to: f64) {
    assert_eq!(channels.len(), 2);
    expect(&format!("{what}, left"), cut(&channels[0], from, to), CALLER);
    expect(&format!("{what}, right"), cut(&channels[1], from, to), AGENT);
}

fn copies(site: &Site, call: &Value) -> Vec<(String, f64, Value)> {
    site.events(call).into_iter().filter(|(name, ..)| name.starts_with("copy.")).collect()
}

#[test]
fn a_call_of_one_switch_is_recorded_by_another_as_well() {
    let vault = vault();
    let desk = Site::start_beside(&vault, &[], |config| add(config, &copying_to(vault.sip_port())));
    let (_agent, mut caller) = (phone(&desk, "1001", 10, AGENT, true), phone(&desk, "1002", 20, CALLER, false));
    caller.dial("1001");
    caller.tells("CALL_ESTABLISHED", 5.0);
    pass(2.0);
    let running = vault.newest_call().expect("a session while the call runs");
    assert_eq!((text(&running["direction"]), running["released_at"].is_null()), ("external", true));
    pass(4.0);
    caller.hang_up();
    let (own, copy) = (desk.ended_call(5.0), vault.ended_call(5.0));
    assert_eq!(copy["id"], running["id"]);
    assert_eq!((text(&own["outcome"]), text(&copy["outcome"]), text(&copy["released_by"])), ("answered", "answered", "caller"));
    assert_eq!((text(&copy["caller"]), text(&copy["called"])), ("1002", "1001"));
    let external = &copy["external"];
    let parties: Vec<[&str; 3]> =
        external["parties"].as_array().expect("parties").iter().map(|party| ["aor", "name", "side"].map(|key| text(&party[key]))).collect();
    let agents = desk.get("/api/v1/agents");
    let agents = agents["items"].as_array().expect("a list");
    let named = |id: &str| text(&agents.iter().find(|agent| agent["id"] == id).expect("the agent")["name"]);
    let (caller_name, agent_name) = (named("1002"), named("1001"));
    assert_eq!(parties, [["sip:1002@sanling.local", caller_name, "left"], ["sip:1001@sanling.local", agent_name, "right"]]);
    assert_eq!((text(&external["source"]), text(&external["sip_session"])), ("desk", text(&own["id"])), "{external:#}");

    let (ours, theirs) = (recording(&desk, &own), recording(&vault, &copy));
    let lasted = moment(&own["released_at"]) - moment(&own["answered_at"]);
    println!("a call of {lasted:.3} s; its copy has {:.3} s", seconds(&theirs[0]));
    assert!((seconds(&theirs[0]) - lasted).abs() < 0.25, "the copy covers the call");
    expect_sides("the first switch's own recording", &ours, 2.0, 5.0);
    expect_sides("the second switch's", &theirs, 2.0, 5.0);
    let told: Vec<String> = copies(&desk, &own).into_iter().map(|(name, ..)| name).collect();
    assert_eq!(told, ["copy.started", "copy.ended"]);
}

#[test]
fn a_recording_server_that_is_killed_has_the_rest_of_the_call_when_it_is_back() {
    let mut vault = vault();
    let desk = Site::start_beside(&vault, &[], |config| add(config, &copying_to(vault.sip_port())));
    let (_agent, mut caller) = (phone(&desk, "1001", 10, AGENT, true), phone(&desk, "1002", 20, CALLER, false));
    caller.dial("1001");
    caller.tells("CALL_ESTABLISHED", 5.0);
    pass(4.0);
    vault.kill();
    vault.launch();
    let back = std::time::Instant::now();
    vault.until("the copy goes on", 20.0, |vault| vault.newest_call().is_some_and(|call| call["released_at"].is_null()));
    println!("a new session {:.2} s after the server is back", back.elapsed().as_secs_f64());
    pass(4.0);
    caller.hang_up();
    let (own, rest) = (desk.ended_call(5.0), vault.ended_call(5.0));
    let sessions = vault.get("/api/v1/calls?limit=10")["items"].as_array().expect("a list").clone();
    assert_eq!(sessions.len(), 2, "{sessions:#?}");
    let begun = &sessions[1];
    assert_eq!((text(&begun["recording"]["state"]), text(&rest["recording"]["state"])), ("recovered", "complete"));
    assert_eq!(rest["external"]["session"], begun["external"]["session"], "the same call");
    assert_eq!(rest["external"]["continues"], begun["id"], "{:#}", rest["external"]);
    let recovered = parse_wav(&vault.get_bytes(&format!("/api/v1/calls/{}/recording", text(&begun["id"]))).1);
    expect_sides("the call", &recording(&desk, &own), 2.0, 7.0);
    expect_sides("before the kill", &recovered, 0.5, 2.5);
    expect_sides("after it", &recording(&vault, &rest), 0.5, 3.0);
    let told: Vec<String> =
        copies(&desk, &own).into_iter().map(|(name, ..)| name).filter(|name| name != "copy.refused" && name != "copy.failed").collect();
    assert_eq!(told, ["copy.started", "copy.ended", "copy.started", "copy.ended"]);
}

/// Which ports of the switch a description has.
fn ports(description: &str) -> Vec<u16> {
    let lines = description.lines().filter_map(|line| line.strip_prefix("m=audio "));
    lines.filter_map(|line| line.split(' ').next()?.parse().ok()).collect()
}

#[test]
fn a_client_that_nobody_here_wrote_has_its_call_recorded() {
    let vault = vault();
    let (left, right) = (Ear::open(vault.port(LEFT), Mouth::Tone(CALLER)), Ear::open(vault.port(RIGHT), Mouth::Tone(AGENT)));
    let [left_port, right_port] = [left.port, right.port].map(|port| port.to_string());
    let mut source = Sipp::start(&vault, "source", SIPP, &["-key", "left", &left_port, "-key", "right", &right_port, "-d", "6000"]);
    let answer = source.saw("SIP/2.0 200", 5.0);
    let [to_left, to_right] = ports(&answer.text)[..] else { panic!("two streams: {}", answer.text) };
    left.speak_to(("127.0.0.1", to_left));
    right.speak_to(("127.0.0.1", to_right));
    source.done(15.0);
    let call = vault.ended_call(5.0);
    assert_eq!((text(&call["direction"]), text(&call["caller"]), text(&call["called"])), ("external", "13900000000", "8001"));
    let names: Vec<&str> = call["external"]["parties"].as_array().expect("parties").iter().map(|party| text(&party["name"])).collect();
    assert_eq!(names, ["张伟", "8001 号坐席"]);
    let channels = recording(&vault, &call);
    let lasted = moment(&call["released_at"]) - moment(&call["answered_at"]);
    assert!((seconds(&channels[0]) - lasted).abs() < 0.1 && lasted > 5.9, "{} s of {lasted} s", seconds(&channels[0]));
    println!("SIPp as client, {lasted:.3} s");
    expect_sides("its recording", &channels, 1.5, 5.0);
}

#[test]
fn a_server_that_nobody_here_wrote_has_a_copy_of_our_call() {
    // The block of ports is not known before: SIPp stands where the configuration of a second start says.
    let mut desk = Site::start(&[]);
    desk.kill();
    add(&desk.path("config"), &copying_to(desk.port(SIPP)).replace("ping = \"1s\"\n", ""));
    desk.launch();
    let (left, right) = (Ear::open(desk.port(LEFT), Mouth::Mute), Ear::open(desk.port(RIGHT), Mouth::Mute));
    let [left_port, right_port] = [left.port, right.port].map(|port| port.to_string());
    let mut server = Sipp::start(&desk, "recorder", SIPP, &["-key", "left", &left_port, "-key", "right", &right_port]);
    let (_agent, mut caller) = (phone(&desk, "1001", 10, AGENT, true), phone(&desk, "1002", 20, CALLER, false));
    caller.dial("1001");
    caller.tells("CALL_ESTABLISHED", 5.0);
    pass(5.0);
    caller.order("hold", "");
    pass(2.0);
    caller.hang_up();
    server.done(10.0);
    let own = desk.ended_call(5.0);
    let lasted = moment(&own["released_at"]) - moment(&own["answered_at"]);
    println!("SIPp as server, a call of {lasted:.3} s");
    for (what, ear, there) in [("stream 1", &left, CALLER), ("stream 2", &right, AGENT)] {
        let heard = ear.heard();
        expect(what, cut(&heard.samples, 1.5, 4.5), there);
        println!(
            "{what}: {:.2} s, {} lost, {:.1} ms of jitter at worst",
            seconds(&heard.samples),
            heard.lost,
            heard.worst_jitter * 1_000.0
        );
        assert_eq!((heard.sources, heard.lost), (1, 0), "{what}");
        // Held, too, it is sent: what is silent is silence.
        assert!((seconds(&heard.samples) - lasted).abs() < 0.5, "{what}: {} s of {lasted} s", seconds(&heard.samples));
    }
    let told: Vec<String> = copies(&desk, &own).into_iter().map(|(name, ..)| name).collect();
    assert_eq!(told, ["copy.started", "copy.ended"]);
    expect_sides("our own recording", &recording(&desk, &own), 1.5, 4.5);
}

#[test]
fn a_wideband_call_is_wideband_in_its_copy() {
    let (low, high) = (5_700.0, 6_300.0);
    let vault = vault_that(&["media.codecs=[\"g722\", \"opus\", \"pcma\"]"]);
    let to_vault = copying_to(vault.sip_port());
    let (mut desk, mut told) = (None, Vec::new());
    for (phones, copy) in [("G722/16000/1", "g722"), ("opus/48000/2", "g722"), ("G722/16000/1", "opus"), ("G722/16000/1", "pcma")] {
        // One at a time, on the same seat.
        drop(desk.take());
        let tables = format!("{to_vault}codecs = [\"{copy}\"]\n");
        let site = desk.insert(Site::start_beside(&vault, &[], |config| add(config, &tables)));
        let wide = |agent, port, answers| Phone { agent, port, says: &[], codec: phones, answers, transport: "udp" };
        let (agent, mut caller) = (Baresip::start(site, &wide("1001", 10, true)), Baresip::start(site, &wide("1002", 20, false)));
        if phones.starts_with("G722") {
            agent.will_say_wide(AGENT, low);
            caller.will_say_wide(CALLER, high);
        } else {
            agent.will_say_wide_at(48_000, 2, AGENT, low);
            caller.will_say_wide_at(48_000, 2, CALLER, high);
        }
        caller.dial("1001");
        caller.tells("CALL_ESTABLISHED", 5.0);
        pass(5.0);
        caller.hang_up();
        site.ended_call(5.0);
        let call = vault.ended_call(5.0);
        let (_, file) = vault.get_bytes(&format!("/api/v1/calls/{}/recording", text(&call["id"])));
        for (side, hz) in [(0, high), (1, low)] {
            let (rate, levels) = tone_levels_at_own_rate(&file, hz, 2.0, 4.5);
            println!("phones {phones}, copy {copy}, channel {side}: {rate} Hz, {hz} Hz at {:.1} dBov", levels[side]);
            told.push((copy, rate, levels[side]));
        }
    }
    for (copy, rate, level) in told {
        let is_wide = copy != "pcma";
        assert_eq!(rate, if is_wide { 16_000 } else { 8_000 }, "{copy}");
        assert!(!is_wide || (level + 23.0).abs() < 3.0, "{copy}: {level:.1} dBov");
    }
}
