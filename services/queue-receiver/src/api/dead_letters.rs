//! `/dead-letters`: browse, inspect, correct, replay, delete.

use axum::{
    extract::{Request, State},
    http::StatusCode,
};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use domain::{FieldError, MAX_EVENT_BYTES};
use queue::{DeadLetter, DeadLetterFilter, TOPICS};
use runtime::{
    Cursor, Json, Path, Problem, Query,
    http::{cursor::PageBody, extract, problem::ProblemBody},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::AppState;

/// A message that could not be done.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeadLetterBody {
    id: String,
    /// The queue it came from.
    queue: String,
    message_id: String,
    cause: String,
    /// Who gave up.
    by: String,
    attempts: u32,
    first_failed_at: DateTime<Utc>,
    dead_at: DateTime<Utc>,
    /// As text; bytes that are not UTF-8 show as U+FFFD. A replay without a correction sends the
    /// bytes as they are.
    body: String,
}

impl From<DeadLetter> for DeadLetterBody {
    fn from(letter: DeadLetter) -> Self {
        Self {
            id: letter.id,
            queue: letter.queue,
            message_id: letter.message.id,
            cause: letter.cause,
            by: letter.by,
            attempts: letter.attempts,
            first_failed_at: letter.first_failed_at,
            dead_at: letter.dead_at,
            body: String::from_utf8_lossy(&letter.message.body).into_owned(),
        }
    }
}

/// Which dead letters, and which page of them.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// Only those of this queue.
    #[serde(default)]
    queue: Option<String>,
    /// Only those whose cause contains this.
    #[serde(default)]
    cause: Option<String>,
    /// Items on a page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    #[serde(default = "default_limit")]
    limit: usize,
    /// `next_cursor` of the page before.
    #[serde(default)]
    cursor: Option<Cursor>,
}

fn default_limit() -> usize {
    50
}

/// The dead letters, oldest first.
#[utoipa::path(get, path = "/dead-letters", tag = "dead letters", params(ListQuery), responses(
    (status = 200, body = PageBody<DeadLetterBody>),
    (status = 422, body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn list(
    State(AppState { queue, .. }): State<AppState>,
    Query(query): Query<ListQuery>,
) -> Result<Json<PageBody<DeadLetterBody>>, Problem> {
    let limit = query.limit;
    if !(1..=200).contains(&limit) {
        let message = "limit must be between 1 and 200.";
        return Err(Problem::invalid([FieldError::new("limit", "out_of_range", message)]));
    }
    let filter = filter(query.queue, query.cause)?;
    let after: Option<String> = query.cursor.as_ref().map(Cursor::key).transpose()?;
    let found = queue.dead_letters(&filter, after.as_deref(), limit + 1).await;
    let mut found = found.map_err(super::unavailable)?;
    let more = found.len() > limit;
    found.truncate(limit);
    let next_cursor = if more { found.last().map(|l| Cursor::new(&l.id)) } else { None };
    Ok(Json(PageBody { items: found.into_iter().map(Into::into).collect(), next_cursor }))
}

fn filter(queue: Option<String>, cause: Option<String>) -> Result<DeadLetterFilter, Problem> {
    match queue {
        Some(name) if !TOPICS.contains(&name.as_str()) => {
            let message = format!("There is no queue {name:?}. Choose from {}.", TOPICS.join(", "));
            Err(Problem::invalid([FieldError::new("queue", "unknown", message)]))
        }
        queue => Ok(DeadLetterFilter { queue, cause }),
    }
}

/// One dead letter.
#[utoipa::path(get, path = "/dead-letters/{id}", tag = "dead letters", params(("id" = String, Path)),
    responses((status = 200, body = DeadLetterBody),
    (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn get(
    State(AppState { queue, .. }): State<AppState>,
    Path(id): Path<String>,
) -> Result<Json<DeadLetterBody>, Problem> {
    let letter = queue.dead_letter(&id).await.map_err(super::unavailable)?;
    letter.map(|l| Json(l.into())).ok_or_else(|| Problem::not_found("dead letter"))
}

/// Deletes a dead letter for good.
#[utoipa::path(delete, path = "/dead-letters/{id}", tag = "dead letters", params(("id" = String, Path)),
    responses((status = 204),
    (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn delete(
    State(AppState { queue, .. }): State<AppState>,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let there = queue.delete_dead_letter(&id).await.map_err(super::unavailable)?;
    if there { Ok(StatusCode::NO_CONTENT) } else { Err(Problem::not_found("dead letter")) }
}

/// A corrected message.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Correction {
    /// The whole body to send instead; the same one is sent where absent.
    #[serde(default)]
    body: Option<String>,
}

/// Sends a dead letter back to its queue, corrected if a body is given.
#[utoipa::path(post, path = "/dead-letters/{id}/replay", tag = "dead letters",
    params(("id" = String, Path)), request_body(content = Option<Correction>),
    responses((status = 204),
    (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    (status = 413, body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn replay(
    State(AppState { queue, .. }): State<AppState>,
    Path(id): Path<String>,
    request: Request,
) -> Result<StatusCode, Problem> {
    let correction: Correction = optional_json(request).await?;
    let corrected = correction.body.map(Bytes::from);
    let there = queue.replay(&id, corrected).await.map_err(super::unavailable)?;
    if there { Ok(StatusCode::NO_CONTENT) } else { Err(Problem::not_found("dead letter")) }
}

/// Which dead letters to replay; absent fields do not filter.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReplayFilter {
    /// Only those of this queue.
    #[serde(default)]
    queue: Option<String>,
    /// Only those whose cause contains this.
    #[serde(default)]
    cause: Option<String>,
}

/// How many were replayed.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Replayed {
    replayed: u64,
}

/// Sends all dead letters that pass the filter back to their queues.
#[utoipa::path(post, path = "/dead-letters/replay", tag = "dead letters",
    request_body(content = Option<ReplayFilter>),
    responses((status = 200, body = Replayed),
    (status = 422, body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn replay_many(
    State(AppState { queue, .. }): State<AppState>,
    request: Request,
) -> Result<Json<Replayed>, Problem> {
    let asked: ReplayFilter = optional_json(request).await?;
    let filter = filter(asked.queue, asked.cause)?;
    // What dies again while we replay must not be replayed for ever.
    let replayed = queue.replay_all(&filter, Utc::now()).await.map_err(super::unavailable)?;
    Ok(Json(Replayed { replayed }))
}

/// A JSON body that may be left out. It holds a whole message as text, in which every character may
/// be escaped, so it is allowed more than other bodies.
async fn optional_json<T: Default + serde::de::DeserializeOwned>(
    request: Request,
) -> Result<T, Problem> {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 6 * MAX_EVENT_BYTES + 1024).await.map_err(|_| {
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "The corrected body is larger than 64 KiB.")
    })?;
    if body.is_empty() {
        return Ok(T::default());
    }
    match extract::media_type(&parts.headers).as_deref() {
        Some("application/json") => extract::parse_json(&body),
        _ => Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "Send the body as JSON, with Content-Type: application/json.",
        )),
    }
}
