//! Hundreds of short lives of two endpoints in bad weather, each by its seed: whatever happens, every leg ends once and nothing is left.

use super::world::{FAR, SWITCH, Weather, World};
use crate::base::time::{millis, secs};
use crate::base::{LegId, Rng};
use crate::sip::{Command, Event, Protocol, Reason};
use std::collections::BTreeMap;

/// What the checker knows of a leg.
#[derive(Default, Debug)]
struct Book {
    answered: u32,
    ended: u32,
}

fn live(seed: u64, restarts: bool) {
    let mut rng = Rng::new(seed ^ 0x5EED);
    let dies_in_turn = if restarts { rng.below(100) } else { u64::MAX };
    let mut world = World::new(seed);
    world.weather = Weather { loss: rng.below(120), duplication: rng.below(80), delay_max_ms: rng.below(400) };
    let mut books: BTreeMap<(&'static str, LegId), Book> = BTreeMap::new();
    let mut next = 2;
    for turn in 0..120 {
        let at = if rng.one_in(2) { SWITCH } else { FAR };
        let other = if at == SWITCH { FAR } else { SWITCH };
        if turn < 90 && rng.one_in(6) {
            let protocol = if rng.one_in(4) { Protocol::Tcp } else { Protocol::Udp };
            books.insert((at, LegId(next)), Book::default());
            world.dial(at, other, next, protocol, "offer");
            next += 2;
        }
        let mine: Vec<LegId> = books.keys().filter(|(of, _)| *of == at).map(|(_, leg)| *leg).collect();
        if !mine.is_empty() {
            let leg = mine[usize::try_from(rng.below(mine.len() as u64)).expect("small")];
            let sdp = format!("sdp {}", rng.below(3)).into_bytes();
            let reason = rng.one_in(2).then(|| Reason { cause: 480, text: "swarm".into() });
            let command = match rng.below(8) {
                0 => Command::Ring { leg, code: 180, sdp: None },
                1 => Command::Ring { leg, code: 183, sdp: Some(sdp) },
                2 | 3 => Command::Answer { leg, sdp },
                4 => Command::Release { leg, code: 486, reason, retry_after: None },
                5 => Command::Reoffer { leg, sdp },
                6 => Command::AnswerReoffer { leg, sdp },
                _ => Command::RejectReoffer { leg, code: 488 },
            };
            world.command(at, command);
        }
        world.run(millis(rng.below(1500)));
        note(&mut world, &mut books, seed);
        if turn == dies_in_turn {
            for leg in world.restart(at, millis(rng.below(4000))) {
                world.recheck(at, leg);
            }
        }
    }
    let all: Vec<_> = books.keys().copied().collect();
    for (at, leg) in all {
        world.command(at, Command::Release { leg, code: 480, reason: None, retry_after: None });
    }
    world.run(secs(30));
    note(&mut world, &mut books, seed);
    // A call that came in at the last moment: its INVITE was under way.
    let late: Vec<_> = books.iter().filter(|(_, book)| book.ended == 0).map(|(key, _)| *key).collect();
    for (at, leg) in late {
        world.command(at, Command::Release { leg, code: 480, reason: None, retry_after: None });
    }
    world.expect_nothing_left();
    note(&mut world, &mut books, seed);
    for (key, book) in &books {
        assert!(book.ended == 1 && book.answered <= 1, "seed {seed}: {key:?} {book:?}");
    }
    world.expect_one_final_response_each();
}

fn note(world: &mut World, books: &mut BTreeMap<(&'static str, LegId), Book>, seed: u64) {
    for at in [SWITCH, FAR] {
        for event in world.events(at) {
            let leg = match &event {
                Event::Invited { leg, .. } => {
                    assert!(books.insert((at, *leg), Book::default()).is_none(), "seed {seed}: {leg} twice");
                    continue;
                }
                Event::Ringing { leg, .. }
                | Event::Answered { leg, .. }
                | Event::Failed { leg, .. }
                | Event::Acked { leg, .. }
                | Event::Reoffered { leg, .. }
                | Event::Described { leg, .. }
                | Event::SnapshotAsked { leg }
                | Event::ReofferAnswered { leg, .. }
                | Event::ReofferFailed { leg, .. }
                | Event::Digit { leg, .. }
                | Event::Referred { leg, .. }
                | Event::Released { leg, .. } => *leg,
                Event::Registered { .. } | Event::Unregistered { .. } | Event::Source(_) => continue,
                Event::TextCame { .. } | Event::TextEnded { .. } => continue,
                Event::PhoneTlsFailed { .. }
                | Event::TrunkRegistered { .. }
                | Event::TrunkUnregistered { .. }
                | Event::TrunkUp { .. }
                | Event::TrunkDown { .. } => {
                    continue;
                }
            };
            let book = books.get_mut(&(at, leg)).expect("a leg that is known");
            assert_eq!(book.ended, 0, "seed {seed}: {event:?} after the end");
            book.answered += u32::from(matches!(event, Event::Answered { .. }));
            book.ended += u32::from(matches!(event, Event::Failed { .. } | Event::Released { .. }));
        }
    }
}

#[test]
fn whatever_happens_every_leg_ends_once_and_nothing_is_left() {
    for seed in 0..200 {
        live(seed, false);
    }
}

#[test]
fn so_it_is_when_one_of_them_dies_in_between_and_comes_back() {
    for seed in 0..200 {
        live(seed, true);
    }
}
