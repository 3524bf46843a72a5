//! The endpoint at its work: a whole call between two of them, and a registration with challenge and answer. Time passes as in a busy
//! hour, so that the transactions of 32 s are all there. Goals: 60 µs a registration (Kamailio's rate), 100 µs a call on one side.

use criterion::{Criterion, criterion_group, criterion_main};
use sanling::base::time::millis;
use sanling::base::{AgentId, Instant, LegId, TrunkId};
use sanling::sip::msg::digest::{Algorithm, Challenge, Credentials, ha1};
use sanling::sip::msg::{Message, parse};
use sanling::sip::{Account, Callee, Command, Endpoint, Event, Flow, InviteMarks, Output, Party, Protocol, Received, Settings, Trunk};
use std::hint::black_box;
use std::net::SocketAddr;
use std::time::Duration;

const REALM: &str = "sanling.local";
const AGENTS: u32 = 5_000;

fn address(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}

fn endpoint(at: &str, far: &str) -> Endpoint {
    let account = |user: &str| Account { ha1_sha256: Some(ha1(Algorithm::Sha256, user, REALM, "secret")), ha1_md5: None };
    let settings = Settings {
        domain: REALM.into(),
        listen: vec![(Protocol::Udp, address(at))],
        accounts: (0..AGENTS).map(|n| format!("{}", 10_000 + n)).map(|user| (AgentId::new(&user), account(&user))).collect(),
        trunks: vec![Trunk::accepting(TrunkId::new("carrier"), vec![far.parse().expect("a network")])],
        ..Settings::default()
    };
    // Each its own: by its secret an endpoint knows what it sent itself, and a call that comes back to it is a loop.
    let secret = at.as_bytes().iter().fold(7, |sum: u8, byte| sum.wrapping_mul(31).wrapping_add(*byte));
    Endpoint::new(settings, [secret; 32], Instant::START)
}

/// Two endpoints and a wire without length.
struct Pair {
    ends: [(SocketAddr, Endpoint); 2],
    now: Instant,
    next_leg: u64,
}

impl Pair {
    fn new() -> Self {
        let (here, far) = ("10.0.0.1:5060", "10.0.0.2:5060");
        let ends = [(address(here), endpoint(here, "10.0.0.2/32")), (address(far), endpoint(far, "10.0.0.1/32"))];
        Self { ends, now: Instant::START, next_leg: 2 }
    }

    /// Orders one thing, and lets all that follows from it happen; gives the events.
    fn order(&mut self, end: usize, command: Command) -> Vec<Event> {
        let mut out = Vec::new();
        self.ends[end].1.command(command, self.now, &mut out);
        let mut events = Vec::new();
        let mut under_way: std::collections::VecDeque<_> = out.into_iter().map(|output| (end, output)).collect();
        while let Some((from, output)) = under_way.pop_front() {
            match output {
                Output::Send { bytes, .. } => {
                    let to = 1 - from;
                    let flow = Flow { protocol: Protocol::Udp, local: self.ends[to].0, peer: self.ends[from].0 };
                    let mut out = Vec::new();
                    self.ends[to].1.receive(Received::Bytes { flow, bytes }, self.now, &mut out);
                    under_way.extend(out.into_iter().map(|output| (to, output)));
                }
                Output::Event(event) => events.push(event),
                Output::Expect { .. } | Output::Close { .. } | Output::Trust { .. } => {}
            }
        }
        events
    }

    fn call(&mut self) {
        let (here, far) = (self.ends[0].0, self.ends[1].0);
        let (leg, sdp) = (LegId(self.next_leg), SDP.as_bytes().to_vec());
        self.next_leg += 2;
        let callee = Callee::Trunk {
            trunk: None,
            number: "95000".into(),
            host: far.to_string(),
            flow: Flow { protocol: Protocol::Udp, local: here, peer: far },
        };
        let from = Party { display: Some("Caller".into()), user: "13800138000".into() };
        let invited =
            self.order(0, Command::Invite { leg, callee, from, sdp: sdp.clone(), otherwise: None, marks: InviteMarks::default() });
        let Some(Event::Invited { leg: theirs, .. }) = invited.first() else { panic!("a call: {invited:?}") };
        let theirs = *theirs;
        self.order(1, Command::Ring { leg: theirs, code: 180, sdp: None });
        let answered = self.order(1, Command::Answer { leg: theirs, sdp });
        assert!(matches!(answered[..], [Event::Answered { .. }, Event::Acked { .. }]), "{answered:?}");
        let released = self.order(0, Command::Release { leg, code: 200, reason: None, retry_after: None });
        assert_eq!(released.len(), 2, "{released:?}");
        // 250 calls a second.
        self.now += millis(4);
        for (_, end) in &mut self.ends {
            end.handle_timeout(self.now, &mut Vec::new());
            end.take_changed();
        }
    }
}

