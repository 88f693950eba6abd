//! `GET /queues`.

use std::sync::Arc;

use axum::extract::State;
use queue::{Depth, Queue, TOPICS};
use runtime::{Json, Problem, http::problem::ProblemBody};
use serde::Serialize;
use utoipa::ToSchema;

/// A queue and what it holds.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct QueueDepth {
    name: &'static str,
    #[serde(flatten)]
    depth: Depth,
}

/// All queues.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct QueueList {
    items: Vec<QueueDepth>,
}

/// The queues, in the order of the way through the system.
#[utoipa::path(get, path = "/queues", tag = "queues", responses(
    (status = 200, body = QueueList),
    (status = 503, body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn list(State(queue): State<Arc<dyn Queue>>) -> Result<Json<QueueList>, Problem> {
    let mut items = Vec::with_capacity(TOPICS.len());
    for name in TOPICS {
        let depth = queue.depth(name).await.map_err(super::unavailable)?;
        items.push(QueueDepth { name, depth });
    }
    Ok(Json(QueueList { items }))
}
