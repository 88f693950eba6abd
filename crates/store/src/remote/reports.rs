//! The log of reports.

use std::{borrow::Cow, time::Duration};

use async_trait::async_trait;
use chrono::SecondsFormat;
use domain::ReportId;
use reqwest::Method;
use uuid::Uuid;

use super::{RemoteStore, call::Call};
use crate::{
    NewReport, Page, Report, ReportClaim, ReportResult, Reports, Retention, StoreError,
    wire::{ClaimReport, FinishReport, OutdatedReports, Owned, Reason, RenewReport, millis},
};

#[async_trait]
impl Reports for RemoteStore {
    async fn request_report(&self, report: &NewReport) -> Result<Option<Report>, StoreError> {
        self.find(&Call::new(Method::POST, "/reports").json(report)?).await
    }

    async fn claim_report(
        &self,
        id: ReportId,
        owner: Uuid,
        lease: Duration,
    ) -> Result<ReportClaim, StoreError> {
        let call = Call::new(Method::POST, format!("/reports/{id}/claim"));
        self.get(&call.json(&ClaimReport { owner, lease_ms: millis(lease) })?).await
    }

    async fn renew_report(
        &self,
        id: ReportId,
        owner: Uuid,
        rows: i64,
        lease: Duration,
    ) -> Result<bool, StoreError> {
        let call = Call::new(Method::POST, format!("/reports/{id}/renew"));
        let renew = RenewReport { owner, rows, lease_ms: millis(lease) };
        self.get(&call.json(&renew)?).await.map(|Owned { owned }| owned)
    }

    async fn finish_report(
        &self,
        id: ReportId,
        owner: Uuid,
        result: &ReportResult,
    ) -> Result<bool, StoreError> {
        let call = Call::new(Method::POST, format!("/reports/{id}/finish"));
        let finish = FinishReport { owner, result: Cow::Borrowed(result) };
        self.get(&call.json(&finish)?).await.map(|Owned { owned }| owned)
    }

    async fn cancel_report(
        &self,
        id: ReportId,
        reason: &str,
    ) -> Result<Option<Report>, StoreError> {
        let call = Call::new(Method::POST, format!("/reports/{id}/cancel"));
        self.find(&call.json(&Reason { reason: reason.into() })?).await
    }

    async fn outdated_reports(
        &self,
        retention: &Retention,
        limit: u32,
    ) -> Result<Vec<Report>, StoreError> {
        let since = retention.since.map(|t| t.to_rfc3339_opts(SecondsFormat::AutoSi, true));
        let call = Call::new(Method::GET, "/reports/outdated")
            .query("since", since)
            .query("newest", retention.newest)
            .query("limit", Some(limit));
        self.get(&call).await.map(|OutdatedReports { items }| items)
    }

    async fn forget_file(&self, id: ReportId, reason: &str) -> Result<(), StoreError> {
        let call = Call::new(Method::POST, format!("/reports/{id}/forget-file"));
        self.tell(&call.json(&Reason { reason: reason.into() })?).await
    }

    async fn report(&self, id: ReportId) -> Result<Option<Report>, StoreError> {
        self.find(&Call::new(Method::GET, format!("/reports/{id}"))).await
    }

    async fn reports(
        &self,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Page<Report, i64>, StoreError> {
        self.list(&Call::new(Method::GET, "/reports").page(before, limit)).await
    }

    async fn delete_report(&self, id: ReportId) -> Result<Option<Report>, StoreError> {
        self.find(&Call::new(Method::DELETE, format!("/reports/{id}")).once()).await
    }
}
