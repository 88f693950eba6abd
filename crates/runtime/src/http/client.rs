//! Calling another service.

use std::{sync::Arc, time::Duration};

use reqwest::StatusCode;

use crate::{ServiceTokens, Trust, health::HealthReport};

/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// How long an answer may stay silent.
const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a connection is kept for the next call: shorter than any service keeps one.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(20);

/// An HTTP client for calls to other services.
pub fn connect(trust: &Trust) -> reqwest::Client {
    reqwest::Client::builder()
        .tls_backend_preconfigured(rustls::ClientConfig::clone(trust.client_config()))
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(READ_TIMEOUT)
        .pool_idle_timeout(IDLE_TIMEOUT)
        .tcp_nodelay(true)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .expect("a client whose TLS is set up builds")
}

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
    /// A client that calls the service `audience` at `base`, an address as [`crate::Env::http_url`] gives it, in
    /// the name of `caller`, by [`connect`].
    pub fn new(
        http: reqwest::Client,
        tokens: ServiceTokens,
        caller: &'static str,
        audience: &'static str,
        base: &str,
    ) -> Self {
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
        let request = self.http.request(method, format!("{}{path}", self.base));
        let request = request.bearer_auth(self.token());
        match trace::traceparent() {
            Some(traceparent) => request.header("traceparent", traceparent),
            None => request,
        }
    }

    /// Whether a call to a path leads where the path says. One with `\\`, `..` or `%2e%2e` in it, which a
    /// person can write, leads elsewhere: a URL has none of them (WHATWG URL, section 4.4).
    pub fn keeps(&self, path: &str) -> bool {
        let path = path.split('?').next().unwrap_or_default();
        let url = format!("{}{path}", self.base);
        reqwest::Url::parse(&url).is_ok_and(|parsed| parsed.as_str() == url)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Env, Secret, http::client};

    #[test]
    fn a_path_that_leads_elsewhere_is_told_from_one_that_does_not() {
        let trust = Trust::from_env(&Env::from_values([] as [(&str, &str); 0])).unwrap();
        let tokens = ServiceTokens::new(&Secret::new("0123456789abcdef0123456789abcdef"), None);
        let http = client::connect(&trust);
        for base in ["http://127.0.0.1:8083", "https://people.example.com/database"] {
            let client = ServiceClient::new(http.clone(), tokens.clone(), "a", "b", base);
            for path in
                ["/users", "/users/7?q=a..b/../c", "/templates/de%2Fx", "/dead-letters/a:b_c-d.e~f"]
            {
                assert!(client.keeps(path), "{base} {path}");
            }
            for path in [
                "/users/../accounts",
                "/users/..\\accounts",
                "/reports/1\\download",
                "/users/%2e%2e/accounts",
                "/users/.%2E/accounts?x=y",
                "/users/./1",
            ] {
                assert!(!client.keeps(path), "{base} {path}");
            }
        }
    }
}
