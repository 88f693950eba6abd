//! Counts.

use rusqlite::{Connection, Result};

use super::now;
use crate::Depth;

const DEPTH: &str = "
WITH named AS (SELECT number FROM queues WHERE name = ?1)
SELECT
    (SELECT coalesce(sum(events), 0) FROM messages
        WHERE queue = (SELECT number FROM named) AND consumer IS NULL AND visible_at <= ?2),
    (SELECT coalesce(sum(events), 0) FROM messages
        WHERE queue = (SELECT number FROM named) AND consumer IS NULL AND visible_at > ?2),
    (SELECT coalesce(sum(m.events), 0) FROM consumers AS c JOIN messages AS m ON m.consumer = c.id
        WHERE c.queue = ?1),
    (SELECT count(*) FROM dead_letters WHERE queue = ?1),
    (SELECT count(*) FROM consumers AS c JOIN owners AS o ON o.id = c.owner
        WHERE c.queue = ?1 AND o.expires_at > ?2)";

pub(super) fn depth(connection: &Connection, queue: &str) -> Result<Depth> {
    connection.prepare_cached(DEPTH)?.query_row((queue, now()), |row| {
        Ok(Depth {
            ready: row.get::<_, i64>(0)?.cast_unsigned(),
            delayed: row.get::<_, i64>(1)?.cast_unsigned(),
            unacknowledged: row.get::<_, i64>(2)?.cast_unsigned(),
            dead_letters: row.get::<_, i64>(3)?.cast_unsigned(),
            consumers: row.get::<_, i64>(4)?.cast_unsigned(),
        })
    })
}
