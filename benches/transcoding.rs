//! What a transcoded call costs beside its codecs alone: a call of each pair of codecs through the whole engine (packets in, jitter buffers,
//! decoding, mixing, recording's copies, encoding, packets out) and the same frames through the same decoders and encoders with nothing
//! around them, alternated second by second, without sockets. By the clock: a second takes less than a time slice, so that the median is of
//! those that nothing else interrupted.
//! `cargo bench --bench transcoding -- [PAIRS]`

use sanling::audio::{Decoder, Encoder, OpusSettings, Rate, wav};
use sanling::base::time::{millis, secs};
use sanling::base::{CallId, Codec, Instant, LegId, OpusWishes, Rng, SessionId, Timestamp};
use sanling::io::shipped;
use sanling::media::control::{Command, StreamParameters, all_hear_all};
use sanling::media::{Component, Engine, EngineSettings, Turn};
use sanling::rtp::Header;
use std::hint::black_box;
use std::net::SocketAddr;
use std::sync::Arc;

/// Of a call's second.
const ROUNDS: usize = 50;
/// What jitter buffers, codecs and caches settle in.
const WARM_UP: usize = 5;

const CALLS: [[Codec; 2]; 7] = [
    [Codec::Pcma, Codec::Pcma],
    [Codec::Pcma, Codec::Pcmu],
    [Codec::Pcma, Codec::G722],
    [Codec::Pcma, Codec::Opus],
    [Codec::G722, Codec::G722],
    [Codec::G722, Codec::Opus],
    [Codec::Opus, Codec::Opus],
];

fn encoder(codec: Codec, rate: Rate) -> Encoder {
    let settings = OpusSettings::default().wished(OpusWishes::default());
    if codec == Codec::Opus { Encoder::with_opus(rate, settings) } else { Encoder::new(codec, rate) }
}

/// A sentence of the shipped prompts in that codec, in payloads of 20 ms.
fn speech(codec: Codec, from: usize) -> Vec<Vec<u8>> {
    let rate = if codec.is_wideband() { Rate::Hz16000 } else { Rate::Hz8000 };
    let clip = shipped::FILES.iter().find(|(path, _)| *path == "prompts/zh-CN/survey_ask.wav").expect("shipped");
    let mut samples = wav::read(clip.1, rate).expect("a WAV");
    let begin = from.min(samples.len());
    samples.rotate_left(begin);
    let mut encoder = encoder(codec, rate);
    let frames = samples.chunks_exact(rate.samples_per_frame()).map(|frame| {
        let mut payload = Vec::new();
        encoder.encode(frame, &mut payload);
        payload
    });
    frames.collect()
}

/// One call in the engine.
struct Call {
    engine: Engine,
    turn: Turn,
    now: Instant,
    number: usize,
    codecs: [Codec; 2],
    said: [Vec<Vec<u8>>; 2],
    heard: usize,
}

impl Call {
    fn new(codecs: [Codec; 2], said: [Vec<Vec<u8>>; 2]) -> Self {
        let now = Instant::START + secs(1);
        let mut engine = Engine::new(EngineSettings::default(), Arc::default(), 1);
        let (mut turn, session, legs) = (Turn::new(), SessionId(1), [LegId(1), LegId(2)]);
        for (leg, codec) in legs.into_iter().zip(codecs) {
            engine.allocated(session, leg, SocketAddr::from(([192, 0, 2, 1], 20_000)), now, &mut turn);
            let parameters = StreamParameters::new(phone(leg), codec);
            engine.handle_command(Command::Configure { session, leg, parameters }, now, &mut turn);
        }
        engine.handle_command(Command::SetHearing { session, hearing: all_hear_all(&legs) }, now, &mut turn);
        let call = CallId::new(Timestamp(1), &mut Rng::new(1));
        engine.handle_command(
            Command::StartRecording { session, call, left: legs[0], right: vec![legs[1]], began_at: None },
            now,
            &mut turn,
        );
        turn.clear();
        Self { engine, turn, now, number: 0, codecs, said, heard: 0 }
    }

