//! SQLite: one file, one writer, several readers.
//!
//! Writes go through one connection, each a transaction begun with `BEGIN IMMEDIATE`: what is read in
//! it stays true until its end, in this process and in every other that has the file open. Reads have
//! connections of their own, and long ones (exports) a second set, so that neither waits for the
//! other.

mod accounts;
mod claims;
mod error;
mod export;
mod known;
mod logins;
mod notifications;
mod open;
mod overview;
#[cfg(test)]
mod plans;
mod record;
mod registrations;
mod reports;
mod row;
mod schedules;
mod templates;
mod time;
mod users;

pub(crate) use open::inspect;

use std::{path::Path, time::Duration};

use sqlx::{Sqlite, SqlitePool, Transaction};

use crate::StoreError;
use error::StoreResult;

/// How long a statement waits for another process's write.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a call waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
const READERS: u32 = 4;
const EXPORTS: u32 = 4;

/// A store in a SQLite file. Cheap to clone.
#[derive(Clone, Debug)]
pub struct SqliteStore {
    writer: SqlitePool,
    readers: SqlitePool,
    exports: SqlitePool,
}

/// A write that is under way.
type Tx = Transaction<'static, Sqlite>;

impl SqliteStore {
    /// Opens the file, and creates it with its folder where there is none; brings its schema up to
    /// date. Several processes may have one file open, and open it at once.
    ///
    /// The file is for its owner alone (mode 0600). A commit is on the disk when it returns.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        open::open(path).await
    }

    /// Begins a write.
    async fn begin(&self) -> Result<Tx, StoreError> {
        self.writer.begin_with("BEGIN IMMEDIATE").await.store()
    }
}
