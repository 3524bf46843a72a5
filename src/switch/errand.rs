//! Somebody who is called for a place in a call that stands: transferred to, asked, added to a conference, sent to supervise.

use super::Switch;
use super::carriers::all_channels_taken;
use super::directory::Role;
use super::output::Detail;
use super::routing::{Routed, route};
use super::slot::{PARTY_RINGS_FOR, Purpose};
use crate::acd::Levels;
use crate::base::limits::ERRANDS_PER_CALL_MAX;
use crate::base::{AgentId, CallId, Duration, Instant, LegId};
use crate::call::{self, Order, Part, Place, Side};
use crate::config::Destination;
use crate::media::control::Background;
use crate::sip::{Callee, Command, Failure, Origin, Reason, ReferId};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::net::IpAddr;

#[derive(Debug, Serialize, Deserialize)]
pub struct Errand {
    pub kind: Kind,
    /// Whose phone is called, if an agent's.
    pub agent: Option<AgentId>,
    /// The number, as it was asked for.
    pub number: String,
    /// Ways that are still to be tried: the callee, and our address towards him.
    ways: VecDeque<(Callee, IpAddr)>,
    rings_for: Duration,
    /// Set with the first INVITE.
    pub give_up_at: Option<Instant>,
    /// When the next way is tried, should nothing ring by this one.
    #[serde(default)]
    pub next_at: Option<Instant>,
    /// Who wants to hear how it goes.
    pub refer: Option<ReferId>,
    /// The agent who asked for it.
    pub by: Option<AgentId>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Kind {
    Transfer,
    /// He who transferred is called back: it came to nothing.
    Recall,
    Consultation,
    /// The agent's superior is asked, and told beforehand whose call it is.
    Escalation,
    Conference,
    /// Listening, whispering, barging in.
    Supervision(Part),
    /// A supervisor is to speak with the caller in the agent's place.
    TakeOver,
}

impl Errand {
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        [self.give_up_at, self.next_at].into_iter().flatten().min()
    }

    /// Told to who asked for it by a REFER.
    #[must_use]
    pub fn referred_by(self, refer: Option<ReferId>) -> Self {
        Self { refer, ..self }
    }

    /// One that another call had sent, and this one has from it: a phone that rings.
    #[must_use]
    pub fn taken_over(agent: Option<AgentId>, rings_for: Duration, refer: ReferId, by: Option<AgentId>, now: Instant) -> Self {
        let number = agent.as_ref().map(ToString::to_string).unwrap_or_default();
        let give_up_at = Some(now + rings_for);
        Self { kind: Kind::Transfer, agent, number, ways: VecDeque::new(), rings_for, give_up_at, next_at: None, refer: Some(refer), by }
    }
}

impl Kind {
    #[must_use]
    pub const fn place(self) -> Place {
        match self {
            Self::Transfer | Self::Recall | Self::TakeOver => Place::Callee,
            Self::Consultation | Self::Escalation => Place::Beside(Part::Consulted),
            Self::Conference => Place::Beside(Part::Conferee),
            Self::Supervision(part) => Place::Beside(part),
        }
    }

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Transfer => "transfer",
            Self::Recall => "recall",
            Self::Consultation => "consultation",
            Self::Escalation => "escalation",
            Self::Conference => "conference",
            Self::Supervision(Part::Whispering) => "whisper",
            Self::Supervision(Part::BargingIn) => "barge-in",
            Self::Supervision(_) => "listen",
            Self::TakeOver => "take-over",
        }
    }

    /// Whether the caller waits while somebody is called.
    const fn leaves_caller_waiting(self) -> bool {
        matches!(self, Self::Transfer | Self::Consultation | Self::Escalation)
    }
}

/// Why nobody is called: the SIP status that says so, and a sentence.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refused {
    pub code: u16,
    pub why: String,
}

/// Whether an order about the parties of a call is carried out; if not, why.
pub type Granted = Result<(), Refused>;

pub fn refused(code: u16, why: impl Into<String>) -> Refused {
    Refused { code, why: why.into() }
}

/// Where a number leads that is to have a place in a call.
pub enum Aim {
    /// The caller goes there himself: to wait, or to something that speaks to him; with what the number asks for besides a queue.
    Caller(Destination, Levels),
    /// A phone is called.
    Phone(Errand),
}

