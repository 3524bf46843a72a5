//! A hold that a program or a key orders, with its reason and the promise that the caller is told: who keeps it, who is reminded, who comes
//! when nobody does. What a phone does by itself is the call's own, and may be given a reason and a promise as well.

use super::errand::{Granted, refused};
use super::output::Detail;
use super::{Key, Switch};
use crate::base::limits::HOLD_PROMISE_MAX;
use crate::base::time::secs;
use crate::base::{CallId, ClipId, Duration, Instant, Machine};
use crate::call::record::{HeldBy, HoldRecord};
use crate::call::{Order, Part, Side};
use crate::rules::{Promise, promise};

/// What the caller is told, by the time that he hears: of several the shortest that is not shorter than the promise.
const PROMISES: [(u64, &str); 5] =
    [(30, "promise_30"), (60, "promise_60"), (120, "promise_120"), (180, "promise_180"), (300, "promise_300")];

impl Switch {
    /// The agent puts the caller on hold, or gives a hold that runs its reason and promise.
    pub(super) fn hold(&mut self, call: CallId, reason: Option<&str>, promise: Option<Duration>, side: Side, now: Instant) -> Granted {
        if promise.is_some_and(|promise| promise < secs(1) || promise > HOLD_PROMISE_MAX) {
            return Err(refused(400, format!("a promise is of 1 to {} seconds", HOLD_PROMISE_MAX.as_secs())));
        }
        let Some(slot) = self.slots.get(&call).filter(|slot| slot.call.is_connected()) else {
            return Err(refused(481, "nobody speaks in that call"));
        };
        if slot.call.beside(Part::Conferee).next().is_some() {
            return Err(refused(409, "in a conference nobody is put on hold"));
        }
        let is_held = slot.call.is_held(HeldBy::Agent) && side == Side::Callee;
        if !is_held {
            self.put_agent_in_place(call, side, now);
            self.order(call, Order::TurnAside, now);
        }
        let grace = self.config.rules.hold.escalate_after;
        let patience = self.config.rules.hold.patience;
        let Some(slot) = self.slots.get_mut(&call) else { return Err(refused(481, "the call is over")) };
        let Some(hold) = running(&mut slot.call.record_mut().holds) else { return Err(refused(409, "the caller is not held")) };
        if let Some(reason) = reason {
            hold.reason = Some(reason.chars().take(crate::base::limits::REASON_LETTERS_MAX).collect());
        }
        let mut detail: Vec<_> = hold.reason.iter().map(|reason| ("reason", Detail::Text(reason.clone()))).collect();
        if let Some(within) = promise {
            hold.promised = Some(within);
            slot.promise = Some(Promise::new(within, patience, grace, now));
            detail.push(("seconds", Detail::Number(i64::try_from(within.as_secs()).unwrap_or(i64::MAX))));
            let clips = PROMISES.iter().find(|(seconds, _)| secs(*seconds) >= within).map(|(_, clip)| vec![ClipId::new(clip)]);
            let token = super::on_rules::token::PROMISE;
            self.order(call, Order::Announce { side: Side::Caller, clips: clips.unwrap_or_default(), token }, now);
        }
        self.touched.insert(Key::Slot(call));
        self.publish("hold.promised", Some(call), now, detail);
        Ok(())
    }

    /// Back to the caller, if nobody else is asked.
    pub(super) fn retrieve(&mut self, call: CallId, now: Instant) -> Granted {
        if !self.slots.get(&call).is_some_and(|slot| slot.call.is_aside()) {
            return Err(refused(409, "the caller is not held by the switch"));
        }
        self.turn_back(call, now);
        Ok(())
    }

    /// A hold by the agent is over: the promise of it was kept, or not.
    pub(super) fn end_promise(&mut self, call: CallId, now: Instant) {
        let Some(promise) = self.slots.get_mut(&call).and_then(|slot| slot.promise.as_mut()) else { return };
        let mut ordered = Vec::new();
        promise.handle(promise::Event::Retrieved, now, &mut ordered);
        self.on_promise(call, ordered, now);
        if let Some(slot) = self.slots.get_mut(&call) {
            slot.promise = None;
            self.touched.insert(Key::Slot(call));
        }
    }

    pub(super) fn on_promise(&mut self, call: CallId, ordered: Vec<promise::Action>, now: Instant) {
        for action in ordered {
            match action {
                promise::Action::Remind { count } => {
                    let clips = vec![ClipId::new("hold_overdue")];
                    let token = super::on_rules::token::PROMISE;
                    self.order(call, Order::Announce { side: Side::Callee, clips, token }, now);
                    self.publish("hold.promise_exceeded", Some(call), now, vec![("count", Detail::Number(count.into()))]);
                }
                promise::Action::Escalate => {
                    let called = self.escalate(call, Side::Callee, now);
                    let detail = match called {
                        Ok(()) => Vec::new(),
                        Err(refused) => vec![("why_nobody", Detail::Text(refused.why))],
                    };
                    self.publish("hold.escalated", Some(call), now, detail);
                }
                promise::Action::Kept => self.promise_ended(call, true, now),
                promise::Action::Broken { .. } => self.promise_ended(call, false, now),
            }
        }
    }

    fn promise_ended(&mut self, call: CallId, kept: bool, now: Instant) {
        let Some(slot) = self.slots.get_mut(&call) else { return };
        let promised = |hold: &&mut HoldRecord| hold.by == HeldBy::Agent && hold.promised.is_some() && hold.kept.is_none();
        if let Some(hold) = slot.call.record_mut().holds.iter_mut().rev().find(promised) {
            hold.kept = Some(kept);
        }
        self.publish(if kept { "hold.promise_kept" } else { "hold.promise_broken" }, Some(call), now, Vec::new());
    }
}

/// The hold by the agent that runs.
fn running(holds: &mut [HoldRecord]) -> Option<&mut HoldRecord> {
    holds.iter_mut().rev().find(|hold| hold.by == HeldBy::Agent && hold.ended_at.is_none())
}
