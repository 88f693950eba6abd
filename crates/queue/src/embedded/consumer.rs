//! The consumer of one queue.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use tokio::{
    sync::{Mutex, OwnedSemaphorePermit},
    time::{Instant, timeout_at},
};

use super::{
    Shared,
    command::{Command, Lease, Register, Settle},
    error,
    hands::{Hands, Taken},
    wake::Bell,
};
use crate::{Consumer, Delivery, DeliveryTag, QueueError, Verdict};

pub(super) struct EmbeddedConsumer {
    hands: Arc<Hands>,
    bell: Arc<Bell>,
    registering: Mutex<()>,
    shared: Arc<Shared>,
}

impl EmbeddedConsumer {
    pub(super) async fn open(
        shared: Arc<Shared>,
        queue: &str,
        prefetch: usize,
    ) -> Result<Self, QueueError> {
        let queue = Arc::from(queue);
        let bell = shared.bells.of(&queue);
        let hands = Arc::new(Hands::new(queue, prefetch, shared.returns.clone()));
        let consumer = Self { hands, bell, registering: Mutex::default(), shared };
        consumer.register(0).await?;
        Ok(consumer)
    }

    /// Makes this consumer known, unless that was done since it was known as `before`.
    async fn register(&self, before: i64) -> Result<(), QueueError> {
        let _one_at_a_time = self.registering.lock().await;
        if self.hands.consumer() != before {
            return Ok(());
        }
        let hands = self.hands.clone();
        self.shared.commands.ask(|reply| Command::Register(Register { hands, reply })).await
    }

    async fn lease(&self, limit: usize) -> Result<Taken, QueueError> {
        loop {
            let consumer = self.hands.consumer();
            let hands = self.hands.clone();
            let lease = |reply| Command::Lease(Lease { hands, consumer, limit, reply });
            if let Some(taken) = self.shared.commands.ask(lease).await? {
                return Ok(taken);
            }
            tracing::warn!("this process was silent for too long; what it had in hand went back");
            self.register(consumer).await?;
        }
    }

    /// Waits for room for one delivery, and takes room for up to `max`.
    async fn room(&self, max: usize) -> Result<OwnedSemaphorePermit, QueueError> {
        let room = self.hands.room().clone();
        let mut room = room.acquire_owned().await.map_err(|_| error::shut())?;
        self.widen(&mut room, max);
        Ok(room)
    }

    fn widen(&self, room: &mut OwnedSemaphorePermit, max: usize) {
        let more =
            self.hands.room().available_permits().min(max.saturating_sub(room.num_permits()));
        let more = u32::try_from(more).unwrap_or(u32::MAX);
        if let Ok(more) = self.hands.room().clone().try_acquire_many_owned(more) {
            room.merge(more);
        }
    }
}

/// What one call of `receive` has taken so far; all of it goes back if the call is cancelled.
#[derive(Default)]
struct Gathered {
    taken: Vec<Taken>,
    count: usize,
    /// When the call ends at the latest; set by the first message.
    deadline: Option<Instant>,
}

#[async_trait]
impl Consumer for EmbeddedConsumer {
    async fn receive(&self, max: usize, linger: Duration) -> Result<Vec<Delivery>, QueueError> {
        let max = max.max(1);
        self.shared.rush.give_way().await;
        let mut room = self.room(max).await?;
        let mut gathered = Gathered::default();
        let waiting = self.bell.listen();
        loop {
            // Listens before it looks, so that no message slips in between.
            let rung = waiting.rung();
            match self.lease(room.num_permits() - gathered.count).await {
                Ok(taken) => gathered.add(taken, linger),
                Err(error) if gathered.count == 0 => return Err(error),
                // The next call will tell.
                Err(_) => break,
            }
            if gathered.count == max || gathered.is_late() {
                break;
            }
            let Some(deadline) = gathered.deadline else {
                rung.await;
                continue;
            };
            if gathered.count < room.num_permits() {
                if timeout_at(deadline, rung).await.is_err() {
                    break;
                }
                // Where one came more will come: to look at each would only keep the writer busy.
                tokio::time::sleep_until(deadline.min(Instant::now() + linger / 4)).await;
            } else {
                match timeout_at(deadline, self.room(max - room.num_permits())).await {
                    Ok(more) => room.merge(more?),
                    Err(_) => break,
                }
            }
            self.widen(&mut room, max);
        }
        Ok(gathered.deliver(room))
    }

    async fn settle(&self, verdicts: Vec<(DeliveryTag, Verdict)>) -> Result<(), QueueError> {
        if verdicts.is_empty() {
            return Ok(());
        }
        let hands = self.hands.clone();
        self.shared.commands.ask(|reply| Command::Settle(Settle { hands, verdicts, reply })).await
    }
}

impl Gathered {
    fn add(&mut self, taken: Taken, linger: Duration) {
        if taken.len() > 0 {
            self.deadline.get_or_insert_with(|| Instant::now() + linger);
            self.count += taken.len();
            self.taken.push(taken);
        }
    }

    fn is_late(&self) -> bool {
        self.deadline.is_some_and(|deadline| deadline <= Instant::now())
    }

    /// Gives everything to the caller. The room it takes is free again when it is settled.
    fn deliver(self, mut room: OwnedSemaphorePermit) -> Vec<Delivery> {
        let mut deliveries = Vec::with_capacity(self.count);
        for taken in self.taken {
            taken.deliver(&mut deliveries);
        }
        if let Some(used) = room.split(deliveries.len()) {
            used.forget();
        }
        deliveries
    }
}
