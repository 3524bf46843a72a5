//! The B2BUA: a call owns its legs, brings their descriptions together, lets them hear each other, and keeps the call's record.
//!
//! It knows nothing of queues, agents' states or rules: those tell the parent, and the parent orders here.

mod callee;
mod caller;
mod company;
mod event;
mod leg;
mod merging;
mod originating;
mod parting;
pub mod record;

pub use event::{Action, Admission, Ending, Event, Fact, Offer, Order, Part, Place, Side};
pub use leg::MediaPolicy;
pub use merging::Guest;
pub use originating::Origination;

use crate::base::srtp::Protection;
use crate::base::time::secs;
use crate::base::{AgentId, CallId, Instant, LegId, Machine, SessionId, Timestamp, WallClock};
use crate::media::control::Command as Media;
use crate::sip;
use company::Companion;
use leg::Leg;
use record::{CallRecord, HeldBy, HoldRecord, Outcome, ReleasedBy};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// The media plane answers an allocation in microseconds; a call that waits this long waits for a worker that is gone.
const ALLOCATION_LIMIT: crate::base::Duration = secs(5);

/// What a held party and a waiting caller listen to.
pub const MUSIC: &str = "music/hold";

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
enum State {
    /// The caller's port is asked for.
    Arriving {
        give_up_at: Instant,
    },
    /// No two parties hear each other yet: the caller rings, or the switch speaks to him.
    Waiting,
    Connected {
        callee: LegId,
    },
    Ended,
}

/// A callee who is being called.
#[derive(Debug, Serialize, Deserialize)]
struct Attempt {
    leg: Leg,
    offer: Offer,
    /// Until the port is there.
    give_up_at: Option<Instant>,
    /// The caller hears the far network already.
    early_media: bool,
}

/// A phone that called by itself.
#[derive(Debug, Serialize, Deserialize)]
struct Coming {
    leg: Leg,
    agent: Option<AgentId>,
    place: Place,
    give_up_at: Instant,
}

/// A leg that never was.
fn nobody() -> LegId {
    LegId(0)
}

/// One call.
#[derive(Debug, Serialize, Deserialize)]
pub struct Call {
    session: SessionId,
    policy: MediaPolicy,
    wall: WallClock,
    state: State,
    state_since: Timestamp,
    caller: Leg,
    /// The 200 is sent.
    caller_answered: bool,
    /// Boxed: a map's node has room for eleven, and a call has one or none.
    attempts: BTreeMap<LegId, Box<Attempt>>,
    callee: Option<Leg>,
    /// The callee is an agent: then it is the agent who holds and releases.
    callee_is_agent: bool,
    /// Who are there besides caller and callee.
    #[serde(default)]
    beside: BTreeMap<LegId, Box<Companion>>,
    /// Phones that called by themselves and wait for their port.
    #[serde(default)]
    coming: BTreeMap<LegId, Box<Coming>>,
    /// The callee has turned to others, and the caller waits.
    #[serde(default)]
    aside: bool,
    /// Who called sits in the callee's seat.
    #[serde(default)]
    exchanged: bool,
    /// Who was last on the left of the recording.
    #[serde(default = "nobody")]
    left_before: LegId,
    /// An agent's BYE ends his own part alone.
    #[serde(default)]
    outlives_agent: bool,
    /// A conference goes on when its caller has left.
    #[serde(default)]
    conference_outlives: bool,
    /// An agent was there, and is gone.
    #[serde(default)]
    parted: bool,
    /// No recording is made of it.
    #[serde(default)]
    unrecorded: bool,
    record: CallRecord,
}

/// A call that comes in.
#[derive(Debug)]
pub struct Arrival {
    pub call: CallId,
    pub session: SessionId,
    pub leg: LegId,
    pub sdp: Option<Vec<u8>>,
    pub protection: Protection,
    /// Our address towards the caller, and his.
    pub local: IpAddr,
    pub peer: IpAddr,
    /// Filled in as far as it is known.
    pub record: CallRecord,
}

