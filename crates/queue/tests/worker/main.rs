//! The worker, on the embedded queue.

mod breakdowns;
mod outages;
mod verdicts;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use domain::{EmailRequested, Event, NotificationId, Recipient, UserId};
use queue::{
    DeadLetter, DeadLetterFilter, Depth, EMAIL_NOTIFICATIONS, EmbeddedQueue, EmbeddedSettings,
    Handler, Job, Message, Outage, Outcome, Queue, RetryDelays, Worker, WorkerSettings,
};
use tokio::{
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};
use tokio_util::sync::CancellationToken;

const QUEUE: &str = EMAIL_NOTIFICATIONS.queue;
/// How long to wait for what must come.
const PATIENCE: Duration = Duration::from_secs(20);

type Jobs = Vec<Job<EmailRequested>>;

/// A handler made of a closure. What a job is to do is written in its template.
struct Do<F>(F);

#[async_trait]
impl<F, R> Handler for Do<F>
where
    F: Fn(Jobs) -> R + Send + Sync + 'static,
    R: Future<Output = Result<Vec<Outcome>, Outage>> + Send,
{
    type Data = EmailRequested;

    async fn handle(&self, batch: &[Job<EmailRequested>]) -> Result<Vec<Outcome>, Outage> {
        (self.0)(batch.to_vec()).await
    }
}

/// What a handler saw, in the order in which it saw it.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<(String, u32, Instant)>>>);

impl Seen {
    fn note(&self, jobs: &[Job<EmailRequested>]) {
        let mut seen = self.0.lock().expect("not poisoned");
        let now = Instant::now();
        seen.extend(jobs.iter().map(|job| (job.event.data.template.clone(), job.attempts, now)));
    }

    fn of(&self, template: &str) -> Vec<(u32, Instant)> {
        let seen = self.0.lock().expect("not poisoned");
        seen.iter().filter(|(t, ..)| t == template).map(|(_, n, at)| (*n, *at)).collect()
    }

    async fn becomes(&self, template: &str, times: usize) {
        let deadline = Instant::now() + PATIENCE;
        while self.of(template).len() < times {
            assert!(Instant::now() < deadline, "{template} came {} times", self.of(template).len());
            sleep(Duration::from_millis(5)).await;
        }
    }
}

/// A handler that does as told and remembers.
struct Obedient(Seen);

#[async_trait]
impl Handler for Obedient {
    type Data = EmailRequested;

    async fn handle(&self, batch: &[Job<EmailRequested>]) -> Result<Vec<Outcome>, Outage> {
        self.0.note(batch);
        Ok(as_told(batch))
    }
}

fn settings() -> WorkerSettings {
    WorkerSettings {
        name: "the-worker",
        batch: 10,
        linger: Duration::from_millis(20),
        concurrency: 2,
        retry: RetryDelays::new([]),
    }
}

/// A queue with a worker on it.
struct System {
    queue: Arc<dyn Queue>,
    shutdown: CancellationToken,
    worker: Option<JoinHandle<()>>,
    _folder: tempfile::TempDir,
}

impl System {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("queue.db");
        let queue = EmbeddedQueue::open(&path, EmbeddedSettings::default()).await;
        Self {
            queue: Arc::new(queue.expect("opened")),
            shutdown: CancellationToken::new(),
            worker: None,
            _folder: folder,
        }
    }

    fn start(&mut self, settings: WorkerSettings, handler: impl Handler<Data = EmailRequested>) {
        self.start_on(self.queue.clone(), settings, handler);
    }

    fn start_on(
        &mut self,
        queue: Arc<dyn Queue>,
        settings: WorkerSettings,
        handler: impl Handler<Data = EmailRequested>,
    ) {
        let worker =
            Worker::run(queue, EMAIL_NOTIFICATIONS, handler, settings, self.shutdown.clone());
        self.worker = Some(tokio::spawn(worker));
    }

    async fn stop(&mut self) {
        self.shutdown.cancel();
        let worker = self.worker.take().expect("it was started");
        timeout(PATIENCE, worker).await.expect("it ends").expect("it did not panic");
    }

    async fn publish(&self, templates: &[&str]) {
        let messages = templates.iter().map(|template| event(template)).collect();
        self.queue.publish(QUEUE, messages).await.expect("published");
    }

    async fn depth_becomes(&self, expected: Depth) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let depth = self.queue.depth(QUEUE).await.expect("a depth");
            if depth == expected {
                return;
            }
            assert!(Instant::now() < deadline, "the depth stays {depth:?}; expected {expected:?}");
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// Waits until nothing is left but so many dead letters, and gives them.
    async fn all_settled(&self, dead_letters: u64) -> Vec<DeadLetter> {
        self.depth_becomes(Depth { dead_letters, consumers: 1, ..Depth::default() }).await;
        self.dead_letters().await
    }

    async fn dead_letters(&self) -> Vec<DeadLetter> {
        let filter = DeadLetterFilter::default();
        self.queue.dead_letters(&filter, None, 100).await.expect("dead letters")
    }
}

fn event(template: &str) -> Message {
    let data = EmailRequested {
        notification_id: NotificationId(uuid::Uuid::new_v4()),
        to: Recipient::User(UserId(1)),
        template: template.into(),
        context: serde_json::Map::new(),
    };
    let event = Event::new("/userstream/test", data);
    Message::event(&event.id, event.to_json())
}

/// Each job does what its template says.
fn as_told(jobs: &[Job<EmailRequested>]) -> Vec<Outcome> {
    let outcome = |job: &Job<EmailRequested>| match job.event.data.template.as_str() {
        "fail" => Outcome::Failed(format!("failed after {} attempts", job.attempts)),
        "reject" => Outcome::Rejected("rejected".into()),
        "not yet" => Outcome::NotYet(Duration::from_millis(50)),
        _ => Outcome::Done,
    };
    jobs.iter().map(outcome).collect()
}
