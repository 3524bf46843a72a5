//! Offers in stories: who is offered which call, and what becomes of it when nobody answers.

use super::super::*;
use super::{Floor, SERVICE, call, settings};
use crate::base::Duration;
use crate::base::time::{millis, secs};

#[test]
fn the_longest_idle_agent_is_offered_the_call_and_answers_it() {
    let mut floor = Floor::of(&["1002", "1001", "1003"]);
    floor.comes(1);
    assert_eq!(floor.orders(), ["1002←1"]);
    assert_eq!(floor.state("1002"), "reserved");
    assert_eq!(floor.rings("1002", 1).state("1002"), "ringing");
    assert_eq!(floor.answers("1002", 1).state("1002"), "talking");
    assert_eq!(floor.acd.agent("1002").and_then(|agent| agent.call), Some(call(1)));
    floor.after(secs(600));
    assert_eq!(floor.hangs_up("1002", 1).state("1002"), "ready");
    // His idle time began anew: he is behind the two others now.
    floor.comes(2).comes(3).comes(4).comes(5);
    assert_eq!(floor.orders(), ["1001←2", "1003←3", "1002←4", "~5"]);
}

#[test]
fn agents_idle_since_the_same_moment_are_taken_by_id() {
    let mut floor = Floor::with(settings(&[("1002", &["service"]), ("1001", &["service"])], SERVICE));
    floor.ready("1002").ready("1001").comes(1).comes(2);
    assert_eq!(floor.orders(), ["1001←1", "1002←2"]);
}

#[test]
fn a_missed_call_goes_to_the_next_at_once_and_the_agent_pauses() {
    let mut floor = Floor::of(&["1001", "1002", "1003"]);
    floor.comes(1).rings("1001", 1).after(secs(15)).fails("1001", 1, OfferResult::Missed);
    floor.rings("1002", 1).after(secs(15)).fails("1002", 1, OfferResult::Missed);
    assert_eq!(floor.orders(), ["1001←1", "1002←1", "1003←1"]);
    assert_eq!((floor.state("1001"), floor.state("1002")), ("not-ready missed".into(), "not-ready missed".into()));
    floor.fails("1003", 1, OfferResult::Missed);
    assert_eq!(floor.orders(), ["~1"]);
    assert_eq!(floor.event(Event::MadeReady { agent: "1002".into() }).orders(), ["1002←1"]);
    assert_eq!((floor.figures().offers, floor.figures().offers_missed), (4, 3));
}

#[test]
fn a_caller_keeps_his_place_by_first_arrival_through_every_offer() {
    let mut floor = Floor::of(&["1001"]);
    floor.comes(1).after(secs(1)).comes(2).after(secs(1)).comes(3).rings("1001", 1).fails("1001", 1, OfferResult::Missed);
    assert_eq!(floor.orders(), ["1001←1", "~2", "~3", "~1"]);
    floor.event(Event::MadeReady { agent: "1001".into() }).answers("1001", 1).hangs_up("1001", 1);
    assert_eq!(floor.orders(), ["1001←1", "1001←2"]);
}

#[test]
fn priority_goes_before_arrival() {
    let mut floor = Floor::of(&["1001"]);
    floor.comes(1).after(secs(1)).comes_to("service", 2, 5).after(secs(1)).comes_to("service", 3, 9);
    floor.answers("1001", 1).hangs_up("1001", 1);
    assert_eq!(floor.orders(), ["1001←1", "~2", "~3", "1001←3"]);
}

#[test]
fn after_missed_ready_the_agent_rests_and_stands_at_the_end() {
    let agents: &[(&str, &[&str])] = &[("1001", &["service"])];
    let mut floor = Floor::with(AcdSettings { limits: super::ready_after_missed(), ..settings(agents, SERVICE) });
    floor.ready("1001").comes(1).fails("1001", 1, OfferResult::Missed);
    assert_eq!((floor.orders(), floor.state("1001")), (vec!["1001←1".into(), "~1".into()], "ready".into()));
    assert_eq!(floor.after(millis(4_999)).orders(), [""; 0]);
    assert_eq!(floor.after(millis(1)).orders(), ["1001←1"]);
}

#[test]
fn who_let_this_call_down_is_tried_after_everybody_else() {
    let mut floor = Floor::of(&["1001", "1002"]);
    // 1001 was busy for caller 1 and is rested again before 1003 comes to be free.
    floor.comes(1).fails("1001", 1, OfferResult::Busy).rings("1002", 1).after(secs(6));
    floor.comes_to("service", 7, 5).orders();
    assert_eq!(floor.state("1001"), "reserved", "another call he may well be offered");
    floor.leaves(7).after(secs(1));
    floor.acd.configure(
        settings(&[("1001", &["service"]), ("1002", &["service"]), ("1003", &["service"])], SERVICE),
        floor.now,
        &mut floor.log,
    );
    floor.ready("1003").after(secs(1)).orders();
    assert_eq!(floor.fails("1002", 1, OfferResult::Missed).orders(), ["1003←1"]);
    assert_eq!(floor.fails("1003", 1, OfferResult::Missed).orders(), ["1001←1"], "better than nobody");
}

