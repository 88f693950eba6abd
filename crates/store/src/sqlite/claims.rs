//! Who sends which e-mail, and what became of it.

use std::{borrow::Cow, collections::HashMap, time::Duration};

use chrono::{DateTime, Utc};
use domain::{NotificationId, RegistrationId, UserId};
use serde::Serialize;
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

use super::{
    SqliteStore,
    error::StoreResult,
    row::{get, json, named, optional_uuid},
    time,
};
use crate::{
    AttemptOutcome, Mail, NotificationAttempt, NotificationClaim, NotificationRequest,
    NotificationStatus, StoreError, sql::text,
};

/// Adds what the log does not know, where the user is there.
pub(super) const ADD: &str = "
    INSERT INTO notification_logs
        (notification_id, user_id, notification_type, status, locale, created_at)
    SELECT j.value ->> 'notification_id', u.id, j.value ->> 'notification_type', 'queued', r.locale, ?2
    FROM jsonb_each(?1) j
    CROSS JOIN users u ON u.id = j.value ->> 'user_id'
    LEFT JOIN registrations r ON r.registration_id = u.registration_id
    WHERE true
    ON CONFLICT (notification_id) DO NOTHING";

/// What the log knows of each, by its place in the batch.
pub(super) const FIND: &str = "
    SELECT j.key, n.status, n.claimed_until, u.id, u.name, u.surname, u.email, u.registration_id,
           u.confirmed_at IS NOT NULL, n.locale, n.created_at, n.attempts, n.claimed_by
    FROM jsonb_each(?1) j
    CROSS JOIN notification_logs n ON n.notification_id = j.value ->> 'notification_id'
    CROSS JOIN users u ON u.id = n.user_id";

pub(super) const CLAIM: &str = "
    UPDATE notification_logs
    SET status = 'sending', claimed_until = ?2, claimed_by = c.claimer
    FROM (
        SELECT value ->> 'notification_id' AS id, value ->> 'claimer' AS claimer FROM jsonb_each(?1)
    ) c
    WHERE notification_id = c.id";

/// What was sent stays sent, and what failed for good failed, unless it was sent after all: a sender
/// that comes back after its claim was taken over tells the truth about its own attempt, but not where
/// the e-mail stands.
pub(super) const RECORD: &str = "
    UPDATE notification_logs
    SET attempts = attempts + 1,
        last_attempt_at = a.at,
        last_reply = CASE WHEN status = 'sent' THEN last_reply ELSE a.reply END,
        sent_at = CASE WHEN status <> 'sent' AND a.outcome = 'sent' THEN a.at ELSE sent_at END,
        failed_at = CASE
            WHEN a.outcome = 'sent' THEN NULL
            WHEN status NOT IN ('sent', 'failed') AND a.outcome = 'failed' THEN a.at
            ELSE failed_at END,
        status = CASE
            WHEN status = 'sent' OR (status = 'failed' AND a.outcome <> 'sent') THEN status
            ELSE a.outcome END,
        claimed_until = NULL,
        claimed_by = NULL
    FROM (
        SELECT value ->> 'notification_id' AS id, value ->> 'outcome' AS outcome,
               value ->> 'reply' AS reply, value ->> 'at' AS at
        FROM jsonb_each(?1)
    ) a
    WHERE notification_id = a.id AND last_attempt_at IS NOT a.at";

#[derive(Serialize)]
struct RequestRow<'a> {
    notification_id: NotificationId,
    user_id: UserId,
    notification_type: Cow<'a, str>,
    claimer: Uuid,
}

impl<'a> RequestRow<'a> {
    fn of(request: &'a NotificationRequest) -> Self {
        Self {
            notification_id: request.notification_id,
            user_id: request.user_id,
            notification_type: text::cut(&request.notification_type, 50),
            claimer: request.claimer,
        }
    }
}

#[derive(Serialize)]
struct AttemptRow<'a> {
    notification_id: NotificationId,
    outcome: AttemptOutcome,
    reply: Cow<'a, str>,
    at: String,
}

pub(super) async fn claim(
    store: &SqliteStore,
    requests: &[NotificationRequest],
    lease: Duration,
) -> Result<Vec<NotificationClaim>, StoreError> {
    if requests.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<_> = requests.iter().map(RequestRow::of).collect();
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
    let mut claimed = Vec::new();
    let mut claims = Vec::with_capacity(requests.len());
    for (place, request) in (0..).zip(requests) {
        let id = request.notification_id;
        claims.push(match (granted.get(&id), by_place.get(&place)) {
            (Some(until), _) => NotificationClaim::Held { until: *until },
            (None, None) => NotificationClaim::UnknownUser,
            (None, Some(row)) => {
                let claim = judge(request, row, now).store()?;
                if matches!(claim, NotificationClaim::Granted(_)) {
                    granted.insert(id, until);
                    claimed.push(RequestRow::of(request));
                }
                claim
            }
        });
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

fn judge(
    request: &NotificationRequest,
    row: &SqliteRow,
    now: DateTime<Utc>,
) -> Result<NotificationClaim, sqlx::Error> {
    let until: Option<DateTime<Utc>> = get(row, 2)?;
    let own = optional_uuid(row, 12)? == Some(request.claimer);
    match (named(row, 1, NotificationStatus::from_name)?, until) {
        (NotificationStatus::Sent | NotificationStatus::Failed, _) => {
            return Ok(NotificationClaim::Settled);
        }
        (NotificationStatus::Sending, Some(until)) if until > now && !own => {
            return Ok(NotificationClaim::Held { until });
        }
        _ => {}
    }
    Ok(NotificationClaim::Granted(Mail {
        notification_id: request.notification_id,
        user_id: UserId(get(row, 3)?),
        name: get(row, 4)?,
        surname: get(row, 5)?,
        email: get(row, 6)?,
        registration_id: optional_uuid(row, 7)?.map(RegistrationId),
        confirmed: get(row, 8)?,
        locale: get(row, 9)?,
        created_at: get(row, 10)?,
        attempts: get(row, 11)?,
    }))
}

pub(super) async fn record_attempts(
    store: &SqliteStore,
    attempts: &[NotificationAttempt],
) -> Result<(), StoreError> {
    if attempts.is_empty() {
        return Ok(());
    }
    let mut tx = store.begin().await?;
    for round in rounds(attempts) {
        sqlx::query(RECORD).bind(json(&round)?).execute(&mut *tx).await.store()?;
    }
    tx.commit().await.store()
}

/// One statement changes a row once: the second attempt at one e-mail is in the second round.
fn rounds(attempts: &[NotificationAttempt]) -> Vec<Vec<AttemptRow<'_>>> {
    let mut rounds: Vec<Vec<_>> = Vec::new();
    let mut seen: HashMap<NotificationId, usize> = HashMap::new();
    for attempt in attempts {
        let round = seen.entry(attempt.notification_id).or_default();
        if rounds.len() == *round {
            rounds.push(Vec::new());
        }
        rounds[*round].push(AttemptRow {
            notification_id: attempt.notification_id,
            outcome: attempt.outcome,
            reply: text::without_nul(&attempt.reply),
            at: time::text(attempt.at),
        });
        *round += 1;
    }
    rounds
}
