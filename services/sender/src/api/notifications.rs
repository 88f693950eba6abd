//! `/notifications`.

use std::sync::Arc;

use axum::extract::State;
use domain::{NotificationId, UserId};
use runtime::{
    Cursor, Json, Path, Problem, Query,
    http::{
        cursor::{PageBody, PageQuery},
        problem::ProblemBody,
    },
};
use serde::Deserialize;
use store::{Notification, NotificationFilter, NotificationStatus, Notifications};
use utoipa::IntoParams;

type Log = State<Arc<dyn Notifications>>;

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
    State(log): Log,
    Query(query): Query<ListQuery>,
) -> Result<Json<PageBody<Notification>>, Problem> {
    let ListQuery { user_id, status, limit, cursor } = query;
    let page = PageQuery { limit, cursor };
    let filter = NotificationFilter { user_id, status };
    let found = log.notifications(&filter, page.key()?, page.limit()?).await;
    let found = found.map_err(super::problem)?;
    Ok(Json(PageBody { items: found.items, next_cursor: found.next.map(Cursor::new) }))
}

/// One e-mail.
#[utoipa::path(get, path = "/notifications/{id}", tag = "notifications",
    params(("id" = String, Path, format = Uuid)), responses(
    (status = 200, body = Notification),
    (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn get(
    State(log): Log,
    Path(id): Path<NotificationId>,
) -> Result<Json<Notification>, Problem> {
    let found = log.notification(id).await.map_err(super::problem)?;
    found.map(Json).ok_or_else(|| Problem::not_found("notification"))
}
