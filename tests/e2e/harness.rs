//! The real binary in a folder and on ports of its own, its API, and the end of it. What the switch logged and the phones wrote is kept
//! when a test fails.

use crate::sound::in_tree;
use serde_json::Value;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};

pub const TOKEN: &str = "a token of the tests";
/// Tests that run at a time: they measure real time, and a crowded machine is late.
pub static SEATS: AtomicUsize = AtomicUsize::new(2);

static SEATED: Mutex<usize> = Mutex::new(0);
static SEAT_FREE: Condvar = Condvar::new();

struct Seat;

impl Seat {
    fn take() -> Self {
        let seated = SEATED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut seated = SEAT_FREE
            .wait_while(seated, |seated| *seated >= SEATS.load(Ordering::Relaxed))
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        *seated += 1;
        Self
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        *SEATED.lock().unwrap_or_else(std::sync::PoisonError::into_inner) -= 1;
        SEAT_FREE.notify_one();
    }
}

/// A hundred ports below the ephemeral ones that no other test has, in this run or another.
struct Ports {
    base: u16,
    _held: TcpListener,
}

impl Ports {
    fn take() -> Self {
        let blocks = (10_000_u16..19_900).step_by(100).skip(std::process::id() as usize % 40);
        let held = |base| TcpListener::bind(("127.0.0.1", base)).ok().map(|held| Self { base, _held: held });
        let unused = |ports: &Self| (1..100).step_by(9).all(|n| std::net::UdpSocket::bind(("127.0.0.1", ports.base + n)).is_ok());
        blocks.filter_map(held).find(unused).expect("a block of free ports")
    }
}

/// Whether pages come over TLS alone: then by a certificate of `config/ca.pem`.
fn is_secure(overrides: &[String]) -> bool {
    overrides.iter().any(|one| one == "http.tls=true")
}

fn agent(authority: Option<&Path>) -> ureq::Agent {
    let config = ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(Duration::from_secs(10)));
    let Some(file) = authority else { return config.build().into() };
    let authority = ureq::tls::Certificate::from_pem(&fs::read(file).expect("an authority")).expect("a certificate");
    let tls = ureq::tls::TlsConfig::builder()
        .root_certs(ureq::tls::RootCerts::new_with_certs(&[authority]))
        .unversioned_rustls_crypto_provider(std::sync::Arc::new(rustls::crypto::ring::default_provider()));
    config.tls_config(tls.build()).build().into()
}

/// A switch of a test.
pub struct Site {
    folder: Option<tempfile::TempDir>,
    ports: Ports,
    overrides: Vec<String>,
    process: Option<Child>,
    agent: ureq::Agent,
    /// None of one that stands beside another of the same test.
    _seat: Option<Seat>,
}

impl Site {
    /// The shipped configuration, with these keys overridden; `{1}`, `{3}`, `{50}`, `{53}`, `{56}` and `{99}` in them are ports of the test.
    pub fn start(overrides: &[&str]) -> Self {
        Self::start_with(overrides, |_| ())
    }

    /// The shipped configuration, changed before the start.
    pub fn start_with(overrides: &[&str], change: impl FnOnce(&Path)) -> Self {
        Self::begin(Some(Seat::take()), overrides, change)
    }

    /// A second switch of the same test, which shares the first one's seat: two tests that wait for two each would wait for ever.
    #[allow(dead_code, reason = "shared with tests/interop")]
    pub fn start_beside(_first: &Self, overrides: &[&str], change: impl FnOnce(&Path)) -> Self {
        Self::begin(None, overrides, change)
    }

    fn begin(seat: Option<Seat>, overrides: &[&str], change: impl FnOnce(&Path)) -> Self {
        let folder = tempfile::Builder::new().prefix("sanling-e2e-").tempdir().expect("a folder");
        copy(&in_tree("config"), &folder.path().join("config"));
        change(&folder.path().join("config"));
        let ports = Ports::take();
        let overrides: Vec<String> = overrides.iter().map(|one| (*one).to_owned()).collect();
        let authority = is_secure(&overrides).then(|| folder.path().join("config/ca.pem"));
        let agent = agent(authority.as_deref());
        let mut site = Self { folder: Some(folder), ports, overrides, process: None, agent, _seat: seat };
        site.launch();
        site
    }

