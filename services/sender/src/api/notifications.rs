//! `/notifications`.

use axum::{extract::State, http::StatusCode};
use domain::{EmailAddress, EmailRequested, Event, FieldError, NotificationId, Recipient, UserId};
use minijinja::value::Serde;
use queue::EMAIL_NOTIFICATIONS;
use runtime::{
    Cursor, Json, Path, Problem, Query,
    http::{
        cursor::{PageBody, PageQuery},
        problem::ProblemBody,
    },
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::{NewNotification, Notification, NotificationFilter, NotificationStatus, PastAttempt};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{AppState, templates::Preview};
use crate::templates::{Facts, Rendered, names, sample};

/// Names this service as the source of events.
const SOURCE: &str = "/userstream/sender";

/// `?user_id=&status=&limit=&cursor=`
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// To this user.
    user_id: Option<UserId>,
    /// Of this status.
    status: Option<NotificationStatus>,
    /// Items on a page.
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<Cursor>,
}

/// The e-mails, newest first.
#[utoipa::path(get, path = "/notifications", tag = "notifications", params(ListQuery), responses(
    (status = 200, body = PageBody<Notification>),
    (status = 422, body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn list(
    State(app): State<AppState>,
    Query(query): Query<ListQuery>,
) -> Result<Json<PageBody<Notification>>, Problem> {
    let ListQuery { user_id, status, limit, cursor } = query;
    let page = PageQuery { limit, cursor };
    let filter = NotificationFilter { user_id, status };
    let found = app.log.notifications(&filter, page.key()?, page.limit()?).await;
    let found = found.map_err(super::problem)?;
    Ok(Json(PageBody { items: found.items, next_cursor: found.next.map(Cursor::new) }))
}

/// One e-mail with every attempt at it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct NotificationDetail {
    #[serde(flatten)]
    notification: Notification,
    /// The attempts, in order.
    history: Vec<PastAttempt>,
}

/// One e-mail.
#[utoipa::path(get, path = "/notifications/{id}", tag = "notifications",
    params(("id" = String, Path, format = Uuid)), responses(
    (status = 200, body = NotificationDetail),
    (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn get(
    State(app): State<AppState>,
    Path(id): Path<NotificationId>,
) -> Result<Json<NotificationDetail>, Problem> {
    let found = app.log.notification(id).await.map_err(super::problem)?;
    let notification = found.ok_or_else(|| Problem::not_found("notification"))?;
    let history = app.log.attempts(id).await.map_err(super::problem)?;
    Ok(Json(NotificationDetail { notification, history }))
}

/// Shows what an e-mail says, by the text in force. The links in it are samples: they are for the person, and
/// nobody else is to act in their name.
#[utoipa::path(get, path = "/notifications/{id}/preview", tag = "notifications",
    params(("id" = String, Path, format = Uuid)), responses(
    (status = 200, body = Preview),
    (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "There is no text for it any more", body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn preview(
    State(app): State<AppState>,
    Path(id): Path<NotificationId>,
) -> Result<Json<Preview>, Problem> {
    let found = app.log.notification(id).await.map_err(super::problem)?;
    let Notification { user_id, notification_type, context, .. } =
        found.ok_or_else(|| Problem::not_found("notification"))?;
    let person = match user_id {
        Some(id) => app.users.user(id).await.map_err(super::problem)?,
        None => None,
    };
    let locale = app.log.notification_locale(id).await.map_err(super::problem)?;
    let texts = app.catalogue.latest().await.map_err(super::problem)?;
    let gone = |reason| Problem::new(StatusCode::CONFLICT, reason);
    let text = texts
        .nearest(&notification_type, locale.as_deref())
        .ok_or_else(|| gone("There is no text of this name any more.".to_owned()))?;
    let mut facts: Facts<'_> = sample(&notification_type, app.composer.public_url());
    (facts.name, facts.surname) =
        person.as_ref().map_or(("", ""), |person| (&person.name, &person.surname));
    for (name, value) in context.iter().filter(|(name, _)| !name.ends_with("_url")) {
        facts.more.insert(name.clone(), minijinja::Value::from(Serde(value)));
    }
    let rendered = texts.render(text, facts);
    let Rendered { subject, text, html } = rendered
        .map_err(|mistake| gone(format!("The text cannot be filled in for it: {mistake}.")))?;
    Ok(Json(Preview { subject, text, html }))
}

/// An e-mail to send.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateNotification {
    /// Names it, so that asking again with the same id sends nothing twice; made where absent.
    #[serde(default)]
    notification_id: Option<NotificationId>,
    /// To whom.
    user_id: UserId,
    /// The name of a template.
    template: String,
    /// What the template may use beside what is known of the user.
    #[serde(default)]
    context: Map<String, Value>,
}

/// Asks for an e-mail to a user. It is sent in the background: follow it by its id.
#[utoipa::path(post, path = "/notifications", tag = "notifications", responses(
    (status = 202, body = Notification),
    (status = 422, description = "There is no such user or template", body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn create(
    State(app): State<AppState>,
    Json(body): Json<CreateNotification>,
) -> Result<(StatusCode, Json<Notification>), Problem> {
    let CreateNotification { notification_id, user_id, template, context } = body;
    if !names().any(|known| known == template) {
        return Err(unknown("template", "there is no template of that name"));
    }
    let notification_id = notification_id.unwrap_or_else(|| NotificationId(Uuid::now_v7()));
    let to = Recipient::User(user_id);
    let new = NewNotification { notification_id, to, notification_type: template, context };
    let added = app.log.add_notification(&new).await.map_err(super::problem)?;
    let added = added.ok_or_else(|| unknown("user_id", "there is no user of that id"))?;
    request(&app, &added).await?;
    Ok((StatusCode::ACCEPTED, Json(added)))
}

/// Sends an e-mail again, under the same `Message-ID`; one that waits for its next attempt is tried now.
/// Its address counts as deliverable again.
#[utoipa::path(post, path = "/notifications/{id}/resend", tag = "notifications",
    params(("id" = String, Path, format = Uuid)), responses(
    (status = 202, body = Notification),
    (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn resend(
    State(app): State<AppState>,
    Path(id): Path<NotificationId>,
) -> Result<(StatusCode, Json<Notification>), Problem> {
    let queued = app.log.requeue_notification(id).await.map_err(super::problem)?;
    let queued = queued.ok_or_else(|| Problem::not_found("notification"))?;
    request(&app, &queued).await?;
    Ok((StatusCode::ACCEPTED, Json(queued)))
}

/// Puts an e-mail of the log into the queue.
async fn request(app: &AppState, notification: &Notification) -> Result<(), Problem> {
    let to = match notification.user_id {
        Some(id) => Recipient::User(id),
        None => EmailAddress::parse(&notification.recipient)
            .map(Recipient::Address)
            .map_err(|error| Problem::internal(format!("its recipient {error}")))?,
    };
    let data = EmailRequested {
        notification_id: notification.notification_id,
        to,
        template: notification.notification_type.clone(),
        context: notification.context.clone(),
    };
    let event = Event::new(SOURCE, data);
    EMAIL_NOTIFICATIONS
        .publish(&*app.queue, [(event, trace::traceparent())])
        .await
        .map_err(|e| super::queue_away(&e))
}

fn unknown(field: &'static str, message: &str) -> Problem {
    Problem::invalid([FieldError::new(field, "unknown", message)])
}
