//! The sessions that there are, each a document of the store besides: a restart signs nobody out.
//!
//! What lives here: how sessions come and go, what is written of one, and what a start reads. What must not: when one is over.

use super::{Ended, Key, Session, Sessions, millis};
use crate::base::limits::{SESSION_WRITTEN_EVERY, SESSIONS_MAX, SESSIONS_PATIENCE};
use crate::base::{Timestamp, UserId};
use crate::config::Config;
use crate::io::shapes::Time;
use crate::io::store::{Row, Store, Work, WorkFilter, WorkKind};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

/// Sessions come by `put` and go by `take` alone.
#[derive(Default, Debug)]
pub(super) struct Kept {
    pub(super) open: BTreeMap<Key, Session>,
    /// `None`: in memory alone.
    store: Option<Store>,
    /// Documents that the store could not take away when it should: it is told again, lest who signed out be in after a restart.
    owed: BTreeSet<String>,
}

/// What a start goes on with.
#[derive(Debug)]
pub struct Restored {
    pub sessions: Sessions,
    /// They were over by then.
    pub over: Vec<Ended>,
}

/// What is written of a session; the token's hash is the document's id.
#[derive(Serialize, Deserialize)]
struct Body {
    fingerprint: String,
    opened_at: Time,
    seen_at: Time,
}

impl Kept {
    pub(super) fn put(&mut self, key: Key, session: Session) {
        self.write(&key, &session);
        self.open.insert(key, session);
    }

    pub(super) fn take(&mut self, key: &Key) -> Option<Session> {
        let session = self.open.remove(key)?;
        self.forget(hex(key));
        Some(session)
    }

    /// Takes away the one that was not used for longest, among those that are meant.
    pub(super) fn take_longest_unused(&mut self, is_meant: impl Fn(&Session) -> bool) -> Option<Ended> {
        let oldest = self.open.iter().filter(|(_, session)| is_meant(session)).min_by_key(|(_, session)| session.seen_at);
        let key = oldest.map(|(key, _)| *key)?;
        self.take(&key).map(|session| Ended { user: session.user, why: "too many were open" })
    }

    /// Somebody uses it now.
    pub(super) fn see(&mut self, key: &Key, now: Timestamp) -> Option<Session> {
        let session = self.open.get_mut(key)?;
        session.seen_at = session.seen_at.max(now);
        let is_due = session.seen_at.0 - session.written_at.0 >= millis(SESSION_WRITTEN_EVERY);
        if is_due {
            session.written_at = session.seen_at;
        }
        let session = session.clone();
        if is_due {
            self.write(key, &session);
        }
        Some(session)
    }

    /// A session that cannot be written goes on; it ends with the switch, unless a later use is written.
    fn write(&mut self, key: &Key, session: &Session) {
        let Some(store) = &self.store else { return };
        if store.try_push(Row::Work(Box::new(document(key, session)))).is_err() {
            tracing::debug!(user = %session.user, "a session cannot be kept now: it may be over with the next restart");
            return;
        }
        // There is room again.
        while let Some(id) = self.owed.pop_first() {
            if !self.forget(id) {
                return;
            }
        }
    }

    /// Whether the store has taken it.
    fn forget(&mut self, id: String) -> bool {
        let Some(store) = &self.store else { return true };
        let is_told = store.try_push(Row::WorkGone { kind: WorkKind::Session, id: id.clone() }).is_ok();
        if !is_told && self.owed.len() < SESSIONS_MAX {
            self.owed.insert(id);
        }
        is_told
    }
}

impl Sessions {
    /// Those that `store` has, without those that are over by now. None when it cannot tell soon, or not with certainty: a database that
    /// is behind its journal may not know yet who has signed out.
    pub async fn restored(store: &Store, config: &Config, now: Timestamp) -> Restored {
        let reading = async {
            store.flush().await?;
            store.works(WorkKind::Session, &WorkFilter::default(), SESSIONS_MAX).await
        };
        let read = match tokio::time::timeout(SESSIONS_PATIENCE, reading).await {
            Ok(read) => read.map_err(|error| error.to_string()),
            Err(_) => Err("it takes too long".to_owned()),
        };
        let documents = read.unwrap_or_else(|error| {
            tracing::warn!(error, "sessions cannot be read from the database: everybody has to sign in again");
            Vec::new()
        });
        let mut kept = Kept { store: Some(store.clone()), ..Kept::default() };
        let mut over = Vec::new();
        for work in documents {
            match session(&work, now) {
                Some((key, session)) => match session.is_over(config, now) {
                    None => drop(kept.open.insert(key, session)),
                    Some(why) => {
                        kept.forget(work.id);
                        over.push(Ended { user: session.user, why });
                    }
                },
                None => drop(kept.forget(work.id)),
            }
        }
        Restored { sessions: Sessions(Mutex::new(kept)), over }
    }
}

fn document(key: &Key, session: &Session) -> Work {
    let body = Body { fingerprint: hex(&session.fingerprint), opened_at: session.opened_at.into(), seen_at: session.seen_at.into() };
    Work {
        kind: WorkKind::Session,
        id: hex(key),
        call: None,
        subject: None,
        who: session.user.to_string(),
        at: session.opened_at.into(),
        number: None,
        words: None,
        body: serde_json::to_value(body).expect("texts are JSON"),
    }
}