impl Switch {
    /// Where `number` leads when `by` dials it for somebody else.
    pub(super) fn aim(&self, number: &str, by: Option<&AgentId>, kind: Kind, now: Instant) -> Result<Aim, Refused> {
        let by = by.cloned();
        let origin = Origin::Account(by.clone().unwrap_or_else(|| AgentId::new("")));
        let (purpose, number) = match route(&self.config, number, &origin, self.at(now)) {
            Routed::To(Destination::Agent(agent), asks) if self.is_in_meeting(&agent) => {
                // The caller is asked for a word; where there is no place for it, he stays with who has him.
                let has_box = self.box_of(&agent).is_some();
                let to = has_box.then_some(Aim::Caller(Destination::Agent(agent), asks));
                return to.ok_or_else(|| refused(480, format!("{number} is in a meeting")));
            }
            Routed::To(Destination::Agent(agent), _) => (self.to_agent(agent, by.as_ref()), number.to_owned()),
            Routed::To(Destination::Trunk(trunk), _) => {
                let number = trunk.number.unwrap_or_else(|| number.to_owned());
                (self.to_trunks(&trunk.trunks, &number), number)
            }
            Routed::To(Destination::Reject(code), _) => return Err(refused(code, format!("{number} is not to be called"))),
            Routed::Feature(..) | Routed::Listen(..) | Routed::Replay(..) => {
                return Err(refused(404, format!("{number} is a code, and nobody to call")));
            }
            Routed::Nowhere | Routed::To(Destination::DialledAgent, _) => return Err(refused(404, format!("no route has {number}"))),
            Routed::To(to, asks) => return Ok(Aim::Caller(to, asks)),
        };
        match purpose {
            Ok((Purpose::Party(party), _)) => {
                let answer = &self.config.rules.answer;
                let rings_for = if party.agent.is_some() { answer.cadence.period() * answer.max_rings } else { PARTY_RINGS_FOR };
                let (agent, ways) = (party.agent, party.ways);
                Ok(Aim::Phone(Errand { kind, agent, number, ways, rings_for, give_up_at: None, next_at: None, refer: None, by }))
            }
            Ok(_) => Err(refused(404, format!("{number} is nobody to call"))),
            Err((code @ 486, _)) => Err(refused(code, format!("{number} is in a call"))),
            Err((code, _)) => Err(refused(code, format!("{number} cannot be reached"))),
        }
    }

    /// Calls somebody for a place in the call.
    pub(super) fn send(&mut self, call: CallId, errand: Errand, now: Instant) -> Result<(), Refused> {
        let Some(slot) = self.slots.get(&call).filter(|slot| slot.call.is_connected()) else {
            return Err(refused(481, "nobody speaks in that call"));
        };
        if slot.errands.len() >= ERRANDS_PER_CALL_MAX {
            return Err(refused(486, format!("{ERRANDS_PER_CALL_MAX} are being called already")));
        }
        let is_alone = |kind: Kind| kind.place() == Place::Callee || kind.leaves_caller_waiting();
        if is_alone(errand.kind)
            && (slot.call.beside(Part::Consulted).next().is_some() || slot.errands.values().any(|other| is_alone(other.kind)))
        {
            return Err(refused(491, "somebody is asked or called already"));
        }
        let detail = self.detail_of(&errand);
        if errand.kind.leaves_caller_waiting() {
            self.order(call, Order::TurnAside, now);
            let background = Background::Ringback(self.config.rules.answer.cadence);
            self.order(call, Order::SetBackground { side: Side::Callee, background }, now);
        }
        self.publish("party.called", Some(call), now, detail);
        self.try_way(call, errand, None, now);
        Ok(())
    }

    fn detail_of(&self, errand: &Errand) -> Vec<(&'static str, Detail)> {
        let mut detail = vec![("for", Detail::Text(errand.kind.name().to_owned())), ("number", Detail::Text(errand.number.clone()))];
        detail.extend(errand.by.as_ref().map(|by| ("by", Detail::Text(by.to_string()))));
        detail
    }

