//! Phones that listen: called by a connection that the switch opens, where they have none open, and over TLS only where their certificate
//! says that it is they.

use crate::phones::Phone;
use crate::sound::Sound;
use crate::story::CALLER;
use crate::world::World;
use sanling::base::time::{millis, secs};
use sanling::call::record::OfferOutcome;
use sanling::sip::Protocol::{self, Tcp, Tls, Udp};
use sanling::switch::output::Detail;
use std::net::SocketAddr;

const OWN: &str = "127.0.1.2:40000";
const LISTENS: &str = "127.0.1.2:5071";
const ADDRESS: &str = "127.0.1.2";

fn at(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}

/// A house whose phones have certificates, or none.
fn house(phones_have_certificates: bool) -> World {
    let listen = r#"listen = ["udp:127.0.0.1:5060", "tcp:127.0.0.1:5060"]"#;
    let with_tls = r#"listen = ["udp:127.0.0.1:5060", "tcp:127.0.0.1:5060", "tls:127.0.0.1:5061"]"#;
    let ca = if phones_have_certificates { "phone_ca = \"ca.pem\"\n" } else { "" };
    let tls = format!("[tls]\ncertificate = \"own.pem\"\nkey = \"key.pem\"\n{ca}[reports]");
    World::story_with(&[(listen, with_tls), ("[reports]", &tls)], &[])
}

/// 1001's phone registers over `by` with this Contact, listens by `listens`, and proves over TLS that it is `certificate`.
fn registers(world: &mut World, by: Protocol, listens: Protocol, contact: &str, certificate: Option<&str>) {
    world.add_phone("1001", OWN, Some("demo-1001"));
    world.listens_too("1001", by, (listens, LISTENS), certificate);
    world.phone_mut("1001").contact = Some(contact.to_owned());
    world.act("1001", |phone, now, out| phone.register(3_600, now, out));
    world.after(millis(10));
    assert!(world.phone("1001").registered);
    world.agent_answers("1001", secs(1));
}

fn called_at(world: &World) -> (Protocol, SocketAddr) {
    let phone: &Phone = world.phone("1001");
    (phone.over, phone.sip)
}

#[test]
fn one_whose_connection_is_gone_is_called_where_it_listens() {
    for (by, contact, certificate) in [
        (Tls, "sip:1001@127.0.1.2:5071;transport=tls", Some(ADDRESS)),
        (Tls, "sips:1001@127.0.1.2:5071", Some(ADDRESS)),
        // By its name, which its certificate has.
        (Tls, "sip:1001@desk-1.house:5071;transport=tls", Some("desk-1.house")),
        (Tcp, "sip:1001@127.0.1.2:5071;transport=tcp", None),
        (Tcp, "sip:1001@127.0.1.2:5071", None),
    ] {
        let mut world = house(true);
        registers(&mut world, by, by, contact, certificate);
        // While it has a connection that one is used.
        world.caller_dials("95000").says(CALLER, Sound::Speech).after(secs(6));
        assert_eq!(called_at(&world), (by, at(OWN)), "{contact}");
        world.hangs_up(CALLER).after(secs(1)).breaks(at(OWN)).after(secs(1)).expect_agent("1001", "ready", None);
        world.caller_dials("95000").says(CALLER, Sound::Speech).after(secs(6));
        assert_eq!(called_at(&world), (by, at(LISTENS)), "{contact}");
        world.expect_recorded_conversation(CALLER, "1001");
        world.ends_well();
    }
}

#[test]
fn one_that_says_tls_or_tcp_is_called_so_however_it_registered() {
    for (contact, listens, certificate) in [
        ("sips:1001@127.0.1.2:5071", Tls, Some(ADDRESS)),
        ("sip:1001@127.0.1.2:5071;transport=tls", Tls, Some(ADDRESS)),
        ("sip:1001@127.0.1.2:5071;transport=tcp", Tcp, None),
    ] {
        let mut world = house(true);
        registers(&mut world, Udp, listens, contact, certificate);
        world.caller_dials("95000").says(CALLER, Sound::Speech).after(secs(6));
        assert_eq!(called_at(&world), (listens, at(LISTENS)), "{contact}");
        world.expect_recorded_conversation(CALLER, "1001");
        world.ends_well();
    }
}

