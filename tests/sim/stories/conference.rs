//! A conference and its caller: when he hangs up, those who are left speak on, on the same recording; or all are released, as the house wants.

use crate::sound::Sound;
use crate::story::CALLER;
use crate::world::World;
use sanling::base::time::{millis, secs};
use sanling::call::record::{Outcome, ReleasedBy, SegmentEnding};
use sanling::media::control::Channel;

/// Caller, 1001 and 1002 speak together.
fn together(overrides: &[&str]) -> World {
    let mut world = World::story_with(&[], overrides);
    world.agents_come(&["1001", "1002"]).agent_answers("1001", secs(1)).caller_dials("95000").says(CALLER, Sound::Speech);
    world.after(secs(5)).expect_up("1001").agent_answers("1002", secs(1)).presses("1001", "*21002#").after(secs(4)).expect_up("1002");
    world.presses("1001", "*5#").after(millis(1_500));
    world
}

#[test]
fn the_others_speak_on_when_the_caller_has_left() {
    let mut world = together(&[]);
    world.hangs_up(CALLER).after(millis(500)).expect_up("1001").expect_up("1002").expect_conversation("1001", "1002");
    world.expect_agent("1001", "talking", None).expect_agent("1002", "talking", None);
    assert_eq!(world.events_named("call.caller_left").count(), 1);
    world.after(secs(5)).says("1002", Sound::Speech).after(secs(2)).hangs_up("1001").after(secs(1)).expect_ended("1002");
    world.expect_agent("1001", "ready", None).expect_agent("1002", "ready", None);
    let record = world.ends_well();
    assert_eq!((record.hung_up_first, record.outcome), (Some(ReleasedBy::Caller), Some(Outcome::Answered)));
    let (gone, over) = (record.caller_left_at.expect("noted"), record.released_at.expect("over"));
    assert!(over.0 - gone.0 >= 7_000, "{gone:?} {over:?}");
    let left = |agent: &str| record.segments.iter().any(|part| part.agent.as_str() == agent && part.ending == SegmentEnding::Left);
    assert!(left("1001") && left("1002"), "{:?}", record.segments);
    // One recording through all of it.
    let take = &world.disk.takes[&record.id];
    let began = record.answered_at.expect("answered");
    let of = |channel| take.level(channel, millis(u64::try_from(gone.0 - began.0).expect("after") + 1_000), secs(6));
    assert!(of(Channel::Left) > -40.0 || of(Channel::Right) > -40.0, "somebody is heard after he left");
    assert!(record.recording.is_some_and(|recording| recording.duration >= millis(u64::try_from(over.0 - began.0).expect("after") - 100)));
}

#[test]
fn a_house_may_have_it_end_with_the_caller() {
    let mut world = together(&["rules.conference.outlives_caller=false"]);
    world.hangs_up(CALLER).after(secs(1)).expect_ended("1001").expect_ended("1002");
    let record = world.ends_well();
    assert_eq!((record.released_by, record.caller_left_at), (Some(ReleasedBy::Caller), None));
}

#[test]
fn an_agent_who_leaves_after_the_caller_ends_it_without_a_farewell() {
    let mut world = together(&["rules.farewell.enabled=true"]);
    world.hangs_up(CALLER).after(secs(1)).hangs_up("1002").after(secs(1)).expect_ended("1001");
    world.expect_agent("1001", "ready", None);
    world.ends_well();
}

#[test]
fn it_goes_on_over_a_restart() {
    let mut world = together(&[]);
    world.hangs_up(CALLER).after(secs(1)).crash(secs(1)).after(secs(2)).expect_conversation("1001", "1002");
    world.ends_well();
}
