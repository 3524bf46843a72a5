//! Several phones for one call in stories: all at once, or one after the other. Who answers first has the caller, and nobody else has anything
//! counted against him.

use super::super::*;
use super::restarts::restart;
use super::{Floor, call, desk, desk_of, levels, skilled};
use crate::base::Duration;
use crate::base::time::{millis, secs};

fn ring_all(ring_at_once: usize) -> QueueSettings {
    QueueSettings { strategy: Strategy::RingAll, ring_at_once, ..QueueSettings::of("service") }
}

fn progressive(ring_at_once: usize) -> QueueSettings {
    QueueSettings { strategy: Strategy::RingProgressively, ring_at_once, ring_step: secs(5), ..QueueSettings::of("service") }
}

fn people(ids: &[&'static str]) -> Vec<(&'static str, AgentSettings)> {
    ids.iter().map(|id| (*id, skilled(&[("service", 5)]))).collect()
}

fn floor_of(queue: QueueSettings, ids: &[&'static str]) -> Floor {
    desk_of(&people(ids), queue)
}

fn made_and_missed(floor: &Floor) -> (u64, u64) {
    (floor.figures().offers, floor.figures().offers_missed)
}

#[test]
fn all_who_are_ready_are_rung_at_once_and_those_who_were_spared_are_ready_at_once() {
    let mut floor = floor_of(ring_all(10), &["1002", "1001", "1003"]);
    floor.comes(1);
    assert_eq!(floor.orders(), ["1002←1", "1001←1", "1003←1"], "the longest idle first");
    floor.rings("1001", 1).rings("1002", 1).after(secs(4)).answers("1001", 1);
    assert_eq!(floor.orders(), ["1002×1", "1003×1"]);
    assert_eq!(["1001", "1002", "1003"].map(|id| floor.state(id)), ["talking", "ready", "ready"]);
    let counters = ["1002", "1003"].map(|id| floor.acd.agent(id).map(|agent| agent.counters));
    assert_eq!(counters, [Some(Counters::default()); 2]);
    assert_eq!((made_and_missed(&floor), floor.figures().answered), ((1, 0), 1), "for the caller it was one offer");
    assert_eq!(floor.comes(2).orders(), ["1002←2", "1003←2"], "they rest no moment and kept their idle time");
}

#[test]
fn so_many_ring_at_once_and_who_is_left_goes_to_the_next_in_line() {
    let mut floor = floor_of(ring_all(3), &["1001", "1002", "1003", "1004", "1005"]);
    floor.comes(1).comes(2).comes(3);
    assert_eq!(floor.orders(), ["1001←1", "1002←1", "1003←1", "1004←2", "1005←2", "~3"]);
    floor.answers("1002", 1);
    assert_eq!(floor.orders(), ["1001×1", "1003×1", "1001←2", "1003←3"], "the second has his third phone, then the third his first");
    assert_eq!(made_and_missed(&floor), (3, 0));
}

#[test]
fn who_comes_to_be_ready_joins_the_phones_that_ring() {
    let mut floor = floor_of(ring_all(3), &["1001", "1002"]);
    floor.not_ready("1002").comes(1).after(secs(4));
    assert_eq!(floor.orders(), ["1001←1"]);
    assert_eq!(floor.event(Event::MadeReady { agent: "1002".into() }).orders(), ["1002←1"]);
    assert_eq!(floor.answers("1002", 1).orders(), ["1001×1"]);
}

#[test]
fn each_has_the_consequence_of_his_own_deed_and_the_others_ring_on() {
    let mut floor = floor_of(ring_all(10), &["1001", "1002", "1003", "1004"]);
    floor.comes(1).orders();
    floor.after(secs(15)).fails("1001", 1, OfferResult::Missed).fails("1002", 1, OfferResult::Rejected);
    floor.fails("1003", 1, OfferResult::Unreachable);
    assert_eq!(floor.orders(), [""; 0], "a phone rings still");
    assert_eq!(made_and_missed(&floor), (1, 0));
    let states = ["1001", "1002", "1003", "1004"].map(|id| floor.state(id));
    assert_eq!(states, ["not-ready missed", "not-ready rejected", "not-ready unreachable", "reserved"]);
    assert_eq!(floor.fails("1004", 1, OfferResult::Rejected).orders(), ["~1"]);
    assert_eq!(made_and_missed(&floor), (1, 1), "nobody answered, and one phone rang out");
}

#[test]
fn when_all_are_gone_the_call_is_back_in_its_place_and_others_are_tried_first() {
    let mut floor = floor_of(ring_all(1), &["1001"]);
    floor.comes(1).after(secs(1)).comes(2).fails("1001", 1, OfferResult::Missed);
    assert_eq!(floor.orders(), ["1001←1", "~2", "~1"]);
    let settings = desk(&people(&["1001", "1002"]), &[("service", ring_all(1))]);
    floor
        .reconfigure(settings)
        .event(Event::LoggedOn { agent: "1002".into() })
        .engaged("1001", 90)
        .event(Event::MadeReady { agent: "1001".into() });
    assert_eq!(floor.hangs_up("1001", 90).orders(), ["1001←1"], "better than nobody");
    floor.fails("1001", 1, OfferResult::Busy).orders();
    floor.event(Event::MadeReady { agent: "1002".into() });
    assert_eq!(floor.orders(), ["1002←1"], "before the second in line");
}

#[test]
fn who_was_busy_is_rung_again_after_his_rest_while_the_others_ring() {
    let mut floor = floor_of(ring_all(10), &["1001", "1002"]);
    floor.comes(1).fails("1001", 1, OfferResult::Busy).orders();
    assert_eq!(floor.after(millis(4_999)).orders(), [""; 0]);
    assert_eq!(floor.after(millis(1)).orders(), ["1001←1"]);
    assert_eq!(made_and_missed(&floor), (1, 0));
}

#[test]
fn a_caller_who_leaves_silences_every_phone() {
    let mut floor = floor_of(ring_all(10), &["1001", "1002"]);
    floor.comes(1).rings("1002", 1).after(secs(7)).leaves(1);
    assert_eq!(floor.orders(), ["1001←1", "1002←1", "1001×1", "1002×1"]);
    assert_eq!((floor.state("1001"), floor.state("1002")), ("ready".into(), "ready".into()));
    assert_eq!((made_and_missed(&floor), floor.figures().abandoned), ((1, 0), 1));
    // Of one who had rung out before, it was missed.
    floor.comes(2).fails("1001", 2, OfferResult::Missed).leaves(2);
    assert_eq!(made_and_missed(&floor), (2, 1));
}

#[test]
fn an_agent_who_logs_off_or_dials_out_leaves_the_others_ringing() {
    let mut floor = floor_of(ring_all(10), &["1001", "1002", "1003"]);
    floor.comes(1).orders();
    assert_eq!(floor.event(Event::LoggedOff { agent: "1001".into() }).orders(), ["1001×1"]);
    assert_eq!(floor.engaged("1002", 90).orders(), ["1002×1"]);
    assert_eq!(floor.answers("1003", 1).orders(), [""; 0]);
    assert_eq!((floor.state("1001"), made_and_missed(&floor)), ("offline".into(), (1, 0)));
}

#[test]
fn a_colleague_who_picks_up_silences_all_of_them() {
    let mut floor = floor_of(ring_all(2), &["1001", "1002", "1003"]);
    floor.comes(1).answers("1003", 1);
    assert_eq!(floor.orders(), ["1001←1", "1002←1", "1001×1", "1002×1"]);
    assert_eq!(floor.state("1003"), "talking");
}

#[test]
fn a_later_call_of_higher_priority_takes_who_becomes_free_first_and_those_spared() {
    let mut floor = floor_of(ring_all(10), &["1001", "1002", "1003"]);
    floor.not_ready("1003").comes_to("service", 1, 1).comes_to("service", 2, 9);
    assert_eq!(floor.orders(), ["1001←1", "1002←1", "~2"], "from phones that ring nobody is taken");
    assert_eq!(floor.event(Event::MadeReady { agent: "1003".into() }).orders(), ["1003←2"]);
    assert_eq!(floor.answers("1001", 1).orders(), ["1002×1", "1002←2"]);
}

#[test]
fn nobody_waits_too_long_while_a_phone_rings_for_him() {
    let mut floor = floor_of(QueueSettings { max_wait: Some(secs(10)), ..ring_all(10) }, &["1001", "1002"]);
    floor.comes(1).orders();
    assert_eq!(floor.after(secs(12)).fails("1001", 1, OfferResult::Missed).orders(), [""; 0]);
    assert_eq!(floor.fails("1002", 1, OfferResult::Missed).orders(), ["†1"]);
    assert_eq!((made_and_missed(&floor), floor.figures().overflowed), ((1, 1), 1));
}

#[test]
fn a_step_of_widening_lets_more_phones_ring() {
    let step = Widening { after: secs(10), skills: Some(levels(&[("service", 3)])), add: None };
    let queue = QueueSettings { skills: levels(&[("service", 5)]), widen: vec![step], ..ring_all(10) };
    let mut floor = desk_of(&[("1001", skilled(&[("service", 5)])), ("1002", skilled(&[("service", 3)]))], queue);
    floor.comes(1);
    assert_eq!(floor.orders(), ["1001←1"]);
    assert_eq!(floor.after(millis(9_999)).orders(), [""; 0]);
    assert_eq!(floor.after(millis(1)).orders(), ["1002←1"]);
}

#[test]
fn the_preferred_agent_rings_alone_and_then_all() {
    let mut floor = floor_of(QueueSettings { preferred_wait: Some(secs(20)), ..ring_all(10) }, &["1001", "1002", "1003"]);
    floor.comes_for("1002", 1);
    assert_eq!(floor.orders(), ["1002←1"]);
    assert_eq!(floor.after(secs(15)).fails("1002", 1, OfferResult::Missed).orders(), ["1001←1", "1003←1"]);
}

#[test]
fn one_call_is_one_turn_of_its_queues_weight_and_gives_it_back_once() {
    let weighted = |weight| QueueSettings { weight: Some(weight), ..ring_all(2) };
    let ids = ["1001", "1002", "1003"];
    let mut floor = Floor::with(desk(
        &people(&ids),
        &[("service", weighted(1)), ("west", QueueSettings { weight: Some(1), ..QueueSettings::of("service") })],
    ));
    for id in ids {
        floor.ready(id).after(secs(1));
    }
    // Two phones ring and are given up; the queue's turn is still the first.
    floor.comes_to("service", 1, 5).fails("1001", 1, OfferResult::Missed).fails("1003", 1, OfferResult::Missed);
    floor.fails("1002", 1, OfferResult::Missed).orders();
    floor.comes_to("west", 2, 5).comes_to("west", 3, 5).comes_to("service", 4, 5).orders();
    for id in ids {
        floor.event(Event::MadeReady { agent: id.into() });
    }
    assert_eq!(floor.orders(), ["1001←1", "1002←2", "1003←1"], "by turns");
}

#[test]
fn a_reload_takes_no_phone_away_and_counts_for_the_next() {
    let settings = |queue| desk(&people(&["1001", "1002", "1003"]), &[("service", queue)]);
    let mut floor = floor_of(ring_all(2), &["1001", "1002", "1003"]);
    floor.comes(1).orders();
    assert_eq!(floor.reconfigure(settings(QueueSettings::of("service"))).orders(), [""; 0], "both ring on");
    assert_eq!(floor.fails("1001", 1, OfferResult::Missed).orders(), [""; 0], "one is enough now");
    assert_eq!(floor.reconfigure(settings(ring_all(3))).orders(), ["1003←1"]);
    assert_eq!(floor.answers("1003", 1).orders(), ["1002×1"]);
}

#[test]
fn phones_are_added_one_by_one_while_those_before_ring_on() {
    let mut floor = floor_of(progressive(3), &["1001", "1002", "1003", "1004"]);
    floor.comes(1);
    assert_eq!(floor.orders(), ["1001←1"]);
    assert_eq!(floor.after(millis(4_999)).orders(), [""; 0]);
    assert_eq!(floor.after(millis(1)).orders(), ["1002←1"]);
    assert_eq!(floor.after(secs(5)).orders(), ["1003←1"]);
    assert_eq!(floor.after(secs(4)).orders(), [""; 0], "no more than three");
    assert_eq!(floor.fails("1001", 1, OfferResult::Missed).orders(), ["1004←1"], "another in his place, at once");
    assert_eq!(made_and_missed(&floor), (1, 0));
    assert_eq!(floor.answers("1003", 1).orders(), ["1002×1", "1004×1"]);
}

#[test]
fn when_no_phone_rings_it_begins_with_one_again() {
    let mut floor = floor_of(progressive(3), &["1001", "1002"]);
    floor.comes(1).after(secs(5)).fails("1001", 1, OfferResult::Busy).fails("1002", 1, OfferResult::Busy);
    assert_eq!(floor.orders(), ["1001←1", "1002←1", "~1"]);
    assert_eq!(floor.after(secs(5)).orders(), ["1001←1"], "both have rested");
    assert_eq!(floor.after(secs(5)).orders(), ["1002←1"]);
    assert_eq!(made_and_missed(&floor), (2, 0));
}

#[test]
fn a_phone_that_is_due_waits_for_an_agent_and_the_next_caller_for_his_first() {
    let mut floor = floor_of(progressive(3), &["1001", "1002"]);
    floor.not_ready("1002").comes(1).after(secs(7)).comes(2).orders();
    floor.event(Event::MadeReady { agent: "1002".into() });
    assert_eq!(floor.orders(), ["1002←1"], "who came first, whose second phone was due");
    floor.leaves(1);
    assert_eq!(floor.orders(), ["1001×1", "1002×1", "1001←2"]);
}

#[test]
fn phones_that_ring_and_steps_that_are_due_live_through_a_restart() {
    let settings = || desk(&people(&["1001", "1002", "1003", "1004"]), &[("service", progressive(4))]);
    let mut floor = floor_of(progressive(4), &["1001", "1002", "1003", "1004"]);
    floor.comes(1).after(secs(5)).rings("1001", 1).after(secs(2)).fails("1002", 1, OfferResult::Missed).orders();
    let mut floor = restart(&floor, settings(), &[1]);
    assert_eq!(floor.orders(), [""; 0], "nothing is told twice");
    assert_eq!(floor.acd.offered_to(call(1)), ["1001".into(), "1003".into()]);
    assert_eq!(floor.after(millis(2_999)).orders(), [""; 0]);
    assert_eq!(floor.after(millis(1)).orders(), ["1004←1"], "ten seconds after the first");
    floor.fails("1001", 1, OfferResult::Busy).fails("1003", 1, OfferResult::Busy).fails("1004", 1, OfferResult::Busy);
    assert_eq!(made_and_missed(&floor), (1, 1), "that one rang out is not forgotten");
}

#[test]
fn only_callers_for_whom_nothing_rings_are_ahead() {
    let mut floor = floor_of(ring_all(5), &["1001", "1002"]);
    floor.comes(1).after(secs(1)).comes(2).after(secs(1)).comes(3);
    let ahead = |n| floor.acd.outlook(call(n)).map(|outlook| outlook.ahead);
    assert_eq!((ahead(1), ahead(2), ahead(3)), (None, Some(0), Some(1)));
}

#[test]
fn answers_are_noted_once_however_many_rang() {
    let mut floor = floor_of(ring_all(10), &["1001", "1002"]);
    floor.comes(1).rings("1001", 1).after(secs(3)).answers("1001", 1);
    // What the other phone says afterwards is of no interest.
    floor.fails("1002", 1, OfferResult::Missed).rings("1002", 1);
    assert_eq!((floor.state("1002"), made_and_missed(&floor)), ("ready".into(), (1, 0)));
    assert_eq!(floor.figures().answered_wait, Duration::from_secs(3));
}
