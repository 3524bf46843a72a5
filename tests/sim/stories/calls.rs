//! Calls that no queue gives: between extensions, and out over the trunk.

use crate::people::OnRing;
use crate::phones::Saw;
use crate::sound::Sound;
use crate::story::CALLER;
use crate::world::World;
use sanling::base::time::{millis, secs};
use sanling::call::record::{CallDirection, Outcome, RecordingState, ReleasedBy};

#[test]
fn an_internal_call_is_connected_recorded_and_engages_both() {
    let mut world = World::with_agents(&["1001", "1002"]);
    world.dials("1001", "1002").expect_ringing("1002").expect_saw("1001", |saw| *saw == Saw::Progress(180));
    world.after(secs(20)).expect_ringing("1002").answers("1002").after(secs(1)).expect_conversation("1001", "1002");
    // Neither is offered a caller meanwhile.
    world.caller_dials("95000").expect_up(CALLER).expect_not_ringing("1001").expect_not_ringing("1002");
    world.after(secs(2)).hangs_up(CALLER).hangs_up("1001").after(millis(100)).expect_ended("1002");
    world.expect_agent("1001", "ready", None).expect_agent("1002", "ready", None);
    world.ends_well();
    let internal = world.records.values().find(|record| record.direction == CallDirection::Internal).expect("a record");
    assert_eq!((internal.outcome, internal.called.as_str()), (Some(Outcome::Answered), "1002"));
    assert_eq!(internal.recording.as_ref().map(|recording| recording.state), Some(RecordingState::Complete));
    assert!(internal.offers.is_empty());
}

#[test]
fn a_busy_colleague_is_busy_and_a_missing_one_is_not_there() {
    let mut world = World::talking("1001", Sound::Speech, Sound::Speech);
    world.agents_come(&["1002"]);
    world.dials("1002", "1001").expect_saw("1002", |saw| matches!(saw, Saw::Refused { code: 486, .. }));
    world.dials("1002", "1003").expect_saw("1002", |saw| matches!(saw, Saw::Refused { code: 480, .. }));
    world.dials("1002", "7777").expect_saw("1002", |saw| matches!(saw, Saw::Refused { code: 404, .. }));
    world.expect_agent("1002", "ready", None);
    world.ends_well();
}

#[test]
fn a_call_out_goes_over_the_trunk() {
    let mut world = World::with_agents(&["1001"]);
    world.add_phone("carrier", "127.0.0.1:5090", None);
    world.habit("carrier", |habit| habit.on_ring = OnRing::Answer(secs(4)));
    world.dials("1001", "013900000000").expect_ringing("carrier").after(secs(5)).expect_conversation("1001", "carrier");
    world.hangs_up("carrier").after(millis(100)).expect_ended("1001");
    let record = world.ends_well();
    assert_eq!((record.direction, record.outcome), (CallDirection::Outbound, Some(Outcome::Answered)));
    assert_eq!(record.agent.as_ref().map(sanling::base::AgentId::as_str), Some("1001"));
    assert_eq!(record.released_by, Some(ReleasedBy::Callee));
    assert_eq!(record.recording.map(|recording| recording.state), Some(RecordingState::Complete));
}

fn with_two_carriers() -> World {
    let mut world =
        World::story_with(&[(r#"hosts = ["sip:127.0.0.1:5090"]"#, r#"hosts = ["sip:127.0.0.1:5090", "sip:127.0.0.3:5090"]"#)], &[]);
    world.add_phone("carrier", "127.0.0.1:5090", None);
    world.add_phone("other", "127.0.0.3:5090", None);
    world.agents_come(&["1001"]).agent_answers("other", secs(1));
    world
}

#[test]
fn a_carrier_that_cannot_is_followed_by_the_next() {
    let mut world = with_two_carriers();
    world.agent_refuses("carrier", 503).dials("1001", "13900000000").after(secs(2)).expect_conversation("1001", "other");
    world.ends_well();
}

#[test]
fn a_carrier_that_says_nothing_is_followed_by_the_next_after_timer_b() {
    let mut world = with_two_carriers();
    world.dies("carrier").dials("1001", "13900000000").after(millis(31_900)).expect_not_ringing("other");
    world.after(millis(1_500)).expect_conversation("1001", "other");
    world.ends_well();
}

#[test]
fn a_callees_own_no_stands() {
    let mut world = with_two_carriers();
    world.agent_refuses("carrier", 486).dials("1001", "13900000000").after(secs(2));
    world.expect_saw("1001", |saw| matches!(saw, Saw::Refused { code: 486, .. }));
    assert!(world.phone("other").legs.is_empty());
    assert_eq!(world.ends_well().outcome, Some(Outcome::Busy));
}
