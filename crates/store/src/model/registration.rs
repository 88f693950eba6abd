//! The way of a registration into the database.

use chrono::{DateTime, Utc};
use domain::{NotificationId, Registration, RegistrationId, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How many e-mails a day repeated registrations of one address may cause, the first included.
pub const MAILS_PER_ADDRESS_AND_DAY: u32 = 3;

/// A registration to record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewRegistration {
    /// What makes recording idempotent.
    pub registration_id: RegistrationId,
    /// Who, checked.
    #[serde(flatten)]
    pub person: Registration,
    /// When it was accepted.
    pub submitted_at: DateTime<Utc>,
    /// The language asked for (RFC 5646); a text that is no language tag is not kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
}

/// What became of one registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RecordOutcome {
    /// A new user.
    Created,
    /// The address was known: no new user.
    Duplicate,
    /// This registration had been recorded before.
    Replayed,
    /// It breaks a rule, or its id was recorded with another address. Nothing was stored.
    Invalid,
}

impl RecordOutcome {
    /// The name in JSON, metrics and the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Duplicate => "duplicate",
            Self::Replayed => "replayed",
            Self::Invalid => "invalid",
        }
    }

    /// The outcome of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Created, Self::Duplicate, Self::Replayed, Self::Invalid]
            .into_iter()
            .find(|outcome| outcome.as_str() == name)
    }
}

/// The answer for one item of a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Recorded {
    /// The item's id, as it was given.
    pub registration_id: String,
    /// What became of it.
    pub outcome: RecordOutcome,
    /// The user, unless invalid.
    pub user_id: Option<UserId>,
    /// The e-mail to send; absent when invalid, and when the address had its share for today.
    pub notification_id: Option<NotificationId>,
    /// The template of that e-mail.
    pub notification_type: Option<String>,
    /// Why, when invalid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
}

/// How far a registration has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RegistrationTrace {
    /// The registration.
    pub registration_id: RegistrationId,
    /// Its user.
    pub user_id: UserId,
    /// `created` or `duplicate`.
    pub outcome: RecordOutcome,
    /// When it was accepted.
    pub submitted_at: DateTime<Utc>,
    /// When it was stored.
    pub stored_at: DateTime<Utc>,
    /// How its e-mail ended; absent while it has not. A registration whose e-mail was withheld by
    /// the limit per address shows what the address's latest e-mail showed, as long after `stored_at`
    /// as that one took.
    pub email: Option<EmailStage>,
    /// When its user's address was confirmed; only for the registration that created the user.
    pub confirmed_at: Option<DateTime<Utc>>,
}

/// How an e-mail ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EmailStage {
    /// Sent, or failed for good.
    pub sent: bool,
    /// When.
    pub at: DateTime<Utc>,
}

/// A confirmed address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Confirmed {
    /// Whose.
    pub user_id: UserId,
    /// When it was confirmed first.
    pub confirmed_at: DateTime<Utc>,
}
