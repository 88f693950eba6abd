//! Counts.

use sqlx::SqlitePool;

use super::now;
use crate::Depth;

const DEPTH: &str = "
SELECT
    (SELECT count(*) FROM messages WHERE queue = ?1 AND consumer IS NULL AND visible_at <= ?2),
    (SELECT count(*) FROM messages WHERE queue = ?1 AND consumer IS NULL AND visible_at > ?2),
    (SELECT count(*) FROM consumers AS c JOIN messages AS m ON m.consumer = c.id
        WHERE c.queue = ?1),
    (SELECT count(*) FROM dead_letters WHERE queue = ?1),
    (SELECT count(*) FROM consumers AS c JOIN owners AS o ON o.id = c.owner
        WHERE c.queue = ?1 AND o.expires_at > ?2)";

pub(super) async fn depth(readers: &SqlitePool, queue: &str) -> Result<Depth, sqlx::Error> {
    let (ready, delayed, unacknowledged, dead_letters, consumers): (i64, i64, i64, i64, i64) =
        sqlx::query_as(DEPTH).bind(queue).bind(now()).fetch_one(readers).await?;
    Ok(Depth {
        ready: ready.cast_unsigned(),
        delayed: delayed.cast_unsigned(),
        unacknowledged: unacknowledged.cast_unsigned(),
        dead_letters: dead_letters.cast_unsigned(),
        consumers: consumers.cast_unsigned(),
    })
}
