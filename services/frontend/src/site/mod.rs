//! What people see: the embedded web app, and pages that need no JavaScript.

mod assets;
mod headers;
mod pages;

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use runtime::Problem;

use self::headers::Page;
pub(crate) use self::pages::Site;
use crate::language::Language;

/// Turns an error into a page where a person rather than a program asked for one, and puts the
/// security headers on everything.
pub(crate) async fn for_people(
    State(site): State<Arc<Site>>,
    request: Request,
    next: Next,
) -> Response {
    let accept = request.headers().get(header::ACCEPT).and_then(|v| v.to_str().ok());
    if !accept.is_some_and(|accept| accept.contains("text/html")) {
        let mut response = next.run(request).await;
        headers::secure(&mut response, Page::Public, site.https_only);
        return response;
    }
    let path = request.uri().path();
    let wants_page = !path.starts_with("/api");
    let kind = Page::of(path);
    let language = Language::of_request(request.headers());
    let answer = async {
        let response = next.run(request).await;
        if wants_page && is_problem(&response) { error_page(&site, response) } else { response }
    };
    let mut response = language.scope(answer).await;
    headers::secure(&mut response, kind, site.https_only);
    response
}

fn is_problem(response: &Response) -> bool {
    response.headers().get(header::CONTENT_TYPE).is_some_and(|t| t == Problem::MEDIA_TYPE)
}

fn error_page(site: &Site, problem: Response) -> Response {
    let status = problem.status();
    let message = match status {
        StatusCode::NOT_FOUND => "not_found",
        StatusCode::SERVICE_UNAVAILABLE => "unavailable",
        StatusCode::METHOD_NOT_ALLOWED => "wrong_method",
        StatusCode::TOO_MANY_REQUESTS => "too_many",
        _ => "failed",
    };
    let (mut parts, _) = problem.into_parts();
    let request_id = parts.headers.get(runtime::http::request_id::HEADER);
    let page = site.message(message, request_id.and_then(|v| v.to_str().ok()));
    parts.headers.remove(header::CONTENT_TYPE);
    parts.headers.remove(header::CONTENT_LENGTH);
    let mut response = (status, page).into_response();
    for (name, value) in &parts.headers {
        response.headers_mut().insert(name, value.clone());
    }
    response
}
