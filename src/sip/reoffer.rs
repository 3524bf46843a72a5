//! Offers inside a session, both ways: re-INVITE (RFC 3261 §14), UPDATE (RFC 3311), session refreshes (RFC 4028), and glare between them.
//! One at a time; what cannot be had now waits, or is told to.

use super::ack_wait::{AckWait, Due};
use super::leg_in::knows_timer;
use super::msg::demand::Demand;
use super::msg::{Method, Request, Response};
use super::order::{Asked, Order, Room, Silence, User};
use super::recording::{self, Role};
use super::session::{Phase, Session};
use super::session_timer::{SessionTimer, Terms, TooSmall};
use super::transaction::ServerKey;
use super::{Cause, Event, Metadata, Reason, compose};
use crate::base::bytes;
use crate::base::limits::REOFFER_MAX;
use crate::base::time::{millis, secs};
use crate::base::{Duration, Instant};
use serde::{Deserialize, Serialize};

/// Tries of one offer of ours before its failure is told.
const TRIES_MAX: u8 = 4;

/// Who waits for what.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Reoffer {
    Idle,
    /// A request of ours is out.
    Ours {
        number: u32,
        ask: Ask,
        tries: u8,
        /// It answers a challenge.
        #[serde(default)]
        proves: bool,
    },
    /// It met the peer's, and is sent again.
    Again {
        at: Instant,
        ask: Ask,
        tries: u8,
    },
    /// The peer's waits for the switch's answer.
    Theirs {
        asked: Asked,
        #[serde(with = "bytes::option")]
        sdp: Option<Vec<u8>>,
        terms: Terms,
        give_up_at: Instant,
    },
    /// The way to the peer is lost, and a new one is waited for.
    CutOff {
        give_up_at: Instant,
    },
    /// Our 2xx to the peer's re-INVITE waits for its ACK; `delayed` when it carries our offer.
    Unacked {
        wait: AckWait,
        delayed: bool,
    },
}

/// What we ask for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Ask {
    Offer(#[serde(with = "bytes")] Vec<u8>),
    /// The session goes on as it is.
    Refresh,
    /// What was sent last, with what the peer is to know of the recording.
    Indication,
    /// All metadata of a recording session, and why.
    Snapshot(String),
}

impl Reoffer {
    pub fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Again { at, .. } => Some(*at),
            Self::Theirs { give_up_at, .. } | Self::CutOff { give_up_at } => Some(*give_up_at),
            Self::Unacked { wait, .. } => Some(wait.deadline()),
            Self::Idle | Self::Ours { .. } => None,
        }
    }

    /// The request of the peer's that is to be answered.
    pub fn theirs(&self) -> Option<&ServerKey> {
        match self {
            Self::Theirs { asked, .. } => Some(&asked.key),
            Self::Idle | Self::Ours { .. } | Self::Again { .. } | Self::CutOff { .. } | Self::Unacked { .. } => None,
        }
    }
}

// Ours.
impl Session {
    /// `Command::Reoffer`: a newer offer replaces one that still waits.
    pub fn offer(&mut self, sdp: Vec<u8>, room: &mut Room) {
        if matches!(self.phase, Phase::Early(_) | Phase::Leaving { .. } | Phase::Over) {
            return;
        }
        self.wanted = Some(sdp);
        if let Reoffer::Again { ask: Ask::Offer(_), .. } = self.reoffer {
            // The one that met the peer's is out of date.
            self.reoffer = Reoffer::Idle;
        }
        self.next_offer(room);
    }

    /// `Command::Describe`: the same, with metadata beside it.
    pub fn describe(&mut self, sdp: Vec<u8>, Metadata(metadata): Metadata, room: &mut Room) {
        if let Some(recording) = &mut self.recording {
            recording.metadata = Some(metadata);
            self.offer(sdp, room);
        }
    }

    /// `Command::AskSnapshot`: of a client that says that it may be asked (RFC 7866 §9.2).
    pub fn ask_snapshot(&mut self, why: String, room: &mut Room) {
        let allows = self.allows_update;
        if let Some(recording) = self.recording.as_mut().filter(|recording| recording.may_be_asked && allows) {
            recording.asks = Some(why);
            self.next_offer(room);
        }
    }

