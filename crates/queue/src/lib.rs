//! Durable queues.
//!
//! [`Queue`] is the one trait that services know. It promises at-least-once delivery, no order,
//! delayed retries, and dead letters that keep the message byte for byte. [`open()`] picks the
//! backend by the URL's scheme; a backend is whatever passes the `conformance` suite.
//!
//! Above the trait, [`Topic`] adds types to publishing and [`Worker`] runs a consumer: it judges
//! malformed messages, retries by schedule, and pauses while a dependency is away.

mod batch;
#[cfg(feature = "conformance")]
pub mod conformance;
mod embedded;
mod message;
mod open;
#[cfg(feature = "rabbitmq")]
mod rabbitmq;
mod topic;
mod worker;

pub use batch::corrected;
pub use embedded::{EmbeddedQueue, EmbeddedSettings};
pub use message::{
    DeadLetter, DeadLetterFilter, Delivery, DeliveryTag, Depth, Message, QueueError, Verdict,
};
pub use open::{QueueUrlError, file_of, open};
#[cfg(feature = "rabbitmq")]
pub use rabbitmq::{RabbitQueue, RabbitSettings};
pub use topic::{EMAIL_NOTIFICATIONS, REPORT_REQUESTS, TOPICS, Topic, USER_REGISTRATION, check};
pub use worker::{
    Handler, Job, Outage, Outcome, RetryDelays, Worker, WorkerSettings, without_addresses,
};

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

/// A set of named durable queues. Cheap to share; every method may be called concurrently.
///
/// A queue comes to be when it is first named.
#[async_trait]
pub trait Queue: Send + Sync + 'static {
    /// Publishes messages and returns when every one of them is durable.
    ///
    /// After an error some of them may be durable nevertheless: to repeat the call is right, since
    /// consumers are idempotent by the id in the data. A message in CloudEvents batch mode is
    /// delivered as its single events.
    async fn publish(&self, queue: &str, messages: Vec<Message>) -> Result<(), QueueError>;

    /// Starts to consume. At most `prefetch` deliveries are unsettled at any time.
    ///
    /// Dropping the consumer hands back what it had not settled, with no attempt counted.
    async fn consume(&self, queue: &str, prefetch: usize) -> Result<Box<dyn Consumer>, QueueError>;

    /// How many messages a queue holds.
    async fn depth(&self, queue: &str) -> Result<Depth, QueueError>;

    /// Dead letters, oldest first; continues behind `after`, the id of the last one seen.
    async fn dead_letters(
        &self,
        filter: &DeadLetterFilter,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, QueueError>;

    /// One dead letter, or `None` when there is none of that id.
    async fn dead_letter(&self, id: &str) -> Result<Option<DeadLetter>, QueueError>;

    /// Moves a dead letter back into its queue, with no attempts counted, in its own words or in
    /// those of `corrected`. `false` when there is none of that id.
    ///
    /// It is in at least one of the two places at any moment.
    async fn replay(&self, id: &str, corrected: Option<bytes::Bytes>) -> Result<bool, QueueError>;

    /// Moves all dead letters that pass a filter, and were dead at a time, back into their queues as
    /// they are; gives how many. What dies again meanwhile stays.
    async fn replay_all(
        &self,
        filter: &DeadLetterFilter,
        dead_before: DateTime<Utc>,
    ) -> Result<u64, QueueError>;

    /// Deletes all dead letters that pass a filter, and were dead at a time; gives how many.
    async fn delete_all(
        &self,
        filter: &DeadLetterFilter,
        dead_before: DateTime<Utc>,
    ) -> Result<u64, QueueError>;

    /// Shows every dead letter that passes a filter, without holding them all: about in the order in which
    /// they died, which a look may change.
    async fn survey(
        &self,
        filter: &DeadLetterFilter,
        visit: &mut (dyn FnMut(DeadLetter) + Send),
    ) -> Result<(), QueueError>;

    /// Deletes a dead letter. `false` when there is none of that id.
    async fn delete_dead_letter(&self, id: &str) -> Result<bool, QueueError>;

    /// Whether the backend answers.
    async fn check(&self) -> Result<(), QueueError>;
}

/// One consumer of one queue. `receive` and `settle` may be called concurrently.
#[async_trait]
pub trait Consumer: Send + Sync {
    /// Waits until there is a message, then takes up to `max`: those that are there, and those
    /// that come within `linger`. Waits longer while `prefetch` deliveries are unsettled.
    ///
    /// Cancel-safe: a delivery that was taken by a cancelled call comes again.
    async fn receive(&self, max: usize, linger: Duration) -> Result<Vec<Delivery>, QueueError>;

    /// Gives each delivery its verdict, and returns when all of them are durable.
    ///
    /// A delivery that is no longer this consumer's (it was handed to another after a long
    /// silence) is passed over: the other will settle it. After an error to repeat the call is
    /// right.
    async fn settle(&self, verdicts: Vec<(DeliveryTag, Verdict)>) -> Result<(), QueueError>;
}
