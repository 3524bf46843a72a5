//! The endpoint: everything SIP of the switch as one value. Bytes and orders go in with the time; bytes and events come out.
//!
//! It owns the transactions, legs, bindings and streams, and carries what one orders to the other: they do not know each other. What
//! comes in is in `arrivals` (streams, datagrams, responses) and `requests`; what the switch orders in `commands`; what legs order is
//! carried out in `orders`.

mod arrivals;
mod carriers;
mod commands;
mod flows;
mod guarding;
mod kept;
mod leg;
mod orders;
mod proofs;
mod referrals;
mod registrations;
mod requests;
mod texts;
mod transactions;
mod watchers;

use super::admission::{Admission, Strain, Turn};
use super::auth::Auth;
use super::carrier::Carrier;
use super::guard::Guard;
use super::msg::Framer;
use super::order::{Order, Room};
use super::registrar::{Binding, Registrar};
use super::transaction::{ClientKey, ServerKey};
use super::watch::Package;
use super::{Changed, Counters, Event, Flow, Output, Received, Settings};
use crate::base::limits::{LEGS_MAX, TRANSACTIONS_MAX};
use crate::base::{AgentId, Deadlines, Instant, LegId, Lookup, Rng, TrunkId};
use flows::{Flows, Way};
use kept::Threads;
use leg::Leg;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use texts::Text;
use transactions::{ClientEntry, ServerEntry};
use watchers::Watchers;

pub struct Endpoint {
    settings: Settings,
    /// Lower case; hosts of URIs that mean us.
    our_hosts: BTreeSet<String>,
    rng: Rng,
    /// In every branch of ours.
    cookie: String,
    auth: Auth,
    registrar: Registrar,
    watchers: Watchers,
    carriers: BTreeMap<TrunkId, Carrier>,
    guard: Guard,
    servers: Lookup<ServerKey, Box<ServerEntry>>,
    clients: Lookup<ClientKey, Box<ClientEntry>>,
    /// Requests without a To tag, by what they have in common when they reach us by two ways (RFC 3261 §8.2.2.2).
    seen: Lookup<Identity, ServerKey>,
    /// The last REGISTER that was answered of each Call-ID, while its transaction is there.
    last_registers: Lookup<String, Registered>,
    legs: BTreeMap<LegId, Leg>,
    /// MESSAGEs that phones have not answered.
    texts: BTreeMap<u64, Text>,
    last_text: u64,
    /// By Call-ID and our tag.
    dialogs: Lookup<(String, String), LegId>,
    streams: BTreeMap<Flow, Stream>,
    flows: Flows,
    /// Transactions of each leg, for its image.
    threads: BTreeMap<LegId, Threads>,
    /// Legs whose phones lost their connection with a restart, by where these are.
    cut_off: BTreeSet<(IpAddr, LegId)>,
    changed: Changed,
    limits: Limits,
    deadlines: Deadlines<Timer>,
    counters: Counters,
    admission: Admission,
    /// Odd.
    next_leg: u64,
}

/// What is alive at once.
struct Limits {
    legs: usize,
    transactions: usize,
}

/// Rounds of one waking up; what falls due at once in the last is late by one turn of the caller.
const ROUNDS_MAX: usize = 8;

/// Call-ID, From tag, CSeq.
type Identity = Arc<(String, String, String)>;

/// A REGISTER that was answered.
struct Registered {
    agent: AgentId,
    /// Its CSeq.
    number: u32,
    key: ServerKey,
}

struct Stream {
    framer: Framer,
    idle_at: Instant,
    /// For which the peer has shown a good certificate.
    names: Vec<String>,
}

impl Stream {
    fn new(idle_at: Instant) -> Self {
        Self { framer: Framer::default(), idle_at, names: Vec::new() }
    }
}

