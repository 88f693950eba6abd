//! Durable queues in one file, for the processes of one machine.
//!
//! - The file is a `SQLite` database with a write-ahead log, synced at every commit. One thread per
//!   process writes; it commits together whatever waits (group commit), so that many small
//!   publishes share one sync, and answers after the commit.
//! - A message in a consumer's hand is leased to its process, which renews its lease with a
//!   heartbeat. When it stops doing so, its messages come back with no attempt counted.
//! - Consumers of the same process are woken by the commit, others by a light poll.
//! - Consumers give way while many wait to publish, and take some even then.

mod checkpoint;
mod command;
mod consumer;
mod dead_letters;
mod depth;
mod error;
mod hands;
mod lease;
mod owners;
mod pack;
mod publish;
mod readers;
mod rush;
mod schema;
mod settle;
mod wake;
mod work;
mod writer;

use std::{path::Path, sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use tokio::runtime::Handle;
use tokio_util::sync::{CancellationToken, DropGuard};

use self::{
    checkpoint::{Checkpoint, Copying},
    command::{Command, Commands, Delete, Replay},
    consumer::EmbeddedConsumer,
    hands::Returns,
    publish::NewMessage,
    readers::Readers,
    rush::Rush,
    wake::Bells,
    writer::Writer,
};
use crate::{Consumer, DeadLetter, DeadLetterFilter, Depth, Message, Queue, QueueError};

/// Dead letters that are in memory at one time while all are replayed.
const PAGE: usize = 200;

/// How an [`EmbeddedQueue`] behaves. The defaults suit; tests shorten them.
#[derive(Clone, Debug)]
pub struct EmbeddedSettings {
    /// How long a process may be silent before its deliveries go back.
    pub lease: Duration,
    /// How often a process says that it lives; well below `lease`.
    pub heartbeat: Duration,
    /// How often to look for messages of other processes and for delays that ended.
    pub poll: Duration,
    /// How long a call may wait to be taken before it ends with [`QueueError::Overloaded`].
    pub patience: Duration,
    /// How long to wait for another process that writes; below `lease`.
    pub lock_wait: Duration,
    /// The file's size at the most; beyond it the queue is full. `None` leaves that to the disk.
    pub max_file_bytes: Option<u64>,
}

impl Default for EmbeddedSettings {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(10),
            heartbeat: Duration::from_secs(2),
            poll: Duration::from_millis(100),
            patience: Duration::from_secs(2),
            lock_wait: Duration::from_secs(5),
            max_file_bytes: None,
        }
    }
}

/// The queues in one file.
///
/// Several processes may open the same file at the same time. The file's folder must be on a local
/// disk.
pub struct EmbeddedQueue {
    shared: Arc<Shared>,
}

/// What a queue and its consumers share. When the last of them is gone the writer signs off.
struct Shared {
    commands: Commands,
    readers: Readers,
    returns: Arc<Returns>,
    bells: Arc<Bells>,
    rush: Arc<Rush>,
    _stop_poll: DropGuard,
}

impl EmbeddedQueue {
    /// Opens the queues in the file at `path`, creating it and its folder where they are not there.
    ///
    /// Needs a Tokio runtime, on which the queue's own tasks run until it and its consumers are
    /// dropped.
    pub async fn open(path: &Path, settings: EmbeddedSettings) -> Result<Self, QueueError> {
        // An absolute path keeps its meaning whatever the process does, and none is special.
        let given = path.display();
        let path = std::path::absolute(path).and_then(|path| {
            schema::create_file(&path)?;
            Ok(path)
        });
        let path = path.map_err(|e| {
            QueueError::Unavailable(format!("{given} cannot be created or opened: {e}"))
        })?;
        let (commands, receiver) = Commands::new(settings.patience);
        let returns = Arc::new(Returns::new(commands.downgrade()));
        let bells = Arc::<Bells>::default();
        let rush = Arc::<Rush>::default();
        let readers = Readers::new(path.clone(), settings.clone());
        let checkpoint = Arc::<Checkpoint>::default();
        let (heartbeat, poll) = (settings.heartbeat, settings.poll);
        let writer = Writer {
            path,
            settings,
            owner: uuid::Uuid::new_v4().to_string(),
            file: None,
            commands: receiver,
            returns: returns.clone(),
            bells: bells.clone(),
            rush: rush.clone(),
            failing: false,
            copying: Copying::new(checkpoint.clone()),
            runtime: Handle::current(),
        };
        writer.start().await.map_err(|error| match error {
            QueueError::Unavailable(text) => QueueError::Unavailable(format!("{given}: {text}")),
            QueueError::Overloaded => error,
        })?;
        tokio::spawn(commands.heartbeat(heartbeat));
        let stop_poll = CancellationToken::new();
        let copy = checkpoint.run(readers.clone());
        tokio::spawn(stop_poll.clone().run_until_cancelled_owned(copy));
        let poll = bells.clone().poll(readers.clone(), poll);
        tokio::spawn(stop_poll.clone().run_until_cancelled_owned(poll));
        let shared =
            Shared { commands, readers, returns, bells, rush, _stop_poll: stop_poll.drop_guard() };
        Ok(Self { shared: Arc::new(shared) })
    }
}

