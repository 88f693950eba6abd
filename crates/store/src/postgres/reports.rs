//! The log of reports.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{ReportId, ScheduleId};
use serde_json::Value;
use sqlx::{Postgres, QueryBuilder, postgres::PgRow};
use uuid::Uuid;

use super::{
    PostgresStore, retry,
    row::{self, get, named},
};
use crate::{
    NewReport, Page, Report, ReportClaim, ReportResult, ReportStatus, Reports, Retention,
    StoreError,
    sql::{text, time},
};

const SELECT: &str = "
    SELECT id, report_id, report_name, format, status, record_count, file_path, size_bytes, sha256,
           requested_by, requested_at, generated_at, error, schedule_id
    FROM report_logs WHERE ";

/// One row by its report id.
fn select_one(id: ReportId) -> QueryBuilder<Postgres> {
    let mut query = QueryBuilder::new(format!("{SELECT} report_id = "));
    query.push_bind(id.0);
    query
}

/// The same, unless it was deleted once.
fn select_wanted(id: ReportId) -> QueryBuilder<Postgres> {
    let mut query = select_one(id);
    query.push(
        " AND NOT EXISTS (SELECT FROM deleted_reports d WHERE d.report_id = report_logs.report_id)",
    );
    query
}

/// The rows, newest first.
pub(super) fn select(before: Option<i64>, limit: u32) -> QueryBuilder<Postgres> {
    let mut query = QueryBuilder::new(format!("{SELECT} id < "));
    query.push_bind(before.unwrap_or(i64::MAX));
    query.push(" ORDER BY id DESC LIMIT ").push_bind(i64::from(limit) + 1);
    query
}

/// Finished reports that are older than what is kept, or beyond so many of the newest.
pub(super) fn outdated(retention: &Retention, limit: u32) -> QueryBuilder<Postgres> {
    let mut query = QueryBuilder::new(format!(
        "{SELECT} status = 'done' AND file_path IS NOT NULL AND (generated_at < "
    ));
    query.push_bind(retention.since).push(" OR id <= (");
    query.push("SELECT id FROM report_logs WHERE status = 'done' AND file_path IS NOT NULL");
    query.push(" ORDER BY id DESC LIMIT 1 OFFSET ");
    query.push_bind(retention.newest.map_or(i64::MAX, i64::from));
    query.push(")) ORDER BY id LIMIT ").push_bind(i64::from(limit));
    query
}

/// A report and its numeric key.
fn report(row: &PgRow) -> Result<(i64, Report), sqlx::Error> {
    let report = Report {
        report_id: ReportId(get(row, 1)?),
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
        schedule_id: get::<Option<Uuid>>(row, 13)?.map(ScheduleId),
    };
    Ok((get(row, 0)?, report))
}

/// What a claim by `owner` finds, and the time by the database's clock.
fn judge(row: &PgRow, owner: Uuid) -> Result<(ReportClaim, DateTime<Utc>), sqlx::Error> {
    let until: Option<DateTime<Utc>> = get(row, 2)?;
    let now = get(row, 3)?;
    let claim = match (named(row, 0, ReportStatus::from_name)?, until) {
        (ReportStatus::Done | ReportStatus::Failed, _) => ReportClaim::Settled,
        (ReportStatus::Running, Some(until))
            if until > now && get::<Option<Uuid>>(row, 1)? != Some(owner) =>
        {
            ReportClaim::Held { until }
        }
        _ => ReportClaim::Granted,
    };
    Ok((claim, now))
}

/// JSON without NUL, which JSONB does not keep either.
pub(super) fn storable(value: &Value) -> Value {
    match value {
        Value::String(s) => Value::String(text::without_nul(s).into_owned()),
        Value::Array(items) => items.iter().map(storable).collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(key, value)| (text::without_nul(key).into_owned(), storable(value)))
            .collect(),
        other => other.clone(),
    }
}

