//! Carries a call on to a service, and its answer back, without holding either whole.

use std::{error::Error, time::Duration};

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderMap, HeaderName, StatusCode, header},
    response::Response,
};
use runtime::{
    Problem, ServiceClient,
    http::{on_behalf_of, request_id},
};
use tracing::warn;

/// When to try a call again that a service did not answer.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// What a call may say besides its body.
const ASKED: [HeaderName; 8] = [
    header::ACCEPT,
    header::CONTENT_TYPE,
    header::IF_MATCH,
    header::IF_NONE_MATCH,
    header::IF_MODIFIED_SINCE,
    header::IF_RANGE,
    header::RANGE,
    HeaderName::from_static("traceparent"),
];
/// What an answer may say besides its body.
const ANSWERED: [HeaderName; 9] = [
    header::CONTENT_TYPE,
    header::CONTENT_LENGTH,
    header::CONTENT_DISPOSITION,
    header::CONTENT_RANGE,
    header::ACCEPT_RANGES,
    header::CACHE_CONTROL,
    header::ETAG,
    header::LAST_MODIFIED,
    header::RETRY_AFTER,
];

/// The call at a service, under another path, and for a person where one is known.
pub(crate) async fn carry(
    client: &ServiceClient,
    request: Request,
    path: &str,
    person: Option<&str>,
) -> Result<Response, Problem> {
    if !client.keeps(path) {
        return Err(Problem::new(StatusCode::NOT_FOUND, "There is nothing at this address."));
    }
    let (parts, body) = request.into_parts();
    let mut headers = copy(&parts.headers, &ASKED);
    if let Some(person) = person.and_then(|person| person.parse().ok()) {
        headers.insert(on_behalf_of::HEADER, person);
    }
    if let Ok(id) = request_id::current().parse() {
        headers.insert(request_id::HEADER, id);
    }
    if let Some(traceparent) = trace::traceparent().and_then(|t| t.parse().ok()) {
        headers.insert("traceparent", traceparent);
    }
    let call = client.request(parts.method, path).headers(headers);
    let answer = call.body(reqwest::Body::wrap_stream(body.into_data_stream())).send().await;
    let answer = answer.map_err(|error| away(client, error))?;
    if matches!(answer.status(), StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
        // It is not whoever asked that is refused: secrets are being changed, or differ.
        let (service, status) = (client.audience(), answer.status().as_u16());
        warn!(
            service,
            status, "our token was not accepted: JWT_SECRET must be the same there and here"
        );
        let detail = format!("The {service} does not accept our calls right now. Try again later.");
        return Err(Problem::unavailable(detail, RETRY_AFTER));
    }
    let mut response = Response::new(Body::empty());
    *response.status_mut() = answer.status();
    *response.headers_mut() = copy(answer.headers(), &ANSWERED);
    *response.body_mut() = Body::from_stream(answer.bytes_stream());
    Ok(response)
}

/// A service that did not answer as agreed.
pub(crate) fn away(client: &ServiceClient, error: reqwest::Error) -> Problem {
    let service = client.audience();
    // The query may hold a part of a name.
    let error = error.without_url();
    let mut cause = &error as &dyn Error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    warn!(service, %cause, "a call was not answered");
    let detail = format!("The {service} does not answer. Try again in a moment.");
    Problem::unavailable(detail, RETRY_AFTER)
}

fn copy(from: &HeaderMap, names: &[HeaderName]) -> HeaderMap {
    let values = names.iter().filter_map(|n| Some((n.clone(), from.get(n)?.clone())));
    values.collect()
}
