//! Logins that are slowed down.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{SqliteStore, error::StoreResult, row::get, time};
use crate::{
    LoginSubject, Logins, StoreError,
    sql::{login, text},
};

#[async_trait]
impl Logins for SqliteStore {
    async fn try_login(
        &self,
        subjects: &[LoginSubject],
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        let now = time::now();
        let mut tx = self.begin().await?;
        sqlx::query("DELETE FROM failed_logins WHERE last_at <= ?1")
            .bind(time::text(now - login::FORGOTTEN_AFTER))
            .execute(&mut *tx)
            .await
            .store()?;
        for subject in subjects {
            let row = sqlx::query(
                "INSERT INTO failed_logins (subject, failures, last_at) VALUES (?1, 1, ?2)
                 ON CONFLICT (subject) DO UPDATE SET failures = failures + 1, last_at = ?2
                 RETURNING failures, blocked_until",
            )
            .bind(text::cut(&subject.key, 64))
            .bind(time::text(now))
            .fetch_one(&mut *tx)
            .await
            .store()?;
            let blocked_until: Option<DateTime<Utc>> = get(&row, 1).store()?;
            if let Some(until) = blocked_until.filter(|until| *until > now) {
                return Ok(Some(until));
            }
            let Some(wait) = login::wait(get(&row, 0).store()?, subject.free) else { continue };
            sqlx::query("UPDATE failed_logins SET blocked_until = ?2 WHERE subject = ?1")
                .bind(text::cut(&subject.key, 64))
                .bind(time::text(time::after(now, wait)))
                .execute(&mut *tx)
                .await
                .store()?;
        }
        tx.commit().await.store()?;
        Ok(None)
    }

    async fn login_succeeded(&self, subjects: &[LoginSubject]) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let (shared, own): (Vec<_>, Vec<_>) = subjects.iter().partition(|subject| subject.shared);
        let mut taken_back: Option<i64> = None;
        for subject in own {
            let failures: Option<i64> = sqlx::query_scalar(
                "DELETE FROM failed_logins WHERE subject = ?1 RETURNING failures",
            )
            .bind(text::cut(&subject.key, 64))
            .fetch_optional(&mut *tx)
            .await
            .store()?;
            taken_back.get_or_insert(failures.unwrap_or(0));
        }
        for subject in shared {
            sqlx::query(
                "UPDATE failed_logins SET failures = max(failures - ?2, 0), blocked_until = NULL
                 WHERE subject = ?1",
            )
            .bind(text::cut(&subject.key, 64))
            .bind(taken_back.unwrap_or(0))
            .execute(&mut *tx)
            .await
            .store()?;
        }
        tx.commit().await.store()
    }
}