impl Call {
    /// A caller is there: his port is ordered, then `Fact::CallerReady` follows, or the end.
    pub fn arrive(arrival: Arrival, policy: MediaPolicy, wall: WallClock, now: Instant, out: &mut Vec<Action>) -> Self {
        let Arrival { session, leg, sdp, protection, local, peer, record, .. } = arrival;
        let mut caller = Leg::new(leg, session, policy.clone(), protection, peer);
        caller.offered(sdp);
        out.push(Action::Media(Media::Allocate { session, leg, local, resumed: None }));
        let state = State::Arriving { give_up_at: now + ALLOCATION_LIMIT };
        Self::begin(session, caller, state, record, policy, wall, now)
    }

    fn begin(
        session: SessionId,
        caller: Leg,
        state: State,
        record: CallRecord,
        policy: MediaPolicy,
        wall: WallClock,
        now: Instant,
    ) -> Self {
        Self {
            session,
            policy,
            wall,
            state,
            state_since: wall.read(now),
            caller,
            caller_answered: false,
            attempts: BTreeMap::new(),
            callee: None,
            callee_is_agent: false,
            beside: BTreeMap::new(),
            coming: BTreeMap::new(),
            aside: false,
            exchanged: false,
            left_before: nobody(),
            outlives_agent: false,
            conference_outlives: false,
            parted: false,
            unrecorded: false,
            record,
        }
    }

    #[must_use]
    pub fn id(&self) -> CallId {
        self.record.id
    }

    #[must_use]
    pub fn session(&self) -> SessionId {
        self.session
    }

    #[must_use]
    pub fn record(&self) -> &CallRecord {
        &self.record
    }

    pub fn record_mut(&mut self) -> &mut CallRecord {
        &mut self.record
    }

    #[must_use]
    pub fn is_caller_answered(&self) -> bool {
        self.caller_answered
    }

    /// Whether a recording is made of it.
    #[must_use]
    pub fn is_recorded(&self) -> bool {
        !self.unrecorded
    }

    #[must_use]
    pub fn is_connected(&self) -> bool {
        matches!(self.state, State::Connected { .. })
    }

    /// An agent was there and is gone, and the caller waits for no other.
    #[must_use]
    pub fn is_parted(&self) -> bool {
        self.parted && !self.is_ended()
    }

    /// Two people spoke, now or before.
    #[must_use]
    pub fn was_connected(&self) -> bool {
        self.record.connected_at.is_some()
    }

    #[must_use]
    pub fn is_ended(&self) -> bool {
        self.state == State::Ended
    }

    /// What the call's clock reads: the wall's as it went when the call came.
    #[must_use]
    pub fn at(&self, now: Instant) -> Timestamp {
        self.wall.read(now)
    }

    /// By what the call reads the time.
    #[must_use]
    pub fn wall(&self) -> WallClock {
        self.wall
    }

