//! What must hold of every order and after every turn: each choice is the slow reference's, and no rule of the house is broken.

use super::super::*;
use super::reference::{self, Look, Waiting};
use super::{SEED, World};
use crate::base::limits::OFFER_REST;
use crate::base::time::secs;
use std::collections::BTreeSet;

impl World {
    pub(super) fn obey(&mut self, out: Vec<Action>) {
        self.log.extend(out.iter().cloned());
        let first_offer = out.iter().position(|action| matches!(action, Action::Offer { .. })).unwrap_or(out.len());
        for (at, action) in out.iter().enumerate() {
            if at == first_offer {
                self.wait_no_longer();
            }
            match action {
                Action::Offer { call, agent, queue } => self.obey_offer(*call, agent, queue, &out, at),
                Action::Withdraw { call, agent } => {
                    // By time alone nothing else ends it.
                    let rang_out = self.waits && self.books.alerted.contains(agent);
                    let offer = self.books.over(agent);
                    assert_eq!(offer.map(|(call, _)| call), Some(*call), "only an offer that stands is withdrawn");
                    assert!(at < first_offer);
                    self.put_back(*call, agent, rang_out);
                }
                Action::KeepWaiting { call, queue } => {
                    assert_eq!(self.books.waiting.get(call).map(|waiting| &waiting.queue), Some(queue));
                    assert!(!self.books.is_offered(call));
                }
                Action::Refuse { why, .. } => {
                    assert_eq!(self.refusal.take(), Some(*why));
                    self.shown.refused += 1;
                }
                Action::Expired { call, .. } => {
                    assert!(!self.books.is_offered(call), "an offer that stands is let end");
                    let waiting = self.books.waiting.remove(call).expect("only who waits has waited too long");
                    assert!(!waiting.call_back, "a call-back never waits too long");
                    let most = self.house.queues[&waiting.queue].max_wait;
                    assert!(most.is_some_and(|most| self.now - waiting.entered >= most), "{call} left too early");
                    self.books.overflowed += 1;
                    self.shown.expired += 1;
                }
                Action::StateChanged { agent, from, to, reason } => {
                    assert!(from != to || *to == StateName::NotReady, "{agent}");
                    assert_eq!(reason.is_some(), *to == StateName::NotReady, "{agent}");
                }
                Action::Decided(decision) => assert_eq!(decision.at, self.now),
            }
        }
        if first_offer == out.len() {
            self.wait_no_longer();
        }
        assert_eq!(self.refusal, None, "it refuses");
    }

    /// Who no longer waits for his preferred agent, as things stand now.
    fn wait_no_longer(&mut self) {
        let offered: BTreeSet<CallId> = self.books.offers.values().map(|(call, _)| *call).collect();
        for (_, waiting) in self.books.waiting.iter_mut().filter(|(call, _)| !offered.contains(call)) {
            waiting.awaits = waiting.awaits && reference::awaits(&self.acd, &self.house, waiting, self.now);
        }
    }

