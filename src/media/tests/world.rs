//! A worker's engine, phones around it that send and take real RTP, and virtual time.

use super::parameters;
use crate::audio::tone::Tone;
use crate::audio::{Decoder, Encoder, Rate};
use crate::base::srtp::{MasterKey, SrtpKeys, Suite};
use crate::base::{ClipId, Codec, Duration, Instant, LegId, Rng, SessionId, time::millis};
use crate::media::control::{Command, Hearing, Recorded, Report, StreamParameters, all_hear_all};
use crate::media::{Clip, ClipLibrary, Component, Engine, EngineSettings, Turn};
use crate::rtp::packet::is_rtcp;
use crate::rtp::{Event, Header, Packet, srtp};
use std::net::SocketAddr;
use std::sync::Arc;

pub const SESSION: SessionId = SessionId(1);

/// One packet that a phone got.
#[derive(Clone, Debug)]
pub struct Got {
    pub at: Instant,
    pub header: Header,
    pub payload: Vec<u8>,
}

/// What a phone does on the wire.
pub struct Phone {
    pub leg: LegId,
    pub address: SocketAddr,
    pub parameters: StreamParameters,
    pub rng: Rng,
    pub ssrc: u32,
    pub sequence: u16,
    pub timestamp: u32,
    /// Says its voice every 20 ms when on.
    pub talks: bool,
    /// One packet in so many is lost on its way.
    pub loses_one_in: u64,
    /// Up to so many milliseconds of delay.
    pub jitter_ms: u64,
    pub voice: Tone,
    pub encoder: Encoder,
    pub got: Vec<Got>,
    pub got_rtcp: Vec<Vec<u8>>,
    pub sent: Vec<Vec<u8>>,
    pub cipher: Option<Cipher>,
    next_at: Instant,
    under_way: Vec<(Instant, SocketAddr, Vec<u8>)>,
}

/// A phone's own SRTP.
pub struct Cipher {
    seals: srtp::Outbound,
    opens: srtp::Inbound,
    /// How often its sequence rolled over.
    pub counter: u32,
    /// What came and was no packet under its key.
    pub unreadable: usize,
}

/// A key of that suite, one of many.
pub fn master(suite: Suite, which: u8) -> MasterKey {
    MasterKey::new(suite, vec![which; suite.key_length() + suite.salt_length()], Vec::new()).expect("a key")
}

pub struct World {
    pub engine: Engine,
    pub turn: Turn,
    pub now: Instant,
    pub phones: Vec<Phone>,
    pub reports: Vec<(Duration, Report)>,
    pub recorded: Vec<Recorded>,
    pub released: Vec<LegId>,
}

/// `ms` of a sine, as a clip.
pub fn clip(hz: f64, ms: usize) -> Clip {
    let at = |rate: Rate| {
        let mut samples = Vec::new();
        Tone::new(&[hz], &[], rate, -18.0).fill(rate.samples_in_ms(ms), &mut samples);
        Arc::from(samples)
    };
    Clip::new(at(Rate::Hz8000), at(Rate::Hz16000))
}

fn library() -> Arc<ClipLibrary> {
    let mut library = ClipLibrary::new();
    library.insert("welcome".into(), clip(1_000.0, 1_000));
    library.insert("digits/1".into(), clip(1_300.0, 310));
    library.insert("music/hold".into(), clip(620.0, 2_000));
    Arc::new(library)
}

pub fn at(ms: u64) -> Instant {
    Instant::after_start(millis(ms))
}

/// The rate at which a phone of `codec` says and hears its sound.
pub fn rate_of(codec: Codec) -> Rate {
    if codec.is_wideband() { Rate::Hz16000 } else { Rate::Hz8000 }
}

impl World {
    pub fn new() -> Self {
        Self {
            engine: Engine::new(EngineSettings::default(), library(), 42),
            turn: Turn::new(),
            now: Instant::START,
            phones: Vec::new(),
            reports: Vec::new(),
            recorded: Vec::new(),
            released: Vec::new(),
        }
    }

    /// Two phones in a session that hear each other; the first says 400 Hz, the second 700.
    pub fn bridged(a: Codec, b: Codec) -> Self {
        let mut world = Self::new();
        world.phone(1, a, 400.0);
        world.phone(2, b, 700.0);
        world.all_hear_all(&[1, 2]);
        world
    }

