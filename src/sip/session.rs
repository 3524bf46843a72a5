//! A leg that has a dialog: a call in from its INVITE on, a call out from its 2xx on. Here are its phases, its end, and the requests that
//! are simple; `leg_in` is the call in before its answer, `reoffer` the offers after it.

use super::ack_wait::{self, AckWait};
use super::dialog::{Dialog, is_behind_nat};
use super::fork::Answered;
use super::indication::Awareness;
use super::leg_in::Early;
use super::msg::demand::Demand;
use super::msg::{Method, Request, Response};
use super::order::{Asked, Order, Room, Silence, User};
use super::recording::{self, Recording};
use super::refer::News;
use super::reoffer::Reoffer;
use super::session_timer::{Due, SessionTimer, Terms};
use super::{Cause, Event, Reason, Settings, TrunkAccount, compose, info};
use crate::base::bytes;
use crate::base::{AgentId, Duration, Instant, LegId, TrunkId};
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Session {
    pub leg: LegId,
    pub dialog: Dialog,
    pub(super) phase: Phase,
    pub(super) reoffer: Reoffer,
    /// An offer of ours that waits for its turn.
    #[serde(with = "bytes::option")]
    pub(super) wanted: Option<Vec<u8>>,
    pub(super) timer: Option<SessionTimer>,
    /// Least session interval that the peer takes (RFC 4028 §7.4).
    pub(super) min_se: Duration,
    /// The last SDP that we sent, and that we heard.
    #[serde(with = "bytes::option")]
    pub(super) sent: Option<Vec<u8>>,
    #[serde(with = "bytes::option")]
    pub(super) heard: Option<Vec<u8>>,
    /// What we sent answered an offer: the same offer again gets it again.
    #[serde(default)]
    pub(super) sent_answers: bool,
    pub(super) allows_update: bool,
    /// Since a restart nothing was heard of the peer; then it is given up.
    pub(super) unheard_until: Option<Instant>,
    /// RSeq and CSeq of a reliable 18x that the answer overtook: its PRACK may still come (RFC 3262 §3).
    #[serde(default)]
    pub(super) unpracked: Option<(u32, u32)>,
    /// Whose phone it is; nobody's for a carrier's.
    #[serde(default)]
    pub(super) account: Option<AgentId>,
    /// The carrier that it is with.
    #[serde(default)]
    pub(super) trunk: Option<TrunkId>,
    /// How far a call that came in might go on (Max-Forwards).
    #[serde(default)]
    pub(super) hops: Option<u32>,
    /// What its peer is told of his referrals.
    #[serde(default)]
    pub(super) news: News,
    /// It is a recording session.
    #[serde(default)]
    pub(super) recording: Option<Recording>,
    #[serde(default)]
    pub(super) awareness: Awareness,
    /// We made its Call-ID, which decides who waits longer after glare (RFC 3261 §14.1).
    pub(super) owns_call_id: bool,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Phase {
    /// A call in that has no final response.
    Early(Box<Early>),
    /// Our 2xx waits for its ACK; so does a release of ours (RFC 3261 §15).
    Unacked {
        wait: AckWait,
        release: Release,
    },
    Up,
    /// Our BYE waits for its answer.
    Leaving {
        number: u32,
        /// It could not be sent, and goes by another way.
        #[serde(default)]
        again: bool,
        #[serde(default)]
        reason: Option<Reason>,
        /// It answers a challenge.
        #[serde(default)]
        proves: bool,
    },
    Over,
}

/// Whether the switch wants a session ended that is not confirmed yet.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Release {
    Unasked,
    Asked(Option<Reason>),
}

