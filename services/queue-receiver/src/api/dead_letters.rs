//! `/dead-letters`: browse, inspect, correct, replay, delete.

use std::collections::HashMap;

use axum::{
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use domain::{FieldError, MAX_EVENT_BYTES};
use queue::{DeadLetter, DeadLetterFilter, TOPICS};
use runtime::{
    Cursor, Json, Path, Problem, Query,
    http::{cursor::PageBody, extract, problem::ProblemBody},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use utoipa::{IntoParams, ToSchema};

use super::AppState;

/// The largest body of a call with a corrected message, in bytes: the message is a text in it, in which
/// every character may be escaped.
pub(super) const MAX_CORRECTION_BYTES: usize = 6 * MAX_EVENT_BYTES + 1024;
/// Causes that are listed.
const MAX_CAUSES: usize = 500;

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
    let found = found.map_err(super::unavailable)?.into_iter().map(DeadLetterBody::from).collect();
    Ok(Json(PageBody::of(found, limit, |letter: &DeadLetterBody| letter.id.clone())))
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

/// Dead letters of one queue that died of the same cause.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CauseCount {
    /// The queue they came from.
    queue: String,
    /// Why the last attempt failed.
    cause: String,
    /// How many there are.
    count: u64,
    /// When the first of them died.
    oldest: DateTime<Utc>,
    /// When the last of them died.
    newest: DateTime<Utc>,
}

/// Causes, the most frequent first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Causes {
    items: Vec<CauseCount>,
    /// Causes beyond the five hundred that are listed.
    further: usize,
}

/// `?queue=`
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct CausesQuery {
    /// Only those of this queue.
    #[serde(default)]
    queue: Option<String>,
}

/// The dead letters, counted by queue and cause.
#[utoipa::path(get, path = "/dead-letters/causes", tag = "dead letters", params(CausesQuery), responses(
    (status = 200, body = Causes),
    (status = 422, body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn causes(
    State(AppState { queue, .. }): State<AppState>,
    Query(query): Query<CausesQuery>,
) -> Result<Json<Causes>, Problem> {
    let filter = filter(query.queue, None)?;
    let mut counted: HashMap<(String, String), CauseCount> = HashMap::new();
    let mut count = |DeadLetter { queue, cause, dead_at, .. }: DeadLetter| {
        let key = (queue.clone(), cause.clone());
        let fresh = || CauseCount { queue, cause, count: 0, oldest: dead_at, newest: dead_at };
        let seen = counted.entry(key).or_insert_with(fresh);
        seen.count += 1;
        seen.oldest = seen.oldest.min(dead_at);
        seen.newest = seen.newest.max(dead_at);
    };
    queue.survey(&filter, &mut count).await.map_err(super::unavailable)?;
    let mut items: Vec<_> = counted.into_values().collect();
    items.sort_by(|a, b| b.count.cmp(&a.count).then(b.newest.cmp(&a.newest)));
    let further = items.len().saturating_sub(MAX_CAUSES);
    items.truncate(MAX_CAUSES);
    Ok(Json(Causes { items, further }))
}

/// A corrected message.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Correction {
    /// The whole body to send instead; the same one is sent where absent.
    #[serde(default)]
    body: Option<String>,
    /// Whether only to look: nothing is sent, and the answer says whether it would be taken.
    #[serde(default)]
    dry_run: bool,
}

/// What a replay would come to.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Outlook {
    /// Whether the consumer could read it. What it needs then may be away or gone nevertheless.
    acceptable: bool,
    /// What is wrong with it.
    fault: Option<String>,
}

