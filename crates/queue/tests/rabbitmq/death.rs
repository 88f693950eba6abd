//! A broker that is killed right after it has confirmed, and comes back.

use std::time::Duration;

use queue::{Consumer, Delivery, Message, Queue, RabbitQueue, RabbitSettings, Verdict};
use testkit::{RabbitMq, eventually};
use tokio::time::timeout;

const QUEUE: &str = "conformance";

fn open(url: &str) -> RabbitQueue {
    RabbitQueue::new(url, RabbitSettings::default()).unwrap()
}

fn message(id: &str) -> Vec<Message> {
    vec![Message::event(id, "{}")]
}

async fn one(consumer: &dyn Consumer) -> Option<Delivery> {
    let received = timeout(Duration::from_secs(5), consumer.receive(1, Duration::ZERO)).await;
    received.ok()?.ok()?.pop()
}

/// The message that is there after the broker's death, and may be done with.
async fn left(queue: &RabbitQueue) -> String {
    eventually("a message is there", || async {
        let consumer = queue.consume(QUEUE, 1).await.ok()?;
        let delivery = one(&*consumer).await?;
        consumer.settle(vec![(delivery.tag, Verdict::Ack)]).await.ok()?;
        Some(delivery.message.id)
    })
    .await
}

/// A broker writes down later than it confirms which queues it has: none is used before.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_new_queue_has_confirmed_survives() {
    let mut broker = RabbitMq::start();
    let [published, retried, shared] = [(); 3].map(|()| broker.fresh_url());

    let waiting = open(&retried);
    waiting.publish(QUEUE, message("retried")).await.unwrap();
    let consumer = waiting.consume(QUEUE, 1).await.unwrap();
    let delivery = one(&*consumer).await.expect("it comes");

    // All three take a queue that nobody has used: a delay's, a process's own, and one that another
    // process is making.
    let retry = Verdict::Retry { after: Duration::from_secs(1), cause: "a test".into() };
    let (new, maker, other) = (open(&published), open(&shared), open(&shared));
    let first = async {
        tokio::select! {
            done = maker.publish(QUEUE, message("shared")) => done,
            done = other.publish(QUEUE, message("shared")) => done,
        }
    };
    let (a, b, c) = tokio::join!(
        consumer.settle(vec![(delivery.tag, retry)]),
        new.publish(QUEUE, message("published")),
        first,
    );
    broker.kill(0);
    for confirmed in [a, b, c] {
        confirmed.unwrap();
    }
    drop(consumer);
    broker.start_again(0);

    assert_eq!(left(&waiting).await, "retried");
    assert_eq!(left(&new).await, "published");
    assert_eq!(left(&other).await, "shared");
    for queue in [waiting, new, other] {
        queue.publish(QUEUE, message("later")).await.unwrap();
    }
}
