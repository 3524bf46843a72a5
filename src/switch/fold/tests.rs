//! The fold against the engine: whatever was ordered, everybody hears, and the recording has, of a fresh engine that is given the fold's
//! orders what the old one gave.

use super::*;
use crate::base::time::{millis, secs};
use crate::base::{ClipId, Codec, Rng, Timestamp};
use crate::media::clips::{Clip, ClipLibrary};
use crate::media::control::{Channel, Direction, Recorded, Sound, all_hear_all};
use crate::media::{Component, Engine, EngineSettings, Turn};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;

const SESSION: SessionId = SessionId(1);
const LEGS: [LegId; 3] = [LegId(1), LegId(2), LegId(4)];

/// What a party hears, or a channel of the recording has.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Heard {
    Party(LegId),
    Switch,
}

/// Everything that can be told of a session from outside.
#[derive(PartialEq, Eq, Debug, Default)]
struct Audible {
    heard: BTreeSet<(SocketAddr, Heard)>,
    recorded: BTreeSet<(Channel, Heard)>,
}

struct Plane {
    engine: Engine,
    turn: Turn,
    now: Instant,
    fold: MediaFold,
    sequence: u16,
}

fn call() -> CallId {
    CallId::new(Timestamp(1_795_000_000_000), &mut Rng::new(1))
}

fn ours(leg: LegId) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 20_000 + 2 * u16::try_from(leg.0).expect("a small leg")))
}

fn theirs(leg: LegId) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 9], 4_000 + 2 * u16::try_from(leg.0).expect("a small leg")))
}

/// 20 ms of a voice of his own, with pauses that all share.
fn voice(leg: LegId, frame: u16) -> Vec<u8> {
    let mut payload = vec![0xD5; 160];
    if frame % 25 < 18 {
        let period = 50 + 7 * usize::try_from(leg.0).expect("a small leg");
        for (n, byte) in payload.iter_mut().enumerate() {
            *byte = if (usize::from(frame) * 160 + n) % period < period / 3 { 0xA5 } else { 0x35 };
        }
    }
    payload
}

fn parameters(leg: LegId, direction: Direction) -> StreamParameters {
    StreamParameters { direction, rtp_timeout: secs(600), ..StreamParameters::new(theirs(leg), Codec::Pcma) }
}

impl Plane {
    fn new(at: Instant) -> Self {
        let mut library = ClipLibrary::new();
        let wave: Vec<i16> = (0..4_000).map(|n: i16| if n % 20 < 10 { 6_000 } else { -6_000 }).collect();
        for name in ["music/hold", "welcome"] {
            library.insert(ClipId::new(name), Clip::from_samples(&wave, 8_000));
        }
        let engine = Engine::new(EngineSettings::default(), Arc::new(library), 7);
        Self { engine, turn: Turn::new(), now: at, fold: MediaFold::new(SESSION), sequence: 0 }
    }

    fn order(&mut self, command: Command) {
        self.fold.ordered(&command, self.now);
        match command {
            Command::Allocate { leg, resumed: Some(resumed), .. } => {
                self.engine.resumed(SESSION, leg, ours(leg), resumed.since, self.now, &mut self.turn);
            }
            Command::Allocate { leg, .. } => self.engine.allocated(SESSION, leg, ours(leg), self.now, &mut self.turn),
            command => self.engine.handle_command(command, self.now, &mut self.turn),
        }
        self.take(&mut Audible::default());
    }

    fn take(&mut self, audible: &mut Audible) {
        for (packet, bytes) in self.turn.packets().filter(|(packet, _)| packet.component == Component::Rtp) {
            let party = LEGS.into_iter().find(|leg| (0..=self.sequence).rev().take(12).any(|frame| voice(*leg, frame) == bytes[12..]));
            audible.heard.insert((packet.destination, party.map_or(Heard::Switch, Heard::Party)));
        }
        for recorded in self.turn.recorded.drain(..) {
            let Recorded::Audio { channel, audio, .. } = recorded else { continue };
            let party = match &audio {
                Sound::Encoded { payload, .. } => {
                    LEGS.into_iter().find(|leg| (0..=self.sequence).rev().take(12).any(|frame| voice(*leg, frame) == *payload))
                }
                Sound::Linear(_) => None,
            };
            audible.recorded.insert((channel, party.map_or(Heard::Switch, Heard::Party)));
        }
        for report in self.turn.reports.drain(..) {
            self.fold.reported(&report);
        }
        self.turn.clear();
    }

