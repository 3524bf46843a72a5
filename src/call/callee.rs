//! The callee's side: whom the caller is to be connected with, from the order to call him to the moment both hear each other.

use super::leg::Offered;
use super::{ALLOCATION_LIMIT, Action, Attempt, Call, Fact, Leg, Offer, Place, Side, State};
use crate::base::{AgentId, Instant, LegId};
use crate::media::control::{Background, Command as Media};
use crate::sip;
use std::net::{IpAddr, SocketAddr};

impl Call {
    pub(super) fn offer(&mut self, offer: Offer, now: Instant, out: &mut Vec<Action>) {
        let is_open = match offer.place {
            Place::Callee => matches!(self.state, State::Waiting | State::Connected { .. }),
            Place::Caller => !self.has_caller() && self.state == State::Waiting,
            Place::Beside(_) => self.is_connected(),
        };
        if !is_open {
            return out.push(Action::Tell(Fact::OfferFailed { leg: offer.leg, failure: sip::Failure::Unreachable }));
        }
        let leg = Leg::new(offer.leg, self.session, self.policy.with(offer.codecs.clone()), offer.protection.clone(), offer.local);
        out.push(Action::Media(Media::Allocate { session: self.session, leg: offer.leg, local: offer.local, resumed: None }));
        let attempt = Attempt { leg, give_up_at: Some(now + ALLOCATION_LIMIT), early_media: false, offer };
        self.attempts.insert(attempt.offer.leg, Box::new(attempt));
    }

    pub(super) fn attempt_allocated(&mut self, leg: LegId, address: SocketAddr, out: &mut Vec<Action>) {
        // One that a restart goes on with has its port, and was called.
        let Some(attempt) = self.attempts.get_mut(&leg).filter(|attempt| !attempt.leg.is_allocated()) else { return };
        attempt.leg.allocated(address);
        attempt.give_up_at = None;
        // The caller's codec first: then nothing needs transcoding.
        let likes = self.caller.likes(&attempt.leg);
        let Offered { sdp, otherwise } = attempt.leg.offer(Some(likes));
        let (callee, from) = (attempt.offer.callee.clone(), attempt.offer.from.clone());
        out.push(Action::Sip(sip::Command::Invite { leg, callee, from, sdp, otherwise, marks: sip::InviteMarks::default() }));
        out.push(Action::Tell(Fact::OfferSent { leg }));
    }

    pub(super) fn attempt_rang(&mut self, leg: LegId, sdp: Option<Vec<u8>>, out: &mut Vec<Action>) {
        let Some(attempt) = self.attempts.get_mut(&leg) else { return };
        let wants_early_media =
            attempt.offer.early_media && self.state == State::Waiting && !self.caller_answered && self.caller.codec().is_some();
        // RFC 3960 §3.1, the gateway model: what the far network plays is to be heard, the newest where it forks.
        if let Some(sdp) = sdp
            && wants_early_media
            && attempt.leg.previewed(&sdp)
        {
            self.caller.suit(&attempt.leg);
            if let Ok(answer) = self.caller.describe() {
                let is_first = !std::mem::replace(&mut attempt.early_media, true);
                attempt.leg.came_up();
                Self::configure(&attempt.leg, out);
                if is_first {
                    self.caller.was_told();
                    Self::configure(&self.caller, out);
                }
                self.regroup(out);
                if is_first {
                    out.push(Action::Sip(sip::Command::Ring { leg: self.caller.id, code: 183, sdp: Some(answer) }));
                }
            }
        }
        out.push(Action::Tell(Fact::OfferRang { leg }));
    }

    pub(super) fn attempt_failed(&mut self, leg: LegId, failure: sip::Failure, ended_itself: bool, out: &mut Vec<Action>) {
        let Some(attempt) = self.attempts.remove(&leg) else { return };
        self.forget(&attempt, out);
        if !ended_itself {
            let (cause, text) = match &failure {
                sip::Failure::Status { code, reason } => (*code, reason.as_str()),
                sip::Failure::Moved { code, .. } => (*code, "moved"),
                sip::Failure::Unreachable => (503, "no media port in time"),
                sip::Failure::Timeout => (408, "no answer"),
            };
            let reason = Some(sip::Reason { cause, text: text.to_owned() });
            out.push(Action::Sip(sip::Command::Release { leg, code: 487, reason, retry_after: None }));
        }
        out.push(Action::Tell(Fact::OfferFailed { leg, failure }));
    }

