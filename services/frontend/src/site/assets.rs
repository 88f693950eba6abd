//! The files of the web app, in the binary; its build compressed them already.

use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use runtime::{Path, Problem};
use rust_embed::RustEmbed;

/// The web app's build; empty, rather than a failed compilation, when it was not built.
#[derive(RustEmbed)]
#[folder = "web/dist/"]
#[allow_missing = true]
struct Dist;

/// Compressed forms, the smallest first: the coding's name and the file's ending.
const CODINGS: [(&str, &str); 2] = [("br", ".br"), ("gzip", ".gz")];

/// A text file of the build.
pub(super) fn text(name: &str) -> Option<String> {
    Dist::get(name).map(|file| String::from_utf8_lossy(&file.data).into_owned())
}

/// A file whose name changes with its content, and so may be kept for ever.
pub(super) async fn asset(Path(file): Path<String>, headers: HeaderMap) -> Response {
    let mut response = file_response(&format!("assets/{file}"), &headers);
    if response.status() == StatusCode::OK {
        let forever = HeaderValue::from_static("public, max-age=31536000, immutable");
        response.headers_mut().insert(header::CACHE_CONTROL, forever);
    }
    response
}

/// The favicon.
pub(super) async fn favicon(headers: HeaderMap) -> Response {
    file_response("favicon.svg", &headers)
}

/// A file as an answer, in the smallest form that the caller takes.
pub(super) fn file_response(name: &str, headers: &HeaderMap) -> Response {
    let media_type = mime_guess::from_path(name).first_or_octet_stream();
    let content_type = match media_type.type_() {
        mime_guess::mime::TEXT => format!("{media_type}; charset=utf-8"),
        _ => media_type.to_string(),
    };
    let vary = (header::VARY, HeaderValue::from_static("accept-encoding"));
    let content_type = (header::CONTENT_TYPE, content_type);
    for (coding, ending) in CODINGS {
        if takes(headers, coding)
            && let Some(file) = Dist::get(&format!("{name}{ending}"))
        {
            let coding = (header::CONTENT_ENCODING, coding);
            return ([vary], [content_type], [coding], file.data).into_response();
        }
    }
    match Dist::get(name) {
        Some(file) => ([vary], [content_type], file.data).into_response(),
        None => Problem::not_found("file").into_response(),
    }
}

/// Whether `Accept-Encoding` names a coding without refusing it (RFC 9110, section 12.5.3).
fn takes(headers: &HeaderMap, coding: &str) -> bool {
    let header = headers.get(header::ACCEPT_ENCODING).and_then(|v| v.to_str().ok());
    header.unwrap_or_default().split(',').any(|item| {
        let (name, weight) = item.split_once(';').unwrap_or((item, ""));
        let refused = matches!(weight.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000");
        name.trim().eq_ignore_ascii_case(coding) && !refused
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_coding_is_taken_unless_refused() {
        let with = |v: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(v));
            (takes(&headers, "br"), takes(&headers, "gzip"))
        };
        assert_eq!(with("gzip, deflate, br"), (true, true));
        assert_eq!(with("gzip;q=1.0, br;q=0"), (false, true));
        assert_eq!(with("identity"), (false, false));
        assert!(!takes(&HeaderMap::new(), "br"));
    }
}
