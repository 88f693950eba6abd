//! What the Database Service and its client [`crate::RemoteStore`] say to each other beyond the model:
//! envelopes, cursors and entity tags.

use std::{borrow::Cow, time::Duration};

use chrono::{DateTime, Utc};
use domain::{EmailAddress, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    AccountSummary, LoginSubject, MinuteCount, NewRegistration, NotificationAttempt,
    NotificationClaim, NotificationRequest, PastAttempt, Recorded, ReleasedClaim, Report,
    ReportResult, Schedule, Template,
};

/// The most items of one batch.
pub const MAX_BATCH: usize = 1000;

/// `POST /users/batch`, as its client writes it. The service reads each item by itself.
#[derive(Debug, Serialize)]
pub struct Batch<'a> {
    /// One to [`MAX_BATCH`] registrations.
    pub items: &'a [NewRegistration],
}

/// The answer to a batch.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Outcomes {
    /// One for each item, in the same order.
    pub outcomes: Vec<Recorded>,
}

/// `POST /registrations/{id}/confirm`
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Confirmation {
    /// When the person confirmed.
    pub at: DateTime<Utc>,
}

/// Who has left the list.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Left {
    /// The user that was deleted.
    pub user_id: UserId,
}

/// `POST /notifications/claims`
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClaimNotifications<'a> {
    /// At most 1,000 e-mails to send.
    #[schema(value_type = Vec<NotificationRequest>, max_items = 1000)]
    pub requests: Cow<'a, [NotificationRequest]>,
    /// For how long, in milliseconds; at most a day.
    #[schema(maximum = 86_400_000)]
    pub lease_ms: u64,
}

/// What the claims found.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct NotificationClaims {
    /// One for each request, in the same order.
    pub claims: Vec<NotificationClaim>,
}

/// `POST /notifications/attempts`
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Attempts<'a> {
    /// At most 1,000 attempts, in the order in which they were made.
    #[schema(value_type = Vec<NotificationAttempt>, max_items = 1000)]
    pub attempts: Cow<'a, [NotificationAttempt]>,
}

/// `POST /notifications/releases`
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Releases<'a> {
    /// At most 1,000 claims.
    #[schema(value_type = Vec<ReleasedClaim>, max_items = 1000)]
    pub claims: Cow<'a, [ReleasedClaim]>,
}

/// The attempts at one e-mail.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct PastAttempts {
    /// In order; each with what the mail server said.
    pub items: Vec<PastAttempt>,
}

/// `GET /templates` and `GET /templates/versions`
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Templates {
    /// Texts of e-mails.
    pub items: Vec<Template>,
}

/// `POST /reports/{id}/claim`
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClaimReport {
    /// Who claims.
    pub owner: Uuid,
    /// For how long, in milliseconds; at most a day.
    #[schema(maximum = 86_400_000)]
    pub lease_ms: u64,
}

/// `POST /reports/{id}/renew`
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RenewReport {
    /// Who claims.
    pub owner: Uuid,
    /// Rows that are written.
    pub rows: i64,
    /// For how long, in milliseconds; at most a day.
    #[schema(maximum = 86_400_000)]
    pub lease_ms: u64,
}

/// `POST /reports/{id}/finish`
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FinishReport<'a> {
    /// Who has claimed it.
    pub owner: Uuid,
    /// How it ended.
    #[schema(value_type = ReportResult)]
    pub result: Cow<'a, ReportResult>,
}

/// Whether a report is its claimer's.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Owned {
    /// `false` where it was cancelled, deleted, or is another's.
    pub owned: bool,
}

/// `POST /reports/{id}/cancel` and `/forget-file`
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reason<'a> {
    /// What happened and what to do, for a person.
    #[schema(value_type = String)]
    pub reason: Cow<'a, str>,
}

/// `GET /reports/outdated`
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct OutdatedReports {
    /// Oldest first.
    pub items: Vec<Report>,
}

/// `GET /schedules/due`
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct DueSchedules {
    /// The longest waiting first.
    pub items: Vec<Schedule>,
}

/// `POST /schedules/{id}/advance`
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AdvanceSchedule {
    /// The next slot as it was seen.
    pub from: DateTime<Utc>,
    /// The one after it; none where there is none.
    pub to: Option<DateTime<Utc>>,
}

/// `GET /notifications/{id}/locale`
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct NotificationLocale {
    /// The language asked for (BCP 47); null where none was, or there is no such e-mail.
    pub locale: Option<String>,
}

/// `GET /stats/activity`
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Activity {
    /// By minute; one in which nobody came is absent.
    pub items: Vec<MinuteCount>,
}

/// When the snapshot of an export was taken (RFC 3339), as a header of the answer.
pub const SNAPSHOT_TIME: &str = "x-snapshot-time";

/// `POST /accounts/first`
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FirstAccount {
    /// The address to log in with.
    pub email: EmailAddress,
    /// The password's hash as a PHC string.
    #[schema(min_length = 1, max_length = 255)]
    pub password_hash: String,
}

/// `POST /accounts/lookup`: by a body, since addresses in paths end up in logs.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountLookup {
    /// The address to log in with, in any letter case.
    pub email: EmailAddress,
}

/// `GET /accounts`
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct AccountList {
    /// By address.
    pub items: Vec<AccountSummary>,
}

/// `POST /logins`, `POST /logins/succeeded`
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LoginAttempt {
    /// Whom a failure is counted against.
    #[schema(max_items = 10)]
    pub subjects: Vec<LoginSubject>,
}

/// `POST /logins`
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct LoginAllowed {
    /// When it may be tried; absent: now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<DateTime<Utc>>,
}

/// A lease on the wire.
pub fn millis(lease: Duration) -> u64 {
    u64::try_from(lease.as_millis()).unwrap_or(u64::MAX)
}

/// The entity tag (RFC 9110, section 8.8.3) of a user that was last changed at `updated_at`.
pub fn entity_tag(updated_at: DateTime<Utc>) -> String {
    format!("\"{}\"", updated_at.timestamp_micros())
}