    /// Everybody speaks for so long.
    fn run(&mut self, frames: u16) -> Audible {
        let mut audible = Audible::default();
        for _ in 0..frames {
            self.now += millis(20);
            self.sequence += 1;
            for leg in LEGS {
                let mut packet = vec![0x80, 8];
                packet.extend(self.sequence.to_be_bytes());
                packet.extend((u32::from(self.sequence) * 160).to_be_bytes());
                packet.extend([0, 0, 0, u8::try_from(leg.0).expect("a small leg")]);
                packet.extend(voice(leg, self.sequence));
                self.engine.handle_packet(leg, Component::Rtp, theirs(leg), &packet, self.now, &mut self.turn);
            }
            self.engine.tick(self.now, &mut self.turn);
            self.take(&mut audible);
        }
        audible
    }
}

fn some_order(rng: &mut Rng) -> Command {
    let (session, leg, other) = (SESSION, LEGS[rng.below(3) as usize], LEGS[rng.below(3) as usize]);
    match rng.below(16) {
        0..=2 => Command::Allocate { session, leg, local: ours(leg).ip(), resumed: None },
        3..=5 => {
            let direction = Direction { send: !rng.one_in(4), receive: true };
            Command::Configure { session, leg, parameters: parameters(leg, direction) }
        }
        6 | 7 => Command::SetHearing { session, hearing: all_hear_all(&[leg, other]) },
        8 => {
            let mut heard = |hearer| (hearer, LEGS.into_iter().filter(|_| rng.one_in(2)).collect());
            Command::SetHearing { session, hearing: vec![heard(leg), heard(other)] }
        }
        9 => {
            let all = [Background::None, Background::Silence, Background::Music(ClipId::new("music/hold"))];
            Command::SetBackground { session, leg, background: all[rng.below(3) as usize].clone() }
        }
        10 => Command::Announce { session, leg, clips: vec![ClipId::new("welcome")], token: rng.below(3) },
        11 => Command::StopAnnouncements { session, leg },
        12 => Command::StartRecording { session, call: call(), left: leg, right: vec![other], began_at: None },
        13 if rng.one_in(3) => Command::PauseRecording { session, on: rng.one_in(2) },
        13 if rng.one_in(2) => Command::StopRecording { session },
        13 => Command::SetRecordedParties { session, left: leg, right: LEGS.into_iter().filter(|_| rng.one_in(2)).collect() },
        14 if rng.one_in(3) => Command::Measure { session, leg, limits: rng.one_in(2).then(SoundLimits::default) },
        14 => Command::ListenForSpeech { session, leg, on: !rng.one_in(3) },
        _ if rng.one_in(3) => Command::ReleaseLeg { session, leg },
        _ => Command::SetHearing { session, hearing: all_hear_all(&LEGS[..2]) },
    }
}

#[test]
fn an_engine_made_anew_by_the_fold_sounds_as_the_old_one_did() {
    let (mut heard, mut recorded) = (0, 0);
    for seed in 0..120 {
        let mut rng = Rng::new(seed);
        let mut old = Plane::new(Instant::after_start(secs(1)));
        let mut orders = Vec::new();
        for _ in 0..30 {
            let order = some_order(&mut rng);
            orders.push(order.clone());
            old.order(order);
            if rng.one_in(5) {
                old.run(3);
            }
        }
        // What is being said ends, and its end is told.
        old.run(120);
        assert!(old.fold.legs.values().all(|leg| leg.announced.is_empty()), "seed {seed}: {:?}", old.fold);

        let image = rmp_serde::to_vec_named(&old.fold).expect("plain values");
        let kept: MediaFold = rmp_serde::from_slice(&image).expect("it reads back");
        assert_eq!(kept, old.fold);
        let mut new = Plane::new(old.now);
        new.sequence = old.sequence;
        for order in kept.commands() {
            new.order(order);
        }
        new.run(120);
        old.run(120);
        let (was, is) = (old.run(120), new.run(120));
        assert_eq!(is, was, "seed {seed}: {orders:#?}");
        (heard, recorded) = (heard + was.heard.len(), recorded + was.recorded.len());
        assert_eq!(new.fold.commands(), kept.commands(), "seed {seed}: folded again, it is the same");
    }
    assert!(heard > 40 && recorded > 60, "the test shows little: {heard} heard, {recorded} recorded");
}

