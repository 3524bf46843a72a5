//! What is fuzzed, each a function of bytes that asserts what must hold whatever they are. The same functions are called by libFuzzer
//! (`fuzz/fuzz_targets/`, `make fuzz TARGET=… SECONDS=…`) and, over the kept corpus and seeded mutations of it, by
//! `tests/fuzz_corpus.rs` in every `cargo test`.

use sanling::base::srtp::{LegSecret, MasterKey, Protection, SrtpKeys, SrtpPolicy, Suite};
use sanling::base::time::{millis, secs};
use sanling::base::{Codec, ExtendedReports, Instant, LegId, OpusWishes, SessionId, TrunkId};
use sanling::config::{PromptInventory, SourceFile, examine};
use sanling::media::control::{Command as Order, Direction as Flowing, StreamParameters, all_hear_all};
use sanling::media::{Component, Engine, EngineSettings, Turn};
use sanling::rtp::srtp::Outbound;
use sanling::sdp::{self, Local};
use sanling::sip::msg::{Framed, Framer, Message, parse};
use sanling::sip::{Callee, Command, Endpoint, Event, Flow, InviteMarks, Output, Party, Protocol, Received, Settings, Trunk};
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

/// A target's name, and what it does with bytes.
pub type Target = (&'static str, fn(&[u8]));

/// Every target by its name, which is also its folder in the corpus.
pub const TARGETS: [Target; 8] = [
    ("sip_datagram", sip_datagram),
    ("sip_stream", sip_stream),
    ("sdp", sdp),
    ("rtp", rtp),
    ("rtcp", rtcp),
    ("srtp", srtp),
    ("config", config),
    ("api", api),
];

const LOCAL: &str = "192.0.2.1:5060";
const PEER: &str = "192.0.2.9:5060";
const OFFER: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8 101\r\n\
                     a=rtpmap:101 telephone-event/8000\r\n";

fn address(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}

fn settings() -> Settings {
    Settings {
        domain: "example.com".into(),
        listen: vec![(Protocol::Udp, address(LOCAL)), (Protocol::Tcp, address(LOCAL))],
        trunks: vec![Trunk::accepting(TrunkId::new("everybody"), vec!["0.0.0.0/0".parse().expect("a network")])],
        ..Settings::default()
    }
}

/// An endpoint with one dialog up and one call out ringing nowhere yet.
struct Live {
    endpoint: Endpoint,
    now: Instant,
    legs: Vec<LegId>,
    /// What stands for `%TAG%`, `%BRANCH%`, `%OURTAG%` and `%OURCALL%` in an input: our tag in the dialog; branch, tag and Call-ID of the
    /// call out.
    words: [(&'static str, String); 4],
}

fn value_after<'a>(text: &'a str, line: &str, key: &str) -> &'a str {
    let line = text.lines().find(|found| found.starts_with(line)).unwrap_or_default();
    let rest = line.split_once(key).map_or("", |(_, rest)| rest);
    rest.split([';', '\r', '>']).next().unwrap_or_default().trim()
}

impl Live {
    fn new() -> Self {
        let endpoint = Endpoint::new(settings(), [7; 32], Instant::START);
        let mut live = Self {
            endpoint,
            now: Instant::START,
            legs: Vec::new(),
            words: [("%TAG%", String::new()), ("%BRANCH%", String::new()), ("%OURTAG%", String::new()), ("%OURCALL%", String::new())],
        };
        let head = "Via: SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bKdialog\r\nMax-Forwards: 70\r\nFrom: <sip:a@example.com>;tag=phone\r\n\
                    To: <sip:95000@example.com>\r\nCall-ID: dialog\r\nCSeq: 1 INVITE\r\nContact: <sip:a@192.0.2.9>\r\n";
        let invite = format!(
            "INVITE sip:95000@example.com SIP/2.0\r\n{head}Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{OFFER}",
            OFFER.len()
        );
        live.receive(Protocol::Udp, invite.as_bytes());
        let leg = live.legs[0];
        let sent = live.command(Command::Answer { leg, sdp: OFFER.into() });
        let answered = String::from_utf8_lossy(sent.first().expect("a 200")).into_owned();
        live.words[0].1 = value_after(&answered, "To:", "tag=").to_owned();
        let ack = format!(
            "ACK sip:95000@example.com SIP/2.0\r\n{}\r\n",
            head.replace("1 INVITE", "1 ACK")
                .replace("To: <sip:95000@example.com>", &format!("To: <sip:95000@example.com>;tag={}", live.words[0].1))
        );
        live.receive(Protocol::Udp, ack.as_bytes());
        let flow = Flow { protocol: Protocol::Udp, local: address(LOCAL), peer: address(PEER) };
        let callee = Callee::Trunk { trunk: None, number: "1001".into(), host: "192.0.2.9".into(), flow };
        let party = Party { display: None, user: "95000".into() };
        let sent = live.command(Command::Invite {
            leg: LegId(1_000),
            callee,
            from: party,
            sdp: OFFER.into(),
            otherwise: None,
            marks: InviteMarks::default(),
        });
        let invite = String::from_utf8_lossy(sent.first().expect("an INVITE")).into_owned();
        live.words[1].1 = value_after(&invite, "Via:", "branch=").to_owned();
        live.words[2].1 = value_after(&invite, "From:", "tag=").to_owned();
        live.words[3].1 = value_after(&invite, "Call-ID:", ":").to_owned();
        live.legs.push(LegId(1_000));
        live
    }

    fn receive(&mut self, protocol: Protocol, bytes: &[u8]) {
        let flow = Flow { protocol, local: address(LOCAL), peer: address(PEER) };
        let mut out = Vec::new();
        self.endpoint.receive(Received::Bytes { flow, bytes: bytes.to_vec() }, self.now, &mut out);
        self.take(out);
    }

    fn command(&mut self, command: Command) -> Vec<Vec<u8>> {
        let mut out = Vec::new();
        self.endpoint.command(command, self.now, &mut out);
        self.take(out)
    }

    /// What is sent is what it should be; legs are remembered.
    fn take(&mut self, out: Vec<Output>) -> Vec<Vec<u8>> {
        let mut sent = Vec::new();
        for output in out {
            match output {
                Output::Send { bytes, .. } if bytes != b"\r\n" => {
                    // An answer repeats what it could not read (RFC 3261 §8.2.6.2); a request of ours is whole.
                    let whole = bytes.starts_with(b"SIP/2.0 ") || parse(&bytes).is_ok();
                    assert!(whole, "we send what we cannot read: {}", String::from_utf8_lossy(&bytes));
                    sent.push(bytes);
                }
                Output::Event(Event::Invited { leg, .. }) => self.legs.push(leg),
                _ => {}
            }
        }
        sent
    }

    fn insert_words(&self, bytes: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        for (word, value) in &self.words {
            while let Some(at) = bytes.windows(word.len()).position(|window| window == word.as_bytes()) {
                bytes.splice(at..at + word.len(), value.bytes());
            }
        }
        bytes
    }

    /// Answers what came in, gives all up, and waits until nothing may be left.
    fn end(mut self) {
        for leg in self.legs.clone() {
            self.command(Command::Ring { leg, code: 180, sdp: None });
            self.command(Command::Answer { leg, sdp: OFFER.into() });
            self.command(Command::AnswerReoffer { leg, sdp: OFFER.into() });
        }
        for leg in self.legs.clone() {
            self.command(Command::Release { leg, code: 480, reason: None, retry_after: None });
        }
        let end = self.now + secs(300);
        while let Some(due) = self.endpoint.deadline().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            let mut out = Vec::new();
            self.endpoint.handle_timeout(self.now, &mut out);
            assert!(self.endpoint.deadline().is_none_or(|next| next > self.now), "a deadline was left behind");
            self.take(out);
        }
        assert!(
            self.endpoint.is_quiescent(),
            "{} legs and {} transactions are left",
            self.endpoint.leg_count(),
            self.endpoint.transaction_count()
        );
    }
}

