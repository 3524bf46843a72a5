//! The world of the stories: nodes, and a network with loss, duplication, reordering and delay by seed. Keeps its own books of what
//! went over the wire.

use crate::base::time::{millis, secs};
use crate::base::{AgentId, Duration, Instant, LegId, Rng, TrunkId};
use crate::sip::msg::digest::{Algorithm, ha1};
use crate::sip::msg::{Message, Request, Response, parse};
use crate::sip::{
    Account, Callee, Command, Endpoint, Event, Flow, InviteMarks, LegImage, Output, Party, Protocol, Received, Settings, Trunk,
};
use std::collections::BTreeMap;
use std::net::SocketAddr;

pub const REALM: &str = "sanling.local";
pub const SWITCH: &str = "10.0.0.1:5060";
/// An endpoint of our own kind that plays the carrier.
pub const FAR: &str = "10.0.0.2:5060";

pub fn address(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}

/// How bad the network is, in thousandths; TCP is spared.
#[derive(Clone, Copy, Default)]
pub struct Weather {
    pub loss: u64,
    pub duplication: u64,
    pub delay_max_ms: u64,
}

struct Packet {
    protocol: Protocol,
    from: SocketAddr,
    to: SocketAddr,
    bytes: Vec<u8>,
}

pub struct World {
    pub now: Instant,
    pub weather: Weather,
    rng: Rng,
    /// Packets under way, by arrival.
    under_way: BTreeMap<(Instant, u64), Packet>,
    sent: u64,
    endpoints: BTreeMap<SocketAddr, Endpoint>,
    events: Vec<(SocketAddr, Instant, Event)>,
    /// What scripted phones heard.
    inbox: BTreeMap<SocketAddr, Vec<Message>>,
    /// Everything an endpoint sent, in order.
    pub wire: Vec<(SocketAddr, SocketAddr, Message)>,
    /// Messages of which this is true are lost.
    pub lose: Box<dyn FnMut(&Message) -> bool>,
    /// What the endpoints sent that is no SIP.
    pub sent_raw: Vec<(SocketAddr, Vec<u8>)>,
    pub closed: Vec<Flow>,
    pub trusted: Vec<Flow>,
    /// By which names peers are to be known.
    pub expected: Vec<(Flow, String)>,
    /// What is kept of each endpoint, as MessagePack.
    kept: BTreeMap<SocketAddr, Kept>,
    restarts: u8,
}

#[derive(Default)]
struct Kept {
    legs: BTreeMap<LegId, Vec<u8>>,
    bindings: BTreeMap<AgentId, Vec<u8>>,
    watches: BTreeMap<AgentId, Vec<u8>>,
    next_leg: u64,
}

pub fn settings(at: &str, accepts: &str) -> Settings {
    let account = |user: &str| Account {
        ha1_sha256: Some(ha1(Algorithm::Sha256, user, REALM, "secret")),
        ha1_md5: Some(ha1(Algorithm::Md5, user, REALM, "secret")),
    };
    Settings {
        domain: REALM.into(),
        our_hosts: vec!["switch.example".into()],
        listen: [Protocol::Udp, Protocol::Tcp, Protocol::Tls].map(|protocol| (protocol, address(at))).to_vec(),
        accounts: ["1001", "1002"].map(|user| (AgentId::new(user), account(user))).into(),
        trunks: vec![Trunk::accepting(TrunkId::new("carrier"), vec![accepts.parse().expect("a network")])],
        ..Settings::default()
    }
}

