//! What the rules say: three rings, patience, the silent call. Here an order of a rule becomes an order to a call, and an event.

use super::offer::Offer;
use super::output::Detail;
use super::slot::{Rule, held_side};
use super::{Key, Switch};
use crate::acd::{self, OfferResult};
use crate::base::{CallId, ClipId, Instant, LegId, Machine};
use crate::call::record::{HeldBy, OfferOutcome, Outcome, ReleasedBy};
use crate::call::{Ending, MUSIC, Order, Side};
use crate::media::control::Background;
use crate::rules::{caller_ringing, hold_patience, queue_comfort, ring_limit, silent_call};
use crate::sip;

/// What an announcement was for; comes back when it ended.
pub(super) mod token {
    pub const WELCOME: u64 = 1;
    pub const COMFORT: u64 = 2;
    pub const PATIENCE: u64 = 3;
    pub const GREETING: u64 = 4;
    pub const SILENT_STEP: u64 = 5;
    pub const PLAY: u64 = 6;
}

/// Text of the Reason header of an offer that rang too long (redirect on no answer).
const RONA: &str = "RONA";

impl Switch {
    pub(super) fn on_offer_timeout(&mut self, leg: LegId, now: Instant) {
        let Some(limit) = self.offers.get_mut(&leg).and_then(|offer| offer.ring_limit.as_mut()) else { return };
        let mut ordered = Vec::new();
        limit.handle_timeout(now, &mut ordered);
        for action in ordered {
            self.on_ring_limit(leg, &action, now);
        }
    }

    pub(super) fn tell_ring_limit(&mut self, leg: LegId, event: ring_limit::Event, now: Instant) {
        let Some(limit) = self.offers.get_mut(&leg).and_then(|offer| offer.ring_limit.as_mut()) else { return };
        let mut ordered = Vec::new();
        limit.handle(event, now, &mut ordered);
        self.touched.insert(Key::Offer(leg));
        for action in ordered {
            self.on_ring_limit(leg, &action, now);
        }
    }

    fn on_ring_limit(&mut self, leg: LegId, action: &ring_limit::Action, now: Instant) {
        let Some(offer) = self.offers.get(&leg) else { return };
        let (call, agent) = (offer.call, offer.agent.clone());
        match action {
            ring_limit::Action::RingBegan(ring) => {
                let detail = vec![("agent", Detail::Text(agent.to_string())), ("ring", Detail::Number((*ring).into()))];
                self.publish("offer.ring", Some(call), now, detail);
            }
            ring_limit::Action::Withdraw => {
                let reason = sip::Reason { cause: 408, text: RONA.to_owned() };
                self.order(call, Order::WithdrawOffer { leg, reason }, now);
                self.offer_ended(leg, OfferOutcome::Missed, OfferResult::Missed, now);
            }
        }
    }

    /// An offer is over without an answer: written on the call's record, told to the ACD, who seeks the next agent.
    pub(super) fn offer_ended(&mut self, leg: LegId, outcome: OfferOutcome, result: OfferResult, now: Instant) {
        let Some(offer) = self.close_offer(leg, outcome, now) else { return };
        self.publish_offer_ended(&offer, outcome, now);
        let Offer { call, agent, .. } = offer;
        self.tell_acd(acd::Event::OfferEnded { agent, call, result }, now);
    }

    pub(super) fn publish_offer_ended(&mut self, offer: &Offer, outcome: OfferOutcome, now: Instant) {
        let name = if outcome == OfferOutcome::Missed { "offer.missed" } else { "offer.ended" };
        let detail = vec![
            ("agent", Detail::Text(offer.agent.to_string())),
            ("result", Detail::Text(outcome.name().to_owned())),
            ("rings", Detail::Number(i64::from(self.last_rings(offer.call)))),
        ];
        self.publish(name, Some(offer.call), now, detail);
    }

    fn last_rings(&self, call: CallId) -> u32 {
        self.slots.get(&call).and_then(|slot| slot.call.record().offers.last()).map_or(0, |offer| offer.rings)
    }

    /// Takes the offer off the books and completes its line on the record.
    pub(super) fn close_offer(&mut self, leg: LegId, outcome: OfferOutcome, now: Instant) -> Option<Offer> {
        let offer = self.offers.remove(&leg)?;
        self.touched.insert(Key::Offer(leg));
        self.calls_of_legs.remove(&leg);
        let at = self.at(now);
        let rings = offer.ring_limit.as_ref().map_or(0, |limit| {
            // At the limit the next ring begins just as the offer is withdrawn; nobody heard it.
            limit.rings(now).min(self.config.rules.answer.max_rings)
        });
        if let Some(slot) = self.slots.get_mut(&offer.call) {
            let pending = |line: &&mut crate::call::record::OfferRecord| line.agent == offer.agent && line.result == OfferOutcome::Pending;
            if let Some(line) = slot.call.record_mut().offers.iter_mut().rev().find(pending) {
                line.ended_at = Some(at);
                line.rings = rings;
                line.result = outcome;
            }
        }
        Some(offer)
    }

    pub(super) fn on_slot_timeout(&mut self, call: CallId, now: Instant) {
        let Some(slot) = self.slots.get(&call) else { return };
        for rule in slot.due(now) {
            self.on_due(call, rule, now);
        }
    }

