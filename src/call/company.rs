//! Those beside the two: who is asked, who joined them, who supervises; and of all of them who hears whom. One place tells that, from what
//! each is in the call, so that no order can leave an ear open or shut.

use super::record::{HeldBy, ReleasedBy};
use super::{Action, Call, Fact, Leg, MUSIC, Part, Side, State};
use crate::base::{AgentId, ClipId, Instant, LegId};
use crate::media::control::{Background, Command as Media, Hearing};
use crate::sip;
use serde::{Deserialize, Serialize};

/// One beside the two.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Companion {
    pub leg: Leg,
    pub part: Part,
    /// Whose phone it is, if an agent's.
    pub agent: Option<AgentId>,
}

impl Call {
    /// Who hears whom, as the call stands.
    ///
    /// The conversation is of caller, callee and conferees; while the callee has turned aside he speaks with those whom he asks, and the
    /// others go on without him. Supervisors hear all of it.
    fn hearing(&self) -> Hearing {
        let beside = |wanted: Part| self.beside.iter().filter(move |(_, one)| one.part == wanted).map(|(leg, _)| *leg);
        let callee = self.callee.as_ref().map(|callee| callee.id);
        let early = self.attempts.values().filter(|attempt| attempt.early_media).map(|attempt| attempt.offer.leg);
        let mut conversation: Vec<LegId> = std::iter::once(self.caller.id).chain(beside(Part::Conferee)).chain(early).collect();
        let mut aside: Vec<LegId> = beside(Part::Consulted).collect();
        match callee {
            Some(callee) if self.aside => aside.insert(0, callee),
            Some(callee) => conversation.insert(1, callee),
            None => {}
        }
        let supervisors: Vec<LegId> = [Part::Listening, Part::Whispering, Part::BargingIn].into_iter().flat_map(beside).collect();
        let mut hearing: Hearing = Vec::new();
        for group in [&conversation, &aside] {
            for hearer in group {
                let mut heard: Vec<LegId> = group.iter().copied().filter(|leg| leg != hearer).collect();
                heard.extend(beside(Part::BargingIn));
                if Some(*hearer) == callee {
                    heard.extend(beside(Part::Whispering));
                }
                hearing.push((*hearer, heard));
            }
        }
        for hearer in &supervisors {
            let others = beside(Part::BargingIn).filter(|leg| leg != hearer);
            hearing.push((*hearer, conversation.iter().chain(&aside).copied().chain(others).collect()));
        }
        hearing.retain(|(_, heard)| !heard.is_empty());
        hearing
    }

    /// Has the media plane, and the recording, follow who is there.
    pub(super) fn regroup(&self, out: &mut Vec<Action>) {
        out.push(Action::Media(Media::SetHearing { session: self.session, hearing: self.hearing() }));
        if self.caller_answered {
            let (left, right) = self.recorded();
            out.push(Action::Media(Media::SetRecordedParties { session: self.session, left, right }));
        }
    }

    /// Who is on record: on the left the caller, or who came in his place, on the right all others.
    #[must_use]
    pub fn recorded(&self) -> (LegId, Vec<LegId>) {
        let callee = self.callee.as_ref().map(|callee| callee.id);
        let (left, other) = match (self.exchanged, callee) {
            (false, callee) => (self.caller.id, callee),
            (true, Some(callee)) => (callee, Some(self.caller.id)),
            // Nobody has come in his place yet: a leg that is gone is silent.
            (true, None) => (self.left_before, Some(self.caller.id)),
        };
        (left, other.into_iter().chain(self.beside.keys().copied()).collect())
    }

    /// One who was called for a place beside the two, or called himself, is there.
    pub(super) fn join(&mut self, leg: Leg, part: Part, agent: Option<AgentId>, now: Instant, out: &mut Vec<Action>) {
        let id = leg.id;
        self.beside.insert(id, Box::new(Companion { leg, part, agent }));
        self.regroup(out);
        out.push(Action::Tell(Fact::Joined { leg: id }));
        self.follow_holds(now, out);
    }

