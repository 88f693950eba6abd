//! One call: asked, repeated if that is right, judged.

use std::time::Duration;

use bytes::Bytes;
use reqwest::{
    Method, Response, StatusCode,
    header::{ACCEPT, CONTENT_TYPE, IF_MATCH},
};
use serde::{Serialize, de::DeserializeOwned};
use tracing::{Instrument, Span};

use super::RemoteStore;
use crate::StoreError;

/// How long one attempt at a call may take.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Pauses before each repetition.
const PAUSES: [Duration; 2] = [Duration::from_millis(50), Duration::from_millis(250)];

/// A call to make.
pub(super) struct Call {
    method: Method,
    path: String,
    query: Vec<(&'static str, String)>,
    body: Option<Bytes>,
    if_match: Option<String>,
    repeatable: bool,
    timeout: Duration,
}

impl Call {
    /// A call that may be made twice with the effect of once.
    pub(super) fn new(method: Method, path: impl Into<String>) -> Self {
        Self {
            method,
            path: path.into(),
            query: Vec::new(),
            body: None,
            if_match: None,
            repeatable: true,
            timeout: TIMEOUT,
        }
    }

    /// A second time would tell something else, or do it twice.
    pub(super) fn once(mut self) -> Self {
        self.repeatable = false;
        self
    }

    /// The answer's body may take as long as it goes on.
    pub(super) fn endless(mut self) -> Self {
        self.timeout = Duration::from_hours(24);
        self
    }

    pub(super) fn query(mut self, name: &'static str, value: Option<impl ToString>) -> Self {
        self.query.extend(value.map(|value| (name, value.to_string())));
        self
    }

    pub(super) fn json<T: Serialize + ?Sized>(mut self, body: &T) -> Result<Self, StoreError> {
        let body = serde_json::to_vec(body).map_err(|e| StoreError::Failed(e.to_string()))?;
        self.body = Some(body.into());
        Ok(self)
    }

    pub(super) fn if_match(mut self, entity_tag: Option<String>) -> Self {
        self.if_match = entity_tag;
        self
    }
}

impl RemoteStore {
    /// Makes a call and returns what was answered, of whatever status below 500 but 429.
    pub(super) async fn send(&self, call: &Call) -> Result<Response, StoreError> {
        let mut pauses = PAUSES.into_iter();
        loop {
            let (error, did_nothing) = match self.attempt(call).await {
                Ok(response) if is_away(response.status()) => {
                    let busy = response.status() == StatusCode::TOO_MANY_REQUESTS;
                    (unexpected(response).await, busy)
                }
                Ok(response) => return Ok(response),
                // It had its time; the caller decides whether to give it more.
                Err(error) if error.is_timeout() => return Err(away(&error)),
                Err(error) if error.is_builder() => {
                    return Err(StoreError::Failed(told(&error)));
                }
                Err(error) => (away(&error), error.is_connect()),
            };
            let Some(pause) = pauses.next().filter(|_| call.repeatable || did_nothing) else {
                return Err(error);
            };
            tokio::time::sleep(pause).await;
        }
    }

    async fn attempt(&self, call: &Call) -> Result<Response, reqwest::Error> {
        let span = calling(call);
        let mut request = self
            .client
            .request(call.method.clone(), format!("{}{}", self.base_url, call.path))
            .bearer_auth((self.token)())
            .header(ACCEPT, "application/json")
            .timeout(call.timeout)
            .query(&call.query);
        if let Some(body) = &call.body {
            request = request.header(CONTENT_TYPE, "application/json").body(body.clone());
        }
        if let Some(entity_tag) = &call.if_match {
            request = request.header(IF_MATCH, entity_tag);
        }
        if let Some(traceparent) = trace::traceparent_of(&span) {
            request = request.header("traceparent", traceparent);
        }
        request.send().instrument(span).await
    }

    /// A call that answers 200 with a value.
    pub(super) async fn get<T: DeserializeOwned>(&self, call: &Call) -> Result<T, StoreError> {
        let response = self.send(call).await?;
        match response.status() {
            StatusCode::OK => read(response).await,
            _ => Err(unexpected(response).await),
        }
    }

    /// A call that answers 200 with a value, or 404.
    pub(super) async fn find<T: DeserializeOwned>(
        &self,
        call: &Call,
    ) -> Result<Option<T>, StoreError> {
        let response = self.send(call).await?;
        match response.status() {
            StatusCode::OK => read(response).await.map(Some),
            StatusCode::NOT_FOUND => Ok(None),
            _ => Err(unexpected(response).await),
        }
    }

    /// A call that answers 204, or 404 where there is nothing to do.
    pub(super) async fn did(&self, call: &Call) -> Result<bool, StoreError> {
        let response = self.send(call).await?;
        match response.status() {
            StatusCode::NO_CONTENT => Ok(true),
            StatusCode::NOT_FOUND => Ok(false),
            _ => Err(unexpected(response).await),
        }
    }

    /// A call that answers 204.
    pub(super) async fn tell(&self, call: &Call) -> Result<(), StoreError> {
        let response = self.send(call).await?;
        match response.status() {
            StatusCode::NO_CONTENT => Ok(()),
            _ => Err(unexpected(response).await),
        }
    }
}

/// The span of a call, in a trace that somebody collects.
fn calling(call: &Call) -> Span {
    // A path may hold an id, which is no name for a kind of call.
    let kind = call.path.split('/').nth(1).unwrap_or_default();
    trace::child!(
        "client",
        format!("{} /{kind}", call.method),
        http.request.method = call.method.as_str(),
        server.address = "database-service",
    )
}

/// The value of an answer.
pub(super) async fn read<T: DeserializeOwned>(response: Response) -> Result<T, StoreError> {
    let body = response.bytes().await.map_err(|e| away(&e))?;
    serde_json::from_slice(&body).map_err(|e| {
        StoreError::Failed(format!("the Database Service's answer is not as agreed: {e}"))
    })
}

/// An answer that is no answer to the question.
pub(super) async fn unexpected(response: Response) -> StoreError {
    #[derive(Default, serde::Deserialize)]
    #[serde(default)]
    struct Problem {
        title: String,
        detail: String,
    }

    let status = response.status();
    // Nothing more to say if it cannot be read.
    let body = response.bytes().await.unwrap_or_default();
    let problem: Problem = serde_json::from_slice(&body).unwrap_or_default();
    let said = if problem.detail.is_empty() { problem.title } else { problem.detail };
    let message = format!("the Database Service answered {status}: {said}");
    // That our token is not accepted is no registration's fault: secrets are being changed, or differ.
    let refused = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
    // A 500 is how it says that the store failed at what it was asked, which is no outage: to wait for
    // its end would let one registration that cannot be stored hold up all others.
    let outage = refused || is_away(status) && status != StatusCode::INTERNAL_SERVER_ERROR;
    if outage { StoreError::Unavailable(message) } else { StoreError::Failed(message) }
}

fn is_away(status: StatusCode) -> bool {
    status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS
}

/// The service could not be reached, or fell silent.
pub(super) fn away(error: &reqwest::Error) -> StoreError {
    StoreError::Unavailable(told(error))
}

/// An error with its causes, which is where it says what happened; without the URL, whose query may
/// hold a part of a name.
fn told(error: &reqwest::Error) -> String {
    let mut message = String::from("the Database Service cannot be reached");
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        message.push_str(": ");
        message.push_str(&error.to_string());
        cause = error.source();
    }
    message
}