/// Datagrams into an endpoint that has a dialog up and a call out under way; `%NEXT%` divides them.
pub fn sip_datagram(data: &[u8]) {
    let mut live = Live::new();
    let data = live.insert_words(data);
    for datagram in split(&data, b"%NEXT%").into_iter().take(16) {
        live.receive(Protocol::Udp, datagram);
        live.now += millis(10);
    }
    live.end();
}

/// A stream: in one piece or cut anywhere it has the same messages in it, and an endpoint survives it.
pub fn sip_stream(data: &[u8]) {
    let Some((cut, data)) = data.split_first() else { return };
    let (whole, pieces) = (framed(&[data]), framed(&data.chunks(usize::from(*cut) + 1).collect::<Vec<_>>()));
    assert_eq!(whole, pieces, "framing depends on how the stream is cut");
    let mut live = Live::new();
    let data = live.insert_words(data);
    for piece in data.chunks(usize::from(*cut) + 1) {
        live.receive(Protocol::Tcp, piece);
    }
    live.end();
}

/// The messages of a stream, and whether it ended in something that cannot be framed.
fn framed(pieces: &[&[u8]]) -> (Vec<Vec<u8>>, bool) {
    let mut framer = Framer::default();
    let mut messages = Vec::new();
    for piece in pieces {
        framer.push(piece);
        loop {
            match framer.next() {
                Ok(Some(Framed::Message(message))) => {
                    if let Ok(message) = parse(&message) {
                        let _: &Message = &message;
                    }
                    messages.push(message);
                }
                Ok(Some(Framed::Ping)) => {}
                Ok(None) => break,
                Err(_) => return (messages, true),
            }
        }
    }
    (messages, false)
}

