//! The public suite: a backend that passes it is a backend.
//!
//! A backend's test file implements [`Subject`] and calls [`conformance_suite!`], which makes one
//! test of each case:
//!
//! ```ignore
//! struct Mine { folder: tempfile::TempDir }
//!
//! impl queue::conformance::Subject for Mine { /* fresh and open */ }
//!
//! queue::conformance_suite!(Mine);
//! ```
//!
//! The suite assumes no order and nothing to be visible at once: it looks again and again until a
//! deadline.
//!
//! [`conformance_suite!`]: crate::conformance_suite

pub mod consuming;
pub mod dead_letters;
pub mod depth;
pub mod publishing;
pub mod verdicts;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use tokio::time::{Instant, timeout};

use crate::{Consumer, Delivery, Depth, Message, Queue, Verdict};

/// How long a case may take before it has failed.
const CASE: Duration = Duration::from_mins(1);
/// How long to wait for what must come.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long to wait for what must not come.
const QUIET: Duration = Duration::from_millis(400);
const LINGER: Duration = Duration::from_millis(5);

/// A backend under test.
pub trait Subject: Send + Sync + Sized + 'static {
    /// Storage of its own, empty.
    fn fresh() -> impl Future<Output = Self> + Send;

    /// Another handle on the same storage, as another process would open it. When the last handle
    /// is dropped the storage is still there.
    fn open(&self) -> impl Future<Output = Arc<dyn Queue>> + Send;
}

/// Runs one case on storage of its own.
pub fn run<S: Subject>(case: impl AsyncFnOnce(&S)) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let subject = S::fresh().await;
        timeout(CASE, case(&subject)).await.expect("the case takes too long");
    });
}

/// Makes a test of each case of the suite, for a type that implements [`Subject`].
///
/// [`Subject`]: crate::conformance::Subject
#[macro_export]
macro_rules! conformance_suite {
    ($subject:ty) => {
        $crate::conformance_suite! { $subject:
            publishing::a_message_arrives_byte_for_byte,
            publishing::a_large_and_an_empty_body_arrive,
            publishing::many_messages_of_one_call_arrive,
            publishing::a_batch_arrives_as_its_events,
            publishing::a_broken_batch_arrives_whole,
            publishing::nothing_may_be_published,
            publishing::queues_are_apart,
            publishing::concurrent_publishers_lose_and_double_nothing,
            publishing::what_is_published_survives_a_reopen,
            publishing::the_backend_answers,
            consuming::unsettled_messages_come_back_when_the_consumer_is_dropped,
            consuming::two_consumers_share_the_work,
            consuming::a_waiting_consumer_hears_of_another_handles_message,
            consuming::prefetch_bounds_the_unsettled,
            consuming::settling_makes_room_for_a_receive_that_waits,
            consuming::linger_fills_a_batch,
            consuming::a_full_batch_does_not_linger,
            consuming::a_receive_that_was_cancelled_loses_nothing,
            consuming::a_receive_cancelled_while_it_lingers_loses_nothing,
            verdicts::what_is_acknowledged_is_gone_for_ever,
            verdicts::a_retry_is_counted_and_never_early,
            verdicts::each_delay_is_its_own,
            verdicts::a_long_delay_does_not_hold_up_a_short_one,
            verdicts::a_delay_survives_a_reopen,
            verdicts::postponing_counts_nothing,
            verdicts::releasing_counts_nothing,
            verdicts::each_delivery_has_its_own_verdict,
            verdicts::settling_twice_is_harmless,
            verdicts::settling_nothing_or_the_unknown_is_harmless,
            dead_letters::a_dead_letter_keeps_everything,
            dead_letters::attempts_and_times_are_kept,
            dead_letters::they_are_browsed_by_filter_and_page,
            dead_letters::a_page_goes_on_behind_one_that_is_gone,
            dead_letters::they_survive_a_reopen,
            dead_letters::one_is_replayed_as_it_is,
            dead_letters::one_is_replayed_corrected,
            dead_letters::a_corrected_batch_arrives_as_its_events,
            dead_letters::all_that_pass_a_filter_are_replayed,
            dead_letters::all_that_pass_a_filter_are_shown_and_deleted,
            dead_letters::one_is_deleted,
            dead_letters::unknown_ids_are_told,
            depth::an_unknown_queue_is_empty,
            depth::every_state_is_counted,
            depth::consumers_of_all_handles_are_counted,
        }
    };
    ($subject:ty: $($module:ident::$case:ident,)+) => {
        $(
            #[test]
            fn $case() {
                $crate::conformance::run(async |subject: &$subject| {
                    $crate::conformance::$module::$case(subject).await;
                });
            }
        )+
    };
}

/// A queue's name, as good as any.
const QUEUE: &str = "conformance";

fn message(id: impl std::fmt::Display) -> Message {
    Message::event(id.to_string(), format!(r#"{{"id":"{id}"}}"#))
}

fn messages(ids: impl IntoIterator<Item = usize>) -> Vec<Message> {
    ids.into_iter().map(message).collect()
}

fn ids(deliveries: &[Delivery]) -> BTreeSet<&str> {
    deliveries.iter().map(|d| d.message.id.as_str()).collect()
}

async fn consume(queue: &Arc<dyn Queue>, prefetch: usize) -> Box<dyn Consumer> {
    queue.consume(QUEUE, prefetch).await.expect("a consumer")
}

async fn publish(queue: &Arc<dyn Queue>, messages: Vec<Message>) {
    queue.publish(QUEUE, messages).await.expect("published");
}

/// Receives exactly so many.
async fn receive(consumer: &dyn Consumer, count: usize) -> Vec<Delivery> {
    let mut deliveries = Vec::new();
    while deliveries.len() < count {
        let more = timeout(PATIENCE, consumer.receive(count - deliveries.len(), LINGER)).await;
        let more = more.unwrap_or_else(|_| panic!("{} of {count} came", deliveries.len()));
        deliveries.extend(more.expect("received"));
    }
    assert_eq!(deliveries.len(), count);
    deliveries
}

async fn receive_one(consumer: &dyn Consumer) -> Delivery {
    receive(consumer, 1).await.remove(0)
}

async fn nothing_comes(consumer: &dyn Consumer) {
    if let Ok(unexpected) = timeout(QUIET, consumer.receive(10, LINGER)).await {
        panic!("nothing should have come but {unexpected:?}");
    }
}

async fn settle(consumer: &dyn Consumer, deliveries: &[Delivery], verdict: Verdict) {
    let verdicts = deliveries.iter().map(|d| (d.tag, verdict.clone())).collect();
    consumer.settle(verdicts).await.expect("settled");
}

async fn ack(consumer: &dyn Consumer, deliveries: &[Delivery]) {
    settle(consumer, deliveries, Verdict::Ack).await;
}

/// Waits until the queue's depth is as expected.
async fn depth_becomes(queue: &Arc<dyn Queue>, expected: Depth) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let depth = queue.depth(QUEUE).await.expect("a depth");
        if depth == expected {
            return;
        }
        assert!(Instant::now() < deadline, "the depth stays {depth:?}; expected {expected:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
