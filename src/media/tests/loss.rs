//! Ways that lose packets: what is made up for, and how the sender answers to what the far end tells.

use super::world::{World, at, rate_of};
use crate::audio::tone::Tone;
use crate::audio::{Decoder, Encoder, OpusSettings};
use crate::base::{Codec, OpusWishes};
use crate::media::Component;
use rtcp_types::{Compound, ReceiverReport, ReportBlock, RtcpPacketWriterExt};

/// A report of the second phone that so many 256ths of our packets were lost.
fn lost(world: &World, share: u8) -> Vec<u8> {
    let ours = world.phones[1].got.last().expect("packets").header.ssrc;
    let block = ReportBlock::builder(ours).fraction_lost(share);
    let compound = Compound::builder().add_packet(ReceiverReport::builder(77).add_report_block(block));
    let mut bytes = vec![0; 256];
    let written = compound.write_into(&mut bytes).expect("room");
    bytes.truncate(written);
    bytes
}

#[test]
fn what_is_lost_decides_how_opus_is_sent() {
    let mut world = World::bridged(Codec::Pcma, Codec::Opus);
    world.configure(1, |parameters| parameters.opus = OpusWishes { fec: true, ..OpusWishes::default() });
    let notes: Vec<f64> = (1..25).map(|n| 137.0 * f64::from(n)).collect();
    world.phones[0].voice = Tone::new(&notes, &[60, 20], rate_of(Codec::Pcma), -20.0);
    world.phones[0].talks = true;
    world.run(2_000);
    let bytes_since = |world: &World, from: u64| {
        let got = world.phones[1].got.iter().filter(|got| got.at > at(from));
        got.map(|got| got.payload.len()).sum::<usize>()
    };
    let clean = bytes_since(&world, 1_000);
    // A fifth is lost: fewer bits, and of those a copy in each packet.
    for _ in 0..4 {
        let report = lost(&world, 51);
        world.datagram(2, Component::Rtcp, "198.51.100.2:4001", &report).run(500);
    }
    let bad = bytes_since(&world, 3_000);
    assert!(bad < clean, "{bad} bytes a second, {clean} before");
    let copies = world.phones[1].got.iter().filter(|got| got.at > at(3_000)).filter(|got| has_copy(&got.payload)).count();
    assert!(copies > 25, "{copies} of 50 packets have a copy of the one before");
    assert_eq!(world.phones[1].got.iter().filter(|got| got.at < at(2_000)).filter(|got| has_copy(&got.payload)).count(), 0);
}

/// Whether a packet of Opus of one frame of SILK carries a copy of the one before (RFC 6716 §4.2.3, §4.2.4): the bit after the frame's own
/// voice activity.
fn has_copy(payload: &[u8]) -> bool {
    let config = payload[0] >> 3;
    // 20 ms of SILK, or SILK with more above it: the range coder's first symbols are raw enough to be read off the top bits.
    config < 16 && payload.len() > 1 && payload[1] & 0x40 != 0
}

#[test]
fn a_copy_in_the_next_packet_stands_for_the_one_that_was_lost() {
    // The same stream, with copies in it or without, one packet in ten lost: how far is what is heard from what was said?
    let heard_with = |fec: bool| {
        let mut world = World::bridged(Codec::Opus, Codec::Pcma);
        let settings = OpusSettings { fec, expected_loss_percent: 20, ..OpusSettings::default() };
        let rate = rate_of(Codec::Opus);
        let mut encoder = Encoder::with_opus(rate, settings);
        let mut told = Vec::new();
        world.run(1);
        for packet in 0..300_usize {
            let frame: Vec<i16> = (0..320).map(|n| syllables(packet * 320 + n)).collect();
            let mut payload = Vec::new();
            encoder.encode(&frame, &mut payload);
            if packet % 10 == 7 {
                world.phones[0].sequence = world.phones[0].sequence.wrapping_add(1);
                world.phones[0].timestamp = world.phones[0].timestamp.wrapping_add(960);
            } else {
                world.say(0, &payload);
            }
            told.push(payload);
            world.run(20);
        }
        // What comes without any loss, by the same decoder.
        let (mut decoder, mut clean) = (Decoder::new(Codec::Opus, rate_of(Codec::Pcma)), Vec::new());
        told.iter().for_each(|payload| decoder.decode(payload, &mut clean).expect("our own packet"));
        clearness(&clean, &world.phones[1].heard_since(at(0)))
    };
    let (with, without) = (heard_with(true), heard_with(false));
    assert!(with > without + 2.0, "{with} dB with copies, {without} dB without");
}

/// A voice of 130 Hz in syllables of 70 ms.
fn syllables(sample: usize) -> i16 {
    let wave = |hz: f64| (sample as f64 * hz / 16_000.0 * std::f64::consts::TAU).sin();
    let loud = if (sample / 1_120).is_multiple_of(2) { 1.0 } else { 0.05 };
    ((1..15).map(|harmonic| 4_000.0 / f64::from(harmonic) * wave(130.0 * f64::from(harmonic))).sum::<f64>() * loud) as i16
}

/// Signal to error in dB of the lost frames where the two fit best, frame by frame, as hearing judges: each at most 35 dB, at least −10.
fn clearness(truth: &[i16], heard: &[i16]) -> f64 {
    let at = |shift: usize| {
        let pairs: Vec<(f64, f64)> = truth.iter().zip(&heard[shift..]).map(|(a, b)| (f64::from(*a), f64::from(*b))).collect();
        let lost = pairs.chunks_exact(160).skip(7).step_by(10);
        let frames = lost.filter(|frame| frame.iter().map(|(a, _)| a * a).sum::<f64>() > 160.0 * 10_000.0);
        let ratios: Vec<f64> = frames
            .map(|frame| {
                let (power, error) = frame.iter().fold((0.0, 1.0), |(p, e), (a, b)| (p + a * a, e + (a - b) * (a - b)));
                (10.0 * (power / error).log10()).clamp(-10.0, 35.0)
            })
            .collect();
        ratios.iter().sum::<f64>() / ratios.len() as f64
    };
    (0..800).map(at).fold(f64::MIN, f64::max)
}
