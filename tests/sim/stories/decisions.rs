//! Why a caller was given to whom: each look of the matcher is written down, and can be asked for while the call runs and after.

use crate::story::CALLER;
use crate::world::World;
use sanling::base::AgentId;
use sanling::base::time::secs;

impl World {
    fn verdict(&self, number: usize, agent: &str) -> &str {
        let considered = &self.decisions[number].considered;
        considered.iter().find(|(id, _)| id.as_str() == agent).map_or("not named", |(_, verdict)| verdict)
    }
}

#[test]
fn each_choice_says_who_was_considered_and_why_the_one_was_taken() {
    let mut world = World::with_agents(&["1001", "1002"]);
    world.agent_ignores("1001").agent_answers("1002", secs(1)).caller_dials("95000").after(secs(20)).expect_up("1002");
    let call = world.record().id;
    assert_eq!(world.decisions.len(), 2, "an offer each: {:?}", world.decisions);
    assert!(world.decisions.iter().all(|decision| decision.call == call && decision.queue.as_str() == "service" && decision.step == 0));
    assert_eq!(world.decisions.iter().map(|decision| decision.number).collect::<Vec<_>>(), [0, 1]);
    let chosen: Vec<_> = world.decisions.iter().map(|decision| decision.chosen.as_ref().map(AgentId::as_str)).collect();
    assert_eq!(chosen, [Some("1001"), Some("1002")]);
    assert_eq!(world.decisions[0].rule.as_deref(), Some("longest-idle"));
    assert_eq!((world.verdict(0, "1001"), world.verdict(0, "1002")), ("chosen", "lower in longest-idle"));
    assert_eq!((world.verdict(1, "1002"), world.verdict(1, "1001")), ("chosen", "let this call down"));
    // By the call's own clock, from its arrival.
    let times: Vec<i64> = world.decisions.iter().map(|decision| decision.at.0 - world.record().arrived_at.0).collect();
    assert!((0..100).contains(&times[0]) && (15_000..15_200).contains(&times[1]), "{times:?}");
    world.ends_well();
}

#[test]
fn that_nobody_could_be_chosen_is_a_decision_too() {
    let mut world = World::story();
    world.caller_dials("95000").after(secs(3));
    let decision = &world.decisions[0];
    assert_eq!((world.decisions.len(), &decision.rule, &decision.chosen), (1, &None, &None));
    let offline = decision.others.iter().find(|(verdict, _)| verdict == "offline").map(|(_, count)| *count);
    assert!(offline.is_some_and(|count| count >= 4), "{decision:?}");
    world.agents_come(&["1001"]).answers("1001").after(secs(1)).expect_up("1001");
    assert_eq!(world.decisions[1].chosen.as_ref().map(AgentId::as_str), Some("1001"));
    world.ends_well();
}

#[test]
fn the_numbers_go_on_over_a_restart() {
    let mut world = World::story();
    world.caller_dials("95000").after(secs(3)).crash(secs(1)).after(secs(3));
    world.agents_come(&["1001"]).after(secs(1)).answers("1001").after(secs(1)).expect_up(CALLER).expect_up("1001");
    let numbers: Vec<u32> = world.decisions.iter().map(|decision| decision.number).collect();
    assert!(numbers.len() >= 2 && numbers.windows(2).all(|pair| pair[0] < pair[1]), "{numbers:?}");
    world.ends_well();
}