    /// Sends what waits, if its turn has come: an offer, the question whether the peer is there, or for its metadata.
    pub(super) fn next_offer(&mut self, room: &mut Room) {
        let (Phase::Up, Reoffer::Idle) = (&self.phase, &self.reoffer) else { return };
        let ask = self.wanted.take().map(Ask::Offer).or(self.unheard_until.map(|_| Ask::Refresh));
        if matches!(ask, Some(Ask::Offer(_))) {
            self.awareness.owes = false;
        }
        let ask = ask.or_else(|| std::mem::take(&mut self.awareness.owes).then_some(Ask::Indication));
        let ask = ask.or_else(|| self.recording.as_mut()?.asks.take().map(Ask::Snapshot));
        if let Some(ask) = ask {
            self.ask(ask, 1, None, room);
        }
    }

    /// Our half of the session interval is over (RFC 4028 §7.2).
    pub(super) fn refresh(&mut self, room: &mut Room) {
        match self.reoffer {
            Reoffer::Idle => self.ask(Ask::Refresh, 1, None, room),
            // Whatever is going on refreshes the session too, or fails soon.
            _ => self.timer.iter_mut().for_each(|timer| timer.try_again(room.now)),
        }
    }

    /// `demand`: the carrier's challenge that is to be answered.
    fn ask(&mut self, ask: Ask, tries: u8, demand: Option<Demand>, room: &mut Room) {
        let (method, sdp) = match &ask {
            Ask::Offer(sdp) => (Method::Invite, Some(sdp.clone())),
            Ask::Refresh if self.allows_update => (Method::Update, None),
            Ask::Snapshot(_) => (Method::Update, None),
            Ask::Refresh | Ask::Indication => (Method::Invite, self.sent.clone()),
        };
        let mut request = self.dialog.request(method);
        let hop = self.dialog.next_hop(room.settings);
        request.headers.push("Contact", compose::contact_to(&request.uri, hop));
        request.headers.push("Allow", compose::ALLOW);
        request.headers.push("Supported", compose::SUPPORTED);
        if let Some(timer) = &self.timer {
            let terms = Terms { interval: timer.terms().interval.max(self.min_se), ..timer.terms() };
            terms.put_request(self.min_se, &mut request.headers);
        }
        recording::put_feature(self.recording.as_ref(), &mut request.headers);
        if let Some(sdp) = &sdp {
            let metadata = self.recording.as_ref().and_then(|recording| recording.metadata.as_deref());
            recording::put_bodies(&self.awareness.put(sdp), metadata, &mut request.headers, &mut request.body);
        }
        if let Ask::Snapshot(why) = &ask {
            recording::put_request(why, &mut request.headers, &mut request.body);
        }
        let proves = demand.is_some_and(|demand| self.put_proof(demand, &mut request, room));
        room.request(request, hop, User::Session(self.leg));
        self.reoffer = Reoffer::Ours { number: self.dialog.local_seq, ask, tries, proves };
    }

