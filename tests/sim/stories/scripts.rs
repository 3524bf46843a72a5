//! The scripts of service: begun by the agent's keys or by the API, carried on without him, ended when they are not needed.

use crate::phones::Saw;
use crate::sound::Sound;
use crate::story::CALLER;
use crate::world::World;
use sanling::base::time::{millis, secs};
use sanling::call::record::{BegunBy, Outcome, ReleasedBy, ScriptEnding};
use sanling::switch::input::Command;
use sanling::switch::output::Reply;

#[test]
fn a_faint_caller_is_asked_twice_told_goodbye_and_released_whatever_he_mumbles() {
    let mut world = World::talking("1001", Sound::Speech, Sound::Silence);
    world.presses("1001", "**2").after(millis(600));
    let from = world.events_named("script.began").next().expect("begun").0;
    world.after(secs(30)).expect_ended(CALLER).expect_ended("1001");
    world.expect_clip(CALLER, "low_volume_ask", from, &[secs(0), millis(6_480)]);
    world.expect_clip(CALLER, "low_volume_farewell", from, &[millis(12_960)]);
    assert!(world.times_of("1001", "low_volume_ask", from).is_empty(), "the agent is spared the script");
    world.expect_saw(CALLER, |saw| matches!(saw, Saw::Bye { reason: Some(_) }));
    let record = world.ends_well();
    assert_eq!((record.outcome, record.released_by), (Some(Outcome::Scripted), Some(ReleasedBy::Switch)));
    let [script] = &record.scripts[..] else { panic!("{:?}", record.scripts) };
    assert_eq!((script.script.as_str(), script.begun_by, script.said, script.ending), ("faint", BegunBy::Agent, 3, ScriptEnding::Released));
    assert!(script.ended_at.is_some());
}

#[test]
fn a_script_that_helped_is_ended_by_the_agent_and_the_call_goes_on() {
    let mut world = World::talking("1001", Sound::Speech, Sound::Silence);
    world.presses("1001", "**2").after(secs(4)).presses("1001", "**#").after(secs(40));
    world.expect_up(CALLER).expect_up("1001").expect_conversation(CALLER, "1001");
    let record = world.ends_well();
    assert_eq!(record.scripts[0].ending, ScriptEnding::Helped);
    assert_eq!(record.scripts[0].said, 1);
    assert_eq!(record.outcome, Some(Outcome::Answered));
}

#[test]
fn a_silent_caller_who_speaks_ends_the_silent_script_and_no_other() {
    for (code, ends) in [("**1", true), ("**3", false)] {
        let mut world = World::talking("1001", Sound::Silence, Sound::Silence);
        world.presses("1001", code).after(secs(4)).says(CALLER, Sound::Speech).after(secs(30));
        if ends {
            world.expect_up(CALLER).expect_up("1001");
        } else {
            world.expect_ended(CALLER).expect_ended("1001");
        }
        let record = world.ends_well();
        assert_eq!(record.scripts[0].ending, if ends { ScriptEnding::Helped } else { ScriptEnding::Released }, "{code}");
    }
}

#[test]
fn the_agents_speech_makes_the_script_wait() {
    let mut world = World::talking("1001", Sound::Speech, Sound::Silence);
    world.presses("1001", "**2").after(secs(3)).says("1001", Sound::Speech).after(secs(30)).expect_up(CALLER);
    assert_eq!(world.events_named("script.step").count(), 1);
    world.says("1001", Sound::Silence).after(secs(6));
    assert_eq!(world.events_named("script.step").count(), 2);
    world.ends_well();
}

#[test]
fn an_agent_who_hangs_up_inside_a_script_leaves_it_to_the_switch() {
    let mut world = World::talking("1001", Sound::Speech, Sound::Silence);
    world.presses("1001", "**3").after(secs(3)).hangs_up("1001").after(secs(1)).expect_ended("1001").expect_up(CALLER);
    world.expect_agent("1001", "ready", None);
    let from = world.now;
    world.after(secs(30)).expect_ended(CALLER);
    assert_eq!(world.times_of(CALLER, "noise_farewell", from).len(), 1);
    assert!(world.times_of(CALLER, "goodbye", from).is_empty(), "one farewell is enough");
    let record = world.ends_well();
    assert_eq!((record.hung_up_first, record.outcome), (Some(ReleasedBy::Agent), Some(Outcome::Scripted)));
}

#[test]
fn an_agent_who_hangs_up_on_a_silent_caller_leaves_him_to_the_silent_call() {
    let mut world = World::talking("1001", Sound::Silence, Sound::Silence);
    let from = world.now;
    world.hangs_up("1001").after(secs(1)).expect_up(CALLER).after(secs(30)).expect_ended(CALLER);
    assert_eq!(world.times_of(CALLER, "silent_ask", from).len(), 1);
    assert_eq!(world.times_of(CALLER, "silent_farewell", from).len(), 1);
    let record = world.ends_well();
    assert_eq!((record.hung_up_first, record.outcome), (Some(ReleasedBy::Agent), Some(Outcome::Silent)));
}

