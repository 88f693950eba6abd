//! The file: how it is created, opened and versioned.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use rusqlite::{Connection, OpenFlags, Result, Row, TransactionBehavior};

use super::{EmbeddedSettings, error};
use crate::{Message, QueueError};

/// Written into the file's header, so that no other database is taken for a queue: "USQU".
const APPLICATION_ID: i64 = 0x5553_5155;
const VERSION: i64 = 4;

/// Pages in the write-ahead log before a commit copies them into the file, which nearly always was done
/// beside it before.
const CHECKPOINT_PAGES: i64 = 8000;
const LOG_BYTES_KEPT: i64 = 32 << 20;
/// Pages that the writer keeps in memory; a negative number is KiB.
const CACHE: i64 = -16_384;
/// Statements that stay prepared: all there are.
const STATEMENTS: usize = 32;

/// How long `SQLite` itself waits for a lock. It waits with growing pauses and without fairness;
/// whoever must get through asks again and again instead.
const LOCK_WAIT: Duration = Duration::from_millis(10);

// These stay with the file. They come before the first table, and only then: later even to repeat
// them would wait for whoever writes.
const MODES: &str = "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL;";

// `consumer` names a row of `consumers` while the message is in its hand. Consumers' ids are never given
// twice, so that a late verdict meets nobody else's message.
//
// What nearly every message has alike takes no space: its queue is a number, and no content type is that
// of one event. Each page less is one less to write and sync before a caller is answered.
//
// A row may hold several events (`pack`): then `pending` says which of them are to be done yet, `events` how
// many these are, and the body has what each event has of its own.
//
// The body comes last: what lies behind it would be read through the pages that it overflows into.
const MESSAGES: &str = "
CREATE TABLE messages (
    id INTEGER PRIMARY KEY,
    queue INTEGER NOT NULL,
    visible_at INTEGER NOT NULL,
    consumer INTEGER,
    attempts INTEGER NOT NULL DEFAULT 0,
    first_failed_at INTEGER,
    events INTEGER NOT NULL DEFAULT 1,
    pending INTEGER,
    message_id TEXT,
    content_type TEXT,
    traceparent TEXT,
    body BLOB NOT NULL
) STRICT;
CREATE INDEX messages_ready ON messages (queue, visible_at, id, events) WHERE consumer IS NULL;
CREATE INDEX messages_leased ON messages (consumer, events) WHERE consumer IS NOT NULL;
";

const TABLES: &str = "
CREATE TABLE queues (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE dead_letters (
    id TEXT NOT NULL UNIQUE,
    queue TEXT NOT NULL,
    cause TEXT NOT NULL,
    by TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    first_failed_at INTEGER NOT NULL,
    dead_at INTEGER NOT NULL,
    message_id TEXT NOT NULL,
    content_type TEXT,
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

/// From a file of version 2, whose rows were one message each.
const UPGRADE: [&str; 3] = [
    "DROP INDEX messages_ready; DROP INDEX messages_leased;
    ALTER TABLE messages RENAME TO single_messages",
    MESSAGES,
    "INSERT INTO messages (id, queue, visible_at, consumer, attempts, first_failed_at,
        message_id, content_type, traceparent, body)
    SELECT id, queue, visible_at, consumer, attempts, first_failed_at,
        message_id, content_type, traceparent, body
    FROM single_messages;
    DROP TABLE single_messages",
];

/// Creates the file where there is none, for its owner's eyes only: it holds personal data.
/// `SQLite` gives its log the same permissions.
pub(super) fn create_file(path: &Path) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    // One that is there is not opened: closing it would give up the locks of all connections that this
    // process has to it.
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    if options.open(path).is_err() && !path.is_file() {
        // A link to where no file is yet; of anything else this says what is wrong.
        options.create_new(false).create(true).truncate(false).open(path)?;
    }
    Ok(())
}