    /// Starts it anew on the same folders and ports.
    pub fn launch(&mut self) {
        let log = fs::OpenOptions::new().create(true).append(true).open(self.path("switch.log")).expect("a log");
        let mut command = Command::new(env!("CARGO_BIN_EXE_sanling"));
        command
            .arg("run")
            .args([Path::new("--config"), &self.path("config"), Path::new("--data"), &self.path("data")])
            .args([Path::new("--recordings"), &self.recordings()])
            .args(["--set", &format!("http.listen=\"{}:{}\"", self.http_host(), self.port(2))]);
        if !self.overrides.iter().any(|one| one.starts_with("sip.listen")) {
            command.args(["--set", &format!("sip.listen=[\"udp:127.0.0.1:{0}\", \"tcp:127.0.0.1:{0}\"]", self.sip_port())]);
        }
        if !self.overrides.iter().any(|one| one.starts_with("media.ports")) {
            command.args(["--set", &format!("media.ports=\"{}-{}\"", self.port(50), self.port(99))]);
        }
        for one in &self.overrides {
            let ports = [1, 3, 50, 53, 56, 99].map(|n| (format!("{{{n}}}"), self.port(n).to_string()));
            command.args(["--set", &ports.iter().fold(one.clone(), |one, (place, port)| one.replace(place, port))]);
        }
        command.env("SANLING_ADMIN_TOKEN", TOKEN).env("RUST_LOG", "info,sanling=debug").env("NO_COLOR", "1");
        command.stdin(Stdio::null()).stdout(log.try_clone().expect("a handle")).stderr(log);
        self.process = Some(command.spawn().expect("the switch starts"));
        self.until("the switch is well", 60.0, |site| site.try_get("/healthz").is_some_and(|(status, _)| status == 200));
    }

    /// SIGKILL: no time for anything.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    pub fn signal(&self, name: &str) {
        let id = self.process.as_ref().expect("it runs").id();
        assert!(Command::new("kill").args([format!("-{name}"), id.to_string()]).status().expect("kill runs").success());
    }

    /// Waits until the switch has ended by itself.
    pub fn ended(&mut self, limit: f64) -> bool {
        let process = self.process.as_mut().expect("it runs");
        until(limit, || process.try_wait().ok().flatten()).is_some()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.as_ref().expect("until dropped").path().join(name)
    }

    pub fn recordings(&self) -> PathBuf {
        self.path("recordings")
    }

    /// A port of this test: 0 to 99. The switch has 1, 2 and, for media, 50 up.
    pub fn port(&self, n: u16) -> u16 {
        self.ports.base + n
    }

    /// Of pages and API: `[::1]` where SIP is spoken over IPv6.
    fn http_host(&self) -> &'static str {
        if self.overrides.iter().any(|one| one.contains("udp:[::1]")) { "[::1]" } else { "127.0.0.1" }
    }

    pub fn sip_port(&self) -> u16 {
        self.port(1)
    }

    /// Where a page of the switch is.
    pub fn url(&self, path: &str) -> String {
        format!("{}://{}:{}{path}", if is_secure(&self.overrides) { "https" } else { "http" }, self.http_host(), self.port(2))
    }

    pub fn client(&self) -> &ureq::Agent {
        &self.agent
    }

    /// From now on this authority's certificates are trusted over https.
    pub fn trust(&mut self, authority: &Path) {
        self.agent = agent(Some(authority));
    }

    fn try_get(&self, path: &str) -> Option<(u16, Vec<u8>)> {
        let mut response = self.agent.get(self.url(path)).header("authorization", format!("Bearer {TOKEN}")).call().ok()?;
        let body = response.body_mut().with_config().limit(100_000_000).read_to_vec().ok()?;
        Some((response.status().as_u16(), body))
    }

    pub fn get_bytes(&self, path: &str) -> (u16, Vec<u8>) {
        self.try_get(path).unwrap_or_else(|| panic!("no answer to GET {path}"))
    }

    pub fn get(&self, path: &str) -> Value {
        let (status, body) = self.get_bytes(path);
        assert!(status == 200 || path == "/healthz", "GET {path}: {status} {}", String::from_utf8_lossy(&body));
        serde_json::from_slice(&body).expect("JSON")
    }

    pub fn post(&self, path: &str, body: &str) -> (u16, Value) {
        let request =
            self.agent.post(self.url(path)).header("authorization", format!("Bearer {TOKEN}")).header("content-type", "application/json");
        let mut response = request.send(body).unwrap_or_else(|error| panic!("POST {path}: {error}"));
        let body = response.body_mut().read_to_vec().expect("a body");
        (response.status().as_u16(), serde_json::from_slice(&body).unwrap_or(Value::Null))
    }

    /// A request of a page: with the cookie of who has signed in, or without. Status, the cookie that was set, body.
    pub fn page(&self, method: &str, path: &str, cookie: Option<&str>, body: &str) -> (u16, Option<String>, Value) {
        let request = ureq::http::Request::builder().method(method).uri(self.url(path));
        let request =
            request.header("x-sanling", "page").header("content-type", "application/json").header("cookie", cookie.unwrap_or("none=1"));
        let response = self.agent.run(request.body(body.to_owned()).expect("a request"));
        let mut response = response.unwrap_or_else(|error| panic!("{method} {path}: {error}"));
        let set = response.headers().get("set-cookie").and_then(|set| set.to_str().ok()?.split(';').next().map(str::to_owned));
        let body = response.body_mut().read_to_vec().expect("a body");
        (response.status().as_u16(), set, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }

    /// Asks again and again, up to `limit` seconds.
    pub fn until(&self, what: &str, limit: f64, mut is_so: impl FnMut(&Self) -> bool) {
        assert!(until(limit, || is_so(self).then_some(())).is_some(), "within {limit} s: {what}");
    }

    /// State and reason of an agent.
    pub fn agent(&self, id: &str) -> (String, String) {
        let agents = self.get("/api/v1/agents");
        let agent = agents["items"].as_array().expect("a list").iter().find(|agent| agent["id"] == id).expect("the agent").clone();
        (text(&agent["state"]).to_owned(), text(&agent["reason"]).to_owned())
    }

    pub fn agent_becomes(&self, id: &str, state: &str, limit: f64) {
        self.until(&format!("agent {id} is {state}"), limit, |site| site.agent(id).0 == state);
    }

    /// The newest call, running or ended.
    pub fn newest_call(&self) -> Option<Value> {
        self.get("/api/v1/calls?limit=1")["items"].get(0).cloned()
    }

    /// The newest call once it is released and its recording is finished or given up.
    pub fn ended_call(&self, limit: f64) -> Value {
        let done = |call: &Value| !call["released_at"].is_null() && call["recording"]["state"] != "open";
        let ended = until(limit, || self.newest_call().filter(done));
        ended.unwrap_or_else(|| panic!("no call has ended within {limit} s; the newest is {:#}", self.newest_call().unwrap_or_default()))
    }

    /// A call's timeline: (name, seconds since 1970, the event).
    pub fn events(&self, call: &Value) -> Vec<(String, f64, Value)> {
        let list = self.get(&format!("/api/v1/calls/{}/events", text(&call["id"])));
        let event = |event: &Value| (text(&event["name"]).to_owned(), moment(&event["at"]), event.clone());
        list["items"].as_array().expect("a list").iter().map(event).collect()
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.path("switch.log")).unwrap_or_default()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            let log = self.log();
            let tail: Vec<&str> = log.lines().rev().take(60).collect();
            let kept = self.folder.take().map(tempfile::TempDir::keep).unwrap_or_default();
            eprintln!("--- the switch's log, its end; all of it and the phones' in {}", kept.display());
            tail.iter().rev().for_each(|line| eprintln!("{line}"));
        }
    }
}

