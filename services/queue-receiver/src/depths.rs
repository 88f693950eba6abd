//! Measures the queues for `/metrics`.

use std::{sync::Arc, time::Duration};

use queue::{Queue, TOPICS};
use tokio_util::sync::CancellationToken;
use tracing::debug;

const EVERY: Duration = Duration::from_secs(5);

/// Keeps `userstream_queue_messages` up to date until shutdown.
pub(crate) async fn measure(queue: Arc<dyn Queue>, shutdown: CancellationToken) {
    loop {
        for topic in TOPICS {
            match queue.depth(topic).await {
                Ok(depth) => {
                    set(topic, "ready", depth.ready + depth.delayed);
                    set(topic, "unacknowledged", depth.unacknowledged);
                    set(topic, "dead_letter", depth.dead_letters);
                }
                Err(error) => debug!(queue = topic, %error, "its depth is not known"),
            }
        }
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a queue holds fewer than 2^53 messages")]
fn set(queue: &'static str, state: &'static str, messages: u64) {
    metrics::gauge!("userstream_queue_messages", "queue" => queue, "state" => state)
        .set(messages as f64);
}
