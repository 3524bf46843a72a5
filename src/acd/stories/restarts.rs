//! Restarts of the ACD in stories: the configuration, the images or the calls are not what they were.

use super::super::*;
use super::{Floor, SERVICE, call, settings};
use crate::base::Duration;
use crate::base::time::{millis, secs};
use std::collections::BTreeSet;

/// The floor after a restart with this configuration, on which these calls go on. Orders of the time before are forgotten.
pub(super) fn restart(floor: &Floor, settings: AcdSettings, alive: &[u64]) -> Floor {
    let mut next = Floor::with(settings);
    next.now = floor.now;
    next.acd.restore_figures(floor.acd.figures_image());
    for call in floor.acd.calls.keys() {
        next.acd.restore_call(*call, floor.acd.call_image(*call).expect("it is in the books"));
    }
    for AgentSnapshot { agent: id, .. } in floor.acd.agents() {
        next.acd.restore_agent(&id, floor.acd.agent_image(&id).expect("he is known"));
    }
    settle(&mut next, alive);
    next
}

fn settle(floor: &mut Floor, alive: &[u64]) {
    let alive: BTreeSet<CallId> = alive.iter().map(|n| call(*n)).collect();
    floor.acd.restored(&alive, floor.now, &mut floor.log);
}

fn service(agents: &[&str]) -> AcdSettings {
    let agents: Vec<(&str, &[&str])> = agents.iter().map(|id| (*id, &["service"][..])).collect();
    settings(&agents, SERVICE)
}

#[test]
fn callers_keep_their_place_agents_their_state_and_deadlines_their_moment() {
    let mut floor = Floor::of(&["1001", "1002"]);
    floor.comes(1).rings("1001", 1).comes(2).answers("1002", 2).comes_to("service", 3, 5).after(secs(1)).comes_to("service", 4, 9);
    let mut floor = restart(&floor, service(&["1001", "1002"]), &[1, 2, 3, 4]);
    assert_eq!(floor.orders(), [""; 0], "nothing is told twice");
    assert_eq!((floor.state("1001"), floor.state("1002")), ("ringing".into(), "talking".into()));
    floor.hangs_up("1002", 2);
    assert_eq!(floor.orders(), ["1002←4"], "priority first");
    assert_eq!(floor.after(millis(18_999)).orders(), [""; 0]);
    assert_eq!(floor.after(millis(1)).orders(), ["1001×1", "~1"], "the ringing is given up when it would have been");
    assert_eq!((floor.figures().offered, floor.figures().offers), (4, 3));
}

#[test]
fn a_wrap_up_that_may_not_be_cut_short_and_the_counts_live_through_a_restart() {
    let queue = QueueSettings { wrap_up: secs(30), wrap_up_kind: WrapUpKind::Mandatory, ..QueueSettings::of("service") };
    let settings = || super::desk(&[("1001", super::skilled(&[("service", 1)]))], &[("service", queue.clone())]);
    let busy = Limits { busy: Limit { after: 3, then: Consequence::NotReady }, ..Limits::default() };
    let settings = || AcdSettings { limits: busy, ..settings() };
    let mut floor = Floor::with(settings());
    floor.ready("1001").comes(1).serves("1001", 1, secs(60)).not_ready("1001").after(secs(10));
    let mut floor = restart(&floor, settings(), &[]);
    floor.event(Event::MadeReady { agent: "1001".into() });
    assert_eq!(floor.state("1001"), "wrap-up");
    floor.not_ready("1001").after(secs(20));
    assert_eq!(floor.state("1001"), "not-ready meeting");
    floor.ready("1001").comes(2).fails("1001", 2, OfferResult::Busy).leaves(2).after(secs(5));
    let floor = restart(&floor, settings(), &[]);
    assert_eq!(floor.acd.agent("1001").map(|agent| agent.counters.busy), Some(1));
}

