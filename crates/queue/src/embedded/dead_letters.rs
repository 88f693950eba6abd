//! Dead letters: burying, browsing, replaying.

use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, Result, Row};

use super::{
    publish::{self, NewMessage, Numbers},
    schema,
};
use crate::{DeadLetter, DeadLetterFilter, batch};

const BURY: &str = "
INSERT INTO dead_letters (id, queue, cause, by, attempts, first_failed_at, dead_at,
    message_id, content_type, traceparent, body)
SELECT ?1, queues.name, ?2, ?3, attempts + ?4, coalesce(first_failed_at, ?5), ?5,
    message_id, content_type, traceparent, body
FROM messages JOIN queues ON queues.number = messages.queue
WHERE id = ?6 AND +consumer = ?7";

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
pub(super) fn bury(
    connection: &Connection,
    consumer: i64,
    death: &Death<'_>,
    now: i64,
) -> Result<()> {
    let Death { row, cause, by, tried } = *death;
    let id = uuid::Uuid::now_v7().to_string();
    connection.prepare_cached(BURY)?.execute((id, cause, by, tried, now, row, consumer)).map(drop)
}

pub(super) fn browse(
    connection: &Connection,
    filter: &DeadLetterFilter,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<DeadLetter>> {
    let after = after.unwrap_or_default();
    let (cause, limit) = (&filter.cause, schema::count(limit));
    match &filter.queue {
        Some(queue) => connection
            .prepare_cached(BROWSE_QUEUE)?
            .query_map((after, cause, limit, queue), dead_letter)?
            .collect(),
        None => connection
            .prepare_cached(BROWSE)?
            .query_map((after, cause, limit), dead_letter)?
            .collect(),
    }
}

pub(super) fn one(connection: &Connection, id: &str) -> Result<Option<DeadLetter>> {
    connection.prepare_cached(ONE)?.query_row([id], dead_letter).optional()
}

/// Puts a dead letter back into its queue; gives the queue, or `None` when there is none of that
/// id.
pub(super) fn replay(
    connection: &Connection,
    numbers: &mut Numbers,
    id: &str,
    corrected: Option<&Bytes>,
    now: i64,
) -> Result<Option<Arc<str>>> {
    let Some(DeadLetter { queue, mut message, .. }) = one(connection, id)? else {
        return Ok(None);
    };
    if let Some(body) = corrected {
        message = batch::corrected(message, body.clone());
    }
    let queue = Arc::from(queue);
    let messages = NewMessage::all_of(&queue, vec![message]);
    publish::insert(connection, numbers, messages.iter(), now)?;
    delete(connection, id)?;
    Ok(Some(queue))
}

/// Deletes a dead letter; `false` when there is none of that id.
pub(super) fn delete(connection: &Connection, id: &str) -> Result<bool> {
    Ok(connection.prepare_cached(DELETE)?.execute([id])? > 0)
}

fn dead_letter(row: &Row<'_>) -> Result<DeadLetter> {
    Ok(DeadLetter {
        id: row.get(0)?,
        queue: row.get(1)?,
        cause: row.get(2)?,
        by: row.get(3)?,
        attempts: row.get(4)?,
        first_failed_at: time(row.get(5)?),
        dead_at: time(row.get(6)?),
        message: schema::message(row, 7)?,
    })
}

fn time(millis: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(millis).unwrap_or_default()
}
