//! Whatever comes, in whatever order: no panic, no leak, the same seed the same run.

use super::parameters;
use crate::audio::OpusSettings;
use crate::base::limits::SESSION_LEGS_MAX;
use crate::base::{Cadence, CallId, Codec, LegId, Rng, SessionId, Timestamp, time::millis};
use crate::media::control::{Background, Command, Direction, Recorded, Report};
use crate::media::tests::world::clip;
use crate::media::{ClipLibrary, Component, Engine, EngineSettings, Turn};
use crate::rtp::Header;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What came out, added up, so that runs can be compared and books kept.
#[derive(Default, PartialEq, Eq, Debug)]
struct Books {
    packets: u64,
    digest: u64,
    asked: BTreeSet<u64>,
    ended: BTreeSet<u64>,
    released: BTreeSet<LegId>,
    recordings: BTreeMap<CallId, bool>,
}

impl Books {
    fn note(&mut self, turn: &mut Turn) {
        for (packet, bytes) in turn.packets() {
            self.packets += 1;
            for byte in bytes {
                self.digest = self.digest.wrapping_mul(31).wrapping_add(u64::from(*byte));
            }
            assert!(bytes.len() <= 1_500 && packet.destination.port() != 0);
        }
        for report in &turn.reports {
            if let Report::AnnouncementEnded { token, .. } = report {
                assert!(self.asked.contains(token) && self.ended.insert(*token), "{token} ended twice or never asked");
            }
        }
        for recorded in &turn.recorded {
            match recorded {
                Recorded::Started { call, .. } => assert!(self.recordings.insert(*call, true).is_none()),
                Recorded::Audio { call, .. } => assert_eq!(self.recordings.get(call), Some(&true)),
                Recorded::Stopped { call, .. } => assert_eq!(self.recordings.insert(*call, false), Some(true)),
            }
        }
        for leg in &turn.released {
            assert!(self.released.insert(*leg), "{leg} released twice");
        }
        turn.clear();
    }
}

fn bytes(rng: &mut Rng) -> Vec<u8> {
    let mut bytes = Vec::new();
    match rng.below(8) {
        0 => bytes.extend((0..rng.below(60)).map(|_| rng.next_u32() as u8)),
        1 => {
            bytes.extend([0x81, 200 + rng.below(5) as u8, 0, rng.below(9) as u8]);
            bytes.extend((0..rng.below(60)).map(|_| rng.next_u32() as u8));
        }
        _ => {
            let payload_type = [0, 8, 13, 101, 110, 111, 77][rng.below(7) as usize];
            let sizes = [0, 1, 4, 4, 160, 160, 240, 1_480, 1_600];
            let size = sizes[rng.below(9) as usize];
            let payload: Vec<u8> = (0..size).map(|_| rng.next_u32() as u8).collect();
            let sequence = if rng.one_in(20) { rng.next_u32() as u16 } else { rng.below(500) as u16 };
            let timestamp = if rng.one_in(20) { rng.next_u32() } else { u32::from(sequence) * 160 };
            Header { payload_type, marker: rng.one_in(9), sequence, timestamp, ssrc: rng.below(3) as u32 }.write(&payload, &mut bytes);
            if rng.one_in(10) {
                bytes[0] ^= 1 << rng.below(8);
            }
        }
    }
    bytes
}

fn command(rng: &mut Rng, calls: &mut u64, books: &mut Books, now_ms: u64) -> Command {
    let session = SessionId(rng.below(4));
    // Some have moved.
    let leg_of = |rng: &mut Rng| LegId(if rng.one_in(4) { rng.below(4) } else { session.0 } * 10 + rng.below(4));
    let leg = leg_of(rng);
    match rng.below(16) {
        0..=4 => {
            let codec = Codec::ALL[rng.below(4) as usize];
            let remotes = ["198.51.100.1:4000", "192.168.0.4:5000", "0.0.0.0:9", "[2001:db8::1]:4000", "198.51.100.1:0"];
            let mut parameters = parameters(codec, remotes[rng.below(5) as usize]);
            parameters.direction = Direction { send: !rng.one_in(4), receive: !rng.one_in(4) };
            parameters.ptime = [0, 20, 40, 60, 65_535][rng.below(5) as usize];
            parameters.rtcp_mux = rng.one_in(3);
            parameters.rtp_timeout = millis(rng.below(3_000));
            if rng.one_in(2) {
                parameters.signalled_from = "203.0.113.1".parse().expect("an address");
            }
            Command::Configure { session, leg, parameters }
        }
        5 | 6 => {
            let hearing = (0..rng.below(5)).map(|_| (leg_of(rng), (0..rng.below(5)).map(|_| leg_of(rng)).collect())).collect();
            Command::SetHearing { session, hearing }
        }
        7 => Command::Move { leg, from: session, to: SessionId(rng.below(4)) },
        8 => {
            let cadence = Cadence::of_zone("uk").expect("a known zone");
            let backgrounds = [Background::None, Background::Silence, Background::Ringback(cadence), Background::Music("music".into())];
            Command::SetBackground { session, leg, background: backgrounds[rng.below(4) as usize].clone() }
        }
        9 | 10 => {
            let token = books.asked.len() as u64;
            books.asked.insert(token);
            let clips = (0..rng.below(40)).map(|_| if rng.one_in(3) { "none".into() } else { "short".into() }).collect();
            Command::Announce { session, leg, clips, token }
        }
        11 => Command::StopAnnouncements { session, leg },
        12 => {
            *calls += 1;
            let call = CallId::new(Timestamp(now_ms as i64), &mut Rng::new(*calls));
            Command::StartRecording { session, call, left: leg, right: (0..rng.below(4)).map(|_| leg_of(rng)).collect(), began_at: None }
        }
        13 => Command::SetRecordedParties { session, left: leg_of(rng), right: (0..rng.below(4)).map(|_| leg_of(rng)).collect() },
        14 => Command::ListenForSpeech { session, leg, on: rng.one_in(2) },
        _ => match rng.below(6) {
            0 => Command::Release { session },
            1 => Command::StopRecording { session },
            2 => Command::PauseRecording { session, on: rng.one_in(2) },
            _ => Command::ReleaseLeg { session, leg },
        },
    }
}

