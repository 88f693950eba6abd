//! The shape of many processes, on a RabbitMQ and a PostgreSQL of its own.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use chrono::Utc;
use domain::{Event, Registration, RegistrationId, RegistrationSubmitted};
use queue::USER_REGISTRATION;
use sqlx::{Connection, PgConnection};
use tempfile::TempDir;
use testkit::{Postgres, Process, RabbitMq, eventually, free_ports, http_client};
use tokio::net::TcpStream;
use uuid::Uuid;

use crate::{
    CONNECTIONS, ROUND, ROUNDS,
    load::Load,
    median, memory, monolith, peers,
    table::{note, row},
};

/// Bytes of a registration's message, about.
const MESSAGE_BYTES: usize = 420;
/// Messages of the backlog that is drained in one round.
const BACKLOG: usize = 60_000;
const PUBLISHED_TOGETHER: usize = 500;
const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// The servers, and a folder for what services write.
pub(crate) struct Servers {
    binary: PathBuf,
    pub(crate) broker: RabbitMq,
    pub(crate) database: Postgres,
    folder: TempDir,
}

/// Measures what is wanted; `false` where something that must be was missed.
pub(crate) async fn measure(binary: &Path, wanted: impl Fn(&str) -> bool) -> bool {
    println!(
        "\nRabbitMQ (quorum queues, confirms awaited) and PostgreSQL (synced), on the same cores\n"
    );
    let servers = Servers {
        binary: binary.to_owned(),
        broker: RabbitMq::start(),
        database: Postgres::start(),
        folder: tempfile::tempdir().expect("a temporary folder"),
    };
    let mut ok = true;
    if wanted("intake") {
        ok &= servers.intake().await;
    }
    if wanted("drain") {
        ok &= servers.drain(Backlog::Packed).await;
        ok &= servers.drain(Backlog::Single).await;
    }
    if wanted("mail") {
        ok &= servers.mail().await;
    }
    if wanted("report") {
        ok &= servers.report().await;
    }
    if wanted("console") {
        ok &= servers.console().await;
    }
    ok
}

impl Servers {
    pub(crate) fn launch(&self, service: &str, variables: &[(&str, String)]) -> Process {
        let mut all = vec![
            ("BIND_ADDRESS", "127.0.0.1".to_owned()),
            ("JWT_SECRET", SECRET.to_owned()),
            ("RATE_LIMIT_PER_MINUTE", "0".to_owned()),
            ("LOG_LEVEL", "warn".to_owned()),
        ];
        all.extend(variables.iter().cloned());
        let log = self.folder.path().join(format!("{service}.jsonl"));
        Process::start(&self.binary, &[service], &all, &log)
    }

    /// One Frontend, beside a publisher that does nothing but publish and a form that inserts its row.
    async fn intake(&self) -> bool {
        let url = self.broker.fresh_url();
        let [port] = free_ports();
        let variables = [("PORT", port.to_string()), ("QUEUE_URL", url.clone())];
        let process = self.launch("frontend", &variables);
        let address = format!("127.0.0.1:{port}");
        eventually("the Frontend listens", || async { TcpStream::connect(&address).await.ok() })
            .await;
        // The first registration makes the queues.
        Load::of_registrations(&address, 1_000).run(1, Duration::from_millis(500)).await;
        let database = self.database.url(&self.database.create_database());
        let form = monolith::start(&database).await.expect("a monolith");
        let (mut of_raw, mut of_form, mut late) = (vec![], vec![], vec![]);
        let (mut posts, mut raws, mut forms) = (vec![], vec![], vec![]);
        for round in 0..ROUNDS {
            let raw = peers::raw_publisher(&url, MESSAGE_BYTES, ROUND).await.expect("published");
            let load = Load::of_registrations(&address, round).run(CONNECTIONS, ROUND).await;
            let inserting = Load::of_registrations(&form, round).run(CONNECTIONS, ROUND).await;
            assert_eq!(load.refused + inserting.refused, 0, "a registration was refused");
            of_raw.push(load.per_second / raw);
            of_form.push(load.per_second / inserting.per_second);
            posts.push(load.per_second);
            raws.push(raw);
            forms.push(inserting.per_second);
            late.push(load.p99.as_secs_f64() * 1e3);
        }
        let (of_raw, of_form, p99) = (median(of_raw), median(of_form), median(late));
        let (posts, raws, forms) = (median(posts), median(raws), median(forms));
        let peak = memory::peak_mib(process.id());
        let name = format!("intake ({posts:.0}/s) : raw publisher ({raws:.0}/s)");
        let a = row(&name, &format!("{of_raw:.2}"), ">= 0.50", of_raw >= 0.5);
        let name = format!("intake : a monolith's INSERT each ({forms:.0}/s)");
        let d = row(&name, &format!("{of_form:.2}"), ">= 2.00", of_form >= 2.0);
        let b = row("  p99 of a registration", &format!("{p99:.1} ms"), "<= 50 ms", p99 <= 50.0);
        let c = row(
            "  peak memory of the Frontend",
            &format!("{peak:.0} MiB"),
            "<= 128 MiB",
            peak <= 128.0,
        );
        a && b && c && d
    }

