//! The ways out: several carriers and hosts, those that are down, full or silent, and who is shown to them.

use crate::people::OnRing;
use crate::phones::Saw;
use crate::sound::Sound;
use crate::story::CALLER;
use crate::world::World;
use sanling::base::time::{millis, secs};
use sanling::call::record::Outcome;
use sanling::switch::view::TrunkView;

const HOSTS: &str = r#"hosts = ["sip:127.0.0.1:5090"]"#;

/// Two hosts of one carrier, with these keys.
fn with_hosts(keys: &str) -> World {
    let hosts = format!("hosts = [\"sip:127.0.0.1:5090\", \"sip:127.0.0.3:5090\"]\n{keys}");
    let mut world = World::new(7, crate::world::configuration(&[(HOSTS, &hosts)], &[]));
    people(&mut world);
    world
}

/// Two carriers of one host each, tried in order.
fn with_carriers(keys: &str) -> World {
    in_order("[\"trunk:carrier\", \"trunk:second\"]", keys)
}

/// Tried in this order; the keys are `carrier`'s.
fn in_order(order: &str, keys: &str) -> World {
    let carrier = format!("{HOSTS}\n{keys}");
    let second = "[[trunk]]\nid = \"second\"\nhosts = [\"sip:127.0.0.3:5090\"]\n\n[[trunk]]\nid = \"carrier\"";
    let both = [("\"trunk:carrier\"", order), ("[[trunk]]\nid = \"carrier\"", second), (HOSTS, &carrier)];
    let mut world = World::new(7, crate::world::configuration(&both, &[]));
    people(&mut world);
    world
}

fn people(world: &mut World) {
    world.add_phone("carrier", "127.0.0.1:5090", None);
    world.add_phone("other", "127.0.0.3:5090", None);
    world.agents_come(&["1001", "1002"]).agent_answers("carrier", secs(1)).agent_answers("other", secs(1));
}

fn trunk(world: &World, id: &str) -> TrunkView {
    world.snapshot().trunks.into_iter().find(|trunk| trunk.id.as_str() == id).expect("a trunk")
}

fn states(world: &World) -> Vec<&'static str> {
    trunk(world, "carrier").hosts.iter().map(|host| host.state).collect()
}

#[test]
fn a_host_that_does_not_answer_is_passed_over_until_it_does() {
    let mut world = with_hosts("ping = \"5s\"\nping_failures = 2");
    world.after(secs(6));
    assert_eq!(states(&world), ["up", "up"]);
    world.dies("carrier").after(secs(40));
    assert_eq!(states(&world), ["down", "up"]);
    assert_eq!(world.events_named("trunk.down").count(), 1);
    world.dials("1001", "13900000000").after(secs(2)).expect_conversation("1001", "other").hangs_up("1001").after(secs(1));
    let now = world.now;
    world.phone_mut("carrier").revive(now);
    world.after(secs(8));
    assert_eq!(states(&world), ["up", "up"]);
    assert_eq!(world.events_named("trunk.up").count(), 3);
    world.dials("1001", "13900000001").after(secs(2)).expect_conversation("1001", "carrier");
    // Who asks for ever is never at rest.
    world.reload(&[], &[]);
    world.ends_well();
}

#[test]
fn hosts_that_are_all_down_are_tried_all_the_same() {
    let mut world = with_hosts("ping = \"5s\"\nping_failures = 1");
    // They answer nobody's OPTIONS, and yet take calls.
    world.dies("carrier").dies("other").after(secs(30));
    assert_eq!(states(&world), ["down", "down"]);
    let now = world.now;
    world.phone_mut("other").revive(now);
    world.dials("1001", "13900000000").after(secs(2));
    // It rings by the second, when the first has said nothing for as long as SIP waits.
    world.after(secs(33)).expect_conversation("1001", "other");
    world.reload(&[], &[]);
    world.after(secs(40));
    world.ends_well();
}

#[test]
fn a_host_that_says_nothing_is_followed_by_the_next_after_its_time() {
    let mut world = with_hosts("try_for = \"3s\"");
    world.dies("carrier").dials("1001", "13900000000").after(millis(2_900)).expect_not_ringing("other");
    world.after(millis(1_400)).expect_conversation("1001", "other");
    assert_eq!(world.ends_well().outcome, Some(Outcome::Answered));
}

#[test]
fn a_host_that_rings_is_waited_for() {
    let mut world = with_hosts("try_for = \"3s\"");
    world.habit("carrier", |habit| habit.on_ring = OnRing::Ignore).dials("1001", "13900000000").after(secs(20));
    world.expect_ringing("carrier").expect_not_ringing("other").answers("carrier").after(secs(1)).expect_conversation("1001", "carrier");
    world.ends_well();
}

#[test]
fn hosts_of_which_none_says_anything_end_in_a_refusal() {
    let mut world = with_hosts("try_for = \"3s\"");
    world.dies("carrier").dies("other").dials("1001", "13900000000").after(millis(5_900)).expect_agent("1001", "talking", None);
    world.after(millis(300)).expect_saw("1001", |saw| matches!(saw, Saw::Refused { code: 408, .. }));
    world.expect_agent("1001", "ready", None);
    world.ends_well();
}

