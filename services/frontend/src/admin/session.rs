//! Sessions: a random token in a cookie, its hash in the database.

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode},
    middleware::Next,
    response::{IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{TimeDelta, Utc};
use runtime::Problem;
use sha2::{Digest, Sha256};
use store::{Account, NewSession, Role, SessionKey};

use super::Console;
use crate::cookie;

const COOKIE: &str = "userstream_session";
/// How long a login lasts.
const LIFETIME: TimeDelta = TimeDelta::hours(12);

/// Who is logged in; an extension of the request.
#[derive(Clone, Debug)]
pub(super) struct LoggedIn(pub(super) Account);

impl Console {
    /// Opens a session and returns its cookie.
    pub(super) async fn open_session(&self, account: &Account) -> Result<HeaderValue, Problem> {
        let mut token = [0; 32];
        getrandom::fill(&mut token).map_err(Problem::internal)?;
        let token = BASE64_URL_SAFE_NO_PAD.encode(token);
        let session = NewSession {
            key: key(&token),
            account_id: account.id,
            expires_at: Utc::now() + LIFETIME,
        };
        self.accounts.open_session(&session).await.map_err(super::problem)?;
        self.cookie(&token, LIFETIME.num_seconds())
    }

    /// Ends the session of a request, if it has one, and returns a cookie that forgets it.
    pub(super) async fn close_session(&self, headers: &HeaderMap) -> Result<HeaderValue, Problem> {
        if let Some(token) = token(headers) {
            self.accounts.close_session(&key(token)).await.map_err(super::problem)?;
        }
        self.cookie("", 0)
    }

    fn cookie(&self, token: &str, max_age: i64) -> Result<HeaderValue, Problem> {
        let secure = self.origin.secure();
        let cookie =
            format!("{COOKIE}={token}; Path=/; HttpOnly; SameSite=Lax; Max-Age={max_age}{secure}");
        HeaderValue::try_from(cookie).map_err(Problem::internal)
    }
}

/// Lets only requests of a session pass.
pub(super) async fn required(
    State(console): State<Console>,
    mut request: Request,
    next: Next,
) -> Response {
    let Some(token) = token(request.headers()) else { return log_in() };
    match console.accounts.session(&key(token)).await {
        Ok(Some(account)) => {
            request.extensions_mut().insert(LoggedIn(account));
            next.run(request).await
        }
        Ok(None) => log_in(),
        Err(error) => super::problem(error).into_response(),
    }
}

/// Lets a viewer look, but change and export nothing. The route decides: a path can be written in many ways.
pub(super) async fn may_change(request: Request, next: Next) -> Response {
    let administrator = matches!(
        request.extensions().get(),
        Some(LoggedIn(Account { role: Role::Administrator, .. }))
    );
    let route = request.extensions().get().map_or("", MatchedPath::as_str);
    let exports = route.ends_with("/download") || route.ends_with("/export");
    let looks = matches!(*request.method(), Method::GET | Method::HEAD) && !exports;
    // Neither touches anything but what is their own.
    let harmless = matches!(route, "/api/admin/password" | "/api/admin/templates/{name}/preview");
    if administrator || looks || harmless {
        return next.run(request).await;
    }
    not_allowed().into_response()
}

pub(super) fn not_allowed() -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "Your account may look, but not change or export anything.")
}

/// Names the session of a request, if it claims one.
pub(super) fn key_of(headers: &HeaderMap) -> Option<SessionKey> {
    token(headers).map(key)
}

fn log_in() -> Response {
    Problem::new(StatusCode::UNAUTHORIZED, "Log in first: POST /api/admin/login.").into_response()
}

fn token(headers: &HeaderMap) -> Option<&str> {
    cookie::values(headers, COOKIE).find(|value| !value.is_empty())
}

fn key(token: &str) -> SessionKey {
    SessionKey(hex::encode(Sha256::digest(token)))
}
