//! Who sends which e-mail, and what became of it.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use chrono::{DateTime, Utc};
use domain::{NotificationId, Recipient, RegistrationId};
use serde_json::{Map, Value};
use sqlx::{
    Postgres,
    postgres::{PgArguments, PgRow},
    query::Query,
};
use uuid::Uuid;

use super::{
    PostgresStore, Tx,
    error::Fault,
    reports::storable,
    retry,
    row::{get, named},
};
use crate::{
    Mail, NotificationAttempt, NotificationClaim, NotificationRequest, NotificationStatus,
    ReleasedClaim, StoreError,
    sql::{
        claim::{Judgement, NOT_HEARD_OF, Standing},
        text, time,
    },
};

/// Adds what the log does not know, where the user is there.
pub(super) const ADD: &str = "
    INSERT INTO notification_logs
        (notification_id, user_id, recipient, notification_type, context, status, locale, created_at)
    SELECT i.notification_id, u.id, i.recipient, i.notification_type, i.context, 'queued', u.locale, $6
    FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::jsonb[])
        AS i (notification_id, user_id, recipient, notification_type, context)
    LEFT JOIN users u ON u.id = i.user_id
    WHERE u.id IS NOT NULL OR i.recipient IS NOT NULL
    ORDER BY i.notification_id
    ON CONFLICT (notification_id) DO NOTHING";

/// What the log knows of each, and the time, which is the database's own: whoever claims, on whatever
/// machine, goes by one clock. The rows are locked, by everybody in the same order.
pub(super) const FIND: &str = "
    SELECT n.id, n.notification_id, n.status, n.claimed_until, n.claimed_by, n.locale, n.created_at,
           n.attempts, coalesce(u.name, ''), coalesce(u.surname, ''), coalesce(u.email, n.recipient),
           u.registration_id, u.confirmed_at IS NOT NULL, clock_timestamp(), u.undeliverable_at,
           u.undeliverable_reply
    FROM notification_logs n LEFT JOIN users u ON u.id = n.user_id
    WHERE n.notification_id = ANY($1)
    ORDER BY n.id FOR NO KEY UPDATE OF n";

pub(super) const CLAIM: &str = "
    UPDATE notification_logs n
    SET status = 'sending', claimed_until = $3, claimed_by = c.claimer
    FROM unnest($1::bigint[], $2::uuid[]) AS c (id, claimer)
    WHERE n.id = c.id";

/// Claims that ran out in somebody's hand.
pub(super) const NOTE_UNKNOWN: &str = "
    WITH noted AS (
        INSERT INTO notification_attempts (notification_log_id, at, outcome, reply)
        SELECT id, $2, 'unknown', $3 FROM unnest($1::bigint[]) AS c (id)
    )
    UPDATE notification_logs n SET attempts = attempts + 1, last_reply = $3
    FROM unnest($1::bigint[]) AS c (id)
    WHERE n.id = c.id";

/// E-mails to addresses that are undeliverable.
pub(super) const FAIL_UNTRIED: &str = "
    UPDATE notification_logs n
    SET status = 'failed', failed_at = $3, last_reply = c.reply, claimed_until = NULL, claimed_by = NULL
    FROM unnest($1::bigint[], $2::text[]) AS c (id, reply)
    WHERE n.id = c.id";

pub(super) const RELEASE: &str = "
    WITH mine AS (
        SELECT n.id
        FROM unnest($1::uuid[], $2::uuid[]) AS c (notification_id, claimer)
        JOIN notification_logs n ON n.notification_id = c.notification_id
        WHERE n.claimed_by = c.claimer AND n.status = 'sending'
        ORDER BY n.id FOR NO KEY UPDATE OF n
    )
    UPDATE notification_logs n
    SET status = CASE attempts WHEN 0 THEN 'queued' ELSE 'retrying' END,
        claimed_until = NULL,
        claimed_by = NULL
    FROM mine WHERE n.id = mine.id";