    /// A phone of leg `leg` at 198.51.100.LEG, configured, silent.
    pub fn phone(&mut self, leg: u64, codec: Codec, hz: f64) {
        self.phone_of(SESSION, leg, codec, hz);
    }

    /// As `phone`, in another call's session.
    pub fn phone_of(&mut self, session: SessionId, leg: u64, codec: Codec, hz: f64) {
        let parameters = parameters(codec, &format!("198.51.100.{leg}:4000"));
        self.engine.allocated(
            session,
            LegId(leg),
            format!("192.0.2.1:{}", 20_000 + leg * 2).parse().expect("an address"),
            self.now,
            &mut self.turn,
        );
        self.command(Command::Configure { session, leg: LegId(leg), parameters: parameters.clone() });
        let mut rng = Rng::new(leg);
        self.phones.push(Phone {
            leg: LegId(leg),
            address: parameters.remote,
            ssrc: rng.next_u32(),
            sequence: rng.next_u32() as u16,
            timestamp: rng.next_u32(),
            rng,
            talks: false,
            loses_one_in: u64::MAX,
            jitter_ms: 0,
            voice: Tone::new(&[hz], &[], rate_of(codec), -20.0),
            encoder: Encoder::new(codec, rate_of(codec)),
            parameters,
            got: Vec::new(),
            got_rtcp: Vec::new(),
            sent: Vec::new(),
            cipher: None,
            next_at: self.now + millis(leg),
            under_way: Vec::new(),
        });
    }

    /// The engine is gone and another one with the same seed goes on `ms` later with every phone's leg, allocated at the world's start.
    pub fn restart(&mut self, ms: u64) -> &mut Self {
        self.engine = Engine::new(EngineSettings::default(), library(), 42);
        self.turn.clear();
        self.run(ms);
        for index in 0..self.phones.len() {
            let (leg, parameters) = (self.phones[index].leg, self.phones[index].parameters.clone());
            let address = format!("192.0.2.1:{}", 20_000 + leg.0 * 2).parse().expect("an address");
            self.engine.resumed(SESSION, leg, address, Instant::START, self.now, &mut self.turn);
            self.command(Command::Configure { session: SESSION, leg, parameters });
        }
        self
    }

    pub fn talk(&mut self) -> &mut Self {
        for phone in &mut self.phones {
            phone.talks = true;
            phone.next_at = self.now + millis(phone.leg.0);
        }
        self
    }

    pub fn command(&mut self, command: Command) -> &mut Self {
        self.engine.handle_command(command, self.now, &mut self.turn);
        self.collect();
        self
    }

    /// Who hears whom: each row a hearer and the parties he hears.
    pub fn hearing(&mut self, rows: &[(u64, &[u64])]) -> &mut Self {
        let legs = |heard: &[u64]| heard.iter().copied().map(LegId).collect();
        let hearing: Hearing = rows.iter().map(|(hearer, heard)| (LegId(*hearer), legs(heard))).collect();
        self.command(Command::SetHearing { session: SESSION, hearing })
    }

    pub fn all_hear_all(&mut self, legs: &[u64]) -> &mut Self {
        let legs: Vec<LegId> = legs.iter().copied().map(LegId).collect();
        self.command(Command::SetHearing { session: SESSION, hearing: all_hear_all(&legs) })
    }

    pub fn announce(&mut self, leg: u64, clips: &[&str], token: u64) -> &mut Self {
        let clips = clips.iter().map(|clip| ClipId::from(*clip)).collect();
        self.command(Command::Announce { session: SESSION, leg: LegId(leg), clips, token })
    }

    /// Changes what was settled for a phone and tells the engine.
    pub fn configure(&mut self, phone: usize, change: impl FnOnce(&mut StreamParameters)) -> &mut Self {
        change(&mut self.phones[phone].parameters);
        let (leg, parameters) = (self.phones[phone].leg, self.phones[phone].parameters.clone());
        self.command(Command::Configure { session: SESSION, leg, parameters })
    }

