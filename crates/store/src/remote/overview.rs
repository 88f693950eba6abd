//! The store as a whole.

use async_trait::async_trait;
use chrono::{DateTime, SecondsFormat, Utc};
use reqwest::Method;

use super::{RemoteStore, call::Call};
use crate::{MinuteCount, Overview, Stats, StoreError, wire::Activity};

#[async_trait]
impl Overview for RemoteStore {
    async fn stats(&self) -> Result<Stats, StoreError> {
        self.get(&Call::new(Method::GET, "/stats")).await
    }

    async fn activity(&self, since: DateTime<Utc>) -> Result<Vec<MinuteCount>, StoreError> {
        let since = since.to_rfc3339_opts(SecondsFormat::AutoSi, true);
        let call = Call::new(Method::GET, "/stats/activity").query("since", Some(since));
        self.get(&call).await.map(|Activity { items }| items)
    }

    /// Whether the Database Service and the database behind it answer.
    async fn check(&self) -> Result<(), StoreError> {
        let call = Call::new(Method::GET, "/health/ready").once();
        self.get::<serde::de::IgnoredAny>(&call).await.map(drop)
    }
}
