//! Events that come together share a row of the file, and nobody can tell.

use std::{collections::BTreeSet, time::Duration};

use futures::future::join_all;
use queue::{DeadLetterFilter, Delivery, DeliveryTag, Depth, EmbeddedSettings, Message, Verdict};
use rusqlite::Connection;

use super::{Embedded, LINGER, QUEUE, ack, depth_becomes, message, receive};

fn rows(embedded: &Embedded) -> i64 {
    let file = Connection::open(embedded.path()).expect("opened");
    file.query_row("SELECT count(*) FROM messages", [], |row| row.get(0)).expect("counted")
}

fn ids(deliveries: &[Delivery]) -> Vec<&str> {
    deliveries.iter().map(|d| &*d.message.id).collect()
}

fn numbers(from: usize, to: usize) -> Vec<String> {
    (from..to).map(|n| n.to_string()).collect()
}

#[tokio::test]
async fn what_comes_together_shares_rows_and_keeps_its_order() {
    let embedded = Embedded::new();
    let queue = embedded.open_with(EmbeddedSettings::default()).await;
    let traced = |n: usize| {
        message(n).with_traceparent(n.is_multiple_of(3).then(|| format!("00-{n:032x}-{n:016x}-01")))
    };
    let sent: Vec<_> = (0..100).map(traced).collect();
    queue.publish(QUEUE, sent.clone()).await.expect("published");
    assert_eq!(rows(&embedded), 2);
    depth_becomes(&queue, Depth { ready: 100, ..Depth::default() }).await;

    let consumer = queue.consume(QUEUE, 1_000).await.expect("a consumer");
    let arrived = receive(&*consumer, 100).await;
    depth_becomes(&queue, Depth { unacknowledged: 100, consumers: 1, ..Depth::default() }).await;
    let messages: Vec<_> = arrived.iter().map(|d| d.message.clone()).collect();
    assert_eq!(messages, sent);
    ack(&*consumer, &arrived).await;
    assert_eq!(rows(&embedded), 0);
}

#[tokio::test]
async fn those_of_several_publishers_share_a_row() {
    let embedded = Embedded::new();
    let queue = embedded.open_with(EmbeddedSettings::default()).await;
    let published = join_all((0..60).map(|n| queue.publish(QUEUE, vec![message(n)]))).await;
    for published in published {
        published.expect("published");
    }
    assert!(rows(&embedded) < 30, "{} rows", rows(&embedded));
}

#[tokio::test]
async fn what_is_large_or_no_event_goes_alone_and_overtakes_nobody() {
    let embedded = Embedded::new();
    let queue = embedded.open_with(EmbeddedSettings::default()).await;
    let mut sent: Vec<_> = (0..20).map(message).collect();
    sent[8] = Message::event("8", vec![b'x'; 100_000]);
    sent[9] = Message { content_type: "text/plain".into(), ..message(9) };
    queue.publish(QUEUE, sent.clone()).await.expect("published");
    assert_eq!(rows(&embedded), 4);
    let consumer = queue.consume(QUEUE, 1_000).await.expect("a consumer");
    let arrived = receive(&*consumer, 20).await;
    let messages: Vec<_> = arrived.into_iter().map(|d| d.message).collect();
    assert_eq!(messages, sent);
}

