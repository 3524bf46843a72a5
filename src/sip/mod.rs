//! SIP: messages (`msg`), and above them the machines: transactions, dialogs, registrar, session timers, and the `endpoint` that owns
//! them all. Sans-IO: bytes and time in, bytes and events out.
//!
//! This file is the vocabulary between the endpoint, the switch above it and the sockets below it.

mod ack_wait;
pub mod admission;
mod auth;
mod carrier;
mod compose;
mod dialog;
mod endpoint;
mod fork;
pub mod guard;
mod history;
mod image;
mod indication;
mod info;
mod leg_in;
mod leg_out;
pub mod msg;
mod order;
mod outbound;
mod prack;
mod recheck;
mod recording;
mod refer;
mod refuse;
mod registrar;
mod reoffer;
mod replaces;
mod session;
mod session_timer;
mod settings;
mod transaction;
mod watch;

#[cfg(test)]
mod tests;

pub use carrier::TrunkCause;
pub use endpoint::Endpoint;
pub use image::{BindingsImage, Changed, LegImage, WatchesImage};
pub use indication::{Indication, preference};
pub use refer::{ReferId, ReferTarget};
pub use registrar::Binding;
pub use settings::{Account, CallerShown, Password, Settings, Trunk, TrunkAccount, TrunkPing, TrunkRegister, TrunkWay};

use crate::base::{AgentId, AutoAnswer, Duration, LegId, TrunkId};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

/// How a message travels.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Protocol {
    Udp,
    Tcp,
    Tls,
}

impl Protocol {
    /// Whether messages travel over a connection.
    #[must_use]
    pub const fn is_stream(self) -> bool {
        matches!(self, Self::Tcp | Self::Tls)
    }

    /// Where a host listens that names no port (RFC 3261 §19.1.2).
    #[must_use]
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Udp | Self::Tcp => 5060,
            Self::Tls => 5061,
        }
    }

    /// As URIs have it, and people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
        }
    }
}

/// A way to a peer. `local` is always a concrete listening address of ours (never 0.0.0.0, never an ephemeral port): it is what Via and
/// Contact show. A connection is named by its peer; sending on a flow whose connection is gone opens a new one, over TLS only to whom a
/// certificate makes known: a trunk, or a phone where the configuration says whose certificates phones have.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Flow {
    pub protocol: Protocol,
    pub local: SocketAddr,
    pub peer: SocketAddr,
}

/// What the sockets tell the endpoint.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Received {
    /// One datagram, or a run of bytes of a stream, as `flow.protocol` says.
    Bytes { flow: Flow, bytes: Vec<u8> },
    /// The peer of a connection over TLS has a certificate that is good, for these names, and its key. Before any of its bytes.
    Certified { flow: Flow, names: Vec<String> },
    /// Whom we connected to does not speak TLS, or is not who he should be; `SendFailed` follows.
    NoTls { flow: Flow, why: String },
    /// A connection ended (either side).
    Closed { flow: Flow },
    /// A message could not be sent (connection refused, ICMP, full queue given up).
    SendFailed { flow: Flow },
    /// This one message could not be sent there; others may be.
    Unsent { flow: Flow, bytes: Vec<u8> },
}

/// What the endpoint orders, or tells the switch.
#[derive(Clone, PartialEq, Debug)]
pub enum Output {
    Send {
        flow: Flow,
        bytes: Vec<u8>,
    },
    /// Should the next message to this flow open a connection: by this name, which is no address, the peer is to be known.
    Expect {
        flow: Flow,
        name: String,
    },
    /// Close a stream that can no longer be framed, or is idle.
    Close {
        flow: Flow,
    },
    /// The peer at the other end of this connection has proven himself: it does not count among those of strangers.
    Trust {
        flow: Flow,
    },
    Event(Event),
}

/// Whose call it is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Origin {
    /// Proven by digest.
    Account(AgentId),
    /// By source address, or by certificate.
    Trunk(TrunkId),
}

/// A party as shown to the other side: display name and user part.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Party {
    pub display: Option<String>,
    /// User part, unescaped (`%XX` undone).
    pub user: String,
}

