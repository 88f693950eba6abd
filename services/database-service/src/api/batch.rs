//! `/users/batch`: recording registrations.

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
    #[schema(value_type = Vec<Item>, min_items = 1, max_items = 1000)]
    items: Vec<Box<RawValue>>,
}

/// A registration as it is submitted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Item {
    /// What makes recording idempotent.
    registration_id: Uuid,
    /// First name.
    name: String,
    /// Surname.
    surname: String,
    /// Address.
    email: String,
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
    let read: Vec<_> = batch.items.iter().map(|item| read(item.get())).collect();
    let good: Vec<_> = read.iter().filter_map(|item| item.as_ref().ok().cloned()).collect();
    let mut recorded = store.record(&good).await.map_err(problem)?.into_iter();
    let mut outcomes = Vec::with_capacity(read.len());
    for (item, raw) in read.into_iter().zip(&batch.items) {
        outcomes.push(match item {
            Ok(_) => recorded
                .next()
                .ok_or_else(|| Problem::internal("the store left an item unanswered"))?,
            Err(cause) => {
                count_stored([RecordOutcome::Invalid]);
                refused(raw.get(), cause)
            }
        });
    }
    Ok(Json(Outcomes { outcomes }))
}

/// An item, checked by the same rules as everywhere.
fn read(json: &str) -> Result<NewRegistration, String> {
    let item: Item = serde_json::from_str(json).map_err(|e| e.to_string())?;
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
fn refused(json: &str, cause: String) -> Recorded {
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
