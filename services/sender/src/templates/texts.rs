//! All texts as they are at one moment.

use std::{borrow::Cow, collections::BTreeMap, sync::LazyLock};

use minijinja::{AutoEscape, Environment, Error, UndefinedBehavior, Value};
use rust_embed::RustEmbed;
use store::{BUILT_IN_VERSION, Template};
use tracing::error;

use super::{Language, Mistake, Part, check, names};

/// The texts that come with the program: `LOCALE/NAME.subject.txt`, `.txt` and `.html`, and what their HTML
/// shares.
#[derive(RustEmbed)]
#[folder = "templates/"]
struct Files;

/// What the HTML of every e-mail may use.
const SHARED: [&str; 2] = ["layout.html", "parts.html"];
/// The most steps that rendering one part may take; one with a loop too many ends with a mistake.
const FUEL: u64 = 200_000;

static BUILT_IN: LazyLock<Vec<Template>> = LazyLock::new(|| {
    let mut locales: Vec<_> =
        Files::iter().filter_map(|path| Some(path.split_once('/')?.0.to_owned())).collect();
    locales.sort();
    locales.dedup();
    let texts = locales.iter().flat_map(|locale| names().map(move |name| (locale, name)));
    texts.filter_map(|(locale, name)| built_in(name, locale)).collect()
});

fn built_in(name: &str, locale: &str) -> Option<Template> {
    let source = |part: Part| file(&format!("{locale}/{name}.{}", part.ending()));
    Some(Template {
        name: name.to_owned(),
        locale: locale.to_owned(),
        version: BUILT_IN_VERSION,
        subject: source(Part::Subject)?,
        text: source(Part::Text)?,
        html: source(Part::Html)?,
        updated_at: None,
    })
}

fn file(path: &str) -> Option<String> {
    Files::get(path).map(|file| String::from_utf8_lossy(&file.data).into_owned())
}

/// The texts that are in force, ready to be rendered.
pub(crate) struct Texts {
    environment: Environment<'static>,
    in_force: BTreeMap<(String, String), Template>,
    /// What they were made of.
    changed: Vec<Template>,
}

/// What an e-mail speaks of.
pub(crate) struct Facts<'a> {
    /// The person's first name.
    pub(crate) name: &'a str,
    /// The person's surname.
    pub(crate) surname: &'a str,
    /// Everything else, by name. Unlike the two above it may stand in a subject.
    pub(crate) more: BTreeMap<String, Value>,
}

/// An e-mail's parts as a person gets them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rendered {
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: String,
}

impl Texts {
    /// The texts that come with the program, with those in place of theirs that a person has changed. One of
    /// these that has a mistake, which another version of the program may have let through, is passed over.
    pub(crate) fn new(changed: Vec<Template>) -> Self {
        let mut texts =
            Self { environment: environment(), in_force: BTreeMap::new(), changed: Vec::new() };
        for template in &*BUILT_IN {
            texts.put(template.clone());
        }
        for template in &changed {
            let mistakes = check(&texts, template);
            if mistakes.is_empty() {
                texts.put(template.clone());
                continue;
            }
            for mistake in mistakes {
                let Template { name, locale, version, .. } = template;
                error!(
                    template = name, locale, version, %mistake,
                    "a text that was changed has a mistake, and is not used"
                );
            }
        }
        texts.changed = changed;
        texts
    }

    /// Whether they were made of these.
    pub(crate) fn are_of(&self, changed: &[Template]) -> bool {
        self.changed == changed
    }

    fn put(&mut self, template: Template) {
        for part in Part::ALL {
            let source = part.of(&template).to_owned();
            if let Err(mistake) = self.environment.add_template_owned(id(&template, part), source) {
                error!(%mistake, "a text has a mistake, and is not used");
                return;
            }
        }
        self.in_force.insert((template.name.clone(), template.locale.clone()), template);
    }

