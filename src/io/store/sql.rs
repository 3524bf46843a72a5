//! The statements that write. Rows go many to a statement: most of a row's cost is the way to the database and back. `$n` placeholders and
//! `ON CONFLICT` are understood by SQLite and PostgreSQL alike. Doing any of it twice is doing it once.

use super::StoreError;
use super::fact::{DecisionRow, EventRow, HoldRow};
use crate::base::QueueId;
use crate::io::facts;
use crate::io::shapes::{AuditEntry, Call, Hold, Offer, Time};
use crate::report::AgentInterval;
use sqlx::any::AnyArguments;
use sqlx::query::Query;
use sqlx::{Any, AnyConnection, AssertSqlSafe, Row as _};
use std::collections::BTreeSet;
use std::sync::LazyLock;

type Statement<'q> = Query<'q, Any, AnyArguments>;

/// Rows of one statement: the longest first, so that few texts are prepared and none has more than a thousand values.
const SIZES: [usize; 3] = [48, 8, 1];

/// An upsert's texts, one for each of [`SIZES`].
struct Upsert {
    texts: LazyLock<[String; SIZES.len()]>,
}

impl Upsert {
    fn texts(insert: &str, columns: usize, conflict: &str) -> [String; SIZES.len()] {
        SIZES.map(|rows| {
            let row = |row: usize| {
                let places: Vec<_> = (1..=columns).map(|column| format!("${}", row * columns + column)).collect();
                format!("({})", places.join(", "))
            };
            let rows: Vec<_> = (0..rows).map(row).collect();
            format!("{insert} VALUES {} {conflict}", rows.join(", "))
        })
    }

    /// Writes all rows; `bind` gives one row's values. No two may have the same key.
    #[allow(clippy::redundant_closure)] // Without it `bind` would have to live as long as the statement.
    async fn run<T>(
        &'static self,
        db: &mut AnyConnection,
        mut rows: &[T],
        bind: impl for<'q> Fn(Statement<'q>, &'q T) -> Statement<'q>,
    ) -> Result<(), StoreError> {
        for (size, text) in SIZES.iter().zip(&*self.texts) {
            while let Some((now, later)) = rows.split_at_checked(*size) {
                let query = now.iter().fold(sqlx::query(AssertSqlSafe(text.as_str())), |query, row| bind(query, row));
                query.execute(&mut *db).await?;
                rows = later;
            }
        }
        Ok(())
    }
}

static CALLS: Upsert = Upsert {
    texts: LazyLock::new(|| {
        Upsert::texts(
            "INSERT INTO calls (id, direction, caller, called, trunk, queue, agent, arrived_at, answered_at, connected_at, released_at, \
             released_by, outcome, recording_state, recording_file, recording_ms, recording_sha256, record, talk_ms, wait_ms, left_first, \
             broken, mos_min)",
            23,
            "ON CONFLICT (id) DO UPDATE SET direction = excluded.direction, caller = excluded.caller, called = excluded.called, \
             trunk = excluded.trunk, queue = excluded.queue, agent = excluded.agent, arrived_at = excluded.arrived_at, \
             answered_at = excluded.answered_at, connected_at = excluded.connected_at, released_at = excluded.released_at, \
             released_by = excluded.released_by, outcome = excluded.outcome, recording_state = excluded.recording_state, \
             recording_file = excluded.recording_file, recording_ms = excluded.recording_ms, \
             recording_sha256 = excluded.recording_sha256, record = excluded.record, talk_ms = excluded.talk_ms, \
             wait_ms = excluded.wait_ms, left_first = excluded.left_first, broken = excluded.broken, \
             mos_min = excluded.mos_min",
        )
    }),
};

static OFFERS: Upsert = Upsert {
    texts: LazyLock::new(|| {
        Upsert::texts(
            "INSERT INTO offers (call_id, n, agent, alerted_at, ended_at, rings, result)",
            7,
            "ON CONFLICT (call_id, n) DO UPDATE SET agent = excluded.agent, alerted_at = excluded.alerted_at, \
             ended_at = excluded.ended_at, rings = excluded.rings, result = excluded.result",
        )
    }),
};

