//! A caller goes on to somebody else: blind, by what an agent's phone refers, presses or a program orders; and attended, when two calls of one
//! agent become one. Whatever comes of it, he is never alone on the line, and one recording holds all of it.

use crate::people::Way;
use crate::phones::Saw;
use crate::sound::{Heard, Sound};
use crate::story::CALLER;
use crate::world::World;
use sanling::base::AgentId;
use sanling::base::time::{millis, secs};
use sanling::call::record::{CallRecord, Outcome, ReleasedBy, SegmentEnding, SegmentRole};
use sanling::switch::input::{Command, PartyOrder};
use sanling::switch::output::Reply;

/// 1001 speaks with a caller; 1002 is there and answers after a second.
fn talking() -> World {
    let mut world = World::talking("1001", Sound::Speech, Sound::Speech);
    world.agents_come(&["1002"]).agent_answers("1002", secs(1));
    world
}

fn segments(record: &CallRecord) -> Vec<(&str, SegmentRole, SegmentEnding)> {
    record.segments.iter().map(|segment| (segment.agent.as_str(), segment.role, segment.ending)).collect()
}

const SERVED_THEN_TRANSFERRED: [(&str, SegmentRole, SegmentEnding); 2] =
    [("1001", SegmentRole::Serving, SegmentEnding::Transferred), ("1002", SegmentRole::Serving, SegmentEnding::Left)];

/// The caller speaks with 1002, and 1001 is free.
#[track_caller]
fn expect_transferred(world: &mut World) -> CallRecord {
    world.expect_ended("1001").expect_up("1002").expect_up(CALLER).expect_conversation(CALLER, "1002");
    world.expect_agent("1001", "ready", None).expect_agent("1002", "talking", None);
    let record = world.ends_well();
    assert_eq!(segments(&record), SERVED_THEN_TRANSFERRED);
    assert_eq!((record.agent.as_ref().map(AgentId::as_str), record.outcome), (Some("1002"), Some(Outcome::Answered)));
    assert_eq!(world.events_named("call.transferred").count(), 1);
    record
}

#[test]
fn a_referred_caller_hears_music_until_the_next_agent_answers_and_the_first_is_free() {
    let mut world = talking();
    world.refers("1001", "1002").after(millis(500)).expect_ringing("1002").expect_hears(CALLER, Heard::Clip("music/hold"));
    world.after(secs(2));
    for code in [100, 180, 200] {
        world.expect_saw("1001", |saw| *saw == Saw::Notified(code));
    }
    world.expect_saw("1001", |saw| matches!(saw, Saw::Bye { .. }));
    expect_transferred(&mut world);
}

#[test]
fn an_agent_may_hang_up_at_once_and_the_caller_waits_with_music() {
    let mut world = talking();
    world.refers("1001", "1002").after(millis(300)).hangs_up("1001").after(millis(500)).expect_agent("1001", "ready", None);
    world.expect_ringing("1002").expect_hears(CALLER, Heard::Clip("music/hold")).after(secs(2));
    let record = expect_transferred(&mut world);
    assert_eq!(record.hung_up_first, Some(ReleasedBy::Caller), "who transfers does not hang up on a customer");
}

#[test]
fn a_transfer_that_nobody_answers_comes_back_to_the_agent() {
    let mut world = talking();
    world.agent_ignores("1002").refers("1001", "1002").after(secs(16)).expect_not_ringing("1002");
    world.expect_saw("1001", |saw| *saw == Saw::Notified(480)).expect_up("1001").expect_conversation(CALLER, "1001");
    world.expect_agent("1002", "ready", None);
    let record = world.ends_well();
    assert_eq!(segments(&record), [("1001", SegmentRole::Serving, SegmentEnding::Left)]);
    assert_eq!(world.events_named("party.not_reached").count(), 1);
    assert_eq!(world.events_named("call.transferred").count(), 0);
}

#[test]
fn a_transfer_to_who_is_busy_is_refused_at_once_and_nothing_was_heard_of_it() {
    let mut world = talking();
    world.dials("1002", "1003").after(millis(100)).refers("1001", "1003");
    world.after(millis(300)).expect_saw("1001", |saw| matches!(saw, Saw::Notified(480)));
    world.expect_conversation(CALLER, "1001");
    for wrong in ["1001", "7", "*11"] {
        world.refers("1001", wrong).after(millis(300)).expect_conversation(CALLER, "1001");
    }
    assert!(world.record().holds.is_empty());
    world.ends_well();
}

#[test]
fn who_hung_up_is_called_back_when_nobody_takes_the_transfer() {
    let mut world = talking();
    world.agent_ignores("1002").refers("1001", "1002").after(millis(200)).hangs_up("1001");
    world.agent_answers("1001", secs(1)).after(secs(15)).expect_not_ringing("1002").after(secs(2));
    world.expect_up("1001").expect_conversation(CALLER, "1001").expect_agent("1001", "talking", None);
    let record = world.ends_well();
    let expected = [("1001", SegmentRole::Serving, SegmentEnding::Transferred), ("1001", SegmentRole::Serving, SegmentEnding::Left)];
    assert_eq!(segments(&record), expected);
}

