//! Dead letters: burying, browsing, replaying.

use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use sqlx::{Row, SqliteConnection, SqlitePool, sqlite::SqliteRow};

use super::publish::{self, NewMessage};
use crate::{DeadLetter, DeadLetterFilter, Message, batch};

const BURY: &str = "
INSERT INTO dead_letters (id, queue, cause, by, attempts, first_failed_at, dead_at,
    message_id, content_type, traceparent, body)
SELECT ?1, queue, ?2, ?3, attempts + ?4, coalesce(first_failed_at, ?5), ?5,
    message_id, content_type, traceparent, body
FROM messages WHERE id = ?6 AND +consumer = ?7";

// Ids are UUIDs of version 7: their order is that of time, and a page goes on behind an id even
// when that dead letter is gone.
const BROWSE: &str = "
SELECT id, queue, cause, by, attempts, first_failed_at, dead_at,
    message_id, content_type, traceparent, body
FROM dead_letters
WHERE id > ?1 AND (?2 IS NULL OR instr(cause, ?2) > 0)
ORDER BY id LIMIT ?3";

const BROWSE_QUEUE: &str = "
SELECT id, queue, cause, by, attempts, first_failed_at, dead_at,
    message_id, content_type, traceparent, body
FROM dead_letters INDEXED BY dead_letters_of_queue
WHERE queue = ?4 AND id > ?1 AND (?2 IS NULL OR instr(cause, ?2) > 0)
ORDER BY id LIMIT ?3";

const ONE: &str = "
SELECT id, queue, cause, by, attempts, first_failed_at, dead_at,
    message_id, content_type, traceparent, body
FROM dead_letters WHERE id = ?1";

const DELETE: &str = "DELETE FROM dead_letters WHERE id = ?1";

/// Why and how a message is given up.
pub(super) struct Death<'a> {
    pub row: i64,
    pub cause: &'a str,
    pub by: &'a str,
    pub tried: bool,
}

/// Copies a message to the dead letters; the caller deletes it from its queue.
pub(super) async fn bury(
    connection: &mut SqliteConnection,
    consumer: i64,
    death: &Death<'_>,
    now: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query(BURY)
        .bind(uuid::Uuid::now_v7().to_string())
        .bind(death.cause)
        .bind(death.by)
        .bind(death.tried)
        .bind(now)
        .bind(death.row)
        .bind(consumer)
        .execute(connection)
        .await
        .map(drop)
}

pub(super) async fn browse(
    readers: &SqlitePool,
    filter: &DeadLetterFilter,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<DeadLetter>, sqlx::Error> {
    let sql = if filter.queue.is_some() { BROWSE_QUEUE } else { BROWSE };
    let rows = sqlx::query(sql)
        .bind(after.unwrap_or_default())
        .bind(&filter.cause)
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .bind(&filter.queue)
        .fetch_all(readers)
        .await?;
    rows.iter().map(dead_letter).collect()
}

pub(super) async fn one(readers: &SqlitePool, id: &str) -> Result<Option<DeadLetter>, sqlx::Error> {
    sqlx::query(ONE).bind(id).fetch_optional(readers).await?.as_ref().map(dead_letter).transpose()
}

/// Puts a dead letter back into its queue; gives the queue, or `None` when there is none of that
/// id.
pub(super) async fn replay(
    connection: &mut SqliteConnection,
    id: &str,
    corrected: Option<&Bytes>,
    now: i64,
) -> Result<Option<Arc<str>>, sqlx::Error> {
    let Some(row) = sqlx::query(ONE).bind(id).fetch_optional(&mut *connection).await? else {
        return Ok(None);
    };
    let DeadLetter { queue, mut message, .. } = dead_letter(&row)?;
    if let Some(body) = corrected {
        message = batch::corrected(message, body.clone());
    }
    let queue = Arc::from(queue);
    let mut messages = NewMessage::all_of(&queue, vec![message]);
    publish::insert(connection, messages.iter_mut(), now).await?;
    delete(connection, id).await?;
    Ok(Some(queue))
}

/// Deletes a dead letter; `false` when there is none of that id.
pub(super) async fn delete(
    connection: &mut SqliteConnection,
    id: &str,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(DELETE).bind(id).execute(connection).await?;
    Ok(done.rows_affected() > 0)
}

fn dead_letter(row: &SqliteRow) -> Result<DeadLetter, sqlx::Error> {
    Ok(DeadLetter {
        id: row.try_get(0)?,
        queue: row.try_get(1)?,
        cause: row.try_get(2)?,
        by: row.try_get(3)?,
        attempts: row.try_get(4)?,
        first_failed_at: time(row.try_get(5)?),
        dead_at: time(row.try_get(6)?),
        message: Message {
            id: row.try_get(7)?,
            content_type: Message::known_type(row.try_get(8)?),
            traceparent: row.try_get(9)?,
            body: row.try_get::<Vec<u8>, _>(10)?.into(),
        },
    })
}

fn time(millis: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(millis).unwrap_or_default()
}
