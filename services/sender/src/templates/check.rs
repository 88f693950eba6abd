//! What is wrong with a text, told before the first person would get it.

use std::fmt;

use domain::template;
use minijinja::{Error, Value};
use store::Template;

use super::{Facts, Part, Rendered, Texts, facts_of, link, may_lack};

/// The longest source of a part, in bytes.
const MAX_SOURCE: usize = 64 * 1024;
/// The longest subject, in characters.
const MAX_SUBJECT: usize = 200;
/// Stands for a name where it matters where the name comes out.
const NAME: &str = "ZzFirstnameZz";
const SURNAME: &str = "ZzSurnameZz";
const SAMPLE_LINK: &str = "https://example.org/sample";

/// What is wrong with a part of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mistake {
    part: Part,
    message: String,
}

impl Mistake {
    pub(super) fn new(part: Part, error: &Error) -> Self {
        let said = error.detail().map_or_else(|| error.kind().to_string(), ToOwned::to_owned);
        let elsewhere = error.name().filter(|name| matches!(*name, "layout.html" | "parts.html"));
        match (error.line(), elsewhere) {
            (Some(line), None) => Self::at(part, line, &said),
            (Some(line), Some(name)) => {
                Self { part, message: format!("line 1: {said} (in line {line} of {name})") }
            }
            (None, _) => Self::at(part, 1, &said),
        }
    }

    fn at(part: Part, line: usize, what: &str) -> Self {
        Self { part, message: format!("line {line}: {what}") }
    }

    /// The field that has the part's source.
    pub(crate) fn field(&self) -> &'static str {
        self.part.field()
    }

    /// What is wrong, and in which line.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.part.field(), self.message)
    }
}

/// What a text is shown with where nobody says otherwise.
pub(crate) fn sample(name: &str, public_url: &str) -> Facts<'static> {
    let below = |path: &str| link(&format!("{public_url}/{path}"));
    let more = facts_of(name).unwrap_or_default().iter().map(|fact| {
        let value = match *fact {
            "confirm_url" => below(&format!("confirm/{}", "5a".repeat(40))),
            "leave_url" => below(&format!("leave/{}", "5a".repeat(40))),
            "download_url" => below(&format!("reports/{}", "5a".repeat(40))),
            "record_count" => Value::from(40_000),
            _ => Value::from("All registrations"),
        };
        ((*fact).to_owned(), value)
    });
    let public_url = ("public_url".to_owned(), link(public_url));
    Facts { name: "Ada", surname: "Lovelace", more: more.chain([public_url]).collect() }
}

/// Everything that is wrong with a text, for all whom it may go to.
pub(crate) fn check(texts: &Texts, draft: &Template) -> Vec<Mistake> {
    let mistakes: Vec<_> =
        Part::ALL.into_iter().filter_map(|part| check_source(texts, draft, part)).collect();
    if !mistakes.is_empty() {
        return mistakes;
    }
    let mut facts = vec![sentinel(draft)];
    if let Some(fact) = may_lack(&draft.name) {
        let mut without = sentinel(draft);
        without.more.insert(fact.into(), Value::from(()));
        facts.push(without);
    }
    for facts in facts {
        match texts.render_draft(draft, facts) {
            Err(mistake) => return vec![mistake],
            Ok(rendered) => {
                let mistakes = check_rendered(draft, &rendered);
                if !mistakes.is_empty() {
                    return mistakes;
                }
            }
        }
    }
    Vec::new()
}

fn sentinel(draft: &Template) -> Facts<'static> {
    let mut facts = sample(&draft.name, "https://example.org");
    (facts.name, facts.surname) = (NAME, SURNAME);
    if facts.more.contains_key("confirm_url") {
        facts.more.insert("confirm_url".into(), link(SAMPLE_LINK));
    }
    facts
}

fn check_source(texts: &Texts, draft: &Template, part: Part) -> Option<Mistake> {
    let source = part.of(draft);
    if source.len() > MAX_SOURCE {
        let what = format!("a part has at most {MAX_SOURCE} bytes");
        return Some(Mistake::at(part, 1, &what));
    }
    let used = match texts.names_in(draft, part) {
        Ok(used) => used,
        Err(error) => return Some(Mistake::new(part, &error)),
    };
    let mut known = [part.facts(), facts_of(&draft.name).unwrap_or_default()].concat();
    let unknown = used.into_iter().find(|name| !known.contains(&name.as_str()))?;
    known.sort_unstable();
    let known = known.join(", ");
    let what = format!("there is no “{unknown}” here; there are: {known}");
    Some(Mistake::at(part, line_of(source, &unknown), &what))
}

/// The first line that has a word.
fn line_of(source: &str, word: &str) -> usize {
    let is_word = |line: &str| {
        line.split(|c: char| !c.is_alphanumeric() && c != '_').any(|part| part == word)
    };
    source.lines().position(is_word).map_or(1, |line| line + 1)
}

