//! Seven seconds on hold: the held caller hears music, and is reassured before he thinks himself forgotten.

use crate::ear::{Ear, Mouth};
use crate::harness::{Site, text};
use crate::sipp::Sipp;
use crate::sound::{cut, find, level, prompt, read_wav, speech, tone_level};

#[test]
fn a_held_caller_hears_music_and_is_reassured_every_seven_seconds() {
    let site = Site::start(&[]);
    let (ear, caller_ear) = (Ear::open(site.port(40), Mouth::Tone(1_000.0)), Ear::open(site.port(42), Mouth::Says(speech(0.5, 60.0))));
    Sipp::register(&site, "1001", 10, &[]);
    let mut agent = Sipp::agent(&site, "agent-holds", 10, &ear, 500, &["-set", "holds_for", "16500"]);
    let mut caller = Sipp::caller(&site, "caller", 12, "13800138000", &caller_ear, &["-d", "24000"]);
    caller.done(40.0);
    agent.done(5.0);

    let invites: Vec<_> = agent.seen().into_iter().filter(|seen| seen.sent && seen.first_line().starts_with("INVITE")).collect();
    let [hold, retrieve] = invites.as_slice() else { panic!("two re-INVITEs, not {invites:#?}") };
    let heard = caller_ear.heard();
    let (held_at, retrieved_at) = (heard.second_at(hold.at), heard.second_at(retrieve.at));
    let patience = prompt("patience");
    println!("held {held_at:.3} s into what the caller heard, retrieved at {retrieved_at:.3} s");
    for wanted in [7.0, 14.0] {
        let found = find(&patience, &heard.samples, held_at + wanted - 1.0, held_at + wanted + 1.0);
        println!("the patience prompt began {:.3} s after the hold (likeness {:.2})", found.at - held_at, found.likeness);
        assert!(found.likeness > 0.7, "the prompt is heard: {found:?}");
        assert!((found.at - held_at - wanted).abs() < 0.1, "at {wanted} s: {:.3}", found.at - held_at);
    }
    // Once more would be one too many.
    let elsewhere =
        [find(&patience, &heard.samples, held_at + 0.5, held_at + 5.0), find(&patience, &heard.samples, held_at + 9.5, held_at + 12.5)];
    assert!(elsewhere.iter().all(|found| found.likeness < 0.7), "{elsewhere:?}");

    let music = read_wav(&crate::sound::in_tree("config/prompts/music/hold.wav")).remove(0);
    let between = cut(&heard.samples, held_at + 1.0, held_at + 6.5);
    assert!(level(between) > -45.0, "music while he waits: {:.1} dBov", level(between));
    let found = find(between, &music, 0.0, 60.0);
    assert!(found.likeness > 0.7, "the house's music: {found:?}");
    // His agent's tone comes before the hold and after it, and not in it.
    let tone = |from: f64, to: f64| tone_level(cut(&heard.samples, from, to), 1_000.0);
    let (before, meanwhile, after) =
        (tone(held_at - 0.6, held_at - 0.1), tone(held_at + 1.0, held_at + 6.5), tone(retrieved_at + 0.5, retrieved_at + 2.0));
    println!("the agent's tone: before {before:.1}, on hold {meanwhile:.1}, after {after:.1} dBov");
    assert!((before + 23.0).abs() < 1.5 && meanwhile < -40.0 && (after + 23.0).abs() < 1.5);
    // RFC 3550: to the caller it is one source all the time, whoever is heard.
    assert_eq!((heard.sources, heard.lost), (1, 0), "one stream without a gap");
    assert!(heard.worst_jitter < 0.1, "packets in time: {:.3} s", heard.worst_jitter);

    let call = site.ended_call(5.0);
    let holds = call["holds"].as_array().expect("a list");
    assert_eq!((holds.len(), text(&holds[0]["by"]), holds[0]["reassured"].as_u64()), (1, "agent", Some(2)));
    let told: Vec<f64> =
        site.events(&call).iter().filter(|(name, ..)| name == "hold.patience_exceeded").map(|(_, at, _)| at - hold.at).collect();
    println!("hold.patience_exceeded {told:.3?} s after the hold");
    assert!(told.len() == 2 && (told[0] - 7.0).abs() < 0.1 && (told[1] - 14.0).abs() < 0.1, "{told:?}");
}
