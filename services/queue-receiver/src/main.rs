//! The Queue Receiver as a process of its own.

use std::process::ExitCode;

fn main() -> ExitCode {
    wiring::main(&queue_receiver::SERVICE, queue_receiver::prepare)
}
