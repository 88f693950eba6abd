//! A mail server that does as a test tells it (RFC 5321).

use std::{
    collections::HashMap,
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::net::{TcpListener, TcpSocket};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use self::session::Session;
use crate::Certificate;

mod session;
mod tls;

/// Takes e-mails on a port of loopback until it is dropped, and keeps them.
pub struct MailServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    running: Mutex<CancellationToken>,
}

/// What a mail server asks of who comes.
#[derive(Clone, Debug, Default)]
pub struct MailServerSettings {
    /// Encryption, with what proves the server to be itself.
    pub tls: Option<(MailTls, Certificate)>,
    /// User and password without which nothing is taken.
    pub login: Option<(String, String)>,
    /// Whether several commands may come at once (RFC 2920).
    pub pipelining: bool,
}

/// How a connection is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailTls {
    /// By `STARTTLS`.
    StartTls,
    /// From the first byte on.
    Implicit,
}

/// What the server does with an attempt at a recipient.
#[derive(Clone, Debug)]
pub enum MailBehaviour {
    /// Takes the e-mail.
    Take,
    /// Answers this at a step, such as `451 4.2.1 later`; 421 closes the connection too.
    Answer(MailStep, &'static str),
    /// Cuts the connection at a step.
    Cut(MailStep),
    /// Takes the e-mail, but is slow about it at a step.
    Slow(MailStep, Duration),
}

/// A step of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailStep {
    /// `RCPT TO`
    Recipient,
    /// In the middle of the e-mail.
    Data,
    /// When the whole e-mail is there.
    Message,
}

/// An e-mail that was taken.
#[derive(Clone, Debug)]
pub struct TakenMail {
    /// Of the envelope.
    pub recipient: String,
    /// As it came, without the dots that SMTP adds.
    pub bytes: Vec<u8>,
    /// Whether it came encrypted.
    pub encrypted: bool,
    /// Who had logged in.
    pub user: Option<String>,
}

impl TakenMail {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<String> {
        let text = String::from_utf8_lossy(&self.bytes);
        let headers = text.split("\r\n\r\n").next()?;
        let prefix = format!("{name}: ");
        headers.lines().find_map(|line| line.strip_prefix(&prefix)).map(str::to_owned)
    }
}

#[derive(Default)]
struct Shared {
    settings: MailServerSettings,
    acceptor: Option<TlsAcceptor>,
    taken: Mutex<Vec<TakenMail>>,
    scripts: Mutex<HashMap<String, Vec<MailBehaviour>>>,
    connections: AtomicUsize,
}

impl MailServer {
    /// Takes everything.
    pub fn start() -> Self {
        Self::start_with(MailServerSettings::default())
    }

    /// Starts a server on a free port.
    pub fn start_with(settings: MailServerSettings) -> Self {
        let acceptor = settings.tls.as_ref().map(|(_, certificate)| tls::acceptor(certificate));
        let shared = Arc::new(Shared { settings, acceptor, ..Shared::default() });
        let listener = listen(([127, 0, 0, 1], 0).into()).expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let server = Self { address, shared, running: Mutex::default() };
        server.accept(listener);
        server
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// What it does with each attempt at a recipient, the last for ever.
    pub fn script(&self, recipient: &str, behaviours: impl Into<Vec<MailBehaviour>>) {
        let mut behaviours = behaviours.into();
        behaviours.reverse();
        lock(&self.shared.scripts).insert(recipient.to_owned(), behaviours);
    }

    /// What it has taken.
    pub fn taken(&self) -> Vec<TakenMail> {
        lock(&self.shared.taken).clone()
    }

    /// How many e-mails it has taken.
    pub fn count(&self) -> usize {
        lock(&self.shared.taken).len()
    }

    /// How many connections it has seen.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::Relaxed)
    }

    /// Closes its port, and cuts all connections.
    pub fn stop(&self) {
        lock(&self.running).cancel();
    }

    /// Listens on the same port again.
    pub async fn start_again(&self) {
        let listener = loop {
            match listen(self.address) {
                Ok(listener) => break listener,
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        };
        self.accept(listener);
    }

    fn accept(&self, listener: TcpListener) {
        let running = CancellationToken::new();
        *lock(&self.running) = running.clone();
        let shared = self.shared.clone();
        let cut = running.clone();
        tokio::spawn(running.run_until_cancelled_owned(async move {
            while let Ok((stream, _)) = listener.accept().await {
                shared.connections.fetch_add(1, Ordering::Relaxed);
                let _ = stream.set_nodelay(true);
                // Whoever breaks off is of no more interest.
                let session = Session::run(shared.clone(), stream);
                tokio::spawn(cut.clone().run_until_cancelled_owned(session));
            }
        }));
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Shared {
    /// What to do with this attempt.
    fn next(&self, recipient: &str) -> MailBehaviour {
        match lock(&self.scripts).get_mut(recipient).map(|left| (left.len(), left)) {
            None | Some((0, _)) => MailBehaviour::Take,
            Some((1, left)) => left[0].clone(),
            Some((_, left)) => left.pop().unwrap_or(MailBehaviour::Take),
        }
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(1024)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
