//! Who is taken for the leg where its phone is behind NAT, and somebody else sends packets to its port.

use super::world::{SESSION, World};
use crate::base::srtp::Suite;
use crate::base::{Codec, Instant, LegId, time::millis, time::secs};
use crate::media::Component;
use crate::media::control::{Direction, Report};
use crate::rtp::Header;

const NAT: &str = "203.0.113.5:777";
const NAT_OF_MORE: &str = "203.0.113.9:777";
const SOMEBODY: &str = "192.0.2.66:9";

/// Leg 1 is a phone at 192.168.1.7 that signals from `signalled`; its packets come from `sends_from`.
fn call(signalled: &str, sends_from: &str) -> World {
    let mut world = World::bridged(Codec::Pcma, Codec::Pcma);
    world.configure(0, |parameters| {
        parameters.remote = "192.168.1.7:4000".parse().expect("an address");
        parameters.signalled_from = signalled.parse().expect("an address");
    });
    world.phones[0].address = sends_from.parse().expect("an address");
    world
}

/// Lets `ms` pass in which `from` sends sound to the leg, a packet each 20 ms.
fn beside(world: &mut World, from: &str, ms: u64) {
    for sequence in 0..ms / 20 {
        let mut bytes = Vec::new();
        let sequence = sequence as u16;
        Header { payload_type: 8, marker: false, sequence, timestamp: u32::from(sequence) * 160, ssrc: 66 }.write(&[0x2A; 160], &mut bytes);
        world.datagram(1, Component::Rtp, from, &bytes).run(20);
    }
}

/// Packets of the last `ms` that the phone got, and that the other party got: of the phone's own voice, and of somebody else's.
fn heard(world: &World, ms: u64) -> (usize, usize, usize) {
    let since = Instant::after_start(world.now.since_start() - millis(ms));
    let late = |phone: usize| world.phones[phone].got.iter().filter(move |got| got.at > since);
    let foreign = late(1).filter(|got| got.payload == [0x2A; 160]).count();
    (late(0).count(), late(1).count() - foreign, foreign)
}

#[test]
fn who_sprays_our_ports_before_the_phone_speaks_gets_nothing_and_mutes_nobody() {
    let mut world = call("203.0.113.5", NAT);
    world.phones[1].talks = true;
    beside(&mut world, SOMEBODY, 100);
    assert_eq!(heard(&world, 100).2, 0, "he is not heard");
    world.talk();
    beside(&mut world, SOMEBODY, 1_000);
    let (got, own, foreign) = heard(&world, 900);
    assert!(got >= 44 && own >= 44 && foreign == 0, "{got} {own} {foreign}");
}

#[test]
fn who_was_taken_while_the_phone_was_silent_gives_way_to_it_at_once() {
    let mut world = call("203.0.113.5", NAT);
    beside(&mut world, SOMEBODY, 3_000);
    assert!(heard(&world, 500).2 >= 20, "a steady source, and nobody else for two seconds, may be the phone");
    world.talk();
    beside(&mut world, SOMEBODY, 500);
    let (got, own, foreign) = heard(&world, 460);
    assert!(got >= 22 && own >= 22 && foreign == 0, "{got} {own} {foreign}");
}

#[test]
fn a_nat_that_sends_sound_from_another_address_is_found_after_two_seconds() {
    let mut world = call("203.0.113.5", NAT_OF_MORE);
    world.talk();
    for _ in 0..19 {
        beside(&mut world, SOMEBODY, 20);
        world.run(80);
    }
    assert_eq!(heard(&world, 1_900), (0, 0, 0), "not before");
    world.run(700);
    let (got, own, _) = heard(&world, 500);
    assert!(got >= 24 && own >= 24, "{got} {own}");
}

#[test]
fn behind_a_proxy_of_ours_only_who_is_described_is_taken() {
    let mut world = call("10.0.0.5", "192.168.1.7:4000");
    beside(&mut world, SOMEBODY, 4_000);
    assert_eq!(heard(&world, 4_000).2, 0);
    world.talk().run(500);
    let (got, own, _) = heard(&world, 460);
    assert!(got >= 22 && own >= 22, "{got} {own}");
}

#[test]
fn a_nat_that_forgot_its_mapping_is_found_on_its_new_port_but_not_while_the_phone_holds() {
    let mut world = call("203.0.113.5", NAT);
    world.talk().run(500);
    world.phones[0].address = "203.0.113.5:999".parse().expect("an address");
    world.run(1_900);
    assert_eq!(heard(&world, 1_800).1, 0, "a colleague's, as it seems");
    world.run(600);
    let (got, own, _) = heard(&world, 400);
    assert!(got >= 19 && own >= 19, "{got} {own}");
    // Held, its silence is as it should be, and says nothing.
    world.configure(0, |parameters| parameters.direction = Direction { send: true, receive: false });
    world.phones[0].talks = false;
    beside(&mut world, "203.0.113.5:1000", 4_000);
    assert!(heard(&world, 1_000).0 >= 49, "the music goes where it went");
}

#[test]
fn a_phone_that_is_described_again_while_it_is_silent_is_found_anew() {
    let mut world = call("203.0.113.5", NAT);
    world.talk().run(500);
    world.configure(0, |parameters| parameters.direction = Direction { send: true, receive: false });
    world.phones[0].talks = false;
    world.run(5_000);
    world.phones[0].address = "203.0.113.5:999".parse().expect("an address");
    world.configure(0, |parameters| parameters.direction = Direction { send: true, receive: true }).talk().run(500);
    let (got, own, _) = heard(&world, 460);
    assert!(got >= 22 && own >= 22, "{got} {own}");
}

#[test]
fn who_has_the_key_is_taken_from_wherever_he_sends_and_nobody_else() {
    let mut world = call("203.0.113.5", NAT_OF_MORE);
    world.encrypt(0, Suite::Cm128Tag80, 1);
    beside(&mut world, SOMEBODY, 3_000);
    world.talk().run(500);
    let (got, own, foreign) = heard(&world, 460);
    assert!(got >= 22 && own >= 22 && foreign == 0, "{got} {own} {foreign}");
}

#[test]
fn a_strangers_keep_alive_does_not_keep_a_dead_leg() {
    let mut world = call("203.0.113.5", NAT);
    world.configure(0, |parameters| parameters.rtp_timeout = secs(4));
    for _ in 0..50 {
        world
            .datagram(1, Component::Rtp, SOMEBODY, &[0, 0])
            .datagram(1, Component::Rtcp, SOMEBODY, &[0x80, 201, 0, 1, 0, 0, 0, 9])
            .run(100);
    }
    assert_eq!(world.times(|report| matches!(report, Report::TimedOut { session: SESSION, leg: LegId(1) })), [4_000]);
}
