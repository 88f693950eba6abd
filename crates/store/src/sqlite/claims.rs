//! Who sends which e-mail, and what became of it.

use std::{borrow::Cow, collections::HashMap, time::Duration};

use chrono::{DateTime, Utc};
use domain::{NotificationId, Recipient, RegistrationId};
use serde::Serialize;
use serde_json::{Map, Value};
use sqlx::sqlite::SqliteRow;

use super::{
    SqliteStore,
    error::StoreResult,
    row::{get, json, named, optional_uuid},
    time,
};
use crate::{
    AttemptOutcome, Mail, NewNotification, NotificationAttempt, NotificationClaim,
    NotificationRequest, NotificationStatus, ReleasedClaim, StoreError,
    sql::{
        claim::{Judgement, NOT_HEARD_OF, Standing},
        text,
    },
};

/// Adds what the log does not know, where the user is there.
pub(super) const ADD: &str = "
    INSERT INTO notification_logs
        (notification_id, user_id, recipient, notification_type, context, status, locale, created_at)
    SELECT j.value ->> 'notification_id', u.id, j.value ->> 'recipient', j.value ->> 'notification_type',
           j.value -> 'context', 'queued', r.locale, ?2
    FROM jsonb_each(?1) j
    LEFT JOIN users u ON u.id = j.value ->> 'user_id'
    LEFT JOIN registrations r ON r.registration_id = u.registration_id
    WHERE u.id IS NOT NULL OR j.value ->> 'recipient' IS NOT NULL
    ON CONFLICT (notification_id) DO NOTHING";

/// What the log knows of each, by its place in the batch.
pub(super) const FIND: &str = "
    SELECT j.key, n.status, n.claimed_until, coalesce(u.name, ''), coalesce(u.surname, ''),
           coalesce(u.email, n.recipient), u.registration_id, u.confirmed_at IS NOT NULL, n.locale,
           n.created_at, n.attempts, n.claimed_by, u.undeliverable_at, u.undeliverable_reply
    FROM jsonb_each(?1) j
    CROSS JOIN notification_logs n ON n.notification_id = j.value ->> 'notification_id'
    LEFT JOIN users u ON u.id = n.user_id";

pub(super) const CLAIM: &str = "
    UPDATE notification_logs
    SET status = 'sending', claimed_until = ?2, claimed_by = c.claimer
    FROM (
        SELECT value ->> 'notification_id' AS id, value ->> 'claimer' AS claimer FROM jsonb_each(?1)
    ) c
    WHERE notification_id = c.id";

pub(super) const FAIL_UNTRIED: &str = "
    UPDATE notification_logs
    SET status = 'failed', failed_at = ?3, last_reply = ?2, claimed_until = NULL, claimed_by = NULL
    WHERE notification_id = ?1";

pub(super) const RELEASE: &str = "
    UPDATE notification_logs
    SET status = CASE attempts WHEN 0 THEN 'queued' ELSE 'retrying' END,
        claimed_until = NULL,
        claimed_by = NULL
    FROM (
        SELECT value ->> 'notification_id' AS id, value ->> 'claimer' AS claimer FROM jsonb_each(?1)
    ) c
    WHERE notification_id = c.id AND claimed_by = c.claimer AND status = 'sending'";

/// Keeps each attempt. What follows from it for the e-mail is a trigger's to say; one that is told again
/// does not reach it.
pub(super) const RECORD: &str = "
    INSERT INTO notification_attempts (notification_log_id, at, outcome, reply)
    SELECT n.id, j.value ->> 'at', j.value ->> 'outcome', j.value ->> 'reply'
    FROM jsonb_each(?1) j
    CROSS JOIN notification_logs n ON n.notification_id = j.value ->> 'notification_id'
    WHERE true
    ON CONFLICT DO NOTHING";

/// Whoever was changed since the attempt may have another address by now.
pub(super) const MARK_UNDELIVERABLE: &str = "
    UPDATE users
    SET undeliverable_at = ?2, undeliverable_reply = ?3
    WHERE id = (SELECT user_id FROM notification_logs WHERE notification_id = ?1)
      AND updated_at <= ?2 AND undeliverable_at IS NULL";

/// Adds one that is not to be claimed yet.
pub(super) async fn add(store: &SqliteStore, new: &NewNotification) -> Result<(), StoreError> {
    let NewNotification { notification_id, to, notification_type, context } = new;
    let rows = json(&[EmailRow::new(*notification_id, to, notification_type, context)])?;
    let mut tx = store.begin().await?;
    sqlx::query(ADD).bind(rows).bind(time::text(time::now())).execute(&mut *tx).await.store()?;
    tx.commit().await.store()
}

/// An e-mail to add.
#[derive(Serialize)]
struct EmailRow<'a> {
    notification_id: NotificationId,
    /// `user_id` or `recipient`.
    #[serde(flatten)]
    to: &'a Recipient,
    notification_type: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<&'a Map<String, Value>>,
}

impl<'a> EmailRow<'a> {
    fn new(
        notification_id: NotificationId,
        to: &'a Recipient,
        notification_type: &'a str,
        context: &'a Map<String, Value>,
    ) -> Self {
        Self {
            notification_id,
            to,
            notification_type: text::cut(notification_type, 50),
            context: (!context.is_empty()).then_some(context),
        }
    }

    fn of(request: &'a NotificationRequest) -> Self {
        let NotificationRequest { notification_id, to, notification_type, context, .. } = request;
        Self::new(*notification_id, to, notification_type, context)
    }
}

