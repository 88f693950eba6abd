//! People who register one after the other while a test does other things.

use std::time::Duration;

use reqwest::Client;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Clients at one time.
const CLIENTS: usize = 4;
const PAUSE: Duration = Duration::from_millis(20);

/// Registrations under way.
#[derive(Debug)]
pub struct Load {
    stop: CancellationToken,
    clients: JoinSet<Vec<String>>,
}

impl Load {
    /// Lets clients loose on the Frontend at `base`. Each call has a connection of its own; one that breaks
    /// is made again with the same key, and any answer but 202 fails the test.
    pub(crate) fn start(http: &Client, base: &str) -> Self {
        let stop = CancellationToken::new();
        let mut clients = JoinSet::new();
        for client in 0..CLIENTS {
            let (http, stop) = (http.clone(), stop.clone());
            let (registrations, statuses) =
                (format!("{base}/api/registrations"), format!("{base}/api/registrations/"));
            clients.spawn(async move {
                let mut ids = Vec::new();
                while !stop.is_cancelled() {
                    let n = ids.len();
                    let email = format!("load{client}n{n}@example.com");
                    let body = json!({"name": "Ada", "surname": "Lovelace", "email": email});
                    let post = || {
                        let key = format!("load-{client}-{n}");
                        http.post(&registrations).header("Idempotency-Key", key).json(&body)
                    };
                    let id = answer(post, 202).await["id"].as_str().expect("an id").to_owned();
                    answer(|| http.get(format!("{statuses}{id}")), 200).await;
                    ids.push(id);
                    tokio::time::sleep(PAUSE).await;
                }
                ids
            });
        }
        Self { stop, clients }
    }

    /// Sends the clients home; returns the ids of all registrations that were accepted.
    pub async fn stop(self) -> Vec<String> {
        self.stop.cancel();
        self.clients.join_all().await.into_iter().flatten().collect()
    }
}

/// What a call was answered; it is made again where the connection breaks.
async fn answer(call: impl Fn() -> reqwest::RequestBuilder, status: u16) -> Value {
    for _ in 0..1_000 {
        let Ok(answer) = call().header("Connection", "close").send().await else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let got = answer.status();
        let Ok(text) = answer.text().await else { continue };
        assert_eq!(got, status, "{text}");
        return serde_json::from_str(&text).expect("JSON");
    }
    panic!("no answer, however often it was asked for");
}
