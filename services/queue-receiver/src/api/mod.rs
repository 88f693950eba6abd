//! The calls that look after queues and dead letters.

mod dead_letters;
mod queues;

use std::{sync::Arc, time::Duration};

use axum::extract::DefaultBodyLimit;
use queue::{Queue, QueueError};
use runtime::Problem;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::depths::Depths;

/// What the calls work with.
#[derive(Clone)]
pub(crate) struct AppState {
    pub(crate) queue: Arc<dyn Queue>,
    pub(crate) depths: Arc<Depths>,
}

pub(crate) fn routes(state: AppState) -> OpenApiRouter {
    let corrections = OpenApiRouter::new()
        .routes(routes!(dead_letters::replay))
        .layer(DefaultBodyLimit::max(dead_letters::MAX_CORRECTION_BYTES));
    OpenApiRouter::new()
        .merge(corrections)
        .routes(routes!(queues::list))
        .routes(routes!(dead_letters::list))
        .routes(routes!(dead_letters::causes))
        .routes(routes!(dead_letters::get, dead_letters::delete))
        .routes(routes!(dead_letters::replay_many))
        .routes(routes!(dead_letters::delete_many))
        .with_state(state)
}

/// The queue could not answer: nothing was changed that was not confirmed.
#[expect(clippy::needless_pass_by_value, reason = "it is the end of a `map_err`")]
fn unavailable(error: QueueError) -> Problem {
    Problem::unavailable(format!("{error}."), Duration::from_secs(5))
}