#[test]
fn a_silent_caller_without_an_agent_who_speaks_at_last_is_told_goodbye() {
    let mut world = World::talking("1001", Sound::Silence, Sound::Silence);
    world.hangs_up("1001").after(secs(1)).says(CALLER, Sound::Speech).after(secs(2));
    let heard = world.times_of(CALLER, "goodbye", sanling::base::Instant::START);
    assert_eq!(heard.len(), 1);
    assert_eq!(world.ends_well().outcome, Some(Outcome::Answered));
}

#[test]
fn a_dialect_is_asked_about_and_never_released() {
    let mut world = World::talking("1001", Sound::Speech, Sound::Silence);
    world.presses("1001", "**4").after(secs(60)).expect_up(CALLER).expect_up("1001");
    let record = world.ends_well();
    assert_eq!((record.scripts[0].said, record.scripts[0].ending), (2, ScriptEnding::Done));
    assert_eq!(record.outcome, Some(Outcome::Answered));
}

#[test]
fn a_script_may_lead_the_caller_to_another_queue_and_frees_his_agent() {
    let dialect = "steps = [\"say:dialect_ask\", \"wait:5s\", \"say:dialect_other_person\", \"wait:5s\"]";
    let onward = "steps = [\"say:dialect_ask\", \"wait:5s\", \"queue:service\"]";
    let mut world = World::story_with(&[(dialect, onward)], &[]);
    world.agents_come(&["1001"]).agent_answers("1001", secs(1)).habit("1001", |habit| habit.sound = Sound::Silence);
    world.caller_dials("95000").says(CALLER, Sound::Speech);
    world.after(secs(6)).expect_up("1001").agents_come(&["1002"]).agent_answers("1002", secs(3));
    world.presses("1001", "**4").after(secs(9)).expect_ended("1001").expect_up(CALLER);
    world.after(secs(8)).expect_up("1002").expect_conversation(CALLER, "1002");
    let record = world.ends_well();
    assert_eq!(record.scripts[0].ending, ScriptEnding::Queued);
    assert_eq!(record.agent.as_ref().map(sanling::base::AgentId::as_str), Some("1002"));
    assert_eq!(record.offers.len(), 2);
}

#[test]
fn a_program_begins_and_ends_scripts_and_is_told_what_cannot_be() {
    let mut world = World::talking("1001", Sound::Speech, Sound::Silence);
    let call = world.record().id;
    let begin = |script: &str| Command::BeginScript { call, script: script.to_owned() };
    assert!(matches!(world.command(begin("unheard-of")), Reply::Refused(_)));
    assert!(matches!(world.command(Command::EndScript { call }), Reply::Refused(_)));
    assert!(matches!(world.command(begin("noisy")), Reply::Done));
    assert!(matches!(world.command(begin("noisy")), Reply::Done), "it goes on as it is");
    world.after(secs(3));
    assert!(matches!(world.command(begin("faint")), Reply::Done));
    world.after(secs(1));
    assert!(matches!(world.command(Command::EndScript { call }), Reply::Done));
    let record = world.ends_well();
    let endings: Vec<_> = record.scripts.iter().map(|script| (script.script.as_str(), script.begun_by, script.ending)).collect();
    assert_eq!(endings, [("noisy", BegunBy::Desk, ScriptEnding::CutShort), ("faint", BegunBy::Desk, ScriptEnding::Helped)]);
    assert!(matches!(world.command(begin("faint")), Reply::UnknownCall));
}

#[test]
fn keys_that_are_no_code_do_nothing_and_a_callers_keys_are_not_the_agents() {
    let mut world = World::talking("1001", Sound::Speech, Sound::Silence);
    world.presses("1001", "**9**0*2").after(secs(2)).presses(CALLER, "**2").after(secs(10)).expect_up(CALLER).expect_up("1001");
    assert_eq!(world.events_named("script.began").count(), 0);
    // A state's code after a script's beginning is that state's.
    world.presses("1001", "***14").after(secs(2));
    world.ends_well();
    world.expect_agent("1001", "not-ready", Some("not-ready"));
}

#[test]
fn a_caller_who_hangs_up_cuts_the_script_short() {
    let mut world = World::talking("1001", Sound::Speech, Sound::Silence);
    world.presses("1001", "**2").after(secs(3)).hangs_up(CALLER).after(secs(1)).expect_ended("1001");
    let record = world.ends_well();
    assert_eq!(record.scripts[0].ending, ScriptEnding::CutShort);
    assert_eq!((record.hung_up_first, record.outcome), (Some(ReleasedBy::Caller), Some(Outcome::Answered)));
}
