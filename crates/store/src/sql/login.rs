//! How long who guesses passwords waits.

use std::time::Duration;

/// The longest wait between two attempts.
const LONGEST: Duration = Duration::from_mins(15);
/// A subject is forgotten so long after its last failure.
pub(crate) const FORGOTTEN_AFTER: chrono::TimeDelta = chrono::TimeDelta::days(1);

/// The wait after a failure: none while failures are free, then a second, doubled by each further one.
pub(crate) fn wait(failures: i64, free: u32) -> Option<Duration> {
    match failures - i64::from(free) {
        ..1 => None,
        beyond => Some(LONGEST.min(Duration::from_secs(1 << (beyond - 1).min(30)))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_doubles_to_a_quarter_of_an_hour() {
        let seconds = |failures| wait(failures, 5).map_or(0, |wait| wait.as_secs());
        assert_eq!([0, 5, 6, 7, 10].map(seconds), [0, 0, 1, 2, 16]);
        assert_eq!([15, 16, 1000, i64::MAX].map(seconds), [512, 900, 900, 900]);
    }
}
