//! The log of reports.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{ReportId, ScheduleId};
use sqlx::{QueryBuilder, Sqlite, sqlite::SqliteRow};
use uuid::Uuid;

use super::{
    SqliteStore,
    error::StoreResult,
    row::{self, get, named, optional_uuid, uuid},
    time,
};
use crate::{
    NewReport, Page, Report, ReportClaim, ReportResult, ReportStatus, Reports, Retention,
    StoreError, sql::text,
};

const SELECT: &str = "
    SELECT id, report_id, report_name, format, status, record_count, file_path, size_bytes, sha256,
           requested_by, requested_at, generated_at, error, schedule_id
    FROM report_logs WHERE ";

/// One row by its report id.
fn select_one(id: ReportId) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new(format!("{SELECT} report_id = "));
    query.push_bind(id.to_string());
    query
}

/// The same, unless it was deleted once.
fn select_wanted(id: ReportId) -> QueryBuilder<Sqlite> {
    let mut query = select_one(id);
    query.push(
        " AND NOT EXISTS (SELECT 1 FROM deleted_reports d WHERE d.report_id = report_logs.report_id)",
    );
    query
}

/// The rows, newest first.
pub(super) fn select(before: Option<i64>, limit: u32) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new(format!("{SELECT} id < "));
    query.push_bind(before.unwrap_or(i64::MAX));
    query.push(" ORDER BY id DESC LIMIT ").push_bind(i64::from(limit) + 1);
    query
}

/// Finished reports that are older than what is kept, or beyond so many of the newest.
pub(super) fn outdated(retention: &Retention, limit: u32) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new(format!(
        "{SELECT} status = 'done' AND file_path IS NOT NULL AND (generated_at < "
    ));
    query.push_bind(retention.since.map(time::text)).push(" OR id <= (");
    query.push("SELECT id FROM report_logs WHERE status = 'done' AND file_path IS NOT NULL");
    query.push(" ORDER BY id DESC LIMIT 1 OFFSET ");
    query.push_bind(retention.newest.map_or(i64::MAX, i64::from));
    query.push(")) ORDER BY id LIMIT ").push_bind(i64::from(limit));
    query
}

/// A report and its numeric key.
fn report(row: &SqliteRow) -> Result<(i64, Report), sqlx::Error> {
    let report = Report {
        report_id: ReportId(uuid(row, 1)?),
        report_name: get(row, 2)?,
        format: get(row, 3)?,
        status: named(row, 4, ReportStatus::from_name)?,
        record_count: get(row, 5)?,
        file_path: get(row, 6)?,
        size_bytes: get(row, 7)?,
        sha256: get(row, 8)?,
        requested_by: get(row, 9)?,
        requested_at: get(row, 10)?,
        generated_at: get(row, 11)?,
        error: get(row, 12)?,
        schedule_id: optional_uuid(row, 13)?.map(ScheduleId),
    };
    Ok((get(row, 0)?, report))
}

/// What a claim by `owner` finds.
fn judge(row: &SqliteRow, owner: Uuid, now: DateTime<Utc>) -> Result<ReportClaim, sqlx::Error> {
    let until: Option<DateTime<Utc>> = get(row, 2)?;
    Ok(match (named(row, 0, ReportStatus::from_name)?, until) {
        (ReportStatus::Done | ReportStatus::Failed, _) => ReportClaim::Settled,
        (ReportStatus::Running, Some(until))
            if until > now && optional_uuid(row, 1)? != Some(owner) =>
        {
            ReportClaim::Held { until }
        }
        _ => ReportClaim::Granted,
    })
}

