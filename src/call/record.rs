//! What is kept of a call for ever: the shapes that the database, the API and the pages show.

mod external;
mod quality;
mod service;

pub use external::{ExternalParty, ExternalRecord};
pub use quality::QualityRecord;
pub use service::{LATE, as_one};

pub use crate::base::recorded::{RecordingRecord, RecordingState};

use crate::base::{AgentId, CallId, CallSound, Duration, QueueId, Timestamp, TrunkId};
use crate::sip::Diverted;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum CallDirection {
    Inbound,
    Outbound,
    Internal,
    /// Of another switch, and recorded here.
    External,
}

impl CallDirection {
    pub const ALL: [Self; 4] = [Self::Inbound, Self::Outbound, Self::Internal, Self::External];

    /// A customer is in it, whom we serve.
    #[must_use]
    pub const fn has_customer(self) -> bool {
        matches!(self, Self::Inbound | Self::Outbound)
    }

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Outbound => "outbound",
            Self::Internal => "internal",
            Self::External => "external",
        }
    }
}

/// How a call ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Outcome {
    /// Two people spoke.
    Answered,
    /// The caller left before anybody answered.
    Abandoned,
    /// Released by the silent-call script.
    Silent,
    /// Released by another script of service.
    Scripted,
    /// Routing, the callee, or an overload refused it.
    Refused,
    /// The callee did not answer in time.
    NoAnswer,
    Busy,
    /// No phone, no route, no carrier.
    Unreachable,
    /// A prompt was played to its end.
    Played,
    /// The caller left a message.
    Message,
    /// The caller hung up to be called back.
    CallBack,
    /// Media stopped, a session timer ran out, the switch was shut down.
    Failed,
}

impl Outcome {
    /// Every one, in the order in which they are told.
    pub const ALL: [Self; 12] = [
        Self::Answered,
        Self::Abandoned,
        Self::Silent,
        Self::Scripted,
        Self::Refused,
        Self::NoAnswer,
        Self::Busy,
        Self::Unreachable,
        Self::Played,
        Self::Message,
        Self::CallBack,
        Self::Failed,
    ];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Abandoned => "abandoned",
            Self::Silent => "silent",
            Self::Scripted => "scripted",
            Self::Refused => "refused",
            Self::NoAnswer => "no-answer",
            Self::Busy => "busy",
            Self::Unreachable => "unreachable",
            Self::Played => "played",
            Self::Message => "message",
            Self::CallBack => "call-back",
            Self::Failed => "failed",
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum ReleasedBy {
    Caller,
    Agent,
    /// The callee of an internal call or a call out.
    Callee,
    Switch,
}

impl ReleasedBy {
    pub const ALL: [Self; 4] = [Self::Caller, Self::Agent, Self::Callee, Self::Switch];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Caller => "caller",
            Self::Agent => "agent",
            Self::Callee => "callee",
            Self::Switch => "switch",
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum OfferOutcome {
    /// Still ringing.
    Pending,
    Answered,
    Missed,
    Rejected,
    Busy,
    Unreachable,
    Withdrawn,
    /// Another answered the caller for whom his phone rang: nothing is counted against who did not.
    Elsewhere,
}

impl OfferOutcome {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Answered => "answered",
            Self::Missed => "missed",
            Self::Rejected => "rejected",
            Self::Busy => "busy",
            Self::Unreachable => "unreachable",
            Self::Withdrawn => "withdrawn",
            Self::Elsewhere => "elsewhere",
        }
    }
}

/// An agent's phone was rung for this call.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OfferRecord {
    pub agent: AgentId,
    /// First 180 or 183, or the INVITE when neither came.
    pub alerted_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    /// Rings begun, by the configured cadence.
    pub rings: u32,
    pub result: OfferOutcome,
    /// Another agent's phone, of the line before this one, rang for the caller when this one was called: for him both are one offer.
    #[serde(default)]
    pub beside: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum HeldBy {
    Caller,
    Agent,
}

impl HeldBy {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Caller => "caller",
            Self::Agent => "agent",
        }
    }
}

/// A time on hold.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct HoldRecord {
    pub by: HeldBy,
    pub started_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    /// How often the held party heard that he is not forgotten.
    pub reassured: u32,
    /// Why, as the agent or a program gave it.
    #[serde(default)]
    pub reason: Option<String>,
    /// How long the held party was told that it takes.
    #[serde(default)]
    pub promised: Option<Duration>,
    /// Whether it took no longer; `None` for none promised, and while it runs.
    #[serde(default)]
    pub kept: Option<bool>,
}

/// A script of service that was played to the caller.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ScriptRecord {
    /// Its id in the configuration.
    pub script: String,
    pub begun_by: BegunBy,
    pub started_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    /// Prompts that were begun.
    pub said: u32,
    pub ending: ScriptEnding,
}

