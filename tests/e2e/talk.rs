//! Two people talk: what each says is what the other hears, and both are in the recording, each on his side.

use crate::baresip::{Baresip, Phone};
use crate::harness::{Site, moment, pass, text};
use crate::linphone::Linphone;
use crate::sound::{cut, find, level, parse_wav, prompt, seconds, tone, tone_level, tone_levels_at_own_rate};
use sha2::{Digest, Sha256};

/// The caller's tone and the agent's, Hz.
const CALLER: f64 = 600.0;
const AGENT: f64 = 1_000.0;

/// Both tones' levels in a sound, said to whoever reads the test's output.
fn levels(what: &str, sound: &[i16]) -> (f64, f64) {
    let (caller, agent) = (tone_level(sound, CALLER), tone_level(sound, AGENT));
    println!(
        "{what:<34} {CALLER} Hz {caller:6.1} dBov   {AGENT} Hz {agent:6.1} dBov   all {:6.1} dBov   {:5.2} s",
        level(sound),
        seconds(sound)
    );
    (caller, agent)
}

#[test]
fn a_caller_reaches_an_agent_both_hear_each_other_and_the_recording_has_both() {
    let site = Site::start(&[]);
    let agent =
        Baresip::start(&site, &Phone { agent: "1001", port: 10, says: &tone(AGENT, 60.0), codec: "pcma", answers: true, transport: "udp" });
    let mut caller = Baresip::start(
        &site,
        &Phone { agent: "1002", port: 20, says: &tone(CALLER, 60.0), codec: "pcma", answers: false, transport: "udp" },
    );

    caller.dial("95000");
    caller.tells("CALL_ESTABLISHED", 5.0);
    pass(8.0);
    let running = site.newest_call().expect("a running call");
    let (status, so_far) = site.get_bytes(&format!("/api/v1/calls/{}/recording", text(&running["id"])));
    assert_eq!(status, 200, "a running call's recording can be fetched as it stands");
    let so_far = seconds(&parse_wav(&so_far)[0]);
    assert!(so_far > 6.0, "to within the last second: {so_far} s of more than 8");
    caller.hang_up();

    let call = site.ended_call(5.0);
    assert_eq!((text(&call["caller"]), text(&call["called"]), text(&call["agent"])), ("1002", "95000", "1001"));
    assert_eq!((text(&call["outcome"]), text(&call["released_by"]), text(&call["direction"])), ("answered", "caller", "internal"));
    let path = format!("/api/v1/calls/{}", text(&call["id"]));
    let mut whole = site.get(&path);
    for leg in whole["quality"].as_array_mut().expect("legs") {
        leg.as_object_mut().expect("a leg").remove("minutes").expect("minutes");
    }
    assert_eq!(whole, call, "the list and the call agree, but for the minutes");
    let (_, fetched) = site.get_bytes(&format!("{path}/recording"));
    let recording = &call["recording"];
    let file = std::fs::read(site.recordings().join(text(&recording["file"]))).expect("the recording's file");
    assert_eq!((text(&recording["state"]), &fetched), ("complete", &file));
    let hash: String = Sha256::digest(&file).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(text(&recording["sha256"]), hash);
    // Written within a second of the last message: each phone's leg from its INVITE to the answer to its BYE.
    pass(1.5);
    let sip = site.get(&format!("{path}/sip"));
    let parties: Vec<&str> = sip["legs"].as_array().expect("legs").iter().map(|leg| text(&leg["party"])).collect();
    assert_eq!(parties, ["1002", "1001"]);
    for leg in 0..2 {
        let of_leg = sip["items"].as_array().expect("messages").iter().filter(|item| item["leg"] == leg);
        let lines: Vec<&str> = of_leg.map(|item| text(&item["line"])).collect();
        assert!(lines[0].starts_with("INVITE ") && lines.iter().any(|line| line.starts_with("BYE ")), "{lines:?}");
        assert_eq!(lines.last(), Some(&"SIP/2.0 200 OK"), "{lines:?}");
    }

    let channels = parse_wav(&file);
    assert_eq!(channels.len(), 2, "left the caller, right the agent");
    let lasted = moment(&call["released_at"]) - moment(&call["answered_at"]);
    for length in [seconds(&channels[0]), seconds(&channels[1]), recording["duration_ms"].as_f64().unwrap_or(0.0) / 1_000.0] {
        assert!((length - lasted).abs() < 0.1, "the file covers the call: {length} s of {lasted} s");
    }

    println!("a call of {lasted:.3} s from 1002 over 95000 to 1001, both baresip, PCMA; the tones were sent at -23 dBov");
    let (left, right) = (&channels[0], &channels[1]);
    let (agent_heard, caller_heard) = (agent.heard(), caller.heard());
    // The greeting is over by then.
    let talk = |sound: &[i16]| cut(sound, 5.0, 7.5).to_vec();
    for (what, sound, hears_caller) in [
        ("recording, left", talk(left), true),
        ("recording, right", talk(right), false),
        ("what the agent's phone heard", talk(&agent_heard), true),
        ("what the caller's phone heard", talk(&caller_heard), false),
    ] {
        let (caller, agent) = levels(what, &sound);
        let (there, other) = if hears_caller { (caller, agent) } else { (agent, caller) };
        assert!((there + 23.0).abs() < 1.0, "{what}: his tone at its level, {there:.1} dBov");
        assert!(other < -60.0, "{what}: nothing of the other's, {other:.1} dBov");
    }
    // The greeting is in the right channel, and both heard it.
    let greeting = prompt("agent_greeting");
    for (what, sound) in [("recording, right", right), ("the agent's phone", &agent_heard), ("the caller's phone", &caller_heard)] {
        levels(&format!("{what}, greeting"), cut(sound, 0.0, 1.5));
        let found = find(&prompt("digits/1"), &without(sound, &[CALLER, AGENT]), 0.0, 4.0);
        println!("{what}: digits of the agent's id likest at {:.3} s ({:.2})", found.at, found.likeness);
    }
    assert!(level(&without(cut(right, 0.1, 1.5), &[AGENT])) > -35.0 && !greeting.is_empty());
    assert!(level(&without(cut(left, 0.1, 1.5), &[CALLER])) < -45.0, "the greeting is not on the caller's side");
}

