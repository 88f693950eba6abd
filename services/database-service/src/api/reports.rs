//! `/reports`: the log of reports.

use axum::{extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use domain::ReportId;
use runtime::{
    Cursor, Json, Path, Problem, Query,
    http::{
        cursor::{PageBody, PageQuery},
        problem::ProblemBody,
    },
};
use serde::Deserialize;
use store::{
    NewReport, Report, ReportClaim, ReportResult, Retention,
    wire::{ClaimReport, FinishReport, OutdatedReports, Owned, Reason, RenewReport},
};
use utoipa::IntoParams;

use super::{Db, PROBLEM, check_length, lease, problem};

/// Adds a report to the log, unless it is there; answers with it as it stands.
#[utoipa::path(post, path = "/reports", tag = "reports", request_body = NewReport, responses(
    (status = 200, body = Report),
    (status = 404, description = "It was deleted", body = ProblemBody, content_type = PROBLEM),
    (status = 422, body = ProblemBody, content_type = PROBLEM),
    (status = 503, body = ProblemBody, content_type = PROBLEM)))]
pub(super) async fn request(
    State(store): Db,
    Json(report): Json<NewReport>,
) -> Result<Json<Report>, Problem> {
    let logged = store.request_report(&report).await.map_err(problem)?;
    logged.map(Json).ok_or_else(|| Problem::not_found("report"))
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

/// Renews a claim, and notes how many rows are written.
#[utoipa::path(post, path = "/reports/{id}/renew", tag = "reports", request_body = RenewReport,
    params(("id" = String, Path, format = Uuid)), responses(
    (status = 200, body = Owned),
    (status = 422, body = ProblemBody, content_type = PROBLEM),
    (status = 503, body = ProblemBody, content_type = PROBLEM)))]
pub(super) async fn renew(
    State(store): Db,
    Path(id): Path<ReportId>,
    Json(renew): Json<RenewReport>,
) -> Result<Json<Owned>, Problem> {
    let RenewReport { owner, rows, lease_ms } = renew;
    let owned = store.renew_report(id, owner, rows, lease(lease_ms)?).await.map_err(problem)?;
    Ok(Json(Owned { owned }))
}

/// Records the end of a report that the owner has claimed.
#[utoipa::path(post, path = "/reports/{id}/finish", tag = "reports", request_body = FinishReport<'_>,
    params(("id" = String, Path, format = Uuid)), responses(
    (status = 200, body = Owned),
    (status = 422, body = ProblemBody, content_type = PROBLEM),
    (status = 503, body = ProblemBody, content_type = PROBLEM)))]
pub(super) async fn finish(
    State(store): Db,
    Path(id): Path<ReportId>,
    Json(FinishReport { owner, result }): Json<FinishReport<'static>>,
) -> Result<Json<Owned>, Problem> {
    if let ReportResult::Done { file_path, sha256, .. } = &*result {
        check_length("file_path", file_path, 500)?;
        check_length("sha256", sha256, 64)?;
    }
    let owned = store.finish_report(id, owner, &result).await.map_err(problem)?;
    Ok(Json(Owned { owned }))
}

/// Ends a report that is queued or running, as failed for this reason; one that has ended stays as it is.
#[utoipa::path(post, path = "/reports/{id}/cancel", tag = "reports", request_body = Reason<'_>,
    params(("id" = String, Path, format = Uuid)), responses(
    (status = 200, body = Report),
    (status = 404, body = ProblemBody, content_type = PROBLEM),
    (status = 503, body = ProblemBody, content_type = PROBLEM)))]
pub(super) async fn cancel(
    State(store): Db,
    Path(id): Path<ReportId>,
    Json(Reason { reason }): Json<Reason<'static>>,
) -> Result<Json<Report>, Problem> {
    let report = store.cancel_report(id, &reason).await.map_err(problem)?;
    report.map(Json).ok_or_else(|| Problem::not_found("report"))
}

/// Which files are kept.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Kept {
    /// Those generated since then.
    since: Option<DateTime<Utc>>,
    /// So many of the newest.
    newest: Option<u32>,
    /// Reports in the answer, at the most; at most 1,000.
    #[param(minimum = 1, maximum = 1000)]
    limit: u32,
}

/// Reports whose files are not to be kept, oldest first.
#[utoipa::path(get, path = "/reports/outdated", tag = "reports", params(Kept), responses(
    (status = 200, body = OutdatedReports),
    (status = 422, body = ProblemBody, content_type = PROBLEM),
    (status = 503, body = ProblemBody, content_type = PROBLEM)))]
pub(super) async fn outdated(
    State(store): Db,
    Query(Kept { since, newest, limit }): Query<Kept>,
) -> Result<Json<OutdatedReports>, Problem> {
    let retention = Retention { since, newest };
    let items = store.outdated_reports(&retention, limit.clamp(1, 1000)).await.map_err(problem)?;
    Ok(Json(OutdatedReports { items }))
}

/// Notes that the file of a finished report was removed, and why.
#[utoipa::path(post, path = "/reports/{id}/forget-file", tag = "reports", request_body = Reason<'_>,
    params(("id" = String, Path, format = Uuid)), responses(
    (status = 204),
    (status = 422, body = ProblemBody, content_type = PROBLEM),
    (status = 503, body = ProblemBody, content_type = PROBLEM)))]
pub(super) async fn forget_file(
    State(store): Db,
    Path(id): Path<ReportId>,
    Json(Reason { reason }): Json<Reason<'static>>,
) -> Result<StatusCode, Problem> {
    store.forget_file(id, &reason).await.map_err(problem)?;
    Ok(StatusCode::NO_CONTENT)
}
