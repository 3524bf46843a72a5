//! Who may enter a queue and for how long he may wait in it, in stories.

use super::super::*;
use super::{Floor, call, desk, desk_of, levels, skilled};
use crate::base::limits::OFFER_REST;
use crate::base::time::{millis, secs};

fn agents() -> [(&'static str, AgentSettings); 2] {
    ["1001", "1002"].map(|id| (id, skilled(&[("service", 5)])))
}

fn joined(join: Join) -> Floor {
    Floor::with(desk(&agents(), &[("service", QueueSettings { join, ..QueueSettings::of("service") })]))
}

#[test]
fn a_queue_holds_its_capacity_those_who_ring_included() {
    let mut floor = desk_of(&agents(), QueueSettings { capacity: 3, ..QueueSettings::of("service") });
    floor.comes(1).comes(2).comes(3).comes(4);
    assert_eq!(floor.orders(), ["1001←1", "1002←2", "~3", "Full 4"]);
    floor.answers("1001", 1).comes(5).comes(6);
    assert_eq!(floor.orders(), ["~5", "Full 6"]);
    assert_eq!((floor.figures().offered, floor.figures().refused), (4, 2));
}

#[test]
fn a_smaller_capacity_puts_nobody_out() {
    let mut floor = desk_of(&agents()[..1], QueueSettings::of("service"));
    floor.comes(1).comes(2).comes(3).orders();
    floor.reconfigure(desk(&agents()[..1], &[("service", QueueSettings { capacity: 1, ..QueueSettings::of("service") })])).comes(4);
    assert_eq!(floor.orders(), ["Full 4"]);
    assert_eq!(floor.acd.queue("service", floor.now).expect("a configured queue").waiting, 3);
}

#[test]
fn the_rule_to_join_looks_at_those_who_could_take_the_call() {
    let enters = |join, prepare: fn(&mut Floor)| {
        let mut floor = joined(join);
        prepare(&mut floor);
        floor.orders();
        let order = floor.comes(1).orders().remove(0);
        order.split(' ').next().unwrap_or_default().to_owned()
    };
    let offline: fn(&mut Floor) = |_| {};
    let paused: fn(&mut Floor) = |floor| {
        floor.ready("1001").not_ready("1001");
    };
    let talking: fn(&mut Floor) = |floor| {
        floor.ready("1001").engaged("1001", 90);
    };
    let ready: fn(&mut Floor) = |floor| {
        floor.ready("1001");
    };
    for (join, prepare, expected) in [
        (Join::Always, offline, "~1"),
        (Join::Always, paused, "~1"),
        (Join::LoggedOn, offline, "NobodyLoggedOn"),
        (Join::LoggedOn, paused, "~1"),
        (Join::LoggedOn, ready, "1001←1"),
        (Join::Ready, offline, "NobodyLoggedOn"),
        (Join::Ready, paused, "NobodyReady"),
        (Join::Ready, talking, "~1"),
        (Join::Ready, ready, "1001←1"),
    ] {
        assert_eq!(enters(join, prepare), expected, "{join:?}");
    }
}

#[test]
fn who_waits_already_stays_when_the_last_agent_goes() {
    let mut floor = joined(Join::Ready);
    floor.ready("1001").engaged("1001", 90).comes(1).not_ready("1001").hangs_up("1001", 90).comes(2);
    assert_eq!(floor.orders(), ["~1", "NobodyReady 2"]);
    assert_eq!((floor.figures().offered, floor.figures().refused), (1, 1));
    assert_eq!(floor.ready("1001").orders(), ["1001←1"]);
}

#[test]
fn those_whom_a_later_step_lets_in_count_as_well() {
    let agents = [("1001", skilled(&[("service", 1)]))];
    let queue = QueueSettings {
        skills: levels(&[("service", 5)]),
        widen: vec![Widening { after: secs(30), skills: Some(levels(&[("service", 1)])), add: None }],
        join: Join::Ready,
        ..QueueSettings::default()
    };
    assert_eq!(desk_of(&agents, queue).comes(1).after(secs(30)).orders(), ["~1", "1001←1"]);
}

fn impatient() -> QueueSettings {
    QueueSettings { max_wait: Some(secs(60)), ..QueueSettings::of("service") }
}

#[test]
fn who_has_waited_for_the_longest_leaves_at_that_moment() {
    let mut floor = desk_of(&agents()[..1], impatient());
    floor.not_ready("1001").comes(1).after(secs(1)).comes(2);
    assert_eq!(floor.after(millis(58_999)).orders(), ["~1", "~2"]);
    assert_eq!(floor.after(millis(1)).orders(), ["†1"]);
    assert_eq!((floor.figures().overflowed, floor.figures().longest_wait, floor.acd.queue_of(call(1))), (1, secs(60), None));
    assert_eq!(floor.ready("1001").orders(), ["1001←2"]);
    assert_eq!(floor.answers("1001", 2).after(secs(600)).orders(), [""; 0], "who was answered does not");
}

#[test]
fn an_offer_that_stands_is_let_end_first() {
    let mut floor = desk_of(&agents(), impatient());
    floor.not_ready("1001").not_ready("1002").comes(1).comes(2).after(secs(50)).ready("1001").orders();
    floor.rings("1001", 1).after(secs(12));
    assert_eq!(floor.orders(), ["†2"], "his phone rings for the first");
    floor.ready("1002");
    assert_eq!(floor.fails("1001", 1, OfferResult::Missed).orders(), ["†1"], "and when it has rung out the time is over");
    let mut floor = desk_of(&agents()[..1], impatient());
    floor.not_ready("1001").comes(1).after(secs(50)).ready("1001").rings("1001", 1).after(secs(12)).answers("1001", 1);
    assert_eq!(floor.orders(), ["~1", "1001←1"]);
    assert_eq!((floor.figures().answered, floor.figures().overflowed), (1, 0));
}

#[test]
fn in_the_moment_of_the_longest_wait_the_wait_is_over() {
    // The agent has rested in the very moment in which the time of the caller is over.
    let mut floor = desk_of(&agents()[..1], QueueSettings { max_wait: Some(OFFER_REST), ..QueueSettings::of("service") });
    floor.comes(1).fails("1001", 1, OfferResult::Busy).after(OFFER_REST);
    assert_eq!(floor.orders(), ["1001←1", "~1", "†1"]);
}

#[test]
fn a_reload_that_shortens_the_wait_ends_what_is_over() {
    let mut floor = desk_of(&agents()[..1], QueueSettings::of("service"));
    floor.not_ready("1001").comes(1).after(secs(61)).comes(2).orders();
    assert_eq!(floor.reconfigure(desk(&agents()[..1], &[("service", impatient())])).orders(), ["†1"]);
    assert_eq!(floor.after(secs(60)).orders(), ["†2"]);
}
