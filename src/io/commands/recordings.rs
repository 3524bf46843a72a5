//! `sanling recordings`: `list` and `play` ask the running switch; `verify` and `repair` work on folder and database alone.

use super::remote::{CallQuery, span, text, write_json};
use crate::io::client::{ClientError, Remote, table};
use crate::io::recorder::{self, Verdict};
use crate::io::store::{CallFilter, Store, StoreError};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Calls read from the database at a time.
const PAGE: usize = 500;

/// # Errors
/// When the switch does not answer, or refuses.
pub fn list(remote: &Remote, limit: usize, as_json: bool, out: &mut impl Write) -> Result<(), ClientError> {
    let calls = CallQuery { limit, recording: Some("any".to_owned()), ..CallQuery::default() }.fetch(remote)?;
    if as_json {
        return write_json(out, &Value::Array(calls));
    }
    let rows = calls.iter().map(|call| {
        let recording = &call["recording"];
        let [id, arrived, caller, agent] = ["id", "arrived_at", "caller", "agent"].map(|name| text(&call[name]));
        let note =
            if matches!(recording["state"].as_str(), Some("missing" | "removed")) { &recording["reason"] } else { &recording["file"] };
        [
            id,
            arrived,
            caller,
            agent,
            recording["duration_ms"].as_i64().map_or_else(String::new, span),
            text(&recording["state"]),
            text(note),
        ]
    });
    Ok(table::write(out, ["ID", "ARRIVED", "CALLER", "AGENT", "LENGTH", "STATE", "FILE"], rows)?)
}

/// Plays a call's recording, or writes it: to `output` when given, to standard output when that is no terminal.
///
/// # Errors
/// When the switch does not answer or refuses, no player is installed, or the file cannot be written.
pub fn play(remote: &Remote, call: &str, output: Option<&Path>) -> Result<(), ClientError> {
    if let Some(path) = output {
        remote.recording(call, true, &mut File::create(path)?)?;
        return Ok(());
    }
    let mut stdout = std::io::stdout();
    if !stdout.is_terminal() {
        remote.recording(call, true, &mut stdout)?;
        return Ok(());
    }
    let file = Temporary::new()?;
    remote.recording(call, false, &mut &file.file)?;
    for (player, options) in [("aplay", ["-q"]), ("play", ["-q"])] {
        match Command::new(player).args(options).arg(&file.path).status() {
            Ok(status) if status.success() => return Ok(()),
            Ok(status) => return Err(ClientError::Found(format!("{player} ended with {status}; write the file with --output FILE"))),
            Err(_) => {}
        }
    }
    Err(ClientError::Found("neither aplay (alsa-utils) nor play (sox) is installed; write the file with --output FILE".to_owned()))
}

/// A file for its owner alone, gone when it is dropped: recordings do not stay about.
struct Temporary {
    file: File,
    path: PathBuf,
}

impl Temporary {
    fn new() -> std::io::Result<Self> {
        let chance: u64 = u64::from_ne_bytes(crate::io::http::auth::random()?);
        let path = std::env::temp_dir().join(format!("sanling-{chance:016x}.wav"));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        Ok(Self { file: options.open(&path)?, path })
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

fn of_the_store(error: StoreError) -> ClientError {
    ClientError::Found(error.to_string())
}

/// Runs one short task with a store of its own; one that is `reading` alone may do so beside a running switch.
fn with_store<T>(data: &Path, reading: bool, task: impl AsyncFnOnce(&Store) -> Result<T, StoreError>) -> Result<T, ClientError> {
    if !data.join("sanling.db").exists() {
        let here = data.display();
        return Err(ClientError::Found(format!("there is no database in {here}; name the switch's data folder with --data")));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let store = match Store::open(data).await {
            Err(StoreError::InUse(_)) if reading => Store::open_beside(data).await.map_err(of_the_store)?,
            opened => opened.map_err(of_the_store)?,
        };
        let result = task(&store).await.map_err(of_the_store);
        match store.close().await {
            // Opened beside a running switch, it never wrote.
            Err(StoreError::Closed) if reading => {}
            closed => closed.map_err(of_the_store)?,
        }
        result
    })
}

/// Computes every recording's hash anew and compares it with its record. Needs no running switch and disturbs none.
///
/// # Errors
/// When a recording is not what it was, or the database cannot be read.
pub fn verify(recordings: &Path, data: &Path, as_json: bool, out: &mut impl Write) -> Result<(), ClientError> {
    let (mut intact, mut wrong) = (0usize, Vec::new());
    with_store(data, true, async |store| {
        let mut filter = CallFilter { recording: Some("any".to_owned()), ..CallFilter::default() };
        loop {
            let calls = store.calls(&filter, PAGE).await?;
            let Some(last) = calls.last() else { return Ok(()) };
            filter.before = Some(last.id.clone());
            for call in calls {
                let Some(recording) = call.recording else { continue };
                let what = match (&recording.sha256, recording.state.as_str()) {
                    (_, "open" | "removed") => continue,
                    (_, "missing") => format!("missing: {}", recording.reason.unwrap_or_default()),
                    (None, _) => "its record has no hash".to_owned(),
                    (Some(hash), _) => match recorder::verify(recordings, &recording.file, hash) {
                        Verdict::Intact => {
                            intact += 1;
                            continue;
                        }
                        Verdict::Missing => "the file is not there".to_owned(),
                        Verdict::Changed { sha256 } => format!("changed: it was {hash}, it is {sha256}"),
                        Verdict::Unreadable { reason } => format!("cannot be read: {reason}"),
                    },
                };
                wrong.push((recording.file, what));
            }
        }
    })?;
    if as_json {
        let wrong: Vec<_> = wrong.iter().map(|(file, what)| json!({ "file": file, "what": what })).collect();
        write_json(out, &json!({ "intact": intact, "wrong": wrong }))?;
    } else {
        for (file, what) in &wrong {
            writeln!(out, "{file}: {what}")?;
        }
        writeln!(out, "{intact} intact, {} not", wrong.len())?;
    }
    if wrong.is_empty() { Ok(()) } else { Err(ClientError::Found("not every recording is what it was".to_owned())) }
}

/// Finishes what a crash left open, in folder and database. A running switch has done it at its start, and is left alone.
///
/// # Errors
/// When a switch runs, a file cannot be mended, or the database cannot be written.
pub fn repair(remote: &Remote, recordings: &Path, data: &Path, out: &mut impl Write) -> Result<(), ClientError> {
    if remote.health().is_ok() {
        return Err(ClientError::Found("a switch is running: it repaired its recordings when it started".to_owned()));
    }
    let repair = recorder::repair(recordings, &BTreeSet::new())?;
    for found in &repair.recovered {
        writeln!(out, "{}: recovered, {}", found.file, span(i64::try_from(found.duration.as_millis()).unwrap_or(i64::MAX)))?;
    }
    for left in &repair.left {
        writeln!(out, "{}: left as it is: {}", left.file, left.reason)?;
    }
    let closed = with_store(data, false, async |store| {
        let open = store.recordings_left_open(&BTreeSet::new()).await?;
        let recovered = [repair.recovered.clone(), recorder::unnoticed(recordings, &open)].concat();
        store.close_interrupted(&recovered, &BTreeSet::new()).await
    })?;
    writeln!(out, "{} recovered, {} left; {} calls closed in the database", repair.recovered.len(), repair.left.len(), closed.closed)?;
    if repair.left.is_empty() { Ok(()) } else { Err(ClientError::Found("not every recording could be repaired".to_owned())) }
}
