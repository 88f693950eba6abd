//! Delays that the broker keeps: queues in which a message waits for its time to live to end, and
//! from which it then goes back.
//!
//! The broker looks only at the message that came first. Messages with like delays share a queue, so
//! that none waits long behind another.

use std::time::Duration;

/// A queue's name is followed by this and the longest delay that it takes.
const INFIX: &str = "delayed";

/// The longest delays of the queues. Each is four times the one before: the configured delays of
/// both kinds of retries fall into different ones.
const LONGEST: [(&str, Duration); 9] = [
    ("250ms", Duration::from_millis(250)),
    ("1s", Duration::from_secs(1)),
    ("4s", Duration::from_secs(4)),
    ("16s", Duration::from_secs(16)),
    ("64s", Duration::from_secs(64)),
    ("256s", Duration::from_secs(256)),
    ("1024s", Duration::from_secs(1_024)),
    ("4096s", Duration::from_secs(4_096)),
    ("16384s", Duration::from_secs(16_384)),
];

/// The names of all queues in which messages of `queue` wait.
pub(super) fn queues(queue: &str) -> impl Iterator<Item = String> {
    LONGEST.iter().map(move |(name, _)| format!("{queue}.{INFIX}.{name}"))
}

/// Where a message waits, and for how many milliseconds at a time. A delay longer than any queue takes
/// is waited for in parts.
pub(super) fn wait_in(queue: &str, delay: Duration) -> (String, u64) {
    let last = LONGEST.len() - 1;
    let fits = LONGEST.iter().position(|(_, longest)| delay <= *longest).unwrap_or(last);
    let (name, longest) = LONGEST[fits];
    (format!("{queue}.{INFIX}.{name}"), millis(delay.min(longest)))
}

/// Whole milliseconds, rounded up: no delay is cut short.
fn millis(delay: Duration) -> u64 {
    u64::try_from(delay.as_micros().div_ceil(1_000)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_waits_where_the_like_ones_wait() {
        let in_ms = |ms| wait_in("q", Duration::from_millis(ms));
        assert_eq!(in_ms(1), ("q.delayed.250ms".into(), 1));
        assert_eq!(in_ms(250), ("q.delayed.250ms".into(), 250));
        assert_eq!(in_ms(251), ("q.delayed.1s".into(), 251));
        assert_eq!(in_ms(1_100), ("q.delayed.4s".into(), 1_100));
        assert_eq!(in_ms(10_000_000), ("q.delayed.16384s".into(), 10_000_000));
        let days = Duration::from_hours(24 * 30);
        assert_eq!(wait_in("q", days), ("q.delayed.16384s".into(), 16_384_000));
        assert_eq!(wait_in("q", Duration::from_micros(1_001)).1, 2);
    }

    #[test]
    fn every_queue_is_named() {
        let all: Vec<_> = queues("q").collect();
        assert_eq!(all.len(), LONGEST.len());
        for (_, longest) in LONGEST {
            assert!(all.contains(&wait_in("q", longest).0));
        }
    }
}
