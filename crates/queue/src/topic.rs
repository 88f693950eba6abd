//! The queues by name, and publishing with types.

use std::marker::PhantomData;

use domain::{EmailRequested, Event, EventData, RegistrationSubmitted, ReportRequested};

use futures::future::BoxFuture;
use tracing::Span;

use crate::{Message, Queue, QueueError, batch, worker::parse};

/// A queue that carries events of one type.
#[derive(Debug)]
pub struct Topic<T> {
    /// The queue's name.
    pub queue: &'static str,
    data: PhantomData<fn() -> T>,
}

impl<T> Clone for Topic<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Topic<T> {}

/// Submissions on their way to becoming rows.
pub const USER_REGISTRATION: Topic<RegistrationSubmitted> = Topic::new("user.registration");
/// E-mails to be sent.
pub const EMAIL_NOTIFICATIONS: Topic<EmailRequested> = Topic::new("email.notifications");
/// Reports to be made.
pub const REPORT_REQUESTS: Topic<ReportRequested> = Topic::new("report.requests");
/// The names of all queues, in the order of the way through the system.
pub const TOPICS: [&str; 3] =
    [USER_REGISTRATION.queue, EMAIL_NOTIFICATIONS.queue, REPORT_REQUESTS.queue];

impl<T: EventData> Topic<T> {
    /// Publishes events, each with the trace it continues, and returns when all are durable.
    pub fn publish<'a>(
        &self,
        queue: &'a dyn Queue,
        events: impl IntoIterator<Item = (Event<T>, Option<String>)>,
    ) -> BoxFuture<'a, Result<(), QueueError>> {
        let mut spans = Vec::new();
        let messages = events
            .into_iter()
            .map(|(event, traceparent)| {
                let span = self.sending(&event, traceparent.as_deref());
                let sent = span.as_ref().and_then(trace::traceparent_of);
                spans.extend(span);
                let json = event.to_json();
                Message::event(event.id, json).with_traceparent(sent.or(traceparent))
            })
            .collect();
        let published = queue.publish(self.queue, messages);
        if spans.is_empty() {
            return published;
        }
        Box::pin(async move {
            let result = published.await;
            // They end when the messages are durable.
            drop(spans);
            result
        })
    }

    /// The span of an event on its way into the queue, in a trace that somebody collects.
    fn sending(&self, event: &Event<T>, traceparent: Option<&str>) -> Option<Span> {
        let traceparent = traceparent.filter(|_| trace::is_on())?;
        let span = trace::span!(
            "producer",
            format!("send {}", self.queue),
            messaging.system = "userstream",
            messaging.destination.name = self.queue,
            messaging.message.id = event.id,
        );
        trace::continue_from(&span, Some(traceparent));
        Some(span)
    }
}

/// Whether the consumer of a queue could read a message: what would make it a dead letter at once.
pub fn check(queue: &str, message: &Message) -> Result<(), String> {
    let check = |message: &Message| match queue {
        name if name == USER_REGISTRATION.queue => {
            parse::<RegistrationSubmitted>(message).map(drop)
        }
        name if name == EMAIL_NOTIFICATIONS.queue => parse::<EmailRequested>(message).map(drop),
        name if name == REPORT_REQUESTS.queue => parse::<ReportRequested>(message).map(drop),
        other => Err(format!("there is no queue {other:?}")),
    };
    batch::split(message.clone()).iter().try_for_each(check)
}

impl<T> Topic<T> {
    /// A topic on a queue of that name.
    pub const fn new(queue: &'static str) -> Self {
        Self { queue, data: PhantomData }
    }
}
