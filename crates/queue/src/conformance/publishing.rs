//! What is published arrives.

use std::{collections::BTreeSet, time::Duration};

use bytes::Bytes;

use super::{
    QUEUE, Subject, ack, consume, message, messages, nothing_comes, publish, receive, receive_one,
};
use crate::Message;

/// Body, content type, id and trace are kept; no attempt is counted.
pub async fn a_message_arrives_byte_for_byte<S: Subject>(subject: &S) {
    let queue = subject.open().await;
    let traced = Message {
        id: "an id with ünïcode".into(),
        content_type: "application/x-anything; charset=none".into(),
        traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into()),
        body: Bytes::from_static(b"\x00\xff not UTF-8 \r\n\xc3("),
    };
    publish(&queue, vec![traced.clone()]).await;
    let consumer = consume(&queue, 10).await;
    let delivery = receive_one(&*consumer).await;
    assert_eq!((delivery.message, delivery.attempts), (traced, 0));
    publish(&queue, vec![message("untraced")]).await;
    assert_eq!(receive_one(&*consumer).await.message, message("untraced"));
}

/// From no byte at all to more than an event may have: to judge that is the consumer's business.
pub async fn a_large_and_an_empty_body_arrive<S: Subject>(subject: &S) {
    let queue = subject.open().await;
    let consumer = consume(&queue, 10).await;
    for body in [Bytes::new(), Bytes::from(vec![0xab; 200_000])] {
        publish(&queue, vec![Message::event("1", body.clone())]).await;
        let delivery = receive_one(&*consumer).await;
        assert_eq!(delivery.message.body, body);
        ack(&*consumer, &[delivery]).await;
    }
}

/// A call may carry a thousand messages and more.
pub async fn many_messages_of_one_call_arrive<S: Subject>(subject: &S) {
    let queue = subject.open().await;
    let published = messages(0..1_234);
    publish(&queue, published.clone()).await;
    let consumer = consume(&queue, 2_000).await;
    let mut arrived = receive(&*consumer, published.len()).await;
    arrived.sort_by_key(|d| d.message.id.parse::<usize>().expect("a number"));
    assert!(arrived.iter().map(|d| &d.message).eq(&published));
    nothing_comes(&*consumer).await;
}

/// A message in `CloudEvents` batch mode arrives as its single events, each with its own bytes and
/// the trace of the whole.
pub async fn a_batch_arrives_as_its_events<S: Subject>(subject: &S) {
    let queue = subject.open().await;
    let trace = Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned());
    let batch = Message {
        content_type: format!("{}; charset=UTF-8", Message::BATCH).into(),
        traceparent: trace.clone(),
        ..Message::event("whole", r#" [ {"id":"a", "x" : 1.0} , {"id":"b"} ] "#)
    };
    publish(&queue, vec![batch, message("c")]).await;
    let consumer = consume(&queue, 10).await;
    let mut arrived = receive(&*consumer, 3).await;
    arrived.sort_by(|a, b| a.message.id.cmp(&b.message.id));
    let expected = [
        Message::event("a", r#"{"id":"a", "x" : 1.0}"#).with_traceparent(trace.clone()),
        Message::event("b", r#"{"id":"b"}"#).with_traceparent(trace),
        message("c"),
    ];
    assert!(arrived.iter().map(|d| &d.message).eq(&expected), "{arrived:?}");
}

/// What says to be a batch and is none arrives as it is, for the consumer to judge.
pub async fn a_broken_batch_arrives_whole<S: Subject>(subject: &S) {
    let queue = subject.open().await;
    let consumer = consume(&queue, 10).await;
    for body in [&b"[{\"id\":\"a\"},"[..], b"{}", b"[]", b"\xff"] {
        let broken = Message { content_type: Message::BATCH.into(), ..Message::event("1", body) };
        publish(&queue, vec![broken.clone()]).await;
        let delivery = receive_one(&*consumer).await;
        assert_eq!(delivery.message, broken);
        ack(&*consumer, &[delivery]).await;
    }
}

/// To publish no message is fine and does nothing.
pub async fn nothing_may_be_published<S: Subject>(subject: &S) {
    let queue = subject.open().await;
    publish(&queue, vec![]).await;
    nothing_comes(&*consume(&queue, 1).await).await;
}

/// A queue delivers what was published to it and nothing else.
pub async fn queues_are_apart<S: Subject>(subject: &S) {
    let queue = subject.open().await;
    let other = queue.consume("conformance.other", 10).await.expect("a consumer");
    publish(&queue, vec![message("here")]).await;
    nothing_comes(&*other).await;
    queue.publish("conformance.other", vec![message("there")]).await.expect("published");
    assert_eq!(receive_one(&*other).await.message.id, "there");
    assert_eq!(receive_one(&*consume(&queue, 10).await).await.message.id, "here");
}

/// 64 callers on two handles at the same time: each message arrives once.
pub async fn concurrent_publishers_lose_and_double_nothing<S: Subject>(subject: &S) {
    const CALLERS: usize = 64;
    const EACH: usize = 10;
    let handles = [subject.open().await, subject.open().await];
    let publishers = (0..CALLERS).map(|caller| {
        let queue = handles[caller % 2].clone();
        tokio::spawn(async move {
            for n in 0..EACH {
                let message = message(caller * EACH + n);
                queue.publish(QUEUE, vec![message]).await.expect("published");
            }
        })
    });
    let publishers: Vec<_> = publishers.collect();
    let consumer = consume(&handles[0], CALLERS * EACH).await;
    let arrived = receive(&*consumer, CALLERS * EACH).await;
    let numbers: BTreeSet<usize> =
        arrived.iter().map(|d| d.message.id.parse().expect("a number")).collect();
    assert!(numbers.into_iter().eq(0..CALLERS * EACH));
    for publisher in publishers {
        publisher.await.expect("it published");
    }
    nothing_comes(&*consumer).await;
}

/// What `publish` returned for is there when everything was closed and opened again.
pub async fn what_is_published_survives_a_reopen<S: Subject>(subject: &S) {
    let queue = subject.open().await;
    publish(&queue, messages(0..100)).await;
    drop(queue);
    tokio::time::sleep(Duration::from_millis(50)).await;
    let queue = subject.open().await;
    let arrived = receive(&*consume(&queue, 100).await, 100).await;
    assert_eq!(super::ids(&arrived).len(), 100);
}

/// A backend that is there says so.
pub async fn the_backend_answers<S: Subject>(subject: &S) {
    subject.open().await.check().await.expect("it answers");
}
