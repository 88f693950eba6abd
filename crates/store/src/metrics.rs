//! What is counted where rows are written, so that it is counted once in either shape: in the service
//! whose process has the database, be that the Database Service or all of them in one.

use crate::RecordOutcome;

/// The metric of registrations and users by what became of them.
pub const USERS_STORED: &str = "userstream_users_stored_total";

/// Counts one.
pub fn count_stored(outcome: RecordOutcome) {
    metrics::counter!(USERS_STORED, "outcome" => outcome.as_str()).increment(1);
}
