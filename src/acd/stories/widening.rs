//! Widening and ageing in stories: what time waited changes, at its moment and not before.

use super::super::*;
use super::restarts::restart;
use super::{Floor, call, desk, desk_of, levels, skilled};
use crate::base::time::{millis, secs};

fn step(after: u64, skills: Option<&[(&str, u8)]>, add: Option<Group>) -> Widening {
    Widening { after: secs(after), skills: skills.map(levels), add }
}

/// Asks for billing 5; 3 after 30 s; and team `second` after 60 s.
fn billing() -> QueueSettings {
    let widen = vec![step(30, Some(&[("billing", 3)]), None), step(60, None, Some(Group::Team("second".into())))];
    QueueSettings { skills: levels(&[("billing", 5)]), widen, ..QueueSettings::default() }
}

fn agents() -> [(&'static str, AgentSettings); 3] {
    let second = AgentSettings { team: Some("second".into()), ..AgentSettings::default() };
    [("1003", second), ("1002", skilled(&[("billing", 3)])), ("1001", skilled(&[("billing", 5)]))]
}

fn desk_with(busy: &[&str]) -> Floor {
    let mut floor = desk_of(&agents(), billing());
    for id in busy {
        floor.not_ready(id);
    }
    floor
}

#[test]
fn each_step_lets_more_agents_in_at_its_moment() {
    let mut floor = desk_with(&["1001"]);
    assert_eq!(floor.comes(1).comes(2).after(millis(29_999)).orders(), ["~1", "~2"], "those who are free are not skilled enough yet");
    assert_eq!(floor.after(millis(1)).orders(), ["1002←1"], "level 3 is enough now; the second call waits on");
    assert_eq!(floor.answers("1002", 1).after(millis(29_999)).orders(), [""; 0]);
    assert_eq!(floor.after(millis(1)).orders(), ["1003←2"]);
}

#[test]
fn those_let_in_before_and_later_stand_in_one_order() {
    for (first, second) in [("1001", "1002"), ("1002", "1001")] {
        let mut floor = desk_with(&["1001", "1002"]);
        assert_eq!(floor.comes(1).after(secs(60)).orders(), ["~1", "1003←1"]);
        floor.ready(first).after(secs(1)).ready(second);
        assert_eq!(floor.fails("1003", 1, OfferResult::Busy).orders(), [format!("{first}←1")], "the longest idle, whatever his level");
    }
}

#[test]
fn who_can_do_more_takes_the_oldest_call_whatever_its_step() {
    let mut floor = desk_with(&["1001"]);
    floor.comes(1).after(secs(30)).answers("1002", 1).comes(2).after(secs(10)).comes(3).after(secs(50)).answers("1003", 2).orders();
    floor.comes(4).orders();
    assert_eq!(floor.ready("1001").orders(), ["1001←3"]);
}

#[test]
fn a_call_that_is_answered_in_time_leaves_no_moment_behind() {
    let mut floor = desk_with(&["1002", "1003"]);
    floor.comes(1).answers("1001", 1);
    assert_eq!(floor.acd.deadline(), None);
    floor.comes(2);
    assert_eq!(floor.acd.deadline(), Some(floor.now + secs(30)));
    floor.leaves(2);
    assert_eq!(floor.acd.deadline(), None);
}

#[test]
fn when_an_agent_comes_free_in_the_moment_of_the_step_the_call_is_offered_once() {
    let mut floor = desk_of(&agents(), QueueSettings { wrap_up: secs(30), ..billing() });
    floor.not_ready("1003").comes(1).serves("1001", 1, secs(5)).comes(2);
    assert_eq!((floor.state("1001"), floor.after(millis(29_999)).orders()), ("wrap-up".into(), vec!["1001←1".into(), "~2".into()]));
    assert_eq!(floor.after(millis(1)).orders(), ["1002←2"], "he is idle longer than who has just ended his wrap-up");
}

#[test]
fn steps_count_from_the_entry_into_the_queue_and_go_on_while_it_is_offered() {
    let mut floor = desk_with(&["1003"]);
    // He has been with us for ten minutes, elsewhere.
    let since = floor.now;
    floor.after(secs(600));
    floor.event(Event::Enqueued { call: call(1), queue: "service".into(), priority: 5, since, preferred: None, asks: Levels::new() });
    assert_eq!(floor.orders(), ["1001←1"]);
    assert_eq!(floor.fails("1001", 1, OfferResult::Missed).orders(), ["~1"], "1002 is not let in by that");
    floor.after(secs(29)).ready("1001").orders();
    floor.rings("1001", 1).after(secs(2));
    assert_eq!(floor.fails("1001", 1, OfferResult::Missed).orders(), ["1002←1"], "the step fell due while the phone rang");
}

#[test]
fn a_skill_of_any_level_can_be_let_in_and_one_be_dropped() {
    let queue = QueueSettings {
        skills: levels(&[("billing", 3), ("english", 5)]),
        widen: vec![step(10, Some(&[("billing", 3)]), None), step(20, None, Some(Group::Skill("sales".into())))],
        ..QueueSettings::default()
    };
    let agents = [("1001", skilled(&[("billing", 3)])), ("1002", skilled(&[("sales", 1)])), ("1003", skilled(&[("english", 9)]))];
    let mut floor = desk_of(&agents, queue);
    assert_eq!(floor.comes(1).comes(2).comes(3).after(secs(10)).orders(), ["~1", "~2", "~3", "1001←1"]);
    assert_eq!(floor.after(secs(10)).orders(), ["1002←2"], "english alone lets nobody in");
}

#[test]
fn a_reload_widens_and_narrows_those_who_wait() {
    let mut floor = desk_with(&["1001"]);
    floor.comes(1).after(secs(20)).orders();
    let mut sooner = billing();
    sooner.widen[0].after = secs(15);
    assert_eq!(floor.reconfigure(desk(&agents(), &[("service", sooner)])).orders(), ["1002←1"]);
    floor.fails("1002", 1, OfferResult::Missed).orders();
    let never = QueueSettings { widen: Vec::new(), ..billing() };
    floor.reconfigure(desk(&agents(), &[("service", never)])).ready("1002").orders();
    assert_eq!(floor.after(secs(600)).orders(), [""; 0]);
}

#[test]
fn a_restart_keeps_the_moments_of_those_who_wait() {
    let mut floor = desk_with(&["1001"]);
    floor.comes(1).after(secs(12)).orders();
    let mut floor = restart(&floor, desk(&agents(), &[("service", billing())]), &[1]);
    assert_eq!(floor.after(millis(17_999)).orders(), [""; 0]);
    assert_eq!(floor.after(millis(1)).orders(), ["1002←1"]);
}

#[test]
fn a_step_that_fell_due_while_nobody_was_there_is_taken_at_once() {
    let mut floor = desk_with(&["1001"]);
    floor.comes(1).orders();
    floor.now += secs(45);
    assert_eq!(restart(&floor, desk(&agents(), &[("service", billing())]), &[1]).orders(), ["1002←1"]);
}

fn ageing() -> QueueSettings {
    QueueSettings { ageing: Some(secs(60)), ..QueueSettings::of("service") }
}

fn one_agent(queue: QueueSettings) -> Floor {
    let mut floor = desk_of(&[("1001", skilled(&[("service", 5)]))], queue);
    floor.engaged("1001", 90);
    floor
}

#[test]
fn who_waits_rises_by_one_each_minute_and_passes_who_came_with_more() {
    for (waited, first) in [(millis(179_999), 2), (secs(180), 1)] {
        let mut floor = one_agent(ageing());
        floor.comes_to("service", 1, 0).after(waited).comes_to("service", 2, 3).orders();
        assert_eq!(floor.hangs_up("1001", 90).orders(), [format!("1001←{first}")], "after {waited:?}");
    }
}

#[test]
fn without_ageing_he_waits_for_ever_behind_them() {
    let mut floor = one_agent(QueueSettings::of("service"));
    floor.comes_to("service", 1, 0).after(secs(3_600)).comes_to("service", 2, 1).orders();
    assert_eq!(floor.hangs_up("1001", 90).orders(), ["1001←2"]);
}

#[test]
fn nobody_rises_above_nine_and_equal_priority_goes_by_first_arrival() {
    let mut floor = one_agent(ageing());
    floor.comes_to("service", 1, 8).after(secs(1)).comes_to("service", 2, 0).after(secs(10_000)).comes_to("service", 3, 9).orders();
    floor.hangs_up("1001", 90).serves("1001", 1, secs(1)).serves("1001", 2, secs(1));
    assert_eq!(floor.orders(), ["1001←1", "1001←2", "1001←3"]);
}

#[test]
fn age_counts_from_first_arrival_wherever_that_was() {
    let mut floor = one_agent(ageing());
    floor.after(secs(600));
    let since = floor.now_minus(secs(300));
    floor.comes_to("service", 1, 4);
    floor
        .event(Event::Enqueued { call: call(2), queue: "service".into(), priority: 0, since, preferred: None, asks: Levels::new() })
        .orders();
    assert_eq!(floor.hangs_up("1001", 90).orders(), ["1001←2"]);
}
