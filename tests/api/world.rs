//! A server on a free port, a database in a folder of its own, and a switch that answers from what the test put into it.

use sanling::base::time::millis;
use sanling::base::{CallId, Rng, Timestamp};
use sanling::call::record::*;
use sanling::config::{Config, PromptInventory, SourceFile, resolve};
use sanling::io::config_files::ConfigFolder;
use sanling::io::desk::{Desk, Question};
use sanling::io::events::EventHub;
use sanling::io::http::{Api, Server, Token, dto};
use sanling::io::ledger::Ledger;
use sanling::io::loaded::Loaded;
use sanling::io::metrics::Metrics;
use sanling::io::recorder::Recorder;
use sanling::io::store::Store;
use sanling::switch::input::{Command, RequestedState};
use sanling::switch::output::{Detail, Event, Reply};
use sanling::switch::view::*;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use tokio::runtime::Runtime;
use tokio::sync::mpsc;

pub const TOKEN: &str = "a token of the tests";
/// 2026-11-21T09:30:00Z.
pub const NOW: i64 = 1_795_253_400_000;

/// What a reload is to answer.
type Reloaded = Arc<Mutex<Result<Vec<String>, Vec<dto::ConfigError>>>>;

pub struct World {
    pub runtime: Runtime,
    pub folder: tempfile::TempDir,
    pub switch: Arc<Mutex<CannedSwitch>>,
    pub store: Store,
    pub hub: EventHub,
    pub ledger: Ledger,
    pub config: Loaded,
    pub reload: Reloaded,
    pub server: Option<Server>,
    pub url: String,
    pub rng: Rng,
    agent: ureq::Agent,
}

#[derive(Default)]
pub struct CannedSwitch {
    pub snapshot: Snapshot,
    /// Takes questions and never answers.
    pub silent: bool,
    pub refuses: Option<String>,
    pub messages: Vec<MessageView>,
    pub call_backs: Vec<CallBackView>,
    /// Any other is refused.
    pub known_reasons: Option<Vec<String>>,
    unanswered: Vec<Question>,
}

