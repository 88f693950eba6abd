//! From variables to a service that is ready to serve.

use runtime::Env;
use wiring::{Error, Keys, Prepared};

use crate::{Dependencies, SERVICE, Settings};

/// Reads the variables and opens what the service works with.
pub async fn prepare(env: &Env) -> Result<Prepared, Error> {
    let Keys { tokens, links, .. } = Keys::from_env(env)?;
    let settings = Settings::from_env(env)?;
    let store = wiring::remote_store(env, &tokens, SERVICE.name)?;
    let dependencies = Dependencies {
        queue: wiring::queue(env).await?,
        users: store.clone(),
        reports: store.clone(),
        schedules: store.clone(),
        database: store,
        tokens,
        links,
    };
    Ok(Prepared::new(move |listener, shutdown| {
        crate::run(listener, dependencies, settings, shutdown)
    }))
}
