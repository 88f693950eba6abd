//! The shapes of the other calls, and what every service answers.

use std::collections::HashSet;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::server::Server;

/// Registers an address and returns the batch's outcome.
async fn register(server: &Server, id: Uuid, email: &str) -> Value {
    let item = json!({"registration_id": id, "name": "Ada", "surname": "Lovelace", "email": email,
        "submitted_at": "2026-01-02T03:04:05Z", "locale": "de"});
    let answer: Value =
        server.post("/users/batch", &json!({"items": [item]})).await.json().await.unwrap();
    answer["outcomes"][0].clone()
}

#[tokio::test]
async fn an_email_is_claimed_sent_and_listed() {
    let server = Server::start().await;
    let id = Uuid::now_v7();
    let outcome = register(&server, id, "ada@example.com").await;
    assert_eq!(outcome["outcome"], "created");
    assert_eq!(outcome["notification_type"], "confirmation");
    let notification = outcome["notification_id"].as_str().unwrap();
    let request = json!({"notification_id": notification, "to": {"user_id": 1},
        "notification_type": "confirmation", "claimer": Uuid::now_v7()});
    let claims = json!({"requests": [request], "lease_ms": 60_000});
    let claimed: Value = server.post("/notifications/claims", &claims).await.json().await.unwrap();
    let mail = &claimed["claims"][0];
    assert_eq!((&mail["claim"], &mail["email"]), (&json!("granted"), &json!("ada@example.com")));
    assert_eq!((&mail["locale"], &mail["attempts"]), (&json!("de"), &json!(0)));

    let attempt = json!({"notification_id": notification, "outcome": "sent", "reply": "250 ok",
        "at": "2026-01-02T03:05:00Z"});
    let recorded = server.post("/notifications/attempts", &json!({"attempts": [attempt]})).await;
    assert_eq!(recorded.status(), StatusCode::NO_CONTENT);
    let settled: Value = server.post("/notifications/claims", &claims).await.json().await.unwrap();
    assert_eq!(settled["claims"][0], json!({"claim": "settled"}));

    let shown = server.get(&format!("/notifications/{notification}")).await;
    let created_at = shown["created_at"].clone();
    assert_eq!(
        shown,
        json!({"notification_id": notification, "user_id": 1,
        "notification_type": "confirmation", "recipient": "ada@example.com", "status": "sent",
        "attempts": 1, "last_reply": "250 ok", "created_at": created_at,
        "sent_at": "2026-01-02T03:05:00Z"})
    );
    let listed = server.get("/notifications?user_id=1&status=sent&limit=1").await;
    assert_eq!(listed, json!({"items": [shown], "next_cursor": null}));

    let trace = server.get(&format!("/registrations/{id}")).await;
    assert_eq!(trace["email"], json!({"sent": true, "at": "2026-01-02T03:05:00Z"}));
    assert_eq!((&trace["outcome"], &trace["confirmed_at"]), (&json!("created"), &Value::Null));
    let stats = server.get("/stats").await;
    assert_eq!(stats["users"]["total"], 1);
    assert_eq!(stats["notifications"]["sent"], 1);
    assert_eq!(stats["reports"]["done"], 0);
}

