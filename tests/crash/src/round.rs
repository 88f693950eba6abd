//! One round: a fresh system, a load, blows, and the comparison.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use fastrand::Rng;
use testkit::{Console, Role, Split};

use crate::{
    backends::Backends,
    ledger::Entries,
    load::Load,
    plan::{self, Blow, Extent},
    scene::Scene,
    verify::{self, Found},
};

/// The longest that a recovery may take.
const RECOVERY: Duration = Duration::from_secs(30);
/// The longest that a 503 may take.
const UNAVAILABLE: Duration = Duration::from_secs(10);
/// E-mails that a sender may have in hand when it is killed.
const IN_HAND: usize = 200;

/// How a round goes.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Decides what happens, and in which order.
    pub seed: u64,
    /// How much happens.
    pub extent: Extent,
    /// Clients that register at the same time.
    pub clients: u64,
    /// Whether each step is told on standard error.
    pub tell: bool,
}

/// What a round found.
#[derive(Clone, Debug, Default)]
pub struct Round {
    /// Its seed.
    pub seed: u64,
    /// Registrations that were answered with 202.
    pub accepted: usize,
    /// Requests that were answered with 503.
    pub unavailable: u64,
    /// Requests whose answer was cut off.
    pub cut_off: u64,
    /// Requests that were answered with another 5xx.
    pub server_errors: u64,
    /// What is there.
    pub found: Found,
    /// The longest that a 503 took.
    pub slowest_unavailable: Duration,
    /// The longest from the return of what was broken to a fresh registration's e-mail.
    pub recovery: Duration,
    /// The most each service had in memory, in MiB.
    pub memory: BTreeMap<Role, f64>,
    /// What must not be.
    pub failures: Vec<String>,
    /// Where the logs are, if there are failures.
    pub logs: Option<PathBuf>,
}

/// Plays a round.
pub async fn play(binary: &Path, backends: &mut Backends, settings: Settings) -> Round {
    let Settings { seed, extent, clients, tell } = settings;
    let mut rng = Rng::with_seed(seed);
    let steps = plan::draw(&mut rng, backends.ground(), extent);
    let system = backends
        .fresh()
        .copies(Role::Frontend, 2)
        .copies(Role::QueueReceiver, 2)
        .copies(Role::Sender, 2)
        .copies(Role::DatabaseService, 2)
        .copies(Role::ReportGenerator, rng.usize(1..=2));
    let mut split = Split::start(binary, system).await;
    let console = split.console().await;
    let mut load = Load::start(seed, clients, split.ports(Role::Frontend).collect());
    let mut round = Round { seed, ..Round::default() };

    let mut scene = Scene {
        split: &mut split,
        backends: &mut *backends,
        load: &load,
        console: &console,
        rng,
        reports: Vec::new(),
        senders_killed: 0,
    };
    for blows in steps {
        let name = name(&blows);
        match scene.step(&blows).await {
            Ok(took) => {
                if tell {
                    eprintln!("    {name}: {:.1} s to recover", took.as_secs_f64());
                }
                if took > RECOVERY {
                    round.failures.push(format!("{name}: recovery took {took:.1?}"));
                }
                round.recovery = round.recovery.max(took);
            }
            Err(error) => {
                round.failures.push(format!("{name}: {error}"));
                break;
            }
        }
    }
    let Scene { reports, senders_killed, .. } = scene;
    load.stop().await;
    split.all_ready().await;
    let ledger = load.ledger().read();
    if let Err(error) = compare(&split, &console, &ledger, &reports, &mut round).await {
        round.failures.push(format!("{error}; RabbitMQ says: {}", backends.depths()));
    }
    round.memory = Role::ALL.map(|role| (role, split.peak_memory_mib(role))).into();
    judge(&ledger, senders_killed, &mut round);
    if !round.failures.is_empty() {
        round.logs = Some(keep(split, backends, &round));
    }
    round
}

async fn compare(
    split: &Split,
    console: &Console,
    ledger: &Entries,
    reports: &[String],
    round: &mut Round,
) -> Result<(), String> {
    round.accepted = ledger.accepted().count();
    let drained = verify::drained(console, round.accepted).await;
    round.found = verify::verify(split, console, ledger, reports).await?;
    drained
}

/// Adds what must not be to the failures.
fn judge(ledger: &Entries, senders_killed: usize, round: &mut Round) {
    round.unavailable = ledger.unavailable;
    round.cut_off = ledger.cut_off;
    round.server_errors = ledger.server_errors;
    round.slowest_unavailable = ledger.slowest_unavailable;
    let Found {
        stored: _,
        lost,
        doubled_rows,
        foreign_rows,
        doubled_notifications,
        unmailed,
        foreign_mails,
        doubled_mails,
        delivered_again,
        dead_letters,
        unmade_reports,
    } = &round.found;
    for (what, which) in [
        ("lost", lost),
        ("more than one row", doubled_rows),
        ("a row that nobody asked for", foreign_rows),
        ("more than one notification", doubled_notifications),
        ("no e-mail", unmailed),
        ("an e-mail that is not in the log", foreign_mails),
        ("more than one e-mail", doubled_mails),
        ("dead letter", dead_letters),
        ("report not made", unmade_reports),
        ("wrong answer", &ledger.wrong),
    ] {
        let told = which.iter().take(10).map(|one| format!("{what}: {one}"));
        round.failures.extend(told);
        if which.len() > 10 {
            round.failures.push(format!("{what}: {} in all", which.len()));
        }
    }
    if *delivered_again > senders_killed * IN_HAND {
        let again =
            format!("{delivered_again} e-mails again, with {senders_killed} senders killed");
        round.failures.push(again);
    }
    if round.slowest_unavailable > UNAVAILABLE {
        round.failures.push(format!("a 503 took {:.1?}", round.slowest_unavailable));
    }
    if round.accepted == 0 {
        round.failures.push("nothing was accepted: that was no load".into());
    }
}

fn keep(split: Split, backends: &Backends, round: &Round) -> PathBuf {
    let folder = split.keep();
    backends.copy_logs(&folder);
    // Missing this file, the failures are still in what is printed.
    let _ = fs::write(folder.join("failures.txt"), round.failures.join("\n"));
    folder
}

fn name(blows: &[Blow]) -> String {
    blows.iter().map(ToString::to_string).collect::<Vec<_>>().join(" + ")
}