/// Why a leg that was up, or a call out that was not yet, is no more.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Cause {
    /// The peer's BYE; with the text of its Reason header when it had one.
    Bye { reason: Option<String> },
    /// The caller gave up before a final answer (CANCEL), or BYE in an early dialog. `elsewhere`: because somebody else has answered him.
    Cancelled {
        reason: Option<String>,
        #[serde(default)]
        elsewhere: bool,
    },
    /// Our 2xx was never acknowledged (64 × T1).
    NoAck,
    /// The session timer ran out (RFC 4028 §10).
    SessionExpired,
    /// A request inside the dialog got 481, 408, or no answer at all.
    PeerGone,
    /// The peer's answer to our offer could not be used, or none came.
    NoMedia,
    /// We released it ourselves (`Command::Release`), and it is done.
    Ours,
}

/// Why a call out did not come about.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Failure {
    /// The final response, best of all branches (RFC 3261 §16.7).
    Status { code: u16, reason: String },
    /// An agent's phone says that he is elsewhere (3xx): numbers of ours, the best first. `rang`: only when it had rung. `why`: its own word
    /// for it, of those of [`Diverted`].
    Moved { code: u16, to: Vec<String>, rang: bool, why: Option<String> },
    /// No contact is registered, or nothing could be sent to any.
    Unreachable,
    /// No response at all (Timer B).
    Timeout,
}

/// What a call's legs do, told to the switch. Past tense.
#[derive(Clone, PartialEq, Debug)]
pub enum Event {
    /// A call comes in; 100 Trying is already sent and, for an account, the digest proven. `sdp` is `None` for a delayed offer: then
    /// `Command::Answer` carries our offer and `Acked` the answer.
    ///
    /// `replaces`: it is to take the place of the peer of that leg (RFC 3891): one that is up, or one of ours that still rings. Who calls
    /// is an agent, proven, and names the dialog rightly; whether that leg is his to replace is the switch's to judge. `called` may be
    /// empty then.
    ///
    /// `recording`: it is a recording session, from whom one is taken (RFC 7866).
    Invited {
        leg: LegId,
        origin: Origin,
        from: Party,
        called: String,
        flow: Flow,
        sdp: Option<Vec<u8>>,
        call_id: String,
        replaces: Option<LegId>,
        /// Who sent it on before, as a carrier says.
        diverted: Vec<Diverted>,
        recording: Option<Metadata>,
    },
    /// The client of a recording session tells who is there now; before its `Reoffered`, if it offers anew too.
    Described { leg: LegId, metadata: Metadata },
    /// The server of one wants all metadata anew (RFC 7866 §9.2); 200 is already sent, and they are to follow with `Command::Describe`.
    SnapshotAsked { leg: LegId },
    /// A call out rings (180) or has early media (183 with `sdp`); once a provisional response.
    Ringing { leg: LegId, code: u16, sdp: Option<Vec<u8>> },
    /// A call out was answered; the ACK is already sent. Exactly one of its branches; others are cancelled, or acknowledged and released.
    Answered { leg: LegId, sdp: Option<Vec<u8>>, flow: Flow, by: Option<String> },
    /// A call out came to nothing.
    Failed { leg: LegId, failure: Failure },
    /// The ACK to our 2xx came; with an SDP when the offer was ours.
    Acked { leg: LegId, sdp: Option<Vec<u8>> },
    /// The peer offers anew (re-INVITE, or UPDATE); to be answered with `Command::AnswerReoffer` or `RejectReoffer`. `sdp` is `None` for a
    /// re-INVITE without offer: then the answer carries our offer, and `Acked` the peer's answer. A refresh that repeats the last SDP
    /// to the letter is answered by the endpoint itself.
    Reoffered { leg: LegId, sdp: Option<Vec<u8>> },
    /// Our own offer was answered.
    ReofferAnswered { leg: LegId, sdp: Vec<u8> },
    /// Our own offer was refused; glare (491) was already retried by RFC 3261 §14.1.
    ReofferFailed { leg: LegId, code: u16 },
    /// A digit by INFO (application/dtmf-relay or application/dtmf); 200 is already sent.
    Digit { leg: LegId, digit: char, duration: Duration },
    /// An agent's phone asks that whom it speaks with be connected to somebody else (REFER); 202 is already sent, and 100 told. How it goes
    /// is to be told with [`Command::TellReferProgress`] until its end; the leg lives on until it is released. `referred_by` is that
    /// header as it stood (RFC 3892), which nobody has proven.
    Referred { leg: LegId, refer: ReferId, target: ReferTarget, referred_by: Option<String> },
    /// The leg is gone. Every leg ends with exactly one `Released` or `Failed`, and nothing follows it: `Released` for a call in, for a
    /// call out that was answered, and for one that we released before its answer; `Failed` for a call out that came to nothing by itself.
    /// `Cause::Ours` comes when it is done: at once for a call in that was not answered, with the answer to our BYE or the end of what
    /// was cancelled else, 32 s later at the latest where the peer is silent.
    Released { leg: LegId, cause: Cause },
    /// An agent's first binding came, or a binding was refreshed or added.
    Registered { agent: AgentId, contacts: usize, flow: Flow },
    /// A binding went (expired, removed, flow closed); `contacts` are left.
    Unregistered { agent: AgentId, contacts: usize },
    /// His phone was to be called over a connection of ours, over TLS, and that did not come about.
    PhoneTlsFailed { agent: AgentId, flow: Flow, why: String },
    /// An agent's phone writes to another's (MESSAGE); what, nobody is told.
    TextCame { from: AgentId, to: AgentId, bytes: usize },
    /// It was taken (200, 202), or not.
    TextEnded { from: AgentId, to: AgentId, code: u16 },
    /// A source is refused from now on, or no longer.
    Source(guard::Change),
    /// A carrier has us at this host, for so long before it must be renewed; told once, not with each renewal.
    TrunkRegistered { trunk: TrunkId, flow: Flow, life: Duration },
    /// It has us no more, or will not have us; told again when the cause is another. Asking goes on.
    TrunkUnregistered { trunk: TrunkId, cause: TrunkCause },
    /// A carrier's host answers OPTIONS, for the first time or again.
    TrunkUp { trunk: TrunkId, flow: Flow },
    /// It has not answered as often as the configuration bears; asking goes on. A host of which nothing was told yet may be called.
    TrunkDown { trunk: TrunkId, flow: Flow, cause: TrunkCause },
}