    /// One beside the two is gone by himself.
    pub(super) fn companion_gone(&mut self, leg: LegId, now: Instant, out: &mut Vec<Action>) {
        if self.beside.remove(&leg).is_some() {
            self.forget_companion(leg, now, out);
        }
    }

    pub(super) fn dismiss(&mut self, leg: LegId, cause: &str, now: Instant, out: &mut Vec<Action>) {
        if self.beside.remove(&leg).is_some() {
            out.push(Action::Sip(released(leg, cause)));
            self.forget_companion(leg, now, out);
        }
    }

    fn forget_companion(&mut self, leg: LegId, now: Instant, out: &mut Vec<Action>) {
        self.regroup(out);
        out.push(Action::Media(Media::ReleaseLeg { session: self.session, leg }));
        out.push(Action::Tell(Fact::Parted { leg }));
        self.follow_holds(now, out);
    }

    pub(super) fn set_part(&mut self, leg: LegId, part: Part, now: Instant, out: &mut Vec<Action>) {
        if let Some(one) = self.beside.get_mut(&leg).filter(|one| one.part != part) {
            one.part = part;
            self.regroup(out);
            self.follow_holds(now, out);
        }
    }

    /// Whether more than the two are in the conversation: then who holds, or turns aside, leaves nobody alone.
    pub(super) fn is_conference(&self) -> bool {
        self.beside.values().any(|one| one.part == Part::Conferee)
    }

    /// After a change of who is there.
    fn follow_holds(&mut self, now: Instant, out: &mut Vec<Action>) {
        self.follow_hold(Side::Callee, now, out);
        self.follow_hold(Side::Caller, now, out);
    }

    /// Who takes the callee's seat when he leaves: whom he asked, else one of the conference.
    fn heir(&self) -> Option<LegId> {
        let first = |part: Part| self.beside.iter().find(|(_, one)| one.part == part).map(|(leg, _)| *leg);
        first(Part::Consulted).or_else(|| first(Part::Conferee))
    }

    /// The callee hung up, and another is there to go on with the caller.
    pub(super) fn inherit(&mut self, now: Instant, out: &mut Vec<Action>) -> bool {
        let Some(heir) = self.heir().filter(|_| self.is_connected()) else { return false };
        self.take_seat(heir, None, now, out);
        true
    }

    /// `leg`, beside the two until now, is the callee from now on. `cause`: why the callee of before is released; `None` for one who is gone.
    pub(super) fn take_seat(&mut self, leg: LegId, cause: Option<&str>, now: Instant, out: &mut Vec<Action>) {
        if !self.is_connected() {
            return;
        }
        if let Some(companion) = self.beside.remove(&leg) {
            let Companion { leg, agent, .. } = *companion;
            self.seat_callee(leg, agent, cause, now, out);
        }
    }

    /// Another party sits in the callee's seat, and hears the caller, who is off hold.
    pub(super) fn seat_callee(&mut self, leg: Leg, agent: Option<AgentId>, cause: Option<&str>, now: Instant, out: &mut Vec<Action>) {
        let to = leg.id;
        self.callee_is_agent = agent.is_some();
        self.record.agent = agent.or(self.record.agent.take());
        let Some(before) = self.callee.replace(leg) else { return };
        self.enter(State::Connected { callee: to }, now);
        // Before anybody is released: who referred the caller is still to be told.
        out.push(Action::Tell(Fact::Reseated { side: Side::Callee, from: before.id, to }));
        if let Some(cause) = cause {
            out.push(Action::Sip(released(before.id, cause)));
        }
        self.end_hold(HeldBy::Agent, now, out);
        self.end_hold(HeldBy::Caller, now, out);
        self.aside = false;
        self.regroup(out);
        out.push(Action::Media(Media::ReleaseLeg { session: self.session, leg: before.id }));
        // The caller may hold, whoever is there now.
        self.follow_holds(now, out);
    }

