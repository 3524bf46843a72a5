//! The preferred agent in stories: how long a caller waits for who spoke with him last, and what ends it.

use super::super::*;
use super::restarts::restart;
use super::{Floor, call, desk, desk_of, skilled};
use crate::base::limits::PREFERRED_WAITING_MAX;
use crate::base::time::{millis, secs};

fn agents() -> [(&'static str, AgentSettings); 3] {
    ["1001", "1002", "1003"].map(|id| (id, skilled(&[("service", 5)])))
}

fn queue() -> QueueSettings {
    QueueSettings { preferred_wait: Some(secs(20)), ..QueueSettings::of("service") }
}

/// 1001, 1002 and 1003 are ready, 1001 for longest.
fn floor() -> Floor {
    desk_of(&agents(), queue())
}

#[test]
fn who_spoke_with_him_last_is_taken_before_the_longest_idle() {
    assert_eq!(floor().comes_for("1003", 1).orders(), ["1003←1"]);
    let mut without_rule = desk_of(&agents(), QueueSettings::of("service"));
    assert_eq!(without_rule.comes_for("1003", 1).orders(), ["1001←1"]);
    assert_eq!(floor().comes_for("9999", 1).orders(), ["1001←1"], "he has left the company");
}

#[test]
fn he_is_waited_for_though_others_are_free_and_then_no_longer() {
    let mut floor = floor();
    floor.engaged("1003", 90).comes_for("1003", 1);
    assert_eq!(floor.after(millis(19_999)).orders(), ["~1"]);
    assert_eq!(floor.after(millis(1)).orders(), ["1001←1"]);
    assert_eq!(floor.hangs_up("1003", 90).orders(), [""; 0], "it is on its way to another");
}

#[test]
fn when_he_comes_free_in_time_the_call_is_his() {
    let mut floor = floor();
    floor.engaged("1003", 90).comes_for("1003", 1).after(secs(19)).orders();
    assert_eq!(floor.hangs_up("1003", 90).orders(), ["1003←1"]);
    assert_eq!(floor.answers("1003", 1).acd.deadline(), None);
}

#[test]
fn in_the_moment_in_which_the_wait_ends_he_is_still_preferred() {
    let wrap_up = QueueSettings { wrap_up: secs(20), ..queue() };
    let mut floor = desk_of(&agents(), wrap_up);
    floor.comes_for("1003", 1).serves("1003", 1, secs(60)).comes_for("1003", 2).orders();
    assert_eq!(floor.state("1003"), "wrap-up");
    assert_eq!(floor.after(secs(20)).orders(), ["1003←2"]);
}

#[test]
fn who_will_take_no_calls_is_not_waited_for() {
    for off in [false, true] {
        let mut floor = floor();
        if off {
            floor.event(Event::LoggedOff { agent: "1003".into() });
        } else {
            floor.not_ready("1003");
        }
        assert_eq!(floor.comes_for("1003", 1).orders(), ["1001←1"]);
    }
    // On a call, and offline after it: the same.
    let mut floor = floor();
    floor.engaged("1003", 90).event(Event::LoggedOff { agent: "1003".into() });
    assert_eq!(floor.comes_for("1003", 1).orders(), ["1001←1"]);
}

#[test]
fn when_he_goes_away_meanwhile_the_call_is_everybodys_at_once() {
    let mut floor = floor();
    floor.engaged("1003", 90).comes_for("1003", 1).comes_for("1003", 2).after(secs(5)).orders();
    assert_eq!(floor.not_ready("1003").orders(), ["1001←1", "1002←2"], "asked for during his call");
    let mut floor = desk_of(&agents(), queue());
    floor.engaged("1003", 90).comes_for("1003", 1).orders();
    floor.reconfigure(desk(&agents()[..2], &[("service", queue())]));
    assert_eq!(floor.orders(), ["1001←1"], "he has left the company");
}

#[test]
fn he_who_lets_it_down_is_preferred_no_longer() {
    let mut floor = floor();
    floor.comes_for("1003", 1).orders();
    assert_eq!(floor.fails("1003", 1, OfferResult::Busy).orders(), ["1001←1"]);
    floor.after(secs(6));
    assert_eq!(floor.fails("1001", 1, OfferResult::Busy).orders(), ["1002←1"]);
}

#[test]
fn the_oldest_caller_is_served_first_preferred_or_not() {
    let mut floor = floor();
    floor.engaged("1001", 91).engaged("1002", 92).engaged("1003", 93).comes(1).after(secs(1)).comes_for("1003", 2).orders();
    assert_eq!(floor.hangs_up("1003", 93).orders(), ["1003←1"]);
    let mut floor = desk_of(&agents(), queue());
    floor.engaged("1001", 91).engaged("1002", 92).engaged("1003", 93).comes_for("1003", 1).after(secs(1)).comes(2).orders();
    assert_eq!(floor.hangs_up("1003", 93).orders(), ["1003←1"]);
    assert_eq!(floor.hangs_up("1001", 91).orders(), ["1001←2"]);
}

#[test]
fn who_is_not_skilled_for_it_is_not_waited_for() {
    let agents = [("1001", skilled(&[("service", 5)])), ("1002", skilled(&[("sales", 5)]))];
    assert_eq!(desk_of(&agents, queue()).comes_for("1002", 1).orders(), ["1001←1"]);
}

#[test]
fn so_many_wait_for_one_and_no_more() {
    let mut floor = floor();
    floor.engaged("1003", 90);
    for n in 0..=PREFERRED_WAITING_MAX as u64 {
        floor.comes_for("1003", n);
    }
    assert_eq!(floor.orders().last(), Some(&format!("1001←{PREFERRED_WAITING_MAX}")));
    floor.leaves(0).comes_for("1003", 99);
    assert_eq!(floor.orders(), ["~99"], "there is room again");
}

#[test]
fn a_restart_goes_on_waiting_for_him() {
    let mut floor = floor();
    floor.engaged("1003", 90).comes_for("1003", 1).after(secs(12)).orders();
    let settings = desk(&agents(), &[("service", queue())]);
    let mut floor = restart(&floor, settings, &[1, 90]);
    assert_eq!(floor.after(millis(7_999)).orders(), [""; 0]);
    assert_eq!(floor.after(millis(1)).orders(), ["1001←1"]);
    assert_eq!(floor.acd.offered_to(call(1)), ["1001".into()]);
}
