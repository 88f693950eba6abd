//! How much the consumers of this process have: the broker tells nobody.

use std::{
    collections::HashMap,
    ops::AddAssign,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use serde::{Deserialize, Serialize};

/// Counts by queue.
#[derive(Default)]
pub(super) struct Hands(Mutex<HashMap<String, InHand>>);

/// The running counts of one queue.
#[derive(Clone, Default)]
pub(super) struct InHand(Arc<Counters>);

#[derive(Default)]
struct Counters {
    consumers: AtomicU64,
    sent_ahead: AtomicU64,
    received: AtomicU64,
}

/// What consumers of one queue have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Counts {
    pub(super) consumers: u64,
    /// Sent by the broker, and not received yet.
    pub(super) sent_ahead: u64,
    /// Received, and not settled.
    pub(super) received: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.consumers += other.consumers;
        self.sent_ahead += other.sent_ahead;
        self.received += other.received;
    }
}

impl Hands {
    pub(super) fn of(&self, queue: &str) -> InHand {
        self.lock().entry(queue.to_owned()).or_default().clone()
    }

    /// The counts of all queues that have consumers here.
    pub(super) fn counts(&self) -> HashMap<String, Counts> {
        let hands = self.lock();
        hands.iter().map(|(queue, hand)| (queue.clone(), hand.counts())).collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, InHand>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl InHand {
    /// A consumer has come.
    pub(super) fn open(&self) {
        self.0.consumers.fetch_add(1, Ordering::Relaxed);
    }

    /// A consumer is gone, with what it had.
    pub(super) fn close(&self, sent_ahead: usize, received: usize) {
        self.0.consumers.fetch_sub(1, Ordering::Relaxed);
        self.0.sent_ahead.fetch_sub(sent_ahead as u64, Ordering::Relaxed);
        self.settle(received);
    }

    /// The broker sent one ahead.
    pub(super) fn arrived(&self) {
        self.0.sent_ahead.fetch_add(1, Ordering::Relaxed);
    }

    /// So many of those were received.
    pub(super) fn receive(&self, count: usize) {
        self.0.sent_ahead.fetch_sub(count as u64, Ordering::Relaxed);
        self.0.received.fetch_add(count as u64, Ordering::Relaxed);
    }

    /// So many that were received are settled.
    pub(super) fn settle(&self, count: usize) {
        self.0.received.fetch_sub(count as u64, Ordering::Relaxed);
    }

    pub(super) fn counts(&self) -> Counts {
        Counts {
            consumers: self.0.consumers.load(Ordering::Relaxed),
            sent_ahead: self.0.sent_ahead.load(Ordering::Relaxed),
            received: self.0.received.load(Ordering::Relaxed),
        }
    }
}
