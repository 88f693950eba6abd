//! Queues on RabbitMQ, for any number of processes on any number of machines.
//!
//! - Every queue is a durable quorum queue; every message is persistent, and published when the broker
//!   has confirmed it.
//! - Connections come back by themselves, on whichever node answers. One is for publishing, another for
//!   consuming and all else: a broker that is short of room holds up whoever publishes, and must not
//!   hold up whoever makes room.
//! - A delayed message waits in the broker, in a queue for delays like its own.
//! - A dead letter lies in `QUEUE.dead-letter`, its cause and history in headers beside its body.

mod acks;
mod census;
mod consumer;
mod dead_letters;
mod delay;
mod depth;
mod endpoints;
mod envelope;
mod error;
mod gather;
mod hand;
mod inbox;
mod link;
mod lock;
mod pack;
mod publisher;
mod topology;
mod verdict;
mod version;

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, Utc};

use self::{
    consumer::RabbitConsumer, endpoints::Endpoints, gather::Gatherer, hand::Hands, link::Link,
    publisher::Publisher, topology::Kind,
};
use crate::{
    Consumer, DeadLetter, DeadLetterFilter, Depth, Message, Queue, QueueError, TOPICS, batch,
};

/// How a [`RabbitQueue`] behaves. The defaults suit; tests change them.
#[derive(Clone, Debug)]
pub struct RabbitSettings {
    /// How long a publish may take, a reconnect included, before it ends with an error.
    pub patience: Duration,
    /// The certificate authority to trust with `amqps:`, in PEM; the system's own where absent.
    pub ca: Option<String>,
    /// Queues whose dead letters are browsed where none is named. The broker does not list its queues.
    pub queues: Vec<String>,
}

impl Default for RabbitSettings {
    fn default() -> Self {
        Self { patience: Duration::from_secs(4), ca: None, queues: TOPICS.map(Into::into).to_vec() }
    }
}

/// The queues of one virtual host of a broker.
pub struct RabbitQueue {
    shared: Arc<Shared>,
}

struct Shared {
    publisher: Arc<Publisher>,
    gatherer: Gatherer,
    side: Link,
    hands: Hands,
    /// Tells others what consumers here have, from the first one on.
    answering: std::sync::Once,
    /// Who looks through dead letters does so alone, in this process too.
    looking: tokio::sync::Mutex<()>,
    known: Mutex<BTreeSet<String>>,
}

impl RabbitQueue {
    /// The broker at a URL, or at the first of several that answers:
    /// `amqp://user:password@one:5672/vhost,amqp://two:5672/vhost`. The scheme `amqps:` is TLS.
    ///
    /// Connects when first needed, so that a broker that is away is no error yet. The error is a
    /// mistake in the URLs, told without repeating them.
    pub fn new(urls: &str, settings: RabbitSettings) -> Result<Self, String> {
        let RabbitSettings { patience, ca, queues } = settings;
        let endpoints = Arc::new(Endpoints::parse(urls, ca)?);
        let publishing = Link::new(endpoints.clone(), "publishing");
        let publisher = Arc::new(Publisher::new(publishing, patience));
        let shared = Shared {
            gatherer: Gatherer::new(publisher.clone()),
            publisher,
            side: Link::new(endpoints, "consuming"),
            hands: Hands::default(),
            answering: std::sync::Once::new(),
            looking: tokio::sync::Mutex::default(),
            known: Mutex::new(queues.into_iter().collect()),
        };
        Ok(Self { shared: Arc::new(shared) })
    }
}

impl Shared {
    fn know(&self, queue: &str) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if !known.contains(queue) {
            known.insert(queue.to_owned());
        }
    }

    fn known_queues(&self) -> Vec<String> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

#[async_trait]
impl Queue for RabbitQueue {
    async fn publish(&self, queue: &str, messages: Vec<Message>) -> Result<(), QueueError> {
        if messages.is_empty() {
            return Ok(());
        }
        self.shared.know(queue);
        self.shared.publisher.declare(queue, Kind::Plain).await?;
        self.shared.gatherer.publish(queue, batch::split_all(messages)).await
    }

    async fn consume(&self, queue: &str, prefetch: usize) -> Result<Box<dyn Consumer>, QueueError> {
        let Shared { publisher, side, hands, answering, .. } = &*self.shared;
        self.shared.know(queue);
        answering.call_once(|| {
            tokio::spawn(census::answer_all(Arc::downgrade(&self.shared)));
        });
        let in_hand = hands.of(queue);
        let consumer = side.answered(async {
            let live = side.live().await?;
            RabbitConsumer::open(live, publisher.clone(), in_hand, queue, prefetch).await
        });
        Ok(Box::new(consumer.await?))
    }

    async fn depth(&self, queue: &str) -> Result<Depth, QueueError> {
        self.shared.side.asked(|| self.shared.depth(queue)).await
    }

    async fn dead_letters(
        &self,
        filter: &DeadLetterFilter,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, QueueError> {
        self.shared.browse(filter, after, limit).await
    }

    async fn dead_letter(&self, id: &str) -> Result<Option<DeadLetter>, QueueError> {
        self.shared.find(id).await
    }

    async fn replay(&self, id: &str, corrected: Option<Bytes>) -> Result<bool, QueueError> {
        self.shared.replay(id, corrected).await
    }

    async fn replay_all(
        &self,
        filter: &DeadLetterFilter,
        dead_before: DateTime<Utc>,
    ) -> Result<u64, QueueError> {
        self.shared.replay_all(filter, dead_before).await
    }

    async fn delete_all(
        &self,
        filter: &DeadLetterFilter,
        dead_before: DateTime<Utc>,
    ) -> Result<u64, QueueError> {
        self.shared.delete_all(filter, dead_before).await
    }

    async fn survey(
        &self,
        filter: &DeadLetterFilter,
        visit: &mut (dyn FnMut(DeadLetter) + Send),
    ) -> Result<(), QueueError> {
        self.shared.survey(filter, visit).await
    }

    async fn delete_dead_letter(&self, id: &str) -> Result<bool, QueueError> {
        self.shared.delete(id).await
    }

    async fn check(&self) -> Result<(), QueueError> {
        self.shared.publisher.check().await
    }
}
