//! While a dependency is away nothing is lost, counted or given up.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use domain::EmailRequested;
use queue::{Depth, Handler, Job, Message, Outage, Outcome, RetryDelays, WorkerSettings};
use tokio::time::{Instant, sleep};

use super::{QUEUE, Seen, System, as_told, settings};

/// A dependency that can be away, and a handler that needs it.
#[derive(Clone)]
pub(crate) struct Dependency {
    away: Arc<AtomicBool>,
    seen: Seen,
}

impl Dependency {
    pub(crate) fn away(seen: &Seen) -> Self {
        Self { away: Arc::new(AtomicBool::new(true)), seen: seen.clone() }
    }

    pub(crate) fn comes_back(&self) {
        self.away.store(false, Ordering::Relaxed);
    }
}

#[async_trait]
impl Handler for Dependency {
    type Data = EmailRequested;

    async fn handle(&self, batch: &[Job<EmailRequested>]) -> Result<Vec<Outcome>, Outage> {
        self.seen.note(batch);
        if self.away.load(Ordering::Relaxed) {
            return Err(Outage("it is away".into()));
        }
        Ok(as_told(batch))
    }
}

fn malformed(n: usize) -> Message {
    Message::event(n.to_string(), Bytes::from_static(b"\xff"))
}

#[tokio::test]
async fn it_pauses_counts_nothing_and_resumes_by_itself() {
    let mut system = System::new().await;
    let seen = Seen::default();
    let dependency = Dependency::away(&seen);
    // One attempt and no more, if any were counted.
    system.start(settings(), dependency.clone());
    system.publish(&["done"]).await;
    seen.becomes("done", 3).await;
    system.publish(&["later"; 30]).await;
    assert_eq!(system.dead_letters().await, []);

    dependency.comes_back();
    let back_at = Instant::now();
    system.all_settled(0).await;
    assert!(back_at.elapsed() < Duration::from_secs(10), "{:?}", back_at.elapsed());
    assert!(seen.of("done").iter().chain(&seen.of("later")).all(|(attempts, _)| *attempts == 0));
    system.stop().await;
}

#[tokio::test]
async fn it_does_not_hammer_what_is_away() {
    let mut system = System::new().await;
    let seen = Seen::default();
    let dependency = Dependency::away(&seen);
    system.start(WorkerSettings { batch: 1, ..settings() }, dependency.clone());
    system.publish(&["done"; 50]).await;
    sleep(Duration::from_secs(1)).await;
    let calls = seen.of("done").len();
    assert!((1..=10).contains(&calls), "{calls}");
    system.stop().await;
}

#[tokio::test]
async fn the_malformed_need_not_wait_for_the_end_of_an_outage() {
    let mut system = System::new().await;
    let seen = Seen::default();
    let dependency = Dependency::away(&seen);
    let retry = RetryDelays::new([Duration::from_hours(1)]);
    system.start(WorkerSettings { batch: 2, retry, ..settings() }, dependency.clone());
    system.publish(&["done"; 20]).await;
    seen.becomes("done", 4).await;
    // Behind many that wait, one after the other.
    for n in 0..3 {
        system.queue.publish(QUEUE, vec![malformed(n)]).await.expect("published");
        sleep(Duration::from_millis(50)).await;
    }
    let deadline = Instant::now() + super::PATIENCE;
    while system.dead_letters().await.len() < 3 {
        assert!(Instant::now() < deadline, "they wait");
        sleep(Duration::from_millis(10)).await;
    }
    assert!(system.dead_letters().await.iter().all(|dead| dead.attempts == 0));
    dependency.comes_back();
    system.all_settled(3).await;
    assert!(seen.of("done").iter().all(|(attempts, _)| *attempts == 0));
    system.stop().await;
}

#[tokio::test]
async fn shutdown_during_an_outage_hands_everything_back() {
    let mut system = System::new().await;
    let seen = Seen::default();
    let dependency = Dependency::away(&seen);
    system.publish(&["done"; 30]).await;
    system.start(settings(), dependency.clone());
    seen.becomes("done", 40).await;
    let stopped_at = Instant::now();
    system.stop().await;
    assert!(stopped_at.elapsed() < Duration::from_secs(2), "{:?}", stopped_at.elapsed());
    system.depth_becomes(Depth { ready: 30, ..Depth::default() }).await;
    let consumer = system.queue.consume(QUEUE, 30).await.expect("a consumer");
    let again = consumer.receive(30, Duration::from_secs(1)).await.expect("received");
    assert_eq!(again.len(), 30);
    assert!(again.iter().all(|d| d.attempts == 0));
}
