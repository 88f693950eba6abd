//! The Sender as a process of its own.

use std::process::ExitCode;

fn main() -> ExitCode {
    wiring::main(&sender::SERVICE, sender::prepare)
}