/// What goes with a recording session: an XML document by RFC 7865, as it came; empty where none did.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Metadata(pub Vec<u8>);

/// Whom a call out is for.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Callee {
    /// All contacts of an agent at once, best `q` first when they differ; the first 2xx wins.
    Account(AgentId),
    /// A number behind a trunk: `flow` leads to its host, `host` is what the request URI shows. `trunk`: by whose settings the caller is
    /// shown and a challenge answered (401 and 407, once).
    Trunk { trunk: Option<TrunkId>, number: String, host: String, flow: Flow },
}

/// What the switch orders, mostly of a leg. Imperative. An order for a leg that is gone, or in a state in which it makes no sense, does nothing:
/// its `Released` or `Failed` is on its way.
#[derive(Clone, PartialEq, Debug)]
pub enum Command {
    /// 18x to a call in; reliably (RFC 3262) when the peer requires it, or has an SDP to be trusted.
    Ring {
        leg: LegId,
        code: u16,
        sdp: Option<Vec<u8>>,
    },
    /// 200 to a call in; retransmitted until acknowledged.
    Answer {
        leg: LegId,
        sdp: Vec<u8>,
    },
    /// A call out. `leg` is an even number that was never used before.
    Invite {
        leg: LegId,
        callee: Callee,
        from: Party,
        sdp: Vec<u8>,
        /// The same in other words, once for each phone that refuses the first (488): one that takes encryption only where the transport
        /// says so.
        otherwise: Option<Vec<u8>>,
        marks: InviteMarks,
    },
    /// A recording session to a recording server: as `Invite`, with the metadata beside the offer.
    Record {
        leg: LegId,
        callee: Callee,
        from: Party,
        sdp: Vec<u8>,
        metadata: Metadata,
    },
    /// As `Reoffer`, with metadata beside the offer.
    Describe {
        leg: LegId,
        sdp: Vec<u8>,
        metadata: Metadata,
    },
    /// The call of a leg is recorded, or not: told to a phone that understands it, when it changes.
    Indicate {
        leg: LegId,
        indication: Indication,
    },
    /// Asks the client of a recording session for all of its metadata; nothing where it does not say that it may be asked.
    AskSnapshot {
        leg: LegId,
        why: &'static str,
    },
    /// Ends a leg in whatever way its state asks: a final response to a call in that is not answered (`code`, with Retry-After in seconds
    /// where given), CANCEL to a call out that is not answered, BYE to one that is up. `reason` becomes the Reason header (RFC 3326).
    Release {
        leg: LegId,
        code: u16,
        reason: Option<Reason>,
        retry_after: Option<u32>,
    },
    /// A new offer of ours on a leg that is up.
    Reoffer {
        leg: LegId,
        sdp: Vec<u8>,
    },
    AnswerReoffer {
        leg: LegId,
        sdp: Vec<u8>,
    },
    RejectReoffer {
        leg: LegId,
        code: u16,
    },
    /// An agent has so many messages, new ones and such as were heard: told to his phones' lamps when it changes (RFC 3842). To be said
    /// of every agent who has any after a start, before anything is received: until then his phones are told that there is none.
    SetMessagesWaiting {
        agent: AgentId,
        new: u32,
        old: u32,
    },
    /// How an agent is: told to colleagues' phones that subscribed to his presence (RFC 3856). To be said of every agent after a start,
    /// as messages are.
    SetPresence {
        agent: AgentId,
        presence: Presence,
    },
    /// How far a referral has come: the status of the call that it is about, 100 to 199 while it is under way, its final one at the end.
    /// Does nothing when that was told, or nobody wants to hear.
    TellReferProgress {
        refer: ReferId,
        status: u16,
    },
}

