//! A leg goes from one call's session to another's: its stream goes on, and nothing of the old call follows it.

use super::recording::file;
use super::world::{SESSION, World, at, level_at, rate_of};
use crate::base::limits::SESSION_LEGS_MAX;
use crate::base::{CallId, Codec, LegId, Rng, SessionId, Timestamp, time::millis};
use crate::media::Component;
use crate::media::control::{AllocationFailure, Background, Channel, Command, Recorded, Report, all_hear_all};
use Codec::{Opus, Pcma, Pcmu};

const OTHER: SessionId = SessionId(2);

/// A customer with his agent in one session, the agent's second call with another in the next.
fn two_calls(codecs: [Codec; 4]) -> World {
    let mut world = World::new();
    for (leg, session, hz) in [(1, SESSION, 400.0), (2, SESSION, 700.0), (3, OTHER, 1_000.0), (4, OTHER, 1_300.0)] {
        world.phone_of(session, leg, codecs[leg as usize - 1], hz);
    }
    world.all_hear_all(&[1, 2]);
    world.command(Command::SetHearing { session: OTHER, hearing: all_hear_all(&[LegId(3), LegId(4)]) });
    world.talk();
    world
}

/// The other's phone comes to the customer; both of the agent's legs go.
fn transfer(world: &mut World) {
    world.command(Command::Move { leg: LegId(4), from: OTHER, to: SESSION });
    world.all_hear_all(&[1, 4]);
    world.command(Command::Release { session: OTHER }).command(Command::ReleaseLeg { session: SESSION, leg: LegId(2) });
}

#[test]
fn two_calls_of_one_agent_become_one() {
    for codecs in [[Pcma; 4], [Pcma, Pcma, Pcma, Pcmu], [Opus, Pcma, Pcma, Pcma], [Pcmu, Opus, Opus, Opus]] {
        let mut world = two_calls(codecs);
        let call = CallId::new(Timestamp(1), &mut Rng::new(1));
        world.command(Command::StartRecording { session: SESSION, call, left: LegId(1), right: vec![LegId(2)], began_at: None });
        world.run(1_000);
        transfer(&mut world);
        world.command(Command::SetRecordedParties { session: SESSION, left: LegId(1), right: vec![LegId(4)] });
        assert_eq!(world.times(|report| matches!(report, Report::Allocated { session: SESSION, leg: LegId(4), .. })), [1_000]);
        world.run(1_000);
        for (ear, hz, party) in [(0, 1_300.0, 4), (3, 400.0, 1)] {
            let phone = &world.phones[ear];
            let level = level_at(&phone.heard_since(at(1_200)), hz, rate_of(codecs[ear]));
            assert!((level + 20.0).abs() < 1.5, "{codecs:?}: {} hears {party} at {level}", ear + 1);
            phone.expect_one_stream();
        }
        assert_eq!(world.released, [LegId(3), LegId(2)], "its sockets stay");
        world.command(Command::Release { session: SESSION });
        let file = file(&world.recorded);
        assert!((file.level(Channel::Right, 700.0, 100, 900) + 20.0).abs() < 1.5, "{codecs:?}");
        assert!((file.level(Channel::Right, 1_300.0, 1_100, 1_900) + 20.0).abs() < 1.5, "{codecs:?}");
        assert!((file.level(Channel::Left, 400.0, 100, 1_900) + 20.0).abs() < 1.5, "{codecs:?}");
        assert_eq!((world.engine.legs(), world.engine.sessions(), world.engine.deadline()), (0, 0, None));
    }
}

#[test]
fn what_is_held_of_it_is_heard_without_a_pause() {
    // It is decoded before and after: the jitter buffer need not fill again.
    let mut world = two_calls([Pcma, Pcma, Pcma, Pcmu]);
    world.run(1_005);
    transfer(&mut world);
    world.run(300);
    let first = &world.phones[0];
    assert!(first.longest_gap(900) <= millis(40), "{:?}", first.longest_gap(900));
    let heard = first.heard_since(at(1_030));
    assert!(heard.chunks(80).take(20).all(|piece| crate::audio::level::dbov(piece) > -30.0));
}

