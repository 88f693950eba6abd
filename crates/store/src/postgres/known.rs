//! What is known of a batch, and stays so until its end.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{NotificationId, RegistrationId, UserId};
use uuid::Uuid;

use super::{
    Tx,
    row::{self, count, get, named},
};
use crate::{RecordOutcome, sql::outcome::Entry};

/// The ledger's entries for some ids. A user that another program gave a registration id has no entry
/// but counts as one that was recorded.
pub(super) const KNOWN_REGISTRATIONS: &str = "
    SELECT registration_id, user_id, email, outcome, notification_id
    FROM registrations WHERE registration_id = ANY($1)
    UNION ALL
    SELECT u.registration_id, u.id, u.email, 'created', NULL
    FROM users u
    WHERE u.registration_id = ANY($1)
      AND NOT EXISTS (SELECT FROM registrations r WHERE r.registration_id = u.registration_id)";

/// The users of some addresses. Whoever else registers one of them, or deletes or changes one of
/// these, waits; all lock in the same order.
pub(super) const LOCK_USERS: &str = r#"
    SELECT id, email FROM users WHERE lower(email COLLATE "C") = ANY($1)
    ORDER BY id FOR NO KEY UPDATE"#;

/// How many e-mails some users were to get since a time.
pub(super) const RECENT_MAILS: &str = "
    SELECT user_id, count(*) FROM notification_logs
    WHERE user_id = ANY($1) AND created_at > $2
    GROUP BY user_id";

pub(super) async fn known_registrations(
    tx: &mut Tx,
    ids: &[Uuid],
) -> Result<HashMap<RegistrationId, Entry>, sqlx::Error> {
    let rows = sqlx::query(KNOWN_REGISTRATIONS).bind(ids).fetch_all(&mut **tx).await?;
    row::all(&rows, |row| {
        let entry = Entry {
            user_id: UserId(get(row, 1)?),
            address: get::<&str>(row, 2)?.to_ascii_lowercase(),
            outcome: named(row, 3, RecordOutcome::from_name)?,
            notification_id: get::<Option<_>>(row, 4)?.map(NotificationId),
        };
        Ok((RegistrationId(get(row, 0)?), entry))
    })
}

/// A user, and the registration of this batch that creates it, if one does.
pub(super) struct Owner {
    pub(super) id: UserId,
    pub(super) created_by: Option<RegistrationId>,
}

pub(super) async fn lock_users(
    tx: &mut Tx,
    addresses: &[&str],
) -> Result<HashMap<String, Owner>, sqlx::Error> {
    let rows = sqlx::query(LOCK_USERS).bind(addresses).fetch_all(&mut **tx).await?;
    row::all(&rows, |row| {
        let owner = Owner { id: UserId(get(row, 0)?), created_by: None };
        Ok((get::<&str>(row, 1)?.to_ascii_lowercase(), owner))
    })
}

/// How many e-mails some users were to get in the last day.
pub(super) async fn recent_mails(
    tx: &mut Tx,
    users: &[i64],
    now: DateTime<Utc>,
) -> Result<HashMap<UserId, u32>, sqlx::Error> {
    if users.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = sqlx::query(RECENT_MAILS)
        .bind(users)
        .bind(now - TimeDelta::days(1))
        .fetch_all(&mut **tx)
        .await?;
    row::all(&rows, |row| Ok((UserId(get(row, 0)?), count(row, 1)?)))
}