    pub(super) fn reoffer_answered(&mut self, number: u32, response: Result<Response, Silence>, room: &mut Room) {
        let (ask, tries, proves) = match std::mem::replace(&mut self.reoffer, Reoffer::Idle) {
            Reoffer::Ours { number: ours, ask, tries, proves } if ours == number => (ask, tries, proves),
            other => return self.reoffer = other,
        };
        let response = match response {
            Ok(response) => response,
            Err(Silence::Unreachable) if tries < TRIES_MAX && self.turns_elsewhere(room) => return self.ask(ask, tries + 1, None, room),
            Err(Silence::Unreachable) if self.may_come_back() => return self.cut_off(ask, room),
            Err(_) => return self.peer_is_gone(room),
        };
        self.unheard_until = None;
        let retry_after = response.headers.number("Retry-After").ok().flatten().map_or(5, |seconds| seconds.min(10));
        match response.code {
            ..300 => self.reoffer_taken(ask, &response, room),
            // §22.2, once: a wrong password does not become right.
            401 | 407 if !proves && self.can_prove(&response, room) => self.ask(ask, tries, Demand::of(&response), room),
            // §14.1, §12.2.1.2: the dialog is no more.
            481 | 408 => self.peer_is_gone(room),
            491 if tries < TRIES_MAX => {
                let at = room.now + self.glare_wait(room);
                self.reoffer = Reoffer::Again { at, ask, tries: tries + 1 };
            }
            500 if tries < TRIES_MAX => {
                self.reoffer = Reoffer::Again { at: room.now + secs(u64::from(retry_after)), ask, tries: tries + 1 };
            }
            422 if tries < TRIES_MAX => {
                self.min_se = compose::seconds(&response.headers, "Min-SE").unwrap_or(self.min_se).max(self.min_se);
                self.ask(ask, tries + 1, None, room);
            }
            405 | 501 if matches!(ask, Ask::Refresh) && self.allows_update => {
                self.allows_update = false;
                self.ask(ask, tries + 1, None, room);
            }
            code => {
                match ask {
                    Ask::Offer(_) => room.event(Event::ReofferFailed { leg: self.leg, code }),
                    Ask::Refresh => self.timer.iter_mut().for_each(|timer| timer.try_again(room.now)),
                    // What is known of the session stands; who does not take what he is told goes without.
                    Ask::Snapshot(_) | Ask::Indication => {}
                }
                self.next_offer(room);
            }
        }
    }

    fn reoffer_taken(&mut self, ask: Ask, response: &Response, room: &mut Room) {
        self.dialog.refresh_target(&response.headers);
        if let Some(timer) = &self.timer {
            let terms = Terms::of_answer(&response.headers, timer.terms().interval);
            self.timer = Some(SessionTimer::new(terms, room.now));
        }
        let answer = compose::sdp_of(&response.headers, &response.body).ok().flatten();
        let changed = answer != self.heard;
        match (ask, answer) {
            (Ask::Offer(offer), Some(answer)) => {
                // What waits already goes with its own.
                if self.wanted.is_none() {
                    self.recording.iter_mut().for_each(|recording| recording.metadata = None);
                }
                self.sent = Some(offer);
                self.sent_answers = false;
                self.heard = Some(answer.clone());
                room.event(Event::ReofferAnswered { leg: self.leg, sdp: answer });
            }
            // An offer that got no answer was not taken.
            (Ask::Offer(_), None) => room.event(Event::ReofferFailed { leg: self.leg, code: 488 }),
            (Ask::Refresh | Ask::Indication, Some(answer)) if changed => {
                self.heard = Some(answer.clone());
                room.event(Event::ReofferAnswered { leg: self.leg, sdp: answer });
            }
            (Ask::Refresh | Ask::Indication | Ask::Snapshot(_), _) => {}
        }
        self.next_offer(room);
    }

    /// §14.1: the owner of the Call-ID waits 2.1 to 4 s, the other 0 to 2 s, in units of 10 ms.
    fn glare_wait(&self, room: &mut Room) -> Duration {
        if self.owns_call_id { millis(2_100 + 10 * room.rng.below(191)) } else { millis(10 * room.rng.below(201)) }
    }

    fn peer_is_gone(&mut self, room: &mut Room) {
        self.give_up(Cause::PeerGone, &Reason { cause: 408, text: "No answer in the dialog".to_owned() }, room);
    }
}

