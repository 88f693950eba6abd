//! Errors as RFC 9457 problem details: what happened and what to do.

use std::{borrow::Cow, time::Duration};

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::FieldError;
use serde::{Deserialize, Serialize};
use tracing::error;
use utoipa::ToSchema;

use super::request_id;

/// An error answer.
#[derive(Clone, Debug)]
pub struct Problem {
    status: StatusCode,
    detail: Cow<'static, str>,
    errors: Vec<FieldError>,
    retry_after: Option<Duration>,
}

/// The body of an error answer.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ProblemBody {
    /// A URI that names the kind of problem; `about:blank` says no more than the status does.
    pub r#type: String,
    /// The status in words.
    pub title: String,
    /// The status code.
    pub status: u16,
    /// What happened and what to do.
    pub detail: String,
    /// Names this request in the logs.
    pub request_id: String,
    /// The fields at fault, when the status is 422.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
}

impl Problem {
    /// The media type of problem details.
    pub const MEDIA_TYPE: &'static str = "application/problem+json";

    /// An error with a sentence for a person.
    pub fn new(status: StatusCode, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { status, detail: detail.into(), errors: Vec::new(), retry_after: None }
    }

    /// 422, with every field at fault.
    pub fn invalid(errors: impl Into<Vec<FieldError>>) -> Self {
        let errors = errors.into();
        let detail = match errors.as_slice() {
            [one] => one.message.clone(),
            many => format!("{} fields are not valid; see errors.", many.len()),
        };
        Self { errors, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail) }
    }

    /// 404, naming what was looked for.
    pub fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("There is no such {what}."))
    }

    /// 503: a dependency is away, and the caller may try again after a while.
    pub fn unavailable(detail: impl Into<Cow<'static, str>>, retry_after: Duration) -> Self {
        let problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, detail);
        Self { retry_after: Some(retry_after), ..problem }
    }

    /// 429: too many requests of one client.
    pub fn too_many(detail: impl Into<Cow<'static, str>>, retry_after: Duration) -> Self {
        let problem = Self::new(StatusCode::TOO_MANY_REQUESTS, detail);
        Self { retry_after: Some(retry_after), ..problem }
    }

    /// 500, for what should not be possible. The cause goes to the log, not to the caller.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        error!(%cause, "a request failed inside");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "Something went wrong on our side. Try again; if it stays, report the request id.",
        )
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The fields at fault.
    pub fn errors(&self) -> &[FieldError] {
        &self.errors
    }

    /// After how many seconds to try again, rounded up.
    pub fn retry_after_seconds(&self) -> Option<u64> {
        let round_up = |d: Duration| d.as_secs() + u64::from(d.subsec_nanos() > 0);
        self.retry_after.map(|d| round_up(d).max(1))
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let retry_after = self.retry_after_seconds();
        let body = ProblemBody {
            r#type: "about:blank".to_owned(),
            title: self.status.canonical_reason().unwrap_or("Error").to_owned(),
            status: self.status.as_u16(),
            detail: self.detail.into_owned(),
            request_id: request_id::current(),
            errors: self.errors,
        };
        let json = serde_json::to_vec(&body).unwrap_or_default();
        let mut response =
            (self.status, [(header::CONTENT_TYPE, Self::MEDIA_TYPE)], json).into_response();
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
