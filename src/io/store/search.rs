//! Which calls are looked for. Every filter is answered by one index that has all columns of it, in the order of ids: of a million calls it
//! is walked in a fraction of a second, and only those that are found are read.

use super::{Row, Store, StoreError, reader, sql};
use crate::io::facts;
use crate::io::shapes::{Call, Time};
use crate::qa::{Breach, breaches};
use crate::report::Terms;
use sqlx::any::AnyArguments;
use sqlx::query::Query;
use sqlx::{Any, AssertSqlSafe};

/// Calls of before that are completed at a time.
const COMPLETED_AT_ONCE: usize = 500;

/// Which calls. All that is given must hold.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct CallFilter {
    /// Who had a part in it.
    pub agent: Option<String>,
    pub queue: Option<String>,
    pub caller: Option<NumberPattern>,
    pub called: Option<NumberPattern>,
    /// The caller's or the one that he called.
    pub number: Option<NumberPattern>,
    pub direction: Option<String>,
    pub outcome: Option<String>,
    /// Only calls with a recording in this state, or with one at all for `any`.
    pub recording: Option<String>,
    /// Whose part ended first.
    pub first: Option<String>,
    /// Milliseconds of talk, from the first connection to the end: at least, and less than.
    pub longer: Option<i64>,
    pub shorter: Option<i64>,
    /// Milliseconds from the arrival to the first connection, or to the end: at least.
    pub waited: Option<i64>,
    pub broken: Option<Breach>,
    /// Scored below, and at or above.
    pub score_below: Option<f64>,
    pub score_above: Option<f64>,
    /// MOS of its worst leg in its worst minute: below.
    pub mos_below: Option<f64>,
    /// All of these are in one note on it.
    pub words: Vec<String>,
    /// Arrived at or after.
    pub since: Option<Time>,
    /// Arrived before.
    pub until: Option<Time>,
    /// Only ids before this one: where the page before ended.
    pub before: Option<String>,
}

/// A telephone number as it is looked for: whole, by its beginning (`138*`) or its end (`*5678`).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NumberPattern {
    Whole(String),
    Begins(String),
    Ends(String),
    /// By its last digits, as far as a mask shows them: of a number of [`SHORT`] digits four are not shown, and four do not find it.
    Tail(String),
}

/// Digits of a number of whose end three are shown, and not four.
const SHORT: usize = 7;

impl NumberPattern {
    /// `None` when it has letters that no number has.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (inner, pattern): (&str, fn(String) -> Self) = match (text.strip_prefix('*'), text.strip_suffix('*')) {
            (_, Some(begins)) if !begins.is_empty() => (begins, Self::Begins),
            (Some(ends), _) if !ends.is_empty() => (ends, Self::Ends),
            _ => (text, Self::Whole),
        };
        // None of these means anything to LIKE.
        let is_number = inner.len() <= 64
            && inner.bytes().any(|b| b.is_ascii_alphanumeric())
            && inner.bytes().all(|b| b.is_ascii_alphanumeric() || b"+*#-.".contains(&b));
        is_number.then(|| pattern(inner.to_owned()))
    }
}

impl NumberPattern {
    #[must_use]
    pub fn matches(&self, number: &str) -> bool {
        match self {
            Self::Whole(whole) => number == whole,
            Self::Begins(begins) => number.starts_with(begins),
            Self::Ends(ends) => number.ends_with(ends),
            Self::Tail(ends) => number.ends_with(ends) && (ends.len() < 4 || number.trim_start_matches('+').len() != SHORT),
        }
    }
}

impl From<&str> for NumberPattern {
    fn from(number: &str) -> Self {
        Self::Whole(number.to_owned())
    }
}

enum Value {
    Text(String),
    Whole(i64),
    Number(f64),
}

/// A WHERE clause that grows; its text is made of constants, its values are bound.
#[derive(Default)]
pub(super) struct Where {
    conditions: Vec<String>,
    values: Vec<Value>,
}

impl Where {
    /// `condition` has `?` where the value goes, once or twice.
    fn and(&mut self, condition: &'static str, value: Option<Value>) {
        if let Some(value) = value {
            self.values.push(value);
            self.conditions.push(condition.replace('?', &format!("${}", self.values.len())));
        }
    }

