//! Parties who send nothing while they say nothing: what is heard of them, and what is passed on.

use super::world::{World, at, level_at, rate_of};
use crate::audio::Encoder;
use crate::audio::OpusSettings;
use crate::audio::level::dbov;
use crate::base::{Codec, OpusWishes};

/// The first phone talks for a second, tells its silence by a packet of comfort noise, and sends nothing more.
fn falls_silent(own: Codec, other: Codec, level: u8) -> World {
    let mut world = World::bridged(own, other);
    world.phones[1].talks = false;
    world.phones[0].talks = true;
    world.run(1_000);
    world.phones[0].talks = false;
    rest(&mut world, &[level]);
    world
}

/// The first phone sends a packet of comfort noise.
fn rest(world: &mut World, payload: &[u8]) {
    let sound = world.phones[0].parameters.receive_payload_type;
    world.phones[0].parameters.receive_payload_type = 13;
    world.say(0, payload);
    world.phones[0].parameters.receive_payload_type = sound;
}

#[test]
fn who_is_decoded_is_heard_to_be_silent_as_he_told() {
    for (own, other) in [(Codec::Pcma, Codec::Pcmu), (Codec::Pcmu, Codec::Opus), (Codec::G722, Codec::Pcma)] {
        let mut world = falls_silent(own, other, 48);
        world.run(2_000);
        let hearer = &world.phones[1];
        let heard = hearer.heard_since(at(1_200));
        let level = dbov(&heard);
        assert!((-53.0..-45.0).contains(&level), "{own} to {other}: {level} dBov");
        assert!(level_at(&heard, 400.0, rate_of(other)) < -60.0, "the voice itself is over");
        hearer.expect_one_stream();
        // Louder, and then a word: the noise gives way to it.
        rest(&mut world, &[40]);
        world.run(1_000);
        let louder = dbov(&world.phones[1].heard_since(at(3_300)));
        assert!((-45.0..-37.0).contains(&louder), "{own} to {other}: {louder} dBov");
        world.phones[0].talks = true;
        world.run(1_000);
        let word = level_at(&world.phones[1].heard_since(at(4_300)), 400.0, rate_of(other));
        assert!((word + 20.0).abs() < 1.5, "{own} to {other}: {word} dBov");
        world.phones[1].expect_one_stream();
    }
}

#[test]
fn comfort_noise_is_passed_on_to_who_takes_it_and_nobody_misses_it() {
    for takes in [true, false] {
        let mut world = World::bridged(Codec::Pcma, Codec::Pcma);
        world.configure(1, |parameters| parameters.comfort_noise = takes);
        world.phones[0].talks = true;
        world.run(1_000);
        world.phones[0].talks = false;
        rest(&mut world, &[61, 130]);
        world.run(500);
        world.phones[0].talks = true;
        world.run(500);
        let hearer = &world.phones[1];
        let noise: Vec<_> = hearer.got.iter().filter(|got| got.header.payload_type == 13).map(|got| got.payload.clone()).collect();
        assert_eq!(noise, if takes { vec![vec![61, 130]] } else { Vec::new() });
        let mut numbers = hearer.got.windows(2).map(|pair| pair[1].header.sequence.wrapping_sub(pair[0].header.sequence));
        assert!(numbers.all(|step| step == 1), "no gap that would be taken for loss");
    }
}

#[test]
fn opus_that_is_not_sent_in_silence_is_heard_as_the_room_it_was() {
    let mut world = World::bridged(Codec::Opus, Codec::Pcma);
    let settings = OpusSettings::default().wished(OpusWishes { dtx: true, ..OpusWishes::default() });
    world.phones[0].encoder = Encoder::with_opus(rate_of(Codec::Opus), settings);
    world.talk().run(1_000);
    // What its encoder gives for quiet noise: packets of a byte or two, most of which a phone does not send.
    let mut encoder = Encoder::with_opus(rate_of(Codec::Opus), settings);
    world.phones[0].talks = false;
    let mut sent = 0;
    for tick in 0..150_u32 {
        let frame: Vec<i16> = (0..320_u32).map(|n| ((tick * 320 + n).wrapping_mul(2_654_435_761) >> 25) as i16 - 64).collect();
        let mut payload = Vec::new();
        encoder.encode(&frame, &mut payload);
        if payload.len() > 2 || tick % 20 == 0 {
            world.phones[0].timestamp = world.phones[0].timestamp.wrapping_sub(960);
            world.say(0, &payload);
            sent += 1;
        }
        world.run(20);
    }
    assert!(sent < 75, "{sent} of 150 packets");
    let hearer = &world.phones[1];
    hearer.expect_one_stream();
    let heard = hearer.got.iter().filter(|got| got.at > at(2_500)).count();
    assert!(heard >= 70, "{heard} packets in the last 1.5 s");
    let level = dbov(&hearer.heard_since(at(2_500)));
    assert!((-75.0..-45.0).contains(&level), "neither a dead line nor a voice: {level} dBov");
}

#[test]
fn who_would_rather_get_nothing_than_silence_gets_nothing() {
    for dtx in [true, false] {
        let mut world = World::bridged(Codec::Pcma, Codec::Opus);
        world.configure(1, |parameters| parameters.opus.dtx = dtx);
        world.phones[0].talks = true;
        world.run(1_000);
        world.phones[0].voice = crate::audio::tone::Tone::new(&[400.0], &[], rate_of(Codec::Pcma), -120.0);
        let before = world.phones[1].got.len();
        world.run(2_000);
        let got = world.phones[1].got.len() - before;
        assert!(if dtx { got < 40 } else { got >= 99 }, "{got} packets of 100 of silence");
        world.phones[0].voice = crate::audio::tone::Tone::new(&[400.0], &[], rate_of(Codec::Pcma), -20.0);
        world.run(1_000);
        let level = level_at(&world.phones[1].heard_since(at(3_300)), 400.0, rate_of(Codec::Opus));
        assert!((level + 20.0).abs() < 1.5, "his voice is there again: {level}");
    }
}
