//! What the SIP endpoint says: calls that come in are routed, everything on a known leg is told to its call, registrations to the ACD.

use super::admit::supervision_code;
use super::directory::Role;
use super::output::{Detail, Output};
use super::routing::{FeatureCode, Routed, route};
use super::slot::{Purpose, Slot};
use super::{Key, Switch, Work};
use crate::acd;
use crate::base::{AgentId, CallId, ClipId, Instant, LegId, Redacted, SessionId};
use crate::call::record::{CallDirection, CallRecord, Outcome, ReleasedBy};
use crate::call::{Arrival, Call, Event as CallEvent, MediaPolicy, Order};
use crate::config::Login;
use crate::sdp;
use crate::sip::guard::Change;
use crate::sip::{self, Command, Event, Flow, Origin};
use std::net::IpAddr;

/// Seconds after which a caller who was refused for want of room may try again.
const RETRY_AFTER: u32 = 10;

/// What a feature code's caller hears when it is done.
const CODE_ACCEPTED: &str = "thanks";

pub(super) struct Invitation {
    pub leg: LegId,
    pub origin: Origin,
    from: sip::Party,
    pub called: String,
    pub flow: Flow,
    pub sdp: Option<Vec<u8>>,
    pub diverted: Vec<sip::Diverted>,
}

impl Switch {
    pub(super) fn on_received(&mut self, received: sip::Received, now: Instant) {
        let mut ordered = Vec::new();
        self.endpoint.receive(received, now, &mut ordered);
        self.touched.insert(Key::Endpoint);
        self.work.extend(ordered.into_iter().map(Work::Sip));
    }

    pub(super) fn on_sip(&mut self, output: sip::Output, now: Instant) {
        match output {
            sip::Output::Send { flow, bytes } => self.out.push(Output::SendSip { flow, bytes }),
            sip::Output::Expect { flow, name } => self.out.push(Output::ExpectSip { flow, name }),
            sip::Output::Close { flow } => self.out.push(Output::CloseSip { flow }),
            sip::Output::Trust { flow } => self.out.push(Output::TrustSip { flow }),
            sip::Output::Event(event) => self.on_sip_event(event, now),
        }
    }

    fn on_sip_event(&mut self, event: Event, now: Instant) {
        let Some(event) = self.copy_heard(event, now) else { return };
        let Some(event) = self.session_heard(event, now) else { return };
        let (leg, event) = match event {
            Event::Referred { refer, target, .. } => return self.referred(refer, &target, now),
            Event::Invited { leg, origin, from, called, flow, sdp, replaces, diverted, recording, call_id } => {
                let invitation = Invitation { leg, origin, from, called, flow, sdp, diverted };
                if let Some(metadata) = recording {
                    return self.session_offered(invitation, metadata, call_id, now);
                }
                return match replaces {
                    Some(target) => self.replaces(invitation, target, now),
                    None => self.invited(invitation, now),
                };
            }
            Event::Registered { agent, contacts, flow } => return self.registered(agent, contacts, flow, now),
            Event::Unregistered { agent, contacts } => return self.unregistered(agent, contacts, now),
            Event::PhoneTlsFailed { agent, flow, why } => return self.phone_tls_failed(agent, flow, why, now),
            Event::TrunkRegistered { trunk, flow, .. } => return self.trunk_registered(&trunk, flow, now),
            Event::TrunkUnregistered { trunk, cause } => return self.trunk_unregistered(&trunk, cause, now),
            Event::TrunkUp { trunk, flow } => return self.trunk_stands(&trunk, flow, None, now),
            Event::TrunkDown { trunk, flow, cause } => return self.trunk_stands(&trunk, flow, Some(cause), now),
            Event::TextCame { from, to, bytes } => {
                let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
                return self.text("text.sent", from, &to, ("bytes", bytes), now);
            }
            Event::TextEnded { from, to, code } => {
                let name = if code < 300 { "text.delivered" } else { "text.refused" };
                return self.text(name, from, &to, ("code", i64::from(code)), now);
            }
            Event::Source(change) => return self.source_changed(&change, now),
            Event::Ringing { leg, sdp, .. } => (leg, CallEvent::Ringing { leg, sdp }),
            Event::Answered { leg, sdp, flow, .. } => (leg, CallEvent::Answered { leg, sdp, peer: flow.peer.ip() }),
            Event::Failed { leg, failure } => (leg, CallEvent::Failed { leg, failure }),
            Event::Acked { leg, sdp } => (leg, CallEvent::Acked { leg, sdp }),
            Event::Reoffered { leg, sdp } => (leg, CallEvent::Reoffered { leg, sdp }),
            Event::ReofferAnswered { leg, sdp } => (leg, CallEvent::ReofferAnswered { leg, sdp }),
            // The old description stays in force (RFC 3261 §14.1).
            Event::ReofferFailed { .. } | Event::Described { .. } | Event::SnapshotAsked { .. } => return,
            Event::Digit { leg, digit, .. } => (leg, CallEvent::Digit { leg, digit }),
            Event::Released { leg, cause } => (leg, CallEvent::Released { leg, cause }),
        };
        if let Some(call) = self.calls_of_legs.get(&leg).copied() {
            if let CallEvent::Answered { sdp, .. } | CallEvent::Acked { sdp, .. } | CallEvent::Reoffered { sdp, .. } = &event {
                self.note_preference(call, leg, sdp.as_deref(), now);
            }
            self.tell_call(call, event, now);
        }
    }

