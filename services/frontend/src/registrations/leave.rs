//! `/leave/{token}`: off the list, by a link in an e-mail or by the mail program's own button.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use chrono::Utc;
use domain::{Link, RegistrationId};
use minijinja::{Value, context};
use runtime::{Path, Problem};
use tracing::info;

use super::{Intake, confirm::refused};

/// A page with a button. It changes nothing, since mail scanners open links.
#[utoipa::path(get, path = "/leave/{token}", operation_id = "show_leaving", tag = "pages", params(("token" = String, Path)), responses(
    (status = 200, body = String, content_type = "text/html"),
    (status = 404, description = "Not a link of ours", body = String, content_type = "text/html"),
    (status = 410, description = "The link has expired", body = String, content_type = "text/html")))]
pub(super) async fn show(State(intake): State<Arc<Intake>>, Path(token): Path<String>) -> Response {
    match intake.links.verify(Link::Leave, &token, Utc::now()) {
        // A genuine token is hexadecimal digits: nothing in it needs escaping.
        Ok(_) => {
            let action = Value::from_safe_string(format!("/leave/{token}"));
            intake.site.page("leave", context! { action }).into_response()
        }
        Err(error) => refused(&intake, error),
    }
}

/// Deletes the person, for good. Mail programs call it by themselves when their own button is pressed
/// (RFC 8058). A repeat is harmless.
#[utoipa::path(post, path = "/leave/{token}", operation_id = "send_leaving", tag = "pages", params(("token" = String, Path)), responses(
    (status = 200, body = String, content_type = "text/html"),
    (status = 404, description = "Not a link of ours", body = String, content_type = "text/html"),
    (status = 410, description = "The link has expired", body = String, content_type = "text/html"),
    (status = 503, body = String, content_type = "text/html")))]
pub(super) async fn leave(
    State(intake): State<Arc<Intake>>,
    Path(token): Path<String>,
) -> Result<Response, Problem> {
    let id = match intake.links.verify(Link::Leave, &token, Utc::now()) {
        Ok(id) => RegistrationId(id),
        Err(error) => return Ok(refused(&intake, error)),
    };
    if let Some(user_id) = intake.registrations.leave(id).await.map_err(super::problem)? {
        info!(%user_id, "a person has left the list");
    }
    Ok(intake.site.message("left", None).into_response())
}
