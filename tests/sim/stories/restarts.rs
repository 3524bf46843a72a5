//! kill −9: the switch dies at a moment of the story's choosing and is started again; what was going on goes on.

use crate::people::Way;
use crate::sound::{GREETING_MS, Heard, Sound};
use crate::story::CALLER;
use crate::world::World;
use sanling::base::AgentId;
use sanling::base::time::{millis, secs};
use sanling::call::record::{HeldBy, OfferOutcome, Outcome, RecordingState, ReleasedBy};
use sanling::media::control::Channel;
use sanling::switch::input::{Command, RequestedState};

fn talking() -> World {
    World::talking("1001", Sound::Speech, Sound::Speech)
}

#[test]
fn who_is_talking_goes_on_talking_and_the_recording_is_one_file_with_a_silent_gap() {
    let mut world = talking();
    world.after(secs(5)).expect_conversation(CALLER, "1001").says("1001", Sound::Speech).after(secs(2));
    let crashed = world.now;
    world.crash(millis(1_500)).after(secs(4));
    world.expect_conversation(CALLER, "1001").expect_agent("1001", "talking", None);
    world.says(CALLER, Sound::Speech).says("1001", Sound::Speech).after(secs(2));
    let before = world.record().answered_at.expect("answered").0;
    let record = world.ends_well();
    let recording = record.recording.clone().expect("recorded");
    assert_eq!((record.outcome, recording.state), (Some(Outcome::Answered), RecordingState::Complete));
    let take = &world.disk.takes[&record.id];
    let offset = |at: sanling::base::Instant| millis(u64::try_from(world.wall(at).0 - before).expect("after the answer"));
    for side in [Channel::Left, Channel::Right] {
        let level = |from, long| take.level(side, from, long);
        assert!(level(offset(crashed) - millis(2_500), secs(1)) > -40.0, "{side:?}: what was said before is on file");
        assert!(level(offset(crashed) + millis(100), millis(1_300)) < -80.0, "{side:?}: the gap is silent");
        assert!(level(offset(crashed) + millis(5_900), secs(1)) > -40.0, "{side:?}: what was said after stands where it was said");
    }
}

#[test]
fn a_held_caller_is_reassured_at_his_times_over_a_crash() {
    let mut world = talking();
    let held = world.now;
    world.holds("1001", Way::SendOnly).after(secs(9)).crash(secs(2)).after(secs(3));
    world.expect_hears(CALLER, Heard::Clip("music/hold")).after(secs(3)).retrieves("1001").after(secs(3));
    world.expect_clip(CALLER, "patience", held, &[secs(7), secs(14)]).expect_conversation(CALLER, "1001");
    assert_eq!(world.ends_well().holds.iter().map(|hold| (hold.by, hold.reassured)).collect::<Vec<_>>(), [(HeldBy::Agent, 2)]);
}

#[test]
fn a_reassurance_that_fell_due_while_the_switch_was_away_comes_with_it() {
    let mut world = talking();
    let held = world.now;
    world.holds("1001", Way::Inactive).after(millis(6_500)).crash(secs(1)).after(secs(3));
    world.expect_clip(CALLER, "patience", held, &[millis(7_500)]);
    world.ends_well();
}

#[test]
fn who_waits_keeps_his_place_before_those_who_came_later() {
    let mut world = World::with_agents(&["1001"]);
    world.agent_answers("1001", millis(500)).dials("13800000009", "95000").says("13800000009", Sound::Speech).after(secs(5));
    world.caller_dials("95000").says(CALLER, Sound::Speech).after(secs(2));
    world.dials("13800000003", "95000").says("13800000003", Sound::Speech).after(secs(20));
    world.crash(millis(1_200)).after(millis(1_600));
    let heard = [world.hears(CALLER), world.hears("13800000003")];
    assert!(heard.iter().all(|heard| matches!(heard, Heard::Clip("music/hold" | "queue_comfort"))), "{heard:?}");
    let comforted = world.events_named("queue.comforted").count();
    world.after(secs(8));
    assert!(world.events_named("queue.comforted").count() >= comforted + 2, "each hears his word of comfort again");
    world.hangs_up("13800000009").after(secs(4)).expect_agent("1001", "talking", None);
    assert_eq!(world.agent("1001").call, world.records.values().find(|record| record.caller == CALLER).map(|record| record.id));
    world.hangs_up(CALLER).after(secs(4)).expect_conversation("13800000003", "1001");
    world.ends_well();
}

