//! What the world tells the switch.

use crate::base::{AgentId, BoxId, CallId, CallSound, Duration, ReplayNumber, WallClock};
use crate::config::{Config, HostQuestion, ListenProtocol};
use crate::sip::Protocol;
use crate::sip::admission::Strain;
use crate::{media, sip};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;

#[derive(Clone, Debug)]
pub enum Input {
    Sip(sip::Received),
    Media(media::control::Report),
    Recorder(RecorderReport),
    /// What there is of a recording's number: the answer to `Output::FindRecording`.
    RecordingFound(FoundRecording),
    /// An order of a person or program; answered by `Output::Reply` with the same id.
    Command {
        id: RequestId,
        command: Command,
    },
    /// The wall clock was set, or is read again.
    Wall(WallClock),
    /// Names of trunks and where they lead, looked up by `io`.
    Hosts(FoundHosts),
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
    /// How the finished file sounds. Told before it is told to be complete, or recovered.
    Sounded { call: CallId, sound: CallSound },
    /// Closed, hashed, renamed.
    Complete { call: CallId, file: String, duration: Duration, sha256: String },
    /// Nothing (more) can be written: disk full, unwritable folder. Told once a call.
    Failed { call: CallId, reason: String },
    /// What a crash left of the recording was mended, finished, hashed and renamed; the call may be recorded on in the same file.
    Recovered { call: CallId, duration: Duration, sha256: String },
}

/// What the store knows of a number that somebody keyed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FoundRecording {
    /// Who asked.
    pub call: CallId,
    pub number: ReplayNumber,
    pub sought: Sought,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Sought {
    There {
        /// The call that was recorded, and the agents who had a part in it.
        of: CallId,
        agents: BTreeSet<AgentId>,
        what: WhatIsThere,
    },
    /// No recording has that number.
    Nothing,
    /// The store cannot be asked.
    Unanswered,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WhatIsThere {
    /// So long.
    Whole(Duration),
    Open,
    Removed,
    Missing,
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
    /// What is said and keyed from now on is not on record.
    PauseRecording {
        call: CallId,
        by: String,
        why: String,
    },
    ResumeRecording {
        call: CallId,
        by: String,
    },
    /// A copy of the call goes to a recording server from now on: to that one, or to one that takes copies on demand.
    BeginCopy {
        call: CallId,
        server: Option<String>,
    },
    EndCopy {
        call: CallId,
        by: String,
    },
    /// Begin a script of service in a call, or say that the running one is not needed any more.
    BeginScript {
        call: CallId,
        script: String,
    },
    EndScript {
        call: CallId,
    },
    /// Who comes into a call, and who goes.
    Parties {
        call: CallId,
        order: PartyOrder,
    },
    /// Messages that were left, of one box or all, newest first; of those only that nobody has listened to.
    Messages {
        in_box: Option<BoxId>,
        new: bool,
    },
    /// The message of that call has been listened to.
    MessageHeard {
        call: CallId,
        by: String,
    },
    /// Who is to be called back.
    CallBacks,
    /// An agent calls somebody back now.
    TakeCallBack {
        id: CallId,
        agent: AgentId,
    },
    /// Somebody need not be called back any more.
    DropCallBack {
        id: CallId,
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

/// What may be ordered of the parties of a call in which two speak.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PartyOrder {
    /// The caller goes to whoever has that number; his agent is free when he is there, and has him back when nobody answers.
    Transfer {
        to: String,
    },
    /// The agent asks whoever has that number while the caller waits.
    Consult {
        to: String,
    },
    /// The agent asks his superior.
    Escalate,
    /// Whom he asked goes on with the caller.
    Complete,
    /// All three speak together.
    Confer,
    /// Whom he asked goes, and he speaks with the caller again.
    Back,
    /// One more in the conversation.
    Add {
        to: String,
    },
    /// The caller is put on hold, and told how long; or a hold that runs gets its reason and promise. `Back` ends it.
    Hold {
        reason: Option<String>,
        promise: Option<Duration>,
    },
    Supervise {
        supervisor: AgentId,
        mode: SupervisionMode,
    },
    EndSupervision {
        supervisor: AgentId,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SupervisionMode {
    Listen,
    Whisper,
    BargeIn,
    TakeOver,
}

/// What may be asked for an agent; the other states come from calls.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RequestedState {
    Offline,
    Ready,
    NotReady,
}

/// Where the names of trunks lead, or why they lead nowhere.
pub type FoundHosts = BTreeMap<HostQuestion, Result<Vec<Found>, String>>;

/// A place that a name leads to (RFC 2782): the lowest priority first, and of one as often first as its weight has it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found {
    pub protocol: Protocol,
    pub address: SocketAddr,
    pub priority: u32,
    pub weight: u32,
}

impl From<ListenProtocol> for Protocol {
    fn from(protocol: ListenProtocol) -> Self {
        match protocol {
            ListenProtocol::Udp => Self::Udp,
            ListenProtocol::Tcp => Self::Tcp,
            ListenProtocol::Tls => Self::Tls,
        }
    }
}
