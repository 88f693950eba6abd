//! Nothing tells a known address from a new one, and nothing personal is shown without a login.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use serde_json::{Value, json};
use testkit::System;

const BINARY: &str = env!("CARGO_BIN_EXE_userstream");

/// An answer with what must differ (ids, times) made equal: only what could betray remains.
fn shape(value: &Value) -> Value {
    match value {
        Value::Object(map) => map
            .iter()
            .map(|(k, v)| {
                (
                    k.clone(),
                    if ["id", "status_url", "at"].contains(&k.as_str()) {
                        json!(v.is_string())
                    } else {
                        shape(v)
                    },
                )
            })
            .collect(),
        Value::Array(items) => items.iter().map(shape).collect(),
        other => other.clone(),
    }
}

#[tokio::test]
async fn a_known_address_is_answered_like_a_new_one() {
    let system = System::start(BINARY, &[]).await;
    let known = system.register("Ada", "Lovelace", "known@example.com").await;
    system.reaches(&known, "email_sent").await;

    let mut seen = Vec::new();
    // In other letters, with another name, and often enough that mails are withheld by the limit.
    for email in [
        "new@example.com",
        "known@example.com",
        "KNOWN@EXAMPLE.COM",
        "Known@example.com",
        "known@Example.com",
    ] {
        let body = json!({"name": "Eve", "surname": "Other", "email": email});
        let answer = system.post(&body).await;
        let status = answer.status();
        let mut headers: Vec<_> = answer.headers().keys().map(ToString::to_string).collect();
        headers.sort();
        let answer: Value = answer.json().await.unwrap();
        let id = answer["id"].as_str().unwrap().to_owned();
        let followed = system.reaches(&id, "email_sent").await;
        seen.push((email, status, headers, shape(&answer), shape(&followed)));
    }
    let first = &seen[0];
    for other in &seen[1..] {
        assert_eq!(
            (&first.1, &first.2, &first.3, &first.4),
            (&other.1, &other.2, &other.3, &other.4),
            "{}",
            other.0
        );
    }

    let users = system.console().await.all_users().await;
    assert_eq!(users.len(), 2);
    assert_eq!(users[0]["name"], "Ada", "a repeated registration changes nothing");
    let to_known = system.outbox().iter().filter(|m| m.contains("To: known@example.com")).count();
    assert_eq!(to_known, 3, "one confirmation, and two more within the limit per address and day");
}

#[tokio::test]
async fn a_confirmed_address_does_not_show_through_a_later_registration() {
    let system = System::start(BINARY, &[]).await;
    let first = system.register("Ada", "Lovelace", "ada@example.com").await;
    system.reaches(&first, "email_sent").await;
    let mail = system.outbox()[0].replace("=\r\n", "");
    let token = mail.split("/confirm/").nth(1).unwrap().chars().take_while(char::is_ascii_hexdigit);
    let url = system.url(&format!("/confirm/{}", token.collect::<String>()));
    system.http().post(url).send().await.unwrap();
    system.reaches(&first, "confirmed").await;

    let second = system.register("Eve", "Other", "ada@example.com").await;
    assert_eq!(system.reaches(&second, "email_sent").await["status"], "email_sent");
}

#[tokio::test]
async fn an_id_that_was_never_issued_is_not_found() {
    let system = System::start(BINARY, &[]).await;
    let mut id = system.register("Ada", "Lovelace", "ada@example.com").await;
    let last = id.pop().unwrap();
    id.push(if last == '0' { '1' } else { '0' });
    for id in [id.as_str(), "0192f0c1-2345-7abc-8def-0123456789ab", "1", "..", "%00"] {
        let answer = system
            .http()
            .get(system.url(&format!("/api/registrations/{id}")))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 404, "{id}");
    }
}