    pub fn text(&mut self, condition: &'static str, value: Option<&str>) {
        self.and(condition, value.map(|value| Value::Text(value.to_owned())));
    }

    fn number(&mut self, conditions: [&'static str; 3], pattern: Option<&NumberPattern>) {
        let [whole, like, masked] = conditions;
        match pattern {
            None => {}
            Some(NumberPattern::Whole(number)) => self.and(whole, Some(Value::Text(number.clone()))),
            Some(NumberPattern::Begins(begins)) => self.and(like, Some(Value::Text(format!("{begins}%")))),
            Some(NumberPattern::Ends(ends)) => self.and(like, Some(Value::Text(format!("%{ends}")))),
            Some(NumberPattern::Tail(ends)) => self.and(if ends.len() < 4 { like } else { masked }, Some(Value::Text(format!("%{ends}")))),
        }
    }

    pub fn sql(&self) -> String {
        if self.conditions.is_empty() { String::new() } else { format!("WHERE {}", self.conditions.join(" AND ")) }
    }

    pub fn bind(self, mut query: Query<'_, Any, AnyArguments>) -> Query<'_, Any, AnyArguments> {
        for value in self.values {
            query = match value {
                Value::Text(text) => query.bind(text),
                Value::Whole(number) => query.bind(number),
                Value::Number(number) => query.bind(number),
            };
        }
        query
    }
}

impl CallFilter {
    fn conditions(&self) -> Where {
        let whole = |value: Option<i64>| value.map(Value::Whole);
        let mut wanted = Where::default();
        wanted.text("id IN (SELECT call_id FROM call_agents WHERE agent = ?)", self.agent.as_deref());
        wanted.text("queue = ?", self.queue.as_deref());
        wanted.number(["caller = ?", "caller LIKE ?", "(caller LIKE ? AND LENGTH(LTRIM(caller, '+')) <> 7)"], self.caller.as_ref());
        wanted.number(["called = ?", "called LIKE ?", "(called LIKE ? AND LENGTH(LTRIM(called, '+')) <> 7)"], self.called.as_ref());
        let either = "(caller LIKE ? AND LENGTH(LTRIM(caller, '+')) <> 7 OR called LIKE ? AND LENGTH(LTRIM(called, '+')) <> 7)";
        wanted.number(["(caller = ? OR called = ?)", "(caller LIKE ? OR called LIKE ?)", either], self.number.as_ref());
        wanted.text("direction = ?", self.direction.as_deref());
        wanted.text("outcome = ?", self.outcome.as_deref());
        match self.recording.as_deref() {
            // Every state sorts after nothing, NULL nowhere.
            Some("any") => wanted.text("recording_state > ?", Some("")),
            state => wanted.text("recording_state = ?", state),
        }
        wanted.text("left_first = ?", self.first.as_deref());
        wanted.and("talk_ms >= ?", whole(self.longer));
        wanted.and("talk_ms < ?", whole(self.shorter));
        wanted.and("wait_ms >= ?", whole(self.waited));
        wanted.and("(broken & ?) <> 0", self.broken.map(|breach| Value::Whole(breach.bit().into())));
        wanted.and("id IN (SELECT call_id FROM work WHERE kind = 'score' AND number < ?)", self.score_below.map(Value::Number));
        wanted.and("id IN (SELECT call_id FROM work WHERE kind = 'score' AND number >= ?)", self.score_above.map(Value::Number));
        wanted.and("mos_min < ?", self.mos_below.map(|below| Value::Whole(sql::hundredths(below))));
        for word in &self.words {
            let escaped = word.to_lowercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
            wanted.text("id IN (SELECT call_id FROM work WHERE kind = 'note' AND words LIKE ? ESCAPE '\\')", Some(&format!("%{escaped}%")));
        }
        wanted.and("arrived_at >= ?", whole(self.since.map(|time| time.0)));
        wanted.and("arrived_at < ?", whole(self.until.map(|time| time.0)));
        wanted.text("id < ?", self.before.as_deref());
        wanted
    }
}

fn ids(wanted: &Where, limit: usize) -> String {
    format!("SELECT id FROM calls {} ORDER BY id DESC LIMIT {limit}", wanted.sql())
}

impl Store {
    /// At most `limit` calls, newest first.
    ///
    /// # Errors
    /// What the database said.
    pub async fn calls(&self, filter: &CallFilter, limit: usize) -> Result<Vec<Call>, StoreError> {
        let wanted = filter.conditions();
        let sql = format!("SELECT record, {} FROM calls WHERE id IN ({}) ORDER BY id DESC", reader::HOLD, ids(&wanted, limit));
        let rows = wanted.bind(sqlx::query(AssertSqlSafe(sql))).fetch_all(&self.readers).await?;
        rows.iter().map(reader::call_with_hold).collect()
    }

    /// Calls of before it was kept with them what rules they broke are given it, by these terms: a page of them after the other, as the
    /// journal takes them. Gives how many; called again it goes on where it ended.
    ///
    /// # Errors
    /// What the database said.
    pub async fn completed(&self, terms: &Terms) -> Result<u64, StoreError> {
        let mut done = 0;
        loop {
            self.flush().await?;
            let sql =
                format!("SELECT record FROM calls WHERE broken IS NULL AND released_at IS NOT NULL ORDER BY id LIMIT {COMPLETED_AT_ONCE}");
            let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(&self.readers).await?;
            if rows.is_empty() {
                return Ok(done);
            }
            for mut call in rows.iter().map(reader::call).collect::<Result<Vec<_>, _>>()? {
                // One whose words this version does not know broke none that it knows.
                let broken = facts::record(&call).map(|record| breaches(&record, terms)).unwrap_or_default();
                call.broken = broken.names().map(str::to_owned).collect();
                self.try_push(Row::Mended(Box::new(call))).map_err(|_| StoreError::Closed)?;
                done += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::record;
    use super::*;
    use crate::base::Rng;
    use crate::base::time::millis;
    use sqlx::{Executor, Row as _};

    impl Store {
        /// How SQLite would look for them.
        async fn plan_of(&self, filter: &CallFilter) -> Result<String, StoreError> {
            let wanted = filter.conditions();
            let sql = format!("EXPLAIN QUERY PLAN {}", ids(&wanted, 50));
            let rows = wanted.bind(sqlx::query(AssertSqlSafe(sql))).fetch_all(&self.readers).await?;
            Ok(rows.iter().map(|row| row.try_get::<String, _>("detail")).collect::<Result<Vec<_>, _>>()?.join("; "))
        }
    }

    async fn opened() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(folder.path()).await.expect("opens");
        (folder, store)
    }

    #[tokio::test]
    async fn searches_walk_the_index_that_has_all_columns() {
        let (_folder, store) = opened().await;
        for filter in [
            CallFilter { queue: Some("service".into()), longer: Some(60_000), ..CallFilter::default() },
            CallFilter { number: Some(NumberPattern::Ends("5678".into())), ..CallFilter::default() },
            CallFilter { mos_below: Some(3.6), ..CallFilter::default() },
            CallFilter { outcome: Some("failed".into()), since: Some(Time(0)), ..CallFilter::default() },
        ] {
            let plan = store.plan_of(&filter).await.expect("explains");
            assert!(plan.contains("USING COVERING INDEX calls_found"), "{filter:?}: {plan}");
        }
    }

    #[tokio::test]
    async fn calls_of_before_are_completed_where_the_last_start_ended() {
        let (_folder, store) = opened().await;
        let mut rng = Rng::new(5);
        for n in 0..3 {
            store.try_push(Row::Call(Box::new(record(n, &mut rng)))).expect("room");
        }
        store.flush().await.expect("flushes");
        let mut connection = store.database.connect().await.expect("connects");
        connection.execute("UPDATE calls SET broken = NULL").await.expect("forgets");
        let terms = crate::report::Terms {
            service_level: millis(20_000),
            short_abandon: millis(5_000),
            rings: 3,
            patience: millis(7_000),
            resolved_after: millis(1_000),
            greeted_within: millis(2_000),
        };
        let abandoned = CallFilter { broken: Some(crate::qa::Breach::Abandoned), ..CallFilter::default() };
        assert_eq!(store.calls(&abandoned, 10).await.expect("reads").len(), 0);
        assert_eq!(store.completed(&terms).await.expect("completes"), 3);
        let found = store.calls(&abandoned, 10).await.expect("reads");
        assert_eq!((found.len(), &found[0].broken[..]), (1, &["abandoned".to_owned()][..]));
        assert_eq!(store.completed(&terms).await.expect("completes"), 0);
    }
}
