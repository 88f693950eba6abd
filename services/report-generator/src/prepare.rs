//! From variables to a service that is ready to serve.

use runtime::Env;
use wiring::{Error, Keys, Prepared};

use crate::{Dependencies, SERVICE, Settings, generate::Folder};

/// Reads the variables and opens what the service works with.
pub async fn prepare(env: &Env) -> Result<Prepared, Error> {
    let Keys { tokens, links, .. } = Keys::from_env(env)?;
    let settings = Settings::from_env(env)?;
    // A folder that cannot be is told before anybody is served.
    Folder::open(&settings.output_dir)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_folder_that_cannot_be_made_ends_the_start_by_the_name_of_its_variable() {
        let secret = ("JWT_SECRET", "0123456789abcdef0123456789abcdef");
        let env = Env::from_values([secret, ("REPORT_OUTPUT_DIR", "/dev/null/reports")]);
        let error = prepare(&env).await.err().unwrap().to_string();
        assert!(error.starts_with("REPORT_OUTPUT_DIR: the folder /dev/null/reports"), "{error}");
        assert!(error.contains("(example: REPORT_OUTPUT_DIR=") && !error.contains('\n'), "{error}");
    }
}
