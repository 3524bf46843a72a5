//! Phones that watch over their agents' messages (RFC 3842), and over colleagues' dialogs and presence (RFC 4235, RFC 3856): SUBSCRIBEs on
//! their way to a watch, and what it orders on its way back. What dialogs there are is known here; of messages and presence the switch
//! tells.

use super::super::msg::{Method, Request, Response};
use super::super::order::{Asked, Order, Room, Silence};
use super::super::refuse::{bad_event, with};
use super::super::watch::{self, Facts, Package, Summary, Term, Watch, Wish};
use super::super::{Flow, Output, Presence, WatchesImage, compose};
use super::{Endpoint, Timer};
use crate::base::limits::{DIALOGS_TOLD_MAX, LAMPS_MAX, LAMPS_PER_AGENT_MAX, WATCHES_PER_AGENT_MAX};
use crate::base::{AgentId, Instant, LegId, Lookup};
use std::collections::{BTreeMap, BTreeSet};

pub(super) struct Watchers {
    watches: BTreeMap<u64, Watch>,
    /// By Call-ID and our tag.
    dialogs: Lookup<(String, String), u64>,
    /// Oldest first; no agent without one.
    of_agents: BTreeMap<AgentId, Vec<u64>>,
    /// By what is watched.
    about: BTreeMap<(Package, AgentId), BTreeSet<u64>>,
    /// Of agents whom the switch spoke of.
    summaries: BTreeMap<AgentId, Summary>,
    presences: BTreeMap<AgentId, Presence>,
    /// The legs of each agent who has any.
    legs: BTreeMap<AgentId, BTreeSet<LegId>>,
    last: u64,
}

impl Watchers {
    pub fn new(hashes: u64) -> Self {
        Self {
            watches: BTreeMap::new(),
            dialogs: Lookup::new(hashes),
            of_agents: BTreeMap::new(),
            about: BTreeMap::new(),
            summaries: BTreeMap::new(),
            presences: BTreeMap::new(),
            legs: BTreeMap::new(),
            last: 0,
        }
    }

    fn of(&self, agent: &AgentId) -> Vec<u64> {
        self.of_agents.get(agent).cloned().unwrap_or_default()
    }

    fn about(&self, package: Package, agent: &AgentId) -> Vec<u64> {
        // Mostly nobody watches.
        if self.about.is_empty() {
            return Vec::new();
        }
        self.about.get(&(package, agent.clone())).into_iter().flatten().copied().collect()
    }

    /// An agent's leg came, or went.
    pub fn note_leg(&mut self, agent: &AgentId, leg: LegId, is_there: bool) {
        match self.legs.get_mut(agent) {
            Some(legs) if is_there => drop(legs.insert(leg)),
            Some(legs) => {
                legs.remove(&leg);
                if legs.is_empty() {
                    self.legs.remove(agent);
                }
            }
            None if is_there => drop(self.legs.insert(agent.clone(), BTreeSet::from([leg]))),
            None => {}
        }
    }

