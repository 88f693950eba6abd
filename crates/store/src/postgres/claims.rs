//! Who sends which e-mail, and what became of it.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use chrono::{DateTime, Utc};
use domain::{NotificationId, RegistrationId, UserId};
use sqlx::postgres::PgRow;
use uuid::Uuid;

use super::{
    PostgresStore, Tx,
    error::Fault,
    retry,
    row::{get, named},
};
use crate::{
    AttemptOutcome, Mail, NotificationAttempt, NotificationClaim, NotificationRequest,
    NotificationStatus, StoreError,
    sql::{text, time},
};

/// Adds what the log does not know, where the user is there.
pub(super) const ADD: &str = "
    INSERT INTO notification_logs
        (notification_id, user_id, notification_type, status, locale, created_at)
    SELECT i.notification_id, u.id, i.notification_type, 'queued', u.locale, $4
    FROM unnest($1::uuid[], $2::bigint[], $3::text[]) AS i (notification_id, user_id, notification_type)
    JOIN users u ON u.id = i.user_id
    ORDER BY i.notification_id
    ON CONFLICT (notification_id) DO NOTHING";

/// What the log knows of each, and the time, which is the database's own: whoever claims, on whatever
/// machine, goes by one clock. The rows are locked, by everybody in the same order.
pub(super) const FIND: &str = "
    SELECT n.id, n.notification_id, n.status, n.claimed_until, n.claimed_by, n.locale, n.created_at,
           n.attempts, u.id, u.name, u.surname, u.email, u.registration_id,
           u.confirmed_at IS NOT NULL, clock_timestamp()
    FROM notification_logs n JOIN users u ON u.id = n.user_id
    WHERE n.notification_id = ANY($1)
    ORDER BY n.id FOR NO KEY UPDATE OF n";

pub(super) const CLAIM: &str = "
    UPDATE notification_logs n
    SET status = 'sending', claimed_until = $3, claimed_by = c.claimer
    FROM unnest($1::bigint[], $2::uuid[]) AS c (id, claimer)
    WHERE n.id = c.id";

/// What was sent stays sent, and what failed for good failed, unless it was sent after all: a sender
/// that comes back after its claim was taken over tells the truth about its own attempt, but not where
/// the e-mail stands.
pub(super) const RECORD: &str = "
    WITH attempt AS (
        SELECT n.id, a.outcome, a.reply, a.at
        FROM unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[])
            AS a (notification_id, outcome, reply, at)
        JOIN notification_logs n ON n.notification_id = a.notification_id
        ORDER BY n.id FOR NO KEY UPDATE OF n
    )
    UPDATE notification_logs n
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
    FROM attempt a
    WHERE n.id = a.id AND n.last_attempt_at IS DISTINCT FROM a.at";

/// The rows by their e-mail.
type Found = HashMap<NotificationId, PgRow>;

pub(super) async fn claim(
    store: &PostgresStore,
    requests: &[NotificationRequest],
    lease: Duration,
) -> Result<Vec<NotificationClaim>, StoreError> {
    if requests.is_empty() {
        return Ok(Vec::new());
    }
    retry::repeatable(|| attempt_claim(store, requests, lease)).await
}

async fn attempt_claim(
    store: &PostgresStore,
    requests: &[NotificationRequest],
    lease: Duration,
) -> Result<Vec<NotificationClaim>, Fault> {
    let mut tx = store.begin().await?;
    let mut found = Found::new();
    let ids: Vec<Uuid> = requests.iter().map(|r| r.notification_id.0).collect();
    find(&mut tx, &ids, &mut found).await?;
    let unknown = |r: &&NotificationRequest| !found.contains_key(&r.notification_id);
    let unknown: Vec<_> = requests.iter().filter(unknown).collect();
    if !unknown.is_empty() {
        let ids = add(&mut tx, &unknown).await?;
        find(&mut tx, &ids, &mut found).await?;
    }

    let mut granted = HashMap::new();
    let (mut claimed, mut claimers, mut latest) = (Vec::new(), Vec::new(), None);
    let mut claims = Vec::with_capacity(requests.len());
    for request in requests {
        let id = request.notification_id;
        claims.push(match (granted.get(&id), found.get(&id)) {
            (Some(until), _) => NotificationClaim::Held { until: *until },
            (None, None) => NotificationClaim::UnknownUser,
            (None, Some(row)) => {
                let now: DateTime<Utc> = get(row, 14)?;
                let claim = judge(request, row, now)?;
                if matches!(claim, NotificationClaim::Granted(_)) {
                    // One time for all of them, so that they are one statement.
                    let until = *latest.get_or_insert_with(|| time::after(now, lease));
                    granted.insert(id, until);
                    claimed.push(get::<i64>(row, 0)?);
                    claimers.push(request.claimer);
                }
                claim
            }
        });
    }
    if let Some(until) = latest {
        let update = sqlx::query(CLAIM).bind(claimed).bind(claimers).bind(until);
        update.execute(&mut *tx).await?;
    }
    tx.commit().await?;
    Ok(claims)
}

