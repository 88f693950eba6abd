//! What becomes of a delivery is what its verdict says.

use std::{collections::BTreeMap, time::Duration};

use tokio::time::{Instant, sleep};

use super::{
    PATIENCE, Subject, ack, consume, depth_becomes, ids, message, messages, nothing_comes, publish,
    receive, receive_one, settle,
};
use crate::{DeliveryTag, Depth, Verdict};

fn retry(millis: u64) -> Verdict {
    Verdict::Retry { after: Duration::from_millis(millis), cause: "not yet".into() }
}

/// Neither a dropped consumer nor a reopen brings it back.
pub async fn what_is_acknowledged_is_gone_for_ever<S: Subject>(subject: &S) {
    let queue = subject.open().await;
    publish(&queue, messages(0..20)).await;
    let consumer = consume(&queue, 20).await;
    let taken = receive(&*consumer, 20).await;
    ack(&*consumer, &taken).await;
    nothing_comes(&*consumer).await;
    drop(consumer);
    nothing_comes(&*consume(&queue, 20).await).await;
    drop(queue);
    let queue = subject.open().await;
    nothing_comes(&*consume(&queue, 20).await).await;
    depth_becomes(&queue, Depth::default()).await;
}

/// It comes again when its delay is over, with one more attempt counted.
pub async fn a_retry_is_counted_and_never_early<S: Subject>(subject: &S) {
    let queue = subject.open().await;
    publish(&queue, vec![message("1")]).await;
    let consumer = consume(&queue, 10).await;
    let first = receive(&*consumer, 1).await;
    let settled_at = Instant::now();
    settle(&*consumer, &first, retry(700)).await;
    let again = receive_one(&*consumer).await;
    assert!(settled_at.elapsed() >= Duration::from_millis(700), "{:?}", settled_at.elapsed());
    assert_eq!((again.attempts, again.message), (1, message("1")));
}

/// Retries of one message keep their delays, one after the other, and count up.
pub async fn each_delay_is_its_own<S: Subject>(subject: &S) {
    let queue = subject.open().await;
    publish(&queue, vec![message("1")]).await;
    let consumer = consume(&queue, 1).await;
    for (attempts, millis) in [(0, 50), (1, 200), (2, 1_500), (3, 0)] {
        let delivery = receive_one(&*consumer).await;
        assert_eq!(delivery.attempts, attempts);
        let settled_at = Instant::now();
        settle(&*consumer, &[delivery], retry(millis)).await;
        // A shorter delay may be over before anybody has looked.
        if millis > 1_000 {
            super::depth_becomes(&queue, Depth { delayed: 1, consumers: 1, ..Depth::default() })
                .await;
        }
        let delivery = receive_one(&*consumer).await;
        assert!(settled_at.elapsed() >= Duration::from_millis(millis));
        settle(&*consumer, &[delivery], Verdict::Release).await;
    }
}

/// Delays are of messages, not of queues.
pub async fn a_long_delay_does_not_hold_up_a_short_one<S: Subject>(subject: &S) {
    let queue = subject.open().await;
    publish(&queue, messages(0..2)).await;
    let consumer = consume(&queue, 10).await;
    let both = receive(&*consumer, 2).await;
    settle(&*consumer, &both[..1], retry(60_000)).await;
    settle(&*consumer, &both[1..], retry(300)).await;
    let again = receive(&*consumer, 1).await;
    assert_eq!(ids(&again), ids(&both[1..]));
    let fresh = message("fresh");
    publish(&queue, vec![fresh.clone()]).await;
    assert_eq!(receive_one(&*consumer).await.message, fresh);
}

/// What waits for its next attempt still waits after a reopen, and still knows its attempts.
pub async fn a_delay_survives_a_reopen<S: Subject>(subject: &S) {
    let queue = subject.open().await;
    publish(&queue, vec![message("1")]).await;
    let consumer = consume(&queue, 10).await;
    let first = receive(&*consumer, 1).await;
    let settled_at = Instant::now();
    settle(&*consumer, &first, retry(1_000)).await;
    drop((consumer, queue));
    let queue = subject.open().await;
    let again = receive_one(&*consume(&queue, 10).await).await;
    assert!(settled_at.elapsed() >= Duration::from_secs(1));
    assert_eq!(again.attempts, 1);
}