/// Keeps each attempt, and what follows from it for the e-mail. What was sent stays sent, and what failed
/// for good failed, unless it was sent after all: a sender that comes back after its claim was taken over
/// tells the truth about its own attempt, but not where the e-mail stands.
pub(super) const RECORD: &str = "
    WITH attempt AS (
        SELECT n.id, a.outcome, a.reply, a.at
        FROM unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[])
            AS a (notification_id, outcome, reply, at)
        JOIN notification_logs n ON n.notification_id = a.notification_id
        ORDER BY n.id FOR NO KEY UPDATE OF n
    ), kept AS (
        INSERT INTO notification_attempts (notification_log_id, at, outcome, reply)
        SELECT id, at, outcome, reply FROM attempt
        ON CONFLICT DO NOTHING
        RETURNING notification_log_id AS id, at, outcome, reply
    )
    UPDATE notification_logs n
    SET attempts = attempts + 1,
        last_reply = CASE WHEN status = 'sent' THEN last_reply ELSE a.reply END,
        sent_at = CASE WHEN status <> 'sent' AND a.outcome = 'sent' THEN a.at ELSE sent_at END,
        failed_at = CASE
            WHEN a.outcome = 'sent' THEN NULL
            WHEN status NOT IN ('sent', 'failed') AND a.outcome = 'failed' THEN a.at
            ELSE failed_at END,
        status = CASE
            WHEN status = 'sent' OR (status = 'failed' AND a.outcome <> 'sent') THEN status
            WHEN a.outcome = 'unknown' THEN 'retrying'
            ELSE a.outcome END,
        claimed_until = NULL,
        claimed_by = NULL
    FROM kept a
    WHERE n.id = a.id";

/// Whoever was changed since the attempt may have another address by now.
pub(super) const MARK_UNDELIVERABLE: &str = "
    UPDATE users u
    SET undeliverable_at = a.at, undeliverable_reply = a.reply
    FROM unnest($1::uuid[], $2::text[], $3::timestamptz[]) AS a (notification_id, reply, at)
    JOIN notification_logs n ON n.notification_id = a.notification_id
    WHERE u.id = n.user_id AND u.updated_at <= a.at AND u.undeliverable_at IS NULL";

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
    let (mut lapsed, mut untried, mut replies) = (Vec::new(), Vec::new(), Vec::new());
    let mut last = None;
    let mut claims = Vec::with_capacity(requests.len());
    for request in requests {
        let id = request.notification_id;
        claims.push(match (granted.get(&id), found.get(&id)) {
            (Some(until), _) => NotificationClaim::Held { until: *until },
            (None, None) => NotificationClaim::UnknownUser,
            (None, Some(row)) => {
                let (key, now): (i64, DateTime<Utc>) = (get(row, 0)?, get(row, 13)?);
                last = Some(now);
                match standing(request, row)?.judge(now) {
                    Judgement::Untried(reply) => {
                        untried.push(key);
                        replies.push(reply);
                        NotificationClaim::Settled
                    }
                    Judgement::Free { not_heard_of } => {
                        // One time for all of them, so that they are one statement.
                        let until = *latest.get_or_insert_with(|| time::after(now, lease));
                        granted.insert(id, until);
                        claimed.push(key);
                        claimers.push(request.claimer);
                        lapsed.extend(not_heard_of.then_some(key));
                        NotificationClaim::Granted(mail(id, row)?)
                    }
                    Judgement::Taken(claim) => claim,
                }
            }
        });
    }
    if let Some(until) = latest {
        let update = sqlx::query(CLAIM).bind(claimed).bind(claimers).bind(until);
        update.execute(&mut *tx).await?;
    }
    if !lapsed.is_empty() {
        let note = sqlx::query(NOTE_UNKNOWN).bind(lapsed).bind(last).bind(NOT_HEARD_OF);
        note.execute(&mut *tx).await?;
    }
    if !untried.is_empty() {
        let fail = sqlx::query(FAIL_UNTRIED).bind(untried).bind(replies).bind(last);
        fail.execute(&mut *tx).await?;
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
    let mut new = Added::default();
    let mut seen = HashSet::new();
    for request in requests.iter().filter(|r| seen.insert(r.notification_id)) {
        new.push(
            request.notification_id,
            &request.to,
            &request.notification_type,
            &request.context,
        );
    }
    let ids = new.ids.clone();
    new.insert().execute(&mut **tx).await?;
    Ok(ids)
}