/// Locks what the log has of these.
async fn find(tx: &mut Tx, ids: &[Uuid], found: &mut Found) -> Result<(), sqlx::Error> {
    for row in sqlx::query(FIND).bind(ids).fetch_all(&mut **tx).await? {
        found.insert(NotificationId(get(&row, 1)?), row);
    }
    Ok(())
}

/// Adds what the log does not have; returns the ids that were asked for.
async fn add(tx: &mut Tx, requests: &[&NotificationRequest]) -> Result<Vec<Uuid>, sqlx::Error> {
    let (mut ids, mut users, mut types) = (Vec::new(), Vec::new(), Vec::new());
    let mut seen = HashSet::new();
    for request in requests.iter().filter(|r| seen.insert(r.notification_id)) {
        ids.push(request.notification_id.0);
        users.push(request.user_id.0);
        types.push(text::cut(&request.notification_type, 50).into_owned());
    }
    sqlx::query(ADD)
        .bind(&ids)
        .bind(users)
        .bind(types)
        .bind(time::now())
        .execute(&mut **tx)
        .await?;
    Ok(ids)
}

fn judge(
    request: &NotificationRequest,
    row: &PgRow,
    now: DateTime<Utc>,
) -> Result<NotificationClaim, sqlx::Error> {
    let until: Option<DateTime<Utc>> = get(row, 3)?;
    let own = get::<Option<Uuid>>(row, 4)? == Some(request.claimer);
    match (named(row, 2, NotificationStatus::from_name)?, until) {
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
        user_id: UserId(get(row, 8)?),
        name: get(row, 9)?,
        surname: get(row, 10)?,
        email: get(row, 11)?,
        registration_id: get::<Option<_>>(row, 12)?.map(RegistrationId),
        confirmed: get(row, 13)?,
        locale: get(row, 5)?,
        created_at: get(row, 6)?,
        attempts: get::<i32>(row, 7)?.try_into().unwrap_or_default(),
    }))
}

pub(super) async fn record_attempts(
    store: &PostgresStore,
    attempts: &[NotificationAttempt],
) -> Result<(), StoreError> {
    if attempts.is_empty() {
        return Ok(());
    }
    let rounds = rounds(attempts);
    let rounds = &rounds;
    retry::repeatable(|| async move {
        let mut tx = store.begin().await?;
        for round in rounds {
            sqlx::query(RECORD)
                .bind(&round.ids)
                .bind(&round.outcomes)
                .bind(&round.replies)
                .bind(&round.times)
                .execute(&mut *tx)
                .await?;
        }
        Ok(tx.commit().await?)
    })
    .await
}

/// Attempts at different e-mails, each column an array.
#[derive(Default)]
struct Round {
    ids: Vec<Uuid>,
    outcomes: Vec<&'static str>,
    replies: Vec<String>,
    times: Vec<DateTime<Utc>>,
}

/// One statement changes a row once: the second attempt at one e-mail is in the second round.
fn rounds(attempts: &[NotificationAttempt]) -> Vec<Round> {
    let mut rounds: Vec<Round> = Vec::new();
    let mut seen: HashMap<NotificationId, usize> = HashMap::new();
    for attempt in attempts {
        let round = seen.entry(attempt.notification_id).or_default();
        if rounds.len() == *round {
            rounds.push(Round::default());
        }
        let rows = &mut rounds[*round];
        rows.ids.push(attempt.notification_id.0);
        rows.outcomes.push(match attempt.outcome {
            AttemptOutcome::Sent => "sent",
            AttemptOutcome::Retrying => "retrying",
            AttemptOutcome::Failed => "failed",
        });
        rows.replies.push(text::without_nul(&attempt.reply).into_owned());
        rows.times.push(time::stored(attempt.at));
        *round += 1;
    }
    rounds
}
