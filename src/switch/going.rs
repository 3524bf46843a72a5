//! Where a caller goes: what a destination is for him at this moment, and how he gets there, answered or not. Routes, menus, queues that
//! cannot take him, scripts and transfers all send him on through here, so that each leaves what the one before began.

use super::directory::Role;
use super::on_rules::token;
use super::slot::{Party, Purpose, Turned};
use super::{Key, Switch};
use crate::acd::{self, Leaving};
use crate::base::{AgentId, CallId, ClipId, Instant, Machine, QueueId};
use crate::call::record::{CallDirection, Outcome, ReleasedBy};
use crate::call::{Ending, Order, Side};
use crate::config::Destination;
use crate::media::control::Background;
use crate::rules::{message, queue_comfort};
use crate::sip::{self, Callee};
use std::collections::VecDeque;

/// What an answered caller hears who cannot be put through.
const TURNED_AWAY: &str = "closed";

/// What an agent hears whose customer does not answer.
const NOT_REACHED: &str = "call_back_not_reached";

/// A caller who goes nowhere: the final response of one who was not answered, and how his call counts.
pub(super) type Nowhere = (u16, Outcome);

impl Switch {
    /// Sends the caller of `call` to `to`, whether he was answered or not. Whatever he was doing ends first: he leaves his queue (as
    /// overflowed), phones that ring for him are withdrawn, an agent with him is dismissed. One who was answered and cannot be put through
    /// hears `closed` and is released; one who was not is refused.
    pub(super) fn go_to(&mut self, call: CallId, to: &Destination, now: Instant) {
        self.recall_errands(call, now);
        let Some(slot) = self.slots.get_mut(&call) else { return };
        if slot.call.is_connected() {
            slot.onward = Some(to.clone());
            return self.order(call, Order::DismissAgent { cause: "the caller goes on".to_owned() }, now);
        }
        self.leave(call, now);
        let Some(slot) = self.slots.get_mut(&call) else { return };
        let called = slot.call.record().called.clone();
        let caller_agent = slot.caller_agent.clone();
        match self.purpose_of(to, &called, caller_agent.as_ref()) {
            Ok((purpose, _)) => {
                if let Some(slot) = self.slots.get_mut(&call) {
                    slot.takes_up(purpose, &self.config.rules);
                }
                self.order(call, Order::WaitAnew, now);
                self.begin(call, now);
            }
            Err((code, outcome)) => self.turn_away(call, code, outcome, sip::msg::message::reason_phrase(code), now),
        }
    }

    /// What `to` is at this moment for a caller who dialled `called`.
    pub(super) fn purpose_of(&self, to: &Destination, called: &str, caller: Option<&AgentId>) -> Result<(Purpose, CallDirection), Nowhere> {
        match to {
            Destination::Queue(queue) if !self.config.queues.contains_key(queue) => Err((404, Outcome::Unreachable)),
            Destination::Queue(queue) => Ok((Purpose::Queue(queue.clone()), CallDirection::Inbound)),
            Destination::Menu(menu) => self.to_menu(menu).map(|menu| (menu, CallDirection::Inbound)).ok_or((404, Outcome::Unreachable)),
            Destination::Message(id) => self.to_box(id, false).map(|to| (to, CallDirection::Inbound)).ok_or((404, Outcome::Unreachable)),
            Destination::Play(clip) => Ok((Purpose::Play { clips: vec![clip.clone()], turned: None }, CallDirection::Inbound)),
            Destination::Reject(code) => Err((*code, Outcome::Refused)),
            Destination::Agent(agent) => self.to_agent(agent.clone(), caller),
            Destination::Trunk(trunk) => self.to_trunks(&trunk.trunks, trunk.number.as_deref().unwrap_or(called)),
            Destination::DialledAgent => Err((404, Outcome::Unreachable)),
        }
    }

    /// The caller can be put through to nobody, or no longer: he goes further on the chain of his queue, if he is on one. Who was answered
    /// hears so first.
    pub(super) fn turn_away(&mut self, call: CallId, code: u16, outcome: Outcome, cause: &str, now: Instant) {
        if self.goes_further(call, now) {
            return;
        }
        self.leave(call, now);
        let Some(slot) = self.slots.get_mut(&call) else { return };
        // Who has spoken with somebody was served.
        let outcome = if slot.call.was_connected() { Outcome::Answered } else { outcome };
        if slot.call.is_caller_answered() {
            let words = if slot.made.is_some() { NOT_REACHED } else { TURNED_AWAY };
            slot.purpose = Purpose::Play { clips: vec![ClipId::new(words)], turned: Some(Turned { outcome, cause: cause.to_owned() }) };
            return self.begin(call, now);
        }
        let ending = Ending { by: ReleasedBy::Switch, outcome: Some(outcome), code, retry_after: None, cause: cause.to_owned() };
        self.order(call, Order::Release(ending), now);
    }

