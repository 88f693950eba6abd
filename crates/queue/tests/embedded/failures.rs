//! What goes wrong is told soon and plainly, and is over when its cause is.

use std::{sync::Arc, time::Duration};

use futures::future::join_all;
use queue::{Depth, EmbeddedQueue, EmbeddedSettings, Message, Queue, QueueError};
use rusqlite::Connection;
use tokio::time::{Instant, timeout};

use super::{Embedded, QUEUE, ack, depth_becomes, message, receive};

const SOON: Duration = Duration::from_secs(10);

fn text<T>(result: Result<T, QueueError>) -> String {
    match result {
        Err(QueueError::Unavailable(text)) => text,
        Err(other) => panic!("{other:?} instead of Unavailable"),
        Ok(_) => panic!("it worked"),
    }
}

fn large(id: impl std::fmt::Display) -> Message {
    Message::event(id.to_string(), vec![b'x'; 60_000])
}

fn raw(embedded: &Embedded) -> Connection {
    Connection::open(embedded.path()).expect("opened")
}

async fn fill(queue: &Arc<dyn Queue>) -> (usize, String) {
    let mut durable = 0;
    loop {
        assert!(durable < 1_000, "it is never full");
        match timeout(SOON, queue.publish(QUEUE, vec![large(durable)])).await.expect("in time") {
            Ok(()) => durable += 1,
            refused => return (durable, text(refused)),
        }
    }
}

#[tokio::test]
async fn a_full_disk_is_told_and_nothing_is_lost() {
    let embedded = Embedded::new();
    let settings =
        EmbeddedSettings { max_file_bytes: Some(2 << 20), ..EmbeddedSettings::default() };
    let queue = embedded.open_with(settings).await;
    let (durable, refusal) = fill(&queue).await;
    assert!(refusal.contains("the disk is full"), "{refusal}");
    assert!(durable > 10);
    depth_becomes(&queue, Depth { ready: durable as u64, ..Depth::default() }).await;

    // To consume still works, while others keep trying to publish into the same transactions.
    let consumer = queue.consume(QUEUE, 1_000).await.expect("a consumer");
    let arrived = receive(&*consumer, durable).await;
    let (settled, ..) = tokio::join!(
        consumer.settle(arrived.iter().map(|d| (d.tag, queue::Verdict::Ack)).collect()),
        queue.publish(QUEUE, vec![large("a"), large("b")]),
        queue.publish(QUEUE, vec![large("c")]),
    );
    settled.expect("settled");
    // Now there is room again.
    queue.publish(QUEUE, vec![large("after")]).await.expect("published");
    queue.check().await.expect("it answers");
}

/// Taking a few of many that share a row needs a little room of its own.
#[tokio::test]
async fn a_full_file_is_emptied_a_few_at_a_time() {
    let embedded = Embedded::new();
    let settings =
        EmbeddedSettings { max_file_bytes: Some(1 << 20), ..EmbeddedSettings::default() };
    let queue = embedded.open_with(settings).await;
    let mut durable = 0;
    for together in [40, 4, 1] {
        loop {
            let some =
                (0..together).map(|n| Message::event(format!("{durable}-{n}"), vec![b'x'; 300]));
            match queue.publish(QUEUE, some.collect()).await {
                Ok(()) => durable += together,
                refused => break assert!(text(refused).contains("the disk is full")),
            }
        }
    }
    assert!(durable > 1_000, "{durable}");
    let consumer = queue.consume(QUEUE, 3).await.expect("a consumer");
    let mut done = 0;
    while done < durable {
        let some = timeout(SOON, consumer.receive(3, Duration::ZERO)).await.expect("in time");
        let some = some.expect("received");
        done += some.len();
        ack(&*consumer, &some).await;
    }
    depth_becomes(&queue, Depth { consumers: 1, ..Depth::default() }).await;
}

#[tokio::test]
async fn a_path_that_cannot_be_a_file_is_told() {
    let embedded = Embedded::new();
    let open = async |path: &std::path::Path| {
        timeout(SOON, EmbeddedQueue::open(path, EmbeddedSettings::default()))
            .await
            .expect("in time")
    };
    let file = embedded.folder.path().join("file");
    std::fs::write(&file, "no folder").expect("written");
    assert!(text(open(&file.join("queue.db")).await).contains("cannot be created"));
    assert!(text(open(embedded.folder.path()).await).contains("cannot be created or opened"));
    std::fs::write(&file, "not a database at all, but long enough to look".repeat(100))
        .expect("written");
    assert!(text(open(&file).await).contains("not a database"));
}

