//! Card data: the recording is silent while it is paused, on both sides and no longer, the parties hear each other all the while, and of keys
//! nothing is kept but when they were pressed.

use crate::people::Way;
use crate::sound::{Heard, Sound};
use crate::story::CALLER;
use crate::world::World;
use sanling::base::time::{millis, secs};
use sanling::base::{CallId, Duration, Instant};
use sanling::call::record::{KEY_HIDDEN, PauseEnding};
use sanling::media::control::Channel;
use sanling::switch::input::Command;
use sanling::switch::output::{Detail, Reply};

const BOTH: [Channel; 2] = [Channel::Left, Channel::Right];
/// Below this nothing is said, dBov; digital silence is far below.
const SILENT: f32 = -90.0;
const LOUD: f32 = -40.0;

/// Caller and agent talk, both of them.
fn talking() -> World {
    World::talking("1001", Sound::Speech, Sound::Speech)
}

/// In the recording, of a moment in the story.
fn place(world: &World, call: CallId, at: Instant) -> Duration {
    let answered = world.records[&call].answered_at.expect("answered");
    millis(u64::try_from(world.wall(at).0 - answered.0).expect("after the answer"))
}

/// The recording of `call` is silent from `from` to `to` but for one packet at the beginning, and loud before and behind, on these sides.
#[track_caller]
fn expect_filled(world: &World, call: CallId, (from, to): (Instant, Instant), sides: &[Channel]) {
    let (from, to) = (place(world, call, from), place(world, call, to));
    let take = &world.disk.takes[&call];
    for side in sides {
        let level = |from: Duration, to: Duration| take.level(*side, from, to - from);
        let filled = level(from + millis(20), to);
        let (before, behind) = (level(from - millis(500), from), level(to + millis(40), to + millis(540)));
        assert!(filled < SILENT, "{side:?}: {filled} dBov from {from:?} to {to:?}");
        assert!(before > LOUD && behind > LOUD, "{side:?}: {before} dBov before, {behind} behind");
    }
}

fn keys(world: &World, call: CallId) -> String {
    world.records[&call].keys.iter().map(|key| key.key).collect()
}

/// That these digits stand one after the other in nothing that is kept or told.
#[track_caller]
fn expect_not_kept(world: &World, digits: &str) {
    let all = format!("{:?} {:?} {:?}", world.events, world.records, world.intervals);
    assert!(!all.contains(digits), "in events or records");
    for (part, image) in &world.kept {
        assert!(!image.windows(digits.len()).any(|window| window == digits.as_bytes()), "in the image of {part}");
    }
}

#[test]
fn what_is_said_and_keyed_in_a_pause_is_not_on_record_and_all_else_is() {
    let mut world = talking();
    let call = world.record().id;
    world.presses("1001", "*8#").after(millis(600)).expect_hears("1001", Heard::Clip("recording_paused"));
    let (began, event) = world.events_named("recording.paused").next().cloned().expect("told");
    assert_eq!(event.detail, [("by", Detail::Text("1001".into())), ("why", Detail::Text("card data".into()))]);
    world.after(secs(1));
    // They hear each other as if nothing were.
    world.expect_hears(CALLER, Heard::Voice).expect_hears("1001", Heard::Voice);
    world.presses(CALLER, "4111222233334444").after(secs(4)).expect_hears("1001", Heard::Voice);
    assert!(world.records[&call].pauses[0].ended_at.is_none());
    expect_not_kept(&world, "41112222");
    world.presses("1001", "*8#").after(millis(600)).expect_hears("1001", Heard::Clip("recording_resumed"));
    let ended = world.events_named("recording.resumed").next().expect("told").0;
    world.after(secs(1)).presses(CALLER, "57").after(secs(3)).hangs_up(CALLER).after(secs(1));
    expect_filled(&world, call, (began, ended), &BOTH);
    let record = &world.records[&call];
    let pause = &record.pauses[0];
    assert_eq!((record.pauses.len(), pause.by.as_str(), pause.why.as_str(), pause.ending), (1, "1001", "card data", PauseEnding::Resumed));
    assert_eq!((pause.started_at, pause.ended_at), (world.wall(began), Some(world.wall(ended))));
    assert_eq!(pause.ended_by.as_deref(), Some("1001"));
    // The code itself began before the pause, and ended in it.
    assert_eq!(keys(&world, call), format!("*8#{}57", KEY_HIDDEN.to_string().repeat(16 + 3)));
    assert!(record.keys.iter().filter(|key| key.agent.is_none()).count() == 18);
    expect_not_kept(&world, "41112222");
    world.ends_well();
}