#[test]
fn no_result_of_an_offer_can_loop() {
    for (result, state, again) in [
        (OfferResult::Rejected, "not-ready rejected", None),
        (OfferResult::Unreachable, "not-ready unreachable", None),
        (OfferResult::Missed, "not-ready missed", None),
        (OfferResult::Busy, "ready", Some(secs(5))),
        (OfferResult::Withdrawn, "ready", Some(secs(5))),
    ] {
        let mut floor = Floor::of(&["1001"]);
        floor.comes(1).fails("1001", 1, result);
        assert_eq!((floor.state("1001"), floor.orders()), (state.into(), vec!["1001←1".into(), "~1".into()]), "{result:?}");
        floor.after(millis(4_999));
        assert_eq!(floor.orders(), [""; 0], "{result:?}");
        floor.after(secs(1));
        assert_eq!(floor.orders().len(), usize::from(again.is_some()), "{result:?}");
    }
}

#[test]
fn a_caller_who_leaves_stops_the_ringing_and_the_agent_keeps_his_turn() {
    for rang in [false, true] {
        let mut floor = Floor::of(&["1001", "1002"]);
        floor.comes(1);
        if rang {
            floor.rings("1001", 1);
        }
        floor.after(secs(7)).leaves(1);
        assert_eq!(floor.orders(), ["1001←1", "1001×1"]);
        assert_eq!(floor.state("1001"), "ready");
        // What the phone says of it afterwards is of no interest.
        floor.fails("1001", 1, OfferResult::Withdrawn).rings("1001", 1);
        assert_eq!(floor.comes(2).orders(), ["1001←2"]);
    }
}

#[test]
fn the_ringing_of_one_who_left_serves_the_next_at_once() {
    let mut floor = Floor::of(&["1001"]);
    floor.comes(1).comes(2).leaves(1);
    assert_eq!(floor.orders(), ["1001←1", "~2", "1001×1", "1001←2"]);
}

#[test]
fn an_agent_who_dials_while_his_phone_rings_gives_the_caller_to_the_next() {
    let mut floor = Floor::of(&["1001", "1002"]);
    floor.comes(1).rings("1001", 1).engaged("1001", 90);
    assert_eq!(floor.orders(), ["1001←1", "1001×1", "1002←1"]);
    assert_eq!(floor.hangs_up("1001", 90).state("1001"), "ready");
}

#[test]
fn a_picked_up_call_stops_the_phone_it_was_offered_to() {
    let mut floor = Floor::of(&["1001", "1002"]);
    floor.comes(1).rings("1001", 1).answers("1002", 1);
    assert_eq!(floor.orders(), ["1001←1", "1001×1"]);
    assert_eq!((floor.state("1001"), floor.state("1002"), floor.figures().answered), ("ready".into(), "talking".into(), 1));
}

#[test]
fn an_offer_whose_end_is_never_told_is_given_up() {
    let mut floor = Floor::of(&["1001", "1002"]);
    floor.comes(1).after(millis(19_999));
    assert_eq!(floor.orders(), ["1001←1"]);
    floor.after(millis(1));
    assert_eq!((floor.orders(), floor.state("1001")), (vec!["1001×1".into(), "1002←1".into()], "not-ready unreachable".into()));
    floor.after(secs(9)).rings("1002", 1).after(secs(20));
    assert_eq!((floor.orders(), floor.state("1002")), (vec!["1002×1".into(), "~1".into()], "not-ready missed".into()));
}

#[test]
fn skills_decide_and_an_agent_of_two_takes_the_older_caller() {
    let queues = &[("service", "service", Duration::ZERO), ("english", "english", Duration::ZERO)];
    let mut floor = Floor::with(settings(&[("1001", &["service"]), ("1002", &["english", "service"]), ("1003", &["other"])], queues));
    floor.ready("1003").ready("1001").comes_to("english", 1, 5).after(secs(1)).comes_to("service", 2, 5);
    assert_eq!(floor.orders(), ["~1", "1001←2"]);
    floor.after(secs(1)).comes_to("service", 3, 5).ready("1002");
    assert_eq!(floor.orders(), ["~3", "1002←1"]);
    floor.answers("1002", 1).hangs_up("1002", 1);
    assert_eq!(floor.orders(), ["1002←3"]);
    let english = floor.acd.queue("english", floor.now).expect("a configured queue");
    assert_eq!(english.agents[StateName::Reserved as usize], (StateName::Reserved, 1));
    assert_eq!(english.agents.iter().map(|(_, count)| count).sum::<usize>(), 1);
}
