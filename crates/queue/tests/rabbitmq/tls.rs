//! `amqps:`.

use std::time::Duration;

use queue::{Message, Queue, QueueError, RabbitQueue, RabbitSettings};
use testkit::Authority;

use crate::BROKER;

const QUEUE: &str = "conformance";

fn by_tls(host: &str, trusted: &Authority) -> RabbitQueue {
    let settings = RabbitSettings {
        ca: Some(trusted.pem()),
        patience: Duration::from_millis(500),
        ..RabbitSettings::default()
    };
    RabbitQueue::new(&BROKER.fresh_tls_url(host), settings).unwrap()
}

fn message() -> Vec<Message> {
    vec![Message::event("1", r#"{"id":"1"}"#)]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_whose_certificate_is_trusted_is_worked_with() {
    let queue = by_tls("localhost", BROKER.authority());
    queue.publish(QUEUE, message()).await.unwrap();
    let consumer = queue.consume(QUEUE, 1).await.unwrap();
    let received = consumer.receive(1, Duration::ZERO).await.unwrap();
    assert_eq!(received[0].message.id, "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_a_stranger_vouches_for_is_not() {
    let queue = by_tls("localhost", &Authority::new());
    let error = queue.publish(QUEUE, message()).await.unwrap_err();
    assert!(matches!(&error, QueueError::Unavailable(e) if e.contains("certificate")), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_with_the_certificate_of_another_host_is_not() {
    let queue = by_tls("127.0.0.1", BROKER.authority());
    let error = queue.publish(QUEUE, message()).await.unwrap_err();
    assert!(matches!(&error, QueueError::Unavailable(e) if e.contains("certificate")), "{error}");
}
