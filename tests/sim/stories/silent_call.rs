//! The silent call: greeting, 5 s, ask, 5 s, farewell, 5 s, hang-up; any word of the caller ends it.

use crate::people::Way;
use crate::phones::Saw;
use crate::sound::{GREETING_MS, Heard, Sound};
use crate::story::CALLER;
use crate::world::World;
use sanling::base::time::{millis, secs};
use sanling::base::{Duration, Instant};
use sanling::call::record::{Outcome, ReleasedBy};

const GREETING: Duration = millis(GREETING_MS);

/// A caller who sends `caller` is connected with an agent who sends `agent`; the moment of it.
fn connected(caller: Sound, agent: Sound) -> (World, Instant) {
    let mut world = World::with_agents(&["1001"]);
    world.agent_answers("1001", secs(1)).habit("1001", |habit| habit.sound = agent);
    world.caller_dials("95000").says(CALLER, caller).after(secs(1)).expect_up("1001").expect_up(CALLER);
    let now = world.now;
    (world, now)
}

#[track_caller]
fn expect_script(world: &mut World, from: Instant, greeted: Duration) {
    let ask = greeted + secs(5);
    let farewell = ask + secs(2) + secs(5);
    let end = farewell + secs(2) + secs(5);
    // A clip has ended when its last frame is sent, 20 ms before it is heard to its end.
    let within = |at: Duration, expected: Duration| at + millis(60) >= expected && at <= expected + millis(150);
    for (clip, expected) in [("silent_ask", ask), ("silent_farewell", farewell)] {
        let heard = world.times_of(CALLER, clip, from);
        assert!(heard.len() == 1 && within(heard[0].0, expected), "{clip}: {heard:?}, expected {expected:?}");
        assert!(world.times_of("1001", clip, from).is_empty(), "the agent is spared the script");
    }
    for party in [CALLER, "1001"] {
        let ended = world.leg(party).ended_at.expect("ended") - from;
        assert!(within(ended, end), "{party}: {ended:?}, expected {end:?}");
        world.expect_saw(party, |saw| matches!(saw, Saw::Bye { reason: Some(_) }));
    }
}

#[test]
fn a_silent_caller_is_asked_told_goodbye_and_released() {
    // Silence, comfort noise, hum, hiss, and no RTP at all are all silence.
    for sound in [Sound::Silence, Sound::Comfort, Sound::Hum, Sound::Hiss, Sound::Nothing] {
        let (mut world, from) = connected(sound, Sound::Silence);
        world.after(secs(25));
        expect_script(&mut world, from, GREETING);
        let record = world.ends_well();
        assert_eq!((record.outcome, record.released_by), (Some(Outcome::Silent), Some(ReleasedBy::Switch)), "{sound:?}");
        assert_eq!(world.events_named("silent_call.step").count(), 2);
        assert_eq!(world.agent("1001").state, "ready");
    }
}

#[test]
fn a_caller_who_speaks_at_any_step_ends_the_script_for_good() {
    // (when he speaks, after the connection; how many steps were said by then)
    for (speaks_ms, steps) in [
        (1_000, 0),
        (GREETING_MS + 3_000, 0),
        (GREETING_MS + 6_000, 1),
        (GREETING_MS + 9_000, 1),
        (GREETING_MS + 13_000, 2),
        (GREETING_MS + 17_000, 2),
    ] {
        let (mut world, _) = connected(Sound::Silence, Sound::Silence);
        world.after(millis(speaks_ms)).says(CALLER, Sound::Speech).after(millis(1_500)).says(CALLER, Sound::Silence);
        world.after(secs(60)).expect_up(CALLER).expect_up("1001");
        assert_eq!(world.events_named("silent_call.step").count(), steps, "spoke at {speaks_ms} ms");
        let record = world.ends_well();
        assert_eq!(record.outcome, Some(Outcome::Answered));
    }
}

#[test]
fn the_agents_word_starts_the_wait_again() {
    let (mut world, from) = connected(Sound::Silence, Sound::Silence);
    world.after(GREETING + secs(3)).says("1001", Sound::Speech).after(secs(4)).says("1001", Sound::Silence);
    let spoke_until = world.now - from;
    world.after(secs(8));
    let heard = world.times_of(CALLER, "silent_ask", from);
    // The end of speech is known half a second after it.
    let waited = heard.first().map(|(at, _)| *at - spoke_until);
    assert!(waited.is_some_and(|waited| waited >= millis(4_900) && waited <= millis(5_900)), "{heard:?} after {spoke_until:?}");
    world.ends_well();
}

#[test]
fn an_agent_who_speaks_all_the_time_is_not_interrupted() {
    let (mut world, _) = connected(Sound::Silence, Sound::Speech);
    world.after(secs(40)).expect_up(CALLER);
    assert_eq!(world.events_named("silent_call.step").count(), 0);
    world.ends_well();
}

#[test]
fn in_a_hold_the_script_waits() {
    let (mut world, from) = connected(Sound::Silence, Sound::Silence);
    world.after(GREETING + secs(4)).holds("1001", Way::SendOnly).after(secs(20)).expect_hears(CALLER, Heard::Clip("music/hold"));
    assert!(world.times_of(CALLER, "silent_ask", from).is_empty());
    let back = world.now;
    world.retrieves("1001").after(millis(5_500));
    world.expect_clip(CALLER, "silent_ask", back, &[secs(5)]);
    world.ends_well();
}

#[test]
fn an_internal_call_has_no_script() {
    let mut world = World::with_agents(&["1001", "1002"]);
    for id in ["1001", "1002"] {
        world.habit(id, |habit| habit.sound = Sound::Silence);
    }
    world.agent_answers("1002", secs(1)).dials("1001", "1002").after(secs(40)).expect_up("1001").expect_up("1002");
    world.ends_well();
}
