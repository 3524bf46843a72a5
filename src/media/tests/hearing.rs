//! Whose packets are a leg's own, how long it may be silent, its keys and its voice.

use super::world::{Got, SESSION, World, at};
use crate::audio::tone::Tone;
use crate::base::{Codec, LegId, Rng, time::millis, time::secs};
use crate::media::Component;
use crate::media::control::{Background, Command, Report, StreamStatistics};
use crate::rtp::rtcp::{self, Reporter, Sent};
use crate::rtp::{Event, Header};

fn packet(payload_type: u8, sequence: u16) -> Vec<u8> {
    let mut bytes = Vec::new();
    Header { payload_type, marker: false, sequence, timestamp: u32::from(sequence) * 160, ssrc: 5 }.write(&[0x55; 160], &mut bytes);
    bytes
}

fn statistics(world: &mut World) -> StreamStatistics {
    world.command(Command::Release { session: SESSION });
    let of_the_first = world.reports.iter().find_map(|(_, report)| match report {
        Report::Statistics { leg: LegId(1), statistics, .. } => Some(*statistics),
        _ => None,
    });
    of_the_first.expect("statistics on release")
}

/// The addresses, in order, that the silence sent to leg 1 went to.
fn destinations(world: &mut World) -> Vec<String> {
    world.engine.tick(world.now + millis(20), &mut world.turn);
    let to =
        world.turn.packets().filter(|(packet, _)| packet.component == Component::Rtp).map(|(packet, _)| packet.destination.to_string());
    let to = to.collect();
    world.turn.clear();
    world.run(20);
    to
}

