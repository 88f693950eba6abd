//! `make demo`: 100,000 people through the whole system on a throw-away folder, and a comparison of
//! what went in with what came out: rows, e-mails and the report. Exits 0 if all agree, else 1.

mod check;
mod names;
mod people;

use std::{
    path::{Path, PathBuf},
    process::{ExitCode, Stdio},
    time::{Duration, Instant},
};

use indicatif::{HumanCount, HumanDuration, ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use testkit::{Console, System};

use crate::people::People;

/// Rows of the file that is imported.
const ROWS: usize = 100_000;
/// Without any progress for this long, something is stuck.
const PATIENCE: Duration = Duration::from_mins(1);

#[tokio::main]
async fn main() -> ExitCode {
    let Some(binary) = std::env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("usage: demo PATH-OF-USERSTREAM");
        return ExitCode::FAILURE;
    };
    let binary = binary.canonicalize().unwrap_or(binary);
    match demo(&binary).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(complaints) => {
            for complaint in complaints {
                eprintln!("  WRONG: {complaint}");
            }
            ExitCode::FAILURE
        }
    }
}

async fn demo(binary: &Path) -> Result<(), Vec<String>> {
    println!("==> Starting UserStream on a throw-away folder");
    let system = System::start(binary, &[]).await;
    let people = People::invent(ROWS);
    let file = system.data().join("people.csv");
    people.write(&file).map_err(|e| vec![e.to_string()])?;
    let (expected, refused) = (people.expected.len(), people.refused.len());
    println!(
        "==> Importing {} rows: {} people in {} scripts, {} of them twice, and {} bad rows",
        HumanCount(people.rows.len() as u64),
        HumanCount(expected as u64),
        names::SCRIPTS.len(),
        HumanCount(people.repeated as u64),
        refused
    );
    let started = Instant::now();
    let mut import = system.command(&["import", "var/people.csv"]);
    let import = import.stdout(Stdio::inherit()).stderr(Stdio::inherit()).status();
    if !import.is_ok_and(|status| status.success()) {
        return Err(vec!["the import did not succeed".into()]);
    }
    let imported = started.elapsed();

    println!("==> Waiting until every row is stored and mailed");
    let console = system.console().await;
    wait(&console, expected).await?;
    let mailed = started.elapsed();

    println!("==> Making the report");
    let asked = Instant::now();
    let report = console.report(&json!({"format": "csv", "report_name": "Demo"})).await;
    let reported = asked.elapsed();
    let file = console.download(&report).await;

    println!("==> Checking rows, e-mails and report against what went in");
    let mut complaints = check::report(&people, &report, &file);
    complaints.extend(check::outbox(&people, &system.data().join("outbox")));
    complaints.extend(check::refused(&people, &system.data().join("people.csv.errors.csv")));
    complaints.extend(check::stats(&people, &console.get("/stats").await));
    if !complaints.is_empty() {
        return Err(complaints);
    }
    print_figures(&people, imported, mailed, reported, file.len());
    Ok(())
}

async fn wait(console: &Console, expected: usize) -> Result<(), Vec<String>> {
    let style = "{bar:30} {percent:>3} %  {msg}  {per_sec}  {eta} left";
    let style =
        ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::new(expected as u64).with_style(style);
    let mut last = (0, Instant::now());
    loop {
        let stats = console.get("/stats").await;
        let sent = stats["notifications"]["sent"].as_u64().unwrap_or(0);
        bar.set_position(sent);
        bar.set_message(format!("{} stored, {} mailed", stats["users"]["total"], sent));
        let idle = |q: &Value| q["ready"] == 0 && q["delayed"] == 0 && q["unacknowledged"] == 0;
        if sent >= expected as u64 && stats["queues"].as_array().is_some_and(|q| q.iter().all(idle))
        {
            bar.finish_and_clear();
            return Ok(());
        }
        if sent > last.0 {
            last = (sent, Instant::now());
        }
        if last.1.elapsed() > PATIENCE {
            return Err(vec![format!("no progress for {}: {stats}", HumanDuration(PATIENCE))]);
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

fn print_figures(
    people: &People,
    imported: Duration,
    mailed: Duration,
    reported: Duration,
    bytes: usize,
) {
    let expected = people.expected.len() as u64;
    println!("\n  All agree.\n");
    println!("  rows in the file     {:>9}", HumanCount(people.rows.len() as u64));
    println!("  refused, each told   {:>9}", HumanCount(people.refused.len() as u64));
    println!("  repeated addresses   {:>9}", HumanCount(people.repeated as u64));
    println!("  stored               {:>9}", HumanCount(expected));
    println!("  mailed, each once    {:>9}", HumanCount(expected));
    println!("  lines of the report  {:>9}", HumanCount(expected));
    println!("  lost                 {:>9}", 0);
    println!(
        "\n  durable in the queue after {:.1} s, all mailed after {:.1} s",
        imported.as_secs_f64(),
        mailed.as_secs_f64()
    );
    println!("  report of {bytes} bytes after {:.1} s\n", reported.as_secs_f64());
}
