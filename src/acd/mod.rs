//! Automatic call distribution: which caller goes to which agent, and what every agent is doing.
//!
//! What lives here: agents, skills, queues, the matching of the two, today's figures. What must not: SIP, phones, ringing times, music.
//! Calls are known by their [`CallId`], and every fact comes from the parent.
//!
//! The rules of the house. The call of highest priority that arrived first is offered to the agent whom its queue's [`Strategy`] takes of
//! those who have all that it asks for: the longest idle, unless the queue says otherwise. Time waited lifts the priority and lets more
//! agents in, where the queue says so; between queues with weights the turns are shared by these. A call keeps its place through every
//! offer that fails, and is offered to agents who have not let it down before those who have. An agent with an offer or a call is offered
//! no other. A number may ask for more than its queue does: then an agent needs both. Every choice says why: see [`Decision`].
//!
//! Where a queue's strategy rings several phones for a call, it stands in its line until as many ring as are to, and takes the agents who are
//! free, or come to be, when it is its turn; what is left goes to the next in line. Who answers first has it; whom it spared keeps his idle
//! time and rests no moment. All of that is one offer in the queue's figures and one turn of its weight, from the first phone that is called
//! until none rings: it was missed when nobody answered and one of them rang out. A call of higher priority that comes meanwhile takes who
//! becomes free before it; from a phone that rings for another it takes nobody, and so waits for these no longer than three rings.
//!
//! After an offer: missed → not-ready `missed`, rejected →
//! not-ready `rejected`, unreachable → not-ready `unreachable` until his phone registers anew, busy or withdrawn → ready after a rest
//! of [`OFFER_REST`](crate::base::limits::OFFER_REST), so that no offer can loop; how many of each he may let go, and what follows then, is
//! by [`Limits`]. Not-ready or log-off asked for during a call comes
//! after it (and instead of wrap-up); asked for while his phone rings it stops the ringing.
//!
//! Offers end in one of two ways: told from outside by [`Event::OfferEnded`] or [`Event::Answered`], or from inside by
//! [`Action::Withdraw`]; after the latter the ACD has settled its books, and the offer's end need not be told. What is told of an offer
//! that no longer stands is ignored.

mod agent;
mod configure;
mod decision;
mod draw;
mod fairness;
mod figures;
mod forecast;
mod image;
mod line;
mod matcher;
mod pool;
mod queue;
mod roster;
mod settings;
mod skill;
mod snapshot;
mod strategy;
mod vocabulary;
mod waiting;

#[cfg(test)]
mod model;
#[cfg(test)]
mod stories;

pub use crate::base::{Cause, Consequence, Join, Limit, Limits, Strategy, WrapUpKind};
pub use agent::{Counters, StateName};
pub use decision::{Decision, Rule, Verdict};
pub use fairness::QUEUE_WEIGHT_MAX;
pub use figures::{Figures, SERVICE_LEVEL_WITHIN, SHORT_ABANDON_WITHIN, Share};
pub use forecast::Outlook;
pub use image::{AgentImage, Changed, FiguresImage, QueuedImage};
pub use settings::{AcdSettings, AgentSettings, Group, PRIORITY_MAX, QueueSettings, Widening};
pub use skill::{Levels, Skill};
pub use snapshot::{AgentSnapshot, QueueSnapshot};
pub use vocabulary::{Action, Event, Leaving, OfferResult, Reason, Refusal};

use crate::base::{AgentId, CallId, Deadlines, Instant, Machine, QueueId};
use fairness::Flows;
use forecast::Labour;
use matcher::Course;
use pool::{PoolId, Pools};
use queue::{Queue, QueuedCall};
use roster::{Roster, Seat};
use std::collections::BTreeMap;
use waiting::Arrival;

/// All agents and queues of the switch.
#[derive(Debug)]
pub struct Acd {
    policy: agent::Policy,
    roster: Roster,
    queues: BTreeMap<QueueId, Queue>,
    /// Every call that waits or is offered.
    calls: BTreeMap<CallId, QueuedCall>,
    pools: Pools,
    flows: Flows,
    /// The calls that wait for a preferred agent, before any other may take them.
    doors: BTreeMap<Seat, Vec<CallId>>,
    deadlines: Deadlines<Seat>,
    /// Of waiting calls.
    call_deadlines: Deadlines<CallId>,
    course: Course,
    /// What a restart must know anew.
    changed: Changed,
    /// Within one turn: pools with a new call or a newly free agent, agents with calls at their doors who changed, and calls that came to
    /// wait. Empty between turns.
    touched: Vec<PoolId>,
    looked_for: Vec<Seat>,
    came_to_wait: Vec<CallId>,
}

impl Machine for Acd {
    type Event = Event;
    type Action = Action;

