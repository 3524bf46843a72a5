//! Operating: feature codes, reload, drain.

use crate::phones::{Phone, Saw};
use crate::sound::{Heard, Sound};
use crate::story::CALLER;
use crate::world::World;
use sanling::base::time::{millis, secs};
use sanling::base::{AgentId, Timestamp};
use sanling::switch::input::{Command, Input, RequestedState};
use sanling::switch::output::Reply;

#[test]
fn feature_codes_are_dialled_confirmed_and_obeyed() {
    let mut world = World::with_agents(&["1001"]);
    for (code, state, reason) in [
        ("*14", "not-ready", Some("not-ready")),
        ("*13", "ready", None),
        ("*15", "not-ready", Some("meeting")),
        ("*12", "offline", None),
        ("*11", "ready", None),
    ] {
        world.dials("1001", code).expect_up("1001").after(millis(500)).expect_hears("1001", Heard::Clip("thanks"));
        world.after(secs(1)).expect_ended("1001").expect_agent("1001", state, reason);
    }
    world.caller_dials("95000").expect_ringing("1001");
    world.ends_well();
}

#[test]
fn feature_codes_are_pressed_in_a_call_and_hold_after_it() {
    for (keys, state, reason) in [("*14", "not-ready", Some("not-ready")), ("99*15", "not-ready", Some("meeting")), ("14", "ready", None)] {
        let mut world = World::talking("1001", Sound::Speech, Sound::Speech);
        world.presses("1001", keys).after(secs(2)).expect_agent("1001", "talking", None).expect_up(CALLER);
        world.hangs_up(CALLER).after(millis(100)).expect_agent("1001", state, reason);
        world.ends_well();
    }
}

#[test]
fn a_callers_keys_are_no_feature_code() {
    let mut world = World::talking("1001", Sound::Speech, Sound::Speech);
    world.presses(CALLER, "*14").after(secs(2)).hangs_up(CALLER).after(millis(100)).expect_agent("1001", "ready", None);
    world.ends_well();
}

#[test]
fn an_agents_state_is_set_from_outside() {
    let mut world = World::with_agents(&["1001"]);
    let set = |world: &mut World, id: &str, state| {
        world.command(Command::SetAgentState { agent: AgentId::new(id), state, reason: Some("meal".to_owned()) })
    };
    assert_eq!(set(&mut world, "1001", RequestedState::NotReady), Reply::Done);
    world.expect_agent("1001", "not-ready", Some("meal"));
    assert_eq!(set(&mut world, "9999", RequestedState::Ready), Reply::UnknownAgent);
    assert!(matches!(set(&mut world, "1002", RequestedState::Ready), Reply::Refused(_)), "he has no phone");
    assert_eq!(set(&mut world, "1001", RequestedState::Ready), Reply::Done);
    world.caller_dials("95000").expect_ringing("1001");
    world.ends_well();
}

#[test]
fn a_reload_keeps_calls_states_registrations_and_places() {
    let mut world = World::talking("1001", Sound::Speech, Sound::Speech);
    world.agents_come(&["1002", "1003"]);
    world.dials("1003", "*15").after(secs(3)).dials("second", "95000").expect_ringing("1002").after(secs(4));
    assert_eq!(world.reload(&[], &["rules.hold.patience=\"9s\""]), ["rules.hold.patience: 7s → 9s"]);
    assert_eq!(world.events_named("config.reloaded").count(), 1);
    world.expect_conversation(CALLER, "1001").expect_ringing("1002").expect_agent("1003", "not-ready", Some("meeting"));
    world.answers("1002").after(secs(4)).expect_conversation("second", "1002");
    world.hangs_up(CALLER).after(millis(100)).expect_agent("1001", "ready", None);
    world.caller_dials("95000").expect_ringing("1001");
    world.ends_well();
}

#[test]
fn a_drain_takes_no_new_call_and_ends_the_old_ones_with_a_reason() {
    let mut world = World::talking("1001", Sound::Speech, Sound::Speech);
    world.command(Command::Drain { limit: secs(30) });
    world.dials("second", "95000");
    world.expect_saw("second", |saw| matches!(saw, Saw::Refused { code: 503, retry_after: Some(_) }));
    world.after(millis(29_900)).expect_up(CALLER).after(millis(100)).expect_ended(CALLER).expect_ended("1001");
    for party in [CALLER, "1001"] {
        world.expect_saw(party, |saw| matches!(saw, Saw::Bye { reason: Some(_) }));
    }
    world.after(secs(1));
    assert!(world.drained);
    world.dials("third", "95000").expect_saw("third", |saw| matches!(saw, Saw::Refused { code: 503, .. }));
    world.ends_well();
}

