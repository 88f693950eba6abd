//! A consumer's loop, the same for every service: receive, judge, handle, settle.
//!
//! - A malformed message is dead-lettered at once and delays nobody.
//! - An event that fails for a cause of its own is retried after each of [`RetryDelays`], then
//!   dead-lettered.
//! - While a dependency is away ([`Outage`]) the worker pauses and tries the same batch again: no
//!   attempt is counted, nothing is dead-lettered but what is malformed.
//! - A batch that makes the handler panic is handled job by job; the one that panics alone failed.
//! - The verdict is always the last thing that happens to a delivery.

mod attempt;
mod privacy;
mod retry;
mod spans;
mod triage;
mod verdicts;

use std::{
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use domain::{Event, EventData};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{Instrument, warn};
use uuid::Uuid;

pub(crate) use self::triage::parse;
pub use self::{privacy::without_addresses, retry::RetryDelays};
use crate::{Consumer, Delivery, Queue, QueueError, Topic, Verdict};

/// The longest pause between two looks whether a dependency is back.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
const SHORTEST_PAUSE: Duration = Duration::from_millis(200);

/// A batch of so many says that more are coming: then waiting for a fuller one costs nobody anything,
/// since the batch before is still in hand, and spares a whole round of transactions.
const RUSH: usize = 16;
/// Events received at one time where batches are smaller.
const RECEIVED: usize = 100;
const RUSH_LINGER: Duration = Duration::from_millis(100);

/// What a service does with the events of its queue.
#[async_trait]
pub trait Handler: Send + Sync + 'static {
    /// The events it takes.
    type Data: EventData;

    /// Handles a batch and says what became of each job, in the same order.
    ///
    /// It may see a job again, whole or in part done: it is idempotent by the id in the data.
    async fn handle(&self, batch: &[Job<Self::Data>]) -> Result<Vec<Outcome>, Outage>;
}

/// One event to handle.
#[derive(Clone, Debug)]
pub struct Job<T> {
    /// The event, checked.
    pub event: Event<T>,
    /// Failed attempts before this one.
    pub attempts: u32,
    /// The trace to continue.
    pub traceparent: Option<String>,
    /// Names this delivery: stays the same while an outage makes the handler see the job again, and
    /// differs when the message is delivered again.
    pub delivery: Uuid,
}

/// What became of one job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Done, or done before.
    Done,
    /// Failed for a cause of its own that may pass.
    Failed(String),
    /// Failed, and repeating cannot mend it.
    Rejected(String),
    /// Not now, for no fault of its own: comes again after the delay, uncounted.
    NotYet(Duration),
}

/// A dependency is away; nothing can be said of any job of the batch.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct Outage(pub String);

impl From<QueueError> for Outage {
    fn from(error: QueueError) -> Self {
        Self(error.to_string())
    }
}

/// How a worker consumes.
#[derive(Clone, Debug)]
pub struct WorkerSettings {
    /// Who consumes, such as `queue-receiver`.
    pub name: &'static str,
    /// Events in one batch, at the most.
    pub batch: usize,
    /// How long a batch may wait to fill.
    pub linger: Duration,
    /// Batches in hand at one time.
    pub concurrency: usize,
    /// Delays between attempts.
    pub retry: RetryDelays,
}

/// A running consumer of one topic.
pub struct Worker<H: Handler> {
    queue: Arc<dyn Queue>,
    topic: Topic<H::Data>,
    handler: H,
    settings: WorkerSettings,
    shutdown: CancellationToken,
    /// `Some(reason)` while a dependency is away, seen by all batches.
    outage: watch::Sender<Option<String>>,
}

/// A consumer, from the queue's yes to its end.
struct Life {
    consumer: Box<dyn Consumer>,
    /// The process is told to stop, or the consumer is of no more use.
    over: CancellationToken,
    /// Why the consumer is of no more use.
    failure: OnceLock<QueueError>,
}

impl Life {
    /// Ends the consumer, so that what it has in hand comes again.
    fn fail(&self, error: QueueError) {
        // Of several causes the first is told.
        let _ = self.failure.set(error);
        self.over.cancel();
    }
}

