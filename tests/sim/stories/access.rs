//! Who may do what: passwords, strangers, and what a refusal tells.

use crate::phones::Saw;
use crate::story::CALLER;
use crate::world::World;
use sanling::base::time::{millis, secs};
use sanling::sip::msg::digest::Algorithm;

#[test]
fn a_phone_registers_by_either_algorithm_and_its_agent_is_ready() {
    for algorithm in [Algorithm::Sha256, Algorithm::Md5] {
        let mut world = World::story();
        world.add_phone("1001", "127.0.1.2:5060", Some("demo-1001"));
        world.phone_mut("1001").algorithm = algorithm;
        world.expect_agent("1001", "offline", None).agents_come(&["1001"]).expect_agent("1001", "ready", None);
        world.ends_quietly();
    }
}

#[test]
fn a_wrong_password_never_registers_and_sounds_like_an_unknown_user() {
    let mut world = World::story();
    for (name, address, password) in [("1001", "127.0.1.2:5060", "wrong"), ("7777", "127.0.1.3:5060", "demo-7777")] {
        world.add_phone(name, address, Some(password));
        for _ in 0..3 {
            world.act(name, |phone, now, out| phone.register(3_600, now, out));
            world.after(secs(1));
        }
        assert!(!world.phone(name).registered, "{name}");
    }
    let refusals = |name: &str| -> Vec<Saw> { world.phone(name).log.iter().map(|(_, saw)| saw.clone()).collect() };
    assert_eq!(refusals("1001"), refusals("7777"));
    assert!(refusals("1001").iter().all(|saw| matches!(saw, Saw::RegisterRefused(_))) && !refusals("1001").is_empty());
    world.expect_agent("1001", "offline", None);
    world.ends_quietly();
}

#[test]
fn a_stranger_learns_nothing_of_which_numbers_exist() {
    let mut world = World::story();
    world.add_phone("stranger", "192.0.2.9:5060", None);
    let mut answers = Vec::new();
    for number in ["95000", "1001", "7777", "*13", "13900000000"] {
        world.dials("stranger", number).after(secs(1));
        answers.push(world.phone("stranger").log.last().map(|(_, saw)| saw.clone()));
    }
    assert!(matches!(answers[0], Some(Saw::Refused { code: 401 | 403 | 407, .. })), "{answers:?}");
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    assert!(world.records.is_empty(), "a stranger leaves no record");
    world.ends_quietly();
}

#[test]
fn whoever_calls_as_an_agent_must_prove_it_wherever_he_comes_from() {
    // From a trunk's own range, with an agent's name and no password.
    let mut world = World::with_agents(&["1002"]);
    world.add_phone("1001", "127.0.2.9:5060", Some("wrong"));
    world.dials("1001", "95000").after(secs(1)).expect_not_ringing("1002");
    world.expect_saw("1001", |saw| matches!(saw, Saw::Refused { code: 401 | 403 | 407, .. }));
    world.ends_quietly();
}

#[test]
fn a_caller_of_the_trunk_reaches_no_extension_and_no_trunk() {
    let mut world = World::with_agents(&["1001"]);
    for number in ["1001", "13900000000", "*14"] {
        world.caller_dials(number).after(secs(1)).expect_not_ringing("1001");
        world.expect_saw(CALLER, |saw| matches!(saw, Saw::Refused { code: 404, .. }));
    }
    world.expect_agent("1001", "ready", None).after(millis(1));
    world.ends_well();
}

#[test]
fn who_is_blocked_for_guessing_is_blocked_over_a_crash_until_his_time_is_over() {
    let mut world = World::with_agents(&["1001"]);
    world.add_phone("guesser", "192.0.2.66:5060", Some("wrong"));
    let guesses = |world: &mut World, times: u64| {
        for _ in 0..times {
            world.act("guesser", |phone, now, out| phone.register(3_600, now, out));
            world.after(secs(1));
        }
    };
    guesses(&mut world, 12);
    let blocked = world.events_named("source.blocked").next().expect("he is blocked").0;
    let heard = |world: &World| world.phone("guesser").log.len();
    let before = heard(&world);
    world.add_phone("stranger", "192.0.2.9:5060", None);
    world.crash(secs(2)).after(secs(3));
    assert_eq!(world.snapshot().blocked.iter().map(|view| (view.source.as_str(), view.times)).collect::<Vec<_>>(), [("192.0.2.66", 1)]);
    guesses(&mut world, 3);
    assert_eq!(heard(&world), before, "not even a challenge");
    world.dials("stranger", "95000").after(secs(1)).expect_saw("stranger", |saw| matches!(saw, Saw::Refused { code: 401 | 403 | 407, .. }));
    world.crash(secs(1)).after(secs(2));
    assert_eq!(world.snapshot().blocked.len(), 1);
    // Five minutes from when it was told, crashes and all.
    world.run_until(blocked + secs(299));
    assert_eq!((world.snapshot().blocked.len(), world.events_named("source.released").count()), (1, 0));
    world.after(secs(1));
    assert_eq!(world.events_named("source.released").map(|(at, _)| *at - blocked).collect::<Vec<_>>(), [secs(300)]);
    world.crash(secs(1)).after(secs(2));
    assert_eq!(world.snapshot().blocked.len(), 0, "what was released is not blocked again");
    guesses(&mut world, 1);
    assert!(heard(&world) > before, "he is heard again");
    world.after(secs(40)).ends_quietly();
}
