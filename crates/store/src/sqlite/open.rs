//! Opening a file: its folder, its mode, its schema.

use std::{io, path::Path, sync::LazyLock};

use sqlx::{
    Connection, SqliteConnection,
    migrate::Migrator,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::{
    ACQUIRE_TIMEOUT, BUSY_TIMEOUT, EXPORTS, READERS, SqliteStore, error::StoreResult, users,
};
use crate::{Inspection, StoreError, sql::migrations::migrations};

/// The numbered migrations, compiled in.
static MIGRATIONS: LazyLock<Migrator> = migrations!(
    "sqlite": "0001_users", "0002_notification_logs", "0003_report_logs", "0004_accounts",
    "0005_notification_attempts", "0006_templates", "0007_schedules", "0008_recipients",
    "0009_logins", "0010_deleted_reports",
);

/// How often, and how far apart, to ask for what SQLite's own busy timeout does not wait for: another
/// process that turns the file to WAL at this moment, or closes it as the last.
const OPEN_ATTEMPTS: u32 = 50;
const OPEN_PAUSE: std::time::Duration = std::time::Duration::from_millis(100);

pub(super) async fn open(path: &Path) -> Result<SqliteStore, StoreError> {
    let named = |e: StoreError| match e {
        StoreError::Unavailable(e) => StoreError::Unavailable(format!("{}: {e}", path.display())),
        StoreError::Failed(e) => StoreError::Failed(format!("{}: {e}", path.display())),
    };
    let file = create(path).await.map_err(|e| named(StoreError::Unavailable(e.to_string())))?;
    let options = SqliteConnectOptions::new()
        .filename(file)
        .foreign_keys(true)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY_TIMEOUT)
        .pragma("cache_size", "-16000")
        // Pages are written home in larger lots than by default: a batch changes more than a thousand.
        .pragma("wal_autocheckpoint", "8000");
    prepare(&options.clone().journal_mode(SqliteJournalMode::Wal)).await.map_err(named)?;

    let pool = |size| {
        SqlitePoolOptions::new()
            .max_connections(size)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .max_lifetime(None)
            // The connection is in this process: there is nothing that could have hung up.
            .test_before_acquire(false)
    };
    let reading = options.clone().pragma("query_only", "ON").pragma("cache_size", "-4000");
    Ok(SqliteStore {
        // Opened here and now: its thread has the priority of whoever opens it.
        writer: pool(1).idle_timeout(None).connect_with(options).await.store().map_err(named)?,
        readers: pool(READERS).idle_timeout(None).connect_lazy_with(reading.clone()),
        exports: pool(EXPORTS).connect_lazy_with(reading.row_buffer_size(256)),
    })
}

/// Makes the folder and an empty file where there is none; returns the absolute path, which SQLite
/// reads as nothing but a path.
async fn create(path: &Path) -> io::Result<std::path::PathBuf> {
    if path.as_os_str().is_empty() || path == Path::new(":memory:") {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "a database needs a file, as in sqlite:var/userstream.db",
        ));
    }
    let path = std::path::absolute(path)?;
    if let Some(folder) = path.parent() {
        tokio::fs::create_dir_all(folder).await?;
    }
    // One that is there is not opened: closing it would give up the locks of all connections that this
    // process has to it.
    let mut options = tokio::fs::OpenOptions::new();
    options.write(true).create_new(true);
    // SQLite gives the files beside it the same mode.
    #[cfg(unix)]
    options.mode(0o600);
    if options.open(&path).await.is_err() && !path.is_file() {
        // A link to where no file is yet; of anything else this says what is wrong.
        options.create_new(false).create(true).truncate(false).open(&path).await?;
    }
    Ok(path)
}

/// Turns the file to WAL, brings the schema up to date, and folds what other programs wrote.
async fn prepare(options: &SqliteConnectOptions) -> Result<(), StoreError> {
    let mut connection = connect(options).await?;
    // The migrator knows no lock on SQLite; the write transaction is one, and makes all of it one step.
    let mut tx = connection.begin_with("BEGIN IMMEDIATE").await.store()?;
    // `run` would do the same, but its future cannot be sent to another thread.
    MIGRATIONS.run_direct(None, &mut *tx, false).await.store()?;
    users::fold_unfolded(&mut tx).await?;
    tx.commit().await.store()?;
    connection.close().await.store()
}

/// Looks at a file, which need not be there.
pub(crate) async fn inspect(path: &Path) -> Result<Inspection, StoreError> {
    let exists = path.metadata().is_ok_and(|file| file.len() > 0);
    let options = SqliteConnectOptions::new();
    let options =
        if exists { options.filename(path).read_only(true) } else { options.in_memory(true) };
    let mut connection = connect(&options.busy_timeout(BUSY_TIMEOUT)).await?;
    let version: String =
        sqlx::query_scalar("SELECT sqlite_version()").fetch_one(&mut connection).await.store()?;
    let kept: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = '_sqlx_migrations')",
    )
    .fetch_one(&mut connection)
    .await
    .store()?;
    let made = if kept {
        sqlx::query_scalar("SELECT version FROM _sqlx_migrations WHERE success")
            .fetch_all(&mut connection)
            .await
            .store()?
    } else {
        Vec::new()
    };
    Ok(Inspection::new(format!("SQLite {version}"), None, &MIGRATIONS, &made))
}

async fn connect(options: &SqliteConnectOptions) -> Result<SqliteConnection, StoreError> {
    let mut attempt = 1;
    loop {
        match SqliteConnection::connect_with(options).await.store() {
            Err(StoreError::Unavailable(_)) if attempt < OPEN_ATTEMPTS => {
                attempt += 1;
                tokio::time::sleep(OPEN_PAUSE).await;
            }
            result => return result,
        }
    }
}