impl World {
    pub fn new(seed: u64) -> Self {
        let endpoint = |at, accepts, secret: u8| Endpoint::new(settings(at, accepts), [secret ^ seed.to_le_bytes()[0]; 32], Instant::START);
        Self {
            now: Instant::START,
            weather: Weather::default(),
            rng: Rng::new(seed),
            under_way: BTreeMap::new(),
            sent: 0,
            endpoints: [(address(SWITCH), endpoint(SWITCH, "10.0.0.2/32", 1)), (address(FAR), endpoint(FAR, "10.0.0.1/32", 2))].into(),
            events: Vec::new(),
            inbox: BTreeMap::new(),
            wire: Vec::new(),
            lose: Box::new(|_| false),
            sent_raw: Vec::new(),
            closed: Vec::new(),
            kept: BTreeMap::new(),
            restarts: 0,
            trusted: Vec::new(),
            expected: Vec::new(),
        }
    }

    /// The endpoint dies, is away for a while, during which nothing reaches it, and comes back with what was kept of it and another
    /// secret. Gives the legs that came back.
    pub fn restart(&mut self, at: &str, away: Duration) -> Vec<LegId> {
        let mut old = self.endpoints.remove(&address(at)).expect("an endpoint");
        let kept = self.kept.entry(address(at)).or_default();
        let changed = old.take_changed();
        for leg in changed.legs {
            match old.leg_image(leg) {
                Some(image) => drop(kept.legs.insert(leg, rmp_serde::to_vec_named(&image).expect("an image"))),
                None => drop(kept.legs.remove(&leg)),
            }
        }
        for agent in changed.agents.union(&changed.refreshed) {
            let image = rmp_serde::to_vec_named(&old.bindings_image(agent)).expect("an image");
            kept.bindings.insert(agent.clone(), image);
            let image = rmp_serde::to_vec_named(&old.watches_image(agent)).expect("an image");
            kept.watches.insert(agent.clone(), image);
        }
        kept.next_leg = old.next_leg();
        assert_eq!(kept.legs.len(), old.leg_count(), "every leg was marked, and none that is gone is kept");
        self.run(away);
        self.inbox.remove(&address(at));
        self.restarts += 1;
        let mut endpoint = Endpoint::new(old.settings().clone(), [0xA0 + self.restarts; 32], self.now);
        let kept = &self.kept[&address(at)];
        endpoint.set_next_leg(kept.next_leg);
        for (leg, image) in &kept.legs {
            let image: LegImage = rmp_serde::from_slice(image).expect("an image");
            assert!(endpoint.restore_leg(*leg, image.clone(), self.now), "{leg} comes back");
            assert!(!endpoint.restore_leg(*leg, image, self.now), "and not twice");
        }
        for (agent, image) in &kept.bindings {
            endpoint.restore_bindings(agent, rmp_serde::from_slice(image).expect("an image"), self.now);
        }
        for (agent, image) in &kept.watches {
            endpoint.restore_watches(agent, rmp_serde::from_slice(image).expect("an image"));
        }
        let legs = kept.legs.keys().copied().collect();
        let mut out = Vec::new();
        endpoint.handle_timeout(self.now, &mut out);
        self.endpoints.insert(address(at), endpoint);
        self.take(address(at), out);
        legs
    }

    pub fn recheck(&mut self, at: &str, leg: LegId) {
        let (now, mut out) = (self.now, Vec::new());
        self.endpoint(at).recheck(leg, now, &mut out);
        self.take(address(at), out);
    }

    pub fn endpoint(&mut self, at: &str) -> &mut Endpoint {
        self.endpoints.get_mut(&address(at)).expect("an endpoint")
    }

    pub fn command(&mut self, at: &str, command: Command) {
        let mut out = Vec::new();
        let now = self.now;
        self.endpoint(at).command(command, now, &mut out);
        self.take(address(at), out);
    }

    /// A call out of `from` to the endpoint `to`.
    pub fn dial(&mut self, from: &str, to: &str, leg: u64, protocol: Protocol, sdp: &str) {
        let flow = Flow { protocol, local: address(from), peer: address(to) };
        let callee = Callee::Trunk { trunk: None, number: "95000".into(), host: to.to_string(), flow };
        self.invite(from, leg, callee, sdp);
    }

