//! Carriers: which of their hosts answer, whether they have us, how many of their channels are taken, and by which way a number is called
//! over them. What is said to them is the endpoint's.

use super::going::Nowhere;
use super::input::{Found, FoundHosts};
use super::output::{Detail, Event as Told, Output};
use super::slot::{Party, Purpose};
use super::view::{TrunkHostView, TrunkTargetView, TrunkView};
use super::{Key, Surroundings, Switch, directory};
use crate::base::{AgentId, Instant, LegId, Rng, Timestamp, TrunkId};
use crate::call::record::{CallDirection, Outcome};
use crate::config::{HostQuestion, ListenProtocol, TrunkConfig, TrunkHost, TrunkHostName};
use crate::sip::{self, Callee, Failure, Flow, Protocol, TrunkCause};
use ipnet::IpNet;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::{IpAddr, SocketAddr};

/// What is known of the carriers at present. A host of which nothing is known may be called.
#[derive(Debug, Default)]
pub(super) struct Carriers {
    /// Legs that take a channel of one.
    lines: BTreeMap<LegId, TrunkId>,
    taken: BTreeMap<TrunkId, usize>,
    /// By which ways legs are tried that have not rung yet.
    tried: BTreeMap<LegId, Flow>,
    /// Over which way a trunk was served last: a call out rang there, or it has us registered there.
    used: BTreeMap<TrunkId, Flow>,
    pub down: BTreeSet<(TrunkId, SocketAddr)>,
    pub up: BTreeSet<(TrunkId, SocketAddr)>,
    /// Since when a carrier has us, or why it has not.
    pub registered: BTreeMap<TrunkId, Result<Timestamp, String>>,
}

impl Carriers {
    pub fn take(&mut self, leg: LegId, trunk: &TrunkId) {
        if self.lines.insert(leg, trunk.clone()).is_none() {
            *self.taken.entry(trunk.clone()).or_default() += 1;
        }
    }

    /// It rings there, or was answered.
    pub fn serves(&mut self, leg: LegId) {
        if let (Some(flow), Some(trunk)) = (self.tried.remove(&leg), self.lines.get(&leg)) {
            self.used.insert(trunk.clone(), flow);
        }
    }

    pub fn free(&mut self, leg: LegId) {
        self.tried.remove(&leg);
        let Some(trunk) = self.lines.remove(&leg) else { return };
        if let Some(taken) = self.taken.get_mut(&trunk) {
            *taken -= 1;
            if *taken == 0 {
                self.taken.remove(&trunk);
            }
        }
    }

    #[must_use]
    pub fn taken(&self, trunk: &TrunkId) -> usize {
        self.taken.get(trunk).copied().unwrap_or(0)
    }

    #[must_use]
    pub fn trunk_of(&self, leg: LegId) -> Option<&TrunkId> {
        self.lines.get(&leg)
    }

    /// Of these legs, those that take a channel.
    pub fn lines_of<'l>(&'l self, legs: &'l BTreeSet<LegId>) -> impl Iterator<Item = (LegId, TrunkId)> + 'l {
        legs.iter().filter_map(|leg| Some((*leg, self.lines.get(leg)?.clone())))
    }

    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.lines.is_empty() && self.taken.is_empty() && self.tried.is_empty()
    }
}

/// What comes of a way whose trunk is full.
pub(super) fn all_channels_taken() -> Failure {
    Failure::Status { code: 503, reason: "all channels of the trunk are taken".to_owned() }
}

impl Switch {
    /// Whether a call more goes over the trunk.
    pub(super) fn has_channel(&self, trunk: &TrunkId) -> bool {
        let channels = self.config.trunks.get(trunk).and_then(|trunk| trunk.channels);
        channels.is_none_or(|channels| self.carriers.taken(trunk) < channels)
    }

    /// The way takes a channel of its trunk; false when none is free.
    pub(super) fn takes_channel(&mut self, leg: LegId, callee: &Callee) -> bool {
        let Callee::Trunk { trunk: Some(trunk), flow, .. } = callee else { return true };
        let free = self.has_channel(trunk);
        if free {
            self.carriers.take(leg, trunk);
            self.carriers.tried.insert(leg, *flow);
        }
        free
    }