/// A description as an offer, as an answer, and as a second offer; what we answer can be taken by one like us. Under each policy of
/// encryption.
pub fn sdp(data: &[u8]) {
    for policy in [SrtpPolicy::Off, SrtpPolicy::Optional, SrtpPolicy::Required] {
        described(data, policy);
    }
}

fn described(data: &[u8], policy: SrtpPolicy) {
    let end = |address, session| Local {
        protection: Protection { policy, suites: Suite::ALL.to_vec(), secret: LegSecret::new([7; 32]) },
        ..Local::new(address, &[Codec::Pcma, Codec::Pcmu, Codec::Opus], session)
    };
    let local = end(address("192.0.2.1:20000"), 7);
    let _ = sdp::accept(data, &local);
    match sdp::answer(data, &local) {
        Ok((answer, negotiated)) => {
            assert!(answer.starts_with(b"v=0\r\n"), "{}", String::from_utf8_lossy(&answer));
            assert!(matches!(negotiated.ptime, 20 | 40 | 60));
            let second = Local { version: 2, layout: negotiated.layout, ..local };
            let _ = sdp::answer(data, &second);
            let offer = sdp::offer(&second);
            let peer = end(address("192.0.2.9:4000"), 8);
            assert!(policy != SrtpPolicy::Required || negotiated.srtp.is_some());
            let (answer, _) = sdp::answer(&offer, &peer).expect("our own offer can be answered");
            sdp::accept(&answer, &second).expect("and the answer taken");
        }
        Err(error) => assert!(matches!(error.status(), 400 | 488)),
    }
}

/// RTP from the phone and from a stranger: packets are divided by their length in two bytes.
pub fn rtp(data: &[u8]) {
    media(data, Component::Rtp, false);
}

pub fn rtcp(data: &[u8]) {
    media(data, Component::Rtcp, false);
}

/// As `rtp`, on legs that are encrypted: every other packet has been sealed with the phone's key, so that what is inside it is reached.
pub fn srtp(data: &[u8]) {
    media(data, Component::Rtp, true);
}

/// Of a phone, and ours towards it: one leg has a suite of each kind.
fn keys(leg: LegId) -> SrtpKeys {
    let suite = if leg.0 == 1 { Suite::Cm128Tag80 } else { Suite::Gcm128 };
    let key = |byte| MasterKey::new(suite, vec![byte; suite.key_length() + suite.salt_length()], vec![]).expect("a key");
    SrtpKeys { receive: key(1), send: key(2) }
}

