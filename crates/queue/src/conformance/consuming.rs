//! Who consumes gets messages, its share of them, and no more than it can hold.

use std::{collections::BTreeSet, time::Duration};

use tokio::time::{Instant, sleep, timeout};

use super::{
    LINGER, PATIENCE, QUEUE, Subject, ack, consume, ids, message, messages, nothing_comes, publish,
    receive, receive_one,
};

/// With no attempt counted.
pub async fn unsettled_messages_come_back_when_the_consumer_is_dropped<S: Subject>(subject: &S) {
    let queue = subject.open().await;
    publish(&queue, messages(0..10)).await;
    let first = consume(&queue, 10).await;
    let taken = receive(&*first, 10).await;
    ack(&*first, &taken[..3]).await;
    drop(first);
    let second = consume(&queue, 10).await;
    let again = receive(&*second, 7).await;
    assert_eq!(ids(&again), ids(&taken[3..]));
    assert!(again.iter().all(|d| d.attempts == 0));
    nothing_comes(&*second).await;
}

/// Two consumers of two handles: each message goes to one of them, and none stays idle.
pub async fn two_consumers_share_the_work<S: Subject>(subject: &S) {
    const COUNT: usize = 400;
    let (here, there) = (subject.open().await, subject.open().await);
    let (one, two) = (consume(&here, 10).await, consume(&there, 10).await);
    publish(&here, messages(0..COUNT)).await;
    let work = async |consumer: &dyn super::Consumer| {
        let mut seen = Vec::new();
        while let Ok(deliveries) =
            timeout(Duration::from_secs(2), consumer.receive(5, LINGER)).await
        {
            let deliveries = deliveries.expect("received");
            sleep(Duration::from_millis(1)).await;
            ack(consumer, &deliveries).await;
            seen.extend(deliveries.into_iter().map(|d| d.message.id));
        }
        seen
    };
    let (one, two) = tokio::join!(work(&*one), work(&*two));
    assert!(!one.is_empty() && !two.is_empty(), "{} and {}", one.len(), two.len());
    assert_eq!(one.len() + two.len(), COUNT);
    assert_eq!(one.into_iter().chain(two).collect::<BTreeSet<_>>().len(), COUNT);
}

/// A consumer that already waits gets what another process publishes.
pub async fn a_waiting_consumer_hears_of_another_handles_message<S: Subject>(subject: &S) {
    let (here, there) = (subject.open().await, subject.open().await);
    let consumer = consume(&here, 10).await;
    let (delivery, ()) = tokio::join!(receive_one(&*consumer), async {
        sleep(Duration::from_millis(300)).await;
        publish(&there, vec![message("late")]).await;
    });
    assert_eq!(delivery.message.id, "late");
}

/// No more than `prefetch` deliveries are out at any time, however much is asked for.
pub async fn prefetch_bounds_the_unsettled<S: Subject>(subject: &S) {
    let queue = subject.open().await;
    publish(&queue, messages(0..10)).await;
    let consumer = consume(&queue, 4).await;
    let first = timeout(PATIENCE, consumer.receive(10, Duration::from_millis(200))).await;
    let mut first = first.expect("in time").expect("received");
    assert!(first.len() <= 4, "{}", first.len());
    first.extend(receive(&*consumer, 4 - first.len()).await);
    nothing_comes(&*consumer).await;
    ack(&*consumer, &first[..1]).await;
    receive_one(&*consumer).await;
    nothing_comes(&*consumer).await;
}

/// A call that waits for room goes on when there is some.
pub async fn settling_makes_room_for_a_receive_that_waits<S: Subject>(subject: &S) {
    let queue = subject.open().await;
    publish(&queue, messages(0..2)).await;
    let consumer = consume(&queue, 1).await;
    let first = receive(&*consumer, 1).await;
    let (second, ()) = tokio::join!(receive(&*consumer, 1), async {
        sleep(Duration::from_millis(200)).await;
        ack(&*consumer, &first).await;
    });
    assert_ne!(ids(&first), ids(&second));
}

/// Messages that come within `linger` come together.
pub async fn linger_fills_a_batch<S: Subject>(subject: &S) {
    let queue = subject.open().await;
    let consumer = consume(&queue, 100).await;
    let (batch, ()) = tokio::join!(consumer.receive(10, Duration::from_secs(5)), async {
        for n in 0..10 {
            sleep(Duration::from_millis(20)).await;
            publish(&queue, vec![message(n)]).await;
        }
    });
    assert_eq!(batch.expect("received").len(), 10);
}

/// A batch that is full, or may have only one message, is there at once.
pub async fn a_full_batch_does_not_linger<S: Subject>(subject: &S) {
    let queue = subject.open().await;
    publish(&queue, messages(0..11)).await;
    let consumer = consume(&queue, 100).await;
    let started = Instant::now();
    let mut count = 0;
    for max in [10, 1] {
        count += consumer.receive(max, Duration::from_secs(30)).await.expect("received").len();
    }
    assert_eq!(count, 11);
    assert!(started.elapsed() < PATIENCE);
}

/// Whenever it was cancelled: what it may have taken comes again, uncounted, and soon.
pub async fn a_receive_that_was_cancelled_loses_nothing<S: Subject>(subject: &S) {
    const COUNT: usize = 200;
    let queue = subject.open().await;
    let consumer = consume(&queue, COUNT).await;
    let publisher = {
        let queue = queue.clone();
        tokio::spawn(async move {
            for n in 0..COUNT {
                queue.publish(QUEUE, vec![message(n)]).await.expect("published");
            }
        })
    };
    let mut seen = BTreeSet::new();
    for micros in (0..4_000).step_by(50) {
        let call = consumer.receive(7, Duration::from_millis(1));
        if let Ok(deliveries) = timeout(Duration::from_micros(micros), call).await {
            let deliveries = deliveries.expect("received");
            ack(&*consumer, &deliveries).await;
            seen.extend(deliveries.into_iter().map(|d| d.message.id));
        }
    }
    publisher.await.expect("it published");
    let deadline = Instant::now() + PATIENCE;
    while seen.len() < COUNT {
        assert!(Instant::now() < deadline, "{} of {COUNT} came", seen.len());
        let deliveries = timeout(PATIENCE, consumer.receive(COUNT, LINGER)).await;
        let deliveries = deliveries.expect("in time").expect("received");
        assert!(deliveries.iter().all(|d| d.attempts == 0));
        ack(&*consumer, &deliveries).await;
        seen.extend(deliveries.into_iter().map(|d| d.message.id));
    }
    nothing_comes(&*consumer).await;
}

/// Cancelled when it surely has taken some: they come again to whoever asks, and its room is free.
pub async fn a_receive_cancelled_while_it_lingers_loses_nothing<S: Subject>(subject: &S) {
    let queue = subject.open().await;
    publish(&queue, messages(0..5)).await;
    let consumer = consume(&queue, 5).await;
    // Asks for fewer than its prefetch allows, so that the broker may push and yet it lingers.
    let lingering = consumer.receive(6, Duration::from_mins(1));
    let _ = timeout(Duration::from_millis(300), lingering).await;
    let again = receive(&*consumer, 5).await;
    assert_eq!(ids(&again).len(), 5);
    assert!(again.iter().all(|d| d.attempts == 0));
}
