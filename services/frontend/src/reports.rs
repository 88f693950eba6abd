//! `/reports/{token}`: a report, by the link in an e-mail that delivers it.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use chrono::Utc;
use domain::{Link, LinkError, LinkKeys, ReportId};
use runtime::{Path, Problem, ServiceClient};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{Dependencies, carry::carry, limit::Visits, site::Site};

/// What the page works with.
#[derive(Clone)]
pub(crate) struct Reports {
    links: LinkKeys,
    generator: ServiceClient,
    site: Arc<Site>,
}

impl Reports {
    pub(crate) fn new(dependencies: &Dependencies, site: Arc<Site>) -> Self {
        let generator = dependencies.services.report_generator.clone();
        Self { links: dependencies.links.clone(), generator, site }
    }

    /// Says why there is no file.
    fn refuse(&self, status: StatusCode, message: &str) -> Response {
        (status, self.site.message(message, None)).into_response()
    }
}

pub(crate) fn routes(reports: Reports, visits: Visits) -> OpenApiRouter {
    visits.limit(OpenApiRouter::new().routes(routes!(download))).with_state(reports)
}

/// A report's file; ranges are supported. Whoever has the link has the file, until the link ends.
#[utoipa::path(get, path = "/reports/{token}", tag = "pages", params(("token" = String, Path)), responses(
    (status = 200, description = "The file", content(
        (String = "text/csv"), (String = "application/x-ndjson"), (String = "application/pdf"),
        (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (String = "application/octet-stream"))),
    (status = 206, description = "The range asked for", content(
        (String = "text/csv"), (String = "application/x-ndjson"), (String = "application/pdf"),
        (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (String = "application/octet-stream"))),
    (status = 304, description = "It is as it was"),
    (status = 404, description = "Not a link of ours, or the report is deleted", body = String, content_type = "text/html"),
    (status = 410, description = "The link has expired, or the file is removed", body = String, content_type = "text/html"),
    (status = 416, description = "There is no such range"),
    (status = 503, body = String, content_type = "text/html")))]
async fn download(
    State(reports): State<Reports>,
    Path(token): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let id = match reports.links.verify(Link::Report, &token, Utc::now()) {
        Ok(id) => ReportId(id),
        Err(LinkError::Forged) => {
            return Ok(reports.refuse(StatusCode::NOT_FOUND, "link_broken"));
        }
        Err(LinkError::Expired) => {
            return Ok(reports.refuse(StatusCode::GONE, "report_link_expired"));
        }
    };
    let answer =
        carry(&reports.generator, request, &format!("/reports/{id}/download"), None).await?;
    let gone = [StatusCode::NOT_FOUND, StatusCode::CONFLICT, StatusCode::GONE];
    if gone.contains(&answer.status()) {
        return Ok(reports.refuse(answer.status(), "report_gone"));
    }
    Ok(answer)
}
