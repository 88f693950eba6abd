//! `/api-docs`: the interactive documentation, served from the binary.

use std::sync::Arc;

use axum::{
    Router,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use bytes::Bytes;
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::Config;

use super::extract::Path;

/// What the page may load: its own files. It styles itself inline.
const POLICY: [(HeaderName, HeaderValue); 3] = [
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
             img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'self'; \
             frame-ancestors 'none'",
        ),
    ),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
];
/// Where the page finds what it documents.
const DOCUMENT: &str = "/api-docs/openapi.json";

pub(super) fn router(api: &OpenApi) -> Router {
    let document = Bytes::from(api.to_json().expect("an OpenAPI document has string keys"));
    let config = Arc::new(Config::from(DOCUMENT));
    let page = file("", &config).map(|(_, bytes)| relocate(&bytes)).unwrap_or_default();
    Router::new()
        .route(
            DOCUMENT,
            get(async move || ([(header::CONTENT_TYPE, "application/json")], document)),
        )
        .route("/api-docs", get(async move || (POLICY, Html(page))))
        .route(
            "/api-docs/{file}",
            get(async move |Path(name): Path<String>| match file(&name, &config) {
                Some((content_type, bytes)) => {
                    ([(header::CONTENT_TYPE, content_type)], bytes).into_response()
                }
                None => not_found(),
            }),
        )
}

fn file(name: &str, config: &Arc<Config<'static>>) -> Option<(HeaderValue, Vec<u8>)> {
    let file = utoipa_swagger_ui::serve(name, config.clone()).ok()??;
    Some((HeaderValue::try_from(file.content_type).ok()?, file.bytes.into_owned()))
}

/// The page names its files as neighbours; it lives one level above them.
fn relocate(page: &[u8]) -> String {
    String::from_utf8_lossy(page).replace("<head>", r#"<head><base href="/api-docs/">"#)
}

fn not_found() -> Response {
    super::Problem::new(StatusCode::NOT_FOUND, "There is nothing at this address.").into_response()
}