/// E-mails to add, each column an array.
#[derive(Default)]
pub(super) struct Added {
    ids: Vec<Uuid>,
    users: Vec<Option<i64>>,
    addresses: Vec<Option<String>>,
    types: Vec<String>,
    contexts: Vec<Option<Value>>,
}

impl Added {
    pub(super) fn push(
        &mut self,
        id: NotificationId,
        to: &Recipient,
        notification_type: &str,
        context: &Map<String, Value>,
    ) {
        self.ids.push(id.0);
        self.users.push(to.user().map(|user| user.0));
        self.addresses.push(to.address().map(|address| address.as_str().to_owned()));
        self.types.push(text::cut(notification_type, 50).into_owned());
        let context = (!context.is_empty()).then(|| storable(&Value::Object(context.clone())));
        self.contexts.push(context);
    }

    pub(super) fn insert(self) -> Query<'static, Postgres, PgArguments> {
        sqlx::query(ADD)
            .bind(self.ids)
            .bind(self.users)
            .bind(self.addresses)
            .bind(self.types)
            .bind(self.contexts)
            .bind(time::now())
    }
}

/// Where the e-mail of a row stands.
fn standing(request: &NotificationRequest, row: &PgRow) -> Result<Standing, sqlx::Error> {
    let refused_at: Option<DateTime<Utc>> = get(row, 14)?;
    let reply = get(row, 15)?;
    Ok(Standing {
        status: named(row, 2, NotificationStatus::from_name)?,
        claimed_until: get(row, 3)?,
        is_own: get::<Option<Uuid>>(row, 4)? == Some(request.claimer),
        undeliverable: refused_at.map(|at| (at, reply)),
    })
}

fn mail(id: NotificationId, row: &PgRow) -> Result<Mail, sqlx::Error> {
    Ok(Mail {
        notification_id: id,
        name: get(row, 8)?,
        surname: get(row, 9)?,
        email: get(row, 10)?,
        registration_id: get::<Option<_>>(row, 11)?.map(RegistrationId),
        confirmed: get(row, 12)?,
        locale: get(row, 5)?,
        created_at: get(row, 6)?,
        attempts: get::<i32>(row, 7)?.try_into().unwrap_or_default(),
    })
}

pub(super) async fn release(
    store: &PostgresStore,
    claims: &[ReleasedClaim],
) -> Result<(), StoreError> {
    if claims.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = claims.iter().map(|c| c.notification_id.0).collect();
    let claimers: Vec<Uuid> = claims.iter().map(|c| c.claimer).collect();
    let (ids, claimers) = (&ids, &claimers);
    retry::repeatable(|| async move {
        let release = sqlx::query(RELEASE).bind(ids).bind(claimers);
        release.execute(store.work().await?).await?;
        Ok(())
    })
    .await
}

pub(super) async fn record_attempts(
    store: &PostgresStore,
    attempts: &[NotificationAttempt],
) -> Result<(), StoreError> {
    if attempts.is_empty() {
        return Ok(());
    }
    let rounds = rounds(attempts);
    let mut refused = Round::default();
    attempts.iter().filter(|a| a.undeliverable).for_each(|a| refused.push(a));
    let (rounds, refused) = (&rounds, &refused);
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
        if !refused.ids.is_empty() {
            sqlx::query(MARK_UNDELIVERABLE)
                .bind(&refused.ids)
                .bind(&refused.replies)
                .bind(&refused.times)
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

impl Round {
    fn push(&mut self, attempt: &NotificationAttempt) {
        self.ids.push(attempt.notification_id.0);
        self.outcomes.push(attempt.outcome.as_str());
        self.replies.push(text::without_nul(&attempt.reply).into_owned());
        self.times.push(time::stored(attempt.at));
    }
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
        rounds[*round].push(attempt);
        *round += 1;
    }
    rounds
}
