//! Serving: plain or encrypted, with a deadline for every step that a client can drag out.
//!
//! | a client that | is ended |
//! |---|---|
//! | does not finish its TLS handshake | after 10 s |
//! | does not finish the head of a request, or stays idle | after [`HEAD_TIMEOUT`] |
//! | does not finish a body | after [`BODY_TIMEOUT`](super::extract::BODY_TIMEOUT), with a 408 |
//! | does not take what is written to it | after [`WRITE_TIMEOUT`] without a byte taken |
//! | sends a head larger than [`MAX_HEAD_BYTES`] or of more than 100 fields | with a 431 |
//! | is one too many, by [`most_connections`] | at once |

use std::{
    future::{Ready, ready},
    io,
    net::SocketAddr,
    pin::Pin,
    sync::OnceLock,
    time::Duration,
};

use axum::Router;
use axum_server::{
    Handle,
    accept::Accept,
    tls_rustls::{RustlsAcceptor, RustlsConfig},
};
use hyper_util::rt::TokioTimer;
use tokio::net::TcpStream;
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info, warn};

use crate::tls::{Identity, Pem};

/// How long the head of a request may take, from when the connection is ready for one. It must be longer
/// than [`IDLE_TIMEOUT`](super::client::IDLE_TIMEOUT) of our own clients.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a client may take nothing of what is written to it.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// The largest head of a request, in bytes.
const MAX_HEAD_BYTES: usize = 64 * 1024;
/// How often certificates are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Where a service listens, and what it proves itself with if it is HTTPS.
#[derive(Debug)]
pub struct Listener {
    tcp: std::net::TcpListener,
    identity: Option<Identity>,
}

impl Listener {
    /// Listens on `tcp`, which must not block; with an identity it speaks HTTPS, else HTTP.
    pub fn new(tcp: std::net::TcpListener, identity: Option<Identity>) -> Self {
        Self { tcp, identity }
    }

    /// Where it listens.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.tcp.local_addr()
    }

    /// `http` or `https`.
    pub fn scheme(&self) -> &'static str {
        if self.identity.is_some() { "https" } else { "http" }
    }
}

impl TryFrom<tokio::net::TcpListener> for Listener {
    type Error = io::Error;

    fn try_from(tcp: tokio::net::TcpListener) -> io::Result<Self> {
        Ok(Self { tcp: tcp.into_std()?, identity: None })
    }
}

/// Serves until shutdown is asked for; then finishes the requests in hand.
pub async fn serve(
    listener: Listener,
    router: Router,
    shutdown: CancellationToken,
) -> io::Result<()> {
    let handle = Handle::new();
    let mut server = axum_server::from_tcp(listener.tcp)?.handle(handle.clone()).http1_only();
    server
        .http_builder()
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(MAX_HEAD_BYTES);
    let app = router.into_make_service_with_connect_info::<SocketAddr>();
    let door = Door { handle: handle.clone() };
    let stop = async {
        shutdown.cancelled().await;
        // No deadline here: the process has one for all of its work.
        handle.graceful_shutdown(None);
    };
    let Some(identity) = listener.identity else {
        let (result, ()) = tokio::join!(server.acceptor(door).serve(app), stop);
        return result;
    };
    let pem = identity.read()?;
    let config = RustlsConfig::from_config(pem.server_config().map_err(io::Error::other)?);
    let acceptor = RustlsAcceptor::new(config.clone()).acceptor(door);
    show_expiry(&pem);
    let keeper = keep_up(&identity, pem, &config, &shutdown);
    let (result, (), ()) = tokio::join!(server.acceptor(acceptor).serve(app), stop, keeper);
    result
}

/// Takes up a certificate that was renewed, without a restart. One that cannot be used is told of, and the
/// one before stays.
async fn keep_up(
    identity: &Identity,
    mut current: Pem,
    config: &RustlsConfig,
    shutdown: &CancellationToken,
) {
    let file = identity.certificate().display();
    let mut refused = None;
    while shutdown.run_until_cancelled(tokio::time::sleep(LOOK_EVERY)).await.is_some() {
        let found = match identity.read() {
            Ok(found) if found == current || refused.as_ref() == Some(&found) => continue,
            Ok(found) => found,
            Err(error) => {
                debug!(%file, %error, "the certificate cannot be read now");
                continue;
            }
        };
        match found.server_config() {
            Ok(fresh) => {
                config.reload_from_config(fresh);
                show_expiry(&found);
                (current, refused) = (found, None);
                info!(%file, "the certificate was renewed");
            }
            Err(problem) => {
                // The two files are written one after the other: a moment later they may fit.
                error!(%file, problem, "the new certificate cannot be used; the one before stays");
                refused = Some(found);
            }
        }
    }
}

fn show_expiry(pem: &Pem) {
    if let Ok(end) = pem.expires_at() {
        #[expect(clippy::cast_precision_loss, reason = "a second in this century")]
        metrics::gauge!("userstream_certificate_expiry_timestamp_seconds")
            .set(end.timestamp() as f64);
    }
}

/// What every connection passes first.
#[derive(Clone)]
struct Door {
    handle: Handle<SocketAddr>,
}

impl<S> Accept<TcpStream, S> for Door {
    type Stream = Pin<Box<TimeoutStream<TcpStream>>>;
    type Service = S;
    type Future = Ready<io::Result<(Self::Stream, Self::Service)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        if self.handle.connection_count() > most_connections() {
            warn!("a connection was refused: there are too many");
            return ready(Err(io::ErrorKind::ConnectionRefused.into()));
        }
        // Answers are small and written in one go: waiting to fill a packet only delays them.
        let _ = stream.set_nodelay(true);
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(WRITE_TIMEOUT));
        ready(Ok((Box::pin(stream), service)))
    }
}

/// Connections that a service holds at one time, at the most: half of the files that the process may have
/// open, so that a flood of them takes none from the queue and the database; and no more than 10,000.
fn most_connections() -> usize {
    static MOST: OnceLock<usize> = OnceLock::new();
    *MOST.get_or_init(|| {
        let open_files = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
        open_files.and_then(|n| usize::try_from(n / 2).ok()).unwrap_or(usize::MAX).min(10_000)
    })
}
