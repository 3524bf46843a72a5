//! Recording by others, and for others (SIPREC, RFC 7866): servers to which copies of calls go, and sources whose calls are recorded here.
//! Both are reached over trunks, which say where they are, how they prove themselves and what is encrypted.

use super::NumberPattern;
use crate::base::{AgentId, Codec, Duration, QueueId, TrunkId};

/// A server to which a copy of calls goes.
#[derive(Clone, PartialEq, Debug)]
pub struct RecordingServer {
    pub id: String,
    /// Its hosts are tried in their order.
    pub trunk: TrunkId,
    /// At least one; [`CopiedCalls::OnDemand`] of a call that somebody orders it for.
    pub calls: Vec<CopiedCalls>,
    /// User part of its URI.
    pub user: String,
    /// In order of preference; at least one.
    pub codecs: Vec<Codec>,
    /// When it is tried again while the call goes on, should no server take the copy; `None`: not at all.
    pub retry_after: Option<Duration>,
}

/// Calls that are copied.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CopiedCalls {
    All,
    /// Those of which a copy is ordered.
    OnDemand,
    Queue(QueueId),
    Agent(AgentId),
    Trunk(TrunkId),
    /// As the caller dialled it.
    Number(NumberPattern),
}

/// Whose calls are recorded here.
#[derive(Clone, PartialEq, Debug)]
pub struct RecordingSource {
    pub id: String,
    /// By which it is known.
    pub trunk: TrunkId,
    /// At once.
    pub sessions: usize,
}
