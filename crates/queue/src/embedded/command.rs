//! What callers ask of the writer, and the bounded way to it.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::{
    sync::{
        OwnedSemaphorePermit, Semaphore,
        mpsc::{self, error::TrySendError},
        oneshot,
    },
    time::{Instant, MissedTickBehavior, timeout_at},
};

use super::{
    error,
    hands::{Hands, Taken},
    publish::NewMessage,
};
use crate::{DeliveryTag, QueueError, Verdict};

/// Commands that wait for the next transaction, and that one transaction takes.
pub(super) const WAITING_COMMANDS: usize = 1024;
/// Bytes of messages that wait to be durable.
const WAITING_KIB: usize = 32 * 1024;

pub(super) type Reply<T> = oneshot::Sender<Result<T, QueueError>>;

pub(super) enum Command {
    Publish(Publish),
    Register(Register),
    Lease(Lease),
    Settle(Settle),
    Replay(Replay),
    Delete(Delete),
    /// Does nothing but to be committed.
    Probe(Reply<()>),
    /// Says that something was let go of.
    TakeBack,
    /// Says that this process lives.
    Heartbeat,
}

pub(super) struct Publish {
    pub messages: Vec<NewMessage>,
    pub reply: Reply<()>,
    /// Its share of the bytes that may wait.
    pub _bytes: OwnedSemaphorePermit,
}

/// Makes a consumer known to all processes.
pub(super) struct Register {
    pub hands: Arc<Hands>,
    pub reply: Reply<()>,
}

/// Takes messages for a consumer. The answer is `None` when the consumer is no longer known, its
/// process having been silent for too long.
pub(super) struct Lease {
    pub hands: Arc<Hands>,
    pub consumer: i64,
    pub limit: usize,
    pub reply: Reply<Option<Taken>>,
}

pub(super) struct Settle {
    pub hands: Arc<Hands>,
    pub verdicts: Vec<(DeliveryTag, Verdict)>,
    pub reply: Reply<()>,
}

pub(super) struct Replay {
    pub id: String,
    pub corrected: Option<Bytes>,
    pub reply: Reply<bool>,
}

pub(super) struct Delete {
    pub id: String,
    pub reply: Reply<bool>,
}

/// The way to the writer.
pub(super) struct Commands {
    sender: mpsc::Sender<Command>,
    bytes: Arc<Semaphore>,
    patience: Duration,
}

impl Commands {
    /// Says again and again that this process lives, for as long as anybody can ask anything. It comes
    /// from the runtime that serves the consumers: one that hangs is missed.
    pub(super) fn heartbeat(&self, every: Duration) -> impl Future<Output = ()> + use<> {
        let sender = self.sender.downgrade();
        async move {
            let mut ticks = tokio::time::interval(every);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                ticks.tick().await;
                let Some(sender) = sender.upgrade() else { return };
                if sender.send(Command::Heartbeat).await.is_err() {
                    return;
                }
            }
        }
    }

    /// For what must not keep the writer waiting for commands.
    pub(super) fn downgrade(&self) -> mpsc::WeakSender<Command> {
        self.sender.downgrade()
    }

    pub(super) fn new(patience: Duration) -> (Self, mpsc::Receiver<Command>) {
        let (sender, receiver) = mpsc::channel(WAITING_COMMANDS);
        (Self { sender, bytes: Arc::new(Semaphore::new(WAITING_KIB)), patience }, receiver)
    }

    /// Hands a command to the writer and waits until it is committed.
    pub(super) async fn ask<T>(
        &self,
        command: impl FnOnce(Reply<T>) -> Command,
    ) -> Result<T, QueueError> {
        let (reply, answer) = oneshot::channel();
        self.hand_over(command(reply), Instant::now() + self.patience).await?;
        answered(answer).await
    }

    pub(super) async fn publish(&self, messages: Vec<NewMessage>) -> Result<(), QueueError> {
        let deadline = Instant::now() + self.patience;
        let kib: usize = messages.iter().map(|m| m.size() / 1024 + 1).sum();
        // What is larger than all that may wait goes alone.
        let share = u32::try_from(kib.min(WAITING_KIB)).unwrap_or(u32::MAX);
        let bytes = match self.bytes.clone().try_acquire_many_owned(share) {
            Ok(bytes) => bytes,
            Err(_) => Box::pin(self.wait_for_bytes(share, deadline)).await?,
        };
        let (reply, answer) = oneshot::channel();
        let command = Command::Publish(Publish { messages, reply, _bytes: bytes });
        self.hand_over(command, deadline).await?;
        answered(answer).await
    }

    async fn wait_for_bytes(
        &self,
        share: u32,
        deadline: Instant,
    ) -> Result<OwnedSemaphorePermit, QueueError> {
        match timeout_at(deadline, self.bytes.clone().acquire_many_owned(share)).await {
            Ok(Ok(bytes)) => Ok(bytes),
            Ok(Err(_)) => Err(error::shut()),
            Err(_) => Err(QueueError::Overloaded),
        }
    }

    /// Passes a command on. Where it must wait it does so in a box, so that the usual way does not
    /// carry the space for that along.
    async fn hand_over(&self, command: Command, deadline: Instant) -> Result<(), QueueError> {
        let command = match self.sender.try_send(command) {
            Ok(()) => return Ok(()),
            Err(TrySendError::Closed(_)) => return Err(error::shut()),
            Err(TrySendError::Full(command)) => command,
        };
        match Box::pin(timeout_at(deadline, self.sender.send(command))).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(error::shut()),
            Err(_) => Err(QueueError::Overloaded),
        }
    }
}

async fn answered<T>(answer: oneshot::Receiver<Result<T, QueueError>>) -> Result<T, QueueError> {
    answer.await.unwrap_or_else(|_| Err(error::shut()))
}
