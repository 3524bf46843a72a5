//! The world around one switch on virtual time: its media engine, network, phones and disk, one seed for all chance, and the checkers that
//! look on at every step. Nothing here sleeps; the same seed gives the same run.

use super::checkers::Checkers;
use super::disk::Disk;
use super::mischief::{Hearer, Mischief};
use super::net::{Net, Weather};
use super::phones::{Emission, Phone};
use super::plane::Plane;
use super::sound;
use super::vault::Vault;
use sanling::base::time::millis;
use sanling::base::{CallId, Deadlines, Duration, Instant, LegId, LegQuality, ReplayNumber, Rng, SessionId, Timestamp, WallClock};
use sanling::call::record::{CallRecord, OfferOutcome, Outcome, RecordingState, ReleasedBy};
use sanling::config::{Config, PromptInventory, SourceFile, resolve};
use sanling::media::control::{AllocationFailure, Command as Media, Report, ResumedLeg};
use sanling::media::{Clip, Component, Engine, EngineSettings, Turn, Wanted};
use sanling::report::AgentInterval;
use sanling::sip::{Flow, Protocol, Received};
use sanling::switch::checkpoint::Part;
use sanling::switch::input::{Command, FoundRecording, Input, RecorderReport, RequestId, Sought, WhatIsThere};
use sanling::switch::output::{AuditNote, DecisionRecord, Detail, Event, Output, Reply};
use sanling::switch::restore::Kept;
use sanling::switch::view::{AgentView, Snapshot};
use sanling::switch::{Surroundings, Switch};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// How long a piece of a recording takes to be read.
const READ_WITHIN: Duration = sanling::base::time::millis(15);

/// 2026-11-21T08:00:00Z.
pub const BEGAN: Timestamp = Timestamp(1_795_248_000_000);

enum Happening {
    SipToSwitch { from: SocketAddr, bytes: Vec<u8> },
    SipToPhone { to: SocketAddr, bytes: Vec<u8> },
    RtpToSwitch { to: SocketAddr, from: SocketAddr, bytes: Vec<u8> },
    RtpToPhone { to: SocketAddr, bytes: Vec<u8> },
    Recorder(RecorderReport),
    Read(Wanted, Option<Clip>),
    Found(FoundRecording),
}

pub struct World {
    pub now: Instant,
    pub seed: u64,
    pub rng: Rng,
    pub config: Arc<Config>,
    /// On the wall.
    clock: WallClock,
    pub switch: Switch,
    pub engine: Engine,
    /// In place of the engine, where a whole day passes: what it reports, without its packets.
    pub plane: Option<Plane>,
    turn: Turn,
    pub net: Net,
    /// Of what one phone alone sends, in place of the network's own; and packets that were lost of it.
    weathers: BTreeMap<usize, Weather>,
    rtp_lost: BTreeMap<usize, u32>,
    /// The switch's last report by RTCP to each address, and when it was sent.
    reports: BTreeMap<SocketAddr, (Instant, Vec<u8>)>,
    /// Reads along, where there is one.
    pub mischief: Option<Box<Mischief>>,
    pub phones: Vec<Phone>,
    /// Recording servers, and clients of ours.
    pub vaults: Vec<Vault>,
    by_address: BTreeMap<SocketAddr, usize>,
    by_ip: BTreeMap<IpAddr, usize>,
    wakes: Deadlines<usize>,
    pub disk: Disk,
    pub checkers: Checkers,
    /// By time, then in order of being put there.
    ahead: BTreeMap<(Instant, u64), Happening>,
    order: u64,
    inputs: VecDeque<Input>,
    listen: SocketAddr,
    bound: BTreeMap<LegId, SocketAddr>,
    legs: BTreeMap<SocketAddr, LegId>,
    next_port: u16,
    pub records: BTreeMap<CallId, CallRecord>,
    pub decisions: Vec<DecisionRecord>,
    pub intervals: Vec<AgentInterval>,
    pub audit: Vec<AuditNote>,
    /// As the store numbers them: in the order in which they were begun.
    pub recorded: Vec<CallId>,
    /// Recordings that retention has removed.
    pub removed: BTreeSet<CallId>,
    /// How long the store takes to find one; `None`: it does not answer.
    pub finds_within: Option<Duration>,
    /// What legs that are over came to.
    pub ended_legs: Vec<LegQuality>,
    pub events: Vec<(Instant, Event)>,
    /// Without it events are counted alone.
    pub keeps_events: bool,
    pub lived: BTreeMap<&'static str, u64>,
    /// Messages that crossed the switch's border, either way.
    pub messages: u64,
    pub replies: Vec<Reply>,
    /// Connections that stand, and who is to be at the end of the next.
    connected: BTreeSet<Flow>,
    expected: Option<(Flow, String)>,
    /// Connections that the switch closed.
    pub closed: Vec<SocketAddr>,
    pub drained: bool,
    /// Packets that proved not to be their leg's.
    pub unauthentic: u64,
    /// What a restart goes on from.
    pub kept: BTreeMap<Part, Vec<u8>>,
    /// Calls whose image was taken away.
    forgotten: BTreeSet<Part>,
    /// The switch's process is dead, and is started again then.
    pub up_at: Option<Instant>,
    pub crashes: u64,
    /// The last messages on the wire, for whoever must understand a failure.
    trace: VecDeque<(Instant, Line)>,
    loud: bool,
}

