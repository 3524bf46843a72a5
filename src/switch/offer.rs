//! An agent's ringing phone, with its ring limit.

use crate::base::{AgentId, CallId, Cadence, Instant, QueueId};
use crate::rules::RingLimit;

#[derive(Debug)]
pub struct Offer {
    pub call: CallId,
    pub agent: AgentId,
    pub queue: QueueId,
    /// From the INVITE on.
    pub ring_limit: Option<RingLimit>,
}

impl Offer {
    #[must_use]
    pub fn new(call: CallId, agent: AgentId, queue: QueueId) -> Self {
        Self { call, agent, queue, ring_limit: None }
    }

    pub fn invited(&mut self, cadence: Cadence, max_rings: u32, now: Instant) {
        self.ring_limit = Some(RingLimit::new(cadence, max_rings, now));
    }

    /// Rings begun; 0 before the INVITE is sent.
    #[must_use]
    pub fn rings(&self, now: Instant) -> u32 {
        self.ring_limit.as_ref().map_or(0, |limit| limit.rings(now))
    }
}
