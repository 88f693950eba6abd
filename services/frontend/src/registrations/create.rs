//! `POST /api/registrations`.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Extension,
    extract::{ConnectInfo, FromRequest, Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use domain::{Registration, RegistrationId};
use futures::future::Either;
use runtime::{
    Json, Problem,
    http::{Subject, extract, problem::ProblemBody},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Intake, accept::Wishes, form};

/// A person's submission.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RegistrationRequest {
    /// First name: 1 to 100 characters, no control characters, no links.
    #[serde(default)]
    #[schema(required, value_type = String, min_length = 1, max_length = 100)]
    name: Option<String>,
    /// Surname, by the same rules.
    #[serde(default)]
    #[schema(required, value_type = String, min_length = 1, max_length = 100)]
    surname: Option<String>,
    /// An address that mail can be delivered to.
    #[serde(default)]
    #[schema(required, value_type = String, format = "email", max_length = 254)]
    email: Option<String>,
}

impl RegistrationRequest {
    fn person(&self) -> Result<Registration, Problem> {
        let text = |field| Option::as_deref(field).unwrap_or_default();
        Registration::parse(text(&self.name), text(&self.surname), text(&self.email))
            .map_err(Problem::invalid)
    }
}

/// A registration that the queue holds durably.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Accepted {
    /// Names it, in the queue and in the database too.
    id: RegistrationId,
    /// `accepted`.
    status: &'static str,
    /// Where to follow it.
    status_url: String,
}

/// Registers a person. The answer is the same for a known address and a new one.
#[utoipa::path(post, path = "/api/registrations", tag = "registrations",
    params(("Idempotency-Key" = Option<String>, Header, description = "A repeat with the same key and content gets the first answer")),
    request_body(content(
        (RegistrationRequest = "application/json"),
        (RegistrationRequest = "application/x-www-form-urlencoded"))),
    responses(
        (status = 202, description = "Durable in the queue", content((Accepted = "application/json"), (String = "text/html"))),
        (status = 400, content((ProblemBody = "application/problem+json"), (String = "text/html"))),
        (status = 413, content((ProblemBody = "application/problem+json"), (String = "text/html"))),
        (status = 415, content((ProblemBody = "application/problem+json"), (String = "text/html"))),
        (status = 422, content((ProblemBody = "application/problem+json"), (String = "text/html"))),
        (status = 429, content((ProblemBody = "application/problem+json"), (String = "text/html"))),
        (status = 503, content((ProblemBody = "application/problem+json"), (String = "text/html")))))]
pub(super) fn create(
    State(intake): State<Arc<Intake>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> impl Future<Output = Response> + Send {
    if extract::media_type(request.headers()).as_deref() == Some(form::MEDIA_TYPE) {
        // Boxed, so that the usual way does not carry the space for this one along.
        return Either::Left(Box::pin(async move { form::create(&intake, peer, request).await }));
    }
    // All that is wanted of the request: what is left of it would be carried along until the answer.
    let allowed = intake.check_limit(intake.clients.of(peer, request.headers()));
    let wishes = Wishes::of(request.headers());
    let body = Json::<RegistrationRequest>::from_request(request, &());
    Either::Right(async move {
        let result = async {
            allowed?;
            let Json(body) = body.await?;
            intake.accept(body.person()?, wishes?).await
        }
        .await;
        intake.outcomes.count(&result);
        match result {
            Ok(id) => {
                let status_url = format!("/api/registrations/{id}");
                let accepted = Accepted { id, status: "accepted", status_url };
                let about = Extension(Subject(id.to_string()));
                (StatusCode::ACCEPTED, about, Json(accepted)).into_response()
            }
            Err(problem) => problem.into_response(),
        }
    })
}
