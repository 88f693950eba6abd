//! `make bench`: the release binary measured, each figure a ratio beside its limit or peer of the
//! same run, since absolute figures say more about the machine than about us.

mod alone;
mod compare;
mod console;
mod disk;
mod forms;
mod growth;
mod load;
mod mail;
mod peers;
mod plot;
mod profile;
mod report;
mod servers;
mod table;

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Duration, Instant},
};

use testkit::{System, memory};

use crate::{
    alone::Alone,
    load::Load,
    profile::Profile,
    table::{Figure, Machine},
};

/// Connections that send at one time, each waiting for its answer.
const CONNECTIONS: usize = 64;
const ROUNDS: usize = 5;
/// Intake, drain and what they stand beside use both cores to the full, so that a round of them is worth the
/// least.
const MANY_ROUNDS: usize = 11;
const ROUND: Duration = Duration::from_secs(2);
/// What can be asked for by name. Growth takes long, and only who asks for it gets it.
const PARTS: [&str; 8] = ["start", "alone", "up", "intake", "drain", "mail", "report", "console"];

/// What is measured, and where the figures go.
#[derive(Clone)]
pub(crate) struct Subject {
    binary: PathBuf,
    /// Figures, pictures and profiles.
    folder: PathBuf,
}

fn main() -> ExitCode {
    // Profiles tell threads by their names.
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.thread_name("load").enable_all().build().expect("a runtime").block_on(run())
}

async fn run() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let measured = match arguments[..] {
        [binary] => one(binary, None).await,
        [binary, part] if part == "growth" || PARTS.contains(&part) => {
            one(binary, Some(part)).await
        }
        [binary, "compare", queue @ ("rabbitmq" | "embedded"), ref others @ ..] => {
            compare(queue, std::iter::once(binary).chain(others.iter().copied())).await
        }
        _ => {
            eprintln!("usage: bench PATH-OF-USERSTREAM [{}|growth]", PARTS.join("|"));
            eprintln!("       bench PATH-OF-USERSTREAM compare rabbitmq|embedded [ANOTHER...]");
            return ExitCode::FAILURE;
        }
    };
    match measured {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

impl Subject {
    fn at(binary: &str) -> io::Result<Self> {
        let missing = |e| io::Error::other(format!("{binary} cannot be measured: {e}"));
        let binary = PathBuf::from(binary).canonicalize().map_err(missing)?;
        let folder = binary.parent().unwrap_or(Path::new(".")).join("figures");
        fs::create_dir_all(&folder)?;
        Ok(Self { binary, folder })
    }
}

/// Measures one build, or a part of it.
async fn one(binary: &str, part: Option<&str>) -> io::Result<bool> {
    let subject = Subject::at(binary)?;
    let machine = Machine::here();
    println!("{}", machine.text());
    let mut ok = true;
    if part == Some("growth") {
        growth::measure(&subject, &machine).await?;
    } else {
        profile::tell_if_missing();
        println!("medians of {ROUNDS} rounds, for intake and drain of {MANY_ROUNDS}\n");
        ok = measure(&subject, part).await;
        table::write(&subject.folder, &machine).map_err(|error| {
            io::Error::other(format!("the figures could not be written down: {error}"))
        })?;
    }
    println!("\nfigures, pictures and profiles: {}", subject.folder.display());
    Ok(ok)
}

async fn compare(queue: &str, binaries: impl Iterator<Item = &str>) -> io::Result<bool> {
    let subjects = binaries.map(Subject::at).collect::<io::Result<Vec<_>>>()?;
    println!("{}", Machine::here().text());
    match queue {
        "rabbitmq" => compare::rabbitmq(&subjects).await,
        _ => compare::embedded(&subjects).await,
    }
    Ok(true)
}

/// Measures one part, or all; `false` where something misses what it must reach.
async fn measure(subject: &Subject, only: Option<&str>) -> bool {
    let wanted = |part: &str| only.is_none_or(|only| only == part);
    table::heading();
    let mut ok = true;
    if wanted("start") {
        ok &= start(&subject.binary).await;
    }
    if wanted("alone") {
        ok &= intake_alone(subject).await;
    }
    if wanted("up") {
        ok &= intake_of_all(subject).await;
    }
    if wanted("console") {
        ok &= console::embedded(&subject.binary).await;
    }
    if ["intake", "drain", "mail", "report", "console"].into_iter().any(wanted) {
        ok &= servers::measure(subject, wanted).await;
    }
    ok
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
    let mut system = system.expect("there was a round");
    tokio::time::sleep(Duration::from_secs(3)).await;
    let idle = memory::resident_mib(system.process().id());
    let a =
        Figure::seconds("start of the whole system to ready", seconds).at_most(1.0).aim(0.3).show();
    let b = Figure::mib("  its memory when idle", idle).at_most(64.0).aim(32.0).show();
    a && b
}

/// The Frontend by itself on an embedded queue.
async fn intake_alone(subject: &Subject) -> bool {
    let alone = Alone::start(&subject.binary).await;
    let ok = of_live("embedded queue, Frontend alone : live", alone.address()).await;
    let profile = Profile::start(&subject.folder, "intake-embedded");
    let load = Load::of_registrations(alone.address(), MANY_ROUNDS).run(CONNECTIONS, ROUND).await;
    profile.end(load.done(), "registration");
    ok & peak("  peak memory of the Frontend", memory::peak_mib(alone.id()))
}

/// The whole system in one process: intake while everything behind it works the backlog off.
async fn intake_of_all(subject: &Subject) -> bool {
    let mut system = System::start(&subject.binary, &[]).await;
    let address = format!("127.0.0.1:{}", system.ports().frontend);
    let ok = of_live("embedded queue, all draining : live", &address).await;
    let profile = Profile::start(&subject.folder, "intake-up");
    let load = Load::of_registrations(&address, MANY_ROUNDS).run(CONNECTIONS, ROUND).await;
    profile.end(load.done(), "registration");
    ok & peak("  peak memory of all five services", memory::peak_mib(system.process().id()))
}

/// Registrations beside the cheapest call to the same process, by turns.
async fn of_live(what: &'static str, address: &str) -> bool {
    let (mut ratios, mut posts, mut lives, mut late) = (vec![], vec![], vec![], vec![]);
    for round in 0..MANY_ROUNDS {
        let live = Load::of_live(address).run(CONNECTIONS, ROUND).await;
        let load = Load::of_registrations(address, round).run(CONNECTIONS, ROUND).await;
        ratios.push(load.per_second / live.per_second);
        posts.push(load.per_second);
        lives.push(live.per_second);
        late.push(load.p99_millis());
    }
    let detail = format!("{:.0}/s : {:.0}/s", median(posts), median(lives));
    let a = Figure::ratio(what, ratios).at_least(0.40).aim(0.65).detail(detail).show();
    a & Figure::millis("  p99 of a registration", late).at_most(50.0).aim(20.0).show()
}

/// What a service had in memory at its most.
pub(crate) fn peak(what: &'static str, mib: f64) -> bool {
    Figure::mib(what, mib).at_most(128.0).aim(64.0).show()
}

pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
