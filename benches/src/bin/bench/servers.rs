//! The shape of many processes, on a RabbitMQ and a PostgreSQL of its own.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::Utc;
use domain::{Event, Registration, RegistrationId, RegistrationSubmitted};
use queue::USER_REGISTRATION;
use sqlx::{Connection, PgConnection};
use tempfile::TempDir;
use testkit::{Postgres, Process, RabbitMq, eventually, free_ports, http_client, memory};
use tokio::net::TcpStream;
use uuid::Uuid;

use crate::{
    CONNECTIONS, MANY_ROUNDS, ROUND, Subject, forms, load::Load, mail::Sink, median, peak, peers,
    profile::Profile, table::Figure,
};

/// Bytes of a registration's message, about.
pub(crate) const MESSAGE_BYTES: usize = 420;
/// Messages of the backlog that is drained in one round.
const BACKLOG: u64 = 60_000;
const PUBLISHED_TOGETHER: u64 = 500;
/// With a drain.
const PATIENCE: Duration = Duration::from_mins(10);
const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// The servers, and a folder for what services write.
pub(crate) struct Servers {
    subject: Subject,
    pub(crate) broker: Arc<RabbitMq>,
    pub(crate) database: Arc<Postgres>,
    folder: TempDir,
}

/// Measures what is wanted; `false` where something that must be was missed.
pub(crate) async fn measure(subject: &Subject, wanted: impl Fn(&str) -> bool) -> bool {
    println!(
        "\nRabbitMQ (quorum queues, confirms awaited) and PostgreSQL (synced), on the same cores\n"
    );
    let servers = Servers::start(subject);
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
    pub(crate) fn start(subject: &Subject) -> Self {
        Self::on(Arc::new(RabbitMq::start()), Arc::new(Postgres::start()), subject)
    }

    /// The same servers for another build.
    pub(crate) fn with(&self, subject: &Subject) -> Self {
        Self::on(self.broker.clone(), self.database.clone(), subject)
    }

    fn on(broker: Arc<RabbitMq>, database: Arc<Postgres>, subject: &Subject) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self { subject: subject.clone(), broker, database, folder }
    }

    /// Begins a profile of this name.
    pub(crate) fn profile(&self, name: &'static str) -> Profile<'_> {
        Profile::start(&self.subject.folder, name)
    }

    pub(crate) fn launch(&self, service: &str, variables: &[(&str, String)]) -> Process {
        let mut all = vec![
            ("BIND_ADDRESS", "127.0.0.1".to_owned()),
            ("JWT_SECRET", SECRET.to_owned()),
            ("RATE_LIMIT_PER_MINUTE", "0".to_owned()),
            ("LOG_LEVEL", "warn".to_owned()),
        ];
        all.extend(variables.iter().cloned());
        let log = self.folder.path().join(format!("{service}.jsonl"));
        Process::start(&self.subject.binary, &[service], &all, &log)
    }

    /// A Frontend that takes registrations, and its address.
    pub(crate) async fn frontend(&self, url: &str) -> (Process, String) {
        let [port] = free_ports();
        let variables = [("PORT", port.to_string()), ("QUEUE_URL", url.to_owned())];
        let process = self.launch("frontend", &variables);
        let address = format!("127.0.0.1:{port}");
        eventually("the Frontend listens", || async { TcpStream::connect(&address).await.ok() })
            .await;
        // The first registration makes the queues.
        Load::of_registrations(&address, 1_000).run(1, Duration::from_millis(500)).await;
        (process, address)
    }

    /// One Frontend, beside a publisher that does nothing but publish, forms that do their work while the
    /// person waits, and one that does nothing.
    async fn intake(&self) -> bool {
        let url = self.broker.fresh_url();
        let (process, address) = self.frontend(&url).await;
        let sink = Sink::start().await;
        let fresh = || self.database.url(&self.database.create_database());
        let inserting = forms::that_inserts(&fresh()).await.expect("a form");
        let mailing = forms::that_inserts_and_mails(&fresh(), sink.port()).await.expect("a form");
        let bare = forms::that_does_nothing().await;
        let (mut ours, mut late, mut raws) = (vec![], vec![], vec![]);
        let mut forms = [vec![], vec![], vec![]];
        for round in 0..MANY_ROUNDS {
            raws.push(peers::raw_publisher(&url, MESSAGE_BYTES, ROUND).await.expect("published"));
            let load = Load::of_registrations(&address, round).run(CONNECTIONS, ROUND).await;
            ours.push(load.per_second);
            late.push(load.p99_millis());
            for (form, rates) in [&inserting, &mailing, &bare].into_iter().zip(&mut forms) {
                let load = Load::of_registrations(form, round).run(CONNECTIONS, ROUND).await;
                rates.push(load.per_second);
            }
        }
        let beside = |what, theirs: &[f64]| {
            let ratios = ours.iter().zip(theirs).map(|(our, their)| our / their).collect();
            let (ours, theirs) = (median(ours.clone()), median(theirs.to_vec()));
            Figure::ratio(what, ratios).detail(format!("{ours:.0}/s : {theirs:.0}/s"))
        };
        let [inserts, mails, nothing] = &forms;
        let mut ok = beside("intake : raw publisher", &raws).at_least(0.5).aim(0.75).show();
        ok &= beside("intake : a form that INSERTs", inserts).at_least(2.0).aim(3.0).show();
        ok &= beside("intake : a form that INSERTs and mails", mails).show();
        ok &= beside("intake : a form that does nothing", nothing).show();
        ok &= Figure::millis("  p99 of a registration", late).at_most(50.0).aim(20.0).show();
        let profile = self.profile("intake-rabbitmq");
        let load = Load::of_registrations(&address, MANY_ROUNDS).run(CONNECTIONS, ROUND).await;
        profile.end(load.done(), "registration");
        ok & peak("  peak memory of the Frontend", memory::peak_mib(process.id()))
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

    /// A receiver that begins at once.
    pub(crate) fn receiver(&self, url: &str, database_service: &str) -> Process {
        let [port] = free_ports();
        let variables = [
            ("PORT", port.to_string()),
            ("QUEUE_URL", url.to_owned()),
            ("DATABASE_SERVICE_URL", database_service.to_owned()),
        ];
        self.launch("queue-receiver", &variables)
    }

    /// From a backlog to rows and e-mail requests, beside a plain insert of as many rows.
    async fn drain(&self, backlog: Backlog) -> bool {
        let (mut ratios, mut rates, mut plains) = (vec![], vec![], vec![]);
        let (mut receiver_peak, mut service_peak) = (0.0_f64, 0.0_f64);
        for _ in 0..MANY_ROUNDS {
            let database = self.database.url(&self.database.create_database());
            let registrations: Vec<_> = (0..BACKLOG).map(|_| submitted()).collect();
            let plain = peers::plain_insert(&database, &registrations).await.expect("inserted");
            let (rate, receiver, service) = self.drain_once(&database, backlog, None).await;
            receiver_peak = receiver_peak.max(receiver);
            service_peak = service_peak.max(service);
            ratios.push(rate / plain);
            rates.push(rate);
            plains.push(plain);
        }
        let (what, profile) = backlog.names();
        let detail = format!("{:.0}/s : {:.0}/s", median(rates), median(plains));
        let figure = Figure::ratio(what, ratios).detail(detail);
        let ok = match backlog {
            Backlog::Packed => figure.at_least(0.25).aim(0.45).show(),
            Backlog::Single => figure.show(),
        };
        let database = self.database.url(&self.database.create_database());
        self.drain_once(&database, backlog, Some(profile)).await;
        ok & peak("  peak memory of the receiver", receiver_peak)
            & peak("  peak memory of the Database Service", service_peak)
    }

    /// Rows a second, and the peak memory of the receiver and of the Database Service in MiB.
    async fn drain_once(
        &self,
        database: &str,
        backlog: Backlog,
        profile: Option<&'static str>,
    ) -> (f64, f64, f64) {
        let url = self.broker.fresh_url();
        backlog.publish(&url, BACKLOG).await;
        let (service, at) = self.database_service(database).await;
        let receiver = self.receiver(&url, &at);
        let drain = Drain::started(database, 0).await;
        let profile = profile.map(|name| self.profile(name));
        let (rows, seconds) = drain.ended(BACKLOG).await;
        if let Some(profile) = profile {
            profile.end(rows, "registration");
        }
        (rows / seconds, memory::peak_mib(receiver.id()), memory::peak_mib(service.id()))
    }
}

/// A drain, from its first row: the start of the process is not part of it.
pub(crate) struct Drain {
    connection: PgConnection,
    before: u64,
    started: Instant,
    /// Rows that were there when it was seen to have started.
    already: u64,
}

impl Drain {
    /// Waits for the first row after `before`.
    pub(crate) async fn started(database: &str, before: u64) -> Self {
        let connection = PgConnection::connect(database).await.expect("a connection");
        let mut drain = Self { connection, before, started: Instant::now(), already: 0 };
        drain.already = drain.until(1).await;
        drain.started = Instant::now();
        drain
    }

    /// Waits until there are so many rows; how many that were from the start on, and in how many
    /// seconds.
    pub(crate) async fn ended(mut self, rows: u64) -> (f64, f64) {
        self.until(rows).await;
        #[expect(clippy::cast_precision_loss, reason = "a count of rows")]
        let rows = (rows - self.already) as f64;
        (rows, self.started.elapsed().as_secs_f64())
    }

    /// Waits until there are so many rows, and says how many there are.
    async fn until(&mut self, rows: u64) -> u64 {
        let since = Instant::now();
        loop {
            // Ids have no gaps as long as nothing is done twice. To count would take a part of what is
            // measured.
            let last: i64 = sqlx::query_scalar("SELECT coalesce(max(id), 0) FROM users")
                .fetch_one(&mut self.connection)
                .await
                .expect("a count");
            let done = u64::try_from(last).unwrap_or_default().saturating_sub(self.before);
            if done >= rows {
                return done;
            }
            assert!(since.elapsed() < PATIENCE, "only {done} of {rows} rows were drained");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// How a backlog lies in the queue.
#[derive(Clone, Copy)]
pub(crate) enum Backlog {
    /// As the system leaves it when registrations come faster than they are worked off.
    Packed,
    /// One event a message, as other programs publish.
    Single,
}

impl Backlog {
    /// What its drain is called in the table, and as a file.
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Packed => ("drain : plain insert", "drain"),
            Self::Single => ("drain of single events : plain insert", "drain-single"),
        }
    }

    pub(crate) async fn publish(self, url: &str, count: u64) {
        let queue = queue::open(url, None).await.expect("a queue");
        let topic = USER_REGISTRATION;
        let event = || Event::new("/userstream/bench", submitted());
        match self {
            Self::Packed => {
                let mut left = count;
                while left > 0 {
                    let together = left.min(PUBLISHED_TOGETHER);
                    let events = (0..together).map(|_| (event(), None));
                    topic.publish(&*queue, events).await.expect("published");
                    left -= together;
                }
            }
            Self::Single => {
                // Whoever asks for its depth makes the queue.
                queue.depth(topic.queue).await.expect("a depth");
                let events = (0..count).map(|_| event().to_json());
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
