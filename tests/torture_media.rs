//! Torturous RTP and RTCP at a leg that is in a call: what is valid is taken, what is not is counted, and nothing falls over.

use sanling::base::time::{millis, secs};
use sanling::base::{Codec, Instant, LegId, SessionId};
use sanling::media::control::{Command, Report, StreamParameters, StreamStatistics};
use sanling::media::{Component, Engine, EngineSettings, Turn};
use std::net::SocketAddr;
use std::sync::Arc;

const SESSION: SessionId = SessionId(1);
const LEG: LegId = LegId(1);

fn address(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}

/// What a leg counted that got these packets, one every 20 ms, from there.
fn counted(component: Component, packets: &[Vec<u8>], from: &str) -> StreamStatistics {
    let mut engine = Engine::new(EngineSettings::default(), Arc::default(), 7);
    let (mut turn, mut now) = (Turn::new(), Instant::START + secs(1));
    engine.allocated(SESSION, LEG, address("192.0.2.1:20000"), now, &mut turn);
    let parameters = StreamParameters {
        send_event_type: Some(101),
        receive_event_type: Some(101),
        ..StreamParameters::new(address("198.51.100.9:4000"), Codec::Pcma)
    };
    engine.handle_command(Command::Configure { session: SESSION, leg: LEG, parameters }, now, &mut turn);
    for packet in packets {
        engine.handle_packet(LEG, component, address(from), packet, now, &mut turn);
        now += millis(20);
        while engine.deadline().is_some_and(|due| due <= now) {
            engine.tick(now, &mut turn);
        }
    }
    turn.clear();
    engine.handle_command(Command::Release { session: SESSION }, now, &mut turn);
    let statistics = turn.reports.iter().find_map(|report| match report {
        Report::Statistics { statistics, .. } => Some(*statistics),
        _ => None,
    });
    statistics.expect("a leg's statistics at its end")
}

/// Version and flags, marker and type, sequence 1; then the payload.
fn rtp(first: u8, second: u8, payload: &[u8]) -> Vec<u8> {
    [&[first, second, 0, 1, 0, 0, 0, 160, 1, 2, 3, 4][..], payload].concat()
}

#[test]
fn each_packet_is_taken_or_counted() {
    let sound = [0xD5; 160];
    let cases: Vec<(&str, Vec<u8>, bool)> = vec![
        // RFC 3550 §5.1.
        ("a plain packet", rtp(0x80, 8, &sound), true),
        ("with the marker", rtp(0x80, 0x88, &sound), true),
        ("one contributor", rtp(0x81, 8, &[&[0; 4], &sound[..]].concat()), true),
        ("an extension of one word (§5.3.1)", rtp(0x90, 8, &[&[0xBE, 0xDE, 0, 1, 0, 0, 0, 0], &sound[..]].concat()), true),
        ("padding of four (§5.1)", rtp(0xA0, 8, &[&sound[..], &[0, 0, 0, 4]].concat()), true),
        ("an event (RFC 4733)", rtp(0x80, 101, &[5, 0x0A, 0, 160]), true),
        ("comfort noise (RFC 3389)", rtp(0x80, 13, &[0x40]), true),
        ("one byte", vec![0x80], false),
        ("a head cut short", rtp(0x80, 8, &[])[..11].to_vec(), false),
        ("version 0", rtp(0x00, 8, &sound), false),
        ("version 1", rtp(0x40, 8, &sound), false),
        ("version 3", rtp(0xC0, 8, &sound), false),
        ("more contributors than bytes", rtp(0x8F, 8, &[0; 8]), false),
        ("an extension longer than the packet", rtp(0x90, 8, &[0xBE, 0xDE, 0xFF, 0xFF, 0, 0]), false),
        ("more padding than packet", rtp(0xA0, 8, &[1, 2, 3, 200]), false),
        ("text", b"OPTIONS sip:x SIP/2.0\r\n\r\n".to_vec(), false),
        ("DTLS", [&[22, 254, 253][..], &[0; 40]].concat(), false),
    ];
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|(name, packet, taken)| {
            let seen = counted(Component::Rtp, std::slice::from_ref(packet), "198.51.100.9:4000");
            let expected = (u64::from(*taken), u64::from(!*taken), 0);
            let found = (seen.packets_received, seen.packets_malformed, seen.packets_refused);
            (found != expected).then(|| format!("{name}: received, malformed, refused {found:?}, not {expected:?}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_strangers_packets_are_refused_and_counted_whatever_is_in_them() {
    let first = rtp(0x80, 8, &[0xD5; 160]);
    let from_stranger = counted(Component::Rtp, &vec![first.clone(); 50], "203.0.113.66:4000");
    assert_eq!((from_stranger.packets_received, from_stranger.packets_refused), (0, 50));
    let rubbish = counted(Component::Rtp, &[vec![], vec![0xFF; 1_400]], "203.0.113.66:4000");
    assert_eq!(rubbish.packets_received, 0);
}

#[test]
fn reports_that_are_no_reports_change_nothing() {
    let sender = |words: u16, rest: &[u8]| [&[0x80, 200][..], &words.to_be_bytes(), &[1, 2, 3, 4], rest].concat();
    let packets = vec![
        sender(6, &[0; 20]),
        vec![],
        vec![0x80],
        vec![0x80, 200, 0xFF, 0xFF],
        sender(6, &[0; 3]),
        [&[0x9F, 201, 0, 1][..], &[0; 4]].concat(),
        [&[0xBF, 202, 0, 2][..], &[0xFF; 8]].concat(),
        [&[0x80, 203, 0, 0][..], &[0x80, 204, 0, 0]].concat(),
        [&[0x81, 206, 0, 2][..], &[0; 8]].concat(),
        [0x00; 64].to_vec(),
    ];
    let seen = counted(Component::Rtcp, &packets, "198.51.100.9:4001");
    assert_eq!((seen.packets_received, seen.packets_lost), (0, 0));
}
