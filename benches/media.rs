//! The media plane's hot paths. Goals: relay a packet in 0.5 µs with its copy for the recording, tick a transcoded session G.711 to
//! G.711 in 3 µs, hold and give back a packet in 0.1 µs, carry a conference of 32 phones of G.711 in 1 % of a core (200 µs each 20 ms), encrypt or
//! decrypt a packet in 1 µs.

#![allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)] // A leg's number makes its pitch; a packet's is its sequence.

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use sanling::base::srtp::{MasterKey, SrtpKeys, Suite};
use sanling::base::time::millis;
use sanling::base::{CallId, Codec, Instant, LegId, Rng, SessionId, Timestamp, time::secs};
use sanling::media::control::{Command, StreamParameters, all_hear_all};
use sanling::media::{ClipLibrary, Component, Engine, EngineSettings, Turn};
use sanling::rtp::srtp::{Inbound, Outbound};
use sanling::rtp::{Header, JitterBuffer, Next};
use std::hint::black_box;
use std::net::SocketAddr;
use std::sync::Arc;

fn parameters(codec: Codec, port: u16) -> StreamParameters {
    let remote = SocketAddr::from(([198, 51, 100, 1], port));
    StreamParameters { send_event_type: Some(101), receive_event_type: Some(101), ..StreamParameters::new(remote, codec) }
}

fn packet(codec: Codec, sequence: u16, payload: &[u8]) -> Vec<u8> {
    let timestamp = u32::from(sequence) * codec.clock_rate() / 50;
    let mut bytes = Vec::new();
    let payload_type = codec.static_payload_type().unwrap_or(111);
    Header { payload_type, marker: false, sequence, timestamp, ssrc: 1 }.write(payload, &mut bytes);
    bytes
}

struct Rig {
    engine: Engine,
    turn: Turn,
    now: Instant,
    sequence: u16,
    codecs: [Codec; 2],
    payloads: [Vec<u8>; 2],
}

impl Rig {
    /// One bridged and recorded session among `others` that are silent.
    fn new(codecs: [Codec; 2], others: u64) -> Self {
        let now = Instant::START + secs(1);
        let mut engine = Engine::new(EngineSettings::default(), Arc::new(ClipLibrary::new()), 1);
        let mut turn = Turn::new();
        for session in (0..=others).map(SessionId) {
            let (a, b) = (LegId(session.0 * 2 + 1), LegId(session.0 * 2 + 2));
            for (leg, codec, port) in [(a, codecs[0], 4_000), (b, codecs[1], 5_000)] {
                engine.allocated(session, leg, SocketAddr::from(([192, 0, 2, 1], 20_000)), now, &mut turn);
                engine.handle_command(Command::Configure { session, leg, parameters: parameters(codec, port) }, now, &mut turn);
            }
            engine.handle_command(Command::SetHearing { session, hearing: all_hear_all(&[a, b]) }, now, &mut turn);
            let call = CallId::new(Timestamp(1), &mut Rng::new(session.0));
            engine.handle_command(Command::StartRecording { session, call, left: a, right: vec![b], began_at: None }, now, &mut turn);
        }
        turn.clear();
        let payloads = codecs.map(|codec| {
            let rate = if codec == Codec::Opus { sanling::audio::Rate::Hz16000 } else { sanling::audio::Rate::Hz8000 };
            let mut payload = Vec::new();
            sanling::audio::Encoder::new(codec, rate).encode(&vec![1_000; rate.samples_per_frame()], &mut payload);
            payload
        });
        Self { engine, turn, now, sequence: 0, codecs, payloads }
    }

    /// One packet from each leg, then the tick.
    fn round(&mut self) {
        self.now += millis(20);
        self.sequence = self.sequence.wrapping_add(1);
        for (leg, port) in [(0, 4_000), (1, 5_000)] {
            let bytes = packet(self.codecs[leg], self.sequence, &self.payloads[leg]);
            let from = SocketAddr::from(([198, 51, 100, 1], port));
            self.engine.handle_packet(LegId(leg as u64 + 1), Component::Rtp, from, &bytes, self.now, &mut self.turn);
        }
        self.engine.tick(self.now, &mut self.turn);
        black_box(self.turn.packets().len());
        self.turn.clear();
    }
}

/// A conference in which everybody speaks and hears all the others, and one is recorded with all of them on his right.
struct Conference {
    engine: Engine,
    turn: Turn,
    now: Instant,
    sequence: u16,
    codec: Codec,
    /// What each says, one frame after the other.
    said: Vec<Vec<Vec<u8>>>,
}

