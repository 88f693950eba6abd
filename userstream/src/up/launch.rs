//! Starts the five services side by side.

use std::{io, sync::Arc};

use runtime::{Env, Listener};
use store::Store;
use tokio::{runtime::Handle, task::JoinSet};
use tokio_util::sync::CancellationToken;

use wiring::{Error, Keys, Peer};

use crate::cli::Role;

/// The services that run, each with how it ended.
pub(super) type Services = JoinSet<(Role, io::Result<()>)>;

/// Starts every service, on the database itself rather than through the Database Service: the fewest
/// hops. The Frontend runs here, all else in the background.
pub(super) async fn all(
    env: &Env,
    keys: Keys,
    store: Arc<dyn Store>,
    listeners: [Listener; 5],
    background: &Handle,
    shutdown: &CancellationToken,
) -> Result<Services, Error> {
    let Keys { tokens, ids, links } = keys;
    let queue = wiring::queue(env).await?;
    let [frontend, queue_receiver, sender, database_service, report_generator] = listeners;
    let mut running = JoinSet::new();

    let dependencies = frontend::Dependencies {
        queue: queue.clone(),
        registrations: store.clone(),
        accounts: store.clone(),
        logins: store.clone(),
        ids,
        links: links.clone(),
        services: frontend::Services::from_env(env, &tokens)?,
    };
    let (settings, stop) = (frontend::Settings::from_env(env)?, shutdown.clone());
    running.spawn(serve(Role::Frontend, frontend, move |listener| {
        frontend::run(listener, dependencies, settings, stop)
    }));

    let dependencies = queue_receiver::Dependencies {
        queue: queue.clone(),
        registrations: store.clone(),
        database: store.clone(),
        tokens: tokens.clone(),
    };
    let (settings, stop) = (queue_receiver::Settings::from_env(env)?, shutdown.clone());
    let work = serve(Role::QueueReceiver, queue_receiver, move |listener| {
        queue_receiver::run(listener, dependencies, settings, stop)
    });
    running.spawn_on(work, background);

    let dependencies = sender::Dependencies {
        queue: queue.clone(),
        deliveries: store.clone(),
        notifications: store.clone(),
        users: store.clone(),
        templates: store.clone(),
        database: store.clone(),
        tokens: tokens.clone(),
        links: links.clone(),
        report_generator: wiring::peer(env, &tokens, sender::SERVICE.name, Peer::ReportGenerator)?,
    };
    let (settings, stop) = (sender::Settings::from_env(env)?, shutdown.clone());
    let work = serve(Role::Sender, sender, move |listener| {
        sender::run(listener, dependencies, settings, stop)
    });
    running.spawn_on(work, background);

    let dependencies =
        database_service::Dependencies { store: store.clone(), tokens: tokens.clone() };
    let stop = shutdown.clone();
    let work = serve(Role::DatabaseService, database_service, move |listener| {
        database_service::run(listener, dependencies, stop)
    });
    running.spawn_on(work, background);

    let dependencies = report_generator::Dependencies {
        queue,
        users: store.clone(),
        reports: store.clone(),
        schedules: store.clone(),
        database: store,
        tokens,
        links,
    };
    let (settings, stop) = (report_generator::Settings::from_env(env)?, shutdown.clone());
    let work = serve(Role::ReportGenerator, report_generator, move |listener| {
        report_generator::run(listener, dependencies, settings, stop)
    });
    running.spawn_on(work, background);
    Ok(running)
}

/// Serves, and says who it was in the end.
async fn serve<F: Future<Output = io::Result<()>>>(
    role: Role,
    listener: Listener,
    run: impl FnOnce(Listener) -> F,
) -> (Role, io::Result<()>) {
    (role, run(listener).await)
}
