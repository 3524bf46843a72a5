//! The facts that reports are made of: times in queues on the call's record, and agents' time.

use crate::sound::Sound;
use crate::story::CALLER;
use crate::world::World;
use sanling::base::time::{millis, secs};
use sanling::base::{AgentId, Duration};
use sanling::call::record::{CallRecord, VisitEnding};
use sanling::switch::input::{Command, RequestedState};
use sanling::switch::output::{Detail, Event};

/// Queue, ending and length of each time in a queue.
fn visits(record: &CallRecord) -> Vec<(String, VisitEnding, u64)> {
    let long = |visit: &sanling::call::record::QueueVisit| (visit.left_at.expect("over").0 - visit.entered_at.0).unsigned_abs();
    record.visits.iter().map(|visit| (visit.queue.to_string(), visit.ending, long(visit))).collect()
}

/// State, reason and length of what the agent was at, in whole tenths of a second.
fn spells(world: &World, agent: &str) -> Vec<(String, Option<String>, u64)> {
    let his = world.intervals.iter().filter(|interval| interval.agent.as_str() == agent);
    his.map(|spell| (spell.state.clone(), spell.reason.clone(), ((spell.to.0 - spell.from.0) / 100).unsigned_abs())).collect()
}

fn spell(state: &str, reason: Option<&str>, long: Duration) -> (String, Option<String>, u64) {
    (state.to_owned(), reason.map(str::to_owned), u64::try_from(long.as_millis() / 100).expect("short"))
}

#[test]
fn a_callers_time_in_the_queue_ends_with_the_agents_answer() {
    let mut world = World::with_agents(&["1001"]);
    world.agent_answers("1001", secs(3)).caller_dials("95000").after(secs(10)).expect_up("1001");
    let record = world.ends_well();
    let found = visits(&record);
    assert!(found.len() == 1 && found[0].1 == VisitEnding::Answered && (3_000..3_200).contains(&found[0].2), "{found:?}");
    assert_eq!(record.visits[0].left_at, record.connected_at);
}

#[test]
fn who_leaves_while_his_agents_phone_rings_has_abandoned_the_queue() {
    let mut world = World::with_agents(&["1001"]);
    world.agent_ignores("1001").caller_dials("95000").after(secs(6)).hangs_up(CALLER).after(secs(1));
    let record = world.ends_well();
    assert_eq!(record.visits.iter().map(|visit| visit.ending).collect::<Vec<_>>(), [VisitEnding::Abandoned]);
    assert_eq!(record.visits[0].left_at, record.released_at);
}

#[test]
fn who_goes_on_to_another_agent_has_been_in_a_queue_twice() {
    let dialect = "steps = [\"say:dialect_ask\", \"wait:5s\", \"say:dialect_other_person\", \"wait:5s\"]";
    let mut world = World::story_with(&[(dialect, "steps = [\"say:dialect_ask\", \"wait:5s\", \"queue:service\"]")], &[]);
    world.agents_come(&["1001"]).agent_answers("1001", secs(1)).habit("1001", |habit| habit.sound = Sound::Silence);
    world.caller_dials("95000").says(CALLER, Sound::Speech).after(secs(6)).expect_up("1001");
    world.agents_come(&["1002"]).agent_answers("1002", secs(3)).presses("1001", "**4").after(secs(20)).expect_up("1002");
    let today = world.snapshot().queues[0].today.clone();
    assert_eq!((today.offered, today.answered, today.waiting), (2, 2, 0));
    let record = world.ends_well();
    let found = visits(&record);
    assert_eq!(found.iter().map(|(_, ending, _)| *ending).collect::<Vec<_>>(), [VisitEnding::Answered, VisitEnding::Answered]);
    assert!((1_000..1_200).contains(&found[0].2) && (3_000..3_200).contains(&found[1].2), "each has its own wait: {found:?}");
}

#[test]
fn who_waits_over_a_restart_has_waited_once() {
    let mut world = World::with_agents(&["1001"]);
    let state = |world: &mut World, state| world.command(Command::SetAgentState { agent: AgentId::new("1001"), state, reason: None });
    state(&mut world, RequestedState::NotReady);
    world.agent_answers("1001", secs(1)).caller_dials("95000").after(secs(5)).crash(secs(2)).after(secs(5));
    state(&mut world, RequestedState::Ready);
    let found = visits(&world.after(secs(5)).ends_well());
    assert!(found.len() == 1 && found[0].1 == VisitEnding::Answered && (11_000..11_200).contains(&found[0].2), "{found:?}");
}

