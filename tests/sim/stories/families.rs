//! IPv4 and IPv6 in one house: each leg in its phone's family, and everybody hears everybody.

use crate::people::Way;
use crate::sound::Sound;
use crate::story::CALLER;
use crate::stream::remote_rtp;
use crate::world::World;
use sanling::base::time::{millis, secs};
use sanling::call::record::{Outcome, RecordingState};

const ACCEPT: &str = r#"accept_from = ["127.0.0.0/8"]"#;

/// 1001 has a phone of IPv6, 1002 one of IPv4; calls come in over both.
fn house(keys: &str) -> World {
    let both = format!("accept_from = [\"127.0.0.0/8\", \"2001:db8::/32\"]\n{keys}");
    let mut world = World::story_with(&[(ACCEPT, &both)], &[]);
    world.add_phone("1001", "[2001:db8:1::1001]:5060", Some("demo-1001"));
    world.agents_come(&["1001", "1002"]);
    world
}

/// Whether what the phone was told to send sound to is of IPv6.
fn is_v6(world: &World, name: &str) -> bool {
    world.leg(name).stream.remote.expect("a stream").is_ipv6()
}

fn recorded(world: &mut World) {
    let record = world.ends_well();
    assert_eq!(record.outcome, Some(Outcome::Answered));
    assert_eq!(record.recording.map(|recording| recording.state), Some(RecordingState::Complete));
}

#[test]
fn phones_of_both_families_speak_with_each_other_either_way() {
    for (from, to) in [("1001", "1002"), ("1002", "1001")] {
        let mut world = house("");
        world.agent_answers(to, secs(1)).dials(from, to).after(secs(2)).expect_conversation(from, to);
        assert_eq!((is_v6(&world, "1001"), is_v6(&world, "1002")), (true, false));
        // Held and retrieved, by the spelling of each family too.
        for way in [Way::SendOnly, Way::Old] {
            world.holds(from, way).after(secs(1)).retrieves(from).after(secs(1)).expect_conversation(from, to);
        }
        recorded(&mut world);
    }
}

#[test]
fn a_caller_of_one_family_reaches_an_agent_of_the_other_and_is_put_through_to_the_next() {
    let mut world = house("");
    world.add_phone(CALLER, "[2001:db8:2::7]:5060", None);
    world.agent_ignores("1001").agent_answers("1002", secs(1)).caller_dials("95000").after(secs(2)).expect_ringing("1001");
    world.after(secs(20)).expect_conversation(CALLER, "1002");
    assert_eq!((is_v6(&world, CALLER), is_v6(&world, "1002")), (true, false));
    recorded(&mut world);
}

/// RFC 6157: a dual-stack phone signals by IPv6 and speaks by IPv4. It is answered in the family of its offer.
#[test]
fn who_signals_by_one_family_and_offers_the_other_is_answered_in_that() {
    for (signals, hears) in [("[2001:db8:2::7]:5060", "127.0.3.7"), ("127.0.3.7:5060", "2001:db8:2::7")] {
        let mut world = house("");
        world.add_phone(CALLER, signals, None);
        world.hears_at(CALLER, hears.parse().expect("an address"));
        world.agent_answers("1001", secs(1)).agent_answers("1002", secs(1)).caller_dials("95000").after(secs(6));
        world.expect_conversation(CALLER, "1001");
        assert_eq!(is_v6(&world, CALLER), hears.contains(':'), "{signals} hears at {hears}");
        recorded(&mut world);
    }
}

#[test]
fn a_trunk_of_ipv6_is_called_by_its_address_and_its_port() {
    let mut world = World::story_with(&[(r#"hosts = ["sip:127.0.0.1:5090"]"#, r#"hosts = ["sip:[2001:db8::9]:5090"]"#)], &[]);
    world.add_phone("carrier", "[2001:db8::9]:5090", None);
    world.agents_come(&["1001"]).agent_answers("carrier", secs(1));
    world.dials("1001", "13900000000").after(secs(2)).expect_conversation("1001", "carrier");
    assert!(is_v6(&world, "carrier") && !is_v6(&world, "1001"));
    world.says("1001", Sound::Speech).after(millis(100));
    recorded(&mut world);
}

#[test]
fn calls_of_both_families_outlive_a_restart() {
    let mut world = house("");
    world.agent_answers("1002", secs(1)).dials("1001", "1002").after(secs(2)).expect_conversation("1001", "1002");
    world.crash(secs(2)).after(secs(4)).expect_conversation("1001", "1002");
    assert_eq!((is_v6(&world, "1001"), is_v6(&world, "1002")), (true, false));
    world.ends_well();
}

#[test]
fn the_measure_reads_both_families() {
    for (line, address) in [("IN IP4 192.0.2.1", "192.0.2.1:4000"), ("IN IP6 2001:db8::1", "[2001:db8::1]:4000")] {
        let sdp = format!("v=0\r\nc={line}\r\nm=audio 4000 RTP/AVP 8\r\n");
        assert_eq!(remote_rtp(sdp.as_bytes()), Some(address.parse().expect("an address")));
    }
}
