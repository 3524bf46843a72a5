//! The list of those who are to be called back: how one comes on it, stands in line or is taken from it, what programs see of it, and how it
//! lives through a stop. The calls themselves are `calling_back`'s.

use super::call_backs::{CallBack, CallBackState};
use super::directory::Role;
use super::output::{Detail, Output, Reply};
use super::slot::{Party, Purpose};
use super::view::CallBackView;
use super::{Event, Key, Switch};
use crate::acd::{self, Leaving};
use crate::base::time::secs;
use crate::base::{AgentId, CallId, Duration, Instant, QueueId};
use crate::call::record::CallBackWhy;
use crate::config::CallBackFirst;

/// When calls cannot be made for now, it is tried again after so long.
pub(super) const POSTPONED_FOR: Duration = secs(60);

impl Switch {
    /// The caller of that call is to be called back, at `number`. Who is on the list already keeps the older place.
    pub(super) fn promise_call_back(
        &mut self,
        call: CallId,
        queue: &QueueId,
        number: String,
        why: CallBackWhy,
        since: Instant,
        now: Instant,
    ) {
        let asked_at = self.at_of(call, now);
        let Some(slot) = self.slots.get(&call) else { return };
        let trunk = slot.call.record().trunk.clone();
        let (language, asks) = (slot.language.clone(), slot.asks.clone());
        let preferred = self.preferred_agent(queue, &number, now);
        let mut since = since;
        if let Some(before) = self.call_backs.find(queue, &number) {
            since = since.min(self.call_backs.get(before).map_or(since, |before| before.since));
            self.close_call_back(before, "asked-again", now);
        }
        let state = CallBackState::Listed;
        let queue = queue.clone();
        self.call_backs.insert(call, CallBack { queue, number, trunk, why, since, asked_at, language, asks, preferred, tries: 0, state });
        self.tell_of_call_back("call_back.asked", call, now, Vec::new());
        if why != CallBackWhy::Abandoned {
            self.stand_in_line(call, now);
        }
    }

    /// The call-back has its place in its queue.
    pub(super) fn stand_in_line(&mut self, id: CallId, now: Instant) {
        let call = CallId::new(self.at(now), &mut self.rng);
        self.call_backs.change(id, |one| one.state = CallBackState::Waiting { call });
        self.enqueue_call_back(id, now);
    }

    fn enqueue_call_back(&mut self, id: CallId, now: Instant) {
        let Some(CallBack { queue, since, preferred, asks, state: CallBackState::Waiting { call }, .. }) = self.call_backs.get(id) else {
            return;
        };
        let (call, queue, since, preferred, asks) = (*call, queue.clone(), *since, preferred.clone(), asks.clone());
        self.touched.insert(Key::CallBacks);
        self.tell_acd(acd::Event::CallBackEnqueued { call, queue, since, preferred, asks }, now);
    }

    /// The queue is gone from the configuration, and takes nobody new.
    pub(super) fn call_back_refused(&mut self, call: CallId, now: Instant) -> bool {
        let Some(id) = self.call_backs.of_call(call) else { return false };
        self.close_call_back(id, "queue-gone", now);
        true
    }

    pub(super) fn on_call_backs_due(&mut self, now: Instant) {
        for id in self.call_backs.due(now) {
            if self.draining || self.directory.closed {
                self.call_backs.change(id, |one| one.state = CallBackState::Resting { until: now + POSTPONED_FOR });
            } else {
                self.stand_in_line(id, now);
            }
        }
        self.touched.insert(Key::CallBacks);
    }

    /// It is done, or need not be done any more.
    pub(super) fn close_call_back(&mut self, id: CallId, how: &'static str, now: Instant) {
        self.tell_of_call_back("call_back.closed", id, now, vec![("how", Detail::Text(how.to_owned()))]);
        let Some(one) = self.call_backs.remove(id) else { return };
        if let CallBackState::Waiting { call } = one.state {
            self.tell_acd(acd::Event::Left { call, why: Leaving::CalledBack }, now);
        }
        self.touched.insert(Key::CallBacks);
    }

    /// He whom the queue was to call back has called by himself, and is served.
    pub(super) fn called_by_himself(&mut self, call: CallId, now: Instant) {
        let Some(slot) = self.slots.get(&call).filter(|slot| slot.made.is_none()) else { return };
        let found = slot.queue().and_then(|queue| self.call_backs.find(queue, &slot.call.record().caller));
        if let Some(id) = found {
            self.close_call_back(id, "called-again", now);
        }
    }

