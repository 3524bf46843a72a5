//! The calls to those who are to be called back, and what becomes of them.
//!
//! In line, a call-back stands under the name of the call that will be made; the call itself is made when an agent is there for it. With
//! the agent first his phone rings as for any caller, and the customer is called when he has answered; with the customer first the place in
//! line is given up for the call, and taken again, as old as it was, when he is there.

use super::call_back_list::POSTPONED_FOR;
use super::call_backs::{CallBack, CallBackState};
use super::directory::Role;
use super::going::Nowhere;
use super::on_rules::token;
use super::on_sip::Invitation;
use super::output::Detail;
use super::slot::{Party, Purpose, Slot};
use super::{Key, Switch};
use crate::acd::{self, Leaving};
use crate::base::time::secs;
use crate::base::{AgentId, CallId, ClipId, Duration, Instant, Machine, QueueId, SessionId, TrunkId};
use crate::call::record::{CallBackRecord, CallBackWhy, CallDirection, CallRecord, OfferOutcome, Outcome, ReleasedBy};
use crate::call::{Call, Ending, MediaPolicy, Order, Origination, Side};
use crate::config::CallBackFirst;
use crate::media::control::Background;
use crate::rules::{queue_comfort, ring_limit};
use crate::sip;
use serde::{Deserialize, Serialize};

/// By a queue that the configuration does not have any more: tries, time between them, and how long a phone rings.
const UNRULED: (u32, Duration, Duration) = (3, secs(300), secs(30));

/// What a call of the switch's own is made for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Made {
    /// By the call in which it came to it.
    pub id: CallId,
    pub queue: QueueId,
    pub first: CallBackFirst,
    number: String,
    trunk: Option<TrunkId>,
    /// His place in line.
    since: Instant,
    preferred: Option<AgentId>,
    #[serde(default)]
    asks: acd::Levels,
    /// The customer was called.
    called: bool,
    /// He speaks with an agent.
    pub reached: bool,
}

/// Agents who let it go are not asked again at once.
const IN_LINE_AGAIN_AFTER: Duration = secs(5);

impl Made {
    fn of(id: CallId, call_back: &CallBack, first: CallBackFirst) -> Self {
        let CallBack { queue, number, trunk, since, preferred, asks, .. } = call_back.clone();
        Self { id, queue, first, number, trunk, since, preferred, asks, called: false, reached: false }
    }
}

impl Switch {
    /// The ways to the customer, and how long his phone rings.
    fn to_customer(&self, made: &Made) -> Result<Party, Nowhere> {
        let rule = self.call_back_rule(&made.queue);
        let by_rule = rule.map(|rule| rule.trunks.clone()).unwrap_or_default();
        let trunks = if by_rule.is_empty() { made.trunk.iter().cloned().collect() } else { by_rule };
        let to = if trunks.is_empty() { self.to_agent(AgentId::new(&made.number), None) } else { self.to_trunks(&trunks, &made.number) };
        match to? {
            (Purpose::Party(party), _) => Ok(Party { rings_for: Some(rule.map_or(UNRULED.2, |rule| rule.ring_for)), ..party }),
            _ => Err((480, Outcome::Unreachable)),
        }
    }

    /// The ACD has an agent for somebody who is to be called back. False when the call is another, or the customer is there already.
    pub(super) fn agent_for_call_back(&mut self, call: CallId, now: Instant) -> bool {
        let Some(id) = self.call_backs.of_call(call).filter(|_| !self.slots.contains_key(&call)) else { return false };
        if self.draining || self.directory.closed || self.store_blocked {
            self.tell_acd(acd::Event::Left { call, why: Leaving::CalledBack }, now);
            self.call_backs.change(id, |one| one.state = CallBackState::Resting { until: now + POSTPONED_FOR });
            self.touched.insert(Key::CallBacks);
            return true;
        }
        let Some(queue) = self.call_backs.get(id).map(|one| one.queue.clone()) else { return false };
        let first = self.call_back_rule(&queue).map_or(CallBackFirst::Agent, |rule| rule.first);
        self.make_call(id, call, first, now);
        if first == CallBackFirst::Agent {
            return false;
        }
        self.tell_acd(acd::Event::Left { call, why: Leaving::CalledBack }, now);
        self.call_customer(call, now);
        true
    }

