//! `sanling demo`: the switch with the shipped configuration, and simulated people who place real SIP calls with real sound over loopback,
//! so that a newcomer sees calls, rules and recordings within a minute.
//!
//! What lives here: the stage (`mod`: folders, ports, the start and the end), the people and their phones, and the commentary. The switch
//! is the one of `sanling run`, in the same process; nothing of it knows of the demo, and the phones share no machinery with it. The
//! demo never listens on anything but loopback and never writes into a site's records.

mod commentary;
mod people;
mod phone;
mod plan;
mod session;
mod sound;
mod user_agent;

use super::clock::Clock;
use super::config_files::{self, path_override};
use super::events::After;
use super::http::TOKEN_FILE;
use super::load::Hotline;
use super::run::{RunError, RunOptions, Started, run};
use super::{shipped, telemetry};
use crate::audio::wav;
use crate::base::Consequence;
use crate::base::time::{millis, secs};
use crate::base::{CallId, ClipId, Rng};
use crate::config::Config;
use crate::sip::Protocol;
use crate::sip::msg::digest::{Algorithm, ha1};
use crate::switch::input::Command;
use crate::switch::output::Event;
use commentary::Commentary;
use people::Office;
use phone::Phone;
use plan::Script;
use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io::Write;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;
use user_agent::Identity;

/// Agents that are simulated: the first of the queue's. A larger site is shown by them as well.
const AGENTS_MAX: usize = 8;
/// Callers at once. More: the next one does not call.
const CALLERS_MAX: usize = 50;
/// Who knows when to go is gone by then.
const LEAVING: Duration = secs(4);
/// Calls that are left then are released.
const DRAIN: Duration = secs(3);
/// Pitches of the people's voices, in percent of the prompts' own.
const VOICES: [u32; 4] = [96, 108, 80, 120];
/// The password of an agent in the shipped configuration.
const SHIPPED_PASSWORD: &str = "demo-";

/// What the command line says.
#[derive(Clone, Debug)]
pub struct DemoOptions {
    /// Folder of the configuration; `config` here, or the shipped one.
    pub config: Option<PathBuf>,
    /// `--set`.
    pub overrides: Vec<String>,
    pub data: Option<PathBuf>,
    pub recordings: Option<PathBuf>,
    pub calls_per_minute: u32,
    /// Ends by itself then.
    pub seconds: Option<u64>,
    /// The same seed draws the same calls.
    pub seed: u64,
}

/// The places of one demo.
#[derive(Debug)]
struct Stage {
    run: RunOptions,
    data: PathBuf,
    recordings: PathBuf,
    /// What else is worth a line before the start.
    remarks: Vec<String>,
}

/// `sanling demo`, until its time is over or it is interrupted.
///
/// # Errors
/// As `sanling run`; and when the configuration has no queue that callers reach, or no agent for it.
pub fn main(options: DemoOptions) -> Result<(), RunError> {
    telemetry::start_at("warn");
    let stage = set_stage(&options).map_err(|error| RunError::Unavailable(format!("the demo's folder cannot be made: {error}")))?;
    let outcome = config_files::load(&stage.run.config, &stage.run.overrides).map_err(RunError::Folder)?;
    let config = outcome.config.map_err(RunError::Config)?;
    let cast = Hotline::of(&config, AGENTS_MAX).ok_or_else(|| {
        RunError::Unavailable(format!("{}: the demo needs a number that leads to a queue, and agents for it", stage.run.config.display()))
    })?;
    let clips = Arc::new(config_files::read_clips(&stage.run.config, &config.switch.language));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| RunError::Unavailable(format!("the runtime cannot be started: {error}")))?;
    runtime.block_on(async {
        let (began, begun) = oneshot::channel();
        let (over, is_over) = watch::channel(false);
        let show = tokio::spawn(async move {
            let Ok((started, stage)) = begun.await else { return };
            play(&options, &stage, &started, &config, cast, &clips, is_over).await;
        });
        let run_options = stage.run.clone();
        let ended = Box::pin(run(run_options, |started| drop(began.send((started.clone(), stage))))).await;
        // The last words are said once the switch has ended.
        over.send_replace(true);
        let _ = tokio::time::timeout(LEAVING + secs(2), show).await;
        ended
    })
}