    /// The phone and its leg are encrypted from now on: it sends under key `which`, and takes our key, which is the same ever.
    pub fn encrypt(&mut self, phone: usize, suite: Suite, which: u8) -> &mut Self {
        let keys = SrtpKeys { receive: master(suite, which), send: master(suite, 200) };
        let (seals, opens) = (srtp::Outbound::new(&keys.receive, 0), srtp::Inbound::new(&keys.send, 0));
        let before = self.phones[phone].cipher.take();
        self.phones[phone].cipher = Some(match before {
            Some(before) => Cipher { seals, ..before },
            None => Cipher { seals, opens, counter: 0, unreadable: 0 },
        });
        self.configure(phone, |parameters| parameters.srtp = Some(Box::new(keys)))
    }

    /// Hands bytes to a leg's socket.
    pub fn datagram(&mut self, leg: u64, component: Component, from: &str, bytes: &[u8]) -> &mut Self {
        let from = from.parse().expect("an address");
        self.engine.handle_packet(LegId(leg), component, from, bytes, self.now, &mut self.turn);
        self.collect();
        self
    }

    /// The phone sends a payload now, as its next packet.
    pub fn say(&mut self, phone: usize, payload: &[u8]) -> &mut Self {
        let bytes = self.phones[phone].packet(payload);
        let (leg, from) = (self.phones[phone].leg, self.phones[phone].address);
        self.engine.handle_packet(leg, Component::Rtp, from, &bytes, self.now, &mut self.turn);
        self.collect();
        self
    }

    /// The phone sends a packet of a key now, under the timestamp given.
    pub fn key(&mut self, phone: usize, code: u8, end: bool, duration: u16, timestamp: u32) -> &mut Self {
        let phone = &mut self.phones[phone];
        phone.sequence = phone.sequence.wrapping_add(1);
        let payload_type = phone.parameters.receive_event_type.expect("a phone with events");
        let header = Header { payload_type, marker: false, sequence: phone.sequence, timestamp, ssrc: phone.ssrc };
        let mut bytes = Vec::new();
        header.write(&Event { code, end, volume: 10, duration }.write(), &mut bytes);
        let (leg, from) = (phone.leg, phone.address);
        self.engine.handle_packet(leg, Component::Rtp, from, &bytes, self.now, &mut self.turn);
        self.collect();
        self
    }

    /// Lets `ms` pass, a millisecond at a time.
    pub fn run(&mut self, ms: u64) -> &mut Self {
        for _ in 0..ms {
            self.now += millis(1);
            for index in 0..self.phones.len() {
                self.phones[index].speak(self.now);
                while let Some(due) = self.phones[index].under_way.iter().position(|(when, ..)| *when <= self.now) {
                    let (_, from, bytes) = self.phones[index].under_way.remove(due);
                    self.engine.handle_packet(self.phones[index].leg, Component::Rtp, from, &bytes, self.now, &mut self.turn);
                    self.collect();
                }
            }
            if self.engine.deadline().is_some_and(|deadline| deadline <= self.now) {
                self.engine.tick(self.now, &mut self.turn);
                assert!(self.engine.deadline().is_none_or(|deadline| deadline > self.now));
                self.collect();
            }
        }
        self
    }

    fn collect(&mut self) {
        for (packet, bytes) in self.turn.packets() {
            let Some(phone) = self.phones.iter_mut().find(|phone| phone.leg == packet.leg) else { continue };
            let mut bytes = bytes.to_vec();
            if let Some(cipher) = &mut phone.cipher {
                let opened = if is_rtcp(&bytes) { cipher.opens.open_report(&mut bytes) } else { cipher.opens.open(&mut bytes) };
                if opened.is_err() {
                    cipher.unreadable += 1;
                    continue;
                }
            }
            if is_rtcp(&bytes) {
                phone.got_rtcp.push(bytes);
            } else if packet.destination == phone.address {
                let read = Packet::read(&bytes).expect("the engine sends valid packets");
                phone.got.push(Got { at: self.now, header: read.header, payload: read.payload.to_vec() });
            }
        }
        let now = self.now.since_start();
        self.reports.extend(self.turn.reports.drain(..).map(|report| (now, report)));
        self.recorded.append(&mut self.turn.recorded);
        self.released.append(&mut self.turn.released);
        self.turn.clear();
    }

    /// When each report that `pick` picks was made, in milliseconds.
    pub fn times(&self, pick: impl Fn(&Report) -> bool) -> Vec<u64> {
        self.reports.iter().filter(|(_, report)| pick(report)).map(|(when, _)| when.as_millis() as u64).collect()
    }

