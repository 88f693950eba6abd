//! The three messages that services exchange, as `data` of a CloudEvent.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::{
    EmailAddress, EventData, NotificationId, PersonName, Registration, RegistrationId, ReportId,
    ScheduleId, UserId,
};

/// A person submitted the form. Carried by the queue `user.registration`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "FlatRegistration")]
pub struct RegistrationSubmitted {
    /// Every consumer is idempotent by this id.
    pub registration_id: RegistrationId,
    /// Who, checked.
    #[serde(flatten)]
    pub person: Registration,
    /// When the Frontend accepted it.
    pub submitted_at: DateTime<Utc>,
    /// The language asked for (BCP 47), from `Accept-Language`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
}

/// The same to read: `flatten` would first gather all fields of each, as values of any kind.
#[derive(Deserialize)]
struct FlatRegistration {
    registration_id: RegistrationId,
    name: PersonName,
    surname: PersonName,
    email: EmailAddress,
    submitted_at: DateTime<Utc>,
    #[serde(default)]
    locale: Option<String>,
}

impl From<FlatRegistration> for RegistrationSubmitted {
    fn from(flat: FlatRegistration) -> Self {
        let FlatRegistration { registration_id, name, surname, email, submitted_at, locale } = flat;
        let person = Registration { name, surname, email };
        Self { registration_id, person, submitted_at, locale }
    }
}

impl EventData for RegistrationSubmitted {
    const TYPE: &'static str = "userstream.registration.submitted.v1";

    fn event_id(&self) -> String {
        self.registration_id.to_string()
    }
}

/// The names of the e-mail templates.
pub mod template {
    /// To a new address: confirm it.
    pub const CONFIRMATION: &str = "confirmation";
    /// To an address that has been confirmed.
    pub const WELCOME: &str = "welcome";
    /// To an address that registered before.
    pub const ALREADY_REGISTERED: &str = "already_registered";
    /// To whom a report is delivered.
    pub const REPORT_READY: &str = "report_ready";
    /// All of them.
    pub const ALL: [&str; 4] = [CONFIRMATION, WELCOME, ALREADY_REGISTERED, REPORT_READY];
}

/// To whom an e-mail goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum Recipient {
    /// To a user.
    #[serde(rename = "user_id")]
    User(UserId),
    /// To an address that need not be a user's.
    #[serde(rename = "recipient")]
    Address(EmailAddress),
}

impl Recipient {
    /// The user, if it is one.
    pub fn user(&self) -> Option<UserId> {
        match self {
            Self::User(id) => Some(*id),
            Self::Address(_) => None,
        }
    }

    /// The address, if it is no user.
    pub fn address(&self) -> Option<&EmailAddress> {
        match self {
            Self::User(_) => None,
            Self::Address(address) => Some(address),
        }
    }
}

/// An e-mail is to be sent. Carried by the queue `email.notifications`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmailRequested {
    /// Every consumer is idempotent by this id.
    pub notification_id: NotificationId,
    /// To whom: `user_id` or `recipient`.
    #[serde(flatten)]
    pub to: Recipient,
    /// Which template; see [`template`].
    pub template: String,
    /// Ids and links that the template may use; never more personal data than needed.
    #[serde(default, deserialize_with = "null_is_absent")]
    pub context: Map<String, Value>,
}

impl EventData for EmailRequested {
    const TYPE: &'static str = "userstream.email.requested.v1";

    fn event_id(&self) -> String {
        self.notification_id.to_string()
    }
}

/// A report is to be made. Carried by the queue `report.requests`.
///
/// Its parts are read leniently and checked by [`crate::ReportSpec::parse`], so that a request with
/// a mistake is recorded as a failed report that says why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportRequested {
    /// Every consumer is idempotent by this id.
    pub report_id: ReportId,
    /// The file format.
    pub format: String,
    /// A name for people; made from the format and id where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report_name: Option<String>,
    /// A [`crate::UserFilter`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filters: Option<Value>,
    /// Column names, in order; empty means the default ones.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<String>,
    /// A [`crate::ReportOptions`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub options: Option<Value>,
    /// Who asked; shown in the list of reports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested_by: Option<String>,
    /// The schedule whose report it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule_id: Option<ScheduleId>,
    /// Addresses that the report is delivered to.
    #[serde(default, deserialize_with = "null_is_absent", skip_serializing_if = "Vec::is_empty")]
    pub deliver_to: Vec<String>,
}

impl EventData for ReportRequested {
    const TYPE: &'static str = "userstream.report.requested.v1";

    fn event_id(&self) -> String {
        self.report_id.to_string()
    }
}

/// Reads a field whose `null` says as little as its absence.
fn null_is_absent<'de, T: Default + Deserialize<'de>, D: Deserializer<'de>>(
    field: D,
) -> Result<T, D::Error> {
    Option::deserialize(field).map(Option::unwrap_or_default)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_field_that_is_null_says_as_little_as_one_that_is_absent() {
        let least = json!({"report_id": ReportId::new(), "format": "csv"});
        let mut nulls = least.clone();
        for field in [
            "report_name",
            "filters",
            "columns",
            "options",
            "requested_by",
            "schedule_id",
            "deliver_to",
        ] {
            nulls[field] = Value::Null;
        }
        let read = |json| serde_json::from_value::<ReportRequested>(json).unwrap();
        assert_eq!(read(nulls), read(least));

        let email = json!({"notification_id": "0190a000-0000-7000-8000-000000000000", "user_id": 1,
            "template": "welcome", "context": null});
        assert_eq!(serde_json::from_value::<EmailRequested>(email).unwrap().context, Map::new());
    }
}
