//! The agent's part is over, the caller's is not: nobody hangs up on a customer. What he then hears is the parent's.

use super::record::{HeldBy, ReleasedBy};
use super::{Action, Call, Fact, State};
use crate::base::Instant;
use crate::media::control::{Background, Command as Media};
use crate::sip;

impl Call {
    /// Whether an agent's BYE ends his own part alone.
    pub(super) fn outlives_agent(&self) -> bool {
        self.outlives_agent && self.callee_is_agent && self.is_connected()
    }

    /// The agent hung up.
    pub(super) fn agent_hung_up(&mut self, now: Instant, out: &mut Vec<Action>) {
        self.record.hung_up_first.get_or_insert(ReleasedBy::Agent);
        self.part(now, out);
    }

    /// The parent takes the caller from his agent, whose phone is released.
    pub(super) fn dismiss_agent(&mut self, cause: &str, now: Instant, out: &mut Vec<Action>) {
        let Some(agent) = self.callee.as_ref().filter(|_| self.callee_is_agent && self.is_connected()) else { return };
        let reason = Some(sip::Reason { cause: 200, text: cause.to_owned() });
        out.push(Action::Sip(sip::Command::Release { leg: agent.id, code: 487, reason, retry_after: None }));
        self.part(now, out);
    }

    /// The caller is alone with the switch again, off hold, his recording goes on.
    fn part(&mut self, now: Instant, out: &mut Vec<Action>) {
        let Some(agent) = self.callee.take() else { return };
        let (session, caller, at) = (self.session, self.caller.id, self.wall.read(now));
        out.push(Action::Media(Media::SetHearing { session, hearing: Vec::new() }));
        out.push(Action::Media(Media::SetRecordedParties { session, right: Vec::new() }));
        out.push(Action::Media(Media::ReleaseLeg { session, leg: agent.id }));
        out.push(Action::Media(Media::SetBackground { session, leg: caller, background: Background::None }));
        self.enter(State::Waiting, now);
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