/// Who waits for a moment.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
enum Timer {
    Server(ServerKey),
    Client(ClientKey),
    Leg(LegId),
    /// The first binding of the agent ends.
    Agent(AgentId),
    /// Something is due to a carrier.
    Carrier(TrunkId),
    /// A phone's watch over messages has something to say, or ends.
    Watch(u64),
    /// A MESSAGE is given up.
    Text(u64),
    Stream(Flow),
    /// The first blocked source is released.
    Guard,
}

impl Endpoint {
    /// `secret` keys nonces and seeds tags, branches and Call-IDs: drawn by `io` at start, or fixed by a test.
    #[must_use]
    pub fn new(settings: Settings, secret: [u8; 32], _now: Instant) -> Self {
        let derive = |purpose: &[u8]| -> [u8; 32] { Sha256::new().chain_update(secret).chain_update(purpose).finalize().into() };
        let number = |bytes: [u8; 32]| u64::from_be_bytes(bytes[..8].try_into().expect("8 of 32 bytes"));
        let hashes = number(derive(b"hashes"));
        let mut rng = Rng::new(number(derive(b"seed")));
        let cookie = format!("s{}-", rng.hex(5));
        let mut auth = Auth::new(derive(b"nonces"));
        auth.reconfigure(&settings);
        let mut endpoint = Self {
            our_hosts: hosts_of(&settings),
            settings,
            rng,
            cookie,
            auth,
            registrar: Registrar::default(),
            watchers: Watchers::new(hashes),
            carriers: BTreeMap::new(),
            guard: Guard::default(),
            servers: Lookup::new(hashes),
            clients: Lookup::new(hashes),
            seen: Lookup::new(hashes),
            last_registers: Lookup::new(hashes),
            legs: BTreeMap::new(),
            texts: BTreeMap::new(),
            last_text: 0,
            dialogs: Lookup::new(hashes),
            streams: BTreeMap::new(),
            flows: Flows::default(),
            threads: BTreeMap::new(),
            cut_off: BTreeSet::new(),
            changed: Changed::default(),
            limits: Limits { legs: LEGS_MAX, transactions: TRANSACTIONS_MAX },
            deadlines: Deadlines::seeded(hashes),
            counters: Counters::default(),
            admission: Admission::default(),
            next_leg: 1,
        };
        endpoint.reconfigure_carriers();
        endpoint
    }

    /// Takes a new configuration; dialogs go on, bindings stay. Those of agents that are no more fall due at once, so that their
    /// `Unregistered` comes with the next time-out.
    pub fn reconfigure(&mut self, settings: Settings) {
        self.our_hosts = hosts_of(&settings);
        for (agent, _) in self.registrar.agents().filter(|(agent, _)| !settings.accounts.contains_key(*agent)) {
            self.deadlines.set(Timer::Agent(agent.clone()), Some(Instant::START));
        }
        self.auth.reconfigure(&settings);
        self.settings = settings;
        self.reconfigure_watchers();
        self.reconfigure_carriers();
    }

    /// How late the switch was. New calls beyond what it bears are refused with 503 and no transaction of their own: a refusal is to cost as
    /// little as it can. Everything inside dialogs, and every registration, is served.
    pub fn strained(&mut self, strain: Strain, now: Instant) -> Option<Turn> {
        self.admission.learn(strain, now)
    }

    /// The Call-ID of a leg, once it has one.
    #[must_use]
    pub fn call_id(&self, leg: LegId) -> Option<String> {
        self.legs.get(&leg).map(|leg| leg.dialog().0)
    }

    /// What the sockets tell.
    pub fn receive(&mut self, received: Received, now: Instant, out: &mut Vec<Output>) {
        match received {
            Received::Bytes { flow, bytes } => self.bytes(flow, &bytes, now, out),
            Received::Certified { flow, names } => self.certified(flow, names, now),
            Received::NoTls { flow, why } => self.no_tls(flow, &why, out),
            Received::Closed { flow } => self.closed(flow, now, out),
            Received::SendFailed { flow } => self.send_failed(flow, now, out),
            Received::Unsent { bytes, .. } => self.unsent(&bytes, now, out),
        }
    }

