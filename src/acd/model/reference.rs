//! The choice made slowly: every call and every agent is read anew, with books of the test's own, and nothing of pools, lines or indexes.

use super::super::agent::State;
use super::super::*;
use super::house::House;
use crate::base::limits::{PREFERRED_WAITING_MAX, REFUSALS_REMEMBERED_MAX};
use crate::base::{Duration, Rng};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// What the test knows of a call without an answer.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    pub queue: QueueId,
    pub priority: u8,
    pub since: Instant,
    pub entered: Instant,
    pub preferred: Option<AgentId>,
    pub asks: Levels,
    /// Whether it waits for him.
    pub awaits: bool,
    /// When the first of the phones that ring now was called.
    pub rings_since: Instant,
    /// One of those that were called with them rang out.
    pub rang_out: bool,
    /// He is to be called back.
    pub call_back: bool,
    pub let_down_by: Vec<AgentId>,
}

impl Waiting {
    /// A caller who has just come. `came`: his first arrival, and that in the queue.
    pub(super) fn fresh(queue: &QueueId, priority: u8, came: (Instant, Instant), preferred: Option<&AgentId>, asks: &Levels) -> Self {
        let (since, entered) = came;
        Self {
            queue: queue.clone(),
            priority,
            since,
            entered,
            preferred: preferred.cloned(),
            asks: asks.clone(),
            awaits: false,
            rings_since: entered,
            rang_out: false,
            call_back: false,
            let_down_by: Vec::new(),
        }
    }

    pub(super) fn let_down(&mut self, agent: &AgentId) {
        self.let_down_by.retain(|known| known != agent);
        self.let_down_by.push(agent.clone());
        if self.let_down_by.len() > REFUSALS_REMEMBERED_MAX {
            self.let_down_by.remove(0);
        }
    }
}

/// What an agent has done, by the test's own count.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Done {
    pub calls: u64,
    pub talked: Duration,
    pub turn: u64,
}

/// Turns between queues, by the test's own count.
#[derive(Default, Debug)]
pub(super) struct Turns {
    now: u64,
    /// Of queues with a weight; the others' common one is `None`'s.
    tags: BTreeMap<Option<QueueId>, u64>,
    pub offers: u64,
    pub draws: u64,
}

impl Turns {
    fn flow(house: &House, queue: &QueueId) -> (Option<QueueId>, u64) {
        match house.queues[queue].weight {
            Some(weight) => (Some(queue.clone()), fairness::TURN / u64::from(weight)),
            None => (None, fairness::TURN),
        }
    }

    fn due(&self, house: &House, queue: &QueueId) -> u64 {
        self.tags.get(&Self::flow(house, queue).0).copied().unwrap_or(0).max(self.now)
    }

    pub(super) fn charge(&mut self, house: &House, queue: &QueueId) {
        self.now = self.due(house, queue);
        let (flow, turn) = Self::flow(house, queue);
        self.tags.insert(flow, self.now + turn);
    }

    pub(super) fn refund(&mut self, house: &House, queue: &QueueId) {
        let (flow, turn) = Self::flow(house, queue);
        let tag = self.tags.entry(flow).or_default();
        *tag = tag.saturating_sub(turn);
    }

    /// A queue that has a weight now and had none begins anew.
    pub(super) fn reloaded(&mut self, house: &House) {
        self.tags.retain(|flow, _| flow.as_ref().is_none_or(|queue| house.queues[queue].weight.is_some()));
    }
}

/// The floor at one moment.
pub(super) struct Look<'a> {
    pub house: &'a House,
    pub now: Instant,
    pub turns: &'a Turns,
    pub done: &'a BTreeMap<AgentId, Done>,
    pub seed: u64,
    /// Who is free, and since when.
    pub free: BTreeMap<AgentId, Instant>,
}

/// Idle since when, if he is free, or was until the offer that he has now.
pub(super) fn idle_since(acd: &Acd, id: &AgentId, offered: bool) -> Option<Instant> {
    let agent = &acd.roster.find(id.as_str())?.agent;
    match agent.state() {
        State::Reserved { idle_since, .. } if offered => Some(*idle_since),
        _ => agent.free_since(),
    }
}

