//! The short numbers of recordings, by which they are heard by phone. A recording is given the next as its call is first written with one, and
//! keeps it as long as its record is kept; beside the record, because the switch writes that.

use super::{Store, StoreError, reader};
use crate::base::ReplayNumber;
use crate::io::shapes::Call;
use sqlx::{AnyConnection, AssertSqlSafe, Row as _};

/// Calls that are asked about in one statement.
const AT_ONCE: usize = 48;

/// Gives those of the calls a number that have a recording and none yet: the calls are written already.
pub(super) async fn put_numbers(db: &mut AnyConnection, calls: &[(&Call, &str)]) -> Result<(), StoreError> {
    let recorded: Vec<&str> = calls.iter().filter(|(call, _)| call.recording.is_some()).map(|(call, _)| call.id.as_str()).collect();
    for some in recorded.chunks(AT_ONCE) {
        let places: Vec<String> = (1..=some.len()).map(|place| format!("${place}")).collect();
        let sql = format!(
            "SELECT id FROM calls WHERE id IN ({}) AND NOT EXISTS (SELECT 1 FROM recording_numbers WHERE call_id = calls.id) ORDER BY id",
            places.join(", ")
        );
        let query = some.iter().fold(sqlx::query(AssertSqlSafe(sql)), |query, id| query.bind(*id));
        for row in query.fetch_all(&mut *db).await? {
            sqlx::query("INSERT INTO recording_numbers (number, call_id) SELECT COALESCE(MAX(number) + 1, 0), $1 FROM recording_numbers")
                .bind(row.try_get::<String, _>("id")?)
                .execute(&mut *db)
                .await?;
        }
    }
    Ok(())
}

/// As the database has it.
pub(super) fn read(count: i64) -> Option<u64> {
    u64::try_from(count).ok().map(|count| ReplayNumber::of_count(count).keyed())
}

impl Store {
    /// The number of that call's recording, if it has one.
    ///
    /// # Errors
    /// What the database said.
    pub async fn replay_number(&self, call: &str) -> Result<Option<u64>, StoreError> {
        let row = sqlx::query("SELECT number FROM recording_numbers WHERE call_id = $1").bind(call).fetch_optional(&self.readers).await?;
        Ok(row.map(|row| row.try_get("number")).transpose()?.and_then(read))
    }

    /// The call whose recording has that number.
    ///
    /// # Errors
    /// What the database said.
    pub async fn call_of_number(&self, number: ReplayNumber) -> Result<Option<Call>, StoreError> {
        let Ok(count) = i64::try_from(number.count()) else { return Ok(None) };
        let sql = "SELECT record FROM calls WHERE id = (SELECT call_id FROM recording_numbers WHERE number = $1)";
        let row = sqlx::query(sql).bind(count).fetch_optional(&self.readers).await?;
        row.as_ref().map(reader::call).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::record;
    use super::super::{CallFilter, Row};
    use super::*;
    use crate::base::{Rng, Timestamp};
    use crate::call::record::{RecordingRecord, RecordingState};
    use crate::io::shapes::Time;

    #[tokio::test]
    async fn each_recording_has_one_number_that_outlives_restarts_and_goes_with_its_record() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut store = Store::open(folder.path()).await.expect("opens");
        let mut rng = Rng::new(5);
        let recording = RecordingRecord {
            file: "2026/11/21/X.wav".to_owned(),
            duration: crate::base::time::secs(9),
            sha256: None,
            state: RecordingState::Open,
            reason: None,
        };
        let calls: Vec<_> = (0..4).map(|n| record(n, &mut rng)).collect();
        for (n, call) in calls.iter().enumerate() {
            // The second is not recorded, and each is written several times.
            for state in [RecordingState::Open, RecordingState::Missing] {
                let recording = Some(RecordingRecord { state, ..recording.clone() }).filter(|_| n != 1);
                store.try_push(Row::Call(Box::new(crate::call::record::CallRecord { recording, ..call.clone() }))).expect("room");
            }
            if n == 2 {
                store.flush().await.expect("flushes");
                store.close().await.expect("closes");
                store = Store::open(folder.path()).await.expect("opens");
            }
        }
        store.flush().await.expect("flushes");
        let mut numbers = Vec::new();
        for call in &calls {
            numbers.push(store.replay_number(&call.id.to_string()).await.expect("reads"));
        }
        assert_eq!(numbers, [Some(1000), None, Some(1001), Some(1002)]);
        let number = ReplayNumber::parse("1001").expect("a number");
        let found = store.call_of_number(number).await.expect("reads").expect("is there");
        assert_eq!(found.id, calls[2].id.to_string());
        assert_eq!(store.call_of_number(ReplayNumber::of_count(3)).await.expect("reads"), None);
        let listed = store.calls(&CallFilter::default(), 10).await.expect("reads");
        let shown: Vec<_> = listed.iter().filter_map(|call| call.recording.as_ref()?.replay_number).collect();
        assert_eq!(shown, [1002, 1001, 1000]);
        let over = Time::from(Timestamp(i64::MAX));
        while store.forget(over, 10).await.expect("forgets") > 0 {}
        assert_eq!(store.call_of_number(number).await.expect("reads"), None);
    }
}
