//! Wakes consumers that wait for messages.
//!
//! The writer wakes them after each commit. What it does not see, other processes' messages and
//! delays that end, a light poll finds; it asks only while somebody waits.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, Weak,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use rusqlite::{Connection, Result};
use tokio::sync::{Notify, futures::Notified};

use super::{hands::lock, now, readers::Readers};

const READY: &str = "
SELECT name FROM queues WHERE name IN (SELECT value FROM json_each(?1)) AND EXISTS (
    SELECT 1 FROM messages INDEXED BY messages_ready
    WHERE queue = queues.number AND consumer IS NULL AND visible_at <= ?2)";

/// The bells of all queues that have consumers in this process.
#[derive(Default)]
pub(super) struct Bells {
    by_queue: Mutex<HashMap<Arc<str>, Weak<Bell>>>,
}

/// Rings when a queue may have messages.
#[derive(Default)]
pub(super) struct Bell {
    rung: Notify,
    waiting: AtomicUsize,
}

impl Bell {
    /// Says that somebody waits for as long as the result lives.
    pub(super) fn listen(&self) -> Listening<'_> {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        Listening { bell: self }
    }
}

/// Somebody who waits for the bell; the poll asks on their behalf.
pub(super) struct Listening<'a> {
    bell: &'a Bell,
}

impl<'a> Listening<'a> {
    /// A future that is ready when the bell was rung after this call.
    pub(super) fn rung(&self) -> Notified<'a> {
        self.bell.rung.notified()
    }
}

impl Drop for Listening<'_> {
    fn drop(&mut self) {
        self.bell.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Bells {
    pub(super) fn of(&self, queue: &Arc<str>) -> Arc<Bell> {
        let mut bells = lock(&self.by_queue);
        if let Some(bell) = bells.get(queue).and_then(Weak::upgrade) {
            return bell;
        }
        bells.retain(|_, bell| bell.strong_count() > 0);
        let bell = Arc::<Bell>::default();
        bells.insert(queue.clone(), Arc::downgrade(&bell));
        bell
    }

    pub(super) fn ring(&self, queue: &str) {
        if let Some(bell) = lock(&self.by_queue).get(queue).and_then(Weak::upgrade) {
            bell.rung.notify_waiters();
        }
    }

    /// Polls for as long as it is not dropped.
    pub(super) async fn poll(self: Arc<Self>, readers: Readers, every: Duration) {
        let mut ticks = tokio::time::interval(every);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let queues = self.waited_for();
            if queues.is_empty() {
                continue;
            }
            let names = serde_json::to_string(&queues).expect("strings serialize");
            match readers.read(move |connection| ready(connection, &names)).await {
                Ok(ready) => ready.iter().for_each(|queue| self.ring(queue)),
                Err(error) => tracing::debug!(%error, "could not look for messages"),
            }
        }
    }

    fn waited_for(&self) -> Vec<String> {
        let waited = |bell: &Weak<Bell>| {
            bell.upgrade().is_some_and(|bell| bell.waiting.load(Ordering::Relaxed) > 0)
        };
        let bells = lock(&self.by_queue);
        bells.iter().filter(|(_, bell)| waited(bell)).map(|(queue, _)| queue.to_string()).collect()
    }
}

/// Those of the queues that have messages to take.
fn ready(connection: &Connection, names: &str) -> Result<Vec<String>> {
    let mut ready = connection.prepare_cached(READY)?;
    ready.query_map((names, now()), |row| row.get(0))?.collect()
}
