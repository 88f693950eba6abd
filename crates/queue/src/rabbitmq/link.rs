//! A connection that comes back: whoever needs it next opens it again, on whichever node answers.

use std::{
    collections::{BTreeMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use lapin::{Channel, Connection};
use tokio::time::{Instant, timeout};
use tracing::{info, warn};

use super::{
    endpoints::{Endpoints, Shown},
    error::{silent, unavailable},
    topology::{self, Kind},
};
use crate::QueueError;

/// How long a failure is believed before the broker is asked again: callers that come by the hundred
/// must not ask by the hundred.
const BELIEVED: Duration = Duration::from_millis(250);

/// How long the broker may take for a few short answers.
const ANSWER: Duration = Duration::from_secs(8);

/// One connection, or the way to the next.
pub(super) struct Link {
    endpoints: Arc<Endpoints>,
    /// What it is for; the broker shows it to operators.
    purpose: &'static str,
    state: tokio::sync::Mutex<State>,
}

enum State {
    New,
    Open(Arc<Live>),
    Away { since: Instant, error: QueueError },
}

/// A connection, from its opening to its end.
pub(super) struct Live {
    endpoints: Arc<Endpoints>,
    connection: Connection,
    /// For questions. A channel for each would use up their numbers.
    asking: tokio::sync::Mutex<Option<Channel>>,
    /// One caller at a time makes queues.
    declaring: tokio::sync::Mutex<()>,
    /// Queues that are known to be there.
    declared: Mutex<HashSet<String>>,
}

impl Link {
    pub(super) fn new(endpoints: Arc<Endpoints>, purpose: &'static str) -> Self {
        Self { endpoints, purpose, state: tokio::sync::Mutex::new(State::New) }
    }

    /// The open connection; opens one where there is none.
    pub(super) async fn live(&self) -> Result<Arc<Live>, QueueError> {
        let mut state = self.state.lock().await;
        match &*state {
            State::Open(live) if live.connection.status().connected() => return Ok(live.clone()),
            State::Away { since, error } if since.elapsed() < BELIEVED => return Err(error.clone()),
            _ => {}
        }
        match self.endpoints.connect(self.purpose).await {
            Ok((connection, node)) => {
                info!(purpose = self.purpose, node = %Shown(node), "connected to RabbitMQ");
                let live = Arc::new(Live {
                    endpoints: self.endpoints.clone(),
                    connection,
                    asking: tokio::sync::Mutex::default(),
                    declaring: tokio::sync::Mutex::default(),
                    declared: Mutex::default(),
                });
                *state = State::Open(live.clone());
                Ok(live)
            }
            Err(error) => {
                if !matches!(*state, State::Away { .. }) {
                    warn!(purpose = self.purpose, %error, "no connection to RabbitMQ");
                }
                *state = State::Away { since: Instant::now(), error: error.clone() };
                Err(error)
            }
        }
    }

    /// What comes of some work on the connection. A client's call may never end when its connection does: then
    /// this gives it up, and whoever comes next opens another.
    pub(super) async fn answered<T>(
        &self,
        work: impl Future<Output = Result<T, QueueError>>,
    ) -> Result<T, QueueError> {
        if let Ok(result) = timeout(ANSWER, work).await {
            return result;
        }
        self.give_up().await;
        Err(silent("answer"))
    }

    /// The answer to a question that changes nothing: one that was lost is asked again, on another connection.
    pub(super) async fn asked<T, F>(&self, question: impl Fn() -> F) -> Result<T, QueueError>
    where
        F: Future<Output = Result<T, QueueError>>,
    {
        if let Ok(result) = timeout(ANSWER, question()).await {
            return result;
        }
        self.give_up().await;
        self.answered(question()).await
    }

    async fn give_up(&self) {
        warn!(purpose = self.purpose, "RabbitMQ did not answer: this connection is given up");
        *self.state.lock().await = State::New;
    }
}

impl Live {
    /// A fresh channel.
    pub(super) async fn channel(&self) -> Result<Channel, QueueError> {
        self.bare_channel().await.map_err(unavailable)
    }

    /// A fresh channel, with the client's own error.
    pub(super) async fn bare_channel(&self) -> lapin::Result<Channel> {
        self.connection.create_channel().await
    }

    /// A channel for questions, for one caller at a time.
    pub(super) async fn asking(&self) -> Result<AskingChannel<'_>, QueueError> {
        let mut slot = self.asking.lock().await;
        if !slot.as_ref().is_some_and(|channel| channel.status().connected()) {
            *slot = Some(self.channel().await?);
        }
        tokio::sync::MutexGuard::try_map(slot, Option::as_mut)
            .map_err(|_| QueueError::Unavailable("RabbitMQ gave no channel".into()))
    }

    /// Makes sure that queues are there, and safe to use. Goes on by itself when nobody waits for it any more.
    pub(super) async fn declare(
        &self,
        wanted: &[(impl AsRef<str>, Kind)],
    ) -> Result<(), QueueError> {
        if self.missing(wanted).is_empty() {
            return Ok(());
        }
        // Who comes meanwhile has nothing left to do.
        let _turn = self.declaring.lock().await;
        let missing = self.missing(wanted);
        let names: Vec<_> = missing.keys().cloned().collect();
        let endpoints = self.endpoints.clone();
        // On a task of its own: whoever goes away must not leave a queue behind that is too new to be used.
        let declaring = tokio::spawn(async move { topology::declare(&endpoints, missing).await });
        declaring.await.map_err(|e| QueueError::Unavailable(e.to_string()))??;
        self.declared().extend(names);
        Ok(())
    }

    /// Those that are not known to be there.
    fn missing(&self, wanted: &[(impl AsRef<str>, Kind)]) -> BTreeMap<String, Kind> {
        let declared = self.declared();
        let missing = wanted.iter().filter(|(name, _)| !declared.contains(name.as_ref()));
        missing.map(|(name, kind)| (name.as_ref().to_owned(), kind.clone())).collect()
    }

    /// A queue turned out not to be there: it will be declared again.
    pub(super) fn undeclare(&self, queue: &str) {
        self.declared().remove(queue);
    }

    /// Nothing is known of any queue any more.
    pub(super) fn undeclare_all(&self) {
        self.declared().clear();
    }

    /// The way to a connection of one's own.
    pub(super) fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    fn declared(&self) -> MutexGuard<'_, HashSet<String>> {
        self.declared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) type AskingChannel<'a> = tokio::sync::MappedMutexGuard<'a, Channel>;
