//! The log of reports.

use std::time::Duration;

use async_trait::async_trait;
use domain::ReportId;
use reqwest::Method;
use uuid::Uuid;

use super::{RemoteStore, call::Call};
use crate::{
    NewReport, Page, Report, ReportClaim, ReportResult, Reports, StoreError,
    wire::{ClaimReport, millis},
};

#[async_trait]
impl Reports for RemoteStore {
    async fn request_report(&self, report: &NewReport) -> Result<Report, StoreError> {
        self.get(&Call::new(Method::POST, "/reports").json(report)?).await
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

    async fn finish_report(&self, id: ReportId, result: &ReportResult) -> Result<(), StoreError> {
        self.tell(&Call::new(Method::POST, format!("/reports/{id}/finish")).json(result)?).await
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
