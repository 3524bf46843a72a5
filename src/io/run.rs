//! `sanling run`: everything is opened in order, each failure with its remedy, then the driver runs until it is told to stop.

use super::clock::Clock;
use super::config_files::{self, ConfigFolder, FolderError};
use super::descriptors;
use super::desk::Desk;
use super::driver::{Driver, LateMax, Lateness};
use super::events::EventHub;
use super::http::{Api, Reload, Server, Token, TokenSource, dto};
use super::ledger::Ledger;
use super::loaded::Loaded;
use super::media::{MediaPool, MediaSettings};
use super::metrics::{Metrics, Plant};
use super::net::{Net, Tls};
use super::recorder::{self, Recorder, Recovered, repair, unnoticed};
use super::replay::Finder;
use super::retention::Cleaner;
use super::store::Store;
use super::telemetry;
use super::tls::Material;
use super::trace::{self, Trace};
use crate::base::limits;
use crate::config::{Config, ConfigError, SourceFile};
use crate::media::clips::{Clip, ClipLibrary, in_language, is_spoken};
use crate::media::engine::EngineSettings;
use crate::report::Terms;
use crate::switch::input::{Command, Input, RecorderReport};
use crate::switch::output::Reply;
use crate::switch::restore::{Kept, Restored};
use crate::switch::{Surroundings, Switch, basis};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::{Builder, Handle};
use tokio::sync::mpsc;

/// What the command line says.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// Folder of the configuration.
    pub config: PathBuf,
    /// `--set`, and the folders given by options of their own.
    pub overrides: Vec<String>,
}

impl RunOptions {
    fn folder(&self) -> ConfigFolder {
        ConfigFolder { path: self.config.clone(), overrides: self.overrides.clone() }
    }
}

