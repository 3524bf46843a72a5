//! After a crash: calls that were never released are closed, and their recordings stand as the repair left them.

use super::{Row, Store, StoreError, reader};
use crate::base::CallId;
use crate::call::record::{ScriptEnding, SegmentEnding, VisitEnding};
use crate::io::recorder::Recovered;
use crate::io::shapes::{Call, RecordedSound, Recording, Time};
use sqlx::Row as _;
use std::collections::{BTreeMap, BTreeSet};

/// What was found and mended.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Interrupted {
    /// Calls closed.
    pub closed: usize,
    /// Recordings marked `recovered`.
    pub recovered: usize,
    /// Recordings that were open and have no finished file: marked `missing`, until a later repair finds one.
    pub missing: usize,
    /// Repaired files of which the database knows no call: their rows were lost with the last moment before the crash.
    pub unknown: Vec<CallId>,
}

/// Calls read at a time.
const PAGE: usize = 500;

impl Store {
    /// Closes what the last run left open, save the calls in `except`, which go on. Call it once at start, before the switch runs, with what
    /// the recorder repaired; doing it again changes nothing.
    ///
    /// A call left without a release gets the outcome `failed`, released by the switch with the cause `switch stopped`, at the last moment
    /// of which anything is known: a time of its record, an event, or the end of its recording.
    ///
    /// While the database is locked by another process it is put off, not waited for: calls come first, and the journal has everything.
    ///
    /// # Errors
    /// What the database said.
    pub async fn close_interrupted(&self, recovered: &[Recovered], except: &BTreeSet<CallId>) -> Result<Interrupted, StoreError> {
        // Calls of this run are none of ours, however late it gets.
        let begun = Time(jiff::Timestamp::now().as_millisecond());
        let except: BTreeSet<String> = except.iter().map(ToString::to_string).collect();
        if tokio::time::timeout(self.patience, self.flush()).await.is_ok() {
            return self.close_before(begun, recovered, &except).await;
        }
        tracing::warn!("the database cannot be written yet: calls that the last run left open are closed when it can");
        let (store, recovered) = (self.clone(), recovered.to_vec());
        tokio::spawn(async move {
            if store.flush().await.is_ok()
                && let Err(error) = store.close_before(begun, &recovered, &except).await
            {
                tracing::error!(%error, "calls that the last run left open are not closed");
            }
        });
        Ok(Interrupted::default())
    }

    /// Files of recordings that their records have as open, save those of the calls in `except`: some may have been finished unnoticed.
    ///
    /// # Errors
    /// What the database said.
    pub async fn recordings_left_open(&self, except: &BTreeSet<CallId>) -> Result<Vec<String>, StoreError> {
        let rows = sqlx::query("SELECT id, recording_file FROM calls WHERE recording_state = 'open'").fetch_all(&self.readers).await?;
        let except: BTreeSet<String> = except.iter().map(ToString::to_string).collect();
        let mut files = Vec::new();
        for row in rows {
            if !except.contains(&row.try_get::<String, _>("id")?) {
                files.push(row.try_get("recording_file")?);
            }
        }
        Ok(files)
    }

    async fn close_before(&self, begun: Time, recovered: &[Recovered], except: &BTreeSet<String>) -> Result<Interrupted, StoreError> {
        let mut files: BTreeMap<String, &Recovered> = recovered.iter().map(|found| (found.call.to_string(), found)).collect();
        let mut report = Interrupted::default();
        let mut after = String::new();
        loop {
            let calls = self.left_open(begun, &after).await?;
            let Some(last) = calls.last() else { break };
            after.clone_from(&last.id);
            for mut call in calls {
                let found = files.remove(call.id.as_str());
                if except.contains(&call.id) {
                    continue;
                }
                mend_recording(&mut call, found, &mut report);
                if call.released_at.is_none() {
                    let at = self.last_sign_of_life(&call).await?;
                    close(&mut call, at);
                    report.closed += 1;
                }
                self.mended(call)?;
            }
        }
        // A crash may also fall between the rename of a file and the row that tells of it; or the repair ran before and was itself cut short.
        for (id, found) in files {
            match self.call(&id).await? {
                Some(mut call) => {
                    mend_recording(&mut call, Some(found), &mut report);
                    self.mended(call)?;
                }
                None => report.unknown.push(found.call),
            }
        }
        self.flush().await?;
        Ok(report)
    }

