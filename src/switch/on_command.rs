//! What people and programs order: agents' states, reload, drain; and what they ask.

use super::errand::{Granted, Refused};
use super::input::{Command, RequestId, RequestedState};
use super::output::{Detail, Output, Reply};
use super::{Key, Switch, changes::changes, directory};
use crate::acd::{self, Reason, WrapUpKind};
use crate::base::{AgentId, CallId, Duration, Instant};
use crate::call::record::{BegunBy, ReleasedBy};
use crate::call::{Ending, Order};
use crate::config::{Config, NO_REASON};
use std::sync::Arc;

impl Switch {
    pub(super) fn on_command(&mut self, id: RequestId, command: Command, now: Instant) {
        let reply = match command {
            Command::Snapshot => Reply::Snapshot(Box::new(self.snapshot(now))),
            Command::SetAgentState { agent, state, reason } => self.set_agent_state(&agent, state, reason.as_deref(), now),
            Command::PauseRecording { call, by, why } => self.granted(call, |switch| switch.pause_recording(call, &by, &why, now)),
            Command::ResumeRecording { call, by } => self.granted(call, |switch| switch.resume_recording(call, &by, now)),
            Command::BeginCopy { call, server } => self.granted(call, |switch| switch.begin_copy(call, server.as_deref(), now)),
            Command::EndCopy { call, by } => self.granted(call, |switch| switch.end_copy(call, &by, now)),
            Command::BeginScript { call, script } => self.begin_script(call, &script, BegunBy::Desk, now),
            Command::EndScript { call } => self.script_helped(call, now),
            Command::Parties { call, order } => self.order_parties(call, order, now),
            Command::Messages { in_box, new } => Reply::Messages(self.message_views(in_box.as_ref(), new)),
            Command::MessageHeard { call, by } => self.message_heard(call, &by, now),
            Command::CallBacks => Reply::CallBacks(self.call_back_views()),
            Command::TakeCallBack { id, agent } => self.take_call_back(id, &agent, now),
            Command::DropCallBack { id } => self.drop_call_back(id, now),
            Command::Reload(config) => self.reload(config, now),
            Command::Unblock { source } => self.unblock(source.as_deref()),
            Command::Drain { limit } => self.drain(limit, now),
            Command::Shutdown => {
                self.drain(Duration::ZERO, now);
                self.on_drain_timeout(now);
                Reply::Done
            }
        };
        self.out.push(Output::Reply { id, reply });
    }

    fn granted(&mut self, call: CallId, order: impl FnOnce(&mut Self) -> Granted) -> Reply {
        if !self.slots.contains_key(&call) {
            return Reply::UnknownCall;
        }
        match order(self) {
            Ok(()) => Reply::Done,
            Err(Refused { why, .. }) => Reply::Refused(why),
        }
    }

    fn set_agent_state(&mut self, agent: &AgentId, state: RequestedState, reason: Option<&str>, now: Instant) -> Reply {
        if !self.config.agents.contains_key(agent) {
            return Reply::UnknownAgent;
        }
        if let Some(reason) = reason.filter(|reason| !self.config.known_reasons().any(|known| known == *reason)) {
            tracing::debug!(%agent, reason, "a reason that the configuration does not have");
            return Reply::UnknownReason { known: self.config.known_reasons().map(str::to_owned).collect() };
        }
        let agent = agent.clone();
        match state {
            RequestedState::Offline => self.tell_acd(acd::Event::LoggedOff { agent }, now),
            RequestedState::Ready | RequestedState::NotReady if !self.directory.contacts.contains_key(&agent) => {
                return Reply::Refused(format!("no phone of agent {agent} is registered"));
            }
            RequestedState::Ready if self.is_in_mandatory_wrap_up(&agent) => {
                return Reply::Refused(format!("agent {agent} is at work after a call, which may not be cut short"));
            }
            RequestedState::Ready => {
                self.tell_acd(acd::Event::LoggedOn { agent: agent.clone() }, now);
                self.tell_acd(acd::Event::MadeReady { agent }, now);
            }
            RequestedState::NotReady => {
                self.tell_acd(acd::Event::LoggedOn { agent: agent.clone() }, now);
                let reason = Reason::asked(reason.unwrap_or(NO_REASON));
                self.tell_acd(acd::Event::MadeNotReady { agent, reason }, now);
            }
        }
        Reply::Done
    }

    fn is_in_mandatory_wrap_up(&self, agent: &AgentId) -> bool {
        let wrap_up = self.acd.agent(agent.as_str()).and_then(|agent| agent.wrap_up);
        wrap_up.is_some_and(|(kind, _)| kind == WrapUpKind::Mandatory)
    }

    fn unblock(&mut self, source: Option<&str>) -> Reply {
        let mut ordered = Vec::new();
        let sources = self.endpoint.release_blocked(source, &mut ordered);
        self.touched.insert(Key::Endpoint);
        self.work.extend(ordered.into_iter().map(super::Work::Sip));
        Reply::Unblocked { sources }
    }

    /// The new configuration, whole and at once; calls, registrations and agents' states are kept.
    fn reload(&mut self, config: Arc<Config>, now: Instant) -> Reply {
        let mut changes = changes(&self.config, &config);
        let folders = |config: &Config| (config.storage.data.clone(), config.storage.recordings.clone());
        if self.config.sip.listen != config.sip.listen || self.config.http != config.http || folders(&self.config) != folders(&config) {
            changes.push("listening addresses and storage folders take effect at the next start".to_owned());
        }
        // Whether the servers that are named now take copies is to be seen.
        if self.config.recording_servers != config.recording_servers {
            self.copies.alarm = None;
        }
        let gone: Vec<AgentId> = self.config.agents.keys().filter(|id| !config.agents.contains_key(*id)).cloned().collect();
        self.config = config;
        let mut ordered = Vec::new();
        self.endpoint.reconfigure(directory::sip_settings(&self.config, &self.surroundings, &self.hosts));
        self.acd.configure(directory::acd_settings(&self.config), now, &mut ordered);
        self.work.extend(ordered.into_iter().map(super::Work::Acd));
        for agent in gone {
            self.directory.contacts.remove(&agent);
            self.directory.flows.remove(&agent);
        }
        self.light_lamps(now);
        self.tell_presences(now);
        self.forget_carriers();
        self.touched.extend([Key::Acd, Key::Endpoint]);
        tracing::info!(changes = changes.len(), "configuration reloaded");
        let count = i64::try_from(changes.len()).unwrap_or(i64::MAX);
        self.publish("config.reloaded", None, now, vec![("changes", Detail::Number(count))]);
        Reply::Reloaded { changes }
    }

    fn drain(&mut self, limit: Duration, now: Instant) -> Reply {
        tracing::info!(calls = self.slots.len(), ?limit, "draining");
        self.draining = true;
        self.drain_call_backs(now);
        self.drain_until = Some(now + limit);
        self.touched.insert(Key::Drain);
        Reply::Done
    }

    pub(super) fn on_drain_timeout(&mut self, now: Instant) {
        self.drain_until = None;
        for call in self.slots.keys().copied().collect::<Vec<CallId>>() {
            let cause = "the switch is shutting down".to_owned();
            let ending = Ending { by: ReleasedBy::Switch, outcome: None, code: 503, retry_after: Some(30), cause };
            self.order(call, Order::Release(ending), now);
        }
        self.sessions_end(now);
    }
}
