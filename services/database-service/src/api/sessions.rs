//! `/sessions`: who is logged in to the console.

use axum::{extract::State, http::StatusCode};
use runtime::{Json, Path, Problem, http::problem::ProblemBody};
use store::{Account, NewSession, SessionKey};

use super::{Db, PROBLEM, invalid, problem};

/// Opens a session of an account that is there; ended ones are swept out.
#[utoipa::path(post, path = "/sessions", tag = "accounts", request_body = NewSession, responses(
    (status = 204),
    (status = 422, body = ProblemBody, content_type = PROBLEM),
    (status = 503, body = ProblemBody, content_type = PROBLEM)))]
pub(super) async fn open(
    State(store): Db,
    Json(session): Json<NewSession>,
) -> Result<StatusCode, Problem> {
    let key = &session.key.0;
    if key.len() != 64 || !key.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(invalid("key", "invalid", "key must be a SHA-256 in 64 hexadecimal digits."));
    }
    store.open_session(&session).await.map_err(problem)?;
    Ok(StatusCode::NO_CONTENT)
}

/// The account of a session that has not ended.
#[utoipa::path(get, path = "/sessions/{key}", tag = "accounts",
    params(("key" = String, Path, description = "The SHA-256 of the session's token, in hexadecimal")),
    responses(
    (status = 200, body = Account),
    (status = 404, body = ProblemBody, content_type = PROBLEM),
    (status = 503, body = ProblemBody, content_type = PROBLEM)))]
pub(super) async fn get(
    State(store): Db,
    Path(key): Path<SessionKey>,
) -> Result<Json<Account>, Problem> {
    let found = store.session(&key).await.map_err(problem)?;
    found.map(Json).ok_or_else(|| Problem::not_found("session"))
}

/// Ends a session; one that is not there has ended.
#[utoipa::path(delete, path = "/sessions/{key}", tag = "accounts",
    params(("key" = String, Path, description = "The SHA-256 of the session's token, in hexadecimal")),
    responses(
    (status = 204),
    (status = 503, body = ProblemBody, content_type = PROBLEM)))]
pub(super) async fn close(
    State(store): Db,
    Path(key): Path<SessionKey>,
) -> Result<StatusCode, Problem> {
    store.close_session(&key).await.map_err(problem)?;
    Ok(StatusCode::NO_CONTENT)
}