    pub fn invite(&mut self, from: &str, leg: u64, callee: Callee, sdp: &str) {
        let party = Party { display: Some("Caller \"A\"".into()), user: "13800138000".into() };
        self.command(
            from,
            Command::Invite { leg: LegId(leg), callee, from: party, sdp: sdp.into(), otherwise: None, marks: InviteMarks::default() },
        );
    }

    fn take(&mut self, at: SocketAddr, out: Vec<Output>) {
        for output in out {
            match output {
                Output::Send { flow, bytes } => {
                    if let Ok(message) = parse(&bytes) {
                        self.wire.push((at, flow.peer, message));
                    } else {
                        self.sent_raw.push((flow.peer, bytes.clone()));
                    }
                    self.post(flow.protocol, at, flow.peer, &bytes);
                }
                Output::Close { flow } => self.closed.push(flow),
                Output::Expect { flow, name } => self.expected.push((flow, name)),
                Output::Trust { flow } => self.trusted.push(flow),
                Output::Event(event) => self.events.push((at, self.now, event)),
            }
        }
    }

    /// Puts bytes on the network.
    pub fn post(&mut self, protocol: Protocol, from: SocketAddr, to: SocketAddr, bytes: &[u8]) {
        if parse(bytes).is_ok_and(|message| (self.lose)(&message)) {
            return;
        }
        let mut copies = 1;
        let mut delay = millis(1);
        if protocol == Protocol::Udp {
            if self.rng.below(1000) < self.weather.loss {
                return;
            }
            copies += u64::from(self.rng.below(1000) < self.weather.duplication);
        }
        for _ in 0..copies {
            if protocol == Protocol::Udp {
                delay = millis(1 + self.rng.below(self.weather.delay_max_ms + 1));
            }
            self.sent += 1;
            self.under_way.insert((self.now + delay, self.sent), Packet { protocol, from, to, bytes: bytes.to_vec() });
        }
    }

    /// One thing happens: a packet arrives or a deadline passes; false when nothing will until `end`.
    pub fn step(&mut self, end: Instant) -> bool {
        let arrival = self.under_way.first_key_value().map(|((at, _), _)| *at);
        let deadline = self.endpoints.iter().filter_map(|(at, endpoint)| Some((endpoint.deadline()?, *at))).min();
        match (arrival, deadline) {
            (Some(at), _) if at <= end && deadline.is_none_or(|(deadline, _)| at <= deadline) => {
                let (_, Packet { protocol, from, to, bytes }) = self.under_way.pop_first().expect("a packet");
                self.now = self.now.max(at);
                self.arrive(protocol, from, to, bytes);
            }
            (_, Some((deadline, at))) if deadline <= end => {
                self.now = self.now.max(deadline);
                let (now, mut out) = (self.now, Vec::new());
                let endpoint = self.endpoints.get_mut(&at).expect("an endpoint");
                endpoint.handle_timeout(now, &mut out);
                assert!(endpoint.deadline().is_none_or(|next| next > now), "a deadline is left at or before now");
                self.take(at, out);
            }
            _ => {
                self.now = end;
                return false;
            }
        }
        true
    }

    fn arrive(&mut self, protocol: Protocol, from: SocketAddr, to: SocketAddr, bytes: Vec<u8>) {
        let now = self.now;
        if let Some(endpoint) = self.endpoints.get_mut(&to) {
            let mut out = Vec::new();
            endpoint.receive(Received::Bytes { flow: Flow { protocol, local: to, peer: from }, bytes }, now, &mut out);
            self.take(to, out);
        } else if let Ok(message) = parse(&bytes) {
            self.inbox.entry(to).or_default().push(message);
        }
    }

    pub fn receive(&mut self, at: &str, received: Received) {
        let (now, mut out) = (self.now, Vec::new());
        self.endpoint(at).receive(received, now, &mut out);
        self.take(address(at), out);
    }

    pub fn run(&mut self, time: Duration) -> &mut Self {
        let end = self.now + time;
        while self.step(end) {}
        self
    }

