//! What any client of the queues may send, and what becomes of it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fs, sync::Arc};

use queue::{EmbeddedQueue, EmbeddedSettings, Message, Queue};
use serde_json::{Value, json};
use testkit::{Console, System, eventually};
use uuid::Uuid;

const BINARY: &str = env!("CARGO_BIN_EXE_userstream");

/// The system's queue, as another process of the machine opens it.
async fn queue_of(system: &System) -> Arc<dyn Queue> {
    let path = system.data().join("queue.db");
    Arc::new(EmbeddedQueue::open(&path, EmbeddedSettings::default()).await.unwrap())
}

fn event(kind: &str, data: &Value) -> Value {
    json!({
        "specversion": "1.0", "id": Uuid::new_v4(), "source": "/foreign", "type": kind,
        "time": "2026-01-02T03:04:05Z", "datacontenttype": "application/json", "data": data,
    })
}

fn registration(id: Uuid, email: &str) -> Value {
    let data = json!({
        "registration_id": id, "name": "Ada", "surname": "Lovelace", "email": email,
        "submitted_at": "2026-01-02T03:04:05Z",
    });
    event("userstream.registration.submitted.v1", &data)
}

fn message(body: impl Into<Vec<u8>>) -> Message {
    Message::event("foreign", body.into())
}

async fn dead_letters(console: &Console, count: usize) -> Vec<Value> {
    eventually(&format!("there are {count} dead letters"), || async {
        let page = console.get("/dead-letters?queue=user.registration").await;
        let items = page["items"].as_array()?.clone();
        (items.len() == count).then_some(items)
    })
    .await
}

async fn users(console: &Console, count: usize) -> Vec<Value> {
    eventually(&format!("there are {count} users"), || async {
        let users = console.all_users().await;
        (users.len() == count).then_some(users)
    })
    .await
}

#[tokio::test]
async fn garbage_is_dead_lettered_byte_for_byte_and_delays_nobody() {
    let system = System::start(BINARY, &[]).await;
    let queue = queue_of(&system).await;
    let console = system.console().await;
    let wrong_type = event("userstream.registration.submitted.v2", &json!({}));
    let no_email = event("userstream.registration.submitted.v1", &json!({"name": "Ada"}));
    let garbage: Vec<Vec<u8>> = vec![
        b"not JSON".to_vec(),
        vec![0xff, 0x00, 0xfe],
        wrong_type.to_string().into_bytes(),
        no_email.to_string().into_bytes(),
        registration(Uuid::new_v4(), "nobody").to_string().into_bytes(),
        vec![b'x'; 1 << 20],
    ];
    let mut messages: Vec<_> = garbage.iter().map(|body| message(body.clone())).collect();
    messages.insert(3, message(registration(Uuid::new_v4(), "ada@example.com").to_string()));
    queue.publish("user.registration", messages).await.unwrap();

    let letters = dead_letters(&console, garbage.len()).await;
    for (letter, body) in letters.iter().zip(&garbage) {
        let kept = queue.dead_letter(letter["id"].as_str().unwrap()).await.unwrap().unwrap();
        assert_eq!(kept.message.body, body);
        assert_eq!(letter["body"], String::from_utf8_lossy(body).as_ref());
        assert_eq!(letter["attempts"], 0, "it was not tried");
        assert!(!letter["cause"].as_str().unwrap().is_empty());
    }
    users(&console, 1).await;

    // A corrected one is stored; the same for one that was wrong in nothing but its address.
    let id = letters[4]["id"].as_str().unwrap();
    let corrected = registration(Uuid::new_v4(), "grace@example.com").to_string();
    let replay = console.call(reqwest::Method::POST, &format!("/dead-letters/{id}/replay"));
    assert_eq!(replay.json(&json!({"body": corrected})).send().await.unwrap().status(), 204);
    let stored = users(&console, 2).await;
    assert_eq!(stored[1]["email"], "grace@example.com");

    let id = letters[0]["id"].as_str().unwrap();
    let delete = console.call(reqwest::Method::DELETE, &format!("/dead-letters/{id}"));
    assert_eq!(delete.send().await.unwrap().status(), 204);
    dead_letters(&console, garbage.len() - 2).await;
    let again = console.call(reqwest::Method::POST, "/dead-letters/replay").json(&json!({}));
    let again: Value = again.send().await.unwrap().json().await.unwrap();
    assert_eq!(again["replayed"], garbage.len() - 2);
    dead_letters(&console, garbage.len() - 2).await;
}

