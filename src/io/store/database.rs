//! The database's file: where it is, how to connect, and what is done when it is damaged.

use super::{StoreError, schema, sql};
use sqlx::{AnyConnection, Connection, Executor};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A database up to this size is looked through at each start: 0.2 s. A larger one when a damage was met while it ran.
const LOOKED_THROUGH_MAX: u64 = 64 << 20;

/// Where the database is and how to connect.
#[derive(Debug)]
pub(super) struct Database {
    path: PathBuf,
    pub url: String,
    busy_timeout: Duration,
    /// Pages it may have; tests make it small.
    pages_max: Option<u32>,
}

impl Database {
    pub fn new(path: PathBuf, busy_timeout: Duration, pages_max: Option<u32>) -> Self {
        Self { url: url(&path), path, busy_timeout, pages_max }
    }

    /// A connection that writes.
    pub async fn connect(&self) -> Result<AnyConnection, sqlx::Error> {
        let mut connection = AnyConnection::connect(&self.url).await?;
        // NORMAL: a power cut may cost the last transactions, but the journal forgets none before the write-ahead log is synced.
        // Room for the pages that a second of the highest load touches, and a log of 16 MiB, so that a page that changes with every call is
        // written back once for many.
        let mut pragmas = format!(
            "PRAGMA busy_timeout = {}; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -8192; \
             PRAGMA wal_autocheckpoint = 4000",
            self.busy_timeout.as_millis()
        );
        if let Some(pages) = self.pages_max {
            pragmas.push_str(&format!("; PRAGMA max_page_count = {pages}"));
        }
        connection.execute(sqlx::AssertSqlSafe(pragmas)).await?;
        Ok(connection)
    }

    /// Brings the tables up to date; returns a connection and up to which number the journal is applied. A damaged database is moved aside
    /// and a new one made in its place, which `notices` tells.
    pub async fn prepare(&self, notices: &mut Vec<String>) -> Result<(AnyConnection, u64), StoreError> {
        match self.up_to_date().await {
            Ok(prepared) => {
                let _ = std::fs::remove_file(self.mark_of_suspicion());
                Ok(prepared)
            }
            Err(error) if error.is_corruption() => {
                let aside = self.move_aside().map_err(StoreError::System)?;
                let _ = std::fs::remove_file(self.mark_of_suspicion());
                notices.push(format!(
                    "the database {} is damaged ({error}) and was moved to {}; a new one was made and what the journal still has was \
                     written to it. Recordings are untouched. `sqlite3 {} .recover` shows what can be read of the old one",
                    self.path.display(),
                    aside.display(),
                    aside.display()
                ));
                self.up_to_date().await
            }
            Err(error) => Err(error),
        }
    }

    async fn up_to_date(&self) -> Result<(AnyConnection, u64), StoreError> {
        let length = std::fs::metadata(&self.path).map_or(0, |metadata| metadata.len());
        let suspect = self.mark_of_suspicion().exists();
        let mut connection = self.connect().await?;
        if length > 0 && (suspect || length <= LOOKED_THROUGH_MAX) {
            sql::look_through(&mut connection).await?;
        }
        schema::migrator().run(&mut connection).await.map_err(StoreError::Migration)?;
        let applied = sql::applied(&mut connection).await?;
        Ok((connection, applied))
    }

    /// Remembers for the next start that a damage was met.
    pub fn suspect(&self) {
        if let Err(error) = std::fs::write(self.mark_of_suspicion(), "") {
            tracing::warn!(%error, "that the database is damaged cannot be noted for the next start");
        }
    }

    fn mark_of_suspicion(&self) -> PathBuf {
        self.beside("suspect")
    }

    /// `sanling.db.WHAT`.
    fn beside(&self, what: &str) -> PathBuf {
        let mut path = self.path.clone().into_os_string();
        path.push(".");
        path.push(what);
        path.into()
    }

    /// The database with its write-ahead log, which belongs to it.
    fn move_aside(&self) -> std::io::Result<PathBuf> {
        let aside = self.beside(&format!("corrupt-{}", jiff::Timestamp::now().strftime("%Y%m%dT%H%M%S%3fZ")));
        for suffix in ["-wal", "-shm", ""] {
            let with = |path: &Path| {
                let mut path = path.as_os_str().to_owned();
                path.push(suffix);
                PathBuf::from(path)
            };
            match std::fs::rename(with(&self.path), with(&aside)) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(aside)
    }
}

/// The path as a URL, whatever letters it has.
fn url(path: &Path) -> String {
    let mut url = String::from("sqlite://");
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' | b'~' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => url.push(char::from(*byte)),
            other => url.push_str(&format!("%{other:02X}")),
        }
    }
    url + "?mode=rwc"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_folder_name_makes_a_url() {
        assert_eq!(url(Path::new("/srv/三 a?%#.db")), "sqlite:///srv/%E4%B8%89%20a%3F%25%23.db?mode=rwc");
    }
}
