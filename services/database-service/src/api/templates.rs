//! `/templates`: the e-mails' texts that a person has changed.

use axum::extract::State;
use runtime::{Json, Problem, Query, http::problem::ProblemBody};
use serde::Deserialize;
use store::{NewTemplate, Template, wire::Templates};
use utoipa::IntoParams;

use super::{Db, PROBLEM, check_length, problem};

const MAX_NAME: usize = 50;
const MAX_LOCALE: usize = 35;

/// The latest version of each text, by name and language.
#[utoipa::path(get, path = "/templates", tag = "templates", responses(
    (status = 200, body = Templates),
    (status = 503, body = ProblemBody, content_type = PROBLEM)))]
pub(super) async fn list(State(store): Db) -> Result<Json<Templates>, Problem> {
    let items = store.templates().await.map_err(problem)?;
    Ok(Json(Templates { items }))
}

/// `?name=&locale=`
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct VersionsQuery {
    /// Which e-mail.
    name: String,
    /// In which language.
    locale: String,
}

/// The versions of one text, newest first.
#[utoipa::path(get, path = "/templates/versions", tag = "templates", params(VersionsQuery), responses(
    (status = 200, body = Templates),
    (status = 422, body = ProblemBody, content_type = PROBLEM),
    (status = 503, body = ProblemBody, content_type = PROBLEM)))]
pub(super) async fn versions(
    State(store): Db,
    Query(query): Query<VersionsQuery>,
) -> Result<Json<Templates>, Problem> {
    let VersionsQuery { name, locale } = query;
    let items = store.template_versions(&name, &locale).await.map_err(problem)?;
    Ok(Json(Templates { items }))
}

/// Keeps a text as the next version; where the latest says the same, that stays. The Sender looks for
/// mistakes before it calls this.
#[utoipa::path(post, path = "/templates", tag = "templates", request_body = NewTemplate, responses(
    (status = 200, body = Template),
    (status = 413, body = ProblemBody, content_type = PROBLEM),
    (status = 422, body = ProblemBody, content_type = PROBLEM),
    (status = 503, body = ProblemBody, content_type = PROBLEM)))]
pub(super) async fn save(
    State(store): Db,
    Json(new): Json<NewTemplate>,
) -> Result<Json<Template>, Problem> {
    check_length("name", &new.name, MAX_NAME)?;
    check_length("locale", &new.locale, MAX_LOCALE)?;
    store.save_template(&new).await.map(Json).map_err(problem)
}
