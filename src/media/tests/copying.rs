//! The copy of a recording as it leaves: who is on which of its two streams, in which codec, and what is silence.

use super::world::{SESSION, World, at, level_at, rate_of};
use crate::base::{CallId, Codec, LegId, Rng, Timestamp};
use crate::media::control::{Command, Direction};

const CALLER: f64 = 400.0;
const AGENT: f64 = 700.0;
/// Places of the copy's two streams among the phones.
const LEFT: usize = 2;
const RIGHT: usize = 3;

fn record(world: &mut World, right: &[u64]) {
    let call = CallId::new(Timestamp(1_795_000_000_000), &mut Rng::new(1));
    let right = right.iter().copied().map(LegId).collect();
    world.command(Command::StartRecording { session: SESSION, call, left: LegId(1), right, began_at: None });
}

/// Two who talk, and the streams of a copy, which hear nobody as parties.
fn copied(codec: Codec, copy: Codec) -> World {
    let mut world = World::bridged(codec, codec);
    for leg in [3, 4] {
        world.phone(leg, copy, 0.0);
        world.configure(leg as usize - 1, |parameters| parameters.direction = Direction { send: true, receive: false });
    }
    record(&mut world, &[2]);
    world.command(Command::Copy { session: SESSION, left: LegId(3), right: LegId(4) });
    world.phones[0].talks = true;
    world.phones[1].talks = true;
    world
}

#[track_caller]
fn expect(world: &World, place: usize, from: u64, there: &[f64], not: &[f64]) {
    let phone = &world.phones[place];
    let heard = phone.heard_since(at(from));
    assert!(!heard.is_empty(), "stream {place} says nothing");
    let level = |hz: f64| level_at(&heard, hz, rate_of(phone.parameters.codec));
    for hz in there {
        assert!((level(*hz) + 20.0).abs() < 1.5, "stream {place}: {hz} Hz at {:.1} dBov", level(*hz));
    }
    for hz in not {
        assert!(level(*hz) < -55.0, "stream {place}: {hz} Hz at {:.1} dBov", level(*hz));
    }
}

#[test]
fn the_caller_is_on_the_first_stream_packet_by_packet_and_the_agent_on_the_second() {
    let mut world = copied(Codec::Pcma, Codec::Pcma);
    world.run(2_000);
    expect(&world, LEFT, 500, &[CALLER], &[AGENT]);
    expect(&world, RIGHT, 500, &[AGENT], &[CALLER]);
    let relayed: Vec<&[u8]> = world.phones[LEFT].got.iter().filter(|got| got.at >= at(500)).map(|got| &got.payload[..]).collect();
    let first = world.phones[0].sent.iter().position(|payload| payload == relayed[0]).expect("what he said");
    let said: Vec<&[u8]> = world.phones[0].sent[first..first + relayed.len()].iter().map(|payload| &payload[..]).collect();
    assert_eq!(relayed, said, "not decoded");
    world.phones[LEFT..].iter().for_each(super::world::Phone::expect_one_stream);
    // The parties hear each other as if nothing were.
    expect(&world, 0, 500, &[AGENT], &[CALLER]);
    expect(&world, 1, 500, &[CALLER], &[AGENT]);
}

#[test]
fn a_copy_in_another_codec_is_transcoded_and_a_wideband_one_stays_wide() {
    for (codec, copy, high) in [
        (Codec::Pcma, Codec::Pcmu, None),
        (Codec::Pcma, Codec::G722, None),
        (Codec::G722, Codec::Pcma, None),
        (Codec::G722, Codec::G722, Some(5_200.0)),
        (Codec::Opus, Codec::G722, Some(5_200.0)),
        (Codec::Opus, Codec::Opus, Some(5_200.0)),
    ] {
        let mut world = copied(codec, copy);
        if let Some(hz) = high {
            for phone in &mut world.phones[..2] {
                phone.voice = crate::audio::tone::Tone::new(&[hz], &[], rate_of(codec), -20.0);
            }
            world.run(1_500);
            for place in [LEFT, RIGHT] {
                let heard = world.phones[place].heard_since(at(500));
                let level = level_at(&heard, hz, rate_of(copy));
                assert!((level + 20.0).abs() < 3.0, "{codec:?} to {copy:?}, stream {place}: {level:.1} dBov at {hz} Hz");
            }
        } else {
            world.run(1_500);
            expect(&world, LEFT, 500, &[CALLER], &[AGENT]);
            expect(&world, RIGHT, 500, &[AGENT], &[CALLER]);
        }
    }
}