impl Session {
    /// A call out that was answered; its ACK is on its way.
    pub fn of_answer(
        leg: LegId,
        account: Option<AgentId>,
        answered: Answered,
        offer: Vec<u8>,
        interval: Duration,
        room: &mut Room,
    ) -> Self {
        let headers = &answered.response.headers;
        Self {
            leg,
            phase: Phase::Up,
            reoffer: Reoffer::Idle,
            wanted: None,
            timer: Some(SessionTimer::new(Terms::of_answer(headers, interval), room.now)),
            min_se: room.settings.min_session_expires,
            sent: Some(offer),
            heard: answered.sdp,
            sent_answers: false,
            allows_update: headers.has_token("Allow", "UPDATE"),
            unheard_until: None,
            unpracked: None,
            account,
            trunk: None,
            hops: None,
            news: News::default(),
            recording: None,
            awareness: Awareness::of(headers),
            owns_call_id: true,
            dialog: answered.dialog,
        }
    }

    /// A request inside the dialog, but ACK and CANCEL.
    pub fn request(&mut self, asked: Asked, room: &mut Room) {
        if !self.takes(&asked, room) {
            return;
        }
        match (&self.phase, &asked.request.method) {
            (_, Method::Bye) => self.left(&asked, room),
            (Phase::Leaving { .. } | Phase::Over, _) => room.refuse(&asked, 481, None),
            (_, Method::Options) => {
                let mut response = compose::dialog_response(&asked.request, 200, &self.dialog.local_tag, asked.flow);
                response.headers.push("Accept", compose::ACCEPT);
                room.respond(&asked.key, response);
            }
            (_, Method::Info) => self.informed(&asked, room),
            (Phase::Early(_), Method::Prack) => self.pracked(&asked, room),
            (_, Method::Prack) => self.pracked_late(&asked, room),
            (Phase::Early(_), Method::Invite) => room.refuse_for_now(&asked, &self.dialog.local_tag.clone()),
            (Phase::Early(_), Method::Update) => self.updated_early(&asked, room),
            (Phase::Unacked { .. } | Phase::Up, Method::Invite | Method::Update) => self.reoffered(asked, room),
            (Phase::Unacked { .. } | Phase::Up, Method::Subscribe) => self.resubscribed(&asked, room),
            (_, _) => {
                let mut response = asked.request.response(405, None, None);
                response.headers.push("Allow", compose::ALLOW);
                room.respond(&asked.key, response);
            }
        }
    }

    /// Whether a request is of this dialog and in its order; refused where it is not.
    pub(super) fn takes(&mut self, asked: &Asked, room: &mut Room) -> bool {
        // §12.2.2: a tag of ours with a stranger's is no dialog of ours.
        if !self.dialog.is_of(&asked.request) {
            room.refuse(asked, 481, None);
            return false;
        }
        if !self.dialog.takes_number(asked.request.cseq().0) {
            room.refuse(asked, 500, None);
            return false;
        }
        self.dialog.flow = asked.flow;
        self.dialog.is_cut = false;
        self.dialog.behind_nat = is_behind_nat(&asked.request, asked.flow);
        self.heard_of();
        true
    }

    fn informed(&self, asked: &Asked, room: &mut Room) {
        let (code, digit) = info::read(&asked.request.headers, &asked.request.body);
        let mut response = asked.request.response(code, None, None);
        if code == 415 {
            response.headers.push("Accept", compose::ACCEPT);
        }
        room.respond(&asked.key, response);
        if let Some((digit, duration)) = digit {
            room.event(Event::Digit { leg: self.leg, digit, duration });
        }
    }

    /// The peer's BYE (§15.1.2).
    fn left(&mut self, asked: &Asked, room: &mut Room) {
        room.respond(&asked.key, asked.request.response(200, None, None));
        let parting = compose::parting(&asked.request.headers);
        match &self.phase {
            // Both sides said goodbye; the answer to ours ends it.
            Phase::Leaving { .. } | Phase::Over => {}
            Phase::Early(_) => self.cancelled(parting, room),
            Phase::Unacked { release: Release::Asked(_), .. } => self.over(Cause::Ours, room),
            Phase::Unacked { .. } | Phase::Up if recording::stops(self.recording.as_ref(), &asked.request.headers) => {
                self.over(Cause::PeerGone, room);
            }
            Phase::Unacked { .. } | Phase::Up => self.over(Cause::Bye { reason: parting.reason }, room),
        }
    }

