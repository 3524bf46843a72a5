//! What the switch orders of the world, and what it tells of itself.

use super::checkpoint::Part;
use super::input::RequestId;
use super::view::{MessageView, Snapshot};
use crate::base::{AgentId, CallId, QueueId, Timestamp};
use crate::call::record::CallRecord;
use crate::{media, sip};

#[derive(Clone, PartialEq, Debug)]
pub enum Output {
    SendSip {
        flow: sip::Flow,
        bytes: Vec<u8>,
    },
    CloseSip {
        flow: sip::Flow,
    },
    /// The connection's peer has proven himself: it does not count among those of strangers.
    TrustSip {
        flow: sip::Flow,
    },
    Media(media::control::Command),
    /// A row for the store: inserted, or replaced by its id.
    StoreCall(Box<CallRecord>),
    Event(Event),
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

#[derive(Clone, PartialEq, Debug)]
pub enum Reply {
    Snapshot(Box<Snapshot>),
    Done,
    Messages(Vec<MessageView>),
    /// What changed, a line each.
    Reloaded {
        changes: Vec<String>,
    },
    /// So many sources are heard again.
    Unblocked {
        sources: usize,
    },
    UnknownAgent,
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
    Flag(bool),
}
