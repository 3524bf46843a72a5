//! The rules of the house, one pure machine a rule, one file a rule. A rule is owned by what it watches and ends with it.
//!
//! What lives here: when a rule speaks. What must not: what that looks like on the wire, or which prompt is in which folder.

pub mod answers;
pub mod call_back;
pub mod caller_ringing;
pub mod card_data;
pub mod farewell;
pub mod hold_patience;
pub mod listening;
pub mod menu;
pub mod message;
pub mod open_microphone;
pub mod promise;
pub mod queue_comfort;
pub mod replaying;
pub mod ring_limit;
pub mod script;
pub mod sound_watch;

pub use call_back::CallBack;
pub use caller_ringing::CallerRinging;
pub use card_data::CardData;
pub use farewell::Farewell;
pub use hold_patience::HoldPatience;
pub use listening::Listening;
pub use menu::Menu;
pub use message::Message;
pub use open_microphone::OpenMicrophone;
pub use promise::Promise;
pub use queue_comfort::QueueComfort;
pub use replaying::Replaying;
pub use ring_limit::RingLimit;
pub use script::Script;
pub use sound_watch::SoundWatch;
