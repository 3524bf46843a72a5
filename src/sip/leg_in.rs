//! A call in until its final answer (RFC 3261 §13.3.1, RFC 3262): ringing, reliably where asked for, answer, refusal, CANCEL.

use super::compose::Parting;
use super::dialog::Dialog;
use super::indication::Awareness;
use super::msg::{Request, Response};
use super::order::{Asked, Order, Room};
use super::prack::{self, Due, Policy, Reliable};
use super::recording::{Recording, put_feature};
use super::refer::News;
use super::reoffer::Reoffer;
use super::session::{Phase, Release, Session};
use super::session_timer::{SessionTimer, Terms};
use super::transaction::ServerKey;
use super::{Cause, Diverted, Event, Metadata, Origin, Party, Reason, compose};
use crate::base::bytes;
use crate::base::limits::INVITE_IN_MAX;
use crate::base::time::secs;
use crate::base::{Duration, Instant, LegId};
use serde::{Deserialize, Serialize};

/// An unreliable provisional response is repeated each minute, so that no proxy's Timer C ends the call (RFC 3261 §13.3.1.1).
const REPEAT: Duration = secs(60);

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Early {
    asked: Asked,
    terms: Terms,
    policy: Policy,
    reliable: Reliable,
    /// The 2xx waits for a PRACK (RFC 3262 §3).
    #[serde(with = "bytes::option")]
    held_answer: Option<Vec<u8>>,
    last: Option<(Response, Instant)>,
    give_up_at: Instant,
    /// The caller was told that it rings.
    #[serde(default)]
    rang: bool,
}

impl Early {
    pub fn has_rung(&self) -> bool {
        self.rang
    }

    pub fn deadline(&self) -> Instant {
        let repeat = self.last.as_ref().map(|(_, repeat_at)| *repeat_at);
        [repeat, self.reliable.deadline()].into_iter().flatten().fold(self.give_up_at, Instant::min)
    }
}

/// What the endpoint found out about a call in before it made the leg.
pub(super) struct Invitation {
    pub origin: Origin,
    pub from: Party,
    pub called: String,
    pub replaces: Option<LegId>,
    pub diverted: Vec<Diverted>,
    pub sdp: Option<Vec<u8>>,
    pub terms: Terms,
    /// It is a recording session.
    pub recording: Option<Metadata>,
}

impl Session {
    /// A call comes in.
    pub fn invited(leg: LegId, mut asked: Asked, invitation: Invitation, room: &mut Room) -> Self {
        // It is in the invitation; answers copy headers alone.
        asked.request.body = Vec::new();
        let request = &asked.request;
        let dialog = Dialog::of_invited(request, room.tag(), asked.flow);
        let Invitation { origin, from, called, replaces, diverted, sdp, terms, recording } = invitation;
        let role = recording.as_ref().map(|_| Recording::of_client(request));
        let call_id = request.call_id().to_owned();
        let (account, trunk) = match &origin {
            Origin::Account(agent) => (Some(agent.clone()), None),
            Origin::Trunk(trunk) => (None, Some(trunk.clone())),
        };
        let flow = asked.flow;
        room.event(Event::Invited { leg, origin, from, called, flow, sdp: sdp.clone(), call_id, replaces, diverted, recording });
        Self {
            leg,
            dialog,
            reoffer: Reoffer::Idle,
            wanted: None,
            timer: None,
            min_se: room.settings.min_session_expires,
            sent: None,
            heard: sdp,
            sent_answers: false,
            allows_update: request.headers.has_token("Allow", "UPDATE"),
            unheard_until: None,
            unpracked: None,
            account,
            trunk,
            hops: request.headers.number("Max-Forwards").ok().flatten(),
            news: News::default(),
            recording: role,
            awareness: Awareness::of(&request.headers),
            owns_call_id: false,
            phase: Phase::Early(Box::new(Early {
                terms,
                policy: Policy::of(request),
                reliable: Reliable::new(room.rng.next_u32() >> 2),
                held_answer: None,
                last: None,
                give_up_at: room.now + INVITE_IN_MAX,
                rang: false,
                asked,
            })),
        }
    }

    /// `Command::Ring`.
    pub fn ring(&mut self, code: u16, sdp: Option<Vec<u8>>, room: &mut Room) {
        let Phase::Early(early) = &mut self.phase else { return };
        if early.held_answer.is_some() {
            return;
        }
        early.rang = true;
        let mut response = compose::dialog_response(&early.asked.request, code.clamp(101, 199), &self.dialog.local_tag, early.asked.flow);
        // A delayed offer stays delayed: ours is in the 2xx.
        let sdp = sdp.filter(|_| self.heard.is_some());
        if let Some(sdp) = &sdp {
            compose::put_sdp(&mut response.headers, &mut response.body, &self.awareness.put(sdp));
            self.sent = Some(sdp.clone());
        }
        if early.policy.asks(sdp.is_some()) {
            early.last = None;
            response.headers.set("Server", room.settings.product.as_str());
            if let Some(response) = early.reliable.send(response, room.now) {
                room.respond(&early.asked.key, response);
            }
        } else {
            early.last = Some((response.clone(), room.now + REPEAT));
            room.respond(&early.asked.key, response);
        }
    }

