//! The queues that a queue is made of, all of them durable quorum queues: itself, its dead letters,
//! and those in which delayed messages wait.

use std::time::Duration;

use lapin::{
    Connection, Queue,
    options::QueueDeclareOptions,
    types::{AMQPValue, FieldTable},
    uri::AMQPUri,
};
use tokio::sync::OnceCell;
use tracing::warn;

use super::{
    endpoints::Endpoints,
    error::{is_not_found, is_unfit, unavailable},
    link::Live,
    version,
};
use crate::QueueError;

/// How often what several processes do at the same time may get in each other's way.
const TRIES: usize = 5;
const PAUSE: Duration = Duration::from_millis(200);

/// From version 4 on RabbitMQ drops what was delivered and came back twenty times, unless told
/// otherwise. How often is often enough we decide ourselves.
const MANY_DELIVERIES: i32 = i32::MAX;

/// Where the dead letters of a queue are.
pub(super) fn dead_letters_of(queue: &str) -> String {
    format!("{queue}.dead-letter")
}

/// What a queue is for.
#[derive(Clone, Copy)]
pub(super) enum Kind<'a> {
    /// Messages are consumed, or looked at.
    Plain,
    /// Messages wait, and then go to this queue.
    Waiting(&'a str),
}

/// Makes sure that queues are there. One that is there is used as it is: another program, or a policy,
/// may have made it to its own taste.
///
/// A refusal closes the channel, and the client never uses that channel's number again without an error:
/// so this has a connection of its own, which is soon over.
pub(super) async fn declare(
    endpoints: &Endpoints,
    wanted: &[(&str, Kind<'_>)],
) -> Result<(), QueueError> {
    let (connection, node) = endpoints.connect("declaring").await?;
    let declaring = Declaring { connection, node, limits_deliveries: OnceCell::new() };
    for (name, kind) in wanted {
        declaring.declare(name, *kind).await?;
    }
    // What was asked for is there, however this ends.
    let _ = declaring.connection.close(200, "done".into()).await;
    Ok(())
}

/// A connection for declaring.
struct Declaring<'a> {
    connection: Connection,
    node: &'a AMQPUri,
    limits_deliveries: OnceCell<bool>,
}

impl Declaring<'_> {
    async fn declare(&self, name: &str, kind: Kind<'_>) -> Result<(), QueueError> {
        for _ in 0..TRIES {
            match self.ask(name, passive(), FieldTable::default()).await {
                Ok(_) => return Ok(()),
                Err(error) if is_not_found(&error) => {}
                Err(error) => return Err(unavailable(error)),
            }
            let arguments = self.arguments(kind).await;
            match self.ask(name, QueueDeclareOptions::durable(), arguments).await {
                Ok(_) => return Ok(()),
                Err(error) if is_unfit(&error) => {
                    warn!(queue = name, %error, "could not be made; looking whether it is there");
                }
                Err(error) => return Err(unavailable(error)),
            }
            tokio::time::sleep(PAUSE).await;
        }
        Err(QueueError::Unavailable(format!("RabbitMQ does not make the queue {name}")))
    }

    async fn arguments(&self, kind: Kind<'_>) -> FieldTable {
        match kind {
            Kind::Plain => {
                let ask = || version::limits_deliveries(self.node);
                plain(*self.limits_deliveries.get_or_init(ask).await)
            }
            Kind::Waiting(back) => waiting(back),
        }
    }

    async fn ask(
        &self,
        name: &str,
        options: QueueDeclareOptions,
        arguments: FieldTable,
    ) -> lapin::Result<Queue> {
        let channel = self.connection.create_channel().await?;
        channel.queue_declare(name.into(), options, arguments).await
    }
}

/// What a queue that is there holds.
pub(super) async fn inspect(live: &Live, name: &str) -> Result<Queue, QueueError> {
    let channel = live.asking().await?;
    let declared = channel.queue_declare(name.into(), passive(), FieldTable::default()).await;
    declared.map_err(unavailable)
}

/// Only asks whether it is there, and how much is in it.
fn passive() -> QueueDeclareOptions {
    QueueDeclareOptions::durable().passive()
}

fn quorum() -> FieldTable {
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
    arguments
}

fn plain(limits_deliveries: bool) -> FieldTable {
    let mut arguments = quorum();
    if limits_deliveries {
        arguments.insert("x-delivery-limit".into(), AMQPValue::LongInt(MANY_DELIVERIES));
    }
    arguments
}

/// What has waited for its time goes to `back`, and leaves only when it is safe there.
fn waiting(back: &str) -> FieldTable {
    let mut arguments = quorum();
    for (name, value) in [
        ("x-dead-letter-exchange", ""),
        ("x-dead-letter-routing-key", back),
        ("x-dead-letter-strategy", "at-least-once"),
        // The strategy asks for it.
        ("x-overflow", "reject-publish"),
    ] {
        arguments.insert(name.into(), AMQPValue::LongString(value.into()));
    }
    arguments
}
