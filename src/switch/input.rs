//! What the world tells the switch.

use crate::base::{AgentId, CallId, Duration, WallClock};
use crate::config::Config;
use crate::sip::admission::Strain;
use crate::{media, sip};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

#[derive(Clone, Debug)]
pub enum Input {
    Sip(sip::Received),
    Media(media::control::Report),
    Recorder(RecorderReport),
    /// An order of a person or program; answered by `Output::Reply` with the same id.
    Command {
        id: RequestId,
        command: Command,
    },
    /// The wall clock was set, or is read again.
    Wall(WallClock),
    /// Names of trunk hosts and where they lead, looked up by `io`: `name` → addresses in order.
    Hosts(BTreeMap<String, Vec<SocketAddr>>),
    /// The store cannot take rows for now (or can again): new calls get 503 while it is so.
    StoreBlocked(bool),
    /// How late the switch was in the last tenth of a second: too late, and part of the new calls get 503.
    Strained(Strain),
}

/// Ties an answer to its question.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RequestId(pub u64);

/// What came of a recording.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RecorderReport {
    /// The file is there and grows.
    Opened { call: CallId, file: String },
    /// Closed, hashed, renamed.
    Complete { call: CallId, file: String, duration: Duration, sha256: String },
    /// Nothing (more) can be written: disk full, unwritable folder. Told once a call.
    Failed { call: CallId, reason: String },
    /// What a crash left of the recording was mended, finished, hashed and renamed; the call may be recorded on in the same file.
    Recovered { call: CallId, duration: Duration, sha256: String },
}

#[derive(Clone, Debug)]
pub enum Command {
    /// Everything that the API shows of the running switch.
    Snapshot,
    SetAgentState {
        agent: AgentId,
        state: RequestedState,
        reason: Option<String>,
    },
    /// Begin a script of service in a call, or say that the running one is not needed any more.
    BeginScript {
        call: CallId,
        script: String,
    },
    EndScript {
        call: CallId,
    },
    Reload(Arc<Config>),
    /// Hear a blocked source again, named as it is shown, or all of them.
    Unblock {
        source: Option<String>,
    },
    /// No new calls; running ones are released with a Reason header when `limit` has passed.
    Drain {
        limit: Duration,
    },
    /// Release everything now.
    Shutdown,
}

/// What may be asked for an agent; the other states come from calls.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RequestedState {
    Offline,
    Ready,
    NotReady,
}
