//! Random histories against a simple model: each message is in exactly one state, and it is the
//! one that the verdicts say.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use proptest::prelude::*;
use queue::{
    Consumer, DeadLetterFilter, DeliveryTag, Depth, EmbeddedSettings, Queue, Verdict,
    conformance::Subject,
};

use super::{Embedded, QUEUE, depth_becomes, message};

const PREFETCH: usize = 8;

#[derive(Clone, Debug)]
enum Step {
    Publish(usize),
    Receive(usize),
    /// Settles the n-th in hand, and those after it, with one verdict each.
    Settle(usize, Vec<Choice>),
    DropConsumer,
    Reopen,
    Replay(usize, bool),
    Delete(usize),
}

#[derive(Clone, Copy, Debug)]
enum Choice {
    Ack,
    RetryNow,
    RetryLater,
    PostponeNow,
    PostponeLater,
    Release,
    Dead { tried: bool },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let choice = prop_oneof![
        Just(Choice::Ack),
        Just(Choice::RetryNow),
        Just(Choice::RetryLater),
        Just(Choice::PostponeNow),
        Just(Choice::PostponeLater),
        Just(Choice::Release),
        any::<bool>().prop_map(|tried| Choice::Dead { tried }),
    ];
    let step = prop_oneof![
        3 => (1..6_usize).prop_map(Step::Publish),
        6 => (1..6_usize).prop_map(Step::Receive),
        6 => (0..8_usize, prop::collection::vec(choice, 1..5))
            .prop_map(|(n, choices)| Step::Settle(n, choices)),
        1 => Just(Step::DropConsumer),
        1 => Just(Step::Reopen),
        2 => (0..4_usize, any::<bool>()).prop_map(|(n, corrected)| Step::Replay(n, corrected)),
        1 => (0..4_usize).prop_map(Step::Delete),
    ];
    prop::collection::vec(step, 1..40)
}

/// Attempts by message, in the one state that the message is in.
#[derive(Debug, Default)]
struct Model {
    published: usize,
    ready: BTreeMap<String, u32>,
    delayed: BTreeMap<String, u32>,
    held: BTreeMap<DeliveryTag, (String, u32)>,
    dead: BTreeMap<String, u32>,
}

impl Model {
    fn depth(&self, consumers: u64) -> Depth {
        Depth {
            ready: self.ready.len() as u64,
            delayed: self.delayed.len() as u64,
            unacknowledged: self.held.len() as u64,
            dead_letters: self.dead.len() as u64,
            consumers,
        }
    }

    fn settle(&mut self, tag: DeliveryTag, choice: Choice) -> Verdict {
        let (id, attempts) = self.held.remove(&tag).expect("it is held");
        let later = Duration::from_hours(1);
        let cause = "no".to_owned();
        match choice {
            Choice::Ack => Verdict::Ack,
            Choice::RetryNow => {
                self.ready.insert(id, attempts + 1);
                Verdict::Retry { after: Duration::ZERO, cause }
            }
            Choice::RetryLater => {
                self.delayed.insert(id, attempts + 1);
                Verdict::Retry { after: later, cause }
            }
            Choice::PostponeNow => {
                self.ready.insert(id, attempts);
                Verdict::Postpone { after: Duration::ZERO }
            }
            Choice::PostponeLater => {
                self.delayed.insert(id, attempts);
                Verdict::Postpone { after: later }
            }
            Choice::Release => {
                self.ready.insert(id, attempts);
                Verdict::Release
            }
            Choice::Dead { tried } => {
                self.dead.insert(id, attempts + u32::from(tried));
                Verdict::DeadLetter { cause, by: "model".into(), tried }
            }
        }
    }

    fn release_all(&mut self) {
        self.ready.extend(std::mem::take(&mut self.held).into_values());
    }
}

struct System {
    embedded: Embedded,
    queue: Arc<dyn Queue>,
    consumer: Option<Box<dyn Consumer>>,
    model: Model,
}

impl System {
    async fn new() -> Self {
        let embedded = Embedded::new();
        let queue = embedded.open_with(EmbeddedSettings::default()).await;
        Self { embedded, queue, consumer: None, model: Model::default() }
    }

