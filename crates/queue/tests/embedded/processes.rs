//! Real processes on one file, and what is left when one is killed.
//!
//! A child is this test binary again, running the ignored test `child` alone; it speaks by lines.

use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader, Lines, Write},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    time::Duration,
};

use queue::{Depth, Message, Queue};
use tokio::time::timeout;

use super::{Embedded, LINGER, QUEUE, ack, depth_becomes, message, receive, short_leases};

const ROLE: &str = "QUEUE_TEST_CHILD_ROLE";
const PATH: &str = "QUEUE_TEST_CHILD_PATH";
/// What precedes the lines that are meant for the parent.
const MARK: &str = "said: ";

struct Process {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Process {
    fn start(role: &str, path: &Path) -> Self {
        let mut child = Command::new(std::env::current_exe().expect("this binary"))
            .args(["processes::child", "--exact", "--ignored", "--nocapture"])
            .env(ROLE, role)
            .env(PATH, path)
            .stdout(Stdio::piped())
            .spawn()
            .expect("a child");
        let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        Self { child, lines }
    }

    /// Kills it where it stands, and gives what it had said by then.
    fn kill(mut self) -> Vec<String> {
        self.child.kill().expect("killed");
        self.child.wait().expect("dead");
        self.collect()
    }
}

impl Iterator for Process {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        // A line that the kill cut off was not said.
        let whole = |line: &String| line.ends_with('.');
        self.lines.by_ref().map_while(Result::ok).find_map(|line| {
            let said = line.split_once(MARK)?.1.to_owned();
            whole(&said).then(|| said.trim_end_matches('.').to_owned())
        })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn say(what: impl std::fmt::Display) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{MARK}{what}.").and_then(|()| out.flush()).expect("the parent listens");
}

/// What the child processes run.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the other tests start it"]
async fn child() {
    let (Ok(role), Ok(path)) = (std::env::var(ROLE), std::env::var(PATH)) else { return };
    let queue = queue::EmbeddedQueue::open(Path::new(&path), short_leases()).await;
    let queue: std::sync::Arc<dyn Queue> = std::sync::Arc::new(queue.expect("opened"));
    match role.as_str() {
        "publish" => {
            let publishers = (0..8).map(|publisher| {
                let queue = queue.clone();
                tokio::spawn(async move {
                    for n in 0.. {
                        let id = format!("{}-{publisher}-{n}", std::process::id());
                        queue.publish(QUEUE, vec![large(&id)]).await.expect("published");
                        say(id);
                    }
                })
            });
            futures::future::join_all(publishers).await;
        }
        "hold" => {
            let consumer = queue.consume(QUEUE, 100).await.expect("a consumer");
            for delivery in receive(&*consumer, 10).await {
                say(delivery.message.id);
            }
            std::future::pending::<()>().await;
        }
        "share" => {
            let consumer = queue.consume(QUEUE, 10).await.expect("a consumer");
            say("ready");
            loop {
                let deliveries = consumer.receive(10, LINGER).await.expect("received");
                ack(&*consumer, &deliveries).await;
                for delivery in deliveries {
                    say(delivery.message.id);
                }
            }
        }
        other => panic!("no role {other}"),
    }
}

/// A message of several pages, that shows when a part of it is missing.
fn large(id: &str) -> Message {
    Message::event(id, id.repeat(600))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_publish_returned_for_survives_a_kill() {
    let embedded = Embedded::new();
    let mut durable = BTreeSet::new();
    for round in 1..=4 {
        let mut process = Process::start("publish", &embedded.path());
        durable.extend(process.by_ref().take(50 * round));
        durable.extend(process.kill());
    }
    assert!(durable.len() >= 500, "{}", durable.len());

    let queue = embedded.open_with(short_leases()).await;
    let ready = queue.depth(QUEUE).await.expect("a depth").ready;
    let ready = usize::try_from(ready).expect("a few");
    let consumer = queue.consume(QUEUE, ready).await.expect("a consumer");
    let arrived = receive(&*consumer, ready).await;
    for delivery in &arrived {
        assert_eq!(delivery.message, large(&delivery.message.id));
    }
    let arrived: BTreeSet<_> = arrived.into_iter().map(|d| d.message.id).collect();
    assert_eq!(arrived.len(), ready);
    let lost: Vec<_> = durable.difference(&arrived).collect();
    assert!(lost.is_empty(), "{lost:?}");

    let file = rusqlite::Connection::open(embedded.path()).expect("opened");
    let verdict = file.query_row("PRAGMA integrity_check", [], |row| row.get(0));
    assert_eq!(verdict, Ok("ok".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_process_gives_back_what_it_had_in_hand() {
    let embedded = Embedded::new();
    let queue = embedded.open_with(short_leases()).await;
    queue.publish(QUEUE, (0..10).map(message).collect()).await.expect("published");
    let mut process = Process::start("hold", &embedded.path());
    let held: BTreeSet<_> = process.by_ref().take(10).collect();
    assert_eq!(held.len(), 10);

    // While it lives its messages are its own, however long it holds them.
    let consumer = queue.consume(QUEUE, 100).await.expect("a consumer");
    let longer_than_a_lease = short_leases().lease + Duration::from_millis(500);
    assert!(timeout(longer_than_a_lease, consumer.receive(100, LINGER)).await.is_err());
    depth_becomes(&queue, Depth { unacknowledged: 10, consumers: 2, ..Depth::default() }).await;

    process.kill();
    let again = receive(&*consumer, 10).await;
    assert!(again.iter().all(|d| d.attempts == 0));
    assert_eq!(again.into_iter().map(|d| d.message.id).collect::<BTreeSet<_>>(), held);
    depth_becomes(&queue, Depth { unacknowledged: 10, consumers: 1, ..Depth::default() }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_process_shares_the_work() {
    const COUNT: usize = 500;
    let embedded = Embedded::new();
    let queue = embedded.open_with(short_leases()).await;
    let mut process = Process::start("share", &embedded.path());
    assert_eq!(process.next().as_deref(), Some("ready"));
    let consumer = queue.consume(QUEUE, 10).await.expect("a consumer");
    queue.publish(QUEUE, (0..COUNT).map(message).collect()).await.expect("published");
    let mut here = Vec::new();
    while let Ok(deliveries) = timeout(Duration::from_secs(1), consumer.receive(10, LINGER)).await {
        let deliveries = deliveries.expect("received");
        tokio::time::sleep(Duration::from_millis(5)).await;
        ack(&*consumer, &deliveries).await;
        here.extend(deliveries.into_iter().map(|d| d.message.id));
    }
    depth_becomes(&queue, Depth { consumers: 2, ..Depth::default() }).await;
    let there: Vec<_> = process.by_ref().take(COUNT - here.len()).collect();
    assert!(!here.is_empty() && !there.is_empty(), "{} and {}", here.len(), there.len());
    let all: BTreeSet<_> = here.into_iter().chain(there).collect();
    assert_eq!(all.len(), COUNT);
    assert!(process.kill().is_empty(), "something was delivered twice");
}
