//! Schedules of reports.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::ScheduleId;
use serde_json::Value;
use sqlx::{Postgres, QueryBuilder, postgres::PgRow};

use super::{
    PostgresStore,
    error::Fault,
    reports::storable,
    retry,
    row::{self, get, named},
};
use crate::{
    MissedSlots, NewSchedule, Page, ReportStatus, Schedule, Schedules, StoreError,
    sql::{text, time},
};

const SELECT: &str = "
    SELECT s.id, s.schedule_id, s.report_name, s.cron, s.timezone, s.report, s.deliver_to, s.missed, s.enabled,
           s.created_by, s.created_at, s.updated_at, s.next_run_at, r.requested_at, r.status
    FROM schedules s LEFT JOIN LATERAL (
        SELECT requested_at, status FROM report_logs WHERE schedule_id = s.schedule_id ORDER BY id DESC LIMIT 1
    ) r ON true
    WHERE ";

const CREATE: &str = "
    INSERT INTO schedules
        (schedule_id, report_name, cron, timezone, report, deliver_to, missed, enabled, next_run_at, updated_at,
         created_by, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $10)
    ON CONFLICT (schedule_id) DO NOTHING";

pub(super) const UPDATE: &str = "
    UPDATE schedules
    SET report_name = $2, cron = $3, timezone = $4, report = $5, deliver_to = $6, missed = $7, enabled = $8,
        next_run_at = $9, updated_at = $10
    WHERE schedule_id = $1";

pub(super) const ADVANCE: &str = "
    UPDATE schedules SET next_run_at = $3 WHERE schedule_id = $1 AND next_run_at = $2";

/// The rows, newest first.
pub(super) fn select(before: Option<i64>, limit: u32) -> QueryBuilder<Postgres> {
    let mut query = QueryBuilder::new(format!("{SELECT} s.id < "));
    query.push_bind(before.unwrap_or(i64::MAX));
    query.push(" ORDER BY s.id DESC LIMIT ").push_bind(i64::from(limit) + 1);
    query
}

/// The rows whose slot has come, the longest waiting first.
pub(super) fn due(now: DateTime<Utc>, limit: u32) -> QueryBuilder<Postgres> {
    let mut query = QueryBuilder::new(format!("{SELECT} s.next_run_at <= "));
    query.push_bind(time::stored(now));
    query.push(" ORDER BY s.next_run_at LIMIT ").push_bind(i64::from(limit));
    query
}

/// A schedule and its numeric key.
fn schedule(row: &PgRow) -> Result<(i64, Schedule), sqlx::Error> {
    let last_run_at: Option<DateTime<Utc>> = get(row, 13)?;
    let schedule = Schedule {
        schedule_id: ScheduleId(get(row, 1)?),
        report_name: get(row, 2)?,
        cron: get(row, 3)?,
        timezone: get(row, 4)?,
        report: get(row, 5)?,
        deliver_to: get(row, 6)?,
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

async fn find(store: &PostgresStore, id: ScheduleId) -> Result<Option<Schedule>, Fault> {
    let mut query = QueryBuilder::new(format!("{SELECT} s.schedule_id = "));
    let query = query.push_bind(id.0);
    let row = query.build().fetch_optional(store.work().await?).await?;
    Ok(row::one(row.as_ref(), schedule)?.map(|(_, schedule)| schedule))
}

/// Inserts or updates; whether a row was there to write.
async fn write(
    store: &PostgresStore,
    sql: &'static str,
    new: &NewSchedule,
    report: &Value,
) -> Result<bool, Fault> {
    let deliver_to: Vec<_> = new.deliver_to.iter().map(|to| text::without_nul(to)).collect();
    let mut query = sqlx::query(sql)
        .bind(new.schedule_id.0)
        .bind(text::cut(&new.report_name, 255))
        .bind(text::cut(&new.cron, 255))
        .bind(text::cut(&new.timezone, 64))
        .bind(report)
        .bind(deliver_to)
        .bind(new.missed.as_str())
        .bind(new.enabled)
        .bind(new.next_run_at.map(time::stored))
        .bind(time::now());
    if sql == CREATE {
        query = query.bind(new.created_by.as_deref().map(|by| text::cut(by, 255)));
    }
    Ok(query.execute(store.work().await?).await?.rows_affected() == 1)
}

#[async_trait]
impl Schedules for PostgresStore {
    async fn create_schedule(&self, new: &NewSchedule) -> Result<Schedule, StoreError> {
        let report = &storable(&new.report);
        let created = retry::repeatable(|| async move {
            write(self, CREATE, new, report).await?;
            find(self, new.schedule_id).await
        });
        created.await?.ok_or_else(|| StoreError::Failed("it was deleted at once".into()))
    }

    async fn update_schedule(&self, new: &NewSchedule) -> Result<Option<Schedule>, StoreError> {
        let report = &storable(&new.report);
        retry::repeatable(|| async move {
            write(self, UPDATE, new, report).await?;
            find(self, new.schedule_id).await
        })
        .await
    }

    async fn schedule(&self, id: ScheduleId) -> Result<Option<Schedule>, StoreError> {
        retry::repeatable(|| find(self, id)).await
    }

    async fn schedules(
        &self,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Page<Schedule, i64>, StoreError> {
        retry::repeatable(|| async move {
            let rows = select(before, limit).build().fetch_all(self.lists().await?).await?;
            let found = row::all(&rows, schedule)?;
            Ok(Page::of(found, limit, |(key, _)| *key).map(|(_, schedule)| schedule))
        })
        .await
    }

    async fn delete_schedule(&self, id: ScheduleId) -> Result<bool, StoreError> {
        retry::once(|| async move {
            let delete = sqlx::query("DELETE FROM schedules WHERE schedule_id = $1").bind(id.0);
            Ok(delete.execute(self.work().await?).await?.rows_affected() == 1)
        })
        .await
    }

    async fn due_schedules(
        &self,
        now: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<Schedule>, StoreError> {
        retry::repeatable(|| async move {
            let rows = due(now, limit).build().fetch_all(self.work().await?).await?;
            let found: Vec<(i64, Schedule)> = row::all(&rows, schedule)?;
            Ok(found.into_iter().map(|(_, schedule)| schedule).collect())
        })
        .await
    }

    async fn advance_schedule(
        &self,
        id: ScheduleId,
        from: DateTime<Utc>,
        to: Option<DateTime<Utc>>,
    ) -> Result<(), StoreError> {
        retry::repeatable(|| async move {
            let advance = sqlx::query(ADVANCE).bind(id.0).bind(time::stored(from));
            advance.bind(to.map(time::stored)).execute(self.work().await?).await?;
            Ok(())
        })
        .await
    }
}