/// It comes again after its delay, as often as it takes.
pub async fn postponing_counts_nothing<S: Subject>(subject: &S) {
    let queue = subject.open().await;
    publish(&queue, vec![message("1")]).await;
    let consumer = consume(&queue, 10).await;
    for _ in 0..3 {
        let delivery = receive_one(&*consumer).await;
        assert_eq!(delivery.attempts, 0);
        let settled_at = Instant::now();
        let verdict = Verdict::Postpone { after: Duration::from_millis(300) };
        settle(&*consumer, &[delivery], verdict).await;
        let delivery = receive_one(&*consumer).await;
        assert!(settled_at.elapsed() >= Duration::from_millis(300));
        settle(&*consumer, &[delivery], Verdict::Release).await;
    }
}

/// It comes again at once, as often as it takes.
pub async fn releasing_counts_nothing<S: Subject>(subject: &S) {
    let queue = subject.open().await;
    publish(&queue, vec![message("1")]).await;
    let consumer = consume(&queue, 10).await;
    let started = Instant::now();
    for _ in 0..10 {
        let delivery = receive_one(&*consumer).await;
        assert_eq!(delivery.attempts, 0);
        settle(&*consumer, &[delivery], Verdict::Release).await;
    }
    assert!(started.elapsed() < PATIENCE);
}

/// All kinds of verdicts in one call.
pub async fn each_delivery_has_its_own_verdict<S: Subject>(subject: &S) {
    let queue = subject.open().await;
    publish(&queue, messages(0..10)).await;
    let consumer = consume(&queue, 10).await;
    let taken = receive(&*consumer, 10).await;
    let dead = Verdict::DeadLetter { cause: "no".into(), by: "suite".into(), tried: true };
    let verdicts = [
        Verdict::Ack,
        retry(0),
        dead,
        Verdict::Postpone { after: Duration::from_hours(1) },
        Verdict::Release,
    ];
    let verdicts = taken.iter().map(|d| d.tag).zip(verdicts.into_iter().cycle()).collect();
    consumer.settle(verdicts).await.expect("settled");
    let again = receive(&*consumer, 4).await;
    let again: BTreeMap<_, _> = again.iter().map(|d| (&d.message.id, d.attempts)).collect();
    let expected = [1, 6, 4, 9].map(|n: usize| (&taken[n].message.id, u32::from(n % 5 == 1)));
    assert_eq!(again, BTreeMap::from(expected));
    let expected =
        Depth { unacknowledged: 4, delayed: 2, dead_letters: 2, consumers: 1, ..Depth::default() };
    depth_becomes(&queue, expected).await;
}

/// The second verdict is passed over, whatever it says.
pub async fn settling_twice_is_harmless<S: Subject>(subject: &S) {
    let queue = subject.open().await;
    publish(&queue, messages(0..2)).await;
    let consumer = consume(&queue, 10).await;
    let taken = receive(&*consumer, 2).await;
    ack(&*consumer, &taken).await;
    ack(&*consumer, &taken).await;
    settle(&*consumer, &taken, Verdict::Release).await;
    settle(&*consumer, &taken, retry(0)).await;
    let dead = Verdict::DeadLetter { cause: "no".into(), by: "suite".into(), tried: true };
    settle(&*consumer, &taken, dead).await;
    nothing_comes(&*consumer).await;
    depth_becomes(&queue, Depth { consumers: 1, ..Depth::default() }).await;

    // A verdict on an earlier delivery does not touch the later one of the same message.
    publish(&queue, vec![message("again")]).await;
    let earlier = receive(&*consumer, 1).await;
    settle(&*consumer, &earlier, Verdict::Release).await;
    let later = receive(&*consumer, 1).await;
    ack(&*consumer, &earlier).await;
    settle(&*consumer, &later, Verdict::Release).await;
    assert_eq!(receive_one(&*consumer).await.message, message("again"));
}

/// Neither is an error.
pub async fn settling_nothing_or_the_unknown_is_harmless<S: Subject>(subject: &S) {
    let queue = subject.open().await;
    let consumer = consume(&queue, 1).await;
    consumer.settle(vec![]).await.expect("settled");
    consumer.settle(vec![(DeliveryTag(4_711), Verdict::Ack)]).await.expect("settled");
    publish(&queue, messages(0..2)).await;
    // Its room is not larger than before.
    receive(&*consumer, 1).await;
    sleep(Duration::from_millis(50)).await;
    nothing_comes(&*consumer).await;
}
