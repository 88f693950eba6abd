//! `/api/admin/team`, `/api/admin/password`: who may use the console.

use std::net::SocketAddr;

use axum::{
    Extension,
    extract::{ConnectInfo, State},
    http::{HeaderMap, StatusCode},
};
use domain::{EmailAddress, FieldError};
use runtime::{Json, Path, Problem, Secret, http::problem::ProblemBody};
use serde::Deserialize;
use store::{AccountChange, AccountOutcome, AccountSummary, NewAccount, Role, wire::AccountList};
use tracing::info;
use utoipa::ToSchema;

use super::{
    Console, password,
    session::{self, LoggedIn},
    throttle,
};

/// Someone to let in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewMember {
    /// The address to log in with.
    #[schema(max_length = 254)]
    email: String,
    /// A first password, to be handed over in person.
    #[schema(min_length = 10, max_length = 1024, format = Password)]
    password: String,
    /// What they may do.
    role: Role,
}

/// What to change; an absent field stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MemberChange {
    /// What they may do from now on.
    #[serde(default)]
    role: Option<Role>,
    /// A new password. Every session of theirs ends.
    #[serde(default)]
    #[schema(min_length = 10, max_length = 1024, format = Password)]
    password: Option<String>,
}

/// A new password of one's own.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PasswordChange {
    /// The one so far.
    #[schema(max_length = 1024, format = Password)]
    current: String,
    /// The one from now on.
    #[schema(min_length = 10, max_length = 1024, format = Password)]
    new: String,
}

/// Who may use the console, by address.
#[utoipa::path(get, path = "/api/admin/team", tag = "team", responses(
    (status = 200, body = AccountList),
    (status = 401, body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "For administrators", body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn list(
    State(console): State<Console>,
    Extension(LoggedIn(account)): Extension<LoggedIn>,
) -> Result<Json<AccountList>, Problem> {
    if account.role != Role::Administrator {
        return Err(session::not_allowed());
    }
    let items = console.accounts.accounts().await.map_err(super::problem)?;
    Ok(Json(AccountList { items }))
}

/// Lets someone in.
#[utoipa::path(post, path = "/api/admin/team", tag = "team", responses(
    (status = 201, body = AccountSummary),
    (status = 401, body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "For administrators", body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "The address has an account already", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn create(
    State(console): State<Console>,
    Extension(LoggedIn(by)): Extension<LoggedIn>,
    Json(NewMember { email, password, role }): Json<NewMember>,
) -> Result<(StatusCode, Json<AccountSummary>), Problem> {
    let parsed = EmailAddress::parse(&email);
    let mut mistakes: Vec<_> = password::check("password", &password).err().into_iter().collect();
    let email = match parsed {
        Ok(email) if mistakes.is_empty() => email,
        Ok(_) => return Err(Problem::invalid(mistakes)),
        Err(error) => {
            let message = format!("The address {error}.");
            mistakes.insert(0, FieldError::new("email", "invalid", message));
            return Err(Problem::invalid(mistakes));
        }
    };
    let password_hash = console.hash(password).await?;
    let new = NewAccount { email, password_hash, role };
    let created = console.accounts.create_account(&new).await.map_err(super::problem)?;
    let created = created.ok_or_else(|| {
        Problem::new(StatusCode::CONFLICT, "There is an account of this address already.")
    })?;
    info!(account = created.id, by = by.id, "an account was made");
    Ok((StatusCode::CREATED, Json(created)))
}

/// Changes what someone may do, or their password.
#[utoipa::path(put, path = "/api/admin/team/{id}", tag = "team", params(("id" = i64, Path)), responses(
    (status = 204),
    (status = 401, body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "For administrators", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "It is the last administrator", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn change(
    State(console): State<Console>,
    Extension(LoggedIn(by)): Extension<LoggedIn>,
    Path(id): Path<i64>,
    headers: HeaderMap,
    Json(MemberChange { role, password }): Json<MemberChange>,
) -> Result<StatusCode, Problem> {
    let password_hash = match password {
        None => None,
        Some(password) => {
            password::check("password", &password).map_err(|e| Problem::invalid([e]))?;
            Some(console.hash(password).await?)
        }
    };
    let keep_session = session::key_of(&headers).filter(|_| id == by.id);
    let change = AccountChange { role, password_hash, keep_session };
    let outcome = console.accounts.change_account(id, &change).await.map_err(super::problem)?;
    info!(account = id, by = by.id, ?outcome, "an account was changed");
    answer(outcome)
}

/// Shuts someone out, at once.
#[utoipa::path(delete, path = "/api/admin/team/{id}", tag = "team", params(("id" = i64, Path)), responses(
    (status = 204),
    (status = 401, body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "For administrators", body = ProblemBody, content_type = "application/problem+json"),
    (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "It is the last administrator", body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn delete(
    State(console): State<Console>,
    Extension(LoggedIn(by)): Extension<LoggedIn>,
    Path(id): Path<i64>,
) -> Result<StatusCode, Problem> {
    let outcome = console.accounts.delete_account(id).await.map_err(super::problem)?;
    info!(account = id, by = by.id, ?outcome, "an account was deleted");
    answer(outcome)
}

/// Changes one's own password. Every other session of the account ends.
#[utoipa::path(put, path = "/api/admin/password", tag = "session", responses(
    (status = 204),
    (status = 401, body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, body = ProblemBody, content_type = "application/problem+json"),
    (status = 429, body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn change_password(
    State(console): State<Console>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Extension(LoggedIn(account)): Extension<LoggedIn>,
    headers: HeaderMap,
    Json(PasswordChange { current, new }): Json<PasswordChange>,
) -> Result<StatusCode, Problem> {
    password::check("new", &new).map_err(|e| Problem::invalid([e]))?;
    // Who found a console open must not guess here what the login would not let them guess.
    let subjects = throttle::subjects(&account.email, console.clients.of(peer, &headers));
    console.admit(&subjects).await?;
    let hash = Some(account.password_hash);
    if !console.passwords.verify(Secret::new(current), hash).await {
        let message = "This is not your password.";
        return Err(Problem::invalid([FieldError::new("current", "wrong", message)]));
    }
    console.forget_failures(&subjects).await;
    let change = AccountChange {
        role: None,
        password_hash: Some(console.hash(new).await?),
        keep_session: session::key_of(&headers),
    };
    let outcome = console.accounts.change_account(account.id, &change).await;
    let outcome = outcome.map_err(super::problem)?;
    info!(account = account.id, "a password was changed");
    answer(outcome)
}

impl Console {
    async fn hash(&self, password: String) -> Result<String, Problem> {
        self.passwords.hash(Secret::new(password)).await.map_err(Problem::internal)
    }
}

fn answer(outcome: AccountOutcome) -> Result<StatusCode, Problem> {
    match outcome {
        AccountOutcome::Done => Ok(StatusCode::NO_CONTENT),
        AccountOutcome::NotFound => Err(Problem::not_found("account")),
        AccountOutcome::LastAdministrator => Err(Problem::new(
            StatusCode::CONFLICT,
            "This is the last administrator. Make someone else an administrator first.",
        )),
    }
}
