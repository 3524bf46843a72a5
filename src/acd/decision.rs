//! Why an agent was chosen for a call, or nobody was: who was considered, and what was said of each.

use super::pool::{Membership, Pool, PoolId};
use super::queue::{At, QueuedCall};
use super::roster::{Member, Roster, Seat};
use super::skill::shortfall;
use super::{Acd, Skill, StateName, Strategy};
use crate::base::limits::DECISION_NAMES_MAX;
use crate::base::{AgentId, CallId, Instant, QueueId};
use std::fmt;

/// Of these, whom only a later step of widening lets in.
const LATER_NAMES_MAX: usize = 4;
/// Of these, whose phones ring for the call already.
const RINGING_NAMES_MAX: usize = 6;

/// One look of the matcher at a call: an offer, or that there is none to make.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Decision {
    pub at: Instant,
    pub call: CallId,
    pub queue: QueueId,
    /// Steps of widening taken so far.
    pub step: u8,
    /// What the choice went by; `None` when there was none.
    pub rule: Option<Rule>,
    pub chosen: Option<AgentId>,
    /// Those named, the chosen one first: at most [`DECISION_NAMES_MAX`].
    pub considered: Vec<(AgentId, Verdict)>,
    /// How many more have each verdict.
    pub others: Vec<(Verdict, usize)>,
}

/// What a choice went by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rule {
    /// He is the call's preferred agent.
    Preferred,
    Strategy(Strategy),
    /// All who are free have let the call down: the strategy's among these.
    NobodyElse(Strategy),
}

/// What was said of an agent.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Verdict {
    Chosen,
    /// Free, and the strategy took another.
    Lower(Strategy),
    /// Free, but the call is for its preferred agent.
    NotPreferred,
    LetDown,
    /// Ready, and left in peace for a moment after an offer that failed.
    Resting,
    /// His phone rings for this call already.
    Rings,
    /// Another call is on its way to him.
    Offered,
    Talking,
    WrapUp,
    NotReady,
    Offline,
    /// Free, but not skilled enough for this step of widening.
    Short {
        skill: Skill,
        has: u8,
        wants: u8,
    },
    /// Free, but asked only at a later step of widening.
    Later,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Preferred => f.pad("preferred agent"),
            Self::Strategy(strategy) => strategy.fmt(f),
            Self::NobodyElse(strategy) => write!(f, "{strategy} among those who let this call down"),
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Chosen => f.pad("chosen"),
            Self::Lower(strategy) if strategy.is_chance() => f.pad("not drawn"),
            Self::Lower(strategy) if strategy.rings_several() => f.pad("not rung yet"),
            Self::Lower(strategy) => write!(f, "lower in {strategy}"),
            Self::NotPreferred => f.pad("not the preferred agent"),
            Self::LetDown => f.pad("let this call down"),
            Self::Resting => f.pad("resting after an offer"),
            Self::Rings => f.pad("rings for this call"),
            Self::Offered => f.pad("offered another call"),
            Self::Talking => f.pad("talking"),
            Self::WrapUp => f.pad("wrap-up"),
            Self::NotReady => f.pad("not ready"),
            Self::Offline => f.pad("offline"),
            Self::Short { skill, has, wants } => write!(f, "{skill} {has} < {wants}"),
            Self::Later => f.pad("at a later step"),
        }
    }
}

impl Verdict {
    /// Of an agent who cannot be offered a call.
    fn of_state(state: StateName) -> Self {
        match state {
            StateName::Offline => Self::Offline,
            StateName::NotReady => Self::NotReady,
            StateName::WrapUp => Self::WrapUp,
            StateName::Talking => Self::Talking,
            StateName::Reserved | StateName::Ringing => Self::Offered,
            StateName::Ready => Self::Resting,
        }
    }
}

