//! TLS to the mail server: whom to trust, and a stream that is encrypted from its first byte.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
};

use lettre::transport::smtp::client::{AsyncTokioStream, Certificate, TlsParameters};
use runtime::Trust;
use rustls::pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

/// For `STARTTLS`, which the client library does by itself.
pub(super) fn parameters(host: &str, trust: &Trust) -> Result<TlsParameters, String> {
    let mut builder = TlsParameters::builder(host.to_owned());
    if let Some(ca) = trust.ca() {
        builder = builder.add_root_certificate(Certificate::from_pem(ca.as_bytes()).map_err(told)?);
    }
    builder.build_rustls().map_err(told)
}

/// For TLS from the first byte on, which that library does not do on a socket of ours.
#[derive(Clone)]
pub(super) struct Implicit {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl Implicit {
    pub(super) fn new(host: &str, trust: &Trust) -> Result<Self, String> {
        let name = ServerName::try_from(host.to_owned()).map_err(told)?;
        Ok(Self { connector: TlsConnector::from(trust.client_config().clone()), name })
    }

    pub(super) async fn encrypt(&self, stream: TcpStream) -> io::Result<Encrypted> {
        self.connector.connect(self.name.clone(), stream).await.map(Encrypted)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn told(error: impl ToString) -> String {
    error.to_string()
}

/// An encrypted stream as the client library takes it.
#[derive(Debug)]
pub(super) struct Encrypted(TlsStream<TcpStream>);

impl AsyncTokioStream for Encrypted {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.0.get_ref().0.peer_addr()
    }
}

impl AsyncRead for Encrypted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Encrypted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
