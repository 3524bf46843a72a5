//! The books in stories: bounds, reloads, figures, snapshots.

use super::super::*;
use super::{Floor, SERVICE, call, settings};
use crate::base::Duration;
use crate::base::time::secs;

#[test]
fn a_queue_takes_so_many_and_no_more() {
    let mut floor = Floor::of(&["1001"]);
    floor.not_ready("1001");
    let max = crate::base::limits::QUEUE_WAITING_MAX as u64;
    for n in 0..=max {
        floor.comes(n);
    }
    assert_eq!(floor.orders().last(), Some(&format!("Full {max}")));
    assert_eq!((floor.figures().offered, floor.figures().refused), (max, 1));
    floor.comes_to("nowhere", max + 1, 5);
    assert_eq!(floor.orders(), [format!("Unknown {}", max + 1)]);
}

#[test]
fn a_reload_keeps_states_calls_and_figures() {
    let mut floor = Floor::of(&["1001", "1002", "1003"]);
    floor.comes(1).answers("1001", 1).comes(2).rings("1002", 2).orders();
    // 1001 (talking) and 1002 (ringing) are gone; 1004 is new.
    let next = settings(&[("1003", &["service"]), ("1004", &["service"])], SERVICE);
    floor.acd.configure(next, floor.now, &mut floor.log);
    assert_eq!(floor.orders(), ["1002×2", "1003←2"]);
    assert_eq!((floor.state("1001"), floor.state("1003"), floor.state("1004")), ("talking".into(), "reserved".into(), "offline".into()));
    assert_eq!(floor.acd.agent("1002"), None);
    floor.hangs_up("1001", 1);
    assert_eq!(floor.acd.agent("1001"), None);
    assert_eq!((floor.figures().offered, floor.figures().handled), (2, 1));
}

#[test]
fn an_agent_who_is_back_before_his_call_ends_logs_on_again() {
    let mut floor = Floor::of(&["1001"]);
    floor.comes(1).answers("1001", 1);
    for agents in [&[][..], &[("1001", &["service"][..])][..]] {
        floor.acd.configure(settings(agents, SERVICE), floor.now, &mut floor.log);
    }
    assert_eq!(floor.hangs_up("1001", 1).state("1001"), "offline");
}

#[test]
fn a_queue_that_is_gone_serves_those_who_wait() {
    let mut floor = Floor::of(&["1001"]);
    floor.comes(1).comes(2).orders();
    floor.acd.configure(settings(&[("1001", &["service"])], &[]), floor.now, &mut floor.log);
    floor.comes(3).answers("1001", 1).hangs_up("1001", 1);
    assert_eq!(floor.orders(), ["Unknown 3", "1001←2"]);
    assert!(floor.acd.queue("service", floor.now).is_some());
    floor.answers("1001", 2);
    assert_eq!(floor.acd.queue("service", floor.now), None);
}

#[test]
fn new_skills_count_at_once() {
    let queues = &[("service", "service", Duration::ZERO), ("english", "english", Duration::ZERO)];
    let mut floor = Floor::with(settings(&[("1001", &["service"])], queues));
    floor.ready("1001").comes_to("english", 1, 5).orders();
    floor.acd.configure(settings(&[("1001", &["english"])], queues), floor.now, &mut floor.log);
    assert_eq!(floor.orders(), ["1001←1"]);
}

#[test]
fn figures_keep_their_identity_over_midnight() {
    let mut floor = Floor::of(&["1001"]);
    floor.comes(1).comes(2).comes(3).comes(4).after(secs(3)).answers("1001", 1).leaves(2);
    floor.event(Event::Left { call: call(3), why: Leaving::Overflowed });
    let queue = floor.acd.queue("service", floor.now).expect("a configured queue");
    let today = queue.today;
    assert_eq!((today.offered, today.answered, today.abandoned, today.overflowed, queue.waiting), (4, 1, 1, 1, 1));
    assert_eq!((today.answered_wait, today.short_abandoned, queue.longest_wait), (secs(3), 1, secs(3)));
    floor.event(Event::DayBegan);
    assert_eq!(floor.figures(), Figures { offered: 1, ..Figures::default() });
}

