//! What is answered to a registration.

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{NotificationId, RegistrationId, UserId, template};

use crate::{EmailStage, NewRegistration, RecordOutcome, Recorded};

/// What was decided about one registration id.
pub(crate) struct Entry {
    /// The address that was submitted, in one letter case.
    pub(crate) address: String,
    pub(crate) user_id: UserId,
    pub(crate) outcome: RecordOutcome,
    pub(crate) notification_id: Option<NotificationId>,
}

/// The items that may become users: of every id and of every address the first.
///
/// Only an id's first item counts, whatever becomes of that.
pub(crate) fn candidates<'a>(
    batch: &'a [NewRegistration],
    addresses: &'a [String],
    is_known: impl Fn(RegistrationId, &str) -> bool,
) -> Vec<(&'a NewRegistration, &'a str)> {
    let (mut seen, mut taken) = (HashSet::new(), HashSet::new());
    let items = batch.iter().zip(addresses);
    items
        .filter(|(item, address)| {
            seen.insert(item.registration_id)
                && !is_known(item.registration_id, address)
                && taken.insert(address.as_str())
        })
        .map(|(item, address)| (item, address.as_str()))
        .collect()
}

/// The answer for an id that was recorded before, in this batch or an earlier one.
pub(crate) fn repeated(item: &NewRegistration, address: &str, entry: &Entry) -> Recorded {
    if entry.address == address {
        return answer(item, RecordOutcome::Replayed, entry);
    }
    Recorded {
        registration_id: item.registration_id.to_string(),
        outcome: RecordOutcome::Invalid,
        user_id: None,
        notification_id: None,
        notification_type: None,
        cause: Some("this registration_id was recorded before with another address".into()),
    }
}

/// The answer for an id that is in the ledger, as of now or since before.
pub(crate) fn answer(item: &NewRegistration, outcome: RecordOutcome, entry: &Entry) -> Recorded {
    let template = match entry.outcome {
        RecordOutcome::Created => template::CONFIRMATION,
        _ => template::ALREADY_REGISTERED,
    };
    Recorded {
        registration_id: item.registration_id.to_string(),
        outcome,
        user_id: Some(entry.user_id),
        notification_id: entry.notification_id,
        notification_type: entry.notification_id.map(|_| template.to_owned()),
        cause: None,
    }
}

/// When an e-mail was asked for, and how it ended.
pub(crate) struct MailTimes {
    pub(crate) begun: Option<DateTime<Utc>>,
    pub(crate) sent_at: Option<DateTime<Utc>>,
    pub(crate) failed_at: Option<DateTime<Utc>>,
}

impl MailTimes {
    /// How the registration's own e-mail ended.
    pub(crate) fn own(self) -> Option<EmailStage> {
        let at = self.sent_at.or(self.failed_at)?;
        Some(EmailStage { sent: self.sent_at.is_some(), at })
    }

    /// What a registration shows whose own e-mail was withheld: this one, as long after `stored_at` as
    /// it took. What it has not had the time for has not happened yet.
    pub(crate) fn mirrored(
        self,
        stored_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Option<EmailStage> {
        let begun = self.begun;
        let EmailStage { sent, at } = self.own()?;
        let took = begun.map_or(TimeDelta::zero(), |begun| (at - begun).max(TimeDelta::zero()));
        Some(EmailStage { sent, at: stored_at + took }).filter(|stage| stage.at <= now)
    }
}