    pub fn digits(&self) -> String {
        self.reports.iter().filter_map(|(_, report)| if let Report::Digit { digit, .. } = report { Some(*digit) } else { None }).collect()
    }
}

impl Phone {
    /// The phone's next packet with `payload`, 20 ms after the last.
    pub fn packet(&mut self, payload: &[u8]) -> Vec<u8> {
        self.sequence = self.sequence.wrapping_add(1);
        self.timestamp = self.timestamp.wrapping_add(self.parameters.codec.clock_rate() / 50);
        let header = Header {
            payload_type: self.parameters.receive_payload_type,
            marker: false,
            sequence: self.sequence,
            timestamp: self.timestamp,
            ssrc: self.ssrc,
        };
        let mut bytes = Vec::new();
        header.write(payload, &mut bytes);
        if let Some(cipher) = &mut self.cipher {
            cipher.counter += u32::from(self.sequence == 0);
            cipher.seals.seal(cipher.counter, 0, &mut bytes);
        }
        bytes
    }

    fn speak(&mut self, now: Instant) {
        while self.next_at <= now {
            if self.talks {
                let (mut samples, mut payload) = (Vec::new(), Vec::new());
                self.voice.fill(rate_of(self.parameters.codec).samples_per_frame(), &mut samples);
                self.encoder.encode(&samples, &mut payload);
                let bytes = self.packet(&payload);
                self.sent.push(payload);
                let delay = millis(self.rng.below(self.jitter_ms + 1));
                if !self.rng.one_in(self.loses_one_in) {
                    self.under_way.push((self.next_at + delay, self.address, bytes));
                }
            } else {
                self.timestamp = self.timestamp.wrapping_add(self.parameters.codec.clock_rate() / 50);
            }
            self.next_at += millis(20);
        }
    }

    /// Everything that the phone heard since `from`, decoded packet by packet at the phone's own rate.
    pub fn heard_since(&self, from: Instant) -> Vec<i16> {
        let codec = self.parameters.codec;
        let mut decoder = Decoder::new(codec, rate_of(codec));
        let mut samples = Vec::new();
        for got in self.got.iter().filter(|got| got.at >= from && got.header.payload_type == self.parameters.send_payload_type) {
            decoder.decode(&got.payload, &mut samples).expect("the engine sends sound");
        }
        samples
    }

    /// Asserts that all packets make one stream: one SSRC, sequence +1, timestamps that advance with time.
    pub fn expect_one_stream(&self) {
        let clock = f64::from(self.parameters.codec.clock_rate());
        let first = self.got.first().expect("something was sent");
        for pair in self.got.windows(2) {
            assert_eq!(pair[1].header.ssrc, first.header.ssrc);
            assert_eq!(pair[1].header.sequence, pair[0].header.sequence.wrapping_add(1), "at {:?}", pair[1].at);
            let elapsed = (pair[1].at - pair[0].at).as_secs_f64();
            let told = f64::from(pair[1].header.timestamp.wrapping_sub(pair[0].header.timestamp)) / clock;
            assert!(told > 0.0 && (told - elapsed).abs() < 0.045, "{told} s told, {elapsed} s passed, at {:?}", pair[1].at);
            let whole = (pair[1].at - first.at).as_secs_f64();
            let told = f64::from(pair[1].header.timestamp.wrapping_sub(first.header.timestamp)) / clock;
            assert!((told - whole).abs() < 0.06, "{told} s told since the first, {whole} s passed, at {:?}", pair[1].at);
        }
    }
}

/// Level of the sine of `hz` in `samples`, dBov.
pub fn level_at(samples: &[i16], hz: f64, rate: Rate) -> f64 {
    let (mut re, mut im) = (0.0, 0.0);
    for (n, sample) in samples.iter().enumerate() {
        let angle = std::f64::consts::TAU * hz * n as f64 / f64::from(rate.hz());
        re += f64::from(*sample) * angle.cos();
        im += f64::from(*sample) * angle.sin();
    }
    let power = 2.0 * (re * re + im * im) / (samples.len().max(1) as f64).powi(2);
    10.0 * (power / 32_768.0_f64.powi(2)).max(1e-12).log10()
}
