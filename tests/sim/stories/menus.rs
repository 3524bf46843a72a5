//! Menus: a caller chooses by keys, in his language, or dials an extension; who chooses nothing is not left alone.

use crate::phones::Saw;
use crate::sound::{Heard, Sound};
use crate::story::CALLER;
use crate::world::World;
use sanling::base::time::{millis, secs};
use sanling::call::record::Outcome;
use sanling::switch::output::Detail;

const MENU: &str = "[[menu]]
id = \"main\"
prompt = \"survey_ask\"
wrong = \"noise_farewell\"
keys = { 1 = \"queue:service\", 2 = \"menu:english\", 3 = \"agent:1002\", 4 = \"queue:service\", 7 = \"trunk:carrier:02012345678\", 8 = \"play:closed\", 9 = \"language:en-US\", 0 = \"again\" }
otherwise = \"queue:service\"
extensions = true

[[menu]]
id = \"english\"
language = \"en-US\"
prompt = \"survey_ask\"
keys = { 1 = \"queue:service\", \"#\" = \"menu:main\" }
tries = 1
# Extensions call each other.";

const TO_MENU: (&str, &str) = ("to = \"queue:service\"", "to = \"menu:main\"");

fn world(agents: &[&str]) -> World {
    let mut world = World::story_with(&[TO_MENU, ("# Extensions call each other.", MENU)], &[]);
    world.agents_come(agents);
    world
}

fn prompts(world: &World) -> usize {
    world.times_of(CALLER, "survey_ask", sanling::base::Instant::START).len()
}

#[test]
fn a_key_is_heard_while_the_prompt_plays_and_leads_to_the_queue() {
    let mut world = world(&["1001"]);
    world.agent_answers("1001", secs(2)).caller_dials("95000").after(millis(700));
    world.expect_up(CALLER).expect_hears(CALLER, Heard::Clip("survey_ask")).expect_not_ringing("1001");
    world.presses(CALLER, "4").after(millis(600)).expect_ringing("1001").expect_hears(CALLER, Heard::Clip("music/hold"));
    world.after(secs(6)).expect_up("1001").expect_conversation(CALLER, "1001");
    let record = world.ends_well();
    assert_eq!((record.outcome, record.queue.as_ref().map(sanling::base::QueueId::as_str)), (Some(Outcome::Answered), Some("service")));
    let chosen: Vec<_> = world.events_named("menu.chosen").map(|(_, event)| event.detail.clone()).collect();
    assert_eq!(chosen, [vec![("menu", Detail::Text("main".to_owned())), ("pressed", Detail::Text("4".to_owned()))]]);
}

#[test]
fn who_waits_in_a_queue_behind_a_menu_is_comforted_and_offered_as_any_other() {
    let mut world = world(&[]);
    world.caller_dials("95000").after(secs(1)).presses(CALLER, "4").after(secs(1));
    let from = world.now;
    world.after(secs(9));
    assert_eq!(world.times_of(CALLER, "queue_comfort", from).len(), 1, "each seven seconds");
    assert!(world.times_of(CALLER, "welcome", sanling::base::Instant::START).is_empty(), "the menu has welcomed him");
    world.agents_come(&["1001"]).after(secs(1)).answers("1001").after(secs(5)).expect_up("1001").expect_conversation(CALLER, "1001");
    world.hangs_up("1001").after(millis(500)).expect_hears(CALLER, Heard::Clip("goodbye"));
    assert_eq!(world.ends_well().outcome, Some(Outcome::Answered));
}

#[test]
fn a_silent_caller_behind_a_menu_is_asked_as_any_other() {
    let mut world = world(&["1001"]);
    world
        .agent_answers("1001", secs(1))
        .habit("1001", |habit| habit.sound = Sound::Silence)
        .caller_dials("95000")
        .says(CALLER, Sound::Silence);
    world.after(secs(1)).presses(CALLER, "1").after(secs(40)).expect_ended(CALLER);
    assert_eq!(world.ends_well().outcome, Some(Outcome::Silent));
}

#[test]
fn who_presses_nothing_hears_the_prompt_three_times_and_goes_on() {
    let mut world = world(&["1001"]);
    world.agent_answers("1001", secs(1)).caller_dials("95000").after(secs(20)).expect_not_ringing("1001");
    // Two seconds of prompt, five of waiting, three times.
    world.after(millis(1_200)).expect_ringing("1001").after(secs(2)).expect_up("1001");
    assert_eq!(prompts(&world), 3);
    assert_eq!(world.events_named("menu.given_up").count(), 1);
    assert_eq!(world.ends_well().outcome, Some(Outcome::Answered));
}

#[test]
fn a_wrong_key_says_so_and_costs_a_try() {
    let mut world = world(&[]);
    world.caller_dials("95000").after(secs(1)).presses(CALLER, "5").after(millis(700)).expect_hears(CALLER, Heard::Clip("noise_farewell"));
    world.after(millis(1_500)).expect_hears(CALLER, Heard::Clip("survey_ask")).presses(CALLER, "5").after(secs(2)).presses(CALLER, "5");
    world.after(millis(700)).expect_hears(CALLER, Heard::Clip("music/hold"));
    assert_eq!(world.events_named("menu.given_up").count(), 1);
    world.ends_well();
}

#[test]
fn an_extension_is_dialled_out_and_a_key_that_begins_one_waits_for_the_next() {
    let mut world = world(&["1001", "1002"]);
    world.agent_answers("1002", secs(3)).caller_dials("95000").after(secs(1)).presses(CALLER, "1002").after(millis(1_800));
    world.expect_ringing("1002").expect_not_ringing("1001");
    assert_eq!(world.times_of(CALLER, "tone/ringback", sanling::base::Instant::START).len(), 1);
    world.after(secs(3)).expect_up("1002").expect_conversation(CALLER, "1002");
    world.hangs_up("1002").after(millis(500));
    assert_eq!(world.ends_well().agent.as_ref().map(sanling::base::AgentId::as_str), Some("1002"));
    // The key 1 alone, after the time between digits.
    world.agent_ignores("1001").caller_dials("95000").after(secs(1)).presses(CALLER, "1").after(millis(2_900)).expect_not_ringing("1001");
    world.after(millis(600)).expect_ringing("1001");
    world.ends_well();
}

#[test]
fn half_an_extension_is_a_wrong_key() {
    let mut world = world(&["1001"]);
    world.caller_dials("95000").after(secs(1)).presses(CALLER, "10").after(secs(4)).expect_not_ringing("1001");
    world.expect_hears(CALLER, Heard::Clip("noise_farewell"));
    world.ends_well();
}

#[test]
fn a_language_is_spoken_for_the_rest_of_the_call_and_in_no_other() {
    let mut world = world(&[]);
    world.caller_dials("95000").after(secs(1)).presses(CALLER, "9").after(millis(600));
    world.expect_hears(CALLER, Heard::Clip("en-US:survey_ask")).presses(CALLER, "2").after(millis(600));
    world.expect_hears(CALLER, Heard::Clip("en-US:survey_ask")).presses(CALLER, "#").after(millis(600));
    world.expect_hears(CALLER, Heard::Clip("en-US:survey_ask"));
    world.crash(secs(1)).after(secs(2)).presses(CALLER, "0").after(millis(600)).expect_hears(CALLER, Heard::Clip("en-US:survey_ask"));
    world.dials("13800000002", "95000").after(millis(600)).expect_hears("13800000002", Heard::Clip("survey_ask"));
    world.ends_well();
}

#[test]
fn a_menu_of_a_language_speaks_it_and_gives_up_to_its_own_destination() {
    let mut world = world(&[]);
    world
        .caller_dials("95000")
        .after(secs(1))
        .presses(CALLER, "2")
        .after(millis(600))
        .expect_hears(CALLER, Heard::Clip("en-US:survey_ask"));
    // Once only; then good-bye, of which there is none in English here.
    world.after(secs(7)).expect_hears(CALLER, Heard::Clip("goodbye")).after(secs(2)).expect_ended(CALLER);
    assert_eq!(world.ends_well().outcome, Some(Outcome::Played));
}

#[test]
fn an_agent_who_is_busy_or_does_not_answer_is_told_of_and_the_caller_released() {
    let mut world = world(&["1002"]);
    world.agent_refuses("1002", 486).caller_dials("95000").after(secs(1)).presses(CALLER, "3").after(millis(800)).expect_up(CALLER);
    world.after(millis(500)).expect_hears(CALLER, Heard::Clip("closed")).after(secs(2)).expect_ended(CALLER);
    world.expect_saw(CALLER, |saw| matches!(saw, Saw::Bye { .. }));
    assert_eq!(world.ends_well().outcome, Some(Outcome::Busy));
    world.expect_agent("1002", "ready", None);
    world.agent_ignores("1002").caller_dials("95000").after(secs(1)).presses(CALLER, "3").after(secs(59)).expect_ringing("1002");
    world.after(secs(2)).expect_not_ringing("1002").expect_hears(CALLER, Heard::Clip("closed")).after(secs(2)).expect_ended(CALLER);
    assert_eq!(world.ends_well().outcome, Some(Outcome::NoAnswer));
}

#[test]
fn a_caller_who_hangs_up_in_a_menu_or_while_it_rings_leaves_nothing_behind() {
    for keys in ["", "1", "10", "3"] {
        let mut world = world(&["1001", "1002"]);
        world.agent_ignores("1001").agent_ignores("1002").caller_dials("95000").after(secs(1)).presses(CALLER, keys).after(millis(900));
        world.hangs_up(CALLER).after(secs(10)).expect_not_ringing("1001").expect_not_ringing("1002");
        assert_eq!(world.ends_well().outcome, Some(Outcome::Abandoned), "{keys}");
        world.expect_agent("1001", "ready", None).expect_agent("1002", "ready", None);
    }
}

#[test]
fn a_menu_goes_on_over_a_restart_and_ends_with_a_reload_that_takes_it_away() {
    let mut restarted = world(&["1001"]);
    restarted.agent_answers("1001", secs(1)).caller_dials("95000").after(secs(1)).crash(secs(1)).after(secs(2)).expect_up(CALLER);
    restarted.presses(CALLER, "1#").after(secs(6)).expect_up("1001").expect_conversation(CALLER, "1001");
    assert_eq!(restarted.ends_well().outcome, Some(Outcome::Answered));
    let mut reloaded = world(&["1001"]);
    reloaded.caller_dials("95000").after(secs(1));
    let changes = reloaded.reload(&[], &[]);
    assert!(changes.contains(&"menu main removed".to_owned()), "{changes:?}");
    reloaded.presses(CALLER, "1").after(millis(700)).expect_hears(CALLER, Heard::Clip("closed")).after(secs(2)).expect_ended(CALLER);
    assert_eq!(reloaded.ends_well().outcome, Some(Outcome::Refused));
}

#[test]
fn a_key_to_an_agent_who_is_busy_leads_where_the_menu_leads_otherwise() {
    for keys in ["3", "1002"] {
        let mut world = world(&["1001", "1002"]);
        world.agent_answers("1002", secs(1)).dials("1002", "13900000000").after(secs(1)).expect_agent("1002", "talking", None);
        world.caller_dials("95000").after(millis(700)).presses(CALLER, keys).after(secs(3)).expect_ringing("1001");
        assert_eq!(world.events_named("menu.diverted").count(), 1, "{keys}");
        world.ends_well();
    }
}
