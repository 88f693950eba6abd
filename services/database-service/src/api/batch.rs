//! `/users/batch`: recording registrations.

use std::borrow::Cow;

use axum::extract::State;
use chrono::{DateTime, Utc};
use domain::{Registration, RegistrationId};
use runtime::{Json, Problem, http::problem::ProblemBody};
use serde::Deserialize;
use serde_json::value::RawValue;
use store::{NewRegistration, RecordOutcome, Recorded, count_stored, wire::Outcomes};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Db, PROBLEM, check_batch, invalid, problem};

/// Registrations to record. Each is read by itself, so that a bad one does not fail its neighbours.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Batch {
    /// One to 1,000 registrations.
    #[schema(value_type = Vec<Item<'static>>, min_items = 1, max_items = 1000)]
    items: Vec<Box<RawValue>>,
}

/// A registration as it is submitted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Item<'a> {
    /// What makes recording idempotent.
    registration_id: Uuid,
    /// First name.
    #[serde(borrow)]
    name: Cow<'a, str>,
    /// Surname.
    #[serde(borrow)]
    surname: Cow<'a, str>,
    /// Address.
    #[serde(borrow)]
    email: Cow<'a, str>,
    /// When it was accepted.
    submitted_at: DateTime<Utc>,
    /// The language asked for (RFC 5646).
    #[serde(default)]
    locale: Option<String>,
}

/// Records registrations in one transaction. What was recorded before is `replayed`, with the same
/// answer otherwise, so that a batch may be sent again.
#[utoipa::path(post, path = "/users/batch", tag = "users", request_body = Batch, responses(
    (status = 200, description = "An outcome for each item, in the same order", body = Outcomes),
    (status = 413, body = ProblemBody, content_type = PROBLEM),
    (status = 422, body = ProblemBody, content_type = PROBLEM),
    (status = 503, body = ProblemBody, content_type = PROBLEM)))]
pub(super) async fn record(
    State(store): Db,
    Json(batch): Json<Batch>,
) -> Result<Json<Outcomes>, Problem> {
    if batch.items.is_empty() {
        return Err(invalid("items", "too_few", "items must have at least one item."));
    }
    check_batch("items", batch.items.len())?;
    let mut good = Vec::with_capacity(batch.items.len());
    let mut refused = Vec::new();
    for (position, item) in batch.items.iter().enumerate() {
        match read(item.get()) {
            Ok(item) => good.push(item),
            Err(cause) => refused.push((position, refuse(item.get(), cause))),
        }
    }
    let mut outcomes = store.record(&good).await.map_err(problem)?;
    if outcomes.len() != good.len() {
        return Err(Problem::internal("the store did not answer each item"));
    }
    count_stored(refused.iter().map(|(_, refused)| refused.outcome));
    for (position, refused) in refused {
        outcomes.insert(position, refused);
    }
    Ok(Json(Outcomes { outcomes }))
}

/// An item, checked by the same rules as everywhere.
fn read(json: &str) -> Result<NewRegistration, String> {
    let item: Item<'_> = serde_json::from_str(json).map_err(|e| e.to_string())?;
    let person = Registration::parse(&item.name, &item.surname, &item.email).map_err(|errors| {
        let told: Vec<_> =
            errors.into_iter().map(|e| format!("{}: {}", e.field, e.message)).collect();
        told.join(" ")
    })?;
    Ok(NewRegistration {
        registration_id: RegistrationId(item.registration_id),
        person,
        submitted_at: item.submitted_at,
        locale: item.locale,
    })
}

/// The answer for an item that breaks a rule, with its id as far as it has one.
fn refuse(json: &str, cause: String) -> Recorded {
    #[derive(Deserialize)]
    struct Named {
        registration_id: String,
    }

    let registration_id =
        serde_json::from_str(json).map(|Named { registration_id }| registration_id);
    Recorded {
        registration_id: registration_id.unwrap_or_default(),
        outcome: RecordOutcome::Invalid,
        user_id: None,
        notification_id: None,
        notification_type: None,
        cause: Some(cause),
    }
}
