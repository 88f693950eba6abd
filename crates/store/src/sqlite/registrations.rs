//! The way of a registration into the database.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{RegistrationId, UserId};
use sqlx::sqlite::SqliteRow;
use tracing::Instrument;

use super::{
    SqliteStore,
    error::StoreResult,
    record,
    row::{self, get, named, uuid},
    time,
};
use crate::{
    Confirmed, NewRegistration, RecordOutcome, Recorded, RegistrationTrace, Registrations,
    StoreError,
    sql::{outcome::MailTimes, span::recording},
};

/// A registration with its own e-mail, or, where that was withheld, the latest one that its address
/// had been sent by then.
pub(super) const TRACE: &str = "
    SELECT r.registration_id, r.user_id, r.outcome, r.submitted_at, r.stored_at, u.confirmed_at,
           r.notification_id IS NULL, n.created_at, n.sent_at, n.failed_at
    FROM registrations r
    JOIN users u ON u.id = r.user_id
    LEFT JOIN notification_logs n ON n.id = CASE
        WHEN r.notification_id IS NOT NULL
        THEN (SELECT id FROM notification_logs WHERE notification_id = r.notification_id)
        ELSE (SELECT id FROM notification_logs
              WHERE user_id = r.user_id AND created_at <= r.stored_at ORDER BY id DESC LIMIT 1)
        END
    WHERE r.registration_id = ?1";

/// The user of a registration, if it still has the address that was registered: the proof that one
/// address arrives says nothing about another.
pub(super) const REGISTERED: &str = "
    SELECT u.id, u.confirmed_at FROM registrations r JOIN users u ON u.id = r.user_id
    WHERE r.registration_id = ?1 AND u.email = r.email";

#[async_trait]
impl Registrations for SqliteStore {
    async fn record(&self, batch: &[NewRegistration]) -> Result<Vec<Recorded>, StoreError> {
        record::record(self, batch).instrument(recording("sqlite", batch.len())).await
    }

    async fn registration(
        &self,
        id: RegistrationId,
    ) -> Result<Option<RegistrationTrace>, StoreError> {
        let row =
            sqlx::query(TRACE).bind(id.to_string()).fetch_optional(&self.readers).await.store()?;
        row::one(row.as_ref(), |row| trace(row, time::now()))
    }

    async fn confirm(
        &self,
        id: RegistrationId,
        at: DateTime<Utc>,
    ) -> Result<Option<Confirmed>, StoreError> {
        let mut tx = self.begin().await?;
        let Some(user) =
            sqlx::query(REGISTERED).bind(id.to_string()).fetch_optional(&mut *tx).await.store()?
        else {
            return Ok(None);
        };
        let user_id = UserId(get(&user, 0).store()?);
        if let Some(confirmed_at) = get(&user, 1).store()? {
            return Ok(Some(Confirmed { user_id, confirmed_at }));
        }
        sqlx::query("UPDATE users SET confirmed_at = ?2 WHERE id = ?1")
            .bind(user_id.0)
            .bind(time::text(at))
            .execute(&mut *tx)
            .await
            .store()?;
        tx.commit().await.store()?;
        Ok(Some(Confirmed { user_id, confirmed_at: time::stored(at) }))
    }

    async fn leave(&self, id: RegistrationId) -> Result<Option<UserId>, StoreError> {
        let mut tx = self.begin().await?;
        let user = sqlx::query(REGISTERED).bind(id.to_string()).fetch_optional(&mut *tx).await;
        let Some(user) = user.store()? else { return Ok(None) };
        let user_id = UserId(get(&user, 0).store()?);
        let delete = sqlx::query("DELETE FROM users WHERE id = ?1").bind(user_id.0);
        delete.execute(&mut *tx).await.store()?;
        tx.commit().await.store()?;
        Ok(Some(user_id))
    }
}

fn trace(row: &SqliteRow, now: DateTime<Utc>) -> Result<RegistrationTrace, sqlx::Error> {
    let outcome = named(row, 2, RecordOutcome::from_name)?;
    let stored_at: DateTime<Utc> = get(row, 4)?;
    let mail = MailTimes { begun: get(row, 7)?, sent_at: get(row, 8)?, failed_at: get(row, 9)? };
    let email = if get(row, 6)? { mail.mirrored(stored_at, now) } else { mail.own() };
    Ok(RegistrationTrace {
        registration_id: RegistrationId(uuid(row, 0)?),
        user_id: UserId(get(row, 1)?),
        outcome,
        submitted_at: get(row, 3)?,
        stored_at,
        email,
        confirmed_at: if outcome == RecordOutcome::Created { get(row, 5)? } else { None },
    })
}