/// A sound with these tones taken out, by a narrow notch each.
fn without(sound: &[i16], tones: &[f64]) -> Vec<i16> {
    let mut samples: Vec<f64> = sound.iter().map(|sample| f64::from(*sample)).collect();
    for frequency in tones {
        let (radius, cosine) = (0.99, (std::f64::consts::TAU * frequency / 8_000.0).cos());
        let (mut inputs, mut outputs) = ([0.0; 2], [0.0; 2]);
        for sample in &mut samples {
            let input = *sample;
            let output = input - 2.0 * cosine * inputs[0] + inputs[1] + 2.0 * radius * cosine * outputs[0] - radius * radius * outputs[1];
            (inputs, outputs) = ([input, inputs[0]], [output, outputs[0]]);
            *sample = output;
        }
    }
    samples.iter().map(|sample| sample.clamp(-32_768.0, 32_767.0) as i16).collect()
}

#[test]
fn phones_of_any_two_codecs_understand_each_other() {
    for (own, other) in [("opus/48000/2", "pcma"), ("G722/16000/1", "pcmu"), ("opus/48000/2", "G722/16000/1")] {
        let site = Site::start(&[]);
        let called = Phone { agent: "1001", port: 10, says: &tone(AGENT, 60.0), codec: own, answers: true, transport: "tcp" };
        let agent = Baresip::start(&site, &called);
        let calling = Phone { agent: "1002", port: 20, says: &tone(CALLER, 60.0), codec: other, answers: false, transport: "udp" };
        let mut caller = Baresip::start(&site, &calling);
        // By extension: calls of the house are recorded too.
        caller.dial("1001");
        caller.tells("CALL_ESTABLISHED", 5.0);
        pass(6.0);
        caller.hang_up();
        let call = site.ended_call(5.0);
        assert_eq!((text(&call["direction"]), text(&call["outcome"])), ("internal", "answered"));
        let channels = parse_wav(&site.get_bytes(&format!("/api/v1/calls/{}/recording", text(&call["id"]))).1);
        println!("a call of 1002 ({other}, over UDP) to 1001 ({own}, over TCP)");
        for (what, sound, hears_caller) in [
            ("recording, left", &channels[0], true),
            ("recording, right", &channels[1], false),
            ("what the agent's phone heard", &agent.heard(), true),
            ("what the caller's phone heard", &caller.heard(), false),
        ] {
            let (caller, agent) = levels(what, cut(sound, 2.5, 5.0));
            let (there, other) = if hears_caller { (caller, agent) } else { (agent, caller) };
            assert!((there + 23.0).abs() < 2.0 && other < -55.0, "{what}: {there:.1} and {other:.1} dBov");
        }
    }
}

#[test]
fn a_wideband_call_is_wideband_on_the_way_and_on_record() {
    let site = Site::start(&[]);
    let wide = |agent, port, answers| Phone { agent, port, says: &[], codec: "G722/16000/1", answers, transport: "udp" };
    let agent = Baresip::start(&site, &wide("1001", 10, true));
    let mut caller = Baresip::start(&site, &wide("1002", 20, false));
    agent.will_say_wide(AGENT, 5_700.0);
    caller.will_say_wide(CALLER, 6_300.0);
    caller.dial("1001");
    caller.tells("CALL_ESTABLISHED", 5.0);
    pass(6.0);
    caller.hang_up();
    let call = site.ended_call(5.0);
    let (_, recording) = site.get_bytes(&format!("/api/v1/calls/{}/recording", text(&call["id"])));
    for (what, heard, hz, channel) in [
        ("recording, left", recording.clone(), 6_300.0, 0),
        ("recording, right", recording, 5_700.0, 1),
        ("what the agent's phone heard", agent.heard_file(), 6_300.0, 0),
        ("what the caller's phone heard", caller.heard_file(), 5_700.0, 0),
    ] {
        let (rate, levels) = tone_levels_at_own_rate(&heard, hz, 2.5, 5.0);
        println!("{what}: {rate} Hz, {hz} Hz at {:.1} dBov", levels[channel]);
        assert_eq!(rate, 16_000, "{what}");
        assert!((levels[channel] + 23.0).abs() < 2.5, "{what}: {:.1} dBov", levels[channel]);
    }
}

