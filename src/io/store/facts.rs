//! What reports are made of, read as a stream: a report of a hundred thousand calls holds none of them in memory.

use super::{Store, StoreError, reader};
use crate::base::limits::REPORT_LOOKS_BACK;
use crate::base::{AgentId, QueueId, Timestamp};
use crate::io::shapes::{Call, Time};
use crate::report::AgentInterval;
use futures_util::TryStreamExt;
use sqlx::Row as _;
use sqlx::any::AnyRow;
use std::ops::ControlFlow;

/// After so many rows others have their turn.
const ROWS_AT_ONCE: u32 = 256;

/// Counts rows, and gives way now and then: whoever reads a page meanwhile is served.
#[derive(Default)]
struct Manners(u32);

impl Manners {
    async fn row(&mut self) {
        self.0 += 1;
        if self.0.is_multiple_of(ROWS_AT_ONCE) {
            tokio::task::yield_now().await;
        }
    }
}

impl Store {
    /// Every call of which something may have happened between the two moments, in order of arrival, until `take` breaks off: those that
    /// arrived before `until`, no longer than [`REPORT_LOOKS_BACK`] before `since`, and were not over before it.
    ///
    /// # Errors
    /// What the database said.
    pub async fn each_call(&self, since: Time, until: Time, mut take: impl FnMut(Call) -> ControlFlow<()>) -> Result<(), StoreError> {
        let back = since.0.saturating_sub(i64::try_from(REPORT_LOOKS_BACK.as_millis()).unwrap_or(i64::MAX));
        let query = sqlx::query(
            "SELECT record FROM calls WHERE arrived_at >= $1 AND arrived_at < $2 AND (released_at IS NULL OR released_at >= $3) \
             ORDER BY arrived_at, id",
        );
        let mut rows = query.bind(back).bind(until.0).bind(since.0).fetch(&self.readers);
        let mut manners = Manners::default();
        while let Some(row) = rows.try_next().await? {
            if take(reader::call(&row)?).is_break() {
                break;
            }
            manners.row().await;
        }
        Ok(())
    }

    /// Every caller who came from outside between the two moments, and when, in order, until `take` breaks off.
    ///
    /// # Errors
    /// What the database said.
    pub async fn each_caller(
        &self,
        since: Time,
        until: Time,
        mut take: impl FnMut(&str, Time) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let query = sqlx::query(
            "SELECT caller, arrived_at FROM calls WHERE arrived_at >= $1 AND arrived_at < $2 AND direction = 'inbound' AND queue IS NOT NULL \
             ORDER BY arrived_at, id",
        );
        let mut rows = query.bind(since.0).bind(until.0).fetch(&self.readers);
        let mut manners = Manners::default();
        while let Some(row) = rows.try_next().await? {
            if take(row.try_get("caller")?, Time(row.try_get("arrived_at")?)).is_break() {
                break;
            }
            manners.row().await;
        }
        Ok(())
    }

    /// Every interval of agents that overlaps the time between the two moments, each agent's in order, until `take` breaks off.
    ///
    /// # Errors
    /// What the database said.
    pub async fn each_interval(
        &self,
        since: Time,
        until: Time,
        agent: Option<&str>,
        mut take: impl FnMut(AgentInterval) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        const COLUMNS: &str = "SELECT agent, since_at, until_at, state, reason, call_id, queue FROM agent_intervals";
        const ORDER: &str = "ORDER BY agent, since_at";
        let all = format!("{COLUMNS} WHERE until_at > $1 AND since_at < $2 {ORDER}");
        let one = format!("{COLUMNS} WHERE until_at > $1 AND since_at < $2 AND agent = $3 {ORDER}");
        let query = match agent {
            Some(agent) => sqlx::query(sqlx::AssertSqlSafe(one)).bind(since.0).bind(until.0).bind(agent.to_owned()),
            None => sqlx::query(sqlx::AssertSqlSafe(all)).bind(since.0).bind(until.0),
        };
        let mut rows = query.fetch(&self.readers);
        let mut manners = Manners::default();
        while let Some(row) = rows.try_next().await? {
            if take(interval(&row)?).is_break() {
                break;
            }
            manners.row().await;
        }
        Ok(())
    }
}

