//! Times as the databases hold them: UTC, whole microseconds, years of four digits.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, SubsecRound, TimeDelta, Timelike, Utc};

/// The present.
pub(crate) fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(6)
}

/// A time as a database can hold it.
pub(crate) fn stored(time: DateTime<Utc>) -> DateTime<Utc> {
    let (first, last) = bounds();
    time.trunc_subsecs(6).clamp(first, last)
}

/// The first storable time that is not before `time`: what to compare stored times with.
pub(crate) fn bound(time: DateTime<Utc>) -> DateTime<Utc> {
    let rest = time.nanosecond() % 1000;
    if rest == 0 { stored(time) } else { after(time, Duration::from_micros(1)) }
}

/// A while after a time; the last storable one if that is too long.
pub(crate) fn after(time: DateTime<Utc>, wait: Duration) -> DateTime<Utc> {
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
    fn a_bound_between_two_microseconds_means_the_later() {
        let micro = at("2026-01-02T03:04:05.000001Z");
        assert_eq!(bound(at("2026-01-02T03:04:05.0000001Z")), micro);
        assert_eq!(bound(micro), micro);
    }

    #[test]
    fn no_lease_is_too_long() {
        assert_eq!(after(now(), Duration::MAX), at("9999-12-31T23:59:59.999999Z"));
    }
}