#[tokio::test]
async fn consumers_get_as_many_as_they_ask_for() {
    let embedded = Embedded::new();
    let queue = embedded.open_with(EmbeddedSettings::default()).await;
    queue.publish(QUEUE, (0..40).map(message).collect()).await.expect("published");
    let (one, other) = (
        queue.consume(QUEUE, 7).await.expect("a consumer"),
        queue.consume(QUEUE, 100).await.expect("a consumer"),
    );
    let first = one.receive(100, LINGER).await.expect("received");
    assert_eq!(ids(&first), numbers(0, 7));
    let second = other.receive(1, LINGER).await.expect("received");
    assert_eq!(ids(&second), ["7"]);
    let third = other.receive(100, LINGER).await.expect("received");
    assert_eq!(ids(&third), numbers(8, 40));
    depth_becomes(&queue, Depth { unacknowledged: 40, consumers: 2, ..Depth::default() }).await;

    // What one lets go of comes to the other, and only that.
    ack(&*one, &first[..3]).await;
    drop(one);
    let fourth = receive(&*other, 4).await;
    assert_eq!(ids(&fourth), numbers(3, 7));
    for deliveries in [second, third, fourth] {
        ack(&*other, &deliveries).await;
    }
    depth_becomes(&queue, Depth { consumers: 1, ..Depth::default() }).await;
    assert_eq!(rows(&embedded), 0);
}

/// Settled a few at a time, in several commands that may share a transaction, some of them twice.
#[tokio::test]
async fn each_is_judged_by_itself() {
    let embedded = Embedded::new();
    let queue = embedded.open_with(EmbeddedSettings::default()).await;
    queue.publish(QUEUE, (0..60).map(message).collect()).await.expect("published");
    let consumer = queue.consume(QUEUE, 100).await.expect("a consumer");
    let arrived = receive(&*consumer, 60).await;
    let verdict = |n: usize| {
        let (cause, later) = ("no".to_owned(), Duration::from_hours(1));
        match n % 6 {
            0 | 1 => Verdict::Ack,
            2 => Verdict::Retry { after: later, cause },
            3 => Verdict::Postpone { after: later },
            4 => Verdict::DeadLetter { cause, by: "test".into(), tried: true },
            _ => Verdict::Release,
        }
    };
    let of = |from: usize, to: usize| -> Vec<(DeliveryTag, Verdict)> {
        (from..to).map(|n| (arrived[n].tag, verdict(n))).collect()
    };
    let settled = [of(0, 12), of(6, 18), of(18, 20), of(18, 40)].map(|some| consumer.settle(some));
    for settled in join_all(settled).await {
        settled.expect("settled");
    }
    let state = Depth { ready: 6, delayed: 14, unacknowledged: 20, dead_letters: 6, consumers: 1 };
    depth_becomes(&queue, state).await;

    // It is gone in the middle of it: the rest comes again, untried, and nothing else does.
    drop(consumer);
    let consumer = queue.consume(QUEUE, 100).await.expect("a consumer");
    let again = receive(&*consumer, 26).await;
    assert!(again.iter().all(|d| d.attempts == 0 && d.message == message(&d.message.id)));
    let released = (0..40).filter(|n| n % 6 == 5).map(|n| n.to_string());
    let expected: BTreeSet<_> = released.chain(numbers(40, 60)).collect();
    assert_eq!(ids(&again).into_iter().map(str::to_owned).collect::<BTreeSet<_>>(), expected);
    let letters = queue.dead_letters(&DeadLetterFilter::default(), None, 100).await.expect("them");
    let dead: Vec<_> = letters.iter().map(|d| (&*d.message.id, d.attempts)).collect();
    assert_eq!(dead, [("4", 1), ("10", 1), ("16", 1), ("22", 1), ("28", 1), ("34", 1)]);
    assert!(letters.iter().all(|d| d.message == message(&d.message.id)));
}