const SDP: &str = "v=0\r\no=- 3904 3904 IN IP4 192.0.2.77\r\ns=-\r\nc=IN IP4 192.0.2.77\r\nt=0 0\r\nm=audio 40000 RTP/AVP 8 0 101\r\n\
    a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\n";

/// A phone registers: gives the time that the endpoint took for both requests.
struct Phones {
    desk: Endpoint,
    now: Instant,
    turn: u32,
}

impl Phones {
    fn ask(&mut self, user: u32, cseq: u32, authorization: &str) -> (Duration, Vec<u8>) {
        let peer = SocketAddr::new([10, 1, (user >> 8) as u8, user as u8].into(), 5060);
        let text = format!(
            "REGISTER sip:{REALM} SIP/2.0\r\nVia: SIP/2.0/UDP {peer};rport;branch=z9hG4bK{user:x}r{cseq:x}t{:x}\r\nMax-Forwards: 70\r\n\
             From: <sip:{user}@{REALM}>;tag=8a7d9\r\nTo: <sip:{user}@{REALM}>\r\nCall-ID: 91ab-{user}-{}@{peer}\r\nCSeq: {cseq} REGISTER\r\n\
             Contact: <sip:{user}@{peer};transport=udp>;+sip.instance=\"<urn:uuid:00000000-0000-1000-8000-0000000{user}>\"\r\n\
             {authorization}Expires: 600\r\nUser-Agent: Softphone/5.2.1\r\nAllow: INVITE, ACK, CANCEL, OPTIONS, BYE, UPDATE, PRACK\r\n\
             Supported: path, outbound\r\nContent-Length: 0\r\n\r\n",
            self.turn, self.turn
        );
        let flow = Flow { protocol: Protocol::Udp, local: address("10.0.0.1:5060"), peer };
        let mut out = Vec::new();
        let began = std::time::Instant::now();
        self.desk.receive(Received::Bytes { flow, bytes: text.into_bytes() }, self.now, &mut out);
        let took = began.elapsed();
        let answer = out.into_iter().find_map(|output| match output {
            Output::Send { bytes, .. } => Some(bytes),
            Output::Event(_) | Output::Expect { .. } | Output::Close { .. } | Output::Trust { .. } => None,
        });
        (took, answer.expect("an answer"))
    }

    fn register(&mut self) -> Duration {
        self.turn += 1;
        let user = 10_000 + self.turn % AGENTS;
        let (first, challenged) = self.ask(user, 1, "");
        let Ok(Message::Response(challenged)) = parse(&challenged) else { panic!("a challenge") };
        let challenge = challenged.headers.get("WWW-Authenticate").and_then(Challenge::from_header).expect("a challenge");
        let secret = ha1(Algorithm::Sha256, &user.to_string(), REALM, "secret");
        let uri = format!("sip:{REALM}");
        let credentials = Credentials::answer(&challenge, &user.to_string(), &secret, "REGISTER", &uri, "0a4f113b", 1).to_header();
        let (second, bound) = self.ask(user, 2, &format!("Authorization: {credentials}\r\n"));
        assert!(bound.starts_with(b"SIP/2.0 200"), "{}", String::from_utf8_lossy(&bound));
        // 1,000 registrations a second.
        self.now += millis(1);
        let began = std::time::Instant::now();
        self.desk.handle_timeout(self.now, &mut Vec::new());
        self.desk.take_changed();
        first + second + began.elapsed()
    }
}

fn endpoints(c: &mut Criterion) {
    let mut group = c.benchmark_group("sip_endpoint");
    let mut pair = Pair::new();
    for _ in 0..10_000 {
        pair.call();
    }
    group.bench_function("call, both sides", |b| b.iter(|| pair.call()));
    let mut phones = Phones { desk: endpoint("10.0.0.1:5060", "10.0.0.2/32"), now: Instant::START, turn: 0 };
    for _ in 0..40_000 {
        phones.register();
    }
    group.bench_function("registration", |b| b.iter_custom(|turns| (0..turns).map(|_| phones.register()).sum()));
    let leg = LegId(2);
    let callee = Callee::Trunk {
        trunk: None,
        number: "95000".into(),
        host: "10.0.0.2".into(),
        flow: Flow { protocol: Protocol::Udp, local: address("10.0.0.1:5060"), peer: address("10.0.0.2:5060") },
    };
    let mut pair = Pair::new();
    let invited = pair
        .order(0, Command::Invite { leg, callee, from: Party::default(), sdp: SDP.into(), otherwise: None, marks: InviteMarks::default() });
    let Some(Event::Invited { leg: theirs, .. }) = invited.first() else { panic!("a call") };
    pair.order(1, Command::Answer { leg: *theirs, sdp: SDP.into() });
    group.bench_function("image of a leg", |b| b.iter(|| black_box(&pair.ends[0].1).leg_image(leg)));
    group.finish();
}

criterion_group!(benches, endpoints);
criterion_main!(benches);
