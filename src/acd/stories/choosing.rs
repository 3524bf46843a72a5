//! Choosing in stories: levels of skills, and each strategy against the others' order.

use super::super::*;
use super::restarts::restart;
use super::{Floor, call, desk, desk_of, skilled};
use crate::base::time::secs;
use crate::base::{Duration, Rng};

fn by(strategy: Strategy) -> QueueSettings {
    QueueSettings { strategy, ..QueueSettings::of("service") }
}

fn service() -> AgentSettings {
    skilled(&[("service", 5)])
}

/// Three agents of the same skill and a queue of this strategy.
fn three(strategy: Strategy) -> Floor {
    desk_of(&[("1001", service()), ("1002", service()), ("1003", service())], by(strategy))
}

/// Whom the call is offered to.
fn offered(floor: &mut Floor, n: u64) -> String {
    let orders = floor.comes(n).orders();
    orders[0].split('←').next().expect("an offer").to_owned()
}

#[test]
fn all_skills_are_needed_and_each_at_its_level() {
    let agents = [
        ("1001", skilled(&[("billing", 2), ("english", 9)])),
        ("1002", skilled(&[("billing", 9)])),
        ("1003", skilled(&[("billing", 3), ("english", 5)])),
    ];
    let queue = QueueSettings { skills: super::levels(&[("billing", 3), ("english", 5)]), ..QueueSettings::default() };
    let mut floor = desk_of(&agents, queue);
    floor.comes(1).comes(2);
    assert_eq!(floor.orders(), ["1003←1", "~2"], "one level short is short, one skill too few is too few");
    let counted = floor.acd.queue("service", floor.now).expect("a configured queue").agents.map(|(_, count)| count);
    assert_eq!(counted.iter().sum::<usize>(), 1);
}

#[test]
fn a_queue_that_asks_for_nothing_takes_everybody() {
    let mut floor = desk_of(&[("1001", AgentSettings::default()), ("1002", service())], QueueSettings::default());
    assert_eq!(floor.comes(1).comes(2).orders(), ["1001←1", "1002←2"]);
}

#[test]
fn round_robin_takes_turns_whoever_is_idle_longest() {
    let mut floor = three(Strategy::RoundRobin);
    assert_eq!(offered(&mut floor, 1), "1001");
    // He is idle longer than the two others, who came back to ready after him; they have had no turn yet.
    floor.serves("1001", 1, secs(1)).not_ready("1002").not_ready("1003").after(secs(9)).ready("1002").ready("1003").orders();
    assert_eq!(offered(&mut floor, 2), "1002");
    floor.serves("1002", 2, secs(1));
    assert_eq!(offered(&mut floor, 3), "1003");
    // An offer that came to nothing was a turn.
    floor.fails("1003", 3, OfferResult::Busy);
    assert_eq!(floor.orders(), ["1001←3"]);
    floor.serves("1001", 3, secs(600));
    assert_eq!(offered(&mut floor, 4), "1002");
}

#[test]
fn fewest_calls_counts_answers_of_today() {
    let mut floor = three(Strategy::FewestCalls);
    for (n, agent) in [(1, "1001"), (2, "1002"), (3, "1003"), (4, "1001"), (5, "1002")] {
        assert_eq!(offered(&mut floor, n), agent);
        floor.serves(agent, n, secs(10)).orders();
    }
    // 1003 has one, the others two, though he has been idle shorter than 1001 since this pause.
    floor.not_ready("1003").after(secs(9)).ready("1003").orders();
    assert_eq!(offered(&mut floor, 6), "1003");
    // A missed call is none that he took; a call of no queue neither.
    floor.fails("1003", 6, OfferResult::Busy).orders();
    floor.leaves(6).engaged("1003", 90).hangs_up("1003", 90).after(secs(9)).orders();
    assert_eq!(offered(&mut floor, 7), "1003");
    floor.leaves(7).event(Event::DayBegan).orders();
    assert_eq!(offered(&mut floor, 8), "1001", "midnight: all have none, and he is idle longest");
}

#[test]
fn least_talk_time_counts_calls_of_queues_today() {
    let mut floor = three(Strategy::LeastTalkTime);
    for (n, agent, talk) in [(1, "1001", 100), (2, "1002", 300), (3, "1003", 200)] {
        assert_eq!(offered(&mut floor, n), agent);
        floor.serves(agent, n, secs(talk)).orders();
    }
    floor.engaged("1001", 90).after(secs(900)).hangs_up("1001", 90);
    assert_eq!(offered(&mut floor, 4), "1001", "a private call is no work");
    floor.serves("1001", 4, secs(150)).orders();
    assert_eq!(offered(&mut floor, 5), "1003", "200 is less than 250");
    floor.serves("1003", 5, secs(51)).event(Event::DayBegan).orders();
    assert_eq!(offered(&mut floor, 6), "1002", "the day is new, and he is idle longest");
}

