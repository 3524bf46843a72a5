//! A phone that keeps two connections up (RFC 5626): called by one of them, by the other when that one breaks, and by the other still when
//! nothing is heard of it any more.

use crate::phones::Saw;
use crate::sound::Sound;
use crate::story::CALLER;
use crate::world::World;
use sanling::base::time::{millis, secs};
use sanling::switch::output::Detail;
use std::net::SocketAddr;

const FIRST: &str = "127.0.1.2:5060";
const SECOND: &str = "127.0.1.2:5062";
const INSTANCE: &str = "+sip.instance=\"<urn:uuid:00000000-0000-1000-8000-000A95A0E128>\"";

fn at(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}

/// 1001's phone registers by both its connections, the second last.
fn world() -> World {
    let mut world = World::story();
    world.add_phone("1001", FIRST, Some("demo-1001"));
    world.has_two_ways("1001", SECOND);
    registers(&mut world, 1);
    world.phone_mut("1001").changes_way();
    registers(&mut world, 2);
    assert_eq!(world.agent("1001").contacts, 2);
    world.agent_answers("1001", secs(1));
    world
}

fn registers(world: &mut World, flow: u32) {
    let phone = world.phone_mut("1001");
    phone.register_lines = "Supported: outbound, path\r\n".to_owned();
    phone.contact_params = format!(";{INSTANCE};reg-id={flow}");
    world.act("1001", |phone, now, out| phone.register(3_600, now, out));
    world.after(millis(10));
    assert!(world.phone("1001").registered);
}

/// Where the phone was called last: its way of now.
fn called_at(world: &World) -> SocketAddr {
    world.phone("1001").sip
}

#[test]
fn he_is_called_by_one_of_them_alone() {
    let mut world = world();
    world.caller_dials("95000").says(CALLER, Sound::Speech).after(secs(6));
    assert_eq!((called_at(&world), world.phone("1001").legs.len()), (at(SECOND), 1));
    world.expect_recorded_conversation(CALLER, "1001");
    world.ends_well();
}

#[test]
fn when_one_breaks_he_is_called_by_the_other_and_is_ready_all_the_while() {
    let mut world = world();
    world.breaks(at(SECOND)).after(secs(1)).expect_agent("1001", "ready", None);
    world.caller_dials("95000").says(CALLER, Sound::Speech).after(secs(6));
    assert_eq!(called_at(&world), at(FIRST));
    world.expect_recorded_conversation(CALLER, "1001");
    world.ends_well();
}

#[test]
fn one_that_breaks_while_it_rings_has_the_other_rung() {
    let mut world = world();
    world.agent_answers("1001", secs(3)).caller_dials("95000").says(CALLER, Sound::Speech).after(millis(100));
    assert_eq!(called_at(&world), at(SECOND));
    // The phone does not know of it, and rings on there for nobody.
    world.breaks(at(SECOND)).after(secs(9));
    assert_eq!(called_at(&world), at(FIRST));
    world.expect_recorded_conversation(CALLER, "1001");
    world.ends_well();
}

#[test]
fn one_that_breaks_in_a_call_has_the_call_go_on_by_the_other() {
    let mut world = world();
    world.caller_dials("95000").says(CALLER, Sound::Speech).after(secs(6)).breaks(at(SECOND)).after(secs(2));
    world.expect_recorded_conversation(CALLER, "1001");
    // The caller hangs up, and the phone hears of it.
    world.hangs_up(CALLER).after(secs(1)).expect_ended("1001").expect_agent("1001", "ready", None);
    world.ends_well();
}

#[test]
fn one_of_which_nothing_is_heard_any_more_is_given_up_before_it_is_needed() {
    let mut world = world();
    // The first is kept up, by an empty line each minute and a half; the second is not.
    for _ in 0..5 {
        world.run(secs(90));
        world.keeps_up(at(FIRST));
    }
    assert_eq!((&world.closed[..], world.agent("1001").contacts), (&[at(SECOND)][..], 1));
    let gone = world.events_named("agent.logged_off").count();
    assert_eq!(gone, 0, "he has another");
    world.breaks(at(SECOND)).caller_dials("95000").says(CALLER, Sound::Speech).after(secs(6));
    assert_eq!(called_at(&world), at(FIRST));
    world.expect_recorded_conversation(CALLER, "1001");
    world.ends_well();
}

