//! Each service by itself, as a process of its own: the same path, through the Database Service.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use serde_json::json;
use testkit::{Role, Split, SplitSettings};

const BINARY: &str = env!("CARGO_BIN_EXE_userstream");

#[tokio::test]
async fn five_processes_do_what_one_does_and_survive_the_loss_of_each() {
    let mut split = Split::start(BINARY, SplitSettings::embedded()).await;
    let id = split.register("ada@example.com").await;
    split.mailed(&id).await;

    // A service that is away, or has another secret, is not the person's fault, nor is what they looked for
    // anybody's business.
    let console = split.console().await;
    split.kill(Role::Sender, 0);
    for what in ["does not answer", "does not accept our calls"] {
        let refused = console.try_get("/notifications?q=grace@example.com").await.unwrap_err();
        assert!(refused.contains("503") && refused.contains(what), "{refused}");
        let other = ("JWT_SECRET", "another secret, of thirty-two bytes".to_owned());
        split.kill(Role::Sender, 0);
        split.restart_with(Role::Sender, 0, &[other]);
        split.answers(Role::Sender, "/health/live", 200).await;
    }
    let log = split.log_text(Role::Frontend, 0);
    assert!(log.contains("a call was not answered") && log.contains("JWT_SECRET"), "{log}");
    assert!(!log.contains("grace"), "{log}");

    // The Frontend takes registrations while everything behind it is away.
    for role in Role::ALL.into_iter().filter(|role| *role != Role::Frontend) {
        split.kill(role, 0);
    }
    let health = split.answers(Role::Frontend, "/health/ready", 200).await;
    assert_eq!(health["checks"]["sender"]["status"], "unavailable");
    let waiting = split.register("grace@example.com").await;
    let status = split.url(Role::Frontend, &format!("/api/registrations/{waiting}"));
    let status = split.http().get(status).send().await.unwrap();
    assert_eq!(status.status(), 503);
    assert!(status.headers().contains_key("retry-after"));

    // A receiver without a database waits, and says what it waits for.
    split.restart(Role::QueueReceiver, 0);
    let health = split.answers(Role::QueueReceiver, "/health/ready", 503).await;
    assert_eq!(health["checks"]["database"]["status"], "unavailable");
    assert!(health["checks"]["database"]["since"].is_string());
    let unready = split.http().get(split.url(Role::QueueReceiver, "/health")).send().await.unwrap();
    assert!(unready.headers().contains_key("retry-after"));

    for role in [Role::ReportGenerator, Role::Sender, Role::DatabaseService] {
        split.restart(role, 0);
    }
    split.mailed(&waiting).await;
    let console = split.console().await;
    assert_eq!(console.all_users().await.len(), 2);
    let report = console.report(&json!({"format": "csv", "columns": ["email"]})).await;
    assert_eq!(report["status"], "done", "{report}");
    assert_eq!(
        console.download(&report).await,
        b"email\r\nada@example.com\r\ngrace@example.com\r\n"
    );
    for queue in console.get("/stats").await["queues"].as_array().unwrap() {
        assert_eq!(queue["dead_letters"], 0, "an outage dead-lettered something: {queue}");
    }
}