/// Who saw that a script is needed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum BegunBy {
    Agent,
    /// The API.
    Desk,
    /// What is heard of the caller.
    Measurement,
}

impl BegunBy {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Desk => "desk",
            Self::Measurement => "measurement",
        }
    }
}

/// How a script ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum ScriptEnding {
    Running,
    /// What it was for is over: the caller spoke, or the agent says so.
    Helped,
    /// Its last step was done.
    Done,
    /// The caller went to wait in another queue.
    Queued,
    /// The call was released by it.
    Released,
    /// The call ended before.
    CutShort,
}

impl ScriptEnding {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Helped => "helped",
            Self::Done => "done",
            Self::Queued => "queued",
            Self::Released => "released",
            Self::CutShort => "cut-short",
        }
    }
}

/// The caller was asked how he was served.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SurveyRecord {
    pub asked_at: Timestamp,
    /// From 1; `None`: he did not answer.
    pub score: Option<u8>,
}

/// How the caller was greeted when he was connected.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct GreetingRecord {
    pub by: GreetedBy,
    /// From the connection to its first sound; `None`: it did not come.
    pub delay: Option<Duration>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum GreetedBy {
    /// It is played.
    Switch,
    /// By his own first words.
    Agent,
}

impl GreetedBy {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Switch => "switch",
            Self::Agent => "agent",
        }
    }
}

/// How a party sounded.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct SoundRecord {
    /// Whose phone it is; `None`: the customer.
    pub agent: Option<AgentId>,
    /// Mean level of his speech, and what is heard between his words, in dBov.
    pub level_dbov: i8,
    pub noise_dbov: i8,
    pub clipped: bool,
    /// How much speech that is the mean of.
    pub speech: Duration,
    /// What was found to be wrong with it, at any time.
    pub faint: bool,
    pub loud: bool,
    pub noisy: bool,
    /// He talked while the caller was on hold and nobody heard him.
    pub open_microphone: bool,
}

/// A time in which the recording was filled with silence.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PauseRecord {
    pub started_at: Timestamp,
    /// `None` while it lasts.
    pub ended_at: Option<Timestamp>,
    /// The agent who pressed the code, or the user of the API.
    pub by: String,
    pub why: String,
    pub ending: PauseEnding,
    /// Who ended it, if somebody did.
    pub ended_by: Option<String>,
}

/// How a pause of the recording ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum PauseEnding {
    Running,
    /// Somebody said so.
    Resumed,
    /// It had taken the longest that it may.
    TimedOut,
    /// The agent was gone, and the caller with nobody.
    AgentLeft,
    /// With the call.
    Released,
}

impl PauseEnding {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Resumed => "resumed",
            Self::TimedOut => "timed-out",
            Self::AgentLeft => "agent-left",
            Self::Released => "released",
        }
    }
}

/// In place of a key that is not to be known.
pub const KEY_HIDDEN: char = '•';

/// A key that was pressed in the call.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct KeyRecord {
    pub at: Timestamp,
    /// On whose phone; `None`: the customer's.
    pub agent: Option<AgentId>,
    pub key: char,
}

/// An agent's part in a call.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SegmentRecord {
    pub agent: AgentId,
    pub role: SegmentRole,
    /// From when he was heard, or hears.
    pub started_at: Timestamp,
    /// `None` while it lasts.
    pub ended_at: Option<Timestamp>,
    pub ending: SegmentEnding,
}

/// What he was in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum SegmentRole {
    /// He called.
    Calling,
    /// He spoke with the caller, as the one who is there for him.
    Serving,
    /// He was asked by the one who serves, while the caller waited.
    Consulted,
    /// One of several in a conference.
    Conferee,
    /// A supervisor who heard it, spoke to the agent alone, or to both.
    Listening,
    Whispering,
    BargingIn,
}

impl SegmentRole {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Calling => "calling",
            Self::Serving => "serving",
            Self::Consulted => "consulted",
            Self::Conferee => "conferee",
            Self::Listening => "listening",
            Self::Whispering => "whispering",
            Self::BargingIn => "barging-in",
        }
    }
}

/// How a part in a call ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum SegmentEnding {
    Running,
    /// He hung up, or the call ended.
    Left,
    /// Another has his place: the call was transferred.
    Transferred,
    /// He went on in another role: from consulted to serving, from listening to barging in.
    Changed,
}

impl SegmentEnding {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Left => "left",
            Self::Transferred => "transferred",
            Self::Changed => "changed",
        }
    }
}

/// A time in a queue. Who flows over into another queue, or comes back from an agent to wait again, has several.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct QueueVisit {
    pub queue: QueueId,
    pub entered_at: Timestamp,
    /// `None` while he waits.
    pub left_at: Option<Timestamp>,
    pub ending: VisitEnding,
}

