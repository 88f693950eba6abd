//! SIGKILL in the middle of a load: what was answered with 202 is stored, once.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};
use testkit::{System, eventually_within};

const BINARY: &str = env!("CARGO_BIN_EXE_userstream");
const ROUNDS: u64 = 4;
const CLIENTS: usize = 16;

/// Every registration that was answered with 202: address to id.
type Ledger = Arc<Mutex<HashMap<String, String>>>;

#[tokio::test(flavor = "multi_thread")]
async fn what_was_accepted_is_stored_once_whenever_the_process_is_killed() {
    let mut system = System::start(BINARY, &[]).await;
    let ledger = Ledger::default();
    for round in 0..ROUNDS {
        let stop = Arc::new(AtomicBool::new(false));
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                tokio::spawn(register_until(
                    stop.clone(),
                    system.url("/api/registrations"),
                    ledger.clone(),
                    round,
                    client,
                ))
            })
            .collect();
        // A different moment each round; every one of them is in the middle of the load.
        tokio::time::sleep(Duration::from_millis(300 + 170 * round)).await;
        system.process().kill();
        stop.store(true, Ordering::Relaxed);
        for client in clients {
            client.await.unwrap();
        }
        system.kill_and_restart().await;
    }
    let accepted = ledger.lock().unwrap().clone();
    assert!(accepted.len() > 200, "only {} were accepted: that was no load", accepted.len());

    let console = system.console().await;
    let stored = eventually_within(
        Duration::from_mins(2),
        "every accepted registration is stored",
        || async {
            let users = console.all_users().await;
            let stored: BTreeMap<String, Value> = users
                .iter()
                .map(|u| (u["email"].as_str().unwrap().to_owned(), u.clone()))
                .collect();
            assert_eq!(stored.len(), users.len(), "an address is stored twice");
            accepted.keys().all(|email| stored.contains_key(email)).then_some(stored)
        },
    )
    .await;
    let mut ids: Vec<_> = stored.values().map(|u| u["registration_id"].as_str().unwrap()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), stored.len(), "a registration is stored twice");
    for (email, id) in &accepted {
        assert_eq!(stored[email]["registration_id"], id.as_str());
    }
    let stats = eventually_within(Duration::from_mins(2), "every e-mail is sent", || async {
        let stats = console.get("/stats").await;
        (stats["notifications"]["sent"] == stored.len()).then_some(stats)
    })
    .await;
    assert_eq!(system.outbox().len(), stored.len(), "one e-mail for each row");
    for queue in stats["queues"].as_array().unwrap() {
        assert_eq!(queue["dead_letters"], 0, "{queue}");
    }
}

async fn register_until(
    stop: Arc<AtomicBool>,
    url: String,
    ledger: Ledger,
    round: u64,
    client: usize,
) {
    let http = testkit::http_client();
    for n in 0.. {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        let email = format!("r{round}c{client}n{n}@example.com");
        let body = json!({"name": "Ada", "surname": "Lovelace", "email": email});
        let Ok(answer) = http.post(&url).json(&body).send().await else { continue };
        if answer.status() == 202 {
            // An answer that was cut off in the middle was not given.
            if let Ok(answer) = answer.json::<Value>().await {
                ledger.lock().unwrap().insert(email, answer["id"].as_str().unwrap().to_owned());
            }
        }
    }
}
