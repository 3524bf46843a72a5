//! What a queue does, one line a behaviour, each with the story that proves it: `sim` stories are of the whole switch with its phones, `acd`
//! stories of the distribution alone. Those that stand nowhere else stand here.
//!
//! Places and order
//! - who came first is served first: `sim::waiting::two_callers_are_served_in_order_and_one_who_was_missed_keeps_his_place`
//! - a caller whose offer failed is still first: `sim::three_rings::two_misses_in_a_row_leave_the_caller_first`
//! - who hangs up and calls again stands at the end: `sim::queue_behaviours::who_calls_again_stands_at_the_end`
//! - priority goes before arrival: `acd::offers::priority_goes_before_arrival`
//! - waiting lifts priority: `acd::widening::who_waits_rises_by_one_each_minute_and_passes_who_came_with_more`
//! - equal priority goes by arrival: `acd::widening::nobody_rises_above_nine_and_equal_priority_goes_by_first_arrival`
//! - a place moves up as others are served, and is told: `sim::announcing::a_place_moves_up_as_those_ahead_are_served`
//! - place and wait are told when it is time: `sim::announcing::who_waits_is_told_his_place_and_his_wait_after_the_welcome_and_again_when_it_is_time`
//! - an answer ends what is being said: `sim::announcing::an_agent_who_answers_ends_what_is_being_said`
//! - who comes back from another queue keeps his first arrival: `acd::widening::age_counts_from_first_arrival_wherever_that_was`
//!
//! Choosing
//! - the longest idle is called first: `sim::waiting::the_agent_who_is_idle_longest_is_called_first`
//! - in turns, remembering who was last: `sim::queue_behaviours::round_robin_goes_on_with_the_next_whoever_is_idle`
//! - in fixed order, from the top each time: `sim::queue_behaviours::top_down_begins_at_the_top_each_time`
//! - who has answered the fewest: `acd::choosing::fewest_calls_counts_answers_of_today`
//! - who has talked least: `acd::choosing::least_talk_time_counts_calls_of_queues_today`
//! - the best skilled: `acd::choosing::best_skill_takes_the_sum_of_what_is_asked_for`
//! - by chance, and by weighted chance: `acd::choosing::chance_is_even_or_by_weight_and_the_same_for_the_same_seed`
//! - all phones at once: `sim::ring_all::every_ready_phone_rings_and_who_answers_first_has_the_caller`
//! - one phone after the other: `sim::ring_all::one_phone_rings_first_and_one_more_at_each_step`
//! - an agent of too low a level is not called: `acd::choosing::all_skills_are_needed_and_each_at_its_level`
//! - lower levels are let in as time passes: `acd::widening::each_step_lets_more_agents_in_at_its_moment`
//! - who spoke with the caller last: `sim::waiting::a_caller_is_given_back_to_who_spoke_with_him_last_for_as_long_as_the_queue_says`
//! - of several queues the one whose turn it is by weight: `acd::sharing::turns_are_shared_by_weight_and_within_a_queue_by_arrival`
//! - no queue starves beside another: `acd::sharing::a_queue_that_others_serve_too_is_not_starved_by_the_one_who_serves_both`
//! - a number asks for more than its queue: `sim::numbers::only_who_has_both_is_called`
//!
//! Ringing
//! - a phone rings for three rings and no longer: `sim::three_rings::at_fifteen_seconds_the_offer_is_withdrawn_and_the_next_agent_rings_at_once`
//! - an answer in the last ring counts: `sim::three_rings::an_answer_on_the_third_ring_counts`
//! - an answer that comes too late is released: `sim::three_rings::an_answer_that_crosses_the_cancel_is_acknowledged_and_released`
//! - a caller who hangs up silences the phone: `sim::three_rings::a_caller_who_leaves_in_ring_two_stops_the_ringing_at_once`
//! - busy and rejecting phones are passed by: `sim::three_rings::busy_and_rejecting_agents_are_told_apart_and_passed_by`
//! - who let the call down is tried after all others: `acd::offers::who_let_this_call_down_is_tried_after_everybody_else`
//! - nobody is called again at once after a failed offer: `acd::offers::after_missed_ready_the_agent_rests_and_stands_at_the_end`
//! - who rang out is not ready: `sim::queue_behaviours::who_lets_it_ring_out_is_not_called_until_he_says_so`
//! - so many may be let go before that: `sim::agents::two_calls_may_be_missed_where_the_house_says_so_and_the_third_is_one_too_many`
//! - an agent who logs off while it rings: `sim::queue_behaviours::who_logs_off_while_his_phone_rings_gives_the_caller_to_the_next`
//! - an agent whose phone unregisters while it rings: `sim::queue_behaviours::a_phone_that_goes_away_while_it_rings_gives_the_caller_to_the_next`
//! - a colleague picks up what rings: `sim::transfer::a_colleague_of_the_team_picks_up_what_rings`
//! - two answer at once: `sim::ring_all::of_two_who_answer_in_the_same_moment_one_has_the_caller_and_the_other_is_ready`
//! - a phone that is dead does not hold the caller up: `sim::ring_all::a_phone_that_dies_while_it_rings_costs_nobody_else_the_call`
//!
//! Agents in use
//! - who is in a call of the queue is called for no other: `sim::waiting::an_agent_in_a_call_is_offered_no_other`
//! - nor who is in a call of his own: `sim::queue_behaviours::who_is_in_a_call_of_his_own_is_not_called`
//! - the time after a call: `sim::queue_behaviours::the_time_after_a_call_keeps_the_next_caller_waiting_to_the_second`
//! - which the agent may end: `acd::after_calls::ready_ends_what_he_may_end_and_not_what_he_must_do`
//! - or may not: `sim::agents::a_mandatory_wrap_up_is_cut_short_by_nobody`
//! - a pause with its reason, and back: `sim::agents::the_usual_reasons_are_dialled_and_each_begins_a_spell_of_its_own`
//! - a pause asked for in a call comes after it: `sim::agents::a_reason_pressed_in_a_call_comes_after_it`
//! - logging on and off by code: `sim::operating::feature_codes_are_dialled_confirmed_and_obeyed`
//! - an agent of two queues takes the older caller: `acd::offers::skills_decide_and_an_agent_of_two_takes_the_older_caller`
//!
//! Entering and leaving
//! - a queue holds so many: `sim::overflow::who_finds_the_queue_full_waits_in_the_next_one`
//! - those whose phone rings count in it: `acd::joining::a_queue_holds_its_capacity_those_who_ring_included`
//! - nobody enters while nobody is logged on: `sim::queue_behaviours::nobody_enters_while_nobody_is_logged_on`
//! - or while nobody is ready: `sim::queue_behaviours::nobody_enters_while_nobody_is_ready_and_who_waits_stays`
//! - who is in it stays when the last agent goes: `acd::joining::who_waits_already_stays_when_the_last_agent_goes`
//! - the longest wait is kept to: `sim::overflow::who_has_waited_long_enough_is_given_to_an_agent_and_when_he_says_no_goes_further`
//! - but not while a phone rings: `acd::joining::an_offer_that_stands_is_let_end_first`
//! - a chain of destinations, each for its reason: `sim::overflow::each_reason_may_have_its_own_chain`
//! - a caller who leaves the music is abandoned: `sim::waiting::a_caller_who_leaves_the_music_is_abandoned_and_on_file`
//!
//! Transfers
//! - the agent transfers the caller: `sim::transfer::a_referred_caller_hears_music_until_the_next_agent_answers_and_the_first_is_free`
//! - back into the queue: `sim::transfer::a_transfer_to_the_queue_waits_for_the_next_agent_and_frees_this_one`
//! - the agent asks a colleague first: `sim::consultation::the_caller_is_given_to_whom_was_asked_by_key_or_by_hanging_up`
//! - a transfer that fails comes back: `sim::transfer::a_transfer_that_nobody_answers_comes_back_to_the_agent`
//! - a caller who is an agent sends his agent on: `sim::queue_behaviours::a_caller_sends_on_the_agent_whom_the_queue_gave_him`
//! - each agent's part has its own figures: `sim::figures::who_goes_on_to_another_agent_has_been_in_a_queue_twice`
//!
//! Reload and restart
//! - places, states and registrations are kept: `sim::operating::a_reload_keeps_calls_states_registrations_and_places`
//! - an agent whom a reload takes away while his phone rings: `sim::queue_behaviours::an_agent_whom_a_reload_takes_away_rings_no_longer`
//! - or while he speaks: `sim::queue_behaviours::an_agent_whom_a_reload_takes_away_ends_his_call_first`
//! - an agent whom a reload brings: `sim::queue_behaviours::an_agent_whom_a_reload_brings_serves_who_waits`
//! - a queue that a reload takes away: `sim::queue_behaviours::a_queue_that_a_reload_takes_away_serves_those_who_wait`
//! - new skills count at once: `acd::books::new_skills_count_at_once`
//! - a new strategy counts from the next offer: `acd::choosing::a_new_strategy_counts_from_the_next_offer_on`
//! - phones that ring are not taken away by it: `sim::ring_all::a_reload_while_phones_ring_takes_none_away`
//! - who waits keeps his place over a crash: `sim::restarts::who_waits_keeps_his_place_before_those_who_came_later`
//! - a phone that rings goes on ringing over one: `sim::restarts::a_phone_that_rings_over_a_crash_can_be_answered_after_it`
//!
//! Figures
//! - entered = answered + abandoned + gone elsewhere + waiting: `acd::books::figures_keep_their_identity_over_midnight`
//! - each choice says why: `sim::decisions::each_choice_says_who_was_considered_and_why_the_one_was_taken`