#[test]
fn a_drain_is_over_when_the_last_call_is() {
    let mut world = World::talking("1001", Sound::Speech, Sound::Speech);
    world.command(Command::Drain { limit: secs(30) });
    world.after(secs(3)).hangs_up(CALLER).after(secs(1));
    assert!(world.drained, "nothing is waited for any more");
    world.ends_well();
}

#[test]
fn while_the_store_is_blocked_new_calls_are_put_off() {
    let mut world = World::talking("1001", Sound::Speech, Sound::Speech);
    world.input(Input::StoreBlocked(true));
    world.dials("second", "95000");
    world.expect_saw("second", |saw| matches!(saw, Saw::Refused { code: 503, retry_after: Some(_) })).expect_up(CALLER);
    world.input(Input::StoreBlocked(false));
    world.dials("second", "95000").expect_up("second");
    world.ends_well();
}

#[test]
fn a_phone_that_unregisters_takes_its_agent_off() {
    let mut world = World::with_agents(&["1001"]);
    world.act("1001", |phone: &mut Phone, now, out| phone.unregister(now, out));
    world.after(secs(1)).expect_agent("1001", "offline", None);
    world.caller_dials("95000").expect_not_ringing("1001").expect_up(CALLER);
    world.ends_well();
}

/// Of the queue, today: offered, answered, abandoned.
fn figures(world: &World) -> (u64, u64, u64) {
    let today = &world.snapshot().queues[0].today;
    (today.offered, today.answered, today.abandoned)
}

/// One who talks, one who waits, and the wall about to read midnight.
fn just_before_midnight() -> World {
    let mut world = World::with_agents(&["1001"]);
    world.agent_answers("1001", secs(1)).caller_dials("95000").after(secs(2)).expect_up("1001");
    world.dials("13800000002", "95000").after(secs(1));
    assert_eq!(figures(&world), (2, 1, 0));
    world.sets_clock(Timestamp(MIDNIGHT - 2_000));
    world
}

/// In the zone of the shipped configuration's reports, Asia/Shanghai.
const MIDNIGHT: i64 = 1_795_276_800_000;

#[test]
fn figures_begin_anew_at_midnight_and_a_clock_put_back_takes_nothing_from_them() {
    let mut world = just_before_midnight();
    world.after(millis(1_999));
    assert_eq!(figures(&world), (2, 1, 0));
    world.after(millis(1));
    assert_eq!(figures(&world), (0, 0, 0), "whoever waits came the day before");
    world.dials("13800000003", "95000").after(secs(1)).hangs_up("13800000003").after(secs(1));
    assert_eq!(figures(&world), (1, 0, 1));
    world.sets_clock(Timestamp(MIDNIGHT - 10_000)).after(secs(5));
    assert_eq!(figures(&world), (1, 0, 1), "what was counted is not lost");
    world.after(secs(60));
    assert_eq!(figures(&world), (1, 0, 1), "the same midnight is no second one");
    world.sets_clock(Timestamp(MIDNIGHT + 86_399_000));
    assert_eq!(figures(&world), (1, 0, 1));
    world.after(secs(1));
    assert_eq!(figures(&world), (0, 0, 0));
    world.ends_well();
}

#[test]
fn a_clock_set_forward_over_midnight_begins_a_day_and_one_that_was_wrong_by_days_ends_its_own() {
    let mut world = just_before_midnight();
    world.sets_clock(Timestamp(MIDNIGHT + 1));
    assert_eq!(figures(&world), (0, 0, 0));
    world.dials("13800000003", "95000").after(secs(1)).hangs_up("13800000003").after(secs(1));
    assert_eq!(figures(&world), (1, 0, 1));
    world.sets_clock(Timestamp(MIDNIGHT - 5 * 86_400_000 - 1_000));
    assert_eq!(figures(&world), (1, 0, 1), "nothing is lost before a midnight");
    world.after(secs(1));
    assert_eq!(figures(&world), (0, 0, 0));
    world.ends_well();
}

#[test]
fn a_midnight_that_passes_while_the_switch_is_away_is_one() {
    let mut world = just_before_midnight();
    // Killed in the same moment in which the clock was set: the time that goes on is that of the new clock.
    world.crash(millis(1_500)).after(millis(1_600));
    assert_eq!(figures(&world), (2, 1, 0), "a restart is no midnight");
    world.crash(secs(2)).after(secs(3));
    assert_eq!(figures(&world), (0, 0, 0));
    world.ends_well();
}
