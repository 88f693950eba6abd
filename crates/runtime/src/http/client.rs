//! Calling another service.

use std::{sync::Arc, time::Duration};

use reqwest::StatusCode;

use crate::{ServiceTokens, health::HealthReport};

/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// How long an answer may stay silent.
const READ_TIMEOUT: Duration = Duration::from_secs(30);

/// The address of another service, and the right to call it.
#[derive(Clone, Debug)]
pub struct ServiceClient {
    http: reqwest::Client,
    tokens: ServiceTokens,
    caller: &'static str,
    audience: &'static str,
    base: Arc<str>,
}

impl ServiceClient {
    /// A client that calls the service `audience` at `base`, in the name of `caller`.
    pub fn new(
        tokens: ServiceTokens,
        caller: &'static str,
        audience: &'static str,
        base: &str,
    ) -> Self {
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(READ_TIMEOUT)
            .tcp_nodelay(true)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .expect("a client without TLS always builds");
        Self { http, tokens, caller, audience, base: base.into() }
    }

    /// The HTTP client, to share its connections.
    pub fn http(&self) -> &reqwest::Client {
        &self.http
    }

    /// The address of the service.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The name of the service.
    pub fn audience(&self) -> &'static str {
        self.audience
    }

    /// A fresh token.
    pub fn token(&self) -> String {
        self.tokens.sign(self.caller, self.audience, Duration::from_mins(1))
    }

    /// A request with a fresh token; `path` starts with a slash.
    pub fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base)).bearer_auth(self.token())
    }

    /// What the service says of itself.
    pub async fn health(&self) -> Result<HealthReport, reqwest::Error> {
        let answer = self.http.get(format!("{}/health/ready", self.base)).send().await?;
        let answer = match answer.status() {
            StatusCode::SERVICE_UNAVAILABLE => answer,
            _ => answer.error_for_status()?,
        };
        answer.json().await
    }

    /// Whether the service's process answers.
    pub async fn check(&self) -> Result<(), reqwest::Error> {
        let url = format!("{}/health/live", self.base);
        self.http.get(url).send().await?.error_for_status().map(drop)
    }
}
