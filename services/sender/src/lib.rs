//! The Sender: writes and delivers e-mails.
//!
//! - **Consumes** `email.notifications`.
//! - **Guarantees**: an e-mail is claimed in the notification log by its id before it is delivered, so
//!   that copies of this service and repeated messages do not double it; the outcome is in the log
//!   before the message is acknowledged. Should it die between delivery and log, the e-mail is delivered
//!   again under the same `Message-ID`; in an outbox folder, under the same file name.
//! - **Does not** decide who gets an e-mail, or publish anything.

mod api;
mod compose;
mod deliver;
mod notifications;
mod prepare;
mod settings;

use std::{io, sync::Arc, time::Duration};

use domain::ConfirmationKeys;
use queue::{EMAIL_NOTIFICATIONS, Queue, Worker, WorkerSettings};
use runtime::{Health, Service, ServiceTokens, health::ask};
use store::{Notifications, Overview};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use compose::TemplateError;
pub use prepare::prepare;
pub use settings::Settings;

/// What the service is called.
pub const SERVICE: Service = Service {
    name: "sender",
    port: 8082,
    title: "Sender",
    description: "Writes and delivers e-mails, and shows what became of each.",
};

/// E-mails that are claimed, delivered and recorded together, at the most.
const BATCH: usize = 100;
const LINGER: Duration = Duration::from_millis(10);
const CONCURRENCY: usize = 2;

/// What the service works with.
#[derive(Clone)]
pub struct Dependencies {
    /// Where requests come from.
    pub queue: Arc<dyn Queue>,
    /// The log of e-mails.
    pub notifications: Arc<dyn Notifications>,
    /// Tells whether the database, or the service before it, is there.
    pub database: Arc<dyn Overview>,
    /// Knows who may call.
    pub tokens: ServiceTokens,
    /// Signs confirmation links.
    pub confirmation: ConfirmationKeys,
}

/// Serves and consumes until shutdown, then finishes what is in hand.
pub async fn run(
    listener: TcpListener,
    dependencies: Dependencies,
    settings: Settings,
    shutdown: CancellationToken,
) -> io::Result<()> {
    let Dependencies { queue, notifications, database, tokens, confirmation } = dependencies;
    let outbox = Arc::new(deliver::Outbox::open(&settings.outbox_dir)?);
    let composer = compose::Composer::new(settings.from, settings.public_url, confirmation)
        .map_err(io::Error::other)?;
    let health = Health::new()
        .require("queue", ask(&queue, |queue| async move { queue.check().await }))
        .require("database", ask(&database, |database| async move { database.check().await }))
        .show("outbox", ask(&outbox, |outbox| async move { outbox.check().await }));
    let app = SERVICE.router(
        utoipa_axum::router::OpenApiRouter::new(),
        runtime::tokens::require(api::routes(notifications.clone()), &tokens, SERVICE.name),
        health,
    );
    let worker = Worker::run(
        queue,
        EMAIL_NOTIFICATIONS,
        notifications::Deliverer::new(notifications, composer, outbox),
        WorkerSettings {
            name: SERVICE.name,
            batch: BATCH,
            linger: LINGER,
            concurrency: CONCURRENCY,
            retry: settings.retry_delays,
        },
        shutdown.clone(),
    );
    let (served, ()) = tokio::join!(runtime::serve(listener, app, shutdown), worker);
    served
}
