//! An agent's ringing phone, with its ring limit.

use crate::base::{AgentId, Cadence, CallId, Instant};
use crate::rules::RingLimit;

#[derive(Debug)]
pub struct Offer {
    pub call: CallId,
    pub agent: AgentId,
    /// From the INVITE on.
    pub ring_limit: Option<RingLimit>,
}

impl Offer {
    #[must_use]
    pub fn new(call: CallId, agent: AgentId) -> Self {
        Self { call, agent, ring_limit: None }
    }

    pub fn invited(&mut self, cadence: Cadence, max_rings: u32, now: Instant) {
        self.ring_limit = Some(RingLimit::new(cadence, max_rings, now));
    }
}