use crate::story::CALLER;
use crate::world::World;
use sanling::base::AgentId;
use sanling::base::time::{millis, secs};
use sanling::call::record::Outcome;
use sanling::switch::input::{Command, RequestedState};
use std::collections::BTreeSet;
use std::path::Path;

const STRATEGY: &str = "strategy = \"longest-idle\"";
const QUEUE: &str = "wrap_up = \"0s\"";

fn world_of(replace: &[(&str, &str)], agents: &[&str]) -> World {
    let mut world = World::story_with(replace, &[]);
    world.agents_come(agents);
    world
}

impl World {
    /// A caller comes, is answered by `agent`, speaks for a moment and hangs up.
    #[track_caller]
    fn expect_served_by(&mut self, caller: &str, agent: &str) -> &mut Self {
        self.dials(caller, "95000").after(secs(1)).expect_ringing(agent).answers(agent).after(secs(1)).expect_up(agent);
        self.hangs_up(caller).after(secs(1)).expect_agent(agent, "ready", None)
    }

    fn is_made(&mut self, agent: &str, state: RequestedState) -> &mut Self {
        self.command(Command::SetAgentState { agent: AgentId::new(agent), state, reason: None });
        self
    }
}

#[test]
fn every_line_above_names_a_story_that_there_is() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let lines = include_str!("queue_behaviours.rs").lines().filter_map(|line| line.strip_prefix("//! - "));
    let mut proven = BTreeSet::new();
    for line in lines {
        let (behaviour, story) = line.split_once(": `").unwrap_or_else(|| panic!("no story: {line}"));
        let names: Vec<&str> = story.trim_end_matches('`').split("::").collect();
        let [house, file, name] = names[..] else { panic!("no story: {line}") };
        let folder = if house == "sim" { "tests/sim/stories" } else { "src/acd/stories" };
        let text = std::fs::read_to_string(root.join(folder).join(format!("{file}.rs"))).unwrap_or_else(|_| panic!("no such file: {line}"));
        assert!(text.contains(&format!("#[test]\nfn {name}()")), "no such story: {line}");
        assert!(proven.insert((behaviour, story)), "told twice: {line}");
    }
    assert!(proven.len() >= 50, "{} behaviours", proven.len());
}

