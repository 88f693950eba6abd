//! The texts in force, as this service knows them.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use store::{StoreError, Templates};
use tokio::{sync::Mutex, time::sleep};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::Texts;

/// How often to look whether another copy of this service has changed one.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Knows the texts in force, and looks whether they change.
pub(crate) struct Catalogue {
    store: Arc<dyn Templates>,
    known: RwLock<Option<Arc<Texts>>>,
    /// One at a time asks.
    asking: Mutex<()>,
}

impl Catalogue {
    pub(crate) fn new(store: Arc<dyn Templates>) -> Self {
        Self { store, known: RwLock::new(None), asking: Mutex::new(()) }
    }

    /// The texts as they were a few seconds ago.
    pub(crate) async fn known(&self) -> Result<Arc<Texts>, StoreError> {
        if let Some(texts) = self.peek() {
            return Ok(texts);
        }
        let _asking = self.asking.lock().await;
        match self.peek() {
            Some(texts) => Ok(texts),
            None => self.look().await,
        }
    }

    /// The texts as they are now.
    pub(crate) async fn latest(&self) -> Result<Arc<Texts>, StoreError> {
        let _asking = self.asking.lock().await;
        self.look().await
    }

    /// Keeps up with what changes, until shutdown.
    pub(crate) async fn keep_up(&self, shutdown: CancellationToken) {
        let mut told = false;
        while shutdown.run_until_cancelled(sleep(LOOK_EVERY)).await.is_some() {
            match self.latest().await {
                Ok(_) => told = false,
                Err(error) if !told => {
                    warn!(%error, "whether the e-mails' texts have changed is not known");
                    told = true;
                }
                Err(_) => {}
            }
        }
    }

    async fn look(&self) -> Result<Arc<Texts>, StoreError> {
        let changed = self.store.templates().await?;
        if let Some(texts) = self.peek().filter(|texts| texts.are_of(&changed)) {
            return Ok(texts);
        }
        let texts = Arc::new(Texts::new(changed));
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Some(texts.clone());
        Ok(texts)
    }

    fn peek(&self) -> Option<Arc<Texts>> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
