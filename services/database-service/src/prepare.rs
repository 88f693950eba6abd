//! From variables to a service that is ready to serve.

use runtime::Env;
use wiring::{Error, Keys, Prepared};

use crate::Dependencies;

/// Reads the variables and opens the database.
pub async fn prepare(env: &Env) -> Result<Prepared, Error> {
    let Keys { tokens, .. } = Keys::from_env(env)?;
    let dependencies = Dependencies { store: wiring::database(env).await?, tokens };
    Ok(Prepared::new(move |listener, shutdown| crate::run(listener, dependencies, shutdown)))
}