#[async_trait]
impl Reports for PostgresStore {
    async fn request_report(&self, new: &NewReport) -> Result<Option<Report>, StoreError> {
        let request = storable(&new.request);
        let request = &request;
        retry::repeatable(|| async move {
            let mut tx = self.begin().await?;
            sqlx::query(
                "INSERT INTO report_logs
                    (report_id, report_name, format, status, filters, request, requested_by,
                     requested_at, schedule_id)
                 VALUES ($1, $2, $3, 'queued', $4, $5, $6, $7, $8)
                 ON CONFLICT (report_id) DO NOTHING",
            )
            .bind(new.report_id.0)
            .bind(text::cut(&new.report_name, 255))
            .bind(text::cut(&new.format, 50))
            .bind(request.get("filters"))
            .bind(request)
            .bind(new.requested_by.as_deref().map(|by| text::cut(by, 255)))
            .bind(time::now())
            .bind(new.schedule_id.map(|id| id.0))
            .execute(&mut *tx)
            .await?;
            // After the insert: one that had to wait for the deletion sees it only here.
            let row = select_wanted(new.report_id).build().fetch_optional(&mut *tx).await?;
            if row.is_some() {
                tx.commit().await?;
            }
            Ok(row::one(row.as_ref(), report)?.map(|(_, report)| report))
        })
        .await
    }

    async fn claim_report(
        &self,
        id: ReportId,
        owner: Uuid,
        lease: Duration,
    ) -> Result<ReportClaim, StoreError> {
        retry::repeatable(|| async move {
            let mut tx = self.begin().await?;
            let Some(row) = sqlx::query(
                "SELECT status, claimed_by, claimed_until, clock_timestamp() FROM report_logs
                 WHERE report_id = $1 FOR NO KEY UPDATE",
            )
            .bind(id.0)
            .fetch_optional(&mut *tx)
            .await?
            else {
                return Ok(ReportClaim::Unknown);
            };
            let (claim, now) = judge(&row, owner)?;
            if claim == ReportClaim::Granted {
                sqlx::query(
                    "UPDATE report_logs SET status = 'running', claimed_by = $2, claimed_until = $3
                     WHERE report_id = $1",
                )
                .bind(id.0)
                .bind(owner)
                .bind(time::after(now, lease))
                .execute(&mut *tx)
                .await?;
                tx.commit().await?;
            }
            Ok(claim)
        })
        .await
    }

    async fn renew_report(
        &self,
        id: ReportId,
        owner: Uuid,
        rows: i64,
        lease: Duration,
    ) -> Result<bool, StoreError> {
        retry::repeatable(|| async move {
            let renewed = sqlx::query(
                "UPDATE report_logs
                 SET record_count = $3,
                     claimed_until = clock_timestamp() + $4 * INTERVAL '1 millisecond'
                 WHERE report_id = $1 AND claimed_by = $2 AND status = 'running'",
            )
            .bind(id.0)
            .bind(owner)
            .bind(rows)
            .bind(i64::try_from(lease.as_millis()).unwrap_or(i64::MAX))
            .execute(self.work().await?)
            .await?;
            Ok(renewed.rows_affected() == 1)
        })
        .await
    }