    pub(super) fn withdraw(&mut self, leg: LegId, reason: Option<sip::Reason>, out: &mut Vec<Action>) {
        let Some(attempt) = self.attempts.remove(&leg) else { return };
        self.forget(&attempt, out);
        out.push(Action::Sip(sip::Command::Release { leg, code: 487, reason, retry_after: None }));
    }

    fn forget(&self, attempt: &Attempt, out: &mut Vec<Action>) {
        if attempt.early_media {
            self.regroup(out);
        }
        out.push(Action::Media(Media::ReleaseLeg { session: self.session, leg: attempt.offer.leg }));
    }

    pub(super) fn attempt_answered(&mut self, leg: LegId, sdp: Option<Vec<u8>>, peer: IpAddr, now: Instant, out: &mut Vec<Action>) {
        let Some(mut attempt) = self.attempts.remove(&leg) else {
            // Withdrawn a moment ago: the endpoint releases what crosses.
            return;
        };
        attempt.leg.peer_moved(peer);
        if sdp.is_none() {
            attempt.leg.settled_early();
        }
        let unusable = match &sdp {
            Some(sdp) => attempt.leg.answered(sdp).err().map(|unacceptable| unacceptable.why),
            None => attempt.leg.awaits_answer().then_some("no common media"),
        };
        if let Some(why) = unusable {
            self.forget(&attempt, out);
            let reason = Some(sip::Reason { cause: 488, text: why.to_owned() });
            out.push(Action::Sip(sip::Command::Release { leg, code: 488, reason, retry_after: None }));
            let failure = sip::Failure::Status { code: 488, reason: "Not Acceptable Here".to_owned() };
            return out.push(Action::Tell(Fact::OfferFailed { leg, failure }));
        }
        attempt.leg.came_up();
        Self::configure(&attempt.leg, out);
        match (attempt.offer.place, self.state) {
            (Place::Beside(part), _) => self.join(attempt.leg, part, attempt.offer.agent, now, out),
            (Place::Callee, State::Connected { .. }) => {
                self.seat_callee(attempt.leg, attempt.offer.agent, Some("transferred"), now, out);
            }
            (Place::Caller, _) => self.seat_first(attempt.leg, attempt.offer.agent, now, out),
            (Place::Callee, _) => self.connect(attempt.leg, attempt.offer.agent, now, out),
        }
    }

    /// One of several who were called has answered.
    pub(super) fn spare_the_others(&mut self, out: &mut Vec<Action>) {
        for other in self.attempts.keys().copied().collect::<Vec<_>>() {
            self.withdraw(other, Some(sip::Reason::completed_elsewhere()), out);
        }
    }

    /// The first who is there for the caller, or the first after he was alone again.
    pub(super) fn connect(&mut self, party: Leg, agent: Option<AgentId>, now: Instant, out: &mut Vec<Action>) {
        let leg = party.id;
        self.spare_the_others(out);
        if !self.caller_answered {
            self.caller.suit(&party);
        }
        self.callee_is_agent = agent.is_some();
        self.record.agent = agent.or(self.record.agent.take());
        self.callee = Some(party);
        self.record.connected_at.get_or_insert(self.wall.read(now));
        let session = self.session;
        let caller = self.caller.id;
        self.parted = false;
        self.enter(State::Connected { callee: leg }, now);
        if self.caller_answered {
            out.push(Action::Media(Media::StopAnnouncements { session, leg: caller }));
            out.push(Action::Media(Media::SetBackground { session, leg: caller, background: Background::None }));
        } else {
            self.answer_caller(now, out);
        }
        if self.is_ended() {
            return;
        }
        self.regroup(out);
        out.push(Action::Tell(Fact::Connected { leg }));
        self.follow_hold(Side::Callee, now, out);
        // He may have put the queue on hold: then it is the agent who waits.
        self.follow_hold(Side::Caller, now, out);
    }
}