#[test]
fn when_he_is_gone_too_the_caller_waits_in_his_queue_again() {
    let mut world = talking();
    world.agent_ignores("1002").refers("1001", "1002").after(millis(200)).hangs_up("1001").agent_refuses("1001", 486);
    world.after(secs(18)).expect_hears(CALLER, Heard::Clip("music/hold")).expect_up(CALLER);
    let queue = world.snapshot().queues[0].clone();
    assert_eq!(queue.waiting, 1);
    world.agents_come(&["1003"]).agent_answers("1003", millis(500)).after(secs(25)).expect_conversation(CALLER, "1003");
    let record = world.ends_well();
    assert_eq!(record.agent.as_ref().map(AgentId::as_str), Some("1003"));
}

#[test]
fn a_caller_who_leaves_while_he_is_transferred_silences_the_phone() {
    let mut world = talking();
    world.refers("1001", "1002").after(millis(400)).expect_ringing("1002").hangs_up(CALLER).after(millis(300));
    world.expect_not_ringing("1002").expect_ended("1001").expect_agent("1002", "ready", None);
    world.ends_well();
}

#[test]
fn a_transfer_by_key_or_program_is_the_same() {
    let mut world = talking();
    world.presses("1001", "*31002#").after(secs(3));
    expect_transferred(&mut world);

    let mut world = talking();
    let call = world.record().id;
    let order = PartyOrder::Transfer { to: "1002".to_owned() };
    assert_eq!(world.command(Command::Parties { call, order }), Reply::Done);
    world.after(secs(3));
    expect_transferred(&mut world);

    let mut world = talking();
    let call = world.record().id;
    let order = PartyOrder::Transfer { to: "9".to_owned() };
    assert!(matches!(world.command(Command::Parties { call, order }), Reply::Refused(_)));
    world.expect_conversation(CALLER, "1001").ends_well();
}

#[test]
fn a_transfer_to_the_queue_waits_for_the_next_agent_and_frees_this_one() {
    let mut world = talking();
    world.agent_ignores("1001").refers("1001", "95000").after(millis(500)).expect_ended("1001").expect_agent("1001", "ready", None);
    world.expect_saw("1001", |saw| *saw == Saw::Notified(200)).expect_ringing("1002").after(secs(3 + 2));
    expect_transferred(&mut world);
}

#[test]
fn two_calls_of_an_agent_become_one_and_the_recording_goes_on() {
    let mut world = talking();
    world.holds("1001", Way::SendOnly).after(millis(500)).expect_hears(CALLER, Heard::Clip("music/hold"));
    world.dials("1001", "1002").after(secs(2)).expect_conversation("1001", "1002");
    let first = world.snapshot().calls[0].record.id;
    world.refers_to_other_line("1001").after(millis(500));
    world.expect_saw("1001", |saw| *saw == Saw::Notified(200)).expect_up("1002").expect_conversation(CALLER, "1002");
    world.expect_agent("1001", "ready", None).expect_agent("1002", "talking", None);
    assert!(world.phone("1001").is_idle(), "both his lines are free");
    let calls = world.snapshot().calls;
    assert_eq!(calls.iter().map(|call| call.record.id).collect::<Vec<_>>(), [first]);
    world.ends_well();
    let records: Vec<CallRecord> = world.records.values().cloned().collect();
    let customers = records.iter().find(|record| record.id == first).expect("stored");
    assert_eq!(segments(customers), SERVED_THEN_TRANSFERRED);
    assert!(customers.holds.iter().all(|hold| hold.ended_at.is_some()));
    let merged = records.iter().find(|record| record.id != first).expect("the consultation is on record too");
    assert_eq!(merged.merged_into, Some(first));
}

#[test]
fn two_calls_become_one_while_the_second_still_rings() {
    let mut world = talking();
    world.agent_answers("1002", secs(3)).holds("1001", Way::SendOnly).after(millis(500));
    world.dials("1001", "1002").after(secs(1)).expect_ringing("1002").refers_to_other_line("1001").after(millis(500));
    world.expect_ringing("1002").expect_hears(CALLER, Heard::Clip("music/hold")).hangs_up("1001").after(secs(3));
    world.expect_up("1002").expect_conversation(CALLER, "1002").expect_agent("1001", "ready", None);
    world.ends_well();
}

#[test]
fn a_colleague_of_the_team_picks_up_what_rings() {
    let mut world = World::with_agents(&["1001", "1002"]);
    world.agent_ignores("1001").agent_ignores("1002").caller_dials("95000").after(millis(300)).expect_ringing("1001");
    let replaces = world.phone("1001").replaces_of_latest();
    world.act("1002", |phone, now, out| phone.dial_in_place(&replaces, now, out));
    world.after(secs(4)).expect_not_ringing("1001").expect_up("1002").expect_conversation(CALLER, "1002");
    world.expect_agent("1001", "ready", None).expect_agent("1002", "talking", None);
    let record = world.ends_well();
    assert_eq!(record.agent.as_ref().map(AgentId::as_str), Some("1002"));
}

#[test]
fn a_transfer_goes_on_over_a_crash() {
    let mut world = talking();
    world.agent_answers("1002", secs(4)).refers("1001", "1002").after(secs(1)).expect_ringing("1002");
    world.crash(millis(300)).after(secs(5));
    world.expect_up("1002").expect_conversation(CALLER, "1002").expect_agent("1001", "ready", None);
    world.ends_well();
}
