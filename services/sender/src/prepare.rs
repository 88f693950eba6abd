//! From variables to a service that is ready to serve.

use runtime::Env;
use wiring::{Error, Keys, Peer, Prepared};

use crate::{Dependencies, SERVICE, Settings};

/// Reads the variables and opens what the service works with.
pub async fn prepare(env: &Env) -> Result<Prepared, Error> {
    let Keys { tokens, links, .. } = Keys::from_env(env)?;
    let settings = Settings::from_env(env)?;
    let store = wiring::remote_store(env, &tokens, SERVICE.name)?;
    let queue = wiring::queue(env).await?;
    let report_generator = wiring::peer(env, &tokens, SERVICE.name, Peer::ReportGenerator)?;
    let dependencies = Dependencies {
        queue,
        deliveries: store.clone(),
        notifications: store.clone(),
        users: store.clone(),
        templates: store.clone(),
        database: store,
        tokens,
        links,
        report_generator,
    };
    Ok(Prepared::new(move |listener, shutdown| {
        crate::run(listener, dependencies, settings, shutdown)
    }))
}