    async fn step(&mut self, step: Step) {
        match step {
            Step::Publish(count) => {
                let ids: Vec<_> = (0..count).map(|n| self.model.published + n).collect();
                self.model.published += count;
                self.model.ready.extend(ids.iter().map(|n| (n.to_string(), 0)));
                let messages = ids.into_iter().map(message).collect();
                self.queue.publish(QUEUE, messages).await.expect("published");
            }
            Step::Receive(max) => self.receive(max).await,
            Step::Settle(from, choices) => {
                let tags: Vec<_> = self.model.held.keys().skip(from).copied().collect();
                let verdicts = tags.into_iter().zip(choices);
                let verdicts = verdicts.map(|(tag, c)| (tag, self.model.settle(tag, c))).collect();
                if let Some(consumer) = &self.consumer {
                    consumer.settle(verdicts).await.expect("settled");
                }
            }
            Step::DropConsumer => {
                self.consumer = None;
                self.model.release_all();
            }
            Step::Reopen => {
                self.consumer = None;
                self.model.release_all();
                self.queue = self.embedded.open().await;
            }
            Step::Replay(n, corrected) => {
                let Some((id, message_id)) = self.dead_letter(n).await else { return };
                let body = corrected.then(|| Bytes::from(format!("body of {message_id}")));
                assert!(self.queue.replay(&id, body).await.expect("replayed"));
                self.model.dead.remove(&message_id);
                self.model.ready.insert(message_id, 0);
            }
            Step::Delete(n) => {
                let Some((id, message_id)) = self.dead_letter(n).await else { return };
                assert!(self.queue.delete_dead_letter(&id).await.expect("deleted"));
                self.model.dead.remove(&message_id);
            }
        }
        let consumers = u64::from(self.consumer.is_some());
        depth_becomes(&self.queue, self.model.depth(consumers)).await;
    }

    async fn receive(&mut self, max: usize) {
        let expected = max.min(self.model.ready.len()).min(PREFETCH - self.model.held.len());
        if expected == 0 {
            return;
        }
        if self.consumer.is_none() {
            self.consumer = Some(self.queue.consume(QUEUE, PREFETCH).await.expect("a consumer"));
        }
        let consumer = self.consumer.as_ref().expect("it was just made");
        let deliveries = consumer.receive(max, Duration::ZERO).await.expect("received");
        assert_eq!(deliveries.len(), expected);
        for delivery in deliveries {
            let id = delivery.message.id.clone();
            assert_eq!(delivery.message, message(&id));
            let attempts = self.model.ready.remove(&id);
            assert_eq!(attempts, Some(delivery.attempts), "{id}");
            self.model.held.insert(delivery.tag, (id, delivery.attempts));
        }
    }

    /// The n-th dead letter, once all of them are as they should be.
    async fn dead_letter(&self, n: usize) -> Option<(String, String)> {
        let filter = DeadLetterFilter::default();
        let found = self.queue.dead_letters(&filter, None, 1_000).await.expect("dead letters");
        let seen = found.iter().map(|d| (d.message.id.clone(), d.attempts)).collect();
        assert_eq!(self.model.dead, seen);
        found.into_iter().nth(n).map(|d| (d.id, d.message.id))
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn every_message_is_in_the_state_that_its_verdicts_say(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let mut system = System::new().await;
            for step in steps {
                system.step(step).await;
            }
            // At last all that is ready comes, each message once.
            let ready: BTreeSet<_> = system.model.ready.keys().cloned().collect();
            system.consumer = None;
            let held = std::mem::take(&mut system.model.held).into_values().map(|(id, _)| id);
            let expected: BTreeSet<_> = ready.into_iter().chain(held).collect();
            depth_becomes(&system.queue, Depth {
                ready: expected.len() as u64, unacknowledged: 0, consumers: 0,
                ..system.model.depth(0)
            }).await;
            let consumer = system.queue.consume(QUEUE, 1_000).await.expect("a consumer");
            let came = super::receive(&*consumer, expected.len()).await;
            let came: BTreeSet<_> = came.into_iter().map(|d| d.message.id).collect();
            assert_eq!(came, expected);
        });
    }
}
