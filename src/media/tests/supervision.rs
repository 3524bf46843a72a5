//! Listening in, whispering, barging in, taking over: tables of hearing, proven by the tone of each party at each ear and in the
//! recording.

use super::recording::file;
use super::world::{SESSION, World, level_at, rate_of};
use crate::base::{CallId, Codec, LegId, Rng, Timestamp, time::millis};
use crate::media::control::{Channel, Command};
use Codec::{Opus, Pcma, Pcmu};

const CUSTOMER: u64 = 1;
const AGENT: u64 = 2;
const SUPERVISOR: u64 = 3;
const TONES: [(u64, f64); 3] = [(CUSTOMER, 400.0), (AGENT, 700.0), (SUPERVISOR, 1_100.0)];

struct Mode {
    name: &'static str,
    /// Whom customer, agent and supervisor hear.
    hearing: [&'static [u64]; 3],
    /// Who is on the right of the recording.
    right: &'static [u64],
}

const MODES: [Mode; 8] = [
    Mode { name: "a call", hearing: [&[AGENT], &[CUSTOMER], &[]], right: &[AGENT] },
    Mode { name: "listen", hearing: [&[AGENT], &[CUSTOMER], &[CUSTOMER, AGENT]], right: &[AGENT] },
    Mode { name: "whisper", hearing: [&[AGENT], &[CUSTOMER, SUPERVISOR], &[CUSTOMER, AGENT]], right: &[AGENT, SUPERVISOR] },
    Mode { name: "whisper, not on record", hearing: [&[AGENT], &[CUSTOMER, SUPERVISOR], &[CUSTOMER, AGENT]], right: &[AGENT] },
    Mode { name: "barge in", hearing: [&[AGENT, SUPERVISOR], &[CUSTOMER, SUPERVISOR], &[CUSTOMER, AGENT]], right: &[AGENT, SUPERVISOR] },
    Mode { name: "consultation", hearing: [&[], &[SUPERVISOR], &[AGENT]], right: &[AGENT, SUPERVISOR] },
    Mode { name: "take over", hearing: [&[SUPERVISOR], &[], &[CUSTOMER]], right: &[SUPERVISOR] },
    Mode { name: "back", hearing: [&[AGENT], &[CUSTOMER], &[]], right: &[AGENT] },
];

/// Long enough for every changeover, and what is measured of it.
const MODE_MS: u64 = 1_500;
const SETTLED_MS: u64 = 500;

#[test]
fn each_mode_is_heard_by_whom_it_should_be_and_all_of_it_is_on_record() {
    for codecs in [[Pcma, Pcma, Pcma], [Pcmu, Opus, Pcma], [Opus, Opus, Opus], [Pcma, Pcma, Opus]] {
        let mut world = World::new();
        for ((leg, hz), codec) in TONES.into_iter().zip(codecs) {
            world.phone(leg, codec, hz);
        }
        let call = CallId::new(Timestamp(1), &mut Rng::new(1));
        world.talk().command(Command::StartRecording { session: SESSION, call, left: LegId(CUSTOMER), right: Vec::new(), began_at: None });
        let began = world.now;
        for mode in &MODES {
            let rows: Vec<(u64, &[u64])> = [CUSTOMER, AGENT, SUPERVISOR].into_iter().zip(mode.hearing).collect();
            world.hearing(&rows);
            let right = mode.right.iter().copied().map(LegId).collect();
            world.command(Command::SetRecordedParties { session: SESSION, left: LegId(CUSTOMER), right });
            let from = world.now + millis(SETTLED_MS);
            world.run(MODE_MS);
            for (ear, heard) in mode.hearing.iter().enumerate() {
                let phone = &world.phones[ear];
                let (sound, rate) = (phone.heard_since(from), rate_of(phone.parameters.codec));
                for (party, hz) in TONES {
                    let level = if sound.is_empty() { -120.0 } else { level_at(&sound, hz, rate) };
                    let story = format!("{codecs:?}, {}: {} hears {party} at {level}", mode.name, ear + 1);
                    if heard.contains(&party) {
                        assert!((level + 20.0).abs() < 1.5, "{story}");
                    } else {
                        assert!(level < -50.0, "{story}");
                    }
                }
            }
        }
        for phone in &world.phones {
            phone.expect_one_stream();
        }
        assert_eq!(world.now - began, millis(MODE_MS * MODES.len() as u64));
        world.command(Command::Release { session: SESSION });
        let file = file(&world.recorded);
        for (index, mode) in MODES.iter().enumerate() {
            let from = index * MODE_MS as usize;
            let level = |channel, hz| file.level(channel, hz, from + SETTLED_MS as usize, from + MODE_MS as usize - 50);
            for (party, hz) in TONES {
                let (left, right) = (level(Channel::Left, hz), level(Channel::Right, hz));
                let story = format!("{codecs:?}, {}: {party} is on record at {left}, {right}", mode.name);
                assert_eq!((left + 20.0).abs() < 1.5, party == CUSTOMER, "{story}");
                assert_eq!((right + 20.0).abs() < 1.5, mode.right.contains(&party), "{story}");
                assert!(!(-50.0..=-21.5).contains(&left), "{story}");
                assert!(!(-50.0..=-21.5).contains(&right), "{story}");
            }
        }
    }
}

#[test]
fn who_listens_is_not_noticed_by_those_who_are_heard() {
    let mut world = World::bridged(Pcma, Pcma);
    world.phone(SUPERVISOR, Opus, 1_100.0);
    world.talk().run(500);
    world.hearing(&[(CUSTOMER, &[AGENT]), (AGENT, &[CUSTOMER]), (SUPERVISOR, &[CUSTOMER, AGENT])]).run(500);
    world.hearing(&[(CUSTOMER, &[AGENT]), (AGENT, &[CUSTOMER, SUPERVISOR]), (SUPERVISOR, &[CUSTOMER, AGENT])]).run(500);
    world.command(Command::ReleaseLeg { session: SESSION, leg: LegId(SUPERVISOR) }).run(500);
    // The customer was passed the agent's packets all the while, byte for byte and in one talkspurt.
    let (customer, agent) = (&world.phones[0], &world.phones[1]);
    assert!(customer.got.len() >= 99);
    assert_eq!(customer.got.iter().map(|got| &got.payload).collect::<Vec<_>>(), agent.sent.iter().collect::<Vec<_>>());
    assert_eq!(customer.got.iter().filter(|got| got.header.marker).count(), 1);
    customer.expect_one_stream();
    agent.expect_one_stream();
}

#[test]
fn whom_a_whisper_reaches_first_hears_it_within_a_moment() {
    let mut world = World::bridged(Pcma, Pcma);
    world.phone(SUPERVISOR, Pcma, 1_100.0);
    world.talk().run(1_000);
    world.hearing(&[(CUSTOMER, &[AGENT]), (AGENT, &[CUSTOMER, SUPERVISOR]), (SUPERVISOR, &[CUSTOMER, AGENT])]).run(400);
    let heard = world.phones[1].heard_since(super::world::at(1_000));
    let first = heard.chunks(80).position(|piece| level_at(piece, 1_100.0, rate_of(Pcma)) > -30.0);
    assert!(first.is_some_and(|piece| piece <= 12), "{first:?} times 10 ms");
}
