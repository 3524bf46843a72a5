//! What is left of speech on a way that loses packets: a talker's packets go through the engine, some of them lost at random, to a hearer of
//! another codec, so that all is decoded, concealed and coded again. `scripts/measure-loss` feeds it recorded speech and judges the result.
//! `cargo bench --bench loss -- SPEECH.wav FOLDER`: mono, 16 bits, 8 or 16 kHz; writes FOLDER/CODEC-PERCENT.wav and prints the segmental SNR
//! against the same call without loss.

use sanling::audio::{Decoder, Encoder, OpusSettings, Rate, resample};
use sanling::base::time::{Duration, millis};
use sanling::base::{Codec, Instant, LegId, Rng, SessionId};
use sanling::media::control::{Command, StreamParameters};
use sanling::media::{Component, Engine, EngineSettings, Turn};
use sanling::rtp::{Header, Packet};
use std::path::Path;
use std::sync::Arc;

const SESSION: SessionId = SessionId(1);
const TALKER: LegId = LegId(1);
const HEARER: LegId = LegId(2);
const PERCENTS: [u32; 5] = [0, 1, 3, 5, 10];

/// How the talker sends.
#[derive(Clone, Copy)]
struct Way {
    name: &'static str,
    codec: Codec,
    /// Opus with a copy of each packet in the next, at 30 kb/s instead of 24.
    copies: bool,
}

const WAYS: [Way; 4] = [
    Way { name: "pcma", codec: Codec::Pcma, copies: false },
    Way { name: "g722", codec: Codec::G722, copies: false },
    Way { name: "opus", codec: Codec::Opus, copies: false },
    Way { name: "opus-fec", codec: Codec::Opus, copies: true },
];

fn main() {
    let mut words = std::env::args().skip(1).filter(|word| !word.starts_with("--"));
    let (Some(speech), Some(folder)) = (words.next(), words.next()) else {
        println!("cargo bench --bench loss -- SPEECH.wav FOLDER");
        return;
    };
    let mut reader = hound::WavReader::open(&speech).unwrap_or_else(|error| panic!("{speech}: {error}"));
    let hz = reader.spec().sample_rate;
    let samples: Vec<i16> = reader.samples().map(|sample| sample.expect("16 bits")).collect();
    std::fs::create_dir_all(&folder).unwrap_or_else(|error| panic!("{folder}: {error}"));
    print!("{:<10}", "way");
    PERCENTS.iter().for_each(|percent| print!("{percent:>7} %"));
    println!("   segmental SNR, dB, against the call without loss");
    for way in WAYS {
        print!("{:<10}", way.name);
        for percent in PERCENTS {
            // The same packets, all of them.
            let clean = heard(way, &samples, hz, percent, 0);
            let heard = heard(way, &samples, hz, percent, percent);
            write(&Path::new(&folder).join(format!("{}-{percent}.wav", way.name)), &heard);
            print!("{:>9.1}", segmental(&clean, &heard));
        }
        println!();
    }
}

/// What a hearer of µ-law hears at 8 kHz of `speech` whose sender expects so many packets of a hundred to be lost, and so many are.
fn heard(way: Way, speech: &[i16], hz: u32, expected: u32, lost: u32) -> Vec<i16> {
    let rate = if way.codec.is_wideband() { Rate::Hz16000 } else { Rate::Hz8000 };
    let speech = resample::convert(speech, hz, rate);
    let bitrate = if way.copies && expected > 0 { 30_000 } else { 24_000 };
    let settings = OpusSettings { bitrate, fec: way.copies, expected_loss_percent: expected as u8, ..OpusSettings::default() };
    let mut encoder = if way.codec == Codec::Opus { Encoder::with_opus(rate, settings) } else { Encoder::new(way.codec, rate) };
    let mut decoder = Decoder::new(Codec::Pcmu, Rate::Hz8000);
    let (mut engine, mut turn) = (Engine::new(EngineSettings::default(), Arc::default(), 7), Turn::new());
    let mut now = Instant::START + millis(1_000);
    let phones = [(TALKER, way.codec, "198.51.100.1:4000"), (HEARER, Codec::Pcmu, "198.51.100.2:4000")];
    for (leg, codec, remote) in phones {
        let ours = format!("192.0.2.1:{}", 20_000 + leg.0 * 2).parse().expect("an address");
        engine.allocated(SESSION, leg, ours, now, &mut turn);
        let parameters = StreamParameters::new(remote.parse().expect("an address"), codec);
        engine.handle_command(Command::Configure { session: SESSION, leg, parameters }, now, &mut turn);
    }
    engine.handle_command(Command::SetHearing { session: SESSION, hearing: vec![(HEARER, vec![TALKER])] }, now, &mut turn);
    let talker = phones[0].2.parse().expect("an address");
    // The same packets are lost of every codec.
    let (mut rng, mut out) = (Rng::new(2_026), Vec::new());
    for (number, frame) in speech.chunks_exact(rate.samples_per_frame()).enumerate() {
        let mut payload = Vec::new();
        encoder.encode(frame, &mut payload);
        let header = Header {
            payload_type: way.codec.static_payload_type().unwrap_or(111),
            marker: number == 0,
            sequence: number as u16,
            timestamp: number as u32 * way.codec.clock_rate() / 50,
            ssrc: 77,
        };
        let mut bytes = Vec::new();
        header.write(&payload, &mut bytes);
        if rng.below(100) >= u64::from(lost) {
            engine.handle_packet(TALKER, Component::Rtp, talker, &bytes, now, &mut turn);
        }
        let until = now + Duration::from_millis(20);
        while let Some(due) = engine.deadline().filter(|due| *due <= until) {
            engine.tick(due, &mut turn);
        }
        now = until;
        for (packet, bytes) in turn.packets().filter(|(packet, _)| packet.leg == HEARER) {
            if let (Component::Rtp, Ok(read)) = (packet.component, Packet::read(bytes)) {
                decoder.decode(read.payload, &mut out).expect("the engine sends sound");
            }
        }
        turn.clear();
    }
    out
}

fn write(path: &Path, samples: &[i16]) {
    let spec = hound::WavSpec { channels: 1, sample_rate: 8_000, bits_per_sample: 16, sample_format: hound::SampleFormat::Int };
    let mut file = hound::WavWriter::create(path, spec).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    samples.iter().for_each(|sample| file.write_sample(*sample).expect("written"));
    file.finalize().expect("written");
}

/// Mean over the frames with speech of the signal to error in dB, each between −10 and 35.
fn segmental(clean: &[i16], heard: &[i16]) -> f64 {
    let frames = clean.chunks_exact(160).zip(heard.chunks_exact(160));
    let ratios: Vec<f64> = frames
        .filter_map(|(clean, heard)| {
            let power: f64 = clean.iter().map(|sample| f64::from(*sample).powi(2)).sum();
            let error: f64 = clean.iter().zip(heard).map(|(clean, heard)| (f64::from(*clean) - f64::from(*heard)).powi(2)).sum();
            (power > 160.0 * 40_000.0).then(|| (10.0 * (power / (error + 1.0)).log10()).clamp(-10.0, 35.0))
        })
        .collect();
    ratios.iter().sum::<f64>() / ratios.len().max(1) as f64
}
