//! What is particular to a broker.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use chrono::{TimeDelta, Utc};
use queue::{
    Consumer, DeadLetter, DeadLetterFilter, Delivery, Depth, Message, Queue, QueueError,
    RabbitQueue, RabbitSettings, Verdict, conformance::Subject,
};
use testkit::Proxy;
use tokio::time::{Instant, sleep, timeout};

use crate::Broker;

const QUEUE: &str = "conformance";
const PATIENCE: Duration = Duration::from_secs(30);

async fn receive(consumer: &dyn Consumer, count: usize) -> Vec<Delivery> {
    let mut deliveries = Vec::new();
    while deliveries.len() < count {
        let more = consumer.receive(count - deliveries.len(), Duration::from_millis(5));
        deliveries.extend(timeout(PATIENCE, more).await.expect("it comes").expect("received"));
    }
    deliveries
}

fn messages(count: usize) -> Vec<Message> {
    (0..count).map(|n| Message::event(n.to_string(), format!(r#"{{"id":"{n}"}}"#))).collect()
}

async fn depth_becomes(queue: &Arc<dyn Queue>, expected: Depth) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let depth = queue.depth(QUEUE).await.unwrap();
        if depth == expected {
            return;
        }
        assert!(Instant::now() < deadline, "the depth stays {depth:?}; expected {expected:?}");
        sleep(Duration::from_millis(50)).await;
    }
}

/// What consumers of another process have in hand is counted too.
#[tokio::test(flavor = "multi_thread")]
async fn what_another_process_has_in_hand_is_counted() {
    let broker = Broker::fresh().await;
    let (here, there) = (broker.open().await, broker.open().await);
    here.publish(QUEUE, messages(10)).await.unwrap();
    let consumer = there.consume(QUEUE, 6).await.unwrap();
    receive(&*consumer, 4).await;
    let expected = Depth { ready: 6, unacknowledged: 4, consumers: 1, ..Depth::default() };
    depth_becomes(&here, expected).await;
    depth_becomes(&there, expected).await;
}

/// A network that swallows packets, and after it a call that its client never ends.
#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_falls_silent_is_given_up_and_found_again() {
    let broker = Broker::fresh().await;
    let port = crate::BROKER.port(0);
    let proxy = Proxy::start([port]);
    let url = broker.url.replace(&format!(":{port}/"), &format!(":{}/", proxy.port()));
    let queue = RabbitQueue::new(&url, RabbitSettings::default()).unwrap();
    queue.publish(QUEUE, messages(3)).await.unwrap();
    assert_eq!(queue.depth(QUEUE).await.unwrap().ready, 3);
    proxy.stall();
    let depth = timeout(PATIENCE, queue.depth(QUEUE)).await.expect("it is told in time");
    assert!(matches!(&depth, Err(QueueError::Unavailable(_))), "{depth:?}");
    let consumer = timeout(PATIENCE, queue.consume(QUEUE, 3)).await.expect("it is told in time");
    assert!(consumer.is_err());
    proxy.restore();
    // What was heard last is believed for a moment.
    let found = async {
        while queue.depth(QUEUE).await.is_err() {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(PATIENCE, found).await.expect("it is found again");
    assert_eq!(queue.depth(QUEUE).await.unwrap().ready, 3);
    let consumer = queue.consume(QUEUE, 3).await.unwrap();
    assert_eq!(receive(&*consumer, 3).await.len(), 3);
}

/// Two that look through the same dead letters at the same time both see all of them.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_looks_sees_all_dead_letters() {
    let broker = Broker::fresh().await;
    let (here, there) = (broker.open().await, broker.open().await);
    here.publish(QUEUE, messages(50)).await.unwrap();
    let consumer = here.consume(QUEUE, 50).await.unwrap();
    let dead = Verdict::DeadLetter { cause: "no".into(), by: "test".into(), tried: true };
    let all = receive(&*consumer, 50).await;
    consumer.settle(all.iter().map(|d| (d.tag, dead.clone())).collect()).await.unwrap();
    let filter = DeadLetterFilter::default();
    for _ in 0..5 {
        let (one, two) = tokio::join!(
            here.dead_letters(&filter, None, 1_000),
            there.dead_letters(&filter, None, 1_000)
        );
        assert_eq!((one.unwrap().len(), two.unwrap().len()), (50, 50));
    }
}

/// As other programs find it that know the broker only.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_on_the_wire_as_agreed() {
    let broker = Broker::fresh().await;
    let queue = broker.open().await;
    let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let one = messages(1).remove(0).with_traceparent(Some(traceparent.into()));
    queue.publish(QUEUE, vec![one.clone()]).await.unwrap();
    queue.publish(QUEUE, messages(40)).await.unwrap();

    let connection =
        lapin::Connection::connect(&broker.url, lapin::ConnectionProperties::default());
    let channel = connection.await.unwrap().create_channel().await.unwrap();
    let get = async || {
        let options = lapin::options::BasicGetOptions { no_ack: true };
        channel.basic_get(QUEUE.into(), options).await.unwrap().expect("it is there").delivery
    };
    let single = get().await;
    let properties = &single.properties;
    let content_type = properties.content_type().as_ref().unwrap().as_str();
    assert_eq!(content_type, "application/cloudevents+json");
    assert_eq!(*properties.delivery_mode(), Some(2), "persistent");
    assert_eq!(properties.message_id().as_ref().unwrap().as_str(), one.id);
    let headers = properties.headers().as_ref().unwrap().inner();
    let told = headers["traceparent"].as_long_string().unwrap().as_bytes();
    assert_eq!(told, traceparent.as_bytes());
    assert_eq!(single.data, one.body);

    let several = get().await;
    let content_type = several.properties.content_type().as_ref().unwrap().as_str();
    assert_eq!(content_type, "application/cloudevents-batch+json");
    assert_eq!(*several.properties.delivery_mode(), Some(2), "persistent");
    let events: Vec<serde_json::Value> = serde_json::from_slice(&several.data).unwrap();
    assert_eq!(events.len(), 40);
}