    fn mended(&self, call: Call) -> Result<(), StoreError> {
        self.try_push(Row::Mended(Box::new(call))).map_err(|_| StoreError::Closed)
    }

    async fn left_open(&self, begun: Time, after: &str) -> Result<Vec<Call>, StoreError> {
        let sql = format!(
            "SELECT record FROM calls WHERE (released_at IS NULL OR recording_state = 'open') AND arrived_at <= $1 AND id > $2 \
             ORDER BY id LIMIT {PAGE}"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(begun.0).bind(after.to_owned()).fetch_all(&self.readers).await?;
        rows.iter().map(reader::call).collect()
    }

    async fn last_sign_of_life(&self, call: &Call) -> Result<Time, StoreError> {
        let row = sqlx::query("SELECT occurred_at FROM events WHERE call_id = $1 ORDER BY seq DESC LIMIT 1")
            .bind(call.id.as_str())
            .fetch_optional(&self.readers)
            .await?;
        let event = row.map(|row| row.try_get::<i64, _>("occurred_at")).transpose()?.map(Time);
        let recorded = call
            .recording
            .as_ref()
            .zip(call.answered_at)
            .map(|(recording, start)| Time(start.0.saturating_add(i64::try_from(recording.duration_ms).unwrap_or(0))));
        let offers = call.offers.iter().flat_map(|offer| [Some(offer.alerted_at), offer.ended_at]);
        let holds = call.holds.iter().flat_map(|hold| [Some(hold.started_at), hold.ended_at]);
        let known = [event, recorded, call.answered_at, call.connected_at].into_iter().chain(offers).chain(holds).flatten();
        Ok(known.fold(call.arrived_at, Time::max))
    }
}

fn mend_recording(call: &mut Call, found: Option<&Recovered>, report: &mut Interrupted) {
    match (call.recording.as_mut(), found) {
        (_, Some(found)) => {
            report.recovered += 1;
            call.sound = found.sound.as_ref().map(RecordedSound::from);
            call.recording = Some(Recording {
                file: found.file.clone(),
                duration_ms: u64::try_from(found.duration.as_millis()).unwrap_or(u64::MAX),
                sha256: Some(found.sha256.clone()),
                state: "recovered".into(),
                reason: None,
                removed_at: None,
                hold: None,
                replay_number: None,
            });
        }
        (Some(recording), None) if recording.state == "open" => {
            report.missing += 1;
            recording.state = "missing".into();
            recording.reason = Some("no finished file was found after the switch stopped".into());
        }
        (Some(_) | None, None) => {}
    }
}

fn close(call: &mut Call, at: Time) {
    call.released_at = Some(at);
    call.released_by = Some("switch".into());
    call.release_cause = Some("switch stopped".into());
    call.outcome = Some("failed".into());
    for offer in call.offers.iter_mut().filter(|offer| offer.ended_at.is_none()) {
        offer.ended_at = Some(at);
        if offer.result == "pending" {
            offer.result = "withdrawn".into();
        }
    }
    for hold in call.holds.iter_mut().filter(|hold| hold.ended_at.is_none()) {
        hold.ended_at = Some(at);
    }
    for part in call.segments.iter_mut().filter(|part| part.ended_at.is_none()) {
        part.ended_at = Some(at);
        part.ending = SegmentEnding::Left.name().into();
    }
    for visit in call.visits.iter_mut().filter(|visit| visit.left_at.is_none()) {
        visit.left_at = Some(at);
        visit.ending = VisitEnding::Abandoned.name().into();
    }
    for script in call.scripts.iter_mut().filter(|script| script.ended_at.is_none()) {
        script.ended_at = Some(at);
        script.ending = ScriptEnding::CutShort.name().into();
    }
}
