//! Whether a service can do its main task, and what it lacks if not.

use std::{
    collections::BTreeMap,
    fmt::Display,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Json,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use futures::future::join_all;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// When to ask again a service that is not ready, in seconds.
const RETRY_AFTER: &str = "5";
/// A dependency that does not answer within this time is counted as away.
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);

type CheckFn = dyn Fn() -> Pin<Box<dyn Future<Output = Result<(), String>> + Send>> + Send + Sync;

/// The dependencies of a service, and how to ask each whether it is there.
#[derive(Clone)]
pub struct Health {
    checks: Vec<Arc<Check>>,
    started_at: DateTime<Utc>,
}

impl Default for Health {
    fn default() -> Self {
        Self { checks: Vec::new(), started_at: Utc::now() }
    }
}

struct Check {
    name: &'static str,
    required: bool,
    ask: Box<CheckFn>,
    failing_since: Mutex<Option<DateTime<Utc>>>,
}

/// The answer of `/health`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct HealthReport {
    /// Whether the service can do its main task.
    pub status: Status,
    /// The service's version.
    pub version: String,
    /// When this copy of the service started.
    pub started_at: DateTime<Utc>,
    /// Each dependency by name.
    pub checks: BTreeMap<String, CheckReport>,
}

/// Whether something is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It is.
    Ok,
    /// It is not.
    Unavailable,
}

/// One dependency.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct CheckReport {
    /// Whether it answers.
    pub status: Status,
    /// Whether the service's main task needs it.
    pub required: bool,
    /// When it was first seen away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<DateTime<Utc>>,
    /// What it said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// A question to a dependency that is shared with it, for [`Health::require`] and [`Health::show`].
pub fn ask<T: Clone + Send + Sync + 'static, F>(
    dependency: &T,
    question: impl Fn(T) -> F + Send + Sync + 'static,
) -> impl Fn() -> F + Send + Sync + 'static {
    let dependency = dependency.clone();
    move || question(dependency.clone())
}

impl Health {
    /// A service that depends on nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a dependency that the service's main task needs.
    #[must_use]
    pub fn require<F, E>(
        self,
        name: &'static str,
        ask: impl Fn() -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Display,
    {
        self.add(name, true, ask)
    }

    /// Adds a dependency that is shown, but does not make the service unready.
    #[must_use]
    pub fn show<F, E>(self, name: &'static str, ask: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Display,
    {
        self.add(name, false, ask)
    }

    fn add<F, E>(
        mut self,
        name: &'static str,
        required: bool,
        ask: impl Fn() -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Display,
    {
        let ask: Box<CheckFn> = Box::new(move || {
            let answer = ask();
            Box::pin(async move { answer.await.map_err(|e| e.to_string()) })
        });
        self.checks.push(Arc::new(Check { name, required, ask, failing_since: Mutex::new(None) }));
        self
    }

    /// Asks every dependency at once.
    pub async fn report(&self) -> HealthReport {
        let answers = join_all(self.checks.iter().map(|check| check.run())).await;
        let ready = answers.iter().all(|(_, c)| c.status == Status::Ok || !c.required);
        HealthReport {
            status: if ready { Status::Ok } else { Status::Unavailable },
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started_at: self.started_at,
            checks: answers.into_iter().collect(),
        }
    }

    /// The report as an HTTP answer.
    pub(crate) async fn response(&self) -> Response {
        let report = self.report().await;
        match report.status {
            Status::Ok => Json(report).into_response(),
            Status::Unavailable => {
                let retry_after = [(header::RETRY_AFTER, RETRY_AFTER)];
                (StatusCode::SERVICE_UNAVAILABLE, retry_after, Json(report)).into_response()
            }
        }
    }
}

impl Check {
    async fn run(&self) -> (String, CheckReport) {
        let error = match tokio::time::timeout(CHECK_TIMEOUT, (self.ask)()).await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error),
            Err(_) => Some(format!("no answer within {} s", CHECK_TIMEOUT.as_secs())),
        };
        let mut since = self.failing_since.lock().unwrap_or_else(PoisonError::into_inner);
        *since = error.as_ref().map(|_| since.unwrap_or_else(Utc::now));
        let status = if error.is_none() { Status::Ok } else { Status::Unavailable };
        (
            self.name.to_owned(),
            CheckReport { status, required: self.required, since: *since, error },
        )
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_away_is_named_with_since_when() {
        let up = Arc::new(AtomicBool::new(false));
        let health = Health::new()
            .require("queue", {
                let up = up.clone();
                move || {
                    let up = up.load(Ordering::Relaxed);
                    async move { if up { Ok(()) } else { Err("refused") } }
                }
            })
            .show("smtp", || async { Err("not needed") })
            .require("slow", || async {
                tokio::time::sleep(Duration::from_secs(1)).await;
                Ok::<_, String>(())
            });
        let first = health.report().await;
        assert_eq!(first.status, Status::Unavailable);
        assert_eq!(first.checks["queue"].error.as_deref(), Some("refused"));
        let second = health.report().await;
        assert_eq!(second.checks["queue"].since, first.checks["queue"].since);
        up.store(true, Ordering::Relaxed);
        let third = health.report().await;
        assert_eq!(third.status, Status::Ok, "what is only shown does not count");
        assert_eq!(third.checks["queue"].since, None);
        assert_eq!(third.checks["smtp"].status, Status::Unavailable);
    }

    #[tokio::test(start_paused = true)]
    async fn silence_is_absence() {
        let health = Health::new().require("mute", std::future::pending::<Result<(), String>>);
        let report = health.report().await;
        assert_eq!(report.status, Status::Unavailable);
        assert_eq!(report.checks["mute"].error.as_deref(), Some("no answer within 2 s"));
    }
}
