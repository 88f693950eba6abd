//! What a caller is told when the database does not answer.

use std::time::Duration;

use runtime::Problem;
use store::StoreError;

/// 503 where the database is away, 500 where it refused; the cause is for the log.
pub fn problem(error: StoreError) -> Problem {
    match error {
        StoreError::Unavailable(cause) => {
            tracing::warn!(%cause, "the database is away");
            Problem::unavailable("The database is away for a moment.", Duration::from_secs(5))
        }
        StoreError::Failed(cause) => Problem::internal(cause),
    }
}
