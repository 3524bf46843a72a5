//! What a restart needs of the endpoint, leg by leg and agent by agent: the vocabulary. How it is taken and brought back is in
//! `endpoint::kept`.

use super::Binding;
use super::watch::Watch;
use crate::base::bytes;
use crate::base::{AgentId, LegId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A leg with its dialog, its offers and its transactions, for [`Endpoint::restore_leg`](super::Endpoint::restore_leg). Inside is
/// MessagePack with names; one that cannot be read costs its leg alone, not the call around it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LegImage(#[serde(with = "bytes")] pub(super) Vec<u8>);

/// The contacts of an agent, for [`Endpoint::restore_bindings`](super::Endpoint::restore_bindings).
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BindingsImage(pub(super) Vec<Binding>);

impl BindingsImage {
    /// Whether the agent has no contact.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The phones that watch over an agent's messages, for [`Endpoint::restore_watches`](super::Endpoint::restore_watches).
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WatchesImage(pub(super) Vec<Watch>);

impl WatchesImage {
    /// Whether no phone watches.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Whose images are out of date.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Changed {
    /// Legs that changed, and those that went: these have no image any more.
    pub legs: BTreeSet<LegId>,
    /// Agents whose contacts or watches changed.
    pub agents: BTreeSet<AgentId>,
    /// Who is blocked.
    pub blocked: bool,
    /// Agents whose contacts are the same by the same ways, and live longer: the image that is there still serves for a while.
    pub refreshed: BTreeSet<AgentId>,
}