    /// To be called when [`deadline`](Self::deadline) has passed; leaves no deadline at or before `now`.
    pub fn handle_timeout(&mut self, now: Instant, out: &mut Vec<Output>) {
        // In rounds, and few of them: a machine that left its deadline behind would be late, not the end of all others.
        for _ in 0..ROUNDS_MAX {
            let due: Vec<Timer> = std::iter::from_fn(|| self.deadlines.pop_due(now)).collect();
            if due.is_empty() {
                return;
            }
            for timer in due {
                self.wake(timer, now, out);
            }
        }
    }

    fn wake(&mut self, timer: Timer, now: Instant, out: &mut Vec<Output>) {
        match timer {
            Timer::Server(key) => self.server_timeout(&key, now, out),
            Timer::Client(key) => self.client_timeout(&key, now, out),
            Timer::Leg(leg) => {
                self.rejoin(leg, now, out);
                self.with_leg(leg, now, out, |leg, room| match leg {
                    Leg::Session(session) => session.handle_timeout(room),
                    Leg::Out(call) => call.handle_timeout(room),
                });
            }
            Timer::Agent(agent) => {
                let mut events = Vec::new();
                self.registrar.handle_timeout(&agent, &self.settings, now, &mut events);
                self.registrations(events, out);
                self.deadlines.set(Timer::Agent(agent.clone()), self.registrar.deadline(agent.as_str()));
            }
            Timer::Watch(watch) => self.watch_timeout(watch, now, out),
            Timer::Text(number) => self.text_timeout(number, now, out),
            Timer::Carrier(trunk) => self.carrier_timeout(&trunk, now, out),
            Timer::Stream(flow) => self.stream_timeout(flow, now, out),
            Timer::Guard => self.guard_timeout(now, out),
        }
    }

    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.deadlines.next()
    }

    #[must_use]
    pub fn counters(&self) -> Counters {
        self.counters
    }

    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The bindings of an agent, oldest first.
    #[must_use]
    pub fn bindings(&self, agent: &AgentId) -> &[Binding] {
        self.registrar.of(agent.as_str())
    }

    /// Every agent that is registered, with the bindings.
    pub fn registered(&self) -> impl Iterator<Item = (&AgentId, &[Binding])> {
        self.registrar.agents()
    }

    #[must_use]
    pub fn leg_count(&self) -> usize {
        self.legs.len()
    }

    #[must_use]
    pub fn transaction_count(&self) -> usize {
        self.servers.len() + self.clients.len()
    }

    #[must_use]
    pub fn dialog_count(&self) -> usize {
        self.dialogs.len()
    }

    /// Whether no leg, dialog or transaction is left; bindings and streams may be.
    #[must_use]
    pub fn is_quiescent(&self) -> bool {
        self.legs.is_empty()
            && self.dialogs.is_empty()
            && self.servers.is_empty()
            && self.clients.is_empty()
            && self.seen.is_empty()
            && self.last_registers.is_empty()
            && self.texts.is_empty()
    }

    /// Lower limits of what is alive at once, for tests of what happens there.
    #[cfg(test)]
    pub(super) fn limit(&mut self, legs: usize, transactions: usize) {
        self.limits = Limits { legs, transactions };
    }

    fn is_ours(&self, host: &str) -> bool {
        is_among(&self.our_hosts, host)
    }

    fn registrations(&mut self, events: Vec<Event>, out: &mut Vec<Output>) {
        for event in events {
            if let Event::Registered { agent, .. } | Event::Unregistered { agent, .. } = &event {
                self.deadlines.set(Timer::Agent(agent.clone()), self.registrar.deadline(agent.as_str()));
                self.touch_agent(agent);
            }
            out.push(Output::Event(event));
        }
    }

    /// The dialogs of whose phones may be others than colleagues know.
    fn tell_colleagues(&mut self, agent: Option<AgentId>, now: Instant, out: &mut Vec<Output>) {
        if let Some(agent) = agent {
            self.news_of(Package::Dialogs, &agent, now, out);
        }
    }

    /// Makes a leg; one over at once is not kept.
    fn start_leg(&mut self, id: LegId, now: Instant, out: &mut Vec<Output>, make: impl FnOnce(&mut Room) -> Leg) {
        if self.legs.contains_key(&id) || self.legs.len() >= self.limits.legs {
            out.push(Output::Event(Event::Failed { leg: id, failure: super::Failure::Unreachable }));
            return;
        }
        let mut orders = Vec::new();
        let leg = make(&mut self.room(now, &mut orders));
        self.dialogs.insert(leg.dialog(), id);
        self.touch(id);
        let agent = leg.account().cloned();
        self.keep_leg(id, leg, Way::default());
        self.carry_out(orders, now, out);
        self.tell_colleagues(agent, now, out);
    }

    /// Lets a leg act, and carries out what it orders. Does nothing for a leg that is gone.
    fn with_leg(&mut self, id: LegId, now: Instant, out: &mut Vec<Output>, act: impl FnOnce(&mut Leg, &mut Room)) {
        let Some(mut leg) = self.legs.remove(&id) else { return };
        if let Leg::Session(session) = &mut leg {
            let flow = session.dialog.flow;
            session.dialog.is_cut = flow.protocol.is_stream() && !self.streams.contains_key(&flow);
        }
        let mut orders = Vec::new();
        let way = leg.way();
        let agent = leg.account().cloned();
        act(&mut leg, &mut self.room(now, &mut orders));
        self.touch(id);
        if leg.is_over()
            && let Some(agent) = &agent
        {
            self.watchers.note_leg(agent, id, false);
        }
        self.keep_leg(id, leg, way);
        self.carry_out(orders, now, out);
        self.tell_colleagues(agent, now, out);
    }

    fn keep_leg(&mut self, id: LegId, leg: Leg, way_before: Way) {
        self.deadlines.set(Timer::Leg(id), leg.deadline());
        if leg.is_over() {
            self.moved(id, way_before, Way::default());
            self.dialogs.remove(&leg.dialog());
            self.threads.remove(&id);
        } else {
            self.moved(id, way_before, leg.way());
            if let Some(agent) = leg.account() {
                self.watchers.note_leg(agent, id, true);
            }
            self.legs.insert(id, leg);
        }
    }

    fn room<'a>(&'a mut self, now: Instant, orders: &'a mut Vec<Order>) -> Room<'a> {
        Room { now, rng: &mut self.rng, settings: &self.settings, cookie: &self.cookie, orders }
    }
}

/// `hosts` are in lower case.
fn is_among(hosts: &BTreeSet<String>, host: &str) -> bool {
    // Mostly it is written so.
    hosts.contains(host)
        || hosts.contains(host.to_ascii_lowercase().as_str())
        // RFC 5952 has one way to write an IPv6 address; RFC 4291 has many.
        || host.strip_prefix('[').and_then(|host| host.strip_suffix(']')?.parse::<Ipv6Addr>().ok()).is_some_and(|ip| {
            hosts.contains(format!("[{ip}]").as_str()) || ip.to_ipv4_mapped().is_some_and(|ip| hosts.contains(ip.to_string().as_str()))
        })
}

fn hosts_of(settings: &Settings) -> BTreeSet<String> {
    let listening = settings.listen.iter().map(|(_, address)| match address.ip() {
        std::net::IpAddr::V4(ip) => ip.to_string(),
        std::net::IpAddr::V6(ip) => format!("[{ip}]"),
    });
    let named = settings.our_hosts.iter().chain([&settings.domain]).map(|host| host.to_ascii_lowercase());
    listening.chain(named).collect()
}