    /// Legs that the call still answers for.
    pub fn legs(&self) -> impl Iterator<Item = LegId> + '_ {
        let caller = self.has_caller().then_some(self.caller.id);
        let two = caller.into_iter().chain(self.callee.iter().map(|leg| leg.id));
        two.chain(self.attempts.keys().copied()).chain(self.beside.keys().copied()).chain(self.coming.keys().copied())
    }

    /// What the call is to be told of a leg that a restart could not bring back; nothing of one that has not been sent its INVITE yet.
    #[must_use]
    pub fn loses(&self, leg: LegId) -> Option<Event> {
        match self.attempts.get(&leg) {
            Some(attempt) if attempt.leg.is_allocated() => Some(Event::Failed { leg, failure: sip::Failure::Unreachable }),
            Some(_) => None,
            None => Some(Event::Released { leg, cause: sip::Cause::PeerGone }),
        }
    }

    #[must_use]
    pub fn state_since(&self) -> Timestamp {
        self.state_since
    }

    /// arriving, waiting, offering, connected, held, transferring, ending.
    #[must_use]
    pub fn state_name(&self) -> &'static str {
        match self.state {
            State::Arriving { .. } => "arriving",
            State::Waiting if self.attempts.is_empty() && self.parted => "ending",
            State::Waiting if self.parted => "transferring",
            State::Waiting if self.attempts.is_empty() => "waiting",
            State::Waiting => "offering",
            State::Connected { .. } if self.is_held(HeldBy::Agent) || self.is_held(HeldBy::Caller) => "held",
            State::Connected { .. } => "connected",
            State::Ended => "ending",
        }
    }

    /// Whether a hold by that party is running.
    #[must_use]
    pub fn is_held(&self, by: HeldBy) -> bool {
        self.record.holds.iter().any(|hold| hold.by == by && hold.ended_at.is_none())
    }

    /// The held party was told that he is not forgotten.
    pub fn reassured(&mut self, by: HeldBy) {
        if let Some(hold) = self.record.holds.iter_mut().find(|hold| hold.by == by && hold.ended_at.is_none()) {
            hold.reassured += 1;
        }
    }

    /// The leg in the callee's seat.
    #[must_use]
    pub fn callee(&self) -> Option<LegId> {
        self.callee.as_ref().map(|callee| callee.id)
    }

    /// The leg in the caller's seat.
    #[must_use]
    pub fn caller(&self) -> LegId {
        self.caller.id
    }

    /// What that leg is beside the two, if it is.
    #[must_use]
    pub fn part_of(&self, leg: LegId) -> Option<Part> {
        self.beside.get(&leg).map(|one| one.part)
    }

    /// Those who are that beside the two.
    pub fn beside(&self, part: Part) -> impl Iterator<Item = LegId> + '_ {
        self.beside.iter().filter(move |(_, one)| one.part == part).map(|(leg, _)| *leg)
    }

    /// The callee has turned to others.
    #[must_use]
    pub fn is_aside(&self) -> bool {
        self.aside
    }

    fn leg_of(&self, side: Side) -> Option<&Leg> {
        match side {
            Side::Caller => Some(&self.caller).filter(|_| self.has_caller()),
            Side::Callee => self.callee.as_ref(),
        }
    }

    /// In which seat that leg is, if in one.
    #[must_use]
    pub fn side_of(&self, leg: LegId) -> Option<Side> {
        if leg == self.caller.id {
            return Some(Side::Caller);
        }
        self.callee.as_ref().filter(|callee| callee.id == leg).map(|_| Side::Callee)
    }

    fn enter(&mut self, state: State, now: Instant) {
        self.state = state;
        self.state_since = self.wall.read(now);
    }

    fn configure(leg: &Leg, out: &mut Vec<Action>) {
        out.extend(leg.configure().map(Action::Media));
    }

    /// Obeys an order of the parent. An order that comes too late does nothing.
    pub fn order(&mut self, order: Order, now: Instant, out: &mut Vec<Action>) {
        if self.is_ended() {
            return;
        }
        let session = self.session;
        match order {
            // Early media say it already.
            Order::RingCaller
                if !self.caller_answered && self.has_caller() && !self.attempts.values().any(|attempt| attempt.early_media) =>
            {
                out.push(Action::Sip(sip::Command::Ring { leg: self.caller.id, code: 180, sdp: None }));
            }
            Order::RingCaller => {}
            Order::AnswerCaller => self.answer_caller(now, out),
            Order::PauseRecording { on } => {
                out.push(Action::Media(Media::PauseRecording { session: self.session, on }));
            }
            Order::LeaveUnrecorded => self.unrecorded |= !self.caller_answered,
            Order::Offer(offer) => self.offer(offer, now, out),
            Order::Admit(admission) => self.admit(admission, now, out),
            Order::WithdrawOffer { leg, reason } => self.withdraw(leg, Some(reason), out),
            Order::SetBackground { side, background } => {
                if let Some(leg) = self.leg_of(side) {
                    out.push(Action::Media(Media::SetBackground { session, leg: leg.id, background }));
                }
            }
            Order::Announce { side, clips, token } => match self.leg_of(side) {
                Some(leg) => out.push(Action::Media(Media::Announce { session, leg: leg.id, clips, token })),
                None => out.push(Action::Tell(Fact::AnnouncementEnded { side, token })),
            },
            Order::AnnounceRecording { side, excerpts, token } => match self.leg_of(side) {
                Some(leg) => out.push(Action::Media(Media::AnnounceRecording { session, leg: leg.id, excerpts, token })),
                None => out.push(Action::Tell(Fact::AnnouncementEnded { side, token })),
            },
            Order::AnnounceBeside { leg, clips, token } => {
                if self.beside.contains_key(&leg) {
                    out.push(Action::Media(Media::Announce { session, leg, clips, token }));
                }
            }
            Order::StopAnnouncements { side } => {
                if let Some(leg) = self.leg_of(side) {
                    out.push(Action::Media(Media::StopAnnouncements { session, leg: leg.id }));
                }
            }
            Order::ListenForSpeech { side, on } => {
                if let Some(leg) = self.leg_of(side) {
                    out.push(Action::Media(Media::ListenForSpeech { session, leg: leg.id, on }));
                }
            }
            Order::Measure { side, limits } => {
                if let Some(leg) = self.leg_of(side) {
                    out.push(Action::Media(Media::Measure { session, leg: leg.id, limits: Some(limits) }));
                }
            }
            Order::OutliveAgent => self.outlives_agent = true,
            Order::OutliveCaller => self.conference_outlives = true,
            Order::DismissAgent { cause } => self.dismiss_agent(&cause, now, out),
            Order::WaitAnew => self.parted = false,
            Order::Exchange => self.exchange(now, out),
            Order::TurnAside => self.turn_aside(now, out),
            Order::TurnBack => self.turn_back(now, out),
            Order::TakeSeat { leg, cause } => self.take_seat(leg, Some(&cause), now, out),
            Order::SetPart { leg, part } => self.set_part(leg, part, now, out),
            Order::Dismiss { leg, cause } => self.dismiss(leg, &cause, now, out),
            Order::Release(ending) => self.release(ending, None, now, out),
        }
    }

    /// Ends the call: every leg but `gone` (which ended by itself) is released, the media go, the record is completed.
    fn release(&mut self, ending: Ending, gone: Option<LegId>, now: Instant, out: &mut Vec<Action>) {
        if self.is_ended() {
            return;
        }
        let was_connected = self.was_connected();
        let legs: Vec<LegId> = self.legs().filter(|leg| Some(*leg) != gone).collect();
        for leg in legs {
            let code = if leg == self.caller.id { ending.code } else { 487 };
            let reason = Some(self.told(leg, &ending));
            out.push(Action::Sip(sip::Command::Release { leg, code, reason, retry_after: ending.retry_after }));
        }
        if self.caller_answered && !self.unrecorded {
            out.push(Action::Media(Media::StopRecording { session: self.session }));
        }
        out.push(Action::Media(Media::Release { session: self.session }));
        let at = self.wall.read(now);
        for hold in self.record.holds.iter_mut().filter(|hold| hold.ended_at.is_none()) {
            hold.ended_at = Some(at);
        }
        self.record.released_at = Some(at);
        self.record.released_by = Some(ending.by);
        self.record.hung_up_first.get_or_insert(ending.by);
        self.record.outcome = Some(ending.outcome.unwrap_or(match (was_connected, ending.by) {
            (true, _) => Outcome::Answered,
            (false, ReleasedBy::Caller) => Outcome::Abandoned,
            (false, _) => Outcome::Failed,
        }));
        self.record.release_cause = Some(ending.cause);
        self.attempts.clear();
        self.coming.clear();
        self.enter(State::Ended, now);
        out.push(Action::Tell(Fact::Ended));
    }

    /// Why the call ends, for one of its phones (RFC 3326).
    fn told(&self, leg: LegId, ending: &Ending) -> sip::Reason {
        if ending.by == ReleasedBy::Switch {
            return sip::Reason { cause: ending.code, text: ending.cause.clone() };
        }
        let text = format!("the {} left", ending.by.name());
        // A phone that rings counts a call as missed, or not.
        match (self.attempts.contains_key(&leg), ending.code) {
            (true, 200) => sip::Reason::completed_elsewhere(),
            (true, _) => sip::Reason { cause: 487, text },
            (false, _) => sip::Reason { cause: 200, text },
        }
    }

    /// A leg ended by itself.
    fn leg_released(&mut self, leg: LegId, cause: &sip::Cause, now: Instant, out: &mut Vec<Action>) {
        let Some(side) = self.side_of(leg) else {
            if self.coming.remove(&leg).is_some() {
                out.push(Action::Media(Media::ReleaseLeg { session: self.session, leg }));
                out.push(Action::Tell(Fact::Parted { leg }));
            }
            return self.companion_gone(leg, now, out);
        };
        if side == Side::Callee && !matches!(cause, sip::Cause::Ours) && self.inherit(now, out) {
            return;
        }
        if side == Side::Caller && !matches!(cause, sip::Cause::Ours) && self.outlives_caller(now, out) {
            return;
        }
        if side == Side::Callee && matches!(cause, sip::Cause::Bye { .. }) && self.is_being_transferred() {
            return self.leave_alone(now, out);
        }
        if side == Side::Callee && self.outlives_agent() && matches!(cause, sip::Cause::Bye { .. }) {
            return self.agent_hung_up(now, out);
        }
        let by_party = match side {
            Side::Caller => ReleasedBy::Caller,
            Side::Callee if self.callee_is_agent => ReleasedBy::Agent,
            Side::Callee => ReleasedBy::Callee,
        };
        let said = |reason: &Option<String>, or: &str| reason.clone().unwrap_or_else(|| or.to_owned());
        let (by, code, cause) = match cause {
            sip::Cause::Bye { reason } => (by_party, 487, said(reason, "BYE")),
            sip::Cause::Cancelled { reason, elsewhere } => (by_party, if *elsewhere { 200 } else { 487 }, said(reason, "CANCEL")),
            sip::Cause::NoAck => (ReleasedBy::Switch, 408, "no ACK".to_owned()),
            sip::Cause::SessionExpired => (ReleasedBy::Switch, 408, "session expired".to_owned()),
            sip::Cause::PeerGone => (ReleasedBy::Switch, 408, "peer gone".to_owned()),
            sip::Cause::NoMedia => (ReleasedBy::Switch, 488, "no usable media description".to_owned()),
            sip::Cause::Ours => (ReleasedBy::Switch, 200, "released".to_owned()),
        };
        self.release(Ending { by, outcome: None, code, retry_after: None, cause }, Some(leg), now, out);
    }

    /// The switch cannot go on with the call.
    fn fail(&mut self, code: u16, retry_after: Option<u32>, outcome: Outcome, cause: &str, now: Instant, out: &mut Vec<Action>) {
        let ending = Ending { by: ReleasedBy::Switch, outcome: Some(outcome), code, retry_after, cause: cause.to_owned() };
        self.release(ending, None, now, out);
    }

    /// What a party's new description says of hold, told once a change; the other party gets music, or the first one's voice again.
    fn follow_hold(&mut self, side: Side, now: Instant, out: &mut Vec<Action>) {
        if !self.is_connected() {
            return;
        }
        let by = match side {
            Side::Caller => HeldBy::Caller,
            Side::Callee => HeldBy::Agent,
        };
        let Some(holds) = self.leg_of(side).map(Leg::holds) else { return };
        let holds = (holds || side == Side::Callee && self.aside) && !self.is_conference();
        if holds == self.is_held(by) {
            return;
        }
        let at = self.wall.read(now);
        let Some(other) = self.leg_of(side.other()).map(|leg| leg.id) else { return };
        let session = self.session;
        if holds {
            self.record.holds.push(HoldRecord {
                by,
                started_at: at,
                ended_at: None,
                reassured: 0,
                reason: None,
                promised: None,
                kept: None,
            });
            out.push(Action::Media(Media::SetBackground { session, leg: other, background: Self::music() }));
            out.push(Action::Tell(Fact::Held { by }));
        } else {
            self.end_hold(by, now, out);
        }
        self.state_since = at;
    }
}