#[test]
fn what_fell_due_while_nobody_was_there_is_done_at_once() {
    let queues = &[("service", "service", secs(30))];
    let mut floor = Floor::with(settings(&[("1001", &["service"])], queues));
    floor.ready("1001").comes(1).answers("1001", 1).hangs_up("1001", 1).comes(2).orders();
    floor.now += secs(90);
    let mut floor = restart(&floor, settings(&[("1001", &["service"])], queues), &[2]);
    assert_eq!((floor.state("1001"), floor.orders()), ("wrap-up".into(), vec![]));
    floor.acd.handle_timeout(floor.now, &mut floor.log);
    assert_eq!(floor.orders(), ["1001←2"]);
}

#[test]
fn an_agent_who_is_no_longer_configured_ends_his_call_and_is_gone() {
    let mut floor = Floor::of(&["1001", "1002", "1003"]);
    floor.comes(1).answers("1001", 1).comes(2).rings("1002", 2).orders();
    let mut floor = restart(&floor, service(&["1003"]), &[1, 2]);
    assert_eq!(floor.orders(), ["1002×2", "1003←2"]);
    assert_eq!((floor.state("1001"), floor.acd.agent("1002")), ("talking".into(), None));
    let counted = |floor: &Floor| floor.acd.queue("service", floor.now).expect("a configured queue").agents.map(|(_, count)| count);
    assert_eq!(counted(&floor)[StateName::Talking as usize], 1);
    floor.hangs_up("1001", 1);
    assert_eq!((floor.acd.agent("1001"), counted(&floor).iter().sum::<usize>()), (None, 1));
    let gone: BTreeSet<AgentId> = ["1001".into(), "1002".into()].into();
    assert!(floor.acd.take_changed().agents.is_superset(&gone) && floor.acd.agent_image(&"1001".into()).is_none());
}

#[test]
fn a_queue_that_is_no_longer_configured_serves_those_who_wait() {
    let mut floor = Floor::of(&["1001"]);
    floor.comes(1).comes(2).orders();
    let mut floor = restart(&floor, settings(&[("1001", &["service"])], &[]), &[1, 2]);
    floor.comes(3).answers("1001", 1).hangs_up("1001", 1);
    assert_eq!(floor.orders(), ["Unknown 3", "1001←2"]);
    assert_eq!(floor.figures().offered, 2);
    floor.answers("1001", 2);
    assert_eq!(floor.acd.queue("service", floor.now), None);
}

#[test]
fn a_queue_that_is_gone_and_empty_is_forgotten() {
    let floor = Floor::of(&["1001"]);
    let floor = restart(&floor, settings(&[("1001", &["service"])], &[]), &[]);
    assert_eq!(floor.acd.queue("service", floor.now), None);
}

#[test]
fn calls_that_did_not_come_through_stick_nobody() {
    let mut floor = Floor::of(&["1001", "1002"]);
    floor.comes(1).rings("1001", 1).comes(2).answers("1002", 2).comes(3).after(secs(8)).orders();
    let mut floor = restart(&floor, service(&["1001", "1002"]), &[3]);
    assert_eq!(floor.orders(), ["1001×1", "1001←3"]);
    assert_eq!(floor.state("1002"), "ready");
    let today = floor.figures();
    assert_eq!((today.offered, today.answered, today.abandoned, today.handled, today.talked), (3, 1, 1, 1, secs(8)));
}

#[test]
fn a_call_whose_agent_knows_nothing_of_the_offer_is_offered_to_the_next() {
    let mut floor = Floor::of(&["1001", "1002"]);
    floor.comes(1).rings("1001", 1);
    let image = floor.acd.call_image(call(1)).expect("it is offered");
    let second = floor.acd.agent_image(&"1002".into()).expect("he is known");
    let mut next = Floor::with(service(&["1001", "1002"]));
    next.now = floor.now;
    next.acd.restore_agent(&"1002".into(), second);
    next.acd.restore_call(call(1), image);
    settle(&mut next, &[1]);
    assert_eq!(next.orders(), ["1001×1", "1002←1"]);
    assert_eq!((next.figures().offered, next.figures().offers), (1, 1), "figures that were lost fit those who wait");
}

