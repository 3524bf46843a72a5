//! What the switch orders of the world, and what it tells of itself.

use super::checkpoint::Part;
use super::input::RequestId;
use super::view::{CallBackView, MessageView, Snapshot};
use crate::acd::{Decision, Verdict};
use crate::base::{AgentId, CallId, LegQuality, QueueId, ReplayNumber, Timestamp};
use crate::call::record::CallRecord;
use crate::report::AgentInterval;
use crate::{media, sip};

#[derive(Clone, PartialEq, Debug)]
pub enum Output {
    SendSip {
        flow: sip::Flow,
        bytes: Vec<u8>,
    },
    /// Should the next message to this flow open a connection: by which name its peer is to be known.
    ExpectSip {
        flow: sip::Flow,
        name: String,
    },
    CloseSip {
        flow: sip::Flow,
    },
    /// The connection's peer has proven himself: it does not count among those of strangers.
    TrustSip {
        flow: sip::Flow,
    },
    Media(media::control::Command),
    /// A SIP dialog is this call's, from now on.
    Dialog {
        call: CallId,
        call_id: String,
    },
    /// A row for the store: inserted, or replaced by its id.
    StoreCall(Box<CallRecord>),
    /// Why an agent was chosen for a call, or nobody was: a row for the store, in place of the call's of the same place.
    StoreDecision(Box<DecisionRecord>),
    /// What an agent was at, now that it is over: a row for the store.
    StoreInterval(Box<AgentInterval>),
    Event(Event),
    /// Who heard what, for the audit log.
    Audit(AuditNote),
    /// Which recording has that number; answered by `Input::RecordingFound`.
    FindRecording {
        call: CallId,
        number: ReplayNumber,
    },
    /// A leg is over: to be counted.
    Leg(Box<LegQuality>),
    /// What a restart needs of one part of the switch, in place of what was kept of it before; `None`: nothing any more.
    Keep {
        part: Part,
        image: Option<Vec<u8>>,
    },
    Reply {
        id: RequestId,
        reply: Reply,
    },
    /// Drained: no call is left and none will come.
    Drained,
}

/// An entry of the audit log that is the switch's own.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AuditNote {
    /// Of the entry; in order of time, as calls' are.
    pub id: CallId,
    pub at: Timestamp,
    /// A user's id.
    pub who: String,
    pub action: &'static str,
    pub subject: CallId,
    /// Where he was.
    pub remote: String,
    pub detail: String,
}

/// A look of the matcher at a call, in words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DecisionRecord {
    pub call: CallId,
    /// From 0, in the order in which they were made.
    pub number: u32,
    pub at: Timestamp,
    pub queue: QueueId,
    /// Steps of widening taken so far.
    pub step: u8,
    /// What the choice went by; `None` when there was none.
    pub rule: Option<String>,
    pub chosen: Option<AgentId>,
    /// Those named, the chosen one first.
    pub considered: Vec<(AgentId, String)>,
    /// How many more have each verdict.
    pub others: Vec<(String, usize)>,
}

impl DecisionRecord {
    #[must_use]
    pub fn new(decision: Decision, number: u32, at: Timestamp) -> Self {
        let Decision { at: _, call, queue, step, rule, chosen, considered, others } = decision;
        let word = |verdict: &Verdict| verdict.to_string();
        Self {
            call,
            number,
            at,
            queue,
            step,
            rule: rule.map(|rule| rule.to_string()),
            chosen,
            considered: considered.iter().map(|(agent, verdict)| (agent.clone(), word(verdict))).collect(),
            others: others.iter().map(|(verdict, count)| (word(verdict), *count)).collect(),
        }
    }
}

#[derive(Clone, PartialEq, Debug)]
pub enum Reply {
    Snapshot(Box<Snapshot>),
    Done,
    Messages(Vec<MessageView>),
    CallBacks(Vec<CallBackView>),
    /// What changed, a line each.
    Reloaded {
        changes: Vec<String>,
    },
    /// So many sources are heard again.
    Unblocked {
        sources: usize,
    },
    UnknownAgent,
    /// The configuration has no such reason; it has these.
    UnknownReason {
        known: Vec<String>,
    },
    /// It is over, or never was.
    UnknownCall,
    /// The state cannot be taken now; the sentence says why.
    Refused(String),
}

/// A fact for consumers: the API's event stream, each call's timeline, webhooks. Names follow CSTA, and the rules' own.
#[derive(Clone, PartialEq, Debug)]
pub struct Event {
    pub at: Timestamp,
    /// `call.delivered`, `agent.ready`, `offer.missed`, …
    pub name: &'static str,
    pub call: Option<CallId>,
    pub agent: Option<AgentId>,
    pub queue: Option<QueueId>,
    /// More, by name: `rings`, `reason`, `step`, …
    pub detail: Vec<(&'static str, Detail)>,
}

#[derive(Clone, PartialEq, Debug)]
pub enum Detail {
    Text(String),
    Number(i64),
    /// Shown as a number with two places.
    Hundredths(i64),
    Flag(bool),
}