    /// All of them, by name and language.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Template> {
        self.in_force.values()
    }

    /// The text of an e-mail in a language, if there is one in just that.
    pub(crate) fn exactly(&self, name: &str, language: &Language) -> Option<&Template> {
        self.in_force.get(&(name.to_owned(), language.as_str().to_owned()))
    }

    /// The text of an e-mail for somebody who asked for a language: in that, or the nearest there is.
    pub(crate) fn nearest(&self, name: &str, locale: Option<&str>) -> Option<&Template> {
        let wanted = locale.and_then(Language::parse);
        let fallback = Language::fallback();
        let mut tags = wanted.iter().flat_map(Language::with_wider).chain([fallback.as_str()]);
        tags.find_map(|tag| self.in_force.get(&(name.to_owned(), tag.to_owned())))
    }

    /// The first version of a text, if it came with the program.
    pub(crate) fn built_in(name: &str, language: &Language) -> Option<&'static Template> {
        BUILT_IN.iter().find(|t| t.name == name && t.locale == language.as_str())
    }

    /// Renders a text that is in force.
    pub(crate) fn render(
        &self,
        template: &Template,
        facts: Facts<'_>,
    ) -> Result<Rendered, Mistake> {
        render_parts(template, facts, |part, facts| {
            self.environment.get_template(&id(template, part))?.render(facts)
        })
    }

    /// Renders a text that need not be in force.
    pub(crate) fn render_draft(
        &self,
        template: &Template,
        facts: Facts<'_>,
    ) -> Result<Rendered, Mistake> {
        render_parts(template, facts, |part, facts| {
            let id = id(template, part);
            self.environment.template_from_named_str(&id, part.of(template))?.render(facts)
        })
    }

    /// What a part of a draft names that is not its own, or what keeps it from being read.
    pub(super) fn names_in(&self, template: &Template, part: Part) -> Result<Vec<String>, Error> {
        let id = id(template, part);
        let compiled = self.environment.template_from_named_str(&id, part.of(template))?;
        let mut names: Vec<_> = compiled.undeclared_variables(false).into_iter().collect();
        names.retain(|name| !self.environment.globals().any(|(global, _)| global == name));
        names.sort();
        Ok(names)
    }
}

/// Each part with what it may speak of; the HTML with the subject, which is its title.
fn render_parts(
    template: &Template,
    facts: Facts<'_>,
    render: impl Fn(Part, &Value) -> Result<String, Error>,
) -> Result<Rendered, Mistake> {
    let Facts { name, surname, more } = facts;
    let render = |part: Part, facts: &BTreeMap<String, Value>| {
        let facts = Value::from_pairs(facts.iter().map(|(k, v)| (k.as_str(), v.clone())));
        render(part, &facts).map_err(|error| Mistake::new(part, &error))
    };
    let language = Language::parse(&template.locale).unwrap_or_else(Language::fallback);
    let mut facts = more;
    facts.insert("locale".into(), language.as_str().into());
    facts.insert("direction".into(), language.direction().into());
    let subject = render(Part::Subject, &facts)?.trim().to_owned();
    facts.insert("name".into(), name.into());
    facts.insert("surname".into(), surname.into());
    let text = render(Part::Text, &facts)?;
    facts.insert("subject".into(), subject.as_str().into());
    let html = render(Part::Html, &facts)?;
    Ok(Rendered { subject, text, html })
}

/// The name of a part among the compiled ones; it tells too whether what is filled in is escaped.
fn id(template: &Template, part: Part) -> String {
    format!("{}/{}.{}", template.locale, template.name, part.ending())
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment.set_auto_escape_callback(|id| {
        let html = std::path::Path::new(id).extension().is_some_and(|e| e == "html");
        if html { AutoEscape::Html } else { AutoEscape::None }
    });
    for path in SHARED {
        let source = Cow::from(file(path).unwrap_or_default());
        if let Err(mistake) = environment.add_template_owned(path, source) {
            error!(%mistake, path, "what all e-mails share has a mistake");
        }
    }
    environment
}
