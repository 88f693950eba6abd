//! Logins that are slowed down.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use reqwest::Method;

use super::{RemoteStore, call::Call};
use crate::{
    LoginSubject, Logins, StoreError,
    wire::{LoginAllowed, LoginAttempt},
};

#[async_trait]
impl Logins for RemoteStore {
    async fn try_login(
        &self,
        subjects: &[LoginSubject],
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        let body = LoginAttempt { subjects: subjects.to_vec() };
        let call = Call::new(Method::POST, "/logins").once().json(&body)?;
        let LoginAllowed { not_before } = self.get(&call).await?;
        Ok(not_before)
    }

    async fn login_succeeded(&self, subjects: &[LoginSubject]) -> Result<(), StoreError> {
        let body = LoginAttempt { subjects: subjects.to_vec() };
        self.tell(&Call::new(Method::POST, "/logins/succeeded").json(&body)?).await
    }
}