    /// Who is shown to a callee: over a trunk an agent shows a number that can be called back: his own, that of a queue he serves, or the
    /// trunk's.
    pub(super) fn shown_as(&self, from: &sip::Party, caller: Option<&AgentId>, callee: &Callee) -> sip::Party {
        let (Callee::Trunk { trunk: Some(trunk), .. }, Some(agent)) = (callee, caller.and_then(|agent| self.config.agents.get(agent)))
        else {
            return from.clone();
        };
        let of_queue = || self.config.queues.values().filter(|queue| queue.is_served_by(agent)).find_map(|queue| queue.caller.clone());
        let of_trunk = || self.config.trunks.get(trunk).and_then(|trunk| trunk.caller.clone());
        match agent.caller.clone().or_else(of_queue).or_else(of_trunk) {
            Some(user) => sip::Party { display: None, user },
            None => from.clone(),
        }
    }

    /// All ways to `number`, the best first: trunks in their order, hosts by priority and, drawn by weight, among those of one priority
    /// (RFC 2782). Hosts that are down are passed over while another stands.
    pub(super) fn to_trunks(&self, trunks: &[TrunkId], number: &str) -> Result<(Purpose, CallDirection), Nowhere> {
        let ways = self.ways_over(trunks, number);
        if ways.is_empty() {
            return Err((503, Outcome::Unreachable));
        }
        Ok((Purpose::Party(Party::to(None, ways)), CallDirection::Outbound))
    }

    pub(super) fn ways_over(&self, trunks: &[TrunkId], number: &str) -> VecDeque<(Callee, IpAddr)> {
        let mut rng = Rng::new(self.surroundings.seed ^ self.next_leg);
        let mut ways: Vec<(bool, Callee, IpAddr)> = Vec::new();
        for trunk in trunks.iter().filter_map(|trunk| self.config.trunks.get(trunk)) {
            for host in in_turn(&trunk.hosts, &mut rng) {
                for (shown, flow) in flows_in_turn(host, &self.hosts, &self.surroundings, &mut rng) {
                    let is_down = self.carriers.down.contains(&(trunk.id.clone(), flow.peer));
                    let callee = Callee::Trunk { trunk: Some(trunk.id.clone()), number: number.to_owned(), host: shown, flow };
                    ways.push((is_down, callee, flow.local.ip()));
                }
            }
        }
        let some_stand = ways.iter().any(|(is_down, ..)| !is_down);
        ways.into_iter().filter(|(is_down, ..)| !(some_stand && *is_down)).map(|(_, callee, local)| (callee, local)).collect()
    }

    /// Names of hosts lead elsewhere: the endpoint, which registers with them and asks after them, is told.
    pub(super) fn hosts_found(&mut self, hosts: FoundHosts, now: Instant) {
        if self.hosts != hosts {
            let before = std::mem::replace(&mut self.hosts, hosts);
            self.tell_of_names(&before, now);
            self.endpoint.reconfigure(directory::sip_settings(&self.config, &self.surroundings, &self.hosts));
            self.touched.insert(Key::Endpoint);
            self.forget_carriers();
        }
    }

    /// A name that leads nowhere takes its trunk's host away, and that is told.
    fn tell_of_names(&mut self, before: &FoundHosts, now: Instant) {
        let config = std::sync::Arc::clone(&self.config);
        for trunk in config.trunks.values() {
            let asked = trunk.hosts.iter().filter_map(TrunkHost::question).chain(trunk.accept_names.iter().cloned());
            for question in asked.collect::<BTreeSet<HostQuestion>>() {
                let trouble = |hosts: &FoundHosts| hosts.get(&question).and_then(|found| found.as_ref().err().cloned());
                let (was, is) = (trouble(before), trouble(&self.hosts));
                let name = match (&was, &is) {
                    (_, Some(_)) if was != is => "trunk.name_not_found",
                    (Some(_), None) => "trunk.name_found",
                    _ => continue,
                };
                let mut detail = vec![("trunk", Detail::Text(trunk.id.to_string())), ("name", Detail::Text(question.name.clone()))];
                detail.extend(is.map(|why| ("cause", Detail::Text(why))));
                self.out.push(Output::Event(Told { at: self.at(now), name, call: None, agent: None, queue: None, detail }));
            }
        }
    }

    pub(super) fn trunk_registered(&mut self, trunk: &TrunkId, flow: Flow, now: Instant) {
        tracing::info!(%trunk, host = %flow.peer, "registered with a carrier");
        self.carriers.used.insert(trunk.clone(), flow);
        self.carriers.registered.insert(trunk.clone(), Ok(self.at(now)));
        self.tell_of_trunk("trunk.registered", trunk, Some(flow.peer), None, now);
    }

