//! When a schedule runs: a cron expression, in the local time of a zone.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use croner::{
    Cron,
    errors::CronError,
    parser::{CronParser, Seconds, Year},
};
use domain::{FieldError, parse_zone};

/// The longest expression, in bytes.
const MAX_CRON: usize = 255;
/// The longest that a clock is ever put forward: over the date line, by a day.
const LONGEST_GAP_MINUTES: i64 = 24 * 60;

/// When a schedule runs.
///
/// The expression speaks of local times. One that a clock change skips is the first instant after the gap;
/// one that it repeats is the first of the two. So each runs once, on both days of a change.
#[derive(Clone, Debug)]
pub(crate) struct Recurrence {
    cron: Cron,
    zone: Tz,
}

impl Recurrence {
    /// Reads an expression of five fields and the name of a zone (IANA); tells every mistake.
    pub(crate) fn parse(cron: &str, timezone: &str) -> Result<Self, Vec<FieldError>> {
        let cron = parse_cron(cron).map_err(|message| FieldError::new("cron", "invalid", message));
        match (cron, parse_zone("timezone", timezone)) {
            (Ok(cron), Ok(zone)) => Ok(Self { cron, zone }),
            (cron, zone) => Err(cron.err().into_iter().chain(zone.err()).collect()),
        }
    }

    /// The first run after a moment; none where it never runs again.
    pub(crate) fn after(&self, moment: DateTime<Utc>) -> Option<DateTime<Utc>> {
        // Found on the wall, where every day has 24 hours, and only then told as an instant.
        let mut wall = moment.with_timezone(&self.zone).naive_local();
        loop {
            wall = self.cron.find_next_occurrence(&wall.and_utc(), false).ok()?.naive_utc();
            // Before the moment lies the first of two where the moment is in the second.
            if let Some(instant) = self.instant(wall).filter(|instant| *instant > moment) {
                return Some(instant);
            }
        }
    }

    /// The runs after a moment, in order.
    pub(crate) fn runs_after(&self, moment: DateTime<Utc>) -> impl Iterator<Item = DateTime<Utc>> {
        std::iter::successors(self.after(moment), |last| self.after(*last))
    }

    /// The instant of a time on the wall.
    fn instant(&self, wall: NaiveDateTime) -> Option<DateTime<Utc>> {
        let shown = |minutes| {
            let wall = wall.checked_add_signed(TimeDelta::minutes(minutes))?;
            wall.and_local_timezone(self.zone).earliest().map(|instant| instant.to_utc())
        };
        (0..=LONGEST_GAP_MINUTES).find_map(shown)
    }
}

fn parse_cron(text: &str) -> Result<Cron, String> {
    const EXAMPLE: &str = "30 7 * * MON-FRI (minute, hour, day of month, month, day of week)";
    let fields = text.split_ascii_whitespace().count();
    if fields != 5 {
        return Err(format!(
            "A cron expression has five fields, this has {fields}. Write one such as {EXAMPLE}."
        ));
    }
    if text.len() > MAX_CRON {
        return Err(format!("A cron expression has at most {MAX_CRON} characters."));
    }
    let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
    let cron = parser.parse(text).map_err(|error| {
        let said = match error {
            CronError::InvalidPattern(said)
            | CronError::IllegalCharacters(said)
            | CronError::ComponentError(said) => said,
            other => other.to_string(),
        };
        format!(
            "{text:?} is not a cron expression: {} Write one such as {EXAMPLE}.",
            sentence(&said)
        )
    })?;
    if cron.find_next_occurrence(&Utc::now(), false).is_err() {
        return Err(format!(
            "{text:?} never comes: there is no such day. Write one such as {EXAMPLE}."
        ));
    }
    Ok(cron)
}

