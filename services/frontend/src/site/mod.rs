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
use minijinja::context;
use runtime::Problem;

pub(crate) use self::pages::Site;

/// Turns an error into a page where a person rather than a program asked for one, and puts the
/// security headers on everything.
pub(crate) async fn for_people(
    State(site): State<Arc<Site>>,
    request: Request,
    next: Next,
) -> Response {
    let wants_page = !request.uri().path().starts_with("/api")
        && request
            .headers()
            .get(header::ACCEPT)
            .and_then(|v| v.to_str().ok())
            .is_some_and(|accept| accept.contains("text/html"));
    let docs = request.uri().path().starts_with("/api-docs");
    let mut response = next.run(request).await;
    if wants_page && is_problem(&response) {
        response = error_page(&site, response);
    }
    headers::secure(&mut response, docs);
    response
}

fn is_problem(response: &Response) -> bool {
    response.headers().get(header::CONTENT_TYPE).is_some_and(|t| t == Problem::MEDIA_TYPE)
}

fn error_page(site: &Site, problem: Response) -> Response {
    let status = problem.status();
    let (heading, text) = match status {
        StatusCode::NOT_FOUND => {
            ("There is no such page", "The address may be mistyped, or the page is gone.")
        }
        StatusCode::SERVICE_UNAVAILABLE => (
            "Not right now",
            "A part of our system is away. Nothing is lost; try again in a moment.",
        ),
        StatusCode::METHOD_NOT_ALLOWED => {
            ("That does not work here", "Go back to the start and try from there.")
        }
        _ => {
            ("Something went wrong", "Try again. If it stays like this, tell us the number below.")
        }
    };
    let (mut parts, _) = problem.into_parts();
    let request_id = parts.headers.get(runtime::http::request_id::HEADER);
    let request_id = request_id.and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
    let page = site.page(
        heading,
        "message.html",
        context! { heading, text, action_label => "To the start", action_url => "/", request_id },
    );
    parts.headers.remove(header::CONTENT_TYPE);
    parts.headers.remove(header::CONTENT_LENGTH);
    let mut response = (status, page).into_response();
    for (name, value) in &parts.headers {
        response.headers_mut().insert(name, value.clone());
    }
    response
}