#[test]
fn who_calls_again_stands_at_the_end() {
    let mut world = world_of(&[], &["1001"]);
    world.agent_answers("1001", secs(1)).dials("served", "95000").after(secs(2)).expect_up("1001").agent_ignores("1001");
    world.dials("first", "95000").after(secs(1)).dials("second", "95000").after(secs(1));
    world.hangs_up("first").after(millis(100)).dials("first", "95000").after(secs(1));
    world.hangs_up("served").after(secs(1)).expect_ringing("1001").answers("1001").after(secs(1)).expect_up("1001");
    let spoken_with = world.records.values().find(|record| record.connected_at.is_some() && record.released_at.is_none());
    assert_eq!(spoken_with.map(|record| record.caller.as_str()), Some("second"));
    world.ends_well();
}

#[test]
fn round_robin_goes_on_with_the_next_whoever_is_idle() {
    let mut world = world_of(&[(STRATEGY, "strategy = \"round-robin\"")], &["1001", "1002", "1003"]);
    for (caller, agent) in [("a", "1001"), ("b", "1002"), ("c", "1003"), ("d", "1001"), ("e", "1002")] {
        world.expect_served_by(caller, agent);
    }
    world.ends_well();
}

#[test]
fn top_down_begins_at_the_top_each_time() {
    let ranks: Vec<(String, String)> = [("1001", 2), ("1002", 1), ("1003", 3)]
        .iter()
        .map(|(id, rank)| (format!("password = \"demo-{id}\""), format!("password = \"demo-{id}\"\nrank = {rank}")))
        .collect();
    let replace: Vec<(&str, &str)> = ranks.iter().map(|(old, new)| (old.as_str(), new.as_str())).collect();
    let mut world = world_of(&[&replace[..], &[(STRATEGY, "strategy = \"top-down\"")]].concat(), &["1001", "1002", "1003"]);
    world.expect_served_by("a", "1002").expect_served_by("b", "1002");
    world.is_made("1002", RequestedState::NotReady).expect_served_by("c", "1001").is_made("1002", RequestedState::Ready);
    world.expect_served_by("d", "1002");
    world.ends_well();
}

