//! Where the calls and the agents of queues meet that ask for the same: one pool for all queues of one requirement, one widening and one
//! order of agents, and one for the calls of each of them whose number asks for more.
//!
//! A class of calls is a queue and a step of widening. The agents for it are those of the steps up to it: so each agent stands once in a
//! pool, in the tier of the first step that lets him in, and the free agents of a class are the first of a few tiers. Nobody is moved when
//! a call widens.

use super::agent::StateName;
use super::draw::Draw;
use super::fairness::Flows;
use super::line::{Lines, Turn};
use super::roster::{Member, Seat};
use super::skill::{both, shortfall};
use super::strategy::Standing;
use super::{AgentSettings, Group, Levels, QueueSettings, Skill, Strategy};
use crate::base::{Instant, Rng};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Index, IndexMut};

/// The pools, numbered, so that no decision compares requirements.
#[derive(Debug, Default)]
pub(super) struct Pools {
    ids: BTreeMap<Requirement, PoolId>,
    pools: Vec<Pool>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct PoolId(usize);

/// What makes two queues one pool.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Requirement {
    /// Of those that take agents in the same order, the one for all.
    strategy: Strategy,
    /// The queue's, before any widening.
    skills: Levels,
    widen: Vec<(Option<Levels>, Option<Group>)>,
    /// The number's, of which no group is spared. A step that lowers one of these skills lowers it here too.
    number: Levels,
}

/// An agent's part in a pool.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Membership {
    pub pool: PoolId,
    /// The first step that lets him in.
    pub tier: u8,
    /// The sum of his levels in what is asked for before any widening.
    fitness: u16,
}

impl Requirement {
    /// Who asks for what makes no difference where nothing widens: then both are one.
    fn of(queue: &QueueSettings, asks: &Levels) -> Self {
        let widen: Vec<_> = queue.widen.iter().map(|step| (step.skills.clone(), step.add.clone())).collect();
        let (strategy, skills) = (queue.strategy.order(), queue.skills.clone());
        if widen.is_empty() {
            return Self { strategy, skills: both(&skills, asks), widen, number: Levels::new() };
        }
        Self { strategy, skills, widen, number: asks.clone() }
    }

    fn taken(&self, step: u8) -> &[(Option<Levels>, Option<Group>)] {
        &self.widen[..self.widen.len().min(usize::from(step))]
    }

    /// What the number asks for still at a step.
    fn number_at(&self, step: u8) -> Levels {
        self.number.iter().map(|(skill, level)| (skill.clone(), self.lowest(step, skill, *level))).collect()
    }

    /// What is left at a step of a level that the number asks for.
    fn lowest(&self, step: u8, skill: &Skill, level: u8) -> u8 {
        self.taken(step).iter().filter_map(|(skills, _)| skills.as_ref()?.get(skill).copied()).fold(level, u8::min)
    }

    /// What is asked for at a step.
    pub(super) fn skills_at(&self, step: u8) -> Levels {
        let of_queue = self.taken(step).iter().rev().find_map(|(skills, _)| skills.as_ref()).unwrap_or(&self.skills);
        both(of_queue, &self.number_at(step))
    }

    /// The first step that lets the agent in: the queue has let him in by then, and he has what the number asks for still.
    fn tier_of(&self, agent: &AgentSettings) -> Option<u8> {
        let fits = |skills: &Levels| shortfall(skills, &agent.skills).is_none();
        let lets_in = |(skills, group): &(Option<Levels>, Option<Group>)| {
            skills.as_ref().is_some_and(fits) || group.as_ref().is_some_and(|group| group.has(agent))
        };
        let first = if fits(&self.skills) { 0 } else { u8::try_from(self.widen.iter().position(lets_in)? + 1).ok()? };
        let last = u8::try_from(self.widen.len()).ok()?;
        let has = |skill: &Skill| agent.skills.get(skill).copied().unwrap_or(0);
        (first..=last).find(|step| self.number.iter().all(|(skill, level)| has(skill) >= self.lowest(*step, skill, *level)))
    }
}