    /// The floor now, but that those who are offered a call from `at` on in `out` are free still.
    fn look(&self, out: &[Action], at: usize) -> Look<'_> {
        let offered = out[at..].iter().filter_map(|action| if let Action::Offer { agent, .. } = action { Some(agent) } else { None });
        let offered: BTreeSet<&AgentId> = offered.collect();
        let free = |id: &AgentId| Some((id.clone(), reference::idle_since(&self.acd, id, offered.contains(id))?));
        Look {
            house: &self.house,
            now: self.now,
            turns: &self.books.turns,
            done: &self.books.done,
            seed: SEED,
            free: self.house.agents.keys().filter_map(free).collect(),
        }
    }

    fn obey_offer(&mut self, call: CallId, agent: &AgentId, queue: &QueueId, out: &[Action], at: usize) {
        let waiting = self.books.waiting.get(&call).expect("only a waiting call is offered");
        assert_eq!(waiting.queue, *queue);
        let ringing = self.books.phones(&call);
        assert!(self.wants_phone(&call, waiting), "{call} is offered to one too many");
        assert!(!self.books.talking.contains_key(agent), "{agent} is on a call");
        let peace_until = self.let_go.get(agent).map(|at| *at + OFFER_REST);
        assert!(peace_until.is_none_or(|until| self.now >= until), "{agent} was not left in peace");
        // The slow reference chooses the same call and the same agent.
        let look = self.look(out, at);
        let in_line = self.books.waiting.iter().filter(|(call, waiting)| self.wants_phone(call, waiting));
        assert_eq!(look.next(in_line), Some(call), "another call's turn");
        let mut draws = self.books.turns.draws;
        assert_eq!(look.choose(waiting, &mut draws), *agent, "another agent: {:?}", self.house.queues[queue].strategy);
        let step = look.step(waiting);
        match out.get(at + 1) {
            Some(Action::Decided(decision)) => self.check_decision(decision, &look, waiting, agent, step),
            other => panic!("an offer without its reason, before {other:?}"),
        }
        *self.shown.by_strategy.entry(self.house.queues[queue].strategy).or_default() += 1;
        self.shown.preferred += u64::from(waiting.preferred.as_ref() == Some(agent));
        self.shown.widened += u64::from(step > 0);
        self.shown.beside += u64::from(ringing > 0);
        self.shown.asked += u64::from(!waiting.asks.is_empty());
        let turns = &mut self.books.turns;
        turns.draws = draws;
        turns.offers += 1;
        if ringing == 0 {
            turns.charge(&self.house, queue);
            self.books.offers_made += 1;
            self.books.waiting.get_mut(&call).expect("it waits").rings_since = self.now;
        }
        self.books.done.entry(agent.clone()).or_default().turn = turns.offers;
        let before = self.books.offers.insert(agent.clone(), (call, self.now));
        assert_eq!(before, None, "{agent} has an offer already");
    }

    fn wants_phone(&self, call: &CallId, waiting: &Waiting) -> bool {
        let ringing = self.books.phones(call);
        ringing < reference::phones(&self.house.queues[&waiting.queue], waiting, ringing, self.now)
    }

    fn check_decision(&self, decision: &Decision, look: &Look<'_>, waiting: &Waiting, agent: &AgentId, step: usize) {
        assert_eq!((decision.chosen.as_ref(), usize::from(decision.step)), (Some(agent), step));
        assert_eq!(decision.considered[0], (agent.clone(), Verdict::Chosen));
        let queue = &self.house.queues[&waiting.queue];
        // Each agent of the step, and each free one of a later step, is named or counted, once.
        let is_told = |id: &AgentId| {
            reference::tier(queue, &waiting.asks, &self.house.agents[id]).is_some_and(|tier| tier <= step || look.free.contains_key(id))
        };
        let expected = self.house.agents.keys().filter(|id| is_told(id)).count();
        let named = decision.considered.iter().filter(|(id, _)| is_told(id)).count();
        let counted: usize = decision.others.iter().map(|(_, count)| count).sum();
        assert_eq!(named + counted, expected, "{decision:?}");
        for (id, verdict) in &decision.considered[1..] {
            let rings = self.books.offers.get(id).is_some_and(|(call, _)| *call == decision.call);
            assert_eq!(*verdict == Verdict::Rings, rings, "{decision:?}");
            assert_eq!(*verdict == Verdict::LetDown, waiting.let_down_by.contains(id) && !rings, "{decision:?}");
            let lower = matches!(verdict, Verdict::Lower(_) | Verdict::NotPreferred);
            assert!(!lower || look.free.contains_key(id), "{decision:?}");
        }
    }

    pub(super) fn check(&self) {
        // The test's books and the ACD's say the same of every agent, and he has at most one offer or his calls.
        for agent in self.acd.agents() {
            let offer = self.books.offers.get(&agent.agent);
            let on_calls = self.books.talking.contains_key(&agent.agent);
            match agent.state {
                StateName::Reserved | StateName::Ringing => {
                    assert_eq!((offer.map(|(call, _)| *call), on_calls), (agent.call, false), "{agent:?}");
                    // No offer outlasts reservation, ringing and their graces.
                    let (_, since) = offer.expect("an offer");
                    assert!(self.now < *since + secs(40), "{agent:?} sticks");
                }
                StateName::Talking => assert!(offer.is_none() && on_calls, "{agent:?}"),
                _ => assert!(offer.is_none() && !on_calls, "{agent:?}"),
            }
            let transient = matches!(agent.state, StateName::Reserved | StateName::Ringing | StateName::WrapUp);
            let deadline = self.acd.roster.find(agent.agent.as_str()).expect("a known agent").agent.deadline();
            assert!(!transient || deadline.is_some_and(|at| at > self.now), "{agent:?} has no deadline");
        }
        // No free agent is left with a call he could take, nobody waits longer than he may, and each waits before the right door.
        let look = self.look(&[], 0);
        let in_line = || self.books.waiting.iter().filter(|(call, waiting)| self.wants_phone(call, waiting));
        assert_eq!(look.next(in_line()), None, "a free agent is left with a call he could take");
        for (call, waiting) in &self.books.waiting {
            let stand = self.acd.calls[call].stand;
            assert_eq!(stand.is_some(), self.wants_phone(call, waiting), "who wants a phone to ring stands somewhere: {waiting:?}");
            let at_door = stand.is_some_and(|stand| matches!(stand.at, queue::At::Door(_)));
            assert_eq!(at_door, waiting.awaits && !self.books.is_offered(call), "{waiting:?}");
            let most = self.house.queues[&waiting.queue].max_wait.filter(|_| !self.books.is_offered(call) && !waiting.call_back);
            assert!(most.is_none_or(|most| self.now < waiting.entered + most), "{call} waits too long");
            assert_eq!(self.acd.offered_to(*call).len(), self.books.phones(call));
        }
        for (agent, (call, _)) in &self.books.offers {
            assert!(self.acd.offered_to(*call).contains(agent));
        }
        // offered = answered + abandoned + overflowed + called back + waiting, here and there.
        let mut today = Figures::default();
        let (mut waiting, mut call_backs) = (0, 0);
        for queue in self.acd.queues(self.now) {
            let Figures { offered, answered, abandoned, overflowed, called_back, offers, offers_missed, .. } = queue.today;
            assert_eq!(offered, answered + abandoned + overflowed + called_back + queue.waiting as u64, "{}", queue.queue);
            today.offered += offered;
            today.answered += answered;
            today.abandoned += abandoned;
            today.overflowed += overflowed;
            today.offers += offers;
            today.offers_missed += offers_missed;
            today.called_back += called_back;
            call_backs += queue.call_backs;
            waiting += queue.waiting;
            let counted: usize = queue.agents.iter().map(|(_, count)| count).sum();
            let skilled = self.house.agents.values().filter(|agent| reference::satisfies(&queue.skills, &agent.skills));
            assert_eq!(counted, skilled.count(), "{}", queue.queue);
        }
        let books = &self.books;
        assert_eq!((today.offers, today.offers_missed), (books.offers_made, books.offers_missed));
        assert_eq!(
            (today.offered, today.answered, today.abandoned, today.overflowed, today.called_back, waiting, call_backs),
            (
                books.offered,
                books.answered,
                books.abandoned,
                books.overflowed,
                books.called_back,
                books.callers(),
                books.waiting.len() - books.callers()
            )
        );
        assert!(self.acd.touched.is_empty() && self.acd.came_to_wait.is_empty() && self.acd.looked_for.is_empty());
    }
}
