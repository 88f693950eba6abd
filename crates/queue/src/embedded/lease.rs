//! Takes messages into a consumer's hand.

use std::collections::HashSet;

use rusqlite::{Connection, Result, Row};

use super::{command::Lease, hands::TakenMessage, pack, schema};

/// Messages that one statement takes at the most, so that a greedy consumer does not keep the
/// others waiting.
const MOST: usize = 1000;

const CONSUMERS: &str = "SELECT id FROM consumers WHERE owner = ?1";

const READY: &str = "
SELECT id, events FROM messages INDEXED BY messages_ready
WHERE queue = (SELECT number FROM queues WHERE name = ?1)
    AND consumer IS NULL AND visible_at <= ?2
ORDER BY visible_at, id LIMIT ?3";

const TAKE: &str = "
UPDATE messages SET consumer = ?1 WHERE id IN (SELECT value FROM json_each(?2))
RETURNING id, attempts, pending, message_id, content_type, traceparent, body";

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
        let taken = take_up_to(connection, lease.consumer, queue, limit, now)?;
        if taken.len() < limit {
            exhausted.insert(queue);
        }
        got.push(Some(taken));
    }
    Ok(got)
}

/// Takes as many as there are, up to `limit`, the oldest first.
fn take_up_to(
    connection: &Connection,
    consumer: i64,
    queue: &str,
    limit: usize,
    now: i64,
) -> Result<Vec<TakenMessage>> {
    let rows = find(connection, queue, limit, now)?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let rows = serde_json::to_string(&rows).expect("numbers serialize");
    let mut taken = Vec::with_capacity(limit);
    let mut take = connection.prepare_cached(TAKE)?;
    let mut take = take.query((consumer, rows))?;
    while let Some(row) = take.next()? {
        taken_of(row, &mut taken)?;
    }
    Ok(taken)
}

/// The rows that have them. Of the last only as many events as are asked for: those are cut off.
fn find(connection: &Connection, queue: &str, limit: usize, now: i64) -> Result<Vec<i64>> {
    let mut rows = Vec::new();
    let mut room = limit;
    let mut ready = connection.prepare_cached(READY)?;
    let mut ready = ready.query((queue, now, schema::count(limit)))?;
    while room > 0
        && let Some(row) = ready.next()?
    {
        let (row, events) = (row.get(0)?, row.get::<_, u32>(1)? as usize);
        if events <= room {
            rows.push(row);
            room -= events;
        } else {
            drop(ready);
            rows.extend(pack::cut_off(connection, row, room)?);
            break;
        }
    }
    Ok(rows)
}

/// The messages of a row.
fn taken_of(row: &Row<'_>, taken: &mut Vec<TakenMessage>) -> Result<()> {
    let (id, attempts) = (row.get(0)?, row.get(1)?);
    match row.get(2)? {
        None => {
            let message = schema::message(row, 3)?;
            taken.push(TakenMessage { row: id, event: None, attempts, message });
        }
        Some(pending) => {
            let events = pack::events(row.get(6)?, pending)?;
            taken.extend(events.into_iter().map(|(number, message)| TakenMessage {
                row: id,
                event: Some(number),
                attempts,
                message,
            }));
        }
    }
    Ok(())
}