    fn second(&mut self) {
        let mut bytes = Vec::with_capacity(512);
        for _ in 0..ROUNDS {
            self.now += millis(20);
            for (leg, (codec, said)) in [LegId(1), LegId(2)].into_iter().zip(self.codecs.iter().zip(&self.said)) {
                let header = Header {
                    payload_type: codec.static_payload_type().unwrap_or(111),
                    marker: false,
                    sequence: self.number as u16,
                    timestamp: (self.number as u32).wrapping_mul(codec.clock_rate() / 50),
                    ssrc: 1,
                };
                bytes.clear();
                header.write(&said[self.number % said.len()], &mut bytes);
                self.engine.handle_packet(leg, Component::Rtp, phone(leg), &bytes, self.now, &mut self.turn);
            }
            self.engine.tick(self.now, &mut self.turn);
            self.heard += black_box(self.turn.packets().len());
            self.turn.clear();
            self.number += 1;
        }
    }
}

fn phone(leg: LegId) -> SocketAddr {
    SocketAddr::from(([198, 51, 100, 1], 4_000 + leg.0 as u16))
}

/// The codecs of a call and nothing else.
struct Bare {
    ways: [(Decoder, Encoder); 2],
    said: [Vec<Vec<u8>>; 2],
    number: usize,
}

impl Bare {
    fn new(codecs: [Codec; 2], said: [Vec<Vec<u8>>; 2]) -> Self {
        let rate = if codecs.iter().any(|codec| codec.is_wideband()) { Rate::Hz16000 } else { Rate::Hz8000 };
        let [a, b] = codecs;
        let ways = [(a, b), (b, a)].map(|(from, to)| (Decoder::new(from, rate), encoder(to, rate)));
        Self { ways, said, number: 0 }
    }

    fn second(&mut self) {
        let (mut samples, mut payload) = (Vec::with_capacity(960), Vec::with_capacity(512));
        for _ in 0..ROUNDS {
            for ((decoder, encoder), said) in self.ways.iter_mut().zip(&self.said) {
                samples.clear();
                payload.clear();
                decoder.decode(&said[self.number % said.len()], &mut samples).expect("our own encoder's");
                encoder.encode(&samples, &mut payload);
                black_box(&payload);
            }
            self.number += 1;
        }
    }
}

/// Median and quartiles.
fn middle(mut all: Vec<f64>) -> [f64; 3] {
    all.sort_by(f64::total_cmp);
    [1, 2, 3].map(|quarter| all[all.len() * quarter / 4])
}

/// In microseconds.
fn timed(second: impl FnOnce()) -> f64 {
    let before = std::time::Instant::now();
    second();
    before.elapsed().as_secs_f64() * 1e6
}

fn main() {
    let pairs = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(300);
    println!("µs of one core for a second of a recorded call, both ways; median [quartiles] of {pairs} pairs, calls a core by it");
    println!("{:<14} {:>22} {:>22} {:>20} {:>9}", "call", "engine", "codecs alone", "ratio", "calls");
    for codecs in CALLS {
        let said = [speech(codecs[0], 0), speech(codecs[1], 8_000)];
        let (mut call, mut bare) = (Call::new(codecs, said.clone()), Bare::new(codecs, said));
        for _ in 0..WARM_UP {
            call.second();
            bare.second();
        }
        let heard = call.heard;
        let is_relayed = codecs[0] == codecs[1];
        let (mut ours, mut floor, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..pairs {
            let (engine, codec) = (timed(|| call.second()), timed(|| bare.second()));
            ours.push(engine);
            floor.push(codec);
            ratios.push(engine / codec);
        }
        // RTCP goes out besides.
        assert!(call.heard - heard >= pairs * ROUNDS * 2, "a packet for each that came");
        let shown = |all: Vec<f64>, digits: usize| {
            let [low, median, high] = middle(all);
            format!("{median:.digits$} [{low:.digits$}, {high:.digits$}]")
        };
        let calls = 1e6 / middle(ours.clone())[1];
        let name = format!("{} {} {}", codecs[0], if is_relayed { "=" } else { "↔" }, codecs[1]);
        // What is relayed is not decoded: there is no codec to compare with.
        let (alone, ratio) = if is_relayed { ("-".to_owned(), "-".to_owned()) } else { (shown(floor, 0), shown(ratios, 2)) };
        println!("{name:<14} {:>22} {alone:>22} {ratio:>20} {calls:>9.0}", shown(ours, 0));
    }
}
