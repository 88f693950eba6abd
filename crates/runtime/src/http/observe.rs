//! What happens around every request: its id, its measurement, its log line, and a net below it.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Instant};

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, Method},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures::FutureExt;
use tracing::{Instrument, Span, debug, info, warn};

use super::{
    measures::Measures,
    problem::Problem,
    request_id::{HEADER, RequestId},
};

pub(super) async fn observe(
    State(measures): State<Arc<Measures>>,
    mut request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    let id = RequestId::of(request.headers());
    let method = known_method(request.method());
    // The route, never the path: a path may hold a token, a query an address.
    let route = request.extensions().get::<MatchedPath>().cloned();
    request.extensions_mut().insert(id.clone());

    let span = serving(measures.service(), method, route.as_ref(), request.headers());
    let handled = AssertUnwindSafe(next.run(request).instrument(span.clone())).catch_unwind();
    let mut response = id
        .clone()
        .scope(async {
            handled
                .await
                .unwrap_or_else(|_| Problem::internal("a handler panicked").into_response())
        })
        .await;
    response.headers_mut().insert(HEADER, id.value());

    let route = route.as_ref().map_or("unmatched", MatchedPath::as_str);
    let status = response.status().as_u16();
    span.record("http.response.status_code", status);
    let elapsed = started.elapsed();
    measures.record(method, route, status, elapsed.as_secs_f64());
    let service = measures.service();
    let millis = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
    let request_id = id.as_str();
    let registration_id = response.extensions().get().map(|Subject(id)| id.as_str());
    let trace_id = trace::trace_id(&span);
    if status >= 500 && status != 503 {
        warn!(
            request_id,
            registration_id, trace_id, service, method, route, status, millis, "answered"
        );
    } else if route.starts_with("/health") || route == "/metrics" {
        debug!(request_id, service, method, route, status, millis, "answered");
    } else {
        info!(
            request_id,
            registration_id, trace_id, service, method, route, status, millis, "answered"
        );
    }
    response
}

/// The registration that an answer is about, for the log.
#[derive(Clone, Debug)]
pub struct Subject(pub String);

/// The span of a request. A trace begins where people come in, at the Frontend, or continues.
fn serving(
    service: &'static str,
    method: &'static str,
    route: Option<&MatchedPath>,
    headers: &HeaderMap,
) -> Span {
    if !trace::is_on() {
        return Span::none();
    }
    let route = route.map_or("unmatched", MatchedPath::as_str);
    let traceparent = headers.get("traceparent").and_then(|v| v.to_str().ok());
    let watched = route.starts_with("/health") || route == "/metrics";
    if watched || (traceparent.is_none() && !route.starts_with("/api/")) {
        return Span::none();
    }
    let span = trace::span!(
        "server",
        format!("{method} {route}"),
        http.request.method = method,
        http.route = route,
        userstream.service = service,
        http.response.status_code = tracing::field::Empty,
    );
    trace::continue_from(&span, traceparent);
    span
}

/// A label from a closed set: a client can send any word as a method.
fn known_method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::PATCH => "PATCH",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
