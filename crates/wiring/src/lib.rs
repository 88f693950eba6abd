//! From variables to a running process.
//!
//! Only `main` and the all-in-one command open connections; a service is handed them. What opening takes
//! is the same for all, and is here. A service's whole `main` is
//!
//! ```ignore
//! fn main() -> ExitCode {
//!     wiring::main(&sender::SERVICE, sender::prepare)
//! }
//! ```

mod connect;
mod database_url;
mod error;
mod health;
mod keys;
mod listen;
mod memory;
mod problem;
mod process;

pub use connect::{Peer, database, database_url, peer, queue, queue_url, remote_store};
pub use database_url::PARTS as DATABASE_PARTS;
pub use error::Error;
pub use keys::Keys;
pub use listen::listen;
pub use memory::use_small_pages;
pub use problem::problem;
pub use process::{Prepared, main, run};