#[async_trait]
impl Reports for SqliteStore {
    async fn request_report(&self, new: &NewReport) -> Result<Option<Report>, StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "INSERT INTO report_logs
                (report_id, report_name, format, status, filters, request, requested_by, requested_at,
                 schedule_id)
             VALUES (?1, ?2, ?3, 'queued', ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT (report_id) DO NOTHING",
        )
        .bind(new.report_id.to_string())
        .bind(text::cut(&new.report_name, 255))
        .bind(text::cut(&new.format, 50))
        .bind(new.request.get("filters").map(ToString::to_string))
        .bind(new.request.to_string())
        .bind(new.requested_by.as_deref().map(|by| text::cut(by, 255)))
        .bind(time::text(time::now()))
        .bind(new.schedule_id.map(|id| id.to_string()))
        .execute(&mut *tx)
        .await
        .store()?;
        let row = select_wanted(new.report_id).build().fetch_optional(&mut *tx).await.store()?;
        if row.is_some() {
            tx.commit().await.store()?;
        }
        Ok(row::one(row.as_ref(), report)?.map(|(_, report)| report))
    }

    async fn claim_report(
        &self,
        id: ReportId,
        owner: Uuid,
        lease: Duration,
    ) -> Result<ReportClaim, StoreError> {
        let mut tx = self.begin().await?;
        let now = time::now();
        let Some(row) = sqlx::query(
            "SELECT status, claimed_by, claimed_until FROM report_logs WHERE report_id = ?1",
        )
        .bind(id.to_string())
        .fetch_optional(&mut *tx)
        .await
        .store()?
        else {
            return Ok(ReportClaim::Unknown);
        };
        let claim = judge(&row, owner, now).store()?;
        if claim == ReportClaim::Granted {
            sqlx::query(
                "UPDATE report_logs SET status = 'running', claimed_by = ?2, claimed_until = ?3
                 WHERE report_id = ?1",
            )
            .bind(id.to_string())
            .bind(owner.to_string())
            .bind(time::text(time::after(now, lease)))
            .execute(&mut *tx)
            .await
            .store()?;
            tx.commit().await.store()?;
        }
        Ok(claim)
    }

    async fn renew_report(
        &self,
        id: ReportId,
        owner: Uuid,
        rows: i64,
        lease: Duration,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let renewed = sqlx::query(
            "UPDATE report_logs SET record_count = ?3, claimed_until = ?4
             WHERE report_id = ?1 AND claimed_by = ?2 AND status = 'running'",
        )
        .bind(id.to_string())
        .bind(owner.to_string())
        .bind(rows)
        .bind(time::text(time::after(time::now(), lease)))
        .execute(&mut *tx)
        .await
        .store()?;
        tx.commit().await.store()?;
        Ok(renewed.rows_affected() == 1)
    }

    async fn finish_report(
        &self,
        id: ReportId,
        owner: Uuid,
        result: &ReportResult,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let query = match result {
            ReportResult::Done { record_count, file_path, size_bytes, sha256, generated_at } => {
                sqlx::query(
                    "UPDATE report_logs
                     SET status = 'done', record_count = ?3, file_path = ?4, size_bytes = ?5,
                         sha256 = ?6, generated_at = ?7, error = NULL, claimed_until = NULL
                     WHERE report_id = ?1 AND claimed_by = ?2 AND status = 'running'",
                )
                .bind(id.to_string())
                .bind(owner.to_string())
                .bind(*record_count)
                .bind(text::without_nul(file_path).into_owned())
                .bind(*size_bytes)
                .bind(text::without_nul(sha256).into_owned())
                .bind(time::text(*generated_at))
            }
            ReportResult::Failed { error } => sqlx::query(
                "UPDATE report_logs
                 SET status = 'failed', error = ?3, record_count = NULL, claimed_until = NULL
                 WHERE report_id = ?1 AND claimed_by = ?2 AND status = 'running'",
            )
            .bind(id.to_string())
            .bind(owner.to_string())
            .bind(text::without_nul(error).into_owned()),
        };
        query.execute(&mut *tx).await.store()?;
        // Whoever ended it stays its owner, so that telling it again is no mistake.
        let ended: Option<i64> = sqlx::query_scalar(
            "SELECT 1 FROM report_logs
             WHERE report_id = ?1 AND claimed_by = ?2 AND status IN ('done', 'failed')",
        )
        .bind(id.to_string())
        .bind(owner.to_string())
        .fetch_optional(&mut *tx)
        .await
        .store()?;
        tx.commit().await.store()?;
        Ok(ended.is_some())
    }

    async fn cancel_report(
        &self,
        id: ReportId,
        reason: &str,
    ) -> Result<Option<Report>, StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "UPDATE report_logs
             SET status = 'failed', error = ?2, record_count = NULL, claimed_by = NULL,
                 claimed_until = NULL
             WHERE report_id = ?1 AND status IN ('queued', 'running')",
        )
        .bind(id.to_string())
        .bind(text::without_nul(reason).into_owned())
        .execute(&mut *tx)
        .await
        .store()?;
        let row = select_one(id).build().fetch_optional(&mut *tx).await.store()?;
        tx.commit().await.store()?;
        Ok(row::one(row.as_ref(), report)?.map(|(_, report)| report))
    }

    async fn outdated_reports(
        &self,
        retention: &Retention,
        limit: u32,
    ) -> Result<Vec<Report>, StoreError> {
        let mut query = outdated(retention, limit);
        let rows = query.build().fetch_all(&self.readers).await.store()?;
        let found: Vec<(i64, Report)> = row::all(&rows, report)?;
        Ok(found.into_iter().map(|(_, report)| report).collect())
    }

    async fn forget_file(&self, id: ReportId, reason: &str) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "UPDATE report_logs SET file_path = NULL, error = ?2
             WHERE report_id = ?1 AND status = 'done' AND file_path IS NOT NULL",
        )
        .bind(id.to_string())
        .bind(text::without_nul(reason).into_owned())
        .execute(&mut *tx)
        .await
        .store()?;
        tx.commit().await.store()
    }

    async fn report(&self, id: ReportId) -> Result<Option<Report>, StoreError> {
        let row = select_one(id).build().fetch_optional(&self.readers).await.store()?;
        Ok(row::one(row.as_ref(), report)?.map(|(_, report)| report))
    }

    async fn reports(
        &self,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Page<Report, i64>, StoreError> {
        let rows = select(before, limit).build().fetch_all(&self.readers).await.store()?;
        let found = row::all(&rows, report)?;
        Ok(Page::of(found, limit, |(key, _)| *key).map(|(_, report)| report))
    }

    async fn delete_report(&self, id: ReportId) -> Result<Option<Report>, StoreError> {
        let mut tx = self.begin().await?;
        let row = select_one(id).build().fetch_optional(&mut *tx).await.store()?;
        if row.is_some() {
            sqlx::query(
                "INSERT INTO deleted_reports (report_id, deleted_at) VALUES (?1, ?2)
                 ON CONFLICT DO NOTHING",
            )
            .bind(id.to_string())
            .bind(time::text(time::now()))
            .execute(&mut *tx)
            .await
            .store()?;
        }
        sqlx::query("DELETE FROM report_logs WHERE report_id = ?1")
            .bind(id.to_string())
            .execute(&mut *tx)
            .await
            .store()?;
        tx.commit().await.store()?;
        Ok(row::one(row.as_ref(), report)?.map(|(_, report)| report))
    }
}
