//! What nobody thought of: random people on a random network, every checker looking on.
//!
//! `SANLING_SIM_SEEDS=200 cargo test --test sim swarm` tries more; `SANLING_SIM_SEED=n cargo test --test sim swarm` repeats one.

use super::net::Weather;
use super::people::{Alert, Habit};
use super::plane::Plane;
use super::seeds;
use super::world::{World, configuration};
use sanling::base::time::{millis, secs};
use sanling::base::{AgentId, Rng};
use sanling::switch::input::{Command, PartyOrder, RequestedState, SupervisionMode};
use sanling::switch::output::Reply;
use std::collections::BTreeMap;

/// Seeds that the suite tries; chosen for seconds, not for luck.
const SEEDS: u64 = 24;
const AGENTS: [&str; 4] = ["1001", "1002", "1003", "1004"];
const SUPERVISOR: &str = "1000";

/// Seeds without packets: a second of one core tries sixty.
const COARSE_SEEDS: u64 = 1_000;

#[test]
fn swarm() {
    came_to_every_rule(&seeds::each("swarm::swarm", SEEDS, |seed| run(seed, false)), &[]);
}

#[test]
fn coarse_swarm() {
    let more = ["call.transferred", "party.joined", "party.changed", "party.left", "party.not_reached", "hold.promised", "call.originated"];
    came_to_every_rule(&seeds::each("coarse_swarm", COARSE_SEEDS, |seed| run(seed, true)), &more);
}

/// A swarm that never comes to a rule proves nothing of it.
fn came_to_every_rule(lived: &BTreeMap<String, u64>, more: &[&str]) {
    if std::env::var_os("SANLING_SIM_SEED").is_some() {
        return;
    }
    for what in
        ["answered", "abandoned", "silent", "offer.missed", "offer.ended", "hold.patience_exceeded", "queue.comforted", "silent_call.step"]
            .iter()
            .chain(more)
    {
        assert!(lived.get(*what).is_some_and(|times| *times >= 3), "{what} too seldom: {lived:?}");
    }
}

/// What a program may order of a call, at the right time or not.
fn some_order(rng: &mut Rng) -> PartyOrder {
    let to = || ["1001", "1002", "1003", "1004", SUPERVISOR, "13900000001"];
    let to = to()[rng.below(6) as usize].to_owned();
    let supervisor = AgentId::new(SUPERVISOR);
    match rng.below(12) {
        0 | 1 => PartyOrder::Transfer { to },
        2..=4 => PartyOrder::Consult { to },
        5 => PartyOrder::Escalate,
        6 => PartyOrder::Complete,
        7 => PartyOrder::Confer,
        8 => PartyOrder::Back,
        9 => PartyOrder::Add { to },
        10 if rng.one_in(2) => PartyOrder::EndSupervision { supervisor },
        10 => PartyOrder::Hold { reason: None, promise: Some(secs(1 + rng.below(20))) },
        _ => {
            let modes = [SupervisionMode::Listen, SupervisionMode::Whisper, SupervisionMode::BargeIn, SupervisionMode::TakeOver];
            PartyOrder::Supervise { supervisor, mode: modes[rng.below(4) as usize] }
        }
    }
}

/// Whom the desk calls: one agent at a time, several at once, or one after the other.
fn some_strategy(rng: &mut Rng) -> (&'static str, &'static str) {
    let strategies =
        ["longest-idle\"", "longest-idle\"", "ring-all\"\nring_at_once = 3", "ring-progressively\"\nring_step = \"3s\"\nring_at_once = 3"];
    let chosen = strategies[rng.below(4) as usize];
    ("longest-idle\"", chosen)
}

/// Who waits may be called back, and who abandons a wait is listed.
const CALLS_BACK: (&str, &str) = (
    "wrap_up = \"0s\"",
    "wrap_up = \"0s\"\n[queue.call_back]\nkey = \"1\"\noffer_after = \"2s\"\ntries = 2\nretry_after = \"10s\"\nring_for = \"8s\"\nabandoned_after = \"3s\"",
);

