//! Agents' time: what they were at, from when to when, and what it adds up to.

use super::tally::{between, tally};
use crate::base::{AgentId, CallId, QueueId, Timestamp};
use serde::{Deserialize, Serialize};

/// A time that an agent spent in one state, for one reason. It is written down when it is over.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AgentInterval {
    pub agent: AgentId,
    /// `ready`, `reserved`, `ringing`, `talking`, `wrap-up`, `not-ready`, `offline`.
    pub state: String,
    /// Why he was not ready.
    pub reason: Option<String>,
    /// The call that he was offered or on; of a wrap-up, the one before it. And its queue.
    pub call: Option<CallId>,
    pub queue: Option<QueueId>,
    pub from: Timestamp,
    pub to: Timestamp,
}

/// What a state means for the figures.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Worth {
    /// On calls, holds included.
    Talking,
    /// Work after a call.
    AfterCall,
    /// At hand: nobody calls, or his phone rings.
    Idle,
    NotReady,
    Offline,
}

impl Worth {
    /// Of the state of that name; one of a later version is not ready.
    #[must_use]
    pub fn of(state: &str) -> Self {
        match state {
            "talking" => Self::Talking,
            "wrap-up" => Self::AfterCall,
            "ready" | "reserved" | "ringing" => Self::Idle,
            "offline" => Self::Offline,
            _ => Self::NotReady,
        }
    }
}

tally! {
    /// Sums of agents' time.
    WorkTally {
        talking_ms,
        after_call_ms,
        idle_ms,
        not_ready_ms,
        /// By the agents' shifts, up to now: time of work, and of breaks between it.
        planned_ms,
        planned_breaks_ms,
        /// At work when it was planned, and in breaks.
        worked_as_planned_ms,
        worked_in_breaks_ms,
        /// Times that agents logged on.
        logons,
    } greatest {}
}

impl WorkTally {
    /// Adds so much time in the state.
    pub fn spend(&mut self, state: &str, ms: u64) {
        match Worth::of(state) {
            Worth::Talking => self.talking_ms += ms,
            Worth::AfterCall => self.after_call_ms += ms,
            Worth::Idle => self.idle_ms += ms,
            Worth::NotReady => self.not_ready_ms += ms,
            Worth::Offline => {}
        }
    }

    #[must_use]
    pub fn logged_on_ms(&self) -> u64 {
        self.talking_ms + self.after_call_ms + self.idle_ms + self.not_ready_ms
    }
}

/// From an agent's log-on to his log-off.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Session {
    pub agent: AgentId,
    pub logged_on_at: Timestamp,
    /// `None`: he was still logged on where the intervals end.
    pub logged_off_at: Option<Timestamp>,
    pub work: WorkTally,
}

/// The sessions of one agent, of his intervals in order of time. Those that `begin` at the first moment asked for may have begun before it.
#[must_use]
pub fn sessions(intervals: &[AgentInterval], until: Timestamp) -> Vec<Session> {
    let mut sessions: Vec<Session> = Vec::new();
    let mut open = false;
    for interval in intervals {
        let is_off = Worth::of(&interval.state) == Worth::Offline;
        match (open, is_off) {
            (true, true) => {
                if let Some(session) = sessions.last_mut() {
                    session.logged_off_at = Some(interval.from);
                }
                open = false;
            }
            (false, true) => {}
            (was_open, false) => {
                if !was_open {
                    let (agent, logged_on_at) = (interval.agent.clone(), interval.from);
                    sessions.push(Session {
                        agent,
                        logged_on_at,
                        logged_off_at: None,
                        work: WorkTally { logons: 1, ..WorkTally::default() },
                    });
                    open = true;
                }
                if let Some(session) = sessions.last_mut() {
                    session.work.spend(&interval.state, between(interval.from, interval.to));
                }
            }
        }
    }
    // An interval is written when it is over: one that ends before the end of the time asked for, with none after it, was followed by log-off.
    if let (true, Some(last), Some(session)) = (open, intervals.last(), sessions.last_mut())
        && last.to < until
    {
        session.logged_off_at = Some(last.to);
    }
    sessions
}
