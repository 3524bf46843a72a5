//! What goes to the recorder: put together by a recorder of the test's own, it must be the call.

use super::world::{SESSION, World, level_at};
use crate::audio::tone::Tone;
use crate::audio::{Decoder, Rate, mix};
use crate::base::{CallId, Codec, LegId, Rng, Timestamp};
use crate::media::control::{Background, Channel, Command, Recorded, Sound};
use std::collections::BTreeMap;

/// Both channels, summed from their chunks.
pub struct File {
    rate: u32,
    channels: [Vec<i16>; 2],
}

/// A recorder: decoders one a channel and source, chunks summed at their positions, everything padded to the end.
pub fn file(recorded: &[Recorded]) -> File {
    let Some(Recorded::Started { call: begun, rate, .. }) = recorded.first() else { panic!("it begins") };
    let Some(Recorded::Stopped { samples, .. }) = recorded.last() else { panic!("it ends") };
    let linear = if *rate == 8_000 { Rate::Hz8000 } else { Rate::Hz16000 };
    let mut decoders: BTreeMap<(Channel, u32), Decoder> = BTreeMap::new();
    let mut channels = [vec![0; *samples as usize], vec![0; *samples as usize]];
    for chunk in &recorded[1..recorded.len() - 1] {
        let Recorded::Audio { call, channel, position, audio } = chunk else { panic!("audio in between: {chunk:?}") };
        assert_eq!(call, begun);
        let sound = match audio {
            Sound::Linear(samples) => samples.clone(),
            Sound::Encoded { codec, source, payload } => {
                let mut sound = Vec::new();
                let decoder = decoders.entry((*channel, *source)).or_insert_with(|| Decoder::new(*codec, linear));
                decoder.decode(payload, &mut sound).expect("what a phone sent");
                sound
            }
        };
        let line = &mut channels[*channel as usize];
        let start = (*position as usize).min(line.len());
        assert!(*position <= *samples + u64::from(*rate) / 10, "{position} of {samples}");
        mix::add(&mut line[start..], &sound);
    }
    File { rate: *rate, channels }
}

impl File {
    /// Stretches of sound in a channel, in milliseconds from and to, found in steps of 10 ms; pauses below 60 ms are no pauses.
    fn heard(&self, channel: Channel) -> Vec<(usize, usize)> {
        let step = self.rate as usize / 100;
        let mut stretches: Vec<(usize, usize)> = Vec::new();
        for (index, piece) in self.channels[channel as usize].chunks(step).enumerate() {
            if crate::audio::level::dbov(piece) > -45.0 {
                match stretches.last_mut() {
                    Some((_, to)) if index * 10 <= *to + 60 => *to = index * 10 + 10,
                    _ => stretches.push((index * 10, index * 10 + 10)),
                }
            }
        }
        stretches
    }

    fn expect(&self, channel: Channel, expected: &[(usize, usize)], story: &str) {
        let heard = self.heard(channel);
        assert_eq!(heard.len(), expected.len(), "{story}, {channel:?}: {heard:?} for {expected:?}");
        for ((from, to), (wanted_from, wanted_to)) in heard.iter().zip(expected) {
            let near = from.abs_diff(*wanted_from) <= 30 && to.abs_diff(*wanted_to) <= 30;
            assert!(near, "{story}, {channel:?}: {heard:?} for {expected:?}");
        }
    }

    pub fn level(&self, channel: Channel, hz: f64, from_ms: usize, to_ms: usize) -> f64 {
        let (rate, per_ms) = if self.rate == 8_000 { (Rate::Hz8000, 8) } else { (Rate::Hz16000, 16) };
        level_at(&self.channels[channel as usize][from_ms * per_ms..to_ms * per_ms], hz, rate)
    }
}

fn call() -> CallId {
    CallId::new(Timestamp(1), &mut Rng::new(1))
}

fn start(right: &[u64]) -> Command {
    Command::StartRecording {
        session: SESSION,
        call: call(),
        left: LegId(1),
        right: right.iter().copied().map(LegId).collect(),
        began_at: None,
    }
}

/// Phones that say 200 ms every second, recorded from 300 ms on.
fn bursts(a: Codec, b: Codec) -> World {
    let mut world = World::bridged(a, b);
    for (phone, hz) in [(0, 400.0), (1, 700.0)] {
        let rate = super::world::rate_of(world.phones[phone].parameters.codec);
        world.phones[phone].voice = Tone::new(&[hz], &[200, 800], rate, -20.0);
    }
    world.talk().run(300).command(start(&[2]));
    world
}