#[test]
fn an_edge_proxy_that_says_tls_is_called_over_it() {
    let mut world = house(true);
    world.add_phone("1001", OWN, Some("demo-1001"));
    world.listens_too("1001", Udp, (Tls, LISTENS), Some("edge.house"));
    world.phone_mut("1001").register_lines = "Supported: path\r\nPath: <sip:edge.house:5071;transport=tls;lr>\r\n".to_owned();
    // Who is before it is no proxy that hides it: its address is its own.
    world.phone_mut("1001").contact = Some("sip:1001@192.168.7.7:5060".to_owned());
    world.act("1001", |phone, now, out| phone.register(3_600, now, out));
    world.after(millis(10)).agent_answers("1001", secs(1));
    world.caller_dials("95000").says(CALLER, Sound::Speech).after(secs(6));
    assert_eq!(called_at(&world), (Tls, at(LISTENS)));
    world.expect_recorded_conversation(CALLER, "1001");
    world.ends_well();
}

#[test]
fn whose_certificate_is_anothers_is_passed_over_and_the_next_is_called() {
    for (contact, certificate) in [
        ("sip:1001@127.0.1.2:5071;transport=tls", Some("127.0.1.9")),
        ("sip:1001@desk-1.house:5071;transport=tls", Some(ADDRESS)),
        ("sips:1001@127.0.1.2:5071", None),
    ] {
        let mut world = house(true);
        registers(&mut world, Tls, Tls, contact, certificate);
        world.agents_come(&["1002"]).agent_answers("1002", secs(1)).breaks(at(OWN)).after(secs(1));
        world.caller_dials("95000").says(CALLER, Sound::Speech).after(secs(6));
        assert!(world.phone("1001").legs.is_empty(), "nothing is sent to whoever is there");
        world.expect_recorded_conversation(CALLER, "1002");
        let (_, event) = world.events_named("phone.tls_failed").next().expect("it is told").clone();
        assert_eq!(event.agent.map(|agent| agent.to_string()).as_deref(), Some("1001"));
        let says = |name: &str| event.detail.iter().find(|(key, _)| *key == name).map(|(_, detail)| detail.clone());
        assert_eq!(says("address"), Some(Detail::Text(LISTENS.to_owned())));
        assert!(matches!(says("why"), Some(Detail::Text(why)) if why.contains("certificate")));
        world.ends_well();
        let results: Vec<_> = world.offers().into_iter().map(|(agent, result, _)| (agent, result)).collect();
        assert_eq!(results, [("1001".to_owned(), OfferOutcome::Unreachable), ("1002".to_owned(), OfferOutcome::Answered)]);
    }
}

#[test]
fn where_phones_have_no_certificates_one_is_gone_with_its_connection() {
    let mut world = house(false);
    registers(&mut world, Tls, Tls, "sip:1001@127.0.1.2:5071;transport=tls", Some(ADDRESS));
    world.expect_agent("1001", "ready", None).breaks(at(OWN)).after(secs(1)).expect_agent("1001", "offline", None);
    world.ends_quietly();
}

#[test]
fn one_whose_connection_breaks_in_a_call_hears_where_it_listens_that_the_call_is_over() {
    for (by, contact) in [(Tls, "sip:1001@127.0.1.2:5071;transport=tls"), (Tcp, "sip:1001@127.0.1.2:5071;transport=tcp")] {
        let mut world = house(true);
        registers(&mut world, by, by, contact, Some(ADDRESS));
        world.caller_dials("95000").says(CALLER, Sound::Speech).after(secs(6)).breaks(at(OWN)).after(secs(2));
        world.expect_recorded_conversation(CALLER, "1001").hangs_up(CALLER).after(secs(1));
        world.expect_ended("1001").expect_agent("1001", "ready", None);
        assert_eq!(called_at(&world), (by, at(LISTENS)));
        world.ends_well();
    }
}

#[test]
fn a_restart_takes_its_connection_and_it_is_called_where_it_listens() {
    for (by, contact) in [(Tls, "sips:1001@127.0.1.2:5071"), (Tcp, "sip:1001@127.0.1.2:5071;transport=tcp")] {
        let mut world = house(true);
        registers(&mut world, by, by, contact, Some(ADDRESS));
        world.after(secs(1)).crash(secs(2)).after(secs(5));
        world.caller_dials("95000").says(CALLER, Sound::Speech).after(secs(9));
        assert_eq!(called_at(&world), (by, at(LISTENS)), "{contact}");
        world.expect_recorded_conversation(CALLER, "1001");
        world.ends_well();
    }
}
