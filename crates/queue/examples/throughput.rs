//! Measures the embedded queue on this machine:
//! `cargo run --release -p userstream-queue --example throughput [SECONDS] [FOLDER]`.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use domain::{EmailRequested, Event, NotificationId, Recipient, UserId};
use queue::{
    EMAIL_NOTIFICATIONS, EmbeddedQueue, EmbeddedSettings, Handler, Job, Message, Outage, Outcome,
    Queue, RetryDelays, Worker, WorkerSettings,
};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

const CALLERS: usize = 64;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let seconds = arguments.next().map_or(Ok(5), |s| s.parse())?;
    let run = Duration::from_secs(seconds);
    let base = arguments.next().map_or_else(std::env::temp_dir, PathBuf::from);
    let folder = tempfile::tempdir_in(base)?;
    let path = folder.path().join("queue.db");
    let open = || EmbeddedQueue::open(&path, EmbeddedSettings::default());
    let queue: Arc<dyn Queue> = Arc::new(open().await?);

    let idle = publish_for(run, &queue).await?;
    println!("publish, {CALLERS} callers, no consumer:   {idle}");

    let (rate, backlog) = drain(&queue).await?;
    println!("drain a backlog of {backlog}:          {rate:.0}/s");

    let (worker, handled, stop) = start_worker(&queue);
    let busy = publish_for(run, &queue).await?;
    let meanwhile = handled.load(Ordering::Relaxed);
    println!("publish, {CALLERS} callers, while drained:  {busy}");
    #[expect(clippy::cast_precision_loss, reason = "a figure to look at")]
    let rate = meanwhile as f64 / run.as_secs_f64();
    println!("drained meanwhile:                 {rate:.0}/s");
    stop.cancel();
    worker.await?;

    let other: Arc<dyn Queue> = Arc::new(open().await?);
    let (worker, handled, stop) = start_worker(&other);
    let busy = publish_for(run, &queue).await?;
    let meanwhile = handled.load(Ordering::Relaxed);
    println!("publish, while drained elsewhere:  {busy}");
    #[expect(clippy::cast_precision_loss, reason = "a figure to look at")]
    let rate = meanwhile as f64 / run.as_secs_f64();
    println!("drained meanwhile, elsewhere:      {rate:.0}/s");
    stop.cancel();
    worker.await?;
    for entry in std::fs::read_dir(folder.path())? {
        let entry = entry?;
        println!("{}: {} MiB", entry.file_name().display(), entry.metadata()?.len() >> 20);
    }
    Ok(())
}

struct Count(Arc<AtomicU64>);

#[async_trait]
impl Handler for Count {
    type Data = EmailRequested;

    async fn handle(&self, batch: &[Job<EmailRequested>]) -> Result<Vec<Outcome>, Outage> {
        self.0.fetch_add(batch.len() as u64, Ordering::Relaxed);
        Ok(vec![Outcome::Done; batch.len()])
    }
}

fn start_worker(
    queue: &Arc<dyn Queue>,
) -> (tokio::task::JoinHandle<()>, Arc<AtomicU64>, CancellationToken) {
    let handled = Arc::<AtomicU64>::default();
    let stop = CancellationToken::new();
    let settings = WorkerSettings {
        name: "bench",
        batch: 500,
        linger: Duration::from_millis(5),
        concurrency: 2,
        retry: RetryDelays::new([Duration::from_secs(1)]),
    };
    let worker = Worker::run(
        queue.clone(),
        EMAIL_NOTIFICATIONS,
        Count(handled.clone()),
        settings,
        stop.clone(),
    );
    (tokio::spawn(worker), handled, stop)
}

async fn drain(queue: &Arc<dyn Queue>) -> Result<(f64, u64), Box<dyn std::error::Error>> {
    let backlog = queue.depth(EMAIL_NOTIFICATIONS.queue).await?.ready;
    let started = Instant::now();
    let (worker, handled, stop) = start_worker(queue);
    while handled.load(Ordering::Relaxed) < backlog {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    #[expect(clippy::cast_precision_loss, reason = "a figure to look at")]
    let rate = backlog as f64 / started.elapsed().as_secs_f64();
    stop.cancel();
    worker.await?;
    Ok((rate, backlog))
}

fn message() -> Message {
    let data = EmailRequested {
        notification_id: NotificationId(uuid::Uuid::new_v4()),
        to: Recipient::User(UserId(1)),
        template: "confirmation".into(),
        context: serde_json::Map::new(),
    };
    let event = Event::new("/userstream/bench", data);
    Message::event(&event.id, event.to_json())
}

async fn publish_for(
    run: Duration,
    queue: &Arc<dyn Queue>,
) -> Result<String, Box<dyn std::error::Error>> {
    let started = Instant::now();
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let queue = queue.clone();
        callers.spawn(async move {
            let mut latencies = Vec::new();
            while started.elapsed() < run {
                let published = Instant::now();
                queue.publish(EMAIL_NOTIFICATIONS.queue, vec![message()]).await?;
                latencies.push(published.elapsed());
            }
            Ok::<_, queue::QueueError>(latencies)
        });
    }
    let mut latencies = Vec::new();
    while let Some(done) = callers.join_next().await {
        latencies.extend(done??);
    }
    latencies.sort_unstable();
    #[expect(clippy::cast_precision_loss, reason = "a figure to look at")]
    let rate = latencies.len() as f64 / started.elapsed().as_secs_f64();
    let at = |percent: usize| latencies[(latencies.len() - 1) * percent / 100];
    Ok(format!("{rate:.0}/s (p50 {:.1?}, p99 {:.1?}, worst {:.1?})", at(50), at(99), at(100)))
}