impl Pools {
    /// The pool of the queue's calls whose number asks for this besides, which is made if no other asked for the same before. Its agents are
    /// entered by who makes it.
    pub(super) fn of(&mut self, queue: &QueueSettings, asks: &Levels) -> (PoolId, bool) {
        let requirement = Requirement::of(queue, asks);
        if let Some(id) = self.ids.get(&requirement) {
            return (*id, false);
        }
        let id = PoolId(self.pools.len());
        self.pools.push(Pool::new(requirement.clone()));
        self.ids.insert(requirement, id);
        (id, true)
    }

    pub(super) fn membership(&self, pool: PoolId, agent: &AgentSettings) -> Option<Membership> {
        let asked = &self[pool].requirement;
        let tier = asked.tier_of(agent)?;
        let skills = asked.skills.keys().chain(asked.number.keys().filter(|skill| !asked.skills.contains_key(*skill)));
        let fitness = skills.map(|skill| u16::from(agent.skills.get(skill).copied().unwrap_or(0))).sum();
        Some(Membership { pool, tier, fitness })
    }

    pub(super) fn memberships(&self, agent: &AgentSettings) -> Box<[Membership]> {
        self.ids().filter_map(|pool| self.membership(pool, agent)).collect()
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = PoolId> + use<> {
        (0..self.pools.len()).map(PoolId)
    }
}

impl Index<PoolId> for Pools {
    type Output = Pool;

    fn index(&self, id: PoolId) -> &Pool {
        &self.pools[id.0]
    }
}

impl IndexMut<PoolId> for Pools {
    fn index_mut(&mut self, id: PoolId) -> &mut Pool {
        &mut self.pools[id.0]
    }
}

#[derive(Clone, Debug)]
pub(super) struct Pool {
    pub requirement: Requirement,
    tiers: Vec<Tier>,
    /// Calls that wait for an agent to be offered to.
    pub lines: Lines,
}

/// The agents whom one step lets in.
#[derive(Clone, Debug, Default)]
struct Tier {
    /// Who can be offered a call now, in the strategy's order.
    free: BTreeSet<Post>,
    /// The same, for a strategy of chance.
    draw: Draw,
    /// How many are in each state.
    states: [usize; StateName::ALL.len()],
}

/// The strategy's order, then the longest idle, then the lowest id.
type Post = (u64, Instant, Seat);

impl Pool {
    fn new(requirement: Requirement) -> Self {
        let tiers = vec![Tier::default(); requirement.widen.len() + 1];
        Self { requirement, tiers, lines: Lines::default() }
    }

    pub(super) fn strategy(&self) -> Strategy {
        self.requirement.strategy
    }

    fn post(&self, seat: Seat, standing: Standing, member: &Member, fitness: u16) -> Post {
        (standing.order(self.strategy(), member.settings.rank, fitness), standing.idle_since, seat)
    }

    pub(super) fn enter(&mut self, seat: Seat, member: &Member, part: Membership) {
        let is_chance = self.strategy().is_chance();
        let weight = if self.strategy() == Strategy::WeightedRandom { member.settings.weight.max(1) } else { 1 };
        let post = member.indexed.free.map(|standing| self.post(seat, standing, member, part.fitness));
        let tier = &mut self.tiers[usize::from(part.tier)];
        tier.states[member.indexed.state as usize] += 1;
        if let Some(post) = post {
            tier.free.insert(post);
            if is_chance {
                tier.draw.set(seat, weight);
            }
        }
    }

    /// As he is indexed still.
    pub(super) fn leave(&mut self, seat: Seat, member: &Member, part: Membership) {
        let is_chance = self.strategy().is_chance();
        let post = member.indexed.free.map(|standing| self.post(seat, standing, member, part.fitness));
        let tier = &mut self.tiers[usize::from(part.tier)];
        tier.states[member.indexed.state as usize] -= 1;
        if let Some(post) = post {
            tier.free.remove(&post);
            if is_chance {
                tier.draw.set(seat, 0);
            }
        }
    }