impl Machine for Call {
    type Event = Event;
    type Action = Action;

    fn handle(&mut self, event: Event, now: Instant, out: &mut Vec<Action>) {
        if self.is_ended() {
            return;
        }
        match event {
            Event::Allocated { leg, address } => {
                if leg == self.caller.id {
                    self.caller_allocated(address, now, out);
                } else if self.coming.contains_key(&leg) {
                    self.coming_allocated(leg, address, now, out);
                } else {
                    self.attempt_allocated(leg, address, out);
                }
            }
            Event::AllocationFailed { leg, .. } if leg == self.caller.id => {
                self.fail(503, Some(5), Outcome::Refused, "no media port is free", now, out);
            }
            // A restart found its port taken.
            Event::AllocationFailed { leg, .. } if self.side_of(leg).is_some() => {
                self.fail(503, None, Outcome::Failed, "its media port is taken", now, out);
            }
            Event::AllocationFailed { leg, .. } if self.coming.contains_key(&leg) => self.turn_down(leg, 503, out),
            Event::AllocationFailed { leg, .. } if self.beside.contains_key(&leg) => {
                self.dismiss(leg, "its media port is taken", now, out);
            }
            Event::AllocationFailed { leg, .. } => {
                self.attempt_failed(leg, sip::Failure::Status { code: 503, reason: "no media port is free".to_owned() }, false, out);
            }
            Event::Ringing { leg, sdp } => self.attempt_rang(leg, sdp, out),
            Event::Answered { leg, sdp, peer } => self.attempt_answered(leg, sdp, peer, now, out),
            Event::Failed { leg, failure } => self.attempt_failed(leg, failure, true, out),
            Event::Acked { leg, sdp: Some(sdp) } => self.offer_of_ours_answered(leg, &sdp, now, out),
            Event::ReofferAnswered { leg, sdp } => self.reoffer_answered(leg, &sdp, now, out),
            Event::Acked { leg, sdp: None } => self.acked_without_answer(leg, now, out),
            Event::Reoffered { leg, sdp } => self.reoffered(leg, sdp, now, out),
            Event::Released { leg, cause } => self.leg_released(leg, &cause, now, out),
            Event::Digit { leg, digit } => match self.side_of(leg) {
                Some(side) => out.push(Action::Tell(Fact::Digit { side, digit })),
                None if self.beside.contains_key(&leg) => out.push(Action::Tell(Fact::DigitBeside { leg, digit })),
                None => {}
            },
            Event::Spoke { leg } => out.extend(self.side_of(leg).map(|side| Action::Tell(Fact::Spoke { side }))),
            Event::FellSilent { leg } => out.extend(self.side_of(leg).map(|side| Action::Tell(Fact::FellSilent { side }))),
            Event::AnnouncementEnded { leg, token } => {
                out.extend(self.side_of(leg).map(|side| Action::Tell(Fact::AnnouncementEnded { side, token })));
            }
            Event::TimedOut { leg } => {
                if self.side_of(leg).is_some() {
                    let outcome = if self.was_connected() { Outcome::Answered } else { Outcome::Failed };
                    self.fail(408, None, outcome, "RTP timeout", now, out);
                } else {
                    self.dismiss(leg, "RTP timeout", now, out);
                }
            }
        }
    }

    fn handle_timeout(&mut self, now: Instant, out: &mut Vec<Action>) {
        if let State::Arriving { give_up_at } = self.state
            && give_up_at <= now
        {
            self.fail(503, Some(5), Outcome::Failed, "the media plane does not answer", now, out);
        }
        let late: Vec<LegId> =
            self.attempts.iter().filter(|(_, attempt)| attempt.give_up_at.is_some_and(|at| at <= now)).map(|(leg, _)| *leg).collect();
        for leg in late {
            self.attempt_failed(leg, sip::Failure::Unreachable, false, out);
        }
        let late = self.coming.iter().filter(|(_, coming)| coming.give_up_at <= now);
        for leg in late.map(|(leg, _)| *leg).collect::<Vec<_>>() {
            self.turn_down(leg, 503, out);
        }
    }

    fn deadline(&self) -> Option<Instant> {
        let arriving = match self.state {
            State::Arriving { give_up_at } => Some(give_up_at),
            State::Waiting | State::Connected { .. } | State::Ended => None,
        };
        let coming = self.coming.values().map(|coming| coming.give_up_at);
        self.attempts.values().filter_map(|attempt| attempt.give_up_at).chain(arriving).chain(coming).min()
    }
}

#[cfg(test)]
mod tests;
