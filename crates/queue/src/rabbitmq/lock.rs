//! Locks between all processes on a broker: a queue that only its connection may use, and that is gone
//! with it.

use std::time::Duration;

use lapin::{Connection, options::QueueDeclareOptions, types::FieldTable};
use tokio::time::{Instant, sleep};

use super::error::{is_locked, is_not_found, silent, unavailable};
use crate::QueueError;

/// How long to wait for another process.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(50);

/// Takes a lock, which its connection then has until its end; waits for who has it, who does `what`.
pub(super) async fn acquire(
    connection: &Connection,
    name: &str,
    what: &str,
) -> Result<(), QueueError> {
    wait(connection, name, what, QueueDeclareOptions::exclusive()).await
}

/// Waits until no other connection has a lock, without taking it.
pub(super) async fn released(
    connection: &Connection,
    name: &str,
    what: &str,
) -> Result<(), QueueError> {
    wait(connection, name, what, QueueDeclareOptions::exclusive().passive()).await
}

async fn wait(
    connection: &Connection,
    name: &str,
    what: &str,
    options: QueueDeclareOptions,
) -> Result<(), QueueError> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        // A refusal closes the channel.
        let channel = connection.create_channel().await.map_err(unavailable)?;
        match channel.queue_declare(name.into(), options, FieldTable::default()).await {
            Ok(_) => return Ok(()),
            Err(error) if is_not_found(&error) => return Ok(()),
            Err(error) if is_locked(&error) && Instant::now() < deadline => {}
            Err(error) if is_locked(&error) => {
                return Err(silent(&format!("give way: another process {what}")));
            }
            Err(error) => return Err(unavailable(error)),
        }
        sleep(PAUSE).await;
    }
}