    async fn finish_report(
        &self,
        id: ReportId,
        owner: Uuid,
        result: &ReportResult,
    ) -> Result<bool, StoreError> {
        retry::repeatable(|| async move {
            let mut tx = self.begin().await?;
            let query = match result {
                ReportResult::Done {
                    record_count,
                    file_path,
                    size_bytes,
                    sha256,
                    generated_at,
                } => sqlx::query(
                    "UPDATE report_logs
                     SET status = 'done', record_count = $3, file_path = $4, size_bytes = $5,
                         sha256 = $6, generated_at = $7, error = NULL, claimed_until = NULL
                     WHERE report_id = $1 AND claimed_by = $2 AND status = 'running'",
                )
                .bind(id.0)
                .bind(owner)
                .bind(*record_count)
                .bind(text::without_nul(file_path).into_owned())
                .bind(*size_bytes)
                .bind(text::without_nul(sha256).into_owned())
                .bind(time::stored(*generated_at)),
                ReportResult::Failed { error } => sqlx::query(
                    "UPDATE report_logs
                     SET status = 'failed', error = $3, record_count = NULL, claimed_until = NULL
                     WHERE report_id = $1 AND claimed_by = $2 AND status = 'running'",
                )
                .bind(id.0)
                .bind(owner)
                .bind(text::without_nul(error).into_owned()),
            };
            query.execute(&mut *tx).await?;
            // Whoever ended it stays its owner, so that telling it again is no mistake.
            let ended: bool = sqlx::query_scalar(
                "SELECT EXISTS (SELECT FROM report_logs
                 WHERE report_id = $1 AND claimed_by = $2 AND status IN ('done', 'failed'))",
            )
            .bind(id.0)
            .bind(owner)
            .fetch_one(&mut *tx)
            .await?;
            tx.commit().await?;
            Ok(ended)
        })
        .await
    }

    async fn cancel_report(
        &self,
        id: ReportId,
        reason: &str,
    ) -> Result<Option<Report>, StoreError> {
        retry::repeatable(|| async move {
            let mut tx = self.begin().await?;
            sqlx::query(
                "UPDATE report_logs
                 SET status = 'failed', error = $2, record_count = NULL, claimed_by = NULL,
                     claimed_until = NULL
                 WHERE report_id = $1 AND status IN ('queued', 'running')",
            )
            .bind(id.0)
            .bind(text::without_nul(reason).into_owned())
            .execute(&mut *tx)
            .await?;
            let row = select_one(id).build().fetch_optional(&mut *tx).await?;
            tx.commit().await?;
            Ok(row::one(row.as_ref(), report)?.map(|(_, report)| report))
        })
        .await
    }

    async fn outdated_reports(
        &self,
        retention: &Retention,
        limit: u32,
    ) -> Result<Vec<Report>, StoreError> {
        retry::repeatable(|| async move {
            // Not a list for people: whoever asks forgets their files, and must not find them again.
            let mut query = outdated(retention, limit);
            let rows = query.build().fetch_all(self.work().await?).await?;
            let found: Vec<(i64, Report)> = row::all(&rows, report)?;
            Ok(found.into_iter().map(|(_, report)| report).collect())
        })
        .await
    }

    async fn forget_file(&self, id: ReportId, reason: &str) -> Result<(), StoreError> {
        retry::repeatable(|| async move {
            sqlx::query(
                "UPDATE report_logs SET file_path = NULL, error = $2
                 WHERE report_id = $1 AND status = 'done' AND file_path IS NOT NULL",
            )
            .bind(id.0)
            .bind(text::without_nul(reason).into_owned())
            .execute(self.work().await?)
            .await?;
            Ok(())
        })
        .await
    }

    async fn report(&self, id: ReportId) -> Result<Option<Report>, StoreError> {
        retry::repeatable(|| async move {
            let row = select_one(id).build().fetch_optional(self.work().await?).await?;
            Ok(row::one(row.as_ref(), report)?.map(|(_, report)| report))
        })
        .await
    }

    async fn reports(
        &self,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Page<Report, i64>, StoreError> {
        retry::repeatable(|| async move {
            let rows = select(before, limit).build().fetch_all(self.lists().await?).await?;
            let found = row::all(&rows, report)?;
            Ok(Page::of(found, limit, |(key, _)| *key).map(|(_, report)| report))
        })
        .await
    }

    async fn delete_report(&self, id: ReportId) -> Result<Option<Report>, StoreError> {
        retry::once(|| async move {
            let mut tx = self.begin().await?;
            let mut query = select_one(id);
            query.push(" FOR UPDATE");
            let row = query.build().fetch_optional(&mut *tx).await?;
            if row.is_some() {
                sqlx::query(
                    "INSERT INTO deleted_reports (report_id, deleted_at) VALUES ($1, $2)
                     ON CONFLICT DO NOTHING",
                )
                .bind(id.0)
                .bind(time::now())
                .execute(&mut *tx)
                .await?;
            }
            sqlx::query("DELETE FROM report_logs WHERE report_id = $1")
                .bind(id.0)
                .execute(&mut *tx)
                .await?;
            tx.commit().await?;
            Ok(row::one(row.as_ref(), report)?.map(|(_, report)| report))
        })
        .await
    }
}
