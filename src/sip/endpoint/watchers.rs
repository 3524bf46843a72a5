//! Phones that watch over their agents' messages (RFC 3842): SUBSCRIBEs on their way to a watch, and what it orders on its way back.

use super::super::msg::{Method, Request, Response};
use super::super::order::{Asked, Order, Room, Silence};
use super::super::refuse::with;
use super::super::watch::{self, Summary, Term, Watch};
use super::super::{Flow, Output, WatchesImage, compose};
use super::{Endpoint, Timer};
use crate::base::limits::WATCHES_PER_AGENT_MAX;
use crate::base::{AgentId, Instant, Lookup};
use std::collections::BTreeMap;

pub(super) struct Watchers {
    watches: BTreeMap<u64, Watch>,
    /// By Call-ID and our tag.
    dialogs: Lookup<(String, String), u64>,
    /// Oldest first; no agent without one.
    of_agents: BTreeMap<AgentId, Vec<u64>>,
    /// Of agents whom the switch spoke of.
    summaries: BTreeMap<AgentId, Summary>,
    last: u64,
}

impl Watchers {
    pub fn new(hashes: u64) -> Self {
        let (watches, of_agents, summaries) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { watches, dialogs: Lookup::new(hashes), of_agents, summaries, last: 0 }
    }

    fn of(&self, agent: &AgentId) -> Vec<u64> {
        self.of_agents.get(agent).cloned().unwrap_or_default()
    }

    fn summary(&self, agent: &AgentId) -> Summary {
        self.summaries.get(agent).copied().unwrap_or_default()
    }

    /// Puts a watch on the books, or takes it off them when it is over.
    fn keep(&mut self, number: u64, watch: Watch) {
        let dialog = (watch.dialog.call_id.clone(), watch.dialog.local_tag.clone());
        let numbers = self.of_agents.entry(watch.agent.clone()).or_default();
        if watch.is_over() {
            numbers.retain(|known| *known != number);
            if numbers.is_empty() {
                self.of_agents.remove(&watch.agent);
            }
            self.dialogs.remove(&dialog);
        } else {
            if !numbers.contains(&number) {
                numbers.push(number);
                self.dialogs.insert(dialog, number);
            }
            self.watches.insert(number, watch);
        }
    }
}

impl Endpoint {
    /// The watch in whose dialog a request is.
    pub(super) fn watch_of(&self, request: &Request) -> Option<u64> {
        let tag = request.to_tag()?.to_owned();
        self.watchers.dialogs.get(&(request.call_id().to_owned(), tag)).copied()
    }

    pub(super) fn watches_from(&self, number: u64, ip: std::net::IpAddr) -> bool {
        self.watchers.watches.get(&number).is_some_and(|watch| watch.dialog.flow.peer.ip() == ip)
    }

    #[must_use]
    pub fn watch_count(&self) -> usize {
        self.watchers.watches.len()
    }

    /// A new SUBSCRIBE of an agent, who is proven.
    pub(super) fn subscribed(&mut self, agent: &AgentId, asked: &Asked, now: Instant, out: &mut Vec<Output>) {
        if let Some(response) = self.refuses_watch(agent, &asked.request) {
            return self.refuse(asked, response, now, out);
        }
        let term = Term::of(&asked.request, &self.settings);
        let before = self.watchers.of(agent);
        // A phone that comes again has forgotten what it had.
        let again =
            before.iter().find(|number| self.watchers.watches.get(number).is_some_and(|watch| watch.dialog.flow.peer == asked.flow.peer));
        match again {
            Some(again) => self.forget_watch(*again),
            None if before.len() >= WATCHES_PER_AGENT_MAX => {
                return self.refuse(asked, asked.request.response(403, Some("Too Many Subscriptions"), None), now, out);
            }
            None => {}
        }
        self.watchers.last += 1;
        let (number, summary) = (self.watchers.last, self.watchers.summary(agent));
        let mut orders = Vec::new();
        let watch = Watch::begin(number, agent.clone(), asked, term, summary, &mut self.room(now, &mut orders));
        self.keep_watch(number, watch);
        self.carry_out(orders, now, out);
    }

    fn refuses_watch(&self, agent: &AgentId, request: &Request) -> Option<Response> {
        // His own messages alone.
        if request.uri.user_unescaped().is_some_and(|user| user != agent.as_str()) {
            return Some(request.response(403, None, None));
        }
        if compose::contact_of(&request.headers).is_none() {
            return Some(request.response(400, Some("Missing Contact"), None));
        }
        if !watch::is_understood(request) {
            return Some(with(request.response(406, None, None), "Accept", "application/simple-message-summary"));
        }
        (Term::of(request, &self.settings) == Term::TooBrief).then(|| watch::too_brief(request, &self.settings))
    }

    /// A SUBSCRIBE in a watch's dialog; anything else belongs to no call.
    pub(super) fn in_watch(&mut self, number: u64, asked: &Asked, now: Instant, out: &mut Vec<Output>) {
        if asked.request.method != Method::Subscribe {
            return self.refuse(asked, asked.request.response(481, None, None), now, out);
        }
        self.with_watch(number, now, out, |watch, summary, room| watch.renewed(number, asked, summary, room));
    }

    pub(super) fn watch_heard(&mut self, number: u64, notify: u32, answer: Result<Response, Silence>, now: Instant, out: &mut Vec<Output>) {
        self.with_watch(number, now, out, |watch, summary, room| watch.answered(number, notify, answer, summary, room));
    }

