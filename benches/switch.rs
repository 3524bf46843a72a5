//! A whole call through the switch, events in, actions out, no sockets: a caller's INVITE, an agent's answer, both talk, the caller ends.
//! The figure is a call's; what the two phones cost to play is in it, and is little: they echo lines.

use criterion::{Criterion, criterion_group, criterion_main};
use sanling::base::{CallId, Instant, Rng, SessionId, Timestamp, WallClock, time::millis};
use sanling::config::{PromptInventory, SourceFile, resolve};
use sanling::media::control::{Command as Media, Report};
use sanling::sip::msg::digest::{Challenge, Credentials, ha1};
use sanling::sip::{Flow, Protocol, Received};
use sanling::switch::input::{Input, RecorderReport};
use sanling::switch::output::Output;
use sanling::switch::{Surroundings, Switch};
use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write;
use std::hint::black_box;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

const SWITCH: &str = "127.0.0.1:5060";
const CALLER: &str = "127.0.0.1:40000";
const AGENTS: &str = "127.0.0.1:40002";
const SDP: &str =
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 41000 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n";

fn address(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}

/// The switch, and the world around it in its least form.
struct Rig {
    switch: Switch,
    now: Instant,
    out: Vec<Output>,
    ahead: VecDeque<Input>,
    calls: u64,
    port: u16,
    /// Contact of the caller's leg and To with its tag, from the 200.
    dialog: (String, String),
    recorded: BTreeMap<SessionId, CallId>,
    released: u64,
    offered: u64,
}

impl Rig {
    fn new(agents: u32) -> Self {
        let mut people = String::new();
        for id in 100_001..=100_000 + agents {
            let _ = write!(
                people,
                "[[agent]]\nid = \"{id}\"\nname = \"{id}\"\npassword = \"demo-{id}\"\nskills = {{ service = 5 }}\nrole = \"agent\"\nlogin = \"on-register\"\n"
            );
        }
        let file = |name: &str, text: &str| SourceFile { path: format!("{name}.toml"), text: text.to_owned() };
        let files = [
            file("switch", include_str!("../config/switch.toml")),
            file("agents", &people),
            file("queues", include_str!("../config/queues.toml")),
            file("routing", include_str!("../config/routing.toml")),
            file("rules", include_str!("../config/rules.toml")),
        ];
        let config = resolve(&files, &[], &PromptInventory::complete(&["zh-CN", "en-US"])).expect("a configuration");
        let surroundings = Surroundings {
            media_seed: 7,
            listen: vec![(Protocol::Udp, address(SWITCH))],
            our_hosts: vec!["localhost".to_owned()],
            seed: Rng::new(1).next_u64(),
            secret: [7; 32],
            wall: WallClock::new(Instant::START, Timestamp(1_795_248_000_000)),
        };
        let switch = Switch::new(Arc::new(config), surroundings, Instant::START);
        let mut rig = Self {
            switch,
            now: Instant::START,
            out: Vec::new(),
            ahead: VecDeque::new(),
            calls: 0,
            port: 20_000,
            dialog: Default::default(),
            recorded: BTreeMap::new(),
            released: 0,
            offered: 0,
        };
        for id in 100_001..=100_000 + agents {
            rig.register(id);
        }
        rig
    }

    fn hand(&mut self, from: &str, text: String) {
        let flow = Flow { protocol: Protocol::Udp, local: address(SWITCH), peer: address(from) };
        self.ahead.push_back(Input::Sip(Received::Bytes { flow, bytes: text.into_bytes() }));
    }

    /// Until nobody has anything to say.
    fn settle(&mut self) {
        while let Some(input) = self.ahead.pop_front() {
            self.now += Duration::from_micros(10);
            self.switch.handle(black_box(input), self.now, &mut self.out);
            for output in std::mem::take(&mut self.out) {
                self.carry_out(output);
            }
        }
    }

    fn carry_out(&mut self, output: Output) {
        match output {
            Output::SendSip { flow, bytes } => {
                let text = String::from_utf8(bytes).expect("text");
                if flow.peer == address(AGENTS) { self.agent_hears(&text) } else { self.caller_hears(&text) }
            }
            Output::Media(Media::Allocate { session, leg, local, .. }) => {
                self.port = if self.port > 60_000 { 20_000 } else { self.port + 2 };
                let address = SocketAddr::new(local, self.port);
                self.ahead.push_back(Input::Media(Report::Allocated { session, leg, address }));
            }
            Output::Media(Media::StartRecording { session, call, .. }) => {
                self.recorded.insert(session, call);
                self.ahead.push_back(Input::Recorder(RecorderReport::Opened { call, file: "a.wav.part".to_owned() }));
            }
            Output::Media(Media::StopRecording { session } | Media::Release { session }) => {
                let Some(call) = self.recorded.remove(&session) else { return };
                let complete = RecorderReport::Complete { call, file: "a.wav".to_owned(), duration: millis(10), sha256: "0".repeat(64) };
                self.ahead.push_back(Input::Recorder(complete));
            }
            _ => {}
        }
    }

    fn caller_hears(&mut self, text: &str) {
        if text.starts_with("SIP/2.0 200") && text.contains(" INVITE\r\n") {
            let contact = line(text, "Contact: ").trim_start_matches('<').split('>').next().expect("a URI").to_owned();
            self.dialog = (contact, line(text, "To: ").to_owned());
            let ack = self.in_dialog("ACK", 1);
            self.hand(CALLER, ack);
            let bye = self.in_dialog("BYE", 2);
            self.hand(CALLER, bye);
        } else if text.starts_with("SIP/2.0 200") && text.contains(" BYE\r\n") {
            self.released += 1;
        } else if text.starts_with("SIP/2.0") && text.as_bytes()[8] > b'3' && !text.contains("REGISTER") {
            panic!("refused: {text}");
        }
    }

