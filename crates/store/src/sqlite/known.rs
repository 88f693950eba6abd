//! What is known of a batch before it is recorded.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use domain::{NotificationId, RegistrationId, UserId};

use super::{
    Tx,
    error::StoreResult,
    row::{self, get, json, named, optional_uuid, uuid},
    time,
};
use crate::{NewRegistration, RecordOutcome, StoreError, sql::outcome::Entry};

/// The ledger's entries for some ids. A user that another program gave a registration id has no entry
/// but counts as one that was recorded.
pub(super) const KNOWN_REGISTRATIONS: &str = "
    SELECT r.registration_id, r.user_id, r.email, r.outcome, r.notification_id
    FROM json_each(?1) j CROSS JOIN registrations r ON r.registration_id = j.value
    UNION ALL
    SELECT u.registration_id, u.id, u.email, 'created', NULL
    FROM json_each(?1) j CROSS JOIN users u ON u.registration_id = j.value
    WHERE NOT EXISTS (SELECT 1 FROM registrations r WHERE r.registration_id = j.value)";

/// The users of some addresses.
pub(super) const KNOWN_USERS: &str = "
    SELECT u.id, u.email FROM json_each(?1) j CROSS JOIN users u ON u.email = j.value";

/// How many e-mails some users were to get since a time.
pub(super) const RECENT_MAILS: &str = "
    SELECT n.user_id, count(*)
    FROM json_each(?1) j CROSS JOIN notification_logs n ON n.user_id = j.value
    WHERE n.created_at > ?2
    GROUP BY n.user_id";

pub(super) async fn known_registrations(
    tx: &mut Tx,
    batch: &[NewRegistration],
) -> Result<HashMap<RegistrationId, Entry>, StoreError> {
    // Once each: the same id twice would find its entry twice.
    let ids: HashSet<RegistrationId> = batch.iter().map(|item| item.registration_id).collect();
    let rows =
        sqlx::query(KNOWN_REGISTRATIONS).bind(json(&ids)?).fetch_all(&mut **tx).await.store()?;
    row::all(&rows, |row| {
        let entry = Entry {
            user_id: UserId(get(row, 1)?),
            address: get::<String>(row, 2)?.to_ascii_lowercase(),
            outcome: named(row, 3, RecordOutcome::from_name)?,
            notification_id: optional_uuid(row, 4)?.map(NotificationId),
        };
        Ok((RegistrationId(uuid(row, 0)?), entry))
    })
}

/// A user, and the registration of this batch that creates it, if one does.
pub(super) struct Owner {
    pub(super) id: UserId,
    pub(super) created_by: Option<RegistrationId>,
}

pub(super) async fn known_users(
    tx: &mut Tx,
    addresses: &[String],
) -> Result<HashMap<String, Owner>, StoreError> {
    let rows =
        sqlx::query(KNOWN_USERS).bind(json(addresses)?).fetch_all(&mut **tx).await.store()?;
    row::all(&rows, |row| {
        let owner = Owner { id: UserId(get(row, 0)?), created_by: None };
        Ok((get::<String>(row, 1)?.to_ascii_lowercase(), owner))
    })
}

/// How many e-mails the known addresses of the batch were to get in the last day.
pub(super) async fn recent_mails(
    tx: &mut Tx,
    batch: &[NewRegistration],
    addresses: &[String],
    ledger: &HashMap<RegistrationId, Entry>,
    users: &HashMap<String, Owner>,
    now: DateTime<Utc>,
) -> Result<HashMap<UserId, u32>, StoreError> {
    let known: HashSet<UserId> = batch
        .iter()
        .zip(addresses)
        .filter(|(item, _)| !ledger.contains_key(&item.registration_id))
        .filter_map(|(_, address)| users.get(address))
        .filter(|owner| owner.created_by.is_none())
        .map(|owner| owner.id)
        .collect();
    if known.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = sqlx::query(RECENT_MAILS)
        .bind(json(&known)?)
        .bind(time::text(now - TimeDelta::days(1)))
        .fetch_all(&mut **tx)
        .await
        .store()?;
    row::all(&rows, |row| Ok((UserId(get(row, 0)?), get(row, 1)?)))
}
