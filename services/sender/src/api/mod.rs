//! The calls that ask for e-mails, and show what became of each.

mod notifications;

use std::{sync::Arc, time::Duration};

use queue::{Queue, QueueError};
use runtime::Problem;
use store::{Notifications, StoreError};
use utoipa_axum::{router::OpenApiRouter, routes};

/// What the calls work with.
#[derive(Clone)]
pub(crate) struct AppState {
    pub(crate) queue: Arc<dyn Queue>,
    pub(crate) log: Arc<dyn Notifications>,
}

pub(crate) fn routes(state: AppState) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(notifications::list, notifications::create))
        .routes(routes!(notifications::get))
        .routes(routes!(notifications::resend))
        .with_state(state)
}

fn problem(error: StoreError) -> Problem {
    match error {
        StoreError::Unavailable(_) => {
            Problem::unavailable("The database is away for a moment.", Duration::from_secs(5))
        }
        StoreError::Failed(cause) => Problem::internal(cause),
    }
}

fn queue_away(error: &QueueError) -> Problem {
    tracing::warn!(%error, "an e-mail was not asked for");
    Problem::unavailable(
        "The queue is away for a moment. Nothing was sent; ask again.",
        Duration::from_secs(5),
    )
}
