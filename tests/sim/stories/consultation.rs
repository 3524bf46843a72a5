//! An agent asks somebody while the caller waits, with music and a word each patience; and what becomes of it: back to the caller, all three
//! together, the other instead of him. His superior is asked by a key of its own, and told whose call it is.

use crate::phones::Saw;
use crate::sound::{Heard, Sound};
use crate::story::CALLER;
use crate::world::World;
use sanling::base::time::{millis, secs};
use sanling::base::{Duration, Instant};
use sanling::call::record::{HeldBy, SegmentEnding, SegmentRole};
use sanling::switch::input::{Command, PartyOrder};
use sanling::switch::output::Reply;

/// 1001 has a caller and asks 1002, who has answered.
fn asking() -> World {
    let mut world = World::talking("1001", Sound::Speech, Sound::Speech);
    world.agents_come(&["1002"]).agent_answers("1002", secs(1)).presses("1001", "*21002#").after(secs(1) + millis(500));
    world.after(millis(500)).expect_up("1002");
    world
}

/// So long as it takes to dial, in keys.
const DIALLED: Duration = millis(1_500);

#[test]
fn the_caller_hears_music_and_patience_and_the_two_hear_each_other_alone() {
    let mut world = asking();
    world.expect_conversation("1001", "1002").expect_hears(CALLER, Heard::Clip("music/hold"));
    world.expect_agent("1002", "talking", None);
    world.after(secs(7));
    assert!(world.events_named("hold.patience_exceeded").count() >= 1);
    let record = world.ends_well();
    assert_eq!(record.holds.iter().map(|hold| hold.by).collect::<Vec<_>>(), [HeldBy::Agent]);
}

#[test]
fn while_the_other_rings_the_agent_hears_it_and_the_caller_music() {
    let mut world = World::talking("1001", Sound::Speech, Sound::Speech);
    world.agents_come(&["1002"]).agent_ignores("1002").presses("1001", "*21002#").after(millis(1_900)).expect_ringing("1002");
    let from = world.now;
    world.expect_hears(CALLER, Heard::Clip("music/hold")).after(secs(3));
    // One second of tone, four of silence, and nothing of the caller, who speaks on.
    let silent: Duration = world
        .heard("1001", from - Instant::START, world.now)
        .into_iter()
        .filter(|(heard, ..)| *heard == Heard::Silence)
        .map(|(.., long)| long)
        .sum();
    assert!(silent >= secs(2), "{silent:?}");
    // Three rings, no more.
    world.after(secs(13)).expect_not_ringing("1002").expect_conversation(CALLER, "1001");
    assert_eq!(world.ends_well().holds.len(), 1);
}

#[test]
fn back_to_the_caller() {
    let mut world = asking();
    world.presses("1001", "*6#").after(DIALLED).expect_ended("1002").expect_conversation(CALLER, "1001");
    world.expect_agent("1002", "ready", None);
    let record = world.ends_well();
    let parts: Vec<_> = record.segments.iter().map(|part| (part.agent.as_str(), part.role, part.ending)).collect();
    assert_eq!(parts, [("1001", SegmentRole::Serving, SegmentEnding::Left), ("1002", SegmentRole::Consulted, SegmentEnding::Left)]);
}

#[test]
fn who_was_asked_hangs_up_and_the_agent_is_back_with_the_caller() {
    let mut world = asking();
    world.hangs_up("1002").after(millis(500)).expect_conversation(CALLER, "1001");
    world.ends_well();
}

#[test]
fn the_caller_is_given_to_whom_was_asked_by_key_or_by_hanging_up() {
    for by_key in [true, false] {
        let mut world = asking();
        if by_key {
            world.presses("1001", "*4#").after(DIALLED);
        } else {
            world.hangs_up("1001").after(millis(500));
        }
        world.expect_ended("1001").expect_agent("1001", "ready", None).expect_conversation(CALLER, "1002");
        let record = world.ends_well();
        let parts: Vec<_> = record.segments.iter().map(|part| (part.agent.as_str(), part.role, part.ending)).collect();
        let expected = [
            ("1001", SegmentRole::Serving, SegmentEnding::Transferred),
            ("1002", SegmentRole::Consulted, SegmentEnding::Changed),
            ("1002", SegmentRole::Serving, SegmentEnding::Left),
        ];
        assert_eq!(parts, expected);
        assert!(record.holds.iter().all(|hold| hold.ended_at.is_some()));
    }
}

