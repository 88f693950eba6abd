//! `/stats`: counts for the console.

use axum::extract::State;
use runtime::{Json, Problem, http::problem::ProblemBody};
use store::Stats;

use super::{Db, PROBLEM, problem};

/// How many people, e-mails by status and reports by status there are.
#[utoipa::path(get, path = "/stats", tag = "operations", responses(
    (status = 200, body = Stats),
    (status = 503, body = ProblemBody, content_type = PROBLEM)))]
pub(super) async fn stats(State(store): Db) -> Result<Json<Stats>, Problem> {
    store.stats().await.map(Json).map_err(problem)
}