impl<H: Handler> Worker<H> {
    /// Consumes until `shutdown`, then finishes the batches in hand and returns.
    pub async fn run(
        queue: Arc<dyn Queue>,
        topic: Topic<H::Data>,
        handler: H,
        settings: WorkerSettings,
        shutdown: CancellationToken,
    ) {
        let outage = watch::Sender::new(None);
        let worker = Arc::new(Self { queue, topic, handler, settings, shutdown, outage });
        let mut pause = SHORTEST_PAUSE;
        while !worker.shutdown.is_cancelled() {
            let started = Instant::now();
            match worker.clone().consume().await {
                Ok(()) => break,
                Err(error) => {
                    warn!(queue = worker.topic.queue, %error, "consuming stopped; starting again");
                    if started.elapsed() > LONGEST_PAUSE {
                        pause = SHORTEST_PAUSE;
                    }
                    sleep(pause, &worker.shutdown).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
    }

    /// One life of a consumer; ends well at shutdown, or with what the queue said.
    async fn consume(self: Arc<Self>) -> Result<(), QueueError> {
        let WorkerSettings { batch, linger, concurrency, .. } = self.settings;
        let prefetch = batch * (concurrency + 1);
        let consumer = self.queue.consume(self.topic.queue, prefetch).await?;
        let over = self.shutdown.child_token();
        let life = Arc::new(Life { consumer, over, failure: OnceLock::new() });
        // No batch of an earlier life is left that could say that an outage is over.
        self.outage.send_replace(None);
        self.show_pause(false);
        let slots = Arc::new(Semaphore::new(concurrency));
        let tasks = TaskTracker::new();
        tasks.spawn(self.clone().triage(life.over.clone()));
        let mut rush = false;
        loop {
            let linger = if rush { linger.max(RUSH_LINGER) } else { linger };
            let (mut free, received) = tokio::select! {
                () = life.over.cancelled() => break,
                free = self.slots(&slots) => tokio::select! {
                    () = life.over.cancelled() => break,
                    received = life.consumer.receive(batch * free.num_permits(), linger) => {
                        (free, received)
                    }
                },
            };
            match received {
                Ok(deliveries) => {
                    rush = batch > 1 && deliveries.len() >= RUSH;
                    let mut deliveries = deliveries.into_iter().peekable();
                    while deliveries.peek().is_some() {
                        let slot =
                            free.split(1).expect("no more was received than there are slots");
                        let part = deliveries.by_ref().take(batch).collect();
                        let task = self.clone().process(life.clone(), part);
                        tasks.spawn(async move {
                            task.await;
                            drop(slot);
                        });
                    }
                }
                Err(error) => life.fail(error),
            }
        }
        tasks.close();
        tasks.wait().await;
        life.failure.get().map_or(Ok(()), |error| Err(error.clone()))
    }

    /// Waits for a free slot, and for the end of any outage. Where batches are small it takes further
    /// slots that are free.
    async fn slots(&self, slots: &Arc<Semaphore>) -> OwnedSemaphorePermit {
        let mut free = slots.clone().acquire_owned().await.expect("the semaphore is never closed");
        let _ = self.outage.subscribe().wait_for(Option::is_none).await;
        let more =
            (RECEIVED / self.settings.batch).saturating_sub(1).min(slots.available_permits());
        let more = u32::try_from(more).unwrap_or_default();
        if let Ok(more) = slots.clone().try_acquire_many_owned(more) {
            free.merge(more);
        }
        free
    }

    async fn process(self: Arc<Self>, life: Arc<Life>, deliveries: Vec<Delivery>) {
        let started = Instant::now();
        let (mut jobs, tags, malformed) = self.sort(deliveries);
        // These go first, so that they do not wait for an outage of something they never needed.
        if let Err(error) = self.settle(&*life.consumer, malformed, started).await {
            return life.fail(error);
        }
        if jobs.is_empty() {
            return;
        }
        let spans = spans::open(self.topic.queue, &mut jobs);
        let handled = self.handle_through_outages(&jobs, &life.over).instrument(spans.first());
        let verdicts = match handled.await {
            Some(outcomes) => {
                let verdict = |(job, outcome): (&Job<_>, _)| self.judge(outcome, job.attempts);
                tags.into_iter().zip(jobs.iter().zip(outcomes).map(verdict)).collect()
            }
            None => tags.into_iter().map(|tag| (tag, Verdict::Release)).collect(),
        };
        if let Err(error) = self.settle(&*life.consumer, verdicts, started).await {
            life.fail(error);
        }
    }

    /// What an outcome means to the queue.
    fn judge(&self, outcome: Outcome, attempts: u32) -> Verdict {
        let dead = |cause| {
            let by = self.settings.name.to_owned();
            Verdict::DeadLetter { cause, by, tried: true }
        };
        match outcome {
            Outcome::Done => Verdict::Ack,
            Outcome::Rejected(cause) => dead(cause),
            Outcome::Failed(cause) => match self.settings.retry.after(attempts) {
                Some(after) => Verdict::Retry { after, cause },
                None => dead(cause),
            },
            Outcome::NotYet(after) => Verdict::Postpone { after },
        }
    }
}

/// Sleeps, but not through the end.
async fn sleep(duration: Duration, over: &CancellationToken) {
    let _ = over.run_until_cancelled(tokio::time::sleep(duration)).await;
}
