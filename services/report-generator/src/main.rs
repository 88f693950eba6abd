//! The Report Generator as a process of its own.

use std::process::ExitCode;

fn main() -> ExitCode {
    wiring::main(&report_generator::SERVICE, report_generator::prepare)
}
