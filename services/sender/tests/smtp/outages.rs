//! A mail server that is away, or wants a pause.

use std::{
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use store::{
    AttemptOutcome, Deliveries, NotificationAttempt, NotificationClaim, NotificationRequest,
    NotificationStatus, ReleasedClaim, Store, StoreError,
};
use testkit::{MailBehaviour, MailStep, eventually, eventually_within};
use tokio::time::sleep;

use super::{Post, addresses};

const ADA: &str = "ada@example.com";

/// On one thread, so that all it logs is seen.
#[tokio::test]
async fn a_pause_that_the_server_asks_for_is_no_attempt_and_its_words_are_logged_without_addresses()
{
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).finish();
    let _logging = tracing::subscriber::set_default(subscriber);
    let post = Post::new().await;
    let words = "421 4.3.2 too much for <user3@example3.com>";
    let later = MailBehaviour::Answer(MailStep::Recipient, words);
    post.server.script("user3@example3.com", [later.clone(), later, MailBehaviour::Take]);
    let _sender = post.sender().await;
    let ids = post.ask_for(&addresses(20)).await;
    for id in &ids {
        let logged = post.end_of(*id).await;
        assert_eq!((logged.status, logged.attempts), (NotificationStatus::Sent, 1));
    }
    assert_eq!(post.server.count(), 20);
    let log = log.text();
    for told in ["the mail server is away", "paused until it is back", "too much for [address]"] {
        assert!(log.contains(told), "{told}: {log}");
    }
    assert!(!log.contains("@example3.com"), "{log}");
}

/// What is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A database that falls silent while an e-mail is under way holds it up no longer than it takes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_that_cannot_be_renewed_holds_up_no_mail() {
    let post = Post::new().await;
    let slow = Duration::from_secs(8);
    post.server.script(ADA, [MailBehaviour::Slow(MailStep::Message, slow)]);
    let log = Arc::new(NeverRenews { log: post.store.clone(), claimed: AtomicUsize::new(0) });
    let _sender = post.sender_on(log.clone(), post.settings()).await;
    let id = post.ask_for_one(ADA).await;
    let logged = post.end_of(id).await;
    assert_eq!((logged.status, logged.attempts), (NotificationStatus::Sent, 1));
    assert!(log.claimed.load(Ordering::Relaxed) > 1, "it was to be renewed");
}

/// A log that is silent from the second claim on.
struct NeverRenews {
    log: Arc<dyn Store>,
    claimed: AtomicUsize,
}

#[async_trait]
impl Deliveries for NeverRenews {
    async fn claim_notifications(
        &self,
        requests: &[NotificationRequest],
        lease: Duration,
    ) -> Result<Vec<NotificationClaim>, StoreError> {
        if self.claimed.fetch_add(1, Ordering::Relaxed) > 0 {
            std::future::pending::<()>().await;
        }
        self.log.claim_notifications(requests, lease).await
    }

    async fn release_notifications(&self, claims: &[ReleasedClaim]) -> Result<(), StoreError> {
        self.log.release_notifications(claims).await
    }

    async fn record_attempts(&self, attempts: &[NotificationAttempt]) -> Result<(), StoreError> {
        self.log.record_attempts(attempts).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_seconds_without_a_server_lose_nothing() {
    let post = Post::new().await;
    post.server.stop();
    let sender = post.sender().await;
    let ids = post.ask_for(&addresses(300)).await;
    sleep(Duration::from_secs(20)).await;
    for id in &ids {
        let logged = post.logged(*id).await;
        assert_eq!((logged.status, logged.attempts), (NotificationStatus::Queued, 0));
    }
    assert_eq!(sender.health().await["status"], "unavailable");
    post.server.start_again().await;
    let back = Duration::from_secs(30);
    eventually_within(back, "all are sent", || async {
        (post.server.count() == 300).then_some(())
    })
    .await;
    for id in ids {
        let logged = post.end_of(id).await;
        assert_eq!((logged.status, logged.attempts), (NotificationStatus::Sent, 1));
    }
    assert_eq!(post.server.count(), 300);
    assert_eq!(post.depth().await.dead_letters, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_restarts_in_the_middle_is_come_back_to() {
    let post = Post::new().await;
    let _sender = post.sender().await;
    let ids = post.ask_for(&addresses(2_000)).await;
    eventually("some are sent", || async { (post.server.count() > 200).then_some(()) }).await;
    post.server.stop();
    sleep(Duration::from_millis(500)).await;
    post.server.start_again().await;
    let mut cut = 0;
    for id in ids {
        assert_eq!(post.end_of(id).await.status, NotificationStatus::Sent);
        let attempts = post.attempts(id).await;
        cut += attempts.len() - 1;
        assert!(attempts.iter().all(|(outcome, _)| *outcome != AttemptOutcome::Failed));
    }
    assert!(cut <= 8, "{cut} attempts for 8 connections that were cut");
    assert!((2_000..=2_008).contains(&post.server.count()));
    assert_eq!(post.depth().await.dead_letters, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kept_connection_that_is_dead_is_no_attempt() {
    let post = Post::new().await;
    let _sender = post.sender().await;
    let first = post.ask_for_one("ada@example.com").await;
    post.end_of(first).await;
    post.server.stop();
    post.server.start_again().await;
    let second = post.ask_for_one("grace@example.com").await;
    let logged = post.end_of(second).await;
    assert_eq!((logged.status, logged.attempts), (NotificationStatus::Sent, 1));
}
