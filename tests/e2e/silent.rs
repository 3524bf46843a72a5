//! The silent call: who says nothing is asked twice and released; who speaks is left in peace.

use crate::ear::{Ear, Heard, Mouth};
use crate::harness::{Site, text, until};
use crate::sipp::Sipp;
use crate::sound::{find, parse_wav, prompt, seconds, speech};

/// Where in what was heard a prompt begins and ends.
fn place(name: &str, heard: &[i16], from: f64, to: f64) -> (f64, f64) {
    let prompt = prompt(name);
    let found = find(&prompt, heard, from, to);
    assert!(found.likeness > 0.7, "{name} is heard between {from} s and {to} s: {found:?}");
    (found.at, found.at + seconds(&prompt))
}

#[test]
fn a_silent_caller_is_asked_twice_and_released_and_one_who_speaks_is_not() {
    let site = Site::start(&[]);
    let ears: Vec<Ear> = (0..4).map(|n| Ear::open(site.port(40 + 2 * n), Mouth::Says(Vec::new()))).collect();
    // One sentence, five seconds after the switch was first heard: in the midst of the first wait.
    ears[3].say(Mouth::Says(speech(5.0, 6.0)));
    Sipp::register(&site, "1001", 10, &[]);
    Sipp::register(&site, "1002", 11, &[]);
    let mut first = Sipp::agent(&site, "agent", 10, &ears[0], 500, &[]);
    let mut second = Sipp::agent(&site, "agent", 11, &ears[1], 500, &[]);
    let mut silent = Sipp::caller(&site, "caller-stays", 12, "13800138000", &ears[2], &[]);
    let mut speaks = Sipp::caller(&site, "caller", 13, "13900139000", &ears[3], &["-d", "26000"]);
    silent.done(45.0);
    speaks.done(15.0);
    first.done(5.0);
    second.done(5.0);

    let calls = site.get("/api/v1/calls");
    let call_of = |caller: &str| calls["items"].as_array().expect("a list").iter().find(|call| call["caller"] == caller).expect("his call");
    let (call, spoken) = (call_of("13800138000"), call_of("13900139000"));
    assert_eq!((text(&call["outcome"]), text(&call["released_by"])), ("silent", "switch"));

    let heard: Heard = ears[2].heard();
    let greeting = place("agent_greeting_suffix", &heard.samples, 0.0, 8.0);
    let ask = place("silent_ask", &heard.samples, greeting.1 + 4.0, greeting.1 + 6.0);
    let farewell = place("silent_farewell", &heard.samples, ask.1 + 4.0, ask.1 + 6.0);
    let bye = silent.saw("BYE", 0.0).at;
    let waits = [ask.0 - greeting.1, farewell.0 - ask.1, heard.second_at(bye) - farewell.1];
    println!("silent call: waits of {waits:.3?} s in what the caller heard, greeting to ask, ask to farewell, farewell to BYE");
    assert!(waits.iter().all(|wait| (wait - 5.0).abs() < 0.25), "{waits:?}");
    assert!(heard.sources == 1 && heard.worst_jitter < 0.1, "{} sources, {:.3} s", heard.sources, heard.worst_jitter);
    let agents_bye =
        [&first, &second].iter().filter_map(|agent| agent.find("BYE")).map(|seen| (seen.at - bye).abs()).fold(f64::MAX, f64::min);
    assert!(agents_bye < 0.1, "both legs are released at once: {agents_bye:.3} s apart");

    // The switch's voice is in the right channel, at its place in the call.
    let recorded = until(3.0, || site.get_bytes(&format!("/api/v1/calls/{}/recording", text(&call["id"]))).1.into());
    let channels = parse_wav(&recorded.unwrap_or_default());
    let (at, _) = place("silent_ask", &channels[1], greeting.1 + 3.0, greeting.1 + 7.0);
    assert!((at - ask.0).abs() < 0.2, "in the file at {at:.3} s, heard at {:.3} s", ask.0);
    let steps = |call| site.events(call).iter().filter(|(name, ..)| name == "silent_call.step").count();
    assert_eq!((steps(call), steps(spoken)), (2, 0));

    assert_eq!((text(&spoken["outcome"]), text(&spoken["released_by"])), ("answered", "caller"));
    let heard = ears[3].heard();
    let asked = find(&prompt("silent_ask"), &heard.samples, 4.0, 15.0);
    assert!(asked.likeness < 0.7, "who speaks is not asked: {asked:?}");
}
