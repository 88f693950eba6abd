//! `GET /api/registrations/{id}`, and the same as a page.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{Html, IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use domain::RegistrationId;
use minijinja::{Value, context};
use runtime::{Json, Path, Problem, http::problem::ProblemBody};
use serde::Serialize;
use store::RegistrationTrace;
use utoipa::ToSchema;

use super::Intake;

/// How far a registration has come. It is the same for a known address and a new one.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RegistrationStatus {
    id: RegistrationId,
    /// The latest stage.
    status: &'static str,
    /// All stages so far, in order.
    timeline: Vec<Stage>,
}

/// One stage.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Stage {
    /// `accepted`, `stored`, `email_sent` or `email_failed`, `confirmed`.
    stage: &'static str,
    /// When it was reached; null where it is not known yet.
    at: Option<DateTime<Utc>>,
}

/// How far a registration has come.
#[utoipa::path(get, path = "/api/registrations/{id}", tag = "registrations",
    params(("id" = String, Path, format = Uuid)), responses(
    (status = 200, body = RegistrationStatus),
    (status = 404, description = "This id was never issued", body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn status(
    State(intake): State<Arc<Intake>>,
    Path(id): Path<RegistrationId>,
) -> Result<Json<RegistrationStatus>, Problem> {
    intake.status(id).await.map(Json)
}

/// How far a registration has come, as a page for a browser without JavaScript.
#[utoipa::path(get, path = "/registered/{id}", tag = "pages",
    params(("id" = String, Path, format = Uuid)), responses(
    (status = 200, body = String, content_type = "text/html"),
    (status = 404, body = String, content_type = "text/html"),
    (status = 503, body = String, content_type = "text/html")))]
pub(super) async fn status_page(
    State(intake): State<Arc<Intake>>,
    Path(id): Path<RegistrationId>,
) -> Result<Response, Problem> {
    let RegistrationStatus { status, timeline, .. } = intake.status(id).await?;
    let timeline: Vec<_> = timeline
        .iter()
        .map(|s| {
            let at = s.at.map(|at| at.format("%H:%M:%S UTC").to_string()).unwrap_or_default();
            context! { stage => s.stage, at => at }
        })
        .collect();
    let refresh_url = page_url(id);
    let page: Html<String> =
        intake.site.page("registered", context! { status, timeline, refresh_url });
    Ok(page.into_response())
}

/// Where the page of a registration is; an id needs no escaping.
pub(super) fn page_url(id: RegistrationId) -> Value {
    Value::from_safe_string(format!("/registered/{id}"))
}

impl Intake {
    async fn status(&self, id: RegistrationId) -> Result<RegistrationStatus, Problem> {
        if !self.ids.issued(id) {
            return Err(Problem::not_found("registration"));
        }
        let trace = self.registrations.registration(id).await.map_err(super::problem)?;
        let timeline = timeline(id, trace.as_ref());
        let status = timeline.last().map_or("accepted", |s| s.stage);
        Ok(RegistrationStatus { id, status, timeline })
    }
}

fn timeline(id: RegistrationId, trace: Option<&RegistrationTrace>) -> Vec<Stage> {
    let Some(trace) = trace else {
        return vec![Stage { stage: "accepted", at: id.issued_at() }];
    };
    let mut timeline = vec![
        Stage { stage: "accepted", at: Some(trace.submitted_at) },
        Stage { stage: "stored", at: Some(trace.stored_at) },
    ];
    if let Some(email) = trace.email {
        let stage = if email.sent { "email_sent" } else { "email_failed" };
        timeline.push(Stage { stage, at: Some(email.at) });
    }
    if let Some(at) = trace.confirmed_at {
        timeline.push(Stage { stage: "confirmed", at: Some(at) });
    }
    timeline
}
