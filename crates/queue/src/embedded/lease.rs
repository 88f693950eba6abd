//! Takes messages into a consumer's hand.

use std::collections::HashSet;

use rusqlite::{Connection, Result, Row};

use super::{command::Lease, hands::TakenMessage, schema};

/// Messages that one statement takes at the most, so that a greedy consumer does not keep the
/// others waiting.
const MOST: usize = 1000;

const CONSUMERS: &str = "SELECT id FROM consumers WHERE owner = ?1";

const TAKE: &str = "
UPDATE messages SET consumer = ?1 WHERE id IN (
    SELECT id FROM messages INDEXED BY messages_ready
    WHERE queue = (SELECT number FROM queues WHERE name = ?2)
        AND consumer IS NULL AND visible_at <= ?3
    ORDER BY visible_at, id LIMIT ?4)
RETURNING id, attempts, message_id, content_type, traceparent, body";

/// What a lease got: `None` when its consumer is not known any more.
pub(super) type Got = Option<Vec<TakenMessage>>;

/// Serves leases in turn; the result has an entry for each.
pub(super) fn take(
    connection: &Connection,
    leases: &[Lease],
    owner: &str,
    now: i64,
) -> Result<Vec<Got>> {
    if leases.is_empty() {
        return Ok(Vec::new());
    }
    let mut known = connection.prepare_cached(CONSUMERS)?;
    let known = known.query_map([owner], |row| row.get(0))?.collect::<Result<Vec<i64>>>()?;
    let mut exhausted = HashSet::new();
    let mut got = Vec::with_capacity(leases.len());
    for lease in leases {
        if !known.contains(&lease.consumer) {
            got.push(None);
            continue;
        }
        let queue = lease.hands.queue();
        // Who went away, or comes to a queue that was just emptied, need not be asked for.
        if lease.reply.is_closed() || exhausted.contains(queue) {
            got.push(Some(Vec::new()));
            continue;
        }
        let limit = lease.limit.min(MOST);
        let mut statement = connection.prepare_cached(TAKE)?;
        let taken = statement
            .query_map((lease.consumer, &**queue, now, schema::count(limit)), taken)?
            .collect::<Result<Vec<_>>>()?;
        if taken.len() < limit {
            exhausted.insert(queue);
        }
        got.push(Some(taken));
    }
    Ok(got)
}

fn taken(row: &Row<'_>) -> Result<TakenMessage> {
    Ok(TakenMessage { row: row.get(0)?, attempts: row.get(1)?, message: schema::message(row, 2)? })
}
