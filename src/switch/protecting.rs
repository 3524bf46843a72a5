//! What each leg may speak, and what is asked of its encryption: by whose it is, and with keys of its own.

use super::Switch;
use crate::base::srtp::{LegSecret, Protection, SrtpPolicy};
use crate::base::{AgentId, Codec, LegId, TrunkId};
use crate::sip::Callee;
use sha2::{Digest, Sha256};

impl Switch {
    /// Of a leg of an agent's phone, or of a trunk. Its keys are made of the process's secret, drawn by the system at the start, and of the
    /// leg's number, which never comes again; they are kept with the call, so that a restart goes on with them.
    pub(super) fn protection(&self, leg: LegId, agent: Option<&AgentId>, trunk: Option<&TrunkId>) -> Protection {
        let of_agent = agent.and_then(|agent| self.config.agents.get(agent)).map(|agent| agent.srtp);
        let of_trunk = || trunk.and_then(|trunk| self.config.trunks.get(trunk)).map(|trunk| trunk.srtp);
        match of_agent.or_else(of_trunk).unwrap_or_default() {
            SrtpPolicy::Off => Protection::NONE,
            policy => {
                let hash = Sha256::new().chain_update(self.surroundings.secret).chain_update("srtp").chain_update(leg.0.to_be_bytes());
                let suites = self.config.media.srtp_suites.clone();
                Protection { policy, suites, secret: LegSecret::new(hash.finalize().into()) }
            }
        }
    }

    /// What a leg of an agent's phone, or of a trunk, may speak.
    pub(super) fn codecs(&self, agent: Option<&AgentId>, trunk: Option<&TrunkId>) -> Vec<Codec> {
        let of_agent = agent.and_then(|agent| self.config.agents.get(agent)).map(|agent| &agent.codecs);
        let of_trunk = || trunk.and_then(|trunk| self.config.trunks.get(trunk)).map(|trunk| &trunk.codecs);
        of_agent.or_else(of_trunk).unwrap_or(&self.config.media.codecs).clone()
    }

    pub(super) fn codecs_of(&self, callee: &Callee) -> Vec<Codec> {
        match callee {
            Callee::Account(agent) => self.codecs(Some(agent), None),
            Callee::Trunk { trunk, .. } => self.codecs(None, trunk.as_ref()),
        }
    }

    pub(super) fn protection_of(&self, leg: LegId, callee: &Callee) -> Protection {
        match callee {
            Callee::Account(agent) => self.protection(leg, Some(agent), None),
            Callee::Trunk { trunk, .. } => self.protection(leg, None, trunk.as_ref()),
        }
    }
}
