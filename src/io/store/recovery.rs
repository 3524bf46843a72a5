//! After a crash: calls that were never released are closed, and their recordings stand as the repair left them.

use super::{Store, StoreError, reader, sql};
use crate::base::CallId;
use crate::io::recorder::Recovered;
use crate::io::shapes::{Call, Recording, Time};
use sqlx::{AnyConnection, Connection, Row as _};
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
    /// # Errors
    /// What the database said; nothing is changed then.
    pub async fn close_interrupted(&self, recovered: &[Recovered], except: &BTreeSet<CallId>) -> Result<Interrupted, StoreError> {
        let mut connection = self.database.connect().await?;
        let mut transaction = connection.begin().await?;
        let mut files: BTreeMap<String, &Recovered> = recovered.iter().map(|found| (found.call.to_string(), found)).collect();
        let going_on: BTreeSet<String> = except.iter().map(ToString::to_string).collect();
        let mut report = Interrupted::default();
        let mut after = String::new();
        loop {
            let calls = left_open(&mut transaction, &after).await?;
            let Some(last) = calls.last() else { break };
            after.clone_from(&last.id);
            for mut call in calls {
                if going_on.contains(&call.id) {
                    continue;
                }
                let found = files.remove(call.id.as_str());
                mend_recording(&mut call, found, &mut report);
                if call.released_at.is_none() {
                    let at = last_sign_of_life(&mut transaction, &call).await?;
                    close(&mut call, at);
                    report.closed += 1;
                }
                sql::put_call(&mut transaction, &call).await?;
            }
        }
        // A crash may also fall between the rename of a file and the row that tells of it; or the repair ran before and was itself cut short.
        for (id, found) in files {
            let row = sqlx::query("SELECT record FROM calls WHERE id = $1").bind(id.as_str()).fetch_optional(&mut *transaction).await?;
            match row.as_ref().map(reader::call).transpose()? {
                Some(mut call) => {
                    mend_recording(&mut call, Some(found), &mut report);
                    sql::put_call(&mut transaction, &call).await?;
                }
                None => report.unknown.push(found.call),
            }
        }
        transaction.commit().await?;
        connection.close().await?;
        Ok(report)
    }
}

async fn left_open(db: &mut AnyConnection, after: &str) -> Result<Vec<Call>, StoreError> {
    let sql =
        format!("SELECT record FROM calls WHERE (released_at IS NULL OR recording_state = 'open') AND id > $1 ORDER BY id LIMIT {PAGE}");
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(after.to_owned()).fetch_all(&mut *db).await?;
    rows.iter().map(reader::call).collect()
}

fn mend_recording(call: &mut Call, found: Option<&Recovered>, report: &mut Interrupted) {
    match (call.recording.as_mut(), found) {
        (_, Some(found)) => {
            report.recovered += 1;
            call.recording = Some(Recording {
                file: found.file.clone(),
                duration_ms: u64::try_from(found.duration.as_millis()).unwrap_or(u64::MAX),
                sha256: Some(found.sha256.clone()),
                state: "recovered".into(),
                reason: None,
                removed_at: None,
                hold: None,
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

async fn last_sign_of_life(db: &mut AnyConnection, call: &Call) -> Result<Time, StoreError> {
    let row = sqlx::query("SELECT occurred_at FROM events WHERE call_id = $1 ORDER BY seq DESC LIMIT 1")
        .bind(call.id.as_str())
        .fetch_optional(&mut *db)
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
}
