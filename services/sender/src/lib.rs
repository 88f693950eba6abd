//! The Sender: writes and delivers e-mails.
//!
//! - **Consumes** `email.notifications`.
//! - **Guarantees**: an e-mail is claimed in the notification log by its id before it is delivered, so
//!   that copies of this service and repeated messages do not double it; the outcome is in the log
//!   before the message is acknowledged, and before the connection takes another e-mail. Should it die
//!   between the mail server's answer and the log, the attempt is noted as of unknown outcome, and the
//!   e-mail goes out again under the same `Message-ID`; in an outbox folder, under the same file name.
//! - **While the mail server is away**, or asks for a pause, e-mails wait: no attempt is counted.
//! - **Does not** decide by itself who gets an e-mail. What is asked for by its API goes into its own queue.

mod api;
mod attachments;
mod compose;
mod deliver;
mod prepare;
mod relay;
mod settings;
mod templates;
mod together;

use std::{io, sync::Arc, time::Duration};

use domain::LinkKeys;
use queue::{EMAIL_NOTIFICATIONS, Queue, Worker, WorkerSettings};
use runtime::{Health, Listener, Service, ServiceClient, ServiceTokens, health::ask};
use store::{Deliveries, Notifications, Overview, Templates, Users};
use tokio_util::sync::CancellationToken;

use crate::{compose::Composer, templates::Catalogue};

pub use prepare::prepare;
pub use settings::{Delivery, Settings, SmtpSettings, SmtpTls};

/// What the service is called.
pub const SERVICE: Service = Service {
    name: "sender",
    port: 8082,
    title: "Sender",
    description: "Writes and delivers e-mails, and shows what became of each.",
};

const LINGER: Duration = Duration::from_millis(5);

/// What the service works with.
#[derive(Clone)]
pub struct Dependencies {
    /// Where requests come from.
    pub queue: Arc<dyn Queue>,
    /// The claims on e-mails, and what came of them.
    pub deliveries: Arc<dyn Deliveries>,
    /// The log of e-mails.
    pub notifications: Arc<dyn Notifications>,
    /// To whom they are, for those who look at one.
    pub users: Arc<dyn Users>,
    /// The e-mails' texts that a person has changed.
    pub templates: Arc<dyn Templates>,
    /// Tells whether the database, or the service before it, is there.
    pub database: Arc<dyn Overview>,
    /// Knows who may call.
    pub tokens: ServiceTokens,
    /// Signs the links in e-mails.
    pub links: LinkKeys,
    /// Hands out the reports that go along with e-mails.
    pub report_generator: ServiceClient,
}

/// Whether e-mails could go out with these settings: the folder can be written to, or the mail server
/// lets us in.
pub async fn check(settings: &Settings) -> Result<(), String> {
    let relay = relay::Relay::new(&settings.delivery, settings.from.email.clone());
    relay.map_err(|e| e.to_string())?.check().await
}

/// Serves and consumes until shutdown, then finishes what is in hand.
pub async fn run(
    listener: Listener,
    dependencies: Dependencies,
    settings: Settings,
    shutdown: CancellationToken,
) -> io::Result<()> {
    let Dependencies { queue, deliveries, notifications, templates, database, tokens, .. } =
        dependencies;
    let Dependencies { links, report_generator, users, .. } = dependencies;
    if let Delivery::Outbox(folder) = &settings.delivery {
        runtime::telemetry::watch_disk("outbox", folder);
    }
    let relay = relay::Relay::new(&settings.delivery, settings.from.email.clone());
    let relay = Arc::new(relay.map_err(io::Error::other)?);
    let catalogue = Arc::new(Catalogue::new(templates.clone()));
    let composer = Composer::new(settings.from, settings.public_url, links);
    let health = Health::new()
        .require("queue", ask(&queue, |queue| async move { queue.check().await }))
        .require("database", ask(&database, |database| async move { database.check().await }))
        .show(relay.name(), ask(&relay, |relay| async move { relay.check().await }));
    let state = api::AppState {
        queue: queue.clone(),
        log: notifications,
        users,
        templates,
        catalogue: catalogue.clone(),
        composer: composer.clone(),
        relay: relay.clone(),
    };
    let app = SERVICE.router(
        utoipa_axum::router::OpenApiRouter::new(),
        runtime::tokens::require(api::routes(state), &tokens, SERVICE.name),
        health,
    );
    let worker = Worker::run(
        queue,
        EMAIL_NOTIFICATIONS,
        deliver::Deliverer::new(
            deliveries,
            catalogue.clone(),
            composer,
            attachments::Attachments::new(report_generator),
            relay.clone(),
            settings.retry_delays.clone(),
            shutdown.clone(),
        ),
        WorkerSettings {
            name: SERVICE.name,
            // Each by itself: a slow mail server holds up no other e-mail.
            batch: 1,
            linger: LINGER,
            concurrency: relay.width(),
            retry: settings.retry_delays,
        },
        shutdown.clone(),
    );
    let keeper = catalogue.keep_up(shutdown.clone());
    let (served, (), ()) = tokio::join!(runtime::serve(listener, app, shutdown), worker, keeper);
    served
}
