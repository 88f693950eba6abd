//! `/templates`: the e-mails' texts, changed while they are in use.

use std::{sync::Arc, time::Duration};

use axum::{extract::State, http::HeaderMap};
use chrono::Utc;
use domain::FieldError;
use lettre::Address;
use minijinja::{Value, value::Serde};
use runtime::{
    Cursor, Json, Path, Problem, Query,
    http::{
        cursor::{PageBody, PageQuery},
        on_behalf_of,
        problem::ProblemBody,
    },
};
use serde::{Deserialize, Serialize};
use serde_json::Map;
use store::{AttemptOutcome, NewTemplate, Template};
use utoipa::{IntoParams, ToSchema};

use super::AppState;
use crate::{
    relay::{Delivered, NotNow, Outgoing},
    templates::{Language, Mistake, Rendered, Texts, check, names, sample},
};

/// `?locale=`
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct LocaleQuery {
    /// The language (BCP 47).
    #[param(default = "en", max_length = 35)]
    locale: Option<String>,
}

impl LocaleQuery {
    fn language(self) -> Result<Language, Problem> {
        let Some(locale) = self.locale else { return Ok(Language::fallback()) };
        Language::parse(&locale).ok_or_else(|| {
            let message = "A language is a tag such as en, de or pt-BR.";
            Problem::invalid([FieldError::new("locale", "invalid", message)])
        })
    }
}

/// `?locale=&limit=&cursor=`
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct VersionsQuery {
    /// The language (BCP 47).
    #[param(default = "en", max_length = 35)]
    locale: Option<String>,
    /// Items on a page.
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<Cursor>,
}