#[test]
fn who_lets_it_ring_out_is_not_called_until_he_says_so() {
    let mut world = world_of(&[], &["1001"]);
    world.agent_ignores("1001").caller_dials("95000").after(secs(30)).expect_agent("1001", "not-ready", Some("missed"));
    world.expect_not_ringing("1001").is_made("1001", RequestedState::Ready).after(millis(50)).expect_ringing("1001");
    world.ends_well();
}

#[test]
fn who_logs_off_while_his_phone_rings_gives_the_caller_to_the_next() {
    let mut world = world_of(&[], &["1001", "1002"]);
    world.caller_dials("95000").after(secs(4)).expect_ringing("1001").is_made("1001", RequestedState::Offline).after(millis(50));
    world.expect_not_ringing("1001").expect_ringing("1002").expect_agent("1001", "offline", None);
    let today = world.snapshot().queues[0].today.clone();
    assert_eq!(today.missed_offers, 0);
    world.answers("1002").after(secs(1)).expect_up("1002");
    world.ends_well();
}

#[test]
fn a_phone_that_goes_away_while_it_rings_gives_the_caller_to_the_next() {
    let mut world = world_of(&[], &["1001", "1002"]);
    world.caller_dials("95000").after(secs(4)).expect_ringing("1001");
    world.act("1001", |phone, now, out| phone.register(0, now, out));
    world.after(millis(100)).expect_ringing("1002").expect_agent("1001", "offline", None);
    world.ends_well();
}

#[test]
fn who_is_in_a_call_of_his_own_is_not_called() {
    let mut world = world_of(&[], &["1001", "1002", "1003"]);
    world.agent_answers("1002", secs(1)).dials("1001", "1002").after(secs(2)).expect_up("1001").expect_up("1002");
    world.caller_dials("95000").after(secs(1)).expect_ringing("1003").hangs_up("1001").after(secs(1));
    world.dials("second", "95000").after(secs(1)).expect_ringing("1001");
    world.ends_well();
}

#[test]
fn the_time_after_a_call_keeps_the_next_caller_waiting_to_the_second() {
    let mut world = world_of(&[(QUEUE, "wrap_up = \"20s\"")], &["1001"]);
    world.agent_answers("1001", secs(1)).caller_dials("95000").after(secs(5)).expect_up("1001").agent_ignores("1001");
    world.dials("second", "95000").after(secs(1)).hangs_up(CALLER).after(millis(19_900)).expect_not_ringing("1001");
    world.expect_agent("1001", "wrap-up", None).after(millis(200)).expect_ringing("1001");
    world.ends_well();
}

#[test]
fn nobody_enters_while_nobody_is_logged_on() {
    let mut world = world_of(&[(QUEUE, "join = \"logged-on\"")], &[]);
    world.caller_dials("95000").after(secs(1)).expect_ended(CALLER);
    assert_eq!(world.record().outcome, Some(Outcome::Refused));
    // One who is not ready is there all the same.
    world.agents_come(&["1001"]).is_made("1001", RequestedState::NotReady).dials("second", "95000").after(secs(3)).expect_up("second");
    world.ends_well();
}

