//! `/reports`: the log of reports.

use axum::{extract::State, http::StatusCode};
use domain::ReportId;
use runtime::{
    Cursor, Json, Path, Problem, Query,
    http::{
        cursor::{PageBody, PageQuery},
        problem::ProblemBody,
    },
};
use store::{NewReport, Report, ReportClaim, ReportResult, wire::ClaimReport};

use super::{Db, PROBLEM, check_length, lease, problem};

/// Adds a report to the log, unless it is there; answers with it as it stands.
#[utoipa::path(post, path = "/reports", tag = "reports", request_body = NewReport, responses(
    (status = 200, body = Report),
    (status = 422, body = ProblemBody, content_type = PROBLEM),
    (status = 503, body = ProblemBody, content_type = PROBLEM)))]
pub(super) async fn request(
    State(store): Db,
    Json(report): Json<NewReport>,
) -> Result<Json<Report>, Problem> {
    store.request_report(&report).await.map(Json).map_err(problem)
}

/// The reports, newest first.
#[utoipa::path(get, path = "/reports", tag = "reports", params(PageQuery), responses(
    (status = 200, body = PageBody<Report>),
    (status = 422, body = ProblemBody, content_type = PROBLEM),
    (status = 503, body = ProblemBody, content_type = PROBLEM)))]
pub(super) async fn list(
    State(store): Db,
    Query(page): Query<PageQuery>,
) -> Result<Json<PageBody<Report>>, Problem> {
    let found = store.reports(page.key()?, page.limit()?).await.map_err(problem)?;
    Ok(Json(PageBody { items: found.items, next_cursor: found.next.map(Cursor::new) }))
}

/// One report.
#[utoipa::path(get, path = "/reports/{id}", tag = "reports",
    params(("id" = String, Path, format = Uuid)), responses(
    (status = 200, body = Report),
    (status = 404, body = ProblemBody, content_type = PROBLEM),
    (status = 503, body = ProblemBody, content_type = PROBLEM)))]
pub(super) async fn get(
    State(store): Db,
    Path(id): Path<ReportId>,
) -> Result<Json<Report>, Problem> {
    let found = store.report(id).await.map_err(problem)?;
    found.map(Json).ok_or_else(|| Problem::not_found("report"))
}

/// Removes a report from the log; answers with it as it was. Its file is not touched.
#[utoipa::path(delete, path = "/reports/{id}", tag = "reports",
    params(("id" = String, Path, format = Uuid)), responses(
    (status = 200, body = Report),
    (status = 404, body = ProblemBody, content_type = PROBLEM),
    (status = 503, body = ProblemBody, content_type = PROBLEM)))]
pub(super) async fn delete(
    State(store): Db,
    Path(id): Path<ReportId>,
) -> Result<Json<Report>, Problem> {
    let deleted = store.delete_report(id).await.map_err(problem)?;
    deleted.map(Json).ok_or_else(|| Problem::not_found("report"))
}

/// Claims a report for generating; renewed by claiming again as the same owner.
#[utoipa::path(post, path = "/reports/{id}/claim", tag = "reports", request_body = ClaimReport,
    params(("id" = String, Path, format = Uuid)), responses(
    (status = 200, body = ReportClaim),
    (status = 422, body = ProblemBody, content_type = PROBLEM),
    (status = 503, body = ProblemBody, content_type = PROBLEM)))]
pub(super) async fn claim(
    State(store): Db,
    Path(id): Path<ReportId>,
    Json(claim): Json<ClaimReport>,
) -> Result<Json<ReportClaim>, Problem> {
    let lease = lease(claim.lease_ms)?;
    store.claim_report(id, claim.owner, lease).await.map(Json).map_err(problem)
}

/// Records the end of a report. A file that is there outlives what is told later; a report that is not
/// in the log is passed over.
#[utoipa::path(post, path = "/reports/{id}/finish", tag = "reports", request_body = ReportResult,
    params(("id" = String, Path, format = Uuid)), responses(
    (status = 204),
    (status = 422, body = ProblemBody, content_type = PROBLEM),
    (status = 503, body = ProblemBody, content_type = PROBLEM)))]
pub(super) async fn finish(
    State(store): Db,
    Path(id): Path<ReportId>,
    Json(result): Json<ReportResult>,
) -> Result<StatusCode, Problem> {
    if let ReportResult::Done { file_path, sha256, .. } = &result {
        check_length("file_path", file_path, 500)?;
        check_length("sha256", sha256, 64)?;
    }
    store.finish_report(id, &result).await.map_err(problem)?;
    Ok(StatusCode::NO_CONTENT)
}