impl CannedSwitch {
    fn answer(&mut self, question: Question) {
        if self.silent {
            self.unanswered.push(question);
            return;
        }
        let (command, answer) = question;
        let reply = match (command, &self.refuses) {
            (Command::Snapshot, _) => Reply::Snapshot(Box::new(self.snapshot.clone())),
            (Command::SetAgentState { .. }, Some(why)) => Reply::Refused(why.clone()),
            (Command::SetAgentState { reason: Some(reason), .. }, None)
                if self.known_reasons.as_ref().is_some_and(|known| !known.contains(&reason)) =>
            {
                Reply::UnknownReason { known: self.known_reasons.clone().unwrap_or_default() }
            }
            (Command::SetAgentState { agent, state, reason }, None) => {
                match self.snapshot.agents.iter_mut().find(|view| view.id == agent) {
                    None => Reply::UnknownAgent,
                    Some(view) => {
                        view.state = match state {
                            RequestedState::Offline => "offline",
                            RequestedState::Ready => "ready",
                            RequestedState::NotReady => "not-ready",
                        };
                        view.reason = reason;
                        Reply::Done
                    }
                }
            }
            (Command::PauseRecording { call, by, why }, refuses) => {
                match (self.snapshot.calls.iter_mut().find(|view| view.record.id == call), refuses) {
                    (None, _) => Reply::UnknownCall,
                    (Some(_), Some(refused)) => Reply::Refused(refused.clone()),
                    (Some(view), None) => {
                        let started_at = Timestamp(NOW + 61_000);
                        let pause = PauseRecord { started_at, ended_at: None, by, why, ending: PauseEnding::Running, ended_by: None };
                        view.record.pauses.push(pause);
                        Reply::Done
                    }
                }
            }
            (Command::ResumeRecording { call, by }, _) => {
                let view = self.snapshot.calls.iter_mut().find(|view| view.record.id == call);
                match view.and_then(|view| view.record.pauses.last_mut()) {
                    None => Reply::UnknownCall,
                    Some(pause) => {
                        (pause.ending, pause.ended_by, pause.ended_at) = (PauseEnding::Resumed, Some(by), Some(Timestamp(NOW + 62_000)));
                        Reply::Done
                    }
                }
            }
            (Command::BeginCopy { call, .. } | Command::EndCopy { call, .. }, refuses) => {
                let is_known = self.snapshot.calls.iter().any(|view| view.record.id == call);
                match refuses {
                    _ if !is_known => Reply::UnknownCall,
                    Some(why) => Reply::Refused(why.clone()),
                    None => Reply::Done,
                }
            }
            (Command::Messages { in_box, new }, _) => {
                let asked =
                    |view: &&MessageView| in_box.as_ref().is_none_or(|id| *id == view.in_box) && !(new && view.message.heard_at.is_some());
                Reply::Messages(self.messages.iter().filter(asked).cloned().collect())
            }
            (Command::CallBacks, _) => Reply::CallBacks(self.call_backs.clone()),
            (Command::TakeCallBack { id, agent }, refuses) => {
                let is_known = self.snapshot.agents.iter().any(|view| view.id == agent);
                match (self.call_backs.iter_mut().find(|view| view.id == id), refuses) {
                    (None, _) => Reply::UnknownCall,
                    (Some(_), Some(why)) => Reply::Refused(why.clone()),
                    (Some(_), None) if !is_known => Reply::UnknownAgent,
                    (Some(view), None) => {
                        view.call_back.state = CallBackState::Calling { call: id };
                        Reply::Done
                    }
                }
            }
            (Command::DropCallBack { id }, _) => {
                let before = self.call_backs.len();
                self.call_backs.retain(|view| view.id != id);
                if self.call_backs.len() < before { Reply::Done } else { Reply::UnknownCall }
            }
            (Command::MessageHeard { call, by }, _) => match self.messages.iter_mut().find(|view| view.message.call == call) {
                Some(view) => {
                    (view.message.heard_at, view.message.heard_by) = (Some(Timestamp(NOW)), Some(by));
                    Reply::Done
                }
                None => Reply::UnknownCall,
            },
            _ => Reply::Done,
        };
        let _ = answer.send(reply);
    }
}

/// The shipped configuration, with texts of users.toml replaced.
pub fn configuration(replace: &[(&str, &str)]) -> Config {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
    let file = |name: &str| {
        let text = std::fs::read_to_string(folder.join(name)).expect("a shipped file");
        SourceFile { path: format!("config/{name}"), text }
    };
    let names = ["agents.toml", "queues.toml", "routing.toml", "rules.toml", "switch.toml", "users.toml", "scorecards.toml"];
    let mut files: Vec<SourceFile> = names.into_iter().map(file).collect();
    if !replace.is_empty() {
        // The sampling plan names users.
        files.truncate(6);
    }
    for (old, new) in replace {
        assert!(files[5].text.contains(old), "users.toml has {old}");
        files[5].text = files[5].text.replacen(old, new, 1);
    }
    let config = resolve(&files, &[], &PromptInventory::complete(&["zh-CN", "en-US"]));
    config.unwrap_or_else(|errors| panic!("{errors:?}"))
}

/// An answer, whole.
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.body)))
    }

    /// Asserts a problem document of this status and returns it.
    pub fn problem(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.body));
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        let problem = self.json();
        assert_eq!(problem["status"], status);
        assert!(problem["title"].is_string() && problem["detail"].is_string() && problem["type"] == "about:blank", "{problem}");
        problem
    }
}

fn shipped() -> ConfigFolder {
    ConfigFolder { path: Path::new(env!("CARGO_MANIFEST_DIR")).join("config"), overrides: Vec::new() }
}