/// Why the switch did not start.
#[derive(Debug)]
pub enum RunError {
    Folder(FolderError),
    /// Every error of `check`.
    Config(Vec<ConfigError>),
    /// What could not be opened; the text names it and says what would help.
    Unavailable(String),
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(error) => error.fmt(f),
            Self::Config(errors) => {
                for error in errors {
                    writeln!(f, "{error}")?;
                }
                write!(f, "the configuration has {} error(s): nothing was started", errors.len())
            }
            Self::Unavailable(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for RunError {}

fn unavailable(what: impl fmt::Display) -> impl FnOnce(std::io::Error) -> RunError {
    move |error| RunError::Unavailable(format!("{what}: {error}"))
}

/// Reads the configuration, or tells why not.
/// The configuration, and the texts that it was read from.
fn load(options: &RunOptions) -> Result<(Config, Vec<SourceFile>), RunError> {
    let folder = options.folder();
    let texts = folder.texts().map_err(RunError::Folder)?;
    let outcome = folder.examine(&texts);
    for warning in &outcome.warnings {
        tracing::warn!("{warning}");
    }
    Ok((outcome.config.map_err(RunError::Config)?, texts))
}

/// What a restart goes on with holds the keys of running calls' sound: nobody else's to read.
fn make_data_folder(data: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(data)
}

fn load_clips(options: &RunOptions, config: &Config) -> Arc<ClipLibrary> {
    let mut library = ClipLibrary::new();
    library.insert_tones();
    for language in config.languages() {
        for (id, clip) in config_files::read_clips(&options.config, language) {
            let own = language == config.switch.language || !is_spoken(&id);
            let id = if own { id } else { in_language(language, &id) };
            library.insert(id, Clip::from_samples(&clip.samples, clip.hz));
        }
    }
    Arc::new(library)
}

/// What tests and the demo need to know of a switch that has started.
#[derive(Clone, Debug)]
pub struct Started {
    pub http: std::net::SocketAddr,
    pub sip: Vec<(crate::sip::Protocol, std::net::SocketAddr)>,
    pub token: Token,
    pub desk: Desk,
    pub hub: EventHub,
}

/// `sanling run`: the runtime, the log, the switch.
///
/// # Errors
/// As [`run`].
pub fn main(options: RunOptions) -> Result<(), RunError> {
    telemetry::start();
    if let Some(limit) = descriptors::raise_limit() {
        tracing::debug!(limit, "open files");
    }
    // One thread decides and has the sockets of SIP: a message crosses no thread on its way in or out. Pages and the API have another, so
    // that whoever reads delays no call.
    let readers = Builder::new_multi_thread().worker_threads(1).thread_name("http").enable_all().build();
    let readers = readers.map_err(unavailable("the runtime cannot be started"))?;
    let runtime = Builder::new_current_thread().enable_all().build().map_err(unavailable("the runtime cannot be started"))?;
    runtime.block_on(run_beside(options, readers.handle().clone(), |_| {}))
}

/// Runs the switch until it is drained. `started` is told once everything listens.
///
/// # Errors
/// When the configuration is wrong or something cannot be opened; then nothing runs.
pub async fn run(options: RunOptions, started: impl FnOnce(&Started)) -> Result<(), RunError> {
    run_beside(options, Handle::current(), started).await
}

/// As [`run`]; HTTP is served by `readers`.
async fn run_beside(options: RunOptions, readers: Handle, started: impl FnOnce(&Started)) -> Result<(), RunError> {
    let (config, texts) = load(&options)?;
    let config = Arc::new(config);
    let clips = load_clips(&options, &config);
    let recordings = config.storage.recordings.clone();
    let data = config.storage.data.clone();

    make_data_folder(&data).map_err(unavailable(format_args!("the data folder {} cannot be made", data.display())))?;
    let (token, source) = Token::load(&data, std::env::var("SANLING_ADMIN_TOKEN").ok().as_deref())
        .map_err(unavailable("the admin token cannot be read or made"))?;
    if let TokenSource::File(path) = &source {
        tracing::info!(path = %path.display(), "the admin token");
    }
    let store = Store::open(&data).await.map_err(|error| RunError::Unavailable(error.to_string()))?;
    let kept = Kept::read(store.kept());
    let clock = Clock::resumed(|wall| kept.resumes_at(wall));
    let wall = clock.read_wall();
    let (inbox, inputs) = mpsc::channel(limits::SWITCH_INBOX_MAX);
    let tls = Tls::new(Material::load(&config, &options.config).map_err(|error| RunError::Unavailable(error.to_string()))?);
    let net = Net::bind(&config.sip.listen, config.sip.guard.connections, tls.clone(), inbox.clone())
        .map_err(|error| RunError::Unavailable(error.to_string()))?;
    let recorder = Recorder::start(recordings.clone(), inbox.clone()).map_err(unavailable("the recorder's thread cannot be started"))?;
    let (mut seeds, mut secret) = ([[0; 8]; 2], [0; 32]);
    getrandom::fill(seeds.as_flattened_mut())
        .and_then(|()| getrandom::fill(&mut secret))
        .map_err(|error| RunError::Unavailable(format!("the system gives no randomness: {error}")))?;
    let [seed, media_seed] = seeds.map(u64::from_le_bytes);
    let media_seed = kept.media_seed().unwrap_or(media_seed);
    let settings = MediaSettings {
        workers: config.media.workers,
        ports: config.media.ports.clone(),
        engine: EngineSettings::default(),
        seed: media_seed,
        recordings: recordings.clone(),
    };
    let media = MediaPool::start(&settings, &clips, clock, &inbox, || recorder.sink())
        .map_err(unavailable("the media threads cannot be started"))?;

    let sip_trace = Trace::start(&data).map_err(unavailable("the thread that keeps the SIP of calls cannot be started"))?;

    let (desk, questions) = Desk::new();
    let hub = EventHub::new(store.last_event_seq().await.map_err(|error| RunError::Unavailable(error.to_string()))?);
    let metrics = Metrics::new();
    let deadlines = LateMax::default();
    metrics.watch(Plant { net: net.readings(), media: media.readings(), deadlines: deadlines.clone(), sip_lost: sip_trace.lost() });
    let (libraries, libraries_read) = mpsc::channel(1);
    let loaded = Loaded::new(config.clone(), texts);
    let api = Api {
        desk: desk.clone(),
        store: store.clone(),
        hub: hub.clone(),
        metrics: metrics.clone(),
        data: data.clone(),
        recordings: recordings.clone(),
        token: token.clone(),
        config: loaded.clone(),
        folder: options.folder(),
        recorder: recorder.status(),
        reload: reloader(options, desk.clone(), libraries, tls.clone(), loaded.clone()),
        tls: config.http.tls.then(|| tls.clone()),
    };
    let server = readers
        .spawn(Server::start(config.http.listen, api.clone()))
        .await
        .map_err(|error| RunError::Unavailable(error.to_string()))?
        .map_err(unavailable(format_args!("HTTP cannot listen on {}", config.http.listen)))?;

    let surroundings = Surroundings { listen: net.local_addresses(), our_hosts: own_names(), seed, secret, media_seed, wall };
    let sip = surroundings.listen.clone();
    let mut ordered = Vec::new();
    let (switch, restored) = Switch::restore(config, surroundings, kept, clock.now(), &mut ordered);
    for part in &restored.lost {
        tracing::error!(part, "what was kept of it cannot be read: it is lost");
    }
    if !restored.calls.is_empty() {
        tracing::warn!(calls = restored.calls.len(), "the calls of the last run go on");
    }
    let ledger = Ledger::new(store.clone(), hub.clone(), metrics);
    let lateness = Lateness::new(clock.now(), deadlines);
    let beside = readers.clone();
    let finder = Finder::new(store.clone(), recordings.clone(), inbox.clone(), readers);
    let mut driver = Driver {
        clock,
        switch,
        wall,
        inbox: inputs,
        questions,
        libraries: libraries_read,
        net,
        media,
        ledger,
        trace: sip_trace,
        finder,
        lateness,
    };
    // The parties hear each other while the files of those who do not are looked through.
    driver.begin(ordered);
    for found in recover(&store, &recordings, &restored).await? {
        let Recovered { call, duration, sha256, sound, .. } = found;
        if let Some(sound) = sound {
            driver.tell(Input::Recorder(RecorderReport::Sounded { call, sound }));
        }
        driver.tell(Input::Recorder(RecorderReport::Recovered { call, duration, sha256 }));
    }
    for (protocol, address) in &sip {
        tracing::info!(?protocol, %address, "SIP listens");
    }
    tracing::info!(address = %server.address(), "HTTP listens");
    let cleaner = Cleaner::new(store.clone(), api.recordings.clone(), seed);
    let rules = {
        let loaded = loaded.clone();
        move || loaded.get().storage.retention
    };
    let terms = basis(&loaded.get()).terms;
    let looking_up = beside.spawn(super::names::look_up(loaded.clone(), tls, inbox.clone()));
    let background = [
        looking_up,
        tokio::spawn(obey_signals(desk.clone(), api.reload.clone(), loaded)),
        tokio::spawn(cleaner.run(rules.clone())),
        tokio::spawn(complete(store.clone(), terms)),
        tokio::spawn(trace::forget(data.clone(), move || rules().signalling)),
    ];
    started(&Started { http: server.address(), sip, token, desk, hub });

    let (net, media, _) = driver.run().await;

    for task in background {
        task.abort();
    }
    // The last BYEs and their answers are on their way.
    tokio::time::sleep(Duration::from_millis(100)).await;
    drop(net);
    tokio::task::spawn_blocking(move || {
        media.close();
        recorder.close();
    })
    .await
    .map_err(|error| RunError::Unavailable(error.to_string()))?;
    server.close().await;
    store.close().await.map_err(|error| RunError::Unavailable(error.to_string()))?;
    tracing::info!("ended");
    Ok(())
}

/// What a crash left open: files are finished, of all calls but those that are recorded on, and records are closed, of all but those that go
/// on. Returned are the files of calls that go on though nothing was kept of their recording: the crash came too soon after its start.
async fn recover(store: &Store, recordings: &Path, restored: &Restored) -> Result<Vec<Recovered>, RunError> {
    let except = &restored.calls;
    let (folder, spared) = (recordings.to_owned(), restored.recorded.clone());
    let repaired =
        tokio::task::spawn_blocking(move || repair(&folder, &spared)).await.map_err(|error| RunError::Unavailable(error.to_string()))?;
    let mut repaired = repaired.unwrap_or_else(|error| {
        tracing::error!(%error, folder = %recordings.display(), "recordings cannot be looked through");
        recorder::Repair::default()
    });
    let open = store.recordings_left_open(except).await.map_err(|error| RunError::Unavailable(error.to_string()))?;
    let folder = recordings.to_owned();
    let unnoticed = tokio::task::spawn_blocking(move || unnoticed(&folder, &open)).await;
    repaired.recovered.extend(unnoticed.map_err(|error| RunError::Unavailable(error.to_string()))?);
    for left in &repaired.left {
        tracing::error!(file = left.file, reason = left.reason, "a recording could not be repaired");
    }
    let interrupted =
        store.close_interrupted(&repaired.recovered, except).await.map_err(|error| RunError::Unavailable(error.to_string()))?;
    if !repaired.recovered.is_empty() || interrupted.closed > 0 {
        tracing::warn!(recordings = repaired.recovered.len(), calls = interrupted.closed, "finished what the last run left open");
    }
    repaired.recovered.retain(|found| except.contains(&found.call));
    Ok(repaired.recovered)
}

/// Calls that a version before wrote are found by the rules that they broke too.
async fn complete(store: Store, terms: Terms) {
    match store.completed(&terms).await {
        Ok(0) => {}
        Ok(calls) => tracing::info!(calls, "calls of before are looked for by the rules that they broke"),
        Err(error) => tracing::warn!(%error, "calls of before are not looked for by the rules that they broke; the next start goes on"),
    }
}

/// Reads the configuration anew, and hands it to the switch whole; or gives back every error, and nothing has changed.
fn reloader(options: RunOptions, desk: Desk, clips: mpsc::Sender<Arc<ClipLibrary>>, tls: Tls, loaded: Loaded) -> Reload {
    let options = Arc::new(options);
    Arc::new(move || {
        let (options, desk, clips, tls, loaded) = (options.clone(), desk.clone(), clips.clone(), tls.clone(), loaded.clone());
        Box::pin(async move {
            let read = tokio::task::spawn_blocking(move || {
                let (config, texts) = load(&options)?;
                let clips = load_clips(&options, &config);
                // Once more, after they were judged: a file may have changed meanwhile, and nothing is to be changed by half.
                let material = Material::load(&config, &options.config).map_err(|error| RunError::Unavailable(error.to_string()))?;
                Ok::<_, RunError>((Arc::new(config), texts, clips, material))
            });
            let (config, texts, library, material) = match read.await {
                Ok(Ok(read)) => read,
                Ok(Err(RunError::Config(errors))) => return Err(errors.into_iter().map(dto::ConfigError::from).collect()),
                Ok(Err(error)) => return Err(vec![without_place(error.to_string())]),
                Err(error) => return Err(vec![without_place(error.to_string())]),
            };
            match desk.ask(Command::Reload(config.clone())).await {
                Ok(Reply::Reloaded { changes }) => {
                    tls.swap(material);
                    // Whoever hears of it by its event asks for it at once.
                    loaded.set(config, texts);
                    // The driver has ended when it takes none; then nothing plays.
                    let _ = clips.send(library).await;
                    Ok(changes)
                }
                Ok(other) => Err(vec![without_place(format!("the switch answered {other:?}"))]),
                Err(error) => Err(vec![without_place(error.to_string())]),
            }
        })
    })
}

fn without_place(message: String) -> dto::ConfigError {
    dto::ConfigError { file: String::new(), line: None, column: None, message, remedy: None }
}

/// This machine's names: they count as ours in a request.
fn own_names() -> Vec<String> {
    let hostname = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let hostname = hostname.trim().to_lowercase();
    let mut names = vec!["localhost".to_owned()];
    if !hostname.is_empty() {
        names.push(hostname);
    }
    names
}

/// SIGHUP reloads, SIGTERM (or SIGINT) drains, a second one ends at once.
async fn obey_signals(desk: Desk, reload: Reload, loaded: Loaded) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut hangup), Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::hangup()), signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return tracing::error!("signals cannot be listened for");
    };
    let mut draining = false;
    loop {
        tokio::select! {
            Some(()) = hangup.recv() => match reload().await {
                Ok(changes) => tracing::info!(?changes, "reloaded"),
                Err(errors) => {
                    for error in errors {
                        tracing::error!(file = error.file, line = error.line, column = error.column, remedy = error.remedy, "{}", error.message);
                    }
                    tracing::error!("the configuration was not reloaded; nothing has changed");
                }
            },
            Some(()) = next_of(&mut terminate, &mut interrupt) => {
                let limit = loaded.get().switch.drain;
                let order = if draining { Command::Shutdown } else { Command::Drain { limit } };
                draining = true;
                if desk.ask(order).await.is_err() {
                    return;
                }
            }
            else => return,
        }
    }
}

async fn next_of(one: &mut tokio::signal::unix::Signal, other: &mut tokio::signal::unix::Signal) -> Option<()> {
    tokio::select! {
        signal = one.recv() => signal,
        signal = other.recv() => signal,
    }
}