#[test]
fn an_agents_time_is_written_down_state_by_state_and_reason_by_reason() {
    let mut world = World::talking("1001", Sound::Speech, Sound::Speech);
    world.after(secs(20)).hangs_up(CALLER).after(secs(10));
    let state = |world: &mut World, state, reason: Option<&str>| {
        world.command(Command::SetAgentState { agent: AgentId::new("1001"), state, reason: reason.map(str::to_owned) });
    };
    state(&mut world, RequestedState::NotReady, Some("break"));
    world.after(secs(7));
    state(&mut world, RequestedState::NotReady, Some("meal"));
    world.after(secs(30));
    state(&mut world, RequestedState::Ready, None);
    world.after(secs(1));
    state(&mut world, RequestedState::Offline, None);
    world.after(secs(1));
    let found = spells(&world, "1001");
    let tail = [
        spell("ready", None, secs(10)),
        spell("not-ready", Some("break"), secs(7)),
        spell("not-ready", Some("meal"), secs(30)),
        spell("ready", None, secs(1)),
    ];
    assert!(found.ends_with(&tail), "{found:?}");
    let talking = world.intervals.iter().find(|interval| interval.state == "talking").expect("he spoke").clone();
    assert_eq!((talking.call, talking.queue.as_ref().map(ToString::to_string)), (Some(world.record().id), Some("service".to_owned())));
    world.ends_well();
}

#[test]
fn the_work_after_a_call_is_written_down_with_its_call_and_queue() {
    let mut world = World::story_with(&[("wrap_up = \"0s\"", "wrap_up = \"15s\"")], &[]);
    world.agents_come(&["1001"]).agent_answers("1001", secs(1)).caller_dials("95000").after(secs(30)).hangs_up(CALLER).after(secs(5));
    let works_for = world.agent("1001").works_for.clone();
    assert_eq!(works_for, (Some(world.record().id), Some("service".into())), "while it lasts too");
    world.after(secs(15));
    let wrapped = world.intervals.iter().find(|interval| interval.state == "wrap-up").expect("he wrapped up").clone();
    assert_eq!((wrapped.to.0 - wrapped.from.0, wrapped.queue.map(|queue| queue.to_string())), (15_000, Some("service".to_owned())));
    assert_eq!(wrapped.call, Some(world.record().id));
    world.ends_well();
}

#[test]
fn what_an_agent_was_at_over_a_restart_is_one_time() {
    let mut world = World::talking("1001", Sound::Speech, Sound::Speech);
    world.after(secs(10)).crash(millis(1_500)).after(secs(10)).hangs_up(CALLER).after(secs(1));
    let talking: Vec<_> =
        world.intervals.iter().filter(|interval| interval.state == "talking").map(|spell| spell.to.0 - spell.from.0).collect();
    assert!(talking.len() == 1 && (20_000..30_000).contains(&talking[0]), "{talking:?}");
    world.ends_well();
}

#[test]
fn a_queues_figures_are_told_as_they_change_and_at_most_once_a_second() {
    let mut world = World::with_agents(&["1001"]);
    world.agent_answers("1001", secs(3));
    for n in 0..5 {
        world.dials(&format!("1390000000{n}"), "95000").after(millis(100));
    }
    world.after(secs(10));
    let told: Vec<_> = world.events.iter().filter(|(_, event)| event.name == "figures.queue").collect();
    assert!(told.len() >= 3 && told.windows(2).all(|pair| pair[1].0 - pair[0].0 >= secs(1)), "{told:?}");
    let number = |event: &Event, name: &str| {
        event.detail.iter().find_map(|(key, detail)| match detail {
            Detail::Number(number) if *key == name => Some(*number),
            _ => None,
        })
    };
    let (_, last) = told.last().expect("some were told");
    assert_eq!((number(last, "offered"), number(last, "answered"), number(last, "waiting")), (Some(5), Some(1), Some(4)));
    assert_eq!((number(last, "service_level_numerator"), number(last, "service_level_denominator")), (Some(1), Some(1)));
    let quiet = world.now;
    world.after(secs(1));
    assert!(world.events.iter().all(|(at, event)| event.name != "figures.queue" || *at <= quiet), "nothing changes, nothing is told");
    world.ends_well();
}

#[test]
fn todays_figures_live_through_a_restart() {
    let mut world = World::with_agents(&["1001"]);
    world.agent_answers("1001", secs(1)).caller_dials("95000").after(secs(20)).hangs_up(CALLER).after(secs(2));
    world.agent_ignores("1001").dials("13900000009", "95000").after(secs(6)).hangs_up("13900000009").after(secs(1));
    let before = world.snapshot().queues[0].today.clone();
    assert_eq!((before.offered, before.answered, before.abandoned, before.short_abandoned), (2, 1, 1, 0));
    world.crash(secs(1)).after(secs(1));
    assert_eq!(world.snapshot().queues[0].today, before);
    world.ends_quietly();
}
