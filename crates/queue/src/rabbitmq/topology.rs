//! The queues that a queue is made of, all of them durable quorum queues: itself, its dead letters,
//! and those in which delayed messages wait.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use lapin::{
    Connection, Queue,
    options::QueueDeclareOptions,
    types::{AMQPValue, FieldTable},
    uri::AMQPUri,
};
use tokio::{sync::OnceCell, time::sleep};
use tracing::warn;

use super::{
    delay,
    endpoints::Endpoints,
    error::{is_not_found, is_unfit, unavailable},
    link::Live,
    lock, version,
};
use crate::QueueError;

/// How often what several processes do at the same time may get in each other's way.
const TRIES: usize = 5;
const PAUSE: Duration = Duration::from_millis(200);

/// How long a new queue is not used. The broker writes the names of its quorum queues into a file half a
/// second after the last change to them. Killed before that, it comes back with a queue that has lost what
/// it confirmed, and that confirms nothing any more.
const UNTIL_KEPT: Duration = Duration::from_millis(1_500);
/// What whoever has the lock of a queue does.
const MAKING: &str = "makes the queue";

/// From version 4 on RabbitMQ drops what was delivered and came back twenty times, unless told
/// otherwise. How often is often enough we decide ourselves.
const MANY_DELIVERIES: i32 = i32::MAX;

/// Where the dead letters of a queue are.
pub(super) fn dead_letters_of(queue: &str) -> String {
    format!("{queue}.dead-letter")
}

/// All queues that a queue is made of.
pub(super) fn parts(queue: &str) -> Vec<(String, Kind)> {
    let plain = [queue.to_owned(), dead_letters_of(queue)].map(|name| (name, Kind::Plain));
    let back = Kind::Waiting(queue.into());
    let waiting = delay::queues(queue).map(|name| (name, back.clone()));
    plain.into_iter().chain(waiting).collect()
}

/// What a queue is for.
#[derive(Clone)]
pub(super) enum Kind {
    /// Messages are consumed, or looked at.
    Plain,
    /// Messages wait, and then go to this queue.
    Waiting(Arc<str>),
}

/// Makes sure that queues are there, and that the broker will know them after its death. One that is there
/// is used as it is: another program, or a policy, may have made it to its own taste.
///
/// A refusal closes the channel, and the client never uses that channel's number again without an error:
/// so this has a connection of its own, which is soon over.
pub(super) async fn declare(
    endpoints: &Endpoints,
    wanted: BTreeMap<String, Kind>,
) -> Result<(), QueueError> {
    if wanted.is_empty() {
        return Ok(());
    }
    let (connection, node) = endpoints.connect("declaring").await?;
    let declaring = Declaring { connection, node, limits_deliveries: OnceCell::new() };
    let (mut made, mut declared) = (false, Ok(()));
    // Everybody goes by the order of names: no two wait for each other.
    for (name, kind) in &wanted {
        match declaring.declare(name, kind).await {
            Ok(new) => made |= new,
            Err(error) => {
                declared = Err(error);
                break;
            }
        }
    }
    // Where one could not be made, those before it are new all the same.
    if made {
        sleep(UNTIL_KEPT).await;
    }
    // What was made is there, however this ends.
    let _ = declaring.connection.close(200, "done".into()).await;
    declared
}

/// A connection for declaring.
struct Declaring<'a> {
    connection: Connection,
    node: &'a AMQPUri,
    limits_deliveries: OnceCell<bool>,
}

impl Declaring<'_> {
    /// Whether it had to be made. Then nobody else counts on it until this connection ends.
    async fn declare(&self, name: &str, kind: &Kind) -> Result<bool, QueueError> {
        let making = format!("{name}.making");
        for _ in 0..TRIES {
            if self.is_there(name).await? {
                lock::released(&self.connection, &making, MAKING).await?;
                return Ok(false);
            }
            lock::acquire(&self.connection, &making, MAKING).await?;
            // Whoever had the lock may have made it.
            if self.is_there(name).await? {
                return Ok(false);
            }
            let arguments = self.arguments(kind).await;
            match self.ask(name, QueueDeclareOptions::durable(), arguments).await {
                Ok(_) => return Ok(true),
                Err(error) if is_unfit(&error) => {
                    warn!(queue = name, %error, "could not be made; looking whether it is there");
                }
                Err(error) => return Err(unavailable(error)),
            }
            sleep(PAUSE).await;
        }
        Err(QueueError::Unavailable(format!("RabbitMQ does not make the queue {name}")))
    }

    async fn is_there(&self, name: &str) -> Result<bool, QueueError> {
        match self.ask(name, passive(), FieldTable::default()).await {
            Ok(_) => Ok(true),
            Err(error) if is_not_found(&error) => Ok(false),
            Err(error) => Err(unavailable(error)),
        }
    }

    async fn arguments(&self, kind: &Kind) -> FieldTable {
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