/// The same phone behind a proxy, which keeps both flows for it.
fn behind_a_proxy() -> World {
    let mut world = World::story();
    world.add_phone("1001", FIRST, Some("demo-1001"));
    world.has_two_ways("1001", SECOND);
    world.phone_mut("1001").contact = Some("sip:1001@192.168.7.7:5060".to_owned());
    for flow in [1, 2] {
        let phone = world.phone_mut("1001");
        if flow == 2 {
            phone.changes_way();
        }
        phone.register_lines = format!("Supported: outbound, path\r\nPath: <sip:flow-{flow}@edge.example;lr;ob>\r\n{THROUGH_A_PROXY}");
        phone.contact_params = format!(";{INSTANCE};reg-id={flow}");
        world.act("1001", |phone, now, out| phone.register(3_600, now, out));
        world.after(millis(10));
    }
    assert_eq!(world.agent("1001").contacts, 2);
    world.agents_come(&["1002"]).agent_answers("1001", secs(1)).agent_answers("1002", secs(1));
    world
}

const THROUGH_A_PROXY: &str = "Via: SIP/2.0/UDP 192.168.7.7:5060;branch=z9hG4bKbehind\r\n";

#[test]
fn one_that_the_proxy_has_lost_is_forgotten_and_he_is_called_by_the_other() {
    let mut world = behind_a_proxy();
    world.phone_mut("1001").lost_ways = vec![at(SECOND)];
    world.caller_dials("95000").says(CALLER, Sound::Speech).after(secs(6));
    assert_eq!((called_at(&world), world.agent("1001").contacts), (at(FIRST), 1));
    let route = world.leg("1001").invite.as_ref().and_then(|invite| invite.headers.get("Route")).map(str::to_owned);
    assert_eq!(route.as_deref(), Some("<sip:flow-1@edge.example;lr;ob>"));
    world.expect_recorded_conversation(CALLER, "1001");
    world.expect_not_ringing("1002");
    world.ends_well();
}

#[test]
fn when_the_proxy_has_lost_both_the_next_agent_is_called() {
    let mut world = behind_a_proxy();
    world.phone_mut("1001").lost_ways = vec![at(FIRST), at(SECOND)];
    world.caller_dials("95000").says(CALLER, Sound::Speech).after(secs(6));
    world.expect_recorded_conversation(CALLER, "1002").expect_agent("1001", "offline", None);
    world.ends_well();
}

#[test]
fn one_by_a_proxy_that_keeps_none_is_refused_and_he_is_called_without() {
    let mut world = World::story();
    world.add_phone("1001", FIRST, Some("demo-1001"));
    let lines = format!("Supported: outbound, path\r\nPath: <sip:127.0.1.2;lr>\r\n{THROUGH_A_PROXY}");
    world.phone_mut("1001").register_lines = lines;
    world.phone_mut("1001").contact_params = format!(";{INSTANCE};reg-id=1");
    world.act("1001", |phone, now, out| phone.register(3_600, now, out));
    world.after(millis(10)).expect_saw("1001", |saw| *saw == Saw::RegisterRefused(439)).expect_agent("1001", "offline", None);
    // RFC 5626 §4.2.1: it registers as phones did before.
    world.phone_mut("1001").contact_params = format!(";{INSTANCE}");
    world.act("1001", |phone, now, out| phone.register(3_600, now, out));
    world.after(millis(10)).agent_answers("1001", secs(1)).caller_dials("95000").says(CALLER, Sound::Speech).after(secs(6));
    world.expect_recorded_conversation(CALLER, "1001");
    world.ends_well();
}

#[test]
fn without_any_he_is_gone() {
    let mut world = world();
    world.breaks(at(SECOND)).breaks(at(FIRST)).after(secs(1)).expect_agent("1001", "offline", None);
    let told = world.events_named("agent.logged_off").next().expect("it is told").1.clone();
    assert!(told.detail.iter().all(|(_, detail)| !matches!(detail, Detail::Text(text) if text.is_empty())));
    world.ends_quietly();
}
