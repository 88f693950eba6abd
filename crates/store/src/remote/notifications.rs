//! The log of e-mails.

use std::{borrow::Cow, time::Duration};

use async_trait::async_trait;
use domain::NotificationId;
use reqwest::Method;

use super::{RemoteStore, call::Call};
use crate::{
    Deliveries, NewNotification, Notification, NotificationAttempt, NotificationClaim,
    NotificationFilter, NotificationRequest, NotificationStatus, Notifications, Page, PastAttempt,
    ReleasedClaim, StoreError,
    wire::{
        Attempts, ClaimNotifications, MAX_BATCH, NotificationClaims, NotificationLocale,
        PastAttempts, Releases, millis,
    },
};

#[async_trait]
impl Deliveries for RemoteStore {
    async fn claim_notifications(
        &self,
        requests: &[NotificationRequest],
        lease: Duration,
    ) -> Result<Vec<NotificationClaim>, StoreError> {
        let mut claimed = Vec::with_capacity(requests.len());
        for requests in requests.chunks(MAX_BATCH) {
            let question =
                ClaimNotifications { requests: Cow::Borrowed(requests), lease_ms: millis(lease) };
            let call = Call::new(Method::POST, "/notifications/claims").json(&question)?;
            let NotificationClaims { claims } = self.get(&call).await?;
            if claims.len() != requests.len() {
                return Err(StoreError::Failed(format!(
                    "the Database Service answered {} claims to {} requests",
                    claims.len(),
                    requests.len()
                )));
            }
            claimed.extend(claims);
        }
        Ok(claimed)
    }

    async fn release_notifications(&self, claims: &[ReleasedClaim]) -> Result<(), StoreError> {
        for claims in claims.chunks(MAX_BATCH) {
            let body = Releases { claims: Cow::Borrowed(claims) };
            self.tell(&Call::new(Method::POST, "/notifications/releases").json(&body)?).await?;
        }
        Ok(())
    }

    async fn record_attempts(&self, attempts: &[NotificationAttempt]) -> Result<(), StoreError> {
        for attempts in attempts.chunks(MAX_BATCH) {
            let body = Attempts { attempts: Cow::Borrowed(attempts) };
            self.tell(&Call::new(Method::POST, "/notifications/attempts").json(&body)?).await?;
        }
        Ok(())
    }
}

#[async_trait]
impl Notifications for RemoteStore {
    async fn add_notification(
        &self,
        new: &NewNotification,
    ) -> Result<Option<Notification>, StoreError> {
        self.find(&Call::new(Method::POST, "/notifications").json(new)?).await
    }

    async fn requeue_notification(
        &self,
        id: NotificationId,
    ) -> Result<Option<Notification>, StoreError> {
        self.find(&Call::new(Method::POST, format!("/notifications/{id}/requeue"))).await
    }

    async fn notification(&self, id: NotificationId) -> Result<Option<Notification>, StoreError> {
        self.find(&Call::new(Method::GET, format!("/notifications/{id}"))).await
    }

    async fn notification_locale(&self, id: NotificationId) -> Result<Option<String>, StoreError> {
        let call = Call::new(Method::GET, format!("/notifications/{id}/locale"));
        self.get(&call).await.map(|NotificationLocale { locale }| locale)
    }

    async fn attempts(&self, id: NotificationId) -> Result<Vec<PastAttempt>, StoreError> {
        let call = Call::new(Method::GET, format!("/notifications/{id}/attempts"));
        let attempts: Option<PastAttempts> = self.find(&call).await?;
        Ok(attempts.map_or_else(Vec::new, |attempts| attempts.items))
    }

    async fn notifications(
        &self,
        filter: &NotificationFilter,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Page<Notification, i64>, StoreError> {
        let call = Call::new(Method::GET, "/notifications")
            .query("user_id", filter.user_id)
            .query("status", filter.status.map(NotificationStatus::as_str))
            .page(before, limit);
        self.list(&call).await
    }
}
