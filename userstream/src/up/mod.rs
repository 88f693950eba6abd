//! `userstream up`: all five services in one process, with nothing to set up.

mod banner;
pub(crate) mod data;
mod launch;

use std::{io, sync::Arc, time::Duration};

use runtime::{Env, Identity, Listener, shutdown, telemetry};
use store::Store;
use tokio::runtime::{Handle, Runtime};
use tracing::{error, info};

use wiring::{Error, Keys, listen};

use crate::cli::{Role, UpOptions};

/// How far the background gives way to the Frontend: about a tenth of a contended processor.
const BACKGROUND_NICENESS: i32 = 10;
/// How long threads may take to end once all services have.
const LAST_WORDS: Duration = Duration::from_secs(2);

pub(crate) fn run(env: Env, options: &UpOptions) -> Result<(), Error> {
    let _telemetry = telemetry::start(&env, "userstream")?;
    let background = background_runtime()?;
    let result = tokio::runtime::Runtime::new()?.block_on(start(env, options, background.handle()));
    background.shutdown_timeout(LAST_WORDS);
    result
}

/// Where all but the Frontend run: threads that give way to its own, since a person waits for the
/// Frontend, and for the rest there is a queue.
fn background_runtime() -> io::Result<Runtime> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        // Half of the cores: the other half is then free at once when a person comes.
        .worker_threads(cores.div_ceil(2))
        .thread_name("background")
        .on_thread_start(|| {
            // Threads that the database's library starts from here inherit it. Where it is not
            // allowed, all are equal.
            let _ = rustix::process::setpriority_process(None, BACKGROUND_NICENESS);
        })
        .build()
}

async fn start(env: Env, options: &UpOptions, background: &Handle) -> Result<(), Error> {
    let shutdown = shutdown::on_signals()?;
    let dir = &options.data_dir;
    data::prepare(dir)?;
    let env = with_defaults(env, options)?;
    let keys = Keys::from_env(&env)?;
    let listeners = listeners(&env, options)?;
    let store = open_database(env.clone(), background).await?;
    let administrator = data::first_administrator(&env, &*store).await?;
    let env = match &administrator {
        Some(first) => env.with_defaults([
            ("ADMIN_EMAIL", first.email.as_str()),
            ("ADMIN_PASSWORD", first.password.expose()),
        ]),
        None => env,
    };
    let mut services = launch::all(&env, keys, store, listeners, background, &shutdown).await?;
    banner::print(&env, dir, administrator.as_ref());

    // One service that ends takes the process with it: half a system is no system.
    let ended = async {
        let mut result = Ok(());
        while let Some(joined) = services.join_next().await {
            shutdown.cancel();
            if let (role, Err(e)) = joined.map_err(io::Error::other)? {
                error!(service = role.name(), error = %e, "ended with an error");
                result = Err(e);
            }
        }
        result
    };
    shutdown::within_grace(&shutdown, ended).await.unwrap_or(Ok(()))?;
    info!("stopped");
    Ok(())
}

/// What is set stays; all else has a default under the data folder.
fn with_defaults(env: Env, options: &UpOptions) -> Result<Env, Error> {
    let secret = data::secret(&env, &options.data_dir)?;
    defaults(env, options, secret)
}

/// The same with a secret that is known.
pub(crate) fn defaults(env: Env, options: &UpOptions, secret: String) -> Result<Env, Error> {
    let dir = &options.data_dir;
    let path = |name: &str| dir.join(name).display().to_string();
    let port = frontend_port(&env, options)?;
    // By TLS to a name: few certificates are for an address.
    let at = match Identity::from_env(&env)? {
        Some(_) => |port: u16| format!("https://localhost:{port}"),
        None => |port: u16| format!("http://127.0.0.1:{port}"),
    };
    let mut defaults = vec![
        ("JWT_SECRET", secret),
        ("DATABASE_URL", format!("sqlite:{}", path("userstream.db"))),
        ("QUEUE_URL", format!("sqlite:{}", path("queue.db"))),
        ("MAIL_OUTBOX_DIR", path("outbox")),
        ("REPORT_OUTPUT_DIR", path("reports")),
        ("BIND_ADDRESS", "127.0.0.1".to_owned()),
        ("PUBLIC_URL", at(port).replace("127.0.0.1", "localhost")),
        ("REACT_APP_API_URL", at(options.queue_receiver_port)),
        ("SENDER_SERVICE_URL", at(options.sender_port)),
        ("DATABASE_SERVICE_URL", at(options.database_service_port)),
        ("REPORT_GENERATOR_URL", at(options.report_generator_port)),
    ];
    // A person who names a server by its parts, or by the older variable, means it.
    let named = |default: &str| match default {
        "DATABASE_URL" => wiring::DATABASE_PARTS.iter().any(|part| env.is_set(part)),
        "QUEUE_URL" => env.is_set("REACT_APP_QUEUE_URL"),
        _ => false,
    };
    defaults.retain(|(variable, _)| !named(variable));
    Ok(env.with_defaults(defaults))
}

fn frontend_port(env: &Env, options: &UpOptions) -> Result<u16, Error> {
    Ok(match options.port {
        Some(port) => port,
        None => env.or("PORT", &Role::Frontend.port().to_string())?,
    })
}

/// A listener for each service, in the order of the way through the system.
fn listeners(env: &Env, options: &UpOptions) -> Result<[Listener; 5], Error> {
    Ok([
        listen(env, frontend_port(env, options)?)?,
        listen(env, options.queue_receiver_port)?,
        listen(env, options.sender_port)?,
        listen(env, options.database_service_port)?,
        listen(env, options.report_generator_port)?,
    ])
}

/// Opens the database in the background, where its threads belong.
async fn open_database(env: Env, background: &Handle) -> Result<Arc<dyn Store>, Error> {
    let opened = background.spawn(async move { wiring::database(&env).await });
    opened.await.map_err(io::Error::other)?
}
