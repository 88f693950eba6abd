//! Tells malformed messages from events.

use std::time::Instant;

use domain::{Event, EventData};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::{Handler, Job, SHORTEST_PAUSE, Worker, sleep};
use crate::{Delivery, DeliveryTag, Message, QueueError, Verdict};

/// How far triage looks ahead during an outage. What it holds is a tag per message.
const LOOK_AHEAD: usize = 1000;

/// Events with their tags, and verdicts on what is none.
pub(super) type Sorted<T> = (Vec<Job<T>>, Vec<DeliveryTag>, Vec<(DeliveryTag, Verdict)>);

impl<H: Handler> Worker<H> {
    pub(super) fn sort(&self, deliveries: Vec<Delivery>) -> Sorted<H::Data> {
        let mut jobs = Vec::with_capacity(deliveries.len());
        let mut tags = Vec::with_capacity(deliveries.len());
        let mut malformed = Vec::new();
        for Delivery { tag, message, attempts } in deliveries {
            match parse(&message) {
                Ok(event) => {
                    tags.push(tag);
                    let traceparent = message.traceparent;
                    let delivery = uuid::Uuid::new_v4();
                    jobs.push(Job { event, attempts, traceparent, delivery });
                }
                Err(cause) => {
                    let by = self.settings.name.to_owned();
                    malformed.push((tag, Verdict::DeadLetter { cause, by, tried: false }));
                }
            }
        }
        (jobs, tags, malformed)
    }

    /// Dead-letters what is malformed while an outage keeps the batches waiting: a malformed
    /// message needs nothing that could be away.
    pub(super) async fn triage(self: std::sync::Arc<Self>, over: CancellationToken) {
        let mut outage = self.outage.subscribe();
        // Of one outage the first failure is told.
        let mut told = false;
        while !over.is_cancelled() {
            tokio::select! {
                () = over.cancelled() => return,
                _ = outage.wait_for(Option::is_some) => {}
            }
            let result = tokio::select! {
                () = over.cancelled() => return,
                _ = outage.wait_for(Option::is_none) => {
                    told = false;
                    Ok(())
                }
                result = self.look_ahead() => result,
            };
            if let Err(error) = result {
                if !std::mem::replace(&mut told, true) {
                    warn!(queue = self.topic.queue, %error, "malformed messages wait for now");
                }
                sleep(SHORTEST_PAUSE, &over).await;
            }
        }
    }

    /// Takes messages and settles those that are malformed; the others go back when it is dropped.
    async fn look_ahead(&self) -> Result<(), QueueError> {
        let consumer = self.queue.consume(self.topic.queue, LOOK_AHEAD).await?;
        loop {
            let deliveries = consumer.receive(LOOK_AHEAD, self.settings.linger).await?;
            let (_, _, malformed) = self.sort(deliveries);
            self.settle(&*consumer, malformed, Instant::now()).await?;
        }
    }
}

/// What a worker would say to a message of a type, before anything is done with it.
pub(crate) fn parse<T: EventData>(message: &Message) -> Result<Event<T>, String> {
    let essence = message.content_type.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case(Message::EVENT) {
        return Err(format!("content type is {essence:?}; expected {}", Message::EVENT));
    }
    Event::parse(&message.body).map_err(|e| e.to_string())
}
