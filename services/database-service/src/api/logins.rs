//! `/logins`: who guesses passwords is slowed down.

use axum::{extract::State, http::StatusCode};
use runtime::{Json, Problem, http::problem::ProblemBody};
use store::{
    LoginSubject,
    wire::{LoginAllowed, LoginAttempt},
};

use super::{Db, PROBLEM, check_length, invalid, problem};

/// The most subjects of one attempt.
const MAX_SUBJECTS: usize = 10;

/// Counts a login as failed until it is told to have succeeded, or says how long to wait with it.
#[utoipa::path(post, path = "/logins", tag = "accounts", request_body = LoginAttempt, responses(
    (status = 200, body = LoginAllowed),
    (status = 422, body = ProblemBody, content_type = PROBLEM),
    (status = 503, body = ProblemBody, content_type = PROBLEM)))]
pub(super) async fn attempt(
    State(store): Db,
    Json(attempt): Json<LoginAttempt>,
) -> Result<Json<LoginAllowed>, Problem> {
    check(&attempt.subjects)?;
    let not_before = store.try_login(&attempt.subjects).await.map_err(problem)?;
    Ok(Json(LoginAllowed { not_before }))
}

/// Forgets the failures of who has logged in.
#[utoipa::path(post, path = "/logins/succeeded", tag = "accounts", request_body = LoginAttempt, responses(
    (status = 204),
    (status = 422, body = ProblemBody, content_type = PROBLEM),
    (status = 503, body = ProblemBody, content_type = PROBLEM)))]
pub(super) async fn succeeded(
    State(store): Db,
    Json(attempt): Json<LoginAttempt>,
) -> Result<StatusCode, Problem> {
    check(&attempt.subjects)?;
    store.login_succeeded(&attempt.subjects).await.map_err(problem)?;
    Ok(StatusCode::NO_CONTENT)
}

fn check(subjects: &[LoginSubject]) -> Result<(), Problem> {
    if subjects.len() > MAX_SUBJECTS {
        let message = format!("subjects must have at most {MAX_SUBJECTS} items.");
        return Err(invalid("subjects", "too_many", message));
    }
    subjects.iter().try_for_each(|subject| check_length("key", &subject.key, 64))
}
