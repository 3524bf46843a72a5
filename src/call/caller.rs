//! The caller's side: his port, his answer, his new offers.

use super::record::Outcome;
use super::{Action, Call, Fact, Leg, Side, State};
use crate::base::{Instant, LegId};
use crate::media::control::Command as Media;
use crate::sip;
use std::net::SocketAddr;

impl Call {
    pub(super) fn caller_allocated(&mut self, address: SocketAddr, now: Instant, out: &mut Vec<Action>) {
        if !matches!(self.state, State::Arriving { .. }) {
            return;
        }
        self.caller.allocated(address);
        // A delayed offer (RFC 3261 §13.2.1) is settled with our 200 and the caller's ACK; nothing can be wrong before.
        if let Err(unacceptable) = self.caller.describe() {
            self.fail(unacceptable.code, None, Outcome::Refused, unacceptable.why, now, out);
            return;
        }
        Self::configure(&self.caller, out);
        self.enter(State::Waiting, now);
        out.push(Action::Tell(Fact::CallerReady));
    }

    /// 200 to the caller: from here on the call is on record.
    pub(super) fn answer_caller(&mut self, now: Instant, out: &mut Vec<Action>) {
        if self.caller_answered || !self.caller.is_allocated() {
            return;
        }
        let sdp = match self.caller.describe() {
            Ok(sdp) => sdp,
            Err(unacceptable) => return self.fail(unacceptable.code, None, Outcome::Refused, unacceptable.why, now, out),
        };
        self.caller_answered = true;
        self.caller.came_up();
        Self::configure(&self.caller, out);
        self.record.answered_at = Some(self.wall.read(now));
        out.push(Action::Sip(sip::Command::Answer { leg: self.caller.id, sdp }));
        if !self.unrecorded {
            let (left, right) = self.recorded();
            let (session, call) = (self.session, self.record.id);
            out.push(Action::Media(Media::StartRecording { session, call, left, right, began_at: None }));
        }
        out.push(Action::Tell(Fact::CallerAnswered));
    }

    /// An ACK (or the answer to an offer of ours) brought the peer's description.
    pub(super) fn offer_of_ours_answered(&mut self, leg: LegId, sdp: &[u8], now: Instant, out: &mut Vec<Action>) {
        let side = self.side_of(leg);
        let Some(party) = self.party_mut(leg).filter(|party| party.awaits_answer()) else { return };
        if let Err(unacceptable) = party.answered(sdp) {
            return self.without_media(leg, unacceptable.why, now, out);
        }
        Self::configure(party, out);
        if let Some(side) = side {
            self.follow_hold(side, now, out);
        }
    }

    /// An offer of ours, or what stands, repeated to refresh the session (RFC 4028 §7.4), was answered. To the latter, too, the peer may
    /// answer with another address, key or codec: a gateway whose other half took over does.
    pub(super) fn reoffer_answered(&mut self, leg: LegId, sdp: &[u8], now: Instant, out: &mut Vec<Action>) {
        let side = self.side_of(leg);
        let Some(party) = self.party_mut(leg) else { return };
        if party.awaits_answer() {
            return self.offer_of_ours_answered(leg, sdp, now, out);
        }
        // What cannot be used leaves what was (RFC 3261 §14.1).
        if party.reaffirmed(sdp).unwrap_or(false) {
            Self::configure(party, out);
            if let Some(side) = side {
                self.follow_hold(side, now, out);
            }
        }
    }

    /// RFC 3261 §13.2.1: the ACK to our 200 with an offer must answer it.
    pub(super) fn acked_without_answer(&mut self, leg: LegId, now: Instant, out: &mut Vec<Action>) {
        if self.party_mut(leg).is_some_and(|party| party.awaits_answer()) {
            self.without_media(leg, "our offer was acknowledged without an answer", now, out);
        }
    }

    /// One who is there, wherever he is.
    fn party_mut(&mut self, leg: LegId) -> Option<&mut Leg> {
        match self.side_of(leg) {
            Some(Side::Caller) => Some(&mut self.caller),
            Some(Side::Callee) => self.callee.as_mut(),
            None => self.beside.get_mut(&leg).map(|one| &mut one.leg),
        }
    }

    /// A party's descriptions and ours cannot be brought together: the call ends with one of the two, else he alone goes.
    fn without_media(&mut self, leg: LegId, cause: &str, now: Instant, out: &mut Vec<Action>) {
        match self.side_of(leg) {
            Some(_) => self.fail(488, None, Outcome::Failed, cause, now, out),
            None => self.dismiss(leg, cause, now, out),
        }
    }

    /// A party offers anew: hold, retrieve, another address or codec.
    pub(super) fn reoffered(&mut self, leg: LegId, sdp: Option<Vec<u8>>, now: Instant, out: &mut Vec<Action>) {
        let side = self.side_of(leg);
        let Some(party) = self.party_mut(leg) else {
            // An early dialog's UPDATE of a callee who is still being called.
            return out.push(Action::Sip(sip::Command::RejectReoffer { leg, code: 488 }));
        };
        party.offered(sdp);
        match party.describe() {
            Ok(sdp) => {
                party.was_told();
                Self::configure(party, out);
                out.push(Action::Sip(sip::Command::AnswerReoffer { leg, sdp }));
                match side {
                    Some(Side::Callee) if self.callee.as_ref().is_some_and(Leg::awaits_answer) => {}
                    Some(side) => self.follow_hold(side, now, out),
                    None => {}
                }
            }
            Err(unacceptable) => out.push(Action::Sip(sip::Command::RejectReoffer { leg, code: unacceptable.code })),
        }
    }
}
