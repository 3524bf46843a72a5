//! What a waiting caller is told and asked who may be called back: the key, where he is to be called, the promise. Until it is promised he
//! has his place, and an agent who is free has him.

use super::on_rules::token;
use super::slot::{Purpose, Slot, Turned};
use super::{Key, Switch};
use crate::acd::{self, Leaving};
use crate::base::time::secs;
use crate::base::{CallId, ClipId, Duration, Instant, Machine, QueueId, TrunkId};
use crate::call::record::{CallBackWhy, Outcome};
use crate::call::{Order, Side};
use crate::config::CallBackRule;
use crate::rules::call_back::{Action, Event};
use crate::rules::{CallBack as Asking, queue_comfort};
use serde::{Deserialize, Serialize};

/// From the question to the answer, and from one digit to the next.
const ANSWER_WITHIN: Duration = secs(8);

/// A waiting caller who is asked where he is to be called.
#[derive(Debug, Serialize, Deserialize)]
pub struct Wish {
    machine: Asking,
    /// Of what he was asked last; the end of anything else is not its own.
    token: u64,
}

impl Wish {
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.machine.deadline()
    }
}

impl Switch {
    pub(super) fn call_back_rule(&self, queue: &QueueId) -> Option<&CallBackRule> {
        self.config.queues.get(queue)?.call_back.as_ref()
    }

    /// The queue of a caller who waits in music, or in the welcome to it, and may be called back; with its rule.
    fn may_wish(&self, call: CallId) -> Option<(&Slot, &QueueId, &CallBackRule)> {
        let slot =
            self.slots.get(&call).filter(|slot| slot.call.is_caller_answered() && !slot.call.is_connected() && slot.made.is_none())?;
        let queue = slot.queue().filter(|queue| self.acd.queue_of(call) == Some(queue))?;
        let rule = self.call_back_rule(queue).filter(|_| !self.call_backs.is_full())?;
        Some((slot, queue, rule))
    }

    /// Tells a waiting caller, when it is time, that he can be called back; false when there is nothing to tell now.
    pub(super) fn offer_call_back(&mut self, call: CallId, now: Instant) -> bool {
        let Some((slot, _, rule)) = self.may_wish(call) else { return false };
        let record = slot.call.record();
        let can_be_called = !rule.numbers.is_empty() || self.is_callable(&record.caller, record.trunk.as_ref(), Some(rule));
        let since = slot.visit_since.unwrap_or(now);
        let due = slot.call_back_offered_at.map_or(since + rule.offer_after, |told| told + rule.every);
        if due > now || !can_be_called {
            return false;
        }
        let clips = ["call_back_offer", &format!("digits/{}", rule.key), "call_back_offer_suffix"].map(ClipId::new).into();
        if let Some(slot) = self.slots.get_mut(&call) {
            slot.call_back_offered_at = Some(now);
        }
        self.touched.insert(Key::Slot(call));
        self.publish("call_back.offered", Some(call), now, Vec::new());
        self.order(call, Order::Announce { side: Side::Caller, clips, token: token::COMFORT }, now);
        true
    }

    /// A key of a caller who waits; false when it is nothing to this.
    pub(super) fn wish_pressed(&mut self, call: CallId, digit: char, now: Instant) -> bool {
        if self.slots.get(&call).is_some_and(|slot| slot.wish.is_some()) {
            self.tell_wish(call, Event::Pressed(digit), now);
            return true;
        }
        let Some((slot, _, rule)) = self.may_wish(call).filter(|(_, _, rule)| rule.key == digit) else { return false };
        let record = slot.call.record();
        let is_known = self.is_callable(&record.caller, record.trunk.as_ref(), Some(rule));
        let machine = Asking::new(rule.key, ANSWER_WITHIN, is_known, !rule.numbers.is_empty());
        let Some(slot) = self.slots.get_mut(&call) else { return false };
        slot.wish = Some(Wish { machine, token: token::WISH });
        slot.comfort.handle(queue_comfort::Event::Ended, now, &mut Vec::new());
        self.order(call, Order::StopAnnouncements { side: Side::Caller }, now);
        self.tell_wish(call, Event::Begun, now);
        true
    }

    pub(super) fn wish_asked(&mut self, call: CallId, token: u64, now: Instant) {
        if self.slots.get(&call).and_then(|slot| slot.wish.as_ref()).is_some_and(|wish| wish.token == token) {
            self.tell_wish(call, Event::Asked, now);
        }
    }

    pub(super) fn wish_due(&mut self, call: CallId, now: Instant) {
        self.drive_wish(call, now, |machine, ordered| machine.handle_timeout(now, ordered));
    }

    fn tell_wish(&mut self, call: CallId, event: Event, now: Instant) {
        self.drive_wish(call, now, |machine, ordered| machine.handle(event, now, ordered));
    }

