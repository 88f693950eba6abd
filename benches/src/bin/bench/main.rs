//! `make bench`: the release binary measured, each figure a ratio beside its limit or peer of the
//! same run, since absolute figures say more about the machine than about us.

mod console;
mod disk;
mod load;
mod mail;
mod memory;
mod monolith;
mod peers;
mod report;
mod servers;
mod table;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Duration, Instant},
};

use testkit::{Process, System, eventually, free_ports};
use tokio::net::TcpStream;

use crate::{
    load::Load,
    table::{Machine, row},
};

/// Connections that send at one time, each waiting for its answer.
const CONNECTIONS: usize = 64;
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_secs(2);

#[tokio::main]
async fn main() -> ExitCode {
    let Some(binary) = std::env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!(
            "usage: bench PATH-OF-USERSTREAM [start|alone|up|intake|drain|mail|report|console]"
        );
        return ExitCode::FAILURE;
    };
    let binary = binary.canonicalize().unwrap_or(binary);
    let machine = Machine::here();
    machine.show();
    println!("{ROUNDS} rounds each, medians\n");
    println!("{:<52} {:>12} {:>10}", "what", "figure", "must");
    let only = std::env::args().nth(2);
    let wanted = |part: &str| only.as_deref().is_none_or(|only| only == part);
    let mut ok = true;
    if wanted("start") {
        ok &= start(&binary).await;
    }
    if wanted("alone") {
        ok &= intake_alone(&binary).await;
    }
    if wanted("up") {
        ok &= intake_of_all(&binary).await;
    }
    if wanted("console") {
        ok &= console::embedded(&binary).await;
    }
    if ["intake", "drain", "mail", "report", "console"].into_iter().any(wanted) {
        ok &= servers::measure(&binary, wanted).await;
    }
    match table::write(binary.parent().unwrap_or(Path::new(".")), &machine) {
        Ok(path) => println!("\nthe same as JSON: {}", path.display()),
        Err(error) => {
            eprintln!("the figures could not be written down: {error}");
            ok = false;
        }
    }
    if ok { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Time from start to ready, and memory when nothing happens.
async fn start(binary: &Path) -> bool {
    let mut seconds = Vec::new();
    let mut system = None;
    for _ in 0..ROUNDS {
        drop(system.take());
        let started = Instant::now();
        system = Some(System::start(binary, &[("LOG_LEVEL", "warn")]).await);
        seconds.push(started.elapsed().as_secs_f64());
    }
    let ready = median(seconds);
    let mut system = system.expect("there was a round");
    tokio::time::sleep(Duration::from_secs(3)).await;
    let idle = memory::resident_mib(system.process().id());
    let a =
        row("start of the whole system to ready", &format!("{ready:.2} s"), "<= 1 s", ready <= 1.0);
    let b = row("its memory when idle", &format!("{idle:.0} MiB"), "<= 64 MiB", idle <= 64.0);
    a && b
}

/// The Frontend by itself on an embedded queue: what intake costs when nothing else runs.
async fn intake_alone(binary: &Path) -> bool {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let [port] = free_ports();
    let variables = [
        ("PORT", port.to_string()),
        ("BIND_ADDRESS", "127.0.0.1".into()),
        ("JWT_SECRET", "0123456789abcdef0123456789abcdef".into()),
        ("QUEUE_URL", "sqlite:queue.db".into()),
        ("RATE_LIMIT_PER_MINUTE", "0".into()),
    ];
    let log = dir.path().join("log.jsonl");
    let _process = Process::start(binary, &["frontend"], &variables, &log);
    let address = format!("127.0.0.1:{port}");
    eventually("the Frontend listens", || async { TcpStream::connect(&address).await.ok() }).await;
    let Intake { ratio, posts, live, p99 } = measure(&address).await;
    let name = format!("Frontend alone: intake ({posts:.0}/s) : live ({live:.0}/s)");
    let a = row(&name, &format!("{ratio:.2}"), ">= 0.40", ratio >= 0.40);
    let b = row("  p99 of a registration", &format!("{p99:.1} ms"), "<= 50 ms", p99 <= 50.0);
    a && b
}

/// The whole system in one process: intake while everything behind it works the backlog off.
async fn intake_of_all(binary: &Path) -> bool {
    let mut system = System::start(binary, &[]).await;
    let address = format!("127.0.0.1:{}", system.ports().frontend);
    let Intake { ratio, posts, live, p99 } = measure(&address).await;
    let peak = memory::peak_mib(system.process().id());
    let name = format!("up, all draining: intake ({posts:.0}/s) : live ({live:.0}/s)");
    let a = row(&name, &format!("{ratio:.2}"), ">= 0.40", ratio >= 0.40);
    let b = row("  p99 of a registration", &format!("{p99:.1} ms"), "<= 50 ms", p99 <= 50.0);
    let c = row(
        "  peak memory of all five services",
        &format!("{peak:.0} MiB"),
        "<= 128 MiB",
        peak <= 128.0,
    );
    a && b && c
}

/// Medians over rounds in which both are measured one right after the other.
struct Intake {
    ratio: f64,
    posts: f64,
    live: f64,
    p99: f64,
}

async fn measure(address: &str) -> Intake {
    let (mut ratios, mut posts, mut live, mut late) = (vec![], vec![], vec![], vec![]);
    for round in 0..ROUNDS {
        let calls = Load::of_live(address).run(CONNECTIONS, ROUND).await;
        let load = Load::of_registrations(address, round);
        let registrations = load.run(CONNECTIONS, ROUND).await;
        assert_eq!(registrations.refused, 0, "a registration was refused");
        ratios.push(registrations.per_second / calls.per_second);
        posts.push(registrations.per_second);
        live.push(calls.per_second);
        late.push(registrations.p99.as_secs_f64() * 1e3);
    }
    Intake { ratio: median(ratios), posts: median(posts), live: median(live), p99: median(late) }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
