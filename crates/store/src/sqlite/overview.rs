//! The store as a whole.

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{DateTime, NaiveTime, Utc};
use sqlx::{Sqlite, Transaction};

use super::{
    SqliteStore,
    error::StoreResult,
    row::{self, get},
    time,
};
use crate::{
    MinuteCount, NotificationStatus, Overview, ReportStatus, Stats, StoreError, UserStats,
};

/// All, confirmed and new ones, each counted on the narrowest index that knows.
pub(super) const COUNT_USERS: &str = "
    SELECT (SELECT count(*) FROM users),
           (SELECT count(*) FROM users WHERE (confirmed_at IS NOT NULL) = 1),
           (SELECT count(*) FROM users WHERE created_at >= ?1)";
pub(super) const COUNT_NOTIFICATIONS: &str =
    "SELECT status, count(*) FROM notification_logs GROUP BY status";
pub(super) const COUNT_REPORTS: &str = "SELECT status, count(*) FROM report_logs GROUP BY status";

/// By the part of the text that goes to the minute.
pub(super) const ACTIVITY: &str = "
    SELECT substr(created_at, 1, 16) || ':00Z', count(*)
    FROM users WHERE created_at >= ?1 GROUP BY 1 ORDER BY 1";

#[async_trait]
impl Overview for SqliteStore {
    async fn stats(&self) -> Result<Stats, StoreError> {
        // One transaction: the figures are of one moment.
        let mut tx = self.readers.begin().await.store()?;
        let midnight = Utc::now().date_naive().and_time(NaiveTime::MIN).and_utc();
        let row = sqlx::query(COUNT_USERS)
            .bind(time::text(midnight))
            .fetch_one(&mut *tx)
            .await
            .store()?;
        let count = |column| get(&row, column).store();
        Ok(Stats {
            users: UserStats { total: count(0)?, confirmed: count(1)?, today: count(2)? },
            notifications: by_status(
                &mut tx,
                COUNT_NOTIFICATIONS,
                NotificationStatus::ALL.map(NotificationStatus::as_str),
            )
            .await?,
            reports: by_status(&mut tx, COUNT_REPORTS, ReportStatus::ALL.map(ReportStatus::as_str))
                .await?,
        })
    }

    async fn activity(&self, since: DateTime<Utc>) -> Result<Vec<MinuteCount>, StoreError> {
        let rows = sqlx::query(ACTIVITY)
            .bind(time::text(time::bound(since)))
            .fetch_all(&self.readers)
            .await
            .store()?;
        row::all(&rows, |row| Ok(MinuteCount { minute: get(row, 0)?, count: get(row, 1)? }))
    }

    async fn check(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT 1 FROM users LIMIT 1").fetch_optional(&self.readers).await.store()?;
        Ok(())
    }
}

/// Counts by status; one that nothing has is there with zero.
async fn by_status<const N: usize>(
    tx: &mut Transaction<'_, Sqlite>,
    sql: &'static str,
    all: [&str; N],
) -> Result<BTreeMap<String, u64>, StoreError> {
    let mut counts: BTreeMap<_, _> = all.into_iter().map(|name| (name.to_owned(), 0)).collect();
    for row in sqlx::query(sql).fetch_all(&mut **tx).await.store()? {
        counts.insert(get(&row, 0).store()?, get(&row, 1).store()?);
    }
    Ok(counts)
}
