//! Three rings: an agent who does not answer within three full rings loses the call, and the caller his place to nobody.

use crate::people::Alert;
use crate::phones::Saw;
use crate::story::CALLER;
use crate::world::World;
use sanling::base::Duration;
use sanling::base::time::{millis, secs};
use sanling::call::record::{OfferOutcome, Outcome, ReleasedBy};

#[test]
fn an_answer_on_the_third_ring_counts() {
    let mut world = World::with_agents(&["1001", "1002"]);
    world.agent_answers("1001", millis(14_900)).caller_dials("95000");
    world.expect_ringing("1001").after(millis(14_800)).expect_ringing("1001").expect_not_ringing("1002");
    world.after(millis(200)).expect_up("1001").expect_up(CALLER).expect_agent("1001", "talking", None);
    world.after(secs(3)).expect_conversation(CALLER, "1001");
    let record = world.ends_well();
    world.expect_offers(&[("1001", OfferOutcome::Answered, 3)]);
    assert_eq!(record.outcome, Some(Outcome::Answered));
}

#[test]
fn at_fifteen_seconds_the_offer_is_withdrawn_and_the_next_agent_rings_at_once() {
    let mut world = World::with_agents(&["1001", "1002"]);
    world.agent_ignores("1001").caller_dials("95000");
    world.after(millis(14_999)).expect_ringing("1001").expect_not_ringing("1002");
    world.after(millis(1)).expect_not_ringing("1001").expect_ringing("1002");
    world.expect_gave_up_ringing("1001", secs(15)).expect_agent("1001", "not-ready", Some("missed"));
    let rona = |saw: &Saw| matches!(saw, Saw::Cancelled { reason: Some(reason) } if reason.contains("SIP") && reason.contains("RONA"));
    world.expect_saw("1001", rona);
    world.answers("1002").after(secs(3)).expect_conversation(CALLER, "1002");
    world.ends_well();
    world.expect_offers(&[("1001", OfferOutcome::Missed, 3), ("1002", OfferOutcome::Answered, 1)]);
    assert_eq!(world.agent("1001").state, "not-ready", "he comes back by himself, not by time");
}

#[test]
fn an_answer_that_comes_at_the_limit_is_late() {
    let mut world = World::with_agents(&["1001", "1002"]);
    world.agent_answers("1001", secs(15)).caller_dials("95000").after(millis(15_100));
    world.expect_ringing("1002").expect_ended("1001").expect_agent("1001", "not-ready", Some("missed"));
    world.ends_well();
}

#[test]
fn an_answer_that_crosses_the_cancel_is_acknowledged_and_released() {
    let mut world = World::with_agents(&["1001", "1002"]);
    // The phone answers at 14.99 s, and its 200 takes 80 ms.
    world.agent_answers("1001", millis(14_990)).caller_dials("95000").after(millis(14_950));
    world.net.sip.least_ms = 80;
    world.after(secs(1));
    world.net.sip.least_ms = 0;
    world.after(secs(2)).expect_ended("1001");
    let up = world.phone("1001").saw(&Saw::Up).is_some();
    let answered = world.agent("1001").state == "talking";
    assert!(up && !answered, "its 200 was too late, and the phone must be told by BYE");
    world.ends_well();
}

#[test]
fn two_misses_in_a_row_leave_the_caller_first() {
    let mut world = World::with_agents(&["1001", "1002", "1003"]);
    world.caller_dials("95000").after(secs(10));
    world.dials("second", "95000").expect_ringing("1002").after(secs(5));
    // The first caller goes to the third agent; the second still rings at 1002.
    world.expect_ringing("1003").expect_agent("1001", "not-ready", Some("missed"));
    world.after(secs(10)).expect_agent("1002", "not-ready", Some("missed"));
    world.after(secs(5)).expect_agent("1003", "not-ready", Some("missed"));
    // Nobody is left. The first agent who comes back takes the first caller, who waits longest.
    world.agent_answers("1003", millis(500));
    world.act("1003", |phone, now, out| phone.dial("*13", now, out));
    world.after(secs(1)).expect_ringing("1003").after(secs(6));
    world.expect_up(CALLER).expect_up("1003");
    world.expect_conversation(CALLER, "1003");
    world.ends_well();
}