/// How a time in a queue ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum VisitEnding {
    Waiting,
    /// An agent has him.
    Answered,
    /// He left the switch, or the call broke.
    Abandoned,
    /// He was taken elsewhere: another queue or destination.
    FlowedOut,
    /// He hung up, and is called back.
    CalledBack,
    /// The queue did not take him: he never was in it.
    Refused,
}

impl VisitEnding {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Answered => "answered",
            Self::Abandoned => "abandoned",
            Self::FlowedOut => "flowed-out",
            Self::CalledBack => "called-back",
            Self::Refused => "refused",
        }
    }
}

/// Why somebody is called back.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum CallBackWhy {
    /// He wished it while he waited.
    Asked,
    /// A script of service has promised it.
    Promised,
    /// He hung up after a long wait.
    Abandoned,
}

impl CallBackWhy {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Promised => "promised",
            Self::Abandoned => "abandoned",
        }
    }
}

/// Of a call that the switch made to call somebody back.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CallBackRecord {
    /// The call in which it came to that, and when.
    pub asked_in: CallId,
    pub asked_at: Timestamp,
    pub why: CallBackWhy,
    /// From 1.
    pub attempt: u32,
}

/// A call's record, whole, as far as it has come.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CallRecord {
    pub id: CallId,
    pub direction: CallDirection,
    pub caller: String,
    pub called: String,
    pub trunk: Option<TrunkId>,
    pub queue: Option<QueueId>,
    /// The last agent who spoke with the caller; for internal calls the callee, for calls out the one who called.
    pub agent: Option<AgentId>,
    pub arrived_at: Timestamp,
    pub answered_at: Option<Timestamp>,
    pub connected_at: Option<Timestamp>,
    pub released_at: Option<Timestamp>,
    pub released_by: Option<ReleasedBy>,
    /// Whose part ended first: an agent's ends before the call does.
    #[serde(default)]
    pub hung_up_first: Option<ReleasedBy>,
    /// When he who called had left a conference that went on without him.
    #[serde(default)]
    pub caller_left_at: Option<Timestamp>,
    /// Text of why, for the reader: `BYE`, `RTP timeout`, `session expired`, …
    pub release_cause: Option<String>,
    pub outcome: Option<Outcome>,
    pub offers: Vec<OfferRecord>,
    pub holds: Vec<HoldRecord>,
    #[serde(default)]
    pub scripts: Vec<ScriptRecord>,
    /// The agents' parts in it, in the order in which they began.
    #[serde(default)]
    pub segments: Vec<SegmentRecord>,
    /// Times in queues, in order.
    #[serde(default)]
    pub visits: Vec<QueueVisit>,
    #[serde(default)]
    pub survey: Option<SurveyRecord>,
    #[serde(default)]
    pub greeting: Option<GreetingRecord>,
    /// Of each party who was measured.
    #[serde(default)]
    pub sounds: Vec<SoundRecord>,
    /// Times in which its recording was filled with silence.
    #[serde(default)]
    pub pauses: Vec<PauseRecord>,
    /// Keys that were pressed in it.
    #[serde(default)]
    pub keys: Vec<KeyRecord>,
    /// How well the sound of each leg travelled.
    #[serde(default)]
    pub quality: Vec<QualityRecord>,
    /// How both sides of the recording sound, once it is finished.
    #[serde(default)]
    pub sound: Option<CallSound>,
    /// By whom it was sent on before somebody took it: a carrier's word, or phones of the house.
    #[serde(default)]
    pub diverted: Vec<Diverted>,
    /// The call in which it went on: two calls of one agent became one.
    #[serde(default)]
    pub merged_into: Option<CallId>,
    #[serde(default)]
    pub external: Option<Box<ExternalRecord>>,
    #[serde(default)]
    pub call_back: Option<CallBackRecord>,
    /// The rules of service that it broke, as bits of [`Breaches`](crate::qa::Breaches): set as it is given to the store.
    #[serde(default)]
    pub broken: u16,
    pub recording: Option<RecordingRecord>,
}

impl CallRecord {
    /// Of a call that begins.
    #[must_use]
    pub fn new(id: CallId, direction: CallDirection, caller: String, called: String, arrived_at: Timestamp) -> Self {
        Self {
            id,
            direction,
            caller,
            called,
            trunk: None,
            queue: None,
            agent: None,
            arrived_at,
            answered_at: None,
            connected_at: None,
            released_at: None,
            released_by: None,
            hung_up_first: None,
            release_cause: None,
            outcome: None,
            offers: Vec::new(),
            holds: Vec::new(),
            scripts: Vec::new(),
            segments: Vec::new(),
            visits: Vec::new(),
            diverted: Vec::new(),
            survey: None,
            greeting: None,
            sounds: Vec::new(),
            pauses: Vec::new(),
            keys: Vec::new(),
            quality: Vec::new(),
            sound: None,
            merged_into: None,
            external: None,
            call_back: None,
            caller_left_at: None,
            broken: 0,
            recording: None,
        }
    }
}
