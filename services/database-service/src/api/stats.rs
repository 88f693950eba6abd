//! `/stats`: counts for the console.

use axum::extract::State;
use chrono::{DateTime, Utc};
use runtime::{Json, Problem, Query, http::problem::ProblemBody};
use serde::Deserialize;
use store::{Stats, wire::Activity};
use utoipa::IntoParams;

use super::{Db, PROBLEM, problem};

/// How many people, e-mails by status and reports by status there are.
#[utoipa::path(get, path = "/stats", tag = "operations", responses(
    (status = 200, body = Stats),
    (status = 503, body = ProblemBody, content_type = PROBLEM)))]
pub(super) async fn stats(State(store): Db) -> Result<Json<Stats>, Problem> {
    store.stats().await.map(Json).map_err(problem)
}

/// `?since=`
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ActivityQuery {
    /// From when on; the start of a minute, or that minute is counted in part.
    since: DateTime<Utc>,
}

/// How many people came in each minute since a time.
#[utoipa::path(get, path = "/stats/activity", tag = "operations", params(ActivityQuery), responses(
    (status = 200, body = Activity),
    (status = 422, body = ProblemBody, content_type = PROBLEM),
    (status = 503, body = ProblemBody, content_type = PROBLEM)))]
pub(super) async fn activity(
    State(store): Db,
    Query(query): Query<ActivityQuery>,
) -> Result<Json<Activity>, Problem> {
    let items = store.activity(query.since).await.map_err(problem)?;
    Ok(Json(Activity { items }))
}
