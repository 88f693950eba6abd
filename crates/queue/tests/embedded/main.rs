//! The embedded queue: the public suite, and what is particular to a file that processes share.

mod failures;
mod model;
mod owners;
mod packs;
mod processes;
mod rush;
mod upkeep;

use std::{path::PathBuf, sync::Arc, time::Duration};

use queue::{
    Consumer, Delivery, Depth, EmbeddedQueue, EmbeddedSettings, Message, Queue, Verdict,
    conformance::Subject,
};
use tokio::time::{Instant, timeout};

const QUEUE: &str = "test";
const LINGER: Duration = Duration::from_millis(5);
/// How long to wait for what must come.
const PATIENCE: Duration = Duration::from_secs(20);

/// A folder with a queue's file in it.
struct Embedded {
    folder: tempfile::TempDir,
}

impl Embedded {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder") }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("queue.db")
    }

    async fn open_with(&self, settings: EmbeddedSettings) -> Arc<dyn Queue> {
        Arc::new(EmbeddedQueue::open(&self.path(), settings).await.expect("opened"))
    }
}

impl Subject for Embedded {
    async fn fresh() -> Self {
        Self::new()
    }

    async fn open(&self) -> Arc<dyn Queue> {
        self.open_with(EmbeddedSettings::default()).await
    }
}

queue::conformance_suite!(Embedded);

/// A process that dies is missed soon, and one that is merely slow is not.
fn short_leases() -> EmbeddedSettings {
    EmbeddedSettings {
        lease: Duration::from_secs(2),
        heartbeat: Duration::from_millis(150),
        ..EmbeddedSettings::default()
    }
}

fn message(id: impl std::fmt::Display) -> Message {
    Message::event(id.to_string(), format!("body of {id}"))
}

async fn receive(consumer: &dyn Consumer, count: usize) -> Vec<Delivery> {
    let mut deliveries = Vec::new();
    while deliveries.len() < count {
        let more = timeout(PATIENCE, consumer.receive(count - deliveries.len(), LINGER)).await;
        let more = more.unwrap_or_else(|_| panic!("{} of {count} came", deliveries.len()));
        deliveries.extend(more.expect("received"));
    }
    deliveries
}

async fn ack(consumer: &dyn Consumer, deliveries: &[Delivery]) {
    let verdicts = deliveries.iter().map(|d| (d.tag, Verdict::Ack)).collect();
    consumer.settle(verdicts).await.expect("settled");
}

async fn depth_becomes(queue: &Arc<dyn Queue>, expected: Depth) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let depth = queue.depth(QUEUE).await.expect("a depth");
        if depth == expected {
            return;
        }
        assert!(Instant::now() < deadline, "the depth stays {depth:?}; expected {expected:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
