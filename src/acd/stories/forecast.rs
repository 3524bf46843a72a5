//! What a caller is told of his place and his wait, and how right it is: the error is measured over thousands of callers.

use super::super::*;
use super::{Floor, call, desk, desk_of, levels, skilled};
use crate::base::time::{millis, secs};
use crate::base::{Duration, Rng};
use std::collections::BTreeMap;

fn outlook(floor: &Floor, n: u64) -> Option<(usize, Option<u64>)> {
    floor.acd.outlook(call(n)).map(|outlook| (outlook.ahead, outlook.wait.map(|wait| (wait + millis(500)).as_secs())))
}

#[test]
fn the_wait_is_the_calls_ahead_by_what_one_takes_among_those_at_work() {
    let queue = QueueSettings { wrap_up: secs(30), wrap_up_kind: WrapUpKind::Mandatory, ..QueueSettings::of("service") };
    let mut floor = desk_of(&[("1001", skilled(&[("service", 1)])), ("1002", skilled(&[("service", 1)]))], queue);
    // Two calls of 10 s ringing, 140 s talk and 30 s after: 180 s each.
    for (agent, n) in [("1001", 1), ("1002", 2)] {
        floor.comes(n).rings(agent, n).after(secs(10)).serves(agent, n, secs(140));
    }
    floor.after(secs(30)).comes(3).answers("1001", 3).comes(4).answers("1002", 4);
    floor.comes(5).comes(6).comes_to("service", 7, 9);
    // The two that were answered at once have halved the mean ringing: 175 s.
    assert_eq!(outlook(&floor, 7), Some((0, Some(87))), "priority goes first");
    assert_eq!(outlook(&floor, 5), Some((1, Some(175))));
    assert_eq!(outlook(&floor, 6), Some((2, Some(262))));
    assert_eq!((outlook(&floor, 3), outlook(&floor, 99)), (None, None), "who speaks waits for nobody");
    // One at work is half the pace; nobody at work is no answer.
    floor.not_ready("1002").hangs_up("1002", 4).after(secs(31));
    assert_eq!(floor.state("1002"), "not-ready meeting");
    assert_eq!(outlook(&floor, 7).map(|(ahead, _)| ahead), Some(0));
    assert!(outlook(&floor, 5).is_some_and(|(_, wait)| wait.is_some_and(|wait| wait > 200)));
    floor.event(Event::LoggedOff { agent: "1001".into() }).hangs_up("1001", 3);
    assert_eq!(outlook(&floor, 5), Some((1, None)));
}

#[test]
fn before_the_first_call_ninety_seconds_are_taken_for_one() {
    let mut floor = Floor::of(&["1001"]);
    floor.comes(1).comes(2);
    assert_eq!(outlook(&floor, 2), Some((0, Some(90))));
}

