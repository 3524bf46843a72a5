//! Several phones for one caller: all at once, or one after the other. Who answers first has him; the others are told so, are ready at once,
//! and nothing is counted against them.

use crate::phones::{Saw, State};
use crate::story::CALLER;
use crate::world::World;
use sanling::acd::Counters;
use sanling::base::time::{millis, secs};
use sanling::base::{AgentId, Duration};
use sanling::call::record::{OfferOutcome, Outcome};
use sanling::switch::input::{Command, RequestedState};

const SINGLE: &str = "strategy = \"longest-idle\"";
const ALL: &str = "strategy = \"ring-all\"";
const PROGRESSIVELY: &str = "strategy = \"ring-progressively\"\nring_step = \"5s\"";

fn world(strategy: &str, agents: &[&str]) -> World {
    let mut world = World::story_with(&[(SINGLE, strategy)], &[]);
    world.agents_come(agents);
    world
}

fn was_told(world: &World, agent: &str, text: &str) -> bool {
    let told = |saw: &Saw| match saw {
        Saw::Cancelled { reason } | Saw::Bye { reason } => reason.as_deref().is_some_and(|reason| reason.contains(text)),
        _ => false,
    };
    world.phone(agent).log.iter().any(|(_, saw)| told(saw))
}

impl World {
    #[track_caller]
    fn expect_all_ringing(&mut self, agents: &[&str]) -> &mut Self {
        for agent in agents {
            self.expect_ringing(agent);
        }
        self
    }

    /// His phone was called, another answered, and he is as he was before.
    #[track_caller]
    fn expect_spared(&mut self, agent: &str) -> &mut Self {
        assert!(was_told(self, agent, "SIP;cause=200;text=\"Call completed elsewhere\""), "{:?}", self.phone(agent).log);
        let let_go = self.snapshot().agents.iter().find(|view| view.id.as_str() == agent).map(|view| view.let_go);
        assert_eq!(let_go, Some(Counters::default()));
        self.expect_ended(agent).expect_agent(agent, "ready", None)
    }

    /// Offers of the day, and those of them that were missed and that were answered in three rings.
    #[track_caller]
    fn expect_figures(&mut self, offers: u64, missed: u64, in_rings: u64) -> &mut Self {
        let today = self.snapshot().queues[0].today.clone();
        assert_eq!((today.offers, today.missed_offers, today.answered_in_rings), (offers, missed, in_rings), "{:?}", self.now);
        self
    }

    fn sets(&mut self, agent: &str, state: RequestedState) -> &mut Self {
        self.command(Command::SetAgentState { agent: AgentId::new(agent), state, reason: None });
        self
    }
}

#[test]
fn every_ready_phone_rings_and_who_answers_first_has_the_caller() {
    let mut world = world(ALL, &["1001", "1002", "1003"]);
    world.caller_dials("95000").expect_all_ringing(&["1001", "1002", "1003"]).after(secs(6));
    let heard = world.phone(CALLER).log.iter().filter(|(_, saw)| *saw == Saw::Progress(180)).count();
    assert_eq!(heard, 1, "he is told once that it rings");
    world.answers("1002").after(millis(100)).expect_up("1002").expect_up(CALLER);
    world.expect_spared("1001").expect_spared("1003").expect_figures(1, 0, 1);
    world.after(secs(3)).expect_conversation(CALLER, "1002");
    let record = world.ends_well();
    let elsewhere = OfferOutcome::Elsewhere;
    world.expect_offers(&[("1001", elsewhere, 2), ("1002", OfferOutcome::Answered, 2), ("1003", elsewhere, 2)]);
    assert_eq!(record.offers.iter().map(|offer| offer.beside).collect::<Vec<_>>(), [false, true, true]);
    assert_eq!((record.agent.as_ref().map(AgentId::as_str), record.outcome), (Some("1002"), Some(Outcome::Answered)));
    assert_eq!(record.segments.iter().map(|part| part.agent.as_str()).collect::<Vec<_>>(), ["1002"]);
}

#[test]
fn whom_another_spared_is_rung_for_the_next_caller_at_once() {
    let mut world = world(ALL, &["1001", "1002", "1003"]);
    world.caller_dials("95000").after(secs(2)).answers("1002").after(millis(50)).dials("second", "95000").after(millis(50));
    world.expect_all_ringing(&["1001", "1003"]).answers("1003").after(secs(1)).expect_up("1003").expect_up("second");
    world.expect_agent("1001", "ready", None).expect_figures(2, 0, 2);
    world.ends_well();
}