    /// A caller has left while he waited: after a long wait he is put on the list of those whom agents call.
    pub(super) fn may_have_abandoned(&mut self, call: CallId, now: Instant) {
        let Some(slot) = self.slots.get(&call).filter(|slot| slot.made.is_none() && !slot.call.was_connected()) else { return };
        let Some(queue) = self.acd.queue_of(call).filter(|queue| slot.queue() == Some(queue)).cloned() else { return };
        let Some(rule) = self.call_back_rule(&queue).filter(|_| !self.call_backs.is_full()) else { return };
        let since = slot.visit_since.unwrap_or(now);
        let record = slot.call.record();
        let waited_long = rule.abandoned_after.is_some_and(|long| now - since >= long);
        let number = record.caller.clone();
        if waited_long && self.is_callable(&number, record.trunk.as_ref(), Some(rule)) && self.call_backs.find(&queue, &number).is_none() {
            self.promise_call_back(call, &queue, number, CallBackWhy::Abandoned, since, now);
        }
    }

    /// A program has an agent call back somebody now, in line or on the list.
    pub(super) fn take_call_back(&mut self, id: CallId, agent: &AgentId, now: Instant) -> Reply {
        let Some(one) = self.call_backs.get(id) else { return Reply::UnknownCall };
        if let CallBackState::Calling { .. } = one.state {
            return Reply::Refused("he is being called already".to_owned());
        }
        if !self.config.agents.contains_key(agent) {
            return Reply::UnknownAgent;
        }
        if self.draining || self.directory.closed {
            return Reply::Refused("the switch is being stopped".to_owned());
        }
        let Ok((Purpose::Party(party), _)) = self.to_agent(agent.clone(), None) else {
            return Reply::Refused(format!("the phone of agent {agent} cannot be called now"));
        };
        if let CallBackState::Waiting { call } = one.state {
            self.tell_acd(acd::Event::Left { call, why: Leaving::CalledBack }, now);
        }
        let call = CallId::new(self.at(now), &mut self.rng);
        self.make_call(id, call, CallBackFirst::Agent, now);
        let Some(slot) = self.slots.get_mut(&call) else { return Reply::UnknownCall };
        slot.caller_agent = Some(agent.clone());
        let rings_for = self.config.rules.answer.cadence.period() * self.config.rules.answer.max_rings;
        slot.purpose = Purpose::Party(Party { rings_for: Some(rings_for), ..party });
        self.engage(agent.clone(), call, Role::Caller, now);
        self.try_next_way(call, now);
        Reply::Done
    }

    /// A program says that it need not be done any more.
    pub(super) fn drop_call_back(&mut self, id: CallId, now: Instant) -> Reply {
        match self.call_backs.get(id).map(|one| one.state) {
            None => Reply::UnknownCall,
            Some(CallBackState::Calling { .. }) => Reply::Refused("he is being called".to_owned()),
            Some(_) => {
                self.close_call_back(id, "dropped", now);
                Reply::Done
            }
        }
    }

    pub(super) fn call_back_views(&self) -> Vec<CallBackView> {
        self.call_backs.all().map(|(id, one)| self.call_back_view(id, one)).collect()
    }

    fn call_back_view(&self, id: CallId, one: &CallBack) -> CallBackView {
        let next_at = match one.state {
            CallBackState::Resting { until } => Some(self.at(until)),
            CallBackState::Listed | CallBackState::Waiting { .. } | CallBackState::Calling { .. } => None,
        };
        CallBackView { id, call_back: one.clone(), arrived_at: self.at(one.since), next_at }
    }

    /// No call is made any more; who stood in line is put there again by the next start.
    pub(super) fn drain_call_backs(&mut self, now: Instant) {
        let call_of = |state: CallBackState| state.call().filter(|_| matches!(state, CallBackState::Waiting { .. }));
        let waiting: Vec<(CallId, CallId)> = self.call_backs.all().filter_map(|(id, one)| Some((id, call_of(one.state)?))).collect();
        for (id, call) in waiting {
            self.tell_acd(acd::Event::Left { call, why: Leaving::CalledBack }, now);
            self.call_backs.change(id, |one| one.state = CallBackState::Resting { until: now });
        }
        self.touched.insert(Key::CallBacks);
    }

    /// After a restart: whose call is not there any more stands in line again.
    pub(super) fn resume_call_backs(&mut self, now: Instant) {
        let all: Vec<(CallId, CallBackState)> = self.call_backs.all().map(|(id, one)| (id, one.state)).collect();
        for (id, state) in all {
            match state {
                CallBackState::Waiting { .. } => self.enqueue_call_back(id, now),
                CallBackState::Calling { call } if !self.slots.contains_key(&call) => {
                    self.call_backs.change(id, |one| one.state = CallBackState::Resting { until: now });
                }
                _ => {}
            }
        }
        self.touched.insert(Key::CallBacks);
    }

    pub(super) fn tell_of_call_back(&mut self, name: &'static str, id: CallId, now: Instant, more: Vec<(&'static str, Detail)>) {
        let Some(one) = self.call_backs.get(id) else { return };
        let mut detail = vec![("why", Detail::Text(one.why.name().to_owned()))];
        detail.extend(more);
        let (at, queue) = (self.at(now), Some(one.queue.clone()));
        self.out.push(Output::Event(Event { at, name, call: Some(id), agent: None, queue, detail }));
    }
}
