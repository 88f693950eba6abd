//! `/registrations`: how far each has come.

use axum::extract::State;
use chrono::{DateTime, Utc};
use domain::{NotificationId, RegistrationId, UserId};
use runtime::{Json, Path, Problem, http::problem::ProblemBody};
use serde::Serialize;
use store::{
    AttemptOutcome, Confirmed, Notification, NotificationFilter, PastAttempt, RecordOutcome,
    RegistrationTrace, Store,
    wire::{Confirmation, Left},
};
use utoipa::ToSchema;

use super::{Db, PROBLEM, problem};

/// How far a registration has come.
#[utoipa::path(get, path = "/registrations/{id}", tag = "registrations",
    params(("id" = String, Path, format = Uuid)), responses(
    (status = 200, body = RegistrationTrace),
    (status = 404, description = "Not stored (yet)", body = ProblemBody, content_type = PROBLEM),
    (status = 503, body = ProblemBody, content_type = PROBLEM)))]
pub(super) async fn get(
    State(store): Db,
    Path(id): Path<RegistrationId>,
) -> Result<Json<RegistrationTrace>, Problem> {
    let found = store.registration(id).await.map_err(problem)?;
    found.map(Json).ok_or_else(|| Problem::not_found("registration"))
}

/// The e-mails that a history tells of, at the most; the newest.
const TOLD_EMAILS: u32 = 100;

/// Everything that is known of one registration.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RegistrationHistory {
    registration_id: RegistrationId,
    /// Whose it is.
    user_id: UserId,
    /// `created` where it made the user, `duplicate` where the address was known.
    outcome: RecordOutcome,
    /// What happened, in the order of time: to the registration, and to the e-mails of its user.
    timeline: Vec<Happening>,
}

/// One thing that happened.
#[derive(Debug, Serialize, ToSchema)]
struct Happening {
    at: DateTime<Utc>,
    #[serde(flatten)]
    what: What,
}

/// What happened.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "stage", rename_all = "snake_case")]
enum What {
    /// The queue held it durably, and the person was told so.
    Accepted,
    /// It was written into the database.
    Stored,
    /// An e-mail was asked for.
    EmailQueued {
        notification_id: NotificationId,
        /// The template.
        notification_type: String,
    },
    /// An e-mail was tried.
    EmailAttempted {
        notification_id: NotificationId,
        outcome: AttemptOutcome,
        /// What the mail server said, or what was heard instead.
        reply: String,
    },
    /// The address was confirmed.
    Confirmed,
}

/// Everything that happened to a registration, with every attempt at the e-mails of its user and the mail
/// server's replies. For administrators: it tells a known address from a new one.
#[utoipa::path(get, path = "/registrations/{id}/history", tag = "registrations",
    params(("id" = String, Path, format = Uuid)), responses(
    (status = 200, body = RegistrationHistory),
    (status = 404, description = "Not stored (yet)", body = ProblemBody, content_type = PROBLEM),
    (status = 503, body = ProblemBody, content_type = PROBLEM)))]
pub(super) async fn history(
    State(store): Db,
    Path(id): Path<RegistrationId>,
) -> Result<Json<RegistrationHistory>, Problem> {
    let found = store.registration(id).await.map_err(problem)?;
    let trace = found.ok_or_else(|| Problem::not_found("registration"))?;
    let RegistrationTrace { registration_id, user_id, outcome, submitted_at, stored_at, .. } =
        trace;
    let mut timeline = vec![
        Happening { at: submitted_at, what: What::Accepted },
        Happening { at: stored_at, what: What::Stored },
    ];
    let filter = NotificationFilter { user_id: Some(user_id), status: None };
    let emails = store.notifications(&filter, None, TOLD_EMAILS).await.map_err(problem)?;
    for email in emails.items.into_iter().rev() {
        timeline.extend(happenings(&*store, email).await?);
    }
    let user = store.user(user_id).await.map_err(problem)?;
    let confirmed = user.and_then(|user| user.confirmed_at);
    timeline.extend(confirmed.map(|at| Happening { at, what: What::Confirmed }));
    // Stable: what is of one moment stays in the order of its stages.
    timeline.sort_by_key(|happening| happening.at);
    Ok(Json(RegistrationHistory { registration_id, user_id, outcome, timeline }))
}

async fn happenings(store: &dyn Store, email: Notification) -> Result<Vec<Happening>, Problem> {
    let Notification { notification_id, notification_type, created_at, .. } = email;
    let queued = What::EmailQueued { notification_id, notification_type };
    let attempts = store.attempts(notification_id).await.map_err(problem)?;
    let attempted = attempts.into_iter().map(|PastAttempt { at, outcome, reply }| Happening {
        at,
        what: What::EmailAttempted { notification_id, outcome, reply },
    });
    Ok([Happening { at: created_at, what: queued }].into_iter().chain(attempted).collect())
}

/// Confirms the address of a registration; a repeat keeps the first time. A user whose address has
/// changed since is not confirmed by it.
#[utoipa::path(post, path = "/registrations/{id}/confirm", tag = "registrations",
    request_body = Confirmation, params(("id" = String, Path, format = Uuid)), responses(
    (status = 200, body = Confirmed),
    (status = 404, body = ProblemBody, content_type = PROBLEM),
    (status = 422, body = ProblemBody, content_type = PROBLEM),
    (status = 503, body = ProblemBody, content_type = PROBLEM)))]
pub(super) async fn confirm(
    State(store): Db,
    Path(id): Path<RegistrationId>,
    Json(confirmation): Json<Confirmation>,
) -> Result<Json<Confirmed>, Problem> {
    let confirmed = store.confirm(id, confirmation.at).await.map_err(problem)?;
    confirmed.map(Json).ok_or_else(|| Problem::not_found("registration"))
}

/// Deletes the user of a registration with all that belongs to it, as the person behind it wishes. A user
/// whose address has changed since stays.
#[utoipa::path(post, path = "/registrations/{id}/leave", tag = "registrations",
    params(("id" = String, Path, format = Uuid)), responses(
    (status = 200, body = Left),
    (status = 404, description = "Not there (any more)", body = ProblemBody, content_type = PROBLEM),
    (status = 503, body = ProblemBody, content_type = PROBLEM)))]
pub(super) async fn leave(
    State(store): Db,
    Path(id): Path<RegistrationId>,
) -> Result<Json<Left>, Problem> {
    let left = store.leave(id).await.map_err(problem)?;
    let user_id = left.ok_or_else(|| Problem::not_found("registration"))?;
    Ok(Json(Left { user_id }))
}
