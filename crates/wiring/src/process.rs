//! One service as a process: from its variables to its end.

use std::{io, pin::Pin, process::ExitCode};

use runtime::{Env, Listener, Service, shutdown, telemetry};
use tokio_util::sync::CancellationToken;
use tracing::info;

use crate::{Error, health, listen, use_small_pages};

/// A service that has all it needs but a listener and the word to stop.
pub struct Prepared(Box<dyn FnOnce(Listener, CancellationToken) -> Work + Send>);

type Work = Pin<Box<dyn Future<Output = io::Result<()>> + Send>>;

impl Prepared {
    /// Wraps what serves until it is told to stop.
    pub fn new<F: Future<Output = io::Result<()>> + Send + 'static>(
        serve: impl FnOnce(Listener, CancellationToken) -> F + Send + 'static,
    ) -> Self {
        Self(Box::new(move |listener, shutdown| Box::pin(serve(listener, shutdown))))
    }
}

/// The `main` of a service. With the word `health` it asks the copy that runs here, for containers.
pub fn main(
    service: &Service,
    prepare: impl AsyncFnOnce(&Env) -> Result<Prepared, Error>,
) -> ExitCode {
    use_small_pages();
    if std::env::args().nth(1).is_some_and(|word| word == "health") {
        return health::main(service);
    }
    let ended = Env::load().map_err(Error::from).and_then(|env| run(&env, service, prepare));
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}: {error}", service.name);
            ExitCode::FAILURE
        }
    }
}

/// Prepares a service, and runs it until a signal or its own end.
pub fn run(
    env: &Env,
    service: &Service,
    prepare: impl AsyncFnOnce(&Env) -> Result<Prepared, Error>,
) -> Result<(), Error> {
    let _telemetry = telemetry::start(env, service.name)?;
    tokio::runtime::Runtime::new()?.block_on(async {
        let shutdown = shutdown::on_signals()?;
        let port = env.or("PORT", &service.port.to_string())?;
        let Prepared(serve) = prepare(env).await?;
        let listener = listen(env, port)?;
        info!(address = %listener.local_addr()?, scheme = listener.scheme(), "listening");
        let work = serve(listener, shutdown.clone());
        shutdown::within_grace(&shutdown, work).await.unwrap_or(Ok(()))?;
        info!("stopped");
        Ok(())
    })
}
