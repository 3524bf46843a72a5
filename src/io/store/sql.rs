//! The statements that write one row each. `$n` placeholders and `ON CONFLICT` are understood by SQLite and PostgreSQL alike.

use super::StoreError;
use crate::io::shapes::{AuditEntry, Call, EventShape, Time};
use sqlx::AnyConnection;

fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Position in a list of the record; lists are bounded by `limits::OFFERS_PER_CALL_MAX`.
fn place(index: usize) -> i64 {
    i64::try_from(index).unwrap_or(i64::MAX)
}

fn millis(time: Option<Time>) -> Option<i64> {
    time.map(|time| time.0)
}

/// Inserts the call, or replaces what is known of it. Doing it twice is doing it once.
pub(super) async fn put_call(db: &mut AnyConnection, call: &Call) -> Result<(), StoreError> {
    let recording = call.recording.as_ref();
    sqlx::query(
        "INSERT INTO calls (id, direction, caller, called, trunk, queue, agent, arrived_at, answered_at, connected_at, released_at, \
         released_by, outcome, recording_state, recording_file, recording_ms, recording_sha256, record) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18) \
         ON CONFLICT (id) DO UPDATE SET direction = excluded.direction, caller = excluded.caller, called = excluded.called, \
         trunk = excluded.trunk, queue = excluded.queue, agent = excluded.agent, arrived_at = excluded.arrived_at, \
         answered_at = excluded.answered_at, connected_at = excluded.connected_at, released_at = excluded.released_at, \
         released_by = excluded.released_by, outcome = excluded.outcome, recording_state = excluded.recording_state, \
         recording_file = excluded.recording_file, recording_ms = excluded.recording_ms, recording_sha256 = excluded.recording_sha256, \
         record = excluded.record",
    )
    .bind(call.id.as_str())
    .bind(call.direction.as_str())
    .bind(call.caller.as_str())
    .bind(call.called.as_str())
    .bind(call.trunk.as_deref())
    .bind(call.queue.as_deref())
    .bind(call.agent.as_deref())
    .bind(call.arrived_at.0)
    .bind(millis(call.answered_at))
    .bind(millis(call.connected_at))
    .bind(millis(call.released_at))
    .bind(call.released_by.as_deref())
    .bind(call.outcome.as_deref())
    .bind(recording.map(|recording| recording.state.as_str()))
    .bind(recording.map(|recording| recording.file.as_str()))
    .bind(recording.map(|recording| number(recording.duration_ms)))
    .bind(recording.and_then(|recording| recording.sha256.as_deref()))
    .bind(serde_json::to_string(call)?)
    .execute(&mut *db)
    .await?;
    put_offers(db, call).await?;
    put_holds(db, call).await
}

/// The lists only grow, so a row for each place is all there is to do.
async fn put_offers(db: &mut AnyConnection, call: &Call) -> Result<(), StoreError> {
    for (index, offer) in call.offers.iter().enumerate() {
        sqlx::query(
            "INSERT INTO offers (call_id, n, agent, alerted_at, ended_at, rings, result) VALUES ($1, $2, $3, $4, $5, $6, $7) \
             ON CONFLICT (call_id, n) DO UPDATE SET agent = excluded.agent, alerted_at = excluded.alerted_at, \
             ended_at = excluded.ended_at, rings = excluded.rings, result = excluded.result",
        )
        .bind(call.id.as_str())
        .bind(place(index))
        .bind(offer.agent.as_str())
        .bind(offer.alerted_at.0)
        .bind(millis(offer.ended_at))
        .bind(i64::from(offer.rings))
        .bind(offer.result.as_str())
        .execute(&mut *db)
        .await?;
    }
    Ok(())
}

async fn put_holds(db: &mut AnyConnection, call: &Call) -> Result<(), StoreError> {
    for (index, hold) in call.holds.iter().enumerate() {
        sqlx::query(
            "INSERT INTO holds (call_id, n, held_by, started_at, ended_at, reassured) VALUES ($1, $2, $3, $4, $5, $6) \
             ON CONFLICT (call_id, n) DO UPDATE SET held_by = excluded.held_by, started_at = excluded.started_at, \
             ended_at = excluded.ended_at, reassured = excluded.reassured",
        )
        .bind(call.id.as_str())
        .bind(place(index))
        .bind(hold.by.as_str())
        .bind(hold.started_at.0)
        .bind(millis(hold.ended_at))
        .bind(i64::from(hold.reassured))
        .execute(&mut *db)
        .await?;
    }
    Ok(())
}

/// A retried transaction may bring an event again: the first stands.
pub(super) async fn put_event(db: &mut AnyConnection, event: &EventShape) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO events (seq, occurred_at, name, call_id, agent, queue, detail) VALUES ($1, $2, $3, $4, $5, $6, $7) \
         ON CONFLICT (seq) DO NOTHING",
    )
    .bind(number(event.seq))
    .bind(event.at.0)
    .bind(event.name.as_str())
    .bind(event.call.as_deref())
    .bind(event.agent.as_deref())
    .bind(event.queue.as_deref())
    .bind(serde_json::to_string(&event.detail)?)
    .execute(&mut *db)
    .await?;
    Ok(())
}

pub(super) async fn put_audit(db: &mut AnyConnection, entry: &AuditEntry) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO audit (id, occurred_at, who, action, subject, remote, detail) VALUES ($1, $2, $3, $4, $5, $6, $7) \
         ON CONFLICT (id) DO NOTHING",
    )
    .bind(entry.id.as_str())
    .bind(entry.at.0)
    .bind(entry.who.as_str())
    .bind(entry.action.as_str())
    .bind(entry.subject.as_deref())
    .bind(entry.remote.as_str())
    .bind(entry.detail.as_str())
    .execute(&mut *db)
    .await?;
    Ok(())
}

pub(super) async fn put_kept(db: &mut AnyConnection, part: &str, image: Option<&[u8]>) -> Result<(), StoreError> {
    let query = match image {
        Some(image) => {
            sqlx::query("INSERT INTO kept (part, image) VALUES ($1, $2) ON CONFLICT (part) DO UPDATE SET image = excluded.image")
                .bind(part)
                .bind(image)
        }
        None => sqlx::query("DELETE FROM kept WHERE part = $1").bind(part),
    };
    query.execute(&mut *db).await?;
    Ok(())
}
