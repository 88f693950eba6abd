//! `health`: whether the copy of a service that runs on this machine is ready, by exit code.

use std::{process::ExitCode, time::Duration};

use runtime::{Env, Identity, Service};

use crate::Error;

/// Longer than a service takes to find out that a dependency is silent.
const PATIENCE: Duration = Duration::from_secs(4);

pub(crate) fn main(service: &Service) -> ExitCode {
    match Env::load().map_err(Error::from).and_then(|env| check(&env, service)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}: {error}", service.name);
            ExitCode::FAILURE
        }
    }
}

/// Asks for `/health/ready`.
fn check(env: &Env, service: &Service) -> Result<(), Error> {
    let port: u16 = env.or("PORT", &service.port.to_string())?;
    let scheme = if Identity::from_env(env)?.is_some() { "https" } else { "http" };
    let url = format!("{scheme}://127.0.0.1:{port}/health/ready");
    let ask = async {
        // It asks itself: the certificate is for the name that others call it by.
        let client = reqwest::Client::builder().tls_danger_accept_invalid_certs(true);
        let client = client.no_proxy().timeout(PATIENCE).build().map_err(told)?;
        let answer = client.get(url).send().await.map_err(told)?;
        let ready = answer.status().is_success();
        let report = answer.text().await.map_err(told)?;
        if ready { Ok(()) } else { Err(Error::new(report)) }
    };
    // The first of this process.
    let _ = rustls::crypto::ring::default_provider().install_default();
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(ask)
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn told(error: reqwest::Error) -> Error {
    Error::new(format!("it does not answer: {error}"))
}
