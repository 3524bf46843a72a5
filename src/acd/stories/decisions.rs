//! Decisions in stories: what the books say of why an agent was chosen, in words.

use super::super::*;
use super::{Floor, call, desk_of, levels, skilled};
use crate::base::limits::DECISION_NAMES_MAX;
use crate::base::time::secs;

/// The last decision about the call: `longest-idle at step 0: 1001 chosen, 1002 lower in longest-idle; 3 talking`.
fn told(floor: &Floor, n: u64) -> String {
    let mut decisions = floor.log.iter().filter_map(|action| match action {
        Action::Decided(decision) if decision.call == call(n) => Some(decision),
        _ => None,
    });
    let Decision { at, step, rule, chosen, considered, others, .. } = &**decisions.next_back().expect("a decision was made");
    assert_eq!(*at, floor.now);
    assert!(considered.len() <= DECISION_NAMES_MAX);
    assert_eq!(chosen.is_some(), rule.is_some());
    assert_eq!(considered.first().filter(|(_, verdict)| *verdict == Verdict::Chosen).map(|(agent, _)| agent), chosen.as_ref());
    let rule = rule.map_or("nobody".to_owned(), |rule| rule.to_string());
    let named: Vec<String> = considered.iter().map(|(agent, verdict)| format!("{agent} {verdict}")).collect();
    let counted: Vec<String> = others.iter().map(|(verdict, count)| format!("{count} {verdict}")).collect();
    format!("{rule} at step {step}: {}; {}", named.join(", "), counted.join(", "))
}

fn desk_with(strategy: Strategy, agents: &[&str]) -> Floor {
    let agents: Vec<_> = agents.iter().map(|id| (*id, skilled(&[("service", 5)]))).collect();
    desk_of(&agents, QueueSettings { strategy, ..QueueSettings::of("service") })
}

#[test]
fn the_chosen_comes_first_then_those_who_were_lower_and_the_others_are_counted() {
    let mut floor = desk_with(Strategy::LongestIdle, &["1001", "1002", "1003", "1004", "1005", "1006"]);
    floor.engaged("1003", 90).not_ready("1004").event(Event::LoggedOff { agent: "1005".into() }).comes(1).answers("1001", 1);
    floor.comes(2);
    let expected = "longest-idle at step 0: 1002 chosen, 1006 lower in longest-idle; 2 talking, 1 not ready, 1 offline";
    assert_eq!(told(&floor, 2), expected);
    floor.comes(3).comes(4);
    assert_eq!(told(&floor, 4), "nobody at step 0: ; 2 offered another call, 2 talking, 1 not ready, 1 offline");
}

#[test]
fn each_strategy_is_named() {
    for (strategy, expected) in [
        (Strategy::RoundRobin, "round-robin at step 0: 1001 chosen, 1002 lower in round-robin; "),
        (Strategy::TopDown, "top-down at step 0: 1001 chosen, 1002 lower in top-down; "),
    ] {
        let mut floor = desk_with(strategy, &["1001", "1002"]);
        floor.comes(1);
        assert_eq!(told(&floor, 1), expected);
    }
    let mut floor = desk_with(Strategy::Random, &["1001", "1002"]);
    floor.comes(1);
    let drawn = floor.acd.offered_to(call(1))[0].clone();
    let other = if drawn.as_str() == "1001" { "1002" } else { "1001" };
    assert_eq!(told(&floor, 1), format!("random at step 0: {drawn} chosen, {other} not drawn; "));
}

#[test]
fn of_several_phones_each_has_its_decision_and_those_that_ring_are_told() {
    let mut floor = desk_with(Strategy::RingAll, &["1001", "1002", "1003"]);
    floor.engaged("1003", 90).comes(1);
    assert_eq!(told(&floor, 1), "ring-all at step 0: 1002 chosen, 1001 rings for this call; 1 talking");
    let first = floor.log.iter().find_map(|action| if let Action::Decided(decision) = action { Some(&decision.considered) } else { None });
    let not_yet = Verdict::Lower(Strategy::RingAll);
    assert_eq!(first.map(Vec::as_slice), Some(&[("1001".into(), Verdict::Chosen), ("1002".into(), not_yet.clone())][..]));
    assert_eq!(not_yet.to_string(), "not rung yet");
    floor.fails("1001", 1, OfferResult::Busy).comes(2);
    assert_eq!(told(&floor, 2), "nobody at step 0: ; 1 resting after an offer, 1 offered another call, 1 talking");
    floor.after(secs(5));
    assert_eq!(told(&floor, 1), "ring-all among those who let this call down at step 0: 1001 chosen, 1002 rings for this call; 1 talking");
    // Of a great house the first few are named.
    let ids: Vec<String> = (1_000..1_100).map(|n| n.to_string()).collect();
    let agents: Vec<_> = ids.iter().map(|id| (id.as_str(), skilled(&[("service", 5)]))).collect();
    let mut floor = desk_of(&agents, QueueSettings { strategy: Strategy::RingAll, ring_at_once: 20, ..QueueSettings::of("service") });
    floor.comes(1);
    assert!(told(&floor, 1).ends_with("; 71 not rung yet, 13 rings for this call"), "{}", told(&floor, 1));
}

