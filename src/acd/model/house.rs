//! Agents, queues and numbers of chance: every strategy, levels, widening, ageing, weights, preferences and limits, in all mixtures.

use super::super::*;
use crate::base::time::secs;
use crate::base::{Duration, Rng};
use std::collections::BTreeMap;

const SKILLS: [&str; 3] = ["english", "sales", "service"];
const TEAMS: [&str; 2] = ["first", "second"];
const QUEUES: [&str; 5] = ["english", "sales", "service", "vip", "west"];
const AGENTS: usize = 8;
/// Numbers that ask for more than their queues.
const NUMBERS: usize = 3;

pub(super) struct House {
    pub agents: BTreeMap<AgentId, AgentSettings>,
    pub queues: BTreeMap<QueueId, QueueSettings>,
    /// What each number asks for.
    pub numbers: Vec<Levels>,
    pub limits: Limits,
}

impl House {
    pub(super) fn of_chance(rng: &mut Rng) -> Self {
        let agents = (0..AGENTS).map(|n| (AgentId::new(&format!("100{n}")), agent(rng))).collect();
        let queues = QUEUES.iter().map(|id| (QueueId::new(id), queue(rng))).collect();
        let numbers = (0..NUMBERS).map(|_| levels(rng, 5)).collect();
        Self { agents, queues, numbers, limits: limits(rng) }
    }

    /// Another agent, another queue.
    pub(super) fn change(&mut self, rng: &mut Rng) {
        let nth = |rng: &mut Rng, of: usize| usize::try_from(rng.below(of as u64)).expect("an index");
        let n = nth(rng, self.agents.len());
        *self.agents.values_mut().nth(n).expect("an agent") = agent(rng);
        if rng.one_in(2) {
            let n = nth(rng, self.queues.len());
            *self.queues.values_mut().nth(n).expect("a queue") = queue(rng);
        }
        self.limits = limits(rng);
    }

    pub(super) fn settings(&self) -> AcdSettings {
        let Self { agents, queues, limits, .. } = self;
        AcdSettings { agents: agents.clone(), queues: queues.clone(), limits: *limits, ring_limit: secs(15) }
    }
}

fn limits(rng: &mut Rng) -> Limits {
    let mut limit = || Limit {
        after: u32::try_from(rng.below(4)).expect("a small number"),
        then: some(rng, &[Consequence::NotReady, Consequence::NotReady, Consequence::Ready, Consequence::LogOff]),
    };
    Limits { missed: limit(), rejected: limit(), busy: limit(), unreachable: limit() }
}

fn some<T: Clone>(rng: &mut Rng, of: &[T]) -> T {
    of[usize::try_from(rng.below(of.len() as u64)).expect("an index")].clone()
}

fn maybe<T>(rng: &mut Rng, one_in: u64, value: impl FnOnce(&mut Rng) -> T) -> Option<T> {
    rng.one_in(one_in).then(|| value(rng))
}

fn between(rng: &mut Rng, least: u64, most: u64) -> u64 {
    least + rng.below(most - least + 1)
}

fn level(rng: &mut Rng, most: u64) -> u8 {
    u8::try_from(between(rng, 1, most)).expect("a small number")
}

/// One skill or more.
fn levels(rng: &mut Rng, most: u64) -> Levels {
    let mask = 1 + rng.below(7);
    SKILLS.iter().enumerate().filter(|(i, _)| mask & (1 << i) != 0).map(|(_, skill)| (Skill::new(skill), level(rng, most))).collect()
}

fn agent(rng: &mut Rng) -> AgentSettings {
    AgentSettings {
        skills: levels(rng, 9),
        team: maybe(rng, 2, |rng| some(rng, &TEAMS).into()),
        rank: u16::try_from(between(rng, 1, 3)).expect("a small number"),
        weight: u32::try_from(between(rng, 1, 4)).expect("a small number"),
    }
}

fn wait(rng: &mut Rng, least: u64, most: u64) -> Duration {
    secs(between(rng, least, most))
}

fn queue(rng: &mut Rng) -> QueueSettings {
    let mut skills = levels(rng, 4);
    // Mostly one skill, so that something goes on.
    if !rng.one_in(4) {
        let only = some(rng, &skills.keys().cloned().collect::<Vec<_>>());
        skills.retain(|skill, _| *skill == only);
    }
    let mut after = Duration::ZERO;
    let widen = (0..rng.below(4)).map(|_| widening(rng, &mut after, &skills)).collect();
    QueueSettings {
        skills,
        strategy: some(rng, &Strategy::ALL),
        ring_at_once: usize::try_from(between(rng, 1, 4)).expect("a small number"),
        ring_step: wait(rng, 3, 10),
        wrap_up: secs(rng.below(3) * 10),
        wrap_up_kind: some(rng, &WrapUpKind::ALL),
        widen,
        ageing: maybe(rng, 2, |rng| wait(rng, 5, 40)),
        weight: maybe(rng, 2, |rng| u32::try_from(between(rng, 1, 4)).expect("a small number")),
        capacity: if rng.one_in(3) { 4 } else { 1_000 },
        join: some(rng, &[Join::Always, Join::Always, Join::LoggedOn, Join::Ready]),
        max_wait: maybe(rng, 3, |rng| wait(rng, 20, 200)),
        preferred_wait: maybe(rng, 2, |rng| wait(rng, 5, 60)),
    }
}

fn widening(rng: &mut Rng, after: &mut Duration, skills: &Levels) -> Widening {
    *after += wait(rng, 1, 40);
    let lower = |rng: &mut Rng| skills.iter().map(|(skill, most)| (skill.clone(), level(rng, u64::from(*most)))).collect();
    Widening {
        after: *after,
        skills: maybe(rng, 2, lower),
        add: maybe(rng, 2, |rng| match rng.below(2) {
            0 => Group::Team(some(rng, &TEAMS).into()),
            _ => Group::Skill(some(rng, &SKILLS).into()),
        }),
    }
}
