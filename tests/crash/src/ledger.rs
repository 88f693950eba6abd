//! What was asked and what was answered, written down by whoever asked.

use std::{collections::HashMap, time::Duration};

use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

/// Nobody waits longer for an answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// Every registration of a round.
#[derive(Debug, Default)]
pub(crate) struct Ledger(Mutex<Entries>);

#[derive(Clone, Debug, Default)]
pub(crate) struct Entries {
    /// Every address that was posted, and the id of the 202 if there was one. Without a 202 the
    /// registration may be stored or not: its answer was a 503, or was cut off.
    pub(crate) posted: HashMap<String, Option<String>>,
    /// Requests whose answer was cut off.
    pub(crate) cut_off: u64,
    /// Requests answered with 503, and the slowest of them.
    pub(crate) unavailable: u64,
    pub(crate) slowest_unavailable: Duration,
    /// What should not have been answered at all.
    pub(crate) wrong: Vec<String>,
    /// Of `wrong`, those with a 5xx.
    pub(crate) server_errors: u64,
}

impl Entries {
    /// The ids that were given out, with their addresses.
    pub(crate) fn accepted(&self) -> impl Iterator<Item = (&str, &str)> {
        self.posted.iter().filter_map(|(email, id)| Some((id.as_deref()?, email.as_str())))
    }
}

/// What became of one request.
#[derive(Debug)]
pub(crate) enum Answer {
    Accepted(String),
    /// Nobody took the connection: it did nothing.
    Refused,
    /// It may have been done or not.
    Unknown,
    /// It will not be done, whoever repeats it.
    Wrong,
}

impl Ledger {
    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is written down so far.
    pub(crate) fn read(&self) -> Entries {
        self.entries().clone()
    }

    /// Registers an address at a Frontend, and writes down what it answered.
    pub(crate) async fn post(&self, http: &Client, port: u16, email: &str, key: &str) -> Answer {
        self.entries().posted.entry(email.to_owned()).or_default();
        let started = Instant::now();
        let call = http
            .post(format!("http://127.0.0.1:{port}/api/registrations"))
            .header("idempotency-key", key)
            .json(&json!({"name": "Ada", "surname": "Lovelace", "email": email}))
            .timeout(PATIENCE);
        let answer = match call.send().await {
            Ok(answer) => answer,
            Err(error) if error.is_connect() => return Answer::Refused,
            Err(error) => return self.unanswered(&error, email),
        };
        let (status, retry) = (answer.status(), answer.headers().contains_key("retry-after"));
        let body = match answer.text().await {
            Ok(body) => body,
            Err(error) => return self.unanswered(&error, email),
        };
        match status {
            StatusCode::ACCEPTED => self.accepted(email, &body),
            StatusCode::SERVICE_UNAVAILABLE if retry => {
                let mut entries = self.entries();
                entries.unavailable += 1;
                entries.slowest_unavailable = entries.slowest_unavailable.max(started.elapsed());
                Answer::Unknown
            }
            _ => {
                let mut entries = self.entries();
                entries.server_errors += u64::from(status.is_server_error());
                entries.wrong.push(format!("{email} was answered {status}: {body}"));
                Answer::Wrong
            }
        }
    }

    fn accepted(&self, email: &str, body: &str) -> Answer {
        let body: Value = serde_json::from_str(body).unwrap_or_default();
        let mut entries = self.entries();
        let Some(id) = body["id"].as_str() else {
            entries.wrong.push(format!("{email} was answered 202 without an id: {body}"));
            return Answer::Wrong;
        };
        let before = entries.posted.insert(email.to_owned(), Some(id.to_owned())).flatten();
        if let Some(before) = before.filter(|before| before != id) {
            entries.wrong.push(format!("{email} was accepted as {before} and as {id}"));
        }
        Answer::Accepted(id.to_owned())
    }

    fn unanswered(&self, error: &reqwest::Error, email: &str) -> Answer {
        let mut entries = self.entries();
        entries.cut_off += 1;
        if error.is_timeout() {
            entries.wrong.push(format!("{email} had no answer within {} s", PATIENCE.as_secs()));
        }
        Answer::Unknown
    }
}
