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
    http::StatusCode,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use futures::future::join_all;
use serde::Serialize;
use utoipa::ToSchema;

/// A dependency that does not answer within this time is counted as away.
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);

type CheckFn = dyn Fn() -> Pin<Box<dyn Future<Output = Result<(), String>> + Send>> + Send + Sync;

/// The dependencies of a service, and how to ask each whether it is there.
#[derive(Clone, Default)]
pub struct Health {
    checks: Vec<Arc<Check>>,
}

struct Check {
    name: &'static str,
    required: bool,
    ask: Box<CheckFn>,
    failing_since: Mutex<Option<DateTime<Utc>>>,
}

/// The answer of `/health`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HealthReport {
    /// `ok` or `unavailable`.
    status: &'static str,
    /// Each dependency by name.
    checks: BTreeMap<&'static str, CheckReport>,
}

/// One dependency.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CheckReport {
    /// `ok` or `unavailable`.
    status: &'static str,
    /// Whether the service's main task needs it.
    required: bool,
    /// When it was first seen away.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<DateTime<Utc>>,
    /// What it said.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
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
    pub(crate) async fn report(&self) -> (bool, HealthReport) {
        let answers = join_all(self.checks.iter().map(|check| check.run())).await;
        let ready = answers.iter().all(|(_, c)| c.status == "ok" || !c.required);
        let status = if ready { "ok" } else { "unavailable" };
        (ready, HealthReport { status, checks: answers.into_iter().collect() })
    }

    /// The report as an HTTP answer.
    pub(crate) async fn response(&self) -> Response {
        let (ready, report) = self.report().await;
        let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        (status, Json(report)).into_response()
    }
}

impl Check {
    async fn run(&self) -> (&'static str, CheckReport) {
        let error = match tokio::time::timeout(CHECK_TIMEOUT, (self.ask)()).await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error),
            Err(_) => Some(format!("no answer within {} s", CHECK_TIMEOUT.as_secs())),
        };
        let mut since = self.failing_since.lock().unwrap_or_else(PoisonError::into_inner);
        *since = error.as_ref().map(|_| since.unwrap_or_else(Utc::now));
        let status = if error.is_none() { "ok" } else { "unavailable" };
        (self.name, CheckReport { status, required: self.required, since: *since, error })
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
        let (ready, first) = health.report().await;
        assert!(!ready);
        assert_eq!(first.checks["queue"].error.as_deref(), Some("refused"));
        let (_, second) = health.report().await;
        assert_eq!(second.checks["queue"].since, first.checks["queue"].since);
        up.store(true, Ordering::Relaxed);
        let (ready, third) = health.report().await;
        assert!(ready, "what is only shown does not count");
        assert_eq!(third.checks["queue"].since, None);
        assert_eq!(third.checks["smtp"].status, "unavailable");
    }

    #[tokio::test(start_paused = true)]
    async fn silence_is_absence() {
        let health = Health::new().require("mute", std::future::pending::<Result<(), String>>);
        let (ready, report) = health.report().await;
        assert!(!ready);
        assert_eq!(report.checks["mute"].error.as_deref(), Some("no answer within 2 s"));
    }
}
