//! Colleagues at softphones that nobody here wrote: what they write to each other, what one sees of the other, and a phone that sends its
//! caller on.

use crate::baresip::{Baresip, Phone, Secrets};
use crate::harness::{Site, pass, text};
use crate::sipp::Sipp;
use crate::sound::{cut, parse_wav, seconds, tone, tone_level};

const FIRST: f64 = 1_000.0;
const SECOND: f64 = 1_400.0;
const CALLER: f64 = 600.0;

fn phone(site: &Site, agent: &str, port: u16, hz: f64, colleague: Option<&str>) -> Baresip {
    let phone = Phone { agent, port, says: &tone(hz, 60.0), codec: "pcma", answers: true, transport: "udp" };
    Baresip::start_knowing(site, &phone, Secrets::default(), colleague)
}

/// Both hear each other at the end of the call, and its recording has both.
#[track_caller]
fn expect_both(site: &Site, caller: &Baresip, callee: &Baresip, tones: (f64, f64)) {
    let call = site.ended_call(5.0);
    // The phones write their files to the end.
    pass(1.0);
    let channels = parse_wav(&site.get_bytes(&format!("/api/v1/calls/{}/recording", text(&call["id"]))).1);
    let (by_caller, by_callee) = (caller.heard(), callee.heard());
    for (what, sound, hz) in [
        ("recording, left", &channels[0], tones.0),
        ("recording, right", &channels[1], tones.1),
        ("the caller", &by_caller, tones.1),
        ("the callee", &by_callee, tones.0),
    ] {
        let end = seconds(sound);
        let level = tone_level(cut(sound, end - 2.0, end - 0.5), hz);
        println!("{what:<20} {level:6.1} dBov at {hz} Hz");
        assert!(level > -30.0, "{what}: {hz} Hz is not there, {level:.1} dBov");
    }
}

#[test]
fn two_softphones_write_to_each_other_and_one_sees_what_the_other_is_at() {
    let site = Site::start(&[]);
    let mut second = phone(&site, "1003", 20, SECOND, Some("1001"));
    let mut first = phone(&site, "1001", 10, FIRST, Some("1003"));
    first.write("三号线的客户请你回电");
    second.shows("三号线的客户请你回电", 1, 5.0);
    second.write("ok, I call him");
    first.shows("ok, I call him", 1, 5.0);
    // Ready, in a call, ready again.
    first.sees("Online", 10.0);
    let mut caller = phone(&site, "1002", 30, CALLER, None);
    caller.dial("1003");
    caller.tells("CALL_ESTABLISHED", 5.0);
    first.sees("Busy", 5.0);
    first.shows("<rpid:on-the-phone/>", 1, 1.0);
    pass(3.0);
    caller.hang_up();
    first.sees("Online", 5.0);
    first.shows("<note>就绪</note>", 2, 1.0);
    expect_both(&site, &caller, &second, (CALLER, SECOND));
}

#[test]
fn a_phone_sends_its_caller_on_and_the_colleague_is_told_by_whom() {
    let site = Site::start(&["sip.forwarding=\"house\""]);
    let colleague = phone(&site, "1003", 20, SECOND, None);
    let mut caller = phone(&site, "1002", 30, CALLER, None);
    Sipp::register(&site, "1001", 10, &[]);
    let mut sends_on = Sipp::start(&site, "agent-sends-on", 10, &["-key", "colleague", "1003"]);
    caller.dial("1001");
    caller.tells("CALL_ESTABLISHED", 5.0);
    sends_on.done(5.0);
    pass(3.0);
    caller.hang_up();
    expect_both(&site, &caller, &colleague, (CALLER, SECOND));
    let call = site.ended_call(5.0);
    assert_eq!(call["diverted"][0]["from"], "1001");
    assert_eq!(text(&call["agent"]), "1003");
}
