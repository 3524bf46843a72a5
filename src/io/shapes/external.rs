//! A call of another switch, as the database and the API show it.

use crate::call::record::{ExternalParty, ExternalRecord};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct External {
    /// The recording source's id in the configuration.
    pub source: String,
    /// Call-ID of the recording session.
    pub call_id: String,
    /// What the other switch calls the call, and those that belong together (RFC 7865).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sip_session: Option<String>,
    /// The record of the session of the same call before this one, which was cut off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continues: Option<String>,
    /// Who took part in it, in the order in which they came.
    pub parties: Vec<Party>,
    /// The last document of metadata, as it came.
    pub metadata: String,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = ExternalParty)]
pub struct Party {
    pub aor: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// left, right; none where that was not told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub side: Option<String>,
}

impl From<&ExternalRecord> for External {
    fn from(record: &ExternalRecord) -> Self {
        let ExternalRecord { source, call_id, session, group, sip_session, continues, parties, metadata, .. } = record.clone();
        let continues = continues.map(|call| call.to_string());
        let parties = parties.into_iter().map(|ExternalParty { aor, name, side }| Party { aor, name, side }).collect();
        Self { source, call_id, session, group, sip_session, continues, parties, metadata }
    }
}
