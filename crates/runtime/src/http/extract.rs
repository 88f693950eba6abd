//! Extractors whose refusals are problem details, with the contract's status for each mistake.

use std::{borrow::Cow, sync::Arc, time::Duration};

use axum::{
    body::{Body, BodyDataStream},
    extract::{FromRequest, FromRequestParts, Request, rejection::BytesRejection},
    http::{HeaderMap, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use domain::FieldError;
use futures::{StreamExt, future::Either, stream};
use serde::{
    Serialize,
    de::{DeserializeOwned, Error as _, IgnoredAny},
};

use tokio::sync::Mutex;

use super::{MAX_BODY_BYTES, problem::Problem};

/// Bytes of a refused body that are read and dropped, at the most, and for how long.
const MOST_DROPPED: usize = 8 << 20;
const DROP_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a whole body may take to arrive.
pub(super) const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// A JSON body, in or out.
///
/// In: a wrong media type is 415, too large 413, malformed JSON 400, JSON of the wrong shape 422.
#[derive(Clone, Copy, Debug)]
pub struct Json<T>(pub T);

/// The parameters in the path; one that cannot be read is 404, since nothing is at that address.
#[derive(Clone, Copy, Debug)]
pub struct Path<T>(pub T);

/// The parameters in the query; a mistake is 422.
#[derive(Clone, Copy, Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    fn from_request(
        request: Request,
        _state: &S,
    ) -> impl Future<Output = Result<Self, Problem>> + Send {
        let body = require_json(request.headers()).map(|()| body(request));
        async move { parse_json(&body?.await?).map(Self) }
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

/// A whole body within the route's limit; too large is 413, too slow 408.
///
/// The rest of one that is too large is read and dropped, up to a limit, before the answer: a
/// client that is still writing would otherwise lose it to a broken connection.
pub fn body(request: Request) -> impl Future<Output = Result<Bytes, Problem>> + Send + use<> {
    let body = if declares_little(request.headers()) {
        // What the usual request carries along while it waits is no more than this needs.
        Either::Left(small_body(request.into_body()))
    } else {
        Either::Right(Box::pin(large_body(request)))
    };
    async { tokio::time::timeout(BODY_TIMEOUT, body).await.unwrap_or_else(|_| Err(too_slow())) }
}

/// A body that says it is small. Nearly always it comes in one piece, which is then not copied.
async fn small_body(body: Body) -> Result<Bytes, Problem> {
    let mut pieces = body.into_data_stream();
    let Some(first) = pieces.next().await else { return Ok(Bytes::new()) };
    let first = first.map_err(|_| not_whole())?;
    let Some(second) = pieces.next().await else { return Ok(first) };
    let mut whole = Vec::with_capacity(MAX_BODY_BYTES);
    whole.extend_from_slice(&first);
    whole.extend_from_slice(&second.map_err(|_| not_whole())?);
    while let Some(piece) = pieces.next().await {
        whole.extend_from_slice(&piece.map_err(|_| not_whole())?);
    }
    Ok(whole.into())
}

/// A body of whatever size.
async fn large_body(request: Request) -> Result<Bytes, Problem> {
    let (parts, body) = request.into_parts();
    let rest = Arc::new(Mutex::new(body.into_data_stream()));
    let read = stream::unfold(rest.clone(), async |rest| {
        let piece = rest.lock().await.next().await?;
        Some((piece, rest))
    });
    let request = Request::from_parts(parts, Body::from_stream(read));
    match Bytes::from_request(request, &()).await {
        Ok(body) => Ok(body),
        Err(rejection) => {
            let problem = unread(&rejection);
            if problem.status() == StatusCode::PAYLOAD_TOO_LARGE {
                let _ = tokio::time::timeout(DROP_TIMEOUT, drop_rest(&rest)).await;
            }
            Err(problem)
        }
    }
}

/// Whether a body says that it is within every route's limit; nothing of it could be left unread.
fn declares_little(headers: &HeaderMap) -> bool {
    let length = headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse().ok());
    length.is_some_and(|length: usize| length <= MAX_BODY_BYTES)
}

fn unread(rejection: &BytesRejection) -> Problem {
    match rejection {
        BytesRejection::FailedToBufferBody(e) if e.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            let detail = "The body is larger than this call takes.";
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
        }
        _ => not_whole(),
    }
}

fn not_whole() -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "The body did not arrive whole. Send it again.")
}

fn too_slow() -> Problem {
    let seconds = BODY_TIMEOUT.as_secs();
    let detail = format!("The body did not arrive within {seconds} seconds. Send it again.");
    Problem::new(StatusCode::REQUEST_TIMEOUT, detail)
}

async fn drop_rest(rest: &Mutex<BodyDataStream>) {
    let mut rest = rest.lock().await;
    let mut dropped = 0;
    while let Some(Ok(piece)) = rest.next().await {
        dropped += piece.len();
        if dropped > MOST_DROPPED {
            return;
        }
    }
}

/// Reads JSON, telling malformed (400) from well-formed but of the wrong shape (422).
pub fn parse_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    // The whole of it: the parser does not look at the letters of what it passes over.
    let body = std::str::from_utf8(body).map_err(|error| {
        Problem::new(StatusCode::BAD_REQUEST, format!("The body is not UTF-8: {error}."))
    })?;
    // A structure would be read from a list of its fields, too, which no caller means.
    if body.trim_ascii_start().starts_with('[') {
        return Err(a_list(body));
    }
    serde_json::from_str(body).map_err(|error| mistake::<T>(body, &error))
}

