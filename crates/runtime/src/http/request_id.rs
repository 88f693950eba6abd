//! One id per request: taken from the caller or made, returned, and in every log line about it.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

/// The header that carries it.
pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");
/// A longer one is replaced.
const MAX_LEN: usize = 128;

tokio::task_local! {
    static CURRENT: RequestId;
}

/// The id of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(HeaderValue);

impl RequestId {
    /// The caller's, if it is short and plain; a new one otherwise.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let plain = |v: &&HeaderValue| {
            (1..=MAX_LEN).contains(&v.len())
                && v.as_bytes().iter().all(|b| b.is_ascii_alphanumeric() || b"-_.:/+=".contains(b))
        };
        Self(headers.get(HEADER).filter(plain).cloned().unwrap_or_else(new_value))
    }

    /// The id as a header value.
    pub(crate) fn value(&self) -> HeaderValue {
        self.0.clone()
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }

    /// Runs a request under this id.
    pub(crate) async fn scope<F: Future>(self, request: F) -> F::Output {
        CURRENT.scope(self, request).await
    }
}

/// The id of the request that this task handles, or a new one outside of any.
pub fn current() -> String {
    CURRENT.try_with(|id| id.as_str().to_owned()).unwrap_or_else(|_| Uuid::new_v4().to_string())
}

fn new_value() -> HeaderValue {
    let mut text = Uuid::encode_buffer();
    let text = Uuid::new_v4().hyphenated().encode_lower(&mut text);
    HeaderValue::from_str(text).expect("a UUID is plain ASCII")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_id_is_taken_over() {
        let of = |v: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(HEADER, HeaderValue::from_static(v));
            RequestId::of(&headers).as_str().to_owned()
        };
        assert_eq!(of("abc-123"), "abc-123");
        for odd in ["", "a b", "a\"b", "<script>"] {
            assert_ne!(of(odd), odd);
        }
    }
}
