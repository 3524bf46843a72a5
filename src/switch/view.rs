//! The running switch as the API shows it: plain values, cut at one moment.

use crate::base::{AgentId, CallId, QueueId, Timestamp};
use crate::call::record::CallRecord;
use crate::sip;

#[derive(Clone, PartialEq, Debug, Default)]
pub struct Snapshot {
    pub agents: Vec<AgentView>,
    pub queues: Vec<QueueView>,
    /// Calls in progress, oldest first.
    pub calls: Vec<CallView>,
    pub sip: sip::Counters,
    /// Live things, for metrics and leak checks.
    pub legs: usize,
    pub transactions: usize,
    pub sessions: usize,
    pub recordings_open: usize,
    /// Recordings that failed since the start.
    pub recordings_missing: u64,
    /// Why the switch cannot record at present, if it cannot.
    pub recording_alarm: Option<String>,
    pub draining: bool,
}

#[derive(Clone, PartialEq, Debug)]
pub struct AgentView {
    pub id: AgentId,
    pub name: String,
    pub team: Option<String>,
    pub role: &'static str,
    pub skills: Vec<(String, u8)>,
    /// offline, ready, reserved, ringing, talking, wrap-up, not-ready.
    pub state: &'static str,
    pub reason: Option<String>,
    pub since: Timestamp,
    pub call: Option<CallId>,
    /// Registered contacts.
    pub contacts: usize,
}

#[derive(Clone, PartialEq, Debug)]
pub struct QueueView {
    pub id: QueueId,
    pub waiting: usize,
    /// Arrival of the one who waits longest.
    pub longest_waiting_since: Option<Timestamp>,
    /// Agents with the queue's skill, by state.
    pub agents: Vec<(&'static str, usize)>,
    pub today: QueueFigures,
}

/// Since midnight UTC. offered = answered + abandoned + flowed out + waiting (+ being offered).
#[derive(Clone, PartialEq, Debug, Default)]
pub struct QueueFigures {
    pub offered: u64,
    pub answered: u64,
    pub abandoned: u64,
    pub flowed_out: u64,
    /// Answered with wait ≤ 20 s.
    pub answered_within_threshold: u64,
    /// Σ wait of answered, ms.
    pub wait_total_ms: u64,
    pub missed_offers: u64,
    /// Answered offers with rings ≤ max_rings, of all answered offers.
    pub answered_in_rings: u64,
}

#[derive(Clone, PartialEq, Debug)]
pub struct CallView {
    pub record: CallRecord,
    /// arriving, waiting, offering, connected, held, ending.
    pub state: &'static str,
    pub state_since: Timestamp,
}
