//! `/reports`.

use std::time::Duration;

use axum::{
    Extension,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use chrono::Utc;
use domain::{Event, FieldError, ReportId, ReportRequested, ReportSpec};
use queue::REPORT_REQUESTS;
use runtime::{
    Cursor, Json, Path, Problem, Query,
    http::{
        cursor::{PageBody, PageQuery},
        problem::ProblemBody,
    },
    tokens::Caller,
};
use serde::{Deserialize, Serialize};
use store::{Report, ReportStatus};
use tracing::warn;
use utoipa::ToSchema;

use super::AppState;
use crate::{
    SOURCE, generate,
    requests::{MAX_NAME_CHARS, log_entry},
};

/// A report to make.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReportBody {
    /// `csv`, `xlsx`, `ndjson` or `pdf`.
    #[schema(value_type = domain::ReportFormat)]
    format: String,
    /// A name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 255)]
    pub(super) report_name: Option<String>,
    /// Which users; all where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<domain::UserFilter>)]
    filters: Option<serde_json::Value>,
    /// Which columns, in order; the default ones where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<domain::ReportColumn>>)]
    columns: Option<Vec<String>>,
    /// How the file is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<domain::ReportOptions>)]
    options: Option<serde_json::Value>,
}

impl ReportBody {
    /// The message that asks for it.
    pub(crate) fn into_request(self, report_id: ReportId) -> ReportRequested {
        ReportRequested {
            report_id,
            format: self.format,
            report_name: self.report_name,
            filters: self.filters,
            columns: self.columns.unwrap_or_default(),
            options: self.options,
            requested_by: None,
            schedule_id: None,
            deliver_to: Vec::new(),
        }
    }
}

/// Asks for a report. It is made in the background: follow it by its id.
#[utoipa::path(post, path = "/reports", tag = "reports", responses(
    (status = 202, body = Report),
    (status = 422, body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn create(
    State(state): State<AppState>,
    Extension(Caller(caller)): Extension<Caller>,
    headers: HeaderMap,
    Json(asked): Json<ReportBody>,
) -> Result<(StatusCode, Json<Report>), Problem> {
    let mut request = asked.into_request(ReportId::new());
    check(&request)?;
    request.requested_by = Some(on_behalf_of(&headers).unwrap_or(caller));
    ask_for(&state, request).await
}

/// Puts a request into the queue and the log; answers with it as it stands.
pub(super) async fn ask_for(
    state: &AppState,
    request: ReportRequested,
) -> Result<(StatusCode, Json<Report>), Problem> {
    let entry = log_entry(&request);
    let accepted = Report {
        report_id: entry.report_id,
        report_name: entry.report_name.clone(),
        format: entry.format.clone(),
        status: ReportStatus::Queued,
        record_count: None,
        file_path: None,
        size_bytes: None,
        sha256: None,
        requested_by: entry.requested_by.clone(),
        requested_at: Utc::now(),
        generated_at: None,
        error: None,
        schedule_id: entry.schedule_id,
    };
    // The message first: once it is durable the report will be made, and whoever makes it enters it
    // into the log if this call does not get to it.
    let event = Event::new(SOURCE, request);
    REPORT_REQUESTS.publish(&*state.queue, [(event, trace::traceparent())]).await.map_err(
        |error| {
            Problem::unavailable(
                format!("The report was not taken: {error}."),
                Duration::from_secs(5),
            )
        },
    )?;
    match state.reports.request_report(&entry).await {
        Ok(report) => Ok((StatusCode::ACCEPTED, Json(report.unwrap_or(accepted)))),
        Err(error) => {
            warn!(report_id = %entry.report_id, %error, "queued, but not in the log yet");
            Ok((StatusCode::ACCEPTED, Json(accepted)))
        }
    }
}

/// The person that the caller acts for, as the Frontend tells.
pub(super) fn on_behalf_of(headers: &HeaderMap) -> Option<String> {
    runtime::http::on_behalf_of::person(headers).map(ToOwned::to_owned)
}

fn check(request: &ReportRequested) -> Result<(), Problem> {
    let mut errors = ReportSpec::parse(request).err().unwrap_or_default();
    if request.report_name.as_ref().is_some_and(|n| n.chars().count() > MAX_NAME_CHARS) {
        let message = "report_name must be 255 characters or fewer.";
        errors.push(FieldError::new("report_name", "too_long", message));
    }
    if errors.is_empty() { Ok(()) } else { Err(Problem::invalid(errors)) }
}

/// The reports, newest first.
#[utoipa::path(get, path = "/reports", tag = "reports", params(PageQuery), responses(
    (status = 200, body = PageBody<Report>),
    (status = 422, body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn list(
    State(state): State<AppState>,
    Query(page): Query<PageQuery>,
) -> Result<Json<PageBody<Report>>, Problem> {
    let found = state.reports.reports(page.key()?, page.limit()?).await.map_err(super::problem)?;
    Ok(Json(PageBody { items: found.items, next_cursor: found.next.map(Cursor::new) }))
}

/// One report.
#[utoipa::path(get, path = "/reports/{id}", tag = "reports",
    params(("id" = String, Path, format = Uuid)), responses(
    (status = 200, body = Report),
    (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn get(
    State(state): State<AppState>,
    Path(id): Path<ReportId>,
) -> Result<Json<Report>, Problem> {
    let found = state.reports.report(id).await.map_err(super::problem)?;
    found.map(Json).ok_or_else(|| Problem::not_found("report"))
}

/// Stops a report that is queued or running: it has failed, and has no file. One that has ended stays as it is.
#[utoipa::path(post, path = "/reports/{id}/cancel", tag = "reports",
    params(("id" = String, Path, format = Uuid)), responses(
    (status = 200, body = Report),
    (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn cancel(
    State(state): State<AppState>,
    Extension(Caller(caller)): Extension<Caller>,
    Path(id): Path<ReportId>,
    headers: HeaderMap,
) -> Result<Json<Report>, Problem> {
    let who = on_behalf_of(&headers).unwrap_or(caller);
    let reason = format!("Cancelled by {who}.");
    let report = state.reports.cancel_report(id, &reason).await.map_err(super::problem)?;
    report.map(Json).ok_or_else(|| Problem::not_found("report"))
}

/// Deletes a report and its file. One in the making is stopped.
#[utoipa::path(delete, path = "/reports/{id}", tag = "reports",
    params(("id" = String, Path, format = Uuid)), responses(
    (status = 204),
    (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn delete(
    State(state): State<AppState>,
    Path(id): Path<ReportId>,
) -> Result<StatusCode, Problem> {
    let found = state.reports.report(id).await.map_err(super::problem)?;
    remove_file(&state, &found.ok_or_else(|| Problem::not_found("report"))?).await?;
    // Only then: without its row nobody would know of a file that stays.
    let deleted = state.reports.delete_report(id).await.map_err(super::problem)?;
    // It may have been made meanwhile.
    remove_file(&state, &deleted.ok_or_else(|| Problem::not_found("report"))?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes a report's file; one that is not there is removed.
async fn remove_file(state: &AppState, report: &Report) -> Result<(), Problem> {
    let Some(file) = &report.file_path else { return Ok(()) };
    generate::remove(&state.folder, report.report_id, file).await.map_err(|error| {
        warn!(report_id = %report.report_id, %error, "its file could not be removed");
        Problem::unavailable(
            "The file of this report cannot be removed from the report folder. Try again once the \
             folder is in order.",
            Duration::from_secs(30),
        )
    })
}