fn check_rendered(draft: &Template, rendered: &Rendered) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    let mut wrong = |part, line, what: &str| mistakes.push(Mistake::at(part, line, what));
    if rendered.subject.is_empty() {
        wrong(Part::Subject, 1, "a subject is needed");
    } else if rendered.subject.chars().any(char::is_control) {
        wrong(Part::Subject, 2, "a subject is one line");
    } else if rendered.subject.chars().count() > MAX_SUBJECT {
        wrong(Part::Subject, 1, &format!("a subject has at most {MAX_SUBJECT} characters"));
    }
    if rendered.text.trim().is_empty() {
        wrong(Part::Text, 1, "a text is needed, for those who read no HTML");
    }
    if rendered.html.trim().is_empty() {
        wrong(Part::Html, 1, "an HTML part is needed");
    }
    if let Some(name) = [NAME, SURNAME].into_iter().find(|name| in_a_tag(&rendered.html, name)) {
        let name = if name == NAME { "name" } else { "surname" };
        let what = format!("“{name}” stands inside a tag, where it could become a link");
        wrong(Part::Html, line_of(&draft.html, name), &what);
    }
    if draft.name == template::CONFIRMATION {
        for (part, rendered) in [(Part::Text, &rendered.text), (Part::Html, &rendered.html)] {
            if !rendered.contains(SAMPLE_LINK) {
                wrong(part, 1, "confirm_url is missing: nobody could confirm");
            }
        }
    }
    mistakes
}

/// Whether a word comes out between `<` and `>`.
fn in_a_tag(html: &str, word: &str) -> bool {
    html.match_indices(word).any(|(at, _)| {
        let before = &html[..at];
        before.rfind('<').is_some_and(|open| !before[open..].contains('>'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::templates::{Language, names};

    fn texts() -> Texts {
        Texts::new(Vec::new())
    }

    fn draft(name: &str) -> Template {
        Texts::built_in(name, &Language::fallback()).unwrap().clone()
    }

    #[test]
    fn what_comes_with_the_program_has_no_mistake() {
        let texts = texts();
        assert_eq!(texts.all().count(), names().count() * 3, "each in English, German and Arabic");
        for template in texts.all() {
            assert_eq!(check(&texts, template), [], "{}/{}", template.locale, template.name);
        }
    }

    #[test]
    fn a_mistake_is_told_with_its_line() {
        let (long, longer) = ("x".repeat(201), "x".repeat(70_000));
        let endless =
            "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}";
        let link = "<p>\n<a href=\"{{ name }}\">x</a>";
        let title = "<a title='{{ surname }}'>x</a>";
        let texts = texts();
        for (name, part, source, expected) in [
            ("welcome", Part::Text, "Hello\n{{ name", "line 2: "),
            ("welcome", Part::Html, "<p>\n\n{% if name %}", "line 3: "),
            ("welcome", Part::Text, "a\n{{ nmae }}", "line 2: there is no “nmae”"),
            ("welcome", Part::Subject, "{{ name }}", "line 1: there is no “name”"),
            ("welcome", Part::Text, "{{ confirm_url }}", "line 1: there is no “confirm_url”"),
            ("welcome", Part::Subject, "{{ locale }}\nBcc: x", "line 2: a subject is one line"),
            ("welcome", Part::Subject, " ", "line 1: a subject is needed"),
            ("welcome", Part::Subject, &long, "line 1: a subject has at most 200"),
            ("welcome", Part::Text, "\n", "line 1: a text is needed"),
            ("welcome", Part::Html, "", "line 1: an HTML part is needed"),
            ("welcome", Part::Html, link, "line 2: “name” stands inside a tag"),
            ("welcome", Part::Html, title, "line 1: “surname” stands inside a tag"),
            ("welcome", Part::Text, "{% include \"/etc/passwd\" %}", "line 1: "),
            ("welcome", Part::Text, &longer, "line 1: a part has at most 65536 bytes"),
            ("welcome", Part::Text, endless, "line 1: "),
            ("confirmation", Part::Text, "Hello", "line 1: confirm_url is missing"),
            ("already_registered", Part::Text, "\n{{ confirm_url.x.y }}", "line 2: "),
        ] {
            let mut draft = draft(name);
            match part {
                Part::Subject => draft.subject = source.into(),
                Part::Text => draft.text = source.into(),
                Part::Html => draft.html = source.into(),
            }
            let mistakes = check(&texts, &draft);
            let told = mistakes.first().map(ToString::to_string).unwrap_or_default();
            let expected = format!("{}: {expected}", part.field());
            assert!(told.starts_with(&expected), "{expected}\n{told}");
        }
    }

    #[test]
    fn each_part_at_fault_is_named() {
        let mut draft = draft("welcome");
        draft.subject = "{{".into();
        draft.html = "{{ nobody }}".into();
        let fields: Vec<_> = check(&texts(), &draft).iter().map(Mistake::field).collect();
        assert_eq!(fields, ["subject", "html"]);
    }

    #[test]
    fn a_changed_text_with_a_mistake_is_not_used() {
        let mut broken = draft("welcome");
        (broken.version, broken.subject) = (2, "{{ nobody }}".into());
        let mut french = draft("welcome");
        (french.locale, french.version, french.subject) = ("fr".into(), 2, "Bienvenue".into());
        let texts = Texts::new(vec![broken, french]);
        let subject = |locale| texts.nearest("welcome", Some(locale)).unwrap().subject.trim();
        assert_eq!(subject("en"), "Your address is confirmed");
        assert_eq!(subject("fr-CA"), "Bienvenue");
    }
}
