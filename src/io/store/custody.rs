//! What leaves the database, and what must not: recordings that may be removed, legal holds, records that are forgotten.

use super::{Store, StoreError, reader};
use crate::io::shapes::{Call, LegalHold, Time};
use sqlx::{Connection, Row as _};
use std::sync::Arc;

/// Of the oldest events so many are looked at in one go; those of calls that stay are among them.
const EVENTS_LOOKED_AT: usize = 10_000;

impl Store {
    /// Held while recordings are removed, and while a legal hold is put on one: either comes first, and the other knows.
    #[must_use]
    pub fn custody(&self) -> Arc<tokio::sync::Mutex<()>> {
        Arc::clone(&self.custody)
    }

    /// The oldest calls with a finished recording that is not on legal hold, at most `limit`; only such as ended before `before`, where
    /// given.
    ///
    /// # Errors
    /// What the database said.
    pub async fn removable(&self, before: Option<Time>, limit: usize) -> Result<Vec<Call>, StoreError> {
        let mut found = Vec::new();
        for state in ["complete", "recovered"] {
            let sql = format!(
                "SELECT record FROM calls WHERE recording_state = $1 AND released_at < $2 \
                 AND NOT EXISTS (SELECT 1 FROM legal_holds WHERE call_id = calls.id) ORDER BY id LIMIT {limit}"
            );
            let before = before.map_or(i64::MAX, |time| time.0);
            let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(state).bind(before).fetch_all(&self.readers).await?;
            for row in &rows {
                found.push(reader::call(row)?);
            }
        }
        found.sort_by(|a, b| a.id.cmp(&b.id));
        found.truncate(limit);
        Ok(found)
    }

    /// The legal hold on a call's recording.
    ///
    /// # Errors
    /// What the database said.
    pub async fn legal_hold(&self, call: &str) -> Result<Option<LegalHold>, StoreError> {
        let row = sqlx::query("SELECT hold FROM legal_holds WHERE call_id = $1").bind(call).fetch_optional(&self.readers).await?;
        row.map(|row| Ok(serde_json::from_str(&row.try_get::<String, _>("hold")?)?)).transpose()
    }

    /// Forgets at most `limit` calls that ended before `before` and whose recording is gone or never was, with all that is told of them, and
    /// at most as many older events and intervals of agents. Returns how many rows of calls, events and intervals went. The audit log stays.
    ///
    /// # Errors
    /// What the database said; nothing is forgotten then.
    pub async fn forget(&self, before: Time, limit: usize) -> Result<u64, StoreError> {
        let mut connection = self.database.connect().await?;
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
        let old = format!(
            "SELECT id FROM calls WHERE arrived_at < $1 AND released_at < $1 \
             AND (recording_state IS NULL OR recording_state IN ('removed', 'missing')) \
             AND NOT EXISTS (SELECT 1 FROM legal_holds WHERE call_id = calls.id) ORDER BY arrived_at LIMIT {limit}"
        );
        let notes = format!("DELETE FROM work WHERE kind = 'note' AND call_id IN ({old})");
        sqlx::query(sqlx::AssertSqlSafe(notes)).bind(before.0).execute(&mut *transaction).await?;
        let mut gone = 0;
        for (table, key) in [
            ("offers", "call_id"),
            ("holds", "call_id"),
            ("decisions", "call_id"),
            ("events", "call_id"),
            ("call_agents", "call_id"),
            ("recording_numbers", "call_id"),
            ("calls", "id"),
        ] {
            // The calls go last: the others are found by them.
            let sql = format!("DELETE FROM {table} WHERE {key} IN ({old})");
            let done = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(before.0).execute(&mut *transaction).await?;
            if table == "calls" {
                gone += done.rows_affected();
            }
        }
        // Events of no call. Their numbers follow time, so the oldest are the first.
        let sql = format!(
            "DELETE FROM events WHERE seq IN (SELECT seq FROM (SELECT seq, occurred_at, call_id FROM events ORDER BY seq LIMIT {EVENTS_LOOKED_AT}) AS first \
             WHERE occurred_at < $1 AND (call_id IS NULL OR NOT EXISTS (SELECT 1 FROM calls WHERE id = call_id)))"
        );
        gone += sqlx::query(sqlx::AssertSqlSafe(sql)).bind(before.0).execute(&mut *transaction).await?.rows_affected();
        let sql = format!(
            "DELETE FROM agent_intervals WHERE until_at <= (SELECT MAX(until_at) FROM \
             (SELECT until_at FROM agent_intervals WHERE until_at < $1 ORDER BY until_at LIMIT {limit}) AS first)"
        );
        gone += sqlx::query(sqlx::AssertSqlSafe(sql)).bind(before.0).execute(&mut *transaction).await?.rows_affected();
        transaction.commit().await?;
        connection.close().await?;
        Ok(gone)
    }
}