#[test]
fn what_the_plane_owes_is_known() {
    let mut plane = Plane::new(Instant::after_start(secs(1)));
    let (session, leg) = (SESSION, LEGS[0]);
    plane.order(Command::Allocate { session, leg, local: ours(leg).ip(), resumed: None });
    plane.order(Command::Configure { session, leg, parameters: parameters(leg, Direction { send: true, receive: true }) });
    for token in [3, 4, 3] {
        plane.order(Command::Announce { session, leg, clips: vec![ClipId::new("welcome")], token });
    }
    let owed = |plane: &Plane| -> Vec<u64> {
        let tokens = plane.fold.owed().into_iter();
        tokens.filter_map(|report| if let Report::AnnouncementEnded { token, .. } = report { Some(token) } else { None }).collect()
    };
    assert_eq!(owed(&plane), [3, 4, 3]);
    plane.run(40);
    assert_eq!(owed(&plane), [4, 3], "the first was played");
    plane.fold.reported(&Report::Spoke { session, leg });
    assert!(plane.fold.owed().contains(&Report::FellSilent { session, leg }));
    plane.order(Command::StopAnnouncements { session, leg });
    assert_eq!(owed(&plane), Vec::<u64>::new());
    plane.order(Command::Release { session });
    assert!(plane.fold.owed().is_empty() && plane.fold.commands().is_empty());
}

#[test]
fn a_leg_that_is_moved_is_folded_into_the_other_call() {
    let other = SessionId(2);
    let (mut from, mut to) = (MediaFold::new(SESSION), MediaFold::new(other));
    let (session, now) = (SESSION, Instant::after_start(secs(1)));
    for leg in LEGS {
        from.ordered(&Command::Allocate { session, leg, local: ours(leg).ip(), resumed: None }, now);
        from.reported(&Report::Allocated { session, leg, address: ours(leg) });
        let parameters = parameters(leg, Direction { send: true, receive: true });
        from.ordered(&Command::Configure { session, leg, parameters }, now);
    }
    from.ordered(&Command::SetHearing { session, hearing: all_hear_all(&LEGS) }, now);
    from.ordered(&Command::StartRecording { session, call: call(), left: LEGS[0], right: LEGS[1..].to_vec(), began_at: None }, now);
    let moved = LEGS[1];
    from.ordered(&Command::SetBackground { session, leg: moved, background: Background::Silence }, now);
    from.ordered(&Command::Announce { session, leg: moved, clips: Vec::new(), token: 3 }, now);
    let order = Command::Move { leg: moved, from: session, to: other };
    from.ordered(&order, now);
    let fold = from.depart(moved).expect("it was there");
    to.arrive(moved, fold);

    let rest = [LEGS[0], LEGS[2]];
    assert!(from.commands().contains(&Command::SetHearing { session, hearing: all_hear_all(&rest) }));
    let recorded = |command: &Command| matches!(command, Command::StartRecording { right, .. } if *right == [LEGS[2]]);
    assert!(from.commands().iter().any(recorded));
    assert!(from.owed().is_empty() && to.owed().is_empty(), "the plane told that it was stopped");
    let resumed = Some(ResumedLeg { port: ours(moved).port(), since: now });
    let parameters = parameters(moved, Direction { send: true, receive: true });
    let expected = [
        Command::Allocate { session: other, leg: moved, local: ours(moved).ip(), resumed },
        Command::Configure { session: other, leg: moved, parameters },
    ];
    assert_eq!(to.commands(), expected);
    assert!(from.depart(moved).is_none());
}

/// As images were written when a session had a bridge of two legs.
#[derive(Serialize)]
struct Before {
    session: SessionId,
    legs: BTreeMap<LegId, Box<LegFold>>,
    bridge: Option<(LegId, LegId)>,
    recording: Option<RecordingBefore>,
}

#[derive(Serialize)]
struct RecordingBefore {
    call: CallId,
    left: LegId,
    right: Option<LegId>,
    began_at: Instant,
}

#[test]
fn images_of_the_version_before_are_read() {
    let (session, began_at) = (SESSION, Instant::after_start(secs(3)));
    for bridged in [true, false] {
        let mut expected = MediaFold::new(session);
        for leg in LEGS {
            expected.ordered(&Command::Allocate { session, leg, local: ours(leg).ip(), resumed: None }, began_at);
        }
        let right = bridged.then_some(LEGS[1]);
        let recording = Some(RecordingBefore { call: call(), left: LEGS[0], right, began_at });
        let before = Before { session, legs: expected.legs.clone(), bridge: bridged.then_some((LEGS[0], LEGS[1])), recording };
        let image = rmp_serde::to_vec_named(&before).expect("plain values");
        let hearing = if bridged { all_hear_all(&LEGS[..2]) } else { Vec::new() };
        expected.ordered(&Command::SetHearing { session, hearing }, began_at);
        let right = right.into_iter().collect();
        expected.ordered(&Command::StartRecording { session, call: call(), left: LEGS[0], right, began_at: None }, began_at);
        let read: MediaFold = rmp_serde::from_slice(&image).expect("it reads back");
        assert_eq!(read, expected);
    }
}
