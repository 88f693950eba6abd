//! The log of e-mails.

use std::time::Duration;

use async_trait::async_trait;
use domain::{NotificationId, UserId};
use sqlx::{Postgres, QueryBuilder, postgres::PgRow};

use super::{
    PostgresStore, claims, retry,
    row::{self, get, named},
};
use crate::{
    Notification, NotificationAttempt, NotificationClaim, NotificationFilter, NotificationRequest,
    NotificationStatus, Notifications, Page, StoreError,
};

const SELECT: &str = "
    SELECT n.id, n.notification_id, n.user_id, n.notification_type, u.email, n.status, n.attempts,
           n.last_reply, n.created_at, n.sent_at
    FROM notification_logs n JOIN users u ON u.id = n.user_id
    WHERE ";

/// The rows that pass a filter, newest first.
pub(super) fn select(
    filter: &NotificationFilter,
    before: Option<i64>,
    limit: u32,
) -> QueryBuilder<Postgres> {
    let mut query = QueryBuilder::new(format!("{SELECT} n.id < "));
    query.push_bind(before.unwrap_or(i64::MAX));
    if let Some(user_id) = filter.user_id {
        query.push(" AND n.user_id = ").push_bind(user_id.0);
    }
    if let Some(status) = filter.status {
        query.push(" AND n.status = ").push_bind(status.as_str());
    }
    query.push(" ORDER BY n.id DESC LIMIT ").push_bind(i64::from(limit) + 1);
    query
}

/// A notification and its numeric key.
fn notification(row: &PgRow) -> Result<(i64, Notification), sqlx::Error> {
    let notification = Notification {
        notification_id: NotificationId(get(row, 1)?),
        user_id: UserId(get(row, 2)?),
        notification_type: get(row, 3)?,
        recipient: get(row, 4)?,
        status: named(row, 5, NotificationStatus::from_name)?,
        attempts: get::<i32>(row, 6)?.try_into().unwrap_or_default(),
        last_reply: get(row, 7)?,
        created_at: get(row, 8)?,
        sent_at: get(row, 9)?,
    };
    Ok((get(row, 0)?, notification))
}

#[async_trait]
impl Notifications for PostgresStore {
    async fn claim_notifications(
        &self,
        requests: &[NotificationRequest],
        lease: Duration,
    ) -> Result<Vec<NotificationClaim>, StoreError> {
        claims::claim(self, requests, lease).await
    }

    async fn record_attempts(&self, attempts: &[NotificationAttempt]) -> Result<(), StoreError> {
        claims::record_attempts(self, attempts).await
    }

    async fn notification(&self, id: NotificationId) -> Result<Option<Notification>, StoreError> {
        retry::repeatable(|| async move {
            let mut query = QueryBuilder::<Postgres>::new(format!("{SELECT} n.notification_id = "));
            query.push_bind(id.0);
            let row = query.build().fetch_optional(self.work().await?).await?;
            Ok(row::one(row.as_ref(), notification)?.map(|(_, notification)| notification))
        })
        .await
    }

    async fn notifications(
        &self,
        filter: &NotificationFilter,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Page<Notification, i64>, StoreError> {
        retry::repeatable(|| async move {
            let mut query = select(filter, before, limit);
            let rows = query.build().fetch_all(self.lists().await?).await?;
            let found = row::all(&rows, notification)?;
            Ok(Page::of(found, limit, |(key, _)| *key).map(|(_, notification)| notification))
        })
        .await
    }
}
