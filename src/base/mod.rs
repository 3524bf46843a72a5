//! What every room stands on: time, identity, order, bounds. Imports the standard library alone, and serde for what a restart must know,
//! zeroize for what memory must not.

pub mod answering;
pub mod auto_answer;
pub mod breach;
pub mod bytes;
pub mod cadence;
pub mod codec;
pub mod deadlines;
pub mod guard;
pub mod id;
pub mod limits;
pub mod lookup;
pub mod machine;
pub mod planned;
pub mod quality;
mod queueing;
pub mod recorded;
pub mod redact;
pub mod replay_number;
pub mod rng;
pub mod scorecard;
pub mod script;
pub mod sound;
pub mod srtp;
pub mod time;

pub use answering::{Cause, Consequence, Limit, Limits, WrapUpKind};
pub use auto_answer::AutoAnswer;
pub use cadence::Cadence;
pub use codec::{Codec, OpusWishes, OtherCodec};
pub use deadlines::Deadlines;
pub use guard::GuardSettings;
pub use id::{AgentId, BoxId, CalendarId, CallId, ClipId, LegId, MenuId, QueueId, SessionId, TrunkId, UserId};
pub use lookup::Lookup;
pub use machine::Machine;
pub use planned::Planned;
pub use quality::{CallSound, ExtendedReports, Flow, LegQuality, Mos, QualityPart, SideFigures};
pub use queueing::{Join, Strategy};
pub use redact::Redacted;
pub use replay_number::ReplayNumber;
pub use rng::Rng;
pub use script::ScriptStep;
pub use sound::{Clarity, Flaw, Loudness, Reading, SoundLimits};
pub use time::{Duration, Instant, Timestamp, WallClock};