#[test]
fn of_two_who_answer_in_the_same_moment_one_has_the_caller_and_the_other_is_ready() {
    let mut world = World::story_with(&[(SINGLE, ALL), ("wrap_up = \"0s\"", "wrap_up = \"20s\"")], &[]);
    world.agents_come(&["1001", "1002"]).agent_answers("1001", secs(3)).agent_answers("1002", secs(3));
    world.net.sip.least_ms = 40;
    world.caller_dials("95000").after(secs(6));
    world.net.sip.least_ms = 0;
    let talks = |world: &World, agent: &str| world.agent(agent).state == "talking";
    let (has, spared) = if talks(&world, "1001") { ("1001", "1002") } else { ("1002", "1001") };
    world.expect_up(has).expect_up(CALLER).expect_conversation(CALLER, has);
    assert!(world.phone(spared).saw(&Saw::Up).is_some(), "his 200 was acknowledged (RFC 3261 §13.2.2.4)");
    world.expect_spared(spared).expect_figures(1, 0, 1);
    let today = world.snapshot().queues[0].today.clone();
    assert_eq!((today.answered, today.offered), (1, 1));
    world.hangs_up(CALLER).after(secs(1)).expect_agent(has, "wrap-up", None).expect_agent(spared, "ready", None);
    let record = world.ends_well();
    assert_eq!(record.agent.as_ref().map(AgentId::as_str), Some(has));
    assert_eq!(record.segments.iter().map(|part| part.agent.as_str()).collect::<Vec<_>>(), [has]);
}

#[test]
fn each_phone_has_its_own_three_rings() {
    let mut world = world(ALL, &["1001", "1002"]);
    world.habit("1002", |habit| habit.alerts_after = secs(4)).caller_dials("95000").after(millis(15_000));
    world.expect_gave_up_ringing("1001", secs(15)).expect_agent("1001", "not-ready", Some("missed")).expect_ringing("1002");
    world.expect_up(CALLER).expect_figures(0, 0, 0).after(millis(3_999)).expect_ringing("1002");
    world.after(millis(1)).expect_gave_up_ringing("1002", secs(15)).expect_agent("1002", "not-ready", Some("missed"));
    world.expect_figures(1, 1, 0).after(secs(2)).agents_come(&["1003"]).expect_ringing("1003").answers("1003").after(secs(6));
    world.expect_conversation(CALLER, "1003").expect_figures(2, 1, 1);
    world.ends_well();
    let missed = OfferOutcome::Missed;
    world.expect_offers(&[("1001", missed, 3), ("1002", missed, 3), ("1003", OfferOutcome::Answered, 1)]);
}

#[test]
fn who_is_busy_or_says_no_has_his_consequence_and_the_others_ring_on() {
    let mut world = world(ALL, &["1001", "1002", "1003"]);
    world.agent_refuses("1001", 486).agent_refuses("1002", 603).agent_answers("1003", secs(3)).caller_dials("95000").after(secs(2));
    world.expect_ringing("1003").expect_agent("1001", "ready", None).expect_agent("1002", "not-ready", Some("rejected"));
    assert!(world.leg(CALLER).up_at.is_none(), "he hears it ring");
    world.after(secs(2)).expect_up("1003").expect_figures(1, 0, 1);
    world.ends_well();
    world.expect_offers(&[("1001", OfferOutcome::Busy, 1), ("1002", OfferOutcome::Rejected, 1), ("1003", OfferOutcome::Answered, 1)]);
}

#[test]
fn a_caller_who_leaves_silences_all_phones_and_nobody_has_missed_him() {
    let mut world = world(ALL, &["1001", "1002"]);
    world.caller_dials("95000").after(millis(7_500)).hangs_up(CALLER).after(millis(100));
    for agent in ["1001", "1002"] {
        world.expect_ended(agent).expect_agent(agent, "ready", None);
        assert!(!was_told(&world, agent, "elsewhere") && !was_told(&world, agent, "RONA"));
    }
    let record = world.ends_well();
    world.expect_offers(&[("1001", OfferOutcome::Withdrawn, 2), ("1002", OfferOutcome::Withdrawn, 2)]).expect_figures(1, 0, 0);
    assert_eq!(record.outcome, Some(Outcome::Abandoned));
}

#[test]
fn who_comes_to_be_ready_joins_those_who_ring() {
    let mut world = world(ALL, &["1001"]);
    world.caller_dials("95000").after(secs(5)).agents_come(&["1002"]).expect_all_ringing(&["1001", "1002"]);
    world.answers("1002").after(secs(3)).expect_conversation(CALLER, "1002").expect_spared("1001").expect_figures(1, 0, 1);
    world.ends_well();
}

#[test]
fn who_logs_off_while_his_phone_rings_leaves_the_others_ringing() {
    let mut world = world(ALL, &["1001", "1002"]);
    world.caller_dials("95000").after(secs(5)).sets("1001", RequestedState::Offline).after(millis(50));
    world.expect_not_ringing("1001").expect_ringing("1002");
    assert!(world.leg(CALLER).up_at.is_none() && !was_told(&world, "1001", "elsewhere"));
    world.expect_agent("1001", "offline", None).answers("1002").after(secs(3)).expect_conversation(CALLER, "1002");
    world.ends_well();
}

