//! Transports and passwords: TCP, reliable provisional responses, OPTIONS, and refusals that tell nothing.

use crate::ear::{Ear, Mouth};
use crate::harness::{Site, hash_passwords, pass, text};
use crate::sipp::Sipp;
use crate::sound::{cut, tone_level};
use sha2::{Digest, Sha256};
use std::process::Command;

/// Both ears hear the other's tone.
fn both_hear(caller: &Ear, agent: &Ear) {
    for (ear, frequency, who) in [(caller, 1_000.0, "the caller"), (agent, 600.0, "the agent")] {
        let heard = ear.heard();
        let end = heard.samples.len() as f64 / 8_000.0;
        let heard = tone_level(cut(&heard.samples, end - 1.0, end - 0.2), frequency);
        println!("{who} heard the other's tone at {heard:.1} dBov");
        assert!((heard + 23.0).abs() < 1.5, "{who}: {heard:.1} dBov");
    }
}

#[test]
fn a_call_over_tcp() {
    let site = Site::start(&[]);
    let (agent_ear, caller_ear) = (Ear::open(site.port(40), Mouth::Tone(1_000.0)), Ear::open(site.port(42), Mouth::Tone(600.0)));
    // The connection that registered is gone: the switch opens one to where the phone listens (RFC 3261 §18.1.1).
    Sipp::register(&site, "1001", 10, &["-t", "t1"]);
    let mut agent = Sipp::agent(&site, "agent", 10, &agent_ear, 300, &["-t", "t1"]);
    pass(0.5);
    let mut caller = Sipp::caller(&site, "caller", 12, "13800138000", &caller_ear, &["-t", "t1", "-d", "6000"]);
    caller.done(20.0);
    agent.done(5.0);
    both_hear(&caller_ear, &agent_ear);
    assert_eq!(text(&site.ended_call(5.0)["outcome"]), "answered");
}

#[test]
fn a_caller_who_wants_reliable_provisional_responses() {
    let site = Site::start(&[]);
    let (agent_ear, caller_ear) = (Ear::open(site.port(40), Mouth::Tone(1_000.0)), Ear::open(site.port(42), Mouth::Tone(600.0)));
    Sipp::register(&site, "1001", 10, &[]);
    let mut agent = Sipp::agent(&site, "agent", 10, &agent_ear, 1_000, &[]);
    let mut caller = Sipp::caller(&site, "caller-100rel", 12, "13800138000", &caller_ear, &["-d", "6000"]);
    caller.done(20.0);
    agent.done(5.0);
    let ringing = caller.saw("SIP/2.0 180", 0.0);
    assert!(ringing.header("Require").is_some_and(|value| value.contains("100rel")), "{}", ringing.text);
    both_hear(&caller_ear, &agent_ear);
    assert_eq!(text(&site.ended_call(5.0)["outcome"]), "answered");
}

#[test]
fn options_are_answered_and_refusals_tell_nothing() {
    let site = Site::start(&[]);
    let target = format!("sip:127.0.0.1:{}", site.sip_port());
    let options = Command::new("sipsak").args(["-vv", "-s", &target]).output().expect("sipsak (make e2e-tools) runs");
    let told = String::from_utf8_lossy(&options.stdout);
    assert!(options.status.success() && told.contains("SIP/2.0 200") && told.contains("Allow:"), "{told}");

    // A wrong password and no such user: the same answer, but for what is new in each.
    let refusal = |user: &str, port: u16| {
        let mut sipp = Sipp::start(&site, "refused", port, &["-key", "user", user, "-au", user, "-ap", "wrong"]);
        sipp.done(10.0);
        let answer = sipp.seen().into_iter().rfind(|seen| !seen.sent).expect("an answer").text;
        let new = |line: &&str| !["Via", "From", "To", "Call-ID"].iter().any(|name| line.starts_with(name));
        let nonce = |line: &str| line.split(", ").filter(|part| !part.starts_with("nonce=")).collect::<Vec<_>>().join(", ");
        answer.lines().filter(new).map(nonce).collect::<Vec<_>>()
    };
    let (known, unknown) = (refusal("1001", 10), refusal("7777", 11));
    assert!(known == unknown && known[0].starts_with("SIP/2.0 401"), "{known:#?}\n{unknown:#?}");
    assert_eq!(site.agent("1001").0, "offline");
}

#[test]
fn a_phone_that_registers_by_sha256() {
    let by_sha256 = |config: &std::path::Path| {
        hash_passwords(config, "ha1_sha256", |text| Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect());
    };
    let site = Site::start_with(&[], by_sha256);
    let linphone = crate::linphone::Linphone::start(&site, "1003", 10, &[0; 8_000]);
    site.agent_becomes("1003", "ready", 10.0);
    drop(linphone);
}