    /// Ends what the caller waits for.
    fn leave(&mut self, call: CallId, now: Instant) {
        self.end_wish(call);
        let Some(slot) = self.slots.get_mut(&call) else { return };
        self.touched.insert(Key::Slot(call));
        let ringing: Vec<AgentId> = slot.offers.values().map(|offer| offer.agent.clone()).collect();
        let (answered, was_queued) = (slot.call.is_caller_answered(), slot.queue().is_some());
        slot.comfort.handle(queue_comfort::Event::Ended, now, &mut Vec::new());
        let mut called = None;
        self.tell_message(call, message::Event::Left, now);
        self.listener_left(call, now);
        self.replayer_left(call, now);
        let Some(slot) = self.slots.get_mut(&call) else { return };
        if let Purpose::Party(party) = &mut slot.purpose {
            party.no_answer_at = None;
            party.next_at = None;
            party.ways.clear();
            called = Some((party.trying.take(), slot.callee_agent.take()));
        }
        if was_queued {
            self.tell_acd(acd::Event::Left { call, why: Leaving::Overflowed }, now);
        }
        for agent in ringing {
            self.withdraw_from(call, &agent, now);
        }
        if let Some((trying, agent)) = called {
            if let Some(leg) = trying {
                let reason = sip::Reason { cause: 487, text: "call withdrawn".to_owned() };
                self.order(call, Order::WithdrawOffer { leg, reason }, now);
                self.remove_leg(call, leg);
            }
            if let Some(agent) = agent {
                self.disengage(&agent, call, Role::Callee, now);
            }
        }
        if answered {
            self.order(call, Order::StopAnnouncements { side: Side::Caller }, now);
            self.order(call, Order::SetBackground { side: Side::Caller, background: Background::None }, now);
        }
    }

    /// The caller's port is there, or he comes from somewhere else: what he is here for begins.
    pub(super) fn begin(&mut self, call: CallId, now: Instant) {
        let Some(slot) = self.slots.get(&call) else { return };
        let (answered, has_caller) = (slot.call.is_caller_answered(), slot.call.has_caller());
        match &slot.purpose {
            Purpose::Queue(_) => self.enqueue(call, now),
            Purpose::Menu { .. } => self.enter_menu(call, now),
            Purpose::Message { .. } => self.enter_box(call, now),
            Purpose::Listen { .. } => self.begin_listening(call, now),
            Purpose::Replay(_) => self.begin_replaying(call, now),
            Purpose::Party(party) => {
                let agent = party.agent.clone();
                if answered {
                    let background = Background::Ringback(self.config.rules.answer.cadence);
                    self.order(call, Order::SetBackground { side: Side::Caller, background }, now);
                }
                match agent {
                    Some(agent) if has_caller => self.set_callee_agent(call, agent, now),
                    Some(agent) => self.set_caller_agent(call, agent, now),
                    None => {}
                }
                self.try_next_way(call, now);
            }
            Purpose::Play { clips, .. } => {
                let clips = clips.clone();
                self.order(call, Order::AnswerCaller, now);
                self.order(call, Order::Announce { side: Side::Caller, clips, token: token::PLAY }, now);
            }
        }
    }

    /// One who was answered already waits in music from the start. Only who has spoken with nobody in this call has somebody whom he prefers.
    fn enqueue(&mut self, call: CallId, now: Instant) {
        let Some(slot) = self.slots.get_mut(&call) else { return };
        let Some(queue) = slot.queue().cloned() else { return };
        let record = slot.call.record_mut();
        record.queue = Some(queue.clone());
        let asks = slot.asks.clone();
        let caller = Some(record.caller.clone()).filter(|_| record.connected_at.is_none());
        // Who flows over keeps the place of his first arrival; who has spoken with somebody comes anew.
        let since = *slot.queued_first.get_or_insert(now);
        if slot.call.is_caller_answered() {
            slot.comfort.handle(queue_comfort::Event::MusicBegan, now, &mut Vec::new());
            let background = Background::Music(self.music_of(call));
            self.order(call, Order::SetBackground { side: Side::Caller, background }, now);
        }
        let preferred = caller.and_then(|caller| self.preferred_agent(&queue, &caller, now));
        self.tell_acd(acd::Event::Enqueued { call, queue, priority: 0, since, preferred, asks }, now);
        if self.acd.queue_of(call).is_some() {
            self.publish("call.queued", Some(call), now, Vec::new());
        }
    }

    /// Who spoke last with that caller, where the queue has him waited for.
    pub(super) fn preferred_agent(&self, queue: &QueueId, caller: &str, now: Instant) -> Option<AgentId> {
        let rule = self.config.queues.get(queue)?.preferred?;
        self.spoke_last.within(caller, rule.within, now).cloned()
    }

    pub(super) fn to_agent(&self, agent: AgentId, caller: Option<&AgentId>) -> Result<(Purpose, CallDirection), Nowhere> {
        if caller != Some(&agent) && self.is_in_meeting(&agent) {
            let to_his_box = self.box_of(&agent).and_then(|id| self.to_box(id, true));
            return to_his_box.map(|to| (to, CallDirection::Internal)).ok_or((480, Outcome::Unreachable));
        }
        if caller == Some(&agent) || self.directory.is_occupied(&agent) {
            return Err((486, Outcome::Busy));
        }
        let Some(flow) = self.directory.flows.get(&agent) else { return Err((480, Outcome::Unreachable)) };
        let ways = VecDeque::from([(Callee::Account(agent.clone()), flow.local.ip())]);
        Ok((Purpose::Party(Party::to(Some(agent), ways)), CallDirection::Internal))
    }
}
