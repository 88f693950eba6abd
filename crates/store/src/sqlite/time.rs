//! Times as SQLite holds them: text of one width.

use chrono::{DateTime, SecondsFormat, Utc};

pub(super) use crate::sql::time::{after, bound, now, stored};

/// A time as text. Its order as text is its order in time, since years have four digits.
pub(super) fn text(time: DateTime<Utc>) -> String {
    stored(time).to_rfc3339_opts(SecondsFormat::Micros, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: &str) -> DateTime<Utc> {
        s.parse().unwrap()
    }

    #[test]
    fn every_text_has_one_width_and_sorts_by_time() {
        let times = [
            DateTime::<Utc>::MIN_UTC,
            at("0999-01-01T00:00:00Z"),
            at("2026-01-02T03:04:05Z"),
            at("2026-01-02T03:04:05.000001Z"),
            DateTime::<Utc>::MAX_UTC,
        ];
        let texts = times.map(text);
        assert!(texts.iter().all(|t| t.len() == 27 && t.ends_with('Z')), "{texts:?}");
        assert!(texts.is_sorted());
        assert_eq!(texts[2], "2026-01-02T03:04:05.000000Z");
    }
}
