//! What a queue holds is counted.

use std::time::Duration;

use super::{Subject, consume, depth_becomes, messages, publish, receive};
use crate::{Depth, Verdict};

/// A queue comes to be when it is first named.
pub async fn an_unknown_queue_is_empty<S: Subject>(subject: &S) {
    depth_becomes(&subject.open().await, Depth::default()).await;
}

/// Ready, delayed, in hand, dead.
pub async fn every_state_is_counted<S: Subject>(subject: &S) {
    let queue = subject.open().await;
    publish(&queue, messages(0..10)).await;
    depth_becomes(&queue, Depth { ready: 10, ..Depth::default() }).await;

    let consumer = consume(&queue, 6).await;
    let taken = receive(&*consumer, 6).await;
    let mut expected = Depth { ready: 4, unacknowledged: 6, consumers: 1, ..Depth::default() };
    depth_becomes(&queue, expected).await;

    let later = Duration::from_hours(1);
    let verdicts = vec![
        (taken[0].tag, Verdict::Ack),
        (taken[1].tag, Verdict::Retry { after: later, cause: "no".into() }),
        (taken[2].tag, Verdict::Postpone { after: later }),
        (taken[3].tag, Verdict::DeadLetter { cause: "no".into(), by: "suite".into(), tried: true }),
    ];
    consumer.settle(verdicts).await.expect("settled");
    expected.unacknowledged = 2;
    expected.delayed = 2;
    expected.dead_letters = 1;
    depth_becomes(&queue, expected).await;

    drop(consumer);
    expected = Depth { ready: 6, unacknowledged: 0, consumers: 0, ..expected };
    depth_becomes(&queue, expected).await;
    // Another handle sees the same.
    depth_becomes(&subject.open().await, expected).await;
}

/// Those of other processes too, for as long as they are there.
pub async fn consumers_of_all_handles_are_counted<S: Subject>(subject: &S) {
    let (here, there) = (subject.open().await, subject.open().await);
    let one = consume(&here, 1).await;
    let two = consume(&there, 1).await;
    let three = consume(&there, 1).await;
    depth_becomes(&here, Depth { consumers: 3, ..Depth::default() }).await;
    drop(two);
    depth_becomes(&here, Depth { consumers: 2, ..Depth::default() }).await;
    drop((three, there));
    depth_becomes(&here, Depth { consumers: 1, ..Depth::default() }).await;
    drop(one);
    depth_becomes(&here, Depth::default()).await;
}
