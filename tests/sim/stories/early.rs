//! Before the answer, and offers that come late: what the far network plays, several who answer behind one number, ringing that is
//! acknowledged, INVITEs without a description (RFC 3261 §13, RFC 3262, RFC 3264, RFC 3960).

use crate::people::{Alert, OnRing, Way};
use crate::phones::{Fork, Phone, Saw};
use crate::sound::{Heard, Sound};
use crate::story::CALLER;
use crate::world::World;
use sanling::base::time::{millis, secs};
use sanling::call::record::Outcome;

/// 1001, and a carrier whose network plays something before it is answered after 4 s.
fn world() -> World {
    let mut world = World::with_agents(&["1001"]);
    world.add_phone("carrier", "127.0.0.1:5090", None);
    world.alerts_by("carrier", Alert::Early).habit("carrier", |habit| habit.on_ring = OnRing::Answer(secs(4)));
    world
}

#[test]
fn what_the_far_network_plays_is_heard_before_the_answer() {
    let mut world = world();
    world.dials("1001", "013900000000").after(secs(2)).expect_saw("1001", |saw| *saw == Saw::Progress(183));
    world.expect_hears("1001", Heard::Voice).after(secs(3));
    world.expect_recorded_conversation("1001", "carrier");
    world.ends_well();
}

#[test]
fn who_gives_up_while_the_far_network_plays_leaves_nothing() {
    let mut world = world();
    world.dials("1001", "013900000000").after(secs(2)).hangs_up("1001").after(secs(1)).expect_ended("carrier");
    assert_eq!(world.ends_well().outcome, Some(Outcome::Abandoned));
}

#[test]
fn another_may_answer_than_the_one_who_was_heard_first() {
    let mut world = world();
    world.phone_mut("carrier").forks = Some(Fork::Moves);
    world.dials("1001", "013900000000").after(secs(2)).expect_hears("1001", Heard::Voice).after(secs(3));
    world.expect_recorded_conversation("1001", "carrier");
    world.ends_well();
}

#[test]
fn of_two_who_answer_the_second_is_acknowledged_and_released() {
    let mut world = world();
    world.phone_mut("carrier").forks = Some(Fork::Both);
    world.dials("1001", "013900000000").after(secs(5));
    assert_eq!(world.phone("carrier").released_twins, 1);
    world.expect_recorded_conversation("1001", "carrier");
    world.ends_well();
}

#[test]
fn ringing_that_must_be_acknowledged_is() {
    for alert in [Alert::Ringing, Alert::Early] {
        let mut world = world();
        world.phone_mut("carrier").rings_reliably = true;
        world.alerts_by("carrier", alert).dials("1001", "013900000000").after(secs(5));
        assert_eq!(world.phone("carrier").pracks_heard, 1, "{alert:?}");
        world.expect_recorded_conversation("1001", "carrier");
        world.ends_well();
    }
}

#[test]
fn a_caller_who_requires_it_is_rung_reliably() {
    let mut world = World::with_agents(&["1001"]);
    world.add_phone(CALLER, "127.0.2.1:5060", None);
    world.phone_mut(CALLER).pracks_after = Some(millis(50));
    world.agent_answers("1001", secs(4)).caller_dials("95000").says(CALLER, Sound::Speech).after(secs(9));
    world.expect_recorded_conversation(CALLER, "1001");
    world.ends_well();
}

#[test]
fn an_agents_phone_that_plays_something_before_it_is_answered_is_not_heard() {
    let mut world = World::with_agents(&["1001"]);
    world.alerts_by("1001", Alert::Early).agent_answers("1001", secs(4));
    world.caller_dials("95000").says(CALLER, Sound::Speech).after(secs(2));
    world.expect_saw(CALLER, |saw| *saw == Saw::Progress(180)).expect_hears(CALLER, Heard::Nothing).after(secs(7));
    world.expect_recorded_conversation(CALLER, "1001");
    world.ends_well();
}

#[test]
fn who_calls_without_an_offer_is_made_one() {
    // A carrier's caller in the queue, an agent who calls a colleague, an agent who calls out.
    let mut world = World::with_agents(&["1001", "1002"]);
    world.add_phone(CALLER, "127.0.2.1:5060", None);
    world.phone_mut(CALLER).offers_late = true;
    world.agent_answers("1001", secs(1)).caller_dials("95000").says(CALLER, Sound::Speech).after(secs(6));
    world.expect_recorded_conversation(CALLER, "1001").hangs_up(CALLER).after(secs(1));
    world.phone_mut("1002").offers_late = true;
    world.dials("1002", "1001").says("1002", Sound::Speech).after(secs(2));
    world.expect_recorded_conversation("1002", "1001").hangs_up("1002").after(secs(1));
    world.add_phone("carrier", "127.0.0.1:5090", None);
    world.agent_answers("carrier", secs(1)).dials("1002", "013900000000").says("1002", Sound::Speech).after(secs(2));
    world.expect_recorded_conversation("1002", "carrier");
    world.ends_well();
}

#[test]
fn who_asks_for_an_offer_within_the_call_is_made_one() {
    let mut world = World::talking("1001", Sound::Speech, Sound::Speech);
    for who in ["1001", CALLER] {
        world.act(who, Phone::asks_for_an_offer);
        world.after(secs(1)).expect_recorded_conversation(CALLER, "1001");
    }
    assert!(world.ends_well().holds.is_empty());
}

#[test]
fn a_phone_may_end_its_hold_by_asking_for_an_offer() {
    for way in [Way::SendOnly, Way::Inactive, Way::Old, Way::Off] {
        let mut world = World::talking("1001", Sound::Speech, Sound::Speech);
        world.holds("1001", way).after(secs(2)).expect_hears(CALLER, Heard::Clip("music/hold"));
        world.act("1001", Phone::retrieves_by_asking);
        world.after(secs(1)).expect_recorded_conversation(CALLER, "1001");
        let record = world.ends_well();
        assert!(record.holds.len() == 1 && record.holds[0].ended_at.is_some(), "{way:?}: {:?}", record.holds);
    }
}
