//! `/schedules`: reports that are made again and again.

use axum::{extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use domain::ScheduleId;
use runtime::{
    Cursor, Json, Path, Problem, Query,
    http::{
        cursor::{PageBody, PageQuery},
        problem::ProblemBody,
    },
};
use serde::Deserialize;
use store::{
    NewSchedule, Schedule,
    wire::{AdvanceSchedule, DueSchedules},
};
use utoipa::IntoParams;

use super::{Db, PROBLEM, check_length, invalid, problem};

/// Adds a schedule, unless there is one of that id; answers with it as it stands. The Report Generator looks
/// for mistakes before it calls this.
#[utoipa::path(post, path = "/schedules", tag = "schedules", request_body = NewSchedule, responses(
    (status = 200, body = Schedule),
    (status = 422, body = ProblemBody, content_type = PROBLEM),
    (status = 503, body = ProblemBody, content_type = PROBLEM)))]
pub(super) async fn create(
    State(store): Db,
    Json(new): Json<NewSchedule>,
) -> Result<Json<Schedule>, Problem> {
    check(&new)?;
    store.create_schedule(&new).await.map(Json).map_err(problem)
}

/// The schedules, newest first.
#[utoipa::path(get, path = "/schedules", tag = "schedules", params(PageQuery), responses(
    (status = 200, body = PageBody<Schedule>),
    (status = 422, body = ProblemBody, content_type = PROBLEM),
    (status = 503, body = ProblemBody, content_type = PROBLEM)))]
pub(super) async fn list(
    State(store): Db,
    Query(page): Query<PageQuery>,
) -> Result<Json<PageBody<Schedule>>, Problem> {
    let found = store.schedules(page.key()?, page.limit()?).await.map_err(problem)?;
    Ok(Json(PageBody { items: found.items, next_cursor: found.next.map(Cursor::new) }))
}

/// One schedule.
#[utoipa::path(get, path = "/schedules/{id}", tag = "schedules",
    params(("id" = String, Path, format = Uuid)), responses(
    (status = 200, body = Schedule),
    (status = 404, body = ProblemBody, content_type = PROBLEM),
    (status = 503, body = ProblemBody, content_type = PROBLEM)))]
pub(super) async fn get(
    State(store): Db,
    Path(id): Path<ScheduleId>,
) -> Result<Json<Schedule>, Problem> {
    let found = store.schedule(id).await.map_err(problem)?;
    found.map(Json).ok_or_else(|| Problem::not_found("schedule"))
}

/// Changes a schedule.
#[utoipa::path(put, path = "/schedules/{id}", tag = "schedules", request_body = NewSchedule,
    params(("id" = String, Path, format = Uuid)), responses(
    (status = 200, body = Schedule),
    (status = 404, body = ProblemBody, content_type = PROBLEM),
    (status = 422, body = ProblemBody, content_type = PROBLEM),
    (status = 503, body = ProblemBody, content_type = PROBLEM)))]
pub(super) async fn update(
    State(store): Db,
    Path(id): Path<ScheduleId>,
    Json(new): Json<NewSchedule>,
) -> Result<Json<Schedule>, Problem> {
    check(&new)?;
    if new.schedule_id != id {
        let message = "schedule_id must be the one in the path.";
        return Err(invalid("schedule_id", "mismatch", message));
    }
    let changed = store.update_schedule(&new).await.map_err(problem)?;
    changed.map(Json).ok_or_else(|| Problem::not_found("schedule"))
}

/// Deletes a schedule; its reports stay.
#[utoipa::path(delete, path = "/schedules/{id}", tag = "schedules",
    params(("id" = String, Path, format = Uuid)), responses(
    (status = 204),
    (status = 404, body = ProblemBody, content_type = PROBLEM),
    (status = 503, body = ProblemBody, content_type = PROBLEM)))]
pub(super) async fn delete(
    State(store): Db,
    Path(id): Path<ScheduleId>,
) -> Result<StatusCode, Problem> {
    if store.delete_schedule(id).await.map_err(problem)? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Problem::not_found("schedule"))
    }
}

/// `?now=&limit=`
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Due {
    /// The time by the caller's clock.
    now: DateTime<Utc>,
    /// Schedules in the answer, at the most; at most 1,000.
    #[param(minimum = 1, maximum = 1000)]
    limit: u32,
}

/// Schedules whose next slot has come, the longest waiting first.
#[utoipa::path(get, path = "/schedules/due", tag = "schedules", params(Due), responses(
    (status = 200, body = DueSchedules),
    (status = 422, body = ProblemBody, content_type = PROBLEM),
    (status = 503, body = ProblemBody, content_type = PROBLEM)))]
pub(super) async fn due(
    State(store): Db,
    Query(Due { now, limit }): Query<Due>,
) -> Result<Json<DueSchedules>, Problem> {
    let items = store.due_schedules(now, limit.clamp(1, 1000)).await.map_err(problem)?;
    Ok(Json(DueSchedules { items }))
}

/// Sets the next slot from the one that was seen; where it is another by now nothing changes.
#[utoipa::path(post, path = "/schedules/{id}/advance", tag = "schedules", request_body = AdvanceSchedule,
    params(("id" = String, Path, format = Uuid)), responses(
    (status = 204),
    (status = 422, body = ProblemBody, content_type = PROBLEM),
    (status = 503, body = ProblemBody, content_type = PROBLEM)))]
pub(super) async fn advance(
    State(store): Db,
    Path(id): Path<ScheduleId>,
    Json(AdvanceSchedule { from, to }): Json<AdvanceSchedule>,
) -> Result<StatusCode, Problem> {
    store.advance_schedule(id, from, to).await.map_err(problem)?;
    Ok(StatusCode::NO_CONTENT)
}

fn check(new: &NewSchedule) -> Result<(), Problem> {
    check_length("cron", &new.cron, 255)?;
    check_length("timezone", &new.timezone, 64)
}
