//! A database that is away.

use domain::UserFilter;
use futures::StreamExt;
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};
use store::{Overview, StoreError, Users};
use testkit::{Postgres, eventually};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use uuid::Uuid;

use crate::server::{Server, problem};

#[tokio::test]
async fn an_absent_database_is_503_and_says_when_to_try_again() {
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let server = Server::in_front_of(gone).await;
    let id = Uuid::now_v7();
    let item = json!({"registration_id": id, "name": "A", "surname": "B", "email": "a@example.com",
        "submitted_at": "2026-01-02T03:04:05Z"});
    for (method, path, body) in [
        (
            Method::POST,
            "/users".to_owned(),
            json!({"name": "A", "surname": "B", "email": "a@example.com"}),
        ),
        (Method::POST, "/users/batch".into(), json!({"items": [item]})),
        (Method::GET, "/users".into(), Value::Null),
        (Method::GET, "/users/export".into(), Value::Null),
        (Method::GET, "/users/1".into(), Value::Null),
        (Method::DELETE, "/users/1".into(), Value::Null),
        (Method::GET, format!("/registrations/{id}"), Value::Null),
        (Method::GET, "/notifications".into(), Value::Null),
        (Method::GET, "/reports".into(), Value::Null),
        (Method::GET, "/stats".into(), Value::Null),
    ] {
        let request = server.request(method, &path);
        let request = if body.is_null() { request } else { request.json(&body) };
        let response = request.send().await.unwrap();
        let seconds: u64 =
            response.headers()[header::RETRY_AFTER].to_str().unwrap().parse().unwrap();
        assert!((1..=30).contains(&seconds));
        problem(response, 503).await;
    }
    let live = server.anonymous(Method::GET, "/health/live").send().await.unwrap();
    assert_eq!(live.status(), StatusCode::OK, "the process itself is well");
    let ready = server.anonymous(Method::GET, "/health/ready").send().await.unwrap();
    assert_eq!(ready.status(), StatusCode::SERVICE_UNAVAILABLE);
    let ready: Value = ready.json().await.unwrap();
    assert_eq!(ready["checks"]["database"]["status"], "unavailable");
    assert!(matches!(server.store().check().await, Err(StoreError::Unavailable(_))));
    assert!(matches!(server.store().stats().await, Err(StoreError::Unavailable(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_serves_before_its_postgres_is_there_and_by_itself_afterwards() {
    let database = tokio::task::spawn_blocking(|| {
        let postgres = Postgres::start();
        let url = postgres.url(&postgres.create_database());
        postgres.stop();
        (postgres, url)
    });
    let (postgres, url) = database.await.unwrap();
    let server = Server::on(&url).await;
    let user = json!({"name": "A", "surname": "B", "email": "a@example.com"});
    let away = server.post("/users", &user).await;
    assert!(away.headers().contains_key(header::RETRY_AFTER));
    problem(away, 503).await;
    let ready = server.anonymous(Method::GET, "/health/ready").send().await.unwrap();
    assert_eq!(ready.status(), StatusCode::SERVICE_UNAVAILABLE);
    let ready: Value = ready.json().await.unwrap();
    let told = ready["checks"]["database"]["error"].as_str().unwrap();
    assert!(told.contains("refused"), "{told}");
    let postgres = tokio::task::spawn_blocking(move || {
        postgres.start_again();
        postgres
    });
    let _postgres = postgres.await.unwrap();
    eventually("the service is ready", || async {
        let ready = server.anonymous(Method::GET, "/health/ready").send().await.ok()?;
        (ready.status() == StatusCode::OK).then_some(())
    })
    .await;
    assert_eq!(server.post("/users", &user).await.status(), StatusCode::CREATED);
}

#[tokio::test]
async fn an_export_that_breaks_off_behind_it_is_cut() {
    // A database that gives two rows and hangs up in the midst of a third.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = Server::in_front_of(listener.local_addr().unwrap()).await;
    tokio::spawn(async move {
        let user = json!({"id": 1, "registration_id": null, "name": "A", "surname": "B",
            "email": "a@example.com", "created_at": "2026-01-02T03:04:05Z",
            "updated_at": "2026-01-02T03:04:05Z", "confirmed_at": null});
        let rows = format!("{user}\n{user}\n{{\"id\":");
        let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        let (mut connection, _) = listener.accept().await.unwrap();
        assert!(connection.read(&mut [0; 4096]).await.unwrap() > 0);
        let answer = format!("{head}{:x}\r\n{rows}\r\n", rows.len());
        connection.write_all(answer.as_bytes()).await.unwrap();
        connection.shutdown().await.unwrap();
    });
    let rows = server.store().export_users(&UserFilter::default()).await.unwrap();
    let rows: Vec<_> = rows.rows().collect().await;
    let (last, before) = rows.split_last().unwrap();
    assert!(matches!(last, Err(StoreError::Unavailable(_))), "{last:?}");
    assert!(before.len() <= 2 && before.iter().all(Result::is_ok));
}
