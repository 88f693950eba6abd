//! `userstream token`.

use std::path::Path;

use runtime::{Env, ServiceTokens, tokens::MAX_LIFETIME};

use wiring::Error;

use crate::{cli::TokenOptions, up::data};

pub(crate) fn run(env: &Env, options: &TokenOptions) -> Result<(), Error> {
    let tokens = tokens(env, &options.data_dir)?;
    println!("{}", tokens.sign(&options.issuer, options.audience.name(), MAX_LIFETIME));
    Ok(())
}

/// `JWT_SECRET`, or the secret of the data folder.
pub(crate) fn tokens(env: &Env, data_dir: &Path) -> Result<ServiceTokens, Error> {
    if env.text("JWT_SECRET").is_none()
        && let Some(secret) = data::read_secret(data_dir)?
    {
        return Ok(ServiceTokens::new(&secret, None));
    }
    Ok(ServiceTokens::from_env(env)?)
}
