//! Recordings by phone: what two people said is heard by a third, who dials `*9` and the recording's number.

use crate::baresip::{Baresip, Phone};
use crate::harness::{Site, pass, text};
use crate::sound::{cut, level, tone, tone_level};

/// The caller's tone and the agent's, Hz.
const CALLER: f64 = 600.0;
const AGENT: f64 = 1_000.0;

/// A tone is there at about −10 dBov, or it is not.
const HEARD: f64 = -25.0;
const NOT_HEARD: f64 = -45.0;

#[test]
fn a_supervisor_hears_a_recording_by_phone_and_it_is_in_the_audit_log() {
    let site = Site::start(&[]);
    let phone = |agent, port, says, answers| Phone { agent, port, says, codec: "pcma", answers, transport: "udp" };
    let (caller_says, agent_says, nothing) = (tone(CALLER, 60.0), tone(AGENT, 60.0), vec![0_i16; 60 * 8_000]);
    let _agent = Baresip::start(&site, &phone("1001", 10, &agent_says, true));
    let mut caller = Baresip::start(&site, &phone("1002", 20, &caller_says, false));
    let mut supervisor = Baresip::start(&site, &phone("1000", 30, &nothing, false));
    caller.dial("95000");
    caller.tells("CALL_ESTABLISHED", 5.0);
    pass(12.0);
    caller.hang_up();
    let call = site.ended_call(5.0);
    let number = call["recording"]["replay_number"].as_u64().expect("a finished recording has a number");
    assert_eq!(number, 1_000, "the first");

    supervisor.dial(&format!("*9{number}"));
    supervisor.tells("CALL_ESTABLISHED", 5.0);
    // Six seconds of both; then from the beginning again, but for the caller's side alone.
    pass(6.0);
    supervisor.press(&site, 30, "15");
    pass(5.0);
    supervisor.press(&site, 30, "2");
    pass(2.0);
    supervisor.hang_up();
    pass(1.0);
    let heard = supervisor.heard();
    let piece = |from, to| {
        let sound = cut(&heard, from, to);
        (tone_level(sound, CALLER), tone_level(sound, AGENT), level(sound))
    };
    let (both, left, pause) = (piece(3.5, 5.5), piece(8.0, 10.5), piece(12.5, 13.5));
    println!("both {both:.1?}  left {left:.1?}  pause {pause:.1?}  (dBov of {CALLER} Hz, {AGENT} Hz, all)");
    assert!(both.0 > HEARD && both.1 > HEARD, "both sides");
    assert!(left.0 > HEARD && left.1 < NOT_HEARD, "the caller alone");
    assert!(pause.2 < NOT_HEARD, "nothing in a pause");

    let replay = site.ended_call(5.0);
    assert_eq!((text(&replay["called"]), replay["recording"].is_null()), (format!("*9{number}").as_str(), true));
    let audit = site.get(&format!("/api/v1/audit?subject={}", text(&call["id"])));
    let entries = audit["items"].as_array().expect("a list");
    let played: Vec<_> = entries.iter().filter(|entry| entry["action"] == "recording.replayed").collect();
    assert_eq!(played.len(), 1, "{audit:#}");
    assert_eq!((text(&played[0]["who"]), text(&played[0]["remote"])), ("wang-supervisor", "phone 1000"));

    // Who is not known to have his phone hears a refusal, and no tone of it.
    caller.dial(&format!("*9{number}"));
    site.until("the refusal is over", 10.0, |site| site.newest_call().is_some_and(|call| call["outcome"] == "refused"));
    let refused = caller.heard();
    assert!(level(&refused) > -40.0 && tone_level(&refused, CALLER) < NOT_HEARD, "words, not the recording");
}
