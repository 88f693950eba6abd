//! Texts as the database holds them.

use std::borrow::Cow;

use domain::Registration;
use unicode_normalization::UnicodeNormalization;

use crate::NewTemplate;

/// Divides what is searched by parts; no name or address contains it.
const SEPARATOR: &str = "\u{1f}";

/// What a person is found by: the name as it is spoken and the address, in one letter case.
pub(crate) fn searchable(name: &str, surname: &str, email: &str) -> String {
    fold([name, " ", surname, SEPARATOR, email].concat())
}

/// What somebody is found by who registers.
pub(crate) fn search_of(person: &Registration) -> String {
    searchable(person.name.as_str(), person.surname.as_str(), person.email.as_str())
}

/// A text with its letter case taken away, in every script.
///
/// Upper case first and then lower brings together what lower case alone keeps apart, such as the
/// two small sigmas, or ß and SS.
pub(crate) fn fold(text: impl Into<String>) -> String {
    let mut text = text.into();
    if text.is_ascii() {
        text.make_ascii_lowercase();
        return text;
    }
    text.nfc().flat_map(char::to_uppercase).flat_map(char::to_lowercase).nfc().collect()
}

/// At most `max` characters of a text, without NUL, which no SQL database keeps.
pub(crate) fn cut(text: &str, max: usize) -> Cow<'_, str> {
    let end = text.char_indices().nth(max).map_or(text.len(), |(at, _)| at);
    without_nul(&text[..end])
}

/// A text without NUL.
pub(crate) fn without_nul(text: &str) -> Cow<'_, str> {
    if text.contains('\0') {
        Cow::Owned(text.replace('\0', "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// A text of an e-mail as the database can hold it.
pub(crate) fn storable_template(new: &NewTemplate) -> NewTemplate {
    NewTemplate {
        name: cut(&new.name, 50).into_owned(),
        locale: cut(&new.locale, 35).into_owned(),
        subject: without_nul(&new.subject).into_owned(),
        text: without_nul(&new.text).into_owned(),
        html: without_nul(&new.html).into_owned(),
    }
}

/// A language tag, if that is what the text is: at most 35 characters (RFC 5646, section 4.4.1).
pub(crate) fn language_tag(text: &str) -> Option<&str> {
    let is_tag = (1..=35).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    is_tag.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letter_case_is_no_matter_in_any_script() {
        for (a, b) in [
            ("ADA", "ada"),
            ("ÉMILE", "émile"),
            ("e\u{301}mile", "Émile"),
            ("Straße", "STRASSE"),
            ("ΟΔΟΣ", "οδος"),
            ("ΟΔΟΣΑ", "ΟΔΟΣ"),
            ("Юлия", "ЮЛИЯ"),
        ] {
            assert!(fold(a).starts_with(&fold(b)), "{a} {b}");
        }
    }

    #[test]
    fn a_part_of_a_name_is_found_but_not_one_that_runs_into_the_address() {
        let text = searchable("Ada", "Lovelace", "Ada@Example.com");
        assert!(text.contains(&fold("DA LOVE")));
        assert!(!text.contains("lovelace ada") && !text.contains("lovelaceada"));
    }

    #[test]
    fn cutting_counts_characters() {
        assert_eq!(cut("añb", 2), "añ");
        assert_eq!(cut("añb", 3), "añb");
        assert_eq!(cut("a\0b", 9), "a\u{fffd}b");
    }

    #[test]
    fn only_a_language_tag_is_one() {
        assert_eq!(language_tag("de-CH-1996"), Some("de-CH-1996"));
        for not in ["", "de, en;q=0.5", "a\0b", &"x".repeat(36)] {
            assert_eq!(language_tag(not), None);
        }
    }
}
