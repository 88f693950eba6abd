//! A mail server that is away, or wants a pause.

use std::time::Duration;

use store::{AttemptOutcome, NotificationStatus};
use testkit::{MailBehaviour, MailStep, eventually, eventually_within};
use tokio::time::sleep;

use super::{Post, addresses};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pause_that_the_server_asks_for_is_no_attempt() {
    let post = Post::new().await;
    let later = MailBehaviour::Answer(MailStep::Recipient, "421 4.3.2 too much");
    post.server.script("user3@example3.com", [later.clone(), later, MailBehaviour::Take]);
    let _sender = post.sender().await;
    let ids = post.ask_for(&addresses(20)).await;
    for id in &ids {
        let logged = post.end_of(*id).await;
        assert_eq!((logged.status, logged.attempts), (NotificationStatus::Sent, 1));
    }
    assert_eq!(post.server.count(), 20);
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
