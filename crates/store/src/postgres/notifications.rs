//! The log of e-mails.

use std::time::Duration;

use async_trait::async_trait;
use domain::{NotificationId, UserId};
use sqlx::{Postgres, QueryBuilder, postgres::PgRow, types::Json};

use super::{
    PostgresStore, claims,
    error::Fault,
    retry,
    row::{self, get, named},
};
use crate::{
    AttemptOutcome, Deliveries, NewNotification, Notification, NotificationAttempt,
    NotificationClaim, NotificationFilter, NotificationRequest, NotificationStatus, Notifications,
    Page, PastAttempt, ReleasedClaim, StoreError,
};

const SELECT: &str = "
    SELECT n.id, n.notification_id, n.user_id, n.notification_type, coalesce(u.email, n.recipient), n.status,
           n.attempts, n.last_reply, n.created_at, n.sent_at, n.context
    FROM notification_logs n LEFT JOIN users u ON u.id = n.user_id
    WHERE ";

/// When it was sent last stays known until it is sent again.
pub(super) const REQUEUE: &str = "
    UPDATE notification_logs SET status = 'queued', failed_at = NULL
    WHERE notification_id = $1 AND status IN ('sent', 'failed')";

pub(super) const CLEAR: &str = "
    UPDATE users SET undeliverable_at = NULL, undeliverable_reply = NULL
    WHERE id = (SELECT user_id FROM notification_logs WHERE notification_id = $1)
      AND undeliverable_at IS NOT NULL";

pub(super) const LOCALE: &str = "SELECT locale FROM notification_logs WHERE notification_id = $1";

pub(super) const ATTEMPTS: &str = "
    SELECT a.at, a.outcome, a.reply
    FROM notification_logs n JOIN notification_attempts a ON a.notification_log_id = n.id
    WHERE n.notification_id = $1
    ORDER BY a.at";

async fn find(store: &PostgresStore, id: NotificationId) -> Result<Option<Notification>, Fault> {
    let mut query = QueryBuilder::<Postgres>::new(format!("{SELECT} n.notification_id = "));
    query.push_bind(id.0);
    let row = query.build().fetch_optional(store.work().await?).await?;
    Ok(row::one(row.as_ref(), notification)?.map(|(_, notification)| notification))
}

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
        user_id: get::<Option<_>>(row, 2)?.map(UserId),
        notification_type: get(row, 3)?,
        recipient: get(row, 4)?,
        status: named(row, 5, NotificationStatus::from_name)?,
        attempts: get::<i32>(row, 6)?.try_into().unwrap_or_default(),
        last_reply: get(row, 7)?,
        created_at: get(row, 8)?,
        sent_at: get(row, 9)?,
        context: get::<Option<Json<_>>>(row, 10)?.map(|Json(context)| context).unwrap_or_default(),
    };
    Ok((get(row, 0)?, notification))
}

#[async_trait]
impl Deliveries for PostgresStore {
    async fn claim_notifications(
        &self,
        requests: &[NotificationRequest],
        lease: Duration,
    ) -> Result<Vec<NotificationClaim>, StoreError> {
        claims::claim(self, requests, lease).await
    }

    async fn release_notifications(&self, claims: &[ReleasedClaim]) -> Result<(), StoreError> {
        claims::release(self, claims).await
    }

    async fn record_attempts(&self, attempts: &[NotificationAttempt]) -> Result<(), StoreError> {
        claims::record_attempts(self, attempts).await
    }
}

#[async_trait]
impl Notifications for PostgresStore {
    async fn add_notification(
        &self,
        new: &NewNotification,
    ) -> Result<Option<Notification>, StoreError> {
        retry::repeatable(|| async move {
            let mut rows = claims::Added::default();
            rows.push(new.notification_id, &new.to, &new.notification_type, &new.context);
            rows.insert().execute(self.work().await?).await?;
            find(self, new.notification_id).await
        })
        .await
    }

    async fn requeue_notification(
        &self,
        id: NotificationId,
    ) -> Result<Option<Notification>, StoreError> {
        retry::repeatable(|| async move {
            let mut tx = self.begin().await?;
            for sql in [REQUEUE, CLEAR] {
                sqlx::query(sql).bind(id.0).execute(&mut *tx).await?;
            }
            tx.commit().await?;
            find(self, id).await
        })
        .await
    }

    async fn notification(&self, id: NotificationId) -> Result<Option<Notification>, StoreError> {
        retry::repeatable(|| find(self, id)).await
    }

    async fn notification_locale(&self, id: NotificationId) -> Result<Option<String>, StoreError> {
        retry::repeatable(|| async move {
            let row = sqlx::query(LOCALE).bind(id.0).fetch_optional(self.work().await?).await?;
            Ok(row::one(row.as_ref(), |row| get(row, 0))?.flatten())
        })
        .await
    }

    async fn attempts(&self, id: NotificationId) -> Result<Vec<PastAttempt>, StoreError> {
        retry::repeatable(|| async move {
            let rows = sqlx::query(ATTEMPTS).bind(id.0).fetch_all(self.work().await?).await?;
            Ok(row::all(&rows, |row| {
                Ok(PastAttempt {
                    at: get(row, 0)?,
                    outcome: named(row, 1, AttemptOutcome::from_name)?,
                    reply: get(row, 2)?,
                })
            })?)
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
