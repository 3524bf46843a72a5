//! What changes under a running call: codec, clips, the worker's pace, the phone's own stream.

use super::world::{SESSION, World, at, clip, level_at, rate_of};
use crate::audio::Encoder;
use crate::audio::tone::Tone;
use crate::base::{CallId, Rng, Timestamp};
use crate::base::{Codec, LegId, time::millis, time::secs};
use crate::media::ClipLibrary;
use crate::media::control::{Background, Channel, Command, Recorded, Report, Sound};
use std::sync::Arc;

/// A re-INVITE brings the phone to another codec.
fn change_codec(world: &mut World, phone: usize, codec: Codec, hz: f64) {
    world.phones[phone].encoder = Encoder::new(codec, rate_of(codec));
    world.phones[phone].voice = Tone::new(&[hz], &[], rate_of(codec), -20.0);
    let new = super::parameters(codec, "198.51.100.1:4000");
    world.configure(phone, |parameters| *parameters = new);
}

#[test]
fn another_codec_in_the_middle_is_the_same_stream() {
    let mut world = World::bridged(Codec::Pcma, Codec::Pcma);
    let call = CallId::new(Timestamp(0), &mut Rng::new(1));
    world.command(Command::StartRecording { session: SESSION, call, left: LegId(1), right: vec![LegId(2)], began_at: None });
    world.talk().run(1_000);
    change_codec(&mut world, 0, Codec::Opus, 400.0);
    world.run(1_000);
    change_codec(&mut world, 0, Codec::Pcma, 400.0);
    world.run(1_000);
    world.phones[1].expect_one_stream();
    let got = &world.phones[0].got;
    assert!(got.windows(2).all(|pair| pair[1].header.ssrc == pair[0].header.ssrc));
    assert!(got.windows(2).all(|pair| pair[1].header.sequence == pair[0].header.sequence.wrapping_add(1)));
    let types: Vec<u8> = got.iter().map(|got| got.header.payload_type).collect();
    assert!(types[..45] == [8; 45] && types[60..95] == [111; 35] && types[types.len() - 45..] == [8; 45], "{types:?}");
    let heard = world.phones[1].heard_since(at(1_300));
    let heard = &heard[..4_000];
    assert!((level_at(heard, 400.0, rate_of(Codec::Pcma)) + 20.0).abs() < 1.5, "decoded in between");
    let sources = world.recorded.iter().filter_map(|chunk| match chunk {
        Recorded::Audio { channel: Channel::Left, audio: Sound::Encoded { codec, source, .. }, .. } => Some((*codec, *source)),
        _ => None,
    });
    let mut sources: Vec<_> = sources.collect();
    sources.dedup();
    assert_eq!(sources.len(), 3, "each codec is a source of its own to the recorder: {sources:?}");
    assert!(sources[0].1 != sources[1].1 && sources[1].1 != sources[2].1);
}

#[test]
fn a_phone_that_begins_anew_is_heard_on_in_the_same_stream() {
    for (a, b) in [(Codec::Pcma, Codec::Pcma), (Codec::Pcma, Codec::Pcmu)] {
        let mut world = World::bridged(a, b);
        world.talk().run(1_000);
        world.phones[0].ssrc ^= 0x5555;
        world.phones[0].sequence = 3;
        world.phones[0].timestamp = 77;
        world.run(1_000);
        // The same SSRC, but a sequence far away: two packets in a row tell.
        world.phones[0].sequence = 40_000;
        world.run(1_000);
        let got = &world.phones[1].got;
        assert!(got.len() > 140, "{}", got.len());
        assert!(got.windows(2).all(|pair| pair[1].header.sequence == pair[0].header.sequence.wrapping_add(1)));
        assert!(got.windows(2).all(|pair| pair[1].header.timestamp.wrapping_sub(pair[0].header.timestamp) <= 160 * 6));
    }
}

#[test]
fn new_clips_are_played_from_the_next_one_on() {
    let mut world = World::new();
    world.phone(1, Codec::Pcma, 400.0);
    world.announce(1, &["welcome", "welcome"], 1).run(500);
    let mut library = ClipLibrary::new();
    library.insert("welcome".into(), clip(2_000.0, 500));
    world.engine.set_clips(Arc::new(library));
    world.run(2_000);
    let heard = world.phones[0].heard_since(at(0));
    assert_eq!(heard.len(), 75 * 160, "one second of the old one, half a second of the new one");
    assert!((level_at(&heard[..8_000], 1_000.0, rate_of(Codec::Pcma)) + 18.0).abs() < 1.0);
    assert!((level_at(&heard[8_000..], 2_000.0, rate_of(Codec::Pcma)) + 18.0).abs() < 1.0);
}

