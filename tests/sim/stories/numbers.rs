//! Numbers that ask for more than their queue does: the caller is given to nobody who lacks the one or the other, wherever he is taken.

use crate::story::CALLER;
use crate::world::World;
use sanling::base::time::{millis, secs};
use sanling::call::record::Outcome;

/// 1002 and 1004 speak English; 1004 better.
const PEOPLE: [(&str, &str); 2] = [
    (
        "\"demo-1002\"\nteam = \"service\"\nskills = { service = 5 }",
        "\"demo-1002\"\nteam = \"service\"\nskills = { service = 5, english = 3 }",
    ),
    (
        "\"demo-1004\"\nteam = \"service\"\nskills = { service = 5 }",
        "\"demo-1004\"\nteam = \"service\"\nskills = { service = 9, english = 7 }",
    ),
];
const HOTLINE: &str = "# Extensions call each other.";
const QUEUE: &str = "wrap_up = \"0s\"";

/// 95001 leads there, and asks for that.
fn world(to: &str, asks: &str, queue: &str) -> World {
    let route = format!("[[route]]\nnumber = \"95001\"\nto = \"{to}\"\nskills = {{ {asks} }}\n{HOTLINE}");
    let queue = format!("{QUEUE}\n{queue}");
    let replace: Vec<(&str, &str)> = PEOPLE.into_iter().chain([(HOTLINE, route.as_str()), (QUEUE, queue.as_str())]).collect();
    World::story_with(&replace, &[])
}

#[test]
fn only_who_has_both_is_called() {
    let mut world = world("queue:service", "english = 3", "");
    world.agents_come(&["1001", "1002", "1003"]).caller_dials("95001").after(secs(1));
    world.expect_ringing("1002").expect_not_ringing("1001").after(secs(15)).expect_agent("1002", "not-ready", Some("missed"));
    world.after(secs(5)).expect_not_ringing("1001").expect_not_ringing("1003").expect_up(CALLER);
    world.agents_come(&["1004"]).expect_ringing("1004").answers("1004").after(secs(6)).expect_conversation(CALLER, "1004");
    world.ends_well();
}

#[test]
fn another_number_of_the_same_queue_has_the_longest_idle() {
    let mut world = world("queue:service", "english = 3", "");
    world.agents_come(&["1001", "1002"]).caller_dials("95000").after(secs(1)).expect_ringing("1001").expect_not_ringing("1002");
    world.ends_well();
}

#[test]
fn who_came_first_is_served_first_whatever_his_number_asks_for() {
    let mut world = world("queue:service", "english = 3", "");
    world.agents_come(&["1002"]).agent_answers("1002", secs(1)).dials("served", "95000").after(secs(2)).expect_up("1002");
    world.dials("plain", "95000").after(secs(1)).dials("english", "95001").after(secs(1)).agent_ignores("1002");
    world.hangs_up("served").after(secs(1)).expect_ringing("1002").answers("1002").after(secs(1)).expect_up("plain");
    world.agents_come(&["1001"]).after(secs(1)).expect_not_ringing("1001").hangs_up("plain").after(secs(1)).expect_ringing("1002");
    world.ends_well();
}

#[test]
fn what_he_dialled_goes_with_him_through_a_menu() {
    let menu = "music = \"music/hold\"\n[[menu]]\nid = \"main\"\nprompt = \"survey_ask\"\nkeys = { 1 = \"queue:service\" }\n";
    let mut world = world("menu:main", "english = 3", menu);
    world.agents_come(&["1001", "1002"]).caller_dials("95001").after(secs(1)).presses(CALLER, "1").after(secs(1));
    world.expect_ringing("1002").expect_not_ringing("1001").answers("1002").after(secs(6)).expect_conversation(CALLER, "1002");
    world.ends_well();
}

#[test]
fn what_he_dialled_goes_with_him_into_another_queue() {
    let second = "max_wait = \"5s\"\noverflow = [\"queue:second\"]\n[[queue]]\nid = \"second\"\nskill = \"service\"\n";
    let mut world = world("queue:service", "english = 3", second);
    world.agents_come(&["1001"]).caller_dials("95001").after(secs(7)).expect_not_ringing("1001");
    assert_eq!(
        world.snapshot().queues.iter().map(|queue| (queue.id.to_string(), queue.waiting)).collect::<Vec<_>>(),
        [("second".to_owned(), 1), ("service".to_owned(), 0)]
    );
    world.agents_come(&["1002"]).expect_ringing("1002").answers("1002").after(secs(1)).expect_up("1002");
    assert_eq!(world.ends_well().outcome, Some(Outcome::Answered));
}

#[test]
fn it_is_asked_for_still_after_a_restart_and_a_reload_that_asks_for_it_no_longer() {
    let mut world = world("queue:service", "english = 3", "");
    world.agents_come(&["1001"]).caller_dials("95001").after(secs(3)).crash(secs(1)).after(secs(3)).expect_not_ringing("1001");
    world.reload(&PEOPLE, &[]);
    world.after(secs(3)).expect_not_ringing("1001").agents_come(&["1002"]).after(secs(1)).expect_ringing("1002");
    world.ends_well();
}

#[test]
fn a_caller_who_is_transferred_to_a_number_has_what_that_number_asks_for() {
    let mut world = world("queue:service", "english = 3", "");
    world.agents_come(&["1001", "1003"]).agent_answers("1001", secs(1)).caller_dials("95000").after(secs(6)).expect_up("1001");
    world.refers("1001", "95001").after(secs(2)).expect_agent("1001", "ready", None).expect_not_ringing("1003");
    world.agents_come(&["1002"]).after(secs(1)).expect_ringing("1002").answers("1002").after(secs(6)).expect_conversation(CALLER, "1002");
    world.ends_well();
}

#[test]
fn a_step_of_widening_lowers_what_the_number_asks_for() {
    let widen = "[[queue.widen]]\nafter = \"10s\"\nskills = { service = 1 }\n";
    let mut world = world("queue:service", "service = 9", widen);
    world.agents_come(&["1001"]).caller_dials("95001").after(millis(9_900)).expect_not_ringing("1001");
    world.after(millis(200)).expect_ringing("1001").answers("1001").after(secs(1)).expect_up("1001");
    world.ends_well();
}