    fn agent_hears(&mut self, text: &str) {
        if text.starts_with("INVITE") {
            self.offered += 1;
            self.hand(AGENTS, answer(text, "180 Ringing", ""));
            self.hand(AGENTS, answer(text, "200 OK", SDP));
        } else if text.starts_with("BYE") {
            self.hand(AGENTS, answer(text, "200 OK", ""));
        } else if text.starts_with("SIP/2.0 401") {
            self.prove(text);
        }
    }

    fn in_dialog(&self, method: &str, cseq: u32) -> String {
        let (contact, to) = &self.dialog;
        let call = self.calls;
        format!(
            "{method} {contact} SIP/2.0\r\nVia: SIP/2.0/UDP {CALLER};branch=z9hG4bK{call}{method}\r\nMax-Forwards: 70\r\n\
             From: <sip:13900000000@127.0.0.1>;tag={call}\r\nTo: {to}\r\nCall-ID: {call}\r\nCSeq: {cseq} {method}\r\nContent-Length: 0\r\n\r\n"
        )
    }

    fn register(&mut self, id: u32) {
        self.hand(AGENTS, registering(id, 1, ""));
        self.settle();
    }

    fn prove(&mut self, challenge: &str) {
        let id: u32 = line(challenge, "Call-ID: ").parse().expect("an id");
        let challenge = Challenge::from_header(line(challenge, "WWW-Authenticate: ")).expect("a challenge");
        let user = id.to_string();
        let hash = ha1(challenge.algorithm, &user, &challenge.realm, &format!("demo-{id}"));
        let answer = Credentials::answer(&challenge, &user, &hash, "REGISTER", "sip:sanling.local", "c", 1);
        self.hand(AGENTS, registering(id, 2, &format!("Authorization: {}\r\n", answer.to_header())));
    }

    /// INVITE to released.
    fn call(&mut self) {
        self.calls += 1;
        let (call, length) = (self.calls, SDP.len());
        self.hand(
            CALLER,
            format!(
                "INVITE sip:95000@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {CALLER};rport;branch=z9hG4bK{call}\r\nMax-Forwards: 70\r\n\
                 From: <sip:13900000000@127.0.0.1>;tag={call}\r\nTo: <sip:95000@127.0.0.1>\r\nCall-ID: {call}\r\nCSeq: 1 INVITE\r\n\
                 Contact: <sip:13900000000@{CALLER}>\r\nAllow: INVITE, ACK, CANCEL, BYE, OPTIONS\r\nContent-Type: application/sdp\r\n\
                 Content-Length: {length}\r\n\r\n{SDP}"
            ),
        );
        self.settle();
        // Transactions that linger for repeats are over in time, as they are in life.
        self.now += millis(1);
        self.switch.handle_timeout(self.now, &mut self.out);
        for output in std::mem::take(&mut self.out) {
            self.carry_out(output);
        }
        self.settle();
        assert_eq!((self.offered, self.released), (self.calls, self.calls), "each call is offered and released");
    }
}

fn line<'a>(text: &'a str, name: &str) -> &'a str {
    text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("no {name}in {text}"))
}

/// An agent's answer: the request's own lines back.
fn answer(request: &str, status: &str, body: &str) -> String {
    let mut out = format!("SIP/2.0 {status}\r\n");
    for line in request.lines().take_while(|line| !line.is_empty()) {
        let tagless = line.starts_with("To: ") && !line.contains(";tag=");
        if ["Via: ", "From: ", "To: ", "Call-ID: ", "CSeq: "].iter().any(|name| line.starts_with(name)) {
            let _ = write!(out, "{line}{}\r\n", if tagless { ";tag=agent" } else { "" });
        }
    }
    let user = request.split(['@', ' ']).nth(1).expect("a URI");
    let _ = write!(out, "Contact: <{user}@{AGENTS}>\r\n");
    if !body.is_empty() {
        out.push_str("Content-Type: application/sdp\r\n");
    }
    let _ = write!(out, "Content-Length: {}\r\n\r\n{body}", body.len());
    out
}

fn registering(id: u32, cseq: u32, proof: &str) -> String {
    format!(
        "REGISTER sip:sanling.local SIP/2.0\r\nVia: SIP/2.0/UDP {AGENTS};branch=z9hG4bKr{id}{cseq}\r\nMax-Forwards: 70\r\n\
         From: <sip:{id}@sanling.local>;tag=r\r\nTo: <sip:{id}@sanling.local>\r\nCall-ID: {id}\r\nCSeq: {cseq} REGISTER\r\n\
         Contact: <sip:{id}@{AGENTS}>\r\nExpires: 3600\r\n{proof}Content-Length: 0\r\n\r\n"
    )
}

fn switch(c: &mut Criterion) {
    let mut group = c.benchmark_group("switch");
    group.sample_size(20);
    for agents in [5, 500, 5_000] {
        let mut rig = Rig::new(agents);
        group.bench_function(format!("call_with_{agents}_agents"), |b| b.iter(|| rig.call()));
    }
    group.finish();
}

criterion_group!(benches, switch);
criterion_main!(benches);