#[test]
fn so_many_ring_at_once_and_the_next_caller_has_who_is_left() {
    let mut world = world("strategy = \"ring-all\"\nring_at_once = 2", &["1001", "1002", "1003"]);
    world.caller_dials("95000").after(secs(1)).expect_all_ringing(&["1001", "1002"]).expect_not_ringing("1003");
    world.dials("second", "95000").after(secs(1)).expect_ringing("1003");
    // Whom the first spares rings for the second beside him.
    world.answers("1001").after(millis(100)).expect_up(CALLER).expect_all_ringing(&["1002", "1003"]).answers("1002").after(secs(1));
    world.expect_up("second").expect_spared("1003").expect_figures(2, 0, 2);
    world.ends_well();
}

#[test]
fn a_reload_while_phones_ring_takes_none_away() {
    let mut world = world(ALL, &["1001", "1002"]);
    world.caller_dials("95000").after(secs(2)).reload(&[], &[]);
    world.agents_come(&["1003"]).expect_all_ringing(&["1001", "1002"]).expect_not_ringing("1003");
    world.reload(&[(SINGLE, ALL)], &[]);
    world
        .after(millis(50))
        .expect_all_ringing(&["1001", "1002", "1003"])
        .answers("1003")
        .after(secs(1))
        .expect_spared("1001")
        .expect_spared("1002");
    world.ends_well();
}

#[test]
fn phones_ring_on_over_a_restart_and_the_first_to_answer_has_the_caller() {
    let mut world = world(ALL, &["1001", "1002", "1003"]);
    world.caller_dials("95000").after(secs(4)).crash(secs(1)).after(secs(2)).expect_all_ringing(&["1001", "1002", "1003"]);
    world.answers("1003").after(secs(1)).expect_up("1003").expect_up(CALLER).expect_spared("1001").expect_spared("1002");
    world.after(secs(5)).expect_conversation(CALLER, "1003");
    let record = world.ends_well();
    let results: Vec<OfferOutcome> = record.offers.iter().map(|offer| offer.result).collect();
    assert_eq!(results, [OfferOutcome::Elsewhere, OfferOutcome::Elsewhere, OfferOutcome::Answered]);
}

#[test]
fn one_phone_rings_first_and_one_more_at_each_step() {
    let strategy = format!("{PROGRESSIVELY}\nring_at_once = 2");
    let mut world = world(&strategy, &["1001", "1002", "1003"]);
    world.caller_dials("95000").after(millis(4_999)).expect_ringing("1001").expect_not_ringing("1002");
    world.after(millis(1)).expect_all_ringing(&["1001", "1002"]).after(millis(9_999)).expect_not_ringing("1003");
    // At fifteen seconds the first has rung out, and another is called in his place.
    world.after(millis(1)).expect_gave_up_ringing("1001", secs(15)).expect_all_ringing(&["1002", "1003"]).after(millis(4_999));
    world.expect_ringing("1002").after(millis(1)).expect_gave_up_ringing("1002", secs(15)).expect_ringing("1003");
    world.answers("1003").after(secs(6)).expect_conversation(CALLER, "1003").expect_figures(1, 0, 1);
    world.ends_well();
    let missed = OfferOutcome::Missed;
    world.expect_offers(&[("1001", missed, 3), ("1002", missed, 3), ("1003", OfferOutcome::Answered, 2)]);
}

#[test]
fn steps_keep_their_moments_over_a_restart() {
    let mut world = world(PROGRESSIVELY, &["1001", "1002", "1003"]);
    world.caller_dials("95000").after(secs(6)).crash(secs(1)).after(millis(3_900)).expect_not_ringing("1003");
    world.after(millis(200)).expect_all_ringing(&["1001", "1002", "1003"]).answers("1001").after(secs(1));
    world.expect_spared("1002").expect_spared("1003");
    world.ends_well();
}

#[test]
fn each_phone_that_is_called_has_its_reason() {
    let mut world = world(ALL, &["1001", "1002"]);
    world.caller_dials("95000").after(secs(1)).answers("1001").after(secs(1));
    let told = |number: usize| {
        let decision = &world.decisions[number];
        let considered: Vec<String> = decision.considered.iter().map(|(agent, verdict)| format!("{agent} {verdict}")).collect();
        (decision.rule.clone().unwrap_or_default(), considered.join(", "))
    };
    assert_eq!(world.decisions.len(), 2);
    assert_eq!(told(0), ("ring-all".to_owned(), "1001 chosen, 1002 not rung yet".to_owned()));
    assert_eq!(told(1), ("ring-all".to_owned(), "1002 chosen, 1001 rings for this call".to_owned()));
    world.ends_well();
}

#[test]
fn a_phone_that_dies_while_it_rings_costs_nobody_else_the_call() {
    let mut world = world(ALL, &["1001", "1002"]);
    world.dies("1001").caller_dials("95000").after(secs(8)).expect_ringing("1002").answers("1002").after(secs(1));
    world.expect_up("1002").expect_up(CALLER);
    assert_ne!(world.phone("1001").state(), Some(State::Up));
    world.after(Duration::from_secs(3)).expect_conversation(CALLER, "1002");
    world.ends_well();
}