#[tokio::test]
async fn no_personal_data_without_a_login_and_none_in_the_log() {
    let mut system = System::start(BINARY, &[]).await;
    let id = system.register("Adalbert", "Lovelace", "adalbert@secret.example").await;
    system.reaches(&id, "email_sent").await;
    let ports = system.ports();
    let console = system.console().await;
    console.get("/users?q=adalbert").await;
    let wrong = json!({"email": "admin@example.com", "password": "wrong password"});
    let login =
        system.http().post(system.url("/api/admin/login")).json(&wrong).send().await.unwrap();
    assert_eq!(login.status(), 401);

    let direct = |port, path: &str| format!("http://127.0.0.1:{port}{path}");
    let closed = [
        system.url("/api/admin/users"),
        system.url("/api/admin/reports"),
        system.url("/api/admin/notifications"),
        system.url("/api/admin/dead-letters"),
        system.url("/api/admin/stats"),
        system.url("/api/admin/me"),
        direct(ports.database_service, "/users"),
        direct(ports.database_service, "/users/1"),
        direct(ports.database_service, "/users/export"),
        direct(ports.database_service, "/stats"),
        direct(ports.database_service, "/notifications"),
        direct(ports.database_service, &format!("/registrations/{id}")),
        direct(ports.sender, "/notifications"),
        direct(ports.report_generator, "/reports"),
        direct(ports.queue_receiver, "/queues"),
        direct(ports.queue_receiver, "/dead-letters"),
    ];
    for url in closed {
        let answer = system.http().get(&url).send().await.unwrap();
        assert_eq!(answer.status(), 401, "{url}");
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
        assert!(!answer.text().await.unwrap().contains("adalbert"));
    }
    for port in [ports.frontend, ports.database_service] {
        let metrics = system.http().get(direct(port, "/metrics")).send().await.unwrap();
        let metrics = metrics.text().await.unwrap();
        assert!(
            metrics.contains("userstream_registrations_total{outcome=\"accepted\"} 1"),
            "{metrics}"
        );
        assert!(metrics.contains("userstream_users_stored_total{outcome=\"created\"} 1"));
        assert!(!metrics.contains("adalbert") && !metrics.contains("secret"));
    }

    let log = system.process().output();
    for private in ["adalbert", "Adalbert", "secret.example", "correct horse", "wrong password"] {
        assert!(!log.contains(private), "the log holds {private:?}");
    }
    let lines = log.lines().filter(|l| l.starts_with('{'));
    let lines: Vec<Value> = lines.map(|l| serde_json::from_str(l).unwrap()).collect();
    assert!(lines.len() > 10);
    for line in &lines {
        for key in ["timestamp", "level", "service", "message"] {
            assert!(line[key].is_string(), "{line}");
        }
    }
}

#[tokio::test]
async fn another_site_cannot_act_for_who_is_logged_in() {
    let system = System::start(BINARY, &[]).await;
    let console = system.console().await;
    for origin in ["https://evil.example", "null", "http://localhost.evil.example"] {
        let call = console.call(reqwest::Method::POST, "/reports").header("origin", origin);
        let answer = call.json(&json!({"format": "csv"})).send().await.unwrap();
        assert_eq!(answer.status(), 403, "{origin}");
        let login = system.http().post(system.url("/api/admin/login")).header("origin", origin);
        let credentials =
            json!({"email": "admin@example.com", "password": "correct horse battery"});
        assert_eq!(login.json(&credentials).send().await.unwrap().status(), 403, "{origin}");
    }
    let own = system.url("");
    let call = console.call(reqwest::Method::POST, "/reports").header("origin", own);
    assert_eq!(call.json(&json!({"format": "csv"})).send().await.unwrap().status(), 202);
    let out = console.call(reqwest::Method::POST, "/logout").send().await.unwrap();
    assert_eq!(out.status(), 204);
    let after = console.call(reqwest::Method::GET, "/me").send().await.unwrap();
    assert_eq!(after.status(), 401, "the session has ended on the server");
}
