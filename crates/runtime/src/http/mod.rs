//! How every service speaks HTTP: one frame of routes, one kind of error, one way to stop.

pub mod client;
pub mod cursor;
mod docs;
pub mod extract;
mod measures;
mod observe;
pub mod on_behalf_of;
pub mod openapi;
pub mod problem;
pub mod request_id;
mod serve;

use std::sync::Arc;

use axum::{
    Router,
    extract::{DefaultBodyLimit, State},
    http::{StatusCode, header},
    middleware::from_fn_with_state,
    response::{IntoResponse, Response},
};
use utoipa::openapi::{
    InfoBuilder, OpenApi, OpenApiBuilder,
    security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
};
use utoipa_axum::{router::OpenApiRouter, routes};

pub use self::{
    observe::Subject,
    serve::{Listener, serve},
};

use self::problem::Problem;
use crate::{
    Health,
    health::{HealthReport, Status},
    telemetry,
};

/// The largest body of a request that says nothing else, in bytes.
pub const MAX_BODY_BYTES: usize = 16 * 1024;

/// What a service is called.
#[derive(Clone, Copy, Debug)]
pub struct Service {
    /// Its folder name: in tokens, logs and metrics.
    pub name: &'static str,
    /// The port it listens on unless told otherwise.
    pub port: u16,
    /// Its name for people.
    pub title: &'static str,
    /// What it does, for its API documentation.
    pub description: &'static str,
}

impl Service {
    /// The whole HTTP face of a service: its own open and token-protected calls, and those that
    /// every service answers (`/health*`, `/metrics`, `/api-docs`).
    pub fn router(&self, open: OpenApiRouter, protected: OpenApiRouter, health: Health) -> Router {
        let common = OpenApiRouter::new()
            .routes(routes!(live))
            .routes(routes!(ready))
            .routes(routes!(health_alias))
            .routes(routes!(metrics))
            .with_state(health);
        let (router, mut api) = OpenApiRouter::with_openapi(self.openapi())
            .merge(open)
            .merge(secured(protected))
            .merge(common)
            .split_for_parts();
        openapi::complete(&mut api);
        let measures = Arc::new(measures::Measures::new(self.name));
        router
            .merge(docs::router(&api))
            .fallback(no_such_path)
            .method_not_allowed_fallback(no_such_method)
            // As one: each layer of its own is a box around every request.
            .layer((
                from_fn_with_state(measures, observe::observe),
                DefaultBodyLimit::max(MAX_BODY_BYTES),
            ))
    }

    fn openapi(&self) -> OpenApi {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .description(Some("A service token: `userstream token --audience SERVICE` prints one."))
            .build();
        let mut components = utoipa::openapi::Components::new();
        components.add_security_scheme("service_token", SecurityScheme::Http(scheme));
        OpenApiBuilder::new()
            .info(
                InfoBuilder::new()
                    .title(format!("UserStream {}", self.title))
                    .version(env!("CARGO_PKG_VERSION"))
                    .description(Some(self.description))
                    .build(),
            )
            .components(Some(components))
            .build()
    }
}

/// Notes on every call of a router that it wants a service token.
fn secured(mut routes: OpenApiRouter) -> OpenApiRouter {
    let requirement =
        utoipa::openapi::SecurityRequirement::new::<_, [&str; 0], &str>("service_token", []);
    for item in routes.get_openapi_mut().paths.paths.values_mut() {
        let calls =
            [&mut item.get, &mut item.post, &mut item.put, &mut item.delete, &mut item.patch];
        for call in calls.into_iter().flatten() {
            call.security.get_or_insert_default().push(requirement.clone());
        }
    }
    routes
}

/// Whether the process can answer.
#[utoipa::path(get, path = "/health/live", tag = "operations",
    responses((status = 200, description = "The process answers", body = Live)))]
async fn live() -> axum::Json<Live> {
    axum::Json(Live { status: Status::Ok })
}

/// A process that answers.
#[derive(serde::Serialize, utoipa::ToSchema)]
struct Live {
    /// Always `ok`.
    status: Status,
}

/// Whether the service can do its main task.
#[utoipa::path(get, path = "/health/ready", tag = "operations", responses(
    (status = 200, description = "Ready", body = HealthReport),
    (status = 503, description = "A dependency is away; it says which and since when", body = HealthReport)))]
async fn ready(State(health): State<Health>) -> Response {
    health.response().await
}

/// The same as `/health/ready`.
#[utoipa::path(get, path = "/health", tag = "operations", responses(
    (status = 200, description = "Ready", body = HealthReport),
    (status = 503, description = "A dependency is away; it says which and since when", body = HealthReport)))]
async fn health_alias(State(health): State<Health>) -> Response {
    health.response().await
}

/// Measurements in the Prometheus text format.
#[utoipa::path(get, path = "/metrics", tag = "operations",
    responses((status = 200, description = "Measurements", body = String, content_type = "text/plain")))]
async fn metrics() -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], telemetry::render()).into_response()
}

async fn no_such_path() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "There is nothing at this address.")
}

async fn no_such_method() -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "This address does not take that method; the Allow header names those it takes.",
    )
}
