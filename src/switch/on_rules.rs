//! What the rules say: three rings, comfort, patience. Here an order of a rule becomes an order to a call, and an event. The scripts of
//! service are `on_service`'s.

use super::directory::Role;
use super::offer::Offer;
use super::output::Detail;
use super::slot::{Rule, held_side};
use super::{Key, Switch};
use crate::acd::{self, OfferResult};
use crate::base::{AgentId, CallId, ClipId, Instant, LegId, Machine};
use crate::call::record::{HeldBy, OfferOutcome, OfferRecord};
use crate::call::{MUSIC, Order, Side};
use crate::media::control::Background;
use crate::rules::{RingLimit, caller_ringing, hold_patience, queue_comfort, ring_limit};
use crate::sip;

/// What an announcement was for; comes back when it ended.
pub(super) mod token {
    pub const WELCOME: u64 = 1;
    pub const COMFORT: u64 = 2;
    pub const PATIENCE: u64 = 3;
    pub const GREETING: u64 = 4;
    pub const SILENT_STEP: u64 = 5;
    pub const PLAY: u64 = 6;
    pub const FAREWELL_QUESTION: u64 = 7;
    pub const FAREWELL: u64 = 8;
    pub const INTRODUCTION: u64 = 9;
    /// To the caller: how long it takes; to the agent: that it has taken longer.
    pub const PROMISE: u64 = 12;
    pub const BOX_GREETING: u64 = 10;
    pub const BOX_BEEP: u64 = 11;
    /// To an agent: how he sounds, or his caller.
    pub const SOUND: u64 = 13;
    /// Of nothing, before the greeting: its first sample is played.
    pub const GREETING_BEGAN: u64 = 14;
    pub const BOX_QUESTION: u64 = 15;
    /// To an agent: the recording is paused, or goes on.
    pub const CARD_DATA: u64 = 16;
    /// Of scripts begun by hand: this and what follows, each once a call.
    pub const SCRIPT_STEP: u64 = 1 << 32;
    /// Of what a caller is asked who wants to be called back: this and what follows.
    pub const WISH: u64 = 1 << 44;
    /// Of menus, and of who listens to messages or recordings: this and what follows, each once a call.
    pub const MENU_PROMPT: u64 = 1 << 48;
}

/// Text of the Reason header of an offer that rang too long (redirect on no answer).
const RONA: &str = "RONA";

impl Switch {
    fn on_ring_limits_due(&mut self, call: CallId, now: Instant) {
        let Some(slot) = self.slots.get(&call) else { return };
        let due = slot.offers.iter().filter(|(_, offer)| offer.deadline().is_some_and(|at| at <= now));
        for leg in due.map(|(leg, _)| *leg).collect::<Vec<_>>() {
            self.drive_ring_limit(call, leg, now, |limit, ordered| limit.handle_timeout(now, ordered));
        }
    }

    pub(super) fn tell_ring_limit(&mut self, call: CallId, leg: LegId, event: ring_limit::Event, now: Instant) {
        self.drive_ring_limit(call, leg, now, |limit, ordered| limit.handle(event, now, ordered));
    }

    fn drive_ring_limit(
        &mut self,
        call: CallId,
        leg: LegId,
        now: Instant,
        drive: impl FnOnce(&mut RingLimit, &mut Vec<ring_limit::Action>),
    ) {
        let Some(offer) = self.slots.get_mut(&call).and_then(|slot| slot.offers.get_mut(&leg)) else { return };
        let Some(limit) = offer.ring_limit.as_mut() else { return };
        let mut ordered = Vec::new();
        drive(limit, &mut ordered);
        let agent = offer.agent.clone();
        self.touched.insert(Key::Slot(call));
        for action in ordered {
            match action {
                ring_limit::Action::RingBegan(ring) => {
                    let detail = vec![("agent", Detail::Text(agent.to_string())), ("ring", Detail::Number(ring.into()))];
                    self.publish("offer.ring", Some(call), now, detail);
                }
                ring_limit::Action::Withdraw => {
                    let reason = sip::Reason { cause: 408, text: RONA.to_owned() };
                    self.order(call, Order::WithdrawOffer { leg, reason }, now);
                    self.offer_ended(call, leg, OfferOutcome::Missed, OfferResult::Missed, now);
                }
            }
        }
    }

