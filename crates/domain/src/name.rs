//! A person's name as people write it, without what only an attacker would put there.

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use crate::validation::{is_control, is_invisible, normalized};

/// A first name or a surname: Unicode NFC, trimmed, 1 to 100 characters (Unicode scalar values),
/// no control characters, no links.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct PersonName(String);

/// Why a text is not a [`PersonName`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing visible is left after trimming.
    #[error("is empty")]
    Required,
    /// A control character, or another invisible one that changes how text is read.
    #[error("contains a control character")]
    ControlCharacter,
    /// More than [`PersonName::MAX_CHARS`] characters.
    #[error("is longer than 100 characters")]
    TooLong,
    /// A scheme, `www.` or a host-like word.
    #[error("contains a link")]
    Link,
}

impl NameError {
    #[cfg(test)]
    pub(crate) const CODES: [&str; 4] = ["required", "control_character", "too_long", "link"];

    /// The stable code of this error.
    pub fn code(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::ControlCharacter => "control_character",
            Self::TooLong => "too_long",
            Self::Link => "link",
        }
    }
}

impl PersonName {
    /// The longest name, in Unicode scalar values after normalization.
    pub const MAX_CHARS: usize = 100;

    /// Normalizes and checks a text.
    pub fn parse(raw: &str) -> Result<Self, NameError> {
        Self::normalize(raw).map(|name| Self(name.into_owned()))
    }

    /// The name of a text; most are written as they are stored.
    fn normalize(raw: &str) -> Result<Cow<'_, str>, NameError> {
        let raw = raw.trim();
        // ASCII is its own normal form.
        let name = if raw.is_ascii() { raw.into() } else { Cow::Owned(raw.nfc().collect()) };
        if name.chars().all(is_invisible) {
            return Err(NameError::Required);
        }
        if name.chars().any(is_control) {
            return Err(NameError::ControlCharacter);
        }
        if name.chars().count() > Self::MAX_CHARS {
            return Err(NameError::TooLong);
        }
        if contains_link(&name) {
            return Err(NameError::Link);
        }
        Ok(name)
    }

    /// The name as stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether mail programs might turn a part of the text into a link.
fn contains_link(text: &str) -> bool {
    // No link goes without one of these.
    if !text.contains(|c| c == ':' || is_full_stop(c)) {
        return false;
    }
    let text: String = text
        .chars()
        .map(|c| if is_full_stop(c) { '.' } else { c })
        .flat_map(char::to_lowercase)
        .collect();
    text.contains("://") || text.split_whitespace().any(|word| has_scheme(word) || has_host(word))
}

/// A full stop, and what IDNA (UTS 46) and NFKC read as one.
fn is_full_stop(c: char) -> bool {
    matches!(c, '.' | '\u{3002}' | '\u{ff0e}' | '\u{ff61}' | '\u{2024}')
}

/// `scheme:` with something right behind it (RFC 3986, section 3.1; two letters or more).
fn has_scheme(word: &str) -> bool {
    word.match_indices(':').any(|(at, _)| {
        let before = &word.as_bytes()[..at];
        let scheme = before
            .iter()
            .rev()
            .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'.' | b'-'))
            .count();
        let starts_with_letter = before[at - scheme..]
            .iter()
            .position(u8::is_ascii_alphabetic)
            .is_some_and(|i| scheme - i >= 2);
        starts_with_letter && at + 1 < word.len()
    })
}

/// `www.`, or labels joined by dots whose last one reads as a top-level domain, or an IPv4 address.
fn has_host(word: &str) -> bool {
    word.split(|c: char| !(c.is_alphanumeric() || is_mark(c) || c == '-' || c == '.')).any(|run| {
        if run.starts_with("www.") {
            return true;
        }
        let labels: Vec<&str> = run.split('.').collect();
        let is_ipv4 = |four: &[&str]| {
            four.iter().all(|l| !l.is_empty() && l.bytes().all(|b| b.is_ascii_digit()))
        };
        labels.windows(2).any(|pair| !pair[0].is_empty() && is_top_level(pair[1]))
            || labels.windows(4).any(is_ipv4)
    })
}

/// Two letters or more, or the `xn--` form of some.
fn is_top_level(label: &str) -> bool {
    label.starts_with("xn--")
        || (label.chars().filter(|c| !is_mark(*c)).count() >= 2
            && label.chars().all(|c| c.is_alphabetic() || is_mark(c)))
}

/// Joiners, which `char::is_alphanumeric` leaves out of words that need them.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}') || unicode_normalization::char::is_combining_mark(c)
}

impl fmt::Debug for PersonName {
    /// Personal data stays out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PersonName(…)")
    }
}

impl TryFrom<String> for PersonName {
    type Error = NameError;
    fn try_from(raw: String) -> Result<Self, NameError> {
        normalized(raw, Self::normalize).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_accepted_keeps_every_rule(raw in "\\PC{0,120}|(?s).{0,120}") {
            if let Ok(name) = PersonName::parse(&raw) {
                let s = name.as_str();
                prop_assert!((1..=100).contains(&s.chars().count()));
                prop_assert_eq!(s.trim(), s);
                prop_assert!(!s.chars().any(char::is_control));
                prop_assert!(unicode_normalization::is_nfc(s));
                prop_assert!(!s.to_lowercase().contains("://"));
                prop_assert!(!s.chars().any(is_control));
            }
        }

        #[test]
        fn parsing_again_changes_nothing(raw in "(?s).{0,60}") {
            prop_assert_eq!(PersonName::try_from(raw.clone()), PersonName::parse(&raw));
            if let Ok(name) = PersonName::parse(&raw) {
                prop_assert_eq!(PersonName::parse(name.as_str()), Ok(name));
            }
        }

        #[test]
        fn letters_of_any_script_are_a_name(raw in "\\p{L}{1,100}") {
            // NFC may lengthen a few letters that are excluded from composition.
            if raw.nfc().count() <= 100 {
                prop_assert!(PersonName::parse(&raw).is_ok() || raw.chars().all(is_invisible));
            }
        }

        #[test]
        fn a_host_is_found_wherever_it_hides(
            before in "[\\p{L} (]{0,10}", host in "[a-z]{1,10}\\.[a-z]{2,8}", after in "[ /:?#),].{0,10}",
        ) {
            let text = format!("{before} {host}{after}");
            prop_assert!(PersonName::parse(&text).is_err());
        }

        #[test]
        fn a_control_character_is_never_accepted(a in "\\p{L}{1,9}", c in "[\\x00-\\x1f\\x7f-\\u{9f}]", b in "\\p{L}{1,9}") {
            prop_assert_eq!(PersonName::parse(&format!("{a}{c}{b}")), Err(NameError::ControlCharacter));
        }
    }
}
