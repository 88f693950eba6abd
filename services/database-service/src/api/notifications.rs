//! `/notifications`: the log of e-mails.

use axum::{extract::State, http::StatusCode};
use domain::{NotificationId, UserId};
use runtime::{
    Cursor, Json, Path, Problem, Query,
    http::{
        cursor::{PageBody, PageQuery},
        problem::ProblemBody,
    },
};
use serde::Deserialize;
use store::{
    NewNotification, Notification, NotificationFilter, NotificationStatus,
    wire::{
        Attempts, ClaimNotifications, NotificationClaims, NotificationLocale, PastAttempts,
        Releases,
    },
};
use utoipa::IntoParams;

use super::{Db, PROBLEM, check_batch, lease, problem};

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
    (status = 422, body = ProblemBody, content_type = PROBLEM),
    (status = 503, body = ProblemBody, content_type = PROBLEM)))]
pub(super) async fn list(
    State(store): Db,
    Query(query): Query<ListQuery>,
) -> Result<Json<PageBody<Notification>>, Problem> {
    let ListQuery { user_id, status, limit, cursor } = query;
    let page = PageQuery { limit, cursor };
    let filter = NotificationFilter { user_id, status };
    let found = store.notifications(&filter, page.key()?, page.limit()?).await.map_err(problem)?;
    Ok(Json(PageBody { items: found.items, next_cursor: found.next.map(Cursor::new) }))
}

/// One e-mail.
#[utoipa::path(get, path = "/notifications/{id}", tag = "notifications",
    params(("id" = String, Path, format = Uuid)), responses(
    (status = 200, body = Notification),
    (status = 404, body = ProblemBody, content_type = PROBLEM),
    (status = 503, body = ProblemBody, content_type = PROBLEM)))]
pub(super) async fn get(
    State(store): Db,
    Path(id): Path<NotificationId>,
) -> Result<Json<Notification>, Problem> {
    let found = store.notification(id).await.map_err(problem)?;
    found.map(Json).ok_or_else(|| Problem::not_found("notification"))
}

/// The language that one e-mail was asked for in.
#[utoipa::path(get, path = "/notifications/{id}/locale", tag = "notifications",
    params(("id" = String, Path, format = Uuid)), responses(
    (status = 200, body = NotificationLocale),
    (status = 503, body = ProblemBody, content_type = PROBLEM)))]
pub(super) async fn locale(
    State(store): Db,
    Path(id): Path<NotificationId>,
) -> Result<Json<NotificationLocale>, Problem> {
    let locale = store.notification_locale(id).await.map_err(problem)?;
    Ok(Json(NotificationLocale { locale }))
}

/// The attempts at one e-mail, in order.
#[utoipa::path(get, path = "/notifications/{id}/attempts", tag = "notifications",
    params(("id" = String, Path, format = Uuid)), responses(
    (status = 200, body = PastAttempts),
    (status = 404, body = ProblemBody, content_type = PROBLEM),
    (status = 503, body = ProblemBody, content_type = PROBLEM)))]
pub(super) async fn attempts(
    State(store): Db,
    Path(id): Path<NotificationId>,
) -> Result<Json<PastAttempts>, Problem> {
    let items = store.attempts(id).await.map_err(problem)?;
    if items.is_empty() && store.notification(id).await.map_err(problem)?.is_none() {
        return Err(Problem::not_found("notification"));
    }
    Ok(Json(PastAttempts { items }))
}

/// Adds an e-mail to the log as queued. One that the log has stays as it is.
#[utoipa::path(post, path = "/notifications", tag = "notifications",
    request_body = NewNotification, responses(
    (status = 200, body = Notification),
    (status = 404, description = "There is no such user", body = ProblemBody, content_type = PROBLEM),
    (status = 413, body = ProblemBody, content_type = PROBLEM),
    (status = 422, body = ProblemBody, content_type = PROBLEM),
    (status = 503, body = ProblemBody, content_type = PROBLEM)))]
pub(super) async fn add(
    State(store): Db,
    Json(body): Json<NewNotification>,
) -> Result<Json<Notification>, Problem> {
    let added = store.add_notification(&body).await.map_err(problem)?;
    added.map(Json).ok_or_else(|| Problem::not_found("user"))
}

/// Queues an e-mail again that was sent or failed; its address counts as deliverable again. One that is
/// on its way stays as it is.
#[utoipa::path(post, path = "/notifications/{id}/requeue", tag = "notifications",
    params(("id" = String, Path, format = Uuid)), responses(
    (status = 200, body = Notification),
    (status = 404, body = ProblemBody, content_type = PROBLEM),
    (status = 503, body = ProblemBody, content_type = PROBLEM)))]
pub(super) async fn requeue(
    State(store): Db,
    Path(id): Path<NotificationId>,
) -> Result<Json<Notification>, Problem> {
    let queued = store.requeue_notification(id).await.map_err(problem)?;
    queued.map(Json).ok_or_else(|| Problem::not_found("notification"))
}

/// Gives claims back that came to nothing. A claim that is another's by now is left alone.
#[utoipa::path(post, path = "/notifications/releases", tag = "notifications",
    request_body = Releases<'static>, responses(
    (status = 204),
    (status = 413, body = ProblemBody, content_type = PROBLEM),
    (status = 422, body = ProblemBody, content_type = PROBLEM),
    (status = 503, body = ProblemBody, content_type = PROBLEM)))]
pub(super) async fn release(
    State(store): Db,
    Json(body): Json<Releases<'static>>,
) -> Result<StatusCode, Problem> {
    check_batch("claims", body.claims.len())?;
    store.release_notifications(&body.claims).await.map_err(problem)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Claims e-mails for sending; says in the same order what each claim found. A claimer may claim again
/// what it has; others are held off until the lease ends.
#[utoipa::path(post, path = "/notifications/claims", tag = "notifications",
    request_body = ClaimNotifications<'static>, responses(
    (status = 200, body = NotificationClaims),
    (status = 413, body = ProblemBody, content_type = PROBLEM),
    (status = 422, body = ProblemBody, content_type = PROBLEM),
    (status = 503, body = ProblemBody, content_type = PROBLEM)))]
pub(super) async fn claim(
    State(store): Db,
    Json(body): Json<ClaimNotifications<'static>>,
) -> Result<Json<NotificationClaims>, Problem> {
    check_batch("requests", body.requests.len())?;
    let lease = lease(body.lease_ms)?;
    let claims = store.claim_notifications(&body.requests, lease).await.map_err(problem)?;
    Ok(Json(NotificationClaims { claims }))
}

/// Records what became of claimed e-mails. Each counts as one attempt and ends its claim; one told
/// twice counts once; one at an e-mail that is not in the log is passed over.
#[utoipa::path(post, path = "/notifications/attempts", tag = "notifications",
    request_body = Attempts<'static>, responses(
    (status = 204),
    (status = 413, body = ProblemBody, content_type = PROBLEM),
    (status = 422, body = ProblemBody, content_type = PROBLEM),
    (status = 503, body = ProblemBody, content_type = PROBLEM)))]
pub(super) async fn record_attempts(
    State(store): Db,
    Json(body): Json<Attempts<'static>>,
) -> Result<StatusCode, Problem> {
    check_batch("attempts", body.attempts.len())?;
    store.record_attempts(&body.attempts).await.map_err(problem)?;
    Ok(StatusCode::NO_CONTENT)
}
