//! Seven seconds on hold: the held party hears music, and is reassured before he thinks himself forgotten.

use crate::people::Way;
use crate::phones::Saw;
use crate::sound::{Heard, Sound};
use crate::story::CALLER;
use crate::world::World;
use sanling::base::time::{millis, secs};
use sanling::call::record::HeldBy;

fn talking() -> World {
    World::talking("1001", Sound::Speech, Sound::Speech)
}

#[test]
fn retrieved_at_six_point_nine_seconds_nothing_is_said() {
    for way in [Way::SendOnly, Way::Inactive, Way::Old, Way::Off] {
        let mut world = talking();
        let held = world.now;
        world.holds("1001", way).after(millis(400)).expect_hears(CALLER, Heard::Clip("music/hold"));
        world.expect_saw("1001", |saw| *saw == Saw::Held).after(millis(6_500)).retrieves("1001").after(secs(10));
        world.expect_clip(CALLER, "patience", held, &[]).expect_conversation(CALLER, "1001");
        let record = world.ends_well();
        assert_eq!(record.holds.iter().map(|hold| (hold.by, hold.reassured)).collect::<Vec<_>>(), [(HeldBy::Agent, 0)], "{way:?}");
        assert_eq!(world.events_named("hold.patience_exceeded").count(), 0);
    }
}

#[test]
fn retrieved_at_seven_point_one_seconds_one_prompt_was_begun_and_stops() {
    for way in [Way::SendOnly, Way::Inactive, Way::Old, Way::Off] {
        let mut world = talking();
        let held = world.now;
        world.holds("1001", way).after(millis(7_100)).retrieves("1001").after(secs(10));
        world.expect_clip(CALLER, "patience", held, &[secs(7)]);
        let (_, long) = world.times_of(CALLER, "patience", held)[0];
        assert!(long <= millis(200), "{way:?}: the prompt goes on for {long:?} into the conversation");
        world.expect_conversation(CALLER, "1001");
        assert_eq!(world.ends_well().holds[0].reassured, 1);
    }
}

#[test]
fn in_twenty_two_seconds_he_is_reassured_three_times() {
    let mut world = talking();
    let held = world.now;
    world.holds("1001", Way::SendOnly).after(secs(22)).expect_hears(CALLER, Heard::Clip("patience")).after(secs(1));
    world.expect_hears(CALLER, Heard::Clip("music/hold")).retrieves("1001").after(secs(8));
    world.expect_clip(CALLER, "patience", held, &[secs(7), secs(14), secs(21)]);
    world.expect_conversation(CALLER, "1001");
    let record = world.ends_well();
    assert_eq!(record.holds[0].reassured, 3);
    let times: Vec<_> = world.events_named("hold.patience_exceeded").map(|(at, _)| *at - held).collect();
    assert_eq!(times, [secs(7), secs(14), secs(21)]);
}

#[test]
fn in_a_hold_in_a_hold_each_is_counted_for_himself_and_a_holder_is_spared() {
    let mut world = talking();
    let held = world.now;
    world.holds("1001", Way::SendOnly).after(secs(3)).holds(CALLER, Way::SendOnly).after(secs(9)).retrieves("1001").after(secs(7));
    // Who holds wants to hear nothing (RFC 3264 §5.1). From 12 s on it is the agent who is held, since 3 s.
    world.expect_clip(CALLER, "patience", held, &[]).expect_clip("1001", "patience", held, &[secs(17)]);
    world.retrieves(CALLER).after(secs(1)).expect_conversation(CALLER, "1001");
    let record = world.ends_well();
    let holds: Vec<_> = record.holds.iter().map(|hold| (hold.by, hold.reassured)).collect();
    assert_eq!(holds, [(HeldBy::Agent, 1), (HeldBy::Caller, 2)]);
}

#[test]
fn a_caller_who_holds_while_he_waits_has_the_agent_reassured() {
    let mut world = World::with_agents(&["1001"]);
    world.agent_answers("1001", secs(10)).habit("1001", |habit| habit.sound = Sound::Speech);
    world.dials("13800000002", "95000").after(secs(11)).caller_dials("95000").says(CALLER, Sound::Speech).after(secs(3));
    world.expect_up(CALLER).holds(CALLER, Way::SendOnly).after(secs(2)).hangs_up("13800000002").after(millis(10_010));
    let held = world.now;
    world.after(secs(4)).expect_hears("1001", Heard::Clip("music/hold")).after(secs(6)).expect_clip("1001", "patience", held, &[secs(7)]);
    world.retrieves(CALLER).after(secs(1)).expect_conversation(CALLER, "1001");
    assert_eq!(world.ends_well().holds.iter().map(|hold| (hold.by, hold.reassured)).collect::<Vec<_>>(), [(HeldBy::Caller, 1)]);
}

#[test]
fn a_second_hold_counts_anew() {
    let mut world = talking();
    world.holds("1001", Way::Inactive).after(secs(5)).retrieves("1001").after(secs(1));
    let held = world.now;
    world.holds("1001", Way::SendOnly).after(millis(6_900)).expect_clip(CALLER, "patience", held, &[]);
    world.after(secs(2)).expect_clip(CALLER, "patience", held, &[secs(7)]);
    world.ends_well();
}

#[test]
fn a_caller_who_holds_puts_the_agent_on_music() {
    let mut world = talking();
    let held = world.now;
    world.holds(CALLER, Way::SendOnly).after(secs(8)).expect_clip("1001", "patience", held, &[secs(7)]);
    world.after(secs(2)).expect_hears("1001", Heard::Clip("music/hold")).retrieves(CALLER).after(secs(1));
    world.expect_conversation(CALLER, "1001");
    assert_eq!(world.ends_well().holds[0].by, HeldBy::Caller);
}

#[test]
fn a_hold_at_the_end_of_the_call_ends_with_it() {
    let mut world = talking();
    world.holds("1001", Way::SendOnly).after(secs(8)).hangs_up(CALLER);
    let record = world.ends_well();
    assert!(record.holds[0].ended_at == record.released_at && record.holds[0].reassured == 1);
}