/// One of those who are to be called back is called by an agent, or need not be called any more.
fn calls_back(world: &mut World, rng: &mut Rng) {
    let Reply::CallBacks(all) = world.command(Command::CallBacks) else { return };
    if all.is_empty() {
        return;
    }
    let id = all[rng.below(all.len() as u64) as usize].id;
    let agent = AgentId::new(AGENTS[rng.below(4) as usize]);
    world.command(if rng.one_in(4) { Command::DropCallBack { id } } else { Command::TakeCallBack { id, agent } });
}

/// Nobody is called back any more.
fn drops_call_backs(world: &mut World) {
    if let Reply::CallBacks(all) = world.command(Command::CallBacks) {
        for one in all {
            world.command(Command::DropCallBack { id: one.id });
        }
    }
}

/// A minute and a half of a busy floor, and then rest. `coarse`: without packets. Returns how often each event and outcome was.
fn run(seed: u64, coarse: bool) -> BTreeMap<String, u64> {
    let mut rng = Rng::new(seed ^ 0x5EED);
    // Short sessions: whoever dies while he holds is found out by the session timer alone.
    let mut world = World::new(seed, configuration(&[some_strategy(&mut rng), CALLS_BACK], &["sip.session_expires=\"90s\""]));
    world.disk.keeps_sound = false;
    world.plane = coarse.then(|| Plane::new(rng.fork()));
    world.agents_come(&AGENTS);
    world.agents_come(&[SUPERVISOR]);
    world.add_phone("carrier", "127.0.0.1:5090", None);
    world.phone_mut("carrier").habit = Habit::of_some_agent(&mut rng);
    if !seed.is_multiple_of(3) {
        world.net.sip = Weather { lost: rng.below(120), doubled: rng.below(80), least_ms: rng.below(20), delay_ms: rng.below(60) };
        world.net.rtp = Weather { lost: rng.below(60), doubled: rng.below(20), least_ms: rng.below(20), delay_ms: rng.below(50) };
    }
    for index in 0..world.phones.len() {
        world.phones[index].listens = false;
    }
    let ends = world.now + secs(90);
    let mut callers = 0;
    while world.now < ends {
        world.run(millis(rng.below(4_000)));
        match rng.below(40) {
            0..=7 if callers < 24 => {
                callers += 1;
                let name = format!("138{callers:08}");
                let index = world.add_phone(&name, &format!("127.0.2.{callers}:5060"), None);
                world.phones[index].listens = false;
                world.phones[index].habit = Habit::of_some_caller(&mut rng);
                world.dials(&name, "95000");
            }
            8..=13 => {
                let id = [SUPERVISOR, AGENTS[rng.below(4) as usize]][usize::from(!rng.one_in(4))];
                world.phone_mut(id).habit = Habit::of_some_agent(&mut rng);
            }
            // The supervisor wakes those who missed and refused, and now and then sends one to lunch.
            14 | 15 => {
                for id in AGENTS {
                    let state = if rng.one_in(6) { RequestedState::NotReady } else { RequestedState::Ready };
                    world.command(Command::SetAgentState { agent: AgentId::new(id), state, reason: None });
                }
            }
            16 => {
                let id = AGENTS[rng.below(4) as usize];
                if world.phone(id).is_idle() {
                    let number = ["*13", "*14", "1001", "1003", "95000", "4711"][rng.below(6) as usize];
                    world.dials(id, number);
                }
            }
            17 => {
                let index = rng.below(world.phones.len() as u64) as usize;
                let name = world.phones[index].name.clone();
                world.hangs_up(&name);
            }
            18 => {
                world.reload(&[some_strategy(&mut rng), CALLS_BACK], &["sip.session_expires=\"90s\""]);
            }
            // Whoever speaks sends on whom he speaks with, or joins his calls.
            21..=24 => {
                let id = AGENTS[rng.below(4) as usize];
                let number = ["1001", "1002", "1003", "1004", SUPERVISOR, "95000", "4711"][rng.below(7) as usize];
                if rng.one_in(4) {
                    world.refers_to_other_line(id);
                } else {
                    world.refers(id, number);
                }
            }
            25..=35 => {
                let running: Vec<_> = world.snapshot().calls.iter().map(|call| call.record.id).collect();
                if !running.is_empty() {
                    let call = running[rng.below(running.len() as u64) as usize];
                    world.command(Command::Parties { call, order: some_order(&mut rng) });
                }
            }
            36 | 37 => calls_back(&mut world, &mut rng),
            // A waiting caller wishes it, or presses keys for nothing.
            38 | 39 if callers > 0 => {
                let name = format!("138{:08}", 1 + rng.below(callers));
                world.presses(&name, "1").run(millis(1_200));
                world.presses(&name, ["#", "*", "1"][rng.below(3) as usize]);
            }
            19 if seed % 2 == 1 => crashes(&mut world, &mut rng, coarse),
            _ => {
                let id = AGENTS[rng.below(4) as usize];
                world.act(id, |phone, now, out| phone.register(3_600, now, out));
            }
        }
    }
    // The day is over: everybody goes home, on a good network, and what died is found out by the silence of its media.
    world.net.sip = Weather::default();
    world.net.rtp = Weather::default();
    for _ in 0..4 {
        drops_call_backs(&mut world);
        for index in 0..world.phones.len() {
            let name = world.phones[index].name.clone();
            world.phones[index].habit.alert = Alert::Ringing;
            while !world.phones[index].is_idle() && world.phones[index].alive {
                let live = world.phones[index].legs.iter().filter(|leg| leg.state != super::phones::State::Ended).count();
                world.hangs_up(&name);
                if world.phones[index].legs.iter().filter(|leg| leg.state != super::phones::State::Ended).count() == live {
                    break;
                }
            }
        }
        world.run(secs(12));
    }
    drops_call_backs(&mut world);
    world.run(secs(90));
    world.expect_quiescence();
    let mut lived: BTreeMap<String, u64> = world.lived.iter().map(|(name, times)| ((*name).to_owned(), *times)).collect();
    for outcome in world.records.values().filter_map(|record| record.outcome) {
        *lived.entry(outcome.name().to_owned()).or_default() += 1;
    }
    lived.insert("steps".to_owned(), world.checkers.looked);
    lived.insert("messages".to_owned(), world.messages);
    lived
}

