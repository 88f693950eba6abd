//! `GET /queues`.

use axum::extract::State;
use queue::{Depth, TOPICS};
use runtime::{
    Json, Problem,
    http::{cursor::PageBody, problem::ProblemBody},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::AppState;

/// A queue and what it holds.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct QueueDepth {
    name: &'static str,
    #[serde(flatten)]
    depth: Depth,
    rates: Rates,
}

/// How fast a queue changes, over the last minute.
#[derive(Debug, Serialize, ToSchema)]
struct Rates {
    /// Messages that came, less those that went, per second; null until it was measured twice.
    growth: Option<f64>,
}

/// The queues, all on one page, in the order of the way through the system.
#[utoipa::path(get, path = "/queues", tag = "queues", responses(
    (status = 200, body = PageBody<QueueDepth>),
    (status = 503, body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn list(
    State(state): State<AppState>,
) -> Result<Json<PageBody<QueueDepth>>, Problem> {
    let mut items = Vec::with_capacity(TOPICS.len());
    for name in TOPICS {
        let depth = state.queue.depth(name).await.map_err(super::unavailable)?;
        let rates = Rates { growth: state.depths.growth(name) };
        items.push(QueueDepth { name, depth, rates });
    }
    Ok(Json(PageBody { items, next_cursor: None }))
}
