//! What is answered to those who ask wrongly: the contract's status for each mistake, as a problem.

use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::server::{Server, faults, problem};

/// Every call that wants a token.
fn calls() -> Vec<(Method, String)> {
    let id = Uuid::now_v7();
    let (get, post, put, delete) = (Method::GET, Method::POST, Method::PUT, Method::DELETE);
    [
        (&post, "/users".to_owned()),
        (&get, "/users".into()),
        (&post, "/users/batch".into()),
        (&get, "/users/export".into()),
        (&get, "/users/1".into()),
        (&put, "/users/1".into()),
        (&delete, "/users/1".into()),
        (&get, format!("/registrations/{id}")),
        (&post, format!("/registrations/{id}/confirm")),
        (&get, "/notifications".into()),
        (&get, format!("/notifications/{id}")),
        (&post, "/notifications/claims".into()),
        (&post, "/notifications/attempts".into()),
        (&post, "/reports".into()),
        (&get, "/reports".into()),
        (&get, format!("/reports/{id}")),
        (&delete, format!("/reports/{id}")),
        (&post, format!("/reports/{id}/claim")),
        (&post, format!("/reports/{id}/finish")),
        (&post, format!("/reports/{id}/renew")),
        (&post, format!("/reports/{id}/cancel")),
        (&post, format!("/reports/{id}/forget-file")),
        (&get, "/reports/outdated?limit=1".into()),
        (&get, "/accounts".into()),
        (&post, "/accounts/first".into()),
        (&post, "/accounts/lookup".into()),
        (&post, "/sessions".into()),
        (&get, "/sessions/ab".into()),
        (&delete, "/sessions/ab".into()),
        (&get, "/stats".into()),
    ]
    .map(|(method, path)| (method.clone(), path))
    .into()
}

