//! Copies the write-ahead log into the file, beside the writer.
//!
//! Whoever does it at a commit holds up everybody who waits for that commit. So most of the log is
//! copied while the writer goes on, and what was added meanwhile by the writer itself: only when
//! nothing is left does the log begin again at its start.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use rusqlite::{Connection, Result};
use tokio::sync::Notify;

use super::readers::Readers;

/// Copies what is in the log, waiting for nobody.
const CHECKPOINT: &str = "PRAGMA wal_checkpoint(PASSIVE)";
/// Rows changed, after which the log is copied: some megabytes.
const ROWS: usize = 6_000;

#[derive(Default)]
pub(super) struct Checkpoint {
    due: Notify,
    copied: AtomicBool,
}

impl Checkpoint {
    /// Copies whenever it is due, for as long as it is not dropped.
    pub(super) async fn run(self: Arc<Self>, readers: Readers) {
        loop {
            self.due.notified().await;
            match readers.read(copy).await {
                Ok(()) => self.copied.store(true, Ordering::Relaxed),
                Err(error) => tracing::debug!(%error, "the log is copied later"),
            }
        }
    }
}

/// The writer's side.
pub(super) struct Copying {
    checkpoint: Arc<Checkpoint>,
    rows: usize,
}

impl Copying {
    pub(super) fn new(checkpoint: Arc<Checkpoint>) -> Self {
        Self { checkpoint, rows: 0 }
    }

    /// So many rows were changed: has the log copied when that makes it long, and finishes what was
    /// copied beside.
    pub(super) fn changed(&mut self, rows: usize, connection: Option<&Connection>) {
        self.rows += rows;
        if self.rows >= ROWS {
            self.rows = 0;
            self.checkpoint.due.notify_one();
        }
        if let Some(connection) = connection
            && self.checkpoint.copied.swap(false, Ordering::Relaxed)
            && let Err(error) = copy(connection)
        {
            tracing::debug!(%error, "the log is copied later");
        }
    }
}

fn copy(connection: &Connection) -> Result<()> {
    connection.query_row(CHECKPOINT, [], |_| Ok(()))
}