#[test]
fn all_three_together_and_the_conference_outlives_the_agent() {
    let mut world = asking();
    world.presses("1001", "*5#").after(DIALLED);
    let all = [CALLER, "1001", "1002"];
    for speaker in all {
        for one in all {
            world.says(one, if one == speaker { Sound::Speech } else { Sound::Silence });
        }
        world.after(millis(800));
        for hearer in all.into_iter().filter(|hearer| *hearer != speaker) {
            world.expect_hears(hearer, Heard::Voice);
        }
        world.expect_hears(speaker, Heard::Silence);
    }
    world.hangs_up("1001").after(millis(500)).expect_up("1002").expect_conversation(CALLER, "1002");
    world.ends_well();
}

#[test]
fn a_fourth_is_added_and_one_leaves() {
    let mut world = asking();
    let call = world.record().id;
    world.presses("1001", "*5#").after(DIALLED).agents_come(&["1003"]).agent_answers("1003", secs(1));
    let order = PartyOrder::Add { to: "1003".to_owned() };
    assert_eq!(world.command(Command::Parties { call, order }), Reply::Done);
    world.after(secs(2)).expect_up("1003").says("1001", Sound::Silence).says("1002", Sound::Silence).says(CALLER, Sound::Silence);
    world.says("1003", Sound::Speech).after(millis(800));
    for hearer in [CALLER, "1001", "1002"] {
        world.expect_hears(hearer, Heard::Voice);
    }
    world.hangs_up("1002").after(millis(500)).hangs_up("1003").after(millis(500)).expect_conversation(CALLER, "1001");
    let record = world.ends_well();
    assert_eq!(record.segments.iter().filter(|part| part.role == SegmentRole::Conferee).count(), 2);
}

#[test]
fn the_caller_leaves_while_he_waits_and_the_others_are_released() {
    let mut world = asking();
    world.hangs_up(CALLER).after(millis(500)).expect_ended("1001").expect_ended("1002");
    world.expect_agent("1001", "ready", None).expect_agent("1002", "ready", None);
    world.ends_well();
}

#[test]
fn the_superior_is_told_whose_call_it_is_before_they_speak_of_it() {
    let mut world = World::talking("1001", Sound::Speech, Sound::Speech);
    world.agents_come(&["1000"]).agent_answers("1000", secs(1)).presses("1001", "**0").after(secs(2)).expect_up("1000");
    let from = world.leg("1000").up_at.expect("up");
    world.says("1001", Sound::Silence).after(secs(3)).expect_hears(CALLER, Heard::Clip("music/hold"));
    assert!(!world.times_of("1000", "escalation", from).is_empty());
    assert_eq!(world.times_of("1000", "digits/1", from).len(), 2, "1001");
    assert!(world.times_of(CALLER, "escalation", from).is_empty() && world.times_of("1001", "escalation", from).is_empty());
    world.expect_conversation("1001", "1000").hangs_up("1001").after(millis(500)).expect_conversation(CALLER, "1000");
    world.ends_well();
}

#[test]
fn without_a_superior_nothing_happens_to_the_caller() {
    let mut world = World::talking("1001", Sound::Speech, Sound::Speech);
    world.presses("1001", "**0").after(secs(2)).expect_conversation(CALLER, "1001");
    assert_eq!(world.events_named("code.refused").count(), 1);
    assert!(world.record().holds.is_empty());
    world.ends_well();
}

#[test]
fn a_call_out_is_transferred_too_and_its_agent_is_free() {
    let mut world = World::with_agents(&["1001", "1002"]);
    world.agent_answers("1002", secs(1)).add_phone("carrier", "127.0.0.1:5090", None);
    world.agent_answers("carrier", secs(1)).dials("1001", "13900000009").after(secs(2)).expect_conversation("1001", "carrier");
    world.refers("1001", "1002").after(secs(3)).expect_saw("1001", |saw| *saw == Saw::Notified(200));
    world.expect_ended("1001").expect_conversation("carrier", "1002").expect_agent("1001", "ready", None);
    let record = world.ends_well();
    let parts: Vec<_> = record.segments.iter().map(|part| (part.agent.as_str(), part.role, part.ending)).collect();
    let expected = [("1001", SegmentRole::Calling, SegmentEnding::Transferred), ("1002", SegmentRole::Serving, SegmentEnding::Left)];
    assert_eq!(parts, expected);
}

#[test]
fn a_consultation_goes_on_over_a_crash() {
    let mut world = asking();
    world.crash(millis(300)).after(millis(500)).expect_conversation("1001", "1002").expect_hears(CALLER, Heard::Clip("music/hold"));
    world.presses("1001", "*6#").after(DIALLED).expect_conversation(CALLER, "1001");
    world.ends_well();
}
