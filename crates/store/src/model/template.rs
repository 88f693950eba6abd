//! The e-mails' texts.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The version of a text that comes with the program; the first that is kept here is the next.
pub const BUILT_IN_VERSION: i64 = 1;

/// One version of an e-mail's text in one language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Template {
    /// Which e-mail.
    pub name: String,
    /// In which language (BCP 47).
    pub locale: String,
    /// Grows by one with every change. 1 is the text that comes with the program.
    #[schema(minimum = 1)]
    pub version: i64,
    /// The subject's source.
    pub subject: String,
    /// The source of the part in plain text.
    pub text: String,
    /// The source of the part in HTML.
    pub html: String,
    /// When it was changed; `null` for the text that comes with the program.
    pub updated_at: Option<DateTime<Utc>>,
}

/// A text to keep as the next version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTemplate {
    /// Which e-mail; at most 50 characters.
    pub name: String,
    /// In which language; at most 35 characters.
    pub locale: String,
    /// The subject's source.
    pub subject: String,
    /// The source of the part in plain text.
    pub text: String,
    /// The source of the part in HTML.
    pub html: String,
}

impl Template {
    /// Whether a new text would be this one again.
    pub fn says(&self, new: &NewTemplate) -> bool {
        (&self.subject, &self.text, &self.html) == (&new.subject, &new.text, &new.html)
    }
}
