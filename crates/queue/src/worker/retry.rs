//! When a failed event is tried again.

use std::{str::FromStr, time::Duration};

/// The delays between the attempts at one message: one more attempt than there are delays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryDelays(Vec<Duration>);

impl RetryDelays {
    /// Delays in the order of the attempts.
    pub fn new(delays: impl Into<Vec<Duration>>) -> Self {
        Self(delays.into())
    }

    /// The delay after the attempt that follows `attempts` failed ones, spread by up to a tenth so
    /// that what failed together is not tried together; `None` when that was the last.
    pub fn after(&self, attempts: u32) -> Option<Duration> {
        let delay = self.0.get(usize::try_from(attempts).ok()?)?;
        let spread = f64::from(uuid::Uuid::new_v4().as_fields().0) / f64::from(u32::MAX);
        Some(delay.mul_f64(1.0 + spread / 10.0))
    }
}

impl FromStr for RetryDelays {
    type Err = String;

    /// Reads a list such as `1s,5s,2m,1h`; units are `ms`, `s`, `m` and `h`.
    fn from_str(text: &str) -> Result<Self, String> {
        let delays = text.split(',').map(str::trim).filter(|d| !d.is_empty()).map(parse_delay);
        delays.collect::<Result<Vec<_>, _>>().map(Self)
    }
}

fn parse_delay(text: &str) -> Result<Duration, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let millis_per_unit = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err(format!("{text:?} is not a delay such as 500ms, 30s, 2m or 1h")),
    };
    let number: u64 =
        number.parse().map_err(|_| format!("{text:?} has no number before its unit"))?;
    let millis = number.checked_mul(millis_per_unit).filter(|ms| *ms <= 30 * 24 * 3_600_000);
    millis.map(Duration::from_millis).ok_or_else(|| format!("{text:?} is longer than 30 days"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_and_followed() {
        let delays: RetryDelays = "1s, 5s,2m".parse().unwrap();
        assert_eq!(delays, RetryDelays::new([1, 5, 120].map(Duration::from_secs)));
        let second = delays.after(1).unwrap();
        assert!((5.0..=5.5).contains(&second.as_secs_f64()));
        assert_eq!(delays.after(3), None);
        assert_eq!("".parse::<RetryDelays>().unwrap().after(0), None);
    }

    #[test]
    fn mistakes_are_told() {
        for wrong in ["1", "s", "-1s", "1d", "1s;2s", "99999999999999999999s", "9000h"] {
            assert!(wrong.parse::<RetryDelays>().is_err(), "{wrong}");
        }
    }
}
