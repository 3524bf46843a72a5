//! What is asked of the database. Each question is bounded: lists come in pages, newest first, and the cursor is the last id seen.

use super::search::Where;
use super::{Store, StoreError, numbers};
use crate::io::shapes::{AuditEntry, Call, DecisionShape, EventShape, Time};
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row as _};

/// The legal hold and the short number beside a call's record; they are kept apart, because the switch writes the record.
pub(super) const HOLD: &str = "(SELECT hold FROM legal_holds WHERE call_id = calls.id) AS hold, \
    (SELECT number FROM recording_numbers WHERE call_id = calls.id) AS replay_number";

impl Store {
    /// # Errors
    /// What the database said.
    pub async fn call(&self, id: &str) -> Result<Option<Call>, StoreError> {
        let sql = format!("SELECT record, {HOLD} FROM calls WHERE id = $1");
        let row = sqlx::query(AssertSqlSafe(sql)).bind(id).fetch_optional(&self.readers).await?;
        row.as_ref().map(call_with_hold).transpose()
    }

    /// A call's timeline, in order, from after the number `after`.
    ///
    /// # Errors
    /// What the database said.
    pub async fn events_of_call(&self, id: &str, after: u64, limit: usize) -> Result<Vec<EventShape>, StoreError> {
        let sql = format!(
            "SELECT seq, occurred_at, name, call_id, agent, queue, detail FROM events WHERE call_id = $1 AND seq > $2 ORDER BY seq LIMIT {limit}"
        );
        let rows = sqlx::query(AssertSqlSafe(sql)).bind(id).bind(seq_bound(after)).fetch_all(&self.readers).await?;
        rows.iter().map(event).collect()
    }

    /// What was decided about a call, the newest first: all that is kept, at most
    /// [`DECISIONS_PER_CALL_MAX`](crate::base::limits::DECISIONS_PER_CALL_MAX).
    ///
    /// # Errors
    /// What the database said.
    pub async fn decisions_of_call(&self, id: &str) -> Result<Vec<DecisionShape>, StoreError> {
        let rows = sqlx::query("SELECT decision FROM decisions WHERE call_id = $1").bind(id).fetch_all(&self.readers).await?;
        let decision = |row: &AnyRow| Ok(serde_json::from_str(&row.try_get::<String, _>("decision")?)?);
        let mut decisions = rows.iter().map(decision).collect::<Result<Vec<DecisionShape>, StoreError>>()?;
        decisions.sort_by_key(|decision| std::cmp::Reverse(decision.number));
        Ok(decisions)
    }

    /// Events with `after` < number < `before`, in order.
    ///
    /// # Errors
    /// What the database said.
    pub async fn events_between(&self, after: u64, before: u64, limit: usize) -> Result<Vec<EventShape>, StoreError> {
        let sql = format!(
            "SELECT seq, occurred_at, name, call_id, agent, queue, detail FROM events WHERE seq > $1 AND seq < $2 ORDER BY seq LIMIT {limit}"
        );
        let rows = sqlx::query(AssertSqlSafe(sql)).bind(seq_bound(after)).bind(seq_bound(before)).fetch_all(&self.readers).await?;
        rows.iter().map(event).collect()
    }

    /// Number of the last event kept, 0 for none: where a new [`EventHub`](crate::io::events::EventHub) begins.
    ///
    /// # Errors
    /// What the database said.
    pub async fn last_event_seq(&self) -> Result<u64, StoreError> {
        let row = sqlx::query("SELECT seq FROM events ORDER BY seq DESC LIMIT 1").fetch_optional(&self.readers).await?;
        let kept = row.map(|row| row.try_get::<i64, _>("seq")).transpose()?.and_then(|seq| u64::try_from(seq).ok()).unwrap_or(0);
        // The journal remembers it for a database that had to be made anew.
        Ok(kept.max(self.found.last_event))
    }

    /// At most `limit` entries of the audit log, newest first.
    ///
    /// # Errors
    /// What the database said.
    pub async fn audit(&self, subject: Option<&str>, before: Option<&str>, limit: usize) -> Result<Vec<AuditEntry>, StoreError> {
        let mut wanted = Where::default();
        wanted.text("subject = ?", subject);
        wanted.text("id < ?", before);
        let sql = format!(
            "SELECT id, occurred_at, who, action, subject, remote, detail FROM audit {} ORDER BY id DESC LIMIT {limit}",
            wanted.sql()
        );
        let rows = wanted.bind(sqlx::query(AssertSqlSafe(sql))).fetch_all(&self.readers).await?;
        rows.iter().map(audit).collect()
    }
}

/// A number of the database is an `i64`; ours never come near its end.
fn seq_bound(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}

pub(super) fn call(row: &AnyRow) -> Result<Call, StoreError> {
    Ok(serde_json::from_str(&row.try_get::<String, _>("record")?)?)
}

pub(super) fn call_with_hold(row: &AnyRow) -> Result<Call, StoreError> {
    let mut call = call(row)?;
    if let Some(recording) = &mut call.recording {
        recording.replay_number = row.try_get::<Option<i64>, _>("replay_number")?.and_then(numbers::read);
        if let Some(hold) = row.try_get::<Option<String>, _>("hold")? {
            recording.hold = Some(serde_json::from_str(&hold)?);
        }
    }
    Ok(call)
}

fn event(row: &AnyRow) -> Result<EventShape, StoreError> {
    Ok(EventShape {
        seq: u64::try_from(row.try_get::<i64, _>("seq")?).unwrap_or(0),
        at: Time(row.try_get("occurred_at")?),
        name: row.try_get("name")?,
        call: row.try_get("call_id")?,
        agent: row.try_get("agent")?,
        queue: row.try_get("queue")?,
        detail: serde_json::from_str(&row.try_get::<String, _>("detail")?)?,
    })
}

fn audit(row: &AnyRow) -> Result<AuditEntry, StoreError> {
    Ok(AuditEntry {
        id: row.try_get("id")?,
        at: Time(row.try_get("occurred_at")?),
        who: row.try_get("who")?,
        action: row.try_get("action")?,
        subject: row.try_get("subject")?,
        remote: row.try_get("remote")?,
        detail: row.try_get("detail")?,
    })
}
