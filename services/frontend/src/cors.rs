//! Pages of other sites that may send registrations (CORS).

use std::time::Duration;

use axum::{
    http::{HeaderName, Method, StatusCode, header},
    routing::options,
};
use runtime::http::request_id;
use tower_http::cors::{AllowOrigin, CorsLayer};
use utoipa_axum::router::OpenApiRouter;

use crate::AllowedOrigins;

/// How long a browser may remember the answer.
const REMEMBER: Duration = Duration::from_hours(1);

/// Lets these sites' pages call these routes; without cookies, so in nobody's name.
pub(crate) fn allow(origins: &AllowedOrigins, routes: OpenApiRouter) -> OpenApiRouter {
    let origins = match origins {
        AllowedOrigins::These(none) if none.is_empty() => return routes,
        AllowedOrigins::These(origins) => AllowOrigin::list(origins.iter().cloned()),
        AllowedOrigins::Any => AllowOrigin::any(),
    };
    // A browser asks first by OPTIONS, which nothing else answers.
    let asked = || options(async || StatusCode::NO_CONTENT);
    let routes =
        routes.route("/api/registrations", asked()).route("/api/registrations/{id}", asked());
    routes.layer(
        CorsLayer::new()
            .allow_origin(origins)
            .allow_methods([Method::GET, Method::POST])
            .allow_headers([
                header::CONTENT_TYPE,
                header::ACCEPT_LANGUAGE,
                HeaderName::from_static("idempotency-key"),
                HeaderName::from_static("traceparent"),
            ])
            .expose_headers([request_id::HEADER, header::RETRY_AFTER])
            .max_age(REMEMBER),
    )
}
