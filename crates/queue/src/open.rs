//! Picks the backend by the URL.

use std::{path::PathBuf, sync::Arc};

use crate::{EmbeddedQueue, EmbeddedSettings, Queue, QueueError};

/// Why a queue URL cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum QueueUrlError {
    /// No backend for the scheme.
    #[error("the scheme {0:?} has no queue behind it; use sqlite:, as in sqlite:var/queue.db")]
    Scheme(String),
    /// The backend did not open.
    #[error(transparent)]
    Open(#[from] QueueError),
}

/// Opens the queue that a URL names.
///
/// `sqlite:PATH` is the embedded queue in that file. A new backend adds its line here, its file
/// beside `embedded`, and its call of the conformance suite in `tests/`.
pub async fn open(url: &str) -> Result<Arc<dyn Queue>, QueueUrlError> {
    match url.split_once(':') {
        Some(("sqlite", path)) => {
            let path = PathBuf::from(path.strip_prefix("//").unwrap_or(path));
            Ok(Arc::new(EmbeddedQueue::open(&path, EmbeddedSettings::default()).await?))
        }
        _ => Err(QueueUrlError::Scheme(url.split(':').next().unwrap_or_default().to_owned())),
    }
}
