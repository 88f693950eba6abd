//! The store as a whole.

use async_trait::async_trait;
use reqwest::Method;

use super::{RemoteStore, call::Call};
use crate::{Overview, Stats, StoreError};

#[async_trait]
impl Overview for RemoteStore {
    async fn stats(&self) -> Result<Stats, StoreError> {
        self.get(&Call::new(Method::GET, "/stats")).await
    }

    /// Whether the Database Service and the database behind it answer.
    async fn check(&self) -> Result<(), StoreError> {
        let call = Call::new(Method::GET, "/health/ready").once();
        self.get::<serde::de::IgnoredAny>(&call).await.map(drop)
    }
}