    pub(super) fn watch_timeout(&mut self, number: u64, now: Instant, out: &mut Vec<Output>) {
        self.with_watch(number, now, out, |watch, summary, room| {
            if room.settings.accounts.contains_key(&watch.agent) {
                watch.handle_timeout(number, summary, room);
            } else {
                watch.end("noresource", summary, room);
            }
        });
    }

    /// `Command::SetMessagesWaiting`.
    pub(super) fn set_messages_waiting(&mut self, agent: &AgentId, summary: Summary, now: Instant, out: &mut Vec<Output>) {
        if !self.settings.accounts.contains_key(agent) {
            return;
        }
        let before = self.watchers.summaries.insert(agent.clone(), summary);
        for number in self.watchers.of(agent) {
            self.with_watch(number, now, out, |watch, summary, room| watch.changed(number, summary, room));
        }
        if before.unwrap_or_default() != summary {
            let contacts = self.registrar.of(agent.as_str()).iter().map(|binding| binding.flow).collect();
            self.light_unasked(agent, contacts, now, out);
        }
    }

    /// Tells phones that registered by these ways and do not watch, where the configuration wants that and there is something to tell.
    pub(super) fn light_unasked(&mut self, agent: &AgentId, ways: Vec<Flow>, now: Instant, out: &mut Vec<Output>) {
        let Some(summary) = self.watchers.summaries.get(agent).copied().filter(|_| self.settings.unasked_message_summaries) else { return };
        let watching: Vec<_> = self
            .watchers
            .of(agent)
            .iter()
            .filter_map(|number| self.watchers.watches.get(number))
            .map(|watch| watch.dialog.flow.peer)
            .collect();
        let dark: Vec<_> = self
            .registrar
            .of(agent.as_str())
            .iter()
            .filter(|binding| ways.contains(&binding.flow) && !watching.contains(&binding.flow.peer))
            .map(|binding| (binding.uri.clone(), binding.flow))
            .collect();
        let mut orders = Vec::new();
        for (contact, flow) in dark {
            watch::unasked(agent, &contact, flow, summary, &mut self.room(now, &mut orders));
        }
        self.carry_out(orders, now, out);
    }

    fn with_watch(&mut self, number: u64, now: Instant, out: &mut Vec<Output>, act: impl FnOnce(&mut Watch, Summary, &mut Room)) {
        let Some(mut watch) = self.watchers.watches.remove(&number) else { return };
        self.find_again(&mut watch);
        let summary = self.watchers.summary(&watch.agent);
        let mut orders: Vec<Order> = Vec::new();
        act(&mut watch, summary, &mut self.room(now, &mut orders));
        self.keep_watch(number, watch);
        self.carry_out(orders, now, out);
    }

    /// A phone whose connection is gone is told over the one that it registered by since (as legs are, `rejoin`).
    fn find_again(&self, watch: &mut Watch) {
        let lost = watch.dialog.flow;
        if !lost.protocol.is_stream() || self.streams.contains_key(&lost) {
            return;
        }
        let mut bindings = self.registrar.at(lost);
        let found = bindings.find(|binding| watch.dialog.is_with(&binding.uri) && self.streams.contains_key(&binding.flow));
        if let Some(binding) = found {
            watch.dialog.flow = binding.flow;
        }
    }

    fn keep_watch(&mut self, number: u64, watch: Watch) {
        self.deadlines.set(Timer::Watch(number), watch.deadline());
        let agent = watch.agent.clone();
        self.watchers.keep(number, watch);
        self.touch_agent(&agent);
    }

    fn forget_watch(&mut self, number: u64) {
        self.deadlines.set(Timer::Watch(number), None);
        if let Some(mut watch) = self.watchers.watches.remove(&number) {
            watch.forget();
            self.watchers.keep(number, watch);
        }
    }

    /// Those of agents who are no more fall due at once, so that their last NOTIFY goes out with the next time-out.
    pub(super) fn reconfigure_watchers(&mut self) {
        let accounts = &self.settings.accounts;
        self.watchers.summaries.retain(|agent, _| accounts.contains_key(agent));
        for number in self.watchers.watches.iter().filter(|(_, watch)| !accounts.contains_key(&watch.agent)).map(|(number, _)| *number) {
            self.deadlines.set(Timer::Watch(number), Some(Instant::START));
        }
    }

    /// The phones that watch over an agent's messages, as a restart needs them; empty when there is none.
    #[must_use]
    pub fn watches_image(&self, agent: &AgentId) -> WatchesImage {
        WatchesImage(self.watchers.of(agent).iter().filter_map(|number| self.watchers.watches.get(number)).cloned().collect())
    }

    /// Brings the watches of an agent back, in place of what is known of them. They are told nothing before
    /// [`Command::SetMessagesWaiting`](super::super::Command::SetMessagesWaiting), and then only what they do not know.
    pub fn restore_watches(&mut self, agent: &AgentId, WatchesImage(watches): WatchesImage) {
        for number in self.watchers.of(agent) {
            self.forget_watch(number);
        }
        for mut watch in watches.into_iter().filter(|watch| watch.agent == *agent && !watch.is_over()).take(WATCHES_PER_AGENT_MAX) {
            watch.restored();
            self.watchers.last += 1;
            let number = self.watchers.last;
            self.deadlines.set(Timer::Watch(number), watch.deadline());
            self.watchers.keep(number, watch);
        }
    }
}
