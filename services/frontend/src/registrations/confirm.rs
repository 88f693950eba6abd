//! `/confirm/{token}`: the page behind the link in the e-mail.

use std::sync::Arc;

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use chrono::Utc;
use domain::{
    EmailRequested, Event, Link, LinkError, NotificationId, Recipient, RegistrationId, template,
};
use minijinja::{Value, context};
use queue::EMAIL_NOTIFICATIONS;
use runtime::{Path, Problem};
use store::Confirmed;
use tracing::warn;

use super::{
    Intake,
    accept::{PUBLISH_TIMEOUT, RETRY_AFTER, SOURCE},
};

/// A page with a button. It changes nothing, since mail scanners open links.
#[utoipa::path(get, path = "/confirm/{token}", operation_id = "show_confirmation", tag = "pages", params(("token" = String, Path)), responses(
    (status = 200, body = String, content_type = "text/html"),
    (status = 404, description = "Not a link of ours", body = String, content_type = "text/html"),
    (status = 410, description = "The link has expired", body = String, content_type = "text/html")))]
pub(super) async fn show(State(intake): State<Arc<Intake>>, Path(token): Path<String>) -> Response {
    match intake.links.verify(Link::Confirm, &token, Utc::now()) {
        // A genuine token is hexadecimal digits: nothing in it needs escaping.
        Ok(_) => intake
            .site
            .page(
                "confirm",
                context! { action => Value::from_safe_string(format!("/confirm/{token}")) },
            )
            .into_response(),
        Err(error) => refused(&intake, error),
    }
}

/// Confirms the address. A repeat is harmless.
#[utoipa::path(post, path = "/confirm/{token}", operation_id = "send_confirmation", tag = "pages", params(("token" = String, Path)), responses(
    (status = 200, body = String, content_type = "text/html"),
    (status = 404, description = "Not a link of ours, or the person is no longer on the list", body = String, content_type = "text/html"),
    (status = 410, description = "The link has expired", body = String, content_type = "text/html"),
    (status = 503, body = String, content_type = "text/html")))]
pub(super) async fn confirm(
    State(intake): State<Arc<Intake>>,
    Path(token): Path<String>,
) -> Result<Response, Problem> {
    let id = match intake.links.verify(Link::Confirm, &token, Utc::now()) {
        Ok(id) => RegistrationId(id),
        Err(error) => return Ok(refused(&intake, error)),
    };
    if confirm_registration(&intake, id).await? {
        return Ok(intake.site.page("confirmed", context! {}).into_response());
    }
    Ok((StatusCode::NOT_FOUND, intake.site.message("registration_gone", None)).into_response())
}

/// Confirms the address, then asks for the e-mail that welcomes the person: each time the button is
/// pressed, since it is one e-mail however often it is asked for. `false` where the person is gone.
async fn confirm_registration(intake: &Intake, id: RegistrationId) -> Result<bool, Problem> {
    let confirmed = intake.registrations.confirm(id, Utc::now()).await.map_err(super::problem)?;
    let Some(Confirmed { user_id, confirmed_at }) = confirmed else { return Ok(false) };
    let data = EmailRequested {
        notification_id: NotificationId::of_confirmation(user_id, confirmed_at),
        to: Recipient::User(user_id),
        template: template::WELCOME.to_owned(),
        context: serde_json::Map::new(),
    };
    let publish = EMAIL_NOTIFICATIONS
        .publish(&*intake.queue, [(Event::new(SOURCE, data), trace::traceparent())]);
    let cause = match tokio::time::timeout(PUBLISH_TIMEOUT, publish).await {
        Ok(Ok(())) => return Ok(true),
        Ok(Err(error)) => error.to_string(),
        Err(_) => "no confirmation in time".to_owned(),
    };
    warn!(cause, "a person was not welcomed: the queue did not confirm it");
    Err(Problem::unavailable(
        "Your address is confirmed, but we cannot write to you right now. Press the button again shortly.",
        RETRY_AFTER,
    ))
}

pub(super) fn refused(intake: &Intake, error: LinkError) -> Response {
    let (status, message) = match error {
        LinkError::Forged => (StatusCode::NOT_FOUND, "link_broken"),
        LinkError::Expired => (StatusCode::GONE, "link_expired"),
    };
    (status, intake.site.message(message, None)).into_response()
}