    /// A Database Service that is ready, and its address.
    pub(crate) async fn database_service(&self, database: &str) -> (Process, String) {
        let [port] = free_ports();
        let at = format!("http://127.0.0.1:{port}");
        let variables = [("PORT", port.to_string()), ("DATABASE_URL", database.to_owned())];
        let service = self.launch("database-service", &variables);
        let http = http_client();
        eventually("the Database Service is ready", || async {
            let output = http.get(format!("{at}/health/ready")).send().await.ok()?;
            output.status().is_success().then_some(())
        })
        .await;
        (service, at)
    }

    /// From a backlog to rows and e-mail requests, beside a plain insert of as many rows.
    async fn drain(&self, backlog: Backlog) -> bool {
        let (mut ratios, mut rates, mut plains) = (vec![], vec![], vec![]);
        let (mut receiver_peak, mut service_peak) = (0.0_f64, 0.0_f64);
        for _ in 0..ROUNDS {
            let database = self.database.url(&self.database.create_database());
            let registrations: Vec<_> = (0..BACKLOG).map(|_| submitted()).collect();
            let plain = peers::plain_insert(&database, &registrations).await.expect("inserted");
            let url = self.broker.fresh_url();
            backlog.publish(&url).await;

            let (service, at) = self.database_service(&database).await;
            let [receiver_port] = free_ports();
            let variables = [
                ("PORT", receiver_port.to_string()),
                ("QUEUE_URL", url),
                ("DATABASE_SERVICE_URL", at),
            ];
            let started = Instant::now();
            let receiver = self.launch("queue-receiver", &variables);
            let seconds = drained(&database, started).await;
            #[expect(clippy::cast_precision_loss, reason = "a rate")]
            let rate = BACKLOG as f64 / seconds;
            receiver_peak = receiver_peak.max(memory::peak_mib(receiver.id()));
            service_peak = service_peak.max(memory::peak_mib(service.id()));
            ratios.push(rate / plain);
            rates.push(rate);
            plains.push(plain);
        }
        let ratio = median(ratios);
        let what = match backlog {
            Backlog::Packed => "drain",
            Backlog::Single => "drain of single events",
        };
        let name =
            format!("{what} ({:.0}/s) : plain insert ({:.0}/s)", median(rates), median(plains));
        let a = match backlog {
            Backlog::Packed => row(&name, &format!("{ratio:.2}"), ">= 0.25", ratio >= 0.25),
            Backlog::Single => note(&name, &format!("{ratio:.2}")),
        };
        let peak = receiver_peak.max(service_peak);
        let name = format!(
            "  peak memory, receiver {receiver_peak:.0}, database service {service_peak:.0} MiB"
        );
        a & row(&name, &format!("{peak:.0} MiB"), "<= 128 MiB", peak <= 128.0)
    }
}

/// Seconds from the first row to the last: the start of the process is not the drain.
async fn drained(database: &str, started: Instant) -> f64 {
    let mut connection = PgConnection::connect(database).await.expect("a connection");
    let mut first: Option<(Instant, i64)> = None;
    loop {
        // Ids have no gaps as long as nothing is done twice. To count would take a part of what is measured.
        let count: i64 = sqlx::query_scalar("SELECT coalesce(max(id), 0) FROM users")
            .fetch_one(&mut connection)
            .await
            .expect("a count");
        if count > 0 && first.is_none() {
            first = Some((Instant::now(), count));
        }
        if count >= i64::try_from(BACKLOG).unwrap_or(i64::MAX) {
            let (begun, already) = first.expect("there was a first");
            #[expect(clippy::cast_precision_loss, reason = "a share")]
            let share = BACKLOG as f64 / (BACKLOG as f64 - already as f64).max(1.0);
            return begun.elapsed().as_secs_f64() * share;
        }
        assert!(started.elapsed() < Duration::from_mins(2), "only {count} rows after two minutes");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// How a backlog lies in the queue.
#[derive(Clone, Copy)]
enum Backlog {
    /// As the system leaves it when registrations come faster than they are worked off.
    Packed,
    /// One event a message, as other programs publish.
    Single,
}

impl Backlog {
    async fn publish(self, url: &str) {
        let queue = queue::open(url, None).await.expect("a queue");
        let topic = USER_REGISTRATION;
        let event = || Event::new("/userstream/bench", submitted());
        match self {
            Self::Packed => {
                let mut left = BACKLOG;
                while left > 0 {
                    let count = left.min(PUBLISHED_TOGETHER);
                    let events = (0..count).map(|_| (event(), None));
                    topic.publish(&*queue, events).await.expect("published");
                    left -= count;
                }
            }
            Self::Single => {
                // Whoever asks for its depth makes the queue.
                queue.depth(topic.queue).await.expect("a depth");
                let events = (0..BACKLOG).map(|_| event().to_json());
                peers::publish_singly(url, topic.queue, events).await.expect("published");
            }
        }
    }
}

pub(crate) fn submitted() -> RegistrationSubmitted {
    let id = Uuid::new_v4();
    // People have their mailboxes at many places.
    let email = format!("{}@example{}.com", id.simple(), id.as_u128() % 1_000);
    RegistrationSubmitted {
        registration_id: RegistrationId(Uuid::now_v7()),
        person: Registration::parse("Augusta Ada", "Lovelace", &email).expect("a valid person"),
        submitted_at: Utc::now(),
        locale: Some("en-GB".into()),
    }
}
