//! Agents in stories: states, pauses, wrap-up, and the calls that no queue gave.

use super::super::*;
use super::{Floor, call, settings};
use crate::base::time::{millis, secs};

#[test]
fn every_change_of_state_is_told_with_its_reason() {
    let mut floor = Floor::of(&["1001"]);
    floor.comes(1).rings("1001", 1).fails("1001", 1, OfferResult::Missed);
    let told: Vec<String> = (floor.log.iter())
        .filter_map(|action| match action {
            Action::StateChanged { from, to, reason, .. } => Some(format!("{from}→{to} {reason:?}")),
            _ => None,
        })
        .collect();
    assert_eq!(told, ["ready→reserved None", "reserved→ringing None", "ringing→not-ready Some(Missed)"]);
}

#[test]
fn an_unreachable_agent_is_ready_when_his_phone_registers_anew() {
    let mut floor = Floor::of(&["1001"]);
    floor.comes(1).fails("1001", 1, OfferResult::Unreachable).orders();
    assert_eq!(floor.event(Event::Reachable { agent: "1001".into() }).orders(), ["1001←1"]);
    // Registering again changes nothing for anybody else.
    floor.fails("1001", 1, OfferResult::Missed).event(Event::Reachable { agent: "1001".into() });
    assert_eq!(floor.state("1001"), "not-ready missed");
}

#[test]
fn an_agent_on_any_call_is_not_offered_another() {
    let mut floor = Floor::of(&["1001"]);
    floor.engaged("1001", 90).comes(1).engaged("1001", 91).hangs_up("1001", 90);
    assert_eq!((floor.orders(), floor.state("1001")), (vec!["~1".into()], "talking".into()));
    floor.hangs_up("1001", 99).hangs_up("1001", 91);
    assert_eq!(floor.orders(), ["1001←1"]);
}

#[test]
fn a_pause_or_log_off_while_ringing_gives_the_caller_to_the_next() {
    for (off, state) in [(false, "not-ready meeting"), (true, "offline")] {
        let mut floor = Floor::of(&["1001", "1002"]);
        floor.comes(1).rings("1001", 1);
        if off {
            floor.event(Event::LoggedOff { agent: "1001".into() });
        } else {
            floor.not_ready("1001");
        }
        assert_eq!((floor.orders(), floor.state("1001")), (vec!["1001←1".into(), "1001×1".into(), "1002←1".into()], state.into()));
    }
}

#[test]
fn what_is_asked_for_during_a_call_comes_after_it() {
    let queues = &[("service", "service", secs(30))];
    let mut floor = Floor::with(settings(&[("1001", &["service"])], queues));
    let agent = || AgentId::new("1001");
    floor.ready("1001").comes(1).answers("1001", 1).not_ready("1001");
    assert_eq!(floor.acd.agent("1001").map(|agent| (agent.state, agent.next)), Some((StateName::Talking, Some(StateName::NotReady))));
    assert_eq!(floor.hangs_up("1001", 1).state("1001"), "not-ready meeting");

    floor.event(Event::MadeReady { agent: agent() }).comes(2).answers("1001", 2).event(Event::LoggedOff { agent: agent() });
    floor.not_ready("1001").event(Event::MadeReady { agent: agent() });
    assert_eq!(floor.hangs_up("1001", 2).state("1001"), "offline", "who logs off must log on to be ready");

    floor.ready("1001").comes(3).answers("1001", 3).not_ready("1001").event(Event::MadeReady { agent: agent() });
    assert_eq!(floor.hangs_up("1001", 3).state("1001"), "wrap-up", "he took the pause back");

    floor.event(Event::MadeReady { agent: agent() }).comes(4).answers("1001", 4).event(Event::LoggedOff { agent: agent() });
    floor.event(Event::LoggedOn { agent: agent() });
    assert_eq!(floor.hangs_up("1001", 4).state("1001"), "not-ready logged-on");
}

#[test]
fn wrap_up_lasts_its_time_unless_he_ends_it_and_no_call_comes_in_it() {
    let queues = &[("service", "service", secs(30))];
    let mut floor = Floor::with(settings(&[("1001", &["service"])], queues));
    floor.ready("1001").comes(1).answers("1001", 1).hangs_up("1001", 1).comes(2).after(millis(29_999));
    assert_eq!((floor.orders(), floor.state("1001")), (vec!["1001←1".into(), "~2".into()], "wrap-up".into()));
    assert_eq!(floor.after(millis(1)).orders(), ["1001←2"]);
    floor.answers("1001", 2).hangs_up("1001", 2).comes(3).orders();
    assert_eq!(floor.event(Event::MadeReady { agent: "1001".into() }).orders(), ["1001←3"]);
    // A call that no queue gave him earns no wrap-up, and a pause ends one.
    floor.leaves(3).engaged("1001", 90).hangs_up("1001", 90);
    assert_eq!(floor.state("1001"), "ready");
    floor.comes(4).answers("1001", 4).hangs_up("1001", 4).not_ready("1001").after(secs(60));
    assert_eq!(floor.state("1001"), "not-ready meeting");
}

