//! From variables to a service that is ready to serve.

use runtime::{Env, ServiceTokens};
use wiring::{Error, Keys, Peer, Prepared};

use crate::{Dependencies, SERVICE, Services, Settings};

/// Reads the variables and opens what the service works with.
pub async fn prepare(env: &Env) -> Result<Prepared, Error> {
    let Keys { tokens, ids, links } = Keys::from_env(env)?;
    let settings = Settings::from_env(env)?;
    let store = wiring::remote_store(env, &tokens, SERVICE.name)?;
    let dependencies = Dependencies {
        queue: wiring::queue(env).await?,
        registrations: store.clone(),
        accounts: store.clone(),
        logins: store,
        ids,
        links,
        services: Services::from_env(env, &tokens)?,
    };
    Ok(Prepared::new(move |listener, shutdown| {
        crate::run(listener, dependencies, settings, shutdown)
    }))
}

impl Services {
    /// The services where the variables say.
    pub fn from_env(env: &Env, tokens: &ServiceTokens) -> Result<Self, Error> {
        let client = |peer| wiring::peer(env, tokens, SERVICE.name, peer);
        Ok(Self {
            queue_receiver: client(Peer::QueueReceiver)?,
            sender: client(Peer::Sender)?,
            database: client(Peer::DatabaseService)?,
            report_generator: client(Peer::ReportGenerator)?,
        })
    }
}
