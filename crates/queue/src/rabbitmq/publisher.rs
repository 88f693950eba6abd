//! Publishing: returns when the broker has confirmed every message.
//!
//! All callers share a channel. What is on its way is bounded, by count and by bytes; who finds no room
//! waits for a while and is then told so.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Waker},
    time::Duration,
};

use futures::future::{MaybeDone, maybe_done};
use lapin::{
    Channel, Confirmation,
    options::{BasicPublishOptions, ConfirmSelectOptions},
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, sleep, timeout, timeout_at},
};

use super::{
    envelope::Outgoing,
    error::{silent, unavailable},
    link::{Link, Live},
    topology::Kind,
};
use crate::QueueError;

/// Messages that are on their way at one time, at the most.
pub(super) const WINDOW: usize = 2_048;
/// And their bytes.
const WINDOW_KIB: usize = 32 * 1024;

/// How much longer than all else a new queue may take.
const MAKING: Duration = Duration::from_secs(6);

/// Before a message is published again that the broker did not take.
const PAUSE: Duration = Duration::from_millis(100);

pub(super) struct Publisher {
    link: Link,
    open: tokio::sync::Mutex<Option<Arc<Open>>>,
    messages: Arc<Semaphore>,
    kib: Arc<Semaphore>,
    patience: Duration,
}

/// The place of messages among all that are on their way, by count and by KiB.
pub(super) struct Room(
    #[expect(dead_code, reason = "given back when dropped")] [OwnedSemaphorePermit; 2],
);

/// A channel in confirm mode.
struct Open {
    live: Arc<Live>,
    channel: Channel,
    /// The broker counts the messages as they arrive, and the client as they are handed to it: both
    /// must be in the same order, or a confirm would be taken for another message's.
    in_order: Mutex<()>,
}

impl Publisher {
    pub(super) fn new(link: Link, patience: Duration) -> Self {
        Self {
            link,
            open: tokio::sync::Mutex::default(),
            messages: Arc::new(Semaphore::new(WINDOW)),
            kib: Arc::new(Semaphore::new(WINDOW_KIB)),
            patience,
        }
    }

    /// When a publish that begins now has taken too long.
    pub(super) fn deadline(&self) -> Instant {
        Instant::now() + self.patience
    }

    /// Publishes messages as they are.
    pub(super) async fn publish(&self, mut messages: Vec<Outgoing>) -> Result<(), QueueError> {
        let deadline = self.deadline();
        while !messages.is_empty() {
            let rest = messages.split_off(messages.len().min(WINDOW));
            let part = std::mem::replace(&mut messages, rest);
            let room = self.room(part.iter().map(|m| m.body.len()), deadline).await?;
            self.send(part, vec![room], deadline).await?;
        }
        Ok(())
    }

    /// Waits for room for messages of so many bytes each, [`WINDOW`] of them at the most.
    pub(super) async fn room(
        &self,
        bytes: impl ExactSizeIterator<Item = usize>,
        deadline: Instant,
    ) -> Result<Room, QueueError> {
        let take = async |of: &Arc<Semaphore>, share: usize| {
            let share = u32::try_from(share).unwrap_or(u32::MAX);
            match timeout_at(deadline, of.clone().acquire_many_owned(share)).await {
                Ok(Ok(permit)) => Ok(permit),
                _ => Err(QueueError::Overloaded),
            }
        };
        let messages = take(&self.messages, bytes.len()).await?;
        let kib: usize = bytes.map(|bytes| bytes / 1024 + 1).sum();
        // What is larger than all that may be on its way goes alone.
        Ok(Room([messages, take(&self.kib, kib.min(WINDOW_KIB)).await?]))
    }

