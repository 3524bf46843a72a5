//! How legs sound, measured: G.711 as it is passed on, Opus while it is decoded for somebody, and nobody who was not asked for.

use super::world::{SESSION, World, rate_of};
use crate::audio::tone::Tone;
use crate::base::{Codec, LegId, Loudness, Reading, SessionId, SoundLimits};
use crate::media::control::{Command, Report};

fn measure(leg: u64, limits: Option<SoundLimits>) -> Command {
    Command::Measure { session: SESSION, leg: LegId(leg), limits }
}

/// Two who speak in syllables at the level, and hear each other.
fn talking(a: Codec, b: Codec, dbov: f64) -> World {
    let mut world = World::bridged(a, b);
    for (phone, codec) in [a, b].into_iter().enumerate() {
        world.phones[phone].voice = Tone::new(&[600.0], &[300, 200], rate_of(codec), dbov);
    }
    world.talk();
    world
}

fn readings(world: &World) -> Vec<(u64, Reading)> {
    let reading = |report: &Report| if let Report::Sounded { leg, reading, .. } = report { Some((leg.0, *reading)) } else { None };
    world.reports.iter().filter_map(|(_, report)| reading(report)).collect()
}

#[test]
fn sound_that_is_passed_on_is_measured_without_decoding_and_only_when_asked() {
    for codec in [Codec::Pcma, Codec::Pcmu] {
        let mut world = talking(codec, codec, -26.0);
        world.command(measure(1, Some(SoundLimits::default()))).run(10_000);
        let readings = readings(&world);
        assert!((1..=6).contains(&readings.len()) && readings.iter().all(|(leg, _)| *leg == 1), "{readings:?}");
        let last = readings.last().expect("a reading").1;
        assert!((-31..=-25).contains(&last.level_dbov) && last.loudness == Loudness::Fair, "{last:?}");
        assert_eq!(world.phones[1].got.len(), world.phones[0].sent.len(), "each packet went on as it came");
        world.command(measure(1, None)).run(10_000);
        assert_eq!(self::readings(&world).len(), readings.len());
    }
}

#[test]
fn opus_is_measured_where_it_is_decoded_for_somebody() {
    for (other, expected) in [(Codec::Pcma, true), (Codec::Opus, false)] {
        let mut world = talking(Codec::Opus, other, -45.0);
        world.command(measure(1, Some(SoundLimits::default()))).run(8_000);
        let readings = readings(&world);
        assert_eq!(!readings.is_empty(), expected, "{readings:?}");
        assert!(readings.iter().all(|(_, reading)| reading.loudness == Loudness::Quiet), "{readings:?}");
    }
}

#[test]
fn limits_may_change_and_a_leg_that_moves_is_measured_anew() {
    let mut world = talking(Codec::Pcma, Codec::Pcma, -32.0);
    let strict = SoundLimits { faint_below: -28, ..SoundLimits::default() };
    world.command(measure(1, Some(SoundLimits::default()))).run(6_000);
    assert!(readings(&world).iter().all(|(_, reading)| reading.loudness == Loudness::Fair));
    world.command(measure(1, Some(strict))).run(3_000);
    let before = readings(&world);
    assert_eq!(before.last().map(|(_, reading)| reading.loudness), Some(Loudness::Quiet), "what was measured stays");
    world.command(Command::Move { leg: LegId(1), from: SESSION, to: SessionId(77) }).run(10_000);
    assert_eq!(readings(&world).len(), before.len(), "nobody has asked for it there");
}