#[tokio::test]
async fn nothing_is_told_without_the_right_token() {
    let server = Server::start().await;
    for (method, path) in calls() {
        let none = server.anonymous(method.clone(), &path).send().await.unwrap();
        assert_eq!(none.headers()[header::WWW_AUTHENTICATE], "Bearer", "{method} {path}");
        problem(none, 401).await;
        let forged = server.anonymous(method.clone(), &path).bearer_auth("a.b.c");
        problem(forged.send().await.unwrap(), 401).await;
        let token = server.token("sender");
        let elsewhere = server.anonymous(method, &path).bearer_auth(token);
        problem(elsewhere.send().await.unwrap(), 403).await;
    }
    for open in ["/health/live", "/health/ready", "/health", "/metrics", "/api-docs/openapi.json"] {
        let response = server.anonymous(Method::GET, open).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{open}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_404_and_what_is_not_done_405() {
    let server = Server::start().await;
    let id = Uuid::now_v7();
    for path in [
        "/users/1",
        "/users/0",
        "/users/-9223372036854775808",
        "/users/9223372036854775808",
        "/users/x",
        "/users/%00",
        "/registrations/x",
        &format!("/registrations/{id}"),
        "/notifications/1",
        &format!("/notifications/{id}"),
        &format!("/reports/{id}"),
        "/sessions/xyz",
        "/nothing",
        "/",
    ] {
        problem(server.request(Method::GET, path).send().await.unwrap(), 404).await;
    }
    let confirm = format!("/registrations/{id}/confirm");
    problem(server.post(&confirm, &json!({"at": "2026-01-02T03:04:05Z"})).await, 404).await;
    let lookup = json!({"email": "nobody@example.com"});
    problem(server.post("/accounts/lookup", &lookup).await, 404).await;
    for (method, path, allowed) in [
        (Method::PATCH, "/users/1", "PUT"),
        (Method::GET, "/users/batch", "POST"),
        (Method::DELETE, "/users/export", "GET"),
        (Method::PUT, "/stats", "GET"),
        (Method::POST, "/users/1", "DELETE"),
    ] {
        let response = server.request(method.clone(), path).send().await.unwrap();
        let allow = response.headers()[header::ALLOW].to_str().unwrap().to_owned();
        assert!(allow.contains(allowed), "{method} {path} {allow}");
        problem(response, 405).await;
    }
}

#[tokio::test]
async fn a_body_that_cannot_be_read_has_its_status() {
    let server = Server::start().await;
    for (method, path) in calls() {
        if method != Method::POST && method != Method::PUT {
            continue;
        }
        let send = |content_type: &'static str, body: Vec<u8>| {
            let request = server.request(method.clone(), &path);
            request.header(header::CONTENT_TYPE, content_type).body(body).send()
        };
        problem(send("text/plain", b"{}".to_vec()).await.unwrap(), 415).await;
        for malformed in ["", "{", "{\"name\":}", "\u{0}", "{\"items\":[}"] {
            let response = send("application/json", malformed.into()).await.unwrap();
            problem(response, 400).await;
        }
        problem(send("application/json", b"{\"name\":\"\xff\"}".to_vec()).await.unwrap(), 400)
            .await;
        for misshapen in ["[]", "7", "null", "{}", "{\"surprise\":1}"] {
            assert!(
                !faults(send("application/json", misshapen.into()).await.unwrap()).await.is_empty()
            );
        }
        let response = server.request(method.clone(), &path).body("{}").send().await.unwrap();
        problem(response, 415).await;
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_413() {
    let server = Server::start().await;
    let send = async |path: &str, kib: usize| {
        let body = format!("{{\"x\":\"{}\"}}", "x".repeat(kib * 1024));
        // The answer may come, and the connection end, while the body is still being written.
        for _ in 0..20 {
            let request =
                server.request(Method::POST, path).header(header::CONTENT_TYPE, "application/json");
            if let Ok(answer) = request.body(body.clone()).send().await {
                return answer;
            }
        }
        panic!("{path} gave no answer to {kib} KiB");
    };
    for path in ["/users", "/sessions", "/accounts/first", "/accounts/lookup"] {
        problem(send(path, 17).await, 413).await;
        problem(send(path, 15).await, 422).await;
    }
    for path in ["/users/batch", "/notifications/claims", "/notifications/attempts"] {
        problem(send(path, 5 * 1024).await, 413).await;
        problem(send(path, 17).await, 422).await;
    }
    problem(send("/reports", 300).await, 413).await;
    problem(send("/reports", 64).await, 422).await;
}

#[tokio::test]
async fn a_field_at_fault_is_named() {
    let server = Server::start().await;
    let id = Uuid::now_v7();
    let long = "x".repeat(300);
    let hex = "ab".repeat(32);
    let time = "2026-01-02T03:04:05Z";
    let claim = |ms: u64| json!({"owner": id, "lease_ms": ms});
    let done = |path: &str| {
        json!({"owner": id, "result": {"result": "done", "record_count": 1, "file_path": path,
            "size_bytes": 1, "sha256": hex, "generated_at": time}})
    };
    for (path, body, fields) in [
        (
            "/users",
            json!({"name": "", "surname": "www.x.example", "email": "x"}),
            vec!["name", "surname", "email"],
        ),
        ("/users", json!({"name": "A", "surname": "B"}), vec!["email"]),
        (
            "/users",
            json!({"name": "A", "surname": "B", "email": "a@example.com", "id": 1}),
            vec!["id"],
        ),
        ("/users", json!({"name": 1, "surname": "B", "email": "a@example.com"}), vec!["name"]),
        (&format!("/registrations/{id}/confirm"), json!({"at": "now"}), vec!["at"]),
        (&format!("/reports/{id}/claim"), claim(86_400_001), vec!["lease_ms"]),
        (&format!("/reports/{id}/claim"), claim(u64::MAX), vec!["lease_ms"]),
        (&format!("/reports/{id}/finish"), done(&"x".repeat(501)), vec!["file_path"]),
        (
            "/reports",
            json!({"report_id": id, "report_name": "x", "format": "csv", "colour": "red"}),
            vec!["colour"],
        ),
        (
            &format!("/reports/{id}/finish"),
            json!({"owner": id, "result": {"result": "failed", "error": "x", "colour": "red"}}),
            vec!["colour"],
        ),
        (
            "/notifications/claims",
            json!({"requests": [], "lease_ms": 86_400_001}),
            vec!["lease_ms"],
        ),
        (
            "/accounts/first",
            json!({"email": "root@example.com", "password_hash": ""}),
            vec!["password_hash"],
        ),
        (
            "/accounts/first",
            json!({"email": "root@example.com", "password_hash": long}),
            vec!["password_hash"],
        ),
        ("/accounts/first", json!({"email": "root", "password_hash": "x"}), vec!["email"]),
        ("/sessions", json!({"key": "xyz", "account_id": 1, "expires_at": time}), vec!["key"]),
        ("/sessions", json!({"key": "ab", "account_id": 1, "expires_at": time}), vec!["key"]),
    ] {
        let got = faults(server.post(path, &body).await).await;
        assert_eq!(
            got.iter().map(|(field, _)| field.as_str()).collect::<Vec<_>>(),
            fields,
            "{path} {body}"
        );
    }
    let many = |name: &str| json!({name: vec![json!({}); 1001], "lease_ms": 1});
    assert!(
        !faults(server.post("/notifications/claims", &many("requests")).await).await.is_empty()
    );
}

/// Texts, numbers and times that want to be something else: whatever is answered is no 5xx.
#[tokio::test]
async fn no_input_is_our_mistake() {
    let server = Server::start().await;
    let texts = [
        "",
        "\u{0}",
        "'",
        "\"; DROP TABLE users;--",
        "%",
        "\\",
        "👩‍👩‍👧",
        "\u{202e}",
        "NaN",
        "1e400",
        "+262142-12-31T23:59:59Z",
        "-262143-01-01T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "9999-12-31T23:59:60Z",
        "2026-01-02T03:04:05.123456789123Z",
        "Ω@example.com",
    ];
    let values: Vec<Value> = texts
        .iter()
        .map(|t| json!(t))
        .chain([json!(null), json!(i64::MIN), json!(u64::MAX), json!(-0.5), json!([]), json!({})])
        .collect();
    let id = Uuid::now_v7();
    let valid = [
        ("/users", json!({"name": "A", "surname": "B", "email": "a@example.com"})),
        (
            "/users/batch",
            json!({"items": [{"registration_id": id, "name": "A", "surname": "B",
            "email": "b@example.com", "submitted_at": "2026-01-02T03:04:05Z", "locale": "de"}]}),
        ),
        (&format!("/registrations/{id}/confirm"), json!({"at": "2026-01-02T03:04:05Z"})),
        (
            "/notifications/claims",
            json!({"requests": [{"notification_id": id, "to": {"user_id": 1},
            "notification_type": "x", "claimer": id}], "lease_ms": 1}),
        ),
        (
            "/notifications/attempts",
            json!({"attempts": [{"notification_id": id, "outcome": "sent",
            "reply": "x", "at": "2026-01-02T03:04:05Z"}]}),
        ),
        (
            "/reports",
            json!({"report_id": id, "report_name": "x", "format": "csv", "request": {},
            "requested_by": "x"}),
        ),
        (&format!("/reports/{id}/claim"), json!({"owner": id, "lease_ms": 1})),
        (
            &format!("/reports/{id}/finish"),
            json!({"owner": id, "result": {"result": "done", "record_count": 1,
            "file_path": "x", "size_bytes": 1, "sha256": "x",
            "generated_at": "2026-01-02T03:04:05Z"}}),
        ),
        (&format!("/reports/{id}/renew"), json!({"owner": id, "rows": 1, "lease_ms": 1})),
        (&format!("/reports/{id}/cancel"), json!({"reason": "x"})),
        (&format!("/reports/{id}/forget-file"), json!({"reason": "x"})),
        (
            "/schedules",
            json!({"schedule_id": id, "report_name": "x", "cron": "* * * * *", "timezone": "UTC",
            "report": {"format": "csv"}, "deliver_to": ["a@example.com"], "missed": "once",
            "enabled": true, "created_by": "x", "next_run_at": "2026-01-02T03:04:05Z"}),
        ),
        (
            &format!("/schedules/{id}/advance"),
            json!({"from": "2026-01-02T03:04:05Z", "to": "2026-01-02T03:05:05Z"}),
        ),
        ("/accounts/first", json!({"email": "a@example.com", "password_hash": "x"})),
        ("/accounts/lookup", json!({"email": "a@example.com"})),
        (
            "/sessions",
            json!({"key": "ab".repeat(32), "account_id": 1,
            "expires_at": "2026-01-02T03:04:05Z"}),
        ),
    ];
    for (path, body) in valid {
        assert!(server.post(path, &body).await.status().is_success(), "{path}");
        for pointer in leaves(&body) {
            for value in &values {
                let mut hostile = body.clone();
                *hostile.pointer_mut(&pointer).unwrap() = value.clone();
                let status = server.post(path, &hostile).await.status();
                assert!(!status.is_server_error(), "{path} {hostile} {status}");
            }
        }
    }
    for text in texts {
        let query = [("q", text), ("created_from", text), ("created_to", text), ("cursor", text)];
        for pair in query {
            for list in ["/users", "/users/export", "/notifications"] {
                let request = server.request(Method::GET, list).query(&[pair]);
                let response = request.send().await.unwrap();
                assert!(!response.status().is_server_error(), "{list} {pair:?}");
                response.bytes().await.unwrap();
            }
        }
    }
    // And what is there now can still be read.
    for list in ["/users", "/notifications", "/reports", "/stats"] {
        server.get(list).await;
    }
}

/// Pointers to everything in a value.
fn leaves(value: &Value) -> Vec<String> {
    let below = |key: &str, value: &Value| {
        let deeper = leaves(value).into_iter().map(|rest| format!("/{key}{rest}"));
        std::iter::once(format!("/{key}")).chain(deeper).collect::<Vec<_>>()
    };
    match value {
        Value::Object(object) => object.iter().flat_map(|(key, v)| below(key, v)).collect(),
        Value::Array(array) => {
            array.iter().enumerate().flat_map(|(n, v)| below(&n.to_string(), v)).collect()
        }
        _ => Vec::new(),
    }
}
