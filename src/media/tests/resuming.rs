//! A restart in the middle of a call: another engine with the same seed goes on with the legs, and no hearer sees its stream go back.

use super::world::{Got, SESSION, World, at, level_at, rate_of};
use crate::base::{CallId, Codec, LegId, Rng, Timestamp};
use crate::media::Component;
use crate::media::control::{Background, Command, Recorded, Report};
use crate::rtp::{Arrival, Receiver};

/// Whether a receiver by RFC 3550 takes all of it for one stream, with no packet of an old number in it.
fn expect_it_goes_on(got: &[Got], clock_rate: u32, story: &str) {
    let mut receiver = Receiver::new(clock_rate);
    for (index, packet) in got.iter().enumerate() {
        let arrival = receiver.receive(packet.header.ssrc, packet.header.sequence);
        match arrival {
            Arrival::Began { .. } => assert_eq!(index, 0, "{story}: begun anew"),
            Arrival::Next { missing, .. } => assert!(missing < 3_000, "{story}: {missing}"),
            other => panic!("{story}: {other:?} at {:?}", packet.at),
        }
    }
    for pair in got.windows(2) {
        let step = pair[1].header.timestamp.wrapping_sub(pair[0].header.timestamp) as i32;
        let passed = (pair[1].at - pair[0].at).as_secs_f64();
        assert!(step > 0 && (f64::from(step) / f64::from(clock_rate) - passed).abs() < 0.06, "{story}: {step} ticks in {passed} s");
    }
}

#[test]
fn relay_transcoding_and_our_own_sound_go_on_where_they_were() {
    for (a, b) in [
        (Codec::Pcma, Codec::Pcma),
        (Codec::Pcma, Codec::Pcmu),
        (Codec::Opus, Codec::Pcma),
        (Codec::Opus, Codec::Opus),
        (Codec::G722, Codec::Pcma),
    ] {
        for (gone, music_before, music_after) in [(300, false, false), (1_500, true, false), (700, false, true)] {
            let story = format!("{a} {b}, {gone} ms, music {music_before} {music_after}");
            let music =
                |leg| Command::SetBackground { session: SESSION, leg: LegId(leg), background: Background::Music("music/hold".into()) };
            let mut world = World::bridged(a, b);
            world.talk().run(3_000);
            if music_before {
                world.command(music(1)).run(1_000);
            }
            world.restart(gone).all_hear_all(&[1, 2]);
            if music_after {
                world.command(music(2));
            }
            let again = world.now;
            world.run(1_000);
            for phone in &world.phones {
                expect_it_goes_on(&phone.got, phone.parameters.codec.clock_rate(), &story);
                assert!(phone.got.iter().filter(|got| got.at > again).count() >= 40, "{story}");
            }
            let (hears, rate) = (if music_after { 620.0 } else { 400.0 }, rate_of(b));
            let heard = world.phones[1].heard_since(again + crate::base::time::millis(200));
            assert!(level_at(&heard[..rate.samples_in_ms(500)], hears, rate) > -23.0, "{story}");
        }
    }
}

#[test]
fn the_same_seed_and_leg_give_the_same_numbers_whatever_else_happened() {
    let first = |legs: &[u64]| {
        let mut world = World::new();
        for leg in legs {
            world.phone(*leg, Codec::Pcma, 400.0);
        }
        let leg = LegId(7);
        world.command(Command::SetBackground { session: SESSION, leg, background: Background::Silence }).run(40);
        let phone = world.phones.iter().find(|phone| phone.leg == leg).expect("it was made");
        phone.got[0].header
    };
    assert_eq!(first(&[7]), first(&[1, 2, 3, 7]));
    let mut ssrcs: Vec<u32> = (1..2_000).map(|leg| Rng::new(0x2A ^ u64::wrapping_mul(leg, 0xD6E8_FEB8_6659_FD93)).next_u32()).collect();
    ssrcs.sort_unstable();
    ssrcs.dedup();
    assert_eq!(ssrcs.len(), 1_999);
}

#[test]
fn a_phone_behind_nat_is_latched_anew_by_its_first_packet() {
    let mut world = World::bridged(Codec::Pcma, Codec::Pcma);
    world.configure(0, |parameters| {
        parameters.remote = "192.168.1.7:4000".parse().expect("an address");
        parameters.signalled_from = "203.0.113.5".parse().expect("an address");
    });
    world.phones[0].address = "203.0.113.5:777".parse().expect("an address");
    world.talk().run(500).restart(300).all_hear_all(&[1, 2]);
    let again = world.now;
    world.run(500);
    let got = world.phones[0].got.iter().filter(|got| got.at > again).count();
    assert!(got >= 22, "sound goes to where its packets come from: {got}");
    // Nobody takes it over after.
    let stranger = world.phones[0].packet(&[0x55; 160]);
    let before = world.phones[1].got.len();
    world.datagram(1, Component::Rtp, "203.0.113.5:778", &stranger);
    assert_eq!(world.phones[1].got.len(), before);
}

#[test]
fn the_recording_goes_on_at_its_place() {
    let mut world = World::bridged(Codec::Pcma, Codec::Pcma);
    let call = CallId::new(Timestamp(1), &mut Rng::new(1));
    let start = |began_at| Command::StartRecording { session: SESSION, call, left: LegId(1), right: vec![LegId(2)], began_at };
    world.run(100).command(start(None)).talk().run(1_000);
    world.recorded.clear();
    world.restart(2_000).all_hear_all(&[1, 2]).command(start(Some(at(100))));
    world.run(500).command(Command::StopRecording { session: SESSION });
    assert_eq!(world.recorded.first(), Some(&Recorded::Started { call, rate: 8_000, resumed: true }));
    let place = |chunk: &Recorded| if let Recorded::Audio { position, .. } = chunk { Some(*position) } else { None };
    let first = world.recorded.iter().find_map(place).expect("sound");
    assert!((3_000 * 8..=3_025 * 8).contains(&first), "{first}");
    assert_eq!(world.recorded.last(), Some(&Recorded::Stopped { call, samples: 3_500 * 8 }));
    assert_eq!(world.times(|report| matches!(report, Report::FirstPacket { leg: LegId(1), .. })).len(), 2, "told anew");
}
