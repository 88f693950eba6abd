//! `GET /api/admin/stats`.

use axum::extract::State;
use reqwest::Method;
use runtime::{Json, Problem, ServiceClient, http::problem::ProblemBody};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use store::Stats;
use utoipa::ToSchema;

use super::{Console, forward::To};
use crate::carry::away;

/// The state of the whole, in numbers.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ConsoleStats {
    #[serde(flatten)]
    stats: Stats,
    queues: Vec<QueueStats>,
}

/// A queue and what it holds.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct QueueStats {
    name: String,
    ready: u64,
    delayed: u64,
    unacknowledged: u64,
    dead_letters: u64,
    consumers: u64,
}

#[derive(Deserialize)]
pub(super) struct QueueList {
    pub(super) items: Vec<QueueStats>,
}

/// Counts of people, e-mails, reports and messages.
#[utoipa::path(get, path = "/api/admin/stats", tag = "console", responses(
    (status = 200, body = ConsoleStats),
    (status = 401, body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn stats(State(console): State<Console>) -> Result<Json<ConsoleStats>, Problem> {
    let stats = get::<Stats>(console.client(To::Database), "/stats");
    let queues = get::<QueueList>(console.client(To::QueueReceiver), "/queues");
    let (stats, queues) = tokio::try_join!(stats, queues)?;
    Ok(Json(ConsoleStats { stats, queues: queues.items }))
}

pub(super) async fn get<T: DeserializeOwned>(
    client: &ServiceClient,
    path: &str,
) -> Result<T, Problem> {
    let answer =
        async { client.request(Method::GET, path).send().await?.error_for_status()?.json().await };
    answer.await.map_err(|error| away(client, error))
}