#[test]
fn an_offer_that_is_written_before_its_phone_is_called_stands_after_a_crash() {
    const OTHER: &str = "13800000007";
    const NEXT: &str = "13800000009";
    let ordered = |id: &str, state| Command::SetAgentState { agent: AgentId::new(id), state, reason: None };
    let mut world = World::with_agents(&["1001", "1002", "1003"]);
    world.net.sip.least_ms = 10;
    world.command(ordered("1002", RequestedState::NotReady));
    world.command(ordered("1003", RequestedState::NotReady));
    world.agent_answers("1001", secs(1)).agent_answers("1002", secs(1)).dials(OTHER, "95000").says(OTHER, Sound::Speech).after(secs(8));
    world.caller_dials("95000").says(CALLER, Sound::Speech).after(secs(2)).dials(NEXT, "95000").says(NEXT, Sound::Speech).after(secs(20));
    world.expect_conversation(OTHER, "1001").agent_refuses("1001", 603);
    // What changes now is due to be written in 20 ms, and just then 1001 becomes free for the caller.
    world.command(ordered("1003", RequestedState::NotReady));
    world.after(millis(10)).hangs_up(OTHER).after(millis(13)).expect_agent("1001", "reserved", None).crash(secs(2)).after(millis(2_005));
    world.expect_agent("1001", "reserved", None).agent_answers("1001", secs(1));
    world.command(ordered("1002", RequestedState::Ready));
    world.after(secs(8)).expect_conversation(CALLER, "1001").expect_conversation(NEXT, "1002");
    world.hangs_up(NEXT).after(secs(1));
    world.ends_well();
}

#[test]
fn a_call_that_ends_in_the_moment_in_which_it_is_written_is_over() {
    let mut world = World::with_agents(&["1001"]);
    world.net.sip.least_ms = 10;
    // He comes at 10 ms, is due to be written at 30 ms, and at 30 ms he leaves.
    world.agent_ignores("1001").caller_dials("95000").after(millis(20)).hangs_up(CALLER).after(millis(10));
    assert_eq!(world.events_named("call.released").count(), 1);
    world.crash(millis(500)).after(secs(2));
    assert_eq!((world.snapshot().calls.len(), world.events_named("call.resumed").count()), (0, 0));
    world.expect_agent("1001", "ready", None).ends_well();
}

#[test]
fn an_agent_who_waits_in_a_queue_himself_keeps_his_place() {
    let mut world = World::with_agents(&["1001", "1002"]);
    world.dials("1001", "*14").after(secs(4)).dials("1002", "*14").after(secs(4));
    world.dials("1001", "95000").after(secs(1)).caller_dials("95000").says(CALLER, Sound::Speech).after(secs(10));
    let waiting = |world: &World| world.snapshot().queues[0].waiting;
    assert_eq!(waiting(&world), 2);
    world.crash(secs(1)).after(secs(2));
    assert_eq!(waiting(&world), 2, "to be on a call that waits is not to answer it");
    world.agent_answers("1002", secs(1)).dials("1002", "*13").after(secs(8)).expect_conversation("1001", "1002");
    world.hangs_up("1001").after(secs(1));
    world.ends_well();
}

#[test]
fn a_ringing_agents_three_rings_are_still_three() {
    let mut world = World::with_agents(&["1001", "1002"]);
    world.agent_ignores("1001").agent_answers("1002", secs(1)).caller_dials("95000").after(secs(6)).expect_ringing("1001");
    world.crash(secs(3)).after(secs(8)).expect_ringing("1001").after(secs(3)).expect_up("1002").expect_agent(
        "1001",
        "not-ready",
        Some("missed"),
    );
    world.expect_gave_up_ringing("1001", secs(15)).says(CALLER, Sound::Speech);
    world.after(secs(2)).expect_offers(&[("1001", OfferOutcome::Missed, 3), ("1002", OfferOutcome::Answered, 1)]);
    world.ends_well();
}

