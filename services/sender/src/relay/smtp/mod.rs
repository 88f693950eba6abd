//! Delivery to a mail server by SMTP (RFC 5321).
//!
//! - Connections are kept and used again. At most as many e-mails are under way as there may be
//!   connections, and only a part of them to one domain.
//! - What became of an e-mail follows from the class of the server's reply; see [`verdict`].
//! - While the server is away, or says that it wants a pause (421), nothing is tried and nothing counted.
//!   One e-mail at a time then tries whether it is back.

mod connection;
mod domains;
mod gate;
mod tls;
mod verdict;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use lettre::Address;
use tokio::{sync::Semaphore, time::Instant};

use self::{
    connection::{Connection, Server},
    domains::Domains,
    gate::Gate,
    verdict::Verdict,
};
use super::{Delivered, NotNow, Outgoing};
use crate::SmtpSettings;

/// A connection that was idle for so long is not used again: servers close them after a while.
const IDLE: Duration = Duration::from_secs(30);
/// How long an e-mail waits here while others are on their way to its domain, and then elsewhere.
const DOMAIN_PATIENCE: Duration = Duration::from_secs(5);
const DOMAIN_PAUSE: Duration = Duration::from_secs(10);

/// The mail server, and the ways to it.
pub(crate) struct Smtp {
    server: Server,
    from: Address,
    idle: Mutex<Vec<(Connection, Instant)>>,
    places: Arc<Semaphore>,
    connections: usize,
    domains: Domains,
    gate: Gate,
}

impl Smtp {
    /// Connects to nobody yet.
    pub(super) fn new(settings: &SmtpSettings, from: Address) -> Result<Self, String> {
        let connections = settings.connections;
        Ok(Self {
            server: Server::new(settings, &from)?,
            from,
            idle: Mutex::default(),
            places: Arc::new(Semaphore::new(connections)),
            connections,
            domains: Domains::new(settings.connections_per_domain.min(connections)),
            gate: Gate::default(),
        })
    }

    pub(super) fn connections(&self) -> usize {
        self.connections
    }

    pub(super) fn ready(&self) -> Result<(), String> {
        self.gate.check()
    }

    /// Whether the server lets us in. Whoever asks often meets the same connection again.
    pub(super) async fn check(&self) -> Result<(), String> {
        // Where every connection has an e-mail on it there is nothing to ask.
        let Ok(_place) = self.places.try_acquire() else { return Ok(()) };
        if let Some(mut kept) = self.kept()
            && kept.reset().await
        {
            self.keep(kept);
            return Ok(());
        }
        self.keep(Connection::open(&self.server).await?);
        Ok(())
    }

    /// Hands over one e-mail.
    pub(super) async fn deliver(&self, mail: Outgoing) -> Result<Delivered, NotNow> {
        let domain = self.domains.enter(mail.recipient.domain());
        let _domain = tokio::time::timeout(DOMAIN_PATIENCE, domain)
            .await
            .map_err(|_| NotNow::Crowded(DOMAIN_PAUSE))?;
        let place = self.places.clone().acquire_owned().await;
        let place = place.map_err(|e| NotNow::Away(e.to_string()))?;
        // It may have gone away meanwhile.
        self.gate.still_open().map_err(NotNow::Away)?;
        let begun = Instant::now();
        let verdict = match self.attempt(&mail).await {
            Ok(verdict) => verdict,
            Err(why) => Verdict::Away(why),
        };
        match verdict {
            Verdict::Away(why) => {
                self.gate.close(&why);
                Err(NotNow::Away(why))
            }
            Verdict::Over { outcome, reply, undeliverable } => {
                self.gate.open(begun);
                Ok(Delivered { outcome, reply, undeliverable, place: Some(place) })
            }
        }
    }

    /// On a kept connection or, where that turns out to be dead or there is none, on a fresh one.
    async fn attempt(&self, mail: &Outgoing) -> Result<Verdict, String> {
        if let Some(mut kept) = self.kept() {
            let sent = kept.send(&self.from, &mail.recipient, &mail.bytes).await;
            let was_dead = matches!(&sent, Err(trouble) if trouble.found_it_dead());
            if !was_dead {
                return Ok(self.conclude(kept, sent).await);
            }
        }
        let mut fresh = Connection::open(&self.server).await?;
        let sent = fresh.send(&self.from, &mail.recipient, &mail.bytes).await;
        Ok(self.conclude(fresh, sent).await)
    }

    /// Judges, and keeps the connection if it is still good.
    async fn conclude(
        &self,
        mut connection: Connection,
        sent: Result<String, connection::Trouble>,
    ) -> Verdict {
        let (verdict, good) = match sent {
            Ok(reply) => (Verdict::sent(reply), true),
            Err(trouble) => {
                let good = trouble.leaves_it_good() && connection.reset().await;
                (verdict::of(&trouble), good)
            }
        };
        if good && !matches!(verdict, Verdict::Away(_)) {
            self.keep(connection);
        }
        verdict
    }

    fn keep(&self, connection: Connection) {
        self.idle().push((connection, Instant::now()));
    }

    /// The connection that was used last, so that those that are too many grow old.
    fn kept(&self) -> Option<Connection> {
        let mut idle = self.idle();
        let (connection, since) = idle.pop()?;
        if since.elapsed() < IDLE {
            return Some(connection);
        }
        // All others are older.
        idle.clear();
        None
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<(Connection, Instant)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
