//! Who is where: which agents have phones registered, which take part in calls; and what the SIP endpoint and the ACD
//! need of the configuration.

use super::Surroundings;
use super::carriers::sip_trunk;
use super::input::FoundHosts;
use crate::acd;
use crate::base::{AgentId, CallId};
use crate::config::{self, Config};
use crate::sip::{Account, Flow, Settings};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Default)]
pub struct Directory {
    /// Registered contacts of each agent who has any.
    pub contacts: BTreeMap<AgentId, usize>,
    /// The way to each registered agent's phone: its local address is where his media are offered.
    pub flows: BTreeMap<AgentId, Flow>,
    /// The calls of each agent who has any, his ringing phone's too.
    parts: BTreeMap<AgentId, BTreeSet<(CallId, Role)>>,
    /// Drained: no call comes in any more.
    pub closed: bool,
}

/// An agent's part in a call.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Role {
    Caller,
    Callee,
    /// His phone rings for it.
    Offered,
    /// He is asked, one of several, or supervises; or his phone is called for that.
    Beside,
}

impl Directory {
    pub fn takes_part(&mut self, agent: &AgentId, call: CallId, role: Role) {
        self.parts.entry(agent.clone()).or_default().insert((call, role));
    }

    pub fn leaves(&mut self, agent: &AgentId, call: CallId, role: Role) {
        if let Some(parts) = self.parts.get_mut(agent) {
            parts.remove(&(call, role));
            if parts.is_empty() {
                self.parts.remove(agent);
            }
        }
    }

    /// The agent has so many contacts now, the newest this way; gives how many there were before.
    pub fn is_at(&mut self, agent: &AgentId, contacts: usize, flow: Flow) -> usize {
        // Phones register often, and mostly as before.
        match (self.contacts.get_mut(agent), self.flows.get_mut(agent)) {
            (Some(known), Some(way)) => {
                *way = flow;
                std::mem::replace(known, contacts)
            }
            _ => {
                self.flows.insert(agent.clone(), flow);
                self.contacts.insert(agent.clone(), contacts).unwrap_or(0)
            }
        }
    }

    /// Whether the agent is in a call, or his phone rings.
    #[must_use]
    pub fn is_occupied(&self, agent: &AgentId) -> bool {
        self.parts.contains_key(agent)
    }

    /// The call in which the agent speaks, the first if there are several.
    #[must_use]
    pub fn call_of(&self, agent: &AgentId) -> Option<CallId> {
        let speaks = |(_, role): &&(CallId, Role)| matches!(role, Role::Caller | Role::Callee);
        self.parts.get(agent)?.iter().find(speaks).map(|(call, _)| *call)
    }

    /// No agent is in a call.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.parts.is_empty()
    }
}

/// The configuration as the SIP endpoint sees it.
#[must_use]
pub fn sip_settings(config: &Config, surroundings: &Surroundings, hosts: &FoundHosts) -> Settings {
    let account = |agent: &crate::config::AgentConfig| Account { ha1_sha256: agent.ha1_sha256.clone(), ha1_md5: agent.ha1_md5.clone() };
    Settings {
        domain: config.switch.domain.clone(),
        our_hosts: surroundings.our_hosts.clone(),
        listen: surroundings.listen.clone(),
        accounts: config.agents.values().map(|agent| (agent.id.clone(), account(agent))).collect(),
        trunks: config.trunks.values().map(|trunk| sip_trunk(trunk, config.is_recording_source(&trunk.id), hosts, surroundings)).collect(),
        session_expires: config.sip.session_expires,
        min_session_expires: config.sip.min_session_expires,
        registration_min: config.sip.registration_min,
        registration_max: config.sip.registration_max,
        registration_default: config.sip.registration_default,
        unasked_message_summaries: false,
        service_route: config.sip.service_route.clone(),
        calls_over_tls: config.sip.phone_ca.is_some(),
        guard: config.sip.guard.clone(),
        product: concat!("Sanling/", env!("CARGO_PKG_VERSION")).to_owned(),
    }
}

/// The configuration as the ACD sees it.
#[must_use]
pub fn acd_settings(config: &Config) -> acd::AcdSettings {
    let rule = &config.rules.answer;
    let agent = |agent: &config::AgentConfig| {
        let team = agent.team.as_deref().map(Into::into);
        let rank = agent.rank.unwrap_or(u16::MAX);
        (agent.id.clone(), acd::AgentSettings { skills: levels(&agent.skills), team, rank, weight: agent.weight })
    };
    let queue = |queue: &config::QueueConfig| (queue.id.clone(), queue_settings(queue));
    acd::AcdSettings {
        agents: config.agents.values().map(agent).collect(),
        queues: config.queues.values().map(queue).collect(),
        limits: rule.limits,
        ring_limit: rule.cadence.period() * rule.max_rings,
    }
}

/// Skills of the configuration in the ACD's words.
pub fn levels(skills: &BTreeMap<String, u8>) -> acd::Levels {
    skills.iter().map(|(skill, level)| (acd::Skill::new(skill), *level)).collect()
}

fn queue_settings(queue: &config::QueueConfig) -> acd::QueueSettings {
    let group = |who: &config::WhoElse| match who {
        config::WhoElse::Team(team) => acd::Group::Team(team.as_str().into()),
        config::WhoElse::Skill(skill) => acd::Group::Skill(acd::Skill::new(skill)),
    };
    let step = |step: &config::Widening| acd::Widening {
        after: step.after,
        skills: step.skills.as_ref().map(levels),
        add: step.add.as_ref().map(group),
    };
    acd::QueueSettings {
        skills: levels(&queue.skills),
        strategy: queue.strategy,
        ring_at_once: queue.ring_at_once,
        ring_step: queue.ring_step,
        wrap_up: queue.wrap_up,
        wrap_up_kind: queue.wrap_up_kind,
        widen: queue.widen.iter().map(step).collect(),
        ageing: queue.ageing,
        weight: queue.weight,
        capacity: queue.capacity,
        join: queue.join,
        max_wait: queue.max_wait,
        preferred_wait: queue.preferred.map(|rule| rule.wait),
    }
}
