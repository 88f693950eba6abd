//! The calls that ask for e-mails, and show what became of each.

mod notifications;
mod templates;

use std::{sync::Arc, time::Duration};

use axum::extract::DefaultBodyLimit;
use queue::{Queue, QueueError};
use runtime::Problem;
use store::{Notifications, Templates, Users};
use utoipa_axum::{router::OpenApiRouter, routes};
use wiring::problem;

use crate::{compose::Composer, relay::Relay, templates::Catalogue};

/// The largest body of a call with an e-mail's text, in bytes.
const MAX_TEMPLATE_BYTES: usize = 256 * 1024;

/// What the calls work with.
#[derive(Clone)]
pub(crate) struct AppState {
    pub(crate) queue: Arc<dyn Queue>,
    pub(crate) log: Arc<dyn Notifications>,
    pub(crate) users: Arc<dyn Users>,
    pub(crate) templates: Arc<dyn Templates>,
    pub(crate) catalogue: Arc<Catalogue>,
    pub(crate) composer: Composer,
    pub(crate) relay: Arc<Relay>,
}

pub(crate) fn routes(state: AppState) -> OpenApiRouter {
    let texts = OpenApiRouter::new()
        .routes(routes!(templates::list))
        .routes(routes!(templates::get, templates::put))
        .routes(routes!(templates::versions))
        .routes(routes!(templates::preview))
        .routes(routes!(templates::test))
        .layer(DefaultBodyLimit::max(MAX_TEMPLATE_BYTES));
    OpenApiRouter::new()
        .merge(texts)
        .routes(routes!(notifications::list, notifications::create))
        .routes(routes!(notifications::get))
        .routes(routes!(notifications::preview))
        .routes(routes!(notifications::resend))
        .with_state(state)
}

fn queue_away(error: &QueueError) -> Problem {
    tracing::warn!(%error, "an e-mail was not asked for");
    Problem::unavailable(
        "The queue is away for a moment. Nothing was sent; ask again.",
        Duration::from_secs(5),
    )
}
