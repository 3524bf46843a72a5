//! A call of another switch that was recorded here.

use crate::base::CallId;
use serde::{Deserialize, Serialize};

/// Where it comes from, and who took part in it there.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct ExternalRecord {
    /// The recording source's id in the configuration.
    pub source: String,
    /// Call-ID of the recording session.
    pub call_id: String,
    /// What the other switch calls the call, and those that belong together.
    pub session: Option<String>,
    pub group: Option<String>,
    pub sip_session: Option<String>,
    /// The session of the same call before this one: it was cut off, by a restart of either switch or a loss between them.
    #[serde(default)]
    pub continues: Option<CallId>,
    /// In the order in which they came.
    pub parties: Vec<ExternalParty>,
    /// The last document of metadata, as it came.
    pub metadata: String,
    /// Who called, or was called, is not known yet.
    #[serde(default)]
    pub unknown_caller: bool,
    #[serde(default)]
    pub unknown_called: bool,
}

/// Who took part in it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ExternalParty {
    /// `sip:1001@host`.
    pub aor: String,
    pub name: Option<String>,
    /// left, right; none where that was not told.
    pub side: Option<String>,
}