/// Sends a dead letter back to its queue, corrected if a body is given.
#[utoipa::path(post, path = "/dead-letters/{id}/replay", tag = "dead letters",
    params(("id" = String, Path)), request_body(content = Option<Correction>),
    responses((status = 204, description = "It is back in its queue"),
    (status = 200, description = "What a dry run found", body = Outlook),
    (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    (status = 413, body = ProblemBody, content_type = "application/problem+json"),
    (status = 422, body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn replay(
    State(AppState { queue, .. }): State<AppState>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let Correction { body, dry_run } = optional_json(request).await?;
    if body.as_ref().is_some_and(|body| body.len() > MAX_EVENT_BYTES) {
        let detail =
            "The corrected body is larger than 64 KiB, which is the most a message may be.";
        return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail));
    }
    let corrected = body.map(Bytes::from);
    if dry_run {
        let letter = queue.dead_letter(&id).await.map_err(super::unavailable)?;
        let DeadLetter { queue, message, .. } =
            letter.ok_or_else(|| Problem::not_found("dead letter"))?;
        let message = match corrected {
            Some(body) => queue::corrected(message, body),
            None => message,
        };
        let fault = queue::check(&queue, &message).err();
        return Ok(Json(Outlook { acceptable: fault.is_none(), fault }).into_response());
    }
    let there = queue.replay(&id, corrected).await.map_err(super::unavailable)?;
    if there {
        Ok(StatusCode::NO_CONTENT.into_response())
    } else {
        Err(Problem::not_found("dead letter"))
    }
}

/// Which dead letters; absent fields do not filter.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ManyFilter {
    /// Only those of this queue.
    #[serde(default)]
    queue: Option<String>,
    /// Only those whose cause contains this.
    #[serde(default)]
    cause: Option<String>,
    /// Whether only to look: nothing is changed.
    #[serde(default)]
    dry_run: bool,
}

/// How many were replayed.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ReplayOutcome {
    /// How many pass the filter.
    matched: u64,
    /// How many of those their consumer could read; of a dry run only.
    #[serde(skip_serializing_if = "Option::is_none")]
    acceptable: Option<u64>,
    /// How many went back to their queues.
    replayed: u64,
}

/// Sends all dead letters that pass the filter back to their queues.
#[utoipa::path(post, path = "/dead-letters/replay", tag = "dead letters",
    request_body(content = Option<ManyFilter>),
    responses((status = 200, body = ReplayOutcome),
    (status = 422, body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn replay_many(
    State(AppState { queue, .. }): State<AppState>,
    request: Request,
) -> Result<Json<ReplayOutcome>, Problem> {
    let ManyFilter { queue: name, cause, dry_run } = optional_json(request).await?;
    let filter = filter(name, cause)?;
    if dry_run {
        let (mut matched, mut acceptable) = (0, 0);
        let mut look = |letter: DeadLetter| {
            matched += 1;
            acceptable += u64::from(queue::check(&letter.queue, &letter.message).is_ok());
        };
        queue.survey(&filter, &mut look).await.map_err(super::unavailable)?;
        return Ok(Json(ReplayOutcome { matched, acceptable: Some(acceptable), replayed: 0 }));
    }
    // What dies again while we replay must not be replayed for ever.
    let replayed = queue.replay_all(&filter, Utc::now()).await.map_err(super::unavailable)?;
    Ok(Json(ReplayOutcome { matched: replayed, acceptable: None, replayed }))
}

/// How many were deleted.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeleteOutcome {
    /// How many pass the filter.
    matched: u64,
    /// How many are gone.
    deleted: u64,
}

/// Deletes all dead letters that pass the filter, for good.
#[utoipa::path(post, path = "/dead-letters/delete", tag = "dead letters",
    request_body(content = Option<ManyFilter>),
    responses((status = 200, body = DeleteOutcome),
    (status = 422, body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn delete_many(
    State(AppState { queue, .. }): State<AppState>,
    request: Request,
) -> Result<Json<DeleteOutcome>, Problem> {
    let ManyFilter { queue: name, cause, dry_run } = optional_json(request).await?;
    let filter = filter(name, cause)?;
    if dry_run {
        let mut matched = 0;
        queue.survey(&filter, &mut |_| matched += 1).await.map_err(super::unavailable)?;
        return Ok(Json(DeleteOutcome { matched, deleted: 0 }));
    }
    let deleted = queue.delete_all(&filter, Utc::now()).await.map_err(super::unavailable)?;
    Ok(Json(DeleteOutcome { matched: deleted, deleted }))
}

/// A JSON body that may be left out.
async fn optional_json<T: Default + DeserializeOwned>(request: Request) -> Result<T, Problem> {
    let headers = request.headers().clone();
    let body = extract::body(request).await?;
    if body.is_empty() {
        return Ok(T::default());
    }
    extract::require_json(&headers)?;
    extract::parse_json(&body)
}