#[test]
fn the_first_valid_source_is_locked_and_strangers_are_refused() {
    // (remote in SDP, where signalling comes from, then packets: (from, valid), and where ours go at the end, how many were refused)
    type Story<'a> = (&'a str, &'a str, &'a [(&'a str, bool)], &'a str, u64);
    let stories: [Story; 7] = [
        ("198.51.100.1:4000", "198.51.100.1", &[], "198.51.100.1:4000", 0),
        ("198.51.100.1:4000", "198.51.100.1", &[("198.51.100.1:4002", true), ("198.51.100.1:4004", true)], "198.51.100.1:4002", 1),
        // The very one that was described comes before all others.
        ("198.51.100.1:4000", "198.51.100.1", &[("198.51.100.1:4002", true), ("198.51.100.1:4000", true)], "198.51.100.1:4000", 0),
        ("198.51.100.1:4000", "198.51.100.1", &[("203.0.113.66:4000", true), ("198.51.100.1:4000", true)], "198.51.100.1:4000", 1),
        ("192.168.1.7:4000", "203.0.113.5", &[("203.0.113.66:1", true), ("203.0.113.5:777", true)], "203.0.113.5:777", 1),
        // What is no valid RTP locks nothing.
        ("192.168.1.7:4000", "203.0.113.5", &[("203.0.113.5:1", false), ("203.0.113.5:777", true)], "203.0.113.5:777", 0),
        ("192.168.1.7:4000", "192.168.1.7", &[("192.168.1.8:777", true)], "192.168.1.7:4000", 1),
    ];
    for (remote, signalled, packets, destination, refused) in stories {
        let mut world = World::new();
        world.phone(1, Codec::Pcma, 400.0);
        world.configure(0, |parameters| {
            parameters.remote = remote.parse().expect("an address");
            parameters.signalled_from = signalled.parse().expect("an address");
        });
        world.command(Command::SetBackground { session: SESSION, leg: LegId(1), background: Background::Silence });
        for (number, (from, valid)) in packets.iter().enumerate() {
            world.datagram(1, Component::Rtp, from, &packet(if *valid { 8 } else { 77 }, number as u16));
        }
        assert_eq!(destinations(&mut world), [destination], "{remote} {packets:?}");
        assert_eq!(statistics(&mut world).packets_refused, refused, "{remote} {packets:?}");
    }
}

#[test]
fn only_a_new_address_unlocks() {
    let mut world = World::new();
    world.phone(1, Codec::Pcma, 400.0);
    world.command(Command::SetBackground { session: SESSION, leg: LegId(1), background: Background::Silence });
    world.datagram(1, Component::Rtp, "198.51.100.1:5555", &packet(8, 1));
    world.configure(0, |parameters| parameters.ptime = 40).configure(0, |parameters| parameters.ptime = 20);
    assert_eq!(destinations(&mut world), ["198.51.100.1:5555"], "a re-INVITE with the same address");
    world.datagram(1, Component::Rtp, "198.51.100.1:6666", &packet(8, 2));
    assert_eq!(destinations(&mut world), ["198.51.100.1:5555"]);
    world.configure(0, |parameters| parameters.remote = "198.51.100.1:7000".parse().expect("an address"));
    assert_eq!(destinations(&mut world), ["198.51.100.1:7000"]);
    world.datagram(1, Component::Rtp, "198.51.100.1:6666", &packet(8, 3));
    assert_eq!(destinations(&mut world), ["198.51.100.1:6666"]);
    let first_packets = world.times(|report| matches!(report, Report::FirstPacket { .. }));
    assert_eq!(first_packets.len(), 2, "the first of each configuration in which one was taken");
}

#[test]
fn a_strangers_packets_do_not_reach_the_other_party() {
    let mut world = World::bridged(Codec::Pcma, Codec::Pcma);
    world.talk().run(100);
    let before = world.phones[1].got.len();
    for number in 0..100 {
        world.datagram(1, Component::Rtp, "203.0.113.66:4000", &packet(8, number));
        world.datagram(1, Component::Rtcp, "203.0.113.66:4001", &[0x80, 201, 0, 1, 0, 0, 0, 1]);
    }
    assert_eq!(world.phones[1].got.len(), before);
    assert_eq!(statistics(&mut world).packets_refused, 200);
}

fn timed_out(world: &World) -> Vec<u64> {
    world.times(|report| matches!(report, Report::TimedOut { .. }))
}

#[test]
fn a_leg_without_a_packet_times_out_once_and_not_before() {
    let mut world = World::new();
    world.phone(1, Codec::Pcma, 400.0);
    world.run(29_999);
    assert!(timed_out(&world).is_empty());
    world.run(40_000);
    assert_eq!(timed_out(&world), [30_000], "once, within a tick");

    let mut world = World::new();
    world.phone(1, Codec::Pcma, 400.0);
    world.talk().run(5_000);
    world.phones[0].talks = false;
    let last = 4_981;
    world.run(last + 30_000 - 5_000 - 1);
    assert!(timed_out(&world).is_empty());
    world.run(21);
    assert_eq!(timed_out(&world).len(), 1);
}

#[test]
fn a_report_is_a_sign_of_life() {
    for component in [Component::Rtcp, Component::Rtp] {
        let mut world = World::new();
        world.phone(1, Codec::Pcma, 400.0);
        world.configure(0, |parameters| parameters.rtcp_mux = component == Component::Rtp);
        for _ in 0..4 {
            world.run(20_000);
            let mut report = Vec::new();
            let sent = Sent { ssrc: 5, timestamp: 0, packets: 0, octets: 0 };
            let mut rng = Rng::new(1);
            Reporter::new("phone".into(), world.now, &mut rng).report(sent, None, world.now, &mut rng, &mut report);
            world.datagram(1, component, if component == Component::Rtp { "198.51.100.1:4000" } else { "198.51.100.1:4001" }, &report);
        }
        assert!(timed_out(&world).is_empty());
        world.run(30_020);
        assert_eq!(timed_out(&world), [110_000]);
    }
}

#[test]
fn a_held_or_suppressing_leg_does_not_time_out() {
    let mut world = World::new();
    world.phone(1, Codec::Pcma, 400.0);
    world.run(20_000).configure(0, |parameters| parameters.direction.receive = false).run(100_000);
    assert!(timed_out(&world).is_empty());
    world.configure(0, |parameters| parameters.direction.receive = true).run(29_999);
    assert!(timed_out(&world).is_empty());
    world.run(1);
    assert_eq!(timed_out(&world), [150_000], "counted from the retrieval");
    world.configure(0, |parameters| parameters.silence_suppression = true).run(100_000);
    assert_eq!(timed_out(&world).len(), 1);
}

#[test]
fn reports_flow_and_say_goodbye() {
    let mut world = World::bridged(Codec::Pcma, Codec::Opus);
    world.talk().run(30_000);
    for phone in &world.phones {
        let reports = phone.got_rtcp.len();
        assert!((4..=11).contains(&reports), "{reports} in 30 s");
        let said = rtcp::read(&phone.got_rtcp[2], phone.ssrc).expect("RTCP");
        assert!(said.last_sender_report.is_some() && said.block.is_some_and(|block| block.fraction_lost == 0), "{said:?}");
    }
    world.command(Command::Release { session: SESSION });
    for phone in &world.phones {
        assert!(rtcp::read(phone.got_rtcp.last().expect("reports"), 0).expect("RTCP").goodbye);
    }
}

#[test]
fn a_key_is_told_once_a_press() {
    let mut world = World::bridged(Codec::Pcma, Codec::Pcma);
    world.talk().run(200);
    // Three end packets; a press whose ends are all lost; the same key twice.
    for (code, timestamp, ends) in [(1, 50_000, 3), (2, 60_000, 0), (2, 70_000, 1)] {
        for step in 1..=4 {
            world.key(0, code, false, step * 160, timestamp).run(20);
        }
        for _ in 0..ends {
            world.key(0, code, true, 640, timestamp);
        }
        world.run(500);
    }
    assert_eq!(world.digits(), "122");
    let durations = world.reports.iter().filter_map(|(_, report)| match report {
        Report::Digit { duration, .. } => Some(*duration),
        _ => None,
    });
    assert_eq!(durations.collect::<Vec<_>>(), [millis(80); 3]);
}

#[test]
fn keys_pass_to_the_other_party_on_its_own_clock() {
    for (a, b) in [(Codec::Pcma, Codec::Opus), (Codec::Opus, Codec::Pcma), (Codec::Pcma, Codec::Pcma), (Codec::Pcma, Codec::Pcmu)] {
        let mut world = World::bridged(a, b);
        world.talk().run(500);
        world.phones[0].talks = false;
        world.run(20);
        let (clock_a, clock_b) = (a.clock_rate(), b.clock_rate());
        let begun = world.phones[0].timestamp;
        for step in 1..=5_u16 {
            world.key(0, 7, step == 5, step * (clock_a / 50) as u16, begun).run(20);
        }
        world.key(0, 7, true, 5 * (clock_a / 50) as u16, begun);
        let event_type = world.phones[1].parameters.send_event_type;
        let is_event = |got: &&Got| Some(got.header.payload_type) == event_type;
        let events: Vec<Got> = world.phones[1].got.iter().filter(is_event).cloned().collect();
        assert_eq!(events.len(), 6, "{a} {b}");
        let read: Vec<Event> = events.iter().map(|got| Event::read(&got.payload).expect("an event")).collect();
        for (step, event) in read.iter().enumerate() {
            let ticks = (step as u32 + 1).min(5) * (clock_b / 50);
            assert_eq!((event.code, event.end, u32::from(event.duration)), (7, step >= 4, ticks), "{a} {b}");
        }
        assert!(events.iter().all(|got| got.header.timestamp == events[0].header.timestamp), "one timestamp a press");
        assert_eq!(events.iter().filter(|got| got.header.marker).count(), 1);
        assert!(world.phones[1].got.windows(2).all(|pair| pair[1].header.sequence == pair[0].header.sequence.wrapping_add(1)), "{a} {b}");
        world.phones[0].talks = true;
        world.run(300);
        let last = world.phones[1].got.last().expect("packets");
        assert_eq!(Some(last.header.payload_type), Some(world.phones[1].parameters.send_payload_type), "sound goes on");
        assert_eq!(last.header.ssrc, events[0].header.ssrc);
        assert_eq!(world.digits(), "7");
    }
}

#[test]
fn a_party_without_telephone_events_is_sent_none() {
    let mut world = World::bridged(Codec::Pcma, Codec::Pcma);
    world.configure(1, |parameters| parameters.send_event_type = None).talk().run(100);
    world.key(0, 3, true, 800, 1);
    assert!(world.phones[1].got.iter().all(|got| got.header.payload_type == 8));
    assert_eq!(world.digits(), "3");
}

/// Something like a voice: a buzz of 130 Hz with formants that move from vowel to vowel, four syllables a second.
pub fn babble(ms: usize) -> Vec<i16> {
    let rate = 8_000.0;
    let mut rng = Rng::new(77);
    let vowels = [(730.0, 1_090.0, 2_440.0), (270.0, 2_290.0, 3_010.0), (570.0, 840.0, 2_410.0), (530.0, 1_840.0, 2_480.0)];
    let mut states = [[0.0_f64; 2]; 3];
    let mut phase = 0.0_f64;
    (0..ms * 8)
        .map(|n| {
            let t = n as f64 / rate;
            let place = t * 4.0;
            let (from, to) = (vowels[place as usize % 4], vowels[(place as usize + 1) % 4]);
            let mix = place.fract();
            let formants = [from.0 + (to.0 - from.0) * mix, from.1 + (to.1 - from.1) * mix, from.2 + (to.2 - from.2) * mix];
            phase += (130.0 + 25.0 * (t * 9.0).sin()) / rate;
            let pulse = if phase >= 1.0 { 1.0 } else { 0.0 };
            phase = phase.fract();
            let mut sound = pulse + (rng.below(2_000) as f64 - 1_000.0) * 2e-5;
            for (state, hz) in states.iter_mut().zip(formants) {
                let r = (-std::f64::consts::PI * 90.0 / rate).exp();
                let next = sound + 2.0 * r * (std::f64::consts::TAU * hz / rate).cos() * state[0] - r * r * state[1];
                (state[1], state[0]) = (state[0], next);
                sound = next * 0.35;
            }
            let syllable = (0.5 - 0.5 * (place * std::f64::consts::TAU).cos()).sqrt();
            (sound * syllable * 9_000.0).clamp(-30_000.0, 30_000.0) as i16
        })
        .collect()
}

#[test]
fn voice_is_told_when_it_begins_and_when_it_ends() {
    for (own, other) in [(Codec::Pcma, Codec::Pcma), (Codec::Pcmu, Codec::Opus), (Codec::G722, Codec::Pcma)] {
        let mut world = World::bridged(own, other);
        world.command(Command::ListenForSpeech { session: SESSION, leg: LegId(1), on: true }).run(1_000);
        let law = if own == Codec::Pcma { crate::audio::g711::Law::A } else { crate::audio::g711::Law::Mu };
        for frame in babble(2_000).chunks(160) {
            let mut payload = Vec::new();
            law.encode(frame, &mut payload);
            world.say(0, &payload).run(20);
        }
        // Then no packet at all comes: that is silence too.
        world.run(2_000);
        let (spoke, fell_silent) = (
            world.times(|report| matches!(report, Report::Spoke { leg: LegId(1), .. })),
            world.times(|report| matches!(report, Report::FellSilent { leg: LegId(1), .. })),
        );
        assert!(spoke.len() == 1 && (1_100..1_450).contains(&spoke[0]), "{spoke:?}");
        assert!(fell_silent.len() == 1 && (3_400..3_900).contains(&fell_silent[0]), "{fell_silent:?}");
    }
}

#[test]
fn tones_and_unheard_legs_tell_nothing() {
    let mut world = World::bridged(Codec::Pcma, Codec::Opus);
    world.command(Command::ListenForSpeech { session: SESSION, leg: LegId(1), on: true });
    world.phones[0].voice = Tone::new(&[450.0], &[1_000, 4_000], crate::audio::Rate::Hz8000, -15.0);
    world.talk().run(10_000);
    assert!(world.times(|report| matches!(report, Report::Spoke { .. })).is_empty());
    assert!(world.now == at(10_000) && secs(10) == world.now.since_start());
}