    /// The caller hung up, and several are there to go on without him: one of the conference has his seat.
    pub(super) fn outlives_caller(&mut self, now: Instant, out: &mut Vec<Action>) -> bool {
        let conferee = self.beside.iter().find(|(_, one)| one.part == Part::Conferee).map(|(leg, _)| *leg);
        let heir = conferee.filter(|_| self.conference_outlives && self.is_connected());
        let Some(companion) = heir.and_then(|heir| self.beside.remove(&heir)) else { return false };
        self.record.hung_up_first.get_or_insert(ReleasedBy::Caller);
        self.record.caller_left_at = Some(self.wall.read(now));
        // Nobody is left who is to be seen off.
        self.outlives_agent = false;
        self.seat_caller(companion.leg, None, now, out);
        true
    }

    /// Another phone has the caller's seat: his other one, or who picked up for him. `cause`: why the one before is released; `None` for one
    /// who is gone.
    pub(super) fn seat_caller(&mut self, leg: Leg, cause: Option<&str>, now: Instant, out: &mut Vec<Action>) {
        let to = leg.id;
        let before = std::mem::replace(&mut self.caller, leg);
        if let Some(cause) = cause {
            out.push(Action::Sip(released(before.id, cause)));
        }
        self.end_hold(HeldBy::Caller, now, out);
        self.regroup(out);
        out.push(Action::Media(Media::ReleaseLeg { session: self.session, leg: before.id }));
        out.push(Action::Tell(Fact::Reseated { side: Side::Caller, from: before.id, to }));
        self.follow_hold(Side::Caller, now, out);
    }

    /// Caller and callee change seats, each with what he hears.
    pub(super) fn exchange(&mut self, now: Instant, out: &mut Vec<Action>) {
        let State::Connected { .. } = self.state else { return };
        self.turn_back(now, out);
        self.end_hold(HeldBy::Agent, now, out);
        self.end_hold(HeldBy::Caller, now, out);
        let Some(callee) = self.callee.as_mut() else { return };
        std::mem::swap(&mut self.caller, callee);
        let callee = callee.id;
        self.state = State::Connected { callee };
        self.exchanged = !self.exchanged;
        self.callee_is_agent = true;
        out.push(Action::Tell(Fact::Exchanged));
        self.follow_holds(now, out);
    }

    pub(super) fn turn_aside(&mut self, now: Instant, out: &mut Vec<Action>) {
        if self.is_connected() && !self.aside {
            self.aside = true;
            self.regroup(out);
            self.follow_hold(Side::Callee, now, out);
        }
    }

    pub(super) fn turn_back(&mut self, now: Instant, out: &mut Vec<Action>) {
        if std::mem::take(&mut self.aside) {
            self.regroup(out);
            self.follow_hold(Side::Callee, now, out);
        }
    }

    /// A hold ends: who held is back, or is gone, or sits elsewhere.
    pub(super) fn end_hold(&mut self, by: HeldBy, now: Instant, out: &mut Vec<Action>) {
        if !self.is_held(by) {
            return;
        }
        let at = self.wall.read(now);
        for hold in self.record.holds.iter_mut().filter(|hold| hold.by == by && hold.ended_at.is_none()) {
            hold.ended_at = Some(at);
        }
        let held = match by {
            HeldBy::Agent => Some(self.caller.id),
            HeldBy::Caller => self.callee.as_ref().map(|callee| callee.id),
        };
        if let Some(leg) = held {
            let session = self.session;
            out.push(Action::Media(Media::StopAnnouncements { session, leg }));
            out.push(Action::Media(Media::SetBackground { session, leg, background: Background::None }));
        }
        out.push(Action::Tell(Fact::Retrieved { by }));
    }

    /// Music for whoever is left waiting.
    pub(super) fn music() -> Background {
        Background::Music(ClipId::new(MUSIC))
    }
}

/// BYE to one whose part is over.
pub(super) fn released(leg: LegId, cause: &str) -> sip::Command {
    let reason = Some(sip::Reason { cause: 200, text: cause.to_owned() });
    sip::Command::Release { leg, code: 487, reason, retry_after: None }
}
