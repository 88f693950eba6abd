//! What a database is like, found out without changing it: for whoever is about to start a service.

use std::collections::HashSet;

use sqlx::migrate::Migrator;

use crate::{StoreUrlError, open::file_of};

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// The database and its version.
    pub system: String,
    /// Whether the connection is encrypted; `None` for a file.
    pub encrypted: Option<bool>,
    /// Migrations that a start will make.
    pub pending: usize,
    /// Migrations of a later version, with which this one does not start.
    pub later: usize,
}

impl Inspection {
    pub(crate) fn new(
        system: String,
        encrypted: Option<bool>,
        ours: &Migrator,
        made: &[i64],
    ) -> Self {
        let made: HashSet<i64> = made.iter().copied().collect();
        let ours: HashSet<i64> = ours.iter().map(|migration| migration.version).collect();
        let (pending, later) = (ours.difference(&made).count(), made.difference(&ours).count());
        Self { system, encrypted, pending, later }
    }
}

/// Looks at the database that a URL names, as [`open()`](crate::open()) would open it.
pub async fn inspect(url: &str) -> Result<Inspection, StoreUrlError> {
    if let Some(path) = file_of(url) {
        return Ok(crate::sqlite::inspect(&path).await?);
    }
    match url.split_once(':') {
        #[cfg(feature = "postgres")]
        Some(("postgres" | "postgresql", _)) => Ok(crate::postgres::inspect(url).await?),
        _ => Err(StoreUrlError::Scheme(url.split(':').next().unwrap_or_default().to_owned())),
    }
}
