//! What is counted where rows are written, so that it is counted once in either shape: in the service
//! whose process has the database, be that the Database Service or all of them in one.

use std::collections::HashMap;

use crate::RecordOutcome;

/// The metric of registrations and users by what became of them.
const USERS_STORED: &str = "userstream_users_stored_total";

/// Counts some.
pub fn count_stored(outcomes: impl IntoIterator<Item = RecordOutcome>) {
    let mut counts = HashMap::<_, u64>::new();
    for outcome in outcomes {
        *counts.entry(outcome.as_str()).or_default() += 1;
    }
    for (outcome, count) in counts {
        metrics::counter!(USERS_STORED, "outcome" => outcome).increment(count);
    }
}