    /// `refusal`: what came of the way before this, which is what is told should no other be left.
    fn try_way(&mut self, call: CallId, mut errand: Errand, mut refusal: Option<Failure>, now: Instant) {
        let leg = self.new_leg();
        let (callee, local) = loop {
            match errand.ways.pop_front() {
                Some((callee, local)) if self.takes_channel(leg, &callee) => break (callee, local),
                Some(_) => refusal = refusal.or_else(|| Some(all_channels_taken())),
                None => return self.errand_failed(call, errand, &refusal.unwrap_or(Failure::Unreachable), now),
            }
        };
        let Some(slot) = self.slots.get(&call) else { return self.carriers.free(leg) };
        let (agent, place) = (errand.agent.clone(), errand.kind.place());
        errand.next_at = None;
        let from = self.shown_as(&slot.from, slot.caller_agent.as_ref(), &callee);
        if let Some(slot) = self.slots.get_mut(&call) {
            slot.errands.insert(leg, Box::new(errand));
        }
        self.add_leg(call, leg);
        if let Some(agent) = agent.clone() {
            self.engage(agent, call, Role::Beside, now);
        }
        let protection = self.protection_of(leg, &callee);
        let codecs = self.codecs_of(&callee);
        let offer = call::Offer { leg, callee, agent, from, local, early_media: false, place, protection, codecs };
        self.order(call, Order::Offer(offer), now);
    }

    pub(super) fn errand_sent(&mut self, call: CallId, leg: LegId, now: Instant) {
        let tried_for = self.carriers.trunk_of(leg).and_then(|trunk| self.config.trunks.get(trunk)?.try_for);
        if let Some(errand) = self.slots.get_mut(&call).and_then(|slot| slot.errands.get_mut(&leg)) {
            let rings_for = errand.rings_for;
            errand.give_up_at.get_or_insert(now + rings_for);
            errand.next_at = tried_for.map(|long| now + long);
            self.touched.insert(super::Key::Slot(call));
        }
    }

    pub(super) fn errand_rang(&mut self, call: CallId, leg: LegId, now: Instant) {
        let Some(errand) = self.slots.get_mut(&call).and_then(|slot| slot.errands.get_mut(&leg)) else { return };
        errand.next_at = None;
        self.touched.insert(super::Key::Slot(call));
        let (refer, agent) = (errand.refer, errand.agent.clone());
        self.tell_referrer(refer, 180, now);
        let detail = agent.map(|agent| ("agent", Detail::Text(agent.to_string()))).into_iter().collect();
        self.publish("call.delivered", Some(call), now, detail);
    }

    pub(super) fn tell_referrer(&mut self, refer: Option<ReferId>, status: u16, now: Instant) {
        if let Some(refer) = refer {
            self.tell_sip(Command::TellReferProgress { refer, status }, now);
        }
    }

    /// Nobody came of this way: another is tried where the far side was not there, not where it said no.
    pub(super) fn errand_refused(&mut self, call: CallId, leg: LegId, failure: &Failure, now: Instant) {
        let Some(errand) = self.take_errand(call, leg, now) else { return };
        let elsewhere = matches!(failure, Failure::Unreachable | Failure::Timeout | Failure::Status { code: 408 | 500..=599, .. });
        if elsewhere && !errand.ways.is_empty() {
            return self.try_way(call, errand, Some(failure.clone()), now);
        }
        self.errand_failed(call, errand, failure, now);
    }

    /// Off the books, and the agent whose phone it was is free.
    fn take_errand(&mut self, call: CallId, leg: LegId, now: Instant) -> Option<Errand> {
        let errand = self.slots.get_mut(&call)?.errands.remove(&leg)?;
        self.touched.insert(super::Key::Slot(call));
        self.remove_leg(call, leg);
        if let Some(agent) = &errand.agent {
            self.disengage(agent, call, Role::Beside, now);
        }
        Some(*errand)
    }