/// Opens the connection that writes, and creates the tables where there are none. Waits while others
/// create them.
pub(super) fn writer(path: &Path, settings: &EmbeddedSettings) -> Result<Connection, QueueError> {
    let deadline = Instant::now() + settings.lock_wait;
    loop {
        // Another process may be creating the same file: setting the journal's mode does not wait.
        match open_writer(path, settings) {
            Ok(connection) => return Ok(connection),
            Err(Refusal::Database(e)) if error::is_busy(&e) && Instant::now() < deadline => {
                std::thread::sleep(LOCK_WAIT);
            }
            Err(Refusal::Database(e)) => return Err(error::unavailable(&e)),
            Err(Refusal::Foreign(text)) => return Err(QueueError::Unavailable(text)),
        }
    }
}

fn open_writer(path: &Path, settings: &EmbeddedSettings) -> Result<Connection, Refusal> {
    let mut connection = connect(path, LOCK_WAIT)?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    connection.pragma_update(None, "journal_size_limit", LOG_BYTES_KEPT)?;
    connection.pragma_update(None, "cache_size", CACHE)?;
    prepare(&mut connection, settings)?;
    Ok(connection)
}

/// Opens a connection that reads; it never waits for the writer.
pub(super) fn reader(path: &Path, settings: &EmbeddedSettings) -> Result<Connection> {
    let connection = connect(path, settings.lock_wait)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

fn connect(path: &Path, lock_wait: Duration) -> Result<Connection> {
    // No name is a URL, and each connection is used by one thread at a time.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(lock_wait)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", false)?;
    // Or else large answers would spill into files that anyone may find.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(connection)
}

enum Refusal {
    Database(rusqlite::Error),
    Foreign(String),
}

impl From<rusqlite::Error> for Refusal {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

fn prepare(connection: &mut Connection, settings: &EmbeddedSettings) -> Result<(), Refusal> {
    bound(connection, settings, 0)?;
    let found = version(connection)?;
    if found == VERSION {
        return Ok(());
    }
    if found == 0 {
        connection.execute_batch(MODES)?;
    }
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Who waited for the lock may find the work done.
    match version(&tx)? {
        0 => {
            tx.execute_batch(MESSAGES)?;
            tx.execute_batch(TABLES)?;
            tx.pragma_update(None, "application_id", APPLICATION_ID)?;
        }
        2 => UPGRADE.iter().try_for_each(|sql| tx.execute_batch(sql))?,
        // Its rows are read as they are: none was compressed.
        3 => {}
        _ => return Ok(()),
    }
    tx.pragma_update(None, "user_version", VERSION)?;
    tx.commit()?;
    Ok(())
}

/// Keeps the file within its bound, if it has one, and so many pages below that.
pub(super) fn bound(
    connection: &Connection,
    settings: &EmbeddedSettings,
    pages_below: u64,
) -> Result<()> {
    if let Some(bytes) = settings.max_file_bytes {
        let page = number(connection, "PRAGMA page_size")?;
        let pages = (bytes / page.unsigned_abs().max(1)).saturating_sub(pages_below).max(1);
        number(connection, &format!("PRAGMA max_page_count = {pages}"))?;
    }
    Ok(())
}

/// The version of the file; 0 where there is nothing in it yet.
fn version(connection: &Connection) -> Result<i64, Refusal> {
    // In this order: another process may make it ours at any moment.
    if number(connection, "SELECT count(*) FROM sqlite_master")? == 0 {
        return Ok(0);
    }
    if number(connection, "PRAGMA application_id")? != APPLICATION_ID {
        return Err(Refusal::Foreign("the file holds another database, not a queue".into()));
    }
    match number(connection, "PRAGMA user_version")? {
        known @ 2..=VERSION => Ok(known),
        other => Err(Refusal::Foreign(format!(
            "the file is of version {other}; this program reads versions 2 to {VERSION}"
        ))),
    }
}

pub(super) fn number(connection: &Connection, sql: &str) -> Result<i64> {
    connection.query_row(sql, [], |row| row.get(0))
}

/// A message from its four columns, the first of which is number `at`.
pub(super) fn message(row: &Row<'_>, at: usize) -> Result<Message> {
    Ok(Message {
        id: row.get(at)?,
        content_type: row
            .get_ref(at + 1)?
            .as_str_or_null()?
            .map_or(Message::EVENT.into(), Message::known_type),
        traceparent: row.get(at + 2)?,
        body: row.get::<_, Vec<u8>>(at + 3)?.into(),
    })
}

/// A number of rows, for a statement.
pub(super) fn count(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}
