//! Connections that read beside the writer.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
};

use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::{EmbeddedSettings, error, hands::lock, schema};
use crate::QueueError;

/// Reads at the same time.
const MOST: usize = 3;

/// A few connections, opened when they are first wanted.
#[derive(Clone)]
pub(super) struct Readers {
    shared: Arc<Shared>,
}

struct Shared {
    path: PathBuf,
    settings: EmbeddedSettings,
    turns: Semaphore,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub(super) fn new(path: PathBuf, settings: EmbeddedSettings) -> Self {
        let (turns, idle) = (Semaphore::new(MOST), Mutex::default());
        Self { shared: Arc::new(Shared { path, settings, turns, idle }) }
    }

    /// Does something with a connection, on a thread that may wait for the disk. After a failure that
    /// connection is not used again.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, QueueError> {
        let _turn = self.shared.turns.acquire().await.map_err(|_| error::shut())?;
        let shared = self.shared.clone();
        let reading = tokio::task::spawn_blocking(move || {
            let idle = lock(&shared.idle).pop();
            let connection =
                idle.map_or_else(|| schema::reader(&shared.path, &shared.settings), Ok)?;
            let outcome = work(&connection)?;
            lock(&shared.idle).push(connection);
            Ok(outcome)
        });
        match reading.await {
            Ok(outcome) => outcome.map_err(|e: rusqlite::Error| error::unavailable(&e)),
            Err(_) => Err(error::shut()),
        }
    }
}