#[test]
fn its_latch_goes_along() {
    let mut world = two_calls([Pcma; 4]);
    world.configure(3, |parameters| {
        parameters.remote = "192.168.1.7:4000".parse().expect("an address");
        parameters.signalled_from = "203.0.113.5".parse().expect("an address");
    });
    world.command(Command::Configure { session: OTHER, leg: LegId(4), parameters: world.phones[3].parameters.clone() });
    world.phones[3].address = "203.0.113.5:777".parse().expect("an address");
    world.run(500);
    transfer(&mut world);
    let before = world.phones[0].got.len();
    world.phones[3].talks = false;
    world.run(100);
    let stranger = world.phones[3].packet(&[0x55; 160]);
    world.datagram(4, Component::Rtp, "203.0.113.5:778", &stranger).run(20);
    assert!(world.phones[0].got.len() <= before + 1, "nobody takes it over on the way");
    world.phones[3].talks = true;
    world.run(500);
    assert!(world.phones[3].got.iter().filter(|got| got.at > at(700)).count() >= 18, "sound goes where its packets come from");
}

#[test]
fn what_the_old_call_ordered_for_it_ends() {
    let mut world = two_calls([Pcma; 4]);
    world.command(Command::Announce { session: OTHER, leg: LegId(4), clips: vec!["welcome".into()], token: 7 });
    world.command(Command::SetBackground { session: OTHER, leg: LegId(4), background: Background::Music("music/hold".into()) });
    world.command(Command::ListenForSpeech { session: OTHER, leg: LegId(4), on: true });
    world.run(200).command(Command::Move { leg: LegId(4), from: OTHER, to: SESSION });
    assert_eq!(world.times(|report| matches!(report, Report::AnnouncementEnded { session: OTHER, token: 7, .. })), [200]);
    let before = world.phones[3].got.len();
    world.run(500);
    assert_eq!(world.phones[3].got.len(), before, "it hears nobody until that is ordered");
    assert!(world.phones[2].got.iter().all(|got| got.at <= at(200)), "and is heard by nobody");
    world.command(Command::SetHearing { session: OTHER, hearing: all_hear_all(&[LegId(3), LegId(4)]) }).run(100);
    assert!(world.phones[2].got.iter().all(|got| got.at <= at(200)), "orders of the old call pass it by");
}

#[test]
fn a_leg_that_cannot_be_moved_is_told() {
    let failed = |world: &World| {
        let failed = world.reports.iter().filter_map(|(_, report)| match report {
            Report::AllocationFailed { session, leg, cause } => Some((*session, *leg, *cause)),
            _ => None,
        });
        failed.collect::<Vec<_>>()
    };
    let refused = AllocationFailure::Refused;
    let mut world = two_calls([Pcma; 4]);
    world.command(Command::Move { leg: LegId(9), from: OTHER, to: SESSION });
    world.command(Command::Move { leg: LegId(1), from: OTHER, to: SESSION });
    world.command(Command::Move { leg: LegId(1), from: SessionId(77), to: OTHER });
    assert_eq!(failed(&world), [(SESSION, LegId(9), refused), (OTHER, LegId(1), refused)], "where it is it may stay");
    assert!(world.released.is_empty());

    let mut world = two_calls([Pcma; 4]);
    for leg in 10..10 + SESSION_LEGS_MAX as u64 - 2 {
        let address = "192.0.2.1:30000".parse().expect("an address");
        world.engine.allocated(SESSION, LegId(leg), address, world.now, &mut world.turn);
    }
    world.run(20).command(Command::Move { leg: LegId(4), from: OTHER, to: SESSION });
    assert_eq!(failed(&world), [(SESSION, LegId(4), refused)]);
    assert_eq!(world.released, [LegId(4)]);
    assert_eq!(world.times(|report| matches!(report, Report::Statistics { leg: LegId(4), .. })).len(), 1);
}

#[test]
fn the_last_leg_takes_the_session_with_it() {
    let mut world = World::new();
    world.phone(1, Pcma, 400.0);
    let call = CallId::new(Timestamp(1), &mut Rng::new(1));
    world.command(Command::StartRecording { session: SESSION, call, left: LegId(1), right: Vec::new(), began_at: None });
    world.talk().run(500).command(Command::Move { leg: LegId(1), from: SESSION, to: OTHER });
    assert!(matches!(world.recorded.last(), Some(Recorded::Stopped { samples: 4_000, .. })), "its recording has nothing more to tell");
    assert_eq!(world.engine.sessions(), 1, "one is begun, one is over");
    world.command(Command::SetBackground { session: OTHER, leg: LegId(1), background: Background::Silence }).run(200);
    assert_eq!(world.phones[0].got.len(), 10);
    world.command(Command::Move { leg: LegId(1), from: SESSION, to: OTHER });
    let told = world.times(|report| matches!(report, Report::Allocated { session: OTHER, leg: LegId(1), .. }));
    assert_eq!(told, [500, 700], "asked again, it is told where it is");
}
