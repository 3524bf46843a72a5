//! A call's recording, as far as it is decided and not written: which calls, in what state, under what name.
//!
//! What lives here: policy, state, names. What must not: bytes of audio and files; `io` writes them and reports facts.

pub mod metadata;
pub mod policy;
pub mod state;

pub use metadata::{RecordingFile, RecordingInfo, RecordingState};
pub use policy::Policy;
pub use state::Recording;
