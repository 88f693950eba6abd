//! A service of its own for each test.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use database_service::{Dependencies, SERVICE};
use reqwest::{Method, RequestBuilder, Response, StatusCode, header};
use runtime::{Secret, ServiceTokens};
use serde_json::Value;
use store::{RemoteStore, SqliteStore, Store};
use tempfile::TempDir;
use testkit::Postgres;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

/// A service that runs until it is dropped.
pub(crate) struct Server {
    base: String,
    tokens: ServiceTokens,
    http: reqwest::Client,
    _folder: Option<TempDir>,
    _shutdown: DropGuard,
}

impl Server {
    /// With an empty database.
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("test.db")).await.unwrap();
        Self { _folder: Some(folder), ..Self::with(store).await }
    }

    /// With an empty database of the PostgreSQL server that the tests share.
    pub(crate) async fn on_postgres() -> Self {
        let url = tokio::task::spawn_blocking(|| {
            let server = Postgres::shared();
            server.url(&server.create_database())
        });
        Self::on(&url.await.unwrap()).await
    }

    /// With the database of a URL, there or not.
    pub(crate) async fn on(url: &str) -> Self {
        Self::with_any(store::open(url).await.unwrap()).await
    }

    /// With another service as its database.
    pub(crate) async fn in_front_of(address: SocketAddr) -> Self {
        Self::with(remote(&format!("http://{address}"), client(), tokens())).await
    }

    async fn with(store: impl Store) -> Self {
        Self::with_any(Arc::new(store)).await
    }

    async fn with_any(store: Arc<dyn Store>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let shutdown = CancellationToken::new();
        let tokens = tokens();
        let dependencies = Dependencies { store, tokens: tokens.clone() };
        tokio::spawn(database_service::run(
            listener.try_into().unwrap(),
            dependencies,
            shutdown.clone(),
        ));
        Self { base, tokens, http: client(), _folder: None, _shutdown: shutdown.drop_guard() }
    }

    /// The service as a store.
    pub(crate) fn store(&self) -> RemoteStore {
        remote(&self.base, self.http.clone(), self.tokens.clone())
    }

    /// A request without a token.
    pub(crate) fn anonymous(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base))
    }

    /// A token for a service.
    pub(crate) fn token(&self, audience: &str) -> String {
        self.tokens.sign("test", audience, Duration::from_mins(1))
    }

    /// A request with a good token.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.anonymous(method, path).bearer_auth(self.token(SERVICE.name))
    }

    /// What a GET answers with 200.
    pub(crate) async fn get(&self, path: &str) -> Value {
        let response = self.request(Method::GET, path).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        response.json().await.unwrap()
    }

    /// What a POST of JSON answers.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Response {
        self.request(Method::POST, path).json(body).send().await.unwrap()
    }
}

fn client() -> reqwest::Client {
    testkit::http_client()
}

fn tokens() -> ServiceTokens {
    ServiceTokens::new(&Secret::new("a secret of tests that is long enough"), None)
}

fn remote(base: &str, client: reqwest::Client, tokens: ServiceTokens) -> RemoteStore {
    let sign = move || tokens.sign("test", SERVICE.name, Duration::from_mins(1));
    RemoteStore::new(base, client, Arc::new(sign))
}

/// Fails unless an answer is a problem of this status; returns its body.
pub(crate) async fn problem(response: Response, status: u16) -> Value {
    let content_type = response.headers()[header::CONTENT_TYPE].to_str().unwrap().to_owned();
    let got = response.status().as_u16();
    let request_id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
    let body = response.text().await.unwrap();
    assert_eq!(got, status, "{body}");
    assert_eq!(content_type, "application/problem+json", "{body}");
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["status"], status);
    assert_eq!(body["request_id"], request_id);
    assert!(body["title"].is_string() && body["type"].is_string(), "{body}");
    assert!(body["detail"].as_str().is_some_and(|d| !d.is_empty()), "{body}");
    body
}

/// The fields at fault in a 422.
pub(crate) async fn faults(response: Response) -> Vec<(String, String)> {
    let body = problem(response, 422).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let errors = body["errors"].as_array().unwrap();
    assert!(errors.iter().all(|e| e["message"].as_str().is_some_and(|m| !m.is_empty())), "{body}");
    errors.iter().map(|e| (text(&e["field"]), text(&e["code"]))).collect()
}