#[test]
fn a_full_trunk_is_followed_by_the_next_and_takes_no_caller_in() {
    let mut world = with_carriers("channels = 1");
    world.dials("1001", "13900000000").after(secs(2)).expect_conversation("1001", "carrier");
    assert_eq!((trunk(&world, "carrier").calls, trunk(&world, "second").calls), (1, 0));
    world.dials("1002", "13900000001").after(secs(2)).expect_conversation("1002", "other");
    world.caller_dials("95000").after(secs(1));
    world.expect_saw(CALLER, |saw| matches!(saw, Saw::Refused { code: 503, retry_after: Some(_) }));
    // A restart forgets no channel.
    world.crash(secs(1)).after(secs(2));
    assert_eq!((trunk(&world, "carrier").calls, trunk(&world, "second").calls), (1, 1));
    world.hangs_up("1001").after(secs(1));
    assert_eq!(trunk(&world, "carrier").calls, 0);
    world.caller_dials("95000").after(secs(1)).expect_ringing("1001");
    assert_eq!(trunk(&world, "carrier").calls, 1);
    world.ends_well();
}

#[test]
fn when_all_channels_are_taken_the_caller_is_told_so() {
    let mut world = with_hosts("channels = 1");
    world.dials("1001", "13900000000").after(secs(2)).dials("1002", "13900000001").after(secs(1));
    world.expect_saw("1002", |saw| matches!(saw, Saw::Refused { code: 503, .. })).expect_up("1001");
    world.ends_well();
}

#[test]
fn a_carrier_that_cannot_is_followed_by_the_next_carrier() {
    let mut world = with_carriers("");
    world.agent_refuses("carrier", 503).dials("1001", "13900000000").after(secs(3)).expect_conversation("1001", "other");
    assert_eq!(trunk(&world, "carrier").calls, 0);
    world.ends_well();
}

#[test]
fn an_agent_shows_his_own_number_or_his_queues_or_the_trunks() {
    let shown = |replace: &[(&str, &str)]| {
        let mut world = World::story_with(replace, &[]);
        world.add_phone("carrier", "127.0.0.1:5090", None);
        world.agents_come(&["1001"]).dials("1001", "13900000000").after(secs(1)).expect_ringing("carrier");
        let shown = world.leg("carrier").remote.clone();
        world.ends_well();
        shown
    };
    let trunks = (HOSTS, "hosts = [\"sip:127.0.0.1:5090\"]\ncaller = \"02000000000\"");
    let queues = ("strategy = \"longest-idle\"", "strategy = \"longest-idle\"\ncaller = \"02095000\"");
    let own = ("password = \"demo-1001\"", "password = \"demo-1001\"\ncaller = \"+862011111111\"");
    assert!(shown(&[]).contains("sip:1001@"), "his extension");
    assert!(shown(&[trunks]).contains("sip:02000000000@"));
    assert!(shown(&[trunks, queues]).contains("sip:02095000@"));
    assert!(shown(&[trunks, queues, own]).contains("sip:+862011111111@"));
}

#[test]
fn a_carrier_is_registered_with_and_forgotten_with_the_configuration() {
    let mut world = with_hosts("user = \"0755\"\npassword = \"secret\"\nregister = true");
    world.after(secs(8));
    assert_eq!(world.events_named("trunk.registered").count(), 1);
    assert!(matches!(trunk(&world, "carrier").registered, Some(Ok(_))));
    world.reload(&[], &[]);
    world.after(secs(2));
    assert_eq!(trunk(&world, "carrier").registered, None);
    world.habit("1001", |habit| habit.sound = Sound::Speech);
    world.ends_quietly();
}

#[test]
fn a_transfer_goes_by_the_next_host_when_one_says_nothing() {
    let mut world = with_hosts("try_for = \"3s\"");
    world.agent_answers("1001", secs(1)).caller_dials("95000").after(secs(5)).expect_up("1001").dies("carrier");
    world.refers("1001", "13900000000").after(millis(2_900)).expect_not_ringing("other").after(millis(1_500));
    world.expect_conversation(CALLER, "other").expect_agent("1001", "ready", None);
    world.ends_well();
}

#[test]
fn a_transfer_of_which_no_host_says_anything_comes_back() {
    let mut world = with_hosts("try_for = \"3s\"");
    world.agent_answers("1001", secs(1)).caller_dials("95000").after(secs(5)).expect_up("1001").dies("carrier").dies("other");
    world.refers("1001", "13900000000").after(millis(5_900)).expect_hears(CALLER, crate::sound::Heard::Clip("music/hold"));
    world.after(millis(500)).expect_saw("1001", |saw| *saw == Saw::Notified(408)).expect_conversation(CALLER, "1001");
    world.ends_well();
}

#[test]
fn a_transfer_for_which_no_channel_is_free_says_so() {
    // The caller has the only one.
    let mut world = with_hosts("channels = 1");
    world.agent_answers("1001", secs(1)).caller_dials("95000").after(secs(5)).expect_up("1001");
    world.refers("1001", "13900000000").after(millis(500)).expect_saw("1001", |saw| *saw == Saw::Notified(503));
    world.expect_conversation(CALLER, "1001");
    world.ends_well();
}

#[test]
fn a_transfer_that_one_carrier_refused_and_the_next_had_no_channel_for_says_what_the_first_said() {
    let mut world = in_order("[\"trunk:second\", \"trunk:carrier\"]", "channels = 1");
    world.agent_answers("1001", secs(1)).caller_dials("95000").after(secs(5)).expect_up("1001").agent_refuses("other", 500);
    world.refers("1001", "13900000000").after(secs(2)).expect_saw("1001", |saw| *saw == Saw::Notified(500));
    world.expect_conversation(CALLER, "1001");
    world.ends_well();
}

#[test]
fn a_transfer_that_rings_is_waited_for() {
    let mut world = with_hosts("try_for = \"3s\"");
    world.agent_answers("1001", secs(1)).caller_dials("95000").after(secs(5)).habit("carrier", |habit| habit.on_ring = OnRing::Ignore);
    world.refers("1001", "13900000000").after(secs(10)).expect_ringing("carrier").expect_not_ringing("other");
    world.answers("carrier").after(secs(1)).expect_conversation(CALLER, "carrier");
    world.ends_well();
}