#[test]
fn an_agent_whose_call_knows_nothing_of_the_offer_has_his_turn_again() {
    let mut floor = Floor::of(&["1001", "1002"]);
    floor.comes(1);
    let before = floor.acd.call_image(call(1)).expect("it is offered");
    let first = floor.acd.agent_image(&"1001".into()).expect("he is known");
    // The call's image is newer: it has been offered to 1002 since.
    floor.fails("1001", 1, OfferResult::Busy);
    let later = floor.acd.call_image(call(1)).expect("it is offered");
    let second = floor.acd.agent_image(&"1002".into()).expect("he is known");
    assert_ne!(before, later);
    let mut next = Floor::with(service(&["1001", "1002"]));
    next.now = floor.now;
    next.acd.restore_call(call(1), later);
    next.acd.restore_agent(&"1001".into(), first);
    next.acd.restore_agent(&"1002".into(), second);
    settle(&mut next, &[1]);
    assert_eq!((next.orders(), next.state("1001"), next.state("1002")), (vec![], "ready".into(), "reserved".into()));
    assert_eq!(next.comes(2).orders(), ["1001←2"]);
}

#[test]
fn an_answer_that_the_call_does_not_know_of_is_none() {
    let mut floor = Floor::of(&["1001"]);
    floor.comes(1);
    let image = floor.acd.call_image(call(1)).expect("it is offered");
    floor.rings("1001", 1).answers("1001", 1);
    let agent = floor.acd.agent_image(&"1001".into()).expect("he is known");
    let mut next = Floor::with(service(&["1001"]));
    next.now = floor.now;
    next.acd.restore_agent(&"1001".into(), agent);
    next.acd.restore_call(call(1), image);
    settle(&mut next, &[1]);
    assert_eq!((next.orders(), next.state("1001")), (vec!["1001×1".into(), "1001←1".into()], "reserved".into()));
}

#[test]
fn changes_are_told_once() {
    let mut floor = Floor::with(settings(&[("1001", &["service"]), ("1002", &["service"])], &[("service", "service", Duration::ZERO)]));
    floor.acd.take_changed();
    floor.ready("1002").comes(1).leaves(1);
    let changed = floor.acd.take_changed();
    assert_eq!(changed, Changed { agents: ["1002".into()].into(), calls: [call(1)].into(), figures: true });
    assert_eq!(floor.acd.call_image(call(1)), None);
    assert_eq!(floor.acd.take_changed(), Changed::default());
}

#[test]
fn what_makes_an_image_old_is_told() {
    let mut floor = Floor::of(&["1001"]);
    let figures = Changed { figures: true, ..Changed::default() };
    let agent = |figures| Changed { agents: ["1001".into()].into(), calls: BTreeSet::new(), figures };
    let both = Changed { calls: [call(1)].into(), ..agent(true) };
    floor.acd.take_changed();
    assert_eq!(floor.event(Event::DayBegan).acd.take_changed(), figures);
    assert_eq!(floor.comes(1).acd.take_changed(), both, "offered");
    assert_eq!(floor.rings("1001", 1).acd.take_changed(), agent(false));
    assert_eq!(floor.fails("1001", 1, OfferResult::Busy).acd.take_changed(), both, "put back");
    assert_eq!(floor.after(secs(5)).acd.take_changed(), both, "offered again when he has rested");
    assert_eq!(floor.answers("1001", 1).acd.take_changed(), both);
    assert_eq!(floor.hangs_up("1001", 1).acd.take_changed(), agent(true), "handled");
    assert_eq!(floor.engaged("1001", 9).hangs_up("1001", 9).acd.take_changed(), agent(false));
    assert_eq!(floor.ready("9999").acd.take_changed(), Changed::default());
    floor.acd.configure(service(&["1001", "1002"]), floor.now, &mut floor.log);
    assert_eq!(floor.acd.take_changed(), Changed { agents: ["1002".into()].into(), ..figures.clone() });
    floor.not_ready("1001");
    for n in 0..crate::base::limits::QUEUE_WAITING_MAX as u64 {
        floor.comes(100 + n);
    }
    floor.acd.take_changed();
    assert_eq!(floor.comes(99).acd.take_changed(), figures, "refused");
}