#[test]
fn a_caller_who_enters_another_queue_has_left_the_first() {
    let queues = &[("service", "service", Duration::ZERO), ("vip", "service", Duration::ZERO)];
    let mut floor = Floor::with(settings(&[("1001", &["service"])], queues));
    floor.comes(1).after(secs(8)).comes_to("vip", 1, 9);
    assert_eq!((floor.figures().offered, floor.figures().overflowed), (1, 1));
    assert_eq!(floor.acd.queue_of(call(1)), Some(&"vip".into()));
    let waiting = ["service", "vip"].map(|id| floor.acd.queue(id, floor.now).expect("a configured queue").waiting);
    assert_eq!(waiting, [0, 1]);
}

#[test]
fn a_snapshot_shows_the_call_and_what_follows_it() {
    let mut floor = Floor::of(&["1001"]);
    let shown = |floor: &Floor| floor.acd.agent("1001").map(|agent| (agent.call, agent.next)).expect("a configured agent");
    assert_eq!(shown(&floor), (None, None));
    floor.comes(1);
    assert_eq!(shown(&floor), (Some(call(1)), None));
    assert_eq!((floor.acd.offered_to(call(1)), floor.acd.queue_of(call(1))), (&["1001".into()][..], Some(&"service".into())));
    floor.rings("1001", 1);
    assert_eq!(shown(&floor), (Some(call(1)), None));
    floor.answers("1001", 1);
    assert_eq!(shown(&floor), (Some(call(1)), Some(StateName::Ready)));
    assert_eq!((floor.acd.offered_to(call(1)), floor.acd.queue_of(call(1))), (&[][..], None));
    assert_eq!(shown(floor.not_ready("1001")), (Some(call(1)), Some(StateName::NotReady)));
    assert_eq!(shown(floor.event(Event::LoggedOff { agent: "1001".into() })), (Some(call(1)), Some(StateName::Offline)));
    floor.comes(2);
    assert_eq!(floor.acd.offered_to(call(2)), []);
    let agent = floor.acd.agents().next().expect("a configured agent");
    assert_eq!((agent.agent, agent.skills), ("1001".into(), Levels::from([("service".into(), 1)])));
}

#[test]
fn states_reasons_and_skills_are_shown_as_the_readers_know_them() {
    let states = ["offline", "ready", "reserved", "ringing", "talking", "wrap-up", "not-ready"];
    for (at, (state, name)) in StateName::ALL.into_iter().zip(states).enumerate() {
        assert_eq!((state as usize, state.as_str(), format!("{state:>9}")), (at, name, format!("{name:>9}")));
    }
    let reasons = [Reason::LoggedOn, Reason::Missed, Reason::Rejected, Reason::Unreachable, Reason::asked("lunch")];
    let shown = reasons.map(|reason| format!("{reason:<11}|"));
    assert_eq!(shown, ["logged-on  |", "missed     |", "rejected   |", "unreachable|", "lunch      |"]);
    let skill = Skill::new("service");
    assert_eq!((skill.as_str(), skill.to_string(), format!("{skill:?}")), ("service", "service".into(), "\"service\"".into()));
}

#[test]
fn the_wait_of_a_queue_is_its_longest() {
    let mut floor = Floor::of(&["1001"]);
    let wait = |floor: &Floor| floor.acd.queue("service", floor.now).expect("a configured queue").longest_wait;
    assert_eq!(wait(&floor), Duration::ZERO);
    floor.not_ready("1001").comes(1).after(secs(3)).comes(2).after(secs(4));
    assert_eq!(wait(&floor), secs(7));
    assert_eq!(wait(floor.leaves(1)), secs(4));
    assert_eq!(floor.figures().longest_wait, secs(7));
}
