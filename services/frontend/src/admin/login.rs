//! `/api/admin/login`, `/logout`, `/me`.

use std::net::SocketAddr;

use axum::{
    Extension,
    extract::{ConnectInfo, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::EmailAddress;
use runtime::{Json, Problem, Secret, http::problem::ProblemBody};
use serde::{Deserialize, Serialize};
use store::Role;
use tracing::{info, warn};
use utoipa::ToSchema;

use super::{Console, session::LoggedIn, throttle};

/// Who wants in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Credentials {
    /// The account's address.
    #[schema(max_length = 254)]
    email: String,
    /// Its password.
    #[schema(max_length = 1024, format = Password)]
    password: String,
}

/// Who is in.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Me {
    email: String,
    role: Role,
}

/// Opens a session. The answer is the same for an unknown address and a wrong password. Attempts that fail
/// again and again have to wait, longer each time.
#[utoipa::path(post, path = "/api/admin/login", tag = "session", responses(
    (status = 204, description = "Logged in; sets the session cookie"),
    (status = 400, body = ProblemBody, content_type = "application/problem+json"),
    (status = 401, body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "From another site", body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, body = ProblemBody, content_type = "application/problem+json"),
    (status = 429, description = "Too many attempts; Retry-After says when the next is taken", body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn login(
    State(console): State<Console>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Json(Credentials { email, password }): Json<Credentials>,
) -> Result<Response, Problem> {
    let subjects = throttle::subjects(&email, console.clients.of(peer, &headers));
    console.admit(&subjects).await?;
    let account = match EmailAddress::parse(&email) {
        Ok(email) => console.accounts.account(&email).await.map_err(super::problem)?,
        Err(_) => None,
    };
    let hash = account.as_ref().map(|a| a.password_hash.clone());
    let genuine = console.passwords.verify(Secret::new(password), hash).await;
    let Some(account) = account.filter(|_| genuine) else {
        warn!("a login failed");
        return Err(Problem::new(
            StatusCode::UNAUTHORIZED,
            "The address or the password is not right.",
        ));
    };
    console.forget_failures(&subjects).await;
    let cookie = console.open_session(&account).await?;
    info!(account = account.id, "logged in");
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response())
}

/// Ends the session.
#[utoipa::path(post, path = "/api/admin/logout", tag = "session", responses(
    (status = 204, description = "Logged out; the cookie is gone"),
    (status = 403, description = "From another site", body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn logout(
    State(console): State<Console>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let cookie = console.close_session(&headers).await?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response())
}

/// Who is logged in.
#[utoipa::path(get, path = "/api/admin/me", tag = "session", responses(
    (status = 200, body = Me),
    (status = 401, body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn me(Extension(LoggedIn(account)): Extension<LoggedIn>) -> Json<Me> {
    Json(Me { email: account.email, role: account.role })
}
