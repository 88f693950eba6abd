//! Consumers give way while many wait to publish: a person waits for an answer, a message can wait.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use super::now;

/// So many publishers in one transaction are a rush.
const MANY: usize = 16;
/// For how long one such transaction says that there is a rush.
const RECENTLY: i64 = 50;
/// How long a consumer waits before it takes more. It takes some even in an endless rush.
const PAUSE: Duration = Duration::from_millis(250);

/// When many were last seen to publish at the same time.
#[derive(Default)]
pub(super) struct Rush {
    seen_at: AtomicI64,
}

impl Rush {
    /// Tells of the publishers of one transaction.
    pub(super) fn published(&self, publishers: usize) {
        if publishers >= MANY {
            self.seen_at.store(now(), Ordering::Relaxed);
        }
    }

    /// Waits a little if there is a rush.
    pub(super) async fn give_way(&self) {
        if now() - self.seen_at.load(Ordering::Relaxed) < RECENTLY {
            tokio::time::sleep(PAUSE).await;
        }
    }
}