#[test]
fn a_call_without_a_pause_is_recorded_throughout_and_its_keys_are_known() {
    let mut world = talking();
    let call = world.record().id;
    world.presses(CALLER, "4111").after(secs(6)).hangs_up(CALLER).after(secs(1));
    let take = &world.disk.takes[&call];
    let long = world.records[&call].recording.as_ref().expect("recorded").duration;
    // From the end of the greeting on.
    for second in 5..long.as_secs() {
        assert!(take.level(Channel::Right, secs(second), secs(1)) > LOUD, "{second}");
    }
    assert_eq!((keys(&world, call).as_str(), world.records[&call].pauses.len()), ("4111", 0));
    world.ends_well();
}

#[test]
fn keys_of_customers_are_hidden_in_all_calls_where_it_says_so() {
    let mut world = World::story_with(&[], &["rules.card_data.keys=\"always-hidden\""]);
    world.agents_come(&["1001"]).agent_answers("1001", secs(1)).caller_dials("95000").after(secs(5)).expect_up("1001");
    let call = world.record().id;
    world.presses(CALLER, "12").after(secs(1)).presses("1001", "*15").after(secs(1)).hangs_up(CALLER).after(secs(1));
    assert_eq!(keys(&world, call), "••*15");
    world.expect_agent("1001", "not-ready", Some("meeting")).ends_well();
}

#[test]
fn who_forgets_it_is_told_that_the_recording_goes_on() {
    let mut world = World::story_with(&[("[rules.card_data]\nmax = \"2m\"", "[rules.card_data]\nmax = \"20s\"")], &[]);
    world.agents_come(&["1001"]).agent_answers("1001", secs(1)).habit("1001", |habit| habit.sound = Sound::Speech);
    world.caller_dials("95000").says(CALLER, Sound::Speech).after(secs(5)).expect_up("1001");
    let call = world.record().id;
    world.presses("1001", "*8#").after(millis(500));
    let began = world.events_named("recording.paused").next().expect("told").0;
    world.run_until(began + millis(19_990));
    assert_eq!(world.events_named("recording.resumed").count(), 0);
    world.after(millis(500)).expect_hears("1001", Heard::Clip("recording_resumed")).expect_hears(CALLER, Heard::Voice);
    let (ended, event) = world.events_named("recording.resumed").next().cloned().expect("told");
    assert_eq!((ended - began, &event.detail[0]), (secs(20), &("how", Detail::Text("timed-out".into()))));
    world.after(secs(3)).hangs_up(CALLER).after(secs(1));
    expect_filled(&world, call, (began, ended), &BOTH);
    assert_eq!(world.records[&call].pauses[0].ending, PauseEnding::TimedOut);
    world.ends_well();
}

#[test]
fn a_program_pauses_by_the_same_rules() {
    let mut world = talking();
    let call = world.record().id;
    let pause = |world: &mut World| world.command(Command::PauseRecording { call, by: "crm".into(), why: "renewal".into() });
    let resume = |world: &mut World| world.command(Command::ResumeRecording { call, by: "boss".into() });
    assert!(matches!(resume(&mut world), Reply::Refused(why) if why.contains("not paused")));
    let began = world.now;
    assert_eq!(pause(&mut world), Reply::Done);
    assert!(matches!(pause(&mut world), Reply::Refused(why) if why.contains("already")));
    world.after(secs(3));
    let ended = world.now;
    assert_eq!(resume(&mut world), Reply::Done);
    world.after(secs(2)).hangs_up(CALLER).after(secs(1));
    expect_filled(&world, call, (began, ended), &BOTH);
    let pause_record = &world.records[&call].pauses[0];
    assert_eq!((pause_record.by.as_str(), pause_record.why.as_str(), pause_record.ended_by.as_deref()), ("crm", "renewal", Some("boss")));
    assert_eq!(pause(&mut world), Reply::UnknownCall);
    world.ends_well();
}