    /// The call is on the books, with nobody in it.
    pub(super) fn make_call(&mut self, id: CallId, call: CallId, first: CallBackFirst, now: Instant) {
        let Some(one) = self.call_backs.get(id).cloned() else { return };
        let made = Made::of(id, &one, first);
        let CallBack { queue, number, why, asked_at, language, tries, .. } = one;
        let at = self.at(now);
        let call_back = Some(CallBackRecord { asked_in: id, asked_at, why, attempt: tries + 1 });
        let direction = if self.config.agents.contains_key(number.as_str()) { CallDirection::Internal } else { CallDirection::Outbound };
        let record = CallRecord {
            queue: Some(queue.clone()),
            call_back,
            ..CallRecord::new(call, direction, queue.as_str().to_owned(), number.clone(), at)
        };
        let session = self.new_session();
        let policy = MediaPolicy { codecs: self.config.media.codecs.clone(), rtp_timeout: self.config.media.rtp_timeout };
        let machine = Call::originate(Origination { session, agent_first: first == CallBackFirst::Agent, record }, policy, self.wall, now);
        let called = number.clone();
        let from = sip::Party { display: None, user: number };
        let mut slot = Slot::new(machine, Purpose::Queue(queue), from, &self.config.rules);
        slot.language = language;
        slot.made = Some(Box::new(made));
        self.slots.insert(call, Box::new(slot));
        self.calls_of_sessions.insert(session, call);
        self.call_backs.change(id, |one| one.state = CallBackState::Calling { call });
        if self.config.rules.conference_outlives_caller {
            self.order(call, Order::OutliveCaller, now);
        }
        self.touched.insert(Key::Slot(call));
        self.publish("call.originated", Some(call), now, vec![("called", Detail::Text(called))]);
        self.tell_of_call_back("call_back.calling", id, now, vec![("made", Detail::Text(call.to_string()))]);
        self.store_record(call);
    }

    fn new_session(&mut self) -> SessionId {
        self.next_session += 1;
        SessionId(self.next_session)
    }

    /// All whose phones rang to call a customer let it go, and nobody else is free: the call ends, and the customer is in line again. False
    /// for a call that has somebody in it.
    pub(super) fn nobody_took(&mut self, call: CallId, now: Instant) -> bool {
        if !self.slots.get(&call).is_some_and(|slot| slot.made.is_some() && !slot.call.has_caller()) {
            return false;
        }
        let (by, outcome, cause) = (ReleasedBy::Switch, Some(Outcome::NoAnswer), "no agent took it".to_owned());
        self.order(call, Order::Release(Ending { by, outcome, code: 480, retry_after: None, cause }), now);
        true
    }

    /// Calls the customer: the agent is there, or goes second.
    fn call_customer(&mut self, call: CallId, now: Instant) {
        let Some(made) = self.slots.get(&call).and_then(|slot| slot.made.as_deref()).cloned() else { return };
        let party = match self.to_customer(&made) {
            Ok(party) => party,
            Err((code, outcome)) => return self.turn_away(call, code, outcome, sip::msg::message::reason_phrase(code), now),
        };
        let shown = self.config.queues.get(&made.queue).and_then(|queue| queue.caller.clone());
        let Some(slot) = self.slots.get_mut(&call) else { return };
        slot.purpose = Purpose::Party(party);
        slot.from = sip::Party { display: None, user: shown.unwrap_or_else(|| made.queue.to_string()) };
        if let Some(made) = &mut slot.made {
            made.called = true;
        }
        self.begin(call, now);
    }

    /// The first of a call that the switch makes is there.
    pub(super) fn first_is_there(&mut self, call: CallId, now: Instant) {
        // Who called for the list himself is answered when his customer is there.
        let Some(slot) = self.slots.get(&call).filter(|slot| !slot.call.is_connected()) else { return };
        let Some(made) = slot.made.as_deref().cloned() else { return };
        let leg = slot.call.caller();
        if made.called {
            return self.customer_is_there(call, &made, now);
        }
        self.tell_ring_limit(call, leg, ring_limit::Event::Answered, now);
        if let Some(offer) = self.close_offer(call, leg, OfferOutcome::Answered, now) {
            if let Some(slot) = self.slots.get_mut(&call) {
                slot.caller_agent = Some(offer.agent.clone());
            }
            self.directory.takes_part(&offer.agent, call, Role::Caller);
            self.tell_acd(acd::Event::Answered { agent: offer.agent, call }, now);
        }
        self.order(call, Order::Announce { side: Side::Caller, clips: vec![ClipId::new("call_back_agent")], token: token::COMFORT }, now);
        self.call_customer(call, now);
    }

    /// He waits at the head of the line.
    fn customer_is_there(&mut self, call: CallId, made: &Made, now: Instant) {
        let Made { queue, since, preferred, asks, .. } = made.clone();
        let Some(slot) = self.slots.get_mut(&call) else { return };
        slot.takes_up(Purpose::Queue(queue.clone()), &self.config.rules);
        slot.comfort.handle(queue_comfort::Event::MusicBegan, now, &mut Vec::new());
        let music = Background::Music(self.music_of(call));
        self.order(call, Order::SetBackground { side: Side::Caller, background: music }, now);
        self.order(call, Order::Announce { side: Side::Caller, clips: vec![ClipId::new("call_back_reached")], token: token::COMFORT }, now);
        self.tell_acd(acd::Event::CallBackEnqueued { call, queue, since, preferred, asks }, now);
    }

