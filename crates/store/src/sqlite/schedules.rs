//! Schedules of reports.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::ScheduleId;
use sqlx::{QueryBuilder, Sqlite, sqlite::SqliteRow, types::Json};

use super::{
    SqliteStore,
    error::StoreResult,
    row::{self, get, json, named, uuid},
    time,
};
use crate::{
    MissedSlots, NewSchedule, Page, ReportStatus, Schedule, Schedules, StoreError, sql::text,
};

const SELECT: &str = "
    SELECT s.id, s.schedule_id, s.report_name, s.cron, s.timezone, s.report, s.deliver_to, s.missed, s.enabled,
           s.created_by, s.created_at, s.updated_at, s.next_run_at, r.requested_at, r.status
    FROM schedules s LEFT JOIN report_logs r ON r.id = (
        SELECT id FROM report_logs WHERE schedule_id = s.schedule_id ORDER BY id DESC LIMIT 1
    )
    WHERE ";

const CREATE: &str = "
    INSERT INTO schedules
        (schedule_id, report_name, cron, timezone, report, deliver_to, missed, enabled, next_run_at, updated_at,
         created_by, created_at)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?10)
    ON CONFLICT (schedule_id) DO NOTHING";

pub(super) const UPDATE: &str = "
    UPDATE schedules
    SET report_name = ?2, cron = ?3, timezone = ?4, report = ?5, deliver_to = ?6, missed = ?7, enabled = ?8,
        next_run_at = ?9, updated_at = ?10
    WHERE schedule_id = ?1";

pub(super) const ADVANCE: &str = "
    UPDATE schedules SET next_run_at = ?3 WHERE schedule_id = ?1 AND next_run_at = ?2";

/// The rows, newest first.
pub(super) fn select(before: Option<i64>, limit: u32) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new(format!("{SELECT} s.id < "));
    query.push_bind(before.unwrap_or(i64::MAX));
    query.push(" ORDER BY s.id DESC LIMIT ").push_bind(i64::from(limit) + 1);
    query
}

/// The rows whose slot has come, the longest waiting first.
pub(super) fn due(now: DateTime<Utc>, limit: u32) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new(format!("{SELECT} s.next_run_at <= "));
    query.push_bind(time::text(now));
    query.push(" ORDER BY s.next_run_at LIMIT ").push_bind(i64::from(limit));
    query
}

/// A schedule and its numeric key.
fn schedule(row: &SqliteRow) -> Result<(i64, Schedule), sqlx::Error> {
    let last_run_at: Option<DateTime<Utc>> = get(row, 13)?;
    let schedule = Schedule {
        schedule_id: ScheduleId(uuid(row, 1)?),
        report_name: get(row, 2)?,
        cron: get(row, 3)?,
        timezone: get(row, 4)?,
        report: get::<Json<_>>(row, 5)?.0,
        deliver_to: get::<Json<_>>(row, 6)?.0,
        missed: named(row, 7, MissedSlots::from_name)?,
        enabled: get(row, 8)?,
        created_by: get(row, 9)?,
        created_at: get(row, 10)?,
        updated_at: get(row, 11)?,
        next_run_at: get(row, 12)?,
        last_run_at,
        last_status: last_run_at.map(|_| named(row, 14, ReportStatus::from_name)).transpose()?,
    };
    Ok((get(row, 0)?, schedule))
}

/// Inserts or updates, then reads.
async fn write(
    store: &SqliteStore,
    sql: &'static str,
    new: &NewSchedule,
) -> Result<Option<Schedule>, StoreError> {
    let mut query = sqlx::query(sql)
        .bind(new.schedule_id.to_string())
        .bind(text::cut(&new.report_name, 255))
        .bind(text::cut(&new.cron, 255))
        .bind(text::cut(&new.timezone, 64))
        .bind(new.report.to_string())
        .bind(json(&new.deliver_to)?)
        .bind(new.missed.as_str())
        .bind(new.enabled)
        .bind(new.next_run_at.map(time::text))
        .bind(time::text(time::now()));
    if sql == CREATE {
        query = query.bind(new.created_by.as_deref().map(|by| text::cut(by, 255)));
    }
    let mut tx = store.begin().await?;
    query.execute(&mut *tx).await.store()?;
    tx.commit().await.store()?;
    store.schedule(new.schedule_id).await
}

#[async_trait]
impl Schedules for SqliteStore {
    async fn create_schedule(&self, new: &NewSchedule) -> Result<Schedule, StoreError> {
        let created = write(self, CREATE, new).await?;
        created.ok_or_else(|| StoreError::Failed("it was deleted at once".into()))
    }

    async fn update_schedule(&self, new: &NewSchedule) -> Result<Option<Schedule>, StoreError> {
        write(self, UPDATE, new).await
    }

    async fn schedule(&self, id: ScheduleId) -> Result<Option<Schedule>, StoreError> {
        let mut query = QueryBuilder::new(format!("{SELECT} s.schedule_id = "));
        let query = query.push_bind(id.to_string());
        let row = query.build().fetch_optional(&self.readers).await.store()?;
        Ok(row::one(row.as_ref(), schedule)?.map(|(_, schedule)| schedule))
    }

    async fn schedules(
        &self,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Page<Schedule, i64>, StoreError> {
        let rows = select(before, limit).build().fetch_all(&self.readers).await.store()?;
        let found = row::all(&rows, schedule)?;
        Ok(Page::of(found, limit, |(key, _)| *key).map(|(_, schedule)| schedule))
    }

    async fn delete_schedule(&self, id: ScheduleId) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let delete = sqlx::query("DELETE FROM schedules WHERE schedule_id = ?1");
        let deleted = delete.bind(id.to_string()).execute(&mut *tx).await.store()?;
        tx.commit().await.store()?;
        Ok(deleted.rows_affected() == 1)
    }

    async fn due_schedules(
        &self,
        now: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<Schedule>, StoreError> {
        let rows = due(now, limit).build().fetch_all(&self.readers).await.store()?;
        let found: Vec<(i64, Schedule)> = row::all(&rows, schedule)?;
        Ok(found.into_iter().map(|(_, schedule)| schedule).collect())
    }

    async fn advance_schedule(
        &self,
        id: ScheduleId,
        from: DateTime<Utc>,
        to: Option<DateTime<Utc>>,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query(ADVANCE)
            .bind(id.to_string())
            .bind(time::text(from))
            .bind(to.map(time::text))
            .execute(&mut *tx)
            .await
            .store()?;
        tx.commit().await.store()
    }
}
