//! A dependency is away for a while: nobody's fault, and nothing is lost.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::{Role, eventually};

use crate::servers::{Cluster, start};

const PEOPLE: u64 = 100;

#[tokio::test(flavor = "multi_thread")]
async fn while_the_database_is_away_everything_waits_uncounted() {
    let cluster = start(|s| s.copies(Role::QueueReceiver, 2)).await;
    let console = cluster.console().await;
    cluster.to_database.cut();
    for n in 0..PEOPLE {
        cluster.register(&format!("p{n}@example.com")).await;
    }
    for role in [Role::QueueReceiver, Role::Sender, Role::ReportGenerator] {
        let health = cluster.answers(role, "/health/ready", 503).await;
        assert!(health["checks"]["database"]["since"].is_string(), "{health}");
    }
    // Longer than the first delays of the schedule: were it counted, it would be by now.
    tokio::time::sleep(Duration::from_secs(4)).await;
    cluster.no_dead_letters().await;

    cluster.to_database.restore();
    cluster.all_mailed(&console, PEOPLE).await;
    for copy in 0..2 {
        assert_eq!(cluster.verdicts(Role::QueueReceiver, copy, "retry").await, 0);
    }
    assert_eq!(cluster.verdicts(Role::Sender, 0, "retry").await, 0);
    for notification in console.all("/notifications").await.unwrap() {
        assert_eq!(notification["attempts"], 1, "the outage counted as an attempt: {notification}");
    }
    cluster.no_dead_letters().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_broker_is_away_nothing_is_claimed_and_what_was_accepted_stays() {
    let mut cluster = start(|s| s).await;
    let console = cluster.console().await;
    for n in 0..PEOPLE {
        cluster.register(&format!("p{n}@example.com")).await;
    }
    cluster.to_broker.cut();
    rush(&cluster).await;
    // What the first rush took is there; a second one takes no more.
    let before = cluster.peak_memory_mib(Role::Frontend);
    rush(&cluster).await;
    let after = cluster.peak_memory_mib(Role::Frontend);
    assert!(after < before + 16.0, "memory grew from {before} to {after} MiB");

    cluster.to_broker.restore();
    let id = eventually("it takes registrations by itself", || async {
        let answer = post(&cluster, "later@example.com").await;
        if answer.status() != 202 {
            return None;
        }
        let answer: Value = answer.json().await.unwrap();
        Some(answer["id"].as_str().unwrap().to_owned())
    })
    .await;
    cluster.mailed(&id).await;
    cluster.at_least_mailed(&console, PEOPLE + 1).await;
    cluster.no_dead_letters().await;
}

/// Many at once, each of whom is told in good time to come again.
async fn rush(cluster: &Cluster) {
    let person = async |n: usize| {
        let started = Instant::now();
        let answer = post(cluster, &format!("rush{n}@example.com")).await;
        assert_eq!(answer.status(), 503);
        assert!(answer.headers().contains_key("retry-after"));
        assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    };
    for _ in 0..4 {
        futures::future::join_all((0..64).map(person)).await;
    }
}

async fn post(cluster: &Cluster, email: &str) -> reqwest::Response {
    let body = json!({"name": "Ada", "surname": "Lovelace", "email": email});
    let call = cluster.http().post(cluster.url(Role::Frontend, "/api/registrations"));
    // With a key, so that a repeat is the same registration.
    call.header("idempotency-key", email).json(&body).send().await.unwrap()
}
