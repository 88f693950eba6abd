//! Times as the database holds them: UTC, whole microseconds, text of one width.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, SecondsFormat, SubsecRound, TimeDelta, Timelike, Utc};

/// The present.
pub(super) fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(6)
}

/// A time as the database can hold it.
pub(super) fn stored(time: DateTime<Utc>) -> DateTime<Utc> {
    let (first, last) = bounds();
    time.trunc_subsecs(6).clamp(first, last)
}

/// A time as text. Its order as text is its order in time, since years have four digits.
pub(super) fn text(time: DateTime<Utc>) -> String {
    stored(time).to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// The first storable time that is not before `time`: what to compare stored times with.
pub(super) fn bound_text(time: DateTime<Utc>) -> String {
    let rest = time.nanosecond() % 1000;
    text(if rest == 0 { time } else { after(time, Duration::from_micros(1)) })
}

/// A while after a time; the last storable one if that is too long.
pub(super) fn after(time: DateTime<Utc>, wait: Duration) -> DateTime<Utc> {
    let wait = TimeDelta::from_std(wait).unwrap_or(TimeDelta::MAX);
    stored(time.checked_add_signed(wait).unwrap_or(DateTime::<Utc>::MAX_UTC))
}

/// The first and the last storable time: the years 0000 to 9999, which RFC 3339 can write.
fn bounds() -> (DateTime<Utc>, DateTime<Utc>) {
    let year = |year| NaiveDate::from_ymd_opt(year, 1, 1).unwrap_or_default();
    let begin = |date: NaiveDate| date.and_time(chrono::NaiveTime::MIN).and_utc();
    (begin(year(0)), begin(year(10_000)) - TimeDelta::microseconds(1))
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

    #[test]
    fn a_bound_between_two_microseconds_means_the_later() {
        assert_eq!(bound_text(at("2026-01-02T03:04:05.0000001Z")), "2026-01-02T03:04:05.000001Z");
        assert_eq!(bound_text(at("2026-01-02T03:04:05.000001Z")), "2026-01-02T03:04:05.000001Z");
    }

    #[test]
    fn no_lease_is_too_long() {
        assert_eq!(text(after(now(), Duration::MAX)), "9999-12-31T23:59:59.999999Z");
    }
}
