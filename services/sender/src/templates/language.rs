//! The languages that e-mails are in.

use std::fmt;

/// A language as a tag (BCP 47) in its usual letter case: `de`, `pt-BR`, `zh-Hant`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Language(String);

/// The languages written from right to left, and the scripts.
const RIGHT_TO_LEFT: [&str; 12] =
    ["ar", "dv", "fa", "he", "ku", "ps", "sd", "ug", "ur", "yi", "Arab", "Hebr"];

impl Language {
    /// The longest tag, in characters (RFC 5646, section 4.4.1).
    const MAX_LENGTH: usize = 35;

    /// What everybody is written to in whose language there is no text.
    pub(crate) fn fallback() -> Self {
        Self("en".to_owned())
    }

    /// The language of a tag; `None` where it is not one.
    pub(crate) fn parse(tag: &str) -> Option<Self> {
        if tag.len() > Self::MAX_LENGTH {
            return None;
        }
        let mut subtags = tag.split(['-', '_']);
        let primary = subtags.next()?;
        if !(2..=8).contains(&primary.len()) || !primary.bytes().all(|b| b.is_ascii_alphabetic()) {
            return None;
        }
        let mut canonical = primary.to_ascii_lowercase();
        for subtag in subtags {
            if !(1..=8).contains(&subtag.len())
                || !subtag.bytes().all(|b| b.is_ascii_alphanumeric())
            {
                return None;
            }
            canonical.push('-');
            match subtag.len() {
                2 => canonical.push_str(&subtag.to_ascii_uppercase()),
                4 => {
                    canonical.push_str(&subtag[..1].to_ascii_uppercase());
                    canonical.push_str(&subtag[1..].to_ascii_lowercase());
                }
                _ => canonical.push_str(&subtag.to_ascii_lowercase()),
            }
        }
        Some(Self(canonical))
    }

    /// This language, then what it is a variety of, down to the language alone (RFC 4647, section 3.4).
    pub(crate) fn with_wider(&self) -> impl Iterator<Item = &str> {
        std::iter::successors(Some(self.as_str()), |tag| Some(tag.rsplit_once('-')?.0))
    }

    /// `ltr` or `rtl`.
    pub(crate) fn direction(&self) -> &'static str {
        let mut subtags = self.0.split('-');
        let primary = subtags.next().unwrap_or_default();
        let script = subtags.find(|subtag| subtag.len() == 4).unwrap_or(primary);
        if RIGHT_TO_LEFT.contains(&script) { "rtl" } else { "ltr" }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_has_one_letter_case() {
        for (given, canonical) in [
            ("de", Some("de")),
            ("DE-ch", Some("de-CH")),
            ("pt_br", Some("pt-BR")),
            ("ZH-hant-tw", Some("zh-Hant-TW")),
            ("", None),
            ("e", None),
            ("en-", None),
            ("../en", None),
            ("e\u{301}n", None),
            ("en-123456789", None),
            ("aa-bbbbbbbb-cccccccc-dddddddd-eeeeeeee", None),
        ] {
            let parsed = Language::parse(given).map(|l| l.to_string());
            assert_eq!(parsed.as_deref(), canonical, "{given}");
        }
    }

    #[test]
    fn a_variety_is_followed_by_what_it_is_a_variety_of() {
        let language = Language::parse("zh-Hant-TW").unwrap();
        assert_eq!(language.with_wider().collect::<Vec<_>>(), ["zh-Hant-TW", "zh-Hant", "zh"]);
    }

    #[test]
    fn the_script_decides_the_direction() {
        for (tag, direction) in
            [("ar", "rtl"), ("ar-EG", "rtl"), ("de", "ltr"), ("az-Arab", "rtl"), ("ku-Latn", "ltr")]
        {
            assert_eq!(Language::parse(tag).unwrap().direction(), direction, "{tag}");
        }
    }
}