fn media(data: &[u8], component: Component, encrypted: bool) {
    let mut engine = Engine::new(EngineSettings::default(), Arc::default(), 42);
    let (mut turn, mut now) = (Turn::new(), Instant::START + secs(1));
    let session = SessionId(1);
    for (leg, codec) in [(LegId(1), Codec::Pcma), (LegId(2), Codec::Opus)] {
        let port = 20_000 + u16::try_from(leg.0).expect("a small number") * 2;
        engine.allocated(session, leg, address(&format!("192.0.2.1:{port}")), now, &mut turn);
        let remote = address(&format!("198.51.100.{}:4000", leg.0));
        let parameters = StreamParameters {
            remote,
            remote_rtcp: SocketAddr::new(remote.ip(), 4_001),
            rtcp_mux: true,
            signalled_from: remote.ip(),
            codec,
            others: Vec::new(),
            send_payload_type: if codec == Codec::Opus { 111 } else { 8 },
            receive_payload_type: if codec == Codec::Opus { 111 } else { 8 },
            send_event_type: Some(101),
            receive_event_type: Some(101),
            event_clock: None,
            direction: Flowing { send: true, receive: true },
            ptime: 20,
            silence_suppression: false,
            comfort_noise: true,
            opus: OpusWishes { fec: true, dtx: true, ..OpusWishes::default() },
            rtp_timeout: secs(30),
            srtp: encrypted.then(|| Box::new(keys(leg))),
            // As much as can be asked for, so that all of it is made.
            extended_reports: ExtendedReports { metrics: true, round_trip: true },
        };
        engine.handle_command(Order::Configure { session, leg, parameters }, now, &mut turn);
        engine.handle_command(Order::ListenForSpeech { session, leg, on: true }, now, &mut turn);
    }
    engine.handle_command(Order::SetHearing { session, hearing: all_hear_all(&[LegId(1), LegId(2)]) }, now, &mut turn);
    let mut rest = data;
    for turn_number in 0..64_u64 {
        let Some((length, after)) = rest.split_at_checked(2) else { break };
        let length = usize::from(u16::from_be_bytes([length[0], length[1]]) & 0x07FF).min(after.len());
        let (packet, after) = after.split_at(length);
        rest = after;
        let leg = LegId(1 + turn_number % 2);
        let source = if turn_number % 8 == 7 { "203.0.113.66:4000".to_owned() } else { format!("198.51.100.{}:4000", leg.0) };
        let mut packet = packet.to_vec();
        if encrypted && turn_number % 4 < 2 {
            Outbound::new(&keys(leg).receive, 0).seal(0, 0, &mut packet);
        }
        engine.handle_packet(leg, component, address(&source), &packet, now, &mut turn);
        now += millis(7);
        while engine.deadline().is_some_and(|due| due <= now) {
            engine.tick(now, &mut turn);
        }
        assert!(turn.packets().all(|(_, bytes)| bytes.len() <= 1_500), "a packet that no network carries whole");
        turn.clear();
    }
    engine.handle_command(Order::Release { session }, now, &mut turn);
    assert_eq!((engine.legs(), engine.sessions()), (0, 0));
}

/// A configuration file through `check`: an error has a place that is in the text, and there is a configuration or an error.
pub fn config(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let files = [SourceFile { path: "fuzz.toml".into(), text: text.to_owned() }];
    let outcome = examine(&files, &[], &PromptInventory::default());
    let lines = text.lines().count().max(1) + 1;
    for error in outcome.config.as_ref().err().into_iter().flatten().chain(&outcome.warnings) {
        assert!(error.line >= 1 && error.line <= lines && error.column >= 1, "{error:?}");
        assert!(!error.to_string().is_empty());
    }
    assert!(outcome.config.is_ok() || outcome.config.is_err_and(|errors| !errors.is_empty()));
}