impl Conference {
    fn new(codec: Codec, parties: u64) -> Self {
        let now = Instant::START + secs(1);
        let mut engine = Engine::new(EngineSettings::default(), Arc::new(ClipLibrary::new()), 1);
        let (mut turn, session) = (Turn::new(), SessionId(1));
        let legs: Vec<LegId> = (1..=parties).map(LegId).collect();
        for leg in &legs {
            let address = SocketAddr::from(([192, 0, 2, 1], 20_000));
            engine.allocated(session, *leg, address, now, &mut turn);
            let parameters = parameters(codec, 4_000 + u16::try_from(leg.0).expect("a few legs"));
            engine.handle_command(Command::Configure { session, leg: *leg, parameters }, now, &mut turn);
        }
        engine.handle_command(Command::SetHearing { session, hearing: all_hear_all(&legs) }, now, &mut turn);
        let (left, right) = (legs[0], legs[1..].to_vec());
        let call = CallId::new(Timestamp(1), &mut Rng::new(1));
        engine.handle_command(Command::StartRecording { session, call, left, right, began_at: None }, now, &mut turn);
        turn.clear();
        let rate = if codec == Codec::Opus { sanling::audio::Rate::Hz16000 } else { sanling::audio::Rate::Hz8000 };
        let voice = |leg: &LegId| {
            let mut tone = sanling::audio::tone::Tone::new(&[110.0 + 13.0 * leg.0 as f64, 700.0, 1_900.0], &[300, 200], rate, -26.0);
            let mut encoder = sanling::audio::Encoder::new(codec, rate);
            let frames = (0..50).map(|_| {
                let (mut samples, mut payload) = (Vec::new(), Vec::new());
                tone.fill(rate.samples_per_frame(), &mut samples);
                encoder.encode(&samples, &mut payload);
                payload
            });
            frames.collect()
        };
        Self { engine, turn, now, sequence: 0, codec, said: legs.iter().map(voice).collect() }
    }

    /// One packet from each, then the tick that mixes for each.
    fn round(&mut self) {
        self.now += millis(20);
        self.sequence = self.sequence.wrapping_add(1);
        for (index, said) in self.said.iter().enumerate() {
            let bytes = packet(self.codec, self.sequence, &said[usize::from(self.sequence) % said.len()]);
            let from = SocketAddr::from(([198, 51, 100, 1], 4_001 + u16::try_from(index).expect("a few legs")));
            self.engine.handle_packet(LegId(index as u64 + 1), Component::Rtp, from, &bytes, self.now, &mut self.turn);
        }
        self.engine.tick(self.now, &mut self.turn);
        black_box(self.turn.packets().len());
        self.turn.clear();
    }
}

fn conferences(c: &mut Criterion) {
    let mut group = c.benchmark_group("conference");
    for (name, codec) in [("pcma", Codec::Pcma), ("opus", Codec::Opus)] {
        for parties in [3, 8, 32, 64] {
            let mut conference = Conference::new(codec, parties);
            group.bench_function(format!("packets_and_tick_of_{parties}_{name}"), |b| b.iter(|| conference.round()));
        }
    }
    group.finish();
}