#[test]
fn a_phone_that_rings_over_a_crash_can_be_answered_after_it() {
    let mut world = World::with_agents(&["1001"]);
    world.agent_ignores("1001").caller_dials("95000").says(CALLER, Sound::Speech).after(secs(4)).crash(secs(2)).after(secs(3));
    world.expect_ringing("1001").answers("1001").after(secs(4)).expect_conversation(CALLER, "1001");
    world.expect_offers(&[("1001", OfferOutcome::Answered, 2)]);
    assert_eq!(world.ends_well().recording.map(|recording| recording.state), Some(RecordingState::Complete));
}

#[test]
fn an_answer_given_while_the_switch_was_away_is_heard_when_it_is_back() {
    let mut world = World::with_agents(&["1001"]);
    world.agent_ignores("1001").caller_dials("95000").says(CALLER, Sound::Speech).after(secs(4)).crash(secs(2)).after(secs(1));
    world.answers("1001").after(secs(6)).expect_conversation(CALLER, "1001");
    world.ends_well();
}

#[test]
fn the_silent_calls_script_goes_on() {
    let mut world = World::talking("1001", Sound::Silence, Sound::Silence);
    world.after(secs(6)).expect_hears(CALLER, Heard::Clip("silent_ask")).crash(secs(1)).after(secs(30));
    world.expect_ended(CALLER);
    let record = world.ends_well();
    assert_eq!((record.outcome, record.released_by), (Some(Outcome::Silent), Some(ReleasedBy::Switch)));
    let steps: Vec<_> = world.events_named("silent_call.step").collect();
    assert_eq!(steps.len(), 2, "no step is said twice");
}

#[test]
fn an_agent_who_spoke_at_the_crash_and_is_silent_after_it_stops_no_script() {
    let mut world = World::talking("1001", Sound::Silence, Sound::Speech);
    world.after(secs(2)).says("1001", Sound::Silence).crash(secs(1)).after(secs(40)).expect_ended(CALLER);
    assert_eq!(world.ends_well().outcome, Some(Outcome::Silent));
}

#[test]
fn who_was_not_ready_stays_so_and_who_was_ready_is_offered_the_next() {
    let mut world = World::with_agents(&["1001", "1002"]);
    world.dials("1001", "*15").after(secs(4)).expect_agent("1001", "not-ready", Some("meeting"));
    world.crash(secs(5)).after(secs(6)).expect_agent("1001", "not-ready", Some("meeting")).expect_agent("1002", "ready", None);
    world
        .agent_answers("1002", secs(1))
        .caller_dials("95000")
        .says(CALLER, Sound::Speech)
        .after(secs(6))
        .expect_conversation(CALLER, "1002");
    world.ends_well();
}

#[test]
fn a_phone_that_went_away_meanwhile_is_found_out_and_the_call_has_its_record() {
    let mut world = talking();
    world.after(secs(3)).dies("1001").crash(secs(1)).after(secs(40)).expect_ended(CALLER);
    world.ends_quietly();
    let record = world.record().clone();
    assert_eq!((record.outcome, record.released_by), (Some(Outcome::Answered), Some(ReleasedBy::Switch)));
    assert!(record.released_at.is_some() && record.recording.is_some_and(|recording| recording.state == RecordingState::Complete));
}

#[test]
fn a_caller_who_hung_up_meanwhile_is_found_out() {
    let mut world = talking();
    world.after(secs(3)).crash(secs(2)).after(secs(1)).hangs_up(CALLER).after(secs(40)).expect_ended("1001");
    world.expect_agent("1001", "ready", None);
    assert!(world.ends_well().released_at.is_some());
}

