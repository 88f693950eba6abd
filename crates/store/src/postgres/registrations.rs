//! The way of a registration into the database.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{RegistrationId, UserId};
use sqlx::postgres::PgRow;
use tracing::Instrument;

use super::{
    PostgresStore, record, retry,
    row::{self, get, named},
};
use crate::{
    Confirmed, NewRegistration, RecordOutcome, Recorded, RegistrationTrace, Registrations,
    StoreError,
    sql::{outcome::MailTimes, span::recording, time},
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
    WHERE r.registration_id = $1";

/// The user of a registration, if it still has the address that was registered: the proof that one
/// address arrives says nothing about another.
pub(super) const REGISTERED: &str = r#"
    SELECT u.id, u.confirmed_at FROM registrations r JOIN users u ON u.id = r.user_id
    WHERE r.registration_id = $1 AND lower(u.email COLLATE "C") = lower(r.email COLLATE "C")
    FOR NO KEY UPDATE OF u"#;

#[async_trait]
impl Registrations for PostgresStore {
    async fn record(&self, batch: &[NewRegistration]) -> Result<Vec<Recorded>, StoreError> {
        record::record(self, batch).instrument(recording("postgresql", batch.len())).await
    }

    async fn registration(
        &self,
        id: RegistrationId,
    ) -> Result<Option<RegistrationTrace>, StoreError> {
        retry::repeatable(|| async move {
            let pool = self.work().await?;
            let row = sqlx::query(TRACE).bind(id.0).fetch_optional(pool).await?;
            Ok(row::one(row.as_ref(), |row| trace(row, time::now()))?)
        })
        .await
    }

    async fn confirm(
        &self,
        id: RegistrationId,
        at: DateTime<Utc>,
    ) -> Result<Option<Confirmed>, StoreError> {
        retry::repeatable(|| async move {
            let mut tx = self.begin().await?;
            let Some(user) = sqlx::query(REGISTERED).bind(id.0).fetch_optional(&mut *tx).await?
            else {
                return Ok(None);
            };
            let user_id = UserId(get(&user, 0)?);
            if let Some(confirmed_at) = get(&user, 1)? {
                return Ok(Some(Confirmed { user_id, confirmed_at }));
            }
            let confirmed_at = time::stored(at);
            sqlx::query("UPDATE users SET confirmed_at = $2 WHERE id = $1")
                .bind(user_id.0)
                .bind(confirmed_at)
                .execute(&mut *tx)
                .await?;
            tx.commit().await?;
            Ok(Some(Confirmed { user_id, confirmed_at }))
        })
        .await
    }

    async fn leave(&self, id: RegistrationId) -> Result<Option<UserId>, StoreError> {
        retry::once(|| async move {
            let mut tx = self.begin().await?;
            let user = sqlx::query(REGISTERED).bind(id.0).fetch_optional(&mut *tx).await?;
            let Some(user) = user else { return Ok(None) };
            let user_id = UserId(get(&user, 0)?);
            let delete = sqlx::query("DELETE FROM users WHERE id = $1").bind(user_id.0);
            delete.execute(&mut *tx).await?;
            tx.commit().await?;
            Ok(Some(user_id))
        })
        .await
    }
}

fn trace(row: &PgRow, now: DateTime<Utc>) -> Result<RegistrationTrace, sqlx::Error> {
    let outcome = named(row, 2, RecordOutcome::from_name)?;
    let stored_at: DateTime<Utc> = get(row, 4)?;
    let mail = MailTimes { begun: get(row, 7)?, sent_at: get(row, 8)?, failed_at: get(row, 9)? };
    let email = if get(row, 6)? { mail.mirrored(stored_at, now) } else { mail.own() };
    Ok(RegistrationTrace {
        registration_id: RegistrationId(get(row, 0)?),
        user_id: UserId(get(row, 1)?),
        outcome,
        submitted_at: get(row, 3)?,
        stored_at,
        email,
        confirmed_at: if outcome == RecordOutcome::Created { get(row, 5)? } else { None },
    })
}
