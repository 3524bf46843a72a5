//! Feature codes: dialled as numbers, or pressed in a call, by RFC 4733 and by INFO.

use crate::baresip::{Baresip, Phone};
use crate::ear::{Ear, Mouth};
use crate::harness::{Site, pass, text};
use crate::sipp::Sipp;
use crate::sound::tone;

#[test]
fn an_agents_state_follows_the_codes_he_dials_and_presses() {
    let site = Site::start(&[]);
    let says = tone(1_000.0, 60.0);
    let mut agent = Baresip::start(&site, &Phone { agent: "1001", port: 10, says: &says, codec: "pcma", answers: true, transport: "udp" });
    let mut caller =
        Baresip::start(&site, &Phone { agent: "1002", port: 20, says: &says, codec: "pcma", answers: false, transport: "udp" });
    site.agent_becomes("1001", "ready", 2.0);
    for (code, state, reason) in [
        ("*15", "not-ready", "meeting"),
        ("*14", "not-ready", "not-ready"),
        ("*13", "ready", ""),
        ("*12", "offline", ""),
        ("*11", "ready", ""),
    ] {
        agent.dial(code);
        site.until(&format!("{code}: {state} {reason}"), 5.0, |site| {
            let (now, why) = site.agent("1001");
            now == state && (reason.is_empty() || why == reason)
        });
        pass(1.0);
        agent.hang_up();
        pass(0.5);
    }
    // In a call: pressed now, obeyed after it.
    caller.dial("95000");
    caller.tells("CALL_ESTABLISHED", 5.0);
    site.agent_becomes("1001", "talking", 3.0);
    pass(1.0);
    agent.press(&site, 10, "*15");
    pass(1.0);
    assert_eq!(site.agent("1001").0, "talking", "not torn out of his call");
    caller.hang_up();
    site.until("in a meeting after the call", 3.0, |site| site.agent("1001") == ("not-ready".to_owned(), "meeting".to_owned()));
}

#[test]
fn digits_by_info_are_digits_too() {
    let site = Site::start(&[]);
    let (agent_ear, caller_ear) = (Ear::open(site.port(40), Mouth::Tone(1_000.0)), Ear::open(site.port(42), Mouth::Tone(600.0)));
    Sipp::register(&site, "1001", 10, &[]);
    let mut agent = Sipp::agent(&site, "agent-info", 10, &agent_ear, 300, &[]);
    let mut caller = Sipp::caller(&site, "caller", 12, "13800138000", &caller_ear, &["-d", "4000"]);
    caller.done(15.0);
    agent.done(5.0);
    assert_eq!(text(&site.ended_call(5.0)["outcome"]), "answered");
    assert_eq!(site.agent("1001"), ("not-ready".to_owned(), "not-ready".to_owned()));
}
