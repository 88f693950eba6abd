//! A user's fields as the cells of a table.

use std::borrow::Cow;

use chrono::{DateTime, Datelike, Offset, Timelike, Utc};
use chrono_tz::Tz;
use domain::ReportColumn;
use store::User;

/// What stands in a column of a row.
pub(super) enum Cell<'a> {
    Number(i64),
    Text(Cow<'a, str>),
    Time(DateTime<Utc>),
    Empty,
}

impl<'a> Cell<'a> {
    pub(super) fn of(user: &'a User, column: ReportColumn) -> Self {
        let text = |text: &'a str| Self::Text(Cow::Borrowed(text));
        match column {
            ReportColumn::Id => Self::Number(user.id.0),
            ReportColumn::RegistrationId => {
                user.registration_id.map_or(Self::Empty, |id| Self::Text(id.to_string().into()))
            }
            ReportColumn::Name => text(&user.name),
            ReportColumn::Surname => text(&user.surname),
            ReportColumn::Email => text(&user.email),
            ReportColumn::CreatedAt => Self::Time(user.created_at),
            ReportColumn::UpdatedAt => Self::Time(user.updated_at),
            ReportColumn::ConfirmedAt => user.confirmed_at.map_or(Self::Empty, Self::Time),
        }
    }
}

/// Appends a time as RFC 3339 in microseconds, with the zone's offset, `Z` for UTC. Every time has the
/// same width. (chrono's own takes three times as long, and every row has two of them.)
pub(super) fn push_time(out: &mut Vec<u8>, at: DateTime<Utc>, zone: Tz) {
    // No table has to be looked up for the most usual of zones.
    let (at, offset) = if zone == Tz::UTC {
        (at.naive_utc(), None)
    } else {
        let at = at.with_timezone(&zone);
        (at.naive_local(), Some(at.offset().fix().local_minus_utc()))
    };
    push_digits(out, at.year().unsigned_abs(), 4, b"-");
    push_digits(out, at.month(), 2, b"-");
    push_digits(out, at.day(), 2, b"T");
    push_digits(out, at.hour(), 2, b":");
    push_digits(out, at.minute(), 2, b":");
    push_digits(out, at.second(), 2, b".");
    push_digits(out, at.nanosecond() / 1_000 % 1_000_000, 6, b"");
    let Some(offset) = offset else { return out.push(b'Z') };
    out.push(if offset < 0 { b'-' } else { b'+' });
    let minutes = offset.unsigned_abs() / 60;
    push_digits(out, minutes / 60, 2, b":");
    push_digits(out, minutes % 60, 2, b"");
}

/// At most six digits.
fn push_digits(out: &mut Vec<u8>, mut number: u32, width: usize, end: &[u8]) {
    let mut digits = [b'0'; 6];
    for digit in digits[..width].iter_mut().rev() {
        *digit = b'0' + u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
    }
    out.extend_from_slice(&digits[..width]);
    out.extend_from_slice(end);
}

/// Whether a spreadsheet would take a cell for a formula (OWASP, "CSV Injection"); full-width forms count
/// too.
pub(super) fn runs_as_formula(cell: &str) -> bool {
    cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_as_the_zone_has_it() {
        for (at, zone, expected) in [
            ("2026-03-29T00:59:59.000001Z", Tz::Europe__Berlin, "2026-03-29T01:59:59.000001+01:00"),
            ("2026-03-29T01:00:00Z", Tz::Europe__Berlin, "2026-03-29T03:00:00.000000+02:00"),
            ("2026-07-01T03:30:00Z", Tz::America__New_York, "2026-06-30T23:30:00.000000-04:00"),
            ("2026-07-01T00:00:00Z", Tz::Asia__Kathmandu, "2026-07-01T05:45:00.000000+05:45"),
            ("2026-01-02T03:04:05.678901Z", Tz::UTC, "2026-01-02T03:04:05.678901Z"),
            ("2026-01-02T03:04:05Z", Tz::Europe__London, "2026-01-02T03:04:05.000000+00:00"),
        ] {
            let mut out = Vec::new();
            let at: DateTime<Utc> = at.parse().unwrap();
            push_time(&mut out, at, zone);
            let text = String::from_utf8(out).unwrap();
            assert_eq!(text, expected);
            assert_eq!(text.parse::<DateTime<Utc>>().unwrap(), at);
        }
    }
}