fn interval(row: &AnyRow) -> Result<AgentInterval, StoreError> {
    Ok(AgentInterval {
        agent: AgentId::new(row.try_get("agent")?),
        state: row.try_get("state")?,
        reason: row.try_get("reason")?,
        call: row.try_get::<Option<String>, _>("call_id")?.and_then(|id| id.parse().ok()),
        queue: row.try_get::<Option<String>, _>("queue")?.map(|id| QueueId::new(&id)),
        from: Timestamp(row.try_get("since_at")?),
        to: Timestamp(row.try_get("until_at")?),
    })
}

#[cfg(test)]
mod tests {
    use super::super::Row;
    use super::super::tests::record;
    use super::*;
    use crate::base::{CallId, Rng};

    fn interval(agent: &str, state: &str, from: i64, to: i64) -> AgentInterval {
        let (from, to) = (Timestamp(from), Timestamp(to));
        let call = CallId::new(from, &mut Rng::new(9));
        AgentInterval {
            agent: agent.into(),
            state: state.into(),
            reason: Some("meal".into()),
            call: Some(call),
            queue: Some("service".into()),
            from,
            to,
        }
    }

    async fn intervals(store: &Store, since: i64, until: i64, agent: Option<&str>) -> Vec<AgentInterval> {
        let mut found = Vec::new();
        let each = store.each_interval(Time(since), Time(until), agent, |interval| {
            found.push(interval);
            ControlFlow::Continue(())
        });
        each.await.expect("reads");
        found
    }

    #[tokio::test]
    async fn agents_intervals_are_found_by_the_time_they_overlap_and_forgotten_with_the_records() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(folder.path()).await.expect("opens");
        let (ready, talking, other) =
            (interval("1001", "ready", 1_000, 5_000), interval("1001", "talking", 5_000, 9_000), interval("1002", "ready", 0, 90_000));
        // What a crash took back is told again, longer.
        let taken_back = AgentInterval { to: Timestamp(4_000), ..ready.clone() };
        for row in [&taken_back, &talking, &other, &ready] {
            store.try_push(Row::Interval(Box::new(row.clone()))).expect("room");
        }
        store.flush().await.expect("flushes");
        assert_eq!(intervals(&store, 0, 100_000, None).await, [ready.clone(), talking.clone(), other.clone()]);
        assert_eq!(
            intervals(&store, 5_000, 6_000, Some("1001")).await,
            std::slice::from_ref(&talking),
            "what ends where the time begins is not in it"
        );
        assert_eq!(intervals(&store, 4_999, 5_000, None).await, [ready, other.clone()]);
        store.close().await.expect("closes");
        let store = Store::open(folder.path()).await.expect("reopens");
        assert_eq!(store.forget(Time(50_000), 1).await.expect("forgets"), 1, "the one that ended first");
        assert_eq!(store.forget(Time(50_000), 10).await.expect("forgets"), 1);
        assert_eq!(intervals(&store, 0, 100_000, None).await, [other]);
    }

    #[tokio::test]
    async fn calls_of_a_time_are_those_of_which_something_happened_in_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(folder.path()).await.expect("opens");
        let mut rng = Rng::new(5);
        let records: Vec<_> = (0..5).map(|n| record(n * 100, &mut rng)).collect();
        for record in records.iter().rev() {
            store.try_push(Row::Call(Box::new(record.clone()))).expect("room");
        }
        store.flush().await.expect("flushes");
        // The calls are of 60 s each, 100 s apart.
        let start = records[0].arrived_at.0;
        for (since, until, expected) in [(0, 500, vec![0, 1, 2, 3, 4]), (60, 200, vec![0, 1]), (61, 200, vec![1]), (361, 400, vec![])] {
            let mut found = Vec::new();
            let each = store.each_call(Time(start + since * 1_000), Time(start + until * 1_000), |call| {
                found.push(call.id);
                ControlFlow::Continue(())
            });
            each.await.expect("reads");
            let expected: Vec<_> = expected.into_iter().map(|n: usize| records[n].id.to_string()).collect();
            assert_eq!(found, expected, "{since} to {until}");
        }
        let mut first = 0;
        let each = store.each_call(Time(0), Time(i64::MAX), |_| {
            first += 1;
            ControlFlow::Break(())
        });
        each.await.expect("reads");
        assert_eq!(first, 1, "it breaks off");
    }
}