    /// An ACK in the dialog: to the first 2xx, or to one of a re-INVITE.
    pub fn acked(&mut self, request: &Request, room: &mut Room) {
        if !self.dialog.is_of(request) {
            return;
        }
        self.heard_of();
        match &mut self.phase {
            Phase::Unacked { wait, release } if wait.cseq == request.cseq().0 => {
                let release = std::mem::replace(release, Release::Unasked);
                let answer = self.answer_in_ack(request);
                self.phase = Phase::Up;
                match release {
                    Release::Asked(reason) => self.leave(reason.as_ref(), room),
                    Release::Unasked => {
                        room.event(Event::Acked { leg: self.leg, sdp: answer });
                        self.next_offer(room);
                    }
                }
            }
            Phase::Up => self.reoffer_acked(request, room),
            Phase::Early(_) | Phase::Unacked { .. } | Phase::Leaving { .. } | Phase::Over => {}
        }
    }

    /// The peer's answer in an ACK; only an offer of ours in the 2xx has one.
    pub(super) fn answer_in_ack(&mut self, request: &Request) -> Option<Vec<u8>> {
        if self.heard.is_some() {
            return None;
        }
        self.heard = compose::sdp_of(&request.headers, &request.body).ok().flatten();
        self.heard.clone()
    }

    /// An answer to a request of ours inside the dialog, or that there was none.
    pub fn response(&mut self, method: &Method, number: u32, response: Result<Response, Silence>, room: &mut Room) {
        if response.as_ref().is_ok_and(|response| response.code < 200) {
            return;
        }
        match (&self.phase, method) {
            (Phase::Leaving { number: bye, again, reason, proves }, Method::Bye) if *bye == number => {
                let (again, reason, proves) = (*again, reason.clone(), *proves);
                // What did not arrive, or was not taken, goes once more: else the far side would stay up, and the call be paid for, until
                // its own timer ends it.
                let (again, demand) = match response {
                    Err(Silence::Unreachable) if !again && self.turns_elsewhere(room) => (true, None),
                    Ok(response) if !proves && self.can_prove(&response, room) => (again, Demand::of(&response)),
                    _ => return self.over(Cause::Ours, room),
                };
                let proves = proves || demand.is_some();
                let number = self.bye(reason.as_ref(), demand, User::Session(self.leg), room);
                self.phase = Phase::Leaving { number, again, reason, proves };
            }
            (Phase::Up, Method::Invite | Method::Update) => self.reoffer_answered(number, response, room),
            (Phase::Unacked { .. } | Phase::Up, Method::Notify) => {
                self.notified(number, response.is_ok_and(|response| response.code < 300), room);
            }
            (Phase::Early(_) | Phase::Unacked { .. } | Phase::Up | Phase::Leaving { .. } | Phase::Over, _) => {}
        }
    }

    /// `Command::Release`.
    pub fn release(&mut self, code: u16, reason: Option<Reason>, retry_after: Option<u32>, room: &mut Room) {
        match &mut self.phase {
            Phase::Early(_) => self.reject(code, reason.as_ref(), retry_after, room),
            Phase::Unacked { release, .. } => {
                if let Release::Unasked = release {
                    *release = Release::Asked(reason);
                }
            }
            Phase::Up => self.leave(reason.as_ref(), room),
            Phase::Leaving { .. } | Phase::Over => {}
        }
    }

    /// Sends BYE and waits for its answer.
    fn leave(&mut self, reason: Option<&Reason>, room: &mut Room) {
        self.drop_reoffer(room);
        self.last_news(room);
        let number = self.bye(reason, None, User::Session(self.leg), room);
        self.phase = Phase::Leaving { number, again: false, reason: reason.cloned(), proves: false };
    }

    /// Whether an answer is a challenge that our account with the carrier can meet.
    pub(super) fn can_prove(&self, response: &Response, room: &Room) -> bool {
        self.carriers_account(room.settings).is_some() && Demand::of(response).is_some()
    }