#[test]
fn both_sides_stand_where_they_were_said() {
    for (a, b, rate) in [
        (Codec::Pcma, Codec::Pcma, 8_000),
        (Codec::Pcma, Codec::Pcmu, 8_000),
        (Codec::Pcmu, Codec::Opus, 8_000),
        (Codec::Opus, Codec::Pcma, 16_000),
        (Codec::Opus, Codec::Opus, 16_000),
        (Codec::G722, Codec::G722, 16_000),
        (Codec::G722, Codec::Pcmu, 16_000),
        (Codec::Pcma, Codec::G722, 8_000),
    ] {
        for (jitter, loss) in [(0, u64::MAX), (40, u64::MAX), (40, 30)] {
            let story = format!("{a} {b} jitter {jitter} ms, one in {loss} lost");
            let mut world = bursts(a, b);
            for phone in &mut world.phones {
                (phone.jitter_ms, phone.loses_one_in) = (jitter, loss);
            }
            world.run(4_900).command(Command::StopRecording { session: SESSION });
            let file = file(&world.recorded);
            assert_eq!((file.rate, file.channels[0].len()), (rate, 4_900 * rate as usize / 1_000), "{story}");
            if loss == u64::MAX {
                for channel in [Channel::Left, Channel::Right] {
                    file.expect(channel, &[(700, 900), (1_700, 1_900), (2_700, 2_900), (3_700, 3_900), (4_700, 4_900)], &story);
                }
            } else {
                for (from, to) in [Channel::Left, Channel::Right].into_iter().flat_map(|channel| file.heard(channel)) {
                    let place = |ms: usize| (ms + 300) % 1_000;
                    assert!(place(from) <= 230 || place(from) >= 980, "{story}: {from}");
                    assert!(place(to) <= 230, "{story}: {to}");
                }
            }
        }
    }
}

#[test]
fn a_hold_leaves_its_silence_and_the_timeline_goes_on() {
    let mut world = bursts(Codec::Pcma, Codec::Pcma);
    world.run(1_500); // to 1,500 on the timeline
    world.configure(1, |parameters| parameters.direction.receive = false);
    world
        .command(Command::SetBackground { session: SESSION, leg: LegId(1), background: Background::Music("music/hold".into()) })
        .run(1_000);
    world.command(Command::SetBackground { session: SESSION, leg: LegId(1), background: Background::None });
    world.configure(1, |parameters| parameters.direction.receive = true).run(1_500).command(Command::StopRecording { session: SESSION });
    let file = file(&world.recorded);
    file.expect(Channel::Left, &[(700, 900), (1_700, 1_900), (2_700, 2_900), (3_700, 3_900)], "the held party may speak");
    file.expect(
        Channel::Right,
        &[(700, 900), (1_500, 2_500), (2_700, 2_900), (3_700, 3_900)],
        "music while held, the holder's own sound not",
    );
    assert!((file.level(Channel::Right, 620.0, 1_600, 2_400) + 18.0).abs() < 1.0);
}

#[test]
fn a_transfer_is_one_timeline() {
    let mut world = bursts(Codec::Pcma, Codec::Pcma);
    world.run(1_000).command(Command::ReleaseLeg { session: SESSION, leg: LegId(2) });
    world.run(1_000);
    world.phone(3, Codec::Opus, 1_100.0);
    world.all_hear_all(&[1, 3]);
    world.command(Command::SetRecordedParties { session: SESSION, left: LegId(1), right: vec![LegId(3)] });
    world.phones[2].talks = true;
    world.run(1_000).command(Command::StopRecording { session: SESSION });
    let file = file(&world.recorded);
    assert_eq!(file.channels[0].len(), 24_000);
    file.expect(Channel::Left, &[(700, 900), (1_700, 1_900), (2_700, 2_900)], "the caller all the time");
    file.expect(Channel::Right, &[(700, 900), (2_000, 3_000)], "one agent, then the next");
}

#[test]
fn a_greeting_to_both_is_recorded_once() {
    let mut world = World::bridged(Codec::Pcma, Codec::Pcma);
    world.command(start(&[2])).run(500).announce(1, &["welcome"], 1).announce(2, &["welcome"], 2).run(1_500);
    world.announce(2, &["digits/1"], 3).run(1_000).command(Command::Release { session: SESSION });
    let file = file(&world.recorded);
    file.expect(Channel::Left, &[], "nobody spoke");
    file.expect(Channel::Right, &[(500, 1_500)], "what only the agent hears is not on it");
    let level = file.level(Channel::Right, 1_000.0, 600, 1_400);
    assert!((level + 18.0).abs() < 0.5, "doubled it would be 6 dB more: {level}");
    assert_eq!(file.channels[0].len(), 24_000, "a release ends the recording");
}

#[test]
fn a_late_first_packet_finds_its_place() {
    let mut world = bursts(Codec::Pcma, Codec::Opus);
    world.phones[1].jitter_ms = 0;
    world.run(100);
    // A burst of lateness: everything of one second comes in 200 ms late.
    world.phones[0].jitter_ms = 55;
    world.run(4_800).command(Command::StopRecording { session: SESSION });
    let file = file(&world.recorded);
    file.expect(Channel::Left, &[(720, 920), (1_720, 1_920), (2_720, 2_920), (3_720, 3_920), (4_720, 4_900)], "late but whole");
}