/// A request (`METHOD path?query`, a line, then a body) to the real server, whose switch answers nothing but snapshots: there is always an
/// answer, and it is never our own fault.
pub fn api(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (line, body) = text.split_once('\n').unwrap_or((&text, ""));
    let mut words = line.split_whitespace();
    let (method, path) = (words.next().unwrap_or("GET"), words.next().unwrap_or("/"));
    let endless = path.contains("/events") && !path.contains("/calls/");
    if endless || !path.is_ascii() || path.contains("config/reload") {
        return;
    }
    let answer = server().ask(method, path, body);
    let code = answer.split(' ').nth(1).and_then(|code| code.parse::<u16>().ok());
    assert!(answer.is_empty() || code.is_some_and(|code| code < 500 || code == 501 || code == 504), "{line}\n{answer}");
}

struct LocalServer {
    address: SocketAddr,
    _runtime: tokio::runtime::Runtime,
    _server: sanling::io::http::Server,
}

impl LocalServer {
    fn ask(&self, method: &str, path: &str, body: &str) -> String {
        use std::io::{Read, Write};
        let mut stream = std::net::TcpStream::connect(self.address).expect("the server is there");
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer t\r\nConnection: close\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n",
            body.len()
        );
        // A server that refuses early may have closed before it read all.
        let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes()));
        let mut answer = Vec::new();
        let _ = stream.set_read_timeout(Some(std::time::Duration::from_secs(10)));
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }
}

fn server() -> &'static LocalServer {
    static SERVER: OnceLock<LocalServer> = OnceLock::new();
    SERVER.get_or_init(|| {
        use sanling::io::{desk::Desk, events::EventHub, http, metrics::Metrics, recorder::Recorder, store::Store};
        use sanling::switch::{input::Command, output::Reply};
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let folder = std::env::temp_dir().join(format!("sanling-fuzz-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let server = runtime.block_on(async {
            let (desk, mut questions) = Desk::new();
            tokio::spawn(async move {
                while let Some((command, answer)) = questions.recv().await {
                    let _ = answer.send(match command {
                        Command::Snapshot => Reply::Snapshot(Box::default()),
                        Command::SetAgentState { .. } => Reply::UnknownAgent,
                        Command::Unblock { .. } => Reply::Unblocked { sources: 0 },
                        _ => Reply::Done,
                    });
                }
            });
            let recorder = Recorder::start(folder.join("recordings"), tokio::sync::mpsc::channel(8).0).expect("it starts");
            let api = http::Api {
                desk,
                store: Store::open(&folder.join("data")).await.expect("it opens"),
                hub: EventHub::new(0),
                metrics: Metrics::new(),
                data: folder.clone(),
                recordings: folder.join("recordings"),
                token: http::Token::new("t"),
                config: sanling::io::loaded::Loaded::new(Arc::new(least_config()), Vec::new()),
                folder: sanling::io::config_files::ConfigFolder { path: folder.join("config"), overrides: Vec::new() },
                recorder: recorder.status(),
                reload: Arc::new(|| Box::pin(async { Ok(Vec::new()) })),
                tls: None,
            };
            http::Server::start(address("127.0.0.1:0"), api).await.expect("it listens")
        });
        LocalServer { address: server.address(), _runtime: runtime, _server: server }
    })
}

/// What a switch needs, and the shipped users.
fn least_config() -> sanling::config::Config {
    use sanling::config::{PromptInventory, SourceFile, resolve};
    let files = [include_str!("../config/switch.toml"), include_str!("../config/agents.toml"), include_str!("../config/users.toml")];
    let files = files.map(|text| SourceFile { path: "shipped.toml".to_owned(), text: text.to_owned() });
    resolve(&files, &[], &PromptInventory::complete(&["zh-CN", "en-US"])).expect("what is shipped is right")
}

fn split<'a>(bytes: &'a [u8], by: &[u8]) -> Vec<&'a [u8]> {
    let mut parts = Vec::new();
    let mut rest = bytes;
    while let Some(at) = rest.windows(by.len()).position(|window| window == by) {
        parts.push(&rest[..at]);
        rest = &rest[at + by.len()..];
    }
    parts.push(rest);
    parts
}