#[test]
fn a_worker_that_was_late_makes_up_for_a_little_and_leaves_out_much() {
    for (late_ms, sent) in [(0, 1), (60, 4), (100, 6), (1_000, 5)] {
        let mut world = World::new();
        world.phone(1, Codec::Pcma, 400.0);
        world.command(Command::SetBackground { session: SESSION, leg: LegId(1), background: Background::Silence }).run(100);
        let before = world.phones[0].got.len();
        // The next tick is due at 120 ms.
        world.now = at(120 + late_ms);
        world.engine.tick(world.now, &mut world.turn);
        world.run(0).command(Command::SetHearing { session: SESSION, hearing: Vec::new() });
        assert_eq!(world.phones[0].got.len() - before, sent, "{late_ms} ms late");
        world.run(100);
        let got = &world.phones[0].got;
        assert!(got.windows(2).all(|pair| pair[1].header.sequence == pair[0].header.sequence.wrapping_add(1)));
        let told = got.last().expect("packets").header.timestamp.wrapping_sub(got[0].header.timestamp);
        let passed = world.now - got[0].at;
        assert!((f64::from(told) / 8_000.0 - passed.as_secs_f64()).abs() < 0.025, "{told} ticks for {passed:?}");
    }
}

#[test]
fn keys_that_cannot_be_passed_on_leave_no_hole() {
    let mut world = World::bridged(Codec::Pcma, Codec::Pcma);
    world.configure(1, |parameters| parameters.send_event_type = None).talk().run(300);
    for key in 0..3_u16 {
        world.phones[0].talks = false;
        let timestamp = world.phones[0].timestamp;
        for step in 1..=5 {
            world.key(0, 5, step == 5, step * 160, timestamp).run(20);
        }
        world.phones[0].talks = true;
        world.run(200 + u64::from(key));
    }
    let got = &world.phones[1].got;
    assert!(got.len() > 35 && got.windows(2).all(|pair| pair[1].header.sequence == pair[0].header.sequence.wrapping_add(1)));
    assert_eq!(world.digits(), "555");
}

#[test]
fn speech_is_told_within_three_hundred_milliseconds() {
    let mut world = World::bridged(Codec::Pcma, Codec::Pcma);
    world.command(Command::ListenForSpeech { session: SESSION, leg: LegId(1), on: true }).run(1_000);
    for frame in super::hearing::babble(1_000).chunks(160) {
        let mut payload = Vec::new();
        crate::audio::g711::Law::A.encode(frame, &mut payload);
        world.run(20).say(0, &payload);
    }
    let spoke = world.times(|report| matches!(report, Report::Spoke { .. }));
    assert!(spoke.len() == 1 && spoke[0] <= 1_000 + 300, "{spoke:?}: the first word's first packet was sent at 1,020");
    assert!(world.now.since_start() >= millis(2_000));
}

/// RFC 3264 §7: of the codecs that its answer lists a phone may send any, and another one later.
#[test]
fn a_phone_that_turns_to_another_codec_of_its_answer_is_heard_and_answered_in_it() {
    let mut world = World::bridged(Codec::Pcma, Codec::Pcma);
    let settled = world.phones[0].parameters.clone();
    let other = crate::base::OtherCodec {
        codec: Codec::Pcmu,
        send_payload_type: 0,
        receive_payload_type: 0,
        send_event_type: settled.send_event_type,
        receive_event_type: settled.receive_event_type,
        event_clock: None,
        comfort_noise: false,
        opus: settled.opus,
    };
    world.configure(0, |parameters| {
        parameters.others = vec![other];
        parameters.rtp_timeout = secs(2);
    });
    let ordered = world.phones[0].parameters.clone();
    world.talk().run(1_000);
    for codec in [Codec::Pcmu, Codec::Pcma, Codec::Pcmu] {
        let phone = &mut world.phones[0];
        phone.parameters = if codec == Codec::Pcma { ordered.clone() } else { ordered.turned_to(codec).expect("it has it") };
        phone.encoder = crate::audio::Encoder::new(codec, crate::audio::Rate::Hz8000);
        // It is described again meanwhile, as with a hold, and that is no reason to speak otherwise.
        world.run(1_000).command(Command::Configure { session: SESSION, leg: LegId(1), parameters: ordered.clone() });
        let since = world.now;
        world.run(2_500);
        for (phone, hz) in [(0, 700.0), (1, 400.0)] {
            let heard = world.phones[phone].heard_since(since);
            assert!(heard.len() > 19_000, "{codec}: {phone} {}", heard.len());
            let level = level_at(&heard, hz, crate::audio::Rate::Hz8000);
            assert!((level + 20.0).abs() < 1.5, "{codec}: {phone} at {level}");
        }
    }
    assert!(world.times(|report| matches!(report, Report::TimedOut { .. })).is_empty());
}