#[test]
fn nobody_pauses_a_call_in_which_nobody_speaks() {
    let mut world = World::with_agents(&["1001"]);
    world.agent_ignores("1001").caller_dials("95000").after(secs(2));
    let call = world.snapshot().calls[0].record.id;
    let refused = world.command(Command::PauseRecording { call, by: "crm".into(), why: "x".into() });
    assert!(matches!(refused, Reply::Refused(_)), "{refused:?}");
    // And a customer's keys are no agent's.
    world.agent_answers("1001", secs(1)).after(secs(40));
    world.presses(CALLER, "*8#").after(secs(1));
    assert_eq!(world.events_named("recording.paused").count(), 0);
    world.ends_well();
}

#[test]
fn a_caller_who_hangs_up_in_a_pause_ends_it_with_the_call() {
    let mut world = talking();
    let call = world.record().id;
    world.presses("1001", "*8#").after(secs(3)).hangs_up(CALLER).after(secs(1));
    let record = &world.records[&call];
    assert_eq!((record.pauses[0].ending, record.pauses[0].ended_at), (PauseEnding::Released, record.released_at));
    let take = &world.disk.takes[&call];
    let recorded = record.recording.as_ref().expect("recorded").duration;
    // The file is as long as the call, and ends in silence.
    for side in BOTH {
        assert!(take.level(side, recorded - millis(2_500), millis(2_500)) < SILENT);
    }
    assert_eq!(world.events_named("recording.resumed").next().expect("told").1.detail[0], ("how", Detail::Text("released".into())));
    // The next call is none of it.
    world.caller_dials("95000").says(CALLER, Sound::Speech).after(secs(6)).hangs_up(CALLER).after(secs(1));
    let next = world.record();
    assert!(next.id != call && next.pauses.is_empty());
    assert!(world.disk.takes[&next.id].level(Channel::Left, secs(2), secs(2)) > LOUD);
    world.ends_well();
}

#[test]
fn an_agent_who_leaves_the_caller_alone_ends_it() {
    let mut world = talking();
    let call = world.record().id;
    world.presses("1001", "*8#").after(secs(3)).hangs_up("1001").after(secs(1)).expect_up(CALLER);
    assert_eq!(world.records[&call].pauses[0].ending, PauseEnding::AgentLeft);
    // His answer to the survey, or what the switch says to him, is on record again.
    world.after(secs(3));
    let heard = world.disk.takes[&call].level(Channel::Left, place(&world, call, world.now) - secs(2), secs(2));
    assert!(heard > LOUD, "{heard}");
    world.ends_well();
}

#[test]
fn a_pause_outlasts_hold_and_retrieve() {
    let mut world = talking();
    let call = world.record().id;
    world.presses("1001", "*8#").after(secs(1));
    let began = world.events_named("recording.paused").next().expect("told").0;
    // Nine seconds of music and a word of patience: nothing of it is on record either.
    world.holds("1001", Way::SendOnly).after(secs(9)).retrieves("1001").after(secs(1)).presses(CALLER, "98765").after(secs(1));
    world.presses("1001", "*8#").after(millis(500));
    let ended = world.events_named("recording.resumed").next().expect("told").0;
    world.after(secs(2)).hangs_up(CALLER).after(secs(1));
    expect_filled(&world, call, (began, ended), &BOTH);
    assert_eq!(world.records[&call].holds.len(), 1);
    expect_not_kept(&world, "98765");
    world.ends_well();
}

