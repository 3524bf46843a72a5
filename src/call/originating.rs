//! Calls that the switch makes by itself: nobody has called, and the caller's seat is empty until one of those answers who are called for it.
//! Then it is a call as any other, whose caller was answered.

use super::leg::Leg;
use super::record::CallRecord;
use super::{Action, Call, Fact, MediaPolicy, State, nobody};
use crate::base::srtp::Protection;
use crate::base::{AgentId, Instant, SessionId, WallClock};
use crate::media::control::Command as Media;
use std::net::{IpAddr, Ipv4Addr};

/// A call that the switch makes.
#[derive(Debug)]
pub struct Origination {
    pub session: SessionId,
    /// The caller's seat is an agent's, who then has a customer called: it is the customer who will be on the left of the recording, as ever.
    pub agent_first: bool,
    /// Filled in as far as it is known.
    pub record: CallRecord,
}

impl Call {
    /// A call with nobody in it; [`Order::Offer`](super::Order::Offer) for [`Place::Caller`](super::Place::Caller) calls who is to be its
    /// caller, and `Fact::CallerAnswered` follows when he is there.
    #[must_use]
    pub fn originate(origination: Origination, policy: MediaPolicy, wall: WallClock, now: Instant) -> Self {
        let Origination { session, agent_first, record } = origination;
        let caller = Leg::new(nobody(), session, policy.clone(), Protection::NONE, IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        Self { exchanged: agent_first, ..Self::begin(session, caller, State::Waiting, record, policy, wall, now) }
    }

    /// Somebody sits in the caller's seat, be it that he only rings.
    #[must_use]
    pub fn has_caller(&self) -> bool {
        self.caller.id != nobody()
    }

    /// The first of a call that the switch makes is there.
    pub(super) fn seat_first(&mut self, leg: Leg, agent: Option<AgentId>, now: Instant, out: &mut Vec<Action>) {
        self.spare_the_others(out);
        self.caller = leg;
        self.caller_answered = true;
        self.record.agent = agent.filter(|_| self.exchanged);
        self.record.answered_at = Some(self.wall.read(now));
        self.state_since = self.wall.read(now);
        let (left, right) = self.recorded();
        let (session, call) = (self.session, self.record.id);
        out.push(Action::Media(Media::StartRecording { session, call, left, right, began_at: None }));
        out.push(Action::Tell(Fact::CallerAnswered));
    }
}