    /// Puts a watch on the books, or takes it off them when it is over.
    fn keep(&mut self, number: u64, watch: Watch) {
        let dialog = (watch.dialog.call_id.clone(), watch.dialog.local_tag.clone());
        let about = (watch.package, watch.resource().clone());
        let numbers = self.of_agents.entry(watch.agent.clone()).or_default();
        if watch.is_over() {
            numbers.retain(|known| *known != number);
            if numbers.is_empty() {
                self.of_agents.remove(&watch.agent);
            }
            if let Some(watching) = self.about.get_mut(&about) {
                watching.remove(&number);
                if watching.is_empty() {
                    self.about.remove(&about);
                }
            }
            self.dialogs.remove(&dialog);
        } else {
            if !numbers.contains(&number) {
                numbers.push(number);
                self.dialogs.insert(dialog, number);
                self.about.entry(about).or_default().insert(number);
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

    /// Whether a request in a watch's dialog comes from its phone (as with legs, `may_speak_for`).
    pub(super) fn watches_from(&self, number: u64, flow: Flow) -> bool {
        let Some(watch) = self.watchers.watches.get(&number) else { return false };
        let (at, peer) = (watch.dialog.flow.peer, flow.peer);
        let is_near = || at.ip() == peer.ip() && !self.is_shared(peer.ip(), &watch.agent);
        at == peer || watch.dialog.is_routed_by(peer.ip()) || is_near() || self.is_registered_by(&watch.agent, flow)
    }

    /// Whose phone watches.
    pub(super) fn watcher(&self, number: u64) -> Option<&AgentId> {
        self.watchers.watches.get(&number).map(|watch| &watch.agent)
    }

    #[must_use]
    pub fn watch_count(&self) -> usize {
        self.watchers.watches.len()
    }

    /// How things are with an agent.
    fn facts(&self, package: Package, agent: &AgentId) -> Facts {
        match package {
            Package::Messages => Facts::Messages(self.watchers.summaries.get(agent).copied().unwrap_or_default()),
            Package::Presence => Facts::Presence(self.watchers.presences.get(agent).cloned().unwrap_or_default()),
            Package::Dialogs => {
                let legs = self.watchers.legs.get(agent).into_iter().flatten();
                Facts::Dialogs(legs.filter_map(|leg| self.legs.get(leg)?.line()).take(DIALOGS_TOLD_MAX).collect())
            }
        }
    }

    /// A new SUBSCRIBE of an agent, who is proven.
    pub(super) fn subscribed(&mut self, agent: &AgentId, asked: &Asked, now: Instant, out: &mut Vec<Output>) {
        let wish = match self.wish_of(agent, &asked.request) {
            Ok(wish) => wish,
            Err(response) => return self.refuse(asked, response, now, out),
        };
        let before = self.watchers.of(agent);
        let watches = || before.iter().filter_map(|number| Some((*number, self.watchers.watches.get(number)?)));
        let same = |watch: &Watch| watch.package == wish.package;
        // A phone that comes again has forgotten what it had.
        let again =
            watches().find(|(_, watch)| same(watch) && *watch.resource() == wish.resource && watch.dialog.flow.peer == asked.flow.peer);
        let most = if wish.package == Package::Messages { WATCHES_PER_AGENT_MAX } else { LAMPS_PER_AGENT_MAX };
        let is_full =
            watches().filter(|(_, watch)| (watch.package == Package::Messages) == (wish.package == Package::Messages)).count() >= most;
        match again.map(|(number, _)| number) {
            Some(again) => self.forget_watch(again),
            None if is_full => return self.refuse(asked, asked.request.response(403, Some("Too Many Subscriptions"), None), now, out),
            None if self.watchers.watches.len() >= LAMPS_MAX => {
                return self.refuse(asked, with(asked.request.response(503, None, None), "Retry-After", "60"), now, out);
            }
            None => {}
        }
        self.watchers.last += 1;
        let (number, facts) = (self.watchers.last, self.facts(wish.package, &wish.resource));
        let mut orders = Vec::new();
        let watch = Watch::begin(number, wish, asked, &facts, &mut self.room(now, &mut orders));
        self.keep_watch(number, watch);
        self.carry_out(orders, now, out);
    }

    fn wish_of(&self, agent: &AgentId, request: &Request) -> Result<Wish, Response> {
        let package = compose::event(&request.headers).and_then(|event| Package::named(event.package));
        let package = package.ok_or_else(|| bad_event(request))?;
        let resource = request.uri.user_unescaped().map_or_else(|| agent.clone(), |user| AgentId::new(&user));
        if package == Package::Messages && resource != *agent {
            // His own messages alone.
            return Err(request.response(403, None, None));
        }
        if !self.settings.accounts.contains_key(&resource) {
            return Err(request.response(404, None, None));
        }
        if compose::contact_of(&request.headers).is_none() {
            return Err(request.response(400, Some("Missing Contact"), None));
        }
        if !watch::is_understood(request, package) {
            return Err(with(request.response(406, None, None), "Accept", package.media_type()));
        }
        match Term::of(request, &self.settings) {
            Term::TooBrief => Err(watch::too_brief(request, &self.settings)),
            term => Ok(Wish { agent: agent.clone(), package, resource, term }),
        }
    }

    /// A SUBSCRIBE in a watch's dialog; anything else belongs to no call.
    pub(super) fn in_watch(&mut self, number: u64, asked: &Asked, now: Instant, out: &mut Vec<Output>) {
        if asked.request.method != Method::Subscribe {
            return self.refuse(asked, asked.request.response(481, None, None), now, out);
        }
        self.with_watch(number, now, out, |watch, facts, room| watch.renewed(number, asked, facts, room));
    }

    pub(super) fn watch_heard(&mut self, number: u64, notify: u32, answer: Result<Response, Silence>, now: Instant, out: &mut Vec<Output>) {
        self.with_watch(number, now, out, |watch, facts, room| watch.answered(number, notify, answer, facts, room));
    }

    pub(super) fn watch_timeout(&mut self, number: u64, now: Instant, out: &mut Vec<Output>) {
        self.with_watch(number, now, out, |watch, facts, room| {
            if [&watch.agent, watch.resource()].iter().all(|agent| room.settings.accounts.contains_key(*agent)) {
                watch.handle_timeout(number, facts, room);
            } else {
                watch.end("noresource", facts, room);
            }
        });
    }

    /// Something is new with an agent: who watches him is told.
    pub(super) fn news_of(&mut self, package: Package, agent: &AgentId, now: Instant, out: &mut Vec<Output>) {
        for number in self.watchers.about(package, agent) {
            self.with_watch(number, now, out, |watch, facts, room| watch.changed(number, facts, room));
        }
    }

    /// `Command::SetPresence`.
    pub(super) fn set_presence(&mut self, agent: AgentId, presence: Presence, now: Instant, out: &mut Vec<Output>) {
        if self.settings.accounts.contains_key(&agent) && self.watchers.presences.insert(agent.clone(), presence.clone()) != Some(presence)
        {
            self.news_of(Package::Presence, &agent, now, out);
        }
    }

    /// `Command::SetMessagesWaiting`.
    pub(super) fn set_messages_waiting(&mut self, agent: &AgentId, summary: Summary, now: Instant, out: &mut Vec<Output>) {
        if !self.settings.accounts.contains_key(agent) {
            return;
        }
        let before = self.watchers.summaries.insert(agent.clone(), summary);
        self.news_of(Package::Messages, agent, now, out);
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
            .filter(|watch| watch.package == Package::Messages)
            .map(|watch| watch.dialog.flow.peer)
            .collect();
        let dark: Vec<_> = self
            .registrar
            .of(agent.as_str())
            .iter()
            .filter(|binding| ways.contains(&binding.flow) && !watching.contains(&binding.flow.peer))
            .filter_map(|binding| Some((binding.uri.clone(), binding.path.clone(), binding.whereabouts().hop(&self.settings)?)))
            .collect();
        let mut orders = Vec::new();
        for (contact, path, flow) in dark {
            watch::unasked(agent, &contact, (&path, flow), summary, &mut self.room(now, &mut orders));
        }
        self.carry_out(orders, now, out);
    }

    fn with_watch(&mut self, number: u64, now: Instant, out: &mut Vec<Output>, act: impl FnOnce(&mut Watch, &Facts, &mut Room)) {
        let Some(mut watch) = self.watchers.watches.remove(&number) else { return };
        self.find_again(&mut watch);
        let facts = self.facts(watch.package, watch.resource());
        let mut orders: Vec<Order> = Vec::new();
        act(&mut watch, &facts, &mut self.room(now, &mut orders));
        self.keep_watch(number, watch);
        self.carry_out(orders, now, out);
    }

    /// A phone whose connection is gone is told over the one that it registered by since (as legs are, `rejoin`).
    fn find_again(&self, watch: &mut Watch) {
        let lost = watch.dialog.flow;
        watch.dialog.is_cut = lost.protocol.is_stream() && !self.streams.contains_key(&lost);
        if !watch.dialog.is_cut {
            return;
        }
        let mut bindings = self.registrar.at(lost);
        let found = bindings.find(|binding| watch.dialog.is_with(&binding.uri) && self.streams.contains_key(&binding.flow));
        if let Some(binding) = found {
            (watch.dialog.flow, watch.dialog.is_cut) = (binding.flow, false);
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
        self.watchers.presences.retain(|agent, _| accounts.contains_key(agent));
        let is_gone = |watch: &Watch| !accounts.contains_key(&watch.agent) || !accounts.contains_key(watch.resource());
        for number in self.watchers.watches.iter().filter(|(_, watch)| is_gone(watch)).map(|(number, _)| *number) {
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
        for mut watch in
            watches.into_iter().filter(|watch| watch.agent == *agent && !watch.is_over()).take(WATCHES_PER_AGENT_MAX + LAMPS_PER_AGENT_MAX)
        {
            watch.restored();
            self.watchers.last += 1;
            let number = self.watchers.last;
            self.deadlines.set(Timer::Watch(number), watch.deadline());
            self.watchers.keep(number, watch);
        }
    }
}
