//! The calls that show what became of each e-mail.

mod notifications;

use std::{sync::Arc, time::Duration};

use runtime::Problem;
use store::{Notifications, StoreError};
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes(notifications: Arc<dyn Notifications>) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(notifications::list))
        .routes(routes!(notifications::get))
        .with_state(notifications)
}

fn problem(error: StoreError) -> Problem {
    match error {
        StoreError::Unavailable(_) => {
            Problem::unavailable("The database is away for a moment.", Duration::from_secs(5))
        }
        StoreError::Failed(cause) => Problem::internal(cause),
    }
}
