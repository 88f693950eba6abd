//! The Database Service: stores people, registrations and logs, and answers questions about them.
//!
//! - **Consumes** nothing; every other service calls it.
//! - **Guarantees**: what it answered with success is durable. Recording a registration is idempotent
//!   by its id, and one bad item never fails its neighbours. An export is one snapshot, complete or cut
//!   off so that the reader notices.
//! - **Does not** decide what happens next: it sends no message and no mail, and knows no person's
//!   password.

mod api;
mod prepare;

use std::{io, sync::Arc};

use runtime::{Health, Listener, Service, ServiceTokens, health::ask};
use store::Store;
use tokio_util::sync::CancellationToken;
use utoipa_axum::router::OpenApiRouter;

pub use prepare::prepare;

/// What the service is called.
pub const SERVICE: Service = Service {
    name: "database-service",
    port: 8083,
    title: "Database Service",
    description: "Stores people, registrations and logs, and answers questions about them.",
};

/// What the service works with.
#[derive(Clone)]
pub struct Dependencies {
    /// The database.
    pub store: Arc<dyn Store>,
    /// Knows who may call.
    pub tokens: ServiceTokens,
}

/// Serves until shutdown, then finishes the requests in hand.
pub async fn run(
    listener: Listener,
    dependencies: Dependencies,
    shutdown: CancellationToken,
) -> io::Result<()> {
    let Dependencies { store, tokens } = dependencies;
    let health =
        Health::new().require("database", ask(&store, |store| async move { store.check().await }));
    let protected = runtime::tokens::require(api::routes(store), &tokens, SERVICE.name);
    let app = SERVICE.router(OpenApiRouter::new(), protected, health);
    runtime::serve(listener, app, shutdown).await
}
