//! How many are ahead of a caller, and how long he will wait: what he may be told.
//!
//! The formula is the trade's: `wait = handling × (ahead + 1 − free) / (agents × share)`. `handling` is what a call of the queue takes an
//! agent: ringing, talk and the time after it, a moving mean of its last calls (90 s before the first). `agents` are those at work who may
//! take it, `free` those of them who are ready; `share` is the part of their work that this queue's calls were of late, for who serves
//! several queues. Where calls end at random it is the mean of what comes; for one caller the error is the smaller the more are ahead of
//! him (its deviation is about `wait / √(ahead + 1)`).

use super::queue::At;
use super::{Acd, StateName};
use crate::base::limits::AHEAD_COUNTED_MAX;
use crate::base::{CallId, Duration};
use serde::{Deserialize, Serialize};

/// What a call takes as long as nothing is known.
const UNKNOWN_HANDLING: Duration = Duration::from_secs(90);
/// Calls over which the means go.
const REMEMBERED: u32 = 32;
/// Pieces of work over which shares go: by its very noise a short memory would tell too long a wait.
const SHARES_REMEMBERED: u32 = 256;
/// Of an agent's time at least so much is counted for a queue that he serves: one in so many.
const LEAST_SHARE: u32 = 20;

/// Where a waiting caller stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Outlook {
    /// Callers who are to be served before him; from [`AHEAD_COUNTED_MAX`] on, at least so many.
    pub ahead: usize,
    /// How long he will wait from now on; `None` while nobody is at work who may take his call.
    pub wait: Option<Duration>,
}

/// What a queue's calls take of its agents' time: moving means.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Pace {
    rings: Mean,
    talks: Mean,
    wraps: Mean,
    /// The time of those who may take its calls that went to these, and all of it: fading sums.
    own: Duration,
    all: Duration,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Mean {
    of: u32,
    value: Duration,
}

impl Mean {
    fn note(&mut self, value: Duration) {
        self.of = (self.of + 1).min(REMEMBERED);
        self.value = self.value * (self.of - 1) / self.of + value / self.of;
    }
}

/// A part of an agent's work for a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Labour {
    Rang,
    Talked,
    WrappedUp,
}

impl Pace {
    pub(super) fn note(&mut self, labour: Labour, took: Duration) {
        match labour {
            Labour::Rang => self.rings.note(took),
            Labour::Talked => self.talks.note(took),
            Labour::WrappedUp => self.wraps.note(took),
        }
    }

    /// Somebody who may take its calls worked so long, for this queue or another.
    fn note_work(&mut self, took: Duration, own: bool) {
        let fade = |sum: Duration| sum * (SHARES_REMEMBERED - 1) / SHARES_REMEMBERED;
        self.all = fade(self.all) + took;
        self.own = fade(self.own) + if own { took } else { Duration::ZERO };
    }

    fn handling(&self) -> Duration {
        if self.talks.of == 0 { UNKNOWN_HANDLING } else { self.rings.value + self.talks.value + self.wraps.value }
    }

    /// The wait of one who has `ahead` before him, where so many work and so many of these are free.
    fn wait(&self, ahead: usize, agents: usize, free: usize) -> Option<Duration> {
        if agents == 0 {
            return None;
        }
        let turns = u32::try_from((ahead + 1).saturating_sub(free)).unwrap_or(u32::MAX);
        let whole = self.handling().saturating_mul(turns) / u32::try_from(agents).unwrap_or(u32::MAX);
        if self.own.is_zero() || self.own == self.all {
            return Some(whole);
        }
        let share = self.own.as_secs_f64() / self.all.as_secs_f64();
        Some(whole.div_f64(share.max(1.0 / f64::from(LEAST_SHARE))))
    }
}

impl Acd {
    /// Where the caller stands now; `None` for one who waits in no line, being offered or gone.
    #[must_use]
    pub fn outlook(&self, call: CallId) -> Option<Outlook> {
        let queued = self.calls.get(&call).filter(|queued| !queued.is_offered())?;
        let stand = queued.stand?;
        let queue = self.queues.get(&queued.queue)?;
        let pool = &self.pools[queued.pool];
        let step = match stand.at {
            At::Line { step, .. } => step,
            At::Door(_) => 0,
        };
        let counted = |ahead: usize, pool| ahead + self.pools[pool].lines.ahead_of(stand.place, AHEAD_COUNTED_MAX - ahead);
        let ahead = queue.pools().into_iter().fold(0, counted);
        let is_at_work = |state: &StateName| !matches!(state, StateName::Offline | StateName::NotReady);
        let agents = StateName::ALL.into_iter().filter(is_at_work).map(|state| pool.count(step, state)).sum();
        Some(Outlook { ahead, wait: queue.pace.wait(ahead, agents, pool.count_free(step).0) })
    }

    /// An agent has worked for a call of the queue.
    pub(super) fn note_labour(&mut self, seat: super::Seat, id: &crate::base::QueueId, labour: Labour, took: Duration) {
        let (member, pool) = (&self.roster[seat], self.queues.get(id).map(|queue| queue.pool));
        for (other, queue) in &mut self.queues {
            if other == id {
                queue.pace.note(labour, took);
            }
            // Who stands in one line with its callers is counted among those ahead.
            let is_own = Some(queue.pool) == pool;
            if is_own || member.pools.iter().any(|part| part.pool == queue.pool) {
                queue.pace.note_work(took, is_own);
            }
        }
        self.changed.figures = true;
    }
}
