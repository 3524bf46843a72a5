//! The greeting: what both hear when an agent has the caller, and how soon it began. Where nothing is played the agent's own first words are it.

use super::on_rules::token;
use super::output::Detail;
use super::{Key, Switch};
use crate::base::limits::FIRST_WORDS_WITHIN;
use crate::base::{AgentId, CallId, ClipId, Instant};
use crate::call::record::{GreetedBy, GreetingRecord};
use crate::call::{Order, Side};
use crate::rules::script;
use serde::{Deserialize, Serialize};

/// A greeting that has not begun yet.
#[derive(Debug, Serialize, Deserialize)]
pub struct Awaited {
    /// Both heard each other.
    from: Instant,
    /// What the agent says later is no greeting; `None` where one is played.
    pub until: Option<Instant>,
}

impl Switch {
    /// "早上好，1001 号坐席为您服务", to both; the caller's word counts from the first moment.
    pub(super) fn greet(&mut self, call: CallId, agent: &AgentId, now: Instant) {
        let clips = self.greeting_of(call, agent, now);
        let Some(slot) = self.slots.get_mut(&call) else { return };
        let is_watched = slot.silent.is_some();
        let by = if clips.is_empty() { GreetedBy::Agent } else { GreetedBy::Switch };
        if slot.call.record().greeting.is_none() {
            slot.call.record_mut().greeting = Some(GreetingRecord { by, delay: None });
            let until = clips.is_empty().then(|| now + FIRST_WORDS_WITHIN);
            slot.hearing.greeting = Some(Awaited { from: now, until });
            self.touched.insert(Key::Slot(call));
        }
        self.heed_both(call, now);
        if is_watched {
            let event = if clips.is_empty() { script::Event::Begun } else { script::Event::GreetingBegan };
            self.tell_silent(call, event, now);
        }
        if clips.is_empty() {
            return;
        }
        // Nothing ends in the moment in which what follows it begins.
        self.order(call, Order::Announce { side: Side::Caller, clips: Vec::new(), token: token::GREETING_BEGAN }, now);
        for side in [Side::Caller, Side::Callee] {
            self.order(call, Order::Announce { side, clips: clips.clone(), token: token::GREETING }, now);
        }
    }

    fn greeting_of(&self, call: CallId, agent: &AgentId, now: Instant) -> Vec<ClipId> {
        let name = self.config.agents.get(agent).and_then(|agent| agent.greeting.as_ref());
        let queue = self.slots.get(&call).and_then(|slot| slot.queue()).and_then(|queue| self.config.queues.get(queue));
        let company = queue.and_then(|queue| queue.company.as_ref());
        self.config.rules.greeting.clips(agent, name, company, self.at(now))
    }

    /// It began, be it that it is played or that the agent speaks.
    pub(super) fn greeting_began(&mut self, call: CallId, by: GreetedBy, now: Instant) {
        let Some(slot) = self.slots.get_mut(&call) else { return };
        let is_his = |awaited: &mut Awaited| awaited.until.is_some() == (by == GreetedBy::Agent);
        let Some(Awaited { from, .. }) = slot.hearing.greeting.take_if(is_his) else { return };
        let delay = now - from;
        if let Some(greeting) = &mut slot.call.record_mut().greeting {
            greeting.delay = Some(delay);
        }
        self.touched.insert(Key::Slot(call));
        let late = i64::try_from(delay.as_millis()).unwrap_or(i64::MAX);
        self.publish("call.greeted", Some(call), now, vec![("by", Detail::Text(by.name().to_owned())), ("delay_ms", Detail::Number(late))]);
        self.heed(call, Side::Callee, now);
    }

    /// The agent has said nothing for so long that what he says now is no greeting.
    pub(super) fn greeting_due(&mut self, call: CallId, now: Instant) {
        let Some(slot) = self.slots.get_mut(&call) else { return };
        if slot.hearing.greeting.take_if(|awaited| awaited.until.is_some_and(|until| until <= now)).is_some() {
            self.touched.insert(Key::Slot(call));
            self.heed(call, Side::Callee, now);
        }
    }
}
