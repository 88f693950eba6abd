//! Schedules of reports.

use async_trait::async_trait;
use chrono::{DateTime, SecondsFormat, Utc};
use domain::ScheduleId;
use reqwest::Method;

use super::{RemoteStore, call::Call};
use crate::{
    NewSchedule, Page, Schedule, Schedules, StoreError,
    wire::{AdvanceSchedule, DueSchedules},
};

#[async_trait]
impl Schedules for RemoteStore {
    async fn create_schedule(&self, new: &NewSchedule) -> Result<Schedule, StoreError> {
        self.get(&Call::new(Method::POST, "/schedules").json(new)?).await
    }

    async fn update_schedule(&self, new: &NewSchedule) -> Result<Option<Schedule>, StoreError> {
        let call = Call::new(Method::PUT, format!("/schedules/{}", new.schedule_id));
        self.find(&call.json(new)?).await
    }

    async fn schedule(&self, id: ScheduleId) -> Result<Option<Schedule>, StoreError> {
        self.find(&Call::new(Method::GET, format!("/schedules/{id}"))).await
    }

    async fn schedules(
        &self,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Page<Schedule, i64>, StoreError> {
        self.list(&Call::new(Method::GET, "/schedules").page(before, limit)).await
    }

    async fn delete_schedule(&self, id: ScheduleId) -> Result<bool, StoreError> {
        self.did(&Call::new(Method::DELETE, format!("/schedules/{id}")).once()).await
    }

    async fn due_schedules(
        &self,
        now: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<Schedule>, StoreError> {
        let call = Call::new(Method::GET, "/schedules/due")
            .query("now", Some(now.to_rfc3339_opts(SecondsFormat::AutoSi, true)))
            .query("limit", Some(limit));
        self.get(&call).await.map(|DueSchedules { items }| items)
    }

    async fn advance_schedule(
        &self,
        id: ScheduleId,
        from: DateTime<Utc>,
        to: Option<DateTime<Utc>>,
    ) -> Result<(), StoreError> {
        let call = Call::new(Method::POST, format!("/schedules/{id}/advance"));
        self.tell(&call.json(&AdvanceSchedule { from, to })?).await
    }
}
