//! The Database Service as a process of its own.

use std::process::ExitCode;

fn main() -> ExitCode {
    wiring::main(&database_service::SERVICE, database_service::prepare)
}
