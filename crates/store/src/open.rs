//! Picks the SQL backend by the URL.

use std::{path::PathBuf, sync::Arc};

use crate::{SqliteStore, Store, StoreError};

/// Why a database URL cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreUrlError {
    /// No backend for the scheme.
    #[error(
        "the scheme {0:?} has no database behind it; use sqlite:, as in sqlite:var/userstream.db"
    )]
    Scheme(String),
    /// The backend did not open.
    #[error(transparent)]
    Open(#[from] StoreError),
}

/// Opens the database that a URL names and brings its schema up to date.
///
/// `sqlite:PATH` is a SQLite file. A new backend adds its line here, its folder beside `sqlite`, its
/// migrations, and its call of the conformance suite in `tests/`.
pub async fn open(url: &str) -> Result<Arc<dyn Store>, StoreUrlError> {
    match url.split_once(':') {
        Some(("sqlite", path)) => {
            let path = path.strip_prefix("//").unwrap_or(path);
            // `?mode=rwc` and the like is what other programs want to be told.
            let path = PathBuf::from(path.split('?').next().unwrap_or_default());
            Ok(Arc::new(SqliteStore::open(&path).await?))
        }
        _ => Err(StoreUrlError::Scheme(url.split(':').next().unwrap_or_default().to_owned())),
    }
}
