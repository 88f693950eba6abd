//! The log of e-mails.

use chrono::{DateTime, Utc};
use domain::{NotificationId, Recipient, RegistrationId, UserId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Where an e-mail stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NotificationStatus {
    /// Not tried yet.
    Queued,
    /// In a sender's hand.
    Sending,
    /// Taken by the mail server.
    Sent,
    /// Failed for a cause that may pass; will be tried again.
    Retrying,
    /// Failed for good.
    Failed,
}

impl NotificationStatus {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Queued, Self::Sending, Self::Sent, Self::Retrying, Self::Failed];

    /// The status of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }

    /// The name in JSON and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Retrying => "retrying",
            Self::Failed => "failed",
        }
    }
}

/// A row of `notification_logs`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Notification {
    /// Names the e-mail for ever.
    pub notification_id: NotificationId,
    /// To whom; none where the address is no user's.
    pub user_id: Option<UserId>,
    /// The template.
    pub notification_type: String,
    /// The address.
    pub recipient: String,
    /// Where it stands.
    pub status: NotificationStatus,
    /// How often it was tried.
    pub attempts: u32,
    /// What the mail server said last.
    pub last_reply: Option<String>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When the mail server took it.
    pub sent_at: Option<DateTime<Utc>>,
    /// What the e-mail speaks of beside the person.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[schema(value_type = Object)]
    pub context: Map<String, Value>,
}

/// Which notifications; an absent field does not filter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct NotificationFilter {
    /// To this user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// Of this status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<NotificationStatus>,
}

/// An e-mail that a sender wants to send.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NotificationRequest {
    /// Which.
    pub notification_id: NotificationId,
    /// To whom.
    pub to: Recipient,
    /// The template; cut to 50 characters in the log.
    pub notification_type: String,
    /// What the e-mail speaks of beside the person.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[schema(value_type = Object)]
    pub context: Map<String, Value>,
    /// Names who claims it: the same claimer may claim again, another is held off. It differs between
    /// two messages that ask for the same e-mail, and stays the same while one message is tried again.
    pub claimer: Uuid,
}

/// What a claim found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "claim", rename_all = "snake_case")]
pub enum NotificationClaim {
    /// It is the claimer's to send.
    Granted(Mail),
    /// It was sent, or failed for good; it fails now where its address is undeliverable.
    Settled,
    /// Another sender has it, until then at the latest.
    Held {
        /// When that claim runs out.
        until: DateTime<Utc>,
    },
    /// There is no such user (any more).
    UnknownUser,
}

/// What a sender needs to know to write an e-mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Mail {
    /// Which.
    pub notification_id: NotificationId,
    /// First name; empty where the address is no user's.
    pub name: String,
    /// Surname; empty where the address is no user's.
    pub surname: String,
    /// Address.
    pub email: String,
    /// The registration that created the user, if one did.
    pub registration_id: Option<RegistrationId>,
    /// Whether the address is confirmed.
    pub confirmed: bool,
    /// The language asked for.
    pub locale: Option<String>,
    /// When the e-mail was asked for; its `Date`.
    pub created_at: DateTime<Utc>,
    /// Attempts before this one.
    pub attempts: u32,
}

/// An attempt as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PastAttempt {
    /// When.
    pub at: DateTime<Utc>,
    /// How it ended.
    pub outcome: AttemptOutcome,
    /// What the mail server said, or what was heard instead.
    pub reply: String,
}

/// One attempt at an e-mail. One of the same e-mail and the same time as one recorded is that one, told
/// again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NotificationAttempt {
    /// Which.
    pub notification_id: NotificationId,
    /// How it ended.
    pub outcome: AttemptOutcome,
    /// What the mail server said.
    pub reply: String,
    /// When.
    pub at: DateTime<Utc>,
    /// Whether the mail server refused the address for good: then nothing more is tried at it until a
    /// person has the e-mail sent again, or changes the address.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub undeliverable: bool,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AttemptOutcome {
    /// The mail server took it.
    Sent,
    /// It will be tried again.
    Retrying,
    /// It will not be tried again.
    Failed,
    /// It may have arrived: the sender went away, or the mail server did, between the e-mail and the
    /// answer. It will be tried again, under the same `Message-ID`.
    Unknown,
}

impl AttemptOutcome {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Sent, Self::Retrying, Self::Failed, Self::Unknown];

    /// The name in JSON and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Retrying => "retrying",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }

    /// The outcome of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == name)
    }
}

/// A claim given back: nothing was tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReleasedClaim {
    /// Of which e-mail.
    pub notification_id: NotificationId,
    /// Whose claim it is.
    pub claimer: Uuid,
}

/// An e-mail to add to the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewNotification {
    /// Names it for ever; one that the log knows is not added again.
    pub notification_id: NotificationId,
    /// To whom.
    pub to: Recipient,
    /// The template.
    pub notification_type: String,
    /// What the e-mail speaks of beside the person.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[schema(value_type = Object)]
    pub context: Map<String, Value>,
}
