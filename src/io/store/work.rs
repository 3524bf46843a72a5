//! What people write beside the calls: notes, marks, searches that they keep, scores. One table for all of it, and one way into it, so that
//! each kind is as safe as a call's record. What a kind's body says is its own; here it is JSON.

use super::{Store, StoreError};
use crate::io::shapes::Time;
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, Row as _};

/// The kinds, by the names under which they are kept.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WorkKind {
    /// A text on a call, or on a moment of it.
    Note,
    /// A search that somebody keeps.
    Search,
    /// Somebody who is signed in.
    Session,
    /// A call's score by a scorecard.
    Score,
    /// A call that somebody is to score.
    Task,
    /// Several score one call.
    Calibration,
    /// An agent's objection to a score, and its answer.
    Appeal,
    /// What an agent is to do better.
    Coaching,
}

impl WorkKind {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Search => "search",
            Self::Session => "session",
            Self::Score => "score",
            Self::Task => "task",
            Self::Calibration => "calibration",
            Self::Appeal => "appeal",
            Self::Coaching => "coaching",
        }
    }
}

/// A document. `kind` and `id` name it; writing it again replaces it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Work {
    pub kind: WorkKind,
    /// ULID, so that ids are in order of time; of a session the hash of its token.
    pub id: String,
    /// The call that it is about.
    pub call: Option<String>,
    /// Whom or what else it is about: an agent, a scorecard.
    pub subject: Option<String>,
    pub who: String,
    pub at: Time,
    /// What it is found by as a number: a score.
    pub number: Option<f64>,
    /// What it is found by as words.
    pub words: Option<String>,
    pub body: serde_json::Value,
}

/// A row of the journal: a document as it is now, or that it is no more.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) enum WorkRow {
    Written(Box<Work>),
    Gone { kind: WorkKind, id: String },
}

/// Which documents of a kind. All that is given must hold.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct WorkFilter {
    pub call: Option<String>,
    pub subject: Option<String>,
    pub who: Option<String>,
    /// At or after, and before.
    pub since: Option<Time>,
    pub until: Option<Time>,
    /// Only ids before this one: where the page before ended.
    pub before: Option<String>,
}

const COLUMNS: &str = "kind, id, call_id, subject, who, at, number, words, body";

impl Store {
    /// # Errors
    /// What the database said.
    pub async fn work(&self, kind: WorkKind, id: &str) -> Result<Option<Work>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM work WHERE kind = $1 AND id = $2");
        let row = sqlx::query(AssertSqlSafe(sql)).bind(kind.name()).bind(id.to_owned()).fetch_optional(&self.readers).await?;
        row.as_ref().map(|row| read(kind, row)).transpose()
    }

    /// At most `limit` documents, those with the latest ids first.
    ///
    /// # Errors
    /// What the database said.
    pub async fn works(&self, kind: WorkKind, filter: &WorkFilter, limit: usize) -> Result<Vec<Work>, StoreError> {
        let texts = [("call_id =", &filter.call), ("subject =", &filter.subject), ("who =", &filter.who), ("id <", &filter.before)];
        let times = [("at >=", filter.since), ("at <", filter.until)];
        let given_texts: Vec<_> = texts.iter().filter_map(|(condition, value)| Some((condition, value.as_ref()?))).collect();
        let given_times: Vec<_> = times.iter().filter_map(|(condition, value)| Some((condition, value.as_ref()?.0))).collect();
        let conditions = given_texts.iter().map(|(condition, _)| **condition).chain(given_times.iter().map(|(condition, _)| **condition));
        let conditions: String = conditions.enumerate().map(|(n, condition)| format!(" AND {condition} ${}", n + 2)).collect();
        let sql = format!("SELECT {COLUMNS} FROM work WHERE kind = $1{conditions} ORDER BY id DESC LIMIT {limit}");
        let mut query = sqlx::query(AssertSqlSafe(sql)).bind(kind.name());
        for (_, text) in given_texts {
            query = query.bind(text.clone());
        }
        for (_, time) in given_times {
            query = query.bind(time);
        }
        query.fetch_all(&self.readers).await?.iter().map(|row| read(kind, row)).collect()
    }
}

