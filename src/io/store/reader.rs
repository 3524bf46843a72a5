//! What is asked of the database. Each question is bounded: lists come in pages, newest first, and the cursor is the last id seen.

use super::{Store, StoreError};
use crate::io::shapes::{AuditEntry, Call, DecisionShape, EventShape, Time};
use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::Query;
use sqlx::{Any, AssertSqlSafe, Row as _};

/// Which calls. All that is given must hold.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CallFilter {
    pub agent: Option<String>,
    pub queue: Option<String>,
    pub caller: Option<String>,
    pub outcome: Option<String>,
    /// Only calls with a recording in this state, or with one at all for `any`.
    pub recording: Option<String>,
    /// Arrived at or after.
    pub since: Option<Time>,
    /// Arrived before.
    pub until: Option<Time>,
    /// Only ids before this one: where the page before ended.
    pub before: Option<String>,
}

/// The legal hold beside a call's record; it is kept apart, because the switch writes the record.
const HOLD: &str = "(SELECT hold FROM legal_holds WHERE call_id = calls.id) AS hold";

enum Value {
    Text(String),
    Number(i64),
}

/// A WHERE clause that grows; its text is made of constants, its values are bound.
#[derive(Default)]
struct Where {
    text: String,
    values: Vec<Value>,
}

impl Where {
    fn and(&mut self, condition: &'static str, value: Option<Value>) {
        if let Some(value) = value {
            self.values.push(value);
            let joint = if self.text.is_empty() { "WHERE" } else { " AND" };
            self.text.push_str(&format!("{joint} {condition} ${}", self.values.len()));
        }
    }

    fn bind(self, mut query: Query<'_, Any, AnyArguments>) -> Query<'_, Any, AnyArguments> {
        for value in self.values {
            query = match value {
                Value::Text(text) => query.bind(text),
                Value::Number(number) => query.bind(number),
            };
        }
        query
    }
}

impl Store {
    /// At most `limit` calls, newest first.
    ///
    /// # Errors
    /// What the database said.
    pub async fn calls(&self, filter: &CallFilter, limit: usize) -> Result<Vec<Call>, StoreError> {
        let text = |value: &Option<String>| value.clone().map(Value::Text);
        let mut wanted = Where::default();
        wanted.and("agent =", text(&filter.agent));
        wanted.and("queue =", text(&filter.queue));
        wanted.and("caller =", text(&filter.caller));
        wanted.and("outcome =", text(&filter.outcome));
        match filter.recording.as_deref() {
            // Every state sorts after nothing, NULL nowhere.
            Some("any") => wanted.and("recording_state >", Some(Value::Text(String::new()))),
            _ => wanted.and("recording_state =", text(&filter.recording)),
        }
        wanted.and("arrived_at >=", filter.since.map(|time| Value::Number(time.0)));
        wanted.and("arrived_at <", filter.until.map(|time| Value::Number(time.0)));
        wanted.and("id <", text(&filter.before));
        let sql = format!("SELECT record, {HOLD} FROM calls {} ORDER BY id DESC LIMIT {limit}", wanted.text);
        let rows = wanted.bind(sqlx::query(AssertSqlSafe(sql))).fetch_all(&self.readers).await?;
        rows.iter().map(call_with_hold).collect()
    }

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
        wanted.and("subject =", subject.map(|subject| Value::Text(subject.to_owned())));
        wanted.and("id <", before.map(|before| Value::Text(before.to_owned())));
        let sql = format!(
            "SELECT id, occurred_at, who, action, subject, remote, detail FROM audit {} ORDER BY id DESC LIMIT {limit}",
            wanted.text
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

fn call_with_hold(row: &AnyRow) -> Result<Call, StoreError> {
    let mut call = call(row)?;
    if let (Some(recording), Some(hold)) = (&mut call.recording, row.try_get::<Option<String>, _>("hold")?) {
        recording.hold = Some(serde_json::from_str(&hold)?);
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
