//! Counts.

use super::{
    Shared, delay,
    link::Live,
    topology::{dead_letters_of, inspect, parts},
};
use crate::{Depth, QueueError};

impl Shared {
    pub(super) async fn depth(&self, queue: &str) -> Result<Depth, QueueError> {
        let live = self.side.live().await?;
        live.declare(&parts(queue)).await?;
        let depth = self.count(&live, queue).await;
        // One of its queues may be gone: the next call declares it again.
        depth.inspect_err(|_| live.undeclare_all())
    }

    async fn count(&self, live: &Live, queue: &str) -> Result<Depth, QueueError> {
        let own = inspect(live, queue).await?;
        let mut delayed = 0;
        for name in delay::queues(queue) {
            delayed += u64::from(ready(live, &name).await?);
        }
        let in_hand = self.census(live, queue, own.consumer_count()).await?;
        Ok(Depth {
            // What the broker sent ahead is in nobody's hand yet.
            ready: u64::from(own.message_count()) + in_hand.sent_ahead,
            delayed,
            unacknowledged: in_hand.received,
            dead_letters: ready(live, &dead_letters_of(queue)).await?.into(),
            consumers: own.consumer_count().into(),
        })
    }
}

/// Messages that a queue could deliver now.
pub(super) async fn ready(live: &Live, queue: &str) -> Result<u32, QueueError> {
    inspect(live, queue).await.map(|queue| queue.message_count())
}
