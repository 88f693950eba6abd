//! Where the broker is: one node, or several of a cluster.

use std::{
    fmt,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use lapin::{
    Connection, ConnectionProperties,
    tcp::OwnedTLSConfig,
    types::FrameSize,
    uri::{AMQPScheme, AMQPUri},
};
use tokio::time::timeout;

use super::error::silent;
use crate::QueueError;

/// How long one node may take to open a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// How often both sides say that they live, in seconds: a peer that fell silent is missed after two.
const HEARTBEAT: u16 = 10;
/// Bytes of a frame, at the most. The client keeps room for 64 of them for every connection, so that
/// what brokers offer (128 KiB) would be 8 MiB for each.
const FRAME: FrameSize = 32 * 1024;

/// The nodes of one broker. The first that answers will do; after a failure the next is asked first.
pub(super) struct Endpoints {
    uris: Vec<AMQPUri>,
    first: AtomicUsize,
    tls: OwnedTLSConfig,
}

impl Endpoints {
    /// Reads a list such as `amqp://user:password@one:5672/vhost,amqp://two`.
    ///
    /// The error does not repeat the text, which may hold a password.
    pub(super) fn parse(list: &str, ca: Option<String>) -> Result<Self, String> {
        let uris = list.split(',').map(str::trim).filter(|u| !u.is_empty()).map(parse);
        let uris = uris.collect::<Result<Vec<_>, _>>()?;
        if uris.is_empty() {
            return Err("it names no broker".into());
        }
        let tls = OwnedTLSConfig { identity: None, cert_chain: ca };
        Ok(Self { uris, first: AtomicUsize::new(0), tls })
    }

    /// All of them, the one to ask first in front.
    fn in_turn(&self) -> impl Iterator<Item = &AMQPUri> {
        let first = self.first.load(Ordering::Relaxed) % self.uris.len();
        self.uris[first..].iter().chain(&self.uris[..first])
    }

    /// Opens a connection to the first node that answers, and tells which.
    pub(super) async fn connect(
        &self,
        purpose: &str,
    ) -> Result<(Connection, &AMQPUri), QueueError> {
        let mut last = silent("accept a connection");
        for uri in self.in_turn() {
            match timeout(CONNECT_TIMEOUT, self.connect_to(uri, purpose)).await {
                Ok(Ok(connection)) => return Ok((connection, uri)),
                Ok(Err(error)) => {
                    last = QueueError::Unavailable(format!("RabbitMQ at {}: {error}", Shown(uri)));
                }
                Err(_) => last = silent("accept a connection"),
            }
            self.first.fetch_add(1, Ordering::Relaxed);
        }
        Err(last)
    }

    async fn connect_to(&self, uri: &AMQPUri, purpose: &str) -> lapin::Result<Connection> {
        let name = format!("userstream {purpose}");
        let properties = ConnectionProperties::default().with_connection_name(name.into());
        let runtime = lapin::runtime::default_runtime()?;
        Connection::connect_uri_with_config(uri.clone(), properties, self.tls.clone(), runtime)
            .await
    }
}

fn parse(text: &str) -> Result<AMQPUri, String> {
    let mut uri: AMQPUri = text.parse().map_err(|e| format!("a URL in it cannot be read: {e}"))?;
    // By the letter of the URI's specification a slash at the end names a virtual host without a name, which
    // no broker has; whoever writes one means the default.
    if uri.vhost.is_empty() {
        uri.vhost = "/".into();
    }
    uri.query.heartbeat.get_or_insert(HEARTBEAT);
    uri.query.frame_max.get_or_insert(FRAME);
    Ok(uri)
}

/// A node as it may be logged: without who logs in there.
pub(super) struct Shown<'a>(pub(super) &'a AMQPUri);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.0.scheme {
            AMQPScheme::AMQP => "amqp",
            AMQPScheme::AMQPS => "amqps",
        };
        write!(f, "{scheme}://{}:{}", self.0.authority.host, self.0.authority.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(endpoints: &Endpoints) -> Vec<String> {
        endpoints.in_turn().map(|uri| Shown(uri).to_string()).collect()
    }

    #[test]
    fn each_node_has_its_turn() {
        let list = "amqp://me:secret@one, amqps://two:5671/vhost?heartbeat=3,amqp://three:1";
        let endpoints = Endpoints::parse(list, None).unwrap();
        assert_eq!(shown(&endpoints), ["amqp://one:5672", "amqps://two:5671", "amqp://three:1"]);
        let heartbeats: Vec<_> = endpoints.in_turn().map(|u| u.query.heartbeat).collect();
        assert_eq!(heartbeats, [Some(10), Some(3), Some(10)]);
        endpoints.first.store(1, Ordering::Relaxed);
        assert_eq!(shown(&endpoints), ["amqps://two:5671", "amqp://three:1", "amqp://one:5672"]);
        endpoints.first.store(3, Ordering::Relaxed);
        assert_eq!(shown(&endpoints)[0], "amqp://one:5672");
    }

    #[test]
    fn a_slash_at_the_end_is_the_default_virtual_host() {
        for (url, vhost) in [
            ("amqp://one", "/"),
            ("amqp://one:5672/", "/"),
            ("amqp://one:5672/%2f", "/"),
            ("amqp://one:5672/people", "people"),
        ] {
            let endpoints = Endpoints::parse(url, None).unwrap();
            assert_eq!(endpoints.uris[0].vhost, vhost, "{url}");
        }
    }

    #[test]
    fn a_mistake_is_told_without_the_password() {
        for list in ["", ",", "http://me:secret@one", "amqp://me:secret@one:port"] {
            let error = Endpoints::parse(list, None).err().unwrap();
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
