//! An agent's ringing phone, with its ring limit. Several may ring for one call.

use crate::base::{AgentId, Cadence, Instant, Machine};
use crate::rules::RingLimit;
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize)]
pub struct Offer {
    pub agent: AgentId,
    /// From the INVITE on.
    pub ring_limit: Option<RingLimit>,
    /// With what the phone refused it.
    #[serde(default)]
    pub refused: Option<u16>,
}

impl Offer {
    #[must_use]
    pub fn new(agent: AgentId) -> Self {
        Self { agent, ring_limit: None, refused: None }
    }

    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.ring_limit.as_ref().and_then(Machine::deadline)
    }

    pub fn invited(&mut self, cadence: Cadence, max_rings: u32, now: Instant) {
        self.ring_limit = Some(RingLimit::new(cadence, max_rings, now));
    }
}
