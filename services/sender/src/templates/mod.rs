//! The texts of the e-mails: which there are, which one is a person's, and what is wrong with one.

mod catalogue;
mod check;
mod language;
mod texts;

pub(crate) use catalogue::Catalogue;
pub(crate) use check::{Mistake, check, sample};
pub(crate) use language::Language;
pub(crate) use texts::{Facts, Rendered, Texts};

use domain::template;

/// The names of the e-mails, and what each may speak of besides the person and the public page.
const KNOWN: [(&str, &[&str]); 4] = [
    (template::CONFIRMATION, &["confirm_url"]),
    (template::WELCOME, &["leave_url"]),
    (template::ALREADY_REGISTERED, &["confirm_url"]),
    (template::REPORT_READY, &["report_name", "record_count", "download_url"]),
];

/// The names of the e-mails.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    KNOWN.iter().map(|(name, _)| *name)
}

/// What an e-mail may lack of that.
fn may_lack(name: &str) -> Option<&'static str> {
    match name {
        template::WELCOME => Some("leave_url"),
        template::ALREADY_REGISTERED => Some("confirm_url"),
        _ => None,
    }
}

/// What an e-mail may speak of by itself; none where there is no such e-mail.
fn facts_of(name: &str) -> Option<&'static [&'static str]> {
    KNOWN.iter().find(|(known, _)| *known == name).map(|(_, facts)| *facts)
}

/// The three parts of an e-mail. Each is a template of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Subject,
    Text,
    Html,
}

impl Part {
    const ALL: [Self; 3] = [Self::Subject, Self::Text, Self::Html];

    /// The field of a template that has its source.
    pub(crate) fn field(self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::Text => "text",
            Self::Html => "html",
        }
    }

    /// How its file's name ends.
    fn ending(self) -> &'static str {
        match self {
            Self::Subject => "subject.txt",
            Self::Text => "txt",
            Self::Html => "html",
        }
    }

    /// Its source.
    fn of(self, template: &store::Template) -> &str {
        match self {
            Self::Subject => &template.subject,
            Self::Text => &template.text,
            Self::Html => &template.html,
        }
    }

    /// What it may speak of in every e-mail. A person's name is theirs to choose: it never becomes a header.
    fn facts(self) -> &'static [&'static str] {
        match self {
            Self::Subject => &["locale", "direction", "public_url"],
            Self::Text => &["locale", "direction", "public_url", "name", "surname"],
            Self::Html => &["locale", "direction", "public_url", "name", "surname", "subject"],
        }
    }
}

/// A link for a text. Where nothing in it needs escaping nothing is escaped: a slash would be, too.
pub(crate) fn link(url: &str) -> minijinja::Value {
    if url.contains(['<', '>', '&', '"', '\'']) {
        return url.into();
    }
    minijinja::Value::from_safe_string(url.to_owned())
}