    pub(super) fn on_errands_due(&mut self, call: CallId, now: Instant) {
        let Some(slot) = self.slots.get(&call) else { return };
        let due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        let over: Vec<LegId> = slot.errands.iter().filter(|(_, errand)| due(errand.give_up_at)).map(|(leg, _)| *leg).collect();
        let silent = slot.errands.iter().filter(|(_, errand)| due(errand.next_at) && !due(errand.give_up_at));
        let silent: Vec<LegId> = silent.map(|(leg, _)| *leg).collect();
        for leg in over {
            self.withdraw_errand(call, leg, "no answer", now);
        }
        // No ringing is heard from the host that was tried.
        for leg in silent {
            self.order(call, Order::WithdrawOffer { leg, reason: Reason { cause: 408, text: "no answer in time".to_owned() } }, now);
            self.errand_refused(call, leg, &Failure::Timeout, now);
        }
    }

    /// Nobody is called for this call any more, and nothing follows from it.
    pub(super) fn recall_errands(&mut self, call: CallId, now: Instant) {
        let legs: Vec<LegId> = self.slots.get(&call).map(|slot| slot.errands.keys().copied().collect()).unwrap_or_default();
        for leg in legs {
            self.order(call, Order::WithdrawOffer { leg, reason: Reason { cause: 487, text: "not needed any more".to_owned() } }, now);
            self.take_errand(call, leg, now);
        }
    }

    /// The phone is called no longer.
    pub(super) fn withdraw_errand(&mut self, call: CallId, leg: LegId, why: &str, now: Instant) {
        self.order(call, Order::WithdrawOffer { leg, reason: Reason { cause: 408, text: why.to_owned() } }, now);
        if let Some(errand) = self.take_errand(call, leg, now) {
            let failure = Failure::Status { code: 480, reason: why.to_owned() };
            self.errand_failed(call, errand, &failure, now);
        }
    }

    /// Nobody came: the two are together again as they were, or who asked for it is called back.
    fn errand_failed(&mut self, call: CallId, errand: Errand, failure: &Failure, now: Instant) {
        let code = match failure {
            Failure::Status { code, .. } => *code,
            Failure::Unreachable | Failure::Moved { .. } => 480,
            Failure::Timeout => 408,
        };
        self.tell_referrer(errand.refer, code, now);
        let mut detail = self.detail_of(&errand);
        detail.push(("code", Detail::Number(code.into())));
        self.publish("party.not_reached", Some(call), now, detail);
        let Some(slot) = self.slots.get(&call) else { return };
        if slot.call.is_connected() {
            if errand.kind.leaves_caller_waiting() {
                self.turn_back_unless_held(call, now);
            }
        } else if slot.call.is_parted() && matches!(errand.kind.place(), Place::Callee | Place::Beside(Part::Consulted | Part::Conferee)) {
            self.nobody_took_over(call, errand, now);
        }
    }

    /// The agent speaks with the caller again.
    pub(super) fn turn_back(&mut self, call: CallId, now: Instant) {
        self.order(call, Order::SetBackground { side: Side::Callee, background: Background::None }, now);
        self.order(call, Order::TurnBack, now);
    }

    /// Whom he asked is gone, or did not come: the caller waits on where the agent had put him on hold before.
    pub(super) fn turn_back_unless_held(&mut self, call: CallId, now: Instant) {
        if self.slots.get(&call).is_some_and(|slot| slot.promise.is_some()) {
            return self.order(call, Order::SetBackground { side: Side::Callee, background: Background::None }, now);
        }
        self.turn_back(call, now);
    }

    /// The caller was to be transferred, and who transferred him is gone: he is called back once; then the caller waits in his queue again.
    fn nobody_took_over(&mut self, call: CallId, errand: Errand, now: Instant) {
        let Errand { kind, number, by, .. } = errand;
        if kind != Kind::Recall
            && let Some(by) = by
            && let Ok((Purpose::Party(party), _)) = self.to_agent(by.clone(), None)
        {
            let answer = &self.config.rules.answer;
            let rings_for = answer.cadence.period() * answer.max_rings;
            let errand = Errand {
                kind: Kind::Recall,
                agent: Some(by.clone()),
                number,
                ways: party.ways,
                rings_for,
                give_up_at: None,
                next_at: None,
                refer: None,
                by: Some(by),
            };
            let detail = self.detail_of(&errand);
            self.publish("party.called", Some(call), now, detail);
            return self.try_way(call, errand, None, now);
        }
        self.left_alone(call, now);
    }
}
