//! `/schedules`.

use axum::{
    Extension,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use chrono::{DateTime, Utc};
use domain::{FieldError, ReportId, ReportRequested, ReportSpec, ScheduleId};
use runtime::{
    Cursor, Json, Path, Problem, Query,
    http::{
        cursor::{PageBody, PageQuery},
        problem::ProblemBody,
    },
    tokens::Caller,
};
use serde::{Deserialize, Serialize};
use store::{MissedSlots, NewSchedule, Report, Schedule};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    AppState,
    reports::{ReportBody, ask_for, on_behalf_of},
};
use crate::{
    requests::MAX_NAME_CHARS,
    schedules::{Recurrence, request},
};

/// Runs that are told ahead.
const RUNS_AHEAD: usize = 5;

/// A schedule, and when it runs next.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ScheduleBody {
    #[serde(flatten)]
    schedule: Schedule,
    /// The next five runs; none while it is switched off.
    next_runs: Vec<DateTime<Utc>>,
}

impl From<Schedule> for ScheduleBody {
    fn from(schedule: Schedule) -> Self {
        let recurrence = Recurrence::parse(&schedule.cron, &schedule.timezone).ok();
        let next_runs = schedule.next_run_at.zip(recurrence).map(|(next, recurrence)| {
            [next].into_iter().chain(recurrence.runs_after(next)).take(RUNS_AHEAD).collect()
        });
        Self { next_runs: next_runs.unwrap_or_default(), schedule }
    }
}

/// A schedule to make, or what to change of one: an absent field then stays as it is.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ScheduleChange {
    /// What its reports are called.
    #[schema(max_length = 255)]
    report_name: Option<String>,
    /// When it runs, as a cron expression of five fields. Required of a new one.
    #[schema(max_length = 255, example = "30 7 * * MON-FRI")]
    cron: Option<String>,
    /// The zone that the expression speaks of (IANA); UTC where absent.
    #[schema(max_length = 64, example = "Europe/Berlin")]
    timezone: Option<String>,
    /// The report, as in `POST /reports`. Required of a new one.
    report: Option<ReportBody>,
    /// At most 20 addresses that each report is delivered to, by a link that ends after a week.
    #[schema(max_items = 20)]
    deliver_to: Option<Vec<String>>,
    /// Whether it runs; `true` where absent.
    enabled: Option<bool>,
    /// What becomes of slots that passed while no generator ran; `once` where absent.
    missed: Option<MissedSlots>,
}

impl ScheduleChange {
    /// What is to be kept, or every mistake in it.
    fn apply(self, to: NewSchedule, now: DateTime<Utc>) -> Result<NewSchedule, Problem> {
        let mut mistakes = Vec::new();
        let of_report = self.report.as_ref().and_then(|report| named(report.report_name.as_ref()));
        let report = self.report.or_else(|| ReportBody::deserialize(&to.report).ok());
        let new = NewSchedule {
            report_name: named(self.report_name.as_ref()).or(of_report).unwrap_or(to.report_name),
            cron: self.cron.unwrap_or(to.cron),
            timezone: self.timezone.unwrap_or(to.timezone),
            deliver_to: self.deliver_to.unwrap_or(to.deliver_to),
            missed: self.missed.unwrap_or(to.missed),
            enabled: self.enabled.unwrap_or(to.enabled),
            ..to
        };
        if new.report_name.chars().count() > MAX_NAME_CHARS {
            let message = "report_name must be 255 characters or fewer.";
            mistakes.push(FieldError::new("report_name", "too_long", message));
        }
        let recurrence = Recurrence::parse(&new.cron, &new.timezone);
        let recurrence = recurrence.map_err(|found| mistakes.extend(found)).ok();
        let spec = report.clone().map(|body| {
            let deliver_to = new.deliver_to.clone();
            ReportSpec::parse(&ReportRequested { deliver_to, ..body.into_request(ReportId::new()) })
        });
        let spec = spec.unwrap_or_else(|| {
            let message = "Say which report: at least its format.";
            Err(vec![FieldError::new("", "required", message)])
        });
        let spec = spec.map_err(|found| mistakes.extend(found.into_iter().map(of_the_report)));
        match (recurrence, spec) {
            (Some(recurrence), Ok(spec)) if mistakes.is_empty() => Ok(NewSchedule {
                report: serde_json::to_value(report)
                    .map_err(|e| Problem::internal(e.to_string()))?,
                deliver_to: spec.deliver_to.iter().map(|to| to.as_str().to_owned()).collect(),
                next_run_at: recurrence.after(now).filter(|_| new.enabled),
                ..new
            }),
            _ => Err(Problem::invalid(mistakes)),
        }
    }
}

/// A name, where it is one.
fn named(name: Option<&String>) -> Option<String> {
    name.map(|name| name.trim()).filter(|name| !name.is_empty()).map(ToOwned::to_owned)
}

/// A mistake in the report, by its place in a schedule.
fn of_the_report(mistake: FieldError) -> FieldError {
    if mistake.field.starts_with("deliver_to") {
        return mistake;
    }
    let field = format!("report.{}", mistake.field);
    FieldError { field: field.trim_end_matches('.').to_owned(), ..mistake }
}