#[test]
fn a_pause_is_silence_on_both_streams_and_so_is_what_comes_late_of_it() {
    let mut world = copied(Codec::Pcma, Codec::Pcma);
    world.run(1_000).command(Command::PauseRecording { session: SESSION, on: true });
    world.run(1_000).command(Command::PauseRecording { session: SESSION, on: false });
    world.run(2_000);
    for place in [LEFT, RIGHT] {
        let quiet: Vec<_> = world.phones[place].got.iter().filter(|got| got.at >= at(1_040) && got.at < at(2_190)).collect();
        assert!(quiet.len().abs_diff(57) <= 2, "silence is sent, not nothing: {}", quiet.len());
        assert!(quiet.iter().all(|got| got.payload.iter().all(|byte| *byte == 0xD5 || *byte == 0x55)), "stream {place}");
        world.phones[place].expect_one_stream();
    }
    expect(&world, LEFT, 2_400, &[CALLER], &[AGENT]);
    expect(&world, RIGHT, 2_400, &[AGENT], &[CALLER]);
}

#[test]
fn what_the_switch_says_to_the_caller_is_on_the_second_stream_alone() {
    let mut world = copied(Codec::Pcma, Codec::Pcma);
    world.phones[1].talks = false;
    world.run(500).announce(1, &["welcome"], 7).run(800);
    let rate = rate_of(Codec::Pcma);
    let level = |place: usize| level_at(&world.phones[place].heard_since(at(700)), 1_000.0, rate);
    for (place, said) in [(0, true), (1, false), (LEFT, false), (RIGHT, true)] {
        let level = level(place);
        assert!(if said { (level + 18.0).abs() < 1.5 } else { level < -55.0 }, "{place}: {level:.1} dBov");
    }
    expect(&world, LEFT, 700, &[CALLER], &[AGENT]);
}

#[test]
fn all_others_are_on_the_second_stream_and_who_leaves_is_no_more() {
    let mut world = copied(Codec::Pcma, Codec::Pcma);
    world.phone(5, Codec::Pcma, 1_100.0);
    world.phones[4].talks = true;
    world.all_hear_all(&[1, 2, 5]);
    world.command(Command::SetRecordedParties { session: SESSION, left: LegId(1), right: vec![LegId(2), LegId(5)] });
    world.run(1_500);
    expect(&world, RIGHT, 500, &[AGENT, 1_100.0], &[CALLER]);
    expect(&world, LEFT, 500, &[CALLER], &[AGENT, 1_100.0]);
    world.command(Command::ReleaseLeg { session: SESSION, leg: LegId(2) });
    world.all_hear_all(&[1, 5]);
    world.command(Command::SetRecordedParties { session: SESSION, left: LegId(1), right: vec![LegId(5)] });
    world.run(1_500);
    expect(&world, RIGHT, 2_000, &[1_100.0], &[AGENT, CALLER]);
    world.phones[RIGHT].expect_one_stream();
}

#[test]
fn a_copy_is_silent_where_nothing_is_recorded_and_ends_without_the_call_noticing() {
    let mut world = copied(Codec::Pcma, Codec::Pcma);
    world.run(1_000).command(Command::StopRecording { session: SESSION });
    world.run(1_000);
    for place in [LEFT, RIGHT] {
        let rest = world.phones[place].got.iter().filter(|got| got.at >= at(1_100));
        assert!(rest.clone().count() > 40 && rest.flat_map(|got| &got.payload).all(|byte| *byte == 0xD5 || *byte == 0x55), "{place}");
    }
    for leg in [3, 4] {
        world.command(Command::ReleaseLeg { session: SESSION, leg: LegId(leg) });
    }
    let silent_from = world.now;
    world.run(500);
    assert!(world.phones[LEFT..].iter().all(|stream| stream.got.iter().all(|got| got.at <= silent_from)));
    expect(&world, 0, 2_100, &[AGENT], &[CALLER]);
    assert!(
        world.reports.iter().all(|(_, report)| !matches!(report, crate::media::control::Report::TimedOut { .. })),
        "nothing was expected of it"
    );
}