#[test]
fn linphone_calls_a_colleague_and_is_called() {
    let site = Site::start(&[]);
    let mut linphone = Linphone::start(&site, "1003", 10, &tone(CALLER, 30.0));
    let phone = Phone { agent: "1001", port: 20, says: &tone(AGENT, 60.0), codec: "pcma", answers: true, transport: "udp" };
    let mut baresip = Baresip::start(&site, &phone);
    linphone.order("call sip:1001@sanling.local");
    site.until("they talk", 10.0, |_| linphone.told().contains("connected"));
    pass(5.0);
    linphone.order("terminate");
    let call = site.ended_call(5.0);
    assert_eq!((text(&call["outcome"]), text(&call["caller"]), text(&call["called"])), ("answered", "1003", "1001"));
    pass(0.5);
    println!("a call of 1003 (linphonec) to 1001 (baresip)");
    let channels = parse_wav(&site.get_bytes(&format!("/api/v1/calls/{}/recording", text(&call["id"]))).1);
    for (what, sound, hears_caller) in [
        ("recording, left", &channels[0], true),
        ("recording, right", &channels[1], false),
        ("what baresip heard", &baresip.heard(), true),
        ("what linphone heard", &linphone.heard(), false),
    ] {
        let (caller, agent) = levels(what, cut(sound, 2.0, 4.0));
        let (there, other) = if hears_caller { (caller, agent) } else { (agent, caller) };
        assert!((there + 23.0).abs() < 2.0 && other < -50.0, "{what}: {there:.1} and {other:.1} dBov");
    }
    // And the other way about: he is rung, and answers.
    baresip.dial("1003");
    site.until("linphone rings", 10.0, |_| linphone.told().contains("Receiving new incoming call"));
    linphone.order("answer");
    site.until("they talk", 10.0, |site| {
        site.newest_call().is_some_and(|call| !call["connected_at"].is_null() && call["caller"] == "1001")
    });
    pass(1.0);
    baresip.hang_up();
    assert_eq!(text(&site.ended_call(5.0)["outcome"]), "answered");
}

#[test]
fn a_call_of_real_phones_has_its_round_trip_and_a_score_on_record() {
    let site = Site::start(&[]);
    let _agent =
        Baresip::start(&site, &Phone { agent: "1001", port: 10, says: &tone(AGENT, 60.0), codec: "pcma", answers: true, transport: "udp" });
    let mut caller = Baresip::start(
        &site,
        &Phone { agent: "1002", port: 20, says: &tone(CALLER, 60.0), codec: "pcma", answers: false, transport: "udp" },
    );
    caller.dial("95000");
    caller.tells("CALL_ESTABLISHED", 5.0);
    // Our first report comes within 7.5 s, the phone's answer to it with its own next one.
    pass(18.0);
    caller.hang_up();
    let call = site.ended_call(5.0);
    let call = site.get(&format!("/api/v1/calls/{}", text(&call["id"])));
    let legs = call["quality"].as_array().expect("legs");
    assert_eq!(legs.len(), 2, "{legs:#?}");
    for leg in legs {
        let number = |value: &serde_json::Value| value.as_f64().unwrap_or_else(|| panic!("{value} in {leg:#}"));
        assert!(number(&leg["mos_min"]) > 4.2 && number(&leg["mos_mean"]) <= 4.5, "{leg:#}");
        let minutes = leg["minutes"].as_array().expect("minutes");
        let packets: f64 = minutes.iter().map(|minute| number(&minute["received"]["packets"])).sum();
        assert!((850.0..1_000.0).contains(&packets), "about 18 s of them: {leg:#}");
        let trip = minutes.iter().find_map(|minute| minute["round_trip_ms"].as_f64()).unwrap_or_else(|| panic!("no round trip: {leg:#}"));
        assert!(trip > 0.0 && trip < 50.0, "on this machine: {trip} ms");
        println!("{} {}: MOS {}, round trip {trip} ms", leg["agent"], leg["codec"], leg["mos_min"]);
    }
    let sound = &call["sound"];
    assert!((sound["duration_ms"].as_f64().expect("measured") - 18_000.0).abs() < 2_000.0, "{sound}");
    let metrics = String::from_utf8(site.get_bytes("/metrics").1).expect("text");
    assert!(metrics.lines().any(|line| line == "sanling_leg_mos_count{kind=\"agent\",codec=\"pcma\"} 2"), "{metrics}");
    assert!(metrics.lines().any(|line| line == "sanling_leg_round_trip_seconds_count 2"), "{metrics}");
}