static HOLDS: Upsert = Upsert {
    texts: LazyLock::new(|| {
        Upsert::texts(
            "INSERT INTO holds (call_id, n, held_by, started_at, ended_at, reassured)",
            6,
            "ON CONFLICT (call_id, n) DO UPDATE SET held_by = excluded.held_by, started_at = excluded.started_at, \
             ended_at = excluded.ended_at, reassured = excluded.reassured",
        )
    }),
};

static EVENTS: Upsert = Upsert {
    texts: LazyLock::new(|| {
        Upsert::texts("INSERT INTO events (seq, occurred_at, name, call_id, agent, queue, detail)", 7, "ON CONFLICT (seq) DO NOTHING")
    }),
};

static CALL_AGENTS: Upsert = Upsert {
    texts: LazyLock::new(|| Upsert::texts("INSERT INTO call_agents (agent, call_id)", 2, "ON CONFLICT (agent, call_id) DO NOTHING")),
};

static DECISIONS: Upsert = Upsert {
    texts: LazyLock::new(|| {
        Upsert::texts(
            "INSERT INTO decisions (call_id, place, decision)",
            3,
            "ON CONFLICT (call_id, place) DO UPDATE SET decision = excluded.decision",
        )
    }),
};

static INTERVALS: Upsert = Upsert {
    texts: LazyLock::new(|| {
        Upsert::texts(
            "INSERT INTO agent_intervals (agent, since_at, until_at, state, reason, call_id, queue)",
            7,
            "ON CONFLICT (agent, since_at) DO UPDATE SET until_at = excluded.until_at, state = excluded.state, reason = excluded.reason, \
             call_id = excluded.call_id, queue = excluded.queue",
        )
    }),
};

static AUDIT: Upsert = Upsert {
    texts: LazyLock::new(|| {
        Upsert::texts("INSERT INTO audit (id, occurred_at, who, action, subject, remote, detail)", 7, "ON CONFLICT (id) DO NOTHING")
    }),
};

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

/// From the first connection to the end; none of a call that nobody answered, or that goes on.
fn talk_ms(call: &Call) -> Option<i64> {
    Some(call.released_at?.0.saturating_sub(call.connected_at?.0))
}

/// From the arrival to the first connection, or to the end without one.
/// A score from 1 to 4.5.
pub(super) fn hundredths(score: f64) -> i64 {
    (score * 100.0).round() as i64
}

fn wait_ms(call: &Call) -> Option<i64> {
    Some(call.connected_at.or(call.released_at)?.0.saturating_sub(call.arrived_at.0))
}

/// Inserts calls, or replaces what is known of them. Each comes with its JSON, and no call twice.
pub(super) async fn put_calls(db: &mut AnyConnection, calls: &[(&Call, &str)]) -> Result<(), StoreError> {
    CALLS
        .run(db, calls, |query, (call, json)| {
            let recording = call.recording.as_ref();
            query
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
                .bind(*json)
                .bind(talk_ms(call))
                .bind(wait_ms(call))
                .bind(call.hung_up_first.as_deref())
                .bind(i64::from(facts::broken(call).bits()))
                .bind(call.mos_min().map(hundredths))
        })
        .await?;
    let spoke =
        |call: &Call| -> BTreeSet<String> { call.agent.iter().chain(call.segments.iter().map(|part| &part.agent)).cloned().collect() };
    let parts: Vec<_> = calls.iter().flat_map(|(call, _)| spoke(call).into_iter().map(move |agent| (agent, &call.id))).collect();
    CALL_AGENTS.run(db, &parts, |query, (agent, call)| query.bind(agent.as_str()).bind(call.as_str())).await?;
    // The lists only grow, so a row for each place is all there is to do.
    let offers: Vec<_> = calls.iter().flat_map(|(call, _)| call.offers.iter().enumerate().map(|(n, offer)| (&call.id, n, offer))).collect();
    OFFERS
        .run(db, &offers, |query, (call, n, offer): &(&String, usize, &Offer)| {
            query
                .bind(call.as_str())
                .bind(place(*n))
                .bind(offer.agent.as_str())
                .bind(offer.alerted_at.0)
                .bind(millis(offer.ended_at))
                .bind(i64::from(offer.rings))
                .bind(offer.result.as_str())
        })
        .await?;
    let holds: Vec<_> = calls.iter().flat_map(|(call, _)| call.holds.iter().enumerate().map(|(n, hold)| (&call.id, n, hold))).collect();
    HOLDS
        .run(db, &holds, |query, (call, n, hold): &(&String, usize, &Hold)| {
            query
                .bind(call.as_str())
                .bind(place(*n))
                .bind(hold.by.as_str())
                .bind(hold.started_at.0)
                .bind(millis(hold.ended_at))
                .bind(i64::from(hold.reassured))
        })
        .await
}