    /// Sends messages that there is room for and waits for all confirms; sends again what was on its way
    /// when a connection was lost.
    pub(super) async fn send(
        &self,
        mut messages: Vec<Outgoing>,
        room: Vec<Room>,
        deadline: Instant,
    ) -> Result<(), QueueError> {
        let room = Arc::new(room);
        loop {
            let open = timeout_at(deadline, self.open()).await.map_err(|_| silent("connect"))??;
            // On a task of its own: a caller that goes away leaves no confirm behind that nobody takes.
            let sent = tokio::spawn(send(open, messages, room.clone()));
            let sent = timeout_at(deadline, sent).await.map_err(|_| silent("confirm"))?;
            let refused = sent.map_err(|e| QueueError::Unavailable(e.to_string()))?;
            let Some(Refused { messages: again, error }) = refused else { return Ok(()) };
            if timeout_at(deadline, sleep(PAUSE)).await.is_err() {
                return Err(error);
            }
            for message in &again {
                self.declare(message.queue.as_str(), message.kind()).await?;
            }
            messages = again;
        }
    }

    async fn open(&self) -> Result<Arc<Open>, QueueError> {
        let mut slot = self.open.lock().await;
        if let Some(open) = &*slot
            && open.channel.status().connected()
        {
            return Ok(open.clone());
        }
        let live = self.link.live().await?;
        let channel = live.channel().await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await.map_err(unavailable)?;
        let open = Arc::new(Open { live, channel, in_order: Mutex::new(()) });
        *slot = Some(open.clone());
        Ok(open)
    }

    /// Makes sure that a queue is there. To make one takes a while, but happens once in a broker's life.
    pub(super) async fn declare(&self, queue: &str, kind: Kind) -> Result<(), QueueError> {
        let live = timeout_at(self.deadline(), self.link.live()).await;
        let live = live.map_err(|_| silent("connect"))??;
        let declared = timeout(self.patience + MAKING, live.declare(&[(queue, kind)])).await;
        declared.map_err(|_| silent("make a queue"))?
    }

    /// Whether the broker takes messages.
    pub(super) async fn check(&self) -> Result<(), QueueError> {
        // A question and its answer: the connection may be dead without knowing.
        let again = ConfirmSelectOptions::default();
        self.open().await?.channel.confirm_select(again).await.map_err(unavailable)
    }
}

/// Messages that the broker did not take, and why.
struct Refused {
    messages: Vec<Outgoing>,
    error: QueueError,
}

/// Sends messages and waits for all confirms.
async fn send(open: Arc<Open>, messages: Vec<Outgoing>, _room: Arc<Vec<Room>>) -> Option<Refused> {
    let mut handed_over = hand_over(&open, &messages);
    let mut refused: Option<Refused> = None;
    for (message, confirmed) in messages.into_iter().zip(&mut handed_over) {
        confirmed.as_mut().await;
        let error = match confirmed.as_mut().take_output() {
            Some(Ok(Confirmation::Ack(None))) => continue,
            Some(Ok(_)) => {
                // The queue is not there, or is without a leader.
                open.live.undeclare(message.queue.as_str());
                let queue = &message.queue;
                QueueError::Unavailable(format!("RabbitMQ did not take a message into {queue}"))
            }
            Some(Err(error)) => unavailable(error),
            None => silent("confirm"),
        };
        refused
            .get_or_insert_with(|| Refused { messages: Vec::new(), error })
            .messages
            .push(message);
    }
    refused
}

/// Hands all messages to the client at once, in order. What is left to do is to wait.
fn hand_over(
    open: &Open,
    messages: &[Outgoing],
) -> Vec<Pin<Box<MaybeDone<impl Future<Output = lapin::Result<Confirmation>> + use<>>>>> {
    let publish = |m: &Outgoing| Box::pin(maybe_done(publish(open.channel.clone(), m.clone())));
    let mut messages: Vec<_> = messages.iter().map(publish).collect();
    let _in_order = open.in_order.lock().unwrap_or_else(PoisonError::into_inner);
    // The first poll hands a message over; whoever awaits it polls again.
    let mut context = Context::from_waker(Waker::noop());
    for message in &mut messages {
        let _ = message.as_mut().poll(&mut context);
    }
    messages
}

async fn publish(channel: Channel, message: Outgoing) -> lapin::Result<Confirmation> {
    // Without it the broker would confirm, and drop, what goes to a queue that is not there.
    let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
    let Outgoing { queue, body, properties, .. } = message;
    channel.basic_publish("".into(), queue, options, &body, properties).await?.await
}