/// How an agent is, for his colleagues.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Presence {
    /// He is there.
    pub open: bool,
    pub activity: Activity,
    /// In words.
    pub note: String,
}

/// RFC 4480 §3.2, as far as it is known of agents.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum Activity {
    #[default]
    None,
    OnThePhone,
    Busy,
    Away,
    Meeting,
    Meal,
}

/// What else an INVITE says.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct InviteMarks {
    /// The phone is asked to answer by itself.
    pub auto_answer: Option<AutoAnswer>,
    /// By whom the call was sent on before, the first first.
    pub diverted: Vec<Diverted>,
    /// The leg of whoever calls: it is known how far his call has come.
    #[serde(default)]
    pub caller: Option<LegId>,
}

/// A call was sent on (RFC 5806, RFC 7044).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Diverted {
    /// Number or extension of who sent it on.
    pub from: String,
    /// `unconditional`, `deflection`, `user-busy`, `no-answer`, `unavailable`, `do-not-disturb`, `out-of-service`, `unknown`.
    pub reason: String,
}

/// A Reason header: `SIP;cause=408;text="RONA"`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Reason {
    pub cause: u16,
    pub text: String,
}

impl Reason {
    /// Another has answered (RFC 3326 §2): for a phone that rings, no missed call.
    #[must_use]
    pub fn completed_elsewhere() -> Self {
        Self { cause: 200, text: "Call completed elsewhere".to_owned() }
    }
}

/// What happened to input, counted; shown as metrics.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counters {
    pub messages_received: u64,
    pub messages_sent: u64,
    /// Datagrams that were no SIP and could not be answered.
    pub dropped_malformed: u64,
    pub retransmissions_received: u64,
    pub retransmissions_sent: u64,
    pub auth_challenges: u64,
    pub auth_failures: u64,
    pub requests_refused: u64,
    /// New calls refused unheard under overload.
    pub calls_shed: u64,
    /// Sources blocked since the start.
    pub sources_blocked: u64,
    /// Not looked at: of blocked sources, and beyond what a source may send before it has proven itself.
    pub dropped_of_blocked: u64,
    pub dropped_call_floods: u64,
    pub dropped_request_floods: u64,
    pub dropped_rubbish_floods: u64,
    /// ACKs, responses and repeats of what others sent, from strangers.
    pub dropped_of_strangers: u64,
}
