//! The Frontend as a process of its own.

use std::process::ExitCode;

fn main() -> ExitCode {
    wiring::main(&frontend::SERVICE, frontend::prepare)
}
