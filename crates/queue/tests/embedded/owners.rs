//! Leases, without the help of a second process: a runtime that nobody drives is a process that
//! is silent.

use std::time::Duration;

use queue::{Consumer, Depth, Queue, Verdict};
use tokio::runtime::{Builder, Runtime};

use super::{Embedded, LINGER, QUEUE, ack, depth_becomes, message, receive, short_leases};

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime")
}

async fn take(
    queue: &std::sync::Arc<dyn Queue>,
    count: usize,
) -> (Box<dyn Consumer>, Vec<queue::Delivery>) {
    let consumer = queue.consume(QUEUE, 10).await.expect("a consumer");
    let taken = receive(&*consumer, count).await;
    (consumer, taken)
}

#[test]
fn who_was_silent_for_too_long_settles_nothing_and_goes_on() {
    let embedded = Embedded::new();
    let (sleeper, other) = (runtime(), runtime());
    let (slept, consumer, taken) = sleeper.block_on(async {
        let queue = embedded.open_with(short_leases()).await;
        queue.publish(QUEUE, (0..3).map(message).collect()).await.expect("published");
        let (consumer, taken) = take(&queue, 3).await;
        (queue, consumer, taken)
    });

    // Another takes them over, and is told that they were not tried.
    let (awake, _new_consumer) = other.block_on(async {
        let queue = embedded.open_with(short_leases()).await;
        let (new_consumer, again) = take(&queue, 3).await;
        assert!(again.iter().all(|d| d.attempts == 0));
        ack(&*new_consumer, &again[..1]).await;
        (queue, new_consumer)
    });

    // What the sleeper says of them now is not heard, and it gets what comes next.
    sleeper.block_on(async {
        let retry = Verdict::Retry { after: Duration::ZERO, cause: "late".into() };
        let verdicts = taken.iter().map(|d| (d.tag, retry.clone())).collect();
        consumer.settle(verdicts).await.expect("passed over");
        slept.publish(QUEUE, vec![message("next")]).await.expect("published");
        let next = receive(&*consumer, 1).await;
        assert_eq!((next[0].message.id.as_str(), next[0].attempts), ("next", 0));
        ack(&*consumer, &next).await;
        assert_eq!(slept.depth(QUEUE).await.expect("a depth").ready, 0);
    });
    other.block_on(async {
        let depth = awake.depth(QUEUE).await.expect("a depth");
        assert_eq!((depth.ready, depth.unacknowledged), (0, 2));
    });
}

#[test]
fn who_leaves_in_order_hands_back_at_once() {
    let embedded = Embedded::new();
    let (first, second) = (runtime(), runtime());
    // The default lease: nobody waits for its end.
    first.block_on(async {
        let queue = queue::conformance::Subject::open(&embedded).await;
        queue.publish(QUEUE, (0..3).map(message).collect()).await.expect("published");
        let held = take(&queue, 3).await;
        drop((held, queue));
        tokio::time::sleep(Duration::from_millis(300)).await;
    });
    second.block_on(async {
        let queue = queue::conformance::Subject::open(&embedded).await;
        depth_becomes(&queue, Depth { ready: 3, ..Depth::default() }).await;
    });
}

#[tokio::test]
async fn a_consumer_outlives_the_handle_it_came_from() {
    let embedded = Embedded::new();
    let queue = embedded.open_with(short_leases()).await;
    queue.publish(QUEUE, vec![message(1)]).await.expect("published");
    let consumer = queue.consume(QUEUE, 10).await.expect("a consumer");
    drop(queue);
    let taken = receive(&*consumer, 1).await;
    tokio::time::sleep(short_leases().lease).await;
    ack(&*consumer, &taken).await;
    let queue = embedded.open_with(short_leases()).await;
    depth_becomes(&queue, Depth { consumers: 1, ..Depth::default() }).await;
    assert!(tokio::time::timeout(LINGER, consumer.receive(1, LINGER)).await.is_err());
}
