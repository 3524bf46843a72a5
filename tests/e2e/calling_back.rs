//! Called back instead of waiting, with phones that nobody here wrote: the customer wishes it by keys and hangs up; when the agent is free both
//! phones are called, and each hears the other.

use crate::baresip::{Baresip, Phone};
use crate::harness::{Site, pass, text};
use crate::sound::{cut, parse_wav, seconds, tone, tone_level};
use std::fs;

const CUSTOMER: f64 = 600.0;
const AGENT: f64 = 1_000.0;
/// Said of music and prompts apart: the level of a tone that is there, and of one that is not.
const THERE: f64 = -30.0;
const ABSENT: f64 = -45.0;

fn phone(site: &Site, agent: &str, port: u16, hz: f64) -> Baresip {
    Baresip::start(site, &Phone { agent, port, says: &tone(hz, 120.0), codec: "pcma", answers: true, transport: "udp" })
}

fn becomes(site: &Site, agent: &str, state: &str) {
    let (status, _) = site.post(&format!("/api/v1/agents/{agent}/state"), &format!(r#"{{"state": "{state}"}}"#));
    assert_eq!(status, 200, "{agent} {state}");
}

#[track_caller]
fn expect(what: &str, sound: &[i16], heard: f64, not: f64) {
    let end = seconds(sound);
    let sound = cut(sound, end - 3.0, end - 1.0);
    let (is, is_not) = (tone_level(sound, heard), tone_level(sound, not));
    println!("{what:<32} {heard:.0} Hz {is:6.1} dBov, {not:.0} Hz {is_not:6.1} dBov");
    assert!(is > THERE && is_not < ABSENT, "{what}: {heard} Hz at {is:.1}, {not} Hz at {is_not:.1} dBov");
}

#[test]
fn a_customer_hangs_up_and_speaks_with_the_agent_who_is_free_next() {
    let site = Site::start_with(&[], |config| {
        let file = config.join("queues.toml");
        let queues = fs::read_to_string(&file).expect("the queues");
        let with = queues.replacen("wrap_up = \"0s\"\n", "wrap_up = \"0s\"\n[queue.call_back]\nkey = \"1\"\n", 1);
        assert_ne!(with, queues);
        fs::write(file, with).expect("written");
    });
    let agent = phone(&site, "1001", 10, AGENT);
    let mut customer = phone(&site, "1002", 30, CUSTOMER);
    for id in ["1001", "1002"] {
        site.agent_becomes(id, "ready", 5.0);
        becomes(&site, id, "not-ready");
    }
    customer.dial("95000");
    customer.tells("CALL_ESTABLISHED", 20.0);
    pass(3.0);
    customer.press(&site, 30, "1");
    pass(2.0);
    customer.press(&site, 30, "#");
    customer.tells("CALL_CLOSED", 20.0);
    let asked = site.newest_call().expect("his call");
    assert_eq!((text(&asked["outcome"]), text(&asked["visits"][0]["ending"])), ("call-back", "called-back"));
    let waiting = site.get("/api/v1/call-backs");
    assert_eq!((text(&waiting["items"][0]["number"]), text(&waiting["items"][0]["state"])), ("1002", "waiting"), "{waiting}");
    becomes(&site, "1001", "ready");
    site.agent_becomes("1001", "talking", 10.0);
    site.until("the customer has answered", 15.0, |site| !site.newest_call().expect("a call")["connected_at"].is_null());
    pass(6.0);
    customer.hang_up();
    let made = site.ended_call(20.0);
    // The phones write their files to the end.
    pass(1.0);
    assert_eq!((text(&made["outcome"]), text(&made["agent"]), text(&made["call_back"]["why"])), ("answered", "1001", "asked"));
    assert_eq!(made["call_back"]["asked_in"], asked["id"]);
    assert_eq!(site.get("/api/v1/call-backs")["items"].as_array().map(Vec::len), Some(0));
    expect("the agent hears", &agent.heard(), CUSTOMER, AGENT);
    expect("the customer hears", &customer.heard(), AGENT, CUSTOMER);
    let channels = parse_wav(&site.get_bytes(&format!("/api/v1/calls/{}/recording", text(&made["id"]))).1);
    // The farewell is his who hung up first: what both said is before it.
    let spoke = channels.iter().map(|channel| seconds(channel)).fold(f64::MAX, f64::min) - 1.0;
    let (left, right) = (cut(&channels[0], 0.0, spoke), cut(&channels[1], 0.0, spoke));
    expect("recording, left", left, CUSTOMER, AGENT);
    expect("recording, right", right, AGENT, CUSTOMER);
}
