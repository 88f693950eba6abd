//! How the system of many processes grows: with more and more people, and with longer and longer backlogs.
//! It takes long, and its figures are curves, to be read by their shape.

use std::{fs, io};

use serde::Serialize;
use sqlx::{Connection, PgConnection};
use testkit::{Process, memory};

use crate::{
    CONNECTIONS, ROUND, Subject,
    console::{crowd, millis, pages, typed},
    load::Load,
    median, plot,
    servers::{Backlog, Drain, Servers},
    table::Machine,
};

const PEOPLE: [u64; 5] = [10_000, 30_000, 100_000, 300_000, 1_000_000];
const BACKLOGS: [u64; 5] = [10_000, 30_000, 100_000, 300_000, 1_000_000];
/// Registrations that are drained into a list of each size.
const DRAINED: u64 = 30_000;
const ROUNDS: usize = 3;

/// One figure, along something that grows.
#[derive(Serialize)]
pub(crate) struct Curve {
    pub(crate) what: &'static str,
    pub(crate) along: &'static str,
    pub(crate) points: Vec<(f64, f64)>,
}

#[derive(Serialize)]
struct Growth<'a> {
    machine: &'a Machine,
    curves: Vec<Curve>,
}

impl Growth<'_> {
    fn add(&mut self, what: &'static str, along: &'static str, at: f64, value: f64) {
        println!("{at:>10} {along:<10} {what:<50} {value:>10.1}");
        match self.curves.iter_mut().find(|curve| curve.what == what) {
            Some(curve) => curve.points.push((at, value)),
            None => self.curves.push(Curve { what, along, points: vec![(at, value)] }),
        }
    }
}

/// Measures all curves, prints them, and writes them down as JSON and as a picture.
pub(crate) async fn measure(subject: &Subject, machine: &Machine) -> io::Result<()> {
    let servers = Servers::start(subject);
    let mut growth = Growth { machine, curves: Vec::new() };
    with_people(&servers, &mut growth).await;
    with_backlog(&servers, &mut growth).await;
    let json = serde_json::to_string_pretty(&growth)? + "\n";
    fs::write(subject.folder.join("growth.json"), json)?;
    fs::write(subject.folder.join("growth.svg"), plot::curves(&growth.curves)?)
}

/// All that a list of people bears on.
async fn with_people(servers: &Servers, growth: &mut Growth<'_>) {
    let database = servers.database.url(&servers.database.create_database());
    let (service, at) = servers.database_service(&database).await;
    let mut connection = PgConnection::connect(&database).await.expect("a connection");
    let url = servers.broker.fresh_url();
    let (frontend, console) = servers.frontend_with_console(&url, &at).await;
    let generator = servers.generator(&at).await;
    let mut there = 0;
    for people in PEOPLE {
        crowd(&mut connection, there + 1, people).await;
        let mut add = |what, value| growth.add(what, "people", as_float(people), value);

        let (near, far) = pages(&console, last_id(&mut connection).await).await;
        add("first page of the list, ms", median(near));
        add("last page of the list, ms", median(far));
        let mut keystrokes = Vec::new();
        for text in typed() {
            keystrokes.push(millis(&console, &[("q", text)]).await);
        }
        add("search as one types, ms", median(keystrokes));

        let mut rates = Vec::new();
        for _ in 0..ROUNDS {
            let (seconds, file) = generator.make(&mut connection, "csv").await;
            rates.push(as_float(people) / seconds);
            fs::remove_file(file).expect("a file to remove");
        }
        add("rows of a CSV report/s", median(rates));

        let before = last_id(&mut connection).await;
        let rate = drain(servers, &database, &at, before, DRAINED).await.0;
        add("registrations drained/s", rate);

        let most = |process: &Process| memory::peak_mib(process.id());
        add("Database Service, peak MiB", most(&service));
        add("Report Generator, peak MiB", most(&generator.process));
        add("Frontend, peak MiB", most(&frontend));
        there = people;
    }
}

/// All that a backlog bears on.
async fn with_backlog(servers: &Servers, growth: &mut Growth<'_>) {
    for backlog in BACKLOGS {
        let database = servers.database.url(&servers.database.create_database());
        let (_service, at) = servers.database_service(&database).await;
        let url = servers.broker.fresh_url();
        Backlog::Packed.publish(&url, backlog).await;
        let mut add = |what, value| growth.add(what, "waiting", as_float(backlog), value);
        add("RabbitMQ, MiB", memory::resident_mib_of("beam.smp"));

        let (frontend, address) = servers.frontend(&url).await;
        let (mut rates, mut late, mut taken) = (vec![], vec![], 0.0);
        for round in 0..ROUNDS {
            let load = Load::of_registrations(&address, round).run(CONNECTIONS, ROUND).await;
            rates.push(load.per_second);
            late.push(load.p99_millis());
            taken += load.done();
        }
        drop(frontend);
        add("registrations taken in/s", median(rates));
        add("their p99, ms", median(late));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
        let all = backlog + taken as u64;
        let (rate, receiver) = drain_queue(servers, &database, &at, &url, 0, all).await;
        add("backlog drained/s", rate);
        add("Queue Receiver, peak MiB", receiver);
        let mut connection = PgConnection::connect(&database).await.expect("a connection");
        let bytes: i64 = sqlx::query_scalar("SELECT pg_database_size(current_database())")
            .fetch_one(&mut connection)
            .await
            .expect("a size");
        let bytes = as_float(u64::try_from(bytes).unwrap_or_default());
        add("PostgreSQL, bytes for each registration", bytes / as_float(all));
    }
}

/// Publishes and drains so many; registrations a second, and the receiver's peak memory in MiB.
async fn drain(servers: &Servers, database: &str, at: &str, before: u64, count: u64) -> (f64, f64) {
    let url = servers.broker.fresh_url();
    Backlog::Packed.publish(&url, count).await;
    drain_queue(servers, database, at, &url, before, count).await
}

async fn drain_queue(
    servers: &Servers,
    database: &str,
    at: &str,
    url: &str,
    before: u64,
    count: u64,
) -> (f64, f64) {
    let receiver = servers.receiver(url, at);
    let (rows, seconds) = Drain::started(database, before).await.ended(count).await;
    (rows / seconds, memory::peak_mib(receiver.id()))
}

async fn last_id(connection: &mut PgConnection) -> u64 {
    let last: i64 = sqlx::query_scalar("SELECT coalesce(max(id), 0) FROM users")
        .fetch_one(connection)
        .await
        .expect("an id");
    u64::try_from(last).unwrap_or_default()
}

fn as_float(count: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a place on an axis")]
    let float = count as f64;
    float
}
