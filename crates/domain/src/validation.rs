//! How a broken rule is said: a field, a stable code, and one sentence for the person.

use std::{borrow::Cow, collections::HashMap, sync::LazyLock};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The sentences, shared word for word with the web app, which reads the same file.
static SENTENCES: LazyLock<Sentences> =
    LazyLock::new(|| sentences(include_str!("../validation/messages.json")));
/// The same in the other languages that pages are in.
static TRANSLATED: LazyLock<[(&str, Sentences); 2]> = LazyLock::new(|| {
    [
        ("de", sentences(include_str!("../validation/messages.de.json"))),
        ("ar", sentences(include_str!("../validation/messages.ar.json"))),
    ]
});

/// Sentences by `{field}.{code}`.
type Sentences = HashMap<String, String>;

fn sentences(json: &str) -> Sentences {
    serde_json::from_str(json).expect("the files of validation are objects of strings")
}

/// One broken rule, as it appears in `errors` of a 422 answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldError {
    /// The field as the caller named it; a dotted path where fields nest.
    pub field: String,
    /// A stable code to program against.
    pub code: String,
    /// One sentence to show to a person.
    pub message: String,
}

impl FieldError {
    /// A broken rule that the catalogue knows: its sentence is `{field}.{code}` there.
    pub(crate) fn known(field: &str, code: &str) -> Self {
        let message = SENTENCES
            .get(&format!("{field}.{code}"))
            .cloned()
            .unwrap_or_else(|| format!("The field {field} is not valid ({code})."));
        Self { field: field.to_owned(), code: code.to_owned(), message }
    }

    /// The sentence in a language, by its tag; in English where it is not known in that one.
    pub fn in_language(&self, tag: &str) -> &str {
        let key = format!("{}.{}", self.field, self.code);
        let translated = TRANSLATED.iter().find(|(known, _)| *known == tag);
        translated.and_then(|(_, sentences)| sentences.get(&key)).unwrap_or(&self.message)
    }

    /// A broken rule with a sentence of its own.
    pub fn new(
        field: impl Into<String>,
        code: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self { field: field.into(), code: code.into(), message: message.into() }
    }
}

/// A text in its normal form, without a copy where it is that already.
pub(crate) fn normalized<E>(
    raw: String,
    normalize: impl for<'a> FnOnce(&'a str) -> Result<Cow<'a, str>, E>,
) -> Result<String, E> {
    match normalize(&raw)? {
        Cow::Borrowed(same) if same.len() == raw.len() => Ok(raw),
        other => Ok(other.into_owned()),
    }
}

/// Whether a character is invisible and changes how its neighbours are read: controls (Cc),
/// bidirectional overrides, zero-width spaces, tags and noncharacters.
///
/// The zero-width joiner and non-joiner are not among them: Persian, Hindi and emoji need them.
pub(crate) fn is_control(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{200b}' | '\u{2028}' | '\u{2029}'
            | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{2069}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{fdd0}'..='\u{fdef}'
            | '\u{e0000}'..='\u{e007f}')
        || (u32::from(c) & 0xfffe) == 0xfffe
}

/// Whether a character leaves no mark of its own on the page.
pub(crate) fn is_invisible(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '\u{200c}' | '\u{200d}' | '\u{200e}' | '\u{200f}' | '\u{61c}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}'
            | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{3164}' | '\u{ffa0}' | '\u{2800}')
}

#[cfg(test)]
mod tests {
    use crate::{EmailAddress, PersonName};

    #[derive(serde::Deserialize)]
    struct Case {
        field: String,
        input: String,
        normalized: Option<String>,
        code: Option<String>,
    }

    /// The table that the web app's tests read too: both sides judge alike or one of them fails.
    #[test]
    fn shared_cases() {
        let cases: Vec<Case> =
            serde_json::from_str(include_str!("../validation/cases.json")).unwrap();
        assert!(cases.len() > 100);
        for case in cases {
            let got = if case.field == "email" {
                EmailAddress::parse(&case.input)
                    .map(|e| e.as_str().to_owned())
                    .map_err(|e| e.code().to_owned())
            } else {
                PersonName::parse(&case.input)
                    .map(|n| n.as_str().to_owned())
                    .map_err(|e| e.code().to_owned())
            };
            let want = match (case.normalized, case.code) {
                (Some(n), None) => Ok(n),
                (None, Some(c)) => Err(c),
                _ => panic!("a case has either `normalized` or `code`: {:?}", case.input),
            };
            assert_eq!(got, want, "{} {:?}", case.field, case.input);
        }
    }

    #[test]
    fn every_code_has_its_sentence_in_every_language() {
        let names = ["name", "surname"].into_iter().flat_map(|field| {
            crate::NameError::CODES.into_iter().map(move |code| format!("{field}.{code}"))
        });
        let emails = crate::EmailError::CODES.into_iter().map(|code| format!("email.{code}"));
        let keys: Vec<_> = names.chain(emails).collect();
        for sentences in
            [&*super::SENTENCES].into_iter().chain(super::TRANSLATED.iter().map(|(_, s)| s))
        {
            for key in &keys {
                assert!(sentences.contains_key(key), "{key}");
            }
            assert_eq!(sentences.len(), super::SENTENCES.len());
        }
        let error = super::FieldError::known("email", "required");
        assert_eq!(error.in_language("fr"), error.message);
        assert_ne!(error.in_language("de"), error.message);
    }
}
