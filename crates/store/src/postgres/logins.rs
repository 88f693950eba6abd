//! Logins that are slowed down.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{PostgresStore, retry, row::get};
use crate::{
    LoginSubject, Logins, StoreError,
    sql::{login, text, time},
};

#[async_trait]
impl Logins for PostgresStore {
    async fn try_login(
        &self,
        subjects: &[LoginSubject],
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        // In one order everywhere: two that share subjects must not wait for each other.
        let mut subjects: Vec<_> = subjects.iter().collect();
        subjects.sort_by_key(|subject| &subject.key);
        let subjects = &subjects;
        retry::once(|| async move {
            let now = time::now();
            let mut tx = self.begin().await?;
            sqlx::query(
                "DELETE FROM failed_logins WHERE subject IN (
                     SELECT subject FROM failed_logins WHERE last_at <= $1
                     ORDER BY subject FOR UPDATE SKIP LOCKED)",
            )
            .bind(now - login::FORGOTTEN_AFTER)
            .execute(&mut *tx)
            .await?;
            for subject in subjects {
                // The row stays locked: of many at once each sees the ones before.
                let row = sqlx::query(
                    "INSERT INTO failed_logins AS f (subject, failures, last_at) VALUES ($1, 1, $2)
                     ON CONFLICT (subject) DO UPDATE SET failures = f.failures + 1, last_at = $2
                     RETURNING failures, blocked_until",
                )
                .bind(text::cut(&subject.key, 64))
                .bind(now)
                .fetch_one(&mut *tx)
                .await?;
                let blocked_until: Option<DateTime<Utc>> = get(&row, 1)?;
                if let Some(until) = blocked_until.filter(|until| *until > now) {
                    return Ok(Some(until));
                }
                let Some(wait) = login::wait(get(&row, 0)?, subject.free) else { continue };
                sqlx::query("UPDATE failed_logins SET blocked_until = $2 WHERE subject = $1")
                    .bind(text::cut(&subject.key, 64))
                    .bind(time::after(now, wait))
                    .execute(&mut *tx)
                    .await?;
            }
            tx.commit().await?;
            Ok(None)
        })
        .await
    }

    async fn login_succeeded(&self, subjects: &[LoginSubject]) -> Result<(), StoreError> {
        let keys = |shared: bool| -> Vec<String> {
            let some = subjects.iter().filter(|subject| subject.shared == shared);
            some.map(|subject| text::cut(&subject.key, 64).into_owned()).collect()
        };
        let (own, shared) = (&keys(false), &keys(true));
        retry::repeatable(|| async move {
            // Asked a second time it finds nothing of its own, and takes nothing back.
            sqlx::query(
                "WITH own AS (
                     DELETE FROM failed_logins WHERE subject = ANY ($1) RETURNING subject, failures)
                 UPDATE failed_logins
                 SET failures = greatest(failures
                         - coalesce((SELECT failures FROM own WHERE subject = $1[1]), 0), 0),
                     blocked_until = NULL
                 WHERE subject = ANY ($2)",
            )
            .bind(own)
            .bind(shared)
            .execute(self.work().await?)
            .await?;
            Ok(())
        })
        .await
    }
}