/// As version 2 made it.
const VERSION_2: &str = "
PRAGMA journal_mode = WAL;
CREATE TABLE queues (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE messages (
    id INTEGER PRIMARY KEY, queue INTEGER NOT NULL, visible_at INTEGER NOT NULL, consumer INTEGER,
    attempts INTEGER NOT NULL DEFAULT 0, first_failed_at INTEGER, message_id TEXT NOT NULL,
    content_type TEXT, traceparent TEXT, body BLOB NOT NULL
) STRICT;
CREATE INDEX messages_ready ON messages (queue, visible_at) WHERE consumer IS NULL;
CREATE INDEX messages_leased ON messages (consumer) WHERE consumer IS NOT NULL;
CREATE TABLE dead_letters (
    id TEXT NOT NULL UNIQUE, queue TEXT NOT NULL, cause TEXT NOT NULL, by TEXT NOT NULL,
    attempts INTEGER NOT NULL, first_failed_at INTEGER NOT NULL, dead_at INTEGER NOT NULL,
    message_id TEXT NOT NULL, content_type TEXT, traceparent TEXT, body BLOB NOT NULL
) STRICT;
CREATE INDEX dead_letters_of_queue ON dead_letters (queue, id);
CREATE TABLE owners (id TEXT PRIMARY KEY, expires_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE consumers (
    id INTEGER PRIMARY KEY AUTOINCREMENT, owner TEXT NOT NULL, queue TEXT NOT NULL
) STRICT;
PRAGMA application_id = 0x55535155;
PRAGMA user_version = 2;
INSERT INTO queues VALUES (1, 'test');
INSERT INTO owners VALUES ('gone', 1);
INSERT INTO consumers VALUES (1, 'gone', 'test');
INSERT INTO messages (queue, visible_at, message_id, body, attempts, consumer) VALUES
    (1, 1, '0', CAST('body of 0' AS BLOB), 0, NULL),
    (1, 1, '1', CAST('body of 1' AS BLOB), 2, NULL),
    (1, 1, '2', CAST('body of 2' AS BLOB), 0, 1);
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_of_version_2_is_taken_over() {
    let embedded = Embedded::new();
    Connection::open(embedded.path()).expect("opened").execute_batch(VERSION_2).expect("made");
    let open = || embedded.open_with(EmbeddedSettings::default());
    let handles = join_all((0..4).map(|_| open())).await;
    handles[0].publish(QUEUE, (3..13).map(message).collect()).await.expect("published");
    let consumer = handles[1].consume(QUEUE, 100).await.expect("a consumer");
    let mut arrived = receive(&*consumer, 13).await;
    arrived.sort_by_key(|d| d.message.id.parse::<usize>().expect("a number"));
    assert_eq!(ids(&arrived), numbers(0, 13));
    assert!(arrived.iter().all(|d| d.message == message(&d.message.id)));
    assert_eq!(arrived[1].attempts, 2);
}

/// A row of several events as version 3 wrote it.
fn plain(events: impl Iterator<Item = Message>) -> Vec<u8> {
    let mut row = Vec::new();
    for event in events {
        for part in [event.id.as_bytes(), b"", &event.body] {
            row.extend(u16::try_from(part.len()).expect("it is short").to_be_bytes());
            row.extend(part);
        }
    }
    row
}

#[tokio::test]
async fn a_file_of_version_3_is_taken_over() {
    let embedded = Embedded::new();
    drop(embedded.open_with(EmbeddedSettings::default()).await);
    let file = Connection::open(embedded.path()).expect("opened");
    file.execute("INSERT INTO queues VALUES (1, ?1)", [QUEUE]).expect("a queue");
    let row =
        "INSERT INTO messages (queue, visible_at, events, pending, body) VALUES (1, 1, 4, 30, ?1)";
    file.execute(row, [plain((0..5).map(message))]).expect("a row, whose first event is done");
    file.execute_batch("PRAGMA user_version = 3").expect("as it was");
    drop(file);

    let queue = embedded.open_with(EmbeddedSettings::default()).await;
    queue.publish(QUEUE, (5..25).map(message).collect()).await.expect("published");
    let consumer = queue.consume(QUEUE, 100).await.expect("a consumer");
    let mut arrived = receive(&*consumer, 24).await;
    arrived.sort_by_key(|d| d.message.id.parse::<usize>().expect("a number"));
    assert_eq!(ids(&arrived), numbers(1, 25));
    assert!(arrived.iter().all(|d| d.message == message(&d.message.id)));
}