/// A schedule that nobody has said anything of yet.
fn blank(created_by: String) -> NewSchedule {
    NewSchedule {
        schedule_id: ScheduleId(Uuid::now_v7()),
        report_name: "Registrations".into(),
        cron: String::new(),
        timezone: "UTC".into(),
        report: serde_json::Value::Null,
        deliver_to: Vec::new(),
        missed: MissedSlots::default(),
        enabled: true,
        created_by: Some(created_by),
        next_run_at: None,
    }
}

/// A schedule as it is kept.
fn kept(schedule: Schedule) -> NewSchedule {
    let Schedule { schedule_id, report_name, cron, timezone, report, .. } = schedule;
    let Schedule { deliver_to, missed, enabled, created_by, next_run_at, .. } = schedule;
    NewSchedule {
        schedule_id,
        report_name,
        cron,
        timezone,
        report,
        deliver_to,
        missed,
        enabled,
        created_by,
        next_run_at,
    }
}

/// Makes a schedule.
#[utoipa::path(post, path = "/schedules", tag = "schedules", responses(
    (status = 201, body = ScheduleBody),
    (status = 422, body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn create(
    State(state): State<AppState>,
    Extension(Caller(caller)): Extension<Caller>,
    headers: HeaderMap,
    Json(asked): Json<ScheduleChange>,
) -> Result<(StatusCode, Json<ScheduleBody>), Problem> {
    let new = asked.apply(blank(on_behalf_of(&headers).unwrap_or(caller)), Utc::now())?;
    let created = state.schedules.create_schedule(&new).await.map_err(super::problem)?;
    Ok((StatusCode::CREATED, Json(created.into())))
}

/// The schedules, newest first.
#[utoipa::path(get, path = "/schedules", tag = "schedules", params(PageQuery), responses(
    (status = 200, body = PageBody<ScheduleBody>),
    (status = 422, body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn list(
    State(state): State<AppState>,
    Query(page): Query<PageQuery>,
) -> Result<Json<PageBody<ScheduleBody>>, Problem> {
    let found = state.schedules.schedules(page.key()?, page.limit()?).await;
    let found = found.map_err(super::problem)?.map(ScheduleBody::from);
    Ok(Json(PageBody { items: found.items, next_cursor: found.next.map(Cursor::new) }))
}

/// One schedule.
#[utoipa::path(get, path = "/schedules/{id}", tag = "schedules",
    params(("id" = String, Path, format = Uuid)), responses(
    (status = 200, body = ScheduleBody),
    (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn get(
    State(state): State<AppState>,
    Path(id): Path<ScheduleId>,
) -> Result<Json<ScheduleBody>, Problem> {
    find(&state, id).await.map(|schedule| Json(schedule.into()))
}

/// Changes a schedule. Its next run is counted anew, from now.
#[utoipa::path(put, path = "/schedules/{id}", tag = "schedules",
    params(("id" = String, Path, format = Uuid)), responses(
    (status = 200, body = ScheduleBody),
    (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn update(
    State(state): State<AppState>,
    Path(id): Path<ScheduleId>,
    Json(change): Json<ScheduleChange>,
) -> Result<Json<ScheduleBody>, Problem> {
    let changed = change.apply(kept(find(&state, id).await?), Utc::now())?;
    let changed = state.schedules.update_schedule(&changed).await.map_err(super::problem)?;
    changed.map(|schedule| Json(schedule.into())).ok_or_else(|| Problem::not_found("schedule"))
}

/// Deletes a schedule; its reports stay.
#[utoipa::path(delete, path = "/schedules/{id}", tag = "schedules",
    params(("id" = String, Path, format = Uuid)), responses(
    (status = 204),
    (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn delete(
    State(state): State<AppState>,
    Path(id): Path<ScheduleId>,
) -> Result<StatusCode, Problem> {
    if state.schedules.delete_schedule(id).await.map_err(super::problem)? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Problem::not_found("schedule"))
    }
}

/// Asks for a report of a schedule now, whether it is switched on or off; its slots stay as they are.
#[utoipa::path(post, path = "/schedules/{id}/run", tag = "schedules",
    params(("id" = String, Path, format = Uuid)), responses(
    (status = 202, body = Report),
    (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "Its report cannot be read", body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn run_now(
    State(state): State<AppState>,
    Extension(Caller(caller)): Extension<Caller>,
    Path(id): Path<ScheduleId>,
    headers: HeaderMap,
) -> Result<(StatusCode, Json<Report>), Problem> {
    let schedule = find(&state, id).await?;
    let who = on_behalf_of(&headers).unwrap_or(caller);
    let request = request(&schedule, ReportId::new(), Some(who)).map_err(|error| {
        let detail =
            format!("The report of this schedule cannot be read: {error}. Change it first.");
        Problem::new(StatusCode::CONFLICT, detail)
    })?;
    ask_for(&state, request).await
}

async fn find(state: &AppState, id: ScheduleId) -> Result<Schedule, Problem> {
    let found = state.schedules.schedule(id).await.map_err(super::problem)?;
    found.ok_or_else(|| Problem::not_found("schedule"))
}
