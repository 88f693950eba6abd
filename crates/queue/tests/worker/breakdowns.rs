//! The queue itself breaks down, now and then.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use queue::{
    Consumer, DeadLetter, DeadLetterFilter, Delivery, DeliveryTag, Depth, Message, Queue,
    QueueError, Verdict,
};

use super::{Obedient, QUEUE, Seen, System, outages::Dependency, settings};

/// A queue whose first consumer fails, so many times.
struct Flaky {
    inner: Arc<dyn Queue>,
    consumers: AtomicUsize,
    settles_fail: usize,
    receives_fail: usize,
}

impl Flaky {
    fn new(inner: &Arc<dyn Queue>, settles_fail: usize, receives_fail: usize) -> Arc<Self> {
        let inner = inner.clone();
        Arc::new(Self { inner, consumers: AtomicUsize::new(0), settles_fail, receives_fail })
    }
}

struct FlakyConsumer {
    inner: Box<dyn Consumer>,
    settles_fail: AtomicUsize,
    receives_fail: AtomicUsize,
}

fn fails(left: &AtomicUsize) -> Result<(), QueueError> {
    let one_less = |n: usize| n.checked_sub(1);
    match left.try_update(Ordering::Relaxed, Ordering::Relaxed, one_less) {
        Ok(_) => Err(QueueError::Unavailable("flaky".into())),
        Err(_) => Ok(()),
    }
}

#[async_trait]
impl Queue for Flaky {
    async fn publish(&self, queue: &str, messages: Vec<Message>) -> Result<(), QueueError> {
        self.inner.publish(queue, messages).await
    }

    async fn consume(&self, queue: &str, prefetch: usize) -> Result<Box<dyn Consumer>, QueueError> {
        let first = self.consumers.fetch_add(1, Ordering::Relaxed) == 0;
        let times = |n| AtomicUsize::new(if first { n } else { 0 });
        Ok(Box::new(FlakyConsumer {
            inner: self.inner.consume(queue, prefetch).await?,
            settles_fail: times(self.settles_fail),
            receives_fail: times(self.receives_fail),
        }))
    }

    async fn depth(&self, queue: &str) -> Result<Depth, QueueError> {
        self.inner.depth(queue).await
    }

    async fn dead_letters(
        &self,
        filter: &DeadLetterFilter,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, QueueError> {
        self.inner.dead_letters(filter, after, limit).await
    }

    async fn dead_letter(&self, id: &str) -> Result<Option<DeadLetter>, QueueError> {
        self.inner.dead_letter(id).await
    }

    async fn replay(&self, id: &str, corrected: Option<Bytes>) -> Result<bool, QueueError> {
        self.inner.replay(id, corrected).await
    }

    async fn replay_all(
        &self,
        filter: &DeadLetterFilter,
        dead_before: DateTime<Utc>,
    ) -> Result<u64, QueueError> {
        self.inner.replay_all(filter, dead_before).await
    }

    async fn delete_all(
        &self,
        filter: &DeadLetterFilter,
        dead_before: DateTime<Utc>,
    ) -> Result<u64, QueueError> {
        self.inner.delete_all(filter, dead_before).await
    }

    async fn survey(
        &self,
        filter: &DeadLetterFilter,
        visit: &mut (dyn FnMut(DeadLetter) + Send),
    ) -> Result<(), QueueError> {
        self.inner.survey(filter, visit).await
    }

    async fn delete_dead_letter(&self, id: &str) -> Result<bool, QueueError> {
        self.inner.delete_dead_letter(id).await
    }

    async fn check(&self) -> Result<(), QueueError> {
        self.inner.check().await
    }
}

#[async_trait]
impl Consumer for FlakyConsumer {
    async fn receive(&self, max: usize, linger: Duration) -> Result<Vec<Delivery>, QueueError> {
        fails(&self.receives_fail)?;
        self.inner.receive(max, linger).await
    }

    async fn settle(&self, verdicts: Vec<(DeliveryTag, Verdict)>) -> Result<(), QueueError> {
        fails(&self.settles_fail)?;
        self.inner.settle(verdicts).await
    }
}

#[tokio::test]
async fn verdicts_that_were_not_taken_are_given_again() {
    let mut system = System::new().await;
    let seen = Seen::default();
    system.start_on(Flaky::new(&system.queue, 2, 0), settings(), Obedient(seen.clone()));
    system.publish(&["done"]).await;
    system.all_settled(0).await;
    assert_eq!(seen.of("done").len(), 1);
    system.stop().await;
}

#[tokio::test]
async fn a_consumer_that_takes_no_verdicts_is_replaced_and_its_messages_come_again() {
    let mut system = System::new().await;
    let seen = Seen::default();
    system.start_on(Flaky::new(&system.queue, usize::MAX, 0), settings(), Obedient(seen.clone()));
    system.publish(&["done", "reject"]).await;
    let found = system.all_settled(1).await.remove(0);
    assert_eq!(found.attempts, 1);
    assert_eq!((seen.of("done").len(), seen.of("reject").len()), (2, 2));
    system.stop().await;
}

#[tokio::test]
async fn a_consumer_that_gives_no_messages_is_replaced() {
    let mut system = System::new().await;
    let seen = Seen::default();
    system.start_on(Flaky::new(&system.queue, 0, usize::MAX), settings(), Obedient(seen.clone()));
    system.publish(&["done"]).await;
    system.all_settled(0).await;
    system.stop().await;
}

#[tokio::test]
async fn a_consumer_that_breaks_during_an_outage_does_not_make_it_last() {
    let mut system = System::new().await;
    let seen = Seen::default();
    let dependency = Dependency::away(&seen);
    let flaky = Flaky::new(&system.queue, 4, 0);
    system.start_on(flaky.clone(), settings(), dependency.clone());
    system.publish(&["done"]).await;
    seen.becomes("done", 2).await;
    // Whoever takes it: the consumer that breaks of it, or triage.
    let malformed = Message::event("1", Bytes::from_static(b"\xff"));
    system.queue.publish(QUEUE, vec![malformed]).await.expect("published");
    tokio::time::sleep(Duration::from_secs(3)).await;
    dependency.comes_back();
    let found = system.all_settled(1).await.remove(0);
    assert_eq!(found.attempts, 0);
    assert!(seen.of("done").iter().all(|(attempts, _)| *attempts == 0));
    system.stop().await;
}
