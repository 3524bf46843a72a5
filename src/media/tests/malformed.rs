//! What is no packet, is none for us, or only looks like one: counted for what it is, heard by nobody, and no panic.

use super::world::{SESSION, World};
use crate::base::{CallId, Codec, LegId, Rng, Timestamp};
use crate::media::Component;
use crate::media::control::{Command, Recorded, Report, StreamStatistics};
use crate::rtp::Header;

/// How a datagram from the leg itself counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Counts {
    /// As a packet of the stream, though nothing is heard.
    Taken,
    Malformed,
    /// As a sign of life alone: RTCP, and what only keeps a NAT open.
    Life,
}
use Counts::{Life, Malformed, Taken};

fn rtp(first: u8, second: u8, rest: &[u8]) -> Vec<u8> {
    // Sequence, timestamp, SSRC.
    [&[first, second, 0x12, 0x34, 0, 0, 0, 160, 0, 0, 0, 7], rest].concat()
}

fn corpus() -> Vec<(&'static str, Component, Vec<u8>, Counts)> {
    use Component::{Rtcp, Rtp};
    let stun = [&[0, 1, 0, 0, 0x21, 0x12, 0xA4, 0x42][..], &[9; 12]].concat();
    let sound = [0x55; 160];
    vec![
        // RTP: RFC 3550 §5.1, §5.3.1, §A.1.
        ("one byte", Rtp, vec![0x80], Malformed),
        ("eleven bytes of a header", Rtp, rtp(0x80, 8, &[])[..11].to_vec(), Malformed),
        ("version 0", Rtp, rtp(0x00, 8, &sound), Malformed),
        ("version 1", Rtp, rtp(0x40, 8, &sound), Malformed),
        ("version 3", Rtp, rtp(0xC0, 8, &sound), Malformed),
        ("padding of 0", Rtp, rtp(0xA0, 8, &[1, 2, 0]), Malformed),
        ("padding longer than the payload", Rtp, rtp(0xA0, 8, &[1, 2, 200]), Malformed),
        ("padding and no payload at all", Rtp, rtp(0xA0, 8, &[]), Malformed),
        ("15 contributing sources, none there", Rtp, rtp(0x8F, 8, &[1]), Malformed),
        ("an extension without a header", Rtp, rtp(0x90, 8, &[]), Malformed),
        ("an extension that runs beyond the end", Rtp, rtp(0x90, 8, &[0xBE, 0xDE, 0xFF, 0xFF, 1, 2, 3, 4]), Malformed),
        ("longer than an Ethernet frame", Rtp, rtp(0x80, 8, &[0x55; 1_600]), Malformed),
        ("a payload type that nobody agreed to", Rtp, rtp(0x80, 3, &sound), Malformed),
        ("dynamic, and nobody agreed to it", Rtp, rtp(0x80, 127, &sound), Malformed),
        ("SIP on a media port", Rtp, b"OPTIONS sip:a@b SIP/2.0\r\n\r\n".to_vec(), Malformed),
        ("DTLS on a media port", Rtp, [&[22, 254, 253][..], &[0; 40]].concat(), Malformed),
        ("a key's event cut short", Rtp, rtp(0x80, 101, &[5, 10]), Taken),
        ("an event without a body", Rtp, rtp(0x80, 101, &[]), Taken),
        ("comfort noise", Rtp, rtp(0x80, 13, &[70]), Taken),
        // RFC 6263 §4: what keeps a NAT open.
        ("an empty datagram", Rtp, Vec::new(), Life),
        ("four zeros", Rtp, vec![0; 4], Life),
        ("a line end", Rtp, b"\r\n".to_vec(), Life),
        ("STUN", Rtp, stun.clone(), Life),
        ("of an unknown type, empty", Rtp, rtp(0x80, 96, &[]), Life),
        ("of the right type, empty", Rtp, rtp(0x80, 8, &[]), Taken),
        // RTCP: RFC 3550 §6, §A.2; on the RTP port by RFC 5761.
        ("a lone APP, as baresip begins with", Rtcp, [&[0x80, 204, 0, 3, 0, 0, 0, 7][..], b"PINGPONG"].concat(), Life),
        ("a lone APP on the RTP port", Rtp, [&[0x80, 204, 0, 3, 0, 0, 0, 7][..], b"PINGPONG"].concat(), Life),
        ("a lone BYE", Rtcp, vec![0x81, 203, 0, 1, 0, 0, 0, 7], Life),
        ("a receiver report", Rtcp, vec![0x80, 201, 0, 1, 0, 0, 0, 7], Life),
        ("an empty datagram on the RTCP port", Rtcp, Vec::new(), Life),
        ("STUN on the RTCP port", Rtcp, stun, Life),
        ("a report of version 1", Rtcp, vec![0x40, 201, 0, 1, 0, 0, 0, 7], Malformed),
        ("longer than it says it is", Rtcp, vec![0x80, 201, 0, 1, 0, 0, 0, 7, 9], Malformed),
        ("shorter than it says it is", Rtcp, vec![0x80, 201, 0, 9, 0, 0, 0, 7], Malformed),
        ("31 blocks, none there", Rtcp, vec![0x9F, 201, 0, 1, 0, 0, 0, 7], Malformed),
        ("no type of RTCP's", Rtcp, vec![0x80, 192, 0, 1, 0, 0, 0, 7], Malformed),
        ("RTP on the RTCP port", Rtcp, rtp(0x80, 8, &sound), Malformed),
        ("a second packet cut short", Rtcp, vec![0x80, 201, 0, 1, 0, 0, 0, 7, 0x81, 203, 0, 1], Malformed),
    ]
}

