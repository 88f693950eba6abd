//! Owners and consumers: who is alive, in this process and in the others.
//!
//! Each open queue is an owner. It renews its lease with every heartbeat, and takes back what
//! owners had in hand that stopped doing so.

use sqlx::SqliteConnection;

const RENEW: &str = "
INSERT INTO owners (id, expires_at) VALUES (?1, ?2)
ON CONFLICT (id) DO UPDATE SET expires_at = excluded.expires_at";

const OTHERS: &str = "SELECT id, expires_at <= ?2 FROM owners WHERE id <> ?1";

const REGISTER: &str = "INSERT INTO consumers (owner, queue) VALUES (?1, ?2) RETURNING id";

const TAKE_BACK: [&str; 3] = [
    "UPDATE messages SET consumer = NULL
     WHERE consumer IN (SELECT id FROM consumers WHERE owner = ?1)",
    "DELETE FROM consumers WHERE owner = ?1",
    "DELETE FROM owners WHERE id = ?1",
];

/// Renews this owner's lease and buries the dead ones. Gives how many others live.
pub(super) async fn heartbeat(
    connection: &mut SqliteConnection,
    owner: &str,
    expires_at: i64,
    now: i64,
) -> Result<usize, sqlx::Error> {
    sqlx::query(RENEW).bind(owner).bind(expires_at).execute(&mut *connection).await?;
    let others: Vec<(String, bool)> =
        sqlx::query_as(OTHERS).bind(owner).bind(now).fetch_all(&mut *connection).await?;
    let mut alive = 0;
    for (other, expired) in others {
        if expired {
            tracing::info!("taking back the messages of a process that stopped");
            leave(connection, &other).await?;
        } else {
            alive += 1;
        }
    }
    Ok(alive)
}

/// Takes back all that an owner has in hand, and forgets it.
pub(super) async fn leave(
    connection: &mut SqliteConnection,
    owner: &str,
) -> Result<(), sqlx::Error> {
    for sql in TAKE_BACK {
        sqlx::query(sql).bind(owner).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Makes a consumer of this owner known; gives its id.
pub(super) async fn register(
    connection: &mut SqliteConnection,
    owner: &str,
    queue: &str,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(REGISTER).bind(owner).bind(queue).fetch_one(connection).await
}
