//! What an error of SQLite means to a caller.

use sqlx::migrate::MigrateError;

use crate::StoreError;

/// SQLite's primary result codes (<https://www.sqlite.org/rescode.html>) that pass by themselves or
/// when a person makes room: busy, locked, I/O error, full, cannot open, protocol.
const AWAY: [u32; 6] = [5, 6, 10, 13, 14, 15];

/// Turns a driver's result into a store's.
pub(super) trait StoreResult<T> {
    /// The same, with the driver's error judged.
    fn store(self) -> Result<T, StoreError>;
}

impl<T> StoreResult<T> for Result<T, sqlx::Error> {
    fn store(self) -> Result<T, StoreError> {
        self.map_err(|e| judge(&e))
    }
}

impl<T> StoreResult<T> for Result<T, MigrateError> {
    fn store(self) -> Result<T, StoreError> {
        self.map_err(|e| match e {
            MigrateError::Execute(e) | MigrateError::ExecuteMigration(e, _) => judge(&e),
            MigrateError::VersionMissing(version) => StoreError::Failed(format!(
                "the database has migration {version}, which this version does not know: it was \
                 written by a newer one"
            )),
            other => StoreError::Failed(other.to_string()),
        })
    }
}

fn judge(error: &sqlx::Error) -> StoreError {
    let away = match error {
        sqlx::Error::Database(e) => e.code().is_some_and(|code| is_away(&code)),
        sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::Io(_) => true,
        _ => false,
    };
    let message = match error {
        sqlx::Error::Database(e) => e.to_string(),
        other => other.to_string(),
    };
    if away { StoreError::Unavailable(message) } else { StoreError::Failed(message) }
}

/// Whether an extended result code is of a kind that passes; its low byte is the primary code.
fn is_away(code: &str) -> bool {
    code.parse::<u32>().is_ok_and(|code| AWAY.contains(&(code & 0xff)))
}

#[cfg(test)]
mod tests {
    use super::is_away;

    #[test]
    fn an_extended_code_is_judged_by_its_primary_one() {
        // SQLITE_BUSY_SNAPSHOT, SQLITE_IOERR_WRITE, SQLITE_FULL, SQLITE_CANTOPEN_ISDIR
        assert!(["517", "778", "13", "526"].into_iter().all(is_away));
        // SQLITE_ERROR, SQLITE_CORRUPT, SQLITE_CONSTRAINT_UNIQUE
        assert!(!["1", "11", "2067", "", "x"].into_iter().any(is_away));
    }
}
