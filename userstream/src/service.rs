//! `userstream frontend` … `userstream report-generator`: one service by itself.

use std::io;

use runtime::{Env, shutdown, telemetry};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing::info;

use crate::{
    cli::Role,
    connect::{self, Keys},
    error::Error,
};

pub(crate) fn run(env: &Env, role: Role) -> Result<(), Error> {
    telemetry::init_logs(env, role.name())?;
    telemetry::init_metrics();
    tokio::runtime::Runtime::new()?.block_on(async {
        let shutdown = shutdown::on_signals()?;
        let port = env.or("PORT", &role.port().to_string())?;
        let service = prepare(env, role).await?;
        let listener = TcpListener::from_std(connect::listen(env, port)?)?;
        info!(address = %listener.local_addr()?, "listening");
        let work = service(listener, shutdown.clone());
        shutdown::within_grace(&shutdown, work).await.unwrap_or(Ok(()))?;
        info!("stopped");
        Ok(())
    })
}

type Work = std::pin::Pin<Box<dyn Future<Output = io::Result<()>> + Send>>;
type Service = Box<dyn FnOnce(TcpListener, CancellationToken) -> Work + Send>;

/// Reads a role's settings and opens what it works with.
async fn prepare(env: &Env, role: Role) -> Result<Service, Error> {
    let keys = Keys::from_env(env)?;
    let tokens = keys.tokens.clone();
    Ok(match role {
        Role::Frontend => {
            let settings = frontend::Settings::from_env(env)?;
            let store = connect::remote_store(env, &tokens, role.name())?;
            let dependencies = frontend::Dependencies {
                queue: connect::queue(env).await?,
                registrations: store.clone(),
                accounts: store,
                ids: keys.ids,
                confirmation: keys.confirmation,
                services: connect::services(env, &tokens)?,
            };
            Box::new(move |l, s| Box::pin(frontend::run(l, dependencies, settings, s)))
        }
        Role::QueueReceiver => {
            let settings = queue_receiver::Settings::from_env(env)?;
            let store = connect::remote_store(env, &tokens, role.name())?;
            let dependencies = queue_receiver::Dependencies {
                queue: connect::queue(env).await?,
                registrations: store.clone(),
                database: store,
                tokens,
            };
            Box::new(move |l, s| Box::pin(queue_receiver::run(l, dependencies, settings, s)))
        }
        Role::Sender => {
            let settings = sender::Settings::from_env(env)?;
            let store = connect::remote_store(env, &tokens, role.name())?;
            let dependencies = sender::Dependencies {
                queue: connect::queue(env).await?,
                notifications: store.clone(),
                database: store,
                tokens,
                confirmation: keys.confirmation,
            };
            Box::new(move |l, s| Box::pin(sender::run(l, dependencies, settings, s)))
        }
        Role::DatabaseService => {
            let store = connect::database(env).await?;
            let dependencies = database_service::Dependencies { store, tokens };
            Box::new(move |l, s| Box::pin(database_service::run(l, dependencies, s)))
        }
        Role::ReportGenerator => {
            let settings = report_generator::Settings::from_env(env)?;
            let store = connect::remote_store(env, &tokens, role.name())?;
            let dependencies = report_generator::Dependencies {
                queue: connect::queue(env).await?,
                users: store.clone(),
                reports: store.clone(),
                database: store,
                tokens,
            };
            Box::new(move |l, s| Box::pin(report_generator::run(l, dependencies, settings, s)))
        }
    })
}