pub fn until<T>(limit: f64, mut what: impl FnMut() -> Option<T>) -> Option<T> {
    let give_up = Instant::now() + Duration::from_secs_f64(limit);
    loop {
        match what() {
            Some(found) => return Some(found),
            None if Instant::now() > give_up => return None,
            None => std::thread::sleep(Duration::from_millis(25)),
        }
    }
}

/// Real time passes: people talk, wait, hesitate.
pub fn pass(seconds: f64) {
    std::thread::sleep(Duration::from_secs_f64(seconds));
}

pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("")
}

/// Seconds since 1970 of an RFC 3339 time.
pub fn moment(value: &Value) -> f64 {
    let at: jiff::Timestamp = text(value).parse().unwrap_or_else(|error| panic!("{value} is no time: {error}"));
    at.as_millisecond() as f64 / 1_000.0
}

/// The demo passwords replaced by a hash of `ID:REALM:PASSWORD`.
pub fn hash_passwords(config: &Path, key: &str, hash: impl Fn(&[u8]) -> String) {
    let file = config.join("agents.toml");
    let mut agents = fs::read_to_string(&file).expect("the agents");
    for id in 1_000..=1_004 {
        let hashed = hash(format!("{id}:sanling.local:demo-{id}").as_bytes());
        agents = agents.replace(&format!("password = \"demo-{id}\""), &format!("{key} = \"{hashed}\""));
    }
    fs::write(file, agents).expect("written");
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder").flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() { copy(&entry.path(), &target) } else { fs::copy(entry.path(), target).map(drop).expect("copied") }
    }
}