    /// Events of an endpoint since the last look.
    pub fn events(&mut self, at: &str) -> Vec<Event> {
        self.events_of(address(at)).into_iter().map(|(_, event)| event).collect()
    }

    pub fn events_of(&mut self, at: SocketAddr) -> Vec<(Instant, Event)> {
        let (ours, others) = std::mem::take(&mut self.events).into_iter().partition(|(of, ..)| *of == at);
        self.events = others;
        ours.into_iter().map(|(_, when, event)| (when, event)).collect()
    }

    /// The one event since the last look.
    #[track_caller]
    pub fn event(&mut self, at: &str) -> Event {
        let mut events = self.events(at);
        assert_eq!(events.len(), 1, "one event: {events:#?}");
        events.remove(0)
    }

    /// The leg of the one call that came in.
    #[track_caller]
    pub fn invited(&mut self, at: &str) -> LegId {
        match self.event(at) {
            Event::Invited { leg, .. } => leg,
            other => panic!("no call: {other:?}"),
        }
    }

    /// What a scripted phone heard since the last look.
    pub fn heard(&mut self, at: &str) -> Vec<Message> {
        self.inbox.remove(&address(at)).unwrap_or_default()
    }

    /// Codes and methods that a phone heard, in a line.
    pub fn heard_line(&mut self, at: &str) -> String {
        self.heard(at).iter().map(name).collect::<Vec<_>>().join(" ")
    }

    #[track_caller]
    pub fn heard_request(&mut self, at: &str) -> Request {
        match &self.heard(at)[..] {
            [Message::Request(request)] => request.clone(),
            other => panic!("one request: {:?}", other.iter().map(name).collect::<Vec<_>>()),
        }
    }

    #[track_caller]
    pub fn heard_response(&mut self, at: &str) -> Response {
        match &self.heard(at)[..] {
            [Message::Response(response)] => response.clone(),
            other => panic!("one response: {:?}", other.iter().map(name).collect::<Vec<_>>()),
        }
    }

    /// The last response that a phone heard, its others passed over.
    #[track_caller]
    pub fn heard_response_last(&mut self, at: &str) -> Response {
        match self.heard(at).pop() {
            Some(Message::Response(response)) => response,
            other => panic!("a response: {other:?}"),
        }
    }

    /// What `from` sent, in a line; requests by method, responses by code and method.
    pub fn sent_line(&self, from: &str) -> String {
        self.wire.iter().filter(|(sender, ..)| *sender == address(from)).map(|(.., message)| name(message)).collect::<Vec<_>>().join(" ")
    }

    #[track_caller]
    pub fn expect_nothing_left(&mut self) {
        self.run(secs(120));
        for (at, endpoint) in &self.endpoints {
            assert!(
                endpoint.is_quiescent(),
                "{at}: {} legs, {} dialogs, {} transactions are left",
                endpoint.leg_count(),
                endpoint.dialog_count(),
                endpoint.transaction_count()
            );
        }
    }

    /// No endpoint gave two different final responses to one request.
    #[track_caller]
    pub fn expect_one_final_response_each(&self) {
        let mut finals: BTreeMap<(SocketAddr, SocketAddr, String, String), u16> = BTreeMap::new();
        for (from, to, message) in &self.wire {
            let Message::Response(response) = message else { continue };
            if response.code >= 200 {
                let branch = response.top_via().branch().unwrap_or_default().to_owned();
                let cseq = response.headers.get("CSeq").unwrap_or_default().to_owned();
                let first = *finals.entry((*from, *to, branch.clone(), cseq.clone())).or_insert(response.code);
                assert_eq!(first, response.code, "two final responses to {cseq} {branch}");
            }
        }
    }
}

pub fn name(message: &Message) -> String {
    match message {
        Message::Request(request) => request.method.to_string(),
        Message::Response(response) => response.code.to_string(),
    }
}
