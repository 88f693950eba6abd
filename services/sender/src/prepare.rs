//! From variables to a service that is ready to serve.

use runtime::Env;
use wiring::{Error, Keys, Peer, Prepared};

use crate::{Dependencies, SERVICE, Settings, relay::Relay};

/// Reads the variables and opens what the service works with.
pub async fn prepare(env: &Env) -> Result<Prepared, Error> {
    let Keys { tokens, links, .. } = Keys::from_env(env)?;
    let settings = Settings::from_env(env)?;
    // What bars the way out is told before anybody is served.
    Relay::new(&settings.delivery, settings.from.email.clone())?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_folder_that_cannot_be_made_ends_the_start_by_the_name_of_its_variable() {
        let secret = ("JWT_SECRET", "0123456789abcdef0123456789abcdef");
        let env = Env::from_values([secret, ("MAIL_OUTBOX_DIR", "/dev/null/outbox")]);
        let error = prepare(&env).await.err().unwrap().to_string();
        assert!(error.starts_with("MAIL_OUTBOX_DIR: the folder /dev/null/outbox"), "{error}");
        assert!(error.contains("(example: MAIL_OUTBOX_DIR=") && !error.contains('\n'), "{error}");
    }
}