fn media(c: &mut Criterion) {
    let mut group = c.benchmark_group("media");

    for others in [0, 1_000] {
        let mut rig = Rig::new([Codec::Pcma, Codec::Pcma], others);
        let from = SocketAddr::from(([198, 51, 100, 1], 4_000));
        let mut bytes = packet(Codec::Pcma, 0, &[0x55; 160]);
        let mut sequence = 0_u16;
        group.bench_function(format!("relay_recorded_packet_among_{others}"), |b| {
            b.iter(|| {
                sequence = sequence.wrapping_add(1);
                rig.now += millis(20);
                bytes[2..4].copy_from_slice(&sequence.to_be_bytes());
                bytes[4..8].copy_from_slice(&(u32::from(sequence) * 160).to_be_bytes());
                rig.engine.handle_packet(LegId(1), Component::Rtp, from, black_box(&bytes), rig.now, &mut rig.turn);
                black_box(rig.turn.packets().len());
                rig.turn.clear();
            });
        });
    }

    for (name, codecs) in
        [("pcma_pcmu", [Codec::Pcma, Codec::Pcmu]), ("pcma_opus", [Codec::Pcma, Codec::Opus]), ("relayed", [Codec::Pcma, Codec::Pcma])]
    {
        let mut rig = Rig::new(codecs, 0);
        group.bench_function(format!("two_packets_and_tick_{name}"), |b| b.iter(|| rig.round()));
    }

    let mut rig = Rig::new([Codec::Pcma, Codec::Pcma], 999);
    group.bench_function("tick_of_1000_relayed_sessions", |b| {
        b.iter(|| {
            rig.now += millis(20);
            rig.engine.tick(rig.now, &mut rig.turn);
            rig.turn.clear();
        });
    });

    group.bench_function("jitter_buffer_push_and_pull", |b| {
        let fresh = || {
            let mut buffer = JitterBuffer::new();
            for sequence in 0..3 {
                buffer.push(sequence, &[0; 160], Instant::START);
            }
            (buffer, 3)
        };
        let now = Instant::START + secs(1);
        b.iter_batched_ref(
            fresh,
            |(buffer, sequence)| {
                for _ in 0..100 {
                    buffer.push(*sequence, black_box(&[0x55; 160]), now);
                    *sequence += 1;
                    assert!(matches!(buffer.pull(now), Next::Packet(_)));
                }
            },
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

/// A key of each suite, one of many.
fn master(suite: Suite, which: u8) -> MasterKey {
    MasterKey::new(suite, vec![which; suite.key_length() + suite.salt_length()], Vec::new()).expect("a key")
}

fn encryption(c: &mut Criterion) {
    let mut group = c.benchmark_group("srtp");
    for suite in Suite::ALL {
        let sender = Outbound::new(&master(suite, 1), 0);
        let plain = packet(Codec::Pcma, 0, &[0x55; 160]);
        let (mut out, mut number) = (Vec::with_capacity(256), 0_u64);
        group.bench_function(format!("seal_{suite}"), |b| {
            b.iter(|| {
                number += 1;
                out.clear();
                out.extend_from_slice(&plain);
                out[2..4].copy_from_slice(&(number as u16).to_be_bytes());
                sender.seal((number >> 16) as u32, 0, &mut out);
                black_box(&out);
            });
        });
        let mut receiver = Inbound::new(&master(suite, 1), 0);
        let sealed: Vec<Vec<u8>> = (0..1_000_u16)
            .map(|number| {
                let mut bytes = packet(Codec::Pcma, number, &[0x55; 160]);
                sender.seal(0, 0, &mut bytes);
                bytes
            })
            .collect();
        let mut next = 0;
        group.bench_function(format!("open_{suite}"), |b| {
            b.iter(|| {
                if next == sealed.len() {
                    // Keys are drawn anew once in a thousand packets: they came before.
                    (receiver, next) = (Inbound::new(&master(suite, 1), 0), 0);
                }
                out.clear();
                out.extend_from_slice(&sealed[next]);
                next += 1;
                receiver.open(&mut out).expect("it is right");
            });
        });
        // Both legs encrypted: what a packet costs from one edge to the other.
        let mut rig = Rig::new([Codec::Pcma, Codec::Pcma], 0);
        for (leg, port) in [(LegId(1), 4_000), (LegId(2), 5_000)] {
            let keys = SrtpKeys { receive: master(suite, 1), send: master(suite, 2) };
            let parameters = StreamParameters { srtp: Some(Box::new(keys)), ..parameters(Codec::Pcma, port) };
            rig.engine.handle_command(Command::Configure { session: SessionId(0), leg, parameters }, rig.now, &mut rig.turn);
        }
        let from = SocketAddr::from(([198, 51, 100, 1], 4_000));
        let (mut bytes, mut number) = (Vec::new(), 0_u64);
        group.bench_function(format!("relay_recorded_packet_and_seal_it_first_{suite}"), |b| {
            b.iter(|| {
                number += 1;
                rig.now += millis(20);
                bytes.clear();
                bytes.extend_from_slice(&plain);
                bytes[2..4].copy_from_slice(&(number as u16).to_be_bytes());
                bytes[4..8].copy_from_slice(&(number as u32).wrapping_mul(160).to_be_bytes());
                sender.seal((number >> 16) as u32, 0, &mut bytes);
                rig.engine.handle_packet(LegId(1), Component::Rtp, from, black_box(&bytes), rig.now, &mut rig.turn);
                assert_eq!(rig.turn.packets().len(), 1);
                rig.turn.clear();
            });
        });
    }
    group.finish();
}

criterion_group!(benches, media, encryption, conferences);
criterion_main!(benches);
