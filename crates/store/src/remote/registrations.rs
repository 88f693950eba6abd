//! The way of a registration into the database.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{RegistrationId, UserId};
use reqwest::Method;

use super::{RemoteStore, call::Call};
use crate::{
    Confirmed, NewRegistration, Recorded, RegistrationTrace, Registrations, StoreError,
    wire::{Batch, Confirmation, Left, MAX_BATCH, Outcomes},
};

#[async_trait]
impl Registrations for RemoteStore {
    /// More than [`MAX_BATCH`] items are several calls, and as many transactions.
    async fn record(&self, batch: &[NewRegistration]) -> Result<Vec<Recorded>, StoreError> {
        let mut recorded = Vec::with_capacity(batch.len());
        for items in batch.chunks(MAX_BATCH) {
            let call = Call::new(Method::POST, "/users/batch").json(&Batch { items })?;
            let Outcomes { outcomes } = self.get(&call).await?;
            if outcomes.len() != items.len() {
                return Err(StoreError::Failed(format!(
                    "the Database Service answered {} outcomes to {} registrations",
                    outcomes.len(),
                    items.len()
                )));
            }
            recorded.extend(outcomes);
        }
        Ok(recorded)
    }

    async fn registration(
        &self,
        id: RegistrationId,
    ) -> Result<Option<RegistrationTrace>, StoreError> {
        self.find(&Call::new(Method::GET, format!("/registrations/{id}"))).await
    }

    async fn confirm(
        &self,
        id: RegistrationId,
        at: DateTime<Utc>,
    ) -> Result<Option<Confirmed>, StoreError> {
        let call = Call::new(Method::POST, format!("/registrations/{id}/confirm"));
        self.find(&call.json(&Confirmation { at })?).await
    }

    async fn leave(&self, id: RegistrationId) -> Result<Option<UserId>, StoreError> {
        let call = Call::new(Method::POST, format!("/registrations/{id}/leave")).once();
        let left: Option<Left> = self.find(&call).await?;
        Ok(left.map(|left| left.user_id))
    }
}