#[test]
fn a_crash_into_the_recheck_of_a_crash_is_survived() {
    let mut world = talking();
    world.net.sip.least_ms = 40;
    world.after(secs(3)).crash(millis(800)).after(millis(830)).crash(millis(800)).after(millis(845)).crash(millis(500)).after(secs(4));
    assert_eq!(world.crashes, 3);
    world.expect_conversation(CALLER, "1001");
    assert_eq!(world.ends_well().outcome, Some(Outcome::Answered));
}

#[test]
fn a_call_that_just_came_in_is_not_forgotten() {
    // What is younger than the moment of writing (20 ms) is not known to anybody.
    for moment in [21, 25, 60, 100] {
        let mut world = World::with_agents(&["1001"]);
        world.agent_answers("1001", secs(1)).caller_dials("95000").says(CALLER, Sound::Speech).after(millis(moment));
        world.crash(millis(700)).after(secs(8)).expect_conversation(CALLER, "1001");
        world.ends_well();
    }
}

#[test]
fn the_greeting_that_a_crash_cut_off_lets_the_script_begin() {
    let mut world = World::with_agents(&["1001"]);
    world
        .agent_answers("1001", secs(1))
        .habit("1001", |habit| habit.sound = Sound::Silence)
        .caller_dials("95000")
        .says(CALLER, Sound::Silence);
    world.after(millis(1_000 + GREETING_MS / 2)).crash(secs(1)).after(secs(60));
    world.expect_ended(CALLER);
    assert_eq!(world.ends_well().outcome, Some(Outcome::Silent));
}

#[test]
fn a_refreshed_phone_is_there_after_a_crash_as_long_as_it_was_promised() {
    let mut world = World::with_agents(&["1001", "1002"]);
    for id in ["1001", "1002"] {
        world.act(id, |phone, now, out| phone.register(120, now, out));
    }
    // Both refresh after 60 s, until 180; the switch dies a moment later, and one of the phones with it.
    world.after(millis(60_100)).crash(secs(1)).dies("1001").after(secs(119)).expect_agent("1001", "ready", None);
    world.after(secs(2)).expect_agent("1001", "offline", None).expect_agent("1002", "ready", None);
    // The other's next one is a refresh, too.
    world.after(secs(200)).expect_agent("1002", "ready", None);
    world.dies("1002").after(secs(130)).expect_agent("1002", "offline", None).ends_quietly();
}

#[test]
fn many_that_refresh_at_once_are_written_in_turn_and_who_comes_new_at_once() {
    let more: String = (2001..2060)
        .map(|id| {
            format!(
                "[[agent]]\nid = \"{id}\"\nname = \"{id}\"\npassword = \"demo-{id}\"\nteam = \"service\"\nskills = {{ service = 5 }}\n\n"
            )
        })
        .collect();
    let mut world = World::story_with(&[("[[agent]]\nid = \"1001\"", &format!("{more}[[agent]]\nid = \"1001\""))], &[]);
    let ids: Vec<String> = (2001..2060).map(|id| id.to_string()).collect();
    for (place, id) in ids.iter().enumerate() {
        world.add_phone(id, &format!("127.0.3.{}:5060", place + 1), Some(&format!("demo-{id}")));
        world.act(id, |phone, now, out| phone.register(120, now, out));
    }
    world.after(millis(59_900));
    // All refresh between 60.0 and 60.1 s, and are written within a moment; who comes new is not behind them.
    world.after(millis(150)).agents_come(&["1001"]);
    world.after(millis(150)).crash(millis(500));
    for id in &ids {
        world.dies(id);
    }
    world.after(secs(119));
    for id in &ids {
        world.expect_agent(id, "ready", None);
    }
    world.expect_agent("1001", "ready", None).after(secs(2));
    for id in &ids {
        world.expect_agent(id, "offline", None);
    }
    world.ends_quietly();
}

#[test]
fn nobody_there_is_nobody_there_after() {
    let mut world = World::story();
    world.crash(secs(1)).after(secs(2));
    world.ends_quietly();
}
