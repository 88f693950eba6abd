//! The Queue Receiver: turns messages of `user.registration` into rows.
//!
//! - **Consumes** `user.registration` in batches; **publishes** `email.notifications`.
//! - **Guarantees**: a message is acknowledged only after its row is stored and its e-mail request is
//!   durable. A message that comes twice makes one row and asks for one e-mail, since both are named
//!   by the registration's id. One bad message never fails its neighbours. While the database or the
//!   queue is away it pauses, and counts nothing against any message.
//! - **Does not** talk to a database, send mail, or know what an e-mail says.
//!
//! Its API looks after the queues: their depths, and the dead letters.

mod api;
mod depths;
mod prepare;
mod registrations;
mod settings;

use std::{io, sync::Arc, time::Duration};

use queue::{EMAIL_NOTIFICATIONS, Queue, USER_REGISTRATION, Worker, WorkerSettings};
use runtime::{Health, Listener, Service, ServiceTokens, health::ask};
use store::{Overview, Registrations};
use tokio_util::sync::CancellationToken;

pub use prepare::prepare;
pub use settings::Settings;

/// What the service is called.
pub const SERVICE: Service = Service {
    name: "queue-receiver",
    port: 8081,
    title: "Queue Receiver",
    description: "Consumes registrations, and looks after queues and dead letters.",
};

/// Events that become one transaction, at the most: as many as the Database Service takes.
const BATCH: usize = store::wire::MAX_BATCH;
/// How long a batch waits to fill: long enough to gather neighbours, too short to notice.
const LINGER: Duration = Duration::from_millis(5);
/// While so many batches are being recorded the e-mails of one more are asked for.
const CONCURRENCY: usize = registrations::RECORDED_AT_ONCE + 1;

/// What the service works with.
#[derive(Clone)]
pub struct Dependencies {
    /// Where messages come from and go to.
    pub queue: Arc<dyn Queue>,
    /// Where rows go.
    pub registrations: Arc<dyn Registrations>,
    /// Tells whether the database, or the service before it, is there.
    pub database: Arc<dyn Overview>,
    /// Knows who may call.
    pub tokens: ServiceTokens,
}

/// Serves and consumes until shutdown, then finishes what is in hand.
pub async fn run(
    listener: Listener,
    dependencies: Dependencies,
    settings: Settings,
    shutdown: CancellationToken,
) -> io::Result<()> {
    let Dependencies { queue, registrations, database, tokens } = dependencies;
    let health = Health::new()
        .require("queue", ask(&queue, |queue| async move { queue.check().await }))
        .require("database", ask(&database, |database| async move { database.check().await }));
    let depths = Arc::<depths::Depths>::default();
    let state = api::AppState { queue: queue.clone(), depths: depths.clone() };
    let app = SERVICE.router(
        utoipa_axum::router::OpenApiRouter::new(),
        runtime::tokens::require(api::routes(state), &tokens, SERVICE.name),
        health,
    );
    let settings = WorkerSettings {
        name: SERVICE.name,
        batch: BATCH,
        linger: LINGER,
        concurrency: CONCURRENCY,
        retry: settings.retry_delays,
    };
    let (consumed, stop) = (queue.clone(), shutdown.clone());
    let worker = async {
        // A queue comes to be when it is named: the first batch need not wait until that of its e-mails is.
        let _ = stop.run_until_cancelled(consumed.depth(EMAIL_NOTIFICATIONS.queue)).await;
        let recorder = registrations::Recorder::new(consumed.clone(), registrations);
        Worker::run(consumed.clone(), USER_REGISTRATION, recorder, settings, stop.clone()).await;
    };
    let depths = depths.measure(queue, shutdown.clone());
    let (served, (), ()) = tokio::join!(runtime::serve(listener, app, shutdown), worker, depths);
    served
}
