//! Numbers that ask for more than their queue does, in stories: the call goes to nobody who lacks the one or the other.

use super::super::*;
use super::restarts::restart;
use super::{Floor, call, desk, desk_of, levels, skilled};
use crate::base::time::{millis, secs};

impl Floor {
    /// He has dialled a number that asks for this besides the queue.
    fn comes_asking(&mut self, n: u64, asks: &[(&str, u8)]) -> &mut Self {
        let (queue, since) = ("service".into(), self.now);
        self.event(Event::Enqueued { call: call(n), queue, priority: 5, since, preferred: None, asks: levels(asks) })
    }
}

fn people() -> [(&'static str, AgentSettings); 3] {
    [("1001", skilled(&[("service", 5)])), ("1002", skilled(&[("service", 5), ("english", 3)])), ("1003", skilled(&[("english", 9)]))]
}

fn floor() -> Floor {
    desk_of(&people(), QueueSettings::of("service"))
}

#[test]
fn an_agent_needs_what_the_queue_asks_for_and_what_the_number_does() {
    let mut floor = floor();
    floor.comes_asking(1, &[("english", 3)]);
    assert_eq!(floor.orders(), ["1002←1"], "not the longest idle, and not who only speaks English");
    floor.comes_asking(2, &[("english", 3)]).comes(3);
    assert_eq!(floor.orders(), ["~2", "1001←3"]);
    floor.answers("1002", 1).hangs_up("1002", 1);
    assert_eq!(floor.orders(), ["1002←2"]);
    assert_eq!(floor.comes_asking(4, &[("english", 4)]).orders(), ["~4"], "of what level he is counts");
}

#[test]
fn first_come_is_first_served_whatever_the_number_asks_for() {
    let mut floor = floor();
    floor.engaged("1001", 91).engaged("1002", 92).comes(1).after(secs(1)).comes_asking(2, &[("english", 1)]).after(secs(1)).comes(3);
    floor.orders();
    assert_eq!(floor.hangs_up("1002", 92).orders(), ["1002←1"]);
    assert_eq!(floor.hangs_up("1001", 91).orders(), ["1001←3"], "who cannot serve the second goes to the third");
    assert_eq!(floor.serves("1002", 1, secs(9)).orders(), ["1002←2"]);
}

#[test]
fn those_who_wait_for_others_are_ahead_all_the_same() {
    let mut floor = floor();
    floor.engaged("1001", 91).engaged("1002", 92).comes(1).after(secs(1)).comes_asking(2, &[("english", 1)]).after(secs(1)).comes(3);
    let ahead = |n| floor.acd.outlook(call(n)).map(|outlook| outlook.ahead);
    assert_eq!((ahead(1), ahead(2), ahead(3)), (Some(0), Some(1), Some(2)));
}

#[test]
fn a_step_that_lowers_a_skill_lowers_it_for_the_number_too_and_spares_no_other() {
    let lower = Widening { after: secs(30), skills: Some(levels(&[("service", 2)])), add: None };
    let add = Widening { after: secs(60), skills: None, add: Some(Group::Team("second".into())) };
    let queue = QueueSettings { skills: levels(&[("service", 3)]), widen: vec![lower, add], ..QueueSettings::default() };
    let second = |skills| AgentSettings { team: Some("second".into()), ..skilled(skills) };
    let agents = [
        ("1001", skilled(&[("service", 5), ("english", 3)])),
        ("1002", skilled(&[("service", 2), ("english", 3)])),
        ("1003", skilled(&[("service", 9)])),
        ("1004", second(&[("english", 3)])),
        ("1005", second(&[("english", 3), ("service", 2)])),
    ];
    let mut floor = desk_of(&agents[..4], queue.clone());
    floor.comes_asking(1, &[("service", 7), ("english", 3)]);
    assert_eq!(floor.orders(), ["~1"], "level 5 is not 7");
    assert_eq!(floor.after(millis(29_999)).orders(), [""; 0]);
    assert_eq!(floor.after(millis(1)).orders(), ["1001←1"], "now it is asked for 2; who has no English is let in by no step");
    assert_eq!(floor.fails("1001", 1, OfferResult::Missed).orders(), ["1002←1"]);
    assert_eq!(floor.fails("1002", 1, OfferResult::Missed).orders(), ["~1"]);
    assert_eq!(floor.after(secs(40)).orders(), [""; 0], "1004 is of the second team, and has nothing of what the number asks for still");
    floor.reconfigure(desk(&agents, &[("service", queue)])).ready("1005");
    assert_eq!(floor.orders(), ["1005←1"]);
}

#[test]
fn nobody_enters_a_queue_where_nobody_has_what_his_number_asks_for_if_it_says_so() {
    let mut floor = desk_of(&people(), QueueSettings { join: Join::LoggedOn, ..QueueSettings::of("service") });
    floor.event(Event::LoggedOff { agent: "1002".into() }).orders();
    assert_eq!(floor.comes_asking(1, &[("english", 1)]).orders(), ["NobodyLoggedOn 1"]);
    assert_eq!(floor.acd.refusal(&"service".into(), &levels(&[("english", 1)])), Some(Refusal::NobodyLoggedOn));
    assert_eq!((floor.acd.refusal(&"service".into(), &Levels::new()), floor.comes(2).orders()), (None, vec!["1001←2".to_owned()]));
    floor.ready("1002");
    assert_eq!(floor.comes_asking(3, &[("english", 1)]).orders(), ["1002←3"]);
}

#[test]
fn it_is_asked_for_after_a_restart_and_a_reload() {
    let settings = || desk(&people(), &[("service", QueueSettings::of("service"))]);
    let mut floor = floor();
    floor.engaged("1002", 92).comes_asking(1, &[("english", 3)]).orders();
    let mut floor = restart(&floor, settings(), &[1, 92]);
    assert_eq!(floor.orders(), [""; 0], "1001 is free and lacks it");
    assert_eq!(floor.reconfigure(settings()).orders(), [""; 0]);
    assert_eq!(floor.hangs_up("1002", 92).orders(), ["1002←1"]);
}

#[test]
fn all_phones_of_those_who_have_both_ring_together() {
    let queue = QueueSettings { strategy: Strategy::RingAll, ..QueueSettings::of("service") };
    let agents = [people()[0].clone(), people()[1].clone(), ("1004", skilled(&[("service", 1), ("english", 5)]))];
    let mut floor = desk_of(&agents, queue);
    assert_eq!(floor.comes_asking(1, &[("english", 3)]).orders(), ["1002←1", "1004←1"]);
    assert_eq!(floor.comes(2).orders(), ["1001←2"]);
    assert_eq!(floor.answers("1004", 1).orders(), ["1002×1", "1002←2"]);
}

#[test]
fn the_best_skilled_is_so_in_what_the_number_asks_for_too() {
    let agents = [("1001", skilled(&[("service", 7), ("english", 1)])), ("1002", skilled(&[("service", 5), ("english", 5)]))];
    let mut floor = desk_of(&agents, QueueSettings { strategy: Strategy::BestSkill, ..QueueSettings::of("service") });
    assert_eq!(floor.comes_asking(1, &[("english", 1)]).orders(), ["1002←1"]);
    floor.leaves(1).orders();
    assert_eq!(floor.comes(2).orders(), ["1001←2"]);
}
