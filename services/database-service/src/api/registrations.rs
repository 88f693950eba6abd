//! `/registrations`: how far each has come.

use axum::extract::State;
use domain::RegistrationId;
use runtime::{Json, Path, Problem, http::problem::ProblemBody};
use store::{Confirmed, RegistrationTrace, wire::Confirmation};

use super::{Db, PROBLEM, problem};

/// How far a registration has come.
#[utoipa::path(get, path = "/registrations/{id}", tag = "registrations",
    params(("id" = String, Path, format = Uuid)), responses(
    (status = 200, body = RegistrationTrace),
    (status = 404, description = "Not stored (yet)", body = ProblemBody, content_type = PROBLEM),
    (status = 503, body = ProblemBody, content_type = PROBLEM)))]
pub(super) async fn get(
    State(store): Db,
    Path(id): Path<RegistrationId>,
) -> Result<Json<RegistrationTrace>, Problem> {
    let found = store.registration(id).await.map_err(problem)?;
    found.map(Json).ok_or_else(|| Problem::not_found("registration"))
}

/// Confirms the address of a registration; a repeat keeps the first time. A user whose address has
/// changed since is not confirmed by it.
#[utoipa::path(post, path = "/registrations/{id}/confirm", tag = "registrations",
    request_body = Confirmation, params(("id" = String, Path, format = Uuid)), responses(
    (status = 200, body = Confirmed),
    (status = 404, body = ProblemBody, content_type = PROBLEM),
    (status = 422, body = ProblemBody, content_type = PROBLEM),
    (status = 503, body = ProblemBody, content_type = PROBLEM)))]
pub(super) async fn confirm(
    State(store): Db,
    Path(id): Path<RegistrationId>,
    Json(confirmation): Json<Confirmation>,
) -> Result<Json<Confirmed>, Problem> {
    let confirmed = store.confirm(id, confirmation.at).await.map_err(problem)?;
    confirmed.map(Json).ok_or_else(|| Problem::not_found("registration"))
}