    fn handle(&mut self, event: Event, now: Instant, out: &mut Vec<Action>) {
        match event {
            Event::LoggedOn { agent } => self.tell(&agent, agent::Event::LoggedOn, now, out),
            Event::LoggedOff { agent } => self.tell(&agent, agent::Event::LoggedOff, now, out),
            Event::MadeReady { agent } => self.tell(&agent, agent::Event::MadeReady, now, out),
            Event::MadeNotReady { agent, reason } => self.tell(&agent, agent::Event::MadeNotReady { reason }, now, out),
            // Phones register often, and mostly nobody has missed them.
            Event::Reachable { agent } if !self.roster.find(agent.as_str()).is_some_and(|member| member.agent.misses_phone()) => {}
            Event::Reachable { agent } => self.tell(&agent, agent::Event::Reachable, now, out),
            Event::Enqueued { call, queue, priority, since, preferred, asks } => {
                self.leave(call, Leaving::Overflowed, now, out);
                self.enqueue(Arrival { call, queue, priority, since, preferred, asks }, now, out);
            }
            Event::CallBackEnqueued { call, queue, since, preferred, asks } => {
                self.leave(call, Leaving::Overflowed, now, out);
                self.enqueue_call_back(Arrival { call, queue, priority: 0, since, preferred, asks }, now, out);
            }
            Event::Left { call, why } => self.leave(call, why, now, out),
            Event::Alerting { agent, call } => self.tell(&agent, agent::Event::Alerted { call }, now, out),
            // Being on a call that stands in the books is its answer, by whichever name it is told.
            Event::Answered { agent, call } | Event::Engaged { agent, call } => self.engage(&agent, call, now, out),
            Event::OfferEnded { agent, call, result } => {
                if self.is_offered(call, &agent) {
                    self.put_back(call, &agent, result == OfferResult::Missed, now, out);
                    self.tell(&agent, agent::Event::OfferEnded { call, result }, now, out);
                }
            }
            Event::Disengaged { agent, call } => self.tell(&agent, agent::Event::Disengaged { call }, now, out),
            Event::DayBegan => self.begin_day(),
        }
        self.settle(now, out);
    }

    fn handle_timeout(&mut self, now: Instant, out: &mut Vec<Action>) {
        while let Some(seat) = self.deadlines.pop_due(now) {
            let member = &mut self.roster[seat];
            member.indexed.deadline = None;
            let mut orders = Vec::new();
            member.agent.handle_timeout(now, &mut orders);
            self.note(seat, orders, now, out);
        }
        while let Some(call) = self.call_deadlines.pop_due(now) {
            self.move_on(call, now, out);
        }
        self.settle(now, out);
    }

    fn deadline(&self) -> Option<Instant> {
        self.deadlines.next().into_iter().chain(self.call_deadlines.next()).min()
    }
}

impl Acd {
    /// Tells an agent a fact and carries out what he orders. Facts about unknown agents are ignored: a reload may have taken them.
    fn tell(&mut self, id: &AgentId, event: agent::Event, now: Instant, out: &mut Vec<Action>) {
        if let Some(seat) = self.roster.seat(id.as_str()) {
            self.tell_seat(seat, event, now, out);
        }
    }

    fn tell_seat(&mut self, seat: Seat, event: agent::Event, now: Instant, out: &mut Vec<Action>) {
        let mut orders = Vec::new();
        self.roster[seat].agent.handle(event, now, &mut orders);
        self.note(seat, orders, now, out);
    }

    /// What becomes of an agent who was told something: his orders, his place in the indexes, his image.
    fn note(&mut self, seat: Seat, orders: Vec<agent::Action>, now: Instant, out: &mut Vec<Action>) {
        let id = self.roster[seat].id.clone();
        for order in orders {
            match order {
                agent::Action::DropOffer { call, missed } => {
                    out.push(Action::Withdraw { call, agent: id.clone() });
                    self.put_back(call, &id, missed, now, out);
                }
                agent::Action::WrappedUp { queue, took } => self.note_labour(seat, &queue, Labour::WrappedUp, took),
                agent::Action::Handled { queue, talked } => {
                    self.note_labour(seat, &queue, Labour::Talked, talked);
                    self.roster[seat].tally.talked(self.course.day, talked);
                    if let Some(queue) = self.queues.get_mut(&queue) {
                        queue.figures.note_handled(talked);
                        self.changed.figures = true;
                    }
                }
                agent::Action::Changed { from, to, reason } => {
                    out.push(Action::StateChanged { agent: id.clone(), from, to, reason });
                }
            }
        }
        self.changed.agents.insert(id);
        self.index(seat);
    }

    /// Brings the pools and deadlines up to date with an agent.
    fn index(&mut self, seat: Seat) {
        let member = &mut self.roster[seat];
        let (was, is) = (member.indexed, member.to_index(self.course.day));
        let gone = member.retired && is.state == StateName::Offline;
        if was.deadline != is.deadline {
            self.deadlines.set(seat, is.deadline);
        }
        let moved = (was.state, was.free) != (is.state, is.free) || gone;
        if moved {
            for part in &member.pools {
                self.pools[part.pool].leave(seat, member, *part);
            }
        }
        member.indexed = is;
        if moved && !gone {
            for part in &member.pools {
                self.pools[part.pool].enter(seat, member, *part);
            }
            if is.free.is_some() {
                self.touched.extend(member.pools.iter().map(|part| part.pool));
            }
        }
        if self.doors.contains_key(&seat) {
            self.looked_for.push(seat);
        }
        if gone {
            self.deadlines.set(seat, None);
            self.roster.remove(seat);
        }
    }

    /// Midnight: what was done yesterday no longer counts.
    fn begin_day(&mut self) {
        for queue in self.queues.values_mut() {
            queue.figures = Figures::of_a_new_day(queue.waiting());
        }
        self.course.day += 1;
        for seat in self.roster.seats() {
            self.index(seat);
        }
        self.changed.figures = true;
    }

    fn is_offered(&self, call: CallId, agent: &AgentId) -> bool {
        self.offered_to(call).contains(agent)
    }
}
