//! A hold with a reason and a promise: the caller is told how long it takes, the switch watches that it is so, reminds the agent, and calls
//! his superior when he does not come.

use crate::people::Way;
use crate::sound::{Heard, Sound};
use crate::story::CALLER;
use crate::world::World;
use sanling::base::time::{millis, secs};
use sanling::base::{Duration, Instant};
use sanling::call::record::HoldRecord;
use sanling::switch::input::{Command, PartyOrder};
use sanling::switch::output::Reply;

fn talking() -> World {
    World::talking("1001", Sound::Speech, Sound::Speech)
}

fn holds(world: &mut World, reason: &str, seconds: u64) -> Reply {
    let call = world.record().id;
    let order = PartyOrder::Hold { reason: Some(reason.to_owned()), promise: Some(secs(seconds)) };
    world.command(Command::Parties { call, order })
}

fn of(holds: &[HoldRecord]) -> Vec<(Option<&str>, Option<Duration>, Option<bool>)> {
    holds.iter().map(|hold| (hold.reason.as_deref(), hold.promised, hold.kept)).collect()
}

#[test]
fn the_caller_hears_the_promise_and_is_back_in_time() {
    let mut world = talking();
    assert_eq!(holds(&mut world, "looks up an order", 25), Reply::Done);
    let from = world.now;
    world.after(secs(3)).expect_clip(CALLER, "promise_30", from, &[Duration::ZERO]).expect_hears(CALLER, Heard::Clip("music/hold"));
    world.says("1001", Sound::Speech).after(secs(7)).expect_clip(CALLER, "patience", from, &[secs(7)]);
    let heard = world.heard(CALLER, from - Instant::START, world.now);
    assert!(!heard.iter().any(|(heard, ..)| *heard == Heard::Voice), "a private word is not heard by the caller");
    let call = world.record().id;
    assert_eq!(world.command(Command::Parties { call, order: PartyOrder::Back }), Reply::Done);
    world.after(millis(500)).expect_conversation(CALLER, "1001");
    let record = world.ends_well();
    assert_eq!(of(&record.holds), [(Some("looks up an order"), Some(secs(25)), Some(true))]);
    assert_eq!(world.events_named("hold.promise_exceeded").count(), 0);
    assert_eq!(world.events_named("hold.promise_kept").count(), 1);
}

#[test]
fn an_agent_who_is_late_is_reminded_and_then_his_superior_is_called() {
    let mut world = talking();
    world.agents_come(&["1000"]).agent_answers("1000", secs(2)).presses("1001", "*720#").after(millis(1_500));
    let from = *world.events_named("hold.promised").map(|(at, _)| at).next().expect("the keys are a hold");
    world.says(CALLER, Sound::Silence).after(secs(40));
    world.expect_clip("1001", "hold_overdue", from, &[secs(20), secs(27), secs(34)]);
    assert!(world.phone("1000").is_idle());
    world.after(secs(13)).expect_up("1000");
    let times: Vec<_> = world.events_named("hold.escalated").map(|(at, _)| *at - from).collect();
    assert_eq!(times, [secs(50)]);
    world.expect_hears(CALLER, Heard::Clip("music/hold"));
    world.presses("1001", "*5#").after(millis(1_500)).says("1000", Sound::Speech).says("1001", Sound::Silence).after(millis(800));
    world.expect_hears(CALLER, Heard::Voice);
    let record = world.ends_well();
    assert_eq!(of(&record.holds), [(None, Some(secs(20)), Some(false))]);
    assert_eq!(world.events_named("hold.promise_broken").count(), 1);
}

#[test]
fn a_hold_by_the_phone_is_given_its_reason_and_one_without_any_counts_as_such() {
    let mut world = talking();
    world.holds("1001", Way::SendOnly).after(secs(1));
    assert_eq!(holds(&mut world, "asks the workshop", 60), Reply::Done);
    world
        .after(secs(2))
        .retrieves("1001")
        .after(secs(1))
        .expect_conversation(CALLER, "1001")
        .holds("1001", Way::SendOnly)
        .after(secs(2))
        .retrieves("1001")
        .after(secs(1));
    let record = world.ends_well();
    assert_eq!(of(&record.holds), [(Some("asks the workshop"), Some(secs(60)), Some(true)), (None, None, None)]);
}

#[test]
fn what_cannot_be_promised_is_refused_and_a_caller_who_leaves_ends_it() {
    let mut world = talking();
    for seconds in [0, 301] {
        assert!(matches!(holds(&mut world, "no", seconds), Reply::Refused(_)), "{seconds}");
    }
    world.expect_conversation(CALLER, "1001");
    assert_eq!(holds(&mut world, "a moment", 30), Reply::Done);
    world.after(secs(5)).hangs_up(CALLER).after(secs(40));
    let record = world.ends_well();
    assert_eq!(of(&record.holds), [(Some("a moment"), Some(secs(30)), Some(true))]);
    assert_eq!(world.events_named("hold.promise_exceeded").count(), 0);
}

#[test]
fn a_promise_is_watched_over_a_crash() {
    let mut world = talking();
    assert_eq!(holds(&mut world, "a moment", 20), Reply::Done);
    let from = world.now;
    world.after(secs(5)).crash(millis(300)).after(secs(18)).expect_clip("1001", "hold_overdue", from, &[secs(20)]);
    world.ends_well();
}
