//! PostgreSQL: one primary for what is written, several processes on it, and perhaps a replica to read
//! lists and exports from.
//!
//! A call waits for nothing that is away: a store may be opened before its database is there, and
//! answers [`StoreError::Unavailable`] until it is connected and migrated, and whenever it is not.
//! Writes are transactions of a few statements over arrays. What two of them want is locked in one
//! order; one that lost against another nevertheless is begun again, and so is a call whose pooled
//! connection turned out to be dead.

mod accounts;
mod all_new;
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
mod retry;
mod row;
mod schedules;
mod settings;
mod state;
mod templates;
mod users;

pub(crate) use open::inspect;
pub use settings::PostgresSettings;
pub(crate) use settings::check_url;

use std::{sync::Arc, time::Duration};

use sqlx::{PgPool, Postgres, Transaction, postgres::PgConnectOptions};

use crate::StoreError;
use error::{Fault, is_dead};

/// How long a call waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// Connections for calls.
const CONNECTIONS: u32 = 10;
/// Exports at a time, each on a connection of its own.
const EXPORTS: usize = 4;

/// A store in a PostgreSQL database. Cheap to clone.
#[derive(Clone, Debug)]
pub struct PostgresStore {
    /// Where everything is written, and read that must be true now.
    work: PgPool,
    /// Where lists are read: a replica, if there is one.
    lists: PgPool,
    exports: Arc<export::Exports>,
    primary: Arc<PgConnectOptions>,
    connected: state::Connected,
    streak: all_new::Streak,
}

/// A write that is under way.
type Tx = Transaction<'static, Postgres>;

impl PostgresStore {
    /// Connects, and brings the schema up to date. Several processes may have one database open, and
    /// open it at once.
    pub async fn open(settings: &PostgresSettings) -> Result<Self, StoreError> {
        let store = Self::open_later(settings)?;
        store.connected.first_result().await?;
        Ok(store)
    }

    /// Returns at once, and connects by itself as soon as the database is there, after an outage too.
    /// An error is one of the settings. To be called within a Tokio runtime.
    pub fn open_later(settings: &PostgresSettings) -> Result<Self, StoreError> {
        open::open_later(settings)
    }

    /// The connections to the primary, once there are any.
    async fn work(&self) -> Result<&PgPool, Fault> {
        self.connected.first_result().await.map_err(state::as_outage)?;
        Ok(&self.work)
    }

    /// The connections for lists, once there are any.
    async fn lists(&self) -> Result<&PgPool, Fault> {
        self.work().await?;
        Ok(&self.lists)
    }

    /// Begins a write.
    ///
    /// Connections are not tried before they are used; a dead one fails here, where nothing has
    /// happened yet, and the next is taken.
    async fn begin(&self) -> Result<Tx, Fault> {
        let pool = self.work().await?;
        let mut others = CONNECTIONS;
        loop {
            // In a task of its own, which goes on when the caller hangs up: the driver does not know of a
            // transaction whose beginning was cut short, and would hand its connection on with it.
            let pool = pool.clone();
            let begun = tokio::spawn(async move { pool.begin().await }).await;
            match begun.map_err(|e| StoreError::Unavailable(e.to_string()))? {
                Err(e) if others > 0 && is_dead(&e) => others -= 1,
                result => return Ok(result?),
            }
        }
    }
}