/// A server on what the folder has.
async fn serve(
    folder: &tempfile::TempDir,
    shipped: ConfigFolder,
    switch: &Arc<Mutex<CannedSwitch>>,
    config: &Loaded,
    reload: &Reloaded,
    kept_max: usize,
) -> (Store, EventHub, Metrics, Server) {
    let store = Store::open(&folder.path().join("data")).await.expect("opens");
    let hub = EventHub::with_ring(store.last_event_seq().await.expect("reads"), kept_max);
    let metrics = Metrics::new();
    let (desk, mut questions): (_, mpsc::Receiver<Question>) = Desk::with_patience(millis(200));
    let answering = Arc::clone(switch);
    tokio::spawn(async move {
        while let Some(question) = questions.recv().await {
            answering.lock().expect("not poisoned").answer(question);
        }
    });
    let result = Arc::clone(reload);
    let api = Api {
        desk,
        store: store.clone(),
        hub: hub.clone(),
        metrics: metrics.clone(),
        data: folder.path().to_owned(),
        recordings: folder.path().join("recordings"),
        token: Token::new(TOKEN),
        config: config.clone(),
        folder: shipped,
        recorder: Recorder::start(folder.path().join("recordings"), mpsc::channel(8).0).expect("starts").status(),
        reload: Arc::new(move || {
            let result = result.lock().expect("not poisoned").clone();
            Box::pin(async move { result })
        }),
        tls: None,
    };
    let server = Server::start("127.0.0.1:0".parse().expect("an address"), api).await.expect("listens");
    (store, hub, metrics, server)
}

impl World {
    pub fn new() -> Self {
        Self::with_ring(1_000)
    }

    pub fn with_ring(kept_max: usize) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
        let folder = tempfile::tempdir().expect("a folder");
        let switch = Arc::new(Mutex::new(CannedSwitch { snapshot: snapshot(), ..CannedSwitch::default() }));
        let reload = Arc::new(Mutex::new(Ok(vec!["rules.hold.patience: 7s → 9s".to_owned()])));
        let shipped = shipped();
        let config = Loaded::new(Arc::new(configuration(&[])), shipped.texts().expect("the shipped texts"));
        let serving = serve(&folder, shipped, &switch, &config, &reload, kept_max);
        let (store, hub, metrics, server) = runtime.block_on(serving);
        let url = format!("http://{}", server.address());
        let agent = ureq::Agent::config_builder().http_status_as_error(false).max_idle_connections(0).build().into();
        let ledger = Ledger::new(store.clone(), hub.clone(), metrics);
        Self { runtime, folder, switch, hub, store, ledger, config, reload, server: Some(server), url, rng: Rng::new(7), agent }
    }

    /// The server ends, and another goes on with the same data folder, by this configuration.
    pub fn restart(&mut self, config: Config) {
        let server = self.server.take().expect("it runs");
        self.runtime.block_on(async {
            server.close().await;
            self.store.close().await.expect("closes");
        });
        let shipped = shipped();
        self.config = Loaded::new(Arc::new(config), shipped.texts().expect("the shipped texts"));
        let serving = serve(&self.folder, shipped, &self.switch, &self.config, &self.reload, 1_000);
        let (store, hub, metrics, server) = self.runtime.block_on(serving);
        self.url = format!("http://{}", server.address());
        self.ledger = Ledger::new(store.clone(), hub.clone(), metrics);
        (self.store, self.hub, self.server) = (store, hub, Some(server));
    }

    pub fn data(&self) -> &Path {
        self.folder.path()
    }

    pub fn recordings(&self) -> PathBuf {
        self.folder.path().join("recordings")
    }

    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[("authorization", &format!("Bearer {TOKEN}"))], None)
    }

    pub fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let bearer = format!("Bearer {TOKEN}");
        let mut all = vec![("authorization", bearer.as_str())];
        all.extend_from_slice(headers);
        self.send("GET", path, &all, None)
    }

    pub fn post(&self, path: &str, body: &str) -> Answer {
        self.send("POST", path, &[("authorization", &format!("Bearer {TOKEN}")), ("content-type", "application/json")], Some(body))
    }

    pub fn sign_in(&self, user: &str, password: &str) -> Answer {
        let body = serde_json::json!({ "user": user, "password": password }).to_string();
        self.send("POST", "/api/v1/session", &[("content-type", "application/json")], Some(&body))
    }

    /// The cookie of a shipped user who has signed in.
    pub fn cookie(&self, user: &str) -> String {
        let answer = self.sign_in(user, &format!("demo-{user}"));
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
        let cookie = answer.header("set-cookie").expect("a cookie");
        cookie.split(';').next().expect("its first part").to_owned()
    }

    /// A request as a page makes it.
    pub fn as_page(&self, cookie: &str, method: &str, path: &str, body: Option<&str>) -> Answer {
        self.send(method, path, &[("cookie", cookie), ("x-sanling", "page"), ("content-type", "application/json")], body)
    }

    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&str>) -> Answer {
        let mut request = ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = match body {
            Some(body) => self.agent.run(request.body(body.to_owned()).expect("a request")),
            None => self.agent.run(request.body(()).expect("a request")),
        };
        let mut response = response.expect("an answer");
        let headers = response
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();
        let body = response.body_mut().read_to_vec().expect("a body");
        Answer { status: response.status().as_u16(), headers, body }
    }

    /// A call that ended `seconds` after [`NOW`] began, kept in the store.
    pub fn kept_call(&mut self, seconds: i64, change: impl FnOnce(&mut CallRecord)) -> CallRecord {
        let mut record = call_record(NOW + seconds * 1_000, &mut self.rng);
        change(&mut record);
        self.ledger.give(vec![self.ledger.call(Box::new(record.clone()))]);
        record
    }

    /// The newest of the audit log that somebody did: what is drawn for scoring is drawn whenever its time comes.
    pub fn newest_deed(&self) -> Value {
        let audit = self.get("/api/v1/audit").json();
        let deed = audit["items"].as_array().expect("a list").iter().find(|entry| entry["who"] != "sampling");
        deed.expect("somebody did something").clone()
    }

    pub fn publish(&self, name: &'static str, call: Option<CallId>, number: i64) {
        let detail = vec![("n", Detail::Number(number))];
        let event = Event { at: Timestamp(NOW + number), name, call, agent: Some("1001".into()), queue: None, detail };
        self.ledger.give(vec![self.ledger.event(event)]);
    }
}

