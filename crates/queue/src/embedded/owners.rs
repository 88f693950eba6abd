//! Owners and consumers: who is alive, in this process and in the others.
//!
//! Each open queue is an owner. It renews its lease with every heartbeat, and takes back what
//! owners had in hand that stopped doing so.

use rusqlite::{Connection, Result};

const RENEW: &str = "
INSERT INTO owners (id, expires_at) VALUES (?1, ?2)
ON CONFLICT (id) DO UPDATE SET expires_at = excluded.expires_at";

const DEAD: &str = "SELECT id FROM owners WHERE id <> ?1 AND expires_at <= ?2";

const REGISTER: &str = "INSERT INTO consumers (owner, queue) VALUES (?1, ?2) RETURNING id";

const TAKE_BACK: [&str; 3] = [
    "UPDATE messages SET consumer = NULL
     WHERE consumer IN (SELECT id FROM consumers WHERE owner = ?1)",
    "DELETE FROM consumers WHERE owner = ?1",
    "DELETE FROM owners WHERE id = ?1",
];

/// Renews this owner's lease and buries the dead ones.
pub(super) fn heartbeat(
    connection: &Connection,
    owner: &str,
    expires_at: i64,
    now: i64,
) -> Result<()> {
    connection.prepare_cached(RENEW)?.execute((owner, expires_at))?;
    let mut dead = connection.prepare_cached(DEAD)?;
    let dead = dead.query_map((owner, now), |row| row.get(0))?;
    for other in dead.collect::<Result<Vec<String>>>()? {
        tracing::info!("taking back the messages of a process that stopped");
        leave(connection, &other)?;
    }
    Ok(())
}

/// Takes back all that an owner has in hand, and forgets it.
pub(super) fn leave(connection: &Connection, owner: &str) -> Result<()> {
    for sql in TAKE_BACK {
        connection.prepare_cached(sql)?.execute([owner])?;
    }
    Ok(())
}

/// Makes a consumer of this owner known; gives its id.
pub(super) fn register(connection: &Connection, owner: &str, queue: &str) -> Result<i64> {
    connection.prepare_cached(REGISTER)?.query_row((owner, queue), |row| row.get(0))
}
