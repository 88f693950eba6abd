//! What goes through a queue, and what becomes of it.

use std::{borrow::Cow, time::Duration};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A message as the queue carries it: bytes with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The id of the event within; for people and logs, not for deduplication.
    pub id: String,
    /// [`Message::EVENT`] or [`Message::BATCH`]; anything else is malformed to every consumer.
    pub content_type: Cow<'static, str>,
    /// W3C Trace Context `traceparent` of whoever caused the message.
    pub traceparent: Option<String>,
    /// The body, kept byte for byte.
    pub body: Bytes,
}

impl Message {
    /// The content type of one event (CloudEvents JSON format, structured mode).
    pub const EVENT: &'static str = "application/cloudevents+json";
    /// The content type of several events (CloudEvents JSON batch format).
    pub const BATCH: &'static str = "application/cloudevents-batch+json";

    /// A message of one event.
    pub fn event(id: impl Into<String>, body: impl Into<Bytes>) -> Self {
        Self {
            id: id.into(),
            content_type: Self::EVENT.into(),
            traceparent: None,
            body: body.into(),
        }
    }

    /// A content type as it was read, without a copy of those that nearly every message has.
    pub(crate) fn known_type(content_type: &str) -> Cow<'static, str> {
        match content_type {
            Self::EVENT => Self::EVENT.into(),
            Self::BATCH => Self::BATCH.into(),
            other => other.to_owned().into(),
        }
    }

    /// The same message within a trace.
    #[must_use]
    pub fn with_traceparent(mut self, traceparent: Option<String>) -> Self {
        self.traceparent = traceparent;
        self
    }
}

/// Names a delivery to the consumer that received it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeliveryTag(pub u64);

/// A message in a consumer's hand.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// For [`crate::Consumer::settle`].
    pub tag: DeliveryTag,
    /// The message; never in batch mode.
    pub message: Message,
    /// Attempts that ended in [`Verdict::Retry`] so far.
    pub attempts: u32,
}

/// What becomes of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is done; the queue forgets it.
    Ack,
    /// It failed for a cause of its own that may pass: one more attempt is counted, and it comes
    /// again after the delay.
    Retry {
        /// How long it waits at the least.
        after: Duration,
        /// Why it failed.
        cause: String,
    },
    /// It cannot be done: it goes to the dead letters of its queue.
    DeadLetter {
        /// Why.
        cause: String,
        /// Who gave up, such as `queue-receiver`.
        by: String,
        /// Whether this delivery was an attempt, to be counted; a malformed one is not tried.
        tried: bool,
    },
    /// It cannot be tried now for no fault of its own: it comes again after the delay, with no
    /// attempt counted.
    Postpone {
        /// How long it waits at the least.
        after: Duration,
    },
    /// It was not tried: it comes again at once, with no attempt counted.
    Release,
}

/// How many messages a queue holds. On RabbitMQ one that was packed in a rush holds up to 64 events, and
/// counts once until a consumer has it in hand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Depth {
    /// Could be delivered now.
    pub ready: u64,
    /// Wait for their next attempt.
    pub delayed: u64,
    /// Are in a consumer's hand.
    pub unacknowledged: u64,
    /// Lie in the queue's dead letters.
    pub dead_letters: u64,
    /// Consumers that are connected, in all processes.
    pub consumers: u64,
}

/// A message that could not be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// Names this dead letter.
    pub id: String,
    /// The queue it came from.
    pub queue: String,
    /// The message, byte for byte.
    pub message: Message,
    /// Why the last attempt failed.
    pub cause: String,
    /// Who gave up.
    pub by: String,
    /// Attempts in all, the last one included; 0 when it was not tried, being malformed.
    pub attempts: u32,
    /// When the first attempt failed.
    pub first_failed_at: DateTime<Utc>,
    /// When it was given up.
    pub dead_at: DateTime<Utc>,
}

/// Which dead letters; an absent field does not filter.
#[derive(Clone, Debug, Default)]
pub struct DeadLetterFilter {
    /// Of this queue.
    pub queue: Option<String>,
    /// Whose cause contains this text.
    pub cause: Option<String>,
}

/// Why a queue did not do what it was asked. All are of the backend, none of a message.
#[derive(Clone, Debug, thiserror::Error)]
pub enum QueueError {
    /// The backend does not answer, is full or is shut.
    #[error("the queue is unavailable: {0}")]
    Unavailable(String),
    /// More is waiting to be made durable than the backend can take in good time.
    #[error("the queue is overloaded; try again shortly")]
    Overloaded,
}
