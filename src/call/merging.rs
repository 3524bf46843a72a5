//! Legs that come into a call that stands: a phone that called by itself to be let in, and a leg of another call, which comes with its port,
//! its dialog and what was settled for it.

use super::record::ReleasedBy;
use super::{ALLOCATION_LIMIT, Action, Admission, Attempt, Call, Coming, Ending, Fact, Leg, Offer, Place, Side, State};
use crate::base::srtp::Protection;
use crate::base::{AgentId, Instant, LegId, SessionId};
use crate::media::control::Command as Media;
use crate::sip;
use std::net::SocketAddr;

/// A leg that leaves one call for another.
#[derive(Debug)]
pub struct Guest {
    leg: Leg,
    from: SessionId,
    pub agent: Option<AgentId>,
    /// It has not answered yet.
    ringing: Option<Offer>,
}

impl Guest {
    #[must_use]
    pub fn leg(&self) -> LegId {
        self.leg.id
    }

    #[must_use]
    pub fn is_ringing(&self) -> bool {
        self.ringing.is_some()
    }
}

impl Call {
    pub(super) fn admit(&mut self, admission: Admission, now: Instant, out: &mut Vec<Action>) {
        let Admission { leg: id, agent, sdp, protection, codecs, local, peer, place } = admission;
        let mut leg = Leg::new(id, self.session, self.policy.with(codecs), protection, peer);
        leg.offered(sdp);
        out.push(Action::Media(Media::Allocate { session: self.session, leg: id, local, resumed: None }));
        self.coming.insert(id, Box::new(Coming { leg, agent, place, give_up_at: now + ALLOCATION_LIMIT }));
    }

    pub(super) fn coming_allocated(&mut self, id: LegId, address: SocketAddr, now: Instant, out: &mut Vec<Action>) {
        let Some(mut coming) = self.coming.remove(&id) else { return };
        coming.leg.allocated(address);
        // Of a call that rings for somebody it is the answer.
        let picks_up = coming.place == Place::Callee && self.state == State::Waiting && !self.attempts.is_empty();
        let has_room = self.is_connected() || picks_up;
        let sdp = match coming.leg.describe() {
            Ok(sdp) if has_room => sdp,
            answer => {
                let code = answer.err().map_or(481, |unacceptable| unacceptable.code);
                self.coming.insert(id, coming);
                return self.turn_down(id, code, out);
            }
        };
        let Coming { mut leg, agent, place, .. } = *coming;
        leg.came_up();
        Self::configure(&leg, out);
        out.push(Action::Sip(sip::Command::Answer { leg: id, sdp }));
        match place {
            Place::Callee if picks_up => self.connect(leg, agent, now, out),
            Place::Callee => self.seat_callee(leg, agent, Some("replaced"), now, out),
            Place::Caller => self.seat_caller(leg, Some("replaced"), now, out),
            Place::Beside(part) => self.join(leg, part, agent, now, out),
        }
    }

    /// A phone that called is not let in.
    pub(super) fn turn_down(&mut self, leg: LegId, code: u16, out: &mut Vec<Action>) {
        if self.coming.remove(&leg).is_some() {
            out.push(Action::Sip(sip::Command::Release { leg, code, reason: None, retry_after: None }));
            out.push(Action::Media(Media::ReleaseLeg { session: self.session, leg }));
            out.push(Action::Tell(Fact::Parted { leg }));
        }
    }

    /// Gives the other of `leg` away to another call: the other seat's party, or who is being called for it. This call ends with that.
    pub fn give_away(&mut self, leg: LegId, now: Instant, out: &mut Vec<Action>) -> Option<Guest> {
        let from = self.session;
        let guest = match self.side_of(leg).filter(|_| !self.is_ended())? {
            Side::Caller if self.callee.is_some() => {
                let agent = self.record.agent.clone().filter(|_| self.callee_is_agent);
                self.callee.take().map(|leg| Guest { leg, from, agent, ringing: None })?
            }
            Side::Caller => {
                let ringing = self.attempts.values().find(|attempt| attempt.give_up_at.is_none()).map(|attempt| attempt.offer.leg)?;
                let Attempt { leg, offer, .. } = *self.attempts.remove(&ringing)?;
                Guest { leg, from, agent: offer.agent.clone(), ringing: Some(offer) }
            }
            Side::Callee => {
                // The seat is never empty: what stands in it is of a leg that is gone.
                let empty = Leg::new(self.caller.id, from, self.policy.clone(), Protection::NONE, std::net::IpAddr::from([0, 0, 0, 0]));
                Guest { leg: std::mem::replace(&mut self.caller, empty), from, agent: None, ringing: None }
            }
        };
        let cause = "joined with another call".to_owned();
        let ending = Ending { by: ReleasedBy::Switch, outcome: None, code: 487, retry_after: None, cause };
        self.release(ending, Some(guest.leg.id), now, out);
        Some(guest)
    }

    /// Takes in a leg of another call: in the callee's place, or called for it. What `from` had ordered of the media for it ends.
    pub fn take_in(&mut self, guest: Guest, cause: &str, now: Instant, out: &mut Vec<Action>) {
        let Guest { mut leg, from, agent, ringing } = guest;
        let id = leg.id;
        leg.belongs_to(self.session);
        out.push(Action::Media(Media::Move { leg: id, from, to: self.session }));
        match ringing {
            None => self.seat_callee(leg, agent, Some(cause), now, out),
            Some(offer) => {
                let offer = Offer { place: Place::Callee, early_media: false, ..offer };
                self.attempts.insert(id, Box::new(Attempt { leg, offer, give_up_at: None, early_media: false }));
            }
        }
    }
}
