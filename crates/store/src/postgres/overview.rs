//! The store as a whole.

use std::{collections::BTreeMap, time::Duration};

use async_trait::async_trait;
use chrono::{DateTime, NaiveTime, Utc};
use sqlx::Connection;

use super::{
    PostgresStore, Tx,
    open::connect,
    retry,
    row::{count, get},
    state::as_outage,
};
use crate::{
    MinuteCount, NotificationStatus, Overview, ReportStatus, Stats, StoreError, UserStats,
    sql::time,
};

/// All, confirmed and new ones, each counted on the narrowest index that knows.
pub(super) const COUNT_USERS: &str = "
    SELECT (SELECT count(*) FROM users),
           (SELECT count(*) FROM users WHERE confirmed_at IS NOT NULL),
           (SELECT count(*) FROM users WHERE created_at >= $1)";
pub(super) const COUNT_NOTIFICATIONS: &str =
    "SELECT status, count(*) FROM notification_logs GROUP BY status";
pub(super) const COUNT_REPORTS: &str = "SELECT status, count(*) FROM report_logs GROUP BY status";

pub(super) const ACTIVITY: &str = "
    SELECT date_trunc('minute', created_at, 'UTC'), count(*)
    FROM users WHERE created_at >= $1 GROUP BY 1 ORDER BY 1";

/// Whoever asks whether the database is there does not wait long for it.
const CHECK_TIMEOUT: Duration = Duration::from_millis(1500);

#[async_trait]
impl Overview for PostgresStore {
    async fn stats(&self) -> Result<Stats, StoreError> {
        retry::repeatable(|| async move {
            // One snapshot: the figures are of one moment.
            let moment = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
            let mut tx = self.work().await?.begin_with(moment).await?;
            // The index of times is one of stretches, which only a bitmap can use.
            sqlx::query("SET LOCAL enable_bitmapscan = on").execute(&mut *tx).await?;
            let midnight = Utc::now().date_naive().and_time(NaiveTime::MIN).and_utc();
            let row = sqlx::query(COUNT_USERS).bind(midnight).fetch_one(&mut *tx).await?;
            let users = UserStats {
                total: count(&row, 0)?,
                confirmed: count(&row, 1)?,
                today: count(&row, 2)?,
            };
            let notifications = NotificationStatus::ALL.map(NotificationStatus::as_str);
            let reports = ReportStatus::ALL.map(ReportStatus::as_str);
            Ok(Stats {
                users,
                notifications: by_status(&mut tx, COUNT_NOTIFICATIONS, notifications).await?,
                reports: by_status(&mut tx, COUNT_REPORTS, reports).await?,
            })
        })
        .await
    }

    async fn activity(&self, since: DateTime<Utc>) -> Result<Vec<MinuteCount>, StoreError> {
        retry::repeatable(|| async move {
            let mut tx = self.work().await?.begin().await?;
            // The index of times is one of stretches, which only a bitmap can use.
            sqlx::query("SET LOCAL enable_bitmapscan = on").execute(&mut *tx).await?;
            let rows = sqlx::query(ACTIVITY).bind(time::bound(since)).fetch_all(&mut *tx).await?;
            let minute = |row| Ok(MinuteCount { minute: get(row, 0)?, count: count(row, 1)? });
            Ok(rows.iter().map(minute).collect::<Result<_, sqlx::Error>>()?)
        })
        .await
    }

    /// Asks by a connection that is free, and otherwise by a new one: that the pool is busy is no
    /// outage, and a new connection says why there is none.
    async fn check(&self) -> Result<(), StoreError> {
        self.connected.first_result().await.map_err(as_outage)?;
        if let Some(mut connection) = self.work.try_acquire() {
            let answer = tokio::time::timeout(CHECK_TIMEOUT, connection.ping()).await;
            if matches!(answer, Ok(Ok(()))) {
                return Ok(());
            }
        }
        let connection = connect(&self.primary, CHECK_TIMEOUT).await?;
        // It answered; how it ends is no matter.
        let _ = connection.close().await;
        Ok(())
    }
}

/// Counts by status; one that nothing has is there with zero.
async fn by_status<const N: usize>(
    tx: &mut Tx,
    sql: &'static str,
    all: [&str; N],
) -> Result<BTreeMap<String, u64>, sqlx::Error> {
    let mut counts: BTreeMap<_, _> = all.into_iter().map(|name| (name.to_owned(), 0)).collect();
    for row in sqlx::query(sql).fetch_all(&mut **tx).await? {
        counts.insert(get(&row, 0)?, count(&row, 1)?);
    }
    Ok(counts)
}
