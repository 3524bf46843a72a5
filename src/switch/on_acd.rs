//! What the ACD says: an agent is to be rung for a caller, or no longer; a caller is to be entertained; an agent's state changed.

use super::directory::Role;
use super::offer::Offer;
use super::output::{DecisionRecord, Detail, Output};
use super::overflow::Why;
use super::{Event, Key, Switch};
use crate::acd::{Action, Decision, OfferResult, Reason, StateName};
use crate::base::{AgentId, CallId, Instant};
use crate::call::record::OfferOutcome;
use crate::call::{self, Order};
use crate::sip::{self, Callee};

impl Switch {
    pub(super) fn on_acd(&mut self, action: Action, now: Instant) {
        match action {
            Action::Offer { call, agent, .. } => self.offer_to(call, agent, now),
            Action::Withdraw { call, agent } => self.withdraw_from(call, &agent, now),
            Action::KeepWaiting { call, .. } if self.nobody_took(call, now) => {}
            Action::KeepWaiting { call, .. } => self.welcome(call, now),
            Action::Refuse { call, .. } if self.call_back_refused(call, now) => {}
            Action::Refuse { call, queue, why } => self.overflow(call, queue, why.into(), now),
            Action::Expired { call, queue } => self.overflow(call, queue, Why::Expired, now),
            Action::Decided(decision) => self.decided(*decision, now),
            Action::StateChanged { agent, from, to, reason } => self.agent_changed(agent, from, to, reason.as_ref(), now),
        }
    }

    /// Written down, so that it can be asked why.
    fn decided(&mut self, decision: Decision, now: Instant) {
        tracing::debug!(?decision, "choice of an agent");
        let at = self.at_of(decision.call, now);
        let Some(slot) = self.slots.get_mut(&decision.call) else { return };
        let number = slot.decisions;
        slot.decisions += 1;
        self.touched.insert(Key::Slot(decision.call));
        self.out.push(Output::StoreDecision(Box::new(DecisionRecord::new(decision, number, at))));
    }

    fn offer_to(&mut self, call: CallId, agent: AgentId, now: Instant) {
        if self.agent_for_call_back(call, now) {
            return;
        }
        let Some(slot) = self.slots.get(&call) else { return };
        let place = if slot.call.has_caller() { call::Place::Callee } else { call::Place::Caller };
        let Some(local) = self.directory.flows.get(&agent).map(|flow| flow.local.ip()) else {
            // Logged in by code or API, but no phone of his is registered.
            return self.tell_acd(crate::acd::Event::OfferEnded { agent, call, result: OfferResult::Unreachable }, now);
        };
        let from = slot.from.clone();
        let leg = self.new_leg();
        self.add_leg(call, leg);
        if let Some(slot) = self.slots.get_mut(&call) {
            slot.offers.insert(leg, Offer::new(agent.clone()));
        }
        self.directory.takes_part(&agent, call, Role::Offered);
        let callee = Callee::Account(agent.clone());
        let protection = self.protection_of(leg, &callee);
        let codecs = self.codecs_of(&callee);
        let offer = call::Offer { leg, callee, agent: Some(agent), from, local, early_media: false, place, protection, codecs };
        self.order(call, Order::Offer(offer), now);
    }

    /// The ACD has settled its books already. Where another has answered, the call has told the phone so by itself.
    pub(super) fn withdraw_from(&mut self, call: CallId, agent: &AgentId, now: Instant) {
        let Some((leg, is_taken)) = self.slots.get(&call).and_then(|slot| Some((slot.ringing(agent)?, slot.call.is_connected()))) else {
            return;
        };
        let reason = sip::Reason { cause: 487, text: "call withdrawn".to_owned() };
        self.order(call, Order::WithdrawOffer { leg, reason }, now);
        let outcome = if is_taken { OfferOutcome::Elsewhere } else { OfferOutcome::Withdrawn };
        if let Some(offer) = self.close_offer(call, leg, outcome, now) {
            self.publish_offer_ended(call, &offer, outcome, now);
        }
    }

    fn agent_changed(&mut self, agent: AgentId, from: StateName, to: StateName, reason: Option<&Reason>, now: Instant) {
        tracing::info!(%agent, %from, %to, reason = reason.map(Reason::as_str), "agent state");
        let at = self.at(now);
        let name = match to {
            StateName::Offline => "agent.logged_off",
            StateName::Ready => "agent.ready",
            StateName::Reserved => "agent.reserved",
            StateName::Ringing => "agent.ringing",
            StateName::Talking => "agent.busy",
            StateName::WrapUp => "agent.working_after_call",
            StateName::NotReady => "agent.not_ready",
        };
        let mut detail = vec![("from", Detail::Text(from.as_str().to_owned())), ("state", Detail::Text(to.as_str().to_owned()))];
        detail.extend(reason.map(|reason| ("reason", Detail::Text(reason.as_str().to_owned()))));
        let snapshot = self.acd.agent(agent.as_str());
        if let Some((kind, until)) = snapshot.as_ref().and_then(|agent| agent.wrap_up).filter(|_| to == StateName::WrapUp) {
            let seconds = i64::try_from(until.saturating_since(now).as_secs()).unwrap_or(i64::MAX);
            detail.extend([("kind", Detail::Text(kind.as_str().to_owned())), ("seconds", Detail::Number(seconds))]);
        }
        let call = snapshot.and_then(|agent| agent.call);
        let event = |name, detail| Output::Event(Event { at, name, call, agent: Some(agent.clone()), queue: None, detail });
        if from == StateName::Offline {
            self.out.push(event("agent.logged_on", Vec::new()));
        }
        self.out.push(event(name, detail));
        self.touched.insert(Key::Acd);
        self.tell_presence(&agent, now);
        self.deliver_messages(&agent, now);
    }
}