#[test]
fn without_any_alert_time_runs_from_the_invite() {
    for alert in [Alert::Trying, Alert::Deaf] {
        let mut world = World::with_agents(&["1001", "1002"]);
        world.alerts_by("1001", alert).caller_dials("95000").after(millis(14_999)).expect_not_ringing("1002");
        world.after(millis(1)).expect_ringing("1002").expect_agent("1001", "not-ready", Some("missed"));
        world.hangs_up(CALLER).after(secs(1));
        world.expect_offers(&[("1001", OfferOutcome::Missed, 3), ("1002", OfferOutcome::Withdrawn, 1)]);
        // A deaf phone is sent its INVITE for 32 s, and no CANCEL before it says something.
        world.ends_well();
    }
}

#[test]
fn time_runs_from_the_first_alert_be_it_180_or_183() {
    for alert in [Alert::Ringing, Alert::Progress] {
        let mut world = World::with_agents(&["1001", "1002"]);
        world.alerts_by("1001", alert).habit("1001", |habit| habit.alerts_after = secs(2)).caller_dials("95000");
        world.after(millis(16_999)).expect_ringing("1001").expect_not_ringing("1002");
        world.after(millis(1)).expect_ringing("1002").expect_gave_up_ringing("1001", secs(15));
        world.ends_well();
    }
}

#[test]
fn a_caller_who_leaves_in_ring_two_stops_the_ringing_at_once() {
    let mut world = World::with_agents(&["1001", "1002"]);
    world.caller_dials("95000").after(millis(7_500)).expect_ringing("1001");
    world.hangs_up(CALLER).expect_not_ringing("1001").expect_not_ringing("1002").expect_agent("1001", "ready", None);
    world.expect_saw("1001", |saw| matches!(saw, Saw::Cancelled { reason } if !reason.as_deref().unwrap_or("").contains("RONA")));
    let record = world.ends_well();
    world.expect_offers(&[("1001", OfferOutcome::Withdrawn, 2)]);
    assert_eq!((record.outcome, record.released_by), (Some(Outcome::Abandoned), Some(ReleasedBy::Caller)));
    assert_eq!((record.answered_at, record.recording), (None, None));
    world.expect_saw(CALLER, |saw| matches!(saw, Saw::Refused { code: 487, .. }));
}

#[test]
fn busy_and_rejecting_agents_are_told_apart_and_passed_by() {
    let mut world = World::with_agents(&["1001", "1002", "1003"]);
    world.agent_refuses("1001", 486).agent_refuses("1002", 603).agent_answers("1003", secs(1));
    world.caller_dials("95000").after(millis(2_100)).expect_up("1003").expect_up(CALLER);
    world.ends_well();
    world.expect_offers(&[("1001", OfferOutcome::Busy, 1), ("1002", OfferOutcome::Rejected, 1), ("1003", OfferOutcome::Answered, 1)]);
}

#[test]
fn the_caller_hears_ringing_until_three_rings_then_the_switch_answers_him() {
    let mut world = World::with_agents(&["1001", "1002"]);
    world.agent_ignores("1001").agent_ignores("1002").caller_dials("95000");
    let dialled = world.now;
    world.expect_saw(CALLER, |saw| *saw == Saw::Progress(180));
    world.after(millis(14_999));
    assert!(world.leg(CALLER).up_at.is_none());
    world.after(millis(1)).expect_up(CALLER).expect_ringing("1002");
    let answered = world.leg(CALLER).up_at.expect("up");
    assert_eq!(answered - dialled, secs(15));
    world.after(millis(2_500)).expect_clip(CALLER, "welcome", answered, &[Duration::ZERO]);
    world.answers("1002").after(secs(3)).expect_conversation(CALLER, "1002");
    let record = world.ends_well();
    assert!(record.connected_at > record.answered_at);
}
