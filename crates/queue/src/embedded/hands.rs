//! What a consumer has in hand, and how it comes back when the consumer lets go.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
};

use tokio::sync::{Semaphore, mpsc::WeakSender};

use super::command::Command;
use crate::{Delivery, DeliveryTag, Message};

/// A consumer's deliveries, shared by the consumer and by its commands on their way.
///
/// When the last of them is gone, all that it had in hand goes back.
pub(super) struct Hands {
    queue: Arc<str>,
    /// The row in `consumers`; 0 before it is registered.
    consumer: AtomicI64,
    /// How many more deliveries it may take.
    room: Arc<Semaphore>,
    held: Mutex<Held>,
    returns: Arc<Returns>,
}

#[derive(Default)]
struct Held {
    last_tag: u64,
    by_tag: HashMap<DeliveryTag, HeldMessage>,
}

/// Where a delivery's message is in the file.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct HeldMessage {
    pub row: i64,
    /// Its number among the events of the row, where there are several.
    pub event: Option<u32>,
    /// The consumer it was taken by; no longer this one if it was silent for too long.
    pub consumer: i64,
}

impl Hands {
    pub(super) fn new(queue: Arc<str>, prefetch: usize, returns: Arc<Returns>) -> Self {
        let room = Arc::new(Semaphore::new(prefetch.clamp(1, Semaphore::MAX_PERMITS)));
        Self { queue, consumer: AtomicI64::new(0), room, held: Mutex::default(), returns }
    }

    pub(super) fn queue(&self) -> &Arc<str> {
        &self.queue
    }

    pub(super) fn consumer(&self) -> i64 {
        self.consumer.load(Ordering::Acquire)
    }

    pub(super) fn registered_as(&self, consumer: i64) {
        self.consumer.store(consumer, Ordering::Release);
    }

    pub(super) fn room(&self) -> &Arc<Semaphore> {
        &self.room
    }

    pub(super) fn find(&self, tag: DeliveryTag) -> Option<HeldMessage> {
        lock(&self.held).by_tag.get(&tag).copied()
    }

    /// Forgets deliveries whose verdicts are durable, which makes room for as many.
    pub(super) fn settled(&self, tags: impl Iterator<Item = DeliveryTag>) {
        let mut held = lock(&self.held);
        let forgotten = tags.filter(|tag| held.by_tag.remove(tag).is_some()).count();
        drop(held);
        self.room.add_permits(forgotten);
    }
}

impl Drop for Hands {
    fn drop(&mut self) {
        let consumer = *self.consumer.get_mut();
        if consumer != 0 {
            self.returns.push(Return::Consumer { consumer, queue: self.queue.clone() });
        }
    }
}

/// A message that was taken.
pub(super) struct TakenMessage {
    pub row: i64,
    /// Its number among the events of the row, where there are several.
    pub event: Option<u32>,
    pub attempts: u32,
    pub message: Message,
}

/// Messages that were taken and not yet given to the caller; they go back if it went away.
pub(super) struct Taken {
    hands: Arc<Hands>,
    consumer: i64,
    messages: Vec<TakenMessage>,
}

impl Taken {
    pub(super) fn new(hands: Arc<Hands>, consumer: i64, messages: Vec<TakenMessage>) -> Self {
        Self { hands, consumer, messages }
    }

    pub(super) fn len(&self) -> usize {
        self.messages.len()
    }

    /// Gives the messages to the caller, each with a tag to settle it by.
    pub(super) fn deliver(mut self, deliveries: &mut Vec<Delivery>) {
        let mut held = lock(&self.hands.held);
        deliveries.extend(self.messages.drain(..).map(|taken| {
            held.last_tag += 1;
            let tag = DeliveryTag(held.last_tag);
            let TakenMessage { row, event, attempts, message } = taken;
            held.by_tag.insert(tag, HeldMessage { row, event, consumer: self.consumer });
            Delivery { tag, message, attempts }
        }));
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        if !self.messages.is_empty() {
            let rows = self.messages.iter().map(|m| m.row).collect();
            let queue = self.hands.queue.clone();
            self.hands.returns.push(Return::Messages { consumer: self.consumer, rows, queue });
        }
    }
}

/// What was let go of without waiting, until the writer takes it back. Bounded by what consumers
/// may have in hand.
pub(super) struct Returns {
    waiting: Mutex<Vec<Return>>,
    writer: WeakSender<Command>,
}

pub(super) enum Return {
    /// Messages that nobody received.
    Messages { consumer: i64, rows: Vec<i64>, queue: Arc<str> },
    /// A consumer that is gone, with all it had in hand.
    Consumer { consumer: i64, queue: Arc<str> },
}

impl Return {
    pub(super) fn queue(&self) -> &Arc<str> {
        match self {
            Self::Messages { queue, .. } | Self::Consumer { queue, .. } => queue,
        }
    }
}

impl Returns {
    pub(super) fn new(writer: WeakSender<Command>) -> Self {
        Self { waiting: Mutex::default(), writer }
    }

    fn push(&self, item: Return) {
        lock(&self.waiting).push(item);
        // Where there is no room for the hint the writer has work, and looks here before it does any.
        if let Some(writer) = self.writer.upgrade() {
            let _ = writer.try_send(Command::TakeBack);
        }
    }

    pub(super) fn take(&self) -> Vec<Return> {
        std::mem::take(&mut lock(&self.waiting))
    }

    /// Puts back what could not be taken back; waits for the next transaction, whoever causes it.
    pub(super) fn put_back(&self, items: Vec<Return>) {
        lock(&self.waiting).extend(items);
    }
}

/// Locks; what these mutexes guard is whole between any two statements.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