fn a_list(body: &str) -> Problem {
    match serde_json::from_str::<IgnoredAny>(body) {
        Ok(_) => {
            let text = "invalid type: sequence, expected an object";
            wrong_shape("", &serde_json::Error::custom(text))
        }
        Err(error) => malformed(&error),
    }
}

/// What is wrong with a body, and where.
fn mistake<T: DeserializeOwned>(body: &str, error: &serde_json::Error) -> Problem {
    // Reading stops at the first mistake: behind one of shape the JSON may end malformed.
    if let Err(error) = serde_json::from_str::<IgnoredAny>(body) {
        return malformed(&error);
    }
    let mut deserializer = serde_json::Deserializer::from_str(body);
    match serde_path_to_error::deserialize::<_, T>(&mut deserializer) {
        Err(found) if found.inner().is_data() => {
            wrong_shape(&found.path().to_string(), found.inner())
        }
        _ => malformed(error),
    }
}

fn malformed(error: &serde_json::Error) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, format!("The body is not valid JSON: {error}."))
}

fn wrong_shape(path: &str, error: &serde_json::Error) -> Problem {
    let text = error.to_string();
    let text = text.split(" at line ").next().unwrap_or_default();
    let quoted = text.split('`').nth(1).unwrap_or_default();
    let (field, code) = if text.starts_with("missing field") {
        (join(path, quoted), "required")
    } else if text.starts_with("unknown field") {
        let parent = path.rsplit_once('.').map_or("", |(parent, _)| parent);
        (join(parent, quoted), "unknown_field")
    } else if text.starts_with("duplicate field") {
        (join(path, quoted), "duplicate_field")
    } else {
        (path.to_owned(), "wrong_type")
    };
    Problem::invalid([FieldError::new(field, code, sentence(text))])
}

fn join(path: &str, field: &str) -> String {
    match path {
        "" | "." => field.to_owned(),
        path => format!("{path}.{field}"),
    }
}

fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), chars.as_str()))
}

/// Refuses a body that does not say it is JSON.
pub fn require_json(headers: &HeaderMap) -> Result<(), Problem> {
    if is_json(headers) {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "Send the body as JSON, with Content-Type: application/json.",
    ))
}

/// `application/json`, or another JSON type such as `application/merge-patch+json`.
fn is_json(headers: &HeaderMap) -> bool {
    media_type(headers).is_some_and(|t| {
        t == "application/json" || (t.starts_with("application/") && t.ends_with("+json"))
    })
}

/// The media type of a body, in lower case and without parameters.
pub fn media_type(headers: &HeaderMap) -> Option<Cow<'_, str>> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let media_type = value.split(';').next()?.trim();
    if media_type.bytes().any(|b| b.is_ascii_uppercase()) {
        return Some(media_type.to_ascii_lowercase().into());
    }
    Some(media_type.into())
}

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = axum::extract::Path::from_request_parts(parts, state).await;
        path.map(|p| Self(p.0))
            .map_err(|_| Problem::new(StatusCode::NOT_FOUND, "There is nothing at this address."))
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let query = axum::extract::Query::from_request_parts(parts, state).await;
        query.map(|q| Self(q.0)).map_err(|rejection| {
            let text = rejection.body_text();
            let text = text.rsplit("query string: ").next().unwrap_or_default();
            let field = match text.split_once(": ") {
                Some((field, _)) if !field.contains(' ') => field,
                _ => text.split('`').nth(1).unwrap_or("query"),
            };
            Problem::invalid([FieldError::new(field, "invalid", sentence(text))])
        })
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read by serde")]
    struct Body {
        name: String,
        inner: Option<Inner>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read by serde")]
    struct Inner {
        n: u8,
    }

    fn refused(json: &str) -> (u16, Vec<(String, String)>) {
        let problem = parse_json::<Body>(json.as_bytes()).unwrap_err();
        let errors = problem.errors().iter().map(|e| (e.field.clone(), e.code.clone())).collect();
        (problem.status().as_u16(), errors)
    }

    #[test]
    fn malformed_is_told_from_misshapen() {
        for malformed in
            ["", "{", "{\"name\":}", "nul", "{\"name\":\"\\ud800\"}", "{\"name\":\"a\"} x"]
        {
            assert_eq!(refused(malformed), (400, vec![]), "{malformed}");
        }
        for behind in ["{\"extra\":1,\"name\":[}", "{\"name\":1,}", "[1,", "{\"name\":1} x"] {
            assert_eq!(refused(behind), (400, vec![]), "{behind}");
        }
        let latin = parse_json::<Body>(b"{\"extra\":\"\xff\"}").unwrap_err();
        assert_eq!(latin.status(), StatusCode::BAD_REQUEST);
        let one = |f: &str, c: &str| (422, vec![(f.to_owned(), c.to_owned())]);
        assert_eq!(refused("{}"), one("name", "required"));
        assert_eq!(refused(r#"{"name":1}"#), one("name", "wrong_type"));
        assert_eq!(refused(r#"{"name":"a","extra":1}"#), one("extra", "unknown_field"));
        assert_eq!(refused(r#"{"name":"a","name":"b"}"#).0, 422);
        assert_eq!(refused(r#"{"name":"a","inner":{"n":300}}"#), one("inner.n", "wrong_type"));
        assert_eq!(refused(r#"{"name":"a","inner":{"m":3}}"#), one("inner.m", "unknown_field"));
        assert_eq!(refused("[]").0, 422);
    }
}