#[test]
fn top_down_goes_by_rank_past_those_who_are_busy() {
    let ranked = |rank| AgentSettings { rank, ..service() };
    let agents = [("1001", ranked(2)), ("1002", ranked(1)), ("1003", service()), ("1004", ranked(2))];
    let mut floor = desk_of(&agents, by(Strategy::TopDown));
    floor.comes(1).comes(2).comes(3).comes(4).comes(5);
    assert_eq!(floor.orders(), ["1002←1", "1001←2", "1004←3", "1003←4", "~5"], "same rank: the longer idle; no rank: last");
    // The last in rank is away: the first is still found.
    floor.not_ready("1003").leaves(4).orders();
    floor.leaves(5).serves("1002", 1, secs(5));
    assert_eq!(offered(&mut floor, 6), "1002");
}

#[test]
fn best_skill_takes_the_sum_of_what_is_asked_for() {
    let agents = [
        ("1001", skilled(&[("billing", 4), ("english", 4), ("sales", 9)])),
        ("1002", skilled(&[("billing", 3), ("english", 6)])),
        ("1003", skilled(&[("billing", 6), ("english", 3)])),
    ];
    let queue = QueueSettings {
        skills: super::levels(&[("billing", 1), ("english", 1)]),
        strategy: Strategy::BestSkill,
        ..QueueSettings::default()
    };
    let mut floor = desk_of(&agents, queue);
    floor.comes(1).comes(2).comes(3);
    assert_eq!(floor.orders(), ["1002←1", "1003←2", "1001←3"], "sales is not asked for; 9 and 9 by idle time");
}

/// How often each of three agents is drawn, with weights 1, 2 and 5, in a thousand calls.
fn drawn(strategy: Strategy, seed: u64) -> [u32; 3] {
    let weighted = |weight| AgentSettings { weight, ..service() };
    let agents = [("1001", weighted(1)), ("1002", weighted(2)), ("1003", weighted(5))];
    let mut floor = desk_of(&agents, by(strategy));
    floor.acd = Acd::new(desk(&agents, &[("service", by(strategy))]), seed, floor.now);
    for (id, _) in &agents {
        floor.ready(id);
    }
    let mut counts = [0; 3];
    for n in 0..1_000 {
        floor.orders();
        let agent = offered(&mut floor, n);
        counts[agent.parse::<usize>().expect("a number") - 1_001] += 1;
        floor.serves(&agent, n, secs(1));
    }
    counts
}

#[test]
fn chance_is_even_or_by_weight_and_the_same_for_the_same_seed() {
    let even = drawn(Strategy::Random, 1);
    assert!(even.iter().all(|count| (270..400).contains(count)), "{even:?}");
    let [one, two, five] = drawn(Strategy::WeightedRandom, 1);
    assert!((90..160).contains(&one) && (200..300).contains(&two) && (570..680).contains(&five), "{one} {two} {five}");
    assert_eq!(drawn(Strategy::WeightedRandom, 1), [one, two, five]);
    assert_ne!(drawn(Strategy::Random, 2), even);
}

#[test]
fn who_let_the_call_down_is_not_drawn_while_there_is_another() {
    for strategy in [Strategy::Random, Strategy::WeightedRandom] {
        let settings = desk(&[("1001", service()), ("1002", service()), ("1003", service())], &[("service", by(strategy))]);
        for seed in 0..20 {
            let mut floor = Floor::with(AcdSettings { limits: super::ready_after_missed(), ..settings.clone() });
            floor.acd = Acd::new(settings.clone(), seed, floor.now);
            floor.ready("1001").ready("1002").ready("1003");
            let first = offered(&mut floor, 1);
            floor.fails(&first, 1, OfferResult::Busy).after(secs(6)).orders();
            let second = floor.acd.offered_to(call(1))[0].clone();
            floor.fails(second.as_str(), 1, OfferResult::Busy).orders();
            let third = floor.acd.offered_to(call(1))[0].clone();
            assert!(third.as_str() != first && third != second, "seed {seed}: {first} {second} {third}");
        }
    }
}

#[test]
fn what_the_strategies_count_lives_through_a_restart() {
    let agents = [("1001", service()), ("1002", service()), ("1003", service())];
    for strategy in [Strategy::RoundRobin, Strategy::FewestCalls, Strategy::LeastTalkTime, Strategy::Random, Strategy::WeightedRandom] {
        let settings = desk(&agents, &[("service", by(strategy))]);
        let run = |with_restarts: bool| {
            let mut floor = desk_of(&agents, by(strategy));
            let mut rng = Rng::new(5);
            let mut chosen = Vec::new();
            for n in 0..30 {
                if with_restarts && n % 3 == 2 {
                    floor = restart(&floor, settings.clone(), &[]);
                }
                if n == 17 {
                    floor.event(Event::DayBegan);
                }
                floor.orders();
                let agent = offered(&mut floor, n);
                floor.serves(&agent, n, Duration::from_secs(1 + rng.below(100)));
                chosen.push(agent);
            }
            chosen
        };
        assert_eq!(run(true), run(false), "{strategy}");
    }
}

#[test]
fn a_new_strategy_counts_from_the_next_offer_on() {
    let agents = [("1001", AgentSettings { rank: 2, ..service() }), ("1002", AgentSettings { rank: 1, ..service() })];
    let mut floor = desk_of(&agents, by(Strategy::LongestIdle));
    assert_eq!(offered(&mut floor, 1), "1001");
    floor.leaves(1).reconfigure(desk(&agents, &[("service", by(Strategy::TopDown))])).orders();
    assert_eq!(offered(&mut floor, 2), "1002");
}
