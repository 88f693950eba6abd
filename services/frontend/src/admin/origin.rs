//! No other site may act in the name of who is logged in here.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use runtime::Problem;

use super::Console;
use crate::origin::Origin;

/// Refuses state-changing calls from a foreign origin, `null` included. A client that sends no
/// `Origin` is no browser, and carries no one else's cookies.
pub(super) async fn check(
    State(console): State<Console>,
    request: Request,
    next: Next,
) -> Response {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if safe || is_own(request.headers(), &console.origin) {
        return next.run(request).await;
    }
    Problem::new(
        StatusCode::FORBIDDEN,
        "This call came from another site. Open the console at its own address and try again.",
    )
    .into_response()
}

fn is_own(headers: &HeaderMap, site: &Origin) -> bool {
    let fetch_site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    if fetch_site.is_some_and(|v| v == b"cross-site" || v == b"same-site") {
        return false;
    }
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    origin.to_str().is_ok_and(|origin| site.is_own(origin, headers))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(site: &Origin, headers: &[(&'static str, &'static str)]) -> bool {
        let headers = headers.iter().map(|(k, v)| {
            (header::HeaderName::from_static(k), header::HeaderValue::from_static(v))
        });
        is_own(&headers.collect(), site)
    }

    #[test]
    fn only_the_own_origin_may_act() {
        let plain = Origin::new("http://localhost:3000", "http");
        let proxied = Origin::new("https://example.org", "http");
        let encrypted = Origin::new("http://localhost:3000", "https");
        for site in [&plain, &proxied, &encrypted] {
            assert!(own(site, &[]));
            assert!(own(site, &[("origin", "https://x.example"), ("host", "x.example")]));
            assert!(!own(site, &[("origin", "null"), ("host", "localhost:3000")]));
            assert!(!own(site, &[("origin", "null")]));
            assert!(!own(site, &[("origin", "https://example.org.evil.example")]));
            assert!(!own(site, &[("origin", "https://evil.example"), ("host", "example.org")]));
            assert!(!own(site, &[("sec-fetch-site", "cross-site")]));
        }
        assert!(own(&proxied, &[("origin", "https://example.org"), ("host", "backend:3000")]));
        assert!(own(&plain, &[("origin", "http://127.0.0.1:3000"), ("host", "127.0.0.1:3000")]));
    }

    #[test]
    fn of_a_site_with_https_a_page_that_came_without_it_is_foreign() {
        for (public, scheme) in
            [("https://example.org", "http"), ("http://localhost:3000", "https")]
        {
            let site = Origin::new(public, scheme);
            assert!(!own(&site, &[("origin", "http://example.org"), ("host", "example.org")]));
        }
    }
}
