//! How much the consumers of this process have: the broker tells nobody.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// Counts by queue.
#[derive(Default)]
pub(super) struct Hands(Mutex<HashMap<String, InHand>>);

/// The counts of one queue.
#[derive(Clone, Default)]
pub(super) struct InHand(Arc<Counts>);

#[derive(Default)]
struct Counts {
    sent_ahead: AtomicU64,
    received: AtomicU64,
}

impl Hands {
    pub(super) fn of(&self, queue: &str) -> InHand {
        let mut hands = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        hands.entry(queue.to_owned()).or_default().clone()
    }
}

impl InHand {
    /// The broker sent one ahead.
    pub(super) fn arrived(&self) {
        self.0.sent_ahead.fetch_add(1, Ordering::Relaxed);
    }

    /// So many of those were received.
    pub(super) fn receive(&self, count: usize) {
        self.0.sent_ahead.fetch_sub(count as u64, Ordering::Relaxed);
        self.0.received.fetch_add(count as u64, Ordering::Relaxed);
    }

    /// So many were sent back without being received.
    pub(super) fn forget(&self, count: usize) {
        self.0.sent_ahead.fetch_sub(count as u64, Ordering::Relaxed);
    }

    /// So many that were received are settled.
    pub(super) fn settle(&self, count: usize) {
        self.0.received.fetch_sub(count as u64, Ordering::Relaxed);
    }

    pub(super) fn sent_ahead(&self) -> u64 {
        self.0.sent_ahead.load(Ordering::Relaxed)
    }

    pub(super) fn received(&self) -> u64 {
        self.0.received.load(Ordering::Relaxed)
    }
}