fn end(world: &mut World) -> StreamStatistics {
    world.command(Command::ReleaseLeg { session: SESSION, leg: LegId(1) });
    let told = world.reports.iter().find_map(|(_, report)| match report {
        Report::Statistics { leg: LegId(1), statistics, .. } => Some(*statistics),
        _ => None,
    });
    told.expect("a leg that goes tells what was counted")
}

/// A recorded call whose first leg is at 198.51.100.1:4000.
fn recorded() -> World {
    let mut world = World::bridged(Codec::Pcma, Codec::Pcma);
    let call = CallId::new(Timestamp(1), &mut Rng::new(1));
    world.command(Command::StartRecording { session: SESSION, call, left: LegId(1), right: vec![LegId(2)], began_at: None });
    world
}

fn heard(world: &World) -> usize {
    world.phones[1].got.len() + world.recorded.iter().filter(|chunk| matches!(chunk, Recorded::Audio { .. })).count()
}

#[test]
fn every_kind_of_wrong_packet_counts_as_what_it_is_and_is_not_heard() {
    for (what, component, bytes, counts) in corpus() {
        let from = if component == Component::Rtp { "198.51.100.1:4000" } else { "198.51.100.1:4001" };
        let mut world = recorded();
        world.run(29_000).datagram(1, component, from, &bytes);
        assert_eq!(heard(&world), 0, "{what}");
        world.run(10_000);
        let timed_out = !world.times(|report| matches!(report, Report::TimedOut { leg: LegId(1), .. })).is_empty();
        let counted = end(&mut world);
        let expected = match counts {
            Taken => (1, 0, false),
            Malformed => (0, 1, true),
            Life => (0, 0, false),
        };
        assert_eq!((counted.packets_received, counted.packets_malformed, timed_out), expected, "{what}");
        assert_eq!(counted.packets_refused, 0, "{what}");
    }
}

#[test]
fn a_strangers_wrong_packets_are_only_the_strangers() {
    let mut world = recorded();
    world.datagram(1, Component::Rtp, "198.51.100.1:4000", &rtp(0x80, 8, &[0x55; 160]));
    let before = heard(&world);
    let (mut count, mut reports) = (0, world.reports.len());
    for (.., component, bytes, _) in corpus().iter().map(|(what, component, bytes, counts)| (what, *component, bytes, counts)) {
        for from in ["203.0.113.66:4000", "198.51.100.1:4002"] {
            // RTCP of the leg's own address may come from any port, until one is locked.
            if component == Component::Rtp || from.starts_with("203") {
                world.datagram(1, component, from, bytes);
                count += 1;
            }
        }
    }
    reports = world.reports.len() - reports;
    let counted = end(&mut world);
    assert_eq!((heard(&world) - before, reports), (0, 0));
    assert_eq!((counted.packets_refused, counted.packets_malformed, counted.packets_received), (count, 0, 1));
}

#[test]
fn what_comes_before_the_answer_is_known_is_nobodys() {
    let mut world = World::new();
    world.engine.allocated(SESSION, LegId(1), "192.0.2.1:20000".parse().expect("an address"), world.now, &mut world.turn);
    for (.., component, bytes) in corpus().iter().map(|(_, component, bytes, _)| (*component, bytes)) {
        world.datagram(1, component, "198.51.100.1:4000", bytes);
    }
    let counted = end(&mut world);
    assert_eq!((counted.packets_refused, counted.packets_malformed, counted.packets_received), (0, 0, 0));
}

/// Any bytes at all, and packets with some bytes changed: no panic, and each is counted at most once.
#[test]
fn noise_does_no_harm() {
    let mut rng = Rng::new(5);
    let mut world = recorded();
    let mut good = Vec::new();
    Header { payload_type: 8, marker: false, sequence: 9, timestamp: 9, ssrc: 9 }.write(&[0x55; 160], &mut good);
    for round in 0..20_000_u64 {
        let mut bytes = if round % 2 == 0 { good.clone() } else { corpus()[rng.below(30) as usize].2.clone() };
        for _ in 0..rng.below(6) {
            if !bytes.is_empty() {
                let at = rng.below(bytes.len() as u64) as usize;
                bytes[at] = rng.next_u32() as u8;
            }
        }
        bytes.truncate(rng.below(200) as usize);
        let component = if rng.one_in(3) { Component::Rtcp } else { Component::Rtp };
        world.datagram(1, component, "198.51.100.1:4000", &bytes);
        if round % 50 == 0 {
            world.run(20);
        }
    }
    let counted = end(&mut world);
    assert!(counted.packets_malformed > 1_000 && counted.packets_received > 100, "{counted:?}");
    assert!(counted.packets_malformed + counted.packets_received <= 20_000);
}
