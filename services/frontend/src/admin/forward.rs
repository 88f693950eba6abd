//! Carries a call on to a service, and its answer back, without holding either whole.

use std::time::Duration;

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, header},
    response::Response,
};
use runtime::{Problem, ServiceClient, http::request_id};

use super::{Console, session::LoggedIn};

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
/// Names the person a service acts for.
const ON_BEHALF_OF: HeaderName = HeaderName::from_static("x-on-behalf-of");

/// Which service a call goes to.
#[derive(Clone, Copy)]
pub(super) enum To {
    QueueReceiver,
    Sender,
    Database,
    ReportGenerator,
}

impl Console {
    pub(super) fn client(&self, to: To) -> &ServiceClient {
        match to {
            To::QueueReceiver => &self.services.queue_receiver,
            To::Sender => &self.services.sender,
            To::Database => &self.services.database,
            To::ReportGenerator => &self.services.report_generator,
        }
    }
}

/// The same call at a service: `/api/admin/users/7?x=y` becomes `/users/7?x=y`.
pub(super) async fn forward(
    State(console): State<Console>,
    to: To,
    request: Request,
) -> Result<Response, Problem> {
    let client = console.client(to);
    let (parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().map_or("/", |p| p.as_str());
    let path = path.strip_prefix("/api/admin").unwrap_or(path);
    let mut headers = copy(&parts.headers, &ASKED);
    if let Some(LoggedIn(account)) = parts.extensions.get()
        && let Ok(value) = account.email.parse()
    {
        headers.insert(ON_BEHALF_OF, value);
    }
    if let Ok(id) = request_id::current().parse() {
        headers.insert(request_id::HEADER, id);
    }
    let call = client.request(parts.method, path).headers(headers);
    let answer = call.body(reqwest::Body::wrap_stream(body.into_data_stream())).send().await;
    let answer = answer.map_err(|error| {
        tracing::warn!(service = client.audience(), %error, "a console call was not answered");
        let detail = format!("The {} does not answer. Try again in a moment.", client.audience());
        Problem::unavailable(detail, Duration::from_secs(5))
    })?;
    let mut response = Response::new(Body::empty());
    *response.status_mut() = answer.status();
    *response.headers_mut() = copy(answer.headers(), &ANSWERED);
    *response.body_mut() = Body::from_stream(answer.bytes_stream());
    Ok(response)
}

fn copy(from: &HeaderMap, names: &[HeaderName]) -> HeaderMap {
    let values = names.iter().filter_map(|n| Some((n.clone(), from.get(n)?.clone())));
    values.collect()
}