/// Whether the agent takes queues' calls, or will after what he is at.
fn returns(acd: &Acd, id: &AgentId) -> bool {
    acd.agent(id.as_str()).is_some_and(|agent| match agent.state {
        StateName::Offline | StateName::NotReady => false,
        StateName::Talking => matches!(agent.next, Some(StateName::Ready | StateName::WrapUp)),
        StateName::WrapUp => agent.next != Some(StateName::NotReady),
        _ => true,
    })
}

pub(super) fn satisfies(wants: &Levels, has: &Levels) -> bool {
    wants.iter().all(|(skill, level)| has.get(skill).is_some_and(|has| has >= level))
}

/// The first step of the queue that lets the agent in for a call whose number asks for this besides: by then the queue has let him in, and he
/// has each skill of the number's, at the lowest level that a step has brought it down to.
pub(super) fn tier(queue: &QueueSettings, asks: &Levels, agent: &AgentSettings) -> Option<usize> {
    (0..=queue.widen.len()).find(|step| {
        let taken = &queue.widen[..*step];
        let let_in = |widening: &Widening| {
            let skilled = widening.skills.as_ref().is_some_and(|skills| satisfies(skills, &agent.skills));
            let added = match &widening.add {
                Some(Group::Team(team)) => agent.team.as_ref() == Some(team),
                Some(Group::Skill(skill)) => agent.skills.contains_key(skill),
                None => false,
            };
            skilled || added
        };
        let mut lowered = asks.clone();
        for (skill, level) in taken.iter().filter_map(|widening| widening.skills.as_ref()).flatten() {
            if let Some(asked) = lowered.get_mut(skill) {
                *asked = (*asked).min(*level);
            }
        }
        (satisfies(&queue.skills, &agent.skills) || taken.iter().any(let_in)) && satisfies(&lowered, &agent.skills)
    })
}

/// How many phones are to ring for the call now.
pub(super) fn phones(queue: &QueueSettings, waiting: &Waiting, ringing: usize, now: Instant) -> usize {
    match queue.strategy {
        _ if ringing > 0 && waiting.awaits => 1,
        Strategy::RingAll => queue.ring_at_once,
        Strategy::RingProgressively if ringing > 0 => {
            let (mut phones, mut next) = (1, waiting.rings_since + queue.ring_step);
            while phones < queue.ring_at_once && next <= now {
                phones += 1;
                next += queue.ring_step;
            }
            phones
        }
        _ => 1,
    }
}

/// Whether a call that came just now, or waits for its preferred agent, waits for him (still).
pub(super) fn awaits(acd: &Acd, house: &House, waiting: &Waiting, now: Instant) -> bool {
    let queue = &house.queues[&waiting.queue];
    let Some(id) = &waiting.preferred else { return false };
    queue.preferred_wait.is_some_and(|wait| now < waiting.entered + wait)
        && !waiting.let_down_by.contains(id)
        && tier(queue, &waiting.asks, &house.agents[id]).is_some()
        && returns(acd, id)
}

/// Whether there is room before his door for one more.
pub(super) fn has_room(calls: &BTreeMap<CallId, Waiting>, offered: impl Fn(&CallId) -> bool, agent: &AgentId) -> bool {
    let at_door = |(call, waiting): &(&CallId, &Waiting)| waiting.awaits && !offered(call) && waiting.preferred.as_ref() == Some(agent);
    calls.iter().filter(at_door).count() < PREFERRED_WAITING_MAX
}

/// Why the queue refuses who comes now.
pub(super) fn refusal(acd: &Acd, house: &House, comes: &Waiting, waiting: usize) -> Option<Refusal> {
    let queue = &house.queues[&comes.queue];
    let staff = || house.agents.iter().filter(|(_, agent)| tier(queue, &comes.asks, agent).is_some());
    let states: Vec<StateName> = staff().filter_map(|(id, _)| acd.agent(id.as_str()).map(|agent| agent.state)).collect();
    let logged_on = states.iter().any(|state| *state != StateName::Offline);
    let at_work = states.iter().any(|state| !matches!(state, StateName::Offline | StateName::NotReady));
    match queue.join {
        _ if waiting >= queue.capacity => Some(Refusal::Full),
        Join::LoggedOn | Join::Ready if !logged_on => Some(Refusal::NobodyLoggedOn),
        Join::Ready if !at_work => Some(Refusal::NobodyReady),
        _ => None,
    }
}

