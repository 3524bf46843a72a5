//! What a waiting caller is told: his place and his wait, where his queue says them; and the music of his queue.

use crate::sound::Heard;
use crate::story::CALLER;
use crate::world::World;
use sanling::base::Duration;
use sanling::base::time::{millis, secs};
use sanling::switch::output::Detail;

const QUEUE: &str = "wrap_up = \"0s\"";

/// 1001 is on a call, and stays there.
fn busy(announce: &str) -> World {
    let mut world = World::story_with(&[(QUEUE, announce)], &[]);
    world.agents_come(&["1001"]).agent_answers("1001", secs(1)).dials("served", "95000").after(secs(2)).expect_up("1001");
    world
}

#[test]
fn who_waits_is_told_his_place_and_his_wait_after_the_welcome_and_again_when_it_is_time() {
    let mut world = busy("announce = { every = \"30s\" }");
    world.dials("second", "95000").after(millis(100)).dials("third", "95000").expect_up("third");
    let from = world.now;
    world.after(secs(40));
    // The welcome takes two seconds; the word of comfort comes each seven from the first note, and the place in its stead after thirty.
    world.expect_clip("third", "welcome", from, &[Duration::ZERO]);
    world.expect_clip("third", "queue_ahead", from, &[secs(2), millis(36_980)]);
    world.expect_clip("third", "digits/1", from, &[millis(2_500), millis(37_480)]);
    world.expect_clip("third", "queue_ahead_suffix", from, &[millis(2_800), millis(37_780)]);
    // Two calls of 90 s, of which nothing is known yet, by one agent.
    world.expect_clip("third", "digits/3", from, &[millis(3_800), millis(38_780)]);
    world.expect_clip("third", "queue_comfort", from, &[millis(8_980), millis(15_980), millis(22_980), millis(29_980)]);
    assert_eq!(world.times_of("second", "queue_next", from).len(), 2);
    assert_eq!(world.times_of("second", "digits/2", from).len(), 2, "a minute and a half is two minutes begun");
    let told = world.events_named("queue.announced").next().expect("told").1.detail.clone();
    assert_eq!(told, [("ahead", Detail::Number(0)), ("wait_seconds", Detail::Number(90))]);
    world.ends_well();
}

#[test]
fn a_place_moves_up_as_those_ahead_are_served() {
    let mut world = busy("announce = { wait = false, every = \"10s\" }");
    world.dials("second", "95000").after(millis(100)).dials("third", "95000").after(secs(5));
    let from = world.now;
    world.hangs_up("served").after(secs(2)).expect_up("1001").expect_up("second").after(secs(20));
    assert!(!world.times_of("third", "queue_next", from).is_empty());
    assert!(world.times_of("third", "queue_ahead", from).is_empty(), "nobody is ahead of him any more");
    assert!(world.times_of("third", "queue_wait", from).is_empty(), "of the wait nothing is said");
    world.ends_well();
}

#[test]
fn an_agent_who_answers_ends_what_is_being_said() {
    let mut world = busy("announce = { every = \"30s\" }");
    world.caller_dials("95000").after(millis(2_200)).expect_hears(CALLER, Heard::Clip("queue_next"));
    let from = world.now;
    world.hangs_up("served").after(secs(4)).expect_up("1001");
    assert!(world.times_of(CALLER, "queue_wait_suffix", from).is_empty());
    world.expect_conversation(CALLER, "1001");
    let up = world.now;
    world.after(secs(40));
    assert!(world.times_of(CALLER, "queue_next", up).is_empty());
    world.ends_well();
}

#[test]
fn as_shipped_nobody_is_told_and_each_queue_may_have_its_music() {
    let mut world = busy("wrap_up = \"0s\"");
    world.caller_dials("95000").after(secs(3)).expect_hears(CALLER, Heard::Clip("music/hold")).after(secs(30));
    assert_eq!(world.events_named("queue.announced").count(), 0);
    world.ends_well();
    let mut world = busy("music = \"thanks\"");
    world.caller_dials("95000").after(secs(3)).expect_hears(CALLER, Heard::Clip("thanks")).after(secs(3));
    world.expect_hears(CALLER, Heard::Clip("thanks"));
    world.ends_well();
}