/// Killed at some moment, often in the middle of something; some lose patience while it is away.
fn crashes(world: &mut World, rng: &mut Rng, coarse: bool) {
    let someone = |world: &World, rng: &mut Rng| world.phones[rng.below(world.phones.len() as u64) as usize].name.clone();
    if rng.one_in(3) {
        let name = someone(world, rng);
        world.hangs_up(&name);
    }
    let within = if rng.one_in(2) { 60 } else { 1_500 };
    world.run(millis(rng.below(within)));
    let down_for = millis(100 + rng.below(2_500));
    world.crash(down_for);
    if rng.one_in(4) {
        let name = someone(world, rng);
        world.hangs_up(&name);
    }
    world.run(down_for);
    // Twice, now and then, into the middle of its return.
    if coarse && rng.one_in(6) {
        world.run(millis(rng.below(80)));
        world.crash(millis(300)).run(millis(300));
    }
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let events = |seed| {
        let mut world = World::new(seed, configuration(&[], &[]));
        world.net.sip = Weather { lost: 100, doubled: 50, least_ms: 0, delay_ms: 40 };
        world.agents_come(&["1001", "1002"]);
        world.caller_dials("95000");
        world.run(secs(20));
        world.events.iter().map(|(at, event)| format!("{at:?} {event:?}")).collect::<Vec<_>>()
    };
    assert_eq!(events(5), events(5));
    assert_ne!(events(5), events(6));
}
