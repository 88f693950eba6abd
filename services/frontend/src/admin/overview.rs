//! `/api/admin/events`: the state of the whole, live.
//!
//! One task asks the services for all who look, as long as anyone looks.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    extract::State,
    http::HeaderMap,
    response::{
        IntoResponse, Response, Sse,
        sse::{Event, KeepAlive},
    },
};
use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use futures::{StreamExt, future::join_all, stream};
use runtime::{Health, ServiceClient, health::HealthReport, http::problem::ProblemBody};
use serde::Serialize;
use store::{MinuteCount, Stats, wire::Activity};
use tokio::{
    sync::{Notify, watch},
    time::{Instant, interval_at, sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;

use super::{
    Console,
    forward::To,
    session,
    stats::{QueueList, QueueStats, get},
};

/// How often the services are asked.
const EVERY: Duration = Duration::from_secs(2);
/// Asking takes at most this share of the time: a database that counts slowly is asked less often.
const SHARE: u32 = 10;
/// An answer that takes longer is told as absent.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often it is asked whether a session goes on.
const RECHECK: Duration = Duration::from_secs(20);
/// How much of the past is drawn.
const PAST: TimeDelta = TimeDelta::minutes(60);

/// The state of the whole. What could not be had is absent.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Overview {
    /// When it was so.
    at: DateTime<Utc>,
    /// Counts of people, e-mails and reports.
    stats: Option<Stats>,
    /// What the queues hold.
    queues: Option<Vec<QueueStats>>,
    /// People who came in each minute of the last hour; one in which nobody came is absent.
    minutes: Option<Vec<MinuteCount>>,
    /// The services, in the order of a registration's way.
    services: Vec<ServiceState>,
}

/// A service and how it is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ServiceState {
    /// Its name.
    name: &'static str,
    /// What it says of itself; absent where it does not answer.
    health: Option<HealthReport>,
}

/// Who looks, and what they see.
#[derive(Clone)]
pub(super) struct Live {
    seen: watch::Sender<Option<Arc<str>>>,
    wake: Arc<Notify>,
    own: Health,
    shutdown: CancellationToken,
}

impl Live {
    pub(super) fn new(own: Health, shutdown: CancellationToken) -> Self {
        Self { seen: watch::Sender::new(None), wake: Arc::default(), own, shutdown }
    }
}

impl Console {
    /// Asks the services while anyone looks, until shutdown.
    pub(crate) async fn keep_watch(self) {
        let watch = async {
            loop {
                if self.live.seen.receiver_count() == 0 {
                    self.live.seen.send_replace(None);
                    self.live.wake.notified().await;
                }
                let asked = Instant::now();
                let overview = self.overview().await;
                if let Ok(json) = serde_json::to_string(&overview) {
                    self.live.seen.send_replace(Some(json.into()));
                }
                sleep(EVERY.max(asked.elapsed() * SHARE)).await;
            }
        };
        self.live.shutdown.run_until_cancelled(watch).await;
    }

    async fn overview(&self) -> Overview {
        let at = Utc::now();
        let database = self.client(To::Database);
        let since = (at - PAST).duration_trunc(TimeDelta::minutes(1)).unwrap_or(at);
        let activity = format!("/stats/activity?since={}", since.format("%Y-%m-%dT%H:%M:%SZ"));
        let stats = timeout(PATIENCE, get::<Stats>(database, "/stats"));
        let activity = timeout(PATIENCE, get::<Activity>(database, &activity));
        let queues = timeout(PATIENCE, get::<QueueList>(self.client(To::QueueReceiver), "/queues"));
        let others = join_all(
            [To::QueueReceiver, To::Sender, To::Database, To::ReportGenerator].map(|to| {
                let client = self.client(to);
                async { (client.audience(), health(client).await) }
            }),
        );
        let (stats, activity, queues, own, others) =
            tokio::join!(stats, activity, queues, self.live.own.report(), others);
        let own = (crate::SERVICE.name, Some(own));
        let services = [own].into_iter().chain(others);
        Overview {
            at,
            stats: stats.ok().and_then(Result::ok),
            queues: queues.ok().and_then(Result::ok).map(|list| list.items),
            minutes: activity.ok().and_then(Result::ok).map(|activity| activity.items),
            services: services.map(|(name, health)| ServiceState { name, health }).collect(),
        }
    }
}

async fn health(client: &ServiceClient) -> Option<HealthReport> {
    timeout(PATIENCE, client.health()).await.ok()?.ok()
}

/// The state of the whole, again whenever it was looked up, every few seconds. Ends with the session.
#[utoipa::path(get, path = "/api/admin/events", tag = "console", responses(
    (status = 200, description = "Server-sent events named `overview`", body = Overview, content_type = "text/event-stream"),
    (status = 401, body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn events(State(console): State<Console>, headers: HeaderMap) -> Response {
    let mut seen = console.live.seen.subscribe();
    console.live.wake.notify_one();
    if seen.borrow().is_some() {
        seen.mark_changed();
    }
    let key = session::key_of(&headers);
    let recheck = interval_at(Instant::now() + RECHECK, RECHECK);
    let shutdown = console.live.shutdown.clone();
    let events =
        stream::unfold((console, seen, recheck), move |(console, mut seen, mut recheck)| {
            let key = key.clone();
            async move {
                loop {
                    tokio::select! {
                        changed = seen.changed() => {
                            changed.ok()?;
                            let Some(json) = seen.borrow_and_update().clone() else { continue };
                            let event = Event::default().event("overview").data(&*json);
                            return Some((Ok::<_, Infallible>(event), (console, seen, recheck)));
                        }
                        _ = recheck.tick() => {
                            // While the database is away nobody is shut out.
                            if let Some(key) = &key
                                && let Ok(None) = console.accounts.session(key).await
                            {
                                return None;
                            }
                        }
                    }
                }
            }
        });
    // An open stream would hold up the end of the service.
    let events = events.take_until(shutdown.cancelled_owned());
    Sse::new(events).keep_alive(KeepAlive::default()).into_response()
}
