//! Headers that keep a page from doing what it never should.

use axum::{
    http::{HeaderName, HeaderValue, header},
    response::Response,
};

/// Everything from this origin, nothing inline, no frames.
const STRICT: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; \
     frame-ancestors 'none'; manifest-src 'self'",
);

/// The console's components lay out with styles of their own, and the e-mails that it shows have theirs; a
/// style can load nothing from elsewhere.
const CONSOLE: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
     font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; \
     frame-ancestors 'none'; manifest-src 'self'",
);

/// Kinds of pages, by what they need.
#[derive(Clone, Copy)]
pub(super) enum Page {
    Public,
    Console,
}

impl Page {
    /// The kind of the page at a path.
    pub(super) fn of(path: &str) -> Self {
        match path.split('/').nth(1) {
            Some("admin") => Self::Console,
            _ => Self::Public,
        }
    }
}

const ALWAYS: [(HeaderName, HeaderValue); 3] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    // A confirmation link must not travel on to another site.
    (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
];

/// Browsers that came by HTTPS once come by nothing else for a year.
const HTTPS_ONLY: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Puts the headers on an answer; `https_only` where people reach the site by nothing else.
pub(super) fn secure(response: &mut Response, page: Page, https_only: bool) {
    let headers = response.headers_mut();
    if https_only {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HTTPS_ONLY);
    }
    for (name, value) in ALWAYS {
        headers.insert(name, value);
    }
    let html =
        headers.get(header::CONTENT_TYPE).is_some_and(|t| t.as_bytes().starts_with(b"text/html"));
    if html {
        let policy = match page {
            Page::Public => STRICT,
            Page::Console => CONSOLE,
        };
        // The documentation page has brought its own.
        headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(policy);
        // Pages name files by their content: an old page must not outlive its files.
        headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-cache"));
    }
}
