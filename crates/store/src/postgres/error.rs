//! What an error of PostgreSQL means to a caller.

use sqlx::migrate::MigrateError;

use super::ACQUIRE_TIMEOUT;
use crate::StoreError;

/// Classes of SQLSTATE (<https://www.postgresql.org/docs/current/errcodes-appendix.html>) that pass by
/// themselves or when a person makes room: connection exception, insufficient resources, system error.
const AWAY_CLASSES: [&str; 3] = ["08", "53", "58"];
/// Codes that do: a server that is being stopped, crashed or starts, one that became a replica, a
/// statement that took too long, and a transaction that lost against another again and again.
const AWAY: [&str; 7] = ["57P01", "57P02", "57P03", "25006", "57014", "40001", "40P01"];
/// Codes of a transaction that lost against another, and may win the next time.
const LOST: [&str; 2] = ["40001", "40P01"];
const UNIQUE_VIOLATION: &str = "23505";

/// Why a call could not be answered, for whoever may try it again.
#[derive(Debug)]
pub(super) enum Fault {
    /// The driver said so.
    Sql(sqlx::Error),
    /// It was judged already.
    Store(StoreError),
    /// What was read is no longer so; from the beginning.
    Again,
}

impl From<sqlx::Error> for Fault {
    fn from(error: sqlx::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Sql(error) => judge(&error),
            Fault::Store(error) => error,
            Fault::Again => {
                Self::Unavailable("others changed the same rows again and again".into())
            }
        }
    }
}

/// What became of a migration.
pub(super) fn migrated(result: Result<(), MigrateError>) -> Result<(), StoreError> {
    result.map_err(|e| match e {
        MigrateError::Execute(e) | MigrateError::ExecuteMigration(e, _) => judge(&e),
        MigrateError::VersionMissing(version) => StoreError::Failed(format!(
            "the database has migration {version}, which this version does not know: it was \
             written by a newer one"
        )),
        other => StoreError::Failed(other.to_string()),
    })
}

pub(super) fn judge(error: &sqlx::Error) -> StoreError {
    match error {
        sqlx::Error::PoolTimedOut => StoreError::Unavailable(format!(
            "no connection to the database within {} s",
            ACQUIRE_TIMEOUT.as_secs()
        )),
        // `Protocol` is how a connection looks that ends before it has begun, as one through a proxy
        // does while the server behind it is away.
        sqlx::Error::PoolClosed | sqlx::Error::Io(_) | sqlx::Error::Protocol(_) => {
            StoreError::Unavailable(error.to_string())
        }
        sqlx::Error::Database(e) if e.code().is_some_and(|code| is_away(&code)) => {
            StoreError::Unavailable(e.message().to_owned())
        }
        // The message alone: its details may quote a row.
        sqlx::Error::Database(e) => StoreError::Failed(e.message().to_owned()),
        other => StoreError::Failed(other.to_string()),
    }
}

fn is_away(code: &str) -> bool {
    AWAY.contains(&code) || code.get(..2).is_some_and(|class| AWAY_CLASSES.contains(&class))
}

fn has_code(error: &sqlx::Error, codes: &[&str]) -> bool {
    error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code)
        .is_some_and(|code| codes.contains(&&*code))
}

/// Whether the other end of a connection has gone.
pub(super) fn is_dead(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Io(_)) || has_code(error, &["57P01", "57P02", "08003", "08006"])
}

/// Whether the transaction was rolled back for another's sake.
pub(super) fn is_lost(error: &sqlx::Error) -> bool {
    has_code(error, &LOST)
}

/// Whether a value is there already that may be there once.
pub(super) fn is_taken(error: &sqlx::Error) -> bool {
    has_code(error, &[UNIQUE_VIOLATION])
}

#[cfg(test)]
mod tests {
    use super::{is_away, judge};
    use crate::StoreError;

    #[test]
    fn a_connection_that_ends_before_it_has_begun_is_an_outage() {
        let error = sqlx::Error::Protocol("unexpected response from SSLRequest: 0x00".into());
        assert!(matches!(judge(&error), StoreError::Unavailable(_)));
    }

    #[test]
    fn what_passes_is_an_outage() {
        // connection failure, too many connections, disk full, shutting down, starting, deadlock
        let away = ["08006", "53300", "53100", "57P01", "57P03", "40P01"];
        assert!(away.into_iter().all(is_away));
        // wrong password, unknown database, unknown table, unique violation
        assert!(!["28P01", "3D000", "42P01", "23505", "", "5"].into_iter().any(is_away));
    }
}