pub fn call_record(arrived_at: i64, rng: &mut Rng) -> CallRecord {
    let at = |seconds: i64| Timestamp(arrived_at + seconds * 1_000);
    CallRecord {
        trunk: Some("carrier".into()),
        queue: Some("service".into()),
        agent: Some("1001".into()),
        answered_at: Some(at(8)),
        connected_at: Some(at(8)),
        released_at: Some(at(68)),
        released_by: Some(ReleasedBy::Caller),
        release_cause: Some("BYE".into()),
        outcome: Some(Outcome::Answered),
        offers: vec![OfferRecord {
            agent: "1001".into(),
            alerted_at: at(0),
            ended_at: Some(at(8)),
            rings: 2,
            result: OfferOutcome::Answered,
            beside: false,
        }],
        ..CallRecord::new(CallId::new(at(0), rng), CallDirection::Inbound, "13812345678".into(), "95000".into(), at(0))
    }
}

fn snapshot() -> Snapshot {
    let agent = |id: &str, name: &str, state, role| AgentView {
        id: id.into(),
        name: name.into(),
        team: Some("service".into()),
        role,
        skills: vec![("service".into(), 5)],
        state,
        reason: None,
        since: Timestamp(NOW),
        wrap_up: None,
        let_go: sanling::acd::Counters::default(),
        call: None,
        works_for: (None, None),
        sound: None,
        contacts: 1,
        messages: (0, 0),
    };
    let agents = vec![
        agent("1000", "班长", "ready", "supervisor"),
        agent("1001", "1001 号坐席", "ready", "agent"),
        agent("1002", "1002 号坐席", "talking", "agent"),
    ];
    let today = QueueFigures { offered: 10, answered: 8, abandoned: 1, wait_total_ms: 64_000, missed_offers: 2, ..QueueFigures::default() };
    let queues = vec![QueueView {
        id: "service".into(),
        waiting: 1,
        call_backs: 0,
        longest_waiting_since: Some(Timestamp(NOW - 12_000)),
        agents: vec![("ready", 1), ("talking", 1)],
        today,
    }];
    Snapshot { agents, queues, legs: 2, transactions: 3, sessions: 1, recordings_missing: 4, ..Snapshot::default() }
}
