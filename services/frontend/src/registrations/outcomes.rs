//! What becomes of submissions, counted.

use axum::http::StatusCode;
use domain::RegistrationId;
use metrics::{Counter, counter};
use runtime::Problem;

/// The counts of `userstream_registrations_total`, by outcome.
pub(super) struct Outcomes {
    accepted: Counter,
    invalid: Counter,
    limited: Counter,
    unavailable: Counter,
}

impl Outcomes {
    pub(super) fn new() -> Self {
        let of = |outcome| counter!("userstream_registrations_total", "outcome" => outcome);
        Self {
            accepted: of("accepted"),
            invalid: of("invalid"),
            limited: of("limited"),
            unavailable: of("unavailable"),
        }
    }

    /// Counts one submission.
    pub(super) fn count(&self, result: &Result<RegistrationId, Problem>) {
        let counter = match result.as_ref().map_err(Problem::status) {
            Ok(_) => &self.accepted,
            Err(StatusCode::TOO_MANY_REQUESTS) => &self.limited,
            Err(status) if status.is_server_error() => &self.unavailable,
            Err(_) => &self.invalid,
        };
        counter.increment(1);
    }
}