#[derive(Serialize)]
struct AttemptRow<'a> {
    notification_id: NotificationId,
    outcome: AttemptOutcome,
    reply: Cow<'a, str>,
    at: String,
}

impl<'a> AttemptRow<'a> {
    fn of(attempt: &'a NotificationAttempt) -> Self {
        Self {
            notification_id: attempt.notification_id,
            outcome: attempt.outcome,
            reply: text::without_nul(&attempt.reply),
            at: time::text(attempt.at),
        }
    }

    fn not_heard_of(notification_id: NotificationId, at: DateTime<Utc>) -> Self {
        let (outcome, reply) = (AttemptOutcome::Unknown, Cow::Borrowed(NOT_HEARD_OF));
        Self { notification_id, outcome, reply, at: time::text(at) }
    }
}

pub(super) async fn claim(
    store: &SqliteStore,
    requests: &[NotificationRequest],
    lease: Duration,
) -> Result<Vec<NotificationClaim>, StoreError> {
    if requests.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<_> = requests.iter().map(EmailRow::of).collect();
    let rows = json(&rows)?;
    let mut tx = store.begin().await?;
    let now = time::now();
    let until = time::after(now, lease);
    sqlx::query(ADD).bind(&rows).bind(time::text(now)).execute(&mut *tx).await.store()?;
    let found = sqlx::query(FIND).bind(&rows).fetch_all(&mut *tx).await.store()?;
    let mut by_place = HashMap::new();
    for row in &found {
        by_place.insert(get::<i64>(row, 0).store()?, row);
    }

    let mut granted = HashMap::new();
    let (mut claimed, mut lapsed) = (Vec::new(), Vec::new());
    let mut claims = Vec::with_capacity(requests.len());
    for (place, request) in (0..).zip(requests) {
        let id = request.notification_id;
        claims.push(match (granted.get(&id), by_place.get(&place)) {
            (Some(until), _) => NotificationClaim::Held { until: *until },
            (None, None) => NotificationClaim::UnknownUser,
            (None, Some(row)) => match standing(request, row).store()?.judge(now) {
                Judgement::Untried(reply) => {
                    let fail = sqlx::query(FAIL_UNTRIED).bind(id.to_string()).bind(reply);
                    fail.bind(time::text(now)).execute(&mut *tx).await.store()?;
                    NotificationClaim::Settled
                }
                Judgement::Free { not_heard_of } => {
                    lapsed.extend(not_heard_of.then(|| AttemptRow::not_heard_of(id, now)));
                    granted.insert(id, until);
                    let NotificationRequest { notification_id, claimer, .. } = *request;
                    claimed.push(ReleasedClaim { notification_id, claimer });
                    NotificationClaim::Granted(mail(id, row).store()?)
                }
                Judgement::Taken(claim) => claim,
            },
        });
    }
    // First, since an attempt ends the claim before it.
    if !lapsed.is_empty() {
        sqlx::query(RECORD).bind(json(&lapsed)?).execute(&mut *tx).await.store()?;
    }
    if !claimed.is_empty() {
        sqlx::query(CLAIM)
            .bind(json(&claimed)?)
            .bind(time::text(until))
            .execute(&mut *tx)
            .await
            .store()?;
    }
    tx.commit().await.store()?;
    Ok(claims)
}

/// Where the e-mail of a row stands.
fn standing(request: &NotificationRequest, row: &SqliteRow) -> Result<Standing, sqlx::Error> {
    let refused_at: Option<DateTime<Utc>> = get(row, 12)?;
    let reply = get(row, 13)?;
    Ok(Standing {
        status: named(row, 1, NotificationStatus::from_name)?,
        claimed_until: get(row, 2)?,
        is_own: optional_uuid(row, 11)? == Some(request.claimer),
        undeliverable: refused_at.map(|at| (at, reply)),
    })
}

fn mail(id: NotificationId, row: &SqliteRow) -> Result<Mail, sqlx::Error> {
    Ok(Mail {
        notification_id: id,
        name: get(row, 3)?,
        surname: get(row, 4)?,
        email: get(row, 5)?,
        registration_id: optional_uuid(row, 6)?.map(RegistrationId),
        confirmed: get(row, 7)?,
        locale: get(row, 8)?,
        created_at: get(row, 9)?,
        attempts: get(row, 10)?,
    })
}

pub(super) async fn release(
    store: &SqliteStore,
    claims: &[ReleasedClaim],
) -> Result<(), StoreError> {
    if claims.is_empty() {
        return Ok(());
    }
    let mut tx = store.begin().await?;
    sqlx::query(RELEASE).bind(json(claims)?).execute(&mut *tx).await.store()?;
    tx.commit().await.store()
}

pub(super) async fn record_attempts(
    store: &SqliteStore,
    attempts: &[NotificationAttempt],
) -> Result<(), StoreError> {
    if attempts.is_empty() {
        return Ok(());
    }
    let rows: Vec<_> = attempts.iter().map(AttemptRow::of).collect();
    let mut tx = store.begin().await?;
    sqlx::query(RECORD).bind(json(&rows)?).execute(&mut *tx).await.store()?;
    for refused in attempts.iter().filter(|a| a.undeliverable) {
        sqlx::query(MARK_UNDELIVERABLE)
            .bind(refused.notification_id.to_string())
            .bind(time::text(refused.at))
            .bind(text::without_nul(&refused.reply))
            .execute(&mut *tx)
            .await
            .store()?;
    }
    tx.commit().await.store()
}
