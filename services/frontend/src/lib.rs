//! The Frontend: the web app and the public API.
//!
//! - **Publishes** `user.registration`; `email.notifications` to welcome who has confirmed an address.
//! - **Guarantees**: a 202 is given only after the queue holds the registration durably. It needs
//!   nothing but the queue for that: the database, the Sender and the rest may all be away. Its answer
//!   does not depend on whether the address is known, since it does not look.
//! - **Does not** store anything, send mail, or show personal data to anyone without a session, or a link to a report that was sent to them.

mod admin;
mod carry;
mod client;
mod cookie;
mod cors;
mod language;
mod limit;
mod origin;
mod prepare;
mod registrations;
mod reports;
mod settings;
mod site;

use std::{io, sync::Arc, time::Duration};

use domain::{LinkKeys, RegistrationIdIssuer};
use queue::Queue;
use runtime::{Health, Listener, Service, ServiceClient, health::ask};
use store::{Accounts, Logins, Registrations};
use tokio_util::sync::CancellationToken;
use utoipa_axum::router::OpenApiRouter;

use self::{
    client::ClientAddresses,
    limit::{Limit, Visits},
    origin::Origin,
};

pub use prepare::prepare;
pub use settings::{AllowedOrigins, FirstAdministrator, Settings};

/// What the service is called.
pub const SERVICE: Service = Service {
    name: "frontend",
    port: 3000,
    title: "Frontend",
    description: "Takes registrations, shows how far each has come, and carries the console's calls.",
};

/// How many more looks than registrations a client has: a page looks every second how far its registration
/// has come, and a whole office may be one client.
const LOOKS_PER_REGISTRATION: u32 = 100;

/// What the service works with.
#[derive(Clone)]
pub struct Dependencies {
    /// Where registrations go.
    pub queue: Arc<dyn Queue>,
    /// How far they have come.
    pub registrations: Arc<dyn Registrations>,
    /// Who may use the console.
    pub accounts: Arc<dyn Accounts>,
    /// Logins that are slowed down.
    pub logins: Arc<dyn Logins>,
    /// Issues registration ids.
    pub ids: Arc<RegistrationIdIssuer>,
    /// Knows the links in e-mails.
    pub links: LinkKeys,
    /// The other services, for the console.
    pub services: Services,
}

/// The services behind the console's calls.
#[derive(Clone, Debug)]
pub struct Services {
    /// Queues and dead letters.
    pub queue_receiver: ServiceClient,
    /// E-mails.
    pub sender: ServiceClient,
    /// People.
    pub database: ServiceClient,
    /// Reports.
    pub report_generator: ServiceClient,
}

/// Serves until shutdown, then finishes what is in hand.
pub async fn run(
    listener: Listener,
    dependencies: Dependencies,
    settings: Settings,
    shutdown: CancellationToken,
) -> io::Result<()> {
    let origin = Origin::new(&settings.public_url, listener.scheme());
    let site = Arc::new(site::Site::load(&settings.public_url).map_err(io::Error::other)?);
    let Dependencies { queue, services, .. } = &dependencies;
    let health = Health::new()
        .require("queue", ask(queue, |queue| async move { queue.check().await }))
        .show("queue-receiver", ask(&services.queue_receiver, answers))
        .show("sender", ask(&services.sender, answers))
        .show("database-service", ask(&services.database, answers))
        .show("report-generator", ask(&services.report_generator, answers));

    let clients = Arc::new(ClientAddresses::new(settings.trusted_proxies.clone()));
    let looks = settings.rate_limit_per_minute.saturating_mul(LOOKS_PER_REGISTRATION);
    let visits = Visits::new(Limit::new(looks, Duration::from_mins(1)), clients.clone());
    let intake =
        registrations::Intake::new(&dependencies, &settings, clients.clone(), site.clone());
    let stop = shutdown.clone();
    let console = admin::Console::new(&dependencies, origin.clone(), clients, health.clone(), stop);
    let watch = console.clone().keep_watch();
    let first =
        console.clone().create_first_administrator(settings.first_administrator, shutdown.clone());
    let open = OpenApiRouter::new()
        .merge(cors::allow(
            &settings.allowed_origins,
            registrations::routes(intake, visits.clone()),
        ))
        .merge(reports::routes(reports::Reports::new(&dependencies, site.clone()), visits))
        .merge(admin::routes(console))
        .merge(site::Site::routes(origin));
    let app = SERVICE
        .router(open, OpenApiRouter::new(), health)
        .layer(axum::middleware::from_fn_with_state(site, site::for_people));
    let served = runtime::serve(listener, app, shutdown);
    let (served, (), ()) = tokio::join!(served, first, watch);
    served
}

/// Whether another service answers. What the client says names its address, which is the operator's
/// business and not everyone's.
async fn answers(service: ServiceClient) -> Result<(), &'static str> {
    service.check().await.map_err(|_| "it does not answer")
}