impl Acd {
    /// The decision about a call that stands where it stands still. Costs a few looks at the top of its pool, whatever its size.
    pub(super) fn explain(&self, call: CallId, queued: &QueuedCall, chosen: Option<(Seat, Rule)>, now: Instant) -> Decision {
        let queue = self.queues.get(&queued.queue).expect("a queue outlives its calls");
        let (step, at_door) = match queued.stand.map(|stand| stand.at) {
            Some(At::Line { step, .. }) => (step, false),
            _ => (queue.settings.step_after(now - queued.entered).0, true),
        };
        let pool = &self.pools[queued.pool];
        let ringing: Vec<Seat> = queued.offered_to.iter().filter_map(|id| self.roster.seat(id.as_str())).collect();
        let is_preferred = at_door || chosen.is_some_and(|(_, rule)| rule == Rule::Preferred);
        let passed_over = if is_preferred { Verdict::NotPreferred } else { Verdict::Lower(queue.settings.strategy) };
        let named = Vec::with_capacity(DECISION_NAMES_MAX);
        let mut told = Telling { pool, id: queued.pool, step, passed_over, ringing: &ringing, named };
        if let Some((seat, _)) = chosen {
            told.name(seat, &self.roster[seat], Some(Verdict::Chosen));
        }
        for seat in ringing.iter().take(RINGING_NAMES_MAX) {
            told.name(*seat, &self.roster[*seat], Some(Verdict::Rings));
        }
        let expected = queued.preferred.as_ref().filter(|_| queue.settings.preferred_wait.is_some());
        for id in expected.into_iter().chain(&queued.let_down_by) {
            let Some(seat) = self.roster.seat(id.as_str()) else { continue };
            let let_down = queued.let_down_by.contains(id) && !ringing.contains(&seat);
            told.name(seat, &self.roster[seat], let_down.then_some(Verdict::LetDown));
        }
        for seat in pool.free(step, DECISION_NAMES_MAX - LATER_NAMES_MAX) {
            told.name(seat, &self.roster[seat], None);
        }
        for seat in pool.free_later(step, LATER_NAMES_MAX) {
            told.name(seat, &self.roster[seat], None);
        }
        Decision {
            at: now,
            call,
            queue: queued.queue.clone(),
            step,
            rule: chosen.map(|(_, rule)| rule),
            chosen: chosen.map(|(seat, _)| self.roster[seat].id.clone()),
            others: told.others(&self.roster),
            considered: told.named.into_iter().map(|(_, member, verdict)| (member.id.clone(), verdict)).collect(),
        }
    }
}

/// A decision while it is put into words.
struct Telling<'a> {
    pool: &'a Pool,
    id: PoolId,
    step: u8,
    /// What is said of those who are free and not chosen.
    passed_over: Verdict,
    /// Whose phones ring for the call already.
    ringing: &'a [Seat],
    named: Vec<(Seat, &'a Member, Verdict)>,
}

impl<'a> Telling<'a> {
    /// Once, and while there is room; with the verdict that his state and skills give him, unless there is another to give.
    fn name(&mut self, seat: Seat, member: &'a Member, verdict: Option<Verdict>) {
        if self.named.len() < DECISION_NAMES_MAX && self.named.iter().all(|(named, ..)| *named != seat) {
            let verdict = verdict.unwrap_or_else(|| self.verdict(seat, member));
            self.named.push((seat, member, verdict));
        }
    }

    fn verdict(&self, seat: Seat, member: &Member) -> Verdict {
        let free = member.indexed.free.is_some();
        match self.kind(seat, member) {
            Some(kind) if kind != Verdict::Later => return kind,
            None if !free => return Verdict::of_state(member.indexed.state),
            _ => {}
        }
        let asked = self.pool.requirement.skills_at(self.step);
        let short = shortfall(&asked, &member.settings.skills);
        short.map_or(Verdict::Later, |(skill, has, wants)| Verdict::Short { skill: skill.clone(), has, wants })
    }

    /// Among whom the agent is counted; `None` for one whom the pool does not know.
    fn kind(&self, seat: Seat, member: &Member) -> Option<Verdict> {
        let part = member.pools.iter().find(|part| part.pool == self.id)?;
        Some(match (part.tier <= self.step, member.indexed.free) {
            (true, Some(_)) => self.passed_over.clone(),
            (false, Some(_)) => Verdict::Later,
            (_, None) if self.ringing.contains(&seat) => Verdict::Rings,
            (_, None) => Verdict::of_state(member.indexed.state),
        })
    }

    /// How many of each verdict are not named. Of those whom only a later step lets in, the free alone are counted.
    fn others(&self, roster: &Roster) -> Vec<(Verdict, usize)> {
        let is_open = |seat: &&Seat| roster[**seat].pools.iter().any(|part| part.pool == self.id && part.tier <= self.step);
        let ringing = self.ringing.iter().filter(is_open).count();
        let count = |state| self.pool.count(self.step, state);
        let (open, later) = self.pool.count_free(self.step);
        let mut counts = [
            (self.passed_over.clone(), open),
            (Verdict::Later, later),
            (Verdict::Resting, count(StateName::Ready) - open),
            (Verdict::Rings, ringing),
            (Verdict::Offered, count(StateName::Reserved) + count(StateName::Ringing) - ringing),
            (Verdict::Talking, count(StateName::Talking)),
            (Verdict::WrapUp, count(StateName::WrapUp)),
            (Verdict::NotReady, count(StateName::NotReady)),
            (Verdict::Offline, count(StateName::Offline)),
        ];
        for (seat, member, _) in &self.named {
            let is_later = |part: &Membership| part.pool == self.id && part.tier > self.step;
            let uncounted = member.indexed.free.is_none() && member.pools.iter().any(is_later);
            let kind = self.kind(*seat, member).filter(|_| !uncounted);
            if let Some((_, left)) = counts.iter_mut().find(|(verdict, _)| Some(verdict) == kind.as_ref()) {
                *left -= 1;
            }
        }
        counts.into_iter().filter(|(_, left)| *left > 0).collect()
    }
}