impl Look<'_> {
    pub(super) fn step(&self, waiting: &Waiting) -> usize {
        self.house.queues[&waiting.queue].widen.iter().filter(|step| waiting.entered + step.after <= self.now).count()
    }

    fn priority(&self, waiting: &Waiting) -> u8 {
        let mut priority = waiting.priority;
        let Some(ageing) = self.house.queues[&waiting.queue].ageing else { return priority };
        let mut at = waiting.since + ageing;
        while at <= self.now && priority < 9 {
            priority += 1;
            at += ageing;
        }
        priority
    }

    /// Who is free for the call: each with the first step that lets him in.
    pub(super) fn candidates(&self, waiting: &Waiting) -> Vec<(AgentId, usize)> {
        let queue = &self.house.queues[&waiting.queue];
        let step = self.step(waiting);
        let tiers = self.free.keys().filter_map(|id| Some((id.clone(), tier(queue, &waiting.asks, &self.house.agents[id])?)));
        if waiting.awaits {
            return tiers.filter(|(id, _)| Some(id) == waiting.preferred.as_ref()).collect();
        }
        tiers.filter(|(_, tier)| *tier <= step).collect()
    }

    /// The call whose turn it is among those that somebody is free for.
    pub(super) fn next<'w>(&self, calls: impl Iterator<Item = (&'w CallId, &'w Waiting)>) -> Option<CallId> {
        let calls = calls.filter(|(_, waiting)| !self.candidates(waiting).is_empty());
        let turn = |(call, waiting): &(&CallId, &Waiting)| {
            (Reverse(self.priority(waiting)), self.turns.due(self.house, &waiting.queue), waiting.since, **call)
        };
        calls.min_by_key(turn).map(|(call, _)| *call)
    }

    /// Who is to have the call. A draw counts in `draws`.
    pub(super) fn choose(&self, waiting: &Waiting, draws: &mut u64) -> AgentId {
        let candidates = self.candidates(waiting);
        let queue = &self.house.queues[&waiting.queue];
        let let_down = |id: &AgentId| waiting.let_down_by.contains(id);
        if let Some(id) = waiting.preferred.as_ref().filter(|_| queue.preferred_wait.is_some())
            && !let_down(id)
            && candidates.iter().any(|(candidate, _)| candidate == id)
        {
            return id.clone();
        }
        let fresh: Vec<_> = candidates.iter().filter(|(id, _)| !let_down(id)).cloned().collect();
        let mut candidates = if fresh.is_empty() { candidates } else { fresh };
        if matches!(queue.strategy, Strategy::Random | Strategy::WeightedRandom) {
            *draws += 1;
            candidates.sort_by_key(|(id, tier)| (*tier, id.clone()));
            let weight = |id: &AgentId| if queue.strategy == Strategy::Random { 1 } else { self.house.agents[id].weight };
            let line: Vec<AgentId> = candidates.iter().flat_map(|(id, _)| vec![id.clone(); weight(id) as usize]).collect();
            let point = Rng::new(self.seed ^ Rng::new(*draws).next_u64()).below(line.len() as u64);
            return line[usize::try_from(point).expect("an index")].clone();
        }
        let key = |id: &AgentId| {
            let (done, agent) = (self.done.get(id).copied().unwrap_or_default(), &self.house.agents[id]);
            let skills: BTreeSet<&Skill> = queue.skills.keys().chain(waiting.asks.keys()).collect();
            let sum: u64 = skills.into_iter().map(|skill| u64::from(agent.skills.get(skill).copied().unwrap_or(0))).sum();
            match queue.strategy {
                Strategy::RoundRobin => u128::from(done.turn),
                Strategy::FewestCalls => u128::from(done.calls),
                Strategy::LeastTalkTime => done.talked.as_nanos(),
                Strategy::TopDown => u128::from(agent.rank),
                Strategy::BestSkill => u128::from(1_000 - sum),
                Strategy::LongestIdle | Strategy::RingAll | Strategy::RingProgressively => 0,
                Strategy::Random | Strategy::WeightedRandom => 0,
            }
        };
        let (id, _) = candidates.into_iter().min_by_key(|(id, _)| (key(id), self.free[id], id.clone())).expect("somebody is free");
        id
    }
}