#[tokio::test]
async fn several_events_in_one_message_are_judged_one_by_one() {
    let system = System::start(BINARY, &[]).await;
    let queue = queue_of(&system).await;
    let console = system.console().await;
    let events = json!([
        registration(Uuid::new_v4(), "ada@example.com"),
        {"specversion": "1.0"},
        registration(Uuid::new_v4(), "grace@example.com"),
    ]);
    let batch = Message { content_type: Message::BATCH.into(), ..message(events.to_string()) };
    queue.publish("user.registration", vec![batch]).await.unwrap();
    users(&console, 2).await;
    let letters = dead_letters(&console, 1).await;
    assert_eq!(letters[0]["body"], r#"{"specversion":"1.0"}"#);
}

#[tokio::test]
async fn an_id_used_twice_for_different_people_loses_neither() {
    let system = System::start(BINARY, &[]).await;
    let queue = queue_of(&system).await;
    let console = system.console().await;
    let id = Uuid::new_v4();
    for email in ["ada@example.com", "ADA@example.com", "grace@example.com"] {
        let message = message(registration(id, email).to_string());
        queue.publish("user.registration", vec![message]).await.unwrap();
    }
    let letters = dead_letters(&console, 1).await;
    assert!(letters[0]["body"].as_str().unwrap().contains("grace@example.com"));
    assert_eq!(users(&console, 1).await[0]["email"], "ada@example.com");
}

#[tokio::test]
async fn a_report_asked_for_by_message_is_answered_like_one_by_http() {
    let system = System::start(BINARY, &[]).await;
    let queue = queue_of(&system).await;
    let console = system.console().await;
    let (good, bad) = (Uuid::new_v4(), Uuid::new_v4());
    let ask = |data: &Value| message(event("userstream.report.requested.v1", data).to_string());
    let messages = vec![
        ask(
            &json!({"report_id": good, "format": "csv", "columns": ["email"], "requested_by": "cron"}),
        ),
        ask(&json!({"report_id": bad, "format": "csv", "columns": ["password"]})),
    ];
    queue.publish("report.requests", messages).await.unwrap();
    let ended = async |id: Uuid| {
        eventually("the report has ended", || async {
            let answer =
                console.call(reqwest::Method::GET, &format!("/reports/{id}")).send().await.ok()?;
            let report: Value = answer.json().await.ok()?;
            matches!(report["status"].as_str(), Some("done" | "failed")).then_some(report)
        })
        .await
    };
    let report = ended(good).await;
    assert_eq!((&report["status"], &report["requested_by"]), (&json!("done"), &json!("cron")));
    assert_eq!(console.download(&report).await, b"email\r\n");
    let report = ended(bad).await;
    assert_eq!(report["status"], "failed");
    assert!(report["error"].as_str().unwrap().contains("no column \"password\""), "{report}");
    let none = console.get("/dead-letters?queue=report.requests").await;
    assert_eq!(none["items"], json!([]), "a mistake in a request is told in the log of reports");
}

#[tokio::test]
async fn while_the_outbox_is_away_mail_waits_uncounted() {
    let system = System::start(BINARY, &[]).await;
    let console = system.console().await;
    let (outbox, aside) = (system.data().join("outbox"), system.data().join("aside"));
    fs::rename(&outbox, &aside).unwrap();
    fs::write(&outbox, "not a folder").unwrap();
    let id = system.register("Ada", "Lovelace", "ada@example.com").await;
    system.reaches(&id, "stored").await;
    let log = system.data().with_file_name("log.jsonl");
    eventually("the Sender has tried", || async {
        fs::read_to_string(&log).ok()?.contains("the outbox: ").then_some(())
    })
    .await;
    // Between two tries the log says of no e-mail that it is being sent.
    eventually("it waits, uncounted", || async {
        let waiting = &console.get("/notifications").await["items"][0];
        (waiting["status"] == "queued" && waiting["attempts"] == 0).then_some(())
    })
    .await;

    fs::remove_file(&outbox).unwrap();
    fs::rename(&aside, &outbox).unwrap();
    system.reaches(&id, "email_sent").await;
    assert_eq!(system.outbox().len(), 1);
    let sent = console.get("/notifications").await;
    assert_eq!(sent["items"][0]["attempts"], 1, "the outage counted as an attempt");
}

#[tokio::test]
async fn a_report_that_cannot_be_written_says_why_and_leaves_no_file() {
    let system = System::start(BINARY, &[]).await;
    let console = system.console().await;
    let folder = system.data().join("reports");
    fs::remove_dir(&folder).unwrap();
    let report = console.report(&json!({"format": "csv"})).await;
    assert_eq!(report["status"], "failed");
    assert!(report["error"].as_str().unwrap().contains("REPORT_OUTPUT_DIR"), "{report}");
    let download = console.call(
        reqwest::Method::GET,
        &format!("/reports/{}/download", report["report_id"].as_str().unwrap()),
    );
    assert_eq!(download.send().await.unwrap().status(), 409);

    fs::create_dir(&folder).unwrap();
    let report = console.report(&json!({"format": "csv"})).await;
    assert_eq!(report["status"], "done");
    let range = console.call(
        reqwest::Method::GET,
        &format!("/reports/{}/download", report["report_id"].as_str().unwrap()),
    );
    let part = range.header("range", "bytes=3-6").send().await.unwrap();
    assert_eq!(part.status(), 206);
    assert_eq!(part.text().await.unwrap(), "name");
    let delete = console.call(
        reqwest::Method::DELETE,
        &format!("/reports/{}", report["report_id"].as_str().unwrap()),
    );
    assert_eq!(delete.send().await.unwrap().status(), 204);
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0, "the file goes with its report");
}