// Theirs.
impl Session {
    /// A re-INVITE or UPDATE.
    pub(super) fn reoffered(&mut self, mut asked: Asked, room: &mut Room) {
        let is_invite = asked.request.method == Method::Invite;
        let tag = self.dialog.local_tag.clone();
        let Ok(sdp) = compose::sdp_of(&asked.request.headers, &asked.request.body) else {
            let mut response = asked.request.response(415, None, Some(&tag));
            response.headers.push("Accept", compose::SDP);
            return room.respond(&asked.key, response);
        };
        let terms = match Terms::for_request(&asked.request.headers, room.settings) {
            Ok(terms) => terms,
            Err(TooSmall { min }) => return room.respond(&asked.key, too_small(&asked.request, min)),
        };
        if is_invite || sdp.is_some() {
            // §14.2 and RFC 3311 §5.2: one offer at a time.
            match (&self.phase, &self.reoffer) {
                (_, Reoffer::Theirs { .. }) => return room.refuse_for_now(&asked, &tag),
                // An UPDATE without an offer is none.
                (Phase::Up, Reoffer::Ours { ask: Ask::Refresh, .. }) if self.allows_update => {}
                (Phase::Unacked { .. }, _) | (_, Reoffer::Ours { .. } | Reoffer::Unacked { delayed: true, .. }) => {
                    return room.refuse(&asked, 491, Some(&tag));
                }
                (_, Reoffer::Idle | Reoffer::Again { .. } | Reoffer::CutOff { .. } | Reoffer::Unacked { delayed: false, .. }) => {}
            }
        }
        self.dialog.refresh_target(&asked.request.headers);
        if self.recording.as_ref().is_some_and(|recording| recording.role == Role::Server)
            && let Some(metadata) = recording::metadata_of(&asked.request.headers, &asked.request.body)
        {
            room.event(Event::Described { leg: self.leg, metadata: Metadata(metadata) });
        }
        let is_client = self.recording.as_ref().is_some_and(|recording| recording.role == Role::Client);
        let wants_all = is_client && recording::asks_snapshot(&asked.request.headers, &asked.request.body);
        if !is_invite && sdp.is_none() {
            let response = self.success(&asked, terms, None, room);
            room.respond(&asked.key, response);
            if wants_all {
                room.event(Event::SnapshotAsked { leg: self.leg });
            }
            return;
        }
        self.postpone_ours(room);
        match (&sdp, &self.sent) {
            // RFC 4028 §7.4: a refresh repeats the SDP; so do we, but for an offer: it names all that we can (RFC 4568 §5.1.2: an answer has
            // one key).
            (Some(offer), Some(ours)) if self.sent_answers && self.heard.as_ref() == Some(offer) => {
                let answer = ours.clone();
                self.accept_theirs(&asked, Some(offer.clone()), terms, answer, room);
            }
            _ => {
                room.event(Event::Reoffered { leg: self.leg, sdp: sdp.clone() });
                // Its body is in `sdp`.
                asked.request.body = Vec::new();
                self.reoffer = Reoffer::Theirs { asked, sdp, terms, give_up_at: room.now + REOFFER_MAX };
            }
        }
    }

    /// The peer's offer goes first; ours, if it waits to be repeated, comes after it.
    fn postpone_ours(&mut self, room: &Room) {
        match std::mem::replace(&mut self.reoffer, Reoffer::Idle) {
            Reoffer::Again { ask: Ask::Offer(sdp), .. } => {
                self.wanted.get_or_insert(sdp);
            }
            Reoffer::Again { ask: Ask::Refresh, .. } | Reoffer::Ours { ask: Ask::Refresh, .. } => {
                self.timer.iter_mut().for_each(|timer| timer.try_again(room.now));
            }
            Reoffer::Again { ask: Ask::Indication, .. } => self.awareness.owes = true,
            Reoffer::Again { ask: Ask::Snapshot(why), .. } => {
                self.recording.iter_mut().for_each(|recording| recording.asks = Some(why.clone()));
            }
            _ => {}
        }
    }

    /// `Command::AnswerReoffer`.
    pub fn answer_reoffer(&mut self, answer: Vec<u8>, room: &mut Room) {
        match std::mem::replace(&mut self.reoffer, Reoffer::Idle) {
            Reoffer::Theirs { asked, sdp, terms, .. } => self.accept_theirs(&asked, sdp, terms, answer, room),
            other => self.reoffer = other,
        }
    }

    fn accept_theirs(&mut self, asked: &Asked, sdp: Option<Vec<u8>>, terms: Terms, answer: Vec<u8>, room: &mut Room) {
        let response = self.success(asked, terms, Some(&answer), room);
        self.sent = Some(answer);
        let delayed = sdp.is_none();
        self.sent_answers = !delayed;
        self.heard = sdp;
        if asked.request.method == Method::Invite {
            let wait = room.accept(asked, response);
            self.reoffer = Reoffer::Unacked { wait, delayed };
        } else {
            room.respond(&asked.key, response);
            self.reoffer = Reoffer::Idle;
            self.next_offer(room);
        }
    }