#[tokio::test]
async fn a_report_is_requested_claimed_and_finished() {
    let server = Server::start().await;
    let id = Uuid::now_v7();
    let new = json!({"report_id": id, "report_name": "All", "format": "csv",
        "request": {"filters": {"q": "a"}, "columns": ["id"]}, "requested_by": "ada"});
    let requested: Value = server.post("/reports", &new).await.json().await.unwrap();
    assert_eq!(requested["status"], "queued");
    let owner = Uuid::now_v7();
    let claim = json!({"owner": owner, "lease_ms": 1000});
    let claimed = server.post(&format!("/reports/{id}/claim"), &claim).await;
    assert_eq!(claimed.json::<Value>().await.unwrap(), json!({"claim": "granted"}));
    let renew = json!({"owner": owner, "rows": 1, "lease_ms": 1000});
    let renewed = server.post(&format!("/reports/{id}/renew"), &renew).await;
    assert_eq!(renewed.json::<Value>().await.unwrap(), json!({"owned": true}));
    let result = json!({"result": "done", "record_count": 2, "file_path": "all.csv",
        "size_bytes": 99, "sha256": "ab".repeat(32), "generated_at": "2026-01-02T03:04:05Z"});
    let end = json!({"owner": owner, "result": result});
    let finished = server.post(&format!("/reports/{id}/finish"), &end).await;
    assert_eq!(finished.json::<Value>().await.unwrap(), json!({"owned": true}));
    let outdated = server.get("/reports/outdated?newest=0&limit=10").await;
    assert_eq!(outdated["items"][0]["report_id"], json!(id));
    let report = server.get(&format!("/reports/{id}")).await;
    let requested_at = requested["requested_at"].clone();
    assert_eq!(
        report,
        json!({"report_id": id, "report_name": "All", "format": "csv",
        "status": "done", "record_count": 2, "file_path": "all.csv", "size_bytes": 99,
        "sha256": "ab".repeat(32), "requested_by": "ada", "requested_at": requested_at,
        "generated_at": "2026-01-02T03:04:05Z", "error": null, "schedule_id": null})
    );
    assert_eq!(server.get("/reports").await, json!({"items": [report], "next_cursor": null}));
    let deleted = server.request(Method::DELETE, &format!("/reports/{id}")).send().await.unwrap();
    assert_eq!(deleted.json::<Value>().await.unwrap(), report);
}

#[tokio::test]
async fn every_call_is_documented_and_wants_a_token() {
    let server = Server::start().await;
    let api = server.anonymous(Method::GET, "/api-docs/openapi.json").send().await.unwrap();
    let api: Value = api.json().await.unwrap();
    assert!(api["openapi"].as_str().unwrap().starts_with("3.1"));
    let paths = api["paths"].as_object().unwrap();
    let (mut calls, mut names) = (0, HashSet::new());
    for (path, item) in paths {
        for (method, call) in item.as_object().unwrap() {
            let open = path.starts_with("/health") || path == "/metrics";
            assert_eq!(call.get("security").is_none(), open, "{method} {path}");
            assert!(call["summary"].is_string() || call["description"].is_string(), "{path}");
            assert!(names.insert(call["operationId"].clone()), "{} twice", call["operationId"]);
            let answers = call["responses"].as_object().unwrap();
            assert!(answers.values().all(|a| a["description"].is_string()), "{method} {path}");
            let body = call.get("requestBody").is_some();
            assert_eq!(answers.contains_key("413"), body, "{method} {path}");
            calls += 1;
        }
    }
    for path in [
        "/users",
        "/users/batch",
        "/users/{id}",
        "/users/export",
        "/registrations/{id}",
        "/registrations/{id}/confirm",
        "/notifications",
        "/reports",
        "/accounts",
        "/sessions/{key}",
        "/stats",
    ] {
        assert!(paths.contains_key(path), "{path} is not documented");
    }
    assert!(calls >= 28, "{calls} calls");
    // A reference that leads nowhere makes the document useless to a generator.
    let text = api.to_string();
    for reference in text.split("\"$ref\":\"#").skip(1) {
        let pointer = reference.split('"').next().unwrap();
        assert!(api.pointer(pointer).is_some(), "{pointer}");
    }
}

#[tokio::test]
async fn what_was_stored_is_counted() {
    // Counted for the whole process: this test looks at a difference, of which only a lower bound
    // is its own.
    runtime::telemetry::init_metrics();
    let server = Server::start().await;
    let count = async |outcome: &str| -> u64 {
        let text = server.anonymous(Method::GET, "/metrics").send().await.unwrap();
        let text = text.text().await.unwrap();
        let name = format!("userstream_users_stored_total{{outcome=\"{outcome}\"}} ");
        text.lines().find_map(|line| line.strip_prefix(&name)).map_or(0, |n| n.parse().unwrap())
    };
    let before = [count("created").await, count("replayed").await, count("invalid").await];
    let id = Uuid::now_v7();
    register(&server, id, "ada@example.com").await;
    register(&server, id, "ada@example.com").await;
    register(&server, id, "nobody").await;
    let after = [count("created").await, count("replayed").await, count("invalid").await];
    for (before, after) in before.into_iter().zip(after) {
        assert!(after > before, "{before} {after}");
    }
}