/// Put into words only when somebody reads it.
enum Line {
    Message(&'static str, SocketAddr, Vec<u8>),
    Event(Event),
    Crash(&'static str),
}

const LISTEN_TLS: SocketAddr = SocketAddr::new(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 5061);
const LISTEN_V6: SocketAddr = SocketAddr::new(IpAddr::V6(std::net::Ipv6Addr::LOCALHOST), 5060);

/// The shipped configuration, with texts replaced and `--set` overrides.
pub fn configuration(replace: &[(&str, &str)], overrides: &[&str]) -> Arc<Config> {
    let file = |name: &str, text: &str| {
        let text = replace.iter().fold(text.to_owned(), |text, (old, new)| text.replace(old, new));
        SourceFile { path: format!("config/{name}.toml"), text }
    };
    let files = [
        file("switch", include_str!("../../config/switch.toml")),
        file("agents", include_str!("../../config/agents.toml")),
        file("queues", include_str!("../../config/queues.toml")),
        file("routing", include_str!("../../config/routing.toml")),
        file("rules", include_str!("../../config/rules.toml")),
    ];
    let overrides: Vec<String> = overrides.iter().map(|text| (*text).to_owned()).collect();
    let config = resolve(&files, &overrides, &PromptInventory::complete(&["zh-CN", "en-US"]));
    Arc::new(config.unwrap_or_else(|errors| panic!("{errors:?}")))
}

/// Everything but the media plane's seed is new at each start.
fn surroundings(listen: SocketAddr, media_seed: u64, wall: WallClock, rng: &mut Rng) -> Surroundings {
    Surroundings {
        listen: vec![(Protocol::Udp, listen), (Protocol::Tcp, listen), (Protocol::Udp, LISTEN_V6), (Protocol::Tls, LISTEN_TLS)],
        our_hosts: vec!["localhost".to_owned()],
        seed: rng.next_u64(),
        secret: std::array::from_fn(|_| rng.below(256) as u8),
        media_seed,
        wall,
    }
}

/// As a phone writes it that has a connection.
fn over(protocol: Protocol, bytes: &[u8]) -> Vec<u8> {
    let via = format!("SIP/2.0/{}", protocol.name().to_ascii_uppercase());
    String::from_utf8_lossy(bytes).replace("SIP/2.0/UDP", &via).into_bytes()
}

impl World {
    pub fn new(seed: u64, config: Arc<Config>) -> Self {
        let mut rng = Rng::new(seed);
        let listen: SocketAddr = "127.0.0.1:5060".parse().expect("an address");
        let wall = WallClock::new(Instant::START, BEGAN);
        let media_seed = rng.next_u64();
        let switch = Switch::new(Arc::clone(&config), surroundings(listen, media_seed, wall, &mut rng), Instant::START);
        let engine = Engine::new(EngineSettings::default(), sound::library(), media_seed);
        Self {
            now: Instant::START,
            seed,
            net: Net::new(rng.fork()),
            weathers: BTreeMap::new(),
            rtp_lost: BTreeMap::new(),
            reports: BTreeMap::new(),
            mischief: None,
            rng,
            checkers: Checkers::new(&config, wall),
            clock: wall,
            next_port: *config.media.ports.start(),
            config,
            switch,
            engine,
            plane: None,
            turn: Turn::new(),
            phones: Vec::new(),
            vaults: Vec::new(),
            by_address: BTreeMap::new(),
            by_ip: BTreeMap::new(),
            wakes: Deadlines::new(),
            disk: Disk::new(),
            ahead: BTreeMap::new(),
            order: 0,
            inputs: VecDeque::new(),
            listen,
            bound: BTreeMap::new(),
            legs: BTreeMap::new(),
            records: BTreeMap::new(),
            decisions: Vec::new(),
            intervals: Vec::new(),
            audit: Vec::new(),
            recorded: Vec::new(),
            removed: BTreeSet::new(),
            finds_within: Some(READ_WITHIN),
            ended_legs: Vec::new(),
            events: Vec::new(),
            keeps_events: true,
            lived: BTreeMap::new(),
            messages: 0,
            replies: Vec::new(),
            connected: BTreeSet::new(),
            expected: None,
            closed: Vec::new(),
            drained: false,
            unauthentic: 0,
            kept: BTreeMap::new(),
            forgotten: BTreeSet::new(),
            up_at: None,
            crashes: 0,
            trace: VecDeque::new(),
            loud: std::env::var_os("SANLING_SIM_TRACE").is_some(),
        }
    }

    // ---- crashes ----

    /// kill −9, now: the switch and its media plane are gone with all that was in their memory, and started again after a while. What is
    /// sent to them meanwhile is lost.
    pub fn crash(&mut self, down_for: Duration) -> &mut Self {
        self.write(Line::Crash("✗ the switch is killed"));
        self.crashes += 1;
        self.up_at = Some(self.now + down_for);
        self.inputs.clear();
        self.connected.clear();
        self.turn = Turn::new();
        self.bound.clear();
        self.legs.clear();
        self.ahead.retain(|_, happening| !matches!(happening, Happening::Recorder(_) | Happening::Read(..) | Happening::Found(_)));
        self.disk.crash();
        self.checkers.crashed(self.now);
        self
    }

    fn restart(&mut self) {
        self.up_at = None;
        self.write(Line::Crash("✓ the switch is started again"));
        let kept = Kept::read(self.kept.iter().map(|(part, image)| (part.to_string(), image.clone())));
        let resumes_at = kept.resumes_at(self.wall(self.now));
        let off = self.now.saturating_since(resumes_at).max(resumes_at.saturating_since(self.now));
        assert!(self.kept.is_empty() || off < Duration::from_millis(2), "the clock goes on at {resumes_at:?} instead of {:?}", self.now);
        let media_seed = kept.media_seed().unwrap_or_else(|| self.rng.next_u64());
        let surroundings = surroundings(self.listen, media_seed, self.clock, &mut self.rng);
        self.engine = Engine::new(EngineSettings::default(), sound::library(), media_seed);
        if let Some(plane) = &mut self.plane {
            plane.restart();
        }
        let mut out = Vec::new();
        let (switch, restored) = Switch::restore(Arc::clone(&self.config), surroundings, kept, self.now, &mut out);
        assert_eq!(restored.lost, Vec::<String>::new(), "images that cannot be read");
        self.switch = switch;
        self.close_interrupted(&restored.calls);
        self.checkers.restarted(&restored.calls, &self.switch.snapshot(self.now), &out, self.now);
        self.carry_out(out);
        self.settle();
        self.checkers.settled(&self.switch.snapshot(self.now), self.now);
    }

    /// What `io` does at a start: the recordings and records of calls that do not go on are finished.
    fn close_interrupted(&mut self, except: &BTreeSet<CallId>) {
        self.disk.repair(except);
        for record in self.records.values_mut().filter(|record| !except.contains(&record.id)) {
            let mut changed = false;
            // The last moment of which anything is known, for the clock may have been put back.
            let ends = record.offers.iter().flat_map(|offer| [Some(offer.alerted_at), offer.ended_at]);
            let known = [record.answered_at, record.connected_at, record.released_at].into_iter().chain(ends).flatten();
            let at = known.fold(record.arrived_at, Timestamp::max);
            if record.released_at.is_none() {
                (record.released_at, record.released_by, record.outcome) = (Some(at), Some(ReleasedBy::Switch), Some(Outcome::Failed));
                changed = true;
            }
            for offer in record.offers.iter_mut().filter(|offer| offer.ended_at.is_none()) {
                (offer.ended_at, offer.result, changed) = (Some(at), OfferOutcome::Withdrawn, true);
            }
            if let Some(recording) = record.recording.as_mut().filter(|recording| recording.state == RecordingState::Open) {
                (recording.state, changed) = (RecordingState::Recovered, true);
            }
            if changed {
                self.checkers.stored(record);
            }
        }
    }

    /// What the wall reads at a moment.
    pub fn wall(&self, at: Instant) -> Timestamp {
        self.clock.read(at)
    }

    /// The clock on the wall is set, while the switch runs.
    pub fn sets_clock(&mut self, reads: Timestamp) -> &mut Self {
        assert!(!self.is_down(), "a clock that is set while nobody looks is another story");
        self.run_until(self.now);
        self.clock = WallClock::new(self.now, reads);
        self.input(Input::Wall(self.clock));
        self.checkers.clock_set(self.clock);
        self.compare_figures();
        self
    }

    pub fn is_down(&self) -> bool {
        self.up_at.is_some()
    }

    // ---- phones ----

    /// A phone at `address`; it knows the switch's address and domain.
    pub fn add_phone(&mut self, name: &str, address: &str, password: Option<&str>) -> usize {
        let address: SocketAddr = address.parse().expect("an address");
        let mut phone = Phone::new(name, address, &self.config.switch.domain, self.rng.fork());
        phone.password = password.map(str::to_owned);
        phone.coarse = self.plane.is_some();
        self.by_address.insert(address, self.phones.len());
        self.by_ip.insert(address.ip(), self.phones.len());
        self.phones.push(phone);
        self.phones.len() - 1
    }

    /// Gives a phone two connections to the switch; it speaks by the first.
    pub fn has_two_ways(&mut self, name: &str, second: &str) -> &mut Self {
        let index = self.find(name).unwrap_or_else(|| panic!("no phone of {name}"));
        let second: SocketAddr = second.parse().expect("an address");
        self.by_address.insert(second, index);
        let phone = &mut self.phones[index];
        (phone.spare, phone.over, phone.spare_over) = (Some(second), Protocol::Tcp, Protocol::Tcp);
        self
    }

    /// The phone speaks `over` that, and takes connections, or datagrams, of `listens` there; over TLS it proves that it is `certificate`.
    pub fn listens_too(&mut self, name: &str, over: Protocol, (listens, at): (Protocol, &str), certificate: Option<&str>) -> &mut Self {
        let index = self.find(name).unwrap_or_else(|| panic!("no phone of {name}"));
        let at: SocketAddr = at.parse().expect("an address");
        self.by_address.insert(at, index);
        let phone = &mut self.phones[index];
        (phone.over, phone.spare, phone.spare_over, phone.listens_at) = (over, Some(at), listens, Some(at));
        phone.certificate = certificate.map(str::to_owned);
        self
    }

    /// Whether what the switch sends over a connection has one to go by: it is told when not.
    fn connects(&mut self, flow: Flow) -> bool {
        let name = self.expected.take().filter(|(expected, _)| *expected == flow).map(|(_, name)| name);
        if self.connected.contains(&flow) {
            return true;
        }
        let phone = self.by_address.get(&flow.peer).map(|index| &self.phones[*index]);
        let listens = phone.is_some_and(|phone| phone.listens_at.is_none_or(|at| at == flow.peer));
        let name = name.unwrap_or_else(|| flow.peer.ip().to_string());
        let proves = flow.protocol == Protocol::Tcp || phone.is_some_and(|phone| phone.certificate.as_ref() == Some(&name));
        if listens && proves {
            return self.connected.insert(flow);
        }
        if listens {
            self.inputs.push_back(Input::Sip(Received::NoTls { flow, why: format!("its certificate is not {name}'s") }));
        }
        self.inputs.push_back(Input::Sip(Received::SendFailed { flow }));
        false
    }

    /// A connection breaks, and both ends see it.
    pub fn breaks(&mut self, at: SocketAddr) -> &mut Self {
        let flow = self.flow_of(at);
        self.connected.remove(&flow);
        if let Some(index) = self.by_address.remove(&at) {
            let phone = &mut self.phones[index];
            if phone.sip == at {
                phone.changes_way();
            }
            phone.spare = None;
        }
        self.input(Input::Sip(Received::Closed { flow }));
        self
    }

    /// An empty line over a connection (RFC 5626 §4.4.1).
    pub fn keeps_up(&mut self, at: SocketAddr) -> &mut Self {
        self.put(Duration::ZERO, Happening::SipToSwitch { from: at, bytes: b"\r\n\r\n".to_vec() });
        self.run_until(self.now);
        self
    }

    /// Each family has an address of the switch.
    fn flow_of(&self, peer: SocketAddr) -> Flow {
        let protocol = self
            .by_address
            .get(&peer)
            .map(|index| &self.phones[*index])
            .map_or(Protocol::Udp, |phone| if phone.sip == peer { phone.over } else { phone.spare_over });
        Flow {
            protocol,
            local: match (protocol, peer.is_ipv4()) {
                (Protocol::Tls, true) => LISTEN_TLS,
                (_, true) => self.listen,
                (_, false) => LISTEN_V6,
            },
            peer,
        }
    }

    pub fn find(&self, name: &str) -> Option<usize> {
        self.phones.iter().position(|phone| phone.name == name)
    }

    pub fn phone(&self, name: &str) -> &Phone {
        &self.phones[self.find(name).unwrap_or_else(|| panic!("no phone of {name}"))]
    }

    pub fn phone_mut(&mut self, name: &str) -> &mut Phone {
        let index = self.find(name).unwrap_or_else(|| panic!("no phone of {name}"));
        &mut self.phones[index]
    }

    /// Has the phone act now, and what follows from it at this moment.
    pub fn act(&mut self, name: &str, act: impl FnOnce(&mut Phone, Instant, &mut Vec<Emission>)) {
        let index = self.find(name).unwrap_or_else(|| panic!("no phone of {name}"));
        self.act_at(index, act);
        self.run_until(self.now);
    }

    /// The same by the phone's index; what follows comes with the next step.
    pub fn act_at(&mut self, index: usize, act: impl FnOnce(&mut Phone, Instant, &mut Vec<Emission>)) {
        let mut out = Vec::new();
        act(&mut self.phones[index], self.now, &mut out);
        self.emit(index, out);
    }

    fn emit(&mut self, phone: usize, out: Vec<Emission>) {
        let from = self.phones[phone].sip;
        for emission in out {
            match emission {
                Emission::Sip(bytes) => {
                    let by = self.phones[phone].over;
                    let bytes = if by.is_stream() { over(by, &bytes) } else { bytes };
                    for delay in self.net.copies(self.net.sip) {
                        self.put(delay, Happening::SipToSwitch { from, bytes: bytes.clone() });
                    }
                }
                Emission::Rtp { from, to, bytes } => {
                    let weather = self.weathers.get(&phone).copied().unwrap_or(self.net.rtp);
                    let copies: Vec<Duration> = self.net.copies(weather).collect();
                    if copies.is_empty() {
                        *self.rtp_lost.entry(phone).or_default() += 1;
                    }
                    for delay in copies {
                        self.put(delay, Happening::RtpToSwitch { to, from, bytes: bytes.clone() });
                    }
                }
            }
        }
        let voices = std::mem::take(&mut self.phones[phone].voices);
        if let Some(plane) = &mut self.plane {
            voices.into_iter().for_each(|(address, voice)| plane.voice(address, voice, self.now));
        }
        self.wakes.set(phone, self.phones[phone].deadline());
    }

    fn put(&mut self, after: Duration, what: Happening) {
        self.order += 1;
        self.ahead.insert((self.now + after, self.order), what);
    }

    /// The phone's sound passes through that from now on.
    pub fn sends_through(&mut self, name: &str, weather: Weather) -> &mut Self {
        let index = self.find(name).unwrap_or_else(|| panic!("no phone of {name}"));
        self.weathers.insert(index, weather);
        self
    }

    /// How many packets of that phone were lost on their way.
    pub fn lost_of(&self, name: &str) -> u32 {
        self.find(name).and_then(|index| self.rtp_lost.get(&index)).copied().unwrap_or(0)
    }

    /// The switch's last report by RTCP to an address, and when it was sent.
    pub fn report_to(&self, address: SocketAddr) -> Option<(Instant, &[u8])> {
        self.reports.get(&address).map(|(at, bytes)| (*at, &**bytes))
    }

    /// A packet of the phone's that is no sound, from where it speaks, there after a while.
    pub fn sends_packet(&mut self, name: &str, after: Duration, bytes: Vec<u8>) -> &mut Self {
        let stream = &self.phone(name).leg().unwrap_or_else(|| panic!("{name} has no call")).stream;
        let (from, to) = (stream.local, stream.remote.expect("an address to speak to"));
        self.put(after, Happening::RtpToSwitch { to, from, bytes });
        self
    }

    // ---- orders to the switch ----

    pub fn command(&mut self, command: Command) -> Reply {
        self.inputs.push_back(Input::Command { id: RequestId(self.order), command });
        self.settle();
        self.replies.pop().expect("a command is answered at once")
    }

    pub fn input(&mut self, input: Input) {
        self.inputs.push_back(input);
        self.settle();
    }

    pub fn snapshot(&self) -> Snapshot {
        self.switch.snapshot(self.now)
    }

    pub fn agent(&self, id: &str) -> AgentView {
        self.snapshot().agents.into_iter().find(|agent| agent.id.as_str() == id).unwrap_or_else(|| panic!("no agent {id}"))
    }

    /// The newest record.
    pub fn record(&self) -> &CallRecord {
        self.records.values().max_by_key(|record| (record.arrived_at, record.id)).expect("a record")
    }

    /// Events of that name since the start, with their times.
    pub fn events_named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a (Instant, Event)> {
        self.events.iter().filter(move |(_, event)| event.name == name)
    }

    /// Ports that are bound.
    pub fn ports(&self) -> usize {
        self.bound.len()
    }

    // ---- time ----

    pub fn run(&mut self, long: Duration) {
        self.run_until(self.now + long);
    }

    pub fn run_until(&mut self, end: Instant) {
        while let Some(next) = self.next().filter(|next| *next <= end) {
            self.now = self.now.max(next);
            self.step();
        }
        self.now = end;
    }

    fn next(&self) -> Option<Instant> {
        let ahead = self.ahead.first_key_value().map(|((at, _), _)| *at);
        let (switch, media) = if self.is_down() {
            (self.up_at, None)
        } else {
            (self.switch.deadline(), self.plane.as_ref().map_or_else(|| self.engine.deadline(), Plane::deadline))
        };
        [ahead, self.wakes.next(), switch, media].into_iter().flatten().min()
    }

    fn step(&mut self) {
        let now = self.now;
        if self.up_at.is_some_and(|at| at <= now) {
            self.restart();
        }
        while let Some(entry) = self.ahead.first_entry().filter(|entry| entry.key().0 <= now) {
            let happening = entry.remove();
            self.happen(happening);
        }
        if !self.is_down() && self.switch.deadline().is_some_and(|at| at <= now) {
            let mut out = Vec::new();
            self.switch.handle_timeout(now, &mut out);
            assert!(self.switch.deadline().is_none_or(|at| at > now), "the switch left a deadline behind at {now:?}");
            self.carry_out(out);
            self.settle();
        }
        if !self.is_down() && self.engine.deadline().is_some_and(|at| at <= now) {
            self.engine.tick(now, &mut self.turn);
            assert!(self.engine.deadline().is_none_or(|at| at > now), "the engine left a deadline behind");
            self.collect();
            self.settle();
        }
        if !self.is_down()
            && let Some(plane) = self.plane.as_mut().filter(|plane| plane.deadline().is_some_and(|at| at <= now))
        {
            plane.tick(now, &mut self.turn);
            self.collect();
            self.settle();
        }
        let awake: Vec<usize> = std::iter::from_fn(|| self.wakes.pop_due(now)).collect();
        for index in awake {
            let mut out = Vec::new();
            self.phones[index].handle_timeout(now, &mut out);
            self.emit(index, out);
        }
        if !self.is_down() {
            self.checkers.look(now);
        }
        self.checkers.verdict(self.seed);
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::SipToSwitch { from, bytes } if self.is_down() => self.note("⇥", from, &bytes),
            Happening::RtpToSwitch { .. } if self.is_down() => {}
            Happening::SipToSwitch { from, bytes } => {
                self.note("→", from, &bytes);
                if self.mischief.as_mut().is_none_or(|mischief| mischief.heard(from, &bytes, self.now)) {
                    self.checkers.received(from, &bytes, self.now);
                }
                let flow = self.flow_of(from);
                if flow.protocol.is_stream() {
                    self.connected.insert(flow);
                }
                self.inputs.push_back(Input::Sip(Received::Bytes { flow, bytes }));
                self.settle();
            }
            Happening::SipToPhone { to, bytes } => {
                if let Some(vault) = self.vaults.iter_mut().find(|vault| vault.sip == to) {
                    for bytes in vault.receive(&bytes, self.now) {
                        self.put(millis(1), Happening::SipToSwitch { from: to, bytes });
                    }
                }
                if let Some(index) = self.by_address.get(&to).copied() {
                    let mut out = Vec::new();
                    // What comes by its other way is answered by that.
                    if self.phones[index].spare == Some(to) {
                        self.phones[index].changes_way();
                    }
                    self.phones[index].receive(&bytes, self.now, &mut out);
                    self.emit(index, out);
                }
            }
            Happening::RtpToSwitch { to, from, bytes } => {
                if let Some(leg) = self.legs.get(&to) {
                    self.engine.handle_packet(*leg, Component::Rtp, from, &bytes, self.now, &mut self.turn);
                    self.collect();
                    self.settle();
                }
            }
            Happening::RtpToPhone { to, bytes } => {
                let now = self.now;
                if let Some(vault) = self.vaults.iter_mut().find(|vault| vault.sip.ip() == to.ip()) {
                    vault.hear(to, &bytes, now);
                }
                if let Some(index) = self.by_ip.get(&to.ip()) {
                    self.phones[*index].hear(to, &bytes, now);
                }
            }
            Happening::Recorder(report) => {
                self.inputs.push_back(Input::Recorder(report));
                self.settle();
            }
            Happening::Read(wanted, sound) => self.engine.read(wanted, sound),
            Happening::Found(found) => {
                self.inputs.push_back(Input::RecordingFound(found));
                self.settle();
            }
        }
    }

    /// A message that no phone sent, from wherever, at once; `told` when the checkers are to take it for a phone's.
    pub fn inject(&mut self, from: SocketAddr, bytes: &[u8], told: bool) {
        self.note("☠", from, bytes);
        if told {
            self.checkers.received(from, bytes, self.now);
        }
        let flow = self.flow_of(from);
        self.inputs.push_back(Input::Sip(Received::Bytes { flow, bytes: bytes.to_vec() }));
        self.settle();
        self.checkers.verdict(self.seed);
    }

    /// Sound for that phone goes to this address, whatever it signals by.
    pub fn hears_at(&mut self, name: &str, ip: IpAddr) -> &mut Self {
        let index = self.find(name).expect("a phone");
        self.by_ip.insert(ip, index);
        self.phones[index].hears_at = Some(ip);
        self
    }

    /// What a vault says by itself reaches the switch.
    pub fn vault_sends(&mut self, place: usize, say: impl FnOnce(&mut Vault, SocketAddr) -> Vec<u8>) -> &mut Self {
        let bytes = say(&mut self.vaults[place], self.listen);
        let from = self.vaults[place].sip;
        self.put(millis(1), Happening::SipToSwitch { from, bytes });
        self.run(millis(20));
        self
    }

    /// A vault's streams sound like that for so long.
    pub fn vault_speaks(&mut self, place: usize, sounds: &[sound::Sound], long: Duration) -> &mut Self {
        let end = self.now + long;
        while self.now < end {
            for (from, to, bytes) in self.vaults[place].speaks(sounds) {
                self.put(millis(1), Happening::RtpToSwitch { to, from, bytes });
            }
            self.run(millis(20));
        }
        self
    }

    /// A message that the switch did not send reaches a phone, at once.
    pub fn reaches_phone(&mut self, to: SocketAddr, bytes: Vec<u8>) {
        self.put(Duration::ZERO, Happening::SipToPhone { to, bytes });
    }

    /// Hands the switch what waits for it, until nothing does.
    fn settle(&mut self) {
        while let Some(input) = self.inputs.pop_front() {
            if let Input::Media(report) = &input {
                self.checkers.reported(report, self.now);
            }
            let mut out = Vec::new();
            self.switch.handle(input, self.now, &mut out);
            // By what it owes, the switch is found late, and turns calls away.
            let deadline = self.switch.deadline();
            assert!(deadline.is_none_or(|at| at >= self.now), "at {:?} something was due at {deadline:?}", self.now);
            self.carry_out(out);
        }
    }

    fn carry_out(&mut self, out: Vec<Output>) {
        let mut figures = false;
        for output in out {
            match output {
                // The answer to a keep-alive.
                Output::SendSip { bytes, .. } if bytes == b"\r\n" => {}
                Output::SendSip { flow, bytes } => {
                    self.note("←", flow.peer, &bytes);
                    let hearer = self.mischief.as_mut().map_or(Hearer::Phone, |mischief| mischief.said(flow.peer, &bytes, self.now));
                    if matches!(hearer, Hearer::Phone | Hearer::Usurper) {
                        self.checkers.sent(flow.peer, &bytes, self.now);
                    }
                    if matches!(hearer, Hearer::Maker | Hearer::Usurper) {
                        continue;
                    }
                    if flow.protocol.is_stream() && !self.connects(flow) {
                        continue;
                    }
                    for delay in self.net.copies(self.net.sip) {
                        self.put(delay, Happening::SipToPhone { to: flow.peer, bytes: bytes.clone() });
                    }
                }
                Output::ExpectSip { flow, name } => self.expected = Some((flow, name)),
                Output::CloseSip { flow } => {
                    self.connected.remove(&flow);
                    self.closed.push(flow.peer);
                }
                Output::TrustSip { .. } | Output::Dialog { .. } => {}
                Output::Media(command) => {
                    self.checkers.ordered(&command, self.now);
                    match command {
                        Media::Allocate { session, leg, local, resumed: Some(resumed) } => self.resume(session, leg, local, resumed),
                        Media::Allocate { session, leg, local, resumed: None } => self.allocate(session, leg, local),
                        command => match &mut self.plane {
                            Some(plane) => plane.handle_command(command, self.now, &mut self.turn),
                            None => self.engine.handle_command(command, self.now, &mut self.turn),
                        },
                    }
                    self.collect();
                }
                Output::StoreCall(record) => {
                    self.checkers.stored(&record);
                    if record.recording.is_some() && !self.recorded.contains(&record.id) {
                        self.recorded.push(record.id);
                    }
                    self.records.insert(record.id, *record);
                }
                Output::StoreInterval(interval) => self.intervals.push(*interval),
                Output::Leg(leg) => self.ended_legs.push(*leg),
                Output::StoreDecision(decision) => {
                    if self.keeps_events {
                        self.decisions.push(*decision);
                    }
                }
                Output::Event(event) => {
                    figures = true;
                    self.checkers.told(&event, self.now);
                    *self.lived.entry(event.name).or_default() += 1;
                    if self.keeps_events {
                        self.events.push((self.now, event.clone()));
                    }
                    self.write(Line::Event(event));
                }
                Output::Reply { reply, .. } => self.replies.push(reply),
                Output::Audit(note) => self.audit.push(note),
                Output::FindRecording { call, number } => {
                    if let Some(within) = self.finds_within {
                        let sought = self.look_up(number);
                        self.put(within, Happening::Found(FoundRecording { call, number, sought }));
                    }
                }
                Output::Keep { part, image } => match image {
                    Some(image) => {
                        assert!(!self.forgotten.contains(&part), "{part} is over, and an older image of it comes after");
                        self.kept.insert(part, image);
                    }
                    None => {
                        if matches!(part, Part::Call(_)) {
                            self.forgotten.insert(part.clone());
                        }
                        self.kept.remove(&part);
                    }
                },
                Output::Drained => self.drained = true,
            }
        }
        // No figure changes without an event, but at midnight.
        if figures {
            self.compare_figures();
        }
    }

    /// What the store has of a number.
    fn look_up(&self, number: ReplayNumber) -> Sought {
        let recorded = usize::try_from(number.count()).ok().and_then(|count| self.recorded.get(count));
        let Some(record) = recorded.and_then(|call| self.records.get(call)) else { return Sought::Nothing };
        let recording = record.recording.as_ref().expect("it was recorded");
        let what = match recording.state {
            _ if self.removed.contains(&record.id) => WhatIsThere::Removed,
            RecordingState::Open => WhatIsThere::Open,
            RecordingState::Complete | RecordingState::Recovered => WhatIsThere::Whole(recording.duration),
            RecordingState::Missing => WhatIsThere::Missing,
        };
        let agents = record.segments.iter().map(|segment| segment.agent.clone()).chain(record.agent.clone());
        Sought::There { of: record.id, agents: agents.collect(), what }
    }

    fn compare_figures(&mut self) {
        for queue in self.switch.queue_views(self.now) {
            self.checkers.counted(&queue, self.now);
        }
    }

    /// What `io` does for a leg that goes on: the pair that it had, or none.
    fn resume(&mut self, session: SessionId, leg: LegId, local: IpAddr, resumed: ResumedLeg) {
        let address = SocketAddr::new(local, resumed.port);
        if self.legs.contains_key(&address) {
            let failed = Report::AllocationFailed { session, leg, cause: AllocationFailure::Refused };
            return self.inputs.push_back(Input::Media(failed));
        }
        self.legs.insert(address, leg);
        self.bound.insert(leg, address);
        match &mut self.plane {
            Some(plane) => plane.allocated(session, leg, address, self.now, &mut self.turn),
            None => self.engine.resumed(session, leg, address, resumed.since, self.now, &mut self.turn),
        }
    }

    /// What `io` does: binds a pair of the range, the next free one.
    fn allocate(&mut self, session: SessionId, leg: LegId, local: IpAddr) {
        let ports = self.config.media.ports.clone();
        let count = (ports.end() - ports.start()).div_ceil(2);
        for _ in 0..count {
            let address = SocketAddr::new(local, self.next_port);
            self.next_port = if self.next_port + 2 > *ports.end() { *ports.start() } else { self.next_port + 2 };
            if let std::collections::btree_map::Entry::Vacant(free) = self.legs.entry(address) {
                free.insert(leg);
                self.bound.insert(leg, address);
                match &mut self.plane {
                    Some(plane) => plane.allocated(session, leg, address, self.now, &mut self.turn),
                    None => self.engine.allocated(session, leg, address, self.now, &mut self.turn),
                }
                return;
            }
        }
        self.inputs.push_back(Input::Media(Report::AllocationFailed { session, leg, cause: AllocationFailure::PortsExhausted }));
    }

    /// Takes what a turn of the engine brought forth.
    fn collect(&mut self) {
        let mut turn = std::mem::take(&mut self.turn);
        for (packet, bytes) in turn.packets() {
            if packet.component == Component::Rtcp {
                self.reports.insert(packet.destination, (self.now, bytes.to_vec()));
            } else {
                for delay in self.net.copies(self.net.rtp) {
                    self.put(delay, Happening::RtpToPhone { to: packet.destination, bytes: bytes.to_vec() });
                }
            }
        }
        for report in &turn.reports {
            if let Report::Statistics { statistics, .. } = report {
                self.unauthentic += statistics.packets_unauthentic;
            }
        }
        self.inputs.extend(turn.reports.drain(..).map(Input::Media));
        for chunk in turn.recorded.drain(..) {
            if let Some((at, report)) = self.disk.write(chunk, self.now) {
                self.put(at - self.now, Happening::Recorder(report));
            }
        }
        for wanted in turn.wanted.drain(..) {
            let sound = self.disk.read(wanted.excerpt);
            self.put(READ_WITHIN, Happening::Read(wanted, sound));
        }
        for leg in turn.released.drain(..) {
            if let Some(address) = self.bound.remove(&leg) {
                self.legs.remove(&address);
            }
        }
        turn.clear();
        self.turn = turn;
    }

    /// Lets everything end: the phones have hung up, what is under way arrives, every transaction times out; then nothing is left.
    pub fn expect_quiescence(&mut self) {
        self.run(sanling::base::time::secs(45));
        let snapshot = self.snapshot();
        let left = (snapshot.calls.len(), snapshot.legs, snapshot.sessions, snapshot.transactions, snapshot.recordings_open);
        assert!(self.switch.is_quiescent(), "seed {}: not quiescent: {left:?} {:?}", self.seed, snapshot.calls);
        assert_eq!(left, (0, 0, 0, 0, 0), "calls, legs, sessions, transactions, open recordings; seed {}", self.seed);
        assert_eq!((self.engine.sessions(), self.engine.legs(), self.ports()), (0, 0, 0), "seed {}", self.seed);
        assert_eq!(self.engine.deadline(), None);
        assert!(self.plane.as_ref().is_none_or(|plane| plane.is_empty() && plane.deadline().is_none()), "seed {}", self.seed);
        // What remains are registrations and midnight.
        let next = self.switch.deadline().map(|at| at - self.now);
        assert!(next.is_none_or(|next| next > sanling::base::time::secs(5)), "a deadline is left: in {next:?}");
        assert!(self.disk.complaints.is_empty(), "{:?}", self.disk.complaints);
        self.checkers.at_rest(&snapshot, self.now);
        self.compare_callers();
        self.checkers.verdict(self.seed);
    }

    /// Callers who called once, each with his record.
    fn compare_callers(&mut self) {
        let mut times: BTreeMap<&str, u32> = BTreeMap::new();
        let all = || {
            self.phones.iter().filter(|phone| phone.password.is_none()).flat_map(|phone| {
                // Whoever hung up and died was perhaps not heard.
                phone.past.iter().filter(|past| phone.alive || past.end != super::phones::End::HungUp)
            })
        };
        all().for_each(|past| *times.entry(&past.caller).or_default() += 1);
        let once = all().filter(|past| times.get(past.caller.as_str()) == Some(&1));
        let mut complaints = Vec::new();
        super::checkers::callers::compare(once, self.records.values(), self.crashes == 0, &mut complaints);
        assert!(complaints.is_empty(), "seed {}: {complaints:#?}", self.seed);
    }

    // ---- tracing ----

    fn note(&mut self, arrow: &'static str, peer: SocketAddr, bytes: &[u8]) {
        self.messages += 1;
        self.write(Line::Message(arrow, peer, bytes.to_vec()));
    }

    fn write(&mut self, line: Line) {
        if self.loud {
            eprintln!("{}", self.in_words(self.now, &line));
        }
        if self.trace.len() == 60 {
            self.trace.pop_front();
        }
        self.trace.push_back((self.now, line));
    }

    fn in_words(&self, at: Instant, line: &Line) -> String {
        match line {
            Line::Crash(words) => format!("{at:?} {words}"),
            Line::Message(arrow, peer, bytes) => {
                let text = String::from_utf8_lossy(bytes);
                let cseq = text.lines().find(|line| line.starts_with("CSeq")).unwrap_or_default();
                let who = self.by_address.get(peer).map_or_else(|| peer.to_string(), |index| self.phones[*index].name.clone());
                format!("{at:?} {arrow} {who}: {} | {cseq}", text.lines().next().unwrap_or_default())
            }
            Line::Event(event) => {
                let detail: Vec<String> = event.detail.iter().map(|(name, detail)| format!("{name}={}", words(detail))).collect();
                let who = event.agent.as_ref().map(ToString::to_string).unwrap_or_default();
                format!("{at:?} · {} {who} {}", event.name, detail.join(" "))
            }
        }
    }
}

fn words(detail: &Detail) -> String {
    match detail {
        Detail::Text(text) => text.clone(),
        Detail::Number(number) => number.to_string(),
        Detail::Hundredths(number) => (*number as f64 / 100.0).to_string(),
        Detail::Flag(flag) => flag.to_string(),
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() && !self.loud {
            eprintln!("--- seed {}, the last that happened before {:?}:", self.seed, self.now);
            for (at, line) in &self.trace {
                eprintln!("{}", self.in_words(*at, line));
            }
        }
    }
}