#[test]
fn nobody_enters_while_nobody_is_ready_and_who_waits_stays() {
    let mut world = world_of(&[(QUEUE, "join = \"ready\"")], &["1001"]);
    world.agent_ignores("1001").caller_dials("95000").after(secs(4)).is_made("1001", RequestedState::NotReady).after(secs(3));
    world.expect_up(CALLER).dials("second", "95000").after(secs(1)).expect_ended("second");
    world.is_made("1001", RequestedState::Ready).after(millis(50)).expect_ringing("1001").answers("1001").after(secs(1));
    world.expect_up(CALLER).expect_up("1001");
    world.ends_well();
}

#[test]
fn a_caller_sends_on_the_agent_whom_the_queue_gave_him() {
    let mut world = world_of(&[], &["1001", "1002", "1003"]);
    world.agent_answers("1001", secs(1)).agent_answers("1002", secs(1)).is_made("1003", RequestedState::NotReady);
    world.dials("1003", "95000").after(secs(6)).expect_up("1001").expect_up("1003");
    world.refers("1003", "1002").after(secs(3)).expect_up("1002").expect_up("1001").expect_ended("1003");
    world.expect_conversation("1001", "1002");
    world.ends_well();
}

/// Takes an agent of the shipped configuration away.
fn without(id: &str) -> (String, String) {
    let agent = format!(
        "[[agent]]\nid = \"{id}\"\nname = \"{id} 号坐席\"\npassword = \"demo-{id}\"\nteam = \"service\"\nskills = {{ service = 5 }}\nrole = \"agent\"\nlogin = \"on-register\"\n"
    );
    (agent, String::new())
}

#[test]
fn an_agent_whom_a_reload_takes_away_rings_no_longer() {
    let mut world = world_of(&[], &["1001", "1002"]);
    world.caller_dials("95000").after(secs(4)).expect_ringing("1001");
    let (agent, nothing) = without("1001");
    world.reload(&[(&agent, &nothing)], &[]);
    world.after(millis(50)).expect_not_ringing("1001").expect_ringing("1002").answers("1002").after(secs(1)).expect_up("1002");
    world.ends_well();
}

#[test]
fn an_agent_whom_a_reload_takes_away_ends_his_call_first() {
    let mut world = world_of(&[], &["1001"]);
    world.agent_answers("1001", secs(1)).caller_dials("95000").after(secs(6)).expect_up("1001");
    let (agent, nothing) = without("1001");
    world.reload(&[(&agent, &nothing)], &[]);
    world.after(secs(5)).expect_conversation(CALLER, "1001").hangs_up(CALLER).after(secs(1));
    assert!(world.snapshot().agents.iter().all(|agent| agent.id.as_str() != "1001"), "and is gone");
    world.ends_well();
}

#[test]
fn an_agent_whom_a_reload_brings_serves_who_waits() {
    let (agent, nothing) = without("1004");
    let mut world = world_of(&[(&agent, &nothing)], &["1001"]);
    world.is_made("1001", RequestedState::NotReady).caller_dials("95000").after(secs(3)).expect_up(CALLER);
    world.reload(&[], &[]);
    world.agents_come(&["1004"]).after(millis(50)).expect_ringing("1004").answers("1004").after(secs(6));
    world.expect_conversation(CALLER, "1004");
    world.ends_well();
}

#[test]
fn a_queue_that_a_reload_takes_away_serves_those_who_wait() {
    let mut world = world_of(&[], &["1001"]);
    world.is_made("1001", RequestedState::NotReady).caller_dials("95000").after(secs(3)).expect_up(CALLER);
    world.reload(&[("id = \"service\"\nskill", "id = \"another\"\nskill"), ("queue:service", "queue:another")], &[]);
    world.is_made("1001", RequestedState::Ready).after(millis(50)).expect_ringing("1001").answers("1001").after(secs(6));
    world.expect_conversation(CALLER, "1001");
    let record = world.ends_well();
    assert_eq!(record.queue.as_ref().map(sanling::base::QueueId::as_str), Some("service"));
    assert!(world.snapshot().queues.iter().all(|queue| queue.id.as_str() != "service"), "and is gone");
}
