//! What is kept of a call's recording: the shape that its record, the database, the API and the pages show.

use super::Duration;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RecordingState {
    /// The call runs, or its file is being finished.
    Open,
    Complete,
    /// Finished after a crash; up to one second may be lost.
    Recovered,
    Missing,
}

impl RecordingState {
    /// As in the record: `open`, `complete`, `recovered`, `missing`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Complete => "complete",
            Self::Recovered => "recovered",
            Self::Missing => "missing",
        }
    }
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RecordingRecord {
    /// Below the recordings folder: `2026/11/21/CALL-ID.wav`.
    pub file: String,
    /// Of the audio; zero while open and when missing.
    pub duration: Duration,
    /// Lower-case hexadecimal SHA-256 of the finished file.
    pub sha256: Option<String>,
    pub state: RecordingState,
    /// Why it is missing.
    pub reason: Option<String>,
}
