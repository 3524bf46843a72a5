//! Phones that understand whether they are recorded (RFC 7866 §6.3) are told so, in the answer and whenever it changes; others see no line of it.
//! What a phone would rather have is told, and changes nothing.

use crate::people::Way;
use crate::sound::Sound;
use crate::story::CALLER;
use crate::world::World;
use sanling::base::time::{millis, secs};
use sanling::call::record::RecordingState;
use sanling::switch::input::Command;
use sanling::switch::output::{Detail, Reply};

fn house(aware: &[&str]) -> World {
    let mut world = World::story_with(&[], &[]);
    world.add_phone(CALLER, "127.0.2.9:5060", None);
    world.agents_come(&["1001", "1002"]).agent_answers("1001", secs(1)).agent_answers("1002", secs(1));
    for name in aware {
        world.phone_mut(name).is_record_aware = true;
    }
    world
}

fn talking(aware: &[&str]) -> World {
    let mut world = house(aware);
    world.caller_dials("95000").says(CALLER, Sound::Speech).after(millis(1_000 + crate::sound::GREETING_MS + 500));
    world.expect_up(CALLER).expect_up("1001");
    world
}

/// What it was told, without repetitions; each in a description of its own.
#[track_caller]
fn told(world: &World, name: &str) -> Vec<String> {
    let all = &world.phone(name).told_of_recording;
    assert!(all.windows(2).all(|pair| pair[0].2 < pair[1].2 || pair[0].1 == pair[1].1 && pair[0].2 == pair[1].2), "{name}: {all:?}");
    let mut words: Vec<String> = all.iter().map(|(_, word, _)| word.clone()).collect();
    words.dedup();
    words
}

#[test]
fn a_caller_who_understands_it_is_told_with_the_answer_and_an_agents_phone_at_once_after_its_own() {
    let mut world = talking(&[CALLER, "1001"]);
    assert_eq!((told(&world, CALLER), told(&world, "1001")), (vec!["on".to_owned()], vec!["on".to_owned()]));
    let (at, _, _) = world.phone(CALLER).told_of_recording[0];
    assert_eq!(Some(at), world.leg(CALLER).up_at, "with the 200");
    world.expect_conversation(CALLER, "1001").hangs_up(CALLER).after(secs(1));
    assert_eq!(world.ends_well().recording.map(|recording| recording.state), Some(RecordingState::Complete));
}

#[test]
fn who_does_not_understand_it_gets_no_line_of_it_and_no_further_description() {
    let mut world = talking(&["1001"]);
    world.presses("1001", "*8#").after(secs(2)).presses("1001", "*8#").after(secs(2));
    assert!(told(&world, CALLER).is_empty());
    assert_eq!(told(&world, "1001"), ["on", "paused", "on"]);
    world.hangs_up(CALLER).after(secs(1)).ends_well();
}

#[test]
fn a_pause_is_told_and_its_end_and_both_go_on_hearing_each_other() {
    let mut world = talking(&[CALLER, "1001"]);
    world.presses("1001", "*8#").after(secs(3));
    let (paused, _) = world.events_named("recording.paused").next().expect("told").clone();
    for name in [CALLER, "1001"] {
        assert_eq!(told(&world, name), ["on", "paused"], "{name}");
        let (at, _, _) = world.phone(name).told_of_recording.last().expect("told").clone();
        assert!(at - paused < millis(100), "{name}: at {at:?}, paused at {paused:?}");
    }
    world.says(CALLER, Sound::Speech).says("1001", Sound::Speech).after(secs(2)).expect_conversation(CALLER, "1001");
    world.presses("1001", "*8#").after(secs(2));
    for name in [CALLER, "1001"] {
        assert_eq!(told(&world, name), ["on", "paused", "on"], "{name}");
    }
    world.hangs_up(CALLER).after(secs(1)).ends_well();
}

#[test]
fn a_hold_is_not_ended_by_it_and_who_takes_over_is_told_too() {
    let mut world = talking(&[CALLER, "1001", "1002"]);
    world.holds("1001", Way::SendOnly).after(secs(1));
    let call = world.record().id;
    let (by, why) = ("supervisor".to_owned(), "a card".to_owned());
    assert_eq!(world.command(Command::PauseRecording { call, by: by.clone(), why }), Reply::Done);
    world.after(secs(2));
    assert!(world.events_named("call.retrieved").next().is_none(), "told of the pause, he holds still");
    assert_eq!(told(&world, "1001"), ["on", "paused"]);
    assert_eq!(world.command(Command::ResumeRecording { call, by }), Reply::Done);
    world.after(secs(1)).retrieves("1001").after(secs(1));
    assert_eq!(world.events_named("call.retrieved").count(), 1);
    world.refers("1001", "1002").after(secs(3)).expect_up("1002");
    assert_eq!(told(&world, "1002"), ["on"]);
    world.expect_conversation(CALLER, "1002").hangs_up(CALLER).after(secs(1)).ends_well();
}

#[test]
fn a_restart_forgets_nothing_of_it() {
    let mut world = talking(&[CALLER, "1001"]);
    world.says(CALLER, Sound::Speech).after(secs(2)).crash(secs(1)).after(secs(6));
    world.presses("1001", "*8#").after(secs(3));
    assert_eq!(
        (told(&world, CALLER), told(&world, "1001")),
        (vec!["on".to_owned(), "paused".to_owned()], vec!["on".to_owned(), "paused".to_owned()])
    );
    world.hangs_up(CALLER).after(secs(1)).ends_well();
}

#[test]
fn what_a_phone_would_have_is_told_once_and_the_call_is_recorded_as_it_is_configured() {
    let mut world = house(&[CALLER]);
    world.phone_mut(CALLER).prefers = "a=recordpref:off\r\n".to_owned();
    world.phone_mut("1001").prefers = "a=recordpref:nosuch\r\n".to_owned();
    world.caller_dials("95000").says(CALLER, Sound::Speech).after(secs(5)).expect_up(CALLER);
    world.holds(CALLER, Way::SendOnly).after(secs(1)).retrieves(CALLER).after(secs(1));
    let preferred: Vec<_> = world.events_named("recording.preferred").map(|(_, event)| event.detail.clone()).collect();
    let text = |text: &str| Detail::Text(text.to_owned());
    assert_eq!(preferred, [vec![("by", text("caller")), ("preference", text("off"))]]);
    assert_eq!(told(&world, CALLER), ["on"]);
    world.hangs_up(CALLER).after(secs(1));
    assert_eq!(world.ends_well().recording.map(|recording| recording.state), Some(RecordingState::Complete));
}