#[test]
fn a_pause_begun_on_hold_is_one_when_it_is_over() {
    let mut world = talking();
    let call = world.record().id;
    world.presses("1001", "*760#").after(secs(5)).presses("1001", "*8#").after(secs(3));
    let began = world.events_named("recording.paused").next().expect("told").0;
    world.presses("1001", "*6#").after(secs(3)).expect_hears(CALLER, Heard::Voice);
    world.presses("1001", "*8#").after(millis(500));
    let ended = world.events_named("recording.resumed").next().expect("told").0;
    world.after(secs(2)).hangs_up(CALLER).after(secs(1));
    let (from, to) = (place(&world, call, began), place(&world, call, ended));
    for side in BOTH {
        assert!(world.disk.takes[&call].level(side, from + millis(20), to - from - millis(20)) < SILENT, "{side:?}");
    }
    world.ends_well();
}

#[test]
fn a_transfer_takes_the_pause_along() {
    let mut world = talking();
    let call = world.record().id;
    world.agents_come(&["1002"]).agent_answers("1002", secs(2)).habit("1002", |habit| habit.sound = Sound::Speech);
    world.presses("1001", "*8#").after(secs(1));
    let began = world.events_named("recording.paused").next().expect("told").0;
    world.presses("1001", "*31002#").after(secs(6)).expect_up("1002").expect_hears("1002", Heard::Voice);
    world.presses(CALLER, "424242").after(secs(2));
    assert_eq!(world.events_named("recording.resumed").count(), 0, "whom it went to has it to end");
    world.presses("1002", "*8#").after(millis(600)).expect_hears("1002", Heard::Clip("recording_resumed"));
    let ended = world.events_named("recording.resumed").next().expect("told").0;
    world.after(secs(2)).hangs_up(CALLER).after(secs(1));
    expect_filled(&world, call, (began, ended), &BOTH);
    let pause = &world.records[&call].pauses[0];
    assert_eq!((pause.by.as_str(), pause.ended_by.as_deref()), ("1001", Some("1002")));
    expect_not_kept(&world, "424242");
    world.ends_well();
}

#[test]
fn a_pause_is_a_pause_after_a_crash_and_ends_when_it_would_have() {
    for forgets in [false, true] {
        let mut world = talking();
        let call = world.record().id;
        world.presses("1001", "*8#").after(secs(3));
        let began = world.events_named("recording.paused").next().expect("told").0;
        world.crash(secs(1)).after(secs(2)).expect_up(CALLER).expect_up("1001");
        world.presses(CALLER, "40005000").after(secs(3)).expect_hears("1001", Heard::Voice);
        expect_not_kept(&world, "40005000");
        if forgets {
            world.run_until(began + secs(120) + millis(500));
        } else {
            world.presses("1001", "*8#").after(millis(600));
        }
        let (ended, event) = world.events_named("recording.resumed").next().cloned().expect("told");
        let how = if forgets { "timed-out" } else { "resumed" };
        assert_eq!(event.detail[0], ("how", Detail::Text(how.into())));
        assert!(!forgets || ended - began == secs(120), "{:?}", ended - began);
        world.after(secs(2)).hangs_up(CALLER).after(secs(1));
        // What the crash lost of the file was silence and the second before it at most.
        let (from, to) = (place(&world, call, began), place(&world, call, ended));
        for side in BOTH {
            assert!(world.disk.takes[&call].level(side, from + millis(20), to - from - millis(20)) < SILENT, "{side:?}");
            assert!(world.disk.takes[&call].level(side, to + millis(40), secs(1)) > LOUD, "{side:?}");
        }
        world.ends_well();
    }
}

#[test]
fn late_packets_of_a_pause_are_not_on_record() {
    let mut world = talking();
    let call = world.record().id;
    world.net.rtp.least_ms = 30;
    world.net.rtp.delay_ms = 60;
    world.after(secs(3)).presses("1001", "*8#").after(secs(3));
    let began = world.events_named("recording.paused").next().expect("told").0;
    world.presses("1001", "*8#").after(millis(700));
    let ended = world.events_named("recording.resumed").next().expect("told").0;
    world.after(secs(2)).hangs_up(CALLER).after(secs(1));
    let (from, to) = (place(&world, call, began), place(&world, call, ended));
    for side in BOTH {
        let level = world.disk.takes[&call].level(side, from + millis(80), to - from - millis(80));
        assert!(level < SILENT, "{side:?}: {level}");
    }
    world.ends_well();
}
