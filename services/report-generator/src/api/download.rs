//! `GET /reports/{id}/download`.

use axum::{
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::{ReportFormat, ReportId};
use runtime::{Path, Problem, http::problem::ProblemBody};
use store::{Report, ReportStatus};
use tower::ServiceExt;
use tower_http::services::ServeFile;

use super::AppState;

/// A report's file; ranges are supported, and `If-None-Match` and `If-Range` with its `ETag`.
#[utoipa::path(get, path = "/reports/{id}/download", tag = "reports",
    params(("id" = String, Path, format = Uuid)), responses(
    (status = 200, description = "The file", content(
        (String = "text/csv"), (String = "application/x-ndjson"), (String = "application/pdf"),
        (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (String = "application/octet-stream"))),
    (status = 206, description = "The range asked for", content(
        (String = "text/csv"), (String = "application/x-ndjson"), (String = "application/pdf"),
        (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (String = "application/octet-stream"))),
    (status = 304, description = "It is as it was"),
    (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    (status = 409, description = "It is not done", body = ProblemBody, content_type = "application/problem+json"),
    (status = 410, description = "Its file was removed", body = ProblemBody, content_type = "application/problem+json"),
    (status = 412, description = "It was made after `If-Unmodified-Since`", body = ProblemBody, content_type = "application/problem+json"),
    (status = 416, description = "There is no such range", body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn download(
    State(state): State<AppState>,
    Path(id): Path<ReportId>,
    mut request: Request,
) -> Result<Response, Problem> {
    let found = state.reports.report(id).await.map_err(super::problem)?;
    let report = found.ok_or_else(|| Problem::not_found("report"))?;
    let path = match (&report.status, &report.file_path) {
        (ReportStatus::Done, Some(path)) => state.folder.path(path),
        (ReportStatus::Done, None) => {
            let why = report.error.unwrap_or_else(|| "The file was removed.".into());
            return Err(Problem::new(StatusCode::GONE, why));
        }
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
    let tag = entity_tag(&report);
    let headers = request.headers_mut();
    if let (Some(tag), Some(known)) = (&tag, headers.remove(header::IF_NONE_MATCH))
        && names(&known, tag)
    {
        let headers = [(header::ETAG, tag.clone())];
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    // A range of another file than this is of no use: then all of it is sent.
    if let Some(known) = headers.remove(header::IF_RANGE)
        && Some(&known) != tag.as_ref()
    {
        headers.remove(header::RANGE);
    }
    let served = ServeFile::new(path).oneshot(request).await;
    let Ok(mut response) = served.map(IntoResponse::into_response);
    if let Some(problem) = refused(response.status()) {
        let mut answer = problem.into_response();
        if let Some(range) = response.headers_mut().remove(header::CONTENT_RANGE) {
            answer.headers_mut().insert(header::CONTENT_RANGE, range);
        }
        return Ok(answer);
    }
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type(&report)));
    headers.insert(header::CONTENT_DISPOSITION, disposition(&report));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Some(tag) = tag {
        headers.insert(header::ETAG, tag);
    }
    Ok(response)
}

/// Why the file is not sent, where it is not.
fn refused(status: StatusCode) -> Option<Problem> {
    let why = match status {
        StatusCode::NOT_FOUND => {
            "The file of this report is gone from the report folder. Make the report again."
        }
        StatusCode::PRECONDITION_FAILED => {
            "The file was made after the time in If-Unmodified-Since."
        }
        StatusCode::RANGE_NOT_SATISFIABLE => "The file has no such range.",
        _ => return None,
    };
    Some(Problem::new(status, why))
}

/// Names the file by what is in it.
fn entity_tag(report: &Report) -> Option<HeaderValue> {
    HeaderValue::try_from(format!("\"{}\"", report.sha256.as_ref()?)).ok()
}

/// Whether a list of entity tags has this one.
fn names(list: &HeaderValue, tag: &HeaderValue) -> bool {
    let (Ok(list), Ok(tag)) = (list.to_str(), tag.to_str()) else { return false };
    let mut known = list.split(',').map(str::trim);
    known.any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}

/// What the file is (IANA media type).
pub(crate) fn media_type(report: &Report) -> &'static str {
    ReportFormat::from_name(&report.format)
        .map_or("application/octet-stream", ReportFormat::media_type)
}

/// A name for the saved file, whatever a person called the report.
pub(crate) fn file_name(report: &Report) -> String {
    let day = report.requested_at.format("%Y-%m-%d");
    let name: String = report
        .report_name
        .chars()
        .map(|c| if c.is_alphanumeric() || "-_. ".contains(c) { c } else { '_' })
        .take(80)
        .collect();
    format!("{} {day}.{}", name.trim().trim_start_matches('.'), report.format)
}

/// That name as it is (RFC 8187), and in plain ASCII for programs that know no better.
fn disposition(report: &Report) -> HeaderValue {
    let name = file_name(report);
    let plain: String = name.chars().map(|c| if c.is_ascii() { c } else { '_' }).collect();
    let encoded: String = name
        .bytes()
        .map(|b| match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
                char::from(b).to_string()
            }
            b => format!("%{b:02X}"),
        })
        .collect();
    HeaderValue::try_from(format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}"))
        .unwrap_or_else(|_| HeaderValue::from_static("attachment"))
}
