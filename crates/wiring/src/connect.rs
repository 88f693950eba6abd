//! Opens what a service works with.

use std::sync::Arc;

use queue::Queue;
use runtime::{
    ConfigError, Env, ServiceClient, ServiceTokens, Trust, config::error, http::client, telemetry,
};
use store::{RemoteStore, Store, StoreUrlError};

use crate::{
    Error,
    database_url::{from_parts, with_authority},
};

/// The URL of the queue, and the variable that says it.
pub fn queue_url(env: &Env) -> (&'static str, &str) {
    // The Frontend's variable came first; either is fine for any service.
    let variable =
        if env.text("QUEUE_URL").is_some() { "QUEUE_URL" } else { "REACT_APP_QUEUE_URL" };
    (variable, env.text(variable).unwrap_or("amqp://localhost:5672"))
}

/// Opens the queue that a variable names.
pub async fn queue(env: &Env) -> Result<Arc<dyn Queue>, Error> {
    let (variable, url) = queue_url(env);
    if let Some(file) = queue::file_of(url) {
        telemetry::watch_disk("queue", &file);
    }
    let opened = queue::open(url, Trust::from_env(env)?.ca().map(str::to_owned)).await;
    opened.map_err(|e| error(variable, e.to_string(), "amqp://user:password@localhost:5672").into())
}

/// The URL of the database, and the variable that says it.
pub fn database_url(env: &Env) -> Result<(&'static str, String), ConfigError> {
    let (variable, url) = match env.text("DATABASE_URL") {
        Some(url) => ("DATABASE_URL", url.to_owned()),
        None => ("DB_HOST", from_parts(env)?),
    };
    Ok((variable, with_authority(url, env)))
}

/// Opens the database that the variables name. PostgreSQL may be away: its store connects by itself.
pub async fn database(env: &Env) -> Result<Arc<dyn Store>, Error> {
    let (variable, url) = database_url(env)?;
    let example = if variable == "DB_HOST" { "localhost" } else { "sqlite:var/userstream.db" };
    if let Some(file) = store::file_of(&url) {
        telemetry::watch_disk("database", &file);
    }
    let replica = env.text("DATABASE_READ_URL").map(str::to_owned);
    let replica = replica.map(|url| with_authority(url, env));
    let opened = store::open_with_replica(&url, replica.as_deref()).await;
    opened.map_err(|e| match &e {
        StoreUrlError::NoReplica | StoreUrlError::Replica(_) => {
            error("DATABASE_READ_URL", e.to_string(), "postgres://reader@replica:5432/userstream")
                .into()
        }
        _ => error(variable, e.to_string(), example).into(),
    })
}

/// The Database Service as a store.
pub fn remote_store(
    env: &Env,
    tokens: &ServiceTokens,
    caller: &'static str,
) -> Result<Arc<dyn Store>, ConfigError> {
    let client = peer(env, tokens, caller, Peer::DatabaseService)?;
    let (base, http) = (client.base().to_owned(), client.http().clone());
    Ok(Arc::new(RemoteStore::new(base, http, Arc::new(move || client.token()))))
}

/// A service that others call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the service of that name")]
pub enum Peer {
    QueueReceiver,
    Sender,
    DatabaseService,
    ReportGenerator,
}

impl Peer {
    /// Its folder name, the variable that says where it is, and where it is unless that is set.
    fn address(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::QueueReceiver => ("queue-receiver", "REACT_APP_API_URL", "http://localhost:8081"),
            Self::Sender => ("sender", "SENDER_SERVICE_URL", "http://localhost:8082"),
            Self::DatabaseService => {
                ("database-service", "DATABASE_SERVICE_URL", "http://localhost:8083")
            }
            Self::ReportGenerator => {
                ("report-generator", "REPORT_GENERATOR_URL", "http://localhost:8084")
            }
        }
    }
}

/// A client of another service.
pub fn peer(
    env: &Env,
    tokens: &ServiceTokens,
    caller: &'static str,
    peer: Peer,
) -> Result<ServiceClient, ConfigError> {
    let (name, variable, default) = peer.address();
    let base = env.http_url(variable, default)?;
    let http = client::connect(&Trust::from_env(env)?);
    Ok(ServiceClient::new(http, tokens.clone(), caller, name, &base))
}