#[test]
fn what_was_restored_is_not_kept_again_and_what_was_not_is() {
    let mut floor = Floor::of(&["1001"]);
    floor.comes(1).comes(2);
    let mut floor = restart(&floor, service(&["1001", "1002"]), &[1, 2]);
    assert_eq!(floor.acd.take_changed(), Changed { agents: ["1002".into()].into(), calls: BTreeSet::new(), figures: true });
    // The first image of a call counts.
    let mut image = floor.acd.call_image(call(2)).expect("it waits");
    floor.acd.restore_call(call(2), image.clone());
    floor.leaves(1).orders();
    image = floor.acd.call_image(call(2)).unwrap_or(image);
    floor.acd.restore_call(call(2), image);
    assert_eq!(floor.acd.queue("service", floor.now).expect("a configured queue").waiting, 1);
}

#[test]
fn figures_of_another_moment_are_mended() {
    let whole = Figures { offered: 10, answered: 4, abandoned: 2, overflowed: 1, ..Figures::default() };
    let mended = |waiting| {
        let mut figures = whole;
        let changed = figures.mend(waiting);
        (changed, figures.offered, figures.abandoned)
    };
    assert_eq!(mended(3), (false, 10, 2));
    assert_eq!(mended(1), (true, 10, 4), "two callers were lost");
    assert_eq!(mended(5), (true, 12, 2), "two callers came since");
}

/// As images were written before queues had levels, widening and weights.
mod before {
    use super::super::super::{AgentId, Figures, QueueId, Skill};
    use crate::base::{Duration, Instant};
    use serde::Serialize;
    use std::collections::BTreeMap;

    #[derive(Serialize)]
    pub struct Settings {
        pub skill: Skill,
        pub wrap_up: Duration,
    }

    #[derive(Serialize)]
    pub struct Queued {
        pub queue: QueueId,
        pub settings: Settings,
        pub priority: u8,
        pub since: Instant,
        pub offered_to: Option<AgentId>,
        pub let_down_by: Vec<AgentId>,
    }

    #[derive(Serialize)]
    pub struct Queue {
        pub settings: Settings,
        pub figures: Figures,
    }

    #[derive(Serialize)]
    pub struct AllFigures {
        pub queues: BTreeMap<QueueId, Queue>,
    }
}

#[test]
fn images_of_the_version_before_are_read() {
    fn reread<T: serde::de::DeserializeOwned>(image: &impl serde::Serialize) -> T {
        rmp_serde::from_slice(&rmp_serde::to_vec_named(image).expect("an image is written")).expect("an image reads back")
    }
    let settings = || before::Settings { skill: "service".into(), wrap_up: secs(5) };
    let since = Instant::START + secs(3);
    let queued = |offered_to, let_down_by| before::Queued {
        queue: "service".into(),
        settings: settings(),
        priority: 4,
        since,
        offered_to,
        let_down_by,
    };
    let figures = Figures { offered: 8, answered: 6, ..Figures::default() };
    let figures = before::AllFigures { queues: [("service".into(), before::Queue { settings: settings(), figures })].into() };
    let mut floor = Floor::of(&["1001", "1002"]);
    floor.after(secs(60));
    floor.acd.restore_figures(reread(&figures));
    floor.acd.restore_call(call(1), reread(&queued(None, vec!["1001".into()])));
    floor.acd.restore_call(call(2), reread(&queued(Some("1001".into()), vec![])));
    settle(&mut floor, &[1, 2]);
    assert_eq!(floor.orders(), ["1001×2", "1002←1", "1001←2"], "each has let one down: 1001 knew nothing of his offer");
    assert_eq!((floor.figures().offered, floor.acd.queue("service", floor.now).expect("it is configured").longest_wait), (8, secs(59)));
}
