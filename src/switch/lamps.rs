//! What an agent is at, for colleagues' phones (RFC 3856). Who watches, and what dialogs there are, the SIP endpoint knows.

use super::Switch;
use crate::acd::StateName;
use crate::base::{AgentId, Instant};
use crate::sip::{Activity, Command, Presence};

impl Switch {
    /// All of them: after a start, and when the configuration has changed.
    pub(super) fn tell_presences(&mut self, now: Instant) {
        let agents: Vec<AgentId> = self.config.agents.keys().cloned().collect();
        for agent in agents {
            self.tell_presence(&agent, now);
        }
    }

    pub(super) fn tell_presence(&mut self, agent: &AgentId, now: Instant) {
        if self.config.agents.contains_key(agent) {
            let presence = self.presence(agent);
            self.tell_sip(Command::SetPresence { agent: agent.clone(), presence }, now);
        }
    }

    fn presence(&self, agent: &AgentId) -> Presence {
        let known = self.acd.agent(agent.as_str());
        let state = known.as_ref().map_or(StateName::Offline, |known| known.state);
        let reason = known.and_then(|known| known.reason);
        let reason = reason.as_ref().map(crate::acd::Reason::as_str);
        let activity = match state {
            StateName::Offline | StateName::Ready => Activity::None,
            StateName::Reserved | StateName::Ringing | StateName::Talking => Activity::OnThePhone,
            StateName::WrapUp => Activity::Busy,
            StateName::NotReady => match reason {
                Some("meeting") => Activity::Meeting,
                Some("meal") => Activity::Meal,
                _ => Activity::Away,
            },
        };
        let [chinese, english] = match state {
            StateName::Offline => ["离线", "offline"],
            StateName::Ready => ["就绪", "ready"],
            StateName::Reserved | StateName::Ringing => ["振铃中", "ringing"],
            StateName::Talking => ["通话中", "in a call"],
            StateName::WrapUp => ["话后处理", "after a call"],
            StateName::NotReady => ["未就绪", "not ready"],
        };
        let note = if self.config.switch.language.starts_with("zh") { chinese } else { english };
        // The usual reason says no more than the state.
        let named = reason
            .filter(|id| *id != "not-ready")
            .map(|id| self.config.reasons.iter().find(|reason| reason.id == id).map_or(id, |reason| reason.name.as_str()));
        let note = named.map_or_else(|| note.to_owned(), |reason| format!("{note}: {reason}"));
        Presence { open: state != StateName::Offline, activity, note }
    }
}