/// `None`: this version cannot read it. No use is later than now, even when the clock was.
fn session(work: &Work, now: Timestamp) -> Option<(Key, Session)> {
    let body: Body = serde_json::from_value(work.body.clone()).ok()?;
    let seen_at = Timestamp(body.seen_at.0).min(now);
    let session = Session {
        user: UserId::new(work.who.as_str()),
        fingerprint: unhex(&body.fingerprint)?,
        opened_at: Timestamp(body.opened_at.0).min(now),
        seen_at,
        written_at: seen_at,
    };
    Some((unhex(&work.id)?, session))
}

fn hex(key: &Key) -> String {
    key.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Key> {
    let mut key = Key::default();
    if text.len() != 2 * key.len() {
        return None;
    }
    for (byte, digits) in key.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::super::tests::config;
    use super::*;

    const MINUTE: i64 = 60_000;

    async fn open(folder: &tempfile::TempDir, name: &str) -> Store {
        Store::open(&folder.path().join(name)).await.expect("opens")
    }

    #[tokio::test]
    async fn a_use_is_written_once_in_ten_minutes_and_a_start_goes_on_from_it() {
        let (folder, config) = (tempfile::tempdir().expect("a folder"), config());
        let store = open(&folder, "data").await;
        let sessions = Sessions::restored(&store, &config, Timestamp(0)).await.sessions;
        let (token, ..) = sessions.open(&config.users["li-qa"], &config, Timestamp(0)).expect("randomness");
        let (idle, ..) = sessions.open(&config.users["ops"], &config, Timestamp(0)).expect("randomness");
        for (minute, written) in [(9, 0), (10, 10), (19, 10), (21, 21)] {
            sessions.find(&token, &config, Timestamp(minute * MINUTE)).expect("in use");
            store.flush().await.expect("flushes");
            let filter = WorkFilter { who: Some("li-qa".into()), ..WorkFilter::default() };
            let all = store.works(WorkKind::Session, &filter, 10).await.expect("reads");
            assert_eq!(all.len(), 1);
            assert_eq!(all[0].body["seen_at"], Time(written * MINUTE).to_string(), "{minute}");
            assert!(!format!("{:?}", all[0]).contains(&token), "the token itself is nowhere");
        }
        let unreadable = Work { id: "x".into(), ..document(&[7; 32], &sessions.all().open.values().next().expect("one").clone()) };
        store.try_push(Row::Work(Box::new(unreadable))).expect("room");

        let noon = Timestamp(12 * 60 * MINUTE);
        let restored = Sessions::restored(&store, &config, noon).await;
        assert_eq!(restored.over, [Ended { user: "ops".into(), why: "it was idle or open for too long" }]);
        let expires_at = restored.sessions.find(&token, &config, noon).expect("goes on").expires_at;
        assert_eq!(expires_at, Timestamp(24 * 60 * MINUTE));
        assert_eq!(restored.sessions.find(&idle, &config, noon), Err(None));
        store.flush().await.expect("flushes");
        assert_eq!(store.works(WorkKind::Session, &WorkFilter::default(), 10).await.expect("reads").len(), 1);
    }

    #[tokio::test]
    async fn a_store_that_takes_nothing_stops_no_sign_in_and_hears_later_who_has_signed_out() {
        let (folder, config) = (tempfile::tempdir().expect("a folder"), config());
        let (ended, store) = (open(&folder, "ended").await, open(&folder, "data").await);
        let sessions = Sessions::restored(&store, &config, Timestamp(0)).await.sessions;
        let (_, out, _) = sessions.open(&config.users["li-qa"], &config, Timestamp(0)).expect("randomness");
        ended.close().await.expect("closes");
        sessions.all().store = Some(ended);
        let (token, ..) = sessions.open(&config.users["ops"], &config, Timestamp(0)).expect("randomness");
        assert!(sessions.find(&token, &config, Timestamp(1)).is_ok() && sessions.close(&out.key));

        sessions.all().store = Some(store.clone());
        let (later, ..) = sessions.open(&config.users["admin"], &config, Timestamp(2)).expect("randomness");
        let restored = Sessions::restored(&store, &config, Timestamp(3)).await.sessions;
        assert_eq!(restored.all().open.len(), 1, "who has signed out is out");
        assert!(restored.find(&later, &config, Timestamp(3)).is_ok());
        // A use writes what the store did not take.
        sessions.find(&token, &config, Timestamp(10 * MINUTE)).expect("in use");
        assert!(
            Sessions::restored(&store, &config, Timestamp(10 * MINUTE))
                .await
                .sessions
                .find(&token, &config, Timestamp(10 * MINUTE))
                .is_ok()
        );
    }

    #[test]
    fn hashes_are_read_as_they_are_written() {
        let key: Key = std::array::from_fn(|n| u8::try_from(n * 8).expect("small"));
        assert_eq!(unhex(&hex(&key)), Some(key));
        for text in ["", "00", &"g0".repeat(32), &"é".repeat(32)] {
            assert_eq!(unhex(text), None, "{text}");
        }
    }
}