    /// An offer is over without an answer: written on the call's record, told to the ACD, who seeks the next agent.
    pub(super) fn offer_ended(&mut self, call: CallId, leg: LegId, outcome: OfferOutcome, result: OfferResult, now: Instant) {
        let Some(offer) = self.close_offer(call, leg, outcome, now) else { return };
        self.publish_offer_ended(call, &offer, outcome, now);
        self.tell_acd(acd::Event::OfferEnded { agent: offer.agent, call, result }, now);
    }

    pub(super) fn publish_offer_ended(&mut self, call: CallId, offer: &Offer, outcome: OfferOutcome, now: Instant) {
        let name = if outcome == OfferOutcome::Missed { "offer.missed" } else { "offer.ended" };
        let mut detail = vec![
            ("agent", Detail::Text(offer.agent.to_string())),
            ("result", Detail::Text(outcome.name().to_owned())),
            ("rings", Detail::Number(i64::from(self.rings_of(call, &offer.agent)))),
        ];
        detail.extend(offer.refused.map(|code| ("code", Detail::Number(i64::from(code)))));
        self.publish(name, Some(call), now, detail);
    }

    /// Of the agent's last offer.
    fn rings_of(&self, call: CallId, agent: &AgentId) -> u32 {
        let offers = self.slots.get(&call).map(|slot| &slot.call.record().offers);
        offers.and_then(|offers| offers.iter().rfind(|offer| offer.agent == *agent)).map_or(0, |offer| offer.rings)
    }

    /// Takes the offer off the books and completes its line on the record. The leg of one that was answered goes on as the callee's.
    pub(super) fn close_offer(&mut self, call: CallId, leg: LegId, outcome: OfferOutcome, now: Instant) -> Option<Offer> {
        let at = self.at_of(call, now);
        let slot = self.slots.get_mut(&call)?;
        let offer = slot.offers.remove(&leg)?;
        // At the limit the next ring begins just as the offer is withdrawn; nobody heard it.
        let rings = offer.ring_limit.as_ref().map_or(0, |limit| limit.rings(now).min(limit.max_rings()));
        let pending = |line: &&mut OfferRecord| line.agent == offer.agent && line.result == OfferOutcome::Pending;
        if let Some(line) = slot.call.record_mut().offers.iter_mut().rev().find(pending) {
            line.ended_at = Some(at);
            line.rings = rings;
            line.result = outcome;
        }
        if outcome != OfferOutcome::Answered {
            self.remove_leg(call, leg);
        }
        self.directory.leaves(&offer.agent, call, Role::Offered);
        self.touched.insert(Key::Slot(call));
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
            Rule::RingLimit => self.on_ring_limits_due(call, now),
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
                    if self.tell_place(call, now) || self.offer_call_back(call, now) {
                        continue;
                    }
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
            Rule::Script => {
                let mut ordered = Vec::new();
                if let Some(running) = &mut slot.script {
                    running.script.handle_timeout(now, &mut ordered);
                }
                self.on_script(call, ordered, now);
            }
            Rule::Farewell => {
                let mut ordered = Vec::new();
                if let Some(farewell) = &mut slot.farewell {
                    farewell.handle_timeout(now, &mut ordered);
                }
                self.on_farewell(call, ordered, now);
            }
            Rule::NoAnswer => self.party_rang_too_long(call, now),
            Rule::Promise => {
                let mut ordered = Vec::new();
                if let Some(promise) = &mut slot.promise {
                    promise.handle_timeout(now, &mut ordered);
                }
                self.on_promise(call, ordered, now);
            }
            Rule::Errands => self.on_errands_due(call, now),
            Rule::NextWay => self.way_is_silent(call, now),
            Rule::Menu => self.menu_due(call, now),
            Rule::Message => self.message_due(call, now),
            Rule::Hearing => self.hearing_due(call, now),
            Rule::Wish => self.wish_due(call, now),
            Rule::Listening => self.listening_due(call, now),
            Rule::Replaying => self.replaying_due(call, now),
            Rule::CardData => self.card_data_due(call, now),
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
        if slot.call.is_caller_answered() || !slot.call.has_caller() {
            return;
        }
        self.order(call, Order::AnswerCaller, now);
        let background = Background::Music(self.music_of(call));
        self.order(call, Order::SetBackground { side: Side::Caller, background }, now);
        self.say(call, Side::Caller, "welcome", token::WELCOME, now);
    }

    /// What the callers of its queue hear while they wait.
    pub(super) fn music_of(&self, call: CallId) -> ClipId {
        let queue = self.slots.get(&call).and_then(|slot| slot.queue()).and_then(|queue| self.config.queues.get(queue));
        queue.and_then(|queue| queue.music.clone()).unwrap_or_else(|| ClipId::new(MUSIC))
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
}
