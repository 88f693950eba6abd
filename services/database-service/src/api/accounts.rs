//! `/accounts`: who may use the console.

use axum::{extract::State, http::StatusCode};
use runtime::{Json, Problem, http::problem::ProblemBody};
use store::{
    Account,
    wire::{AccountLookup, AccountsExist, FirstAccount},
};

use super::{Db, PROBLEM, check_length, invalid, problem};

/// Whether there is an account at all.
#[utoipa::path(get, path = "/accounts", tag = "accounts", responses(
    (status = 200, body = AccountsExist),
    (status = 503, body = ProblemBody, content_type = PROBLEM)))]
pub(super) async fn exist(State(store): Db) -> Result<Json<AccountsExist>, Problem> {
    let any = store.has_accounts().await.map_err(problem)?;
    Ok(Json(AccountsExist { any }))
}

/// Creates the first account, an administrator's.
#[utoipa::path(post, path = "/accounts/first", tag = "accounts", request_body = FirstAccount,
    responses(
    (status = 201),
    (status = 409, description = "There is one already", body = ProblemBody, content_type = PROBLEM),
    (status = 422, body = ProblemBody, content_type = PROBLEM),
    (status = 503, body = ProblemBody, content_type = PROBLEM)))]
pub(super) async fn create_first(
    State(store): Db,
    Json(account): Json<FirstAccount>,
) -> Result<StatusCode, Problem> {
    if account.password_hash.is_empty() {
        return Err(invalid("password_hash", "required", "password_hash must not be empty."));
    }
    check_length("password_hash", &account.password_hash, 255)?;
    let created = store.create_first_account(&account.email, &account.password_hash).await;
    if created.map_err(problem)? {
        Ok(StatusCode::CREATED)
    } else {
        Err(Problem::new(StatusCode::CONFLICT, "There is an account already."))
    }
}

/// The account of an address, in any letter case, with its password's hash.
#[utoipa::path(post, path = "/accounts/lookup", tag = "accounts", request_body = AccountLookup,
    responses(
    (status = 200, body = Account),
    (status = 404, body = ProblemBody, content_type = PROBLEM),
    (status = 422, body = ProblemBody, content_type = PROBLEM),
    (status = 503, body = ProblemBody, content_type = PROBLEM)))]
pub(super) async fn lookup(
    State(store): Db,
    Json(asked): Json<AccountLookup>,
) -> Result<Json<Account>, Problem> {
    let found = store.account(&asked.email).await.map_err(problem)?;
    found.map(Json).ok_or_else(|| Problem::not_found("account"))
}