/// Everything from the curtain to the last line, which is said when the switch is over.
async fn play(
    options: &DemoOptions,
    stage: &Stage,
    started: &Started,
    config: &Config,
    cast: Hotline,
    clips: &Arc<BTreeMap<ClipId, wav::Clip>>,
    is_over: watch::Receiver<bool>,
) {
    let Some((_, sip)) = started.sip.iter().find(|(protocol, _)| *protocol == Protocol::Udp).copied() else {
        return say("the demo's phones speak UDP: sip.listen has no udp address");
    };
    introduce(options, stage, started, config, &cast, sip);

    let (close, closing) = watch::channel(false);
    let script = Script::new(options.seed, options.calls_per_minute);
    let office = Arc::new(Office {
        script,
        number: cast.number.clone(),
        ring_period: config.rules.answer.cadence.period(),
        max_rings: config.rules.answer.max_rings,
        missed_is_not_ready: config.rules.answer.limits.missed.then == Consequence::NotReady,
        let_ring: AtomicU64::new(0),
    });
    let patience = config.rules.hold.patience.as_secs();
    let text = prompt_text(&stage.run.config, &config.switch.language, "patience");
    let commentary = Commentary::new(config.rules.answer.max_rings, patience, text);
    let commentary = tokio::spawn(comment(started.clone(), commentary, is_over));

    let theatre = Theatre { sip, domain: config.switch.domain.clone(), clock: Clock::started_now(), closing: closing.clone(), office };
    let ends = async {
        match options.seconds {
            Some(seconds) => tokio::time::sleep(Duration::from_secs(seconds)).await,
            None => std::future::pending().await,
        }
    };
    let mut people = JoinSet::new();
    tokio::select! {
        () = theatre.perform(cast, clips, options.seed, &mut people) => {}
        () = ends => {}
        () = interrupted() => {}
    }
    say("the demo ends: everybody hangs up");
    close.send_replace(true);
    let leave = async { while people.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(LEAVING, leave).await;
    people.abort_all();
    // When it was interrupted the switch drains already.
    let _ = started.desk.ask(Command::Drain { limit: DRAIN }).await;
    if let Ok(seen) = commentary.await {
        say(format_args!("seen: {seen}"));
    }
    say(format_args!("the recordings stay in {}", stage.recordings.display()));
}

/// Where the people play.
struct Theatre {
    sip: SocketAddr,
    domain: String,
    clock: Clock,
    closing: watch::Receiver<bool>,
    office: Arc<Office>,
}

impl Theatre {
    /// Agents come to work, then callers call, on and on.
    async fn perform(&self, cast: Hotline, clips: &Arc<BTreeMap<ClipId, wav::Clip>>, seed: u64, people: &mut JoinSet<()>) {
        let mut rng = Rng::new(seed);
        let mut voices = Vec::new();
        for made in VOICES.map(|pitch| {
            let clips = clips.clone();
            tokio::task::spawn_blocking(move || sound::words(&clips, pitch))
        }) {
            voices.extend(made.await);
        }
        let voice = |place: u64| voices[usize::try_from(place).unwrap_or(0) % voices.len()].clone();
        for (place, (user, ha1)) in (0..).zip(cast.agents) {
            let identity = Identity { user, domain: self.domain.clone(), ha1: Some(ha1) };
            let Some(phone) = self.phone(identity, &mut rng).await else { continue };
            people.spawn(people::agent(phone, self.office.clone(), voice(place), rng.fork()));
            // One after the other, so that the first is idle longest.
            tokio::time::sleep(millis(150)).await;
        }
        tokio::time::sleep(millis(300)).await;
        let begun = self.clock.now();
        for index in 0.. {
            let plan = self.office.script.call(index);
            let arrives = tokio::time::Instant::from_std(self.clock.to_system(begun + plan.arrives));
            tokio::time::sleep_until(arrives).await;
            while people.try_join_next().is_some() {}
            if people.len() >= AGENTS_MAX + CALLERS_MAX {
                continue;
            }
            let identity = Identity { user: Script::number(index), domain: self.sip.ip().to_string(), ha1: None };
            let Some(phone) = self.phone(identity, &mut rng).await else { continue };
            people.spawn(people::caller(phone, self.office.clone(), plan, voice(index + 2)));
        }
    }

    async fn phone(&self, identity: Identity, rng: &mut Rng) -> Option<Phone> {
        let user = identity.user.clone();
        let made = Phone::new(identity, self.sip, self.clock, self.closing.clone(), rng.fork()).await;
        made.inspect_err(|error| tracing::warn!(user, %error, "no sockets for a simulated phone")).ok()
    }
}

/// The first lines: what to look at.
fn introduce(options: &DemoOptions, stage: &Stage, started: &Started, config: &Config, cast: &Hotline, sip: SocketAddr) {
    let token = std::env::var("SANLING_ADMIN_TOKEN").ok().map(|token| token.trim().to_owned()).filter(|token| !token.is_empty());
    let token = token.or_else(|| fs::read_to_string(stage.data.join(TOKEN_FILE)).ok().map(|token| token.trim().to_owned()));
    let names: Vec<&str> = cast.agents.iter().map(|(id, _)| id.as_str()).collect();
    say("三铃 Sanling: a switch with simulated agents and callers; the calls, the rules and the recordings are real");
    for remark in &stage.remarks {
        say(remark);
    }
    say(format_args!("  the live page   http://{}/#token={}", started.http, token.unwrap_or_default()));
    say(format_args!("  recordings      {}", stage.recordings.display()));
    say(format_args!("  agents          {} answer {}", names.join(", "), cast.number));
    if let Some(guest) = &cast.guest {
        let password = format!("{SHIPPED_PASSWORD}{guest}");
        let known = config.agents.get(guest.as_str()).and_then(|agent| agent.ha1_sha256.as_ref());
        let is_shipped = known == Some(&ha1(Algorithm::Sha256, guest, &config.switch.domain, &password));
        let password = if is_shipped { password } else { "as configured".to_owned() };
        say(format_args!(
            "  your own phone  user {guest}, password {password}, domain {}, server {sip}; call {} or {}",
            config.switch.domain, cast.number, names[0]
        ));
    }
    match options.seconds {
        Some(seconds) => say(format_args!("  ends            after {seconds} s, or with Ctrl-C")),
        None => say("  ends            with Ctrl-C"),
    }
    say("");
}

/// Follows the switch's events until it is over, and says each in plain words.
async fn comment(started: Started, mut commentary: Commentary, mut is_over: watch::Receiver<bool>) -> commentary::Seen {
    let mut news = started.hub.watch();
    let mut at = 0;
    loop {
        let over = *is_over.borrow();
        match started.hub.after(at, 256) {
            After::Older { ring_begins_at } => at = ring_begins_at - 1,
            After::Events(events) if !events.is_empty() => {
                for numbered in events {
                    at = numbered.seq;
                    let event = &numbered.event;
                    let caller = if event.name == "call.arrived" { caller_of(&started, event.call).await } else { None };
                    if let Some(line) = commentary.tell(event, caller) {
                        say(format_args!("{}  {line}", clock_time(event)));
                    }
                }
            }
            After::Events(_) if over => return commentary.seen,
            After::Events(_) => {
                tokio::select! {
                    _ = news.changed() => {}
                    _ = is_over.changed() => {}
                }
            }
        }
    }
}

async fn caller_of(started: &Started, call: Option<CallId>) -> Option<String> {
    let snapshot = started.desk.snapshot().await.ok()?;
    snapshot.calls.iter().find(|view| Some(view.record.id) == call).map(|view| view.record.caller.clone())
}

/// Local time of day.
fn clock_time(event: &Event) -> String {
    let at = jiff::Timestamp::from_millisecond(event.at.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    at.to_zoned(jiff::tz::TimeZone::system()).strftime("%H:%M:%S").to_string()
}

/// A line for the newcomer. A terminal that has gone away is no reason to stop.
fn say(line: impl fmt::Display) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    match (signal(SignalKind::interrupt()), signal(SignalKind::terminate())) {
        (Ok(mut interrupt), Ok(mut terminate)) => {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        }
        _ => std::future::pending().await,
    }
}

/// Folders and ports: those that are given, else some where nothing is disturbed.
fn set_stage(options: &DemoOptions) -> std::io::Result<Stage> {
    let mut remarks = Vec::new();
    let mut own = None;
    let mut own_folder = || -> std::io::Result<PathBuf> {
        if own.is_none() {
            own = Some(make_folder()?);
        }
        Ok(own.clone().unwrap_or_default())
    };
    let config = match &options.config {
        Some(config) => config.clone(),
        None if has_configuration(Path::new("config")) => PathBuf::from("config"),
        None => {
            let config = own_folder()?.join("config");
            for (name, bytes) in shipped::FILES {
                let path = config.join(name);
                fs::create_dir_all(path.parent().unwrap_or(&config))?;
                fs::write(path, bytes)?;
            }
            config
        }
    };
    let data = options.data.clone().map_or_else(|| own_folder().map(|own| own.join("data")), Ok)?;
    let recordings = options.recordings.clone().map_or_else(|| own_folder().map(|own| own.join("recordings")), Ok)?;
    let mut overrides = options.overrides.clone();
    let is_given = |key: &str| options.overrides.iter().any(|given| given.split('=').next().is_some_and(|given| given.trim() == key));
    if !is_given("sip.listen") {
        let port = free_port(5060, true)?;
        if port != 5060 {
            remarks.push(format!("port 5060 is taken: SIP is on {port}"));
        }
        overrides.push(format!("sip.listen=[\"udp:127.0.0.1:{port}\", \"tcp:127.0.0.1:{port}\"]"));
    }
    if !is_given("http.listen") {
        let port = free_port(8080, false)?;
        if port != 8080 {
            remarks.push(format!("port 8080 is taken: the page is on {port}"));
        }
        overrides.push(format!("http.listen=\"127.0.0.1:{port}\""));
    }
    overrides.push(path_override("storage.data", &data));
    overrides.push(path_override("storage.recordings", &recordings));
    Ok(Stage { run: RunOptions { config, overrides }, data, recordings, remarks })
}

fn has_configuration(folder: &Path) -> bool {
    fs::read_dir(folder)
        .is_ok_and(|entries| entries.flatten().any(|entry| entry.path().extension().is_some_and(|extension| extension == "toml")))
}

/// A folder of this demo's own, for its user's eyes alone: the admin token lies in it.
fn make_folder() -> std::io::Result<PathBuf> {
    let now = jiff::Zoned::now().strftime("%Y%m%d-%H%M%S").to_string();
    let folder = std::env::temp_dir().join(format!("sanling-demo-{now}-{}", std::process::id()));
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(&folder)?;
    Ok(folder)
}

/// `wanted` when nobody has it, else any that is free for TCP, and for UDP too when `both`.
fn free_port(wanted: u16, both: bool) -> std::io::Result<u16> {
    let try_port = |port: u16| -> std::io::Result<u16> {
        let tcp = TcpListener::bind(("127.0.0.1", port))?;
        let port = tcp.local_addr()?.port();
        if both {
            UdpSocket::bind(("127.0.0.1", port))?;
        }
        Ok(port)
    };
    let mut found = try_port(wanted);
    for _ in 0..20 {
        if found.is_ok() {
            break;
        }
        found = try_port(0);
    }
    found
}

/// The text of a prompt, as `prompts.toml` of the language has it; its name otherwise.
fn prompt_text(config: &Path, language: &str, name: &str) -> String {
    let text = fs::read_to_string(config.join("prompts").join(language).join("prompts.toml")).unwrap_or_default();
    let table = text.parse::<toml::Table>().unwrap_or_default();
    let found = table.get("prompts").and_then(|prompts| prompts.get(name)).and_then(toml::Value::as_str);
    found.unwrap_or(name).to_owned()
}
