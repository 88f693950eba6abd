//! `health`: whether the copy of a service that runs on this machine is ready, by exit code.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    process::ExitCode,
    time::Duration,
};

use runtime::{ConfigError, Env, Identity, Service};

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

/// Where it listens, as seen from here.
fn address(env: &Env, service: &Service) -> Result<SocketAddr, ConfigError> {
    let port = env.or("PORT", &service.port.to_string())?;
    let address = match env.or("BIND_ADDRESS", "0.0.0.0")? {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        address => address,
    };
    Ok(SocketAddr::new(address, port))
}

/// Asks for `/health/ready`.
fn check(env: &Env, service: &Service) -> Result<(), Error> {
    let address = address(env, service)?;
    let scheme = if Identity::from_env(env)?.is_some() { "https" } else { "http" };
    let url = format!("{scheme}://{address}/health/ready");
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_asked_where_it_listens() {
        let service = Service { name: "a", port: 8090, title: "A", description: "" };
        for (variables, wanted) in [
            (&[][..], "127.0.0.1:8090"),
            (&[("PORT", "1")], "127.0.0.1:1"),
            (&[("BIND_ADDRESS", "0.0.0.0")], "127.0.0.1:8090"),
            (&[("BIND_ADDRESS", "::")], "[::1]:8090"),
            (&[("BIND_ADDRESS", "192.0.2.7")], "192.0.2.7:8090"),
        ] {
            let env = Env::from_values(variables.iter().copied());
            assert_eq!(address(&env, &service).unwrap().to_string(), wanted);
        }
        let wrong = Env::from_values([("BIND_ADDRESS", "localhost")]);
        assert_eq!(address(&wrong, &service).unwrap_err().variable, "BIND_ADDRESS");
    }
}
