//! The file: how it is created, opened and versioned.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, SqliteConnection, SqlitePool,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions, SqliteSynchronous},
};

use super::{EmbeddedSettings, error};
use crate::QueueError;

/// Written into the file's header, so that no other database is taken for a queue: "USQU".
const APPLICATION_ID: i64 = 0x5553_5155;
const VERSION: i64 = 1;

/// Pages in the write-ahead log before a commit copies them into the file, which nearly always was done
/// beside it before.
const CHECKPOINT_PAGES: &str = "8000";
const LOG_BYTES_KEPT: &str = "33554432";

/// How long `SQLite` itself waits for a lock. It waits with growing pauses and without fairness;
/// whoever must get through asks again and again instead.
const LOCK_WAIT: Duration = Duration::from_millis(10);

/// Connections that read at the same time; they never wait for the writer.
const READERS: u32 = 3;

// These stay with the file. They come before the first table, and only then: later even to repeat
// them would wait for whoever writes.
const MODES: &str = "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL;";

// `consumer` names a row of `consumers` while the message is in its hand. Ids are never given
// twice, so that a late verdict cannot meet another message or another consumer.
//
// The body comes last: what lies behind it would be read through the pages that it overflows into.
const TABLES: &str = "
CREATE TABLE messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    queue TEXT NOT NULL,
    visible_at INTEGER NOT NULL,
    consumer INTEGER,
    attempts INTEGER NOT NULL DEFAULT 0,
    first_failed_at INTEGER,
    message_id TEXT NOT NULL,
    content_type TEXT NOT NULL,
    traceparent TEXT,
    body BLOB NOT NULL
) STRICT;
CREATE INDEX messages_ready ON messages (queue, visible_at) WHERE consumer IS NULL;
CREATE INDEX messages_leased ON messages (consumer) WHERE consumer IS NOT NULL;

CREATE TABLE dead_letters (
    id TEXT NOT NULL UNIQUE,
    queue TEXT NOT NULL,
    cause TEXT NOT NULL,
    by TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    first_failed_at INTEGER NOT NULL,
    dead_at INTEGER NOT NULL,
    message_id TEXT NOT NULL,
    content_type TEXT NOT NULL,
    traceparent TEXT,
    body BLOB NOT NULL
) STRICT;
CREATE INDEX dead_letters_of_queue ON dead_letters (queue, id);

CREATE TABLE owners (
    id TEXT PRIMARY KEY,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE consumers (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    owner TEXT NOT NULL,
    queue TEXT NOT NULL
) STRICT;
";

/// Creates the file where there is none, for its owner's eyes only: it holds personal data.
/// `SQLite` gives its log the same permissions.
pub(super) fn create_file(path: &Path) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

/// Opens the connection that writes, and creates the tables where there are none.
pub(super) async fn writer(
    path: &Path,
    settings: &EmbeddedSettings,
) -> Result<SqliteConnection, QueueError> {
    let options = options(path)
        .pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
        .pragma("journal_size_limit", LOG_BYTES_KEPT)
        .pragma("cache_size", "-16384")
        // Every statement stays prepared: there is one for each number of rows to publish.
        .statement_cache_capacity(256);
    let deadline = Instant::now() + settings.lock_wait;
    loop {
        // Another process may be creating the same file: setting the journal's mode does not wait.
        let opened = match options.connect().await {
            Ok(mut connection) => prepare(&mut connection, settings).await.map(|()| connection),
            Err(error) => Err(Refusal::Database(error)),
        };
        match opened {
            Ok(connection) => return Ok(connection),
            Err(Refusal::Database(e)) if error::is_busy(&e) && Instant::now() < deadline => {
                tokio::time::sleep(LOCK_WAIT).await;
            }
            Err(Refusal::Database(e)) => return Err(error::unavailable(&e)),
            Err(Refusal::Foreign(text)) => return Err(QueueError::Unavailable(text)),
        }
    }
}

/// Opens the connections that read.
pub(super) fn readers(path: &Path, settings: &EmbeddedSettings) -> SqlitePool {
    SqlitePoolOptions::new()
        .max_connections(READERS)
        .acquire_timeout(settings.lock_wait)
        .test_before_acquire(false)
        .connect_lazy_with(
            options(path).pragma("query_only", "ON").busy_timeout(settings.lock_wait),
        )
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(false)
        .busy_timeout(LOCK_WAIT)
        // Or else large answers would spill into files that anyone may find.
        .pragma("temp_store", "MEMORY")
        .disable_statement_logging()
}

enum Refusal {
    Database(sqlx::Error),
    Foreign(String),
}

impl From<sqlx::Error> for Refusal {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

async fn prepare(
    connection: &mut SqliteConnection,
    settings: &EmbeddedSettings,
) -> Result<(), Refusal> {
    if let Some(bytes) = settings.max_file_bytes {
        let page: i64 = number(connection, "PRAGMA page_size").await?;
        let pages = bytes / page.unsigned_abs().max(1);
        let limit = AssertSqlSafe(format!("PRAGMA max_page_count = {pages}"));
        sqlx::raw_sql(limit).execute(&mut *connection).await?;
    }
    if is_ours(connection).await? {
        return Ok(());
    }
    if number(connection, "SELECT count(*) FROM sqlite_master").await? > 0
        // Another process may just have made it ours.
        && !is_ours(connection).await?
    {
        return Err(Refusal::Foreign("the file holds another database, not a queue".into()));
    }
    sqlx::raw_sql(MODES).execute(&mut *connection).await?;
    let mut tx = connection.begin_with("BEGIN IMMEDIATE").await?;
    // Who waited for the lock may find the work done.
    if !is_ours(&mut tx).await? {
        sqlx::raw_sql(TABLES).execute(&mut *tx).await?;
        let mark = AssertSqlSafe(format!(
            "PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION};"
        ));
        sqlx::raw_sql(mark).execute(&mut *tx).await?;
    }
    tx.commit().await?;
    Ok(())
}

async fn is_ours(connection: &mut SqliteConnection) -> Result<bool, Refusal> {
    if number(connection, "PRAGMA application_id").await? != APPLICATION_ID {
        return Ok(false);
    }
    match number(connection, "PRAGMA user_version").await? {
        // The next version adds its step here.
        VERSION => Ok(true),
        other => Err(Refusal::Foreign(format!(
            "the file is of version {other}; this program reads version {VERSION}"
        ))),
    }
}

pub(super) async fn number(
    connection: &mut SqliteConnection,
    sql: &'static str,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(sql).fetch_one(connection).await
}