    pub(super) fn trunk_unregistered(&mut self, trunk: &TrunkId, cause: TrunkCause, now: Instant) {
        let why = in_words(cause);
        tracing::warn!(%trunk, why, "a carrier does not have us");
        if cause == TrunkCause::Removed {
            self.carriers.registered.remove(trunk);
        } else {
            self.carriers.registered.insert(trunk.clone(), Err(why.clone()));
        }
        self.tell_of_trunk("trunk.unregistered", trunk, None, Some(why), now);
    }

    /// A host answers, or does so no more.
    pub(super) fn trunk_stands(&mut self, trunk: &TrunkId, flow: Flow, down: Option<TrunkCause>, now: Instant) {
        let host = (trunk.clone(), flow.peer);
        let Some(cause) = down else {
            self.carriers.down.remove(&host);
            self.carriers.up.insert(host);
            return self.tell_of_trunk("trunk.up", trunk, Some(flow.peer), None, now);
        };
        let why = in_words(cause);
        tracing::warn!(%trunk, host = %flow.peer, why, "a carrier's host is down");
        self.carriers.up.remove(&host);
        self.tell_of_trunk("trunk.down", trunk, Some(flow.peer), Some(why), now);
        self.carriers.down.insert(host.clone());
        self.copies_lose(&host, now);
    }

    fn tell_of_trunk(&mut self, name: &'static str, trunk: &TrunkId, host: Option<SocketAddr>, cause: Option<String>, now: Instant) {
        let mut detail = vec![("trunk", Detail::Text(trunk.to_string()))];
        detail.extend(host.map(|host| ("host", Detail::Text(host.to_string()))));
        detail.extend(cause.map(|cause| ("cause", Detail::Text(cause))));
        self.out.push(Output::Event(Told { at: self.at(now), name, call: None, agent: None, queue: None, detail }));
    }

    pub(super) fn trunk_views(&self) -> Vec<TrunkView> {
        let stands = |trunk: &TrunkId, peer: SocketAddr| {
            let host = (trunk.clone(), peer);
            if self.carriers.up.contains(&host) {
                "up"
            } else if self.carriers.down.contains(&host) {
                "down"
            } else {
                "unknown"
            }
        };
        let host = |trunk: &TrunkId, host: &TrunkHost| {
            let mut places = places(host, &self.hosts);
            places.sort_by_key(|place| place.priority);
            let target = |place: Found| TrunkTargetView {
                protocol: place.protocol,
                address: place.address,
                state: if flow_to(&place, &self.surroundings).is_some() { stands(trunk, place.address) } else { "unusable" },
            };
            let targets: Vec<TrunkTargetView> = places.into_iter().map(target).collect();
            let lost = host.question().and_then(|question| self.hosts.get(&question)?.as_ref().err().cloned());
            // One address of a name that answers is enough.
            let best = ["up", "unknown", "down", "unusable"].into_iter().find(|state| targets.iter().any(|target| target.state == *state));
            let state = if lost.is_some() { "not-found" } else { best.unwrap_or("unknown") };
            TrunkHostView { host: host.to_string(), state, lost, targets }
        };
        let view = |trunk: &TrunkConfig| TrunkView {
            id: trunk.id.clone(),
            calls: self.carriers.taken(&trunk.id),
            channels: trunk.channels,
            registered: self.carriers.registered.get(&trunk.id).cloned(),
            used: self.carriers.used.get(&trunk.id).map(|flow| (flow.protocol, flow.peer)),
            hosts: trunk.hosts.iter().map(|one| host(&trunk.id, one)).collect(),
        };
        self.config.trunks.values().map(view).collect()
    }

    /// What a reload, or another answer of DNS, has taken away is forgotten.
    pub(super) fn forget_carriers(&mut self) {
        let trunks = &self.config.trunks;
        let leads_to = |trunk: &TrunkConfig, peer: SocketAddr| {
            trunk.hosts.iter().any(|host| places(host, &self.hosts).iter().any(|place| place.address == peer))
        };
        let has = |trunk: &TrunkId, peer: SocketAddr| trunks.get(trunk).is_some_and(|trunk| leads_to(trunk, peer));
        let pinged = |trunk: &TrunkId| trunks.get(trunk).is_some_and(|trunk| trunk.ping.is_some());
        self.carriers.down.retain(|(trunk, peer)| pinged(trunk) && has(trunk, *peer));
        self.carriers.up.retain(|(trunk, peer)| pinged(trunk) && has(trunk, *peer));
        self.carriers.used.retain(|trunk, flow| has(trunk, flow.peer));
        self.carriers.registered.retain(|trunk, _| trunks.get(trunk).is_some_and(|trunk| trunk.register.is_some()));
    }
}