    fn on_due(&mut self, call: CallId, rule: Rule, now: Instant) {
        let Some(slot) = self.slots.get_mut(&call) else { return };
        match rule {
            Rule::Call => {
                let mut ordered = Vec::new();
                slot.call.handle_timeout(now, &mut ordered);
                self.work.extend(ordered.into_iter().map(|action| super::Work::Call(call, action)));
            }
            Rule::CallerRinging => {
                let mut ordered = Vec::new();
                slot.caller_ringing.handle_timeout(now, &mut ordered);
                for caller_ringing::Action::AnswerCaller in ordered {
                    self.welcome(call, now);
                }
            }
            Rule::Comfort => {
                let mut ordered = Vec::new();
                slot.comfort.handle_timeout(now, &mut ordered);
                for queue_comfort::Action::Comfort { count } in ordered {
                    self.say(call, Side::Caller, "queue_comfort", token::COMFORT, now);
                    self.publish("queue.comforted", Some(call), now, vec![("count", Detail::Number(count.into()))]);
                }
            }
            Rule::PatienceOfCaller | Rule::PatienceOfCallee => {
                let by = if rule == Rule::PatienceOfCaller { HeldBy::Agent } else { HeldBy::Caller };
                let mut ordered = Vec::new();
                slot.patience_tried_by(by).handle_timeout(now, &mut ordered);
                self.on_patience(call, by, ordered, now);
            }
            Rule::Silent => {
                let mut ordered = Vec::new();
                if let Some(silent) = &mut slot.silent {
                    silent.handle_timeout(now, &mut ordered);
                }
                self.on_silent(call, ordered, now);
            }
            Rule::NoAnswer => self.party_rang_too_long(call, now),
            Rule::Recording => {
                let mut ordered = Vec::new();
                slot.recording.handle_timeout(now, &mut ordered);
                self.on_recording(call, ordered, now);
            }
        }
    }

    fn say(&mut self, call: CallId, side: Side, clip: &str, token: u64, now: Instant) {
        self.order(call, Order::Announce { side, clips: vec![ClipId::new(clip)], token }, now);
    }

    /// The switch answers a caller itself: welcome, then music, with a word of comfort each patience.
    pub(super) fn welcome(&mut self, call: CallId, now: Instant) {
        let Some(slot) = self.slots.get(&call) else { return };
        if slot.call.is_caller_answered() {
            return;
        }
        self.order(call, Order::AnswerCaller, now);
        let background = Background::Music(ClipId::new(MUSIC));
        self.order(call, Order::SetBackground { side: Side::Caller, background }, now);
        self.say(call, Side::Caller, "welcome", token::WELCOME, now);
    }

    pub(super) fn tell_patience(&mut self, call: CallId, by: HeldBy, event: hold_patience::Event, now: Instant) {
        let Some(slot) = self.slots.get_mut(&call) else { return };
        let mut ordered = Vec::new();
        slot.patience_tried_by(by).handle(event, now, &mut ordered);
        self.touched.insert(Key::Slot(call));
        self.on_patience(call, by, ordered, now);
    }

    fn on_patience(&mut self, call: CallId, by: HeldBy, ordered: Vec<hold_patience::Action>, now: Instant) {
        for action in ordered {
            match action {
                hold_patience::Action::Reassure { count } => {
                    if let Some(slot) = self.slots.get_mut(&call) {
                        slot.call.reassured(by);
                    }
                    self.say(call, held_side(by), "patience", token::PATIENCE, now);
                    let detail = vec![("by", Detail::Text(by.name().to_owned())), ("count", Detail::Number(count.into()))];
                    self.publish("hold.patience_exceeded", Some(call), now, detail);
                }
                hold_patience::Action::Report { .. } => {}
            }
        }
    }

    pub(super) fn tell_silent(&mut self, call: CallId, event: silent_call::Event, now: Instant) {
        let Some(slot) = self.slots.get_mut(&call) else { return };
        let Some(silent) = &mut slot.silent else { return };
        if silent.is_over() {
            return;
        }
        let mut ordered = Vec::new();
        silent.handle(event, now, &mut ordered);
        let over = silent.is_over();
        self.touched.insert(Key::Slot(call));
        self.on_silent(call, ordered, now);
        if over {
            // Nobody waits for a word any more; listening costs.
            self.order(call, Order::ListenForSpeech { side: Side::Caller, on: false }, now);
            self.order(call, Order::ListenForSpeech { side: Side::Callee, on: false }, now);
        }
    }

    fn on_silent(&mut self, call: CallId, ordered: Vec<silent_call::Action>, now: Instant) {
        for action in ordered {
            match action {
                silent_call::Action::Say { step, clip } => {
                    let detail =
                        vec![("step", Detail::Number(i64::try_from(step).unwrap_or(i64::MAX))), ("prompt", Detail::Text(clip.to_string()))];
                    self.publish("silent_call.step", Some(call), now, detail);
                    self.order(call, Order::Announce { side: Side::Caller, clips: vec![clip], token: token::SILENT_STEP }, now);
                }
                silent_call::Action::ReleaseSilent => {
                    let ending = Ending {
                        by: ReleasedBy::Switch,
                        outcome: Some(Outcome::Silent),
                        code: 200,
                        retry_after: None,
                        cause: "silent call".to_owned(),
                    };
                    self.order(call, Order::Release(ending), now);
                }
            }
        }
    }
}
