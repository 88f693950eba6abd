//! Opens what a service works with. Only this binary does so; services are handed it.

use std::{
    io::{self, ErrorKind},
    net::{IpAddr, SocketAddr, TcpListener},
    sync::Arc,
};

use domain::{ConfirmationKeys, IdKey, RegistrationIdIssuer};
use queue::Queue;
use runtime::{
    ConfigError, Env, Secret, ServiceClient, ServiceTokens, config::error, tokens::required_secret,
};
use store::{RemoteStore, Store, StoreUrlError};

use crate::{cli::Role, database_url, error::Error};

/// The keys that are derived from the one secret.
pub(crate) struct Keys {
    pub(crate) tokens: ServiceTokens,
    pub(crate) ids: Arc<RegistrationIdIssuer>,
    pub(crate) confirmation: ConfirmationKeys,
}

impl Keys {
    /// Reads `JWT_SECRET` and `JWT_SECRET_PREVIOUS`.
    pub(crate) fn from_env(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self::new(&required_secret(env)?, env.secret("JWT_SECRET_PREVIOUS").as_ref()))
    }

    fn new(secret: &Secret, previous: Option<&Secret>) -> Self {
        let bytes = |s: &'_ Secret| s.expose().as_bytes().to_vec();
        let (current, previous_bytes) = (bytes(secret), previous.map(bytes));
        let previous_slice = previous_bytes.as_deref();
        Self {
            tokens: ServiceTokens::new(secret, previous),
            ids: Arc::new(RegistrationIdIssuer::new(
                IdKey::derive(&current),
                previous_slice.map(IdKey::derive),
            )),
            confirmation: ConfirmationKeys::derive(&current, previous_slice),
        }
    }
}

/// Opens the queue that a variable names.
pub(crate) async fn queue(env: &Env) -> Result<Arc<dyn Queue>, Error> {
    // The Frontend's variable came first; either is fine for any service.
    let variable =
        if env.text("QUEUE_URL").is_some() { "QUEUE_URL" } else { "REACT_APP_QUEUE_URL" };
    let url = env.text(variable).unwrap_or("amqp://localhost:5672");
    let opened = queue::open(url, trusted(env)?).await;
    opened.map_err(|e| error(variable, e.to_string(), "amqp://user:password@localhost:5672").into())
}

/// The certificate authority to trust, in PEM.
fn trusted(env: &Env) -> Result<Option<String>, ConfigError> {
    let read = |path: &str| {
        std::fs::read_to_string(path).map_err(|e| {
            error("TLS_CA_FILE", format!("{path:?} cannot be read: {e}"), "/etc/ssl/our-ca.pem")
        })
    };
    env.text("TLS_CA_FILE").map(read).transpose()
}

/// Opens the database that the variables name. PostgreSQL may be away: its store connects by itself.
pub(crate) async fn database(env: &Env) -> Result<Arc<dyn Store>, Error> {
    let (variable, url, example) = match env.text("DATABASE_URL") {
        Some(url) => ("DATABASE_URL", url.to_owned(), "sqlite:var/userstream.db"),
        None => ("DB_HOST", database_url::from_parts(env)?, "localhost"),
    };
    let opened = store::open_with_replica(&url, env.text("DATABASE_READ_URL")).await;
    opened.map_err(|e| match &e {
        StoreUrlError::NoReplica | StoreUrlError::Replica(_) => {
            error("DATABASE_READ_URL", e.to_string(), "postgres://reader@replica:5432/userstream")
                .into()
        }
        _ => error(variable, e.to_string(), example).into(),
    })
}

/// The Database Service as a store.
pub(crate) fn remote_store(
    env: &Env,
    tokens: &ServiceTokens,
    caller: &'static str,
) -> Result<Arc<dyn Store>, ConfigError> {
    let client = client(env, tokens, caller, Role::DatabaseService)?;
    let (base, http) = (client.base().to_owned(), client.http().clone());
    Ok(Arc::new(RemoteStore::new(base, http, Arc::new(move || client.token()))))
}

/// A client of another service.
pub(crate) fn client(
    env: &Env,
    tokens: &ServiceTokens,
    caller: &'static str,
    role: Role,
) -> Result<ServiceClient, ConfigError> {
    let variable = match role {
        Role::Frontend => "PUBLIC_URL",
        Role::QueueReceiver => "REACT_APP_API_URL",
        Role::Sender => "SENDER_SERVICE_URL",
        Role::DatabaseService => "DATABASE_SERVICE_URL",
        Role::ReportGenerator => "REPORT_GENERATOR_URL",
    };
    let base = env.http_url(variable, &format!("http://localhost:{}", role.port()))?;
    Ok(ServiceClient::new(tokens.clone(), caller, role.name(), &base))
}

/// The other services, for the Frontend's console.
pub(crate) fn services(
    env: &Env,
    tokens: &ServiceTokens,
) -> Result<frontend::Services, ConfigError> {
    let client = |role| client(env, tokens, Role::Frontend.name(), role);
    Ok(frontend::Services {
        queue_receiver: client(Role::QueueReceiver)?,
        sender: client(Role::Sender)?,
        database: client(Role::DatabaseService)?,
        report_generator: client(Role::ReportGenerator)?,
    })
}

/// Listens where the variables say.
pub(crate) fn listen(env: &Env, port: u16) -> Result<TcpListener, Error> {
    for variable in ["TLS_CERT_FILE", "TLS_KEY_FILE"] {
        if env.is_set(variable) {
            let problem = "TLS is not part of this version; unset it and put a TLS proxy in front";
            return Err(error(variable, problem, "").into());
        }
    }
    let address: IpAddr = env.or("BIND_ADDRESS", "0.0.0.0")?;
    let address = SocketAddr::new(address, port);
    let listen = || {
        let listener = TcpListener::bind(address)?;
        // For whichever runtime it is handed to.
        listener.set_nonblocking(true)?;
        Ok(listener)
    };
    listen().map_err(|e: io::Error| {
        Error::new(match e.kind() {
            ErrorKind::AddrInUse => format!(
                "port {port} is taken by another program. Stop it, or choose another port (see --help)."
            ),
            ErrorKind::PermissionDenied => format!("port {port} needs more rights. Choose one above 1023."),
            _ => format!("cannot listen on {address}: {e}"),
        })
    })
}
