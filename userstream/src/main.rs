//! `userstream`: picks a role and runs it.

mod certs;
mod cli;
mod doctor;
mod import;
mod report;
mod service;
mod token;
mod up;

use std::process::ExitCode;

use clap::Parser;
use wiring::Error;

use crate::cli::Command;

fn main() -> ExitCode {
    wiring::use_small_pages();
    let command = cli::Cli::parse().command;
    match run(command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("userstream: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<(), Error> {
    let env = runtime::Env::load()?;
    match command {
        Command::Up(options) => up::run(env, &options),
        Command::Import(options) => import::run(&env, &options),
        Command::Report(options) => report::run(&env, &options),
        Command::Certs(options) => certs::run(&options),
        Command::Doctor(options) => doctor::run(env, &options),
        Command::Token(options) => token::run(&env, &options),
        Command::Service(role) => service::run_alone(&env, role),
    }
}