    /// The call whose turn it is among those that a free agent may take.
    pub(super) fn next_call(&self, flows: &Flows) -> Option<Turn> {
        let first_free = self.tiers.iter().position(|tier| !tier.free.is_empty())?;
        self.lines.next(u8::try_from(first_free).ok()?, flows)
    }

    /// Whom the strategy takes for a call at this step: an agent who has not let it down yet; when all have, one of those. `draw` is asked
    /// for chance where the strategy needs it.
    pub(super) fn choose(&mut self, step: u8, let_down_by: &[Seat], draw: impl FnOnce() -> Rng) -> Option<Seat> {
        if self.strategy().is_chance() {
            return self.drawn(step, let_down_by, &mut draw());
        }
        let fresh = self.open(step).filter_map(|tier| tier.free.iter().find(|(_, _, seat)| !let_down_by.contains(seat))).min();
        fresh.or_else(|| self.open(step).filter_map(|tier| tier.free.first()).min()).map(|(_, _, seat)| *seat)
    }

    fn drawn(&mut self, step: u8, let_down_by: &[Seat], chance: &mut Rng) -> Option<Seat> {
        let tiers = &mut self.tiers[..=usize::from(step)];
        let mut aside = Vec::new();
        for (n, tier) in tiers.iter_mut().enumerate() {
            for seat in let_down_by {
                let weight = tier.draw.weight(*seat);
                if weight > 0 {
                    tier.draw.set(*seat, 0);
                    aside.push((n, *seat, weight));
                }
            }
        }
        let drawn = draw_of(tiers, chance);
        for (n, seat, weight) in aside {
            tiers[n].draw.set(seat, weight);
        }
        drawn.or_else(|| draw_of(tiers, chance))
    }

    fn open(&self, step: u8) -> impl Iterator<Item = &Tier> {
        self.tiers.iter().take(usize::from(step) + 1)
    }

    /// The first `most` free agents for a call at this step, in the strategy's order.
    pub(super) fn free(&self, step: u8, most: usize) -> Vec<Seat> {
        let mut posts: Vec<&Post> = self.open(step).flat_map(|tier| tier.free.iter().take(most)).collect();
        posts.sort_unstable();
        posts.truncate(most);
        posts.into_iter().map(|(_, _, seat)| *seat).collect()
    }

    /// The first `most` free agents whom only a later step lets in.
    pub(super) fn free_later(&self, step: u8, most: usize) -> Vec<Seat> {
        let later = self.tiers.iter().skip(usize::from(step) + 1);
        later.flat_map(|tier| tier.free.iter().take(most)).take(most).map(|(_, _, seat)| *seat).collect()
    }

    /// How many agents are free for a call at this step, and how many more would be at a later one.
    pub(super) fn count_free(&self, step: u8) -> (usize, usize) {
        let count = |tiers: &[Tier]| tiers.iter().map(|tier| tier.free.len()).sum();
        let (open, later) = self.tiers.split_at(self.tiers.len().min(usize::from(step) + 1));
        (count(open), count(later))
    }

    /// How many agents for a call at this step are in a state.
    pub(super) fn count(&self, step: u8, state: StateName) -> usize {
        self.open(step).map(|tier| tier.states[state as usize]).sum()
    }
}

fn draw_of(tiers: &[Tier], chance: &mut Rng) -> Option<Seat> {
    let total: u64 = tiers.iter().map(|tier| tier.draw.total()).sum();
    if total == 0 {
        return None;
    }
    let mut point = chance.below(total);
    for tier in tiers {
        if point < tier.draw.total() {
            return Some(tier.draw.at(point));
        }
        point -= tier.draw.total();
    }
    None
}