    /// Customer and agent speak: from now on it is a call of the queue as any other.
    pub(super) fn call_back_connected(&mut self, call: CallId, now: Instant) {
        let Some(slot) = self.slots.get_mut(&call) else { return };
        let Some(made) = slot.made.as_mut().filter(|made| !made.reached) else { return };
        made.reached = true;
        let (id, queue, number, first) = (made.id, made.queue.clone(), made.number.clone(), made.first);
        if first == CallBackFirst::Agent {
            slot.takes_up(Purpose::Queue(queue), &self.config.rules);
            let outlives = slot.farewell.is_some();
            let agent = slot.caller_agent.clone();
            slot.call.record_mut().agent.clone_from(&agent);
            self.put_agent_in_place(call, Side::Caller, now);
            if let Some(agent) = agent {
                self.spoke_last.note(&number, agent, now);
            }
            if outlives {
                self.order(call, Order::OutliveAgent, now);
            }
        }
        self.close_call_back(id, "reached", now);
    }

    /// A call of the switch's own is over: who was not reached is called again, so many times.
    pub(super) fn call_back_over(&mut self, call: CallId, now: Instant) {
        let Some(made) = self.slots.get(&call).and_then(|slot| slot.made.as_deref()).filter(|made| !made.reached) else { return };
        let (id, called) = (made.id, made.called);
        let Some(one) = self.call_backs.get(id) else { return };
        let (tries, retry_after) = self.call_back_rule(&one.queue).map_or((UNRULED.0, UNRULED.1), |rule| (rule.tries, rule.retry_after));
        let tried = one.tries + u32::from(called);
        let is_listed = one.why == CallBackWhy::Abandoned;
        let (told, again) = if called { ("call_back.not_reached", retry_after) } else { ("call_back.not_taken", IN_LINE_AGAIN_AFTER) };
        self.tell_of_call_back(told, id, now, vec![("tries", Detail::Number(tried.into()))]);
        if tried >= tries {
            return self.close_call_back(id, "not-reached", now);
        }
        self.call_backs.change(id, |one| {
            one.tries = tried;
            one.state = if is_listed { CallBackState::Listed } else { CallBackState::Resting { until: now + again } };
        });
        self.touched.insert(Key::CallBacks);
    }

    /// The next on the list of the queues that the agent serves, for the call that he makes.
    fn next_on_list(&self, agent: &AgentId) -> Option<CallId> {
        let agent = self.config.agents.get(agent)?;
        let serves = |queue: &QueueId| self.config.queues.get(queue).is_some_and(|queue| queue.is_served_by(agent));
        let listed = self.call_backs.all().filter(|(_, one)| one.state == CallBackState::Listed && serves(&one.queue));
        listed.min_by_key(|(id, one)| (one.tries, *id)).map(|(id, _)| id)
    }

    /// That call is for the call-back from now on.
    fn calls_from_list(&mut self, id: CallId, call: CallId) -> Option<(Made, CallBack)> {
        let one = self.call_backs.get(id)?.clone();
        self.call_backs.change(id, |one| one.state = CallBackState::Calling { call });
        Some((Made::of(id, &one, CallBackFirst::Agent), one))
    }

    /// An agent has dialled for the next on the list: his call is to that one, or ends with 404 when there is none.
    pub(super) fn call_next_on_list(&mut self, invitation: Invitation, agent: &AgentId, now: Instant) {
        let leg = invitation.leg;
        let mut record = self.new_record(&invitation, CallDirection::Outbound, Some(agent.clone()), now);
        let Some((made, one)) = self.next_on_list(agent).and_then(|id| self.calls_from_list(id, record.id)) else {
            return self.arrive_refused(leg, 404, Outcome::Unreachable, record, now);
        };
        let CallBack { number, asked_at, why, tries, .. } = one;
        record.called = number;
        record.queue = Some(made.queue.clone());
        record.call_back = Some(CallBackRecord { asked_in: made.id, asked_at, why, attempt: tries + 1 });
        let call = record.id;
        match self.to_customer(&made) {
            Ok(party) => {
                self.tell_of_call_back("call_back.calling", made.id, now, vec![("made", Detail::Text(call.to_string()))]);
                self.arrive(invitation, Purpose::Party(party), Some(agent.clone()), record, now);
                if let Some(slot) = self.slots.get_mut(&call) {
                    slot.made = Some(Box::new(Made { called: true, ..made }));
                }
            }
            Err((code, outcome)) => {
                self.call_backs.change(made.id, |one| one.state = CallBackState::Listed);
                self.arrive_refused(leg, code, outcome, record, now);
            }
        }
    }
}