fn in_words(cause: TrunkCause) -> String {
    match cause {
        TrunkCause::Status { code } => format!("{code} {}", sip::msg::message::reason_phrase(code)),
        TrunkCause::Silent => "no answer".to_owned(),
        TrunkCause::Unreachable => "nothing could be sent".to_owned(),
        TrunkCause::Expired => "the registration ran out".to_owned(),
        TrunkCause::Removed => "not wanted any more".to_owned(),
    }
}

fn in_turn<'h>(hosts: &'h [TrunkHost], rng: &mut Rng) -> Vec<&'h TrunkHost> {
    drawn(hosts.iter().collect(), |host| (u32::from(host.priority), u32::from(host.weight)), rng)
}

/// RFC 2782: the lowest priority first, and of one each as often first as its weight has it.
fn drawn<T>(mut left: Vec<T>, order: impl Fn(&T) -> (u32, u32), rng: &mut Rng) -> Vec<T> {
    left.sort_by_key(|one| order(one).0);
    let mut turn = Vec::with_capacity(left.len());
    while let Some(first) = left.first() {
        let priority = order(first).0;
        let equals = left.iter().take_while(|one| order(one).0 == priority).count();
        let total: u64 = left[..equals].iter().map(|one| u64::from(order(one).1)).sum();
        let among = if total == 0 { u64::try_from(equals).unwrap_or(1) } else { total };
        let mut drawn = if equals == 1 { 0 } else { rng.below(among) };
        let at = left[..equals].iter().position(|one| {
            // Where none has a weight, each is as good.
            let weight = if total == 0 { 1 } else { u64::from(order(one).1) };
            let is_it = drawn < weight;
            drawn = drawn.saturating_sub(weight);
            is_it
        });
        turn.push(left.remove(at.unwrap_or(0)));
    }
    turn
}

/// Where a host is, as far as it is known.
fn places(host: &TrunkHost, known: &FoundHosts) -> Vec<Found> {
    match &host.host {
        TrunkHostName::Address(ip) => {
            vec![Found { protocol: host.protocol.into(), address: SocketAddr::new(*ip, host.port), priority: 0, weight: 1 }]
        }
        TrunkHostName::Name(name) => known.get(&host.question_of(name)).and_then(|found| found.clone().ok()).unwrap_or_default(),
    }
}

/// Addresses of a host, the best first, each with what a request URI shows of it, and the listening address of ours that leads there.
fn flows_to(host: &TrunkHost, known: &FoundHosts, surroundings: &Surroundings) -> Vec<(String, Flow)> {
    let mut places = places(host, known);
    places.sort_by_key(|place| place.priority);
    flows(host, places, surroundings)
}

/// The same, as calls share them (RFC 2782).
fn flows_in_turn(host: &TrunkHost, known: &FoundHosts, surroundings: &Surroundings, rng: &mut Rng) -> Vec<(String, Flow)> {
    flows(host, drawn(places(host, known), |place| (place.priority, place.weight), rng), surroundings)
}

fn flows(host: &TrunkHost, places: Vec<Found>, surroundings: &Surroundings) -> Vec<(String, Flow)> {
    let name = match &host.host {
        TrunkHostName::Address(IpAddr::V6(ip)) => format!("[{ip}]"),
        TrunkHostName::Address(ip) => ip.to_string(),
        TrunkHostName::Name(name) => name.clone(),
    };
    let usual = if host.protocol == ListenProtocol::Tls { Protocol::Tls.default_port() } else { Protocol::Udp.default_port() };
    let shown = if host.says_port && host.port != usual { format!("{name}:{}", host.port) } else { name };
    let shown = if host.secure { format!("sips:{shown}") } else { shown };
    places.iter().filter_map(|place| Some((shown.clone(), flow_to(place, surroundings)?))).collect()
}

