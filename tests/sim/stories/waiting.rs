//! Waiting: nobody is free, so the switch answers, welcomes, plays music and comforts; and first come is first served.

use crate::people::OnRing;
use crate::sound::Heard;
use crate::story::CALLER;
use crate::world::World;
use sanling::base::Duration;
use sanling::base::time::{millis, secs};
use sanling::call::record::{OfferOutcome, Outcome};

#[test]
fn with_no_agent_free_the_caller_is_welcomed_hears_music_and_a_word_each_seven_seconds() {
    let mut world = World::story();
    world.caller_dials("95000").expect_up(CALLER);
    let answered = world.now;
    world.after(millis(1_500)).expect_hears(CALLER, Heard::Clip("welcome")).after(millis(1_500));
    world.expect_hears(CALLER, Heard::Clip("music/hold")).after(secs(24));
    world.expect_clip(CALLER, "welcome", answered, &[Duration::ZERO]);
    // The welcome takes 2 s; comfort is counted from the first note of music.
    world.expect_clip(CALLER, "queue_comfort", answered, &[secs(9), secs(16), secs(23)]);

    world.agents_come(&["1001"]).expect_ringing("1001");
    world.expect_hears(CALLER, Heard::Clip("music/hold")).answers("1001").after(secs(3));
    world.expect_conversation(CALLER, "1001");
    let connected = world.now;
    world.after(secs(20));
    assert!(world.times_of(CALLER, "queue_comfort", connected).is_empty(), "whoever speaks needs no comfort");
    assert!(world.times_of(CALLER, "music/hold", connected).is_empty());
    let record = world.ends_well();
    assert_eq!(record.outcome, Some(Outcome::Answered));
    assert!(record.answered_at < record.connected_at);
}

#[test]
fn a_caller_who_leaves_the_music_is_abandoned_and_on_file() {
    let mut world = World::story();
    world.caller_dials("95000").after(secs(5)).hangs_up(CALLER);
    let record = world.ends_well();
    assert_eq!(record.outcome, Some(Outcome::Abandoned));
    assert!(record.recording.is_some_and(|recording| recording.duration.abs_diff(secs(5)) <= millis(20)));
    assert_eq!(world.snapshot().queues[0].today.abandoned, 1);
}

#[test]
fn two_callers_are_served_in_order_and_one_who_was_missed_keeps_his_place() {
    let mut world = World::with_agents(&["1001"]);
    world.agent_ignores("1001").dials("first", "95000").after(secs(1)).dials("second", "95000").after(secs(14));
    world.expect_agent("1001", "not-ready", Some("missed"));
    world.agents_come(&["1002"]).expect_ringing("1002").answers("1002").after(secs(4));
    world.expect_conversation("first", "1002");
    assert_eq!(world.hears("second"), Heard::Clip("music/hold"));
    world.hangs_up("1002").after(secs(1)).expect_ringing("1002").answers("1002").after(secs(4));
    world.expect_conversation("second", "1002");
    world.ends_well();
    world.expect_offers(&[("1002", OfferOutcome::Answered, 1)]);
}

#[test]
fn the_agent_who_is_idle_longest_is_called_first() {
    let mut world = World::with_agents(&["1003", "1001", "1002"]);
    for id in ["1003", "1001", "1002"] {
        world.agent_answers(id, secs(1)).caller_dials("95000").expect_ringing(id).after(secs(4)).hangs_up(CALLER).after(secs(1));
    }
    // 1003 has been idle longest again.
    world.caller_dials("95000").expect_ringing("1003");
    world.ends_well();
}

#[test]
fn an_agent_in_a_call_is_offered_no_other() {
    let mut world = World::talking("1001", crate::sound::Sound::Speech, crate::sound::Sound::Speech);
    world.habit("1001", |habit| habit.on_ring = OnRing::Ignore).dials("second", "95000").expect_not_ringing("1001");
    world.expect_up("second").after(secs(30)).expect_not_ringing("1001");
    assert_eq!(world.phone("1001").legs.len(), 1);
    world.hangs_up(CALLER).after(millis(100)).expect_ringing("1001");
    world.ends_well();
}

#[test]
fn a_caller_is_given_back_to_who_spoke_with_him_last_for_as_long_as_the_queue_says() {
    let strategy = "strategy = \"longest-idle\"";
    let preferring = "strategy = \"longest-idle\"\npreferred = { within = \"10m\", wait = \"10s\" }";
    // (what the queue says, how much later he calls again, who has him then)
    for (says, later, has_him) in [(preferring, secs(5), "1001"), (preferring, secs(700), "1002"), (strategy, secs(5), "1002")] {
        let mut world = World::story_with(&[(strategy, says)], &[]);
        world.agents_come(&["1001", "1002"]).agent_answers("1001", secs(1)).agent_answers("1002", secs(1));
        world.caller_dials("95000").after(secs(2)).expect_up("1001").hangs_up(CALLER).after(later);
        // 1002 has been idle longer.
        world.caller_dials("95000").after(secs(2)).expect_up(has_him);
        world.ends_well();
    }
}