    /// What an agent writes to another is told without its text.
    fn text(&mut self, name: &'static str, from: AgentId, to: &AgentId, (what, number): (&'static str, i64), now: Instant) {
        let detail = vec![("to", Detail::Text(to.to_string())), (what, Detail::Number(number))];
        let at = self.at(now);
        self.out.push(Output::Event(super::Event { at, name, call: None, agent: Some(from), queue: None, detail }));
    }

    /// He is passed over like one whose phone is gone; the operator is told why.
    fn phone_tls_failed(&mut self, agent: AgentId, flow: Flow, why: String, now: Instant) {
        tracing::warn!(%agent, peer = %flow.peer, why, "an agent's phone cannot be called over TLS");
        let detail = vec![("address", Detail::Text(flow.peer.to_string())), ("why", Detail::Text(why))];
        let at = self.at(now);
        self.out.push(Output::Event(super::Event { at, name: "phone.tls_failed", call: None, agent: Some(agent), queue: None, detail }));
    }

    fn source_changed(&mut self, change: &Change, now: Instant) {
        match change {
            Change::Blocked(blocked) => {
                let seconds = i64::try_from((blocked.until - blocked.since).as_secs()).unwrap_or(i64::MAX);
                tracing::warn!(source = %blocked.source, seconds, times = blocked.times, "wrong passwords: a source is blocked");
                let source = ("source", Detail::Text(blocked.source.to_string()));
                let detail = vec![source, ("seconds", Detail::Number(seconds)), ("times", Detail::Number(i64::from(blocked.times)))];
                self.publish("source.blocked", None, now, detail);
            }
            Change::Released(source) => {
                tracing::info!(%source, "a source is heard again");
                self.publish("source.released", None, now, vec![("source", Detail::Text(source.to_string()))]);
            }
        }
    }

    pub(super) fn refuse(&mut self, leg: LegId, code: u16, retry_after: Option<u32>, now: Instant) {
        self.tell_sip(Command::Release { leg, code, reason: None, retry_after }, now);
    }

    fn invited(&mut self, invitation: Invitation, now: Instant) {
        if self.draining || self.directory.closed || self.store_blocked {
            return self.refuse(invitation.leg, 503, Some(RETRY_AFTER), now);
        }
        if let (Origin::Account(_), Some((place, extension))) = (&invitation.origin, supervision_code(&invitation.called)) {
            let extension = extension.to_owned();
            return self.supervise_by_phone(invitation, place, &extension, now);
        }
        let caller_agent = match &invitation.origin {
            Origin::Account(agent) => Some(agent.clone()),
            Origin::Trunk(_) => None,
        };
        let routed = route(&self.config, &invitation.called, &invitation.origin, self.at(now));
        let full = matches!(&invitation.origin, Origin::Trunk(trunk) if !self.has_channel(trunk));
        if let Routed::Feature(agent, FeatureCode::NextCallBack) = &routed {
            let agent = agent.clone();
            return self.call_next_on_list(invitation, &agent, now);
        }
        let code = if let Routed::Feature(agent, code) = &routed { Some((agent.clone(), code.clone())) } else { None };
        let mut asks = acd::Levels::new();
        let purpose = match routed {
            _ if full => Err((503, Outcome::Refused)),
            Routed::Feature(..) => Ok((Purpose::Play { clips: vec![ClipId::new(CODE_ACCEPTED)], turned: None }, CallDirection::Internal)),
            Routed::Listen(agent, named) => self.to_messages(&agent, named.as_deref()),
            Routed::Replay(agent, dialled) => Ok(self.to_recording(&agent, dialled)),
            Routed::To(to, asked) => {
                asks = asked;
                self.purpose_of(&to, &invitation.called, caller_agent.as_ref())
            }
            Routed::Nowhere => Err((404, Outcome::Unreachable)),
        };
        let direction = match (&invitation.origin, &purpose) {
            (Origin::Trunk(_), _) => CallDirection::Inbound,
            (Origin::Account(_), Ok((_, CallDirection::Outbound))) => CallDirection::Outbound,
            (Origin::Account(_), _) => CallDirection::Internal,
        };
        let record = self.new_record(&invitation, direction, caller_agent.clone(), now);
        tracing::info!(call = %record.id, caller = %Redacted(&record.caller), called = %record.called, direction = direction.name(), "call arrived");
        match purpose {
            Ok((purpose, _)) => {
                let call = record.id;
                self.arrive(invitation, purpose, caller_agent, record, now);
                if let Some(slot) = self.slots.get_mut(&call) {
                    slot.asks = asks;
                }
                // Only now, when he is known to be in this call: made ready before, he would be offered a caller in the middle of it.
                if let Some((agent, code)) = code {
                    self.obey(&agent, code, now);
                }
            }
            Err((code, outcome)) => self.arrive_refused(invitation.leg, code, outcome, record, now),
        }
    }

    pub(super) fn new_record(
        &mut self,
        invitation: &Invitation,
        direction: CallDirection,
        agent: Option<AgentId>,
        now: Instant,
    ) -> CallRecord {
        let at = self.at(now);
        let id = CallId::new(at, &mut self.rng);
        let trunk = match &invitation.origin {
            Origin::Trunk(trunk) => Some(trunk.clone()),
            Origin::Account(_) => None,
        };
        let diverted = invitation.diverted.clone();
        CallRecord { trunk, agent, diverted, ..CallRecord::new(id, direction, invitation.from.user.clone(), invitation.called.clone(), at) }
    }

    /// Where we hear who signals over `flow` and offers this: where he signals to, unless he can be heard in the other address family alone
    /// (RFC 6157 §4.1: a dual-stack phone signals by one and speaks by another).
    pub(super) fn hears_at(&self, flow: Flow, offer: Option<&[u8]>) -> IpAddr {
        let ours = flow.local.ip();
        let other: &[u8] = if ours.is_ipv4() { b"IP6" } else { b"IP4" };
        let Some(offer) = offer.filter(|offer| offer.windows(other.len()).any(|word| word == other)) else { return ours };
        let offered = sdp::addresses(offer);
        if offered.is_empty() || offered.iter().any(|ip| ip.is_unspecified() || ip.is_ipv4() == ours.is_ipv4()) {
            return ours;
        }
        let listening = || self.surroundings.listen.iter().map(|(_, local)| local.ip()).filter(|ip| ip.is_ipv4() != ours.is_ipv4());
        let beside = listening().find(|ip| ip.is_loopback() == offered[0].is_loopback());
        beside.or_else(|| listening().next()).unwrap_or(ours)
    }

    pub(super) fn arrive(
        &mut self,
        invitation: Invitation,
        purpose: Purpose,
        caller_agent: Option<AgentId>,
        record: CallRecord,
        now: Instant,
    ) {
        let Invitation { leg, mut from, flow, sdp, diverted, .. } = invitation;
        let trunk = record.trunk.clone();
        if let Some(agent) = &caller_agent {
            from.display = self.config.agents.get(agent.as_str()).map(|agent| agent.name.clone());
        }
        self.next_session += 1;
        let session = SessionId(self.next_session);
        let call = record.id;
        let protection = self.protection(leg, caller_agent.as_ref(), trunk.as_ref());
        let local = self.hears_at(flow, sdp.as_deref());
        let arrival = Arrival { call, session, leg, sdp: sdp.clone(), protection, local, peer: flow.peer.ip(), record };
        let codecs = self.codecs(caller_agent.as_ref(), trunk.as_ref());
        let policy = MediaPolicy { codecs, rtp_timeout: self.config.media.rtp_timeout };
        let mut ordered = Vec::new();
        let machine = Call::arrive(arrival, policy, self.wall, now, &mut ordered);
        let mut slot = Slot::new(machine, purpose, from, &self.config.rules);
        slot.diverted = diverted;
        if let Purpose::Queue(queue) = &slot.purpose {
            let queue = queue.clone();
            let record = slot.call.record_mut();
            record.queue = Some(queue);
            // An agent who calls a queue is its caller; who speaks with him is not known yet.
            record.agent = None;
        }
        slot.caller_agent.clone_from(&caller_agent);
        self.slots.insert(call, Box::new(slot));
        self.add_leg(call, leg);
        if let Some(trunk) = trunk {
            self.carriers.take(leg, &trunk);
        }
        self.calls_of_sessions.insert(session, call);
        if self.config.rules.conference_outlives_caller {
            self.order(call, Order::OutliveCaller, now);
        }
        self.touched.insert(Key::Slot(call));
        if let Some(agent) = caller_agent {
            self.engage(agent, call, Role::Caller, now);
        }
        self.work.extend(ordered.into_iter().map(|action| Work::Call(call, action)));
        let detail = vec![("called", Detail::Text(self.slots[&call].call.record().called.clone()))];
        self.publish("call.arrived", Some(call), now, detail);
        self.note_preference(call, leg, sdp.as_deref(), now);
    }

    /// A call that goes nowhere is on record too.
    pub(super) fn arrive_refused(&mut self, leg: LegId, code: u16, outcome: Outcome, mut record: CallRecord, now: Instant) {
        record.released_at = Some(record.arrived_at);
        record.released_by = Some(ReleasedBy::Switch);
        record.outcome = Some(outcome);
        record.release_cause = Some(format!("{code} {}", sip::msg::message::reason_phrase(code)));
        self.refuse(leg, code, (code == 503).then_some(RETRY_AFTER), now);
        self.publish_over(&record, now);
        self.store(record);
    }

    /// The release of a call that is over with its arrival.
    pub(super) fn publish_over(&mut self, record: &CallRecord, now: Instant) {
        let outcome = record.outcome.map_or("", Outcome::name);
        let cause = record.release_cause.clone().unwrap_or_default();
        let detail = vec![("outcome", Detail::Text(outcome.to_owned())), ("cause", Detail::Text(cause))];
        let at = self.at(now);
        self.out.push(Output::Event(super::Event { at, name: "call.released", call: Some(record.id), agent: None, queue: None, detail }));
    }

    /// The agent is in a call that no queue gave him, and is offered no other.
    pub(super) fn engage(&mut self, agent: AgentId, call: CallId, role: Role, now: Instant) {
        self.directory.takes_part(&agent, call, role);
        self.tell_acd(acd::Event::Engaged { agent, call }, now);
    }

    pub(super) fn disengage(&mut self, agent: &AgentId, call: CallId, role: Role, now: Instant) {
        self.directory.leaves(agent, call, role);
        self.tell_acd(acd::Event::Disengaged { agent: agent.clone(), call }, now);
    }

    fn registered(&mut self, agent: AgentId, contacts: usize, flow: Flow, now: Instant) {
        let before = self.directory.is_at(&agent, contacts, flow);
        self.tell_acd(acd::Event::Reachable { agent: agent.clone() }, now);
        let Some(config) = self.config.agents.get(&agent) else { return };
        if before == 0 {
            tracing::info!(agent = %agent, "phone registered");
            if config.login == Login::OnRegister {
                self.tell_acd(acd::Event::LoggedOn { agent: agent.clone() }, now);
                self.tell_acd(acd::Event::MadeReady { agent }, now);
            }
        }
    }

    fn unregistered(&mut self, agent: AgentId, contacts: usize, now: Instant) {
        if contacts > 0 {
            self.directory.contacts.insert(agent, contacts);
            return;
        }
        tracing::info!(agent = %agent, "last phone unregistered");
        self.directory.contacts.remove(&agent);
        self.directory.flows.remove(&agent);
        self.tell_acd(acd::Event::LoggedOff { agent }, now);
    }

    /// A feature code, dialled or pressed.
    pub(super) fn obey(&mut self, agent: &AgentId, code: FeatureCode, now: Instant) {
        let agent = agent.clone();
        let not_ready = |reason: &str| acd::Event::MadeNotReady { agent: agent.clone(), reason: acd::Reason::asked(reason) };
        match code {
            FeatureCode::LogIn => {
                self.tell_acd(acd::Event::LoggedOn { agent: agent.clone() }, now);
                self.tell_acd(acd::Event::MadeReady { agent }, now);
            }
            FeatureCode::LogOut => self.tell_acd(acd::Event::LoggedOff { agent }, now),
            FeatureCode::Ready => self.tell_acd(acd::Event::MadeReady { agent }, now),
            FeatureCode::NotReady(reason) => self.tell_acd(not_ready(&reason), now),
            // A call of its own: dialled, not obeyed.
            FeatureCode::NextCallBack => {}
        }
    }
}