    /// `Command::Answer`.
    pub fn answer(&mut self, sdp: Vec<u8>, room: &mut Room) {
        let Phase::Early(early) = &mut self.phase else { return };
        if early.reliable.holds_back_answer() {
            early.held_answer.get_or_insert(sdp);
            return;
        }
        let request = &early.asked.request;
        let mut response = compose::dialog_response(request, 200, &self.dialog.local_tag, early.asked.flow);
        put_feature(self.recording.as_ref(), &mut response.headers);
        early.terms.put_answer(knows_timer(request), &mut response.headers);
        compose::put_sdp(&mut response.headers, &mut response.body, &self.awareness.put(&sdp));
        self.unpracked = early.reliable.outstanding().map(|rseq| (rseq, request.cseq().0));
        self.sent = Some(sdp);
        self.sent_answers = self.heard.is_some();
        self.timer = Some(SessionTimer::new(early.terms, room.now));
        let wait = room.accept(&early.asked, response);
        self.phase = Phase::Unacked { wait, release: Release::Unasked };
    }

    /// A final response other than 2xx, and the end.
    pub(super) fn reject(&mut self, code: u16, reason: Option<&Reason>, retry_after: Option<u32>, room: &mut Room) {
        self.refuse_invite(code, reason, retry_after, room);
        self.over(Cause::Ours, room);
    }

    fn refuse_invite(&mut self, code: u16, reason: Option<&Reason>, retry_after: Option<u32>, room: &mut Room) {
        let Phase::Early(early) = &mut self.phase else { return };
        early.reliable.stop();
        let code = if (300..700).contains(&code) { code } else { 480 };
        let mut response = early.asked.request.response(code, None, Some(&self.dialog.local_tag));
        if let Some(reason) = reason {
            response.headers.push("Reason", compose::reason(reason));
            if matches!(code, 400 | 488) {
                response
                    .headers
                    .push("Warning", compose::warning(if code == 488 { 305 } else { 399 }, &room.settings.domain, &reason.text));
            }
        }
        if let Some(seconds) = retry_after {
            response.headers.push("Retry-After", seconds.to_string());
        }
        room.respond(&early.asked.key, response);
    }

    /// The caller gave up: CANCEL (§9.2), or BYE in the early dialog (§15.1.2).
    pub(super) fn cancelled(&mut self, Parting { reason, elsewhere }: Parting, room: &mut Room) {
        self.refuse_invite(487, None, None, room);
        self.over(Cause::Cancelled { reason, elsewhere }, room);
    }

    /// A CANCEL of the request in transaction `invite`: the first INVITE, or a re-INVITE. After a final response it does nothing.
    pub fn cancel_came(&mut self, invite: &ServerKey, parting: Parting, room: &mut Room) {
        match &self.phase {
            Phase::Early(early) if early.asked.key == *invite => self.cancelled(parting, room),
            _ => self.reoffer_cancelled(invite, room),
        }
    }

    pub(super) fn pracked(&mut self, asked: &Asked, room: &mut Room) {
        let Phase::Early(early) = &mut self.phase else { return };
        let rack = asked.request.headers.get("RAck").unwrap_or_default();
        let Ok(next) = early.reliable.acknowledge(rack, early.asked.request.cseq().0, room.now) else {
            return room.refuse(asked, 481, None);
        };
        // A new offer in a PRACK is not taken; the 18x is acknowledged all the same (RFC 3262 §5).
        room.refuse(asked, if asked.request.body.is_empty() { 200 } else { 488 }, None);
        if let Some(next) = next {
            room.respond(&early.asked.key, next);
        }
        if let Some(sdp) = early.held_answer.take() {
            self.answer(sdp, room);
        }
    }

    /// A PRACK after the answer. What was not acknowledged when that went is not repeated any more, but its PRACK is taken (RFC 3262 §3).
    pub(super) fn pracked_late(&mut self, asked: &Asked, room: &mut Room) {
        let named = prack::named(asked.request.headers.get("RAck").unwrap_or_default());
        if named.is_none() || named != self.unpracked {
            return room.refuse(asked, 481, None);
        }
        self.unpracked = None;
        room.refuse(asked, if asked.request.body.is_empty() { 200 } else { 488 }, None);
    }

    /// UPDATE before the answer: a new offer must wait (RFC 3311 §5.2), anything else is a target refresh.
    pub(super) fn updated_early(&mut self, asked: &Asked, room: &mut Room) {
        if !asked.request.body.is_empty() {
            return room.refuse_for_now(asked, &self.dialog.local_tag.clone());
        }
        self.dialog.refresh_target(&asked.request.headers);
        room.respond(&asked.key, compose::dialog_response(&asked.request, 200, &self.dialog.local_tag, asked.flow));
    }

    /// The INVITE that is to be answered.
    pub(super) fn early_invite(&self) -> Option<&ServerKey> {
        match &self.phase {
            Phase::Early(early) => Some(&early.asked.key),
            Phase::Unacked { .. } | Phase::Up | Phase::Leaving { .. } | Phase::Over => None,
        }
    }

    pub(super) fn early_timeout(&mut self, room: &mut Room) {
        let Phase::Early(early) = &mut self.phase else { return };
        if early.give_up_at <= room.now {
            self.refuse_invite(480, None, None, room);
            return self.over(Cause::Cancelled { reason: Some("never answered".to_owned()), elsewhere: false }, room);
        }
        if let Some((response, repeat_at)) = &mut early.last
            && *repeat_at <= room.now
        {
            *repeat_at = room.now + REPEAT;
            let response = response.clone();
            room.respond(&early.asked.key, response);
        }
        match early.reliable.handle_timeout(room.now) {
            Some(Due::Resend(wire)) => room.orders.push(Order::Send { flow: early.asked.back, wire, again: true }),
            Some(Due::GaveUp) => {
                self.refuse_invite(504, None, None, room);
                self.over(Cause::PeerGone, room);
            }
            None => {}
        }
    }
}

/// Whether the peer knows session timers.
pub(super) fn knows_timer(request: &Request) -> bool {
    request.headers.has_token("Supported", "timer") || request.headers.has_token("Require", "timer")
}