#[tokio::test]
async fn another_database_is_left_alone() {
    let embedded = Embedded::new();
    let other = raw(&embedded);
    other.execute_batch("CREATE TABLE users (id INTEGER)").expect("created");
    drop(other);
    let opened = EmbeddedQueue::open(&embedded.path(), EmbeddedSettings::default()).await;
    assert!(text(opened).contains("another database"));
    let other = raw(&embedded);
    let tables = other.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0));
    assert_eq!(tables, Ok(1));
}

#[tokio::test]
async fn a_file_of_a_later_version_is_refused() {
    let embedded = Embedded::new();
    drop(embedded.open_with(EmbeddedSettings::default()).await);
    let file = raw(&embedded);
    file.execute_batch("PRAGMA user_version = 99").expect("written");
    let opened = EmbeddedQueue::open(&embedded.path(), EmbeddedSettings::default()).await;
    assert!(text(opened).contains("version 99"));
}

#[tokio::test]
async fn a_file_that_stays_locked_is_told_and_forgotten_when_it_is_over() {
    let embedded = Embedded::new();
    let lock_wait = Duration::from_millis(300);
    let queue =
        embedded.open_with(EmbeddedSettings { lock_wait, ..EmbeddedSettings::default() }).await;
    let consumer = queue.consume(QUEUE, 10).await.expect("a consumer");
    queue.publish(QUEUE, vec![message("before")]).await.expect("published");
    let held = receive(&*consumer, 1).await;
    let other = raw(&embedded);
    other.execute_batch("BEGIN IMMEDIATE").expect("locked");

    let started = Instant::now();
    let (published, settled, checked) = tokio::join!(
        queue.publish(QUEUE, vec![message("during")]),
        consumer.settle(vec![(held[0].tag, queue::Verdict::Ack)]),
        queue.check(),
    );
    assert!(text(published).contains("locked"));
    assert!(text(settled).contains("locked"));
    assert!(text(checked).contains("locked"));
    assert!((lock_wait..SOON).contains(&started.elapsed()));
    // To read needs no lock.
    assert_eq!(queue.depth(QUEUE).await.expect("a depth").unacknowledged, 1);

    other.execute_batch("ROLLBACK").expect("unlocked");
    queue.publish(QUEUE, vec![message("after")]).await.expect("published");
    ack(&*consumer, &held).await;
    assert_eq!(receive(&*consumer, 1).await[0].message.id, "after");
}

/// With the file locked nothing gets on, so that what comes in piles up to its bounds.
#[tokio::test]
async fn too_much_at_once_is_refused_and_not_piled_up() {
    let embedded = Embedded::new();
    let settings = EmbeddedSettings {
        patience: Duration::from_millis(200),
        lock_wait: Duration::from_secs(2),
        ..EmbeddedSettings::default()
    };
    let queue = embedded.open_with(settings).await;
    let other = raw(&embedded);
    other.execute_batch("BEGIN IMMEDIATE").expect("locked");
    let small = (0..4_000).map(|n| queue.publish(QUEUE, vec![message(n)]));
    let started = Instant::now();
    let answers = async {
        let answers = timeout(SOON, join_all(small)).await.expect("in time");
        answers.into_iter().map(Result::unwrap_err)
    };
    let bulky = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let half = Message::event("half", vec![0; 20 << 20]);
        timeout(SOON, queue.publish(QUEUE, vec![half.clone(), half])).await.expect("in time")
    };
    let (answers, bulky) = tokio::join!(answers, bulky);
    let (overloaded, unavailable): (Vec<_>, Vec<_>) =
        answers.partition(|e| matches!(e, QueueError::Overloaded));
    assert!(overloaded.len() >= 1_000, "{}", overloaded.len());
    assert!(!unavailable.is_empty());
    assert!(matches!(bulky, Err(QueueError::Overloaded)));
    assert!(started.elapsed() < SOON);

    other.execute_batch("ROLLBACK").expect("unlocked");
    queue.publish(QUEUE, vec![message("after")]).await.expect("published");
    depth_becomes(&queue, Depth { ready: 1, ..Depth::default() }).await;
}
