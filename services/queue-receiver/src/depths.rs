//! Measures the queues, for `/metrics` and for how fast they grow or shrink.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use queue::{Depth, Queue, TOPICS};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::debug;

const EVERY: Duration = Duration::from_secs(5);
/// A rate is over the last minute.
const MEASURES: usize = 13;

/// What the queues held during the last minute.
#[derive(Default)]
pub(crate) struct Depths(Mutex<HashMap<&'static str, VecDeque<(Instant, u64)>>>);

impl Depths {
    /// Keeps `userstream_queue_messages` and the rates up to date until shutdown.
    pub(crate) async fn measure(
        self: Arc<Self>,
        queue: Arc<dyn Queue>,
        shutdown: CancellationToken,
    ) {
        let measuring = async {
            loop {
                for topic in TOPICS {
                    match queue.depth(topic).await {
                        Ok(depth) => {
                            show(topic, depth);
                            self.note(topic, Instant::now(), depth);
                        }
                        Err(error) => debug!(queue = topic, %error, "its depth is not known"),
                    }
                }
                tokio::time::sleep(EVERY).await;
            }
        };
        shutdown.run_until_cancelled(measuring).await;
    }

    fn note(&self, topic: &'static str, at: Instant, depth: Depth) {
        let mut measures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let measures = measures.entry(topic).or_default();
        measures.push_back((at, depth.ready + depth.delayed + depth.unacknowledged));
        if measures.len() > MEASURES {
            measures.pop_front();
        }
    }

    /// Messages that came, less those that went, per second; `None` until it was measured twice.
    #[expect(clippy::cast_precision_loss, reason = "a queue holds fewer than 2^53 messages")]
    pub(crate) fn growth(&self, topic: &str) -> Option<f64> {
        let measures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let measures = measures.get(topic)?;
        let ((from, before), (to, after)) = (*measures.front()?, *measures.back()?);
        let seconds = (to - from).as_secs_f64();
        (seconds > 0.0).then(|| (after as f64 - before as f64) / seconds)
    }
}

fn show(queue: &'static str, depth: Depth) {
    for (state, messages) in [
        ("ready", depth.ready + depth.delayed),
        ("unacknowledged", depth.unacknowledged),
        ("dead_letter", depth.dead_letters),
    ] {
        #[expect(clippy::cast_precision_loss, reason = "a queue holds fewer than 2^53 messages")]
        let messages = messages as f64;
        metrics::gauge!("userstream_queue_messages", "queue" => queue, "state" => state)
            .set(messages);
    }
    #[expect(clippy::cast_precision_loss, reason = "a queue holds fewer than 2^53 messages")]
    let delayed = depth.delayed as f64;
    // A part of those that are ready: they wait for their next attempt, and nobody need consume them now.
    metrics::gauge!("userstream_queue_delayed_messages", "queue" => queue).set(delayed);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_is_over_the_last_minute() {
        let depths = Depths::default();
        let start = Instant::now();
        assert_eq!(depths.growth("q"), None);
        for n in 0..20_u64 {
            let depth = Depth { ready: 1_000 - 10 * n, delayed: 5, ..Depth::default() };
            depths.note("q", start + EVERY * u32::try_from(n).unwrap(), depth);
        }
        assert_eq!(depths.growth("q"), Some(-2.0));
        assert_eq!(depths.0.lock().unwrap()["q"].len(), MEASURES);
    }
}
