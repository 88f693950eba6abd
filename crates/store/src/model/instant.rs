//! Times of rows as JSON: RFC 3339 in UTC, with as many digits of a second as are needed.
//!
//! The same text as chrono's own, in a third of its time: a report of a million rows writes and reads four
//! million of them.

use std::fmt;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, Timelike, Utc};
use serde::{Deserializer, Serializer, de};

/// `2026-05-06T07:08:09`
const WHOLE: usize = 19;
/// That, with `.123456789Z`.
const LONGEST: usize = WHOLE + 11;

pub(crate) fn serialize<S: Serializer>(
    time: &DateTime<Utc>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut text = [0; LONGEST];
    match write(*time, &mut text) {
        Some(text) => serializer.serialize_str(text),
        None => serde::Serialize::serialize(time, serializer),
    }
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<DateTime<Utc>, D::Error> {
    struct Visitor;
    impl de::Visitor<'_> for Visitor {
        type Value = DateTime<Utc>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a time as RFC 3339 writes it")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<DateTime<Utc>, E> {
            read(text.as_bytes()).map_or_else(|| text.parse().map_err(E::custom), Ok)
        }
    }
    deserializer.deserialize_str(Visitor)
}

/// The same, of a time that may be absent.
pub(crate) mod optional {
    use chrono::{DateTime, Utc};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(transparent)]
    struct Instant(#[serde(with = "super")] DateTime<Utc>);

    #[expect(clippy::ref_option, reason = "serde calls it so")]
    pub(crate) fn serialize<S: Serializer>(
        time: &Option<DateTime<Utc>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        time.map(Instant).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<DateTime<Utc>>, D::Error> {
        Ok(Option::<Instant>::deserialize(deserializer)?.map(|Instant(time)| time))
    }
}

/// The text of a time whose year has four digits.
fn write(time: DateTime<Utc>, text: &mut [u8; LONGEST]) -> Option<&str> {
    let year = u32::try_from(time.year()).ok().filter(|year| *year < 10_000)?;
    // A leap second is chrono's to tell.
    let nanos = Some(time.nanosecond()).filter(|nanos| *nanos < 1_000_000_000)?;
    text[..WHOLE].copy_from_slice(b"0000-00-00T00:00:00");
    digits(&mut text[..4], year);
    digits(&mut text[5..7], time.month());
    digits(&mut text[8..10], time.day());
    digits(&mut text[11..13], time.hour());
    digits(&mut text[14..16], time.minute());
    digits(&mut text[17..19], time.second());
    let (width, fraction) = match nanos {
        0 => (0, 0),
        nanos if nanos % 1_000_000 == 0 => (3, nanos / 1_000_000),
        nanos if nanos % 1_000 == 0 => (6, nanos / 1_000),
        nanos => (9, nanos),
    };
    let mut end = WHOLE;
    if width > 0 {
        text[end] = b'.';
        digits(&mut text[end + 1..=end + width], fraction);
        end += 1 + width;
    }
    text[end] = b'Z';
    std::str::from_utf8(&text[..=end]).ok()
}

/// Writes a number over all of a place.
fn digits(place: &mut [u8], mut number: u32) {
    for digit in place.iter_mut().rev() {
        *digit = b'0' + u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
    }
}

/// The time of a text in exactly that form; any other is chrono's to read.
fn read(text: &[u8]) -> Option<DateTime<Utc>> {
    let (whole, rest) = text.split_at_checked(WHOLE)?;
    let fraction = rest.strip_suffix(b"Z")?;
    let marks = [whole[4], whole[7], whole[10], whole[13], whole[16]];
    if marks != *b"--T::" {
        return None;
    }
    let nanos = match fraction.split_first() {
        None => 0,
        Some((b'.', digits)) if (1..=9).contains(&digits.len()) => {
            number(digits)? * 10_u32.pow(9 - u32::try_from(digits.len()).ok()?)
        }
        Some(_) => return None,
    };
    let place = |from: usize, to: usize| number(&whole[from..to]);
    let date = NaiveDate::from_ymd_opt(place(0, 4)?.cast_signed(), place(5, 7)?, place(8, 10)?)?;
    let time = NaiveTime::from_hms_nano_opt(place(11, 13)?, place(14, 16)?, place(17, 19)?, nanos)?;
    Some(NaiveDateTime::new(date, time).and_utc())
}

/// At most nine digits.
fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0_u32, |number, digit| {
        digit.is_ascii_digit().then(|| number * 10 + u32::from(digit - b'0'))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::{Deserialize, Serialize};

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Row {
        #[serde(with = "super")]
        at: DateTime<Utc>,
        #[serde(with = "super::optional")]
        perhaps: Option<DateTime<Utc>>,
    }

    proptest! {
        #[test]
        fn it_is_chronos_own_text(
            seconds in -62_167_219_200_i64..253_402_300_800, nanos in 0_u32..1_000_000_000, unit in 0_u32..4,
        ) {
            let coarse = nanos - nanos % [1_000_000_000, 1_000_000, 1_000, 1][unit as usize];
            let at = DateTime::from_timestamp(seconds, coarse).unwrap();
            let json = serde_json::to_value(Row { at, perhaps: Some(at) }).unwrap();
            prop_assert_eq!(&json["at"], &serde_json::to_value(at).unwrap());
            prop_assert_eq!(&json["perhaps"], &json["at"]);
            prop_assert_eq!(serde_json::from_value::<Row>(json).unwrap(), Row { at, perhaps: Some(at) });
        }

        #[test]
        fn no_text_makes_it_panic(text: String) {
            let _ = read(text.as_bytes());
        }
    }

    #[test]
    fn other_forms_are_read_as_chrono_reads_them() {
        for text in [
            "2026-05-06T07:08:09Z",
            "2026-05-06T07:08:09.5Z",
            "2026-05-06T09:08:09+02:00",
            "2026-05-06 07:08:09Z",
            "2016-12-31T23:59:60Z",
            "2026-02-30T07:08:09Z",
            "2026-05-06T24:08:09Z",
            "2026-05-06T07:08:09",
            "yesterday",
        ] {
            let json = serde_json::json!({"at": text, "perhaps": null});
            let read = serde_json::from_value::<Row>(json).ok().map(|row| row.at);
            assert_eq!(read, text.parse().ok(), "{text}");
        }
        let odd = DateTime::<Utc>::MAX_UTC;
        let json = serde_json::to_value(Row { at: odd, perhaps: None }).unwrap();
        assert_eq!(json["at"], serde_json::to_value(odd).unwrap());
        assert_eq!(json["perhaps"], serde_json::Value::Null);
    }
}
