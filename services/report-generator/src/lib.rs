//! The Report Generator: turns rows into files.
//!
//! - **Consumes** `report.requests`; **publishes** to it what its API and its schedules ask for, and to
//!   `email.notifications` what delivers reports.
//! - **Guarantees**: a report is complete or has no file under its final name; rows stream from one
//!   consistent snapshot in constant memory. A report is claimed by its id, so that copies of this
//!   service and repeated messages make it once. The log says how it ended before the message is
//!   acknowledged.
//! - **Does not** let a name in a request choose where a file goes.

mod api;
mod deliver;
mod generate;
mod prepare;
mod requests;
mod retention;
mod schedules;
mod settings;

use std::{io, sync::Arc, time::Duration};

use domain::LinkKeys;
use queue::{Queue, QueueError, REPORT_REQUESTS, Worker, WorkerSettings};
use runtime::{Health, Listener, Service, ServiceTokens, health::ask};
use store::{Overview, Reports, Schedules, StoreError, Users};
use tokio_util::sync::CancellationToken;

pub use prepare::prepare;
pub use settings::Settings;

/// What the service is called.
pub const SERVICE: Service = Service {
    name: "report-generator",
    port: 8084,
    title: "Report Generator",
    description: "Turns rows into files, and hands them out.",
};

/// Names this service as the source of events.
const SOURCE: &str = "/userstream/report-generator";

/// Reports in the making at one time; each is one stream and one file.
const CONCURRENCY: usize = 2;

/// Why a piece of work is taken up again later.
#[derive(Debug, thiserror::Error)]
enum Interruption {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Queue(#[from] QueueError),
}

/// What the service works with.
#[derive(Clone)]
pub struct Dependencies {
    /// Where requests come from.
    pub queue: Arc<dyn Queue>,
    /// Where rows come from.
    pub users: Arc<dyn Users>,
    /// The log of reports.
    pub reports: Arc<dyn Reports>,
    /// Reports that are made again and again.
    pub schedules: Arc<dyn Schedules>,
    /// Tells whether the database, or the service before it, is there.
    pub database: Arc<dyn Overview>,
    /// Knows who may call.
    pub tokens: ServiceTokens,
    /// Signs the links in e-mails.
    pub links: LinkKeys,
}

/// Serves and consumes until shutdown, then finishes what is in hand.
pub async fn run(
    listener: Listener,
    dependencies: Dependencies,
    settings: Settings,
    shutdown: CancellationToken,
) -> io::Result<()> {
    let Dependencies { queue, users, reports, schedules, database, tokens, links } = dependencies;
    let folder = generate::Folder::open(&settings.output_dir).map_err(io::Error::other)?;
    runtime::telemetry::watch_disk("reports", &settings.output_dir);
    let health = Health::new()
        .require("queue", ask(&queue, |queue| async move { queue.check().await }))
        .require("database", ask(&database, |database| async move { database.check().await }));
    let state = api::AppState {
        queue: queue.clone(),
        reports: reports.clone(),
        schedules: schedules.clone(),
        folder: folder.clone(),
    };
    let app = SERVICE.router(
        utoipa_axum::router::OpenApiRouter::new(),
        runtime::tokens::require(api::routes(state), &tokens, SERVICE.name),
        health,
    );
    let retention = retention::tend(
        reports.clone(),
        folder.clone(),
        retention::Keep { days: settings.retention_days, newest: settings.retention_count },
        shutdown.clone(),
    );
    let scheduler =
        schedules::Scheduler { queue: queue.clone(), schedules, reports: reports.clone() };
    let delivery = deliver::Delivery {
        queue: queue.clone(),
        links,
        public_url: settings.public_url,
        attach_up_to: settings.attach_up_to,
    };
    let worker = Worker::run(
        queue,
        REPORT_REQUESTS,
        requests::Reporter {
            users,
            reports,
            folder,
            delivery,
            delimiter: settings.csv_delimiter,
            retry: settings.retry_delays.clone(),
        },
        WorkerSettings {
            name: SERVICE.name,
            batch: 1,
            linger: Duration::ZERO,
            concurrency: CONCURRENCY,
            retry: settings.retry_delays,
        },
        shutdown.clone(),
    );
    let (served, (), (), ()) = tokio::join!(
        runtime::serve(listener, app, shutdown.clone()),
        worker,
        retention,
        scheduler.run(shutdown),
    );
    served
}
