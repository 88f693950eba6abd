//! Picks the backend by the URL.

use std::{path::PathBuf, sync::Arc};

use crate::{EmbeddedQueue, EmbeddedSettings, Queue, QueueError};

/// Why a queue URL cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum QueueUrlError {
    /// No backend for the scheme.
    #[error("the scheme {0:?} has no queue behind it; use amqp:, amqps: or sqlite:")]
    Scheme(String),
    /// The rest of the URL says nothing that the backend can use.
    #[error("{0}")]
    Url(String),
    /// The backend did not open.
    #[error(transparent)]
    Open(#[from] QueueError),
}

/// Opens the queue that a URL names.
///
/// `sqlite:PATH` is the embedded queue in that file; `amqp://…` or `amqps://…`, several of them with
/// commas between, is RabbitMQ, with `ca` (PEM) as the authority to trust. A new backend adds its line
/// here, its file beside the others, and its call of the conformance suite in `tests/`.
pub async fn open(url: &str, ca: Option<String>) -> Result<Arc<dyn Queue>, QueueUrlError> {
    if let Some(path) = file_of(url) {
        return Ok(Arc::new(EmbeddedQueue::open(&path, EmbeddedSettings::default()).await?));
    }
    match url.split_once(':') {
        #[cfg(feature = "rabbitmq")]
        Some(("amqp" | "amqps", _)) => {
            let settings = crate::RabbitSettings { ca, ..Default::default() };
            Ok(Arc::new(crate::RabbitQueue::new(url, settings).map_err(QueueUrlError::Url)?))
        }
        _ => Err(QueueUrlError::Scheme(url.split(':').next().unwrap_or_default().to_owned())),
    }
}

/// The file that the embedded queue of a URL is in; `None` where another backend is named.
pub fn file_of(url: &str) -> Option<PathBuf> {
    let path = url.strip_prefix("sqlite:")?;
    let path = path.strip_prefix("//").unwrap_or(path);
    // `?mode=rwc` and the like is what other programs want to be told.
    Some(PathBuf::from(path.split('?').next().unwrap_or_default()))
}
