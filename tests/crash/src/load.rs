//! People who register, steadily, at whichever Frontend they happen on.

use std::{
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use fastrand::Rng;
use reqwest::Client;
use tokio::task::JoinHandle;

use crate::ledger::{Answer, Ledger};

/// Between one request of a client and its next.
const PAUSE: Duration = Duration::from_millis(40);
/// Before a request is repeated.
const REPEAT: Duration = Duration::from_millis(250);

/// Everybody who registers.
pub(crate) struct Load {
    shared: Arc<Shared>,
    clients: Vec<JoinHandle<()>>,
}

struct Shared {
    seed: u64,
    ledger: Ledger,
    frontends: RwLock<Vec<u16>>,
    /// Numbers the addresses.
    posted: AtomicU64,
    stop: AtomicBool,
}

impl Load {
    /// Lets so many clients loose on the Frontends at these ports.
    pub(crate) fn start(seed: u64, clients: u64, frontends: Vec<u16>) -> Self {
        let shared = Arc::new(Shared {
            seed,
            ledger: Ledger::default(),
            frontends: RwLock::new(frontends),
            posted: AtomicU64::new(0),
            stop: AtomicBool::new(false),
        });
        let client = |n| tokio::spawn(shared.clone().register(Rng::with_seed(seed + 1_000 * n)));
        let clients = (1..=clients).map(client).collect();
        Self { shared, clients }
    }

    /// The Frontends are these from now on.
    pub(crate) fn set_frontends(&self, ports: Vec<u16>) {
        *self.shared.frontends.write().unwrap_or_else(PoisonError::into_inner) = ports;
    }

    /// Registers one person more, again and again until it is accepted, and returns its id.
    pub(crate) async fn canary(&self) -> String {
        let (http, mut rng) = (client(), Rng::new());
        let (email, key) = self.shared.person();
        loop {
            let answer = self.shared.ledger.post(&http, self.shared.port(&mut rng), &email, &key);
            if let Answer::Accepted(id) = answer.await {
                return id;
            }
            tokio::time::sleep(REPEAT).await;
        }
    }

    /// Sends everybody home.
    pub(crate) async fn stop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        for client in self.clients.drain(..) {
            client.await.expect("a client of the load does not panic");
        }
    }

    /// What everybody was answered.
    pub(crate) fn ledger(&self) -> &Ledger {
        &self.shared.ledger
    }
}

impl Shared {
    async fn register(self: Arc<Self>, mut rng: Rng) {
        let http = client();
        while !self.stop.load(Ordering::Relaxed) {
            let (email, key) = self.person();
            // Half of them try again when they do not know what became of it, as a browser does:
            // with the same key, mostly at another Frontend.
            let stubborn = rng.bool();
            while !self.stop.load(Ordering::Relaxed) {
                match self.ledger.post(&http, self.port(&mut rng), &email, &key).await {
                    Answer::Refused => {}
                    Answer::Unknown if stubborn => {}
                    _ => break,
                }
                tokio::time::sleep(REPEAT).await;
            }
            tokio::time::sleep(PAUSE.mul_f64(0.5 + rng.f64())).await;
        }
    }

    /// Somebody new, and the key that makes a repeated request the same request.
    fn person(&self) -> (String, String) {
        let n = self.posted.fetch_add(1, Ordering::Relaxed);
        (format!("s{}n{n}@example.com", self.seed), format!("key-{}-{n}", self.seed))
    }

    fn port(&self, rng: &mut Rng) -> u16 {
        let frontends = self.frontends.read().unwrap_or_else(PoisonError::into_inner);
        frontends[rng.usize(..frontends.len())]
    }
}

fn client() -> Client {
    testkit::http_client()
}
