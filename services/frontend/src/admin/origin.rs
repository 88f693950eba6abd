//! No other site may act in the name of who is logged in here.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use runtime::Problem;

use super::Console;

/// The origin of an address, as browsers write it in `Origin`.
pub(super) fn of_url(url: &str) -> String {
    url::Url::parse(url).map(|u| u.origin().ascii_serialization()).unwrap_or_default()
}

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

fn is_own(headers: &HeaderMap, site: &str) -> bool {
    let fetch_site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    if fetch_site.is_some_and(|v| v == b"cross-site" || v == b"same-site") {
        return false;
    }
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let Ok(origin) = origin.to_str() else { return false };
    // The address the browser used counts too: a laptop is `localhost` and `127.0.0.1` alike.
    let host = headers.get(header::HOST).and_then(|h| h.to_str().ok());
    let addressed = host.is_some_and(|h| {
        origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://")) == Some(h)
    });
    origin == site || addressed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(headers: &[(&'static str, &'static str)]) -> bool {
        let headers = headers.iter().map(|(k, v)| {
            (header::HeaderName::from_static(k), header::HeaderValue::from_static(v))
        });
        is_own(&headers.collect(), "https://example.org")
    }

    #[test]
    fn only_the_own_origin_may_act() {
        assert!(own(&[]));
        assert!(own(&[("origin", "https://example.org")]));
        assert!(own(&[("origin", "http://localhost:3000"), ("host", "localhost:3000")]));
        assert!(!own(&[("origin", "null"), ("host", "localhost:3000")]));
        assert!(!own(&[("origin", "https://example.org.evil.example")]));
        assert!(!own(&[("origin", "https://evil.example"), ("host", "example.org")]));
        assert!(!own(&[("sec-fetch-site", "cross-site")]));
    }
}
