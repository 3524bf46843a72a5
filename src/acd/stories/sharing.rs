//! Several queues of an agent in stories: turns by weight, which starve nobody, and by arrival where there are no weights.

use super::super::*;
use super::restarts::restart;
use super::{Floor, call, desk, skilled};
use crate::base::time::secs;

fn queue(skill: &str, weight: Option<u32>) -> QueueSettings {
    QueueSettings { weight, ..QueueSettings::of(skill) }
}

/// Queues `a` and `b` with these weights; 1001 serves both, 1002 queue `a` alone and is away.
fn settings(a: Option<u32>, b: Option<u32>) -> AcdSettings {
    let agents = [("1001", skilled(&[("a", 5), ("b", 5)])), ("1002", skilled(&[("a", 5)]))];
    desk(&agents, &[("a", queue("a", a)), ("b", queue("b", b))])
}

/// Ten calls for `a` (0 to 9), and then ten for `b` (10 to 19), wait.
fn crowd(a: Option<u32>, b: Option<u32>) -> Floor {
    let mut floor = Floor::with(settings(a, b));
    for n in 0..20 {
        floor.comes_to(if n < 10 { "a" } else { "b" }, n, 5);
    }
    floor.after(secs(1)).orders();
    floor
}

/// Which queue's calls an agent takes next, one after the other: `aaba`.
fn takes(floor: &mut Floor, agent: &str, calls: usize) -> String {
    let mut queues = String::new();
    for _ in 0..calls {
        floor.orders();
        if floor.state(agent) == "offline" {
            floor.ready(agent);
        }
        let n = floor.acd.agent(agent).and_then(|agent| agent.call).expect("he is offered a call");
        queues += floor.acd.queue_of(n).expect("it is offered").as_str();
        let n = u64::try_from(n.timestamp().0).expect("a small number");
        floor.serves(agent, n, secs(1));
    }
    queues
}

#[test]
fn without_weights_the_oldest_call_of_all_queues_is_next() {
    assert_eq!(takes(&mut crowd(None, None), "1001", 12), "aaaaaaaaaabb");
}

#[test]
fn turns_are_shared_by_weight_and_within_a_queue_by_arrival() {
    let mut floor = crowd(Some(3), Some(1));
    assert_eq!(takes(&mut floor, "1001", 8), "abaaabaa");
    assert_eq!((floor.acd.queue_of(call(5)), floor.acd.offered_to(call(6))), (None, &["1001".into()][..]));
    assert_eq!(takes(&mut crowd(Some(1), Some(1)), "1001", 6), "ababab");
}

#[test]
fn queues_without_a_weight_are_one_of_weight_one_beside_those_that_have_one() {
    assert_eq!(takes(&mut crowd(None, Some(2)), "1001", 6), "abbabb");
}

#[test]
fn priority_goes_before_weight() {
    let mut floor = crowd(Some(100), Some(1));
    floor.comes_to("b", 30, 6).comes_to("b", 31, 6).orders();
    assert_eq!(takes(&mut floor, "1001", 3), "bba");
}

#[test]
fn a_queue_that_was_quiet_has_its_share_from_now_on_and_no_more() {
    let mut floor = Floor::with(settings(Some(1), Some(1)));
    for n in 100..140 {
        floor.comes_to("a", n, 5);
    }
    takes(&mut floor, "1001", 20);
    for n in 200..210 {
        floor.comes_to("b", n, 5);
    }
    // One of the first queue is on its way already.
    assert_eq!(takes(&mut floor, "1001", 6), "ababab");
}

#[test]
fn a_queue_that_others_serve_too_is_not_starved_by_the_one_who_serves_both() {
    let mut floor = crowd(Some(1), Some(1));
    // 1002 takes calls of `a` alone, while 1001 is away: `a` has had its turns.
    assert_eq!(takes(&mut floor, "1002", 6), "aaaaaa");
    floor.event(Event::LoggedOff { agent: "1002".into() }).orders();
    assert_eq!(takes(&mut floor, "1001", 4), "abab", "and has every second one from now on");
}

#[test]
fn an_offer_that_failed_costs_no_turn() {
    let mut floor = crowd(Some(1), Some(1));
    floor.ready("1001");
    assert_eq!(floor.fails("1001", 0, OfferResult::Busy).orders(), ["1001←0", "~0"]);
    assert_eq!(floor.after(secs(5)).orders(), ["1001←0"], "the turn is still its own");
    floor.leaves(0);
    assert_eq!(floor.orders(), ["1001×0", "1001←1"], "nor does one whose caller left");
}

#[test]
fn shares_go_on_over_a_restart_and_a_reload() {
    let run = |n_restart: usize, n_reload: usize| {
        let mut floor = crowd(Some(3), Some(1));
        let mut queues = String::new();
        for n in 0..9 {
            if n == n_restart {
                let alive: Vec<u64> = (0..20).collect();
                floor = restart(&floor, settings(Some(3), Some(1)), &alive);
            }
            if n == n_reload {
                floor.reconfigure(settings(Some(3), Some(1)));
            }
            queues += &takes(&mut floor, "1001", 1);
        }
        queues
    };
    let plain = run(99, 99);
    for n in 1..8 {
        assert_eq!(run(n, 99), plain, "restart before call {n}");
        assert_eq!(run(99, n), plain, "reload before call {n}");
    }
}

#[test]
fn a_new_weight_counts_from_the_next_call_on() {
    let mut floor = crowd(None, None);
    assert_eq!(takes(&mut floor, "1001", 2), "aa");
    // The third is on its way already.
    floor.reconfigure(settings(Some(1), Some(1)));
    assert_eq!(takes(&mut floor, "1001", 5), "aabab");
}
