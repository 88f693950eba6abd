//! `/accounts`: who may use the console.

use axum::{extract::State, http::StatusCode};
use runtime::{Json, Path, Problem, http::problem::ProblemBody};
use store::{
    Account, AccountChange, AccountOutcome, AccountSummary, NewAccount,
    wire::{AccountList, AccountLookup, FirstAccount},
};

use super::{Db, PROBLEM, check_length, invalid, problem};

/// All accounts, by address.
#[utoipa::path(get, path = "/accounts", tag = "accounts", responses(
    (status = 200, body = AccountList),
    (status = 503, body = ProblemBody, content_type = PROBLEM)))]
pub(super) async fn list(State(store): Db) -> Result<Json<AccountList>, Problem> {
    let items = store.accounts().await.map_err(problem)?;
    Ok(Json(AccountList { items }))
}

/// Makes an account.
#[utoipa::path(post, path = "/accounts", tag = "accounts", request_body = NewAccount, responses(
    (status = 201, body = AccountSummary),
    (status = 409, description = "The address has one already", body = ProblemBody, content_type = PROBLEM),
    (status = 422, body = ProblemBody, content_type = PROBLEM),
    (status = 503, body = ProblemBody, content_type = PROBLEM)))]
pub(super) async fn create(
    State(store): Db,
    Json(new): Json<NewAccount>,
) -> Result<(StatusCode, Json<AccountSummary>), Problem> {
    check_hash(&new.password_hash)?;
    let created = store.create_account(&new).await.map_err(problem)?;
    created.map(|account| (StatusCode::CREATED, Json(account))).ok_or_else(|| {
        Problem::new(StatusCode::CONFLICT, "There is an account of this address already.")
    })
}

/// Changes an account: its role, its password, or both.
#[utoipa::path(put, path = "/accounts/{id}", tag = "accounts", params(("id" = i64, Path)),
    request_body = AccountChange, responses(
    (status = 204),
    (status = 404, body = ProblemBody, content_type = PROBLEM),
    (status = 409, description = "It is the last administrator's", body = ProblemBody, content_type = PROBLEM),
    (status = 422, body = ProblemBody, content_type = PROBLEM),
    (status = 503, body = ProblemBody, content_type = PROBLEM)))]
pub(super) async fn change(
    State(store): Db,
    Path(id): Path<i64>,
    Json(change): Json<AccountChange>,
) -> Result<StatusCode, Problem> {
    change.password_hash.as_deref().map_or(Ok(()), check_hash)?;
    outcome(store.change_account(id, &change).await.map_err(problem)?)
}

/// Deletes an account and its sessions.
#[utoipa::path(delete, path = "/accounts/{id}", tag = "accounts", params(("id" = i64, Path)), responses(
    (status = 204),
    (status = 404, body = ProblemBody, content_type = PROBLEM),
    (status = 409, description = "It is the last administrator's", body = ProblemBody, content_type = PROBLEM),
    (status = 503, body = ProblemBody, content_type = PROBLEM)))]
pub(super) async fn delete(State(store): Db, Path(id): Path<i64>) -> Result<StatusCode, Problem> {
    outcome(store.delete_account(id).await.map_err(problem)?)
}

fn outcome(outcome: AccountOutcome) -> Result<StatusCode, Problem> {
    match outcome {
        AccountOutcome::Done => Ok(StatusCode::NO_CONTENT),
        AccountOutcome::NotFound => Err(Problem::not_found("account")),
        AccountOutcome::LastAdministrator => Err(Problem::new(
            StatusCode::CONFLICT,
            "This is the last administrator. Make another one first.",
        )),
    }
}

fn check_hash(hash: &str) -> Result<(), Problem> {
    if hash.is_empty() {
        return Err(invalid("password_hash", "required", "password_hash must not be empty."));
    }
    check_length("password_hash", hash, 255)
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
    check_hash(&account.password_hash)?;
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