/// With one full stop at its end.
fn sentence(text: &str) -> String {
    format!("{}.", text.trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn runs(cron: &str, zone: &str, after: &str, count: usize) -> Vec<String> {
        let recurrence = Recurrence::parse(cron, zone).unwrap();
        let runs = recurrence.runs_after(at(after)).take(count);
        runs.map(|run| run.format("%m-%dT%H:%M").to_string()).collect()
    }

    #[test]
    fn a_day_whose_hour_is_skipped_runs_after_the_gap() {
        // 2026-03-29, 02:00 to 03:00 in Berlin: the instant after it is 01:00 UTC.
        let berlin = |cron, count| runs(cron, "Europe/Berlin", "2026-03-28T12:00:00Z", count);
        assert_eq!(berlin("30 2 * * *", 3), ["03-29T01:00", "03-30T00:30", "03-31T00:30"]);
        assert_eq!(berlin("0 3 * * *", 2), ["03-29T01:00", "03-30T01:00"]);
        // Both are the same instant, and so one run.
        assert_eq!(berlin("30 2,3 * * *", 3), ["03-29T01:00", "03-29T01:30", "03-30T00:30"]);
        assert_eq!(berlin("0 1-3 * * *", 3), ["03-29T00:00", "03-29T01:00", "03-29T23:00"]);
        // 2026-03-08, 02:00 to 03:00 in New York: the instant after it is 07:00 UTC.
        let york = |cron, count| runs(cron, "America/New_York", "2026-03-07T12:00:00Z", count);
        assert_eq!(york("30 2 * * *", 3), ["03-08T07:00", "03-09T06:30", "03-10T06:30"]);
        assert_eq!(
            york("*/20 1-3 * * *", 7)[2..6],
            ["03-08T06:40", "03-08T07:00", "03-08T07:20", "03-08T07:40"]
        );
    }

    #[test]
    fn a_day_whose_hour_is_repeated_runs_once() {
        // 2026-10-25, 02:00 to 03:00 in Berlin comes at 00:00 and again at 01:00 UTC.
        let berlin = |cron, count| runs(cron, "Europe/Berlin", "2026-10-24T12:00:00Z", count);
        assert_eq!(berlin("30 2 * * *", 3), ["10-25T00:30", "10-26T01:30", "10-27T01:30"]);
        assert_eq!(
            berlin("0,30 2-3 * * *", 5),
            ["10-25T00:00", "10-25T00:30", "10-25T02:00", "10-25T02:30", "10-26T01:00"]
        );
        // 2026-11-01, 01:00 to 02:00 in New York comes at 05:00 and again at 06:00 UTC.
        let york = |cron, count| runs(cron, "America/New_York", "2026-10-31T12:00:00Z", count);
        assert_eq!(york("30 1 * * *", 3), ["11-01T05:30", "11-02T06:30", "11-03T06:30"]);
        assert_eq!(
            york("0 0-2 * * *", 4),
            ["11-01T04:00", "11-01T05:00", "11-01T07:00", "11-02T05:00"]
        );
    }

    #[test]
    fn whoever_looks_in_the_repeated_hour_does_not_run_it_again() {
        for second_half in ["2026-10-25T01:00:00Z", "2026-10-25T01:10:00Z", "2026-10-25T01:59:59Z"]
        {
            assert_eq!(runs("30 2 * * *", "Europe/Berlin", second_half, 1), ["10-26T01:30"]);
            assert_eq!(runs("*/15 * * * *", "Europe/Berlin", second_half, 1), ["10-25T02:00"]);
        }
        assert_eq!(runs("30 2 * * *", "Europe/Berlin", "2026-10-25T00:29:00Z", 1), ["10-25T00:30"]);
    }

    #[test]
    fn odd_zones_and_odd_days() {
        // Lord Howe Island moves by half an hour; Samoa skipped the whole of 30 December 2011.
        assert_eq!(
            runs("15 2 * * *", "Australia/Lord_Howe", "2026-10-03T00:00:00Z", 1),
            ["10-03T15:30"]
        );
        assert_eq!(
            runs("0 12 30 12 *", "Pacific/Apia", "2011-12-01T00:00:00Z", 1),
            ["12-30T10:00"]
        );
        assert_eq!(runs("0 0 29 2 *", "UTC", "2026-01-01T00:00:00Z", 1), ["02-29T00:00"]);
        assert_eq!(runs("0 9 L * *", "UTC", "2026-01-31T10:00:00Z", 1), ["02-28T09:00"]);
        // Either day, as everywhere in cron: a Friday, and the 13th, a Sunday.
        assert_eq!(
            runs("0 0 13 * FRI", "UTC", "2026-12-05T00:00:00Z", 2),
            ["12-11T00:00", "12-13T00:00"]
        );
    }

    #[test]
    fn mistakes_are_told() {
        for (cron, says) in [
            ("", "five fields"),
            ("@daily", "five fields"),
            ("0 0 7 * * *", "five fields, this has 6"),
            ("61 * * * *", "not a cron expression"),
            ("* * * * FOO", "not a cron expression"),
            ("0 0 30 2 *", "never comes"),
        ] {
            let mistakes = Recurrence::parse(cron, "UTC").unwrap_err();
            assert_eq!(mistakes[0].field, "cron");
            assert!(mistakes[0].message.contains(says), "{cron}: {}", mistakes[0].message);
        }
        let mistakes = Recurrence::parse("* *", "Mars/Base").unwrap_err();
        let fields: Vec<_> = mistakes.iter().map(|mistake| mistake.field.as_str()).collect();
        assert_eq!(fields, ["cron", "timezone"]);
    }

    proptest! {
        /// Whatever the expression, zone and moment: the next run is later, and nothing lies between.
        #[test]
        fn runs_are_in_order_and_none_is_passed_over(
            minute in 0u32..60, hour in 0u32..24, day in 0i64..730, second in 0i64..86_400,
            zone in prop::sample::select(vec!["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]),
        ) {
            let recurrence = Recurrence::parse(&format!("{minute} {hour} * * *"), zone).unwrap();
            let moment = at("2026-01-01T00:00:00Z") + TimeDelta::days(day) + TimeDelta::seconds(second);
            let next = recurrence.after(moment).unwrap();
            prop_assert!(next > moment);
            prop_assert!(next - moment <= TimeDelta::hours(25));
            prop_assert_eq!(recurrence.after(next - TimeDelta::seconds(1)), Some(next));
        }

        #[test]
        fn no_text_makes_it_panic(cron: String, zone: String) {
            let _ = Recurrence::parse(&cron, &zone);
        }
    }
}
