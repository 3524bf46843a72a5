//! The agent's part is over, the caller's is not: nobody hangs up on a customer. What he then hears is the parent's.

use super::company::released;
use super::record::{HeldBy, ReleasedBy};
use super::{Action, Call, Fact, Part, Place, State};
use crate::base::Instant;
use crate::media::control::{Background, Command as Media};

/// Places of those who go on with the caller when the agent is gone.
const ASKED: [Place; 2] = [Place::Beside(Part::Consulted), Place::Beside(Part::Conferee)];

impl Call {
    /// Whether the BYE of an agent, or of whom he transferred to, ends his own part alone.
    pub(super) fn outlives_agent(&self) -> bool {
        self.outlives_agent && self.is_connected()
    }

    /// Somebody is being called to take the callee's seat.
    pub(super) fn is_being_transferred(&self) -> bool {
        let is_for_caller = |place: Place| place == Place::Callee || ASKED.contains(&place);
        self.is_connected() && self.callee_is_agent && self.attempts.values().any(|attempt| is_for_caller(attempt.offer.place))
    }

    /// The agent hung up.
    pub(super) fn agent_hung_up(&mut self, now: Instant, out: &mut Vec<Action>) {
        let who = if self.callee_is_agent { ReleasedBy::Agent } else { ReleasedBy::Callee };
        self.record.hung_up_first.get_or_insert(who);
        self.leave_alone(now, out);
    }

    /// The parent takes the caller from his agent, whose phone is released.
    pub(super) fn dismiss_agent(&mut self, cause: &str, now: Instant, out: &mut Vec<Action>) {
        let Some(agent) = self.callee.as_ref().filter(|_| self.callee_is_agent && self.is_connected()) else { return };
        out.push(Action::Sip(released(agent.id, cause)));
        for leg in self.beside.keys().copied().collect::<Vec<_>>() {
            self.dismiss(leg, cause, now, out);
        }
        self.leave_alone(now, out);
    }

    /// The caller is alone with the switch again, off hold, his recording goes on.
    pub(super) fn leave_alone(&mut self, now: Instant, out: &mut Vec<Action>) {
        let Some(agent) = self.callee.take() else { return };
        let (session, caller, at) = (self.session, self.caller.id, self.wall.read(now));
        (self.aside, self.left_before) = (false, agent.id);
        self.regroup(out);
        out.push(Action::Media(Media::ReleaseLeg { session, leg: agent.id }));
        out.push(Action::Media(Media::SetBackground { session, leg: caller, background: Background::None }));
        self.enter(State::Waiting, now);
        // Whom he had called to ask is for the caller now.
        for attempt in self.attempts.values_mut().filter(|attempt| ASKED.contains(&attempt.offer.place)) {
            attempt.offer.place = Place::Callee;
        }
        self.callee_is_agent = false;
        self.parted = true;
        for by in [HeldBy::Agent, HeldBy::Caller] {
            if let Some(hold) = self.record.holds.iter_mut().find(|hold| hold.by == by && hold.ended_at.is_none()) {
                hold.ended_at = Some(at);
                out.push(Action::Tell(Fact::Retrieved { by }));
            }
        }
        out.push(Action::Tell(Fact::AgentLeft { leg: agent.id }));
    }
}
