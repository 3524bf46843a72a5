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