/// By the listening address of ours that leads there, if one does.
fn flow_to(&Found { protocol, address: peer, .. }: &Found, surroundings: &Surroundings) -> Option<Flow> {
    let listening = || surroundings.listen.iter().filter(|(with, _)| *with == protocol).map(|(_, local)| *local);
    let usable = |local: &SocketAddr| local.is_ipv4() == peer.is_ipv4() && local.ip().is_loopback() == peer.ip().is_loopback();
    let local = listening().find(usable).or_else(|| listening().find(|local| local.is_ipv4() == peer.is_ipv4()))?;
    Some(Flow { protocol, local, peer })
}

/// Where its calls come from: the networks of the configuration, and where its names lead.
fn accepted(trunk: &TrunkConfig, known: &FoundHosts) -> Vec<IpNet> {
    let named = trunk.accept_names.iter().filter_map(|question| known.get(question)?.as_ref().ok()).flatten();
    trunk.accept_from.iter().copied().chain(named.map(|place| IpNet::from(place.address.ip()))).collect()
}

/// A trunk as the endpoint sees it.
pub(super) fn sip_trunk(trunk: &TrunkConfig, records: bool, known: &FoundHosts, surroundings: &Surroundings) -> sip::Trunk {
    let mut hosts: Vec<&TrunkHost> = trunk.hosts.iter().collect();
    hosts.sort_by_key(|host| host.priority);
    let ways = hosts.iter().flat_map(|host| flows_to(host, known, surroundings)).map(|(host, flow)| sip::TrunkWay { host, flow });
    let account = trunk.account.as_ref();
    let domain = trunk.domain.clone().or_else(|| {
        hosts.first().map(|host| match &host.host {
            TrunkHostName::Address(ip) => ip.to_string(),
            TrunkHostName::Name(name) => name.clone(),
        })
    });
    let register = trunk.register.zip(account).map(|(expires, account)| sip::TrunkRegister {
        user: account.user.clone(),
        domain: domain.unwrap_or_default(),
        expires,
    });
    sip::Trunk {
        id: trunk.id.clone(),
        accept_from: accepted(trunk, known),
        accept_certificate: trunk.tls.accept_certificate.clone(),
        ways: ways.collect(),
        account: account.map(|account| sip::TrunkAccount { user: account.user.clone(), password: sip::Password::new(&account.password) }),
        register,
        ping: trunk.ping.map(|ping| sip::TrunkPing { every: ping.every, failures: ping.failures }),
        caller_shown: match trunk.caller_shown {
            crate::config::CallerShown::From => sip::CallerShown::From,
            crate::config::CallerShown::Asserted => sip::CallerShown::Asserted,
            crate::config::CallerShown::BehindAccount => sip::CallerShown::BehindAccount,
        },
        from_domain: trunk.domain.clone(),
        records,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(name: &str, priority: u16, weight: u16) -> TrunkHost {
        let (host, protocol) = (TrunkHostName::Name(name.to_owned()), ListenProtocol::Udp);
        TrunkHost { host, port: 5060, protocol, secure: false, says_port: true, says_transport: false, priority, weight }
    }

    #[test]
    fn hosts_come_by_priority_and_share_by_weight() {
        let hosts = [host("c", 2, 1), host("a", 1, 3), host("b", 1, 1)];
        let mut rng = Rng::new(5);
        let mut first: BTreeMap<String, u32> = BTreeMap::new();
        for _ in 0..4_000 {
            let names: Vec<_> = in_turn(&hosts, &mut rng).into_iter().map(|host| host.host.clone()).collect();
            assert_eq!(names[2], TrunkHostName::Name("c".to_owned()), "only when the others cannot");
            let TrunkHostName::Name(name) = &names[0] else { panic!("a name") };
            *first.entry(name.clone()).or_default() += 1;
        }
        let share = first["a"];
        assert!((2_850..=3_150).contains(&share), "three of four: {share}");
    }

    #[test]
    fn a_channel_is_taken_once_a_leg_and_given_back_once() {
        let (mut carriers, trunk) = (Carriers::default(), TrunkId::new("carrier"));
        for leg in [1, 2, 2] {
            carriers.take(LegId(leg), &trunk);
        }
        assert_eq!(carriers.taken(&trunk), 2);
        for leg in [2, 2, 3, 1] {
            carriers.free(LegId(leg));
        }
        assert!(carriers.is_idle());
    }
}