/// A day at a desk: callers at random, calls of random length. Gives, of those who were told a wait, (told, had) each.
fn a_day(agents: usize, queues: &[(&'static str, u64)], mean_talk: u64, callers: u64, seed: u64) -> Vec<(Duration, Duration)> {
    let ids: Vec<String> = (0..agents).map(|n| (1_000 + n).to_string()).collect();
    // What stands before the dash is the skill that the queue asks for.
    let skill = |id: &'static str| id.split('-').next().unwrap_or(id);
    let skills: Vec<(&str, u8)> = queues.iter().map(|(id, _)| (skill(id), 1)).collect::<BTreeMap<_, _>>().into_iter().collect();
    let settings =
        |(id, _): &(&'static str, u64)| QueueSettings { skills: levels(&[(skill(id), 1)]), wrap_up: secs(15), ..QueueSettings::default() };
    let queues_of: Vec<_> = queues.iter().map(|queue| (queue.0, settings(queue))).collect();
    let mut floor = Floor::with(desk(&ids.iter().map(|id| (id.as_str(), skilled(&skills))).collect::<Vec<_>>(), &queues_of));
    for id in &ids {
        floor.ready(id);
    }
    let mut chance = Rng::new(seed);
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "milliseconds at random")]
    let mut random = |mean: f64| millis((-((1.0 + chance.below(1_000_000) as f64) / 1_000_001.0).ln() * mean) as u64);
    // Each queue's callers fill its share of nine tenths and a half of what the agents can take.
    let mut next: BTreeMap<Instant, &str> = BTreeMap::new();
    let mut talks: BTreeMap<(Instant, u64), String> = BTreeMap::new();
    #[allow(clippy::cast_precision_loss, reason = "small counts")]
    let between = |part: u64| {
        (mean_talk + 17) as f64 * 1_000.0 / (agents as f64 * 0.97) * queues.iter().map(|(_, part)| *part).sum::<u64>() as f64 / part as f64
    };
    for (id, part) in queues {
        next.insert(Instant::START + random(between(*part)), id);
    }
    let mut told: BTreeMap<u64, (Instant, Duration)> = BTreeMap::new();
    let (mut seen, mut n) = (Vec::new(), 0);
    while n < callers || !talks.is_empty() {
        let arrival = next.first_key_value().map(|(at, _)| *at).filter(|_| n < callers);
        let end = talks.first_key_value().map(|((at, _), _)| *at);
        let due = [arrival, end, floor.acd.deadline()].into_iter().flatten().min().expect("something goes on");
        floor.after(due - floor.now);
        if end == Some(due) {
            let ((_, ended), agent) = talks.pop_first().expect("it was the first");
            floor.hangs_up(&agent, ended);
        } else if arrival == Some(due) {
            let (_, queue) = next.pop_first().expect("it was the first");
            n += 1;
            floor.comes_to(queue, n, 0);
            let part = queues.iter().find(|(id, _)| *id == queue).expect("a queue of the desk").1;
            next.insert(due + random(between(part)) + Duration::from_nanos(n), queue);
            // The first hour teaches the pace.
            if let Some(Outlook { wait: Some(wait), .. }) = floor.acd.outlook(call(n)).filter(|_| n > callers / 10) {
                told.insert(n, (floor.now, wait));
            }
        }
        let offers: Vec<(u64, String)> = (floor.log.iter())
            .filter_map(|action| match action {
                Action::Offer { call, agent, .. } => Some((u64::try_from(call.timestamp().0).expect("a number"), agent.to_string())),
                _ => None,
            })
            .collect();
        floor.log.clear();
        for (offered, agent) in offers {
            if let Some((since, wait)) = told.remove(&offered) {
                seen.push((wait, floor.now - since));
            }
            floor.answers(&agent, offered);
            talks.insert((floor.now + random(1_000.0 * mean_talk_f(mean_talk)), offered), agent);
        }
    }
    seen
}

#[allow(clippy::cast_precision_loss, reason = "seconds")]
fn mean_talk_f(seconds: u64) -> f64 {
    seconds as f64
}

/// Mean wait, bias (told − had) and mean error of it, in seconds.
#[allow(clippy::cast_precision_loss, reason = "a few thousand callers")]
fn errors(seen: &[(Duration, Duration)]) -> (f64, f64, f64) {
    let mean = |sum: f64| sum / seen.len() as f64;
    let had = mean(seen.iter().map(|(_, had)| had.as_secs_f64()).sum());
    let bias = mean(seen.iter().map(|(told, had)| told.as_secs_f64() - had.as_secs_f64()).sum());
    let error = mean(seen.iter().map(|(told, had)| (told.as_secs_f64() - had.as_secs_f64()).abs()).sum());
    (had, bias, error)
}

#[test]
fn over_thousands_of_callers_the_told_wait_is_the_mean_of_what_comes() {
    for (name, agents, queues, bound) in [
        ("one queue, 5 agents", 5, &[("service", 1)][..], 0.45),
        ("one queue, 20 agents", 20, &[("service", 1)][..], 0.40),
        ("two queues, 20 agents for both", 20, &[("sales", 1), ("service", 3)][..], 0.55),
        ("two queues of one skill", 20, &[("service-north", 1), ("service-south", 1)][..], 0.55),
    ] {
        let seen: Vec<(Duration, Duration)> = (1..=6).flat_map(|seed| a_day(agents, queues, 180, 4_000, seed)).collect();
        let (had, bias, error) = errors(&seen);
        println!(
            "{name}: {} callers waited {had:.0} s in the mean; told {bias:+.1} s of it ({:+.1} %), error {error:.0} s ({:.0} %)",
            seen.len(),
            bias / had * 100.0,
            error / had * 100.0
        );
        assert!(seen.len() > 3_000, "{name}: this shows little, {} callers", seen.len());
        assert!((bias / had).abs() < 0.15, "{name}: bias {bias:.1} s of {had:.1} s");
        assert!(error / had < bound, "{name}: error {error:.1} s of {had:.1} s");
    }
}
