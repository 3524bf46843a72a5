//! A call's recording, as far as it is decided and not written: in what state it is, under what name. Every call is recorded, from the
//! answer to the caller until the release, hold and transfer included.
//!
//! What lives here: state, names. What must not: bytes of audio and files; `io` writes them and reports facts.

pub mod metadata;
pub mod state;

pub use metadata::{RecordingFile, day_folder};
pub use state::Recording;