/// The texts in force, by name and language.
#[utoipa::path(get, path = "/templates", tag = "templates", params(PageQuery), responses(
    (status = 200, body = PageBody<Template>),
    (status = 422, body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn list(
    State(app): State<AppState>,
    Query(page): Query<PageQuery>,
) -> Result<Json<PageBody<Template>>, Problem> {
    let texts = latest(&app).await?;
    // No name has a line break, so that the keys stand in the order of the list.
    let key_of = |text: &Template| format!("{}\n{}", text.name, text.locale);
    let comes_after = |text: &Template, key: &String| key_of(text) > *key;
    page.of(texts.all().cloned(), key_of, comes_after).map(Json)
}

/// The text of an e-mail in one language.
#[utoipa::path(get, path = "/templates/{name}", tag = "templates",
    params(("name" = String, Path), LocaleQuery), responses(
    (status = 200, body = Template),
    (status = 404, description = "There is no such e-mail, or no text of it in this language", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn get(
    State(app): State<AppState>,
    Path(name): Path<String>,
    Query(query): Query<LocaleQuery>,
) -> Result<Json<Template>, Problem> {
    let language = query.language()?;
    let found = latest(&app).await?.exactly(&name, &language).cloned();
    found.map(Json).ok_or_else(|| Problem::not_found("template"))
}

/// The versions of a text, newest first. Version 1 comes with the program.
#[utoipa::path(get, path = "/templates/{name}/versions", tag = "templates",
    params(("name" = String, Path), VersionsQuery), responses(
    (status = 200, body = PageBody<Template>),
    (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn versions(
    State(app): State<AppState>,
    Path(name): Path<String>,
    Query(query): Query<VersionsQuery>,
) -> Result<Json<PageBody<Template>>, Problem> {
    let VersionsQuery { locale, limit, cursor } = query;
    let language = LocaleQuery { locale }.language()?;
    let kept = app.templates.template_versions(&name, language.as_str()).await;
    let mut items = kept.map_err(super::problem)?;
    items.extend(Texts::built_in(&name, &language).cloned());
    if items.is_empty() {
        return Err(Problem::not_found("template"));
    }
    let page = PageQuery { limit, cursor };
    page.of(items, |text| text.version, |text, key| text.version < *key).map(Json)
}

/// The text of an e-mail, each part a Jinja2 template.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TemplateBody {
    /// The subject: one line. It may not speak of the person's name.
    subject: String,
    /// The part in plain text.
    text: String,
    /// The part in HTML; what is filled in is escaped.
    html: String,
}

/// Changes the text of an e-mail in one language. It is in force at once here, and within seconds in every
/// other copy of the service.
#[utoipa::path(put, path = "/templates/{name}", tag = "templates",
    params(("name" = String, Path), LocaleQuery), responses(
    (status = 200, description = "The text as the newest version", body = Template),
    (status = 404, description = "There is no such e-mail", body = ProblemBody, content_type = "application/problem+json"),
    (status = 413, body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "A mistake, with its line", body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn put(
    State(app): State<AppState>,
    Path(name): Path<String>,
    Query(query): Query<LocaleQuery>,
    Json(body): Json<TemplateBody>,
) -> Result<Json<Template>, Problem> {
    let language = query.language()?;
    if !names().any(|known| known == name) {
        return Err(Problem::not_found("template"));
    }
    let TemplateBody { subject, text, html } = body;
    let locale = language.to_string();
    let draft = Template { name, locale, version: 0, subject, text, html, updated_at: None };
    let texts = latest(&app).await?;
    let mistakes = check(&texts, &draft);
    if !mistakes.is_empty() {
        return Err(refused(mistakes));
    }
    let Template { name, locale, subject, text, html, .. } = draft;
    let new = NewTemplate { name, locale, subject, text, html };
    if let Some(same) = texts.exactly(&new.name, &language).filter(|text| text.says(&new)) {
        return Ok(Json(same.clone()));
    }
    let saved = app.templates.save_template(&new).await.map_err(super::problem)?;
    latest(&app).await?;
    Ok(Json(saved))
}

/// What to show: every part that is absent is the one in force.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct PreviewBody {
    /// The subject's source.
    subject: Option<String>,
    /// The source of the part in plain text.
    text: Option<String>,
    /// The source of the part in HTML.
    html: Option<String>,
    /// What the text speaks of, in place of the sample's: `name`, `surname`, `confirm_url` and so on.
    context: Map<String, serde_json::Value>,
}

/// An e-mail as a person would get it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Preview {
    /// The subject.
    pub(super) subject: String,
    /// The part in plain text.
    pub(super) text: String,
    /// The part in HTML.
    pub(super) html: String,
}

/// Shows an e-mail as a person would get it. Nothing is changed, and nothing sent.
#[utoipa::path(post, path = "/templates/{name}/preview", tag = "templates",
    params(("name" = String, Path), LocaleQuery), responses(
    (status = 200, body = Preview),
    (status = 404, description = "There is no such e-mail", body = ProblemBody, content_type = "application/problem+json"),
    (status = 413, body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "A mistake, with its line", body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn preview(
    State(app): State<AppState>,
    Path(name): Path<String>,
    Query(query): Query<LocaleQuery>,
    Json(body): Json<PreviewBody>,
) -> Result<Json<Preview>, Problem> {
    let Rendered { subject, text, html } = draft(&app, &name, &query.language()?, &body).await?;
    Ok(Json(Preview { subject, text, html }))
}

/// What became of a test.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TestOutcome {
    /// Where it went.
    to: String,
    /// Whether the mail server took it.
    outcome: AttemptOutcome,
    /// What it said.
    reply: String,
}

/// Sends an e-mail with sample data to the person that the caller acts for, and waits for what the mail server
/// says. Nothing is changed.
#[utoipa::path(post, path = "/templates/{name}/test", tag = "templates",
    params(("name" = String, Path), LocaleQuery,
        ("X-On-Behalf-Of" = String, Header, description = "The person's address")), responses(
    (status = 200, body = TestOutcome),
    (status = 404, description = "There is no such e-mail", body = ProblemBody, content_type = "application/problem+json"),
    (status = 413, body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, description = "A mistake, with its line", body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn test(
    State(app): State<AppState>,
    Path(name): Path<String>,
    Query(query): Query<LocaleQuery>,
    headers: HeaderMap,
    Json(body): Json<PreviewBody>,
) -> Result<Json<TestOutcome>, Problem> {
    let to = on_behalf_of::person(&headers).and_then(|to| to.parse::<Address>().ok());
    let to = to.ok_or_else(|| {
        let message = "Say in X-On-Behalf-Of who is to get it.";
        Problem::invalid([FieldError::new("x-on-behalf-of", "required", message)])
    })?;
    let language = query.language()?;
    let rendered = draft(&app, &name, &language, &body).await?;
    let (id, bytes) = app.composer.compose_test(to.clone(), language.as_str(), &rendered);
    let outgoing =
        Outgoing { notification_id: id, created_at: Utc::now(), recipient: to.clone(), bytes };
    let delivered = app.relay.deliver(outgoing).await.map_err(|why| {
        let reason = match why {
            NotNow::Away(reason) => format!("The mail server cannot be reached: {reason}."),
            NotNow::Crowded(_) => "The mail server has its hands full.".to_owned(),
        };
        Problem::unavailable(format!("{reason} Try again in a moment."), Duration::from_secs(10))
    })?;
    let Delivered { outcome, reply, .. } = delivered;
    Ok(Json(TestOutcome { to: to.to_string(), outcome, reply }))
}

/// A text as a person would get it, or the mistakes in it.
async fn draft(
    app: &AppState,
    name: &str,
    language: &Language,
    body: &PreviewBody,
) -> Result<Rendered, Problem> {
    let texts = latest(app).await?;
    let nearest = texts.nearest(name, Some(language.as_str()));
    let mut draft = nearest.cloned().ok_or_else(|| Problem::not_found("template"))?;
    draft.locale = language.to_string();
    for (part, own) in [
        (&mut draft.subject, &body.subject),
        (&mut draft.text, &body.text),
        (&mut draft.html, &body.html),
    ] {
        if let Some(own) = own {
            part.clone_from(own);
        }
    }
    let mistakes = check(&texts, &draft);
    if !mistakes.is_empty() {
        return Err(refused(mistakes));
    }
    let mut facts = sample(name, app.composer.public_url());
    let own = |name: &str| body.context.get(name).and_then(serde_json::Value::as_str);
    facts.name = own("name").unwrap_or(facts.name);
    facts.surname = own("surname").unwrap_or(facts.surname);
    for (name, value) in &body.context {
        facts.more.insert(name.clone(), Value::from(Serde(value)));
    }
    texts.render_draft(&draft, facts).map_err(|mistake| refused([mistake]))
}

async fn latest(app: &AppState) -> Result<Arc<Texts>, Problem> {
    app.catalogue.latest().await.map_err(super::problem)
}

fn refused(mistakes: impl IntoIterator<Item = Mistake>) -> Problem {
    let error = |m: Mistake| FieldError::new(m.field(), "mistake", m.message().to_owned());
    Problem::invalid(mistakes.into_iter().map(error).collect::<Vec<_>>())
}
