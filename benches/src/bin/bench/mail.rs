//! E-mails from the queue to a mail server that takes and drops them, beside Postfix's own source of load on
//! the same server.

use std::{
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use domain::{EmailRequested, Event, Recipient};
use queue::EMAIL_NOTIFICATIONS;
use serde_json::Map;
use sqlx::{Connection, PgConnection};
use store::NewRegistration;
use testkit::{eventually, free_ports, memory};
use tokio::net::TcpStream;

use crate::{
    ROUNDS, median, peak,
    servers::{Servers, submitted},
    table::Figure,
};

/// E-mails of one round.
const MAILS: usize = 20_000;
/// Bytes of an e-mail, about.
const MAIL_BYTES: usize = 5_000;
/// Connections of smtp-source. The Sender has as many as it has by default: each of its own waits for the
/// log after every e-mail, before it may take the next.
const CONNECTIONS: usize = 32;
const TOGETHER: usize = 500;

/// A mail server that drops everything.
pub(crate) struct Sink {
    child: Child,
    port: u16,
}

impl Sink {
    pub(crate) async fn start() -> Self {
        let [port] = free_ports();
        let child = Command::new("smtp-sink")
            .args(["-u", "nobody", &format!("127.0.0.1:{port}"), "1024"])
            .stdin(Stdio::null())
            .spawn()
            .expect("smtp-sink is installed: scripts/install-test-tools postfix");
        let sink = Self { child, port };
        let address = format!("127.0.0.1:{port}");
        eventually("the sink listens", || async { TcpStream::connect(&address).await.ok() }).await;
        sink
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// What the peer hands over in a second, on connections that it keeps.
    fn source(&self) -> f64 {
        let started = Instant::now();
        let status = Command::new("smtp-source")
            .args(["-d", "-s", &CONNECTIONS.to_string(), "-m", &MAILS.to_string()])
            .args(["-l", &MAIL_BYTES.to_string(), "-f", "a@example.com", "-t", "b@example.org"])
            .arg(format!("127.0.0.1:{}", self.port))
            .status();
        assert!(status.is_ok_and(|status| status.success()), "smtp-source failed");
        per_second(MAILS, started.elapsed())
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn per_second(count: usize, took: Duration) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    let count = count as f64;
    count / took.as_secs_f64()
}

impl Servers {
    /// One Sender: claim, write, hand over and record, all real.
    pub(crate) async fn mail(&self) -> bool {
        let sink = Sink::start().await;
        let (mut ratios, mut rates, mut sources) = (vec![], vec![], vec![]);
        let mut most = 0.0_f64;
        for _ in 0..ROUNDS {
            let source = tokio::task::block_in_place(|| sink.source());
            let (rate, mib) = self.send_once(&sink, None).await;
            most = most.max(mib);
            ratios.push(rate / source);
            rates.push(rate);
            sources.push(source);
        }
        let detail = format!("{:.0}/s : {:.0}/s", median(rates), median(sources));
        let ratio = Figure::ratio("e-mail : smtp-source", ratios).detail(detail);
        let ok = ratio.at_least(0.30).aim(0.60).show();
        self.send_once(&sink, Some("e-mail")).await;
        ok & peak("  peak memory, Sender or Database Service", most)
    }

    /// E-mails a second, and the peak memory of whichever service had more, in MiB.
    async fn send_once(&self, sink: &Sink, profile: Option<&'static str>) -> (f64, f64) {
        let (url, database) = self.with_mails_to_send().await;
        let (service, at) = self.database_service(&database).await;
        let [port] = free_ports();
        let variables = [
            ("PORT", port.to_string()),
            ("QUEUE_URL", url),
            ("DATABASE_SERVICE_URL", at),
            ("SMTP_HOST", "127.0.0.1".into()),
            ("SMTP_PORT", sink.port.to_string()),
            ("SMTP_TLS", "none".into()),
        ];
        let profile = profile.map(|name| self.profile(name));
        let started = Instant::now();
        let sender = self.launch("sender", &variables);
        let rate = all_sent(&database, started).await;
        if let Some(profile) = profile {
            #[expect(clippy::cast_precision_loss, reason = "a rate")]
            profile.end(MAILS as f64, "e-mail");
        }
        (rate, memory::peak_mib(sender.id()).max(memory::peak_mib(service.id())))
    }

    /// A queue and a database with e-mails that are asked for.
    async fn with_mails_to_send(&self) -> (String, String) {
        let database = self.database.url(&self.database.create_database());
        let url = self.broker.fresh_url();
        let store = store::open(&database).await.expect("a database");
        eventually("the database is ready", || async { store.check().await.ok() }).await;
        let queue = queue::open(&url, None).await.expect("a queue");
        let mut left = MAILS;
        while left > 0 {
            let people: Vec<_> = (0..left.min(TOGETHER)).map(|_| person()).collect();
            let recorded = store.record(&people).await.expect("recorded");
            let events: Vec<_> = recorded
                .into_iter()
                .map(|recorded| {
                    let data = EmailRequested {
                        notification_id: recorded.notification_id.expect("it is new"),
                        to: Recipient::User(recorded.user_id.expect("it is new")),
                        template: recorded.notification_type.expect("it is new"),
                        context: Map::new(),
                    };
                    (Event::new("/userstream/bench", data), None)
                })
                .collect();
            EMAIL_NOTIFICATIONS.publish(&*queue, events).await.expect("published");
            left -= people.len();
        }
        (url, database)
    }
}

fn person() -> NewRegistration {
    let submitted = submitted();
    NewRegistration {
        registration_id: submitted.registration_id,
        person: submitted.person,
        submitted_at: submitted.submitted_at,
        locale: submitted.locale,
    }
}

/// E-mails a second, from the first to the last: the start of the process is not the sending.
async fn all_sent(database: &str, started: Instant) -> f64 {
    let mut connection = PgConnection::connect(database).await.expect("a connection");
    let mut first: Option<(Instant, usize)> = None;
    loop {
        // To count each time would take a part of what is measured.
        match first {
            None => {
                let already = sent(&mut connection).await;
                first = (already > 0).then(|| (Instant::now(), already));
            }
            Some((begun, already)) if !any_left(&mut connection).await => {
                let took = begun.elapsed();
                assert_eq!(sent(&mut connection).await, MAILS, "not all were sent");
                return per_second(MAILS - already, took);
            }
            Some(_) => {}
        }
        assert!(started.elapsed() < Duration::from_mins(2), "not all sent after two minutes");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn sent(connection: &mut PgConnection) -> usize {
    let count: i64 =
        sqlx::query_scalar("SELECT count(*) FROM notification_logs WHERE status = 'sent'")
            .fetch_one(connection)
            .await
            .expect("a count");
    usize::try_from(count).unwrap_or_default()
}

async fn any_left(connection: &mut PgConnection) -> bool {
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM notification_logs WHERE status = 'queued')
             OR EXISTS (SELECT FROM notification_logs WHERE status = 'sending')",
    )
    .fetch_one(connection)
    .await
    .expect("an answer")
}