/// A row that comes again after a crash changes nothing: the first stands.
pub(super) async fn put_events(db: &mut AnyConnection, events: &[&EventRow]) -> Result<(), StoreError> {
    EVENTS
        .run(db, events, |query, event| {
            query
                .bind(number(event.seq))
                .bind(event.at.0)
                .bind(&*event.name)
                .bind(event.call.as_deref())
                .bind(event.agent.as_deref())
                .bind(event.queue.as_deref())
                .bind(event.detail.as_str())
        })
        .await
}

/// The newest of each call; no two for one place.
pub(super) async fn put_decisions(db: &mut AnyConnection, rows: &[&DecisionRow]) -> Result<(), StoreError> {
    DECISIONS
        .run(db, rows, |query, row| {
            let json = serde_json::to_string(&row.decision).expect("a shape of plain values becomes JSON");
            query.bind(row.call.as_str()).bind(i64::from(row.place())).bind(json)
        })
        .await
}

/// What began at the same moment is what a crash took back: the later word stands. No two with one beginning.
pub(super) async fn put_intervals(db: &mut AnyConnection, intervals: &[&AgentInterval]) -> Result<(), StoreError> {
    INTERVALS
        .run(db, intervals, |query, interval| {
            query
                .bind(interval.agent.as_str())
                .bind(interval.from.0)
                .bind(interval.to.0)
                .bind(interval.state.as_str())
                .bind(interval.reason.as_deref())
                .bind(interval.call.map(|call| call.to_string()))
                .bind(interval.queue.as_ref().map(QueueId::as_str))
        })
        .await
}

pub(super) async fn put_audit(db: &mut AnyConnection, entries: &[&AuditEntry]) -> Result<(), StoreError> {
    AUDIT
        .run(db, entries, |query, entry| {
            query
                .bind(entry.id.as_str())
                .bind(entry.at.0)
                .bind(entry.who.as_str())
                .bind(entry.action.as_str())
                .bind(entry.subject.as_deref())
                .bind(entry.remote.as_str())
                .bind(entry.detail.as_str())
        })
        .await
}

pub(super) async fn put_legal_hold(db: &mut AnyConnection, row: &HoldRow) -> Result<(), StoreError> {
    let query = match &row.hold {
        Some(hold) => {
            sqlx::query("INSERT INTO legal_holds (call_id, hold) VALUES ($1, $2) ON CONFLICT (call_id) DO UPDATE SET hold = excluded.hold")
                .bind(row.call.as_str())
                .bind(serde_json::to_string(hold)?)
        }
        None => sqlx::query("DELETE FROM legal_holds WHERE call_id = $1").bind(row.call.as_str()),
    };
    query.execute(&mut *db).await?;
    Ok(())
}

/// How far the journal is applied, in the transaction that applies it.
pub(super) async fn put_applied(db: &mut AnyConnection, seq: u64) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO journal (one, applied) VALUES (1, $1) ON CONFLICT (one) DO UPDATE SET applied = excluded.applied")
        .bind(number(seq))
        .execute(&mut *db)
        .await?;
    Ok(())
}

/// 0 when nothing ever was.
pub(super) async fn applied(db: &mut AnyConnection) -> Result<u64, StoreError> {
    let row = sqlx::query("SELECT applied FROM journal").fetch_optional(&mut *db).await?;
    Ok(row.map(|row| row.try_get::<i64, _>("applied")).transpose()?.and_then(|seq| u64::try_from(seq).ok()).unwrap_or(0))
}

/// Looks through all pages of the file.
pub(super) async fn look_through(db: &mut AnyConnection) -> Result<(), StoreError> {
    let row = sqlx::query("PRAGMA quick_check(1)").fetch_one(&mut *db).await?;
    let found: String = row.try_get(0)?;
    if found == "ok" { Ok(()) } else { Err(StoreError::Damaged(found)) }
}
