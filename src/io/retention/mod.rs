//! Retention: recordings and records that are older than the configuration keeps them go, oldest first, and so do recordings when the disk
//! runs short. Never one that is still open, never one on legal hold, and each removal is written to the audit log.
//!
//! A round looks at a bounded number of the oldest. The file goes before its record says so: a crash between the two leaves a record whose
//! file is not there, and the next round says what became of it. What must not live here: SQL, and the way of any call.

mod space;

pub use space::Free;

use super::shapes::{AuditEntry, Call, Time};
use super::store::{Row, Store, StoreError};
use crate::base::{CallId, Rng, Timestamp};
use crate::config::Retention;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

/// How often the oldest are looked at, when the last round found no more than it could do.
pub const EVERY: Duration = Duration::from_secs(60);

/// Recordings of one round, and records of one. More: the next round follows at once.
const ROUND_MAX: usize = 200;

/// Who the audit log names.
const WHO: &str = "retention";

/// What one round did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Round {
    pub recordings: usize,
    pub bytes: u64,
    pub records: u64,
    /// There is more to do.
    pub more: bool,
    /// The disk is short and nothing that may go is left.
    pub short: bool,
}

/// One that removes.
#[derive(Debug)]
pub struct Cleaner {
    store: Store,
    recordings: PathBuf,
    rng: Rng,
    last: Timestamp,
    told_short: bool,
}

impl Cleaner {
    #[must_use]
    pub fn new(store: Store, recordings: PathBuf, seed: u64) -> Self {
        Self { store, recordings, rng: Rng::new(seed), last: Timestamp::default(), told_short: false }
    }

    /// Rounds for ever, by what `rules` says at the time.
    pub async fn run(mut self, rules: impl Fn() -> Retention) {
        loop {
            let free = Free::of(&self.recordings);
            let pause = match self.round(&rules(), free.ok(), wall_time()).await {
                Ok(round) if round.more => Duration::from_millis(50),
                Ok(_) => EVERY,
                Err(error) => {
                    tracing::warn!(%error, "retention could not look through the recordings; it tries again");
                    EVERY
                }
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// One round at the time `now`, with so much room on the recordings' disk.
    ///
    /// # Errors
    /// What the database said.
    pub async fn round(&mut self, rules: &Retention, free: Option<Free>, now: Timestamp) -> Result<Round, StoreError> {
        let mut round = Round::default();
        if let Some(keep) = rules.recordings {
            let before = Time(now.0.saturating_sub(millis(keep)));
            let old = self.store.removable(Some(before), ROUND_MAX).await?;
            round.more |= old.len() == ROUND_MAX;
            let why = format!("older than {} days", keep.as_secs() / 86_400);
            self.remove(old, &why, u64::MAX, now, &mut round).await?;
        }
        if let Some(missing) =
            free.and_then(|free| rules.free_space.missing(free.bytes, free.of)).map(|missing| missing.saturating_sub(round.bytes))
            && missing > 0
        {
            let oldest = self.store.removable(None, ROUND_MAX).await?;
            round.short = oldest.is_empty();
            if round.short && !self.told_short {
                tracing::error!(folder = %self.recordings.display(), missing, "the disk is short of room and no recording may be removed");
            }
            let before = round.bytes;
            self.remove(oldest, "the disk was short of room", missing, now, &mut round).await?;
            round.more |= !round.short && round.bytes - before < missing;
        }
        self.told_short = round.short;
        if let Some(keep) = rules.records {
            let before = Time(now.0.saturating_sub(millis(keep)));
            round.records = self.store.forget(before, ROUND_MAX).await?;
            if round.records > 0 {
                let detail = format!("{} calls and events from before {before}", round.records);
                self.audit("records.removed", None, detail, now);
            }
            round.more |= round.records >= ROUND_MAX as u64;
        }
        Ok(round)
    }

    /// Removes the recordings of `calls` in their order until `enough` bytes are gone.
    async fn remove(&mut self, calls: Vec<Call>, why: &str, enough: u64, now: Timestamp, round: &mut Round) -> Result<(), StoreError> {
        // While this is held nobody puts a legal hold on what is being removed.
        let custody = self.store.custody();
        let _custody = custody.lock().await;
        let begun = round.bytes;
        for mut call in calls {
            if round.bytes - begun >= enough {
                break;
            }
            if self.store.legal_hold(&call.id).await?.is_some() {
                continue;
            }
            let Some(recording) = &mut call.recording else { continue };
            let path = self.recordings.join(&recording.file);
            let inside = Path::new(&recording.file).components().all(|part| matches!(part, Component::Normal(_)));
            let bytes = match if inside { remove_file(&path).await } else { Ok(0) } {
                Ok(bytes) => bytes,
                Err(error) => {
                    tracing::warn!(file = recording.file, %error, "a recording cannot be removed");
                    continue;
                }
            };
            recording.state = "removed".to_owned();
            recording.reason = Some(why.to_owned());
            recording.removed_at = Some(Time::from(now));
            let detail = format!("{}: {why}; {bytes} bytes, {} ms", recording.file, recording.duration_ms);
            let id = call.id.clone();
            round.recordings += 1;
            round.bytes += bytes;
            // A row that is lost is made good by the next round: the record still says that there is a file.
            let _ = self.store.try_push(Row::Mended(Box::new(call)));
            self.audit("recording.removed", Some(id), detail, now);
        }
        if round.recordings > 0 {
            // The next look at the oldest must not find these again. Not waited for longer when the database is in trouble.
            let _ = tokio::time::timeout(Duration::from_secs(5), self.store.flush()).await;
        }
        Ok(())
    }

    fn audit(&mut self, action: &str, subject: Option<String>, detail: String, now: Timestamp) {
        self.last = now.max(Timestamp(self.last.0 + 1));
        let id = CallId::new(self.last, &mut self.rng).to_string();
        tracing::info!(who = WHO, action, subject, detail, "audit");
        let entry =
            AuditEntry { id, at: Time::from(now), who: WHO.to_owned(), action: action.to_owned(), subject, remote: String::new(), detail };
        let _ = self.store.try_push(Row::Audit(Box::new(entry)));
    }
}

/// Removes a file; how many bytes it had. One that is not there had none.
async fn remove_file(path: &Path) -> io::Result<u64> {
    let remove = async || -> io::Result<u64> {
        let bytes = tokio::fs::metadata(path).await?.len();
        tokio::fs::remove_file(path).await?;
        Ok(bytes)
    };
    match remove().await {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        outcome => outcome,
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

fn wall_time() -> Timestamp {
    Timestamp(jiff::Timestamp::now().as_millisecond())
}

#[cfg(test)]
mod tests;
