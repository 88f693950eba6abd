//! Whom a service acts for: the Frontend names the person whose call it carries on.

use axum::http::{HeaderMap, HeaderName};

/// The header that names them, by their address.
pub const HEADER: HeaderName = HeaderName::from_static("x-on-behalf-of");

/// The person that a caller acts for, if it says so.
pub fn person(headers: &HeaderMap) -> Option<&str> {
    let person = headers.get(HEADER)?.to_str().ok()?;
    (1..=254).contains(&person.len()).then_some(person)
}
