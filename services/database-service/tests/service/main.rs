//! The Database Service over HTTP, on a free port of loopback with SQLite behind it, or
//! PostgreSQL.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod conformance;
mod errors;
mod outage;
mod server;
mod shapes;
mod users;