#[async_trait]
impl Queue for EmbeddedQueue {
    async fn publish(&self, queue: &str, messages: Vec<Message>) -> Result<(), QueueError> {
        let queue = Arc::from(queue);
        let messages = NewMessage::all_of(&queue, messages);
        if messages.is_empty() {
            return Ok(());
        }
        self.shared.commands.publish(messages).await
    }

    async fn consume(&self, queue: &str, prefetch: usize) -> Result<Box<dyn Consumer>, QueueError> {
        Ok(Box::new(EmbeddedConsumer::open(self.shared.clone(), queue, prefetch).await?))
    }

    async fn depth(&self, queue: &str) -> Result<Depth, QueueError> {
        let queue = queue.to_owned();
        self.shared.readers.read(move |connection| depth::depth(connection, &queue)).await
    }

    async fn dead_letters(
        &self,
        filter: &DeadLetterFilter,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, QueueError> {
        let (filter, after) = (filter.clone(), after.map(str::to_owned));
        self.shared
            .readers
            .read(move |connection| {
                dead_letters::browse(connection, &filter, after.as_deref(), limit)
            })
            .await
    }

    async fn dead_letter(&self, id: &str) -> Result<Option<DeadLetter>, QueueError> {
        let id = id.to_owned();
        self.shared.readers.read(move |connection| dead_letters::one(connection, &id)).await
    }

    async fn replay(&self, id: &str, corrected: Option<Bytes>) -> Result<bool, QueueError> {
        let id = id.to_owned();
        let replay = |reply| Command::Replay(Replay { id, corrected, reply });
        self.shared.commands.ask(replay).await
    }

    async fn replay_all(
        &self,
        filter: &DeadLetterFilter,
        dead_before: DateTime<Utc>,
    ) -> Result<u64, QueueError> {
        let mut replayed = 0;
        let mut pages = self.pages(filter);
        while let Some(page) = pages.next().await? {
            for letter in page {
                if letter.dead_at <= dead_before && self.replay(&letter.id, None).await? {
                    replayed += 1;
                }
            }
        }
        Ok(replayed)
    }

    async fn delete_all(
        &self,
        filter: &DeadLetterFilter,
        dead_before: DateTime<Utc>,
    ) -> Result<u64, QueueError> {
        let mut deleted = 0;
        let mut pages = self.pages(filter);
        while let Some(page) = pages.next().await? {
            for letter in page {
                if letter.dead_at <= dead_before && self.delete_dead_letter(&letter.id).await? {
                    deleted += 1;
                }
            }
        }
        Ok(deleted)
    }

    async fn survey(
        &self,
        filter: &DeadLetterFilter,
        visit: &mut (dyn FnMut(DeadLetter) + Send),
    ) -> Result<(), QueueError> {
        let mut pages = self.pages(filter);
        while let Some(page) = pages.next().await? {
            page.into_iter().for_each(&mut *visit);
        }
        Ok(())
    }

    async fn delete_dead_letter(&self, id: &str) -> Result<bool, QueueError> {
        let id = id.to_owned();
        self.shared.commands.ask(|reply| Command::Delete(Delete { id, reply })).await
    }

    async fn check(&self) -> Result<(), QueueError> {
        self.shared.commands.ask(Command::Probe).await
    }
}

impl EmbeddedQueue {
    fn pages<'a>(&'a self, filter: &'a DeadLetterFilter) -> Pages<'a> {
        Pages { queue: self, filter, after: Some(String::new()) }
    }
}

/// The dead letters, page by page.
struct Pages<'a> {
    queue: &'a EmbeddedQueue,
    filter: &'a DeadLetterFilter,
    /// The last id seen; none when there are no more.
    after: Option<String>,
}

impl Pages<'_> {
    async fn next(&mut self) -> Result<Option<Vec<DeadLetter>>, QueueError> {
        let Some(after) = &self.after else { return Ok(None) };
        let page = self.queue.dead_letters(self.filter, Some(after), PAGE).await?;
        self.after = page.last().filter(|_| page.len() == PAGE).map(|last| last.id.clone());
        Ok(Some(page))
    }
}

/// Milliseconds since 1970: what all processes of the machine agree on.
fn now() -> i64 {
    chrono::Utc::now().timestamp_millis()
}
