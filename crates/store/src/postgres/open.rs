//! Connecting, and bringing the schema up to date.

use std::{
    future::pending,
    sync::{Arc, LazyLock},
    time::Duration,
};

use sqlx::{
    Connection, Executor, PgConnection, PgPool,
    migrate::Migrator,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::sync::watch;

use super::{
    ACQUIRE_TIMEOUT, CONNECTIONS, PostgresSettings, PostgresStore,
    all_new::Streak,
    error::{judge, migrated},
    export::Exports,
    settings::parse,
    state::{Connected, State},
    users,
};
use crate::{Inspection, StoreError, sql::migrations::migrations};

/// The numbered migrations, compiled in. Those of several processes wait for each other by an advisory
/// lock.
static MIGRATIONS: LazyLock<Migrator> = migrations!(
    "postgres": "0001_users", "0002_notification_logs", "0003_report_logs", "0004_accounts",
    "0005_notification_attempts", "0006_templates", "0007_schedules", "0008_recipients",
    "0009_logins", "0010_deleted_reports",
);

/// For every connection that answers calls.
///
/// Plans are kept, and one that was made for an empty table must be good for a full one: no statement
/// here is better off reading a whole table or building a hash of it, and a page comes in the order of
/// an index rather than of a bitmap that is sorted when all of it has been read.
const CALLS: &str = "
    SET statement_timeout = '30s';
    SET idle_in_transaction_session_timeout = '60s';
    SET enable_seqscan = off;
    SET enable_hashjoin = off;
    SET enable_mergejoin = off;
    SET enable_bitmapscan = off;
    SET max_parallel_workers_per_gather = 0;
    SET jit = off";

/// How long one attempt to connect may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Between two attempts, at first and at the most.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// How often to look for rows that other programs wrote.
const FOLDING: Duration = Duration::from_mins(1);

pub(super) fn open_later(settings: &PostgresSettings) -> Result<PostgresStore, StoreError> {
    let primary = parse(&settings.url)?;
    let replica = settings.read_replica_url.as_deref().map(parse).transpose()?;
    let work = pool(&primary);
    let (told, connected) = Connected::new();
    tokio::spawn(tend(told, primary.clone(), work.clone()));
    Ok(PostgresStore {
        lists: replica.as_ref().map_or_else(|| work.clone(), pool),
        exports: Arc::new(Exports::new(replica.unwrap_or_else(|| primary.clone()))),
        primary: Arc::new(primary),
        work,
        connected,
        streak: Streak::default(),
    })
}

fn pool(options: &PgConnectOptions) -> PgPool {
    PgPoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        // A call that meets a dead connection takes another; asking each time would cost every call.
        .test_before_acquire(false)
        .after_connect(|connection, _| {
            Box::pin(async move { connection.execute(CALLS).await.map(drop) })
        })
        .connect_lazy_with(options.clone())
}

/// Connects, and looks after the rows of other programs from then on; ends with the store.
async fn tend(told: watch::Sender<State>, options: PgConnectOptions, pool: PgPool) {
    let work = async {
        prepare_at_last(&told, &options).await;
        loop {
            if let Err(error) = users::fold_unfolded(&pool).await {
                tracing::debug!(%error, "rows of other programs are folded later");
            }
            tokio::time::sleep(FOLDING).await;
        }
    };
    tokio::select! {
        () = told.closed() => {}
        () = work => pending().await,
    }
}

/// Tries until it succeeds; each reason why it does not is logged once.
async fn prepare_at_last(told: &watch::Sender<State>, options: &PgConnectOptions) {
    let (mut pause, longest) = PAUSES;
    let mut logged = String::new();
    loop {
        let error = match prepare(options).await {
            Ok(()) => {
                if !logged.is_empty() {
                    tracing::info!("connected to the database");
                }
                told.send_replace(State::Ready);
                return;
            }
            Err(error) => error,
        };
        let text = error.to_string();
        if text != logged {
            match &error {
                StoreError::Unavailable(_) => tracing::warn!(%error, "waiting for the database"),
                StoreError::Failed(_) => tracing::error!(%error, "the database cannot be used"),
            }
            logged = text;
        }
        told.send_replace(State::Away(error));
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(longest);
    }
}

/// Brings the schema up to date.
async fn prepare(options: &PgConnectOptions) -> Result<(), StoreError> {
    let mut connection = connect(options, CONNECT_TIMEOUT).await?;
    let encoding: String = sqlx::query_scalar("SHOW server_encoding")
        .fetch_one(&mut connection)
        .await
        .map_err(|e| judge(&e))?;
    if encoding != "UTF8" {
        return Err(StoreError::Failed(format!(
            "the database's encoding is {encoding}, which cannot hold every name; make one with \
             ENCODING 'UTF8'"
        )));
    }
    // "already exists, skipping" is what is meant to happen.
    connection.execute("SET client_min_messages = warning").await.map_err(|e| judge(&e))?;
    // `run` would do the same, but its future cannot be sent to another thread. Where it fails, the
    // lock goes with the connection.
    migrated(MIGRATIONS.run_direct(None, &mut connection, false).await)?;
    // What was to be done is done.
    let _ = connection.close().await;
    Ok(())
}

/// Looks at a database, which must be there.
pub(crate) async fn inspect(url: &str) -> Result<Inspection, StoreError> {
    const ABOUT: &str = "
        SELECT current_setting('server_version'),
               coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false),
               to_regclass('_sqlx_migrations') IS NOT NULL";
    const MADE: &str = "SELECT version FROM _sqlx_migrations WHERE success";
    let mut connection = connect(&parse(url)?, CONNECT_TIMEOUT).await?;
    let about = sqlx::query_as(ABOUT).fetch_one(&mut connection).await;
    let (version, encrypted, kept): (String, bool, bool) = about.map_err(|e| judge(&e))?;
    let made = if kept {
        sqlx::query_scalar(MADE).fetch_all(&mut connection).await.map_err(|e| judge(&e))?
    } else {
        Vec::new()
    };
    let _ = connection.close().await;
    Ok(Inspection::new(format!("PostgreSQL {version}"), Some(encrypted), &MIGRATIONS, &made))
}

/// One connection of its own, within a time.
pub(super) async fn connect(
    options: &PgConnectOptions,
    limit: Duration,
) -> Result<PgConnection, StoreError> {
    match tokio::time::timeout(limit, PgConnection::connect_with(options)).await {
        Ok(result) => result.map_err(|e| judge(&e)),
        Err(_) => Err(StoreError::Unavailable(format!(
            "the database did not take a connection within {} s",
            limit.as_secs()
        ))),
    }
}