#[test]
fn who_let_the_call_down_is_said_so_and_taken_when_there_is_nobody_else() {
    let mut floor = desk_with(Strategy::LongestIdle, &["1001", "1002", "1003"]);
    floor.comes(1).fails("1001", 1, OfferResult::Busy);
    assert_eq!(told(&floor, 1), "longest-idle at step 0: 1002 chosen, 1001 let this call down, 1003 lower in longest-idle; ");
    floor.fails("1002", 1, OfferResult::Missed);
    assert_eq!(told(&floor, 1), "longest-idle at step 0: 1003 chosen, 1001 let this call down, 1002 let this call down; ");
    floor.fails("1003", 1, OfferResult::Missed);
    let expected = "nobody at step 0: 1001 let this call down, 1002 let this call down, 1003 let this call down; ";
    assert_eq!(told(&floor, 1), expected);
    floor.comes(2);
    assert_eq!(told(&floor, 2), "nobody at step 0: ; 1 resting after an offer, 2 not ready");
    floor.leaves(2).after(secs(5));
    let expected =
        "longest-idle among those who let this call down at step 0: 1001 chosen, 1002 let this call down, 1003 let this call down; ";
    assert_eq!(told(&floor, 1), expected);
}

#[test]
fn who_is_not_skilled_enough_yet_is_told_with_his_level() {
    let queue = QueueSettings {
        skills: levels(&[("billing", 5)]),
        widen: vec![
            Widening { after: secs(30), skills: Some(levels(&[("billing", 3)])), add: None },
            Widening { after: secs(60), skills: None, add: Some(Group::Skill("sales".into())) },
        ],
        ..QueueSettings::default()
    };
    let agents = [("1001", skilled(&[("billing", 5)])), ("1002", skilled(&[("billing", 3)])), ("1003", skilled(&[("sales", 1)]))];
    let mut floor = desk_of(&agents, queue);
    floor.comes(1);
    assert_eq!(told(&floor, 1), "longest-idle at step 0: 1001 chosen, 1002 billing 3 < 5, 1003 billing 0 < 5; ");
    floor.comes(2);
    assert_eq!(told(&floor, 2), "nobody at step 0: 1002 billing 3 < 5, 1003 billing 0 < 5; 1 offered another call");
    floor.answers("1001", 1).after(secs(30));
    assert_eq!(told(&floor, 2), "longest-idle at step 1: 1002 chosen, 1003 billing 0 < 3; 1 talking");
}

#[test]
fn the_preferred_agent_is_told_of_whether_he_is_free_or_not() {
    let agents = ["1001", "1002"].map(|id| (id, skilled(&[("service", 5)])));
    let queue = QueueSettings { preferred_wait: Some(secs(20)), ..QueueSettings::of("service") };
    let mut floor = desk_of(&agents, queue);
    floor.comes_for("1002", 1);
    assert_eq!(told(&floor, 1), "preferred agent at step 0: 1002 chosen, 1001 not the preferred agent; ");
    floor.answers("1002", 1).comes_for("1002", 2);
    assert_eq!(told(&floor, 2), "nobody at step 0: 1002 talking, 1001 not the preferred agent; ");
    floor.after(secs(20));
    assert_eq!(told(&floor, 2), "longest-idle at step 0: 1001 chosen, 1002 talking; ");
}

#[test]
fn no_more_are_named_than_a_person_reads_and_all_others_are_counted() {
    let ids: Vec<String> = (1_000..1_100).map(|n| n.to_string()).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let mut floor = desk_with(Strategy::LongestIdle, &ids);
    floor.comes(1);
    let named = told(&floor, 1).matches(" lower").count();
    assert!(told(&floor, 1).ends_with(&format!("; {} lower in longest-idle", 99 - (named - 1))), "{}", told(&floor, 1));
    assert!(named <= DECISION_NAMES_MAX);
}

#[test]
fn every_verdict_has_its_words() {
    let short = Verdict::Short { skill: "billing".into(), has: 3, wants: 5 };
    let verdicts = [Verdict::Chosen, Verdict::WrapUp, Verdict::Offline, Verdict::Later, Verdict::Resting, short];
    let words = verdicts.map(|verdict| verdict.to_string());
    assert_eq!(words, ["chosen", "wrap-up", "offline", "at a later step", "resting after an offer", "billing 3 < 5"]);
}