    fn carriers_account<'a>(&self, settings: &'a Settings) -> Option<&'a TrunkAccount> {
        let id = self.trunk.as_ref()?;
        settings.trunks.iter().find(|trunk| trunk.id == *id)?.account.as_ref()
    }

    /// Answers a challenge with a request of ours (RFC 3261 §22.2, §22.3); false where we have no account.
    pub(super) fn put_proof(&self, mut demand: Demand, request: &mut Request, room: &mut Room) -> bool {
        let Some(account) = self.carriers_account(room.settings) else { return false };
        let cnonce = room.rng.hex(8);
        let (method, uri) = (request.method.to_string(), request.uri.to_string());
        let (name, value) = demand.answer(&account.user, account.password.reveal(), &method, &uri, &cnonce);
        request.headers.push(name, value);
        true
    }

    fn bye(&mut self, reason: Option<&Reason>, demand: Option<Demand>, user: User, room: &mut Room) -> u32 {
        let mut request = self.dialog.request(Method::Bye);
        if let Some(reason) = reason {
            request.headers.push("Reason", compose::reason(reason));
        }
        if let Some(demand) = demand {
            self.put_proof(demand, &mut request, room);
        }
        room.request(request, self.dialog.next_hop(room.settings), user);
        self.dialog.local_seq
    }

    /// Ends at once with a BYE that nobody waits for: the peer is not expected to answer.
    pub(super) fn give_up(&mut self, cause: Cause, why: &Reason, room: &mut Room) {
        self.bye(Some(why), None, User::Nobody, room);
        self.over(cause, room);
    }

    pub(super) fn over(&mut self, cause: Cause, room: &mut Room) {
        self.drop_reoffer(room);
        self.news = News::default();
        self.phase = Phase::Over;
        room.event(Event::Released { leg: self.leg, cause });
    }

    pub fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Over)
    }

    pub fn handle_timeout(&mut self, room: &mut Room) {
        match &mut self.phase {
            Phase::Early(_) => self.early_timeout(room),
            Phase::Unacked { wait, release } => match wait.handle_timeout(room.now) {
                Some(ack_wait::Due::Resend { flow, wire }) => room.orders.push(Order::Send { flow, wire, again: true }),
                // §13.3.1.4: confirmed, but to be ended.
                Some(ack_wait::Due::GaveUp) => {
                    let cause = if matches!(release, Release::Asked(_)) { Cause::Ours } else { Cause::NoAck };
                    self.give_up(cause, &Reason { cause: 408, text: "No ACK".to_owned() }, room);
                }
                None => {}
            },
            Phase::Up => {
                self.reoffer_timeout(room);
                if matches!(self.phase, Phase::Up) {
                    self.session_timeout(room);
                }
            }
            Phase::Leaving { .. } | Phase::Over => {}
        }
        if matches!(self.phase, Phase::Unacked { .. } | Phase::Up) {
            self.news_timeout(room);
        }
    }

    fn session_timeout(&mut self, room: &mut Room) {
        match self.timer.as_mut().and_then(|timer| timer.handle_timeout(room.now)) {
            Some(Due::Refresh) => self.refresh(room),
            Some(Due::Expired) => {
                self.give_up(Cause::SessionExpired, &Reason { cause: 408, text: "Session Expired".to_owned() }, room);
            }
            None => {}
        }
    }

    pub fn deadline(&self) -> Option<Instant> {
        match &self.phase {
            Phase::Early(early) => Some(early.deadline()),
            Phase::Unacked { wait, .. } => [Some(wait.deadline()), self.news.deadline()].into_iter().flatten().min(),
            Phase::Up => {
                let timer = self.timer.as_ref().map(SessionTimer::deadline);
                [timer, self.reoffer.deadline(), self.news.deadline()].into_iter().flatten().min()
            }
            Phase::Leaving { .. } | Phase::Over => None,
        }
    }
}
