//! A report of a million rows beside PostgreSQL's own way to write them into a file.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

use domain::{Event, ReportId, ReportRequested};
use queue::{Queue, REPORT_REQUESTS};
use sqlx::{Connection, Executor, PgConnection};
use tempfile::TempDir;
use testkit::{Process, free_ports, memory};

use crate::{ROUNDS, median, peak, servers::Servers, table::Figure};

const ROWS: u32 = 1_000_000;

impl Servers {
    /// From the request to a file that is complete, checked and in the log, through both services.
    pub(crate) async fn report(&self) -> bool {
        let database = self.database.url(&self.database.create_database());
        let (service, at) = self.database_service(&database).await;
        let mut connection = PgConnection::connect(&database).await.expect("a connection");
        crowd(&mut connection).await;
        let generator = self.generator(&at).await;
        let mut ok = true;
        for (format, what) in [
            ("csv", "CSV of 1,000,000 rows : \\copy"),
            ("ndjson", "  the same as NDJSON"),
            ("xlsx", "  the same as XLSX"),
        ] {
            let must = format == "csv";
            let rounds = if must { ROUNDS } else { 1 };
            let (mut ratios, mut ours, mut copies) = (vec![], vec![], vec![]);
            for _ in 0..rounds {
                let other = generator.folder.path().join("copied");
                let started = Instant::now();
                copy(&database, "id, name, surname, email, created_at, updated_at", &other);
                let theirs = started.elapsed().as_secs_f64();
                let (seconds, file) = generator.make(&mut connection, format).await;
                ratios.push(seconds / theirs);
                ours.push(seconds);
                copies.push(theirs);
                if must {
                    assert_same(&database, &file, &other);
                }
                fs::remove_file(file).expect("a file to remove");
            }
            let detail = format!("{:.1} s : {:.1} s", median(ours), median(copies));
            let figure = Figure::ratio(what, ratios).detail(detail);
            ok &= if must { figure.at_most(2.0).aim(1.3).show() } else { figure.show() };
        }
        let profile = self.profile("report");
        let (_, file) = generator.make(&mut connection, "csv").await;
        profile.end(f64::from(ROWS), "row");
        fs::remove_file(file).expect("a file to remove");
        ok & peak("  peak memory of the Report Generator", memory::peak_mib(generator.process.id()))
            & peak("  peak memory of the Database Service", memory::peak_mib(service.id()))
    }
}

/// A Report Generator, and where it puts its files.
pub(crate) struct Generator {
    pub(crate) process: Process,
    queue: Arc<dyn Queue>,
    folder: TempDir,
}

impl Servers {
    pub(crate) async fn generator(&self, database_service: &str) -> Generator {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let url = self.broker.fresh_url();
        let [port] = free_ports();
        let variables = [
            ("PORT", port.to_string()),
            ("QUEUE_URL", url.clone()),
            ("DATABASE_SERVICE_URL", database_service.to_owned()),
            ("REPORT_OUTPUT_DIR", folder.path().display().to_string()),
        ];
        let process = self.launch("report-generator", &variables);
        let queue = queue::open(&url, None).await.expect("a queue");
        Generator { process, queue, folder }
    }
}

impl Generator {
    /// Has a report made: the seconds it took, and its file.
    pub(crate) async fn make(&self, connection: &mut PgConnection, format: &str) -> (f64, PathBuf) {
        let request = request(format);
        let id = request.report_id;
        let file = self.folder.path().join(format!("{id}.{format}"));
        let started = Instant::now();
        let event = Event::new("/userstream/bench", request);
        REPORT_REQUESTS.publish(&*self.queue, [(event, None)]).await.expect("published");
        done(connection, id, started).await;
        (started.elapsed().as_secs_f64(), file)
    }
}

/// A million people, as if they had been there for long.
async fn crowd(connection: &mut PgConnection) {
    connection
        .execute(
            "INSERT INTO users (name, surname, email, search)
             SELECT 'Ada \"' || n || '\"', 'Lovelace', 'user' || n || '@example.com', 'ada lovelace'
             FROM generate_series(1, 1000000) n",
        )
        .await
        .expect("a crowd");
    connection.execute("VACUUM ANALYZE users").await.expect("a tidy table");
}

fn request(format: &str) -> ReportRequested {
    ReportRequested {
        report_id: ReportId::new(),
        format: format.into(),
        report_name: None,
        filters: None,
        columns: Vec::new(),
        options: None,
        requested_by: None,
        schedule_id: None,
        deliver_to: Vec::new(),
    }
}

/// What a person with a database tool would do.
fn copy(database: &str, columns: &str, file: &Path) {
    let command = format!(
        "\\copy (SELECT {columns} FROM users ORDER BY id) TO '{}' WITH (FORMAT csv, HEADER)",
        file.display()
    );
    let status = Command::new("psql").args([database, "-qXc", &command]).status();
    assert!(status.is_ok_and(|status| status.success()), "psql failed");
}

async fn done(connection: &mut PgConnection, id: ReportId, started: Instant) {
    loop {
        let status: Option<String> =
            sqlx::query_scalar("SELECT status FROM report_logs WHERE report_id = $1")
                .bind(id.0)
                .fetch_optional(&mut *connection)
                .await
                .expect("a status");
        match status.as_deref() {
            Some("done") => return,
            Some("failed") => panic!("the report failed"),
            _ => tokio::time::sleep(Duration::from_millis(10)).await,
        }
        assert!(started.elapsed() < Duration::from_mins(3), "the report is not done");
    }
}

/// Row by row what `\copy` writes, times as we write them.
fn assert_same(database: &str, file: &Path, copied: &Path) {
    let time = |column: &str| {
        format!(
            "to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') AS {column}"
        )
    };
    let columns =
        format!("id, name, surname, email, {}, {}", time("created_at"), time("updated_at"));
    copy(database, &columns, copied);
    let lines = |path: &Path| BufReader::new(File::open(path).expect("a file")).lines();
    let (mut ours, mut theirs) = (lines(file), lines(copied));
    loop {
        match (ours.next().transpose(), theirs.next().transpose()) {
            (Ok(None), Ok(None)) => return,
            (Ok(Some(our)), Ok(Some(their))) => assert_eq!(our.trim_end(), their),
            other => panic!("the files end differently: {other:?}"),
        }
    }
}