/// They are looked at in parts; however many there are, all are seen, and each once.
#[tokio::test(flavor = "multi_thread")]
async fn of_many_dead_letters_none_is_missed() {
    const MANY: usize = 1_250;
    let broker = Broker::fresh().await;
    let queue = broker.open().await;
    queue.publish(QUEUE, messages(MANY)).await.unwrap();
    let consumer = queue.consume(QUEUE, MANY).await.unwrap();
    let all = receive(&*consumer, MANY).await;
    let dead = |n: usize| Verdict::DeadLetter {
        cause: if n.is_multiple_of(3) { "lost" } else { "late" }.into(),
        by: "test".into(),
        tried: true,
    };
    let verdicts = all.iter().enumerate().map(|(n, d)| (d.tag, dead(n))).collect();
    consumer.settle(verdicts).await.unwrap();
    let cause = |cause: &str| DeadLetterFilter { cause: Some(cause.into()), queue: None };
    let seen = async |filter: &DeadLetterFilter| {
        let (mut seen, mut count) = (BTreeSet::new(), 0);
        let mut visit = |letter: DeadLetter| {
            seen.insert(letter.id);
            count += 1;
        };
        queue.survey(filter, &mut visit).await.unwrap();
        assert_eq!(seen.len(), count, "each is seen once");
        seen
    };
    let any = DeadLetterFilter::default();
    let first = seen(&any).await;
    assert_eq!(first.len(), MANY);
    let lost = seen(&cause("lost")).await;
    assert_eq!(lost.len(), MANY.div_ceil(3));
    assert_eq!(seen(&any).await, first);

    // One in the midst of a part, behind others and before others.
    let one = first.iter().nth(700).unwrap();
    assert_eq!(&queue.dead_letter(one).await.unwrap().unwrap().id, one);
    assert_eq!(seen(&any).await, first);

    let now = Utc::now() + TimeDelta::seconds(1);
    assert_eq!(queue.delete_all(&cause("lost"), now).await.unwrap(), lost.len() as u64);
    let left = &first - &lost;
    assert_eq!(seen(&any).await, left);
    assert_eq!(queue.replay_all(&any, now).await.unwrap(), left.len() as u64);
    assert_eq!(seen(&any).await, BTreeSet::new());
    let again: BTreeSet<_> =
        receive(&*consumer, left.len()).await.into_iter().map(|d| d.message.id).collect();
    assert_eq!(again.len(), left.len());
}

/// A broker that is not there is an outage, told in good time; nothing is claimed durable.
#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_away_is_told_in_good_time() {
    let settings =
        RabbitSettings { patience: Duration::from_millis(500), ..RabbitSettings::default() };
    let [port] = testkit::free_ports();
    let url = format!("amqp://guest:secret@127.0.0.1:{port}");
    let queue = RabbitQueue::new(&url, settings).unwrap();
    let error = queue.publish(QUEUE, messages(1)).await.unwrap_err().to_string();
    assert!(error.contains("unavailable") && !error.contains("secret"), "{error}");
    assert!(queue.check().await.is_err());
    assert!(queue.consume(QUEUE, 1).await.is_err());
    assert!(queue.depth(QUEUE).await.is_err());
}

/// Events that were packed into a message are handed out, counted and settled one by one.
#[tokio::test(flavor = "multi_thread")]
async fn prefetch_bounds_the_unsettled_of_a_packed_message_too() {
    let broker = Broker::fresh().await;
    let queue = broker.open().await;
    queue.publish(QUEUE, messages(40)).await.unwrap();
    depth_becomes(&queue, Depth { ready: 1, ..Depth::default() }).await;
    let consumer = queue.consume(QUEUE, 10).await.unwrap();
    let first = receive(&*consumer, 10).await;
    let more = timeout(Duration::from_millis(200), consumer.receive(1, Duration::ZERO)).await;
    assert!(more.is_err(), "more than prefetch allows");
    let acks = |of: &[Delivery]| of.iter().map(|d| (d.tag, Verdict::Ack)).collect::<Vec<_>>();
    consumer.settle(acks(&first[..4])).await.unwrap();
    let second = receive(&*consumer, 4).await;
    consumer.settle(acks(&first[4..])).await.unwrap();
    consumer.settle(acks(&second)).await.unwrap();
    let mut ids: Vec<_> = first.iter().chain(&second).map(|d| d.message.id.clone()).collect();
    while ids.len() < 40 {
        let deliveries = receive(&*consumer, 1).await;
        consumer.settle(acks(&deliveries)).await.unwrap();
        ids.extend(deliveries.into_iter().map(|d| d.message.id));
    }
    ids.sort_by_key(|id| id.parse::<u32>().unwrap());
    assert_eq!(ids, (0..40).map(|n| n.to_string()).collect::<Vec<_>>());
    depth_becomes(&queue, Depth { consumers: 1, ..Depth::default() }).await;
}
