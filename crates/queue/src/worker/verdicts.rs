//! Gives the verdicts to the queue, and tells of them.

use std::time::{Duration, Instant};

use tracing::{debug, info, warn};

use super::{Handler, Worker, without_addresses};
use crate::{Consumer, DeliveryTag, QueueError, Verdict};

/// Pauses before the verdicts are given again.
const PAUSES: [Duration; 3] =
    [Duration::from_millis(100), Duration::from_millis(500), Duration::from_secs(2)];

impl<H: Handler> Worker<H> {
    /// Settles, trying again for a while. After an error the deliveries are still in the consumer's
    /// hand: they come again only when it is dropped.
    pub(super) async fn settle(
        &self,
        consumer: &dyn Consumer,
        verdicts: Vec<(DeliveryTag, Verdict)>,
        started: Instant,
    ) -> Result<(), QueueError> {
        if verdicts.is_empty() {
            return Ok(());
        }
        let mut pauses = PAUSES.into_iter();
        while let Err(error) = consumer.settle(verdicts.clone()).await {
            let Some(pause) = pauses.next() else { return Err(error) };
            warn!(queue = self.topic.queue, %error, "verdicts were not taken; trying again");
            tokio::time::sleep(pause).await;
        }
        let took = started.elapsed();
        let others: Vec<_> = verdicts.iter().filter(|(_, v)| *v != Verdict::Ack).collect();
        let acknowledged = verdicts.len() - others.len();
        if acknowledged > 0 {
            measure(self.topic.queue, "ack", acknowledged, took);
        }
        for (_, verdict) in others {
            tell(self.topic.queue, verdict, took);
        }
        Ok(())
    }
}

/// Tells of a verdict that is no acknowledgement.
fn tell(queue: &'static str, verdict: &Verdict, took: Duration) {
    let name = match verdict {
        Verdict::Retry { after, cause } => {
            let cause = without_addresses(cause);
            info!(queue, %cause, after_seconds = after.as_secs_f64(), "will try again");
            "retry"
        }
        Verdict::DeadLetter { cause, .. } => {
            let cause = without_addresses(cause);
            warn!(queue, %cause, "dead-lettered");
            "dead_letter"
        }
        Verdict::Ack | Verdict::Postpone { .. } | Verdict::Release => {
            debug!(queue, "handed back");
            return;
        }
    };
    measure(queue, name, 1, took);
}

fn measure(queue: &'static str, verdict: &'static str, count: usize, took: Duration) {
    metrics::counter!("userstream_messages_total", "queue" => queue, "verdict" => verdict)
        .increment(count.try_into().unwrap_or(u64::MAX));
    metrics::histogram!(
        "userstream_message_duration_seconds", "queue" => queue, "verdict" => verdict
    )
    .record_many(took.as_secs_f64(), count);
}
