//! `make crash`: rounds on PostgreSQL and RabbitMQ, and one on a cluster of three RabbitMQ nodes. Prints
//! a table. Exits 1 if a count is not zero that must be.

use std::{
    env,
    path::{Path, PathBuf},
    process::ExitCode,
};

use crash::{Backends, Extent, Round, Settings, play, table};

const USAGE: &str = "usage: [ROUNDS=10] [SEED=1] [CLUSTER=1] crash PATH-OF-USERSTREAM
  ROUNDS   rounds on one RabbitMQ node, each with the seed after the last one's
  SEED     the first round's seed
  CLUSTER  rounds on three RabbitMQ nodes, after those";

#[tokio::main]
async fn main() -> ExitCode {
    let Some(binary) = env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("{USAGE}");
        return ExitCode::FAILURE;
    };
    let (Ok(rounds), Ok(seed), Ok(cluster)) =
        (number("ROUNDS", 10), number("SEED", 1), number("CLUSTER", 1))
    else {
        return ExitCode::FAILURE;
    };
    let binary = binary.canonicalize().unwrap_or(binary);
    let mut well = true;
    if rounds > 0 {
        eprintln!("==> Starting PostgreSQL and RabbitMQ");
        well &= run(&binary, Backends::servers(1), seed..seed + rounds).await;
    }
    if cluster > 0 {
        eprintln!("==> Starting PostgreSQL and RabbitMQ of three nodes");
        well &= run(&binary, Backends::servers(3), seed..seed + cluster).await;
    }
    if well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn number(variable: &str, default: u64) -> Result<u64, ()> {
    let Some(text) = env::var(variable).ok().filter(|text| !text.is_empty()) else {
        return Ok(default);
    };
    text.parse().map_err(|_| eprintln!("{variable}: {text:?} is not a number\n{USAGE}"))
}

/// Plays a round for each seed; `true` when nothing was wrong.
async fn run(binary: &Path, mut backends: Backends, seeds: std::ops::Range<u64>) -> bool {
    println!("{}", table::header());
    let mut failed = Vec::new();
    for seed in seeds {
        eprintln!("==> Round {seed}");
        let settings = Settings { seed, extent: Extent::Full, clients: 12, tell: true };
        let round = play(binary, &mut backends, settings).await;
        println!("{}", table::line(&round));
        failed.extend(Some(round).filter(|round| !round.failures.is_empty()));
    }
    failed.iter().for_each(complain);
    failed.is_empty()
}

fn complain(round: &Round) {
    for failure in &round.failures {
        eprintln!("  WRONG in round {}: {failure}", round.seed);
    }
    if let Some(logs) = &round.logs {
        eprintln!("  its logs are in {}", logs.display());
    }
}