fn read(kind: WorkKind, row: &AnyRow) -> Result<Work, StoreError> {
    Ok(Work {
        kind,
        id: row.try_get("id")?,
        call: row.try_get("call_id")?,
        subject: row.try_get("subject")?,
        who: row.try_get("who")?,
        at: Time(row.try_get("at")?),
        number: row.try_get("number")?,
        words: row.try_get("words")?,
        body: serde_json::from_str(&row.try_get::<String, _>("body")?)?,
    })
}

/// Words are kept in small letters, so that they are found however they are written.
pub(super) async fn put(db: &mut AnyConnection, row: &WorkRow) -> Result<(), StoreError> {
    let query = match row {
        WorkRow::Written(work) => sqlx::query(
            "INSERT INTO work (kind, id, call_id, subject, who, at, number, words, body) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
             ON CONFLICT (kind, id) DO UPDATE SET call_id = excluded.call_id, subject = excluded.subject, who = excluded.who, \
             at = excluded.at, number = excluded.number, words = excluded.words, body = excluded.body",
        )
        .bind(work.kind.name())
        .bind(work.id.as_str())
        .bind(work.call.as_deref())
        .bind(work.subject.as_deref())
        .bind(work.who.as_str())
        .bind(work.at.0)
        .bind(work.number)
        .bind(work.words.as_ref().map(|words| words.to_lowercase()))
        .bind(serde_json::to_string(&work.body)?),
        WorkRow::Gone { kind, id } => sqlx::query("DELETE FROM work WHERE kind = $1 AND id = $2").bind(kind.name()).bind(id.as_str()),
    };
    query.execute(&mut *db).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::Row;
    use super::*;

    #[tokio::test]
    async fn what_people_write_is_found_by_what_it_is_about_and_survives_a_restart() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(folder.path()).await.expect("opens");
        let note = |id: &str, call: &str, who: &str, words: &str| Work {
            kind: WorkKind::Note,
            id: id.to_owned(),
            call: Some(call.to_owned()),
            subject: None,
            who: who.to_owned(),
            at: Time(7),
            number: None,
            words: Some(words.to_owned()),
            body: serde_json::json!({"text": words}),
        };
        for work in [note("1", "A", "li", "Refund"), note("2", "A", "wang", "late"), note("3", "B", "li", "loud")] {
            store.try_push(Row::Work(Box::new(work))).expect("room");
        }
        store.try_push(Row::Work(Box::new(note("2", "A", "wang", "later")))).expect("room");
        store.try_push(Row::WorkGone { kind: WorkKind::Note, id: "3".to_owned() }).expect("room");
        store.flush().await.expect("flushes");
        store.close().await.expect("closes");
        let store = Store::open(folder.path()).await.expect("opens");
        let ids = async |filter: WorkFilter| -> Vec<String> {
            store.works(WorkKind::Note, &filter, 10).await.expect("reads").into_iter().map(|work| work.id).collect()
        };
        assert_eq!(ids(WorkFilter::default()).await, ["2", "1"]);
        assert_eq!(ids(WorkFilter { call: Some("A".into()), who: Some("li".into()), ..WorkFilter::default() }).await, ["1"]);
        assert_eq!(
            ids(WorkFilter { before: Some("2".into()), since: Some(Time(7)), until: Some(Time(8)), ..WorkFilter::default() }).await,
            ["1"]
        );
        assert_eq!(ids(WorkFilter { since: Some(Time(8)), ..WorkFilter::default() }).await, Vec::<String>::new());
        let later = store.work(WorkKind::Note, "2").await.expect("reads").expect("is there");
        assert_eq!((later.words.as_deref(), later.body["text"].as_str()), (Some("later"), Some("later")));
        assert_eq!(store.work(WorkKind::Search, "2").await.expect("reads"), None);
    }
}