#[test]
fn of_several_calls_the_longest_wrap_up_counts_and_the_first_call_is_shown() {
    let queues = &[("service", "service", secs(30)), ("brief", "service", secs(5))];
    let mut floor = Floor::with(settings(&[("1001", &["service"])], queues));
    floor.comes(1).comes_to("brief", 2, 5).ready("1001").answers("1001", 1).after(secs(1)).answers("1001", 2);
    assert_eq!(floor.acd.agent("1001").and_then(|agent| agent.call), Some(call(1)));
    floor.hangs_up("1001", 1);
    assert_eq!(floor.acd.agent("1001").and_then(|agent| agent.call), Some(call(2)));
    floor.hangs_up("1001", 2).after(millis(29_999));
    assert_eq!(floor.state("1001"), "wrap-up");
    assert_eq!(floor.after(millis(1)).state("1001"), "ready");
}

#[test]
fn a_caller_reached_directly_and_then_enqueued_is_the_queues_from_then_on() {
    let queues = &[("service", "service", secs(30))];
    let mut floor = Floor::with(settings(&[("1001", &["service"])], queues));
    floor.ready("1001").engaged("1001", 1).after(secs(10)).comes(1).answers("1001", 1).after(secs(20)).hangs_up("1001", 1);
    assert_eq!(floor.state("1001"), "wrap-up");
    assert_eq!((floor.figures().handled, floor.figures().talked), (1, secs(20)));
}

#[test]
fn a_new_reason_is_a_new_spell_of_not_ready() {
    let mut floor = Floor::of(&["1001"]);
    floor.not_ready("1001").after(secs(60)).not_ready("1001");
    assert_eq!(floor.acd.agent("1001").map(|agent| agent.since), Some(floor.now_minus(secs(60))), "the same reason goes on");
    floor.log.clear();
    floor.event(Event::MadeNotReady { agent: "1001".into(), reason: Reason::asked("break") });
    assert_eq!(floor.acd.agent("1001").map(|agent| agent.since), Some(floor.now));
    let (agent, from, to) = ("1001".into(), StateName::NotReady, StateName::NotReady);
    assert_eq!(floor.log, [Action::StateChanged { agent, from, to, reason: Some(Reason::asked("break")) }]);
}

#[test]
fn an_agent_may_use_his_phone_whatever_his_state_and_returns_to_it() {
    let mut floor = Floor::of(&["1001"]);
    floor.event(Event::LoggedOff { agent: "1001".into() }).engaged("1001", 90);
    assert_eq!(floor.state("1001"), "talking");
    assert_eq!(floor.hangs_up("1001", 90).state("1001"), "offline");
    floor.ready("1001").not_ready("1001").engaged("1001", 91).hangs_up("1001", 91);
    assert_eq!(floor.state("1001"), "not-ready meeting");
}

#[test]
fn facts_about_strangers_change_nothing() {
    let mut floor = Floor::of(&["1001"]);
    floor.ready("9999").not_ready("9999").rings("9999", 1).hangs_up("9999", 1).engaged("9999", 1).leaves(1);
    floor.fails("1001", 1, OfferResult::Missed).rings("1001", 1).hangs_up("1001", 1);
    assert_eq!((floor.log.len(), floor.state("1001")), (0, "ready".into()));
}

#[test]
fn a_reason_of_ones_own_is_cut_at_its_bound() {
    assert_eq!(Reason::asked(&"会".repeat(500)).as_str().chars().count(), crate::base::limits::REASON_LETTERS_MAX);
}

#[test]
fn a_call_that_is_told_again_stays_the_queues_call() {
    let mut floor = Floor::with(settings(&[("1001", &["service"])], &[("service", "service", secs(30))]));
    floor.ready("1001").comes(1).answers("1001", 1).after(secs(10)).engaged("1001", 1).after(secs(10)).hangs_up("1001", 1);
    assert_eq!((floor.state("1001"), floor.figures().talked), ("wrap-up".into(), secs(20)));
}

#[test]
fn a_phone_that_registers_during_its_call_is_reachable_after_it() {
    let mut floor = Floor::of(&["1001"]);
    floor.comes(1).fails("1001", 1, OfferResult::Unreachable).leaves(1).engaged("1001", 90);
    floor.event(Event::Reachable { agent: "1001".into() }).hangs_up("1001", 90);
    assert_eq!(floor.state("1001"), "ready");
}
