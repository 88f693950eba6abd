//! `GET /reports/{id}/download`.

use axum::{
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::ReportId;
use runtime::{Path, Problem, http::problem::ProblemBody};
use store::{Report, ReportStatus};
use tower::ServiceExt;
use tower_http::services::ServeFile;

use super::AppState;

/// A report's file; ranges are supported.
#[utoipa::path(get, path = "/reports/{id}/download", tag = "reports",
    params(("id" = String, Path, format = Uuid)), responses(
    (status = 200, description = "The file", content_type = "text/csv"),
    (status = 206, description = "The range asked for", content_type = "text/csv"),
    (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "It is not done", body = ProblemBody, content_type = "application/problem+json"),
    (status = 416, description = "There is no such range"),
    (status = 503, body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn download(
    State(state): State<AppState>,
    Path(id): Path<ReportId>,
    request: Request,
) -> Result<Response, Problem> {
    let found = state.reports.report(id).await.map_err(super::problem)?;
    let report = found.ok_or_else(|| Problem::not_found("report"))?;
    let path = match (&report.status, &report.file_path) {
        (ReportStatus::Done, Some(path)) => state.folder.path(path),
        (ReportStatus::Failed, _) => {
            return Err(Problem::new(
                StatusCode::CONFLICT,
                format!(
                    "This report failed, so it has no file. {}",
                    report.error.unwrap_or_default()
                ),
            ));
        }
        _ => return Err(Problem::new(StatusCode::CONFLICT, "This report is not done yet.")),
    };
    let path = path.ok_or_else(|| Problem::not_found("report"))?;
    let served = ServeFile::new(path).oneshot(request).await;
    let Ok(mut response) = served.map(IntoResponse::into_response);
    if response.status() == StatusCode::NOT_FOUND {
        return Err(Problem::new(
            StatusCode::NOT_FOUND,
            "The file of this report is gone from the report folder. Make the report again.",
        ));
    }
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    headers.insert(header::CONTENT_DISPOSITION, disposition(&report));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    Ok(response)
}

/// A name for the saved file, in plain ASCII: whatever a person called the report.
fn disposition(report: &Report) -> HeaderValue {
    let plain: String = report
        .report_name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || "-_. ".contains(c) { c } else { '_' })
        .take(80)
        .collect();
    let day = report.requested_at.format("%Y-%m-%d");
    HeaderValue::try_from(format!(
        "attachment; filename=\"{} {day}.{}\"",
        plain.trim(),
        report.format
    ))
    .unwrap_or_else(|_| HeaderValue::from_static("attachment"))
}
