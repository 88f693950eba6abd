//! Picks the SQL backend by the URL.

use std::{path::PathBuf, sync::Arc};

use crate::{SqliteStore, Store, StoreError};

/// Why a database URL cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreUrlError {
    /// No backend for the scheme.
    #[error(
        "the scheme {0:?} has no database behind it; use sqlite:, as in sqlite:var/userstream.db, or \
         postgres:, as in postgres://USER:PASSWORD@HOST:5432/userstream"
    )]
    Scheme(String),
    /// A SQLite file has no replica.
    #[error("only PostgreSQL has a read replica")]
    NoReplica,
    /// The replica's URL cannot be used.
    #[error("{0}")]
    Replica(StoreError),
    /// The backend did not open.
    #[error(transparent)]
    Open(#[from] StoreError),
}

/// Opens the database that a URL names and brings its schema up to date.
///
/// `sqlite:PATH` is a SQLite file. `postgres://…` (or `postgresql://…`) is a server: it may be away, and
/// the store is returned at once; it answers [`StoreError::Unavailable`] until it has connected, which
/// it does by itself. A new backend adds its line here, its folder beside `sqlite`, its migrations, and
/// its call of the conformance suite in `tests/`.
pub async fn open(url: &str) -> Result<Arc<dyn Store>, StoreUrlError> {
    open_with_replica(url, None).await
}

/// The same, with a replica of the database to read lists and exports from.
pub async fn open_with_replica(
    url: &str,
    read_replica_url: Option<&str>,
) -> Result<Arc<dyn Store>, StoreUrlError> {
    if let Some(path) = file_of(url) {
        return match read_replica_url {
            Some(_) => Err(StoreUrlError::NoReplica),
            None => Ok(Arc::new(SqliteStore::open(&path).await?)),
        };
    }
    match url.split_once(':') {
        #[cfg(feature = "postgres")]
        Some(("postgres" | "postgresql", _)) => {
            if let Some(url) = read_replica_url {
                crate::postgres::check_url(url).map_err(StoreUrlError::Replica)?;
            }
            let settings = crate::PostgresSettings {
                url: url.to_owned(),
                read_replica_url: read_replica_url.map(str::to_owned),
            };
            Ok(Arc::new(crate::PostgresStore::open_later(&settings)?))
        }
        _ => Err(StoreUrlError::Scheme(url.split(':').next().unwrap_or_default().to_owned())),
    }
}

/// The file that the SQLite database of a URL is; `None` where another backend is named.
pub fn file_of(url: &str) -> Option<PathBuf> {
    let path = url.strip_prefix("sqlite:")?;
    let path = path.strip_prefix("//").unwrap_or(path);
    // `?mode=rwc` and the like is what other programs want to be told.
    Some(PathBuf::from(path.split('?').next().unwrap_or_default()))
}
