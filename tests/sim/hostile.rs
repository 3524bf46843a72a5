//! Swarms of real calls with a mischief-maker among them (`mischief`). Two promises: whatever is sent in their phones' names, the switch
//! answers as the RFC says, every checker holds, and nothing is left; and what strangers send changes no honest call, not by a
//! millisecond and not by a packet.
//!
//! `SANLING_SIM_SEEDS=2000 cargo test --test sim hostile` tries more; `SANLING_SIM_SEED=n cargo test --test sim hostile::…` repeats one.

use super::mischief::Mischief;
use super::people::Habit;
use super::plane::Plane;
use super::seeds;
use super::world::{World, configuration};
use sanling::base::time::{millis, secs};
use sanling::base::{AgentId, Rng};
use sanling::switch::input::{Command, RequestedState};
use std::collections::BTreeMap;

const AGENTS: [&str; 4] = ["1001", "1002", "1003", "1004"];
/// In the phones' names; without packets.
const SEEDS: u64 = 240;
/// By strangers, each seed twice: with packets.
const STRANGE_SEEDS: u64 = 6;
const STRANGE_COARSE_SEEDS: u64 = 40;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Maker {
    Nobody,
    Stranger,
    /// From the phones' own addresses, and strangers beside.
    Phones,
}

#[test]
fn mischief_in_the_phones_names_gets_the_answers_of_the_rfc() {
    let done = seeds::each("hostile::mischief_in_the_phones", SEEDS, |seed| run(seed, Maker::Phones, true).0);
    expect_each_of(&done, 48);
    for what in [
        "a 2xx before the phone's",
        "a 2xx of the phone behind another's",
        "a PRACK twice",
        "a PRACK of another response",
        "a PRACK before its response",
        "a PRACK of another request",
        "a PRACK of another method",
        "a PRACK with an offer",
        "a PRACK under a number that was used",
        "a PRACK that the phone did not send",
        "a PRACK of what is acknowledged",
        "a PRACK after the answer",
        "a PRACK after the end",
    ] {
        let is_one = std::env::var_os("SANLING_SIM_SEED").is_some();
        assert!(is_one || done.get(what).is_some_and(|times| *times >= 3), "{what} too seldom: {done:?}");
    }
}

#[test]
fn mischief_of_strangers_changes_no_honest_call() {
    let done = seeds::each("hostile::mischief_of_strangers_changes_no", STRANGE_SEEDS, |seed| compare(seed, false));
    expect_each_of(&done, 20);
}

#[test]
fn mischief_of_strangers_changes_no_record() {
    let done = seeds::each("hostile::mischief_of_strangers_changes_no_record", STRANGE_COARSE_SEEDS, |seed| compare(seed, true));
    expect_each_of(&done, 20);
}

/// A swarm that never comes to a kind of mischief proves nothing of it.
fn expect_each_of(done: &BTreeMap<String, u64>, kinds: usize) {
    if std::env::var_os("SANLING_SIM_SEED").is_none() && std::env::var_os("SANLING_SIM_SEEDS").is_none() {
        assert!(done.len() >= kinds && done.values().all(|times| *times >= 1), "{} kinds: {done:?}", done.len());
    }
}

fn compare(seed: u64, coarse: bool) -> BTreeMap<String, u64> {
    let (_, alone) = run(seed, Maker::Nobody, coarse);
    let (done, beside) = run(seed, Maker::Stranger, coarse);
    assert!(alone.len() > 4, "seed {seed}: no calls");
    for (alone, beside) in alone.iter().zip(&beside) {
        assert_eq!(alone, beside, "seed {seed}: without strangers, and with them");
    }
    assert_eq!(alone.len(), beside.len(), "seed {seed}");
    done
}

/// A minute of a busy floor; gives the kinds of mischief that were done, and what everybody lived through.
fn run(seed: u64, maker: Maker, coarse: bool) -> (BTreeMap<String, u64>, Vec<String>) {
    let mut rng = Rng::new(seed ^ 0xD1A1);
    let mut chance = Rng::new(seed ^ 0xBAD);
    let mut world = World::new(seed, configuration(&[], &["sip.session_expires=\"90s\""]));
    world.disk.keeps_sound = false;
    world.plane = coarse.then(|| Plane::new(rng.fork()));
    world.mischief = Some(Box::new(Mischief::new(chance.fork())));
    world.agents_come(&AGENTS);
    let ends = world.now + secs(50);
    let mut callers = 0;
    while world.now < ends {
        world.run(millis(rng.below(700)));
        strike(&mut world, maker, &mut chance);
        match rng.below(10) {
            0 | 1 if callers < 12 => {
                callers += 1;
                let name = format!("139{callers:08}");
                let index = world.add_phone(&name, &format!("127.0.2.{callers}:5060"), None);
                world.phones[index].listens = false;
                world.phones[index].habit = Habit::of_some_caller(&mut rng);
                // Some want to hear for certain that it rings.
                world.phones[index].pracks_after = rng.one_in(2).then(|| millis(rng.below(4_000)));
                world.dials(&name, "95000");
            }
            2 | 3 => {
                let id = AGENTS[rng.below(4) as usize];
                world.phone_mut(id).habit = Habit::of_some_agent(&mut rng);
            }
            4 => {
                for id in AGENTS {
                    world.command(Command::SetAgentState { agent: AgentId::new(id), state: RequestedState::Ready, reason: None });
                }
            }
            5 => {
                let id = AGENTS[rng.below(4) as usize];
                if world.phone(id).is_idle() {
                    world.dials(id, ["1001", "1003", "95000"][rng.below(3) as usize]);
                }
            }
            6 if rng.one_in(3) => {
                let name = world.phones[rng.below(world.phones.len() as u64) as usize].name.clone();
                world.hangs_up(&name);
            }
            _ => {}
        }
    }
    for _ in 0..4 {
        let names: Vec<String> = world.phones.iter().map(|phone| phone.name.clone()).collect();
        for name in names {
            for _ in 0..4 {
                world.hangs_up(&name);
            }
            strike(&mut world, maker, &mut chance);
        }
        world.run(secs(8));
    }
    let done = world.mischief_ends();
    world.run(secs(150));
    world.expect_quiescence();
    let lived = lived(&world);
    (done, lived)
}

fn strike(world: &mut World, maker: Maker, chance: &mut Rng) {
    for _ in 0..chance.below(5) {
        match maker {
            Maker::Nobody => {}
            Maker::Stranger => world.mischief_strikes(true),
            Maker::Phones => {
                let stranger = chance.one_in(4);
                world.mischief_strikes(stranger);
            }
        }
    }
}

/// What everybody lived through, to the nanosecond: what each phone saw, how long each call was and how many packets it heard, and the
/// records.
fn lived(world: &World) -> Vec<String> {
    let mut lines = Vec::new();
    for phone in &world.phones {
        lines.extend(phone.log.iter().map(|(at, saw)| format!("{} {at:?} {saw:?}", phone.name)));
        for leg in &phone.legs {
            lines.push(format!("{} up {:?} to {:?}, {} packets", phone.name, leg.up_at, leg.ended_at, leg.stream.packets_heard));
        }
    }
    lines.extend(world.records.values().map(|record| {
        let offers: Vec<_> = record.offers.iter().map(|offer| (&offer.agent, offer.rings, offer.result)).collect();
        format!(
            "{:?} {:?} {:?} {:?} {:?} {offers:?}",
            record.arrived_at, record.connected_at, record.released_at, record.released_by, record.outcome
        )
    }));
    lines
}
