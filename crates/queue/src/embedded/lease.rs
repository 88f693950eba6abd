//! Takes messages into a consumer's hand.

use std::collections::HashSet;

use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

use super::{command::Lease, hands::TakenMessage};
use crate::Message;

/// Messages that one statement takes at the most, so that a greedy consumer does not keep the
/// others waiting.
const MOST: usize = 1000;

const TAKE: &str = "
UPDATE messages SET consumer = ?1 WHERE id IN (
    SELECT id FROM messages INDEXED BY messages_ready
    WHERE queue = ?2 AND consumer IS NULL AND visible_at <= ?3
    ORDER BY visible_at, id LIMIT ?4)
RETURNING id, attempts, message_id, content_type, traceparent, body";

/// What a lease got: `None` when its consumer is not known any more.
pub(super) type Got = Option<Vec<TakenMessage>>;

/// Serves leases in turn; the result has an entry for each.
pub(super) async fn take(
    connection: &mut SqliteConnection,
    leases: &[Lease],
    owner: &str,
    now: i64,
) -> Result<Vec<Got>, sqlx::Error> {
    if leases.is_empty() {
        return Ok(Vec::new());
    }
    let known: Vec<i64> = sqlx::query_scalar("SELECT id FROM consumers WHERE owner = ?1")
        .bind(owner.to_owned())
        .fetch_all(&mut *connection)
        .await?;
    let mut exhausted = HashSet::new();
    let mut got = Vec::with_capacity(leases.len());
    for lease in leases {
        if !known.contains(&lease.consumer) {
            got.push(None);
            continue;
        }
        // Who went away, or comes to a queue that was just emptied, need not be asked for.
        if lease.reply.is_closed() || exhausted.contains(lease.hands.queue()) {
            got.push(Some(Vec::new()));
            continue;
        }
        let limit = lease.limit.min(MOST);
        let rows = sqlx::query(TAKE)
            .bind(lease.consumer)
            .bind(lease.hands.queue().clone())
            .bind(now)
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(&mut *connection)
            .await?;
        if rows.len() < limit {
            exhausted.insert(lease.hands.queue());
        }
        got.push(Some(rows.iter().map(taken).collect::<Result<_, _>>()?));
    }
    Ok(got)
}

fn taken(row: &SqliteRow) -> Result<TakenMessage, sqlx::Error> {
    Ok(TakenMessage {
        row: row.try_get_unchecked(0)?,
        attempts: row.try_get_unchecked(1)?,
        message: Message {
            id: row.try_get_unchecked(2)?,
            content_type: Message::known_type(row.try_get_unchecked(3)?),
            traceparent: row.try_get_unchecked(4)?,
            body: row.try_get_unchecked::<Vec<u8>, _>(5)?.into(),
        },
    })
}