    fn drive_wish(&mut self, call: CallId, now: Instant, drive: impl FnOnce(&mut Asking, &mut Vec<Action>)) {
        let Some(wish) = self.slots.get_mut(&call).and_then(|slot| slot.wish.as_mut()) else { return };
        let mut ordered = Vec::new();
        drive(&mut wish.machine, &mut ordered);
        self.touched.insert(Key::Slot(call));
        for action in ordered {
            match action {
                Action::AskToConfirm { may_enter: false } => self.ask_wish(call, &["call_back_confirm"], now),
                Action::AskToConfirm { may_enter: true } => self.ask_wish(call, &["call_back_confirm", "call_back_or_number"], now),
                Action::AskForNumber { wrong: false } => self.ask_wish(call, &["call_back_number"], now),
                Action::AskForNumber { wrong: true } => self.ask_wish(call, &["call_back_wrong_number", "call_back_number"], now),
                Action::Hush => self.order(call, Order::StopAnnouncements { side: Side::Caller }, now),
                Action::Promise { number } => self.wished(call, number, now),
                Action::WaitOn => self.waits_on(call, now),
            }
        }
    }

    fn ask_wish(&mut self, call: CallId, clips: &[&str], now: Instant) {
        let Some(wish) = self.slots.get_mut(&call).and_then(|slot| slot.wish.as_mut()) else { return };
        wish.token += 1;
        let token = wish.token;
        self.order(call, Order::StopAnnouncements { side: Side::Caller }, now);
        let clips = clips.iter().map(|name| ClipId::new(name)).collect();
        self.order(call, Order::Announce { side: Side::Caller, clips, token }, now);
    }

    /// He does not want it after all: he never left his place.
    fn waits_on(&mut self, call: CallId, now: Instant) {
        let Some(slot) = self.slots.get_mut(&call) else { return };
        slot.wish = None;
        slot.comfort.handle(queue_comfort::Event::MusicBegan, now, &mut Vec::new());
        self.order(call, Order::StopAnnouncements { side: Side::Caller }, now);
    }

    /// An agent has him, or he is gone: nothing more is asked.
    pub(super) fn end_wish(&mut self, call: CallId) {
        if let Some(slot) = self.slots.get_mut(&call) {
            slot.wish = None;
        }
    }

    fn wished(&mut self, call: CallId, given: Option<String>, now: Instant) {
        let Some((slot, queue, rule)) = self.may_wish(call) else { return self.waits_on(call, now) };
        let record = slot.call.record();
        // One that he gave is read back to him.
        let read: Vec<ClipId> = given.iter().flat_map(|given| given.chars()).map(|digit| ClipId::new(&format!("digits/{digit}"))).collect();
        let number = match given {
            None => record.caller.clone(),
            Some(given) if rule.numbers.iter().any(|pattern| pattern.matches(&given)) => given,
            Some(_) => return self.tell_wish(call, Event::NumberRefused, now),
        };
        if !self.is_callable(&number, record.trunk.as_ref(), Some(rule)) {
            return self.tell_wish(call, Event::NumberRefused, now);
        }
        let (queue, since) = (queue.clone(), slot.queued_first.or(slot.visit_since).unwrap_or(now));
        self.end_wish(call);
        self.tell_acd(acd::Event::Left { call, why: Leaving::CalledBack }, now);
        self.promise_call_back(call, &queue, number, CallBackWhy::Asked, since, now);
        let Some(slot) = self.slots.get_mut(&call) else { return };
        let turned = Some(Turned { outcome: Outcome::CallBack, cause: "is called back".to_owned() });
        slot.comfort.handle(queue_comfort::Event::Ended, now, &mut Vec::new());
        slot.purpose = Purpose::Play { clips: [read, vec![ClipId::new("call_back_promised")]].concat(), turned };
        self.order(call, Order::StopAnnouncements { side: Side::Caller }, now);
        self.begin(call, now);
    }

    /// A script has promised the caller that he is called back.
    pub(super) fn promised_by_script(&mut self, call: CallId, queue: &QueueId, now: Instant) {
        let Some(record) = self.slots.get(&call).map(|slot| slot.call.record()) else { return };
        let number = record.caller.clone();
        let rule = self.call_back_rule(queue);
        if !self.is_callable(&number, record.trunk.as_ref(), rule) || self.call_backs.is_full() {
            return self.publish("call_back.impossible", Some(call), now, Vec::new());
        }
        self.promise_call_back(call, queue, number, CallBackWhy::Promised, now, now);
    }

    /// Whether `number` can be called by the rule: over a trunk, or a phone of our own.
    pub(super) fn is_callable(&self, number: &str, trunk: Option<&TrunkId>, rule: Option<&CallBackRule>) -> bool {
        let digits = number.strip_prefix('+').unwrap_or(number);
        let is_number = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
        let by_trunk = rule.is_some_and(|rule| !rule.trunks.is_empty()) || trunk.is_some();
        is_number && (by_trunk || self.config.agents.contains_key(number))
    }
}