fn run(seed: u64) -> Books {
    let mut rng = Rng::new(seed);
    let mut library = ClipLibrary::new();
    library.insert("short".into(), clip(500.0, 130));
    library.insert("music".into(), clip(600.0, 70));
    let settings = EngineSettings { opus: OpusSettings { complexity: 0, ..OpusSettings::default() } };
    let mut engine = Engine::new(settings, Arc::new(library), seed);
    let (mut turn, mut books, mut calls) = (Turn::new(), Books::default(), 0);
    let mut now = crate::base::Instant::START;
    let sources = ["198.51.100.1:4000", "198.51.100.1:4001", "203.0.113.1:9", "192.168.0.4:5000", "[::ffff:198.51.100.1]:4000"];
    for _ in 0..2_000 {
        now += millis(rng.below(12));
        if rng.one_in(300) {
            now += millis(rng.below(5_000));
        }
        let now_ms = now.since_start().as_millis() as u64;
        match rng.below(10) {
            0 => {
                let session = rng.below(4);
                let leg = LegId(session * 10 + rng.below(4));
                // A leg that was released does not come again: its number is used up.
                if !books.released.contains(&leg) || rng.one_in(2) {
                    books.released.remove(&leg);
                    engine.allocated(SessionId(session), leg, "192.0.2.1:20000".parse().expect("an address"), now, &mut turn);
                }
            }
            1 | 2 => {
                let command = command(&mut rng, &mut calls, &mut books, now_ms);
                engine.handle_command(command, now, &mut turn);
            }
            _ => {
                let leg = LegId(rng.below(4) * 10 + rng.below(4));
                let component = if rng.one_in(5) { Component::Rtcp } else { Component::Rtp };
                let from = sources[rng.below(5) as usize].parse().expect("an address");
                let bytes = bytes(&mut rng);
                engine.handle_packet(leg, component, from, &bytes, now, &mut turn);
            }
        }
        if engine.deadline().is_some_and(|deadline| deadline <= now) && !rng.one_in(10) {
            engine.tick(now, &mut turn);
            assert!(engine.deadline().is_none_or(|deadline| deadline > now));
        }
        books.note(&mut turn);
    }
    for session in 0..4 {
        engine.handle_command(Command::Release { session: SessionId(session) }, now, &mut turn);
    }
    books.note(&mut turn);
    assert_eq!((engine.legs(), engine.sessions(), engine.deadline()), (0, 0, None), "nothing is left");
    assert_eq!(books.asked, books.ended, "nobody waits for an announcement");
    assert!(books.recordings.values().all(|open| !open), "no recording is left open");
    books
}

#[test]
fn a_swarm_of_anything_leaves_nothing_behind() {
    for seed in 0..10 {
        let books = run(seed);
        assert!(books.packets > 50, "seed {seed}: {} packets", books.packets);
    }
    assert_eq!(run(7), run(7), "the same seed, the same run");
}

#[test]
fn a_session_takes_as_many_legs_as_it_may() {
    let mut engine = Engine::new(EngineSettings::default(), Arc::default(), 1);
    let mut turn = Turn::new();
    for leg in 0..=SESSION_LEGS_MAX as u64 {
        engine.allocated(SessionId(1), LegId(leg), "192.0.2.1:20000".parse().expect("an address"), crate::base::Instant::START, &mut turn);
    }
    assert_eq!(engine.legs(), SESSION_LEGS_MAX);
    let last = LegId(SESSION_LEGS_MAX as u64);
    assert!(matches!(turn.reports[SESSION_LEGS_MAX], Report::AllocationFailed { leg, .. } if leg == last));
    assert_eq!(turn.released, [last]);
}