    fn success(&mut self, asked: &Asked, terms: Terms, sdp: Option<&[u8]>, room: &Room) -> Response {
        let mut response = compose::dialog_response(&asked.request, 200, &self.dialog.local_tag, asked.flow);
        recording::put_feature(self.recording.as_ref(), &mut response.headers);
        terms.put_answer(knows_timer(&asked.request), &mut response.headers);
        if let Some(sdp) = sdp {
            compose::put_sdp(&mut response.headers, &mut response.body, &self.awareness.put(sdp));
        }
        self.timer = Some(SessionTimer::new(terms, room.now));
        response
    }

    /// `Command::RejectReoffer`.
    pub fn reject_reoffer(&mut self, code: u16, room: &mut Room) {
        match std::mem::replace(&mut self.reoffer, Reoffer::Idle) {
            Reoffer::Theirs { asked, .. } => {
                let code = if (300..700).contains(&code) { code } else { 488 };
                room.refuse(&asked, code, Some(&self.dialog.local_tag));
                self.next_offer(room);
            }
            other => self.reoffer = other,
        }
    }

    pub(super) fn reoffer_cancelled(&mut self, invite: &ServerKey, room: &mut Room) {
        if matches!(&self.reoffer, Reoffer::Theirs { asked, .. } if asked.key == *invite) {
            self.reject_reoffer(487, room);
        }
    }

    pub(super) fn reoffer_acked(&mut self, request: &Request, room: &mut Room) {
        match &self.reoffer {
            Reoffer::Unacked { wait, delayed } if wait.cseq == request.cseq().0 => {
                let delayed = *delayed;
                self.reoffer = Reoffer::Idle;
                if delayed {
                    let sdp = self.answer_in_ack(request);
                    room.event(Event::Acked { leg: self.leg, sdp });
                }
                self.next_offer(room);
            }
            _ => {}
        }
    }

    /// The session ends: what the peer asked is not answered by the switch any more (§15.1.2).
    pub(super) fn drop_reoffer(&mut self, room: &mut Room) {
        if let Reoffer::Theirs { asked, .. } = std::mem::replace(&mut self.reoffer, Reoffer::Idle) {
            room.refuse(&asked, 487, Some(&self.dialog.local_tag));
        }
        self.wanted = None;
    }

    pub(super) fn reoffer_timeout(&mut self, room: &mut Room) {
        match &mut self.reoffer {
            Reoffer::Again { at, .. } if *at <= room.now => {
                if let Reoffer::Again { ask, tries, .. } = std::mem::replace(&mut self.reoffer, Reoffer::Idle) {
                    self.ask(ask, tries, None, room);
                }
            }
            Reoffer::Theirs { give_up_at, .. } if *give_up_at <= room.now => self.reject_reoffer(500, room),
            Reoffer::CutOff { give_up_at } if *give_up_at <= room.now => self.peer_is_gone(room),
            Reoffer::Unacked { wait, .. } => match wait.handle_timeout(room.now) {
                Some(Due::Resend { flow, wire }) => room.orders.push(Order::Send { flow, wire, again: true }),
                // §14.2 with §13.3.1.4: no ACK ends the session.
                Some(Due::GaveUp) => self.give_up(Cause::NoAck, &Reason { cause: 408, text: "No ACK".to_owned() }, room),
                None => {}
            },
            Reoffer::Idle | Reoffer::Ours { .. } | Reoffer::Again { .. } | Reoffer::Theirs { .. } | Reoffer::CutOff { .. } => {}
        }
    }
}

/// 422 with the least interval (RFC 4028 §6).
pub(super) fn too_small(request: &Request, min: Duration) -> Response {
    let mut response = request.response(422, None, None);
    response.headers.push("Min-SE", min.as_secs().to_string());
    response
}
